// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AbiReader} from "./AbiReader.sol";
import {Scale} from "./Scale.sol";

/// @title The BEEFY client's messages, read in calldata
/// @notice Outside, exactly what `abi.encode` of the struct gives; inside, SCALE as validators sign it.
library BeefyMessages {
    error MalformedCommitment();
    error MalformedLeaf();

    uint256 private constant MAX_COMMITMENT = 1024;
    uint256 private constant MAX_PAYLOADS = 16;
    /// @dev `mh`: the root of the MMR.
    uint256 private constant MMR_ROOT = 0x6d68;
    uint256 private constant MIN_LEAF = 81;
    uint256 private constant MAX_LEAF = 1024;

    /// @dev Positions are calldata offsets.
    struct Update {
        uint256 commitment;
        uint256 commitmentLength;
        uint256 authorities;
        uint256 authoritiesLength;
        uint256 signatures;
        uint256 signaturesLength;
        uint256 leaf;
        uint256 leafLength;
        uint256 mmrItems;
        uint256 mmrItemsLength;
        uint256 header;
        uint256 headerLength;
        uint256 anchorProof;
        uint256 anchorProofLength;
    }

    struct Commitment {
        uint256 blockNumber;
        uint256 setId;
        bytes32 mmrRoot;
    }

    struct Leaf {
        uint256 parentNumber;
        bytes32 parentHash;
        uint256 nextId;
        uint256 nextLen;
        bytes32 nextRoot;
    }

    /// @notice Reads `abi.encode(UpdateMessage)`.
    function update(bytes calldata message) internal pure returns (Update memory u) {
        (uint256 tuple, uint256 end) = AbiReader.open(message, 0xe0);
        if (_update(u, tuple, end) != end) revert AbiReader.MalformedMessage();
    }

    /// @notice Reads `abi.encode(Misbehaviour)`.
    function misbehaviour(bytes calldata message) internal pure returns (Update memory a, Update memory b) {
        (uint256 tuple, uint256 end) = AbiReader.open(message, 0x40);
        if (AbiReader.word(tuple) != 0x40) revert AbiReader.MalformedMessage();
        uint256 next = _update(a, tuple + 0x40, end);
        if (AbiReader.word(tuple + 0x20) != next - tuple) revert AbiReader.MalformedMessage();
        if (_update(b, next, end) != end) revert AbiReader.MalformedMessage();
    }

    /// @notice Reads `abi.encode(MembershipProof)`.
    function membershipProof(bytes calldata message)
        internal
        pure
        returns (uint256 time, bytes32 stateRoot, bytes32 consensusHash, bytes calldata nodes)
    {
        bool bad;
        assembly ("memory-safe") {
            let tuple := add(message.offset, 0x20)
            time := calldataload(tuple)
            stateRoot := calldataload(add(tuple, 0x20))
            nodes.length := calldataload(add(tuple, 0x60))
            nodes.offset := add(tuple, 0x80)
            calldatacopy(0x00, tuple, 0x40)
            consensusHash := keccak256(0x00, 0x40)
            bad := or(lt(message.length, 0xa0), xor(calldataload(message.offset), 0x20))
            bad := or(bad, or(shr(64, time), xor(calldataload(add(tuple, 0x40)), 0x60)))
            // The nodes fill the message, but for the padding.
            bad := or(bad, shr(32, nodes.length))
            let padding := and(sub(0, nodes.length), 31)
            bad := or(bad, xor(add(add(nodes.length, padding), 0xa0), message.length))
            let last := calldataload(sub(add(nodes.offset, nodes.length), sub(32, padding)))
            if padding { bad := or(bad, shl(sub(256, shl(3, padding)), last)) }
            bad := iszero(iszero(bad))
        }
        if (bad) revert AbiReader.MalformedMessage();
    }

    /// @dev The tuple of an UpdateMessage, seven strings; returns where it ends.
    function _update(Update memory u, uint256 tuple, uint256 end) private pure returns (uint256 next) {
        bool bad;
        assembly ("memory-safe") {
            next := add(tuple, 0xe0)
            bad := gt(next, end)
            let out := u
            for { let head := tuple } lt(head, add(tuple, 0xe0)) { head := add(head, 0x20) } {
                let length := calldataload(next)
                // Offsets in order and no gaps.
                bad := or(bad, or(xor(calldataload(head), sub(next, tuple)), shr(32, length)))
                next := add(next, 0x20)
                mstore(out, next)
                mstore(add(out, 0x20), length)
                out := add(out, 0x40)
                next := add(next, length)
                let padding := and(sub(0, length), 31)
                if padding {
                    bad := or(bad, shl(sub(256, shl(3, padding)), calldataload(sub(next, sub(32, padding)))))
                    next := add(next, padding)
                }
                if or(bad, gt(next, end)) {
                    bad := 1
                    break
                }
            }
        }
        if (bad) revert AbiReader.MalformedMessage();
    }

    /// @notice Reads what validators sign: payloads, block number, set.
    function commitment(uint256 position, uint256 length) internal pure returns (Commitment memory c) {
        unchecked {
            uint256 end = position + length;
            (uint256 payloads, uint256 item) = Scale.compact(position);
            if (length > MAX_COMMITMENT || payloads == 0 || payloads > MAX_PAYLOADS) {
                revert MalformedCommitment();
            }
            bool found;
            // Of the payload before, plus 1.
            uint256 least;
            for (; payloads > 0; --payloads) {
                uint256 id = AbiReader.word(item) >> 240;
                (uint256 size, uint256 content) = Scale.compact(item + 2);
                // A position past the end is noticed at the end; one of no number is past every end.
                if (content > end || id < least) revert MalformedCommitment();
                least = id + 1;
                item = content + size;
                if (id != MMR_ROOT) continue;
                if (size != 32) revert MalformedCommitment();
                c.mmrRoot = bytes32(AbiReader.word(content));
                found = true;
            }
            if (!found || item + 12 != end) revert MalformedCommitment();
            c.blockNumber = Scale.u32(item);
            c.setId = Scale.u64(item + 4);
        }
    }

    /// @notice Reads an MMR leaf of major version 0.
    function mmrLeaf(uint256 position, uint256 length) internal pure returns (Leaf memory l) {
        unchecked {
            if (length < MIN_LEAF || length > MAX_LEAF || AbiReader.word(position) >> 253 != 0) {
                revert MalformedLeaf();
            }
            l.parentNumber = Scale.u32(position + 1);
            l.parentHash = bytes32(AbiReader.word(position + 5));
            l.nextId = Scale.u64(position + 37);
            l.nextLen = Scale.u32(position + 45);
            l.nextRoot = bytes32(AbiReader.word(position + 49));
        }
    }
}
