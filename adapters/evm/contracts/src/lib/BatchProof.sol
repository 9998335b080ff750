// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClientBatch} from "../interfaces/ILightClient.sol";
import {Height} from "../interfaces/Types.sol";

/// @title A call of verifyBatch, written into memory path by path
/// @dev The encoding is that of `abi.encodeCall` but for the order of the tails: values, proof, paths. Memory
/// behind the free pointer is scratch between two calls of these functions; each moves the pointer.
library BatchProof {
    /// @dev Positions in memory.
    struct Call {
        uint256 data; // selector
        uint256 value; // of the next path
        uint256 offsets; // first of the paths' offsets
        uint256 offset; // of the next path
        uint256 end;
    }

    /// @notice Starts a call for `n` paths.
    function start(uint256 n, bytes calldata proof, Height calldata height)
        internal
        pure
        returns (Call memory c)
    {
        bytes4 selector = ILightClientBatch.verifyBatch.selector;
        uint256 revision = height.revisionNumber;
        uint256 number_ = height.revisionHeight;
        assembly ("memory-safe") {
            let data := mload(0x40)
            let tuple := add(data, 0x24)
            let proofStart := add(tuple, add(0xc0, shl(5, n)))
            let paths := add(add(proofStart, 0x20), and(add(proof.length, 31), not(31)))
            mstore(data, selector)
            mstore(add(data, 0x04), 0x20)
            mstore(tuple, sub(proofStart, tuple))
            mstore(add(tuple, 0x20), revision)
            mstore(add(tuple, 0x40), number_)
            mstore(add(tuple, 0x60), sub(paths, tuple))
            mstore(add(tuple, 0x80), 0xa0)
            mstore(add(tuple, 0xa0), n)
            mstore(sub(paths, 0x20), 0)
            mstore(proofStart, proof.length)
            calldatacopy(add(proofStart, 0x20), proof.offset, proof.length)
            mstore(paths, n)
            let end := add(add(paths, 0x20), shl(5, n))
            mstore(c, data)
            mstore(add(c, 0x20), add(tuple, 0xc0))
            mstore(add(c, 0x40), add(paths, 0x20))
            mstore(add(c, 0x60), add(paths, 0x20))
            mstore(add(c, 0x80), end)
            mstore(0x40, end)
        }
    }

    /// @notice Adds the path `prefix ‖ clientId ‖ kind ‖ u64be(sequence)` and the value it must have; 0 for none.
    function add(
        Call memory c,
        bytes memory prefix,
        uint256 client,
        uint256 clientLength,
        uint256 kind,
        uint256 sequence,
        bytes32 value
    ) internal pure {
        assembly ("memory-safe") {
            let slot := mload(add(c, 0x20))
            mstore(slot, value)
            mstore(add(c, 0x20), add(slot, 0x20))
            let path := mload(add(c, 0x80))
            slot := mload(add(c, 0x60))
            mstore(slot, sub(path, mload(add(c, 0x40))))
            mstore(add(c, 0x60), add(slot, 0x20))
            let prefixLength := mload(prefix)
            let length := add(add(prefixLength, clientLength), 9)
            mstore(path, length)
            let to := add(path, 0x20)
            for { let i := 0 } lt(i, prefixLength) { i := add(i, 0x20) } {
                mstore(add(to, i), mload(add(add(prefix, 0x20), i)))
            }
            to := add(to, prefixLength)
            calldatacopy(to, client, clientLength)
            // The rest of the word is the padding.
            mstore(add(to, clientLength), or(shl(248, kind), shl(184, sequence)))
            mstore(add(add(to, clientLength), 0x20), 0)
            let end := add(add(path, 0x20), and(add(length, 31), not(31)))
            mstore(add(c, 0x80), end)
            mstore(0x40, end)
        }
    }

    /// @notice Has a client verify; its revert is passed on. Returns the time of the height, in seconds.
    function verify(Call memory c, ILightClientBatch client) internal view returns (uint256 time) {
        assembly ("memory-safe") {
            let data := mload(c)
            let ok := staticcall(gas(), client, data, sub(mload(add(c, 0x80)), data), 0x00, 0x20)
            if iszero(and(ok, gt(returndatasize(), 0x1f))) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
            time := mload(0x00)
            // The call is over: its memory is free again.
            mstore(0x40, data)
        }
    }
}
