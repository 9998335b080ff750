// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IICS26Router} from "../src/interfaces/IICS26Router.sol";
import {MsgSendPacket, Outcome, Packet} from "../src/interfaces/Types.sol";
import {PacketSettlement} from "../src/router/PacketSettlement.sol";
import {AppCalls} from "../src/router/AppCalls.sol";
import {Link} from "./support/Link.sol";
import {TestApp} from "./support/Mocks.sol";
import {Vm} from "./support/Test.sol";

/// @dev Calls itself until so many calls deep, then the target.
contract Diver {
    function dive(uint256 depth, address target, bytes calldata data) external returns (bytes memory answer) {
        bool ok;
        if (depth == 0) (ok, answer) = target.call(data);
        else (ok, answer) = address(this).call(abi.encodeCall(this.dive, (depth - 1, target, data)));
        if (!ok) {
            assembly {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (depth != 0) answer = abi.decode(answer, (bytes));
    }
}

/// @title Applications and relayers that mean harm, each in the middle of a batch of fifty
contract AttacksTest is Link {
    bytes32 private constant ERROR_COMMITMENT =
        0xe2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7;
    uint64 private constant LIMIT = 300_000;

    TestApp private app;
    TestApp private peer;

    function setUp() external {
        _connect();
        app = new TestApp(harbour, "test", LIMIT);
        peer = new TestApp(bank, "test", LIMIT);
        harbour.addIBCApp("test", address(app));
        bank.addIBCApp("test", address(peer));
    }

    function _fifty() private returns (Packet[] memory p) {
        p = new Packet[](50);
        for (uint256 i = 0; i < 50; ++i) {
            p[i] = _packet(uint64(i + 1), "test", abi.encode(i, "some content of ordinary length"));
            _commit(harbour, p[i]);
        }
    }

    /// @dev All but the 25th are received and acknowledged; the 25th has the error acknowledgement and no effect.
    function _oneFails(TestApp.Mode mode) private returns (Vm.Log[] memory logs) {
        Packet[] memory p = _fifty();
        peer.set(25, mode);
        vm.recordLogs();
        Outcome[] memory o = bank.recvPackets(_recvs(p));
        logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < 50; ++i) {
            _is(o[i], Outcome.Received, "received");
            bytes32 expected = i == 24 ? ERROR_COMMITMENT : _ackCommitment("ok");
            eq(_ackOf(bank, p[i]), expected, "acknowledgement");
            eq(_receipt(bank, p[i]), keccak256(abi.encode(p[i])), "receipt");
            eq(peer.receivedOf(uint64(i + 1)), i == 24 ? 0 : 1, "effect");
        }
        eq(peer.received(), 49, "effects");
        eq(_logs(logs, IICS26Router.WriteAcknowledgement.selector).length, 50, "events");
        eq(_logs(logs, IICS26Router.IBCAppRecvPacketCallbackError.selector).length, 1, "error event");
    }

    function test_refusal() external {
        Vm.Log[] memory logs =
            _logs(_oneFails(TestApp.Mode.Refuse), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        eq(logs[0].data, abi.encode(abi.encodeWithSignature("Error(string)", "refused")), "reason");
    }

    function test_silent_app() external {
        _oneFails(TestApp.Mode.Silent);
    }

    function test_app_returning_the_error_acknowledgement_is_undone() external {
        _oneFails(TestApp.Mode.ErrorAck);
    }

    function test_too_long_acknowledgement() external {
        _oneFails(TestApp.Mode.LongAck);
    }

    function test_return_bomb() external {
        _oneFails(TestApp.Mode.Bomb);
    }

    function test_revert_bomb_is_cut() external {
        Vm.Log[] memory logs =
            _logs(_oneFails(TestApp.Mode.RevertBomb), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        check(logs[0].data.length <= 0x40 + 256, "at most 256 bytes of the reason");
    }

    function test_garbage_answer() external {
        _oneFails(TestApp.Mode.Garbage);
    }

    function test_gas_burner() external {
        uint256 before = gasleft();
        _oneFails(TestApp.Mode.Burn);
        check(before - gasleft() < 50 * 400_000, "costs its limit and no more");
    }

    /// @dev The longest acknowledgement is kept to the last byte, in state and event.
    function test_longest_acknowledgement() external {
        Packet[] memory p = _fifty();
        peer.set(25, TestApp.Mode.LongestAck);
        vm.recordLogs();
        bank.recvPackets(_recvs(p));
        bytes memory ack = new bytes(4096);
        ack[4095] = 0x01;
        eq(_ackOf(bank, p[24]), _ackCommitment(ack), "commitment");
        bytes[] memory acks = new bytes[](1);
        acks[0] = ack;
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.WriteAcknowledgement.selector);
        eq(logs[24].data, abi.encode(p[24], acks), "event");
        acks[0] = "ok";
        eq(logs[25].data, abi.encode(p[25], acks), "the event after it");
    }

    function test_reentrancy() external {
        Packet[] memory p = _fifty();
        Packet memory other = _packet(99, "test", "other");
        _commit(harbour, other);
        peer.set(25, TestApp.Mode.Reenter);
        bytes[4] memory calls;
        calls[0] = abi.encodeCall(bank.recvPacket, (_recv(other)));
        calls[1] = abi.encodeCall(bank.recvPackets, (_recvs(_one(p[49]))));
        bytes[] memory inner = new bytes[](1);
        inner[0] = calls[0];
        calls[2] = abi.encodeCall(bank.multicall, (inner));
        calls[3] = abi.encodeCall(AppCalls.appFrame, (address(peer), 1000, ""));
        for (uint256 i = 0; i < 4; ++i) {
            uint256 snapshot = vm.snapshotState();
            peer.setReentry(calls[i]);
            Outcome[] memory o = bank.recvPackets(_recvs(p));
            check(!peer.reentered(), "refused inside");
            for (uint256 j = 0; j < 50; ++j) {
                _is(o[j], Outcome.Received, "received once");
                eq(peer.receivedOf(uint64(j + 1)), 1, "effect once");
            }
            eq(_receipt(bank, other), 0, "the other is untouched");
            vm.revertToState(snapshot);
        }
    }

    /// @dev Sending from within a callback is allowed, and stands or falls with it.
    function test_sending_from_a_callback() external {
        Packet[] memory p = _fifty();
        peer.set(25, TestApp.Mode.SendBack);
        bankClient.setTime(uint64(NOW - 1));
        bank.recvPackets(_recvs(p));
        eq(bank.prevSequenceSend(ON_BANK), 1, "sent");
        Packet memory back;
        back.sourceClient = ON_BANK;
        back.sequence = 1;
        check(_committed(bank, back) != 0, "committed");
    }

    function test_frame_is_the_routers_own() external {
        vm.expectRevert(AppCalls.OnlySelf.selector);
        bank.appFrame(address(peer), 1000, "");
    }

    /// @dev Whatever gas a relayer gives, the outcome is success or an untouched packet, never a failure.
    function testFuzz_starved_receive(uint256 gas_) external {
        Packet memory p = _packet(1, "test", abi.encode("content"));
        _commit(harbour, p);
        gas_ = 50_000 + gas_ % 700_000;
        (bool ok, bytes memory answer) =
            address(bank).call{gas: gas_}(abi.encodeCall(bank.recvPackets, (_recvs(_one(p)))));
        if (!ok) {
            eq(_receipt(bank, p), 0, "untouched");
            return;
        }
        Outcome outcome = abi.decode(answer, (Outcome[]))[0];
        if (outcome == Outcome.InsufficientGas) {
            eq(_receipt(bank, p), 0, "untouched");
            eq(_ackOf(bank, p), 0, "untouched");
            eq(peer.received(), 0, "no effect");
        } else {
            _is(outcome, Outcome.Received, "received");
            eq(_ackOf(bank, p), _ackCommitment("ok"), "success");
        }
    }

    /// @dev The application always has its full limit.
    function testFuzz_limit_is_given_in_full(uint256 gas_) external {
        Packet memory p = _packet(1, "test", abi.encode("content"));
        _commit(harbour, p);
        gas_ = 300_000 + gas_ % 300_000;
        (bool ok, bytes memory answer) =
            address(bank).call{gas: gas_}(abi.encodeCall(bank.recvPackets, (_recvs(_one(p)))));
        if (!ok || abi.decode(answer, (Outcome[]))[0] != Outcome.Received) return;
        check(peer.gasSeen() > LIMIT - 3_000 && peer.gasSeen() <= LIMIT, "full limit");
    }

    function test_starved_batch_leaves_the_rest_for_later() external {
        Packet[] memory p = _fifty();
        bytes memory call_ = abi.encodeCall(bank.recvPackets, (_recvs(p)));
        (bool ok, bytes memory answer) = address(bank).call{gas: 5_000_000}(call_);
        check(ok, "the batch goes through");
        Outcome[] memory o = abi.decode(answer, (Outcome[]));
        _is(o[0], Outcome.Received, "first");
        _is(o[49], Outcome.InsufficientGas, "last");
        bool starved;
        for (uint256 i = 0; i < 50; ++i) {
            if (o[i] == Outcome.InsufficientGas) starved = true;
            else check(!starved && o[i] == Outcome.Received, "received until gas ran short");
        }
        o = bank.recvPackets(_recvs(p));
        for (uint256 i = 0; i < 50; ++i) {
            eq(peer.receivedOf(uint64(i + 1)), 1, "each once");
        }
    }

    function test_starved_single_receive_reverts() external {
        Packet memory p = _packet(1, "test", "");
        _commit(harbour, p);
        (bool ok, bytes memory answer) =
            address(bank).call{gas: 330_000}(abi.encodeCall(bank.recvPacket, (_recv(p))));
        check(!ok, "reverts");
        eq(bytes32(bytes4(answer)), bytes32(PacketSettlement.InsufficientGas.selector), "reason");
    }

    /// @dev Starved acknowledgements and timeouts leave the packet; a burner gets its limit and fails alone.
    function test_starved_and_burning_acknowledgements() external {
        Packet[] memory p = new Packet[](50);
        for (uint256 i = 0; i < 50; ++i) {
            p[i] = _packet(0, "test", abi.encode(i));
            p[i].sequence = app.send(MsgSendPacket(ON_HARBOUR, p[i].timeoutTimestamp, p[i].payloads[0]));
        }
        bank.recvPackets(_recvs(p));
        (bool ok, bytes memory answer) =
            address(harbour).call{gas: 1_700_000}(abi.encodeCall(harbour.ackPackets, (_acks(p, "ok"))));
        check(ok, "the batch goes through");
        Outcome[] memory o = abi.decode(answer, (Outcome[]));
        _is(o[0], Outcome.Acknowledged, "first");
        _is(o[49], Outcome.InsufficientGas, "last");
        check(_committed(harbour, p[49]) != 0, "the last is still committed");
        app.setAckMode(TestApp.Mode.Burn);
        o = harbour.ackPackets(_acks(p, "ok"));
        _is(o[0], Outcome.Duplicate, "first");
        _is(o[49], Outcome.AppFailed, "last");
        app.setAckMode(TestApp.Mode.RevertBomb);
        _is(harbour.ackPackets(_acks(p, "ok"))[49], Outcome.AppFailed, "bomb");
        app.setAckMode(TestApp.Mode.Accept);
        _is(harbour.ackPackets(_acks(p, "ok"))[49], Outcome.Acknowledged, "last, at last");
        eq(app.acknowledged(), 50, "each once");
    }

    /// @dev On a chain where gas is plenty a relayer could use up the call depth instead: a failure then does
    /// not count.
    function test_call_depth() external {
        Packet memory p = _packet(1, "test", "content");
        _commit(harbour, p);
        peer.set(1, TestApp.Mode.Refuse);
        Diver diver = new Diver();
        bytes memory call_ = abi.encodeCall(bank.recvPackets, (_recvs(_one(p))));
        bytes memory answer = diver.dive{gas: 1e18}(960, address(bank), call_);
        _is(abi.decode(answer, (Outcome[]))[0], Outcome.InsufficientGas, "too deep to judge");
        eq(_receipt(bank, p), 0, "untouched");
        answer = diver.dive{gas: 1e18}(900, address(bank), call_);
        _is(abi.decode(answer, (Outcome[]))[0], Outcome.Received, "deep, but deep enough");
        eq(_ackOf(bank, p), ERROR_COMMITMENT, "refused by the application itself");
    }
}
