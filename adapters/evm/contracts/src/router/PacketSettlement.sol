// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIBCApp} from "../interfaces/IIBCApp.sol";
import {IICS26Router, IICS26RouterBatch} from "../interfaces/IICS26Router.sol";
import {ILightClientBatch} from "../interfaces/ILightClient.sol";
import {Outcome, Packet} from "../interfaces/Types.sol";
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

    /// @dev A client here, and keccak256 of its identifier and of its counterparty's.
    struct Settlement {
        ILightClientBatch client;
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
    function _report(Settlement memory s, PacketCodec.View memory v, Outcome outcome)
        internal
        returns (Outcome)
    {
        if (outcome > Outcome.TimedOut) {
            bytes32 topic = PacketOutcome.selector;
            bytes32 clientHash = s.clientHash;
            uint256 sequence = v.sequence;
            assembly ("memory-safe") {
                mstore(0x00, outcome)
                log3(0x00, 0x20, topic, clientHash, sequence)
            }
        }
        return outcome;
    }

    function _receive(Settlement memory s, PacketCodec.View memory v) internal returns (Outcome) {
        if (PacketCodec.hashOf(v.source, v.sourceLength) != s.counterpartyHash) return Outcome.NotOurs;
        if (_isMalformed(v)) return Outcome.Malformed;
        bytes32 receiptSlot = Ics24.slot(PacketCodec.key(v.dest, v.destLength, Ics24.RECEIPT, v.sequence));
        if (_load(receiptSlot) != 0) {
            emit Noop();
            return Outcome.Duplicate;
        }
        if (block.timestamp >= v.timeout) return Outcome.Expired;
        (address app, uint256 limit) = _app(v.destPort, v.destPortLength);
        if (app == address(0)) return Outcome.UnknownPort;

        // Memory: the frame's head, the callback's selector, the packet's tuple, then the answer.
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 tuple = buffer + 0xa8;
        uint256 packetEnd = PacketCodec.write(tuple, v);
        bytes32 receipt;
        uint256 destination;
        uint256 payloads;
        assembly ("memory-safe") {
            mstore(0x40, add(packetEnd, 0x200))
            mstore(sub(tuple, 0x20), 0x20)
            receipt := keccak256(sub(tuple, 0x20), sub(packetEnd, sub(tuple, 0x20)))
            destination := mload(add(tuple, 0x40))
            payloads := mload(add(tuple, 0x80))
        }
        _save(receiptSlot, receipt);
        PacketCodec.toCallback(tuple, IIBCApp.onRecvPacket.selector, v, msg.sender);
        (CallResult result, uint256 length) =
            _callInFrame(packetEnd + 0x60, app, limit, tuple - 0x24, packetEnd - tuple + 0x24);
        if (result == CallResult.Starved) {
            _save(receiptSlot, 0);
            _free(buffer);
            return Outcome.InsufficientGas;
        }
        bytes32 commitment = Ics24.ERROR_ACK_COMMITMENT;
        if (result == CallResult.Failed) {
            _emitCallbackError(packetEnd, length);
            length = _writeErrorAck(packetEnd);
        } else {
            commitment = Ics24.commitAckAt(packetEnd + 0x60, length);
        }
        PacketCodec.restore(tuple, v, destination, payloads);
        _emitAcknowledgement(s.clientHash, v.sequence, tuple - 0x40, packetEnd, length);
        _free(buffer);
        _save(
            Ics24.slot(PacketCodec.key(v.dest, v.destLength, Ics24.ACKNOWLEDGEMENT, v.sequence)), commitment
        );
        return Outcome.Received;
    }

    function _acknowledge(
        Settlement memory s,
        PacketCodec.View memory v,
        Packet calldata packet,
        bytes calldata ack
    ) internal returns (Outcome) {
        if (PacketCodec.hashOf(v.dest, v.destLength) != s.counterpartyHash) {
            return Outcome.NotOurs;
        }
        if (_isMalformed(v) || ack.length == 0) return Outcome.Malformed;
        (Outcome outcome, bytes32 slot, bytes32 commitment) = _committed(v, packet);
        if (outcome != Outcome.None) return outcome;
        (address app, uint256 limit) = _app(v.sourcePort, v.sourcePortLength);
        if (app == address(0)) return Outcome.UnknownPort;

        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 tuple = buffer + 0x60;
        uint256 packetEnd = PacketCodec.write(tuple, v);
        uint256 end = PacketCodec.writeBytes(packetEnd, ack);
        uint256 destination;
        uint256 payloads;
        assembly ("memory-safe") {
            mstore(0x40, end)
            destination := mload(add(tuple, 0x40))
            payloads := mload(add(tuple, 0x80))
        }
        PacketCodec.toAckCallback(tuple, IIBCApp.onAcknowledgementPacket.selector, v, packetEnd, msg.sender);
        outcome = _settle(slot, commitment, app, limit, tuple - 0x44, end);
        if (outcome == Outcome.None) {
            PacketCodec.restore(tuple, v, destination, payloads);
            _emitSettled(AckPacket.selector, s.clientHash, v.sequence, tuple - 0x40, packetEnd, end);
            outcome = Outcome.Acknowledged;
        }
        _free(buffer);
        return outcome;
    }

    function _timeOut(Settlement memory s, PacketCodec.View memory v, Packet calldata packet, uint256 time)
        internal
        returns (Outcome)
    {
        if (PacketCodec.hashOf(v.dest, v.destLength) != s.counterpartyHash) return Outcome.NotOurs;
        if (_isMalformed(v)) return Outcome.Malformed;
        (Outcome outcome, bytes32 slot, bytes32 commitment) = _committed(v, packet);
        if (outcome != Outcome.None) return outcome;
        if (time < v.timeout) return Outcome.NotExpired;
        (address app, uint256 limit) = _app(v.sourcePort, v.sourcePortLength);
        if (app == address(0)) return Outcome.UnknownPort;

        uint256 buffer;
        assembly ("memory-safe") {
            buffer := mload(0x40)
        }
        uint256 tuple = buffer + 0x40;
        uint256 end = PacketCodec.write(tuple, v);
        uint256 destination;
        uint256 payloads;
        assembly ("memory-safe") {
            mstore(0x40, end)
            destination := mload(add(tuple, 0x40))
            payloads := mload(add(tuple, 0x80))
        }
        PacketCodec.toCallback(tuple, IIBCApp.onTimeoutPacket.selector, v, msg.sender);
        outcome = _settle(slot, commitment, app, limit, tuple - 0x24, end);
        if (outcome == Outcome.None) {
            PacketCodec.restore(tuple, v, destination, payloads);
            _emitSettled(TimeoutPacket.selector, s.clientHash, v.sequence, tuple - 0x20, 0, end);
            outcome = Outcome.TimedOut;
        }
        _free(buffer);
        return outcome;
    }

    /// @dev The packet is the one that was sent: otherwise the outcome says why not.
    function _committed(PacketCodec.View memory v, Packet calldata packet)
        private
        returns (Outcome outcome, bytes32 slot, bytes32 commitment)
    {
        slot = Ics24.slot(PacketCodec.key(v.source, v.sourceLength, Ics24.COMMITMENT, v.sequence));
        commitment = _load(slot);
        if (commitment == 0) {
            emit Noop();
            return (Outcome.Duplicate, slot, commitment);
        }
        if (commitment != PacketCodec.commit(v, packet)) outcome = Outcome.NotOurs;
    }

    /// @dev Deletes the commitment and calls the application; puts it back if that fails.
    function _settle(
        bytes32 slot,
        bytes32 commitment,
        address app,
        uint256 limit,
        uint256 callback,
        uint256 callbackEnd
    ) private returns (Outcome) {
        _save(slot, 0);
        CallResult result = _call(app, limit, callback, callbackEnd - callback);
        if (result == CallResult.Success) return Outcome.None;
        _save(slot, commitment);
        return result == CallResult.Failed ? Outcome.AppFailed : Outcome.InsufficientGas;
    }

    function _isMalformed(PacketCodec.View memory v) private pure returns (bool) {
        return v.sequence == 0 || v.payloads != 1 || v.valueLength > MAX_PAYLOAD;
    }

    /// @dev The application at a port named in calldata, and its gas: one slot of `RouterStorage.Apps`.
    function _app(uint256 port, uint256 portLength) private view returns (address app, uint256 limit) {
        bytes32 apps = RouterStorage.ROUTER;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, port, portLength)
            mstore(add(scratch, portLength), apps)
            let entry := sload(keccak256(scratch, add(portLength, 0x20)))
            app := and(entry, 0xffffffffffffffffffffffffffffffffffffffff)
            limit := and(shr(160, entry), 0xffffffffffffffff)
        }
    }

    function _load(bytes32 slot) private view returns (bytes32 value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    function _save(bytes32 slot, bytes32 value) private {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }

    /// @dev Gives the memory of one packet back.
    function _free(uint256 buffer) private pure {
        assembly ("memory-safe") {
            mstore(0x40, buffer)
        }
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

    /// @dev `WriteAcknowledgement(clientId, sequence, packet, [ack])`; the packet stands at `data + 40` and the
    /// acknowledgement at `packetEnd + 60`.
    function _emitAcknowledgement(
        bytes32 clientHash,
        uint256 sequence,
        uint256 data,
        uint256 packetEnd,
        uint256 length
    ) private {
        bytes32 topic = WriteAcknowledgement.selector;
        assembly ("memory-safe") {
            let padded := and(add(length, 31), not(31))
            mstore(data, 0x40)
            mstore(add(data, 0x20), sub(packetEnd, data))
            mstore(packetEnd, 1)
            mstore(add(packetEnd, 0x20), 0x20)
            mstore(add(packetEnd, 0x40), length)
            mstore(add(add(packetEnd, 0x60), length), 0)
            log3(data, sub(add(add(packetEnd, 0x60), padded), data), topic, clientHash, sequence)
        }
    }

    /// @dev `AckPacket` or `TimeoutPacket`: an offset of the packet, with an acknowledgement another one, then the
    /// tails up to `end`.
    function _emitSettled(
        bytes32 topic,
        bytes32 clientHash,
        uint256 sequence,
        uint256 data,
        uint256 ack,
        uint256 end
    ) private {
        assembly ("memory-safe") {
            switch ack
            case 0 { mstore(data, 0x20) }
            default {
                mstore(data, 0x40)
                mstore(add(data, 0x20), sub(ack, data))
            }
            log3(data, sub(end, data), topic, clientHash, sequence)
        }
    }
}
