// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GmpAccount} from "../src/apps/GmpAccount.sol";
import {ICS27Gmp} from "../src/apps/ICS27Gmp.sol";
import {BillOfLadingRegistry} from "../src/demo/BillOfLadingRegistry.sol";
import {GmpAcknowledgement, GmpPacketData, IICS27Gmp, SendCallMsg} from "../src/interfaces/IICS27Gmp.sol";
import {IICS26Router} from "../src/interfaces/IICS26Router.sol";
import {Packet} from "../src/interfaces/Types.sol";
import {Hex} from "../src/lib/Hex.sol";
import {Link} from "./support/Link.sol";
import {Vm} from "./support/Test.sol";

struct Ics27Case {
    string name;
    string kind;
    string encoding;
    bytes value;
    string check;
    bytes result;
}

/// @title Messages: a bill of lading registered on another chain, its index in the acknowledgement
contract GmpTest is Link {
    bytes private constant FAILURE = hex"4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab";

    ICS27Gmp private onHarbour;
    ICS27Gmp private onBank;
    BillOfLadingRegistry private registry; // on bank
    address private carrier = address(0xca221e2);

    function setUp() external {
        _connect();
        onHarbour = new ICS27Gmp(address(harbour));
        onBank = new ICS27Gmp(address(bank));
        harbour.addIBCApp("gmpport", address(onHarbour));
        bank.addIBCApp("gmpport", address(onBank));
        registry = new BillOfLadingRegistry();
    }

    function _send(address sender, address target, bytes memory call_) private returns (Packet memory) {
        vm.recordLogs();
        vm.prank(sender);
        onHarbour.sendCall(
            SendCallMsg(ON_HARBOUR, Hex.fromAddress(target), "", call_, uint64(block.timestamp + 100), "")
        );
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.SendPacket.selector);
        return abi.decode(logs[0].data, (Packet));
    }

    function _register(string memory number) private view returns (bytes memory) {
        return abi.encodeCall(registry.register, (number, sha256("document"), "Lupu Lines"));
    }

    function test_call_and_result() external {
        Packet memory p = _send(carrier, address(registry), _register("LUPU-0001"));
        eq(
            p.payloads[0].value,
            abi.encode(
                GmpPacketData(
                    Hex.fromAddress(carrier),
                    Hex.fromAddress(address(registry)),
                    "",
                    _register("LUPU-0001"),
                    ""
                )
            ),
            "payload"
        );
        bank.recvPacket(_recv(p));
        (uint256 index, BillOfLadingRegistry.Entry memory entry) = registry.find("LUPU-0001");
        eq(index, 0, "index");
        address account = onBank.accountAddress(ON_BANK, Hex.fromAddress(carrier), "");
        eq(entry.registrar, account, "registered by the sender's account");
        check(account.code.length != 0, "account exists");
        bytes memory ack = abi.encode(GmpAcknowledgement(abi.encode(uint256(0))));
        eq(_ackOf(bank, p), _ackCommitment(ack), "acknowledgement");
        vm.recordLogs();
        harbour.ackPacket(_ack(p, ack));
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS27Gmp.CallAcknowledged.selector);
        eq(logs[0].data, abi.encode(true, abi.encode(uint256(0))), "result");
        eq(logs[0].topics[3], bytes32(uint256(uint160(carrier))), "sender");
        p = _send(carrier, address(registry), _register("LUPU-0002"));
        bank.recvPacket(_recv(p));
        (index, entry) = registry.find("LUPU-0002");
        eq(entry.registrar, account, "the same account");
        eq(index, 1, "next index");
    }

    function test_a_reverting_call_is_told_and_leaves_nothing() external {
        Packet memory p = _send(carrier, address(registry), _register(""));
        bank.recvPacket(_recv(p));
        eq(_ackOf(bank, p), _ackCommitment(FAILURE), "error");
        address account = onBank.accountAddress(ON_BANK, Hex.fromAddress(carrier), "");
        eq(account.code.length, 0, "the account is undone too");
        vm.recordLogs();
        harbour.ackPacket(_ack(p, FAILURE));
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS27Gmp.CallAcknowledged.selector);
        eq(logs[0].data, abi.encode(false, bytes("")), "told");
    }

    function test_timeout_is_told() external {
        Packet memory p = _send(carrier, address(registry), _register("x"));
        harbourClient.setTime(p.timeoutTimestamp);
        vm.recordLogs();
        harbour.timeoutPacket(_timeout(p));
        eq(_logs(vm.getRecordedLogs(), IICS27Gmp.CallTimedOut.selector).length, 1, "told");
    }

    function test_accounts_are_the_senders_alone() external {
        string memory a = Hex.fromAddress(carrier);
        address account = onBank.accountAddress(ON_BANK, a, "");
        check(account != onBank.accountAddress(ON_BANK, a, "1"), "salt");
        check(account != onBank.accountAddress("bank.other", a, ""), "client");
        check(account != onBank.accountAddress(ON_BANK, Hex.fromAddress(address(1)), ""), "sender");
        Packet memory p = _send(carrier, address(registry), _register("x"));
        bank.recvPacket(_recv(p));
        vm.expectRevert(GmpAccount.OnlyGmp.selector);
        GmpAccount(account).execute(address(registry), "");
        // An application at the port of its own address cannot name a sender.
        p.sequence = 77;
        p.payloads[0].sourcePort = Hex.fromAddress(address(0xbad));
        _commit(harbour, p);
        bank.recvPacket(_recv(p));
        eq(_ackOf(bank, p), _ackCommitment(FAILURE), "refused");
    }

    function test_target_must_be_a_contract() external {
        Packet memory p = _send(carrier, address(0x1234), "");
        bank.recvPacket(_recv(p));
        eq(_ackOf(bank, p), _ackCommitment(FAILURE), "refused");
    }

    /// @dev Malformed messages of the shared vectors are refused; the others reach the call.
    function test_vectors() external {
        string memory json = vm.readFile("../../../standard/vectors/ics27.json");
        Ics27Case[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                "Ics27Case(string name,string kind,string encoding,bytes value,string check,bytes result)"
            ),
            (Ics27Case[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        uint256 read;
        uint256 refused;
        Packet memory template = _send(carrier, address(registry), _register("x"));
        for (uint256 i = 0; i < cases.length; ++i) {
            Ics27Case memory c = cases[i];
            if (keccak256(bytes(c.encoding)) != keccak256("application/x-solidity-abi")) continue;
            bool malformed = keccak256(bytes(c.check)) == keccak256("Abi");
            if (!malformed && keccak256(bytes(c.check)) != keccak256("Ok")) continue;
            Packet memory p = abi.decode(abi.encode(template), (Packet));
            p.sequence = uint64(1000 + i);
            bool reached = keccak256(bytes(c.kind)) == keccak256("packet")
                ? _reached(p, c.value)
                : _understood(p, c.value);
            check(reached == !malformed, c.name);
            if (malformed) ++refused;
            else ++read;
        }
        check(read > 3 && refused > 3, "vectors of both kinds");
    }

    /// @dev Whether the message was read: anything but a malformed message comes after.
    function _reached(Packet memory p, bytes memory value) private returns (bool) {
        p.payloads[0].value = value;
        _commit(harbour, p);
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        Vm.Log[] memory logs =
            _logs(vm.getRecordedLogs(), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        if (logs.length == 0) return true;
        return bytes4(abi.decode(logs[0].data, (bytes))) != bytes4(keccak256("MalformedMessage()"));
    }

    function _understood(Packet memory p, bytes memory ack) private returns (bool ok) {
        if (ack.length == 0) return false;
        _commit(harbour, p);
        _put(bank, abi.encodePacked(p.destClient, uint8(3), p.sequence), _ackCommitment(ack));
        (ok,) = address(harbour).call(abi.encodeCall(harbour.ackPacket, (_ack(p, ack))));
    }
}
