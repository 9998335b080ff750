// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StateTrieProof} from "../../adapters/evm/contracts/src/lib/StateTrieProof.sol";
import {SubstrateHeader} from "../../adapters/evm/contracts/src/lib/SubstrateHeader.sol";

/// @title The libraries for Substrate state and headers behind calls, for tests
contract StateReader {
    /// @notice What a proof shows of each key: whether it is there, and its value.
    function values(bytes32 root, bytes[] calldata keys, bytes calldata nodes)
        external
        view
        returns (bool[] memory present, bytes[] memory found)
    {
        uint256 longest;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (keys[i].length > longest) longest = keys[i].length;
        }
        present = new bool[](keys.length);
        found = new bytes[](keys.length);
        bytes[] memory copies = keys;
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, root, longest);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes memory copy = copies[i];
            uint256 key;
            assembly ("memory-safe") {
                key := add(copy, 0x20)
            }
            uint256 position;
            uint256 length;
            (present[i], position, length) = StateTrieProof.next(walk, key, copy.length);
            bytes calldata value;
            assembly ("memory-safe") {
                value.offset := position
                value.length := length
            }
            if (present[i]) found[i] = value;
        }
        StateTrieProof.finish(walk);
    }

    /// @notice A header's number and state root.
    function header(bytes calldata data) external pure returns (uint256 number, bytes32 stateRoot) {
        uint256 position;
        assembly ("memory-safe") {
            position := data.offset
        }
        return SubstrateHeader.parse(position, data.length);
    }
}
