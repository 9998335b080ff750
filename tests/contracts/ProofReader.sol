// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PackedProof} from "../../adapters/evm/contracts/src/lib/PackedProof.sol";

/// @title The packed proofs' library behind calls, for tests
contract ProofReader {
    /// @notice What a proof shows of each key; empty if absent.
    function values(bytes32 root, bytes32[] calldata keys, bytes calldata nodes)
        external
        pure
        returns (bytes[] memory found)
    {
        PackedProof.Walk memory walk = PackedProof.start(nodes, root);
        found = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint256 pos, uint256 length) = PackedProof.next(walk, keys[i]);
            bytes calldata value;
            assembly ("memory-safe") {
                value.offset := pos
                value.length := length
            }
            found[i] = value;
        }
        PackedProof.finish(walk);
    }

    /// @notice The same for storage words; zero if absent.
    function words(bytes32 root, bytes32[] calldata keys, bytes calldata nodes)
        external
        pure
        returns (bytes32[] memory found)
    {
        PackedProof.Walk memory walk = PackedProof.start(nodes, root);
        found = new bytes32[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint256 pos, uint256 length) = PackedProof.next(walk, keys[i]);
            if (length != 0) found[i] = PackedProof.storageValue(pos, length);
        }
        PackedProof.finish(walk);
    }

    /// @notice An account leaf.
    function account(bytes calldata leaf) external pure returns (bytes32 storageRoot, bytes32 codeHash) {
        uint256 pos;
        assembly ("memory-safe") {
            pos := leaf.offset
        }
        return PackedProof.account(pos, leaf.length);
    }
}
