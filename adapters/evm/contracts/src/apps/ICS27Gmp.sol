// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {GmpAcknowledgement, GmpPacketData, IICS27Gmp, SendCallMsg} from "../interfaces/IICS27Gmp.sol";
import {
    MsgSendPacket,
    OnAcknowledgementPacketCallback,
    OnRecvPacketCallback,
    OnTimeoutPacketCallback,
    Payload
} from "../interfaces/Types.sol";
import {AbiReader} from "../lib/AbiReader.sol";
import {Hex} from "../lib/Hex.sol";
import {Ics24} from "../lib/Ics24.sol";
import {GmpAccount} from "./GmpAccount.sol";
import {IBCApp} from "./IBCApp.sol";

/// @title General message passing (ICS-27 GMP version `ics27-2`, port `gmpport`, Solidity ABI)
/// @notice A call asked for on one chain is made on the other by an account that belongs to the sender alone.
/// The call's result comes back in the acknowledgement. If the call reverts, so does everything it did, and
/// the acknowledgement is the universal error.
contract ICS27Gmp is IICS27Gmp, IBCApp {
    error InvalidReceiver();

    string private constant PORT = "gmpport";
    string private constant VERSION = "ics27-2";
    string private constant ENCODING = "application/x-solidity-abi";

    /// @notice The code behind every account.
    address public immutable accountImplementation;

    constructor(address router_) IBCApp(router_, PORT, VERSION) {
        accountImplementation = address(new GmpAccount());
    }

    /// @notice What a call may use, the creation of the account included.
    function callbackGasLimit() external pure returns (uint64) {
        return 1_000_000;
    }

    /// @inheritdoc IICS27Gmp
    function accountAddress(string calldata clientId, string calldata sender, bytes calldata salt)
        external
        view
        returns (address)
    {
        return Clones.predictDeterministicAddress(accountImplementation, _accountSalt(clientId, sender, salt));
    }

    /// @inheritdoc IICS27Gmp
    function sendCall(SendCallMsg calldata msg_) external returns (uint64 sequence) {
        if (bytes(msg_.receiver).length == 0) revert InvalidReceiver();
        bytes memory value = abi.encode(
            GmpPacketData(Hex.fromAddress(msg.sender), msg_.receiver, msg_.salt, msg_.payload, msg_.memo)
        );
        sequence = router.sendPacket(
            MsgSendPacket(
                msg_.sourceClient, msg_.timeoutTimestamp, Payload(PORT, PORT, VERSION, ENCODING, value)
            )
        );
        emit CallSent(msg_.sourceClient, sequence, msg.sender, msg_.receiver, msg_.payload);
    }

    /// @notice Makes the call and returns `abi.encode(GmpAcknowledgement)`.
    function onRecvPacket(OnRecvPacketCallback calldata msg_) external onlyRouter returns (bytes memory) {
        _checkPayload(msg_.payload);
        (bytes calldata sender, bytes calldata receiver, bytes calldata salt, bytes calldata payload) =
            _decode(msg_.payload.value);
        (address target, bool ok) = Hex.toAddress(receiver);
        if (!ok) revert InvalidReceiver();
        address account = _account(msg_.destinationClient, string(sender), salt);
        bytes memory result = GmpAccount(account).execute(target, payload);
        emit CallExecuted(msg_.destinationClient, msg_.sequence, target, account, result);
        return abi.encode(GmpAcknowledgement(result));
    }

    /// @notice Tells the sender what became of its call.
    function onAcknowledgementPacket(OnAcknowledgementPacketCallback calldata msg_) external onlyRouter {
        address sender = _sender(msg_.payload.value);
        if (keccak256(msg_.acknowledgement) == Ics24.ERROR_ACK_KECCAK) {
            emit CallAcknowledged(msg_.sourceClient, msg_.sequence, sender, false, "");
            return;
        }
        (uint256 tuple, uint256 end) = AbiReader.open(msg_.acknowledgement, 0x20);
        (bytes calldata result, uint256 next) = AbiReader.field(tuple, 0x00, tuple + 0x20, end);
        if (next != end) revert UnexpectedAcknowledgement();
        emit CallAcknowledged(msg_.sourceClient, msg_.sequence, sender, true, result);
    }

    /// @notice Tells the sender that its call was not made.
    function onTimeoutPacket(OnTimeoutPacketCallback calldata msg_) external onlyRouter {
        emit CallTimedOut(msg_.sourceClient, msg_.sequence, _sender(msg_.payload.value));
    }

    function _sender(bytes calldata value) private pure returns (address sender) {
        (bytes calldata text,,,) = _decode(value);
        (sender,) = Hex.toAddress(text);
    }

    /// @dev `abi.encode(GmpPacketData)` in canonical form.
    function _decode(bytes calldata value)
        private
        pure
        returns (bytes calldata sender, bytes calldata receiver, bytes calldata salt, bytes calldata payload)
    {
        (uint256 tuple, uint256 end) = AbiReader.open(value, 0xa0);
        uint256 next;
        (sender, next) = AbiReader.field(tuple, 0x00, tuple + 0xa0, end);
        (receiver, next) = AbiReader.field(tuple, 0x20, next, end);
        (salt, next) = AbiReader.field(tuple, 0x40, next, end);
        (payload, next) = AbiReader.field(tuple, 0x60, next, end);
        (, next) = AbiReader.field(tuple, 0x80, next, end);
        if (next != end) revert AbiReader.MalformedMessage();
    }

    /// @dev The account of a sender, created at its first call.
    function _account(string calldata clientId, string memory sender, bytes calldata salt)
        private
        returns (address account)
    {
        bytes32 accountSalt = _accountSalt(clientId, sender, salt);
        account = Clones.predictDeterministicAddress(accountImplementation, accountSalt);
        if (account.code.length != 0) return account;
        Clones.cloneDeterministic(accountImplementation, accountSalt);
        emit AccountCreated(clientId, account, sender, salt);
    }

    function _accountSalt(string calldata clientId, string memory sender, bytes calldata salt)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(clientId, sender, salt));
    }
}
