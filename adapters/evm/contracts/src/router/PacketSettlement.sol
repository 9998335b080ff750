// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIBCApp} from "../interfaces/IIBCApp.sol";
import {IICS26Router, IICS26RouterBatch} from "../interfaces/IICS26Router.sol";
import {Outcome, Packet, Payload} from "../interfaces/Types.sol";
import {Ics24} from "../lib/Ics24.sol";
import {PacketCodec} from "../lib/PacketCodec.sol";
import {AppCalls} from "./AppCalls.sol";
import {RouterStorage} from "./RouterStorage.sol";

/// @title What becomes of one packet once its proof holds
/// @dev The order of the checks: NotOurs, Malformed, Duplicate, Expired or NotExpired, UnknownPort,
/// InsufficientGas. Memory behind the free pointer is used for one packet and given back.
abstract contract PacketSettlement is IICS26Router, IICS26RouterBatch, AppCalls {
    error Expired();
    error AppFailed();
    error InsufficientGas();
    error UnknownPort();
    error NotOurs();
    error Malformed();
    error NotExpired();

    /// @dev Most bytes of a payload's value.
    uint256 internal constant MAX_PAYLOAD = 262_144;

    /// @dev keccak256 of the identifiers of the client here and of its counterparty.
    struct Settlement {
        bytes32 clientHash;
        bytes32 counterpartyHash;
    }

    /// @dev In the calls for one packet everything but success and a duplicate reverts.
    function _require(Outcome outcome) internal pure {
        if (outcome == Outcome.Expired) revert Expired();
        if (outcome == Outcome.AppFailed) revert AppFailed();
        if (outcome == Outcome.InsufficientGas) revert InsufficientGas();
        if (outcome == Outcome.UnknownPort) revert UnknownPort();
        if (outcome == Outcome.NotOurs) revert NotOurs();
        if (outcome == Outcome.Malformed) revert Malformed();
        if (outcome == Outcome.NotExpired) revert NotExpired();
    }

    /// @dev In a batch everything but success is reported.
    function _report(Settlement memory s, Packet calldata packet, Outcome outcome) internal returns (Outcome) {
        if (outcome > Outcome.TimedOut) {
            bytes32 topic = PacketOutcome.selector;
            bytes32 clientHash = s.clientHash;
            uint64 sequence = packet.sequence;
            assembly ("memory-safe") {
                mstore(0x00, outcome)
                log3(0x00, 0x20, topic, clientHash, sequence)
            }
        }
        return outcome;
    }

    function _receive(Settlement memory s, Packet calldata packet) internal returns (Outcome) {
        if (keccak256(bytes(packet.sourceClient)) != s.counterpartyHash) return Outcome.NotOurs;
        if (_isMalformed(packet)) return Outcome.Malformed;
        mapping(bytes32 => bytes32) storage commitments = RouterStorage.store().commitments;
        bytes32 receiptKey = Ics24.key(packet.destClient, Ics24.RECEIPT, packet.sequence);
        if (commitments[receiptKey] != 0) {
            emit Noop();
            return Outcome.Duplicate;
        }
        if (block.timestamp >= packet.timeoutTimestamp) return Outcome.Expired;
        RouterStorage.App memory app = RouterStorage.apps().apps[packet.payloads[0].destPort];
        if (app.app == address(0)) return Outcome.UnknownPort;

        // Memory: 40, offset of the acknowledgements, packet | [frame's head] callback, then the answer.
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 packetEnd = PacketCodec.writePacket(buffer + 0x40, packet);
        uint256 callback = packetEnd + 0x84;
        uint256 callbackEnd =
            PacketCodec.writeCallback(callback, IIBCApp.onRecvPacket.selector, packet, msg.sender);
        bytes32 receipt;
        assembly ("memory-safe") {
            mstore(0x40, add(callbackEnd, 0x20))
            mstore(add(buffer, 0x20), 0x20)
            receipt := keccak256(add(buffer, 0x20), sub(packetEnd, add(buffer, 0x20)))
        }
        commitments[receiptKey] = receipt;
        (CallResult result, uint256 length) = _callInFrame(
            packetEnd + 0x60, app.app, app.callbackGasLimit, callback, callbackEnd - callback
        );
        assembly ("memory-safe") {
            // A long answer reaches past the callback.
            mstore(0x40, add(mload(0x40), length))
        }
        Outcome outcome = Outcome.InsufficientGas;
        if (result == CallResult.Starved) {
            delete commitments[receiptKey];
        } else {
            bytes32 commitment = Ics24.ERROR_ACK_COMMITMENT;
            if (result == CallResult.Failed) {
                _emitCallbackError(packetEnd, length);
                length = _writeErrorAck(packetEnd);
            } else {
                commitment = Ics24.commitAckAt(packetEnd + 0x60, length);
            }
            commitments[Ics24.key(packet.destClient, Ics24.ACKNOWLEDGEMENT, packet.sequence)] = commitment;
            _emitAcknowledgement(s.clientHash, packet.sequence, buffer, packetEnd, length);
            outcome = Outcome.Received;
        }
        assembly ("memory-safe") {
            mstore(0x40, buffer)
        }
        return outcome;
    }

    function _acknowledge(Settlement memory s, Packet calldata packet, bytes calldata ack)
        internal
        returns (Outcome)
    {
        if (keccak256(bytes(packet.destClient)) != s.counterpartyHash) return Outcome.NotOurs;
        if (_isMalformed(packet) || ack.length == 0) return Outcome.Malformed;
        (Outcome outcome, bytes32 key, bytes32 commitment) = _committed(packet);
        if (outcome != Outcome.None) return outcome;
        RouterStorage.App memory app = RouterStorage.apps().apps[packet.payloads[0].sourcePort];
        if (app.app == address(0)) return Outcome.UnknownPort;

        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 end = PacketCodec.writeAckCallback(
            buffer, IIBCApp.onAcknowledgementPacket.selector, packet, ack, msg.sender
        );
        outcome = _settle(key, commitment, app, buffer, end);
        if (outcome != Outcome.None) return outcome;
        _emitAck(AckPacket.selector, s.clientHash, packet, ack);
        return Outcome.Acknowledged;
    }

    function _timeOut(Settlement memory s, Packet calldata packet, uint256 time) internal returns (Outcome) {
        if (keccak256(bytes(packet.destClient)) != s.counterpartyHash) return Outcome.NotOurs;
        if (_isMalformed(packet)) return Outcome.Malformed;
        (Outcome outcome, bytes32 key, bytes32 commitment) = _committed(packet);
        if (outcome != Outcome.None) return outcome;
        if (time < packet.timeoutTimestamp) return Outcome.NotExpired;
        RouterStorage.App memory app = RouterStorage.apps().apps[packet.payloads[0].sourcePort];
        if (app.app == address(0)) return Outcome.UnknownPort;

        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 end =
            PacketCodec.writeCallback(buffer, IIBCApp.onTimeoutPacket.selector, packet, msg.sender);
        outcome = _settle(key, commitment, app, buffer, end);
        if (outcome != Outcome.None) return outcome;
        _emitTimeout(s.clientHash, packet);
        return Outcome.TimedOut;
    }

    /// @dev The packet is the one that was sent: otherwise the outcome says why not.
    function _committed(Packet calldata packet)
        private
        returns (Outcome outcome, bytes32 key, bytes32 commitment)
    {
        key = Ics24.key(packet.sourceClient, Ics24.COMMITMENT, packet.sequence);
        commitment = RouterStorage.store().commitments[key];
        if (commitment == 0) {
            emit Noop();
            return (Outcome.Duplicate, key, commitment);
        }
        if (commitment != Ics24.commitPacket(packet)) outcome = Outcome.NotOurs;
    }

    /// @dev Deletes the commitment and calls the application; puts it back if that fails.
    function _settle(
        bytes32 key,
        bytes32 commitment,
        RouterStorage.App memory app,
        uint256 callback,
        uint256 callbackEnd
    ) private returns (Outcome) {
        mapping(bytes32 => bytes32) storage commitments = RouterStorage.store().commitments;
        delete commitments[key];
        CallResult result = _call(app.app, app.callbackGasLimit, callback, callbackEnd - callback);
        if (result == CallResult.Success) return Outcome.None;
        commitments[key] = commitment;
        return result == CallResult.Failed ? Outcome.AppFailed : Outcome.InsufficientGas;
    }

    function _isMalformed(Packet calldata packet) private pure returns (bool) {
        return packet.sequence == 0 || packet.payloads.length != 1
            || packet.payloads[0].value.length > MAX_PAYLOAD;
    }

    /// @dev `IBCAppRecvPacketCallbackError(bytes)` with the reason that lies at `packetEnd + 60`.
    function _emitCallbackError(uint256 packetEnd, uint256 length) private {
        bytes32 topic = IBCAppRecvPacketCallbackError.selector;
        assembly ("memory-safe") {
            let reason := add(packetEnd, 0x60)
            mstore(add(reason, length), 0)
            mstore(add(packetEnd, 0x20), 0x20)
            mstore(add(packetEnd, 0x40), length)
            log1(add(packetEnd, 0x20), add(0x40, and(add(length, 31), not(31))), topic)
        }
    }

    /// @dev Puts the universal error acknowledgement at `packetEnd + 60`.
    function _writeErrorAck(uint256 packetEnd) private pure returns (uint256) {
        bytes32 ack = Ics24.ERROR_ACK;
        assembly ("memory-safe") {
            mstore(add(packetEnd, 0x60), ack)
        }
        return 32;
    }

    /// @dev `WriteAcknowledgement(clientId, sequence, packet, [ack])`; the packet stands at `buffer + 40` and
    /// the acknowledgement at `packetEnd + 60`.
    function _emitAcknowledgement(
        bytes32 clientHash,
        uint64 sequence,
        uint256 buffer,
        uint256 packetEnd,
        uint256 length
    ) private {
        bytes32 topic = WriteAcknowledgement.selector;
        assembly ("memory-safe") {
            let padded := and(add(length, 31), not(31))
            mstore(buffer, 0x40)
            mstore(add(buffer, 0x20), sub(packetEnd, buffer))
            mstore(packetEnd, 1)
            mstore(add(packetEnd, 0x20), 0x20)
            mstore(add(packetEnd, 0x40), length)
            mstore(add(add(packetEnd, 0x60), length), 0)
            log3(buffer, sub(add(add(packetEnd, 0x60), padded), buffer), topic, clientHash, sequence)
        }
    }

    /// @dev `AckPacket(clientId, sequence, packet, ack)`.
    function _emitAck(bytes32 topic, bytes32 clientHash, Packet calldata packet, bytes calldata ack) private {
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 packetEnd = PacketCodec.writePacket(buffer + 0x40, packet);
        uint256 end = PacketCodec.writeBytes(packetEnd, ack);
        uint64 sequence = packet.sequence;
        assembly ("memory-safe") {
            mstore(buffer, 0x40)
            mstore(add(buffer, 0x20), sub(packetEnd, buffer))
            log3(buffer, sub(end, buffer), topic, clientHash, sequence)
        }
    }

    /// @dev `TimeoutPacket(clientId, sequence, packet)`.
    function _emitTimeout(bytes32 clientHash, Packet calldata packet) private {
        bytes32 topic = TimeoutPacket.selector;
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 end = PacketCodec.writePacket(buffer + 0x20, packet);
        uint64 sequence = packet.sequence;
        assembly ("memory-safe") {
            mstore(buffer, 0x20)
            log3(buffer, sub(end, buffer), topic, clientHash, sequence)
        }
    }
}
