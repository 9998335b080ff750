// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {GmpAccount} from "../src/apps/GmpAccount.sol";
import {IBCApp} from "../src/apps/IBCApp.sol";
import {ICS20Transfer} from "../src/apps/ICS20Transfer.sol";
import {ICS27Gmp} from "../src/apps/ICS27Gmp.sol";
import {Voucher} from "../src/apps/Voucher.sol";
import {IICS26Router} from "../src/interfaces/IICS26Router.sol";
import {SendCallMsg} from "../src/interfaces/IICS27Gmp.sol";
import {
    CounterpartyInfo,
    OnAcknowledgementPacketCallback,
    OnRecvPacketCallback,
    OnTimeoutPacketCallback,
    Packet
} from "../src/interfaces/Types.sol";
import {Hex} from "../src/lib/Hex.sol";
import {Link} from "./support/Link.sol";
import {TestApp, TrueClient} from "./support/Mocks.sol";
import {Vm} from "./support/Test.sol";

/// @title A message whose call has power over the bridge itself, as at Poly in 2021
/// @notice Binding a client is the power to say what the other chain holds. Every call of that kind is tried
/// through a message, with the bytes that governance itself would send.
contract PrivilegedCallsTest is Link {
    struct Attempt {
        address target;
        bytes call_;
        /// The check that stops it.
        bytes4 stoppedBy;
        /// Whether governance may make the same call.
        bool governed;
    }

    bytes private constant FAILURE = hex"4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab";
    bytes4 private constant UNAUTHORIZED = IAccessManaged.AccessManagedUnauthorized.selector;

    ICS27Gmp private onHarbour;
    ICS27Gmp private onBank;
    ICS20Transfer private transfer;
    TrueClient private forged;
    address private attacker = address(0xa77ac4e2);
    address private account;
    Attempt[] private attempts;

    function setUp() external {
        _connect();
        onHarbour = new ICS27Gmp(address(harbour));
        onBank = new ICS27Gmp(address(bank));
        transfer = new ICS20Transfer(address(bank));
        harbour.addIBCApp("gmpport", address(onHarbour));
        bank.addIBCApp("gmpport", address(onBank));
        bank.addIBCApp("transfer", address(transfer));
        forged = new TrueClient();
        account = onBank.accountAddress(ON_BANK, Hex.fromAddress(attacker), "");
        // A migration that governance has announced and whose time has come: only the last step is left.
        bank.announceMigration(ON_BANK, _counterparty(ON_HARBOUR), address(forged));
        vm.warp(NOW + 2 days);
        _router();
        _manager();
        _others();
    }

    function _try(address target, bytes memory call_, bytes4 stoppedBy, bool governed) private {
        attempts.push(Attempt(target, call_, stoppedBy, governed));
    }

    function _router() private {
        CounterpartyInfo memory info = _counterparty(ON_HARBOUR);
        bytes memory pause = abi.encodeCall(bank.pause, ());
        bytes[] memory inside = new bytes[](1);
        inside[0] = pause;
        bytes[7] memory calls;
        calls[0] = abi.encodeWithSignature(
            "addClient(string,(string,bytes[]),address)", "bank.forged", info, forged
        );
        calls[1] = abi.encodeCall(bank.announceMigration, (ON_BANK, info, address(forged)));
        calls[2] = abi.encodeCall(bank.migrateClient, (ON_BANK, info, address(forged)));
        calls[3] = abi.encodeWithSignature("addIBCApp(string,address)", "forged", address(transfer));
        calls[4] = pause;
        calls[5] = abi.encodeCall(bank.multicall, (inside));
        calls[6] = abi.encodeCall(bank.setAuthority, (account));
        for (uint256 i = 0; i < 7; ++i) {
            // Another authority is the manager's to set, not even governance's.
            _try(address(bank), calls[i], UNAUTHORIZED, i < 5);
        }
        // Even what anyone may call: not while a packet is being received.
        Packet memory p = _packet(99, "gmpport", "");
        bytes memory recv = abi.encodeCall(bank.recvPacket, (_recv(p)));
        _try(address(bank), recv, ReentrancyGuard.ReentrancyGuardReentrantCall.selector, false);
    }

    function _manager() private {
        address to = address(manager);
        bytes4 byAccount = IAccessManager.AccessManagerUnauthorizedAccount.selector;
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = bank.pause.selector;
        _try(to, abi.encodeCall(manager.grantRole, (0, account, 0)), byAccount, true);
        _try(to, abi.encodeCall(manager.setRoleAdmin, (7, 8)), byAccount, true);
        _try(to, abi.encodeCall(manager.updateAuthority, (address(bank), to)), byAccount, true);
        uint64 everyone = manager.PUBLIC_ROLE();
        _try(
            to,
            abi.encodeCall(manager.setTargetFunctionRole, (address(bank), selectors, everyone)),
            byAccount,
            true
        );
        bytes memory pause = abi.encodeCall(bank.pause, ());
        bytes4 byCall = IAccessManager.AccessManagerUnauthorizedCall.selector;
        _try(to, abi.encodeCall(manager.execute, (address(bank), pause)), byCall, true);
        _try(to, abi.encodeCall(manager.schedule, (address(bank), pause, 0)), byCall, false);
    }

    function _others() private {
        Packet memory p = _packet(98, "transfer", "");
        OnRecvPacketCallback memory recv;
        (recv.sourceClient, recv.destinationClient, recv.payload) =
        (p.sourceClient, p.destClient, p.payloads[0]);
        OnAcknowledgementPacketCallback memory ack;
        (ack.sourceClient, ack.destinationClient, ack.payload) = (p.destClient, p.sourceClient, p.payloads[0]);
        OnTimeoutPacketCallback memory timeout;
        (timeout.sourceClient, timeout.destinationClient, timeout.payload) =
        (p.destClient, p.sourceClient, p.payloads[0]);
        bytes4 router = IBCApp.OnlyRouter.selector;
        _try(address(transfer), abi.encodeCall(transfer.onRecvPacket, (recv)), router, false);
        _try(address(transfer), abi.encodeCall(transfer.onAcknowledgementPacket, (ack)), router, false);
        _try(address(transfer), abi.encodeCall(transfer.onTimeoutPacket, (timeout)), router, false);
        _try(address(onBank), abi.encodeCall(onBank.onRecvPacket, (recv)), router, false);
        Voucher voucher = new Voucher();
        bytes memory mint = abi.encodeCall(voucher.mint, (attacker, 1));
        _try(address(voucher), mint, Voucher.OnlyTransfer.selector, true);
        // The account of somebody else, which must exist to be asked.
        _deliver(address(0x900d), address(manager), abi.encodeCall(manager.ADMIN_ROLE, ()));
        address other = onBank.accountAddress(ON_BANK, Hex.fromAddress(address(0x900d)), "");
        bytes memory execute = abi.encodeCall(GmpAccount.execute, (address(bank), ""));
        _try(other, execute, GmpAccount.OnlyGmp.selector, false);
    }

    /// @dev Sends the call from harbour, has it received on bank, and returns what the application failed with.
    function _deliver(address sender, address target, bytes memory call_)
        private
        returns (bytes memory reason)
    {
        vm.recordLogs();
        vm.prank(sender);
        onHarbour.sendCall(
            SendCallMsg(ON_HARBOUR, Hex.fromAddress(target), "", call_, uint64(block.timestamp + 100), "")
        );
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.SendPacket.selector);
        Packet memory p = abi.decode(logs[0].data, (Packet));
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        logs = _logs(vm.getRecordedLogs(), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        bool failed = _ackOf(bank, p) == _ackCommitment(FAILURE);
        check(failed == (logs.length == 1), "an error acknowledgement has a reason");
        if (failed) reason = abi.decode(logs[0].data, (bytes));
    }

    function test_no_message_has_power_over_the_bridge() external {
        address client = address(bank.getClient(ON_BANK));
        for (uint256 i = 0; i < attempts.length; ++i) {
            Attempt memory a = attempts[i];
            bytes memory reason = _deliver(attacker, a.target, a.call_);
            check(bytes4(reason) == a.stoppedBy, string.concat("stopped by its check: ", vm.toString(i)));
        }
        check(!bank.paused(), "not paused");
        eq(address(bank.getClient(ON_BANK)), client, "the same client");
        (bool admin,) = manager.hasRole(0, account);
        check(!admin, "no role");
        eq(address(bank.authority()), address(manager), "the same authority");
        eq(account.code.length, 0, "nothing was done as the account");
        check(attempts.length == 20, "all were tried");
    }

    /// @dev The attempts fail for who makes them: the same bytes from governance do what they say.
    function test_the_same_calls_are_good_from_governance() external {
        uint256 governed;
        for (uint256 i = 0; i < attempts.length; ++i) {
            if (!attempts[i].governed) continue;
            uint256 snapshot = vm.snapshotState();
            (bool ok,) = attempts[i].target.call(attempts[i].call_);
            check(ok, string.concat("governance's: ", vm.toString(i)));
            vm.revertToState(snapshot);
            ++governed;
        }
        eq(governed, 11, "governed calls");
    }

    /// @dev And the message arrives: a call without power, of the same sender, is made.
    function test_the_same_sender_may_call_what_anyone_may() external {
        TestApp app = new TestApp(bank, "other", 300_000);
        bytes memory reason = _deliver(attacker, address(app), abi.encodeCall(app.callbackGasLimit, ()));
        eq(reason.length, 0, "made");
        check(account.code.length != 0, "as the sender's account");
    }
}
