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

    /// @dev `InvalidProof()` at the left of a word.
    uint256 private constant INVALID = 0x09bde339 << 224;
    uint256 private constant MAX_NODE = 4096;
    uint256 private constant MAX_KEY = 512;

    /// @dev A walk over calldata. `levels` points to memory words, one per listed node of the previous path:
    /// `mark << 255 | length << 48 | position << 16 | depth`. Depth is the number of nibbles consumed before the
    /// node. A mark says that the node was checked and is a branch whose children are all hashes.
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
    function start(bytes calldata nodes, bytes32 root, uint256 keyLength)
        internal
        pure
        returns (Walk memory w)
    {
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
        if (keyLength > MAX_KEY) revert InvalidProof();
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

    /// @dev Walks from a kept node (or, if `level` is 0, from the root) through `count` listed items, of which a
    /// value that is stored by its hash is the last.
    function _walk(Walk memory w, uint256 nibbles, uint256 level, uint256 restart, uint256 count)
        private
        view
        returns (bool present, uint256 value, uint256 valueLength)
    {
        assembly ("memory-safe") {
            function refuse() {
                mstore(0x00, INVALID)
                revert(0x00, 0x04)
            }
            // Takes the next item, which must have this hash; `place` is where its length stands.
            function item(walk, place, hash) -> first, end {
                let left := shr(240, calldataload(place))
                first := add(place, 2)
                end := add(first, left)
                // As in Blake2b.sol.
                let buf := mload(add(walk, 0xc0))
                let state := add(buf, 0x20)
                mstore(state, 0x28c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5)
                mstore(add(buf, 0x40), 0xd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b)
                let done := 1
                place := first
                for {} gt(left, 128) { left := sub(left, 128) } {
                    calldatacopy(add(buf, 0x60), place, 128)
                    place := add(place, 128)
                    let counter := sub(place, first)
                    mstore(add(buf, 0xe0), or(shl(248, counter), shl(240, shr(8, counter))))
                    done := and(done, staticcall(gas(), 9, add(buf, 0x1c), 213, state, 0x40))
                }
                calldatacopy(add(buf, 0x60), place, left)
                calldatacopy(add(add(buf, 0x60), left), calldatasize(), sub(128, left))
                left := sub(end, first)
                mstore(add(buf, 0xe0), or(or(shl(248, left), shl(240, shr(8, left))), shl(120, 1)))
                done := and(done, staticcall(gas(), 9, add(buf, 0x1c), 213, state, 0x40))
                if or(xor(mload(state), hash), gt(end, mul(done, mload(add(walk, 0x20))))) { refuse() }
            }
            // The length of a string and where its content starts. A longer one than 2^14 - 1 fits no node.
            function compact(p) -> length, content {
                let word := calldataload(p)
                let head := byte(0, word)
                length := shr(2, head)
                content := add(p, 1)
                if and(head, 3) {
                    length := or(length, shl(6, byte(1, word)))
                    content := add(p, 2)
                    if or(gt(and(head, 3), 1), lt(length, 64)) { refuse() }
                }
            }
            // Whether the nibbles at `p` are not those that the key has from `from` on.
            function differs(p, n, key, from) -> yes {
                if and(n, 1) {
                    let pair := byte(0, mload(add(key, shr(1, from))))
                    if iszero(and(from, 1)) { pair := shr(4, pair) }
                    yes := and(xor(pair, byte(0, calldataload(p))), 0x0f)
                    p := add(p, 1)
                    from := add(from, 1)
                    n := sub(n, 1)
                }
                for {} n {} {
                    let place := add(key, shr(1, from))
                    let word := mload(place)
                    if and(from, 1) { word := or(shl(4, word), shr(252, mload(add(place, 0x20)))) }
                    word := xor(word, calldataload(p))
                    if lt(n, 64) {
                        yes := or(yes, shr(sub(256, shl(2, n)), word))
                        break
                    }
                    yes := or(yes, word)
                    p := add(p, 0x20)
                    from := add(from, 64)
                    n := sub(n, 64)
                }
            }
            // How many of sixteen bits are set: each is picked from a copy of its own, 17 places from the next.
            function ones(bits) -> n {
                n := mul(bits, 0x0001000100010001000100010001000100010001000100010001000100010001)
                n := and(n, 0x8000400020001000080004000200010000800040002000100008000400020001)
                n := mod(n, 0x1ffff)
            }
            // Whether the two or more children from `p` to `end`, 33 bytes each, are all hashes.
            function hashes(p, end) -> yes {
                let odd := or(xor(calldataload(p), shl(255, 1)), xor(calldataload(add(p, 33)), shl(255, 1)))
                p := add(p, 66)
                for { let four := sub(end, 99) } lt(p, four) { p := add(p, 132) } {
                    odd := or(odd, xor(calldataload(p), shl(255, 1)))
                    odd := or(odd, xor(calldataload(add(p, 33)), shl(255, 1)))
                    odd := or(odd, xor(calldataload(add(p, 66)), shl(255, 1)))
                    odd := or(odd, xor(calldataload(add(p, 99)), shl(255, 1)))
                }
                for {} lt(p, end) { p := add(p, 33) } { odd := or(odd, xor(calldataload(p), shl(255, 1))) }
                yes := iszero(shr(248, odd))
            }
            // The child of `bit` among those of a branch from `p` to `end`, with any that are inline. `first` is
            // where it starts if it is inline, and 0 if there is none.
            function child(p, end, bitmap, bit) -> hash, first, last {
                for { let i := 1 } bitmap { i := shl(1, i) } {
                    if and(bitmap, i) {
                        bitmap := xor(bitmap, i)
                        let size := byte(0, calldataload(p))
                        if or(gt(size, 0x80), and(size, 3)) { refuse() }
                        size := shr(2, size)
                        p := add(p, 1)
                        if eq(i, bit) {
                            first := 1
                            hash := calldataload(p)
                            if lt(size, 32) {
                                first := p
                                last := add(p, size)
                            }
                        }
                        p := add(p, size)
                    }
                }
                if xor(p, end) { refuse() }
            }

            let place := mload(w)
            let slot := add(mload(add(w, 0xa0)), shl(5, restart))
            let target := add(slot, shl(5, count))
            let hash := mload(add(w, 0x40))
            let depth := and(level, 0xffff)
            // The node at hand; if it is 0, the next listed one with the hash.
            let node := and(shr(16, level), 0xffffffff)
            let end := add(node, and(shr(48, level), 0xffff))
            let plain := shr(255, level)
            for {} 1 {} {
                if iszero(node) {
                    if eq(slot, target) { refuse() }
                    node, end := item(w, place, hash)
                    place := end
                    let size := sub(end, node)
                    // Only the root may be smaller than a hash.
                    let first := eq(slot, mload(add(w, 0xa0)))
                    if or(gt(size, MAX_NODE), lt(add(size, shl(5, first)), 32)) { refuse() }
                    mstore(slot, or(shl(48, size), or(shl(16, node), depth)))
                    slot := add(slot, 0x20)
                }
                let p := add(node, 3)
                let off := 0
                let bitmap := calldataload(node)
                let head := byte(0, bitmap)
                bitmap := or(byte(1, bitmap), shl(8, byte(2, bitmap)))
                switch head
                case 0x80 {
                    // The most frequent: a branch without value and without nibbles of its own.
                    if iszero(and(bitmap, sub(bitmap, 1))) { refuse() }
                    off := eq(depth, nibbles)
                }
                default {
                    // 01 leaf, 10 branch, 11 branch with value; 001 and 0001 with the hash of the value.
                    let form := shr(6, head)
                    let most := 0x3f
                    if iszero(form) {
                        if lt(head, 0x10) { refuse() }
                        most := 0x1f
                        form := 5
                        if lt(head, 0x20) {
                            most := 0x0f
                            form := 7
                        }
                    }
                    p := add(node, 1)
                    let length := and(head, most)
                    if length {
                        if eq(length, most) {
                            for {} 1 {} {
                                let more := byte(0, calldataload(p))
                                p := add(p, 1)
                                length := add(length, more)
                                if or(lt(more, 255), gt(p, end)) { break }
                            }
                        }
                        // An odd number starts in the low half of its first byte.
                        if gt(byte(0, calldataload(p)), sub(255, mul(240, and(length, 1)))) {
                            refuse()
                        }
                        off := gt(add(depth, length), nibbles)
                        if iszero(off) { off := differs(p, length, mload(add(w, 0x60)), depth) }
                        depth := add(depth, mul(length, iszero(off)))
                        p := add(p, shr(1, add(length, 1)))
                    }
                    bitmap := 0
                    if and(form, 2) {
                        bitmap := calldataload(p)
                        bitmap := or(byte(0, bitmap), shl(8, byte(1, bitmap)))
                        p := add(p, 2)
                        // A branch has a child, and without a value two.
                        if iszero(and(bitmap, sub(bitmap, iszero(and(form, 1))))) { refuse() }
                    }
                    let here := iszero(or(off, xor(depth, nibbles)))
                    off := or(off, here)
                    if and(form, 1) {
                        let content := p
                        length := 32
                        if lt(form, 4) { length, content := compact(p) }
                        p := add(content, length)
                        if here {
                            present := add(1, gt(form, 4))
                            value := content
                            valueLength := length
                        }
                    }
                    if iszero(bitmap) {
                        if xor(p, end) { refuse() }
                        break
                    }
                }
                // The bit of the child; none if the key ends here or is not below this node.
                let bit := mload(add(mload(add(w, 0x60)), shr(1, depth)))
                bit := and(shr(sub(252, shl(2, and(depth, 1))), bit), 0x0f)
                bit := and(shl(bit, iszero(off)), bitmap)
                depth := add(depth, 1)
                if iszero(plain) {
                    // A single child, beside a value, is left to the general way.
                    if and(eq(sub(end, p), mul(33, ones(bitmap))), gt(sub(end, p), 33)) {
                        plain := hashes(p, end)
                        let mark := sub(slot, 0x20)
                        mstore(mark, or(shl(255, plain), mload(mark)))
                    }
                }
                if plain {
                    if iszero(bit) { break }
                    plain := 0
                    node := 0
                    hash := calldataload(add(add(p, 1), mul(33, ones(and(bitmap, sub(bit, 1))))))
                    continue
                }
                hash, node, end := child(p, end, bitmap, bit)
                if iszero(node) { break }
                if eq(node, 1) { node := 0 }
            }
            mstore(add(w, 0x80), shr(5, sub(slot, mload(add(w, 0xa0)))))
            if eq(present, 2) {
                if eq(slot, target) { refuse() }
                target := sub(target, 0x20)
                value, place := item(w, place, calldataload(value))
                valueLength := sub(place, value)
                present := 1
            }
            mstore(w, place)
            if xor(slot, target) { refuse() }
        }
    }
}
