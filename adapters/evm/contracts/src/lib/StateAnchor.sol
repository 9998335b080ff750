// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StateTrieProof} from "./StateTrieProof.sol";

/// @title What the IBC pallet writes at the end of every block: its time, and which chain it is
library StateAnchor {
    error AnchorAbsent();
    error MalformedAnchor();
    error WrongChain();

    /// @notice The time in seconds that stands under `key` in a state, with the first bytes of this genesis hash.
    /// `nodes` is the packed proof of that one key, at `position` in calldata.
    function read(bytes32 stateRoot, bytes32 key, bytes24 genesis, uint256 position, uint256 length)
        internal
        view
        returns (uint64 time)
    {
        bytes calldata nodes;
        uint256 place;
        assembly ("memory-safe") {
            nodes.offset := position
            nodes.length := length
            place := mload(0x40)
            mstore(0x40, add(place, 0x20))
            mstore(place, key)
        }
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, stateRoot, 32);
        (bool present, uint256 value, uint256 valueLength) = StateTrieProof.next(walk, place, 32);
        StateTrieProof.finish(walk);
        if (!present) revert AnchorAbsent();
        if (valueLength != 32) revert MalformedAnchor();
        uint256 anchor;
        assembly ("memory-safe") {
            anchor := calldataload(value)
            // The walk is over: its memory is free again.
            mstore(0x40, place)
        }
        if (bytes24(bytes32(anchor << 64)) != genesis) revert WrongChain();
        return uint64(anchor >> 192);
    }
}
