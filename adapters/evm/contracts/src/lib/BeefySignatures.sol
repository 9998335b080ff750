// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyMessages} from "./BeefyMessages.sol";

/// @title Who signed a BEEFY commitment
/// @notice The set is known by the keccak256 Merkle root of its addresses. The whole list is given and hashed,
/// and of those who signed the indices in it, so that nobody can be counted twice.
library BeefySignatures {
    error AuthoritySetMismatch();
    error InvalidSignature();
    error TooFewSignatures();
    error SignaturesNotSorted();
    error WrongSigner();

    /// @dev Index, r, s, v.
    uint256 private constant SIGNATURE = 66;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @notice Checks 5 to 7 of an update: the set of `len` authorities with this root, and more than two thirds
    /// of it. `len` is 1 to 255.
    function check(BeefyMessages.Update memory u, uint256 len, bytes32 root) internal view {
        uint256 list = u.authorities;
        if (u.authoritiesLength != 20 * len || keysetRoot(list, len) != root) {
            revert AuthoritySetMismatch();
        }
        uint256 length = u.signaturesLength;
        uint256 count = length / SIGNATURE;
        if (count * SIGNATURE != length || count > len) revert InvalidSignature();
        if (count < len - (len - 1) / 3) revert TooFewSignatures();
        uint256 position = u.signatures;
        uint256 signed = u.commitment;
        uint256 signedLength = u.commitmentLength;
        // 0 none, 1 InvalidSignature, 2 SignaturesNotSorted, 3 WrongSigner
        uint256 fault;
        assembly ("memory-safe") {
            let input := mload(0x40)
            calldatacopy(input, signed, signedLength)
            mstore(input, keccak256(input, signedLength))
            let least := 0
            let end := add(position, length)
            for {} lt(position, end) { position := add(position, SIGNATURE) } {
                let index := byte(0, calldataload(position))
                let r := calldataload(add(position, 1))
                let s := calldataload(add(position, 33))
                let parity := byte(0, calldataload(add(position, 65)))
                let valid := and(lt(index, len), and(lt(parity, 2), lt(sub(s, 1), HALF_ORDER)))
                valid := and(valid, lt(sub(r, 1), sub(ORDER, 1)))
                mstore(add(input, 0x20), add(parity, 27))
                mstore(add(input, 0x40), r)
                mstore(add(input, 0x60), s)
                mstore(0x00, 0)
                valid := and(valid, staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
                let signer := mload(0x00)
                if iszero(and(valid, gt(signer, 0))) {
                    fault := 1
                    break
                }
                if lt(index, least) {
                    fault := 2
                    break
                }
                least := add(index, 1)
                if iszero(eq(signer, shr(96, calldataload(add(list, mul(index, 20)))))) {
                    fault := 3
                    break
                }
            }
        }
        if (fault == 1) revert InvalidSignature();
        if (fault == 2) revert SignaturesNotSorted();
        if (fault == 3) revert WrongSigner();
    }

    /// @notice The Merkle root over the keccak256 of each of `n` addresses; an odd last node moves up.
    function keysetRoot(uint256 list, uint256 n) internal pure returns (bytes32 root) {
        assembly ("memory-safe") {
            let nodes := mload(0x40)
            let end := add(nodes, shl(5, n))
            for { let node := nodes } lt(node, end) { node := add(node, 0x20) } {
                mstore(0x00, calldataload(list))
                mstore(node, keccak256(0x00, 20))
                list := add(list, 20)
            }
            for {} gt(n, 1) { n := shr(1, add(n, 1)) } {
                let from := nodes
                let to := nodes
                for { let half := add(nodes, shl(5, shr(1, n))) } lt(to, half) { to := add(to, 0x20) } {
                    mstore(to, keccak256(from, 0x40))
                    from := add(from, 0x40)
                }
                if and(n, 1) { mstore(to, mload(from)) }
            }
            root := mload(nodes)
        }
    }
}
