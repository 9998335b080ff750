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

    /// @dev A part of the calldata.
    struct Part {
        uint256 position;
        uint256 length;
    }

    struct Update {
        Part commitment;
        Part authorities;
        Part signatures;
        Part leaf;
        Part mmrItems;
        Part header;
        Part anchorProof;
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
        returns (uint256 timestamp, bytes32 stateRoot, bytes32 consensusHash, bytes calldata nodes)
    {
        (uint256 tuple, uint256 end) = AbiReader.open(message, 0x60);
        timestamp = AbiReader.word(tuple);
        if (timestamp > type(uint64).max) revert AbiReader.MalformedMessage();
        stateRoot = bytes32(AbiReader.word(tuple + 0x20));
        assembly ("memory-safe") {
            calldatacopy(0x00, tuple, 0x40)
            consensusHash := keccak256(0x00, 0x40)
        }
        uint256 next;
        (nodes, next) = AbiReader.field(tuple, 0x40, tuple + 0x60, end);
        if (next != end) revert AbiReader.MalformedMessage();
    }

    /// @dev The tuple of an UpdateMessage; returns where it ends.
    function _update(Update memory u, uint256 tuple, uint256 end) private pure returns (uint256 next) {
        next = tuple + 0xe0;
        if (next > end) revert AbiReader.MalformedMessage();
        next = _part(u.commitment, tuple, 0x00, next, end);
        next = _part(u.authorities, tuple, 0x20, next, end);
        next = _part(u.signatures, tuple, 0x40, next, end);
        next = _part(u.leaf, tuple, 0x60, next, end);
        next = _part(u.mmrItems, tuple, 0x80, next, end);
        next = _part(u.header, tuple, 0xa0, next, end);
        next = _part(u.anchorProof, tuple, 0xc0, next, end);
    }

    function _part(Part memory part, uint256 tuple, uint256 head, uint256 position, uint256 end)
        private
        pure
        returns (uint256 next)
    {
        unchecked {
            if (AbiReader.word(tuple + head) != position - tuple) revert AbiReader.MalformedMessage();
            (part.position, part.length, next) = AbiReader.bytesAt(position, end);
        }
    }

    /// @notice Reads what validators sign: payloads, block number, set.
    function commitment(Part memory part) internal pure returns (Commitment memory c) {
        unchecked {
            uint256 position = part.position;
            uint256 end = position + part.length;
            (uint256 payloads, uint256 item) = Scale.compact(position);
            if (part.length > MAX_COMMITMENT || payloads == 0 || payloads > MAX_PAYLOADS) {
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
    function mmrLeaf(Part memory part) internal pure returns (Leaf memory l) {
        unchecked {
            uint256 position = part.position;
            if (part.length < MIN_LEAF || part.length > MAX_LEAF || AbiReader.word(position) >> 253 != 0) {
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
