// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Changes of a byte string that a seed chooses: what is left of a valid input is enough to get past the
/// first check.
library Mutate {
    /// @dev One to three changes. `other` is a string of the same sort. Never the same bytes again.
    function bytesOf(bytes memory data, uint256 seed, bytes memory other)
        internal
        pure
        returns (bytes memory out)
    {
        out = data;
        for (uint256 n = 1 + seed % 3; n > 0; --n) {
            seed = uint256(keccak256(abi.encode(seed)));
            out = _once(out, seed, other);
        }
        if (keccak256(out) == keccak256(data)) out = bytes.concat(out, hex"00");
    }

    function _once(bytes memory data, uint256 seed, bytes memory other) private pure returns (bytes memory) {
        uint256 kind = seed % 8;
        uint256 at = (seed >> 8) % (data.length + 1);
        uint256 length = (seed >> 64) % 40;
        if (at + length > data.length) length = data.length - at;
        if (kind < 3 && at < data.length) {
            bytes memory changed = bytes.concat(data);
            bytes8 limits = 0x00017f8081b8c0ff;
            changed[at] = kind == 0
                ? limits[(seed >> 128) % 8]
                : changed[at] ^ bytes1(uint8(1 << ((seed >> 128) % 8)));
            return changed;
        }
        bytes memory head = slice(data, 0, at);
        bytes memory tail = slice(data, at + length, data.length);
        if (kind == 3) return bytes.concat(head, tail);
        if (kind == 4) return bytes.concat(slice(data, 0, at + length), slice(data, at, data.length));
        if (kind == 5) return head;
        if (kind == 6 && at + length <= other.length) return bytes.concat(head, slice(other, at, at + length), tail);
        return bytes.concat(head, bytes1(uint8(seed >> 128)), slice(data, at, data.length));
    }

    function slice(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory out) {
        out = new bytes(to - from);
        for (uint256 i = 0; i < out.length; ++i) {
            out[i] = data[from + i];
        }
    }
}
