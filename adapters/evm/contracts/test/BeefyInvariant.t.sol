// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyLightClient} from "../src/BeefyLightClient.sol";
import {UpdateResult} from "../src/interfaces/Types.sol";
import {ClientState, ConsensusState, Misbehaviour, UpdateMessage} from "../src/lib/BeefyTypes.sol";
import {BeefyChain, Block} from "./support/BeefyChain.sol";
import {Test} from "./support/Test.sol";

/// @dev Relays blocks of two histories, by whichever set, in any order; and keeps what the client must keep.
contract BeefyRelayer is Test {
    uint8 private constant N = 2;

    BeefyChain private chain;
    BeefyLightClient public client;

    uint64[] public heights;
    mapping(uint64 => bytes32) public seen;
    uint256 public accepted;
    uint256 public handovers;
    uint256 public conflicts;
    string public broken;

    constructor(BeefyChain chain_) {
        chain = chain_;
        (ClientState memory s, ConsensusState memory c) = chain_.anchor(N);
        client = new BeefyLightClient(s, c);
        heights.push(s.latestHeight);
        seen[s.latestHeight] = keccak256(abi.encode(c));
    }

    /// @dev Block `11 + height % 40` of the true history, or rarely of another one.
    function relay(uint8 height, uint8 ahead, uint8 set, bool next, uint8 fork) external {
        Block memory b = chain.usual(N);
        b.parent = 11 + height % 40;
        b.committed = b.parent + 1 + (next ? 0 : ahead % 4);
        b.time = chain.START() + 6 * b.parent;
        b.setId = _state().current.id + (next ? 1 : 0) + (set % 16 == 0 ? 1 : 0);
        b.next = chain.set(b.setId + 1, N);
        if (!next) b.next = chain.set(_state().next.id, N);
        if (fork % 64 == 0) b.salt = bytes32(uint256(fork));
        if (fork % 128 == 1) b.time += 1;
        _apply(b);
    }

    /// @dev Evidence of two updates, of one block number and two roots, or of what is no fork.
    function accuse(uint8 height, bool same) external {
        if (height % 8 != 0) return;
        Block memory a = chain.usual(N);
        a.parent = 11 + height % 40;
        a.committed = a.parent + 1;
        a.time = _state().latestTimestamp;
        a.setId = _state().current.id;
        a.next = chain.set(a.setId + 1, N);
        UpdateMessage memory first = chain.update(a);
        if (!same) a.salt = bytes32(uint256(1));
        bool frozen = _state().frozen;
        bool ok =
            _call(abi.encodeCall(client.misbehaviour, (abi.encode(Misbehaviour(first, chain.update(a))))));
        if (ok && (same || frozen)) broken = "frozen without a fork";
        if (ok) ++conflicts;
    }

    function _apply(Block memory b) private {
        ClientState memory before = _state();
        (bytes32 root,) = chain.stateOf(b);
        bytes32 hash = keccak256(abi.encode(ConsensusState(b.time, root)));
        bytes memory message = abi.encode(chain.update(b));
        vm.warp(chain.START() + 600);
        (bool ok, bytes memory answer) = address(client).call(abi.encodeCall(client.updateClient, (message)));
        ClientState memory then = _state();
        if (!ok) {
            if (keccak256(abi.encode(before)) != keccak256(abi.encode(then))) {
                broken = "a refusal changed it";
            }
            return;
        }
        ++accepted;
        if (before.frozen) broken = "accepted while frozen";
        if (b.setId > before.next.id) broken = "signed by a set that it does not know";
        UpdateResult result = abi.decode(answer, (UpdateResult));
        bytes32 known = seen[b.parent];
        if (result == UpdateResult.Misbehaviour) {
            ++conflicts;
            if (known == 0 || known == hash || !then.frozen) broken = "frozen without a conflict";
            if (then.current.id != before.current.id) broken = "rotated by a conflict";
            return;
        }
        if (known == 0) {
            heights.push(b.parent);
            seen[b.parent] = hash;
        }
        if ((result == UpdateResult.NoOp) != (known != 0)) broken = "NoOp";
        bool handover = b.setId == before.next.id;
        if (handover) ++handovers;
        if (then.current.id != before.current.id + (handover ? 1 : 0)) broken = "rotation";
        if (handover && then.current.root != before.next.root) broken = "another set than the next";
    }

    function _state() private view returns (ClientState memory) {
        return abi.decode(client.getClientState(), (ClientState));
    }

    function _call(bytes memory data) private returns (bool ok) {
        vm.warp(chain.START() + 600);
        (ok,) = address(client).call(data);
    }

    function count() external view returns (uint256) {
        return heights.length;
    }
}

/// @title What no course of events changes in a BEEFY client
contract BeefyInvariantTest is Test {
    BeefyRelayer private relayer;

    function setUp() external {
        BeefyChain chain = new BeefyChain();
        vm.warp(chain.START() + 600);
        relayer = new BeefyRelayer(chain);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(relayer);
    }

    /// forge-config: default.invariant.runs = 48
    /// forge-config: default.invariant.depth = 32
    /// @dev What is stored stays; newest height and time are those of a stored state; sets follow one another.
    function invariant_stored_states() external view {
        check(bytes(relayer.broken()).length == 0, relayer.broken());
        BeefyLightClient client = relayer.client();
        ClientState memory s = abi.decode(client.getClientState(), (ClientState));
        uint64 newest;
        for (uint256 i = 0; i < relayer.count(); ++i) {
            uint64 height = relayer.heights(i);
            eq(client.getConsensusStateHash(height), relayer.seen(height), "a stored state changed");
            if (height > newest) newest = height;
        }
        eq(s.latestHeight, newest, "the newest height");
        eq(s.next.id, s.current.id + 1, "the sets' ids");
        check(s.frozen == (relayer.conflicts() != 0), "frozen by a conflict and by nothing else");
    }

    /// @dev The relayer above does reach what it is there for.
    function test_reaches() external {
        relayer.relay(0, 0, 1, false, 2);
        relayer.relay(9, 3, 1, false, 2);
        relayer.relay(4, 0, 1, true, 2);
        relayer.relay(4, 0, 1, true, 2);
        eq(relayer.accepted(), 4, "accepted");
        eq(relayer.handovers(), 2, "handovers");
        relayer.relay(4, 0, 1, false, 64);
        eq(relayer.conflicts(), 0, "the salt alone is no other state");
        relayer.relay(4, 0, 1, false, 1);
        eq(relayer.conflicts(), 1, "another time is");
        check(bytes(relayer.broken()).length == 0, relayer.broken());
    }
}
