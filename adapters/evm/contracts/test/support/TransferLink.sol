// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICS20Transfer} from "../../src/apps/ICS20Transfer.sol";
import {Voucher} from "../../src/apps/Voucher.sol";
import {DemoToken} from "../../src/demo/DemoToken.sol";
import {FungibleTokenPacketData, SendTransferMsg} from "../../src/interfaces/IICS20Transfer.sol";
import {IICS26Router} from "../../src/interfaces/IICS26Router.sol";
import {Packet, Payload} from "../../src/interfaces/Types.sol";
import {Hex} from "../../src/lib/Hex.sol";
import {Link} from "./Link.sol";
import {Vm} from "./Test.sol";

/// @dev The link with a transfer application on both sides. eCNY lives on bank.
abstract contract TransferLink is Link {
    bytes internal constant SUCCESS = "{\"result\":\"AQ==\"}";
    bytes internal constant FAILURE = hex"4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab";

    ICS20Transfer internal onHarbour;
    ICS20Transfer internal onBank;
    DemoToken internal ecny;
    address internal alice = address(0xa11ce); // on bank
    address internal bob = address(0xb0b); // on harbour

    function _connectTransfer() internal {
        _connect();
        onHarbour = new ICS20Transfer(address(harbour));
        onBank = new ICS20Transfer(address(bank));
        _register();
    }

    function _register() internal {
        harbour.addIBCApp("transfer", address(onHarbour));
        bank.addIBCApp("transfer", address(onBank));
        ecny = new DemoToken(address(this));
        ecny.mint(alice, 1_000_000);
        vm.prank(alice);
        ecny.approve(address(onBank), type(uint256).max);
    }

    function _transfer(address token, uint256 amount, string memory receiver, string memory client)
        internal
        view
        returns (SendTransferMsg memory)
    {
        return SendTransferMsg(
            token, amount, receiver, client, "transfer", uint64(block.timestamp + 100), "memo"
        );
    }

    /// @dev Sends and returns the packet as the event has it.
    function _send(ICS20Transfer from, address sender, SendTransferMsg memory m)
        internal
        returns (Packet memory p)
    {
        vm.recordLogs();
        vm.prank(sender);
        from.sendTransfer(m);
        Vm.Log[] memory logs = _logs(vm.getRecordedLogs(), IICS26Router.SendPacket.selector);
        p = abi.decode(logs[0].data, (Packet));
    }

    function _eCnyToHarbour(uint256 amount) internal returns (Packet memory) {
        return _send(onBank, alice, _transfer(address(ecny), amount, Hex.fromAddress(bob), ON_BANK));
    }

    function _voucherHome(address token, uint256 amount) internal returns (Packet memory) {
        return _send(onHarbour, bob, _transfer(token, amount, Hex.fromAddress(alice), ON_HARBOUR));
    }

    function _trace() internal view returns (string memory) {
        return string.concat("transfer/", ON_HARBOUR, "/", Hex.fromAddress(address(ecny)));
    }

    function _voucher() internal view returns (Voucher) {
        return Voucher(onHarbour.voucher(_trace()));
    }

    /// @dev A transfer packet to `harbour` with any content, as if bank had committed to it.
    function _forged(uint64 sequence, bytes memory value) internal returns (Packet memory p) {
        p.sequence = sequence;
        p.sourceClient = ON_BANK;
        p.destClient = ON_HARBOUR;
        p.timeoutTimestamp = uint64(block.timestamp + 100);
        p.payloads = new Payload[](1);
        p.payloads[0] = Payload("transfer", "transfer", "ics20-1", "application/x-solidity-abi", value);
        _commit(bank, p);
    }

    function _data(string memory denom, string memory receiver, uint256 amount)
        internal
        view
        returns (bytes memory)
    {
        return abi.encode(FungibleTokenPacketData(denom, Hex.fromAddress(alice), receiver, amount, ""));
    }
}
