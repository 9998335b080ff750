// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title BLAKE2b with a digest of 32 bytes and no key, over precompile 0x09 (EIP-152)
/// @notice Hashes parts of the calldata. The state of the hash and the block stay in one buffer, in the
/// layout that the precompile reads, and its answer is written over the state.
library Blake2b {
    /// @notice The precompile is missing, failed, or gave another answer than the standard's.
    error Blake2Missing();

    /// @dev The initial state, little-endian: the words of RFC 7693, the first with the parameters (digest of
    /// 32 bytes, no key, one leaf).
    uint256 private constant STATE_LOW = 0x28c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5;
    uint256 private constant STATE_HIGH = 0xd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b;

    /// @notice A buffer for `hash`: rounds in the last bytes of a word, state, block, counter and last-block flag.
    function buffer() internal pure returns (uint256 buf) {
        assembly ("memory-safe") {
            buf := mload(0x40)
            mstore(0x40, add(buf, 0x100))
            mstore(buf, 12)
        }
    }

    /// @notice The digest of `length` bytes of calldata at `position`; at most 65,535 bytes.
    function hash(uint256 buf, uint256 position, uint256 length) internal view returns (bytes32 digest) {
        bool done;
        assembly ("memory-safe") {
            let state := add(buf, 0x20)
            let content := add(buf, 0x60)
            mstore(state, STATE_LOW)
            mstore(add(buf, 0x40), STATE_HIGH)
            let counter := 0
            let left := length
            done := 1
            for {} gt(left, 128) { left := sub(left, 128) } {
                counter := add(counter, 128)
                calldatacopy(content, position, 128)
                position := add(position, 128)
                // The counter's two low bytes, little-endian; everything behind them is zero.
                mstore(add(buf, 0xe0), or(shl(248, counter), shl(240, shr(8, counter))))
                done := and(done, staticcall(gas(), 9, add(buf, 0x1c), 213, state, 0x40))
            }
            calldatacopy(content, position, left)
            // Past its end, calldata is zero.
            calldatacopy(add(content, left), calldatasize(), sub(128, left))
            mstore(add(buf, 0xe0), or(or(shl(248, length), shl(240, shr(8, length))), shl(120, 1)))
            done := and(done, staticcall(gas(), 9, add(buf, 0x1c), 213, state, 0x40))
            digest := mload(state)
        }
        if (!done) revert Blake2Missing();
    }

    /// @notice Reverts unless the precompile hashes `abc` as RFC 7693 does.
    function probe() internal view {
        uint256 buf = buffer();
        bool correct;
        assembly ("memory-safe") {
            mstore(add(buf, 0x20), STATE_LOW)
            mstore(add(buf, 0x40), STATE_HIGH)
            mstore(add(buf, 0x60), shl(232, 0x616263))
            calldatacopy(add(buf, 0x80), calldatasize(), 0x60)
            mstore(add(buf, 0xe0), or(shl(248, 3), shl(120, 1)))
            let done := staticcall(gas(), 9, add(buf, 0x1c), 213, add(buf, 0x20), 0x40)
            correct := and(done, eq(returndatasize(), 0x40))
            correct := and(
                correct,
                eq(mload(add(buf, 0x20)), 0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319)
            )
        }
        if (!correct) revert Blake2Missing();
    }
}
