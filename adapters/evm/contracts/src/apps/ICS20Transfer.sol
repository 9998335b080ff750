// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FungibleTokenPacketData, IICS20Transfer, SendTransferMsg} from "../interfaces/IICS20Transfer.sol";
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
import {IBCApp} from "./IBCApp.sol";
import {Voucher} from "./Voucher.sol";

/// @title Fungible token transfer (ICS-20 version `ics20-1`, port `transfer`, Solidity ABI)
/// @notice Tokens of this chain are escrowed here, accounted per client and token, and released only against
/// that client's account. Tokens of other chains are vouchers, one per full trace. A base denomination is the
/// token's address in lower-case hex; each hop puts `transfer/<client of the receiving chain>/` in front.
/// @dev No lock spans `sendTransfer` and the callbacks: it would let a relayer turn a receipt into a failure.
/// Escrow is checked by balance difference, which fails if anything else moves the token meanwhile.
contract ICS20Transfer is IICS20Transfer, IBCApp {
    using SafeERC20 for IERC20;

    error ZeroAmount();
    error InvalidReceiver();
    error InvalidDenomination();
    error InvalidDestinationPort();
    error MemoTooLong(uint256 length);
    error TraceTooLong(uint256 length);
    error UnknownVoucher();
    error InsufficientEscrow(uint256 accounted, uint256 amount);
    error NotTheAmount(uint256 received, uint256 amount);

    string private constant PORT = "transfer";
    string private constant VERSION = "ics20-1";
    string private constant ENCODING = "application/x-solidity-abi";
    bytes32 private constant SUCCESS_HASH = keccak256("{\"result\":\"AQ==\"}");
    /// @dev `transfer/` at the left of a word, and the bytes that a prefix has beside the client.
    bytes32 private constant PORT_AND_SLASH = "transfer/";
    uint256 private constant PREFIX_EXTRA = 10;
    uint256 private constant MAX_MEMO = 32_768;
    uint256 private constant MAX_TRACE = 512;
    uint256 private constant MAX_RECEIVER = 2048;

    /// @notice The code behind every voucher.
    address public immutable voucherImplementation;

    mapping(bytes32 traceHash => address) private _vouchers;
    mapping(address token => string) private _traces;
    mapping(bytes32 clientHash => mapping(address token => uint256)) private _escrowed;

    /// @dev A decoded packet, on the side of this chain's client.
    struct Transfer {
        bytes32 clientHash;
        uint64 sequence;
        address account;
        uint256 amount;
    }

    constructor(address router_) IBCApp(router_, PORT, VERSION) {
        voucherImplementation = address(new Voucher());
    }

    /// @notice Enough to create a voucher with the longest trace.
    function callbackGasLimit() external pure returns (uint64) {
        return 750_000;
    }

    /// @inheritdoc IICS20Transfer
    function voucher(string calldata denomTrace) external view returns (address) {
        return _vouchers[keccak256(bytes(denomTrace))];
    }

    /// @inheritdoc IICS20Transfer
    function trace(address token) external view returns (string memory) {
        return _traces[token];
    }

    /// @inheritdoc IICS20Transfer
    function escrowed(string calldata clientId, address token) external view returns (uint256) {
        return _escrowed[keccak256(bytes(clientId))][token];
    }

    /// @inheritdoc IICS20Transfer
    function sendTransfer(SendTransferMsg calldata msg_) external returns (uint64 sequence) {
        if (msg_.amount == 0) revert ZeroAmount();
        uint256 receiverLength = bytes(msg_.receiver).length;
        if (receiverLength == 0 || receiverLength > MAX_RECEIVER) revert InvalidReceiver();
        if (bytes(msg_.memo).length > MAX_MEMO) revert MemoTooLong(bytes(msg_.memo).length);
        if (!_isPort(msg_.destPort)) revert InvalidDestinationPort();

        bytes memory denom = bytes(_traces[msg_.denom]);
        bool goesHome = denom.length != 0 && _startsWith(denom, msg_.sourceClient);
        if (goesHome) {
            Voucher(msg_.denom).burn(msg.sender, msg_.amount);
        } else {
            if (denom.length == 0) denom = bytes(Hex.fromAddress(msg_.denom));
            _escrow(keccak256(bytes(msg_.sourceClient)), msg_.denom, msg_.amount);
        }
        sequence = _send(msg_, string(denom));
        if (goesHome) emit Burned(msg_.sourceClient, msg_.denom, msg.sender, msg_.amount, sequence);
        else emit Escrowed(msg_.sourceClient, msg_.denom, msg.sender, msg_.amount, sequence);
    }

    /// @notice Mints a voucher or releases escrow.
    function onRecvPacket(OnRecvPacketCallback calldata msg_) external onlyRouter returns (bytes memory) {
        Payload calldata payload = msg_.payload;
        _checkPayload(payload);
        Transfer memory t;
        t.clientHash = keccak256(bytes(msg_.destinationClient));
        t.sequence = msg_.sequence;
        bytes calldata denom;
        bytes calldata receiver;
        bool ok;
        (denom,, receiver, t.amount) = _decode(payload.value);
        (t.account, ok) = Hex.toAddress(receiver);
        if (!ok || t.account == address(0) || t.account == address(this)) revert InvalidReceiver();
        if (t.amount == 0) revert ZeroAmount();

        uint256 prefix = bytes(msg_.sourceClient).length + PREFIX_EXTRA;
        if (_startsWith(denom, msg_.sourceClient)) {
            address token = _resolve(denom[prefix:]);
            _release(t.clientHash, token, t.account, t.amount);
            _emit(Released.selector, t, token);
        } else {
            if (denom.length == 0) revert InvalidDenomination();
            address token = _voucherFor(msg_.destinationClient, denom);
            Voucher(token).mint(t.account, t.amount);
            _emit(Minted.selector, t, token);
        }
        return "{\"result\":\"AQ==\"}";
    }

    /// @notice Refunds on the error acknowledgement; nothing is left to do on success.
    function onAcknowledgementPacket(OnAcknowledgementPacketCallback calldata msg_) external onlyRouter {
        bytes32 ack = keccak256(msg_.acknowledgement);
        if (ack == SUCCESS_HASH) return;
        if (ack != Ics24.ERROR_ACK_KECCAK) revert UnexpectedAcknowledgement();
        _refund(msg_.sourceClient, msg_.sequence, msg_.payload.value);
    }

    /// @notice Refunds.
    function onTimeoutPacket(OnTimeoutPacketCallback calldata msg_) external virtual onlyRouter {
        _refund(msg_.sourceClient, msg_.sequence, msg_.payload.value);
    }

    function _send(SendTransferMsg calldata msg_, string memory denom) private returns (uint64) {
        bytes memory value = abi.encode(
            FungibleTokenPacketData(denom, Hex.fromAddress(msg.sender), msg_.receiver, msg_.amount, msg_.memo)
        );
        return router.sendPacket(
            MsgSendPacket(
                msg_.sourceClient,
                msg_.timeoutTimestamp,
                Payload(PORT, msg_.destPort, VERSION, ENCODING, value)
            )
        );
    }

    /// @dev Gives back what a packet of ours took: the value is what `_send` wrote.
    function _refund(string calldata clientId, uint64 sequence, bytes calldata value) private {
        bytes calldata denom;
        bytes calldata sender;
        Transfer memory t;
        (denom, sender,, t.amount) = _decode(value);
        t.clientHash = keccak256(bytes(clientId));
        t.sequence = sequence;
        (t.account,) = Hex.toAddress(sender);
        address token = _resolve(denom);
        if (_startsWith(denom, clientId)) Voucher(token).mint(t.account, t.amount);
        else _release(t.clientHash, token, t.account, t.amount);
        _emit(Refunded.selector, t, token);
    }

    /// @dev `abi.encode(FungibleTokenPacketData)` in canonical form.
    function _decode(bytes calldata value)
        private
        pure
        returns (bytes calldata denom, bytes calldata sender, bytes calldata receiver, uint256 amount)
    {
        (uint256 tuple, uint256 end) = AbiReader.open(value, 0xa0);
        uint256 next;
        (denom, next) = AbiReader.field(tuple, 0x00, tuple + 0xa0, end);
        (sender, next) = AbiReader.field(tuple, 0x20, next, end);
        (receiver, next) = AbiReader.field(tuple, 0x40, next, end);
        amount = AbiReader.word(tuple + 0x60);
        bytes calldata memo;
        (memo, next) = AbiReader.field(tuple, 0x80, next, end);
        if (next != end) revert AbiReader.MalformedMessage();
        if (memo.length > MAX_MEMO) revert MemoTooLong(memo.length);
    }

    function _escrow(bytes32 clientHash, address token, uint256 amount) private {
        if (token.code.length == 0) revert InvalidDenomination();
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert NotTheAmount(received, amount);
        _escrowed[clientHash][token] += amount;
    }

    function _release(bytes32 clientHash, address token, address account, uint256 amount) private {
        uint256 accounted = _escrowed[clientHash][token];
        if (accounted < amount) revert InsufficientEscrow(accounted, amount);
        unchecked {
            _escrowed[clientHash][token] = accounted - amount;
        }
        IERC20(token).safeTransfer(account, amount);
    }

    /// @dev The token on this chain that a denomination names: an address, or the voucher of a trace.
    function _resolve(bytes calldata denom) private view returns (address token) {
        bool ok;
        (token, ok) = Hex.toAddressLowerCase(denom);
        if (ok) return token;
        token = _vouchers[keccak256(denom)];
        if (token == address(0)) revert UnknownVoucher();
    }

    /// @dev The voucher of the trace `transfer/<client>/<denom>`, created at the first receipt.
    function _voucherFor(string calldata clientId, bytes calldata denom) private returns (address token) {
        bytes calldata id = bytes(clientId);
        uint256 length = id.length + PREFIX_EXTRA + denom.length;
        bytes32 hash;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, PORT_AND_SLASH)
            calldatacopy(add(scratch, 9), id.offset, id.length)
            let to := add(add(scratch, 9), id.length)
            mstore8(to, 0x2f)
            calldatacopy(add(to, 1), denom.offset, denom.length)
            hash := keccak256(scratch, length)
        }
        token = _vouchers[hash];
        if (token != address(0)) return token;
        if (length > MAX_TRACE) revert TraceTooLong(length);
        string memory fullTrace = string(abi.encodePacked(PORT, "/", clientId, "/", denom));
        token = Clones.cloneDeterministic(voucherImplementation, hash);
        _vouchers[hash] = token;
        _traces[token] = fullTrace;
        emit VoucherCreated(token, fullTrace);
    }

    /// @dev Whether a denomination starts with `transfer/<client>/`: the port is the same on both sides.
    function _startsWith(bytes memory denom, string calldata clientId) private pure returns (bool same) {
        bytes calldata id = bytes(clientId);
        uint256 length = id.length + PREFIX_EXTRA;
        if (denom.length < length) return false;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, PORT_AND_SLASH)
            calldatacopy(add(scratch, 9), id.offset, id.length)
            mstore8(add(add(scratch, 9), id.length), 0x2f)
            same := eq(keccak256(add(denom, 0x20), length), keccak256(scratch, length))
        }
    }

    /// @dev Released, Minted or Refunded: they have the same fields.
    function _emit(bytes32 topic, Transfer memory t, address token) private {
        bytes32 clientHash = t.clientHash;
        address account = t.account;
        uint256 amount = t.amount;
        uint64 sequence = t.sequence;
        assembly ("memory-safe") {
            mstore(0x00, amount)
            mstore(0x20, sequence)
            log4(0x00, 0x40, topic, clientHash, token, account)
        }
    }
}
