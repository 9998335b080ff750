// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Packet, Payload} from "../interfaces/Types.sol";
import {Ics24} from "./Ics24.sol";

/// @title A packet in calldata, looked up once: where each of its parts lies
/// @notice Commits to it, and writes its canonical ABI encoding and the callbacks' arguments into memory.
library PacketCodec {
    /// @dev The payload's parts are those of the first payload, and empty if there is none.
    struct View {
        uint256 sequence;
        uint256 timeout;
        uint256 payloads;
        uint256 source;
        uint256 sourceLength;
        uint256 dest;
        uint256 destLength;
        uint256 sourcePort;
        uint256 sourcePortLength;
        uint256 destPort;
        uint256 destPortLength;
        uint256 version;
        uint256 versionLength;
        uint256 encoding;
        uint256 encodingLength;
        uint256 value;
        uint256 valueLength;
    }

    /// @notice Looks a packet up.
    function open(Packet calldata packet) internal pure returns (View memory v) {
        v.sequence = packet.sequence;
        v.timeout = packet.timeoutTimestamp;
        (v.source, v.sourceLength) = _slice(bytes(packet.sourceClient));
        (v.dest, v.destLength) = _slice(bytes(packet.destClient));
        Payload[] calldata payloads = packet.payloads;
        v.payloads = payloads.length;
        if (payloads.length == 0) return v;
        Payload calldata payload = payloads[0];
        (v.sourcePort, v.sourcePortLength) = _slice(bytes(payload.sourcePort));
        (v.destPort, v.destPortLength) = _slice(bytes(payload.destPort));
        (v.version, v.versionLength) = _slice(bytes(payload.version));
        (v.encoding, v.encodingLength) = _slice(bytes(payload.encoding));
        (v.value, v.valueLength) = _slice(payload.value);
    }

    function _slice(bytes calldata data) private pure returns (uint256 start, uint256 length) {
        assembly ("memory-safe") {
            start := data.offset
            length := data.length
        }
    }

    /// @notice The commitment; `packet` is what `v` was opened from.
    function commit(View memory v, Packet calldata packet) internal view returns (bytes32 hash) {
        if (v.payloads != 1) return Ics24.commitPacket(packet);
        assembly ("memory-safe") {
            // sha256 of memory to memory; no answer, or none of 32 bytes, is no precompile.
            function sha(from, length, to) {
                let ok := staticcall(gas(), 2, from, length, to, 0x20)
                if iszero(and(ok, eq(returndatasize(), 0x20))) { revert(0, 0) }
            }
            // sha256 of the part of calldata that a field of the view names.
            function part(field, scratch, to) {
                let length := mload(add(field, 0x20))
                calldatacopy(scratch, mload(field), length)
                sha(scratch, length, to)
            }
            let out := mload(0x40)
            let scratch := add(out, 0xa0)
            part(add(v, 0xe0), scratch, out)
            part(add(v, 0x120), scratch, add(out, 0x20))
            part(add(v, 0x160), scratch, add(out, 0x40))
            part(add(v, 0x1a0), scratch, add(out, 0x60))
            part(add(v, 0x1e0), scratch, add(out, 0x80))
            sha(out, 0xa0, scratch)
            // 02 ‖ destination client ‖ timeout ‖ payloads
            mstore8(out, 0x02)
            sha(scratch, 0x20, add(out, 0x41))
            mstore(scratch, shl(192, mload(add(v, 0x20))))
            sha(scratch, 0x08, add(out, 0x21))
            part(add(v, 0xa0), scratch, add(out, 0x01))
            sha(out, 0x61, out)
            hash := mload(out)
        }
    }

    /// @notice keccak256 of `clientId ‖ kind ‖ u64be(sequence)` for a client that a field of the view names.
    function key(uint256 client, uint256 clientLength, uint256 kind, uint256 sequence)
        internal
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, client, clientLength)
            mstore(add(scratch, clientLength), or(shl(248, kind), shl(184, sequence)))
            hash := keccak256(scratch, add(clientLength, 9))
        }
    }

    /// @notice keccak256 of a part of calldata.
    function hashOf(uint256 start, uint256 length) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, start, length)
            hash := keccak256(scratch, length)
        }
    }

    /// @notice Writes the tuple of the packet at `tuple` and returns the position behind it. Allocates nothing.
    function write(uint256 tuple, View memory v) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            // Length, content, zero padding.
            function part(field, to) -> end {
                let length := mload(add(field, 0x20))
                mstore(to, length)
                end := add(add(to, 0x20), and(add(length, 31), not(31)))
                if length {
                    mstore(sub(end, 0x20), 0)
                    calldatacopy(add(to, 0x20), mload(field), length)
                }
            }
            mstore(tuple, mload(v))
            mstore(add(tuple, 0x20), 0xa0)
            next := part(add(v, 0x60), add(tuple, 0xa0))
            mstore(add(tuple, 0x40), sub(next, tuple))
            next := part(add(v, 0xa0), next)
            mstore(add(tuple, 0x60), mload(add(v, 0x20)))
            mstore(add(tuple, 0x80), sub(next, tuple))
            // One payload, its tuple right behind the list's only offset.
            mstore(next, 1)
            mstore(add(next, 0x20), 0x20)
            let payload := add(next, 0x40)
            next := add(payload, 0xa0)
            for { let i := 0 } lt(i, 5) { i := add(i, 1) } {
                mstore(add(payload, shl(5, i)), sub(next, payload))
                next := part(add(add(v, 0xe0), shl(6, i)), next)
            }
        }
    }

    /// @notice Turns the written packet into the arguments of onRecvPacket or onTimeoutPacket: another head over
    /// the same tails. The selector stands at `tuple - 24`. `write`'s head is put back by `restore`.
    function toCallback(uint256 tuple, bytes4 selector, View memory v, address relayer) internal pure {
        assembly ("memory-safe") {
            let destination := mload(add(tuple, 0x40))
            let payload := add(mload(add(tuple, 0x80)), 0x40)
            mstore(sub(tuple, 0x24), selector)
            mstore(sub(tuple, 0x20), 0x20)
            mstore(tuple, 0xa0)
            mstore(add(tuple, 0x20), destination)
            mstore(add(tuple, 0x40), mload(v))
            mstore(add(tuple, 0x60), payload)
            mstore(add(tuple, 0x80), relayer)
        }
    }

    /// @notice The same for onAcknowledgementPacket, whose head is a word longer and starts at `tuple - 20`; the
    /// selector stands at `tuple - 44`, and the acknowledgement (length, content) at `ack`.
    function toAckCallback(uint256 tuple, bytes4 selector, View memory v, uint256 ack, address relayer)
        internal
        pure
    {
        assembly ("memory-safe") {
            let destination := add(mload(add(tuple, 0x40)), 0x20)
            let payload := add(mload(add(tuple, 0x80)), 0x60)
            let head := sub(tuple, 0x20)
            mstore(sub(head, 0x24), selector)
            mstore(sub(head, 0x20), 0x20)
            mstore(head, 0xc0)
            mstore(add(head, 0x20), destination)
            mstore(add(head, 0x40), mload(v))
            mstore(add(head, 0x60), payload)
            mstore(add(head, 0x80), sub(ack, head))
            mstore(add(head, 0xa0), relayer)
        }
    }

    /// @notice Puts back the packet's own head; `payloads` is the offset of its list of payloads.
    function restore(uint256 tuple, View memory v, uint256 destination, uint256 payloads) internal pure {
        assembly ("memory-safe") {
            mstore(tuple, mload(v))
            mstore(add(tuple, 0x20), 0xa0)
            mstore(add(tuple, 0x40), destination)
            mstore(add(tuple, 0x60), mload(add(v, 0x20)))
            mstore(add(tuple, 0x80), payloads)
        }
    }

    /// @notice Writes a `bytes` value (length, content, zero padding) and returns the position behind it.
    function writeBytes(uint256 to, bytes calldata data) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            let length := data.length
            mstore(to, length)
            next := add(add(to, 0x20), and(add(length, 31), not(31)))
            if length {
                mstore(sub(next, 0x20), 0)
                calldatacopy(add(to, 0x20), data.offset, length)
            }
        }
    }
}
