// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Scale} from "./Scale.sol";

/// @title Headers of Substrate chains in SCALE, read in calldata (docs/wire-formats.md, section 6)
library SubstrateHeader {
    /// @notice The header is too long, truncated, not minimal, or has an unknown digest item or trailing bytes.
    error MalformedHeader();

    uint256 internal constant MAX_HEADER = 4096;

    uint256 private constant OTHER = 0;
    uint256 private constant CONSENSUS = 4;
    uint256 private constant PRE_RUNTIME = 6;
    uint256 private constant RUNTIME_ENVIRONMENT_UPDatED = 8;

    /// @notice Reads the header of `length` bytes at `position`.
    function parse(uint256 position, uint256 length)
        internal
        pure
        returns (uint256 number, bytes32 stateRoot)
    {
        unchecked {
            // Parent hash, a number of one byte, two roots, no digest item.
            if (length < 98 || length > MAX_HEADER) revert MalformedHeader();
            uint256 end = position + length;
            uint256 item;
            (number, item) = Scale.compact32(position + 32);
            if (item > end) revert MalformedHeader();
            assembly ("memory-safe") {
                stateRoot := calldataload(item)
            }
            uint256 items;
            (items, item) = Scale.compact(item + 64);
            // Every item has at least one byte.
            if (item > end || items > end - item) revert MalformedHeader();
            for (; items > 0; --items) {
                uint256 tag;
                assembly ("memory-safe") {
                    tag := byte(0, calldataload(item))
                }
                ++item;
                if (tag == RUNTIME_ENVIRONMENT_UPDatED) continue;
                if (tag >= CONSENSUS && tag <= PRE_RUNTIME) item += 4;
                else if (tag != OTHER) revert MalformedHeader();
                uint256 size;
                (size, item) = Scale.compact(item);
                if (item > end) revert MalformedHeader();
                item += size;
            }
            if (item != end) revert MalformedHeader();
        }
    }
}
