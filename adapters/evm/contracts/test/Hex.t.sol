// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hex} from "../src/lib/Hex.sol";
import {Test} from "./support/Test.sol";

/// @dev Takes text in calldata.
contract HexCalls {
    function any(bytes calldata text) external pure returns (address, bool) {
        return Hex.toAddress(text);
    }

    function lower(bytes calldata text) external pure returns (address, bool) {
        return Hex.toAddressLowerCase(text);
    }
}

/// @title Addresses as text, against a reading of one character at a time
contract HexTest is Test {
    HexCalls private calls = new HexCalls();

    function _plain(bytes memory text) private pure returns (address value, bool ok, bool lower) {
        if (text.length != 42 || text[0] != "0" || text[1] != "x") return (address(0), false, false);
        uint256 number;
        lower = true;
        for (uint256 i = 2; i < 42; ++i) {
            uint8 c = uint8(text[i]);
            if (c >= 48 && c <= 57) {
                number = number * 16 + c - 48;
            } else if (c >= 97 && c <= 102) {
                number = number * 16 + c - 87;
            } else if (c >= 65 && c <= 70) {
                number = number * 16 + c - 55;
                lower = false;
            } else {
                return (address(0), false, false);
            }
        }
        return (address(uint160(number)), true, lower);
    }

    function _same(bytes memory text) private view {
        (address value, bool ok, bool lower) = _plain(text);
        (address found, bool foundOk) = calls.any(text);
        check(foundOk == ok, string(text));
        if (ok) eq(found, value, string(text));
        (found, foundOk) = calls.lower(text);
        check(foundOk == (ok && lower), string(text));
        if (foundOk) eq(found, value, string(text));
    }

    function testFuzz_round_trip(address value) external view {
        bytes memory text = bytes(Hex.fromAddress(value));
        _same(text);
        (address found, bool ok) = calls.lower(text);
        check(ok && found == value, "round trip");
    }

    /// @dev Every character at every place.
    function test_every_character_everywhere() external view {
        for (uint256 i = 0; i < 42; ++i) {
            for (uint256 c = 0; c < 256; ++c) {
                bytes memory text = "0x00112233445566778899aAbBcCdDeEfF01234567";
                text[i] = bytes1(uint8(c));
                _same(text);
            }
        }
    }

    function testFuzz_any_text(bytes32 a, bytes10 b) external view {
        _same(abi.encodePacked(a, b));
        _same(abi.encodePacked("0x", a, bytes8(b)));
    }

    function test_other_lengths() external view {
        _same("");
        _same("0x");
        _same("0x00112233445566778899aabbccddeeff0123456");
        _same("0x00112233445566778899aabbccddeeff012345678");
    }
}
