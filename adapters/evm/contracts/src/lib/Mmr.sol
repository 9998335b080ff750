// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of one leaf of a Merkle mountain range with keccak256
/// @notice Items: the peaks left of the leaf's, from left to right; the siblings, bottom-up; and one hash that
/// bags the peaks right of it, if there are any.
library Mmr {
    /// @notice The root that the items give for the leaf `index` of `count`; `proven` is false if the leaf does
    /// not exist or there is another number of items than it needs. `count` has at most 64 bits.
    function root(uint256 index, uint256 count, bytes32 leaf, uint256 items, uint256 length)
        internal
        pure
        returns (bool proven, bytes32 hash)
    {
        if (index >= count) return (false, 0);
        assembly ("memory-safe") {
            // The leaf's peak is where count has the highest bit that index has not.
            let height := 0
            for { let x := shr(1, xor(index, count)) } x { x := shr(1, x) } { height := add(height, 1) }
            let left := 0
            for { let x := shr(add(height, 1), count) } x { x := and(x, sub(x, 1)) } { left := add(left, 1) }
            let right := iszero(iszero(and(count, sub(shl(height, 1), 1))))
            proven := eq(length, shl(5, add(add(left, height), right)))
            if proven {
                hash := leaf
                let item := add(items, shl(5, left))
                for { let last := add(item, shl(5, height)) } lt(item, last) { item := add(item, 0x20) } {
                    // A right child has its bit set.
                    let side := shl(5, and(index, 1))
                    mstore(side, hash)
                    mstore(xor(side, 0x20), calldataload(item))
                    hash := keccak256(0x00, 0x40)
                    index := shr(1, index)
                }
                // Bagging runs from the right; a peak stands behind what is right of it.
                if right {
                    mstore(0x00, calldataload(item))
                    mstore(0x20, hash)
                    hash := keccak256(0x00, 0x40)
                }
                item := add(items, shl(5, left))
                for {} gt(item, items) {} {
                    item := sub(item, 0x20)
                    mstore(0x00, hash)
                    mstore(0x20, calldataload(item))
                    hash := keccak256(0x00, 0x40)
                }
            }
        }
    }
}
