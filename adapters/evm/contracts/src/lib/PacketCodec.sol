// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Packet, Payload} from "../interfaces/Types.sol";

/// @title Canonical ABI encodings of packets and callbacks, written once into memory
/// @notice The functions write at a memory position and return the position behind what they wrote; none
/// allocates. A packet has exactly one payload here.
library PacketCodec {
    /// @notice The tuple of a packet.
    function writePacket(uint256 pos, Packet calldata packet) internal pure returns (uint256 next) {
        uint64 sequence = packet.sequence;
        uint64 timeout = packet.timeoutTimestamp;
        next = writeBytes(pos + 0xa0, bytes(packet.sourceClient));
        uint256 destination = next - pos;
        next = writeBytes(next, bytes(packet.destClient));
        assembly ("memory-safe") {
            mstore(pos, sequence)
            mstore(add(pos, 0x20), 0xa0)
            mstore(add(pos, 0x40), destination)
            mstore(add(pos, 0x60), timeout)
            mstore(add(pos, 0x80), sub(next, pos))
            mstore(next, 1)
            mstore(add(next, 0x20), 0x20)
        }
        next = writePayload(next + 0x40, packet.payloads[0]);
    }

    /// @notice The tuple of a payload.
    function writePayload(uint256 pos, Payload calldata payload) internal pure returns (uint256 next) {
        next = pos + 0xa0;
        _offset(pos, 0x00, next);
        next = writeBytes(next, bytes(payload.sourcePort));
        _offset(pos, 0x20, next);
        next = writeBytes(next, bytes(payload.destPort));
        _offset(pos, 0x40, next);
        next = writeBytes(next, bytes(payload.version));
        _offset(pos, 0x60, next);
        next = writeBytes(next, bytes(payload.encoding));
        _offset(pos, 0x80, next);
        next = writeBytes(next, payload.value);
    }

    /// @notice The arguments of onRecvPacket and onTimeoutPacket, from the selector on.
    function writeCallback(uint256 pos, bytes4 selector, Packet calldata packet, address relayer)
        internal
        pure
        returns (uint256 next)
    {
        uint64 sequence = packet.sequence;
        uint256 tuple = pos + 0x24;
        next = writeBytes(tuple + 0xa0, bytes(packet.sourceClient));
        uint256 destination = next - tuple;
        next = writeBytes(next, bytes(packet.destClient));
        assembly ("memory-safe") {
            mstore(pos, selector)
            mstore(add(pos, 0x04), 0x20)
            mstore(tuple, 0xa0)
            mstore(add(tuple, 0x20), destination)
            mstore(add(tuple, 0x40), sequence)
            mstore(add(tuple, 0x60), sub(next, tuple))
            mstore(add(tuple, 0x80), relayer)
        }
        next = writePayload(next, packet.payloads[0]);
    }

    /// @notice The arguments of onAcknowledgementPacket, from the selector on.
    function writeAckCallback(
        uint256 pos,
        bytes4 selector,
        Packet calldata packet,
        bytes calldata ack,
        address relayer
    ) internal pure returns (uint256 next) {
        uint64 sequence = packet.sequence;
        uint256 tuple = pos + 0x24;
        next = writeBytes(tuple + 0xc0, bytes(packet.sourceClient));
        uint256 destination = next - tuple;
        next = writeBytes(next, bytes(packet.destClient));
        assembly ("memory-safe") {
            mstore(pos, selector)
            mstore(add(pos, 0x04), 0x20)
            mstore(tuple, 0xc0)
            mstore(add(tuple, 0x20), destination)
            mstore(add(tuple, 0x40), sequence)
            mstore(add(tuple, 0x60), sub(next, tuple))
            mstore(add(tuple, 0xa0), relayer)
        }
        next = writePayload(next, packet.payloads[0]);
        _offset(tuple, 0x80, next);
        next = writeBytes(next, ack);
    }

    /// @notice A `bytes` value: length, content, zero padding.
    function writeBytes(uint256 pos, bytes calldata data) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            let length := data.length
            mstore(pos, length)
            next := add(add(pos, 0x20), and(add(length, 31), not(31)))
            if length {
                mstore(sub(next, 0x20), 0)
                calldatacopy(add(pos, 0x20), data.offset, length)
            }
        }
    }

    function _offset(uint256 tuple, uint256 field, uint256 target) private pure {
        assembly ("memory-safe") {
            mstore(add(tuple, field), sub(target, tuple))
        }
    }
}
