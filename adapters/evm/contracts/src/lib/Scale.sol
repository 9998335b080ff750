// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Numbers in SCALE, read in calldata
library Scale {
    /// @notice Four bytes, little-endian.
    function u32(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let word := calldataload(position)
            value := or(byte(0, word), shl(8, byte(1, word)))
            value := or(value, or(shl(16, byte(2, word)), shl(24, byte(3, word))))
        }
    }

    /// @notice Eight bytes, little-endian.
    function u64(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(position))
            value := or(and(shl(8, value), 0xff00ff00ff00ff00), and(shr(8, value), 0x00ff00ff00ff00ff))
            value := or(and(shl(16, value), 0xffff0000ffff0000), and(shr(16, value), 0x0000ffff0000ffff))
            value := or(shl(32, and(value, 0xffffffff)), shr(32, value))
        }
    }

    /// @notice A compact number below 2¹⁴ in its shortest form, and the position after it. For anything else
    /// the position is the highest there is, which no end of a message reaches.
    function compact(uint256 position) internal pure returns (uint256 value, uint256 next) {
        assembly ("memory-safe") {
            let word := calldataload(position)
            let head := byte(0, word)
            next := not(0)
            switch and(head, 3)
            case 0 {
                value := shr(2, head)
                next := add(position, 1)
            }
            case 1 {
                value := or(shr(2, head), shl(6, byte(1, word)))
                if gt(value, 63) { next := add(position, 2) }
            }
        }
    }

    /// @notice A compact number below 2³² in its shortest form, and the position after it, as above.
    function compact32(uint256 position) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 mode = u32(position) & 3;
            if (mode < 2) return compact(position);
            next = type(uint256).max;
            if (mode == 2) {
                value = u32(position) >> 2;
                if (value >= 1 << 14) next = position + 4;
            } else {
                value = u32(position + 1);
                // The upper six bits of the first byte are the number of bytes that follow, less four.
                if (value >= 1 << 30 && u32(position) & 0xff == 3) next = position + 5;
            }
        }
    }
}
