// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Create2Factory} from "../src/Create2Factory.sol";
import {Router} from "../src/Router.sol";
import {IICS26Router, IICS26RouterBatch} from "../src/interfaces/IICS26Router.sol";
import {
    ClientStatus,
    CounterpartyInfo,
    MsgAckPacket,
    MsgSendPacket,
    Outcome,
    Packet,
    Payload,
    UpdateResult
} from "../src/interfaces/Types.sol";
import {PacketSettlement} from "../src/router/PacketSettlement.sol";
import {RouterApps} from "../src/router/RouterApps.sol";
import {RouterClients} from "../src/router/RouterClients.sol";
import {Link} from "./support/Link.sol";
import {PlainApp, TestApp, TrueClient} from "./support/Mocks.sol";
import {Vm} from "./support/Test.sol";

/// @title Sending, receiving, acknowledging, timing out: one packet and batches
contract RouterTest is Link {
    TestApp private app; // on harbour
    TestApp private peer; // on bank

    function setUp() external {
        _connect();
        app = new TestApp(harbour, "test", 200_000);
        peer = new TestApp(bank, "test", 200_000);
        harbour.addIBCApp("test", address(app));
        bank.addIBCApp("test", address(peer));
    }

    function _send(bytes memory value) private returns (Packet memory p) {
        p = _packet(0, "test", value);
        p.sequence = app.send(MsgSendPacket(ON_HARBOUR, p.timeoutTimestamp, p.payloads[0]));
    }

    // sending

    function test_send_commits_and_counts() external {
        vm.recordLogs();
        Packet memory first = _send("one");
        Packet memory second = _send("two");
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.SendPacket.selector);
        eq(first.sequence, 1, "first");
        eq(second.sequence, 2, "second");
        eq(harbour.prevSequenceSend(ON_HARBOUR), 2, "counter");
        eq(_committed(harbour, first), _commitmentOf(first), "commitment");
        eq(_committed(harbour, second), _commitmentOf(second), "commitment");
        eq(logs.length, 2, "events");
        eq(logs[1].topics[1], keccak256(bytes(ON_HARBOUR)), "client");
        eq(uint256(logs[1].topics[2]), 2, "sequence");
        eq(logs[1].data, abi.encode(second), "packet");
    }

    function test_send_rules() external {
        MsgSendPacket memory m = MsgSendPacket(ON_HARBOUR, uint64(NOW + 86_400), _payload("test", ""));
        app.send(m);
        m.timeoutTimestamp = uint64(NOW + 86_401);
        _refused(m, abi.encodeWithSelector(Router.TimeoutTooFar.selector, m.timeoutTimestamp));
        m.timeoutTimestamp = uint64(NOW);
        _refused(m, abi.encodeWithSelector(Router.TimeoutElapsed.selector, m.timeoutTimestamp));
        m.timeoutTimestamp = 0;
        _refused(m, abi.encodeWithSelector(Router.TimeoutElapsed.selector, 0));
        m.timeoutTimestamp = uint64(NOW + 5);
        harbourClient.setTime(uint64(NOW + 5));
        _refused(m, abi.encodeWithSelector(Router.TimeoutBeforeClient.selector, m.timeoutTimestamp));
        harbourClient.setTime(uint64(NOW + 4));
        app.send(m);
        m.sourceClient = "harbour.qbft-other";
        _refused(m, abi.encodeWithSelector(RouterClients.UnknownClient.selector, m.sourceClient));
        m.sourceClient = ON_HARBOUR;
        m.payload.destPort = "x";
        _refused(m, abi.encodeWithSelector(Router.InvalidDestinationPort.selector, "x"));
        m.payload.destPort = "test";
        m.payload.value = new bytes(262_145);
        _refused(m, abi.encodeWithSelector(Router.PayloadTooLarge.selector, 262_145));
        m.payload.value = new bytes(262_144);
        app.send(m);
        m.payload.sourcePort = "other";
        _refused(m, abi.encodeWithSelector(Router.NotTheApp.selector, address(app), "other"));
        m.payload.sourcePort = "test";
        vm.expectRevert(abi.encodeWithSelector(Router.NotTheApp.selector, address(this), "test"));
        harbour.sendPacket(m);
        harbourClient.setStatus(ClientStatus.Expired);
        _refused(m, abi.encodeWithSelector(Router.ClientNotActive.selector, ClientStatus.Expired));
        harbourClient.setStatus(ClientStatus.Frozen);
        _refused(m, abi.encodeWithSelector(Router.ClientNotActive.selector, ClientStatus.Frozen));
        eq(harbour.prevSequenceSend(ON_HARBOUR), 3, "refused packets take no number");
    }

    function _refused(MsgSendPacket memory m, bytes memory reason) private {
        vm.expectRevert(reason);
        app.send(m);
    }

    // receiving

    function test_receive_stores_receipt_and_acknowledgement() external {
        Packet memory p = _send("value");
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.WriteAcknowledgement.selector);
        eq(_receipt(bank, p), keccak256(abi.encode(p)), "receipt");
        eq(_ackOf(bank, p), _ackCommitment("ok"), "acknowledgement");
        eq(peer.received(), 1, "callback");
        bytes[] memory acks = new bytes[](1);
        acks[0] = "ok";
        eq(logs.length, 1, "event");
        eq(logs[0].data, abi.encode(p, acks), "event data");
        eq(logs[0].topics[1], keccak256(bytes(ON_BANK)), "client");
        eq(uint256(logs[0].topics[2]), 1, "sequence");
    }

    function test_receive_twice_is_a_noop() external {
        Packet memory p = _send("value");
        bank.recvPacket(_recv(p));
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        eq(_logs(vm.getRecordedLogs(), IICS26Router.Noop.selector).length, 1, "Noop");
        vm.warp(p.timeoutTimestamp + 1);
        bank.recvPacket(_recv(p));
        eq(peer.received(), 1, "one callback");
    }

    function test_receive_needs_the_commitment() external {
        Packet memory p = _packet(1, "test", "never sent");
        vm.expectRevert();
        bank.recvPacket(_recv(p));
        p = _send("sent");
        p.payloads[0].value = "altered";
        vm.expectRevert();
        bank.recvPacket(_recv(p));
        eq(peer.received(), 0, "no callback");
    }

    function test_receive_expired_unknown_port_malformed() external {
        Packet memory p = _send("value");
        vm.warp(p.timeoutTimestamp);
        vm.expectRevert(PacketSettlement.Expired.selector);
        bank.recvPacket(_recv(p));
        vm.warp(p.timeoutTimestamp - 1);
        bank.recvPacket(_recv(p));
        vm.warp(NOW);

        p = _packet(7, "nowhere", "value");
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.UnknownPort.selector);
        bank.recvPacket(_recv(p));

        p = _packet(0, "test", "sequence zero");
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.Malformed.selector);
        bank.recvPacket(_recv(p));

        p = _packet(8, "test", "");
        p.payloads = new Payload[](2);
        p.payloads[0] = _payload("test", "a");
        p.payloads[1] = _payload("test", "b");
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.Malformed.selector);
        bank.recvPacket(_recv(p));

        p.payloads = new Payload[](0);
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.Malformed.selector);
        bank.recvPacket(_recv(p));

        p = _packet(9, "test", new bytes(262_145));
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.Malformed.selector);
        bank.recvPacket(_recv(p));
        eq(peer.received(), 1, "one callback");
    }

    /// @dev A client of the same name on a third chain, or an id squatted there, proves nothing here.
    function test_receive_from_another_client_is_not_ours() external {
        Packet memory p = _packet(1, "test", "value");
        p.sourceClient = "harbour.qbft-squatter";
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.NotOurs.selector);
        bank.recvPacket(_recv(p));
        p = _packet(1, "test", "value");
        p.destClient = "bank.qbft-unbound";
        _commit(harbour, p);
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, p.destClient));
        bank.recvPacket(_recv(p));
    }

    // acknowledging

    function test_acknowledge_deletes_the_commitment_and_tells_the_app() external {
        Packet memory p = _send("value");
        bank.recvPacket(_recv(p));
        vm.recordLogs();
        harbour.ackPacket(_ack(p, "ok"));
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.AckPacket.selector);
        eq(_committed(harbour, p), 0, "commitment");
        eq(app.acknowledged(), 1, "callback");
        eq(app.lastAck(), "ok", "acknowledgement");
        eq(logs[0].data, abi.encode(p, bytes("ok")), "event data");
        vm.recordLogs();
        harbour.ackPacket(_ack(p, "ok"));
        eq(_logs(vm.getRecordedLogs(), IICS26Router.Noop.selector).length, 1, "Noop");
        eq(app.acknowledged(), 1, "one callback");
    }

    function test_acknowledge_needs_the_very_acknowledgement() external {
        Packet memory p = _send("value");
        bank.recvPacket(_recv(p));
        vm.expectRevert();
        harbour.ackPacket(_ack(p, "no"));
        Packet memory altered = _send("value");
        bank.recvPacket(_recv(altered));
        altered.payloads[0].value = "other";
        vm.expectRevert(PacketSettlement.NotOurs.selector);
        harbour.ackPacket(_ack(altered, "ok"));
        _put(bank, abi.encodePacked(p.destClient, uint8(3), p.sequence), _ackCommitment(""));
        vm.expectRevert(PacketSettlement.Malformed.selector);
        harbour.ackPacket(_ack(p, ""));
        eq(app.acknowledged(), 0, "no callback");
    }

    function test_a_failed_callback_leaves_the_packet() external {
        Packet memory p = _send("value");
        bank.recvPacket(_recv(p));
        app.setAckMode(TestApp.Mode.Refuse);
        vm.expectRevert(PacketSettlement.AppFailed.selector);
        harbour.ackPacket(_ack(p, "ok"));
        vm.recordLogs();
        _is(harbour.ackPackets(_acks(_one(p), "ok"))[0], Outcome.AppFailed, "batch");
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26RouterBatch.PacketOutcome.selector);
        eq(logs.length, 1, "reported");
        eq(logs[0].data, abi.encode(Outcome.AppFailed), "outcome");
        eq(logs[0].topics[1], keccak256(bytes(ON_HARBOUR)), "client");
        eq(uint256(logs[0].topics[2]), 1, "sequence");
        eq(_committed(harbour, p), _commitmentOf(p), "still committed");
        app.setAckMode(TestApp.Mode.Accept);
        harbour.ackPacket(_ack(p, "ok"));
        eq(app.acknowledged(), 1, "settled at last");
    }

    // timing out

    function test_timeout() external {
        Packet memory p = _send("value");
        harbourClient.setTime(p.timeoutTimestamp - 1);
        vm.expectRevert(PacketSettlement.NotExpired.selector);
        harbour.timeoutPacket(_timeout(p));
        _is(harbour.timeoutPackets(_timeouts(_one(p)))[0], Outcome.NotExpired, "batch");
        harbourClient.setTime(p.timeoutTimestamp);
        vm.recordLogs();
        harbour.timeoutPacket(_timeout(p));
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.TimeoutPacket.selector);
        eq(logs[0].data, abi.encode(p), "event data");
        eq(_committed(harbour, p), 0, "commitment");
        eq(app.timedOut(), 1, "callback");
        harbour.timeoutPacket(_timeout(p));
        harbour.ackPacket(_ackAfter(p));
        eq(app.timedOut(), 1, "one callback");
        eq(app.acknowledged(), 0, "never both");
    }

    function _ackAfter(Packet memory p) private returns (MsgAckPacket memory) {
        _put(bank, abi.encodePacked(p.destClient, uint8(3), p.sequence), _ackCommitment("ok"));
        return _ack(p, "ok");
    }

    function test_received_packets_do_not_time_out() external {
        Packet memory p = _send("value");
        bank.recvPacket(_recv(p));
        harbourClient.setTime(p.timeoutTimestamp);
        vm.expectRevert();
        harbour.timeoutPacket(_timeout(p));
    }

    // batches

    function test_batch_outcomes_are_each_packets_own() external {
        Packet[] memory p = new Packet[](9);
        for (uint256 i = 0; i < 9; ++i) {
            p[i] = _packet(uint64(i + 1), "test", abi.encode(i));
        }
        p[1].timeoutTimestamp = uint64(NOW);
        p[2].payloads[0].destPort = "nowhere";
        p[3].sourceClient = "harbour.qbft-other";
        p[4].sequence = 0;
        p[5] = p[0];
        p[6].payloads[0].value = new bytes(262_145);
        peer.set(8, TestApp.Mode.Refuse);
        for (uint256 i = 0; i < 9; ++i) {
            _commit(harbour, p[i]);
        }
        vm.recordLogs();
        Outcome[] memory o = bank.recvPackets(_recvs(p));
        Vm.Log[] memory all = vm.getRecordedLogs();
        _is(o[0], Outcome.Received, "0");
        _is(o[1], Outcome.Expired, "1");
        _is(o[2], Outcome.UnknownPort, "2");
        _is(o[3], Outcome.NotOurs, "3");
        _is(o[4], Outcome.Malformed, "4");
        _is(o[5], Outcome.Duplicate, "5");
        _is(o[6], Outcome.Malformed, "6");
        _is(o[7], Outcome.Received, "7");
        _is(o[8], Outcome.Received, "8");
        eq(peer.received(), 2, "callbacks: the refusing one is undone");
        eq(_logs(all, IICS26Router.WriteAcknowledgement.selector).length, 3, "acknowledgements");
        eq(_logs(all, IICS26RouterBatch.PacketOutcome.selector).length, 6, "outcomes");
        eq(_logs(all, IICS26Router.Noop.selector).length, 1, "noop");
        eq(_ackOf(bank, p[8]), _ackCommitment("ok"), "the last is acknowledged");
        eq(
            _ackOf(bank, p[7]),
            0xe2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7,
            "the refused one has the error acknowledgement"
        );
    }

    function test_batch_proof_stands_or_falls_as_a_whole() external {
        Packet[] memory p = new Packet[](3);
        for (uint256 i = 0; i < 3; ++i) {
            p[i] = _packet(uint64(i + 1), "test", abi.encode(i));
            if (i != 2) _commit(harbour, p[i]);
        }
        vm.expectRevert();
        bank.recvPackets(_recvs(p));
        eq(_receipt(bank, p[0]), 0, "nothing settled");
    }

    function test_batch_round_trip() external {
        Packet[] memory p = new Packet[](10);
        for (uint256 i = 0; i < 10; ++i) {
            p[i] = _send(abi.encode(i));
        }
        Outcome[] memory o = bank.recvPackets(_recvs(p));
        for (uint256 i = 0; i < 10; ++i) {
            _is(o[i], Outcome.Received, "received");
        }
        o = harbour.ackPackets(_acks(p, "ok"));
        for (uint256 i = 0; i < 10; ++i) {
            _is(o[i], Outcome.Acknowledged, "acknowledged");
        }
        o = harbour.ackPackets(_acks(p, "ok"));
        for (uint256 i = 0; i < 10; ++i) {
            _is(o[i], Outcome.Duplicate, "again");
        }
        eq(app.acknowledged(), 10, "callbacks");
    }

    function test_batch_timeouts() external {
        Packet[] memory p = new Packet[](3);
        for (uint256 i = 0; i < 3; ++i) {
            p[i] = _send(abi.encode(i));
        }
        p[1] = _packet(2, "test", "never sent so");
        harbourClient.setTime(p[0].timeoutTimestamp);
        Outcome[] memory o = harbour.timeoutPackets(_timeouts(p));
        _is(o[0], Outcome.TimedOut, "0");
        _is(o[1], Outcome.NotOurs, "1");
        _is(o[2], Outcome.TimedOut, "2");
        eq(app.timedOut(), 2, "callbacks");
    }

    function test_batches_are_of_one_client_and_not_empty() external {
        vm.expectRevert(Router.EmptyBatch.selector);
        bank.recvPackets(_recvs(new Packet[](0)));
        vm.expectRevert(Router.EmptyBatch.selector);
        harbour.ackPackets(_acks(new Packet[](0), ""));
        vm.expectRevert(Router.EmptyBatch.selector);
        harbour.timeoutPackets(_timeouts(new Packet[](0)));
        Packet[] memory p = new Packet[](2);
        p[0] = _packet(1, "test", "");
        p[1] = _packet(2, "test", "");
        p[1].destClient = "bank.qbft-other";
        _commit(harbour, p[0]);
        _commit(harbour, p[1]);
        vm.expectRevert(Router.MixedBatch.selector);
        bank.recvPackets(_recvs(p));
        p[1].sourceClient = "harbour.qbft-other";
        vm.expectRevert(Router.MixedBatch.selector);
        harbour.ackPackets(_acks(p, "ok"));
        vm.expectRevert(Router.MixedBatch.selector);
        harbour.timeoutPackets(_timeouts(p));
    }

    function test_multicall_updates_and_receives() external {
        Packet memory p = _send("value");
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(bank.updateClient, (ON_BANK, hex"00"));
        calls[1] = abi.encodeCall(bank.recvPackets, (_recvs(_one(p))));
        bytes[] memory results = bank.multicall(calls);
        eq(uint256(abi.decode(results[0], (UpdateResult))), 0, "updated");
        _is(abi.decode(results[1], (Outcome[]))[0], Outcome.Received, "received");
        eq(bankClient.calls(), 1, "client called");
        calls[1] = abi.encodeCall(bank.recvPacket, (_recv(_packet(5, "test", "not sent"))));
        vm.expectRevert();
        bank.multicall(calls);
        eq(bankClient.calls(), 1, "undone");
    }

    // pausing

    function test_pause_stops_send_and_receive_only() external {
        Packet memory first = _send("one");
        Packet memory second = _send("two");
        bank.recvPacket(_recv(first));
        vm.prank(address(7));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(7)));
        harbour.pause();
        harbour.pause();
        bank.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        app.send(MsgSendPacket(ON_HARBOUR, second.timeoutTimestamp, second.payloads[0]));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        bank.recvPacket(_recv(second));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        bank.recvPackets(_recvs(_one(second)));
        harbour.ackPacket(_ack(first, "ok"));
        harbourClient.setTime(second.timeoutTimestamp);
        harbour.timeoutPacket(_timeout(second));
        eq(app.acknowledged() + app.timedOut(), 2, "settled while paused");
        harbour.unpause();
        harbourClient.setTime(uint64(NOW));
        _send("three");
    }

    // applications

    function test_apps_are_registered_once() external {
        PlainApp plain = new PlainApp();
        vm.expectRevert(abi.encodeWithSelector(RouterApps.PortAlreadyExists.selector, "test"));
        harbour.addIBCApp("test", address(plain));
        vm.expectRevert(abi.encodeWithSelector(RouterApps.InvalidPort.selector, "x"));
        harbour.addIBCApp("x", address(plain));
        vm.expectRevert(abi.encodeWithSelector(RouterApps.InvalidPort.selector, "a/b"));
        harbour.addIBCApp("a/b", address(plain));
        string memory squat = "0x00000000000000000000000000000000000000Ff";
        vm.expectRevert(abi.encodeWithSelector(RouterApps.InvalidPort.selector, squat));
        harbour.addIBCApp(squat, address(plain));
        vm.expectRevert(abi.encodeWithSelector(RouterApps.InvalidApp.selector, address(harbour)));
        harbour.addIBCApp(address(harbour));
        vm.expectRevert(abi.encodeWithSelector(RouterApps.InvalidApp.selector, address(1234)));
        harbour.addIBCApp(address(1234));
        TestApp gasless = new TestApp(harbour, "gasless", 0);
        vm.expectRevert(RouterApps.InvalidCallbackGasLimit.selector);
        harbour.addIBCApp("gasless", address(gasless));
        vm.expectRevert(abi.encodeWithSelector(RouterApps.AppNotFound.selector, "gasless"));
        harbour.getIBCApp("gasless");
        vm.prank(address(7));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(7)));
        harbour.addIBCApp("plain", address(plain));
    }

    function test_anyone_registers_at_its_own_address() external {
        PlainApp plain = new PlainApp();
        vm.prank(address(7));
        bank.addIBCApp(address(plain));
        string memory port = _hex(address(plain));
        eq(address(bank.getIBCApp(port)), address(plain), "app");
        eq(bank.callbackGasLimitOf(port), 1_000_000, "default gas");
        Packet memory p = _packet(1, "test", "");
        p.payloads[0].destPort = port;
        _commit(harbour, p);
        bank.recvPacket(_recv(p));
        check(plain.gasSeen() > 990_000 && plain.gasSeen() <= 1_000_000, "gas given");
    }

    function _hex(address a) private pure returns (string memory) {
        bytes16 digits = "0123456789abcdef";
        bytes memory out = "0x";
        for (uint256 i = 0; i < 20; ++i) {
            uint8 b = uint8(bytes20(a)[i]);
            out = bytes.concat(out, digits[b >> 4], digits[b & 15]);
        }
        return string(out);
    }

    // construction

    function test_construction_is_for_one_chain() external {
        vm.expectRevert(abi.encodeWithSelector(Router.WrongChain.selector, block.chainid, uint64(5)));
        new Router(5, address(manager), 1 days);
        vm.expectRevert(Router.InvalidAuthority.selector);
        new Router(uint64(block.chainid), address(99), 1 days);
        vm.expectRevert(RouterClients.InvalidMigrationDelay.selector);
        new Router(uint64(block.chainid), address(manager), 0);
    }

    function test_factory_address() external {
        Create2Factory factory = new Create2Factory();
        bytes memory init = bytes.concat(
            type(Router).creationCode, abi.encode(uint64(block.chainid), address(manager), uint64(1 days))
        );
        address expected = address(
            uint160(
                uint256(
                    keccak256(
                        abi.encodePacked(hex"ff", address(factory), bytes32(uint256(7)), keccak256(init))
                    )
                )
            )
        );
        eq(factory.deploy(bytes32(uint256(7)), init), expected, "address");
        vm.expectRevert(abi.encodeWithSelector(Create2Factory.DeploymentFailed.selector, bytes("")));
        factory.deploy(bytes32(uint256(7)), init);
        vm.chainId(77);
        vm.expectRevert(
            abi.encodeWithSelector(
                Create2Factory.DeploymentFailed.selector,
                abi.encodeWithSelector(Router.WrongChain.selector, 77, uint64(31337))
            )
        );
        factory.deploy(bytes32(uint256(8)), init);
    }
}
