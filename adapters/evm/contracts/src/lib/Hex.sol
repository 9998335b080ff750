// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Addresses as text: `0x` and 40 hexadecimal digits
library Hex {
    bytes16 private constant DIGITS = "0123456789abcdef";

    /// @notice Lower case, with `0x`.
    function fromAddress(address value) internal pure returns (string memory text) {
        text = string(encode(abi.encodePacked(value)));
    }

    /// @notice Lower case, with `0x`.
    function encode(bytes memory data) internal pure returns (bytes memory text) {
        text = new bytes(2 + 2 * data.length);
        text[0] = "0";
        text[1] = "x";
        bytes16 digits = DIGITS;
        uint256 length = data.length;
        assembly ("memory-safe") {
            let out := add(text, 34)
            for {
                let pos := add(data, 32)
                let end := add(pos, length)
            } lt(pos, end) { pos := add(pos, 1) } {
                let b := byte(0, mload(pos))
                mstore8(out, byte(shr(4, b), digits))
                mstore8(add(out, 1), byte(and(b, 0x0f), digits))
                out := add(out, 2)
            }
        }
    }

    /// @notice Reads `0x` and 40 digits of either case. `ok` is false for anything else.
    function toAddress(bytes calldata text) internal pure returns (address value, bool ok) {
        (value, ok,) = _parse(text);
    }

    /// @notice The same for lower case only, as a base denomination is written.
    function toAddressLowerCase(bytes calldata text) internal pure returns (address value, bool ok) {
        bool lower;
        (value, ok, lower) = _parse(text);
        ok = ok && lower;
    }

    /// @dev 32 characters at a time: the first 32 digits, and the last 32, which overlap.
    function _parse(bytes calldata text) private pure returns (address value, bool ok, bool lower) {
        if (text.length != 42) return (address(0), false, false);
        uint256 prefix;
        uint256 head;
        uint256 tail;
        assembly ("memory-safe") {
            prefix := shr(240, calldataload(text.offset))
            head := calldataload(add(text.offset, 2))
            tail := calldataload(add(text.offset, 10))
        }
        (uint256 high, bool highOk, bool highLower) = _digits(head);
        (uint256 low, bool lowOk, bool lowLower) = _digits(tail);
        ok = prefix == 0x3078 && highOk && lowOk;
        lower = highLower && lowLower;
        value = ok ? address(uint160((high << 32) | (low & 0xffffffff))) : address(0);
    }

    /// @dev The number that 32 hexadecimal characters write, in 16 bytes. Each byte of a word is one character.
    function _digits(uint256 word) private pure returns (uint256 value, bool ok, bool lower) {
        unchecked {
            uint256 ones = type(uint256).max / 0xff;
            // 1 where bit 6 is set, as in letters.
            uint256 letters = (word >> 6) & ones;
            lower = letters & ~(word >> 5) == 0;
            // High half: 3 for digits, 6 (4 in upper case) for letters.
            ok = (word | (letters << 5)) & (ones * 0xf0) == 0x30 * (ones + letters);
            value = (word & (ones * 0x0f)) + 9 * letters;
            // Letters are 10 to 15, digits 0 to 9.
            ok = ok && value & (ones * 0x10) == 0 && ((value + 6 * ones) >> 4) & ones == letters;
            value = (value | (value >> 4)) & (type(uint256).max / 0xffff * 0xff);
            value = (value | (value >> 8)) & (type(uint256).max / 0xffffffff * 0xffff);
            value = (value | (value >> 16)) & (type(uint256).max / type(uint64).max * 0xffffffff);
            value = (value | (value >> 32)) & (type(uint256).max / type(uint128).max * type(uint64).max);
            value = (value | (value >> 64)) & type(uint128).max;
        }
    }
}
