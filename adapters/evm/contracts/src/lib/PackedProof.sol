// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle-Patricia proofs of many keys from one packed list of nodes
/// @notice The encoding is section 1 of docs/wire-formats.md: for each key, in the caller's order,
/// `restart (u8) ‖ count (u8) ‖ count RLP nodes`. The first `restart` nodes of the previous key's path are
/// kept; the encoding of a sequence of keys is unique. Nodes are hashed from calldata and never copied to
/// arrays. Every key is 32 bytes (secure tries).
library PackedProof {
    /// @notice A proof that is malformed, does not hash to the root, or has missing or unused nodes.
    error InvalidProof();

    bytes32 internal constant EMPTY_ROOT = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    uint256 private constant MAX_NODE = 1024;
    /// @dev A path has at most 64 nodes that consume a nibble and one leaf or branch below them.
    uint256 private constant MAX_LEVELS = 66;

    /// @dev A walk over calldata. `levels` points to memory words `position << 8 | depth`, one per node of the
    /// previous path; depth is the number of nibbles consumed before the node.
    struct Walk {
        uint256 position;
        uint256 end;
        bytes32 root;
        bytes32 key;
        uint256 length;
        uint256 levels;
        bool started;
    }

    /// @notice Starts a walk over `nodes` under `root`.
    function start(bytes calldata nodes, bytes32 root) internal pure returns (Walk memory w) {
        uint256 levels;
        assembly ("memory-safe") {
            levels := mload(0x40)
            mstore(0x40, add(levels, mul(MAX_LEVELS, 32)))
            mstore(w, nodes.offset)
            mstore(add(w, 0x20), add(nodes.offset, nodes.length))
            mstore(add(w, 0x40), root)
        }
        w.levels = levels;
    }

    /// @notice Ends a walk: nothing may be left of the proof.
    function finish(Walk memory w) internal pure {
        if (w.position != w.end) revert InvalidProof();
    }

    /// @notice Walks to one key. Returns where its value lies in calldata, or `valueLength == 0` if it is absent.
    function next(Walk memory w, bytes32 key) internal pure returns (uint256 value, uint256 valueLength) {
        uint256 position = w.position;
        if (position + 2 > w.end) revert InvalidProof();
        uint256 restart;
        uint256 count;
        assembly ("memory-safe") {
            let head := calldataload(position)
            restart := byte(0, head)
            count := byte(1, head)
        }
        w.position = position + 2;

        uint256 node;
        uint256 depth;
        bytes32 childHash = w.root;
        if (restart == 0) {
            // Level 0 is the root at depth 0, which every path shares.
            if (w.length != 0) revert InvalidProof();
            if (childHash == EMPTY_ROOT) return _emptyTrie(w, key, count);
        } else {
            (node, depth) = _restart(w, key, restart);
        }
        w.key = key;

        uint256 level = restart;
        count += restart;
        bool listed = restart != 0;
        while (true) {
            if (!listed) {
                if (level == count) revert InvalidProof();
                node = _take(w, childHash, level == 0);
                uint256 levels = w.levels;
                assembly ("memory-safe") {
                    mstore(add(levels, shl(5, level)), or(shl(8, node), depth))
                }
                ++level;
            }
            listed = false;
            (node, depth, childHash, value, valueLength) = _descend(node, depth, key);
            // An embedded child is walked in place.
            while (node > 1) (node, depth, childHash, value, valueLength) = _descend(node, depth, key);
            if (node == 0) break;
        }
        if (level != count) revert InvalidProof();
        w.length = level;
    }

    /// @dev Checks that `restart` is exactly the number of nodes shared with the previous key's path and
    /// returns the last of them.
    function _restart(Walk memory w, bytes32 key, uint256 restart)
        private
        pure
        returns (uint256 node, uint256 depth)
    {
        uint256 length = w.length;
        if (restart > length) revert InvalidProof();
        uint256 difference = uint256(key ^ w.key);
        uint256 levels = w.levels;
        uint256 entry;
        assembly ("memory-safe") {
            entry := mload(add(levels, shl(5, sub(restart, 1))))
        }
        node = entry >> 8;
        depth = entry & 0xff;
        if (difference >> (256 - 4 * depth) != 0) revert InvalidProof();
        if (restart < length) {
            assembly ("memory-safe") {
                entry := mload(add(levels, shl(5, restart)))
            }
            if (difference >> (256 - 4 * (entry & 0xff)) == 0) revert InvalidProof();
        }
        // The empty trie's node `80` as a kept level: it has no content to descend into.
        assembly ("memory-safe") {
            if eq(byte(0, calldataload(node)), 0x80) { node := 2 }
        }
    }

    /// @dev The empty trie, listed for the first key as the node `80`, or not at all.
    function _emptyTrie(Walk memory w, bytes32 key, uint256 count) private pure returns (uint256, uint256) {
        bool started = w.started;
        w.key = key;
        w.started = true;
        if (count == 0) return (0, 0);
        uint256 position = w.position;
        uint256 first;
        uint256 levels = w.levels;
        assembly ("memory-safe") {
            first := byte(0, calldataload(position))
            mstore(levels, shl(8, position))
        }
        if (started || count != 1 || position >= w.end || first != 0x80) revert InvalidProof();
        w.position = position + 1;
        w.length = 1;
        return (0, 0);
    }

    /// @dev Takes the next listed node: its hash must be `childHash`.
    function _take(Walk memory w, bytes32 childHash, bool isRoot) private pure returns (uint256 node) {
        node = w.position;
        (, uint256 nodeEnd) = _list(node, w.end);
        uint256 size = nodeEnd - node;
        if (size > MAX_NODE || (size < 32 && !isRoot)) revert InvalidProof();
        bytes32 hash;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, node, size)
            hash := keccak256(scratch, size)
        }
        if (hash != childHash) revert InvalidProof();
        w.position = nodeEnd;
    }

    /// @dev One step down from the node at calldata `node`. `nextNode` is 0 at the end of the path, 1 if the
    /// next node is listed (then `childHash` is its hash), and otherwise where the embedded child lies.
    function _descend(uint256 node, uint256 depth, bytes32 key)
        private
        pure
        returns (uint256 nextNode, uint256 nextDepth, bytes32 childHash, uint256 value, uint256 valueLength)
    {
        if (node == 2) return (0, depth, 0, 0, 0);
        (uint256 item, uint256 nodeEnd) = _list(node, node + MAX_NODE);
        if (nodeEnd - item == 529 && _fullBranch(item)) {
            if (depth == 64) return (0, depth, 0, 0, 0);
            assembly ("memory-safe") {
                let nibble := and(shr(sub(252, shl(2, depth)), key), 0x0f)
                childHash := calldataload(add(item, add(mul(nibble, 33), 1)))
            }
            return (1, depth + 1, childHash, 0, 0);
        }
        uint256 second = _skip(item, nodeEnd);
        if (_skip(second, nodeEnd) == nodeEnd) return _descendShort(item, second, nodeEnd, depth, key);
        return _descendBranch(item, nodeEnd, depth, key);
    }

    /// @dev Sixteen hashes and no value: 16 × 33 + 1 bytes. Keys are hashed, so nothing else on an honest path
    /// has this length, and what has it is compared byte for byte.
    function _fullBranch(uint256 item) private pure returns (bool full) {
        assembly ("memory-safe") {
            let bad := xor(byte(0, calldataload(add(item, 528))), 0x80)
            for { let pos := item } lt(pos, add(item, 528)) { pos := add(pos, 132) } {
                bad := or(bad, xor(byte(0, calldataload(pos)), 0xa0))
                bad := or(bad, xor(byte(0, calldataload(add(pos, 33))), 0xa0))
                bad := or(bad, xor(byte(0, calldataload(add(pos, 66))), 0xa0))
                bad := or(bad, xor(byte(0, calldataload(add(pos, 99))), 0xa0))
            }
            full := iszero(bad)
        }
    }

    /// @dev A leaf or an extension: hex-prefix path, then value or child.
    function _descendShort(uint256 item, uint256 second, uint256 nodeEnd, uint256 depth, bytes32 key)
        private
        pure
        returns (uint256 nextNode, uint256 nextDepth, bytes32 childHash, uint256 value, uint256 valueLength)
    {
        (uint256 path, uint256 pathLength,) = _string(item, second);
        if (pathLength == 0) revert InvalidProof();
        uint256 flags;
        uint256 nibbles;
        bytes32 fragment;
        assembly ("memory-safe") {
            let head := byte(0, calldataload(path))
            flags := shr(4, head)
            switch and(flags, 1)
            case 1 {
                nibbles := sub(shl(1, pathLength), 1)
                fragment := shl(4, calldataload(path))
            }
            default {
                nibbles := shl(1, sub(pathLength, 1))
                fragment := calldataload(add(path, 1))
                // An even path starts with a zero nibble.
                if and(head, 0x0f) { flags := 4 }
            }
        }
        if (flags > 3) revert InvalidProof();
        bool matches = nibbles <= 64 - depth
            && uint256(fragment ^ bytes32(uint256(key) << (4 * depth))) >> (256 - 4 * nibbles) == 0;
        nextDepth = depth + nibbles;
        if (flags > 1) {
            (value, valueLength,) = _string(second, nodeEnd);
            if (valueLength == 0) revert InvalidProof();
            if (!matches || nextDepth != 64) return (0, nextDepth, 0, 0, 0);
            return (0, nextDepth, 0, value, valueLength);
        }
        if (nibbles == 0) revert InvalidProof();
        (nextNode, childHash) = _child(second);
        if (nextNode == 0) revert InvalidProof();
        if (!matches) return (0, nextDepth, 0, 0, 0);
    }

    /// @dev A branch with empty or embedded children, or with a value.
    function _descendBranch(uint256 item, uint256 nodeEnd, uint256 depth, bytes32 key)
        private
        pure
        returns (uint256 nextNode, uint256 nextDepth, bytes32 childHash, uint256 value, uint256 valueLength)
    {
        uint256 nibble = depth == 64 ? 16 : (uint256(key) >> (252 - 4 * depth)) & 0x0f;
        for (uint256 i = 0; i < 16; ++i) {
            if (item >= nodeEnd) revert InvalidProof();
            if (i == nibble) (nextNode, childHash) = _child(item);
            else _child(item);
            item = _skip(item, nodeEnd);
        }
        uint256 itemEnd;
        (value, valueLength, itemEnd) = _string(item, nodeEnd);
        if (itemEnd != nodeEnd) revert InvalidProof();
        if (nibble == 16) return (0, depth, 0, value, valueLength);
        return (nextNode, depth + 1, childHash, 0, 0);
    }

    /// @dev A child: `80` (none, 0), a childHash of 32 bytes (1), or an embedded node (its position).
    function _child(uint256 item) private pure returns (uint256 kind, bytes32 childHash) {
        uint256 head;
        assembly ("memory-safe") {
            head := byte(0, calldataload(item))
        }
        if (head == 0x80) return (0, 0);
        if (head == 0xa0) {
            assembly ("memory-safe") {
                childHash := calldataload(add(item, 1))
            }
            return (1, childHash);
        }
        // A list shorter than 32 bytes, header included.
        if (head < 0xc0 || head > 0xde) revert InvalidProof();
        return (item, 0);
    }

    /// @dev The end of the item at `item`, which must be canonical and end by `limit`.
    function _skip(uint256 item, uint256 limit) private pure returns (uint256 itemEnd) {
        uint256 head;
        assembly ("memory-safe") {
            head := byte(0, calldataload(item))
        }
        if (head < 0xc0) (,, itemEnd) = _string(item, limit);
        else (, itemEnd) = _list(item, limit);
    }

    /// @dev A list in canonical form: where its payload starts and ends.
    function _list(uint256 item, uint256 limit) private pure returns (uint256 payload, uint256 itemEnd) {
        if (item >= limit) revert InvalidProof();
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(item)
        }
        uint256 head = word >> 248;
        if (head >= 0xc0 && head <= 0xf7) {
            payload = item + 1;
            itemEnd = payload + head - 0xc0;
        } else if (head == 0xf9) {
            uint256 length = (word >> 232) & 0xffff;
            if (length < 256) revert InvalidProof();
            payload = item + 3;
            itemEnd = payload + length;
        } else if (head == 0xf8) {
            uint256 length = (word >> 240) & 0xff;
            if (length < 56) revert InvalidProof();
            payload = item + 2;
            itemEnd = payload + length;
        } else {
            revert InvalidProof();
        }
        if (itemEnd > limit) revert InvalidProof();
    }

    /// @dev A string in canonical form: where its payload lies, its length, and where the item ends.
    function _string(uint256 item, uint256 limit)
        private
        pure
        returns (uint256 payload, uint256 length, uint256 itemEnd)
    {
        if (item >= limit) revert InvalidProof();
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(item)
        }
        uint256 head = word >> 248;
        if (head < 0x80) {
            payload = item;
            length = 1;
        } else if (head <= 0xb7) {
            payload = item + 1;
            length = head - 0x80;
            if (length == 1 && (word >> 240) & 0xff < 0x80) revert InvalidProof();
        } else if (head == 0xb8) {
            length = (word >> 240) & 0xff;
            payload = item + 2;
            if (length < 56) revert InvalidProof();
        } else if (head == 0xb9) {
            length = (word >> 232) & 0xffff;
            payload = item + 3;
            if (length < 256) revert InvalidProof();
        } else {
            revert InvalidProof();
        }
        itemEnd = payload + length;
        if (itemEnd > limit) revert InvalidProof();
    }

    /// @notice A storage value: RLP of a number without leading zeros and not zero, filling exactly the leaf.
    function storageValue(uint256 value, uint256 valueLength) internal pure returns (bytes32 content) {
        (uint256 payload, uint256 length, uint256 itemEnd) = _string(value, value + valueLength);
        if (itemEnd != value + valueLength || length == 0 || length > 32) revert InvalidProof();
        assembly ("memory-safe") {
            let word := calldataload(payload)
            content := shr(sub(256, shl(3, length)), word)
            // The first byte must not be zero.
            if iszero(byte(0, word)) { content := 0 }
        }
        if (content == 0) revert InvalidProof();
    }

    /// @notice An account: `RLP[nonce, balance, storageRoot, codeHash]`, filling exactly the leaf.
    function account(uint256 value, uint256 valueLength)
        internal
        pure
        returns (bytes32 storageRoot, bytes32 codeHash)
    {
        uint256 limit = value + valueLength;
        (uint256 item, uint256 itemEnd) = _list(value, limit);
        if (itemEnd != limit) revert InvalidProof();
        item = _scalar(item, limit, 8);
        item = _scalar(item, limit, 32);
        if (item + 66 != limit) revert InvalidProof();
        uint256 heads;
        assembly ("memory-safe") {
            heads := or(shl(8, byte(0, calldataload(item))), byte(0, calldataload(add(item, 33))))
            storageRoot := calldataload(add(item, 1))
            codeHash := calldataload(add(item, 34))
        }
        if (heads != 0xa0a0) revert InvalidProof();
    }

    /// @dev A number of at most `width` bytes without leading zeros; returns where its item ends.
    function _scalar(uint256 item, uint256 limit, uint256 width) private pure returns (uint256 itemEnd) {
        uint256 payload;
        uint256 length;
        (payload, length, itemEnd) = _string(item, limit);
        uint256 first;
        assembly ("memory-safe") {
            first := byte(0, calldataload(payload))
        }
        if (length > width || (length != 0 && first == 0)) revert InvalidProof();
    }
}
