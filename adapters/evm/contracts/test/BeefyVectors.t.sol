// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyLightClient} from "../src/BeefyLightClient.sol";
import {ILightClient} from "../src/interfaces/ILightClient.sol";
import {
    Height,
    MsgVerifyBatch,
    MsgVerifyMembership,
    MsgVerifyNonMembership,
    UpdateResult
} from "../src/interfaces/Types.sol";
import {BeefyMessages} from "../src/lib/BeefyMessages.sol";
import {AuthoritySet, ClientState, ConsensusState} from "../src/lib/BeefyTypes.sol";
import {Selectors} from "./support/Selectors.sol";
import {StateReader} from "./support/StateReader.sol";
import {Test} from "./support/Test.sol";

struct Stored {
    bytes32 hash;
    uint256 height;
}

struct BeefyUpdateCase {
    string name;
    bytes client_state;
    bytes client_state_after;
    bytes consensus_state;
    string expect;
    uint256 height;
    bytes message;
    uint256 now;
    Stored[] stored;
}

struct BeefyEvidenceCase {
    string name;
    bytes client_state;
    bytes evidence;
    string expect;
    uint256 now;
    Stored[] stored;
}

struct BeefyMembershipCase {
    string name;
    bytes client_state;
    string expect;
    uint256 height;
    uint256 now;
    bytes[] paths;
    bytes proof;
    Stored[] stored;
    uint256 timestamp;
    bytes32[] values;
}

struct BeefyStateCase {
    string name;
    string expect;
    bytes pallet_prefix;
    bytes[] paths;
    bytes proof;
    bytes32 state_root;
    bytes32[] values;
}

struct BeefyCreationCase {
    string name;
    bytes client_state;
    bytes consensus_state;
    string expect;
}

struct BeefyCommitmentCase {
    string name;
    uint256 block_number;
    bytes commitment;
    string expect;
    bytes32 mmr_root;
    string validator_set_id;
}

struct KeysetCase {
    string name;
    bytes authorities;
    bytes32 root;
}

struct MmrCase {
    string name;
    uint256 count;
    string expect;
    uint256 index;
    bytes items;
    bytes32 leaf;
    bytes32 root;
}

