// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ICS20Transfer} from "../src/apps/ICS20Transfer.sol";
import {IBCApp} from "../src/apps/IBCApp.sol";
import {Voucher} from "../src/apps/Voucher.sol";
import {DemoToken} from "../src/demo/DemoToken.sol";
import {FungibleTokenPacketData, IICS20Transfer, SendTransferMsg} from "../src/interfaces/IICS20Transfer.sol";
import {IICS26Router} from "../src/interfaces/IICS26Router.sol";
import {MsgRecvPacket, Outcome, OnRecvPacketCallback, Packet} from "../src/interfaces/Types.sol";
import {Hex} from "../src/lib/Hex.sol";
import {PacketSettlement} from "../src/router/PacketSettlement.sol";
import {TransferLink} from "./support/TransferLink.sol";
import {Vm} from "./support/Test.sol";

/// @dev Takes one percent of every transfer.
contract FeeToken is ERC20("Fee", "FEE") {
    constructor() {
        _mint(msg.sender, 1_000_000);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(1), value / 100);
    }
}

struct Ics20Case {
    string name;
    string encoding;
    bytes value;
    string check;
    string denom;
    string sender;
    string receiver;
    string amount;
    string memo;
}

/// @title Token transfers: out, home, late, refused
contract TransferTest is TransferLink {
    function setUp() external {
        _connectTransfer();
    }

    function test_out_and_home() external {
        Packet memory p = _eCnyToHarbour(100_000);
        eq(onBank.escrowed(ON_BANK, address(ecny)), 100_000, "escrowed");
        eq(ecny.balanceOf(address(onBank)), 100_000, "held");
        eq(
            p.payloads[0].value,
            abi.encode(
                FungibleTokenPacketData(
                    Hex.fromAddress(address(ecny)),
                    Hex.fromAddress(alice),
                    Hex.fromAddress(bob),
                    100_000,
                    "memo"
                )
            ),
            "payload"
        );
        vm.recordLogs();
        harbour.recvPacket(_recv(p));
        Vm.Log[] memory minted = _logs(vm.getRecordedLogs(), IICS20Transfer.Minted.selector);
        eq(minted[0].topics[1], keccak256(bytes(ON_HARBOUR)), "client");
        eq(minted[0].topics[2], bytes32(uint256(uint160(address(_voucher())))), "token");
        eq(minted[0].topics[3], bytes32(uint256(uint160(bob))), "account");
        eq(minted[0].data, abi.encode(100_000, 1), "amount and sequence");
        Voucher voucher = _voucher();
        eq(voucher.balanceOf(bob), 100_000, "minted");
        eq(bytes(voucher.trace()), bytes(_trace()), "trace");
        eq(bytes(onHarbour.trace(address(voucher))), bytes(_trace()), "trace, by the application");
        eq(bytes(voucher.name()), bytes(string.concat("IBC ", _trace())), "name");
        bytes memory digits = Hex.encode(abi.encodePacked(bytes4(keccak256(bytes(_trace())))));
        for (uint256 i = 0; i < 8; ++i) {
            check(bytes(voucher.symbol())[i + 4] == digits[i + 2], "symbol");
        }
        eq(bytes(voucher.symbol()).length, 12, "symbol");
        check(bytes4(bytes(voucher.symbol())) == "ibc-", "symbol");
        eq(voucher.decimals(), 0, "decimals");
        bank.ackPacket(_ack(p, SUCCESS));
        eq(onBank.escrowed(ON_BANK, address(ecny)), 100_000, "still escrowed");

        p = _voucherHome(address(voucher), 40_000);
        eq(voucher.balanceOf(bob), 60_000, "burned");
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        Vm.Log[] memory released = _logs(vm.getRecordedLogs(), IICS20Transfer.Released.selector);
        eq(released[0].data, abi.encode(40_000, 1), "released event");
        eq(ecny.balanceOf(alice), 1_000_000 - 60_000, "released");
        eq(onBank.escrowed(ON_BANK, address(ecny)), 60_000, "accounted");
        harbour.ackPacket(_ack(p, SUCCESS));
        eq(voucher.totalSupply(), 60_000, "supply equals escrow");
    }

    function test_timeout_refunds_escrow_and_vouchers() external {
        Packet memory p = _eCnyToHarbour(500);
        bankClient.setTime(p.timeoutTimestamp);
        vm.recordLogs();
        bank.timeoutPacket(_timeout(p));
        eq(_logs(vm.getRecordedLogs(), IICS20Transfer.Refunded.selector).length, 1, "event");
        eq(ecny.balanceOf(alice), 1_000_000, "refunded");
        eq(onBank.escrowed(ON_BANK, address(ecny)), 0, "accounted");

        bankClient.setTime(uint64(NOW - 1));
        p = _eCnyToHarbour(500);
        harbour.recvPacket(_recv(p));
        p = _voucherHome(address(_voucher()), 200);
        harbourClient.setTime(p.timeoutTimestamp);
        harbour.timeoutPacket(_timeout(p));
        eq(_voucher().balanceOf(bob), 500, "minted back");
    }

    /// @dev The bank froze the receiver: release reverts, the sender has its vouchers back.
    function test_refused_by_the_receiving_token() external {
        Packet memory p = _eCnyToHarbour(500);
        harbour.recvPacket(_recv(p));
        address carol = address(0xca401);
        ecny.freeze(carol);
        p = _send(onHarbour, bob, _transfer(address(_voucher()), 200, Hex.fromAddress(carol), ON_HARBOUR));
        vm.recordLogs();
        bank.recvPacket(_recv(p));
        Vm.Log[] memory logs =
            _logs(vm.getRecordedLogs(), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        eq(
            logs[0].data,
            abi.encode(abi.encodeWithSelector(DemoToken.AccountIsFrozen.selector, carol)),
            "the reason is told"
        );
        eq(_ackOf(bank, p), _ackCommitment(FAILURE), "error acknowledgement");
        eq(onBank.escrowed(ON_BANK, address(ecny)), 500, "nothing released");
        harbour.ackPacket(_ack(p, FAILURE));
        eq(_voucher().balanceOf(bob), 500, "refunded");
    }

    /// @dev A refund that the token refuses waits until it can be made.
    function test_refund_to_a_frozen_sender_waits() external {
        Packet memory p = _eCnyToHarbour(500);
        bankClient.setTime(p.timeoutTimestamp);
        ecny.freeze(alice);
        vm.expectRevert(PacketSettlement.AppFailed.selector);
        bank.timeoutPacket(_timeout(p));
        ecny.unfreeze(alice);
        bank.timeoutPacket(_timeout(p));
        eq(ecny.balanceOf(alice), 1_000_000, "refunded");
    }

    function test_refused_on_receipt() external {
        string memory token = Hex.fromAddress(address(ecny));
        string memory to = Hex.fromAddress(bob);
        bytes[10] memory values = [
            _data(token, "0xb0b", 5),
            _data(token, Hex.fromAddress(address(0)), 5),
            _data(token, Hex.fromAddress(address(onHarbour)), 5),
            _data(token, string.concat(to, "00"), 5),
            _data(token, "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a", 5),
            _data(token, to, 0),
            _data("", to, 5),
            bytes.concat(_data(token, to, 5), bytes32(0)),
            abi.encode(token, Hex.fromAddress(alice), to, uint256(5), ""),
            // Nothing was ever escrowed for this client here.
            _data(string.concat("transfer/", ON_BANK, "/", token), to, 5)
        ];
        for (uint64 i = 0; i < values.length; ++i) {
            Packet memory p = _forged(100 + i, values[i]);
            harbour.recvPacket(_recv(p));
            eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "refused");
        }
        Packet memory good = _forged(99, _data(token, to, 5));
        harbour.recvPacket(_recv(good));
        eq(_ackOf(harbour, good), _ackCommitment(SUCCESS), "and taken");
    }

    /// @dev Anyone may have an application at the port of its address; it must not speak for `transfer`.
    function test_only_the_transfer_port_of_the_other_side_counts() external {
        Packet memory real = _eCnyToHarbour(500);
        harbour.recvPacket(_recv(real));
        string memory fake = Hex.fromAddress(address(0xbad));
        Packet memory p;
        p = _forged(200, _data(string.concat(fake, "/", ON_BANK, "/x"), Hex.fromAddress(bob), 5));
        p.payloads[0].sourcePort = fake;
        _commit(bank, p);
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "source port");
        harbour.addIBCApp(address(onHarbour));
        p = _forged(201, _data(Hex.fromAddress(address(ecny)), Hex.fromAddress(bob), 5));
        p.payloads[0].destPort = Hex.fromAddress(address(onHarbour));
        _commit(bank, p);
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "destination port");
        p = _forged(202, _data(Hex.fromAddress(address(ecny)), Hex.fromAddress(bob), 5));
        p.payloads[0].version = "ics20-2";
        _commit(bank, p);
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "version");
        p = _forged(203, _data(Hex.fromAddress(address(ecny)), Hex.fromAddress(bob), 5));
        p.payloads[0].encoding = "application/json";
        _commit(bank, p);
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "encoding");
    }

    function test_send_rules() external {
        string memory to = Hex.fromAddress(bob);
        SendTransferMsg memory m = _transfer(address(ecny), 0, to, ON_BANK);
        _refused(m, ICS20Transfer.ZeroAmount.selector);
        m = _transfer(address(ecny), 5, "", ON_BANK);
        _refused(m, ICS20Transfer.InvalidReceiver.selector);
        m = _transfer(address(ecny), 5, to, ON_BANK);
        m.destPort = "other";
        _refused(m, ICS20Transfer.InvalidDestinationPort.selector);
        m = _transfer(address(ecny), 5, to, ON_BANK);
        m.memo = string(new bytes(32_769));
        _refused(m, ICS20Transfer.MemoTooLong.selector);
        m.memo = string(new bytes(32_768));
        vm.prank(alice);
        onBank.sendTransfer(m);
        m = _transfer(address(1234), 5, to, ON_BANK);
        _refused(m, ICS20Transfer.InvalidDenomination.selector);
        m = _transfer(address(ecny), 2_000_000, to, ON_BANK);
        vm.prank(alice);
        vm.expectRevert();
        onBank.sendTransfer(m);
    }

    function _refused(SendTransferMsg memory m, bytes4 selector) private {
        vm.prank(alice);
        (bool ok, bytes memory answer) = address(onBank).call(abi.encodeCall(onBank.sendTransfer, (m)));
        check(!ok, "refused");
        eq(bytes32(bytes4(answer)), bytes32(selector), "reason");
    }

    function test_fee_tokens_are_refused() external {
        FeeToken fee = new FeeToken();
        fee.approve(address(onBank), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICS20Transfer.NotTheAmount.selector, 990, 1000));
        onBank.sendTransfer(_transfer(address(fee), 1000, Hex.fromAddress(bob), ON_BANK));
    }

    function test_only_the_router_calls_back() external {
        OnRecvPacketCallback memory m;
        vm.expectRevert(abi.encodeWithSelector(IBCApp.OnlyRouter.selector, address(this)));
        onBank.onRecvPacket(m);
        Packet memory p = _eCnyToHarbour(500);
        harbour.recvPacket(_recv(p));
        Voucher voucher = _voucher();
        vm.expectRevert(Voucher.OnlyTransfer.selector);
        voucher.mint(bob, 1);
        vm.expectRevert(Voucher.OnlyTransfer.selector);
        voucher.burn(bob, 1);
    }

    /// @dev Escrow of one client cannot be drawn through another, whatever its chain says.
    function test_escrow_is_per_client() external {
        _eCnyToHarbour(500);
        bank.addClient("bank.other", _counterparty("other.bank"), address(bankClient));
        Packet memory p;
        p = _forged(
            1,
            _data(
                string.concat("transfer/other.bank/", Hex.fromAddress(address(ecny))),
                Hex.fromAddress(bob),
                500
            )
        );
        p.sourceClient = "other.bank";
        p.destClient = "bank.other";
        _commit(harbour, p);
        bank.recvPacket(_recv(p));
        eq(_ackOf(bank, p), _ackCommitment(FAILURE), "refused");
        eq(onBank.escrowed(ON_BANK, address(ecny)), 500, "untouched");
        eq(onBank.escrowed("bank.other", address(ecny)), 0, "none there");
    }

    /// @dev A voucher sent onward is escrowed under its trace, and comes back as itself.
    function test_vouchers_travel_onward() external {
        Packet memory p = _eCnyToHarbour(500);
        harbour.recvPacket(_recv(p));
        Voucher voucher = _voucher();
        harbour.addClient("harbour.third", _counterparty("third.harbour"), address(harbourClient));
        vm.prank(bob);
        voucher.approve(address(onHarbour), type(uint256).max);
        p = _send(onHarbour, bob, _transfer(address(voucher), 300, "0x01", "harbour.third"));
        FungibleTokenPacketData memory data = abi.decode(p.payloads[0].value, (FungibleTokenPacketData));
        eq(bytes(data.denom), bytes(_trace()), "full trace on the wire");
        eq(onHarbour.escrowed("harbour.third", address(voucher)), 300, "escrowed");
        eq(voucher.totalSupply(), 500, "supply unchanged");
        Packet memory back =
            _forged(5, _data(string.concat("transfer/third.harbour/", _trace()), Hex.fromAddress(bob), 100));
        back.sourceClient = "third.harbour";
        back.destClient = "harbour.third";
        _commit(bank, back);
        harbour.recvPacket(_recv(back));
        eq(_ackOf(harbour, back), _ackCommitment(SUCCESS), "taken");
        eq(onHarbour.escrowed("harbour.third", address(voucher)), 200, "released");
        eq(voucher.balanceOf(bob), 300, "to bob");
    }

    /// @dev The longest trace fits into the gas that the application asks for.
    function test_longest_trace_fits_the_gas_limit() external {
        bytes memory denom = new bytes(512 - bytes(ON_HARBOUR).length - 10);
        for (uint256 i = 0; i < denom.length; ++i) {
            denom[i] = "d";
        }
        Packet memory p = _forged(1, _data(string(denom), Hex.fromAddress(bob), 5));
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(SUCCESS), "512 bytes");
        p = _forged(2, _data(string(bytes.concat(denom, "d")), Hex.fromAddress(bob), 5));
        harbour.recvPacket(_recv(p));
        eq(_ackOf(harbour, p), _ackCommitment(FAILURE), "513 bytes");
    }

    /// @dev What the shared vectors call malformed ABI is refused; what they decode is read the same.
    function test_vectors() external {
        string memory json = vm.readFile("../../../standard/vectors/ics20.json");
        Ics20Case[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                string.concat(
                    "Ics20Case(string name,string encoding,bytes value,string check,string denom,string sender,",
                    "string receiver,string amount,string memo)"
                )
            ),
            (Ics20Case[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        uint256 taken;
        uint256 refused;
        for (uint256 i = 0; i < cases.length; ++i) {
            Ics20Case memory c = cases[i];
            if (keccak256(bytes(c.encoding)) != keccak256("application/x-solidity-abi")) continue;
            // Most receivers of the vectors are no addresses: what counts is whether the message is read.
            uint256 snapshot = vm.snapshotState();
            bytes4 reason = _reason(uint64(i + 1), c.value);
            vm.revertToState(snapshot);
            bool malformed = reason == bytes4(keccak256("MalformedMessage()"));
            bytes32 verdict = keccak256(bytes(c.check));
            if (verdict == keccak256("Abi")) {
                check(malformed, c.name);
                ++refused;
            } else {
                check(!malformed, c.name);
                ++taken;
            }
            if (verdict != keccak256("Ok")) check(reason != bytes4(0), c.name);
        }
        check(taken > 5 && refused > 5, "vectors of both kinds");
    }

    function _reason(uint64 sequence, bytes memory value) private returns (bytes4) {
        Packet memory p = _forged(sequence, value);
        vm.recordLogs();
        harbour.recvPacket(_recv(p));
        Vm.Log[] memory logs =
            _logs(vm.getRecordedLogs(), IICS26Router.IBCAppRecvPacketCallbackError.selector);
        if (logs.length == 0) return bytes4(0);
        return bytes4(abi.decode(logs[0].data, (bytes)));
    }

    /// @dev Any amount that exists goes out and comes home in full.
    function testFuzz_round_trip(uint256 amount, uint256 home) external {
        amount = 1 + amount % 1_000_000;
        home = 1 + home % amount;
        Packet memory p = _eCnyToHarbour(amount);
        _is(harbour.recvPackets(_recvs(_one(p)))[0], Outcome.Received, "out");
        p = _voucherHome(address(_voucher()), home);
        _is(bank.recvPackets(_recvs(_one(p)))[0], Outcome.Received, "home");
        eq(ecny.balanceOf(alice), 1_000_000 - amount + home, "alice");
        eq(_voucher().totalSupply(), amount - home, "supply");
        eq(onBank.escrowed(ON_BANK, address(ecny)), amount - home, "escrow");
    }
}
