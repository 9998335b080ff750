// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PackedProof} from "../src/lib/PackedProof.sol";
import {Test} from "./support/Test.sol";

struct PackedCase {
    string name;
    string expect;
    bytes32[] keys;
    bytes proof;
    bytes32 root;
    bytes[] values;
}

struct StorageCase {
    string name;
    string expect;
    bytes32[] keys;
    bytes proof;
    bytes32 root;
    bytes32[] values;
}

struct AccountCase {
    string name;
    string expect;
    bytes account;
    bytes code_hash;
    bytes storage_root;
}

/// @dev Verifies as the light client does, and gives everything that was proven.
contract ProofReader {
    /// @dev Raw values; empty for an absent key.
    function read(bytes calldata proof, bytes32 root, bytes32[] calldata keys)
        external
        pure
        returns (bytes[] memory values)
    {
        PackedProof.Walk memory walk = PackedProof.start(proof, root);
        values = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint256 start, uint256 length) = PackedProof.next(walk, keys[i]);
            values[i] = _slice(start, length);
        }
        PackedProof.finish(walk);
    }

    function readStorage(bytes calldata proof, bytes32 root, bytes32[] calldata keys)
        external
        pure
        returns (bytes32[] memory values)
    {
        PackedProof.Walk memory walk = PackedProof.start(proof, root);
        values = new bytes32[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint256 start, uint256 length) = PackedProof.next(walk, keys[i]);
            if (length != 0) values[i] = PackedProof.storageValue(start, length);
        }
        PackedProof.finish(walk);
    }

    function readAccount(bytes calldata account)
        external
        pure
        returns (bytes32 storageRoot, bytes32 codeHash)
    {
        uint256 start;
        assembly {
            start := account.offset
        }
        return PackedProof.account(start, account.length);
    }

    function _slice(uint256 start, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        assembly {
            calldatacopy(add(out, 0x20), start, length)
        }
    }
}

/// @title State proofs have the verdict of the shared vectors
contract StateProofsTest is Test {
    string private constant DIR = "../../../standard/vectors/ethereum-state/";

    ProofReader private reader = new ProofReader();

    function _packed() private view returns (PackedCase[] memory cases) {
        string memory json = vm.readFile(string.concat(DIR, "packed.json"));
        cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                "PackedCase(string name,string expect,bytes32[] keys,bytes proof,bytes32 root,bytes[] values)"
            ),
            (PackedCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
    }

    function test_packed() external view {
        PackedCase[] memory cases = _packed();
        for (uint256 i = 0; i < cases.length; ++i) {
            PackedCase memory c = cases[i];
            bool expected = keccak256(bytes(c.expect)) == keccak256("ok");
            try reader.read(c.proof, c.root, c.keys) returns (bytes[] memory values) {
                check(expected, c.name);
                eq(values.length, c.values.length, c.name);
                for (uint256 j = 0; j < values.length; ++j) {
                    eq(values[j], c.values[j], c.name);
                }
            } catch (bytes memory reason) {
                check(!expected, c.name);
                eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), c.name);
            }
        }
    }

    function test_storage() external view {
        string memory json = vm.readFile(string.concat(DIR, "storage.json"));
        StorageCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                "StorageCase(string name,string expect,bytes32[] keys,bytes proof,bytes32 root,bytes32[] values)"
            ),
            (StorageCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            StorageCase memory c = cases[i];
            bool expected = keccak256(bytes(c.expect)) == keccak256("ok");
            try reader.readStorage(c.proof, c.root, c.keys) returns (bytes32[] memory values) {
                check(expected, c.name);
                eq(abi.encode(values), abi.encode(c.values), c.name);
            } catch (bytes memory reason) {
                check(!expected, c.name);
                eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), c.name);
            }
        }
    }

    function test_accounts() external view {
        string memory json = vm.readFile(string.concat(DIR, "account.json"));
        AccountCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                "AccountCase(string name,string expect,bytes account,bytes code_hash,bytes storage_root)"
            ),
            (AccountCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            AccountCase memory c = cases[i];
            bool expected = keccak256(bytes(c.expect)) == keccak256("ok");
            try reader.readAccount(c.account) returns (bytes32 storageRoot, bytes32 codeHash) {
                check(expected, c.name);
                eq(abi.encode(storageRoot), c.storage_root, c.name);
                eq(abi.encode(codeHash), c.code_hash, c.name);
            } catch (bytes memory reason) {
                check(!expected, c.name);
                eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), c.name);
            }
        }
    }

    /// @dev One byte altered, anywhere in a valid proof, proves nothing; nor does a proof cut short.
    function testFuzz_altered_proofs(uint256 which, uint256 position, uint8 flip, bool cut) external view {
        PackedCase[] memory cases = _packed();
        uint256 i = which % cases.length;
        while (keccak256(bytes(cases[i].expect)) != keccak256("ok") || cases[i].proof.length < 10) {
            i = (i + 1) % cases.length;
        }
        PackedCase memory c = cases[i];
        position %= c.proof.length;
        if (cut) {
            bytes memory proof = c.proof;
            assembly {
                mstore(proof, position)
            }
        } else {
            c.proof[position] ^= bytes1(flip == 0 ? 1 : flip);
        }
        try reader.read(c.proof, c.root, c.keys) {
            check(false, c.name);
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(PackedProof.InvalidProof.selector), c.name);
        }
    }
}
