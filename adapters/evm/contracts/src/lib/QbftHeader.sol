// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title QBFT and IBFT 2.0 headers, read in calldata
/// @notice Checks the canonical RLP of a header and of its extraData, and rebuilds the bytes that validators
/// seal (the digest) and that name the block (the hash) by copying everything but the seals. Trailing fields
/// of later forks are kept as they are.
library QbftHeader {
    error MalformedHeader();

    uint256 internal constant QBFT = 0;
    uint256 internal constant IBFT2 = 1;

    bytes32 private constant MIX_HASH = 0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365;
    bytes32 private constant OMMERS = 0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347;

    /// @dev Positions are calldata offsets; ends are exclusive.
    struct Header {
        uint256 payload; // first field of the header's list
        uint256 end; // of the header
        uint256 number;
        uint256 timestamp;
        bytes32 stateRoot;
        uint256 extra; // the extraData item
        uint256 extraEnd; // where the field after extraData starts
        uint256 vanity; // first item of extraData's list
        uint256 validators; // payload of the list: 21 bytes per validator
        uint256 validatorCount;
        uint256 round; // the round item
        uint256 seals; // the seals item (a list)
        uint256 sealPayload; // payload of that list
        uint256 sealCount;
        bool sealsWellSized; // every seal is a string of 65 bytes
    }

    /// @notice Reads a header. Everything that is fixed by the format is checked here.
    function parse(uint256 pos, uint256 length, uint256 kind) internal pure returns (Header memory h) {
        unchecked {
            (h.payload, h.end) = _list(pos, pos + length);
            if (h.end != pos + length) revert MalformedHeader();
            uint256 item = h.payload;
            // parentHash, ommersHash, coinbase, stateRoot, transactionsRoot, receiptsRoot, logsBloom, difficulty
            if (item + 446 > h.end) revert MalformedHeader();
            bytes32 stateRoot;
            bool ok;
            assembly ("memory-safe") {
                function head(position) -> b {
                    b := byte(0, calldataload(position))
                }
                ok := eq(head(item), 0xa0)
                ok := and(ok, eq(head(add(item, 33)), 0xa0))
                ok := and(ok, eq(calldataload(add(item, 34)), OMMERS))
                ok := and(ok, eq(head(add(item, 66)), 0x94))
                ok := and(ok, eq(head(add(item, 87)), 0xa0))
                stateRoot := calldataload(add(item, 88))
                ok := and(ok, eq(head(add(item, 120)), 0xa0))
                ok := and(ok, eq(head(add(item, 153)), 0xa0))
                ok := and(ok, eq(shr(232, calldataload(add(item, 186))), 0xb90100))
                ok := and(ok, eq(head(add(item, 445)), 0x01))
            }
            if (!ok) revert MalformedHeader();
            h.stateRoot = stateRoot;
            item += 446;
            (h.number, item) = _scalar(item);
            (, item) = _scalar(item); // gasLimit
            (, item) = _scalar(item); // gasUsed
            (h.timestamp, item) = _scalar(item);
            h.extra = item;
            uint256 extraPayload;
            (extraPayload, h.extraEnd) = _string(item, h.end);
            _parseExtra(h, extraPayload, kind);
            item = h.extraEnd;
            if (item + 42 > h.end) revert MalformedHeader();
            assembly ("memory-safe") {
                ok := eq(byte(0, calldataload(item)), 0xa0)
                ok := and(ok, eq(calldataload(add(item, 1)), MIX_HASH))
                // nonce: eight zero bytes
                ok := and(ok, eq(shr(184, calldataload(add(item, 33))), shl(64, 0x88)))
            }
            if (!ok) revert MalformedHeader();
            item += 42;
            uint256 end = h.end;
            while (item < end) {
                assembly ("memory-safe") {
                    // Most are numbers of at most one byte, or hashes.
                    for {} lt(item, end) {} {
                        let head := byte(0, calldataload(item))
                        if iszero(or(lt(head, 0x81), eq(head, 0xa0))) { break }
                        item := add(item, add(1, and(head, mul(0x20, eq(head, 0xa0)))))
                    }
                }
                if (item < end) item = _skip(item, end);
            }
            if (item != end) revert MalformedHeader();
        }
    }

    function _parseExtra(Header memory h, uint256 item, uint256 kind) private pure {
        unchecked {
            uint256 end = h.extraEnd;
            uint256 listEnd;
            (item, listEnd) = _list(item, end);
            if (listEnd != end) revert MalformedHeader();
            h.vanity = item;
            if (item + 33 > end || _byte(item) != 0xa0) revert MalformedHeader();
            (item, listEnd) = _list(item + 33, end);
            h.validators = item;
            uint256 count = (listEnd - item) / 21;
            if (count * 21 != listEnd - item) revert MalformedHeader();
            h.validatorCount = count;
            bool ok = true;
            assembly ("memory-safe") {
                for {} lt(item, listEnd) { item := add(item, 21) } {
                    ok := and(ok, eq(byte(0, calldataload(item)), 0x94))
                }
            }
            if (!ok) revert MalformedHeader();
            item = _vote(item, end, kind);
            h.round = item;
            item = _round(item, end, kind);
            h.seals = item;
            (item, listEnd) = _list(item, end);
            if (listEnd != end) revert MalformedHeader();
            h.sealPayload = item;
            _parseSeals(h, item, end);
        }
    }

    /// @dev Seals of another length than 65 are well-formed RLP all the same; `InvalidSeal` comes later.
    function _parseSeals(Header memory h, uint256 item, uint256 end) private pure {
        unchecked {
            uint256 count;
            bool wellSized = true;
            assembly ("memory-safe") {
                for { let p := item } lt(p, end) { p := add(p, 67) } {
                    wellSized := and(wellSized, eq(shr(240, calldataload(p)), 0xb841))
                    count := add(count, 1)
                }
                wellSized := and(wellSized, eq(mul(count, 67), sub(end, item)))
            }
            h.sealsWellSized = wellSized;
            h.sealCount = count;
            if (wellSized) return;
            for (count = 0; item < end; ++count) {
                (, item) = _string(item, end);
            }
            h.sealCount = count;
        }
    }

    function _vote(uint256 item, uint256 end, uint256 kind) private pure returns (uint256) {
        unchecked {
            uint256 head = _byte(item);
            if (head == (kind == QBFT ? 0xc0 : 0x80)) return item + 1;
            if (item + 24 > end || _byte(item + 1) != 0x94) revert MalformedHeader();
            uint256 vote = _byte(item + 22);
            if (head == 0xd7 && vote == 0x81 && _byte(item + 23) == 0xff) return item + 24;
            if (head == 0xd6 && (vote == 0 || (vote == 0x80 && kind == QBFT))) return item + 23;
            revert MalformedHeader();
        }
    }

    /// @dev QBFT: a number below 2³² without leading zeros. IBFT 2.0: always four bytes.
    function _round(uint256 item, uint256 end, uint256 kind) private pure returns (uint256) {
        unchecked {
            if (kind == QBFT) {
                (uint256 round, uint256 itemEnd) = _scalar(item);
                if (round > type(uint32).max || itemEnd > end) revert MalformedHeader();
                return itemEnd;
            }
            if (item + 5 > end || _byte(item) != 0x84) revert MalformedHeader();
            return item + 5;
        }
    }

    /// @notice What validators seal.
    function digest(Header memory h, uint256 kind) internal pure returns (bytes32) {
        return kind == QBFT ? _hash(h, h.seals, 0xc0, 1) : _hash(h, h.seals, 0, 0);
    }

    /// @notice What names the block.
    function blockHash(Header memory h, uint256 kind) internal pure returns (bytes32) {
        return kind == QBFT ? _hash(h, h.round, 0x80c0, 2) : _hash(h, h.round, 0, 0);
    }

    /// @dev keccak256 of the header whose extraData is the original up to `cut`, followed by `suffix`.
    function _hash(Header memory h, uint256 cut, uint256 suffix, uint256 suffixLength)
        private
        pure
        returns (bytes32 result)
    {
        unchecked {
            uint256 inner = cut - h.vanity;
            uint256 extraList = inner + suffixLength;
            uint256 extra = extraList + _headerSize(extraList);
            uint256 before = h.extra - h.payload;
            uint256 total = before + extra + _headerSize(extra) + (h.end - h.extraEnd);
            uint256 start;
            assembly ("memory-safe") {
                start := mload(0x40)
            }
            uint256 pos = _writeHeader(start, total, 0xc0);
            uint256 payload = h.payload;
            assembly ("memory-safe") {
                calldatacopy(pos, payload, before)
            }
            pos = _writeHeader(pos + before, extra, 0x80);
            pos = _writeHeader(pos, extraList, 0xc0);
            uint256 vanity = h.vanity;
            uint256 tail = h.extraEnd;
            uint256 end = h.end;
            assembly ("memory-safe") {
                calldatacopy(pos, vanity, inner)
                pos := add(pos, inner)
                mstore(pos, shl(sub(256, shl(3, suffixLength)), suffix))
                pos := add(pos, suffixLength)
                calldatacopy(pos, tail, sub(end, tail))
                result := keccak256(start, sub(add(pos, sub(end, tail)), start))
            }
        }
    }

    function _headerSize(uint256 length) private pure returns (uint256) {
        return length < 56 ? 1 : length < 256 ? 2 : length < 65536 ? 3 : 4;
    }

    /// @dev Writes an RLP header (`base` 0x80 for a string, 0xc0 for a list); returns the position after it.
    function _writeHeader(uint256 pos, uint256 length, uint256 base) private pure returns (uint256) {
        unchecked {
            uint256 size = _headerSize(length);
            uint256 value = size == 1 ? base + length : ((base + 0x36 + size) << (8 * (size - 1))) | length;
            assembly ("memory-safe") {
                mstore(pos, shl(sub(256, shl(3, size)), value))
            }
            return pos + size;
        }
    }

    function _byte(uint256 pos) private pure returns (uint256 b) {
        assembly ("memory-safe") {
            b := byte(0, calldataload(pos))
        }
    }

    function _skip(uint256 item, uint256 limit) private pure returns (uint256 itemEnd) {
        if (_byte(item) < 0xc0) (, itemEnd) = _string(item, limit);
        else (, itemEnd) = _list(item, limit);
    }

    function _list(uint256 item, uint256 limit) private pure returns (uint256 payload, uint256 itemEnd) {
        return _item(item, limit, 0xc0);
    }

    function _string(uint256 item, uint256 limit) private pure returns (uint256 payload, uint256 itemEnd) {
        unchecked {
            uint256 head = _byte(item);
            if (head < 0x80) {
                if (item >= limit) revert MalformedHeader();
                return (item, item + 1);
            }
            if (head >= 0xc0) revert MalformedHeader();
            (payload, itemEnd) = _item(item, limit, 0x80);
            if (itemEnd - payload == 1 && _byte(payload) < 0x80) revert MalformedHeader();
        }
    }

    /// @dev An item with a length in its header, in canonical form, ending by `limit`.
    function _item(uint256 item, uint256 limit, uint256 base)
        private
        pure
        returns (uint256 payload, uint256 itemEnd)
    {
        unchecked {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(item)
            }
            uint256 head = word >> 248;
            if (item >= limit || head < base) revert MalformedHeader();
            head -= base;
            if (head < 56) {
                payload = item + 1;
                itemEnd = payload + head;
            } else if (head < 59) {
                uint256 size = head - 55;
                uint256 length = (word << 8) >> (256 - 8 * size);
                if (length < 56 || length >> (8 * (size - 1)) == 0) revert MalformedHeader();
                payload = item + 1 + size;
                itemEnd = payload + length;
            } else {
                revert MalformedHeader();
            }
            if (itemEnd > limit) revert MalformedHeader();
        }
    }

    /// @dev A number of at most 8 bytes without leading zeros. What follows is checked against the end later.
    function _scalar(uint256 item) private pure returns (uint256 scalar, uint256 itemEnd) {
        bool bad;
        assembly ("memory-safe") {
            let word := calldataload(item)
            let head := byte(0, word)
            itemEnd := add(item, 1)
            switch lt(head, 0x80)
            case 1 {
                scalar := head
                bad := iszero(head)
            }
            default {
                let length := sub(head, 0x80)
                itemEnd := add(itemEnd, length)
                scalar := shr(sub(256, shl(3, length)), shl(8, word))
                // No leading zero, and no prefix where the byte alone would do.
                bad := or(gt(length, 8), lt(scalar, shr(8, shl(shl(3, length), iszero(iszero(length))))))
                bad := or(bad, and(eq(length, 1), lt(scalar, 0x80)))
            }
        }
        if (bad) revert MalformedHeader();
    }
}
