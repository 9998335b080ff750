// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Blake2b} from "./Blake2b.sol";

/// @title Proofs of many keys in the state trie of a Substrate chain, from one packed list of nodes
/// @notice The encoding is section 6 of docs/wire-formats.md: for each key, in the caller's order,
/// `restart (u8) ‖ count (u8) ‖ count × (length (u16) ‖ bytes)`. The first `restart` nodes of the previous
/// key's path are kept; the encoding of a sequence of keys is unique. Nodes are hashed from calldata and never
/// copied to arrays.
/// @dev Positions are calldata offsets; depths and lengths of keys are in nibbles. Reading past the end of a node
/// gives bytes that the check of its end then refuses: positions only grow.
library StateTrieProof {
    /// @notice A proof that is malformed, does not hash to the root, or has missing or unused items.
    error InvalidProof();

    /// @notice The root of a trie without keys: BLAKE2b-256 of one zero byte.
    bytes32 internal constant EMPTY_ROOT = 0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314;

    uint256 private constant MAX_NODE = 4096;
    uint256 private constant MAX_VALUE = 65_535;
    /// @dev A node of fewer bytes is inline in its parent.
    uint256 private constant MIN_HASHED = 32;

    /// @dev Where the walk of a key stands after a node.
    uint256 private constant ABSENT = 0;
    uint256 private constant LISTED = 1; // at the child with this hash
    uint256 private constant INLINE = 2; // at the child between these positions
    uint256 private constant VALUE = 3; // at a value: position, length
    uint256 private constant HASHED_VALUE = 4; // at a value with this hash

    /// @dev In a level: all children are hashes, and the node was checked.
    uint256 private constant PLAIN = 1 << 255;

    /// @dev A walk over calldata. `levels` points to memory words, one per listed node of the previous path:
    /// `PLAIN | length << 48 | position << 16 | depth`. Depth is the number of nibbles consumed before the node.
    struct Walk {
        uint256 position;
        uint256 end;
        bytes32 root;
        uint256 key; // the previous key, in memory
        uint256 length; // of the previous path
        uint256 levels;
        uint256 blake2; // buffer
        bool started;
    }

    /// @notice Starts a walk over `nodes` under `root`, for keys of at most `keyLength` bytes.
    function start(bytes calldata nodes, bytes32 root, uint256 keyLength) internal pure returns (Walk memory w) {
        w.blake2 = Blake2b.buffer();
        uint256 levels;
        assembly ("memory-safe") {
            levels := mload(0x40)
            // Every node but the last consumes a nibble for its child.
            mstore(0x40, add(levels, shl(5, add(shl(1, keyLength), 2))))
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

    /// @notice Walks to a key in memory, which must stay as it is until the next call. Returns whether it is
    /// present, and where its value lies in calldata.
    function next(Walk memory w, uint256 key, uint256 keyLength)
        internal
        view
        returns (bool present, uint256 value, uint256 valueLength)
    {
        uint256 nibbles = keyLength << 1;
        uint256 restart;
        uint256 count;
        uint256 position = w.position;
        assembly ("memory-safe") {
            let head := calldataload(position)
            restart := byte(0, head)
            count := byte(1, head)
            position := add(position, 2)
        }
        if (position > w.end) revert InvalidProof();
        w.position = position;
        uint256 level;
        if (restart == 0) {
            // The root is a part of every path.
            if (w.length != 0) revert InvalidProof();
            if (w.root == EMPTY_ROOT) return _empty(w, key, count);
        } else {
            level = _restart(w, key, nibbles, restart);
            if (level == 0) {
                if (count != 0) revert InvalidProof();
                (w.key, w.length) = (key, restart);
                return (false, 0, 0);
            }
        }
        w.key = key;
        return _walk(w, nibbles, level, restart, count);
    }

    /// @dev The empty trie: its node `00` for the first key, or nothing.
    function _empty(Walk memory w, uint256 key, uint256 count) private pure returns (bool, uint256, uint256) {
        bool started = w.started;
        w.key = key;
        w.started = true;
        if (count == 0) return (false, 0, 0);
        uint256 position = w.position;
        uint256 item;
        assembly ("memory-safe") {
            item := shr(232, calldataload(position))
        }
        if (started || count != 1 || position + 3 > w.end || item != 0x000100) revert InvalidProof();
        uint256 levels = w.levels;
        assembly ("memory-safe") {
            mstore(levels, 0)
        }
        w.position = position + 3;
        w.length = 1;
        return (false, 0, 0);
    }

    /// @dev Checks that `restart` is exactly the number of nodes shared with the previous key's path and returns
    /// the level of the last of them; 0 if that is the node of the empty trie.
    function _restart(Walk memory w, uint256 key, uint256 nibbles, uint256 restart)
        private
        pure
        returns (uint256 level)
    {
        uint256 length = w.length;
        uint256 levels = w.levels;
        uint256 previous = w.key;
        bool bad;
        assembly ("memory-safe") {
            // The first words in which the keys differ, and how many nibbles are before them.
            let same := 0
            let difference := 0
            for {} lt(same, nibbles) { same := add(same, 64) } {
                difference := xor(mload(add(key, shr(1, same))), mload(add(previous, shr(1, same))))
                if difference { break }
            }
            // Whether both keys have the nibbles in front of a node. The previous key has that many.
            function shares(depth, all, same_, difference_) -> yes {
                yes := iszero(gt(depth, all))
                if gt(depth, same_) {
                    let inside := sub(depth, same_)
                    yes := and(yes, and(lt(inside, 65), iszero(shr(sub(256, shl(2, inside)), difference_))))
                }
            }
            level := mload(add(levels, shl(5, sub(restart, 1))))
            bad := or(gt(restart, length), iszero(shares(and(level, 0xffff), nibbles, same, difference)))
            if lt(restart, length) {
                let following := mload(add(levels, shl(5, restart)))
                bad := or(bad, shares(and(following, 0xffff), nibbles, same, difference))
            }
        }
        if (bad) revert InvalidProof();
    }

    /// @dev Walks from a kept node (or, if `level` is 0, from the root) through `left` listed items.
    function _walk(Walk memory w, uint256 nibbles, uint256 level, uint256 length, uint256 left)
        private
        view
        returns (bool present, uint256 value, uint256 valueLength)
    {
        uint256 depth = level & 0xffff;
        uint256 kind = LISTED;
        uint256 a = uint256(w.root);
        uint256 b;
        bool plain;
        if (level != 0) {
            a = (level >> 16) & 0xffffffff;
            b = a + ((level >> 48) & 0xffff);
            (kind, a, b, depth,) = _node(a, b, depth, w.key, nibbles, level & PLAIN != 0);
        }
        while (true) {
            if (kind == LISTED) {
                if (left == 0) revert InvalidProof();
                (a, b) = _item(w, a, MAX_NODE);
                if (b - a < MIN_HASHED && length != 0) revert InvalidProof();
                uint256 slot = w.levels + (length << 5);
                uint256 entry = ((b - a) << 48) | (a << 16) | depth;
                unchecked {
                    --left;
                    ++length;
                }
                (kind, a, b, depth, plain) = _node(a, b, depth, w.key, nibbles, false);
                assembly ("memory-safe") {
                    mstore(slot, or(entry, shl(255, plain)))
                }
            } else if (kind == INLINE) {
                (kind, a, b, depth,) = _node(a, b, depth, w.key, nibbles, false);
            } else {
                break;
            }
        }
        w.length = length;
        if (kind == HASHED_VALUE) {
            if (left == 0) revert InvalidProof();
            (a, b) = _item(w, a, MAX_VALUE);
            (b, kind) = (b - a, VALUE);
            unchecked {
                --left;
            }
        }
        if (left != 0) revert InvalidProof();
        if (kind == VALUE) return (true, a, b);
    }

    /// @dev The next item of the proof, which must have this hash.
    function _item(Walk memory w, uint256 hash, uint256 most) private view returns (uint256 first, uint256 end) {
        unchecked {
            uint256 position = w.position;
            uint256 size;
            assembly ("memory-safe") {
                size := shr(240, calldataload(position))
            }
            first = position + 2;
            end = first + size;
            if (end > w.end || size > most) revert InvalidProof();
            if (Blake2b.hash(w.blake2, first, size) != bytes32(hash)) revert InvalidProof();
            w.position = end;
        }
    }

    /// @dev One node from `position` to `end`, read for a key from `depth` on. `checked`: it is a plain branch
    /// and was read before. Returns where the walk stands then.
    function _node(uint256 position, uint256 end, uint256 depth, uint256 key, uint256 all, bool checked)
        private
        pure
        returns (uint256 kind, uint256 a, uint256 b, uint256 newDepth, bool plain)
    {
        bool bad;
        assembly ("memory-safe") {
            // The length of a string and where its content starts; only lengths below 2^14 fit a node.
            function compact(p) -> length, content, wrong {
                let word := calldataload(p)
                let head := byte(0, word)
                length := shr(2, head)
                content := add(p, 1)
                if and(head, 3) {
                    length := or(length, shl(6, byte(1, word)))
                    content := add(p, 2)
                    wrong := or(gt(and(head, 3), 1), lt(length, 64))
                }
            }
            // Whether the partial key at `p` is not what the key has from `from` on.
            function differs(p, nibbles, key_, from) -> yes {
                if and(nibbles, 1) {
                    let pair := byte(0, mload(add(key_, shr(1, from))))
                    if iszero(and(from, 1)) { pair := shr(4, pair) }
                    yes := and(xor(pair, byte(0, calldataload(p))), 0x0f)
                    p := add(p, 1)
                    from := add(from, 1)
                    nibbles := sub(nibbles, 1)
                }
                for {} nibbles {} {
                    let pair := add(key_, shr(1, from))
                    let word := mload(pair)
                    if and(from, 1) { word := or(shl(4, word), shr(252, mload(add(pair, 0x20)))) }
                    word := xor(word, calldataload(p))
                    if lt(nibbles, 64) {
                        yes := or(yes, shr(sub(256, shl(2, nibbles)), word))
                        break
                    }
                    yes := or(yes, word)
                    p := add(p, 0x20)
                    from := add(from, 64)
                    nibbles := sub(nibbles, 64)
                }
            }
            // How many of sixteen bits are set: each is picked from a copy of its own, 17 places from the next.
            function ones(bits) -> n {
                n := mul(bits, 0x0001000100010001000100010001000100010001000100010001000100010001)
                n := and(n, 0x8000400020001000080004000200010000800040002000100008000400020001)
                n := mod(n, 0x1ffff)
            }
            // Whether `n` children from `p` on are all hashes.
            function hashes(p, n) -> yes {
                let first := calldataload(p)
                let odd := xor(first, shl(255, 1))
                for {} gt(n, 3) { n := sub(n, 4) } {
                    odd := or(odd, xor(first, calldataload(p)))
                    odd := or(odd, xor(first, calldataload(add(p, 33))))
                    odd := or(odd, xor(first, calldataload(add(p, 66))))
                    odd := or(odd, xor(first, calldataload(add(p, 99))))
                    p := add(p, 132)
                }
                for {} n { n := sub(n, 1) } {
                    odd := or(odd, xor(first, calldataload(p)))
                    p := add(p, 33)
                }
                yes := iszero(shr(248, odd))
            }

            let p := add(position, 1)
            let head := byte(0, calldataload(position))
            // 01 leaf, 10 branch, 11 branch with value; 001 and 0001 with the value's hash.
            let mask := 0x3f
            let form := shr(6, head)
            let isBranch := gt(form, 1)
            let hasValue := and(form, 1)
            let isHashed := 0
            if iszero(form) {
                isHashed := 1
                hasValue := 1
                isBranch := lt(head, 0x20)
                mask := shr(isBranch, 0x1f)
                bad := lt(head, 0x10)
            }
            let nibbles := and(head, mask)
            if eq(nibbles, mask) {
                for {} 1 {} {
                    let more := byte(0, calldataload(p))
                    p := add(p, 1)
                    nibbles := add(nibbles, more)
                    if or(lt(more, 255), gt(p, end)) { break }
                }
            }
            {
                // An odd partial key starts in the low half of its first byte.
                let odd := and(nibbles, 1)
                bad := or(bad, and(odd, gt(byte(0, calldataload(p)), 0x0f)))
                newDepth := add(depth, nibbles)
                let off := gt(newDepth, all)
                if iszero(off) { off := differs(p, nibbles, key, depth) }
                p := add(p, shr(1, add(nibbles, odd)))
                // The nibble of the child; 16: the value; 17: the walk ends here.
                let nibble := 17
                if iszero(off) {
                    nibble := 16
                    if lt(newDepth, all) {
                        nibble := and(
                            shr(sub(252, shl(2, and(newDepth, 1))), mload(add(key, shr(1, newDepth)))), 0x0f
                        )
                    }
                }
                let bitmap := 0
                if isBranch {
                    let word := calldataload(p)
                    bitmap := or(byte(0, word), shl(8, byte(1, word)))
                    p := add(p, 2)
                    bad := or(bad, iszero(bitmap))
                    if iszero(hasValue) { bad := or(bad, iszero(and(bitmap, sub(bitmap, 1)))) }
                }
                if hasValue {
                    let length := 32
                    let content := p
                    if iszero(isHashed) {
                        let wrong
                        length, content, wrong := compact(p)
                        bad := or(bad, wrong)
                    }
                    p := add(content, length)
                    if eq(nibble, 16) {
                        kind := VALUE
                        a := content
                        b := length
                        if isHashed {
                            kind := HASHED_VALUE
                            a := calldataload(content)
                        }
                    }
                }
                if isBranch {
                    let n := ones(bitmap)
                    plain := checked
                    if iszero(checked) {
                        if eq(sub(end, p), mul(n, 33)) { plain := hashes(p, n) }
                    }
                    let bit := and(shl(nibble, 1), 0xffff)
                    switch plain
                    case 1 {
                        if and(bitmap, bit) {
                            kind := LISTED
                            a := calldataload(add(add(p, 1), mul(33, ones(and(bitmap, sub(bit, 1))))))
                        }
                        p := end
                    }
                    default {
                        for { let i := 1 } bitmap { i := shl(1, i) } {
                            if and(bitmap, i) {
                                bitmap := xor(bitmap, i)
                                let size := byte(0, calldataload(p))
                                bad := or(bad, or(gt(size, 0x80), and(size, 3)))
                                size := shr(2, size)
                                p := add(p, 1)
                                if eq(i, bit) {
                                    kind := LISTED
                                    a := calldataload(p)
                                    if lt(size, 32) {
                                        kind := INLINE
                                        a := p
                                        b := add(p, size)
                                    }
                                }
                                p := add(p, size)
                            }
                        }
                    }
                    newDepth := add(newDepth, 1)
                }
            }
            bad := or(bad, iszero(eq(p, end)))
        }
        if (bad) revert InvalidProof();
    }
}
