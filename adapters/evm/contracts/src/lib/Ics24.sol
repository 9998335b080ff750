// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Packet, Payload} from "../interfaces/Types.sol";

/// @title Paths, commitments and identifiers of IBC v2
/// @notice `path = clientId ‖ kind ‖ u64be(sequence)`; commitments are SHA-256 (precompile 2).
library Ics24 {
    /// @dev ERC-7201 slot of `ibc.storage.IBCStore`: +0 commitments, +1 last sent sequences.
    bytes32 internal constant IBC_STORE = 0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600;

    /// @dev sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT")
    bytes32 internal constant ERROR_ACK = 0x4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab;

    /// @dev keccak256 of the 32 bytes of ERROR_ACK
    bytes32 internal constant ERROR_ACK_KECCAK =
        0x18f5c2b36f2a647b6aa6a059595401280a95cdc44affc0433c543781ad7afc95;

    /// @dev commitment of the acknowledgement list [ERROR_ACK]
    bytes32 internal constant ERROR_ACK_COMMITMENT =
        0xe2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7;

    uint256 internal constant COMMITMENT = 1;
    uint256 internal constant RECEIPT = 2;
    uint256 internal constant ACKNOWLEDGEMENT = 3;

    /// @notice `prefix ‖ clientId ‖ kind ‖ u64be(sequence)`.
    function path(bytes memory prefix, string calldata clientId, uint256 kind, uint64 sequence)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(prefix, clientId, uint8(kind), sequence);
    }

    /// @notice keccak256 of a path of this chain.
    function key(string calldata clientId, uint256 kind, uint64 sequence)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes calldata id = bytes(clientId);
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, id.offset, id.length)
            mstore(add(scratch, id.length), or(shl(248, kind), shl(184, sequence)))
            hash := keccak256(scratch, add(id.length, 9))
        }
    }

    /// @notice Storage slot of a commitment in a router's account.
    function slot(bytes32 pathHash) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, pathHash)
            mstore(0x20, IBC_STORE)
            hash := keccak256(0x00, 0x40)
        }
    }

    /// @notice `sha256(02 ‖ sha256(destClient) ‖ sha256(u64be(timeout)) ‖ sha256(hashPayload…))`.
    function commitPacket(Packet calldata packet) internal view returns (bytes32) {
        uint256 n = packet.payloads.length;
        bytes memory hashes = new bytes(32 * n);
        for (uint256 i = 0; i < n; ++i) {
            bytes32 hash = hashPayload(packet.payloads[i]);
            assembly ("memory-safe") {
                mstore(add(add(hashes, 32), shl(5, i)), hash)
            }
        }
        return _commit(sha256Of(bytes(packet.destClient)), packet.timeoutTimestamp, sha256(hashes));
    }

    /// @notice The commitment of a packet with one payload.
    function commitPacket(string memory destClient, uint64 timeout, Payload calldata payload)
        internal
        view
        returns (bytes32)
    {
        return _commit(sha256(bytes(destClient)), timeout, sha256(abi.encode(hashPayload(payload))));
    }

    function _commit(bytes32 destClientHash, uint64 timeout, bytes32 payloads)
        private
        pure
        returns (bytes32)
    {
        return sha256(abi.encodePacked(uint8(2), destClientHash, sha256(abi.encodePacked(timeout)), payloads));
    }

    /// @notice sha256 over the sha256 of the five fields.
    function hashPayload(Payload calldata payload) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(
                sha256Of(bytes(payload.sourcePort)),
                sha256Of(bytes(payload.destPort)),
                sha256Of(bytes(payload.version)),
                sha256Of(bytes(payload.encoding)),
                sha256Of(payload.value)
            )
        );
    }

    /// @notice `sha256(02 ‖ sha256(ack) …)` of a list of acknowledgements in calldata.
    function commitAcks(bytes[] calldata acks) internal view returns (bytes32) {
        uint256 n = acks.length;
        bytes memory joined = new bytes(1 + 32 * n);
        joined[0] = 0x02;
        for (uint256 i = 0; i < n; ++i) {
            bytes32 hash = sha256Of(acks[i]);
            assembly ("memory-safe") {
                mstore(add(add(joined, 33), shl(5, i)), hash)
            }
        }
        return sha256(joined);
    }

    /// @notice `sha256(02 ‖ sha256(ack))` of one acknowledgement in calldata.
    function commitAck(bytes calldata ack) internal view returns (bytes32) {
        return sha256(abi.encodePacked(uint8(2), sha256Of(ack)));
    }

    /// @notice The same of one acknowledgement at a memory position.
    function commitAckAt(uint256 pos, uint256 length) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let ok := staticcall(gas(), 2, pos, length, 0x01, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            mstore8(0x00, 0x02)
            ok := and(ok, staticcall(gas(), 2, 0x00, 0x21, 0x00, 0x20))
            if iszero(and(ok, eq(returndatasize(), 0x20))) { revert(0, 0) }
            hash := mload(0x00)
        }
    }

    /// @notice sha256 of bytes in calldata.
    function sha256Of(bytes calldata data) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, data.offset, data.length)
            if iszero(staticcall(gas(), 2, scratch, data.length, 0x00, 0x20)) { revert(0, 0) }
            // A starved precompile reverts above; a missing one would return nothing.
            if iszero(eq(returndatasize(), 0x20)) { revert(0, 0) }
            hash := mload(0x00)
        }
    }

    /// @notice Letters, digits and `. _ + - # [ ] < >`, within the lengths given.
    function isIdentifier(bytes calldata id, uint256 min, uint256 max) internal pure returns (bool) {
        if (id.length < min || id.length > max) return false;
        for (uint256 i = 0; i < id.length; ++i) {
            if ((ALLOWED >> uint8(id[i])) & 1 == 0) return false;
        }
        return true;
    }

    /// @dev Bit n is set if the character n is allowed.
    uint256 private constant ALLOWED = 0x7fffffeaffffffe53ff680800000000;
}
