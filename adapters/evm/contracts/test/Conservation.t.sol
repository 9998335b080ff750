// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICS20Transfer} from "../src/apps/ICS20Transfer.sol";
import {Voucher} from "../src/apps/Voucher.sol";
import {OnTimeoutPacketCallback, Outcome, Packet} from "../src/interfaces/Types.sol";
import {Hex} from "../src/lib/Hex.sol";
import {TransferLink} from "./support/TransferLink.sol";

/// @dev Moves eCNY and its vouchers to and fro, in any order, with late, refused and repeated packets.
contract Traffic is TransferLink {
    struct Sent {
        Packet packet;
        bool home; // harbour to bank
        uint256 amount;
        bool received;
        bool succeeded;
        bool settled;
    }

    Sent[] private _sent;
    address internal frozen = address(0xf0);

    constructor() {
        _open();
        ecny.freeze(frozen);
    }

    function _open() internal virtual {
        _connectTransfer();
    }

    function sendOut(uint256 amount, bool badReceiver) external {
        uint256 balance = ecny.balanceOf(alice);
        if (balance == 0) return;
        amount = 1 + amount % balance;
        string memory receiver = badReceiver ? "nobody" : Hex.fromAddress(bob);
        Packet memory p = _send(onBank, alice, _transfer(address(ecny), amount, receiver, ON_BANK));
        _note(p, false, amount);
    }

    function sendHome(uint256 amount, bool toFrozen) external {
        if (address(_voucher()) == address(0)) return;
        uint256 balance = _voucher().balanceOf(bob);
        if (balance == 0) return;
        amount = 1 + amount % balance;
        string memory receiver = Hex.fromAddress(toFrozen ? frozen : alice);
        Packet memory p = _send(onHarbour, bob, _transfer(address(_voucher()), amount, receiver, ON_HARBOUR));
        _note(p, true, amount);
    }

    function _note(Packet memory p, bool home, uint256 amount) private {
        Sent storage s = _sent.push();
        s.packet = p;
        s.home = home;
        s.amount = amount;
    }

    function receive_(uint256 i) external {
        if (_sent.length == 0) return;
        Sent storage s = _sent[i % _sent.length];
        Packet memory p = s.packet;
        // A settled packet has no commitment to prove any more.
        if (s.settled) return;
        Outcome o = (s.home ? bank : harbour).recvPackets(_recvs(_one(p)))[0];
        if (o != Outcome.Received) return;
        check(!s.received, "received once");
        s.received = true;
        s.succeeded = _ackOf(s.home ? bank : harbour, p) == _ackCommitment(SUCCESS);
    }

    function acknowledge(uint256 i) external {
        if (_sent.length == 0) return;
        Sent storage s = _sent[i % _sent.length];
        if (!s.received) return;
        Outcome o =
            (s.home ? harbour : bank).ackPackets(_acks(_one(s.packet), s.succeeded ? SUCCESS : FAILURE))[0];
        if (o != Outcome.Acknowledged) return;
        check(!s.settled, "settled once");
        s.settled = true;
    }

    function timeOut(uint256 i) external {
        if (_sent.length == 0) return;
        Sent storage s = _sent[i % _sent.length];
        if (s.received) return;
        vm.warp(block.timestamp + 120);
        harbourClient.setTime(uint64(block.timestamp - 1));
        bankClient.setTime(uint64(block.timestamp - 1));
        Outcome o = (s.home ? harbour : bank).timeoutPackets(_timeouts(_one(s.packet)))[0];
        if (o != Outcome.TimedOut) return;
        check(!s.settled, "settled once");
        s.settled = true;
    }

    /// @dev escrow = supply + sent out and undecided + sent home and undecided.
    function conserved() public view returns (bool) {
        uint256 under;
        for (uint256 i = 0; i < _sent.length; ++i) {
            Sent storage s = _sent[i];
            // Out: neither received with success nor refunded. Home: neither released nor refunded.
            if (!s.succeeded && !(s.settled)) under += s.amount;
        }
        address token = onHarbour.voucher(_trace());
        uint256 supply = token == address(0) ? 0 : Voucher(token).totalSupply();
        uint256 escrow = onBank.escrowed(ON_BANK, address(ecny));
        return escrow == supply + under && ecny.balanceOf(address(onBank)) >= escrow
            && ecny.balanceOf(address(onBank)) + ecny.balanceOf(alice) == ecny.totalSupply();
    }

    function packets() external view returns (uint256) {
        return _sent.length;
    }
}

/// @dev A transfer application that mints on a timeout and forgets to take the escrow back.
contract BrokenTransfer is ICS20Transfer {
    constructor(address router_) ICS20Transfer(router_) {}

    function onTimeoutPacket(OnTimeoutPacketCallback calldata) external view override onlyRouter {}
}

/// @dev The same traffic over the broken application.
contract BrokenTraffic is Traffic {
    function _open() internal override {
        _connect();
        onHarbour = new BrokenTransfer(address(harbour));
        onBank = new BrokenTransfer(address(bank));
        _register();
    }
}

/// @title Value is conserved whatever happens; and the check notices when it is not
contract ConservationTest is TransferLink {
    Traffic private traffic;

    function setUp() external {
        traffic = new Traffic();
    }

    /// @dev Foundry drives only the traffic.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(traffic);
    }

    function invariant_value_is_conserved() external view {
        check(traffic.conserved(), "conserved");
    }

    function testFuzz_any_course_of_events(uint256[24] calldata steps) external {
        check(_play(traffic, steps), "conserved");
    }

    /// @dev The mutation: a lost refund is noticed.
    function test_a_broken_application_is_caught() external {
        BrokenTraffic broken = new BrokenTraffic();
        broken.sendOut(500, false);
        check(broken.conserved(), "conserved so far");
        broken.timeOut(0);
        check(!broken.conserved(), "caught");
    }

    function _play(Traffic t, uint256[24] calldata steps) private returns (bool) {
        for (uint256 i = 0; i < steps.length; ++i) {
            uint256 step = steps[i];
            uint256 argument = step >> 8;
            uint256 kind = step % 8;
            if (kind < 2) t.sendOut(argument, argument & 1 == 1);
            else if (kind == 2) t.sendHome(argument, argument & 1 == 1);
            else if (kind < 5) t.receive_(argument);
            else if (kind < 7) t.acknowledge(argument);
            else t.timeOut(argument);
            if (!t.conserved()) return false;
        }
        return true;
    }
}