/// @title The BEEFY client gives the verdict of the shared vectors, and for the same reason
contract BeefyVectorsTest is Test {
    string private constant DIR = "../../../standard/vectors/";
    string private constant STORED = "Stored(bytes32 hash,uint256 height)";
    /// @dev The mapping of consensus states.
    uint256 private constant HASHES_SLOT = 3;

    Selectors private selectors = new Selectors();
    StateReader private reader = new StateReader();

    function _read(string memory file, string memory type_, uint256 least)
        private
        view
        returns (bytes memory)
    {
        string memory json = vm.readFile(string.concat(DIR, file));
        check(vm.parseJsonUint(json, ".count") >= least, file);
        return vm.parseJsonTypeArray(json, ".cases", type_);
    }

    function test_updates() external {
        _updates("beefy/update.json");
    }

    function test_update_signatures() external {
        _updates("beefy/update_signatures.json");
    }

    function test_update_leaves() external {
        _updates("beefy/update_leaves.json");
    }

    function test_update_headers() external {
        _updates("beefy/update_headers.json");
    }

    function test_update_flips() external {
        _updates("beefy/update_flips.json");
    }

    function _updates(string memory file) private {
        string memory type_ = string.concat(
            "BeefyUpdateCase(string name,bytes client_state,bytes client_state_after,bytes consensus_state,",
            "string expect,uint256 height,bytes message,uint256 now,Stored[] stored)",
            STORED
        );
        BeefyUpdateCase[] memory cases = abi.decode(_read(file, type_, 60), (BeefyUpdateCase[]));
        for (uint256 i = 0; i < cases.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _update(cases[i]);
            vm.revertToState(snapshot);
        }
    }

    function _update(BeefyUpdateCase memory c) private {
        BeefyLightClient client = _client(c.client_state, c.stored);
        vm.warp(c.now);
        (bool ok, bytes memory answer) =
            address(client).call(abi.encodeCall(ILightClient.updateClient, (c.message)));
        if (!ok) return _failed(c.name, answer, c.expect);
        string[3] memory results = ["Update", "Misbehaviour", "NoOp"];
        UpdateResult result = abi.decode(answer, (UpdateResult));
        eq(bytes(results[uint256(result)]), bytes(c.expect), c.name);
        eq(client.getClientState(), c.client_state_after, c.name);
        if (result != UpdateResult.Misbehaviour) {
            eq(client.getConsensusStateHash(uint64(c.height)), keccak256(c.consensus_state), c.name);
        }
    }

    function test_misbehaviour() external {
        string memory type_ = string.concat(
            "BeefyEvidenceCase(string name,bytes client_state,bytes evidence,string expect,uint256 now,Stored[] stored)",
            STORED
        );
        BeefyEvidenceCase[] memory cases =
            abi.decode(_read("beefy/misbehaviour.json", type_, 20), (BeefyEvidenceCase[]));
        for (uint256 i = 0; i < cases.length; ++i) {
            BeefyEvidenceCase memory c = cases[i];
            BeefyLightClient client = _client(c.client_state, c.stored);
            vm.warp(c.now);
            (bool ok, bytes memory answer) =
                address(client).call(abi.encodeCall(ILightClient.misbehaviour, (c.evidence)));
            ClientState memory state = abi.decode(c.client_state, (ClientState));
            if (ok) {
                eq(bytes("Misbehaviour"), bytes(c.expect), c.name);
                state.frozen = true;
            } else {
                _failed(c.name, answer, c.expect);
            }
            eq(client.getClientState(), abi.encode(state), c.name);
        }
    }

    function test_membership() external {
        string memory type_ = string.concat(
            "BeefyMembershipCase(string name,bytes client_state,string expect,uint256 height,uint256 now,",
            "bytes[] paths,bytes proof,Stored[] stored,uint256 timestamp,bytes32[] values)",
            STORED
        );
        BeefyMembershipCase[] memory cases =
            abi.decode(_read("beefy/membership.json", type_, 40), (BeefyMembershipCase[]));
        for (uint256 i = 0; i < cases.length; ++i) {
            _membership(cases[i]);
        }
    }

    /// @dev One path goes through the single calls too, with the same verdict.
    function _membership(BeefyMembershipCase memory c) private {
        BeefyLightClient client = _client(c.client_state, c.stored);
        vm.warp(c.now);
        Height memory height = Height(0, uint64(c.height));
        _verified(
            c,
            client,
            abi.encodeCall(client.verifyBatch, (MsgVerifyBatch(c.proof, height, c.paths, c.values)))
        );
        if (c.paths.length != 1) return;
        bytes memory single = c.values[0] == 0
            ? abi.encodeCall(
                ILightClient.verifyNonMembership, (MsgVerifyNonMembership(c.proof, height, c.paths))
            )
            : abi.encodeCall(
                ILightClient.verifyMembership,
                (MsgVerifyMembership(c.proof, height, c.paths, abi.encode(c.values[0])))
            );
        _verified(c, client, single);
    }

    function _verified(BeefyMembershipCase memory c, BeefyLightClient client, bytes memory call_) private {
        (bool ok, bytes memory answer) = address(client).call(call_);
        if (!ok) return _failed(c.name, answer, c.expect);
        eq(bytes("ok"), bytes(c.expect), c.name);
        eq(abi.decode(answer, (uint256)), c.timestamp, c.name);
    }

    /// @dev The claims about states that all clients of Substrate chains share, through this one.
    function test_state_membership() external {
        string memory type_ = string.concat(
            "BeefyStateCase(string name,string expect,bytes pallet_prefix,bytes[] paths,bytes proof,",
            "bytes32 state_root,bytes32[] values)"
        );
        BeefyStateCase[] memory cases =
            abi.decode(_read("substrate-state/membership.json", type_, 40), (BeefyStateCase[]));
        ClientState memory state;
        state.trustingPeriod = 604_800;
        (state.genesis, state.firstMmrBlock) = (bytes24(uint192(1)), 1);
        (state.latestHeight, state.latestTimestamp) = (7, 1_700_000_000);
        (state.current, state.next) = (AuthoritySet(3, 1, keccak256("3")), AuthoritySet(4, 1, keccak256("4")));
        Stored[] memory stored = new Stored[](1);
        for (uint256 i = 0; i < cases.length; ++i) {
            BeefyStateCase memory c = cases[i];
            state.palletPrefix = bytes16(c.pallet_prefix);
            bytes memory consensus = abi.encode(ConsensusState(state.latestTimestamp, c.state_root));
            stored[0] = Stored(keccak256(consensus), 7);
            _membership(
                BeefyMembershipCase({
                    name: c.name,
                    client_state: abi.encode(state),
                    expect: c.expect,
                    height: 7,
                    now: state.latestTimestamp,
                    paths: c.paths,
                    proof: abi.encodePacked(uint256(0x20), consensus, uint256(0x60), _padded(c.proof)),
                    stored: stored,
                    timestamp: state.latestTimestamp,
                    values: c.values
                })
            );
        }
    }

    function _padded(bytes memory data) private pure returns (bytes memory) {
        return abi.encodePacked(data.length, data, new bytes((32 - data.length % 32) % 32));
    }

    function test_creation() external {
        BeefyCreationCase[] memory cases = abi.decode(
            _read(
                "beefy/creation.json",
                "BeefyCreationCase(string name,bytes client_state,bytes consensus_state,string expect)",
                20
            ),
            (BeefyCreationCase[])
        );
        for (uint256 i = 0; i < cases.length; ++i) {
            BeefyCreationCase memory c = cases[i];
            ClientState memory state = abi.decode(c.client_state, (ClientState));
            ConsensusState memory initial = abi.decode(c.consensus_state, (ConsensusState));
            try new BeefyLightClient(state, initial) returns (BeefyLightClient client) {
                eq(bytes("ok"), bytes(c.expect), c.name);
                eq(client.getClientState(), c.client_state, c.name);
                eq(client.getConsensusStateHash(state.latestHeight), keccak256(c.consensus_state), c.name);
            } catch (bytes memory answer) {
                _failed(c.name, answer, c.expect);
            }
        }
    }

    function test_commitments() external view {
        string memory type_ = string.concat(
            "BeefyCommitmentCase(string name,uint256 block_number,bytes commitment,string expect,bytes32 mmr_root,",
            "string validator_set_id)"
        );
        BeefyCommitmentCase[] memory cases =
            abi.decode(_read("beefy/commitment.json", type_, 20), (BeefyCommitmentCase[]));
        for (uint256 i = 0; i < cases.length; ++i) {
            BeefyCommitmentCase memory c = cases[i];
            try reader.commitment(c.commitment) returns (BeefyMessages.Commitment memory found) {
                eq(bytes("ok"), bytes(c.expect), c.name);
                eq(found.blockNumber, c.block_number, c.name);
                eq(found.setId, vm.parseUint(c.validator_set_id), c.name);
                eq(found.mmrRoot, c.mmr_root, c.name);
            } catch (bytes memory answer) {
                _failed(c.name, answer, c.expect);
            }
        }
    }

    function test_keysets() external view {
        KeysetCase[] memory cases = abi.decode(
            _read("beefy/keyset.json", "KeysetCase(string name,bytes authorities,bytes32 root)", 30),
            (KeysetCase[])
        );
        for (uint256 i = 0; i < cases.length; ++i) {
            eq(reader.keyset(cases[i].authorities), cases[i].root, cases[i].name);
        }
    }

    function test_mmr() external view {
        string memory type_ = string.concat(
            "MmrCase(string name,uint256 count,string expect,uint256 index,bytes items,bytes32 leaf,bytes32 root)"
        );
        MmrCase[] memory cases = abi.decode(_read("beefy/mmr.json", type_, 100), (MmrCase[]));
        for (uint256 i = 0; i < cases.length; ++i) {
            MmrCase memory c = cases[i];
            (bool proven, bytes32 root) = reader.mmr(c.index, c.count, c.leaf, c.items);
            bool valid = proven && root == c.root && root != 0;
            check(valid == (bytes(c.expect).length == 2), c.name);
        }
    }

    function _failed(string memory name, bytes memory answer, string memory expected) private view {
        string memory found = selectors.name(answer);
        check(
            keccak256(bytes(found)) == keccak256(bytes(expected)),
            string.concat(name, ": found ", found, ", expected ", expected)
        );
    }

    /// @dev A client in the vector's state: parameters by the constructor, state and hashes put in place.
    function _client(bytes memory encoded, Stored[] memory stored) private returns (BeefyLightClient client) {
        ClientState memory state = abi.decode(encoded, (ClientState));
        ClientState memory parameters = abi.decode(encoded, (ClientState));
        (parameters.latestHeight, parameters.latestTimestamp, parameters.frozen) =
        (type(uint64).max, 1, false);
        client = new BeefyLightClient(parameters, ConsensusState(1, bytes32(uint256(1))));
        uint256 tip = state.latestHeight | (uint256(state.latestTimestamp) << 64)
            | (uint256(state.current.id) << 128) | (uint256(state.current.len) << 192)
            | (uint256(state.next.len) << 200) | (uint256(state.frozen ? 1 : 0) << 208);
        vm.store(address(client), 0, bytes32(tip));
        eq(client.getClientState(), encoded, "seeded");
        vm.store(address(client), keccak256(abi.encode(type(uint64).max, HASHES_SLOT)), 0);
        for (uint256 i = 0; i < stored.length; ++i) {
            vm.store(address(client), keccak256(abi.encode(stored[i].height, HASHES_SLOT)), stored[i].hash);
            eq(client.getConsensusStateHash(uint64(stored[i].height)), stored[i].hash, "seeded");
        }
    }
}
