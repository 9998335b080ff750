// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle-Patricia proofs of many keys from one packed list of nodes
/// @notice The encoding is section 1 of docs/wire-formats.md: for each key, in the caller's order,
/// `restart (u8) ‖ count (u8) ‖ count RLP nodes`. The first `restart` nodes of the previous key's path are
/// kept; the encoding of a sequence of keys is unique. Nodes are hashed from calldata and never copied to
/// arrays. Every key is 32 bytes (secure tries).
/// @dev Written in assembly because a batch spends most of its gas here. Positions are calldata offsets and
/// lengths have at most 16 bits, so sums do not overflow. Reading past the end of the proof gives bytes that
/// the bounds checks then refuse.
library PackedProof {
    /// @notice A proof that is malformed, does not hash to the root, or has missing or unused nodes.
    error InvalidProof();

    bytes32 internal constant EMPTY_ROOT = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    /// @dev `InvalidProof()` at the left of a word.
    uint256 private constant INVALID = 0x09bde339 << 224;
    uint256 private constant MAX_NODE = 1024;
    /// @dev A path has at most 64 nodes that consume a nibble and one leaf or branch below them.
    uint256 private constant MAX_LEVELS = 66;

    /// @dev A walk over calldata. `levels` points to memory words, one per node of the previous path:
    /// `mark << 168 | heads << 40 | position << 8 | depth`. Depth is the number of nibbles consumed before the
    /// node. A mark says that the node is a plain branch (references and empty places only) and that position
    /// is its payload's; `heads` are then the first bytes of its sixteen children, `a0` or `80`.
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
        uint256 restart;
        uint256 count;
        assembly ("memory-safe") {
            let head := calldataload(position)
            restart := byte(0, head)
            count := byte(1, head)
            position := add(position, 2)
        }
        if (position > w.end) revert InvalidProof();
        w.position = position;
        uint256 entry;
        if (restart == 0) {
            // Level 0 is the root at depth 0, which every path shares.
            if (w.length != 0) revert InvalidProof();
            if (w.root == EMPTY_ROOT) return _emptyTrie(w, key, count);
        } else {
            entry = _restart(w, key, restart);
            // The empty trie's node `80` as a kept level: it leads nowhere.
            if (entry == 0) {
                if (count != 0) revert InvalidProof();
                (w.key, w.length) = (key, restart);
                return (0, 0);
            }
        }
        w.key = key;
        unchecked {
            w.length = restart + count;
        }
        return _walk(w, entry, restart);
    }

    /// @dev Checks that `restart` is exactly the number of nodes shared with the previous key's path and
    /// returns the level word of the last of them; 0 if that is the node of the empty trie.
    function _restart(Walk memory w, bytes32 key, uint256 restart) private pure returns (uint256 entry) {
        uint256 length = w.length;
        uint256 levels = w.levels;
        bytes32 previous = w.key;
        bool bad;
        assembly ("memory-safe") {
            let difference := xor(key, previous)
            entry := mload(add(levels, shl(5, sub(restart, 1))))
            bad := or(
                gt(restart, length),
                iszero(iszero(shr(sub(256, shl(2, and(entry, 0xff))), difference)))
            )
            if lt(restart, length) {
                let following := and(mload(add(levels, shl(5, restart))), 0xff)
                bad := or(bad, iszero(shr(sub(256, shl(2, following)), difference)))
            }
            if iszero(shr(168, entry)) {
                if eq(byte(0, calldataload(shr(8, entry))), 0x80) { entry := 0 }
            }
        }
        if (bad) revert InvalidProof();
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

    /// @dev Walks from a kept node (or, if `entry` is 0, from the root) through `w.length - level` listed nodes.
    function _walk(Walk memory w, uint256 entry, uint256 level)
        private
        pure
        returns (uint256 value, uint256 valueLength)
    {
        assembly ("memory-safe") {
            function refuse() {
                mstore(0x00, INVALID)
                revert(0x00, 0x04)
            }
            // The payload of the list at `p` and its end; the length in its shortest form.
            function list(p) -> item, end {
                let word := calldataload(p)
                let head := byte(0, word)
                switch gt(head, 0xf7)
                case 0 {
                    if lt(head, 0xc0) { refuse() }
                    item := add(p, 1)
                    end := add(item, sub(head, 0xc0))
                }
                default {
                    let length := and(shr(232, word), 0xffff)
                    item := add(p, 3)
                    let least := 256
                    if eq(head, 0xf8) {
                        length := shr(8, length)
                        item := add(p, 2)
                        least := 56
                    }
                    if or(gt(head, 0xf9), lt(length, least)) { refuse() }
                    end := add(item, length)
                }
            }
            // The payload of the string at `p` and its length; in shortest form and within `limit`.
            function text(p, limit) -> payload, length {
                let word := calldataload(p)
                let head := byte(0, word)
                payload := p
                length := 1
                if gt(head, 0x7f) {
                    payload := add(p, 1)
                    length := sub(head, 0x80)
                    if gt(head, 0xb7) {
                        let least := 256
                        payload := add(p, 3)
                        length := and(shr(232, word), 0xffff)
                        if eq(head, 0xb8) {
                            payload := add(p, 2)
                            length := shr(8, length)
                            least := 56
                        }
                        if or(gt(head, 0xb9), lt(length, least)) { refuse() }
                    }
                    if and(eq(head, 0x81), lt(byte(1, word), 0x80)) { refuse() }
                }
                if or(iszero(lt(p, limit)), gt(add(payload, length), limit)) { refuse() }
            }
            // The end of any item.
            function skip(p, limit) -> end {
                switch lt(byte(0, calldataload(p)), 0xc0)
                case 0 {
                    let item
                    item, end := list(p)
                    if or(iszero(lt(p, limit)), gt(end, limit)) { refuse() }
                }
                default {
                    let payload, length := text(p, limit)
                    end := add(payload, length)
                }
            }
            // Which child: 0 none, 1 a listed node with this hash, otherwise where the embedded one lies.
            function child(p) -> kind, hash {
                let head := byte(0, calldataload(p))
                kind := p
                switch head
                case 0x80 { kind := 0 }
                case 0xa0 {
                    kind := 1
                    hash := calldataload(add(p, 1))
                }
                default { if or(lt(head, 0xc0), gt(head, 0xde)) { refuse() } }
            }
            // A leaf or an extension: hex-prefix path, then value or child, then nothing.
            function short(item, end, depth_, key_) -> kind, hash, newDepth, payload, length {
                let path, pathLength := text(item, end)
                let second := add(path, pathLength)
                let head := byte(0, calldataload(path))
                // An odd path starts in the first byte; an even one has a zero nibble there.
                let nibbles := sub(shl(1, pathLength), 1)
                let fragment := shl(4, calldataload(path))
                if iszero(and(head, 0x10)) {
                    nibbles := sub(nibbles, 1)
                    fragment := calldataload(add(path, 1))
                    if and(head, 0x0f) { refuse() }
                }
                if or(gt(head, 0x3f), iszero(pathLength)) { refuse() }
                newDepth := add(depth_, nibbles)
                let matches :=
                    iszero(
                        or(
                            gt(newDepth, 64),
                            shr(sub(256, shl(2, nibbles)), xor(fragment, shl(shl(2, depth_), key_)))
                        )
                    )
                switch gt(head, 0x1f)
                case 1 {
                    payload, length := text(second, end)
                    if or(iszero(length), iszero(eq(add(payload, length), end))) { refuse() }
                    length := mul(length, and(matches, eq(newDepth, 64)))
                }
                default {
                    if or(iszero(nibbles), iszero(eq(skip(second, end), end))) { refuse() }
                    kind, hash := child(second)
                    if iszero(kind) { refuse() }
                    kind := mul(kind, matches)
                }
            }
            // A branch: sixteen children, each checked, and a value.
            function branch(item, end, depth_, key_) -> kind, hash, payload, length {
                let nibble := 16
                if lt(depth_, 64) { nibble := and(shr(sub(252, shl(2, depth_)), key_), 0x0f) }
                let p := item
                let good := 1
                let found := 0
                for { let i := 0 } lt(i, 16) { i := add(i, 1) } {
                    if eq(i, nibble) { found := p }
                    let head := byte(0, calldataload(p))
                    switch eq(head, 0x80)
                    case 1 { p := add(p, 1) }
                    default {
                        switch eq(head, 0xa0)
                        case 1 { p := add(p, 33) }
                        default {
                            good := and(good, lt(sub(head, 0xc0), 0x1f))
                            p := add(p, and(sub(head, 0xbf), 0xff))
                        }
                    }
                }
                // Positions only grow: a child that runs past the end is noticed here.
                payload, length := text(p, end)
                if iszero(and(good, eq(add(payload, length), end))) { refuse() }
                if found {
                    length := 0
                    kind, hash := child(found)
                }
            }
            // The first bytes of sixteen children, if each is a reference (a0) or none (80) and no value follows.
            // Bit 5 of such a byte, 32, is the length that it announces.
            function children(item, end) -> heads, plain {
                let p := item
                for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                    let head := byte(0, calldataload(p))
                    heads := or(shl(8, heads), head)
                    p := add(add(p, 1), and(head, 0x20))
                    head := byte(0, calldataload(p))
                    heads := or(shl(8, heads), head)
                    p := add(add(p, 1), and(head, 0x20))
                    head := byte(0, calldataload(p))
                    heads := or(shl(8, heads), head)
                    p := add(add(p, 1), and(head, 0x20))
                    head := byte(0, calldataload(p))
                    heads := or(shl(8, heads), head)
                    p := add(add(p, 1), and(head, 0x20))
                }
                plain := eq(
                    and(heads, 0xdfdfdfdfdfdfdfdfdfdfdfdfdfdfdfdf),
                    0x80808080808080808080808080808080
                )
                plain := and(plain, and(eq(byte(0, calldataload(p)), 0x80), eq(add(p, 1), end)))
            }

            let key := mload(add(w, 0x60))
            let childHash := mload(add(w, 0x40))
            let target := mload(add(w, 0x80))
            let scratch := mload(0x40)
            let depth := and(entry, 0xff)
            let node := and(shr(8, entry), 0xffffffff)
            let heads := and(shr(40, entry), 0xffffffffffffffffffffffffffffffff)
            let plain := shr(168, entry)
            let item := node
            let end := 0
            let slot := 0
            for {} 1 {} {
                // What is at hand: a plain branch, or the node at `node`, or (0 and 1) the next listed node.
                if iszero(plain) {
                    switch gt(node, 1)
                    case 1 {
                        item, end := list(node)
                        slot := 0
                    }
                    default {
                        // Its hash must be what its parent, or the root, says.
                        if eq(level, target) { refuse() }
                        node := mload(w)
                        item, end := list(node)
                        let size := sub(end, node)
                        let bad := or(gt(end, mload(add(w, 0x20))), gt(size, MAX_NODE))
                        if or(bad, and(lt(size, 32), gt(level, 0))) { refuse() }
                        calldatacopy(scratch, node, size)
                        if iszero(eq(keccak256(scratch, size), childHash)) { refuse() }
                        mstore(w, end)
                        slot := add(mload(add(w, 0xa0)), shl(5, level))
                        mstore(slot, or(shl(8, node), depth))
                        level := add(level, 1)
                    }
                    // A path is a string that is not empty; a child may be one only if it has 32 bytes.
                    let head := byte(0, calldataload(item))
                    let isShort := and(iszero(eq(head, 0x80)), lt(head, 0xc0))
                    if eq(head, 0xa0) { isShort := eq(skip(add(item, 33), end), end) }
                    switch isShort
                    case 1 { node, childHash, depth, value, valueLength := short(item, end, depth, key) }
                    default {
                        if lt(depth, 64) { heads, plain := children(item, end) }
                        switch plain
                        case 1 {
                            if slot {
                                mstore(slot, or(or(shl(168, 1), shl(40, heads)), or(shl(8, item), depth)))
                            }
                        }
                        default {
                            node, childHash, value, valueLength := branch(item, end, depth, key)
                            depth := add(depth, 1)
                        }
                    }
                }
                if plain {
                    let nibble := and(shr(sub(252, shl(2, depth)), key), 0x0f)
                    depth := add(depth, 1)
                    plain := 0
                    valueLength := 0
                    node := and(shr(sub(125, shl(3, nibble)), heads), 1)
                    if node {
                        // Each child in front has 1 byte, or 33: add up their bits 5.
                        let before := shr(sub(128, shl(3, nibble)), heads)
                        before := and(shr(5, before), 0x01010101010101010101010101010101)
                        before := and(shr(120, mul(before, 0x01010101010101010101010101010101)), 0xff)
                        childHash := calldataload(add(add(item, 1), add(nibble, shl(5, before))))
                    }
                }
                if iszero(node) { break }
            }
            if iszero(eq(level, target)) { refuse() }
        }
    }

    /// @notice A storage value: RLP of a number without leading zeros and not zero, filling exactly the leaf.
    function storageValue(uint256 value, uint256 valueLength) internal pure returns (bytes32 content) {
        bool bad;
        assembly ("memory-safe") {
            let word := calldataload(value)
            let head := byte(0, word)
            switch lt(head, 0x80)
            case 1 {
                // The number itself, in one byte.
                content := head
                bad := iszero(eq(valueLength, 1))
            }
            default {
                let length := sub(head, 0x80)
                word := calldataload(add(value, 1))
                content := shr(sub(256, shl(3, length)), word)
                bad := or(gt(length, 32), iszero(eq(valueLength, add(length, 1))))
                // No leading zero, and no prefix where the byte alone would do.
                bad := or(bad, or(iszero(byte(0, word)), and(eq(length, 1), lt(content, 0x80))))
            }
            bad := or(bad, iszero(content))
        }
        if (bad) revert InvalidProof();
    }

    /// @notice An account: `RLP[nonce, balance, storageRoot, codeHash]`, filling exactly the leaf.
    function account(uint256 value, uint256 valueLength)
        internal
        pure
        returns (bytes32 storageRoot, bytes32 codeHash)
    {
        bool bad;
        assembly ("memory-safe") {
            // The end of a number of at most `width` bytes without leading zeros.
            function scalar(p, width) -> end, wrong {
                let word := calldataload(p)
                let head := byte(0, word)
                end := add(p, 1)
                switch lt(head, 0x80)
                case 1 { wrong := iszero(head) }
                default {
                    let length := sub(head, 0x80)
                    end := add(end, length)
                    let first := byte(1, word)
                    wrong := or(gt(length, width), and(iszero(iszero(length)), iszero(first)))
                    wrong := or(wrong, and(eq(length, 1), lt(first, 0x80)))
                }
            }
            // Two hashes and at most 9 + 33 bytes of numbers: between 68 and 108 bytes, so `f8` and a length.
            let limit := add(value, valueLength)
            let word := calldataload(value)
            bad := iszero(and(eq(byte(0, word), 0xf8), eq(add(byte(1, word), 2), valueLength)))
            let item, wrong := scalar(add(value, 2), 8)
            bad := or(bad, wrong)
            item, wrong := scalar(item, 32)
            bad := or(or(bad, wrong), iszero(eq(add(item, 66), limit)))
            storageRoot := calldataload(add(item, 1))
            codeHash := calldataload(add(item, 34))
            bad := or(bad, iszero(eq(byte(0, calldataload(item)), 0xa0)))
            bad := or(bad, iszero(eq(byte(0, calldataload(add(item, 33))), 0xa0)))
        }
        if (bad) revert InvalidProof();
    }
}
