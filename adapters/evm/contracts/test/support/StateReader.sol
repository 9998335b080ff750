// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyMessages} from "../../src/lib/BeefyMessages.sol";
import {BeefySignatures} from "../../src/lib/BeefySignatures.sol";
import {Blake2b} from "../../src/lib/Blake2b.sol";
import {Mmr} from "../../src/lib/Mmr.sol";
import {StateAnchor} from "../../src/lib/StateAnchor.sol";
import {StateTrieProof} from "../../src/lib/StateTrieProof.sol";
import {SubstrateHeader} from "../../src/lib/SubstrateHeader.sol";

/// @dev Takes in calldata what the libraries of the BEEFY client read there.
contract StateReader {
    function values(bytes32 root, bytes[] calldata keys, bytes calldata nodes)
        external
        view
        returns (bool[] memory present, bytes[] memory found)
    {
        uint256 longest;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (keys[i].length > longest) longest = keys[i].length;
        }
        present = new bool[](keys.length);
        found = new bytes[](keys.length);
        bytes[] memory copies = keys;
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, root, longest);
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes memory copy = copies[i];
            uint256 key;
            assembly ("memory-safe") {
                key := add(copy, 0x20)
            }
            uint256 position;
            uint256 length;
            (present[i], position, length) = StateTrieProof.next(walk, key, copy.length);
            bytes calldata value;
            assembly ("memory-safe") {
                value.offset := position
                value.length := length
            }
            if (present[i]) found[i] = value;
        }
        StateTrieProof.finish(walk);
    }

    function blake2(bytes calldata data) external view returns (bytes32) {
        return Blake2b.hash(Blake2b.buffer(), _position(data), data.length);
    }

    function header(bytes calldata data) external pure returns (uint256 number, bytes32 stateRoot) {
        return SubstrateHeader.parse(_position(data), data.length);
    }

    function anchor(bytes32 stateRoot, bytes32 key, bytes24 genesis, bytes calldata nodes)
        external
        view
        returns (uint64)
    {
        return StateAnchor.read(stateRoot, key, genesis, _position(nodes), nodes.length);
    }

    function mmr(uint256 index, uint256 count, bytes32 leaf, bytes calldata items)
        external
        pure
        returns (bool, bytes32)
    {
        return Mmr.root(index, count, leaf, _position(items), items.length);
    }

    function keyset(bytes calldata addresses) external pure returns (bytes32) {
        return BeefySignatures.keysetRoot(_position(addresses), addresses.length / 20);
    }

    function commitment(bytes calldata data) external pure returns (BeefyMessages.Commitment memory) {
        return BeefyMessages.commitment(_position(data), data.length);
    }

    function _position(bytes calldata data) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := data.offset
        }
    }
}
