// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyLightClient} from "../src/BeefyLightClient.sol";
import {QbftLightClient} from "../src/QbftLightClient.sol";
import {UpdateResult} from "../src/interfaces/Types.sol";
import {BeefyMessages} from "../src/lib/BeefyMessages.sol";
import {
    ClientState as BeefyState,
    ConsensusState as BeefyConsensus,
    UpdateMessage as BeefyUpdate
} from "../src/lib/BeefyTypes.sol";
import {PackedProof} from "../src/lib/PackedProof.sol";
import {QbftHeader} from "../src/lib/QbftHeader.sol";
import {ClientState, ConsensusState, UpdateMessage} from "../src/lib/QbftTypes.sol";
import {StateTrieProof} from "../src/lib/StateTrieProof.sol";
import {SubstrateHeader} from "../src/lib/SubstrateHeader.sol";
import {HeaderReader} from "./QbftVectors.t.sol";
import {ProofReader} from "./StateProofs.t.sol";
import {BeefyChain, Block} from "./support/BeefyChain.sol";
import {Mutate} from "./support/Mutate.sol";
import {Selectors} from "./support/Selectors.sol";
import {StateReader} from "./support/StateReader.sol";
import {Test} from "./support/Test.sol";

/// @title Every decoder and every verifier on mutated valid inputs: it says no by a named error, or it says yes
/// to what means the same as before
contract MutatedInputsTest is Test {
    string private constant DIR = "../../../standard/vectors/";
    uint256 private constant HEADERS = 12;

    HeaderReader private headers = new HeaderReader();
    ProofReader private proofs = new ProofReader();
    StateReader private reader = new StateReader();
    BeefyChain private chain = new BeefyChain();
    Selectors private selectors = new Selectors();

    bytes[] private _qbftHeaders;
    uint256[] private _kinds;
    bytes[] private _accounts;
    bytes[] private _substrateHeaders;
    /// @dev Proofs of one key each, of a trie of 200 keys.
    bytes private _proof;
    bytes32 private _root;
    bytes32[] private _keys;
    bytes private _stateProof;
    bytes32 private _stateRoot;
    bytes[] private _stateKeys;
    bytes private _update;
    bytes private _otherUpdate;
    bytes private _clientState;
    bytes32 private _stored;
    uint256 private _now;

    function setUp() external {
        string memory json = vm.readFile(string.concat(DIR, "qbft/header.json"));
        for (uint256 i = 0; _qbftHeaders.length < HEADERS; ++i) {
            string memory at = string.concat(".cases[", vm.toString(i), "]");
            if (!_is(vm.parseJsonString(json, string.concat(at, ".expect")), "ok")) continue;
            _qbftHeaders.push(vm.parseJsonBytes(json, string.concat(at, ".header")));
            _kinds.push(_is(vm.parseJsonString(json, string.concat(at, ".kind")), "qbft") ? 0 : 1);
        }
        json = vm.readFile(string.concat(DIR, "ethereum-state/account.json"));
        for (uint256 i = 0; i < 3; ++i) {
            _accounts.push(vm.parseJsonBytes(json, string.concat(".cases[", vm.toString(i), "].account")));
        }
        json = vm.readFile(string.concat(DIR, "substrate-state/header.json"));
        for (uint256 i = 0; _substrateHeaders.length < HEADERS; ++i) {
            string memory at = string.concat(".cases[", vm.toString(i), "]");
            if (!_is(vm.parseJsonString(json, string.concat(at, ".expect")), "ok")) continue;
            _substrateHeaders.push(vm.parseJsonBytes(json, string.concat(at, ".header")));
        }
        json = vm.readFile(string.concat(DIR, "ethereum-state/packed.json"));
        _proof = vm.parseJsonBytes(json, ".cases[0].proof");
        _root = bytes32(vm.parseJsonBytes(json, ".cases[0].root"));
        _keys = vm.parseJsonBytes32Array(json, ".cases[0].keys");
        proofs.read(_proof, _root, _keys);
        json = vm.readFile(string.concat(DIR, "substrate-state/packed.json"));
        _stateProof = vm.parseJsonBytes(json, ".cases[0].proof");
        _stateRoot = bytes32(vm.parseJsonBytes(json, ".cases[0].root"));
        _stateKeys = vm.parseJsonBytesArray(json, ".cases[0].keys");
        reader.values(_stateRoot, _stateKeys, _stateProof);
        json = vm.readFile(string.concat(DIR, "qbft/update.json"));
        check(_is(vm.parseJsonString(json, ".cases[0].expect"), "Update"), "a valid update");
        _update = vm.parseJsonBytes(json, ".cases[0].message");
        _otherUpdate = vm.parseJsonBytes(json, ".cases[1].message");
        _clientState = vm.parseJsonBytes(json, ".cases[0].client_state");
        _stored = bytes32(vm.parseJsonBytes(json, ".cases[0].stored[0].hash"));
        _now = vm.parseJsonUint(json, ".cases[0].now");
    }

    function _is(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    /// @dev The reason is an error with a name and no more.
    function _named(bytes memory reason) private view {
        eq(reason.length, 4, "the length of the reason");
        check(!_is(selectors.name(reason), "(unknown)"), "a named error");
    }

    /// @dev RLP of QBFT and IBFT 2.0 headers. What is read has the hash of other bytes, unless only round or seals
    /// differ; the digest then tells the rounds apart.
    function testFuzz_rlp_header(uint256 which, uint256 seed) external view {
        which %= HEADERS;
        bytes memory good = _qbftHeaders[which];
        uint256 kind = _kinds[which];
        (bytes32 digest, bytes32 hash, uint256 number, uint256 time) = headers.read(good, kind);
        bytes memory bad = Mutate.bytesOf(good, seed, _qbftHeaders[(which + 1) % HEADERS]);
        try headers.read(bad, kind) returns (bytes32 d, bytes32 h, uint256 n, uint256 t) {
            check(d != h || kind == 0, "digest and hash");
            if (d == digest || h == hash) {
                eq(h, hash, "one digest, two blocks");
                eq(n, number, "number");
                eq(t, time, "time");
            }
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(QbftHeader.MalformedHeader.selector), "reason");
        }
    }

    /// @dev An account that is read ends with the two hashes that were read of it.
    function testFuzz_account(uint256 which, uint256 seed) external view {
        bytes memory bad = Mutate.bytesOf(_accounts[which % 3], seed, _accounts[(which % 3 + 1) % 3]);
        try proofs.readAccount(bad) returns (bytes32 root, bytes32 code) {
            bytes memory end = abi.encodePacked(hex"a0", root, hex"a0", code);
            eq(Mutate.slice(bad, bad.length - 66, bad.length), end, "hashes");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), "reason");
        }
    }

    /// @dev A proof has one encoding: every other one proves nothing.
    function testFuzz_packed_proof(uint256 seed) external view {
        try proofs.read(Mutate.bytesOf(_proof, seed, _stateProof), _root, _keys) {
            check(false, "accepted");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), "reason");
        }
    }

    /// @dev The last node of the proof, mutated, as the root of a trie of its own: what is read is in the node.
    function testFuzz_trie_node(bytes32 key, uint256 seed) external view {
        bytes memory node = Mutate.bytesOf(Mutate.slice(_proof, _lastNode(), _proof.length), seed, _proof);
        bytes32[] memory keys = new bytes32[](1);
        keys[0] = key;
        try proofs.read(bytes.concat(hex"0001", node), keccak256(node), keys) returns (bytes[] memory values) {
            check(_within(values[0], node), "value");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), "reason");
        }
    }

    function _lastNode() private view returns (uint256 start) {
        // A leaf of a short key's end: the last list whose payload ends the proof.
        for (start = _proof.length - 40; start > 0; --start) {
            uint8 head = uint8(_proof[start]);
            if (head >= 0xc0 && head < 0xf8 && start + 1 + (head - 0xc0) == _proof.length) return start;
            if (head == 0xf8 && start + 2 + uint8(_proof[start + 1]) == _proof.length) return start;
        }
    }

    function testFuzz_state_proof(uint256 seed) external view {
        try reader.values(_stateRoot, _stateKeys, Mutate.bytesOf(_stateProof, seed, _proof)) {
            check(false, "accepted");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(StateTrieProof.InvalidProof.selector), "reason");
        }
    }

    /// @dev A node of a Substrate trie, mutated, as the root of a trie of its own.
    function testFuzz_state_node(uint256 seed, uint64 time, bool leaf) external view {
        Block memory b = chain.usual(1);
        b.time = time;
        (, bytes memory proof) = chain.stateOf(b);
        bytes memory node = leaf ? Mutate.slice(proof, 4, proof.length) : Mutate.slice(_stateProof, 4, 4 + 100);
        node = Mutate.bytesOf(node, seed, _stateProof);
        bytes[] memory keys = new bytes[](1);
        keys[0] = leaf ? abi.encodePacked(chain.PALLET(), bytes16(0x8784f26f5ed58f49cab1d330d9cf2693)) : _stateKeys[0];
        bytes memory packed = abi.encodePacked(hex"0001", uint16(node.length), node);
        try reader.values(reader.blake2(node), keys, packed) returns (bool[] memory present, bytes[] memory values) {
            check(!present[0] || _within(values[0], node), "value");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(StateTrieProof.InvalidProof.selector), "reason");
        }
    }

    function _within(bytes memory part, bytes memory whole) private pure returns (bool) {
        if (part.length == 0) return true;
        for (uint256 at = 0; at + part.length <= whole.length; ++at) {
            bytes32 found;
            uint256 length = part.length;
            assembly ("memory-safe") {
                found := keccak256(add(add(whole, 0x20), at), length)
            }
            if (found == keccak256(part)) return true;
        }
        return false;
    }

    /// @dev SCALE headers: number and root that were read are written where they stand.
    function testFuzz_scale_header(uint256 which, uint256 seed) external view {
        which %= HEADERS;
        bytes memory bad = Mutate.bytesOf(_substrateHeaders[which], seed, _substrateHeaders[(which + 1) % HEADERS]);
        try reader.header(bad) returns (uint256 number, bytes32 root) {
            bytes memory start = abi.encodePacked(chain.compact(number), root);
            eq(Mutate.slice(bad, 32, 32 + start.length), start, "number and root");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(SubstrateHeader.MalformedHeader.selector), "reason");
        }
    }

    /// @dev SCALE commitments: block and set stand at the end, the root somewhere before.
    function testFuzz_commitment(uint256 seed) external view {
        bytes memory good = chain.update(chain.usual(1)).commitment;
        bytes memory bad = Mutate.bytesOf(good, seed, hex"086d688001026d7a0401");
        try reader.commitment(bad) returns (BeefyMessages.Commitment memory c) {
            bytes memory end = abi.encodePacked(chain.le(c.blockNumber, 4), chain.le(c.setId, 8));
            eq(Mutate.slice(bad, bad.length - 12, bad.length), end, "block and set");
            check(_within(abi.encodePacked(hex"6d6880", c.mmrRoot), bad), "root");
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(BeefyMessages.MalformedCommitment.selector), "reason");
        }
    }

    /// @dev A QBFT update with any of its parts mutated, in a message that is well formed again: never accepted.
    function testFuzz_qbft_update(uint256 part, uint256 seed) external {
        ClientState memory s = abi.decode(_clientState, (ClientState));
        QbftLightClient client = new QbftLightClient(
            s, ConsensusState(s.latestTimestamp, bytes32(uint256(1)), bytes32(uint256(1)))
        );
        vm.store(address(client), keccak256(abi.encode(s.latestHeight, 1)), _stored);
        vm.warp(_now);
        UpdateMessage memory m = abi.decode(_update, (UpdateMessage));
        UpdateMessage memory other = abi.decode(_otherUpdate, (UpdateMessage));
        bytes memory message = _update;
        part %= 6;
        if (part == 0) m.header = Mutate.bytesOf(m.header, seed, other.header);
        if (part == 1) m.trustedValidators = Mutate.bytesOf(m.trustedValidators, seed, m.header);
        if (part == 2) m.accountProof = Mutate.bytesOf(m.accountProof, seed, other.accountProof);
        if (part == 3) m.trusted.timestamp ^= uint64(seed | 1);
        if (part == 4) m.trusted.storageRoot ^= bytes32(seed | 1);
        message = part == 5 ? Mutate.bytesOf(message, seed, _otherUpdate) : abi.encode(m);
        bytes memory before = client.getClientState();
        (bool ok, bytes memory reason) = address(client).call(abi.encodeCall(client.updateClient, (message)));
        check(!ok, "refused");
        _named(reason);
        eq(client.getClientState(), before, "nothing changed");
        check(client.updateClient(_update) == UpdateResult.Update, "the good one");
    }

    /// @dev A BEEFY update with any of its parts mutated. Where the commitment is signed again it may be accepted:
    /// then the state is what it was proven to be.
    function testFuzz_beefy_update(uint256 part, uint256 seed, bool again) external {
        vm.warp(chain.START() + 90);
        (BeefyState memory s, BeefyConsensus memory c) = chain.anchor(1);
        BeefyLightClient client = new BeefyLightClient(s, c);
        Block memory b = chain.usual(1);
        BeefyUpdate memory m = chain.update(b);
        bytes memory good = abi.encode(m);
        part %= 8;
        if (part == 0) m.commitment = Mutate.bytesOf(m.commitment, seed, hex"086d688001026d7a0401");
        if (part == 1) m.authorities = Mutate.bytesOf(m.authorities, seed, m.leaf);
        if (part == 2) m.signatures = Mutate.bytesOf(m.signatures, seed, m.leaf);
        if (part == 3) m.leaf = Mutate.bytesOf(m.leaf, seed, m.header);
        if (part == 4) m.mmrItems = Mutate.bytesOf(m.mmrItems, seed, m.leaf);
        if (part == 5) m.header = Mutate.bytesOf(m.header, seed, m.leaf);
        if (part == 6) m.anchorProof = Mutate.bytesOf(m.anchorProof, seed, m.header);
        again = again && part == 0;
        if (again) m.signatures = chain.sign(b.setId, 0, keccak256(m.commitment));
        bytes memory message = part == 7 ? Mutate.bytesOf(good, seed, m.leaf) : abi.encode(m);
        (bool ok, bytes memory reason) = address(client).call(abi.encodeCall(client.updateClient, (message)));
        check(!ok || again, "refused");
        if (!ok) {
            _named(reason);
            check(client.updateClient(good) == UpdateResult.Update, "the good one");
        }
        BeefyState memory found = abi.decode(client.getClientState(), (BeefyState));
        eq(found.latestHeight, b.parent, "height");
        eq(found.latestTimestamp, b.time, "time");
    }
}
