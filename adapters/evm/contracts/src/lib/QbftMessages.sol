// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AbiReader} from "./AbiReader.sol";

/// @title The QBFT client's messages, read in calldata
/// @notice Accepts exactly what `abi.encode` of the struct gives: offsets in order, no gaps, zero padding,
/// numbers of 64 bits, nothing after the end.
library QbftMessages {
    /// @dev Positions are calldata offsets.
    struct Update {
        uint256 header;
        uint256 headerLength;
        uint256 trustedHeight;
        uint256 trustedTimestamp;
        bytes32 trustedStorageRoot;
        bytes32 trustedValidatorsHash;
        uint256 trustedValidators;
        uint256 trustedValidatorsLength;
        uint256 accountProof;
        uint256 accountProofLength;
    }

    /// @notice Reads `abi.encode(UpdateMessage)`.
    function update(bytes calldata message) internal pure returns (Update memory u) {
        uint256 pos;
        assembly ("memory-safe") {
            pos := message.offset
        }
        uint256 end = pos + message.length;
        if (message.length < 0x20 || AbiReader.word(pos) != 0x20) revert AbiReader.MalformedMessage();
        if (_update(u, pos + 0x20, end) != end) revert AbiReader.MalformedMessage();
    }

    /// @notice Reads `abi.encode(Misbehaviour)`.
    function misbehaviour(bytes calldata message) internal pure returns (Update memory a, Update memory b) {
        uint256 pos;
        assembly ("memory-safe") {
            pos := message.offset
        }
        uint256 end = pos + message.length;
        if (message.length < 0x60 || AbiReader.word(pos) != 0x20 || AbiReader.word(pos + 0x20) != 0x40) {
            revert AbiReader.MalformedMessage();
        }
        uint256 second = AbiReader.word(pos + 0x40);
        uint256 next = _update(a, pos + 0x60, end);
        if (second != next - pos - 0x20) revert AbiReader.MalformedMessage();
        if (_update(b, next, end) != end) revert AbiReader.MalformedMessage();
    }

    /// @notice Reads `abi.encode(MembershipProof)`.
    function membershipProof(bytes calldata message)
        internal
        pure
        returns (uint256 timestamp, bytes32 storageRoot, bytes32 consensusHash, bytes calldata nodes)
    {
        uint256 pos;
        assembly ("memory-safe") {
            pos := message.offset
        }
        uint256 end = pos + message.length;
        if (message.length < 0xc0 || AbiReader.word(pos) != 0x20 || AbiReader.word(pos + 0x80) != 0x80) {
            revert AbiReader.MalformedMessage();
        }
        timestamp = AbiReader.word(pos + 0x20);
        if (timestamp > type(uint64).max) revert AbiReader.MalformedMessage();
        storageRoot = bytes32(AbiReader.word(pos + 0x40));
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, add(pos, 0x20), 0x60)
            consensusHash := keccak256(scratch, 0x60)
        }
        (uint256 start, uint256 length, uint256 next) = AbiReader.bytesAt(pos + 0xa0, end);
        if (next != end) revert AbiReader.MalformedMessage();
        assembly ("memory-safe") {
            nodes.offset := start
            nodes.length := length
        }
    }

    /// @dev The tuple of an UpdateMessage at `at`; returns where it ends.
    function _update(Update memory u, uint256 pos, uint256 end) private pure returns (uint256 next) {
        if (pos + 0xe0 > end) revert AbiReader.MalformedMessage();
        u.trustedHeight = AbiReader.word(pos + 0x20);
        u.trustedTimestamp = AbiReader.word(pos + 0x40);
        u.trustedStorageRoot = bytes32(AbiReader.word(pos + 0x60));
        u.trustedValidatorsHash = bytes32(AbiReader.word(pos + 0x80));
        if (u.trustedHeight > type(uint64).max || u.trustedTimestamp > type(uint64).max) {
            revert AbiReader.MalformedMessage();
        }
        if (AbiReader.word(pos) != 0xe0) revert AbiReader.MalformedMessage();
        (u.header, u.headerLength, next) = AbiReader.bytesAt(pos + 0xe0, end);
        if (AbiReader.word(pos + 0xa0) != next - pos) revert AbiReader.MalformedMessage();
        (u.trustedValidators, u.trustedValidatorsLength, next) = AbiReader.bytesAt(next, end);
        if (AbiReader.word(pos + 0xc0) != next - pos) revert AbiReader.MalformedMessage();
        (u.accountProof, u.accountProofLength, next) = AbiReader.bytesAt(next, end);
    }
}
