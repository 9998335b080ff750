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
            for { let pos := add(data, 32) let end := add(pos, length) } lt(pos, end) { pos := add(pos, 1) } {
                let b := byte(0, mload(pos))
                mstore8(out, byte(shr(4, b), digits))
                mstore8(add(out, 1), byte(and(b, 0x0f), digits))
                out := add(out, 2)
            }
        }
    }

    /// @notice Reads `0x` and 40 digits of either case. `ok` is false for anything else.
    function toAddress(bytes calldata text) internal pure returns (address value, bool ok) {
        if (text.length != 42) return (address(0), false);
        uint256 digits;
        ok = true;
        assembly ("memory-safe") {
            ok := eq(shr(240, calldataload(text.offset)), 0x3078)
            let pos := add(text.offset, 2)
            for { let end := add(pos, 40) } lt(pos, end) { pos := add(pos, 1) } {
                let c := byte(0, calldataload(pos))
                let digit := sub(c, 48)
                if gt(digit, 9) {
                    // 'A'..'F' and 'a'..'f'
                    digit := sub(or(c, 0x20), 87)
                    ok := and(ok, and(gt(digit, 9), lt(digit, 16)))
                }
                digits := or(shl(4, digits), and(digit, 0x0f))
            }
        }
        value = address(uint160(digits));
    }

    /// @notice The same for lower case only, as a base denomination is written.
    function toAddressLowerCase(bytes calldata text) internal pure returns (address value, bool ok) {
        (value, ok) = toAddress(text);
        for (uint256 i = 0; ok && i < text.length; ++i) {
            if (text[i] >= 0x41 && text[i] <= 0x5a) ok = false;
        }
    }
}
