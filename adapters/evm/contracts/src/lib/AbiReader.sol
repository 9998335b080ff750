// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Canonical ABI encodings, read in calldata
/// @notice Only what `abi.encode` gives is accepted: offsets in order, no gaps, zero padding.
library AbiReader {
    /// @notice Not the canonical encoding of the message that belongs here.
    error MalformedMessage();

    /// @notice A `bytes` or `string` at `at`: length, content, zero padding. `next` is the position behind it.
    function bytesAt(uint256 pos, uint256 end)
        internal
        pure
        returns (uint256 start, uint256 length, uint256 next)
    {
        unchecked {
            if (pos + 0x20 > end) revert MalformedMessage();
            length = word(pos);
            start = pos + 0x20;
            if (length > end - start) revert MalformedMessage();
            next = start + ((length + 31) & ~uint256(31));
            if (next > end) revert MalformedMessage();
            if (length & 31 != 0 && (word(next - 32) << (8 * (length & 31))) != 0) revert MalformedMessage();
        }
    }

    /// @notice The same as a slice, with the offset word at `head` (relative to `tuple`) checked.
    function field(uint256 tuple, uint256 head, uint256 pos, uint256 end)
        internal
        pure
        returns (bytes calldata value, uint256 next)
    {
        unchecked {
            if (word(tuple + head) != pos - tuple) revert MalformedMessage();
            uint256 start;
            uint256 length;
            (start, length, next) = bytesAt(pos, end);
            assembly ("memory-safe") {
                value.offset := start
                value.length := length
            }
        }
    }

    /// @notice Opens a message that is one dynamic tuple: where the tuple starts and where the message ends.
    function open(bytes calldata message, uint256 heads) internal pure returns (uint256 tuple, uint256 end) {
        assembly ("memory-safe") {
            tuple := add(message.offset, 0x20)
            end := add(message.offset, message.length)
        }
        if (message.length < 0x20 + heads || word(tuple - 0x20) != 0x20) revert MalformedMessage();
    }

    function word(uint256 pos) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(pos)
        }
    }
}
