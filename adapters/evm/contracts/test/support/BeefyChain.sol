// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuthoritySet, ClientState, ConsensusState, UpdateMessage} from "../../src/lib/BeefyTypes.sol";
import {StateReader} from "./StateReader.sol";
import {Vm} from "./Test.sol";

/// @dev A block of a Substrate chain whose state holds the anchor alone, as one BEEFY update proves it.
struct Block {
    /// of the commitment; the block proven is the leaf's parent
    uint32 committed;
    uint32 parent;
    uint64 time;
    bytes24 genesis;
    /// who signs: `signers` of the `n` authorities of this set, from the first on
    uint64 setId;
    uint8 n;
    uint8 signers;
    /// what the leaf says of the next set
    AuthoritySet next;
    /// makes blocks of one number differ
    bytes32 salt;
}

/// @title Updates of a BEEFY client, made here: header, state, MMR, commitment and signatures
contract BeefyChain {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bytes16 public constant PALLET = 0x65ccf20369c0dddad82d1003523ac48e;
    bytes16 private constant ANCHOR = 0x8784f26f5ed58f49cab1d330d9cf2693;
    bytes24 public constant GENESIS = bytes24(keccak256("genesis"));
    uint64 public constant START = 1_700_000_000;

    StateReader private reader = new StateReader();

    /// @dev A set of `n`; every id has keys of its own.
    function set(uint64 id, uint8 n) public view returns (AuthoritySet memory) {
        return AuthoritySet(id, n, reader.keyset(addresses(id, n)));
    }

    function key(uint64 id, uint256 index) public pure returns (uint256) {
        return uint256(keccak256(abi.encode("authority", id, index)));
    }

    function addresses(uint64 id, uint8 n) public pure returns (bytes memory out) {
        for (uint256 i = 0; i < n; ++i) {
            out = abi.encodePacked(out, vm.addr(key(id, i)));
        }
    }

    /// @dev A client of this chain that knows block 10, with sets 3 and 4 of `n` authorities.
    function anchor(uint8 n) external view returns (ClientState memory s, ConsensusState memory c) {
        s = ClientState({
            genesis: GENESIS,
            palletPrefix: PALLET,
            firstMmrBlock: 1,
            trustingPeriod: 604_800,
            maxClockDrift: 30,
            latestHeight: 10,
            latestTimestamp: START,
            frozen: false,
            current: set(3, n),
            next: set(4, n)
        });
        c = ConsensusState(START, keccak256("state"));
    }

    /// @dev A block 20, proven by the commitment of 21 that all of the current set but those not needed sign.
    function usual(uint8 n) external view returns (Block memory b) {
        b = Block({
            committed: 21,
            parent: 20,
            time: START + 60,
            genesis: GENESIS,
            setId: 3,
            n: n,
            signers: n - (n - 1) / 3,
            next: set(4, n),
            salt: 0
        });
    }

    function stateOf(Block memory b) public view returns (bytes32 root, bytes memory proof) {
        bytes memory node =
            abi.encodePacked(hex"7f01", PALLET, ANCHOR, hex"80", bytes8(b.time), bytes24(b.genesis));
        return (reader.blake2(node), abi.encodePacked(hex"0001", uint16(node.length), node));
    }

    function header(Block memory b) public view returns (bytes memory) {
        (bytes32 root,) = stateOf(b);
        return abi.encodePacked(keccak256("parent"), compact(b.parent), root, b.salt, hex"0408");
    }

    function update(Block memory b) public view returns (UpdateMessage memory m) {
        m.authorities = addresses(b.setId, b.n);
        m.header = header(b);
        (, m.anchorProof) = stateOf(b);
        m.leaf = abi.encodePacked(
            hex"00",
            le(b.parent, 4),
            reader.blake2(m.header),
            le(b.next.id, 8),
            le(b.next.len, 4),
            b.next.root
        );
        bytes32 root;
        (root, m.mmrItems) = mmr(keccak256(m.leaf), b.parent, b.committed);
        m.commitment = abi.encodePacked(hex"046d6880", root, le(b.committed, 4), le(b.setId, 8));
        bytes32 hash = keccak256(m.commitment);
        for (uint256 i = 0; i < b.signers; ++i) {
            m.signatures = abi.encodePacked(m.signatures, sign(b.setId, i, hash));
        }
    }

    function sign(uint64 id, uint256 index, bytes32 hash) public pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key(id, index), hash);
        return abi.encodePacked(uint8(index), r, s, v - 27);
    }

    /// @dev A mountain range of `count` leaves, with `leaf` at `index`: its root and the leaf's proof. Built node
    /// by node, as a chain appends to it.
    function mmr(bytes32 leaf, uint256 index, uint256 count)
        public
        pure
        returns (bytes32 root, bytes memory items)
    {
        bytes32[] memory peaks = new bytes32[](64);
        uint256[] memory heights = new uint256[](64);
        uint256 n;
        uint256 own = type(uint256).max;
        bytes memory siblings;
        for (uint256 i = 0; i < count; ++i) {
            (peaks[n], heights[n]) = (i == index ? leaf : keccak256(abi.encode("leaf", i)), 0);
            if (i == index) own = n;
            for (++n; n > 1 && heights[n - 1] == heights[n - 2]; --n) {
                if (own == n - 1) siblings = abi.encodePacked(siblings, peaks[n - 2]);
                if (own == n - 2) siblings = abi.encodePacked(siblings, peaks[n - 1]);
                if (own == n - 1) own = n - 2;
                peaks[n - 2] = keccak256(abi.encodePacked(peaks[n - 2], peaks[n - 1]));
                ++heights[n - 2];
            }
        }
        for (uint256 i = 0; i < own && i < n; ++i) {
            items = abi.encodePacked(items, peaks[i]);
        }
        items = abi.encodePacked(items, siblings);
        root = peaks[n - 1];
        if (n > 1 && own == n - 2) items = abi.encodePacked(items, root);
        for (uint256 i = n - 1; i > 0; --i) {
            root = keccak256(abi.encodePacked(root, peaks[i - 1]));
            if (i == own + 2) items = abi.encodePacked(items, root);
        }
    }

    function le(uint256 value, uint256 width) public pure returns (bytes memory out) {
        out = new bytes(width);
        for (uint256 i = 0; i < width; ++i) {
            out[i] = bytes1(uint8(value >> (8 * i)));
        }
    }

    function compact(uint256 n) public pure returns (bytes memory) {
        if (n < 1 << 6) return le(n << 2, 1);
        if (n < 1 << 14) return le((n << 2) | 1, 2);
        if (n < 1 << 30) return le((n << 2) | 2, 4);
        return abi.encodePacked(hex"03", le(n, 4));
    }
}
