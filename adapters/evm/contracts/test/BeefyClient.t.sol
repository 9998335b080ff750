// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyLightClient} from "../src/BeefyLightClient.sol";
import {ClientStatus, Height, MsgVerifyMembership, UpdateResult} from "../src/interfaces/Types.sol";
import {BeefySignatures} from "../src/lib/BeefySignatures.sol";
import {ClientState, ConsensusState, Misbehaviour, UpdateMessage} from "../src/lib/BeefyTypes.sol";
import {Blake2b} from "../src/lib/Blake2b.sol";
import {BeefyChain, Block} from "./support/BeefyChain.sol";
import {StateReader} from "./support/StateReader.sol";
import {Test, Vm} from "./support/Test.sol";

/// @title Parameters of a BEEFY client, its status, what it stores, and updates with one byte altered
contract BeefyClientTest is Test {
    BeefyChain private chain = new BeefyChain();
    StateReader private reader = new StateReader();

    function setUp() external {
        vm.warp(chain.START() + 90);
    }

    function _client(uint8 n) private returns (BeefyLightClient) {
        (ClientState memory s, ConsensusState memory c) = chain.anchor(n);
        return new BeefyLightClient(s, c);
    }

    function _refused(ClientState memory s, ConsensusState memory c, bytes4 reason) private {
        vm.expectRevert(reason);
        new BeefyLightClient(s, c);
    }

    function test_parameters() external {
        (ClientState memory s, ConsensusState memory c) = chain.anchor(4);
        BeefyLightClient client = new BeefyLightClient(s, c);
        eq(client.getClientState(), abi.encode(s), "state as given");
        eq(client.getConsensusStateHash(10), keccak256(abi.encode(c)), "anchor");
        eq(client.getConsensusStateHash(9), 0, "nothing else");
        eq(client.chainIdentity(), keccak256(abi.encode(s.genesis, s.palletPrefix)), "identity");
        s.firstMmrBlock = 11;
        new BeefyLightClient(s, c);
        s.firstMmrBlock = 12;
        _refused(s, c, BeefyLightClient.InvalidFirstBlock.selector);
    }

    /// @dev Without the precompile, or with one that answers something else, there is no client.
    function test_precompile() external {
        (ClientState memory s, ConsensusState memory c) = chain.anchor(4);
        bytes[3] memory answers = [bytes(""), new bytes(64), new bytes(32)];
        for (uint256 i = 0; i < answers.length; ++i) {
            vm.mockCall(address(9), "", answers[i]);
            _refused(s, c, Blake2b.Blake2Missing.selector);
        }
        vm.mockCallRevert(address(9), "", "");
        _refused(s, c, Blake2b.Blake2Missing.selector);
        vm.clearMockedCalls();
        BeefyLightClient client = new BeefyLightClient(s, c);
        bytes memory update = abi.encode(chain.update(chain.usual(4)));
        vm.mockCallRevert(address(9), "", "");
        vm.expectRevert(Blake2b.Blake2Missing.selector);
        client.updateClient(update);
    }

    function test_status() external {
        BeefyLightClient client = _client(4);
        vm.warp(chain.START() + 604_799);
        (ClientStatus status, uint64 latest) = client.status();
        check(status == ClientStatus.Active, "active to the last second");
        eq(latest, chain.START(), "latest time");
        vm.warp(chain.START() + 604_800);
        (status,) = client.status();
        check(status == ClientStatus.Expired, "expired");
        bytes memory update = abi.encode(chain.update(chain.usual(4)));
        vm.expectRevert(BeefyLightClient.ClientExpired.selector);
        client.updateClient(update);
    }

    /// @dev Revision numbers other than 0 name no height of this chain.
    function test_revision_number() external {
        BeefyLightClient client = _client(4);
        vm.expectRevert(BeefyLightClient.UnknownHeight.selector);
        client.verifyMembership(MsgVerifyMembership("", Height(1, 10), new bytes[](1), abi.encode(1)));
    }

    function test_update() external {
        BeefyLightClient client = _client(4);
        Block memory b = chain.usual(4);
        (bytes32 root,) = chain.stateOf(b);
        bytes memory state = abi.encode(ConsensusState(b.time, root));
        bytes memory update = abi.encode(chain.update(b));
        vm.recordLogs();
        check(client.updateClient(update) == UpdateResult.Update, "update");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        eq(logs.length, 1, "one event");
        eq(logs[0].topics[0], BeefyLightClient.ConsensusStateStored.selector, "stored");
        eq(uint256(logs[0].topics[1]), b.parent, "height");
        eq(abi.decode(logs[0].data, (bytes)), state, "preimage");
        eq(client.getConsensusStateHash(b.parent), keccak256(state), "hash");
        check(client.updateClient(update) == UpdateResult.NoOp, "again");
        ClientState memory after_ = abi.decode(client.getClientState(), (ClientState));
        eq(after_.latestHeight, b.parent, "height raised");
        eq(after_.latestTimestamp, b.time, "time raised");
        eq(after_.current.id, 3, "the same set");

        // A state between the two, by its own leaf; the newest stays.
        b.parent = 15;
        b.time -= 10;
        check(client.updateClient(abi.encode(chain.update(b))) == UpdateResult.Update, "an older height");
        after_ = abi.decode(client.getClientState(), (ClientState));
        eq(after_.latestHeight, 20, "height not lowered");
        eq(after_.latestTimestamp, chain.START() + 60, "time not lowered");
    }

    /// @dev The next set signs: it becomes the current one, whatever of Update and NoOp the state is.
    function test_handover() external {
        BeefyLightClient client = _client(4);
        Block memory b = chain.usual(4);
        check(client.updateClient(abi.encode(chain.update(b))) == UpdateResult.Update, "by the current set");
        Block memory h = chain.usual(4);
        (h.setId, h.next) = (4, chain.set(5, 7));
        check(client.updateClient(abi.encode(chain.update(h))) == UpdateResult.NoOp, "by the next set");
        ClientState memory s = abi.decode(client.getClientState(), (ClientState));
        eq(abi.encode(s.current), abi.encode(chain.set(4, 4)), "current");
        eq(abi.encode(s.next), abi.encode(chain.set(5, 7)), "next");
        bytes memory old = abi.encode(chain.update(b));
        vm.expectRevert(BeefyLightClient.UnknownAuthoritySet.selector);
        client.updateClient(old);
        (h.setId, h.n, h.signers) = (5, 7, 5);
        (h.committed, h.parent, h.time, h.next) = (31, 30, h.time + 1, chain.set(6, 1));
        check(client.updateClient(abi.encode(chain.update(h))) == UpdateResult.Update, "and on");
        s = abi.decode(client.getClientState(), (ClientState));
        eq(abi.encode(s.current), abi.encode(chain.set(5, 7)), "current");
        eq(abi.encode(s.next), abi.encode(chain.set(6, 1)), "next");
    }

    /// @dev Another state at a stored height freezes, and nothing is rotated or stored.
    function test_conflict() external {
        BeefyLightClient client = _client(4);
        Block memory b = chain.usual(4);
        client.updateClient(abi.encode(chain.update(b)));
        bytes32 stored = client.getConsensusStateHash(20);
        b.time += 1;
        (b.setId, b.next) = (4, chain.set(5, 4));
        vm.recordLogs();
        check(client.updateClient(abi.encode(chain.update(b))) == UpdateResult.Misbehaviour, "conflict");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        eq(logs[0].topics[0], BeefyLightClient.Frozen.selector, "event");
        eq(client.getConsensusStateHash(20), stored, "kept");
        ClientState memory s = abi.decode(client.getClientState(), (ClientState));
        check(s.frozen && s.current.id == 3, "frozen, not rotated");
        bytes memory update = abi.encode(chain.update(chain.usual(4)));
        vm.expectRevert(BeefyLightClient.ClientFrozen.selector);
        client.updateClient(update);
        (ClientStatus status,) = client.status();
        check(status == ClientStatus.Frozen, "status");
    }

    function test_misbehaviour() external {
        BeefyLightClient client = _client(4);
        Block memory a = chain.usual(4);
        Block memory b = chain.usual(4);
        UpdateMessage memory first = chain.update(a);
        vm.expectRevert(BeefyLightClient.NotMisbehaviour.selector);
        client.misbehaviour(abi.encode(Misbehaviour(first, first)));
        b.committed = 22;
        UpdateMessage memory other = chain.update(b);
        vm.expectRevert(BeefyLightClient.NotMisbehaviour.selector);
        client.misbehaviour(abi.encode(Misbehaviour(first, other)));
        (b.committed, b.parent) = (21, 17);
        other = chain.update(b);
        client.misbehaviour(abi.encode(Misbehaviour(first, other)));
        (ClientStatus status,) = client.status();
        check(status == ClientStatus.Frozen, "frozen");
    }

    /// @dev Fewer than two thirds and one never suffice, whatever the size of the set.
    function testFuzz_thresholds(uint8 n, uint8 signers) external {
        n = 1 + n % 40;
        signers = signers % (n + 1);
        BeefyLightClient client = _client(n);
        Block memory b = chain.usual(n);
        b.signers = signers;
        bytes memory update = abi.encode(chain.update(b));
        if (3 * uint256(signers) <= 2 * uint256(n)) {
            vm.expectRevert(BeefySignatures.TooFewSignatures.selector);
            client.updateClient(update);
        } else {
            check(client.updateClient(update) == UpdateResult.Update, "enough");
        }
    }

    /// @dev An update with one byte altered, or cut short, or prolonged, is never accepted.
    function testFuzz_altered_updates(uint256 position, uint8 flip, uint8 mode) external {
        BeefyLightClient client = _client(4);
        bytes memory valid = abi.encode(chain.update(chain.usual(4)));
        bytes memory message = abi.encodePacked(valid);
        position %= message.length;
        if (mode % 4 == 0) {
            assembly {
                mstore(message, position)
            }
        } else if (mode % 4 == 1) {
            message = bytes.concat(message, new bytes(1 + position % 64));
        } else {
            message[position] ^= bytes1(flip == 0 ? 1 : flip);
        }
        (bool ok, bytes memory reason) = address(client).call(abi.encodeCall(client.updateClient, (message)));
        check(!ok, "refused");
        eq(reason.length, 4, "with a reason");
        (ok,) = address(client).call(abi.encodeCall(client.updateClient, (valid)));
        check(ok, "the unaltered one is accepted");
    }

    /// @dev Every leaf of every range up to 200 leaves, against a range built node by node; another index, count
    /// or number of items proves nothing.
    function testFuzz_mmr(uint256 index, uint256 count, uint256 other) external view {
        count = 1 + count % 200;
        index %= count;
        bytes32 leaf = keccak256("leaf");
        (bytes32 root, bytes memory items) = chain.mmr(leaf, index, count);
        (bool proven, bytes32 found) = reader.mmr(index, count, leaf, items);
        check(proven, "items");
        eq(found, root, "root");
        other %= count;
        if (other != index) {
            (proven, found) = reader.mmr(other, count, leaf, items);
            check(!proven || found != root, "another place");
        }
        (proven,) = reader.mmr(index, count, leaf, abi.encodePacked(items, bytes32(0)));
        check(!proven, "one too many");
        (proven,) = reader.mmr(count, count, leaf, items);
        check(!proven, "no such leaf");
        if (items.length == 0) return;
        assembly {
            mstore(items, sub(mload(items), 1))
        }
        (proven,) = reader.mmr(index, count, leaf, items);
        check(!proven, "one byte short");
    }
}
