// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Packet, Payload} from "../src/interfaces/Types.sol";
import {Ics24} from "../src/lib/Ics24.sol";
import {PacketCodec} from "../src/lib/PacketCodec.sol";
import {Test} from "./support/Test.sol";

struct PayloadCase {
    string source_port;
    string destination_port;
    string version;
    string encoding;
    bytes value;
}

struct CommitmentCase {
    string name;
    uint256 sequence;
    string source_client;
    string destination_client;
    uint256 timeout_timestamp;
    PayloadCase[] payloads;
    bytes32[] payload_hashes;
    bytes32 commitment;
    bytes32 evm_receipt;
}

struct PathCase {
    string name;
    string client;
    uint256 sequence;
    string kind;
    bytes path;
    bytes32 keccak;
    bytes32 evm_slot;
    bytes32 trie_key;
}

struct SlotCase {
    string name;
    string kind;
    string text;
    bytes32 slot;
}

struct AckCase {
    string name;
    bytes[] acknowledgements;
    bytes commitment;
}

/// @dev Takes what the libraries want in calldata.
contract Calls {
    function commit(Packet calldata p) external view returns (bytes32) {
        return PacketCodec.commit(PacketCodec.open(p), p);
    }

    function commitAny(Packet calldata p) external view returns (bytes32) {
        return Ics24.commitPacket(p);
    }

    function hash(Payload calldata p) external view returns (bytes32) {
        return Ics24.hashPayload(p);
    }

    function encode(Packet calldata p) external pure returns (bytes memory out) {
        PacketCodec.View memory v = PacketCodec.open(p);
        assembly {
            out := mload(0x40)
            mstore(add(out, 0x20), 0x20)
        }
        uint256 start;
        assembly {
            start := add(out, 0x40)
        }
        uint256 end = PacketCodec.write(start, v);
        assembly {
            mstore(out, sub(end, add(out, 0x20)))
            mstore(0x40, end)
        }
    }

    function path(string calldata client, uint256 kind, uint64 sequence)
        external
        pure
        returns (bytes memory)
    {
        return Ics24.path("", client, kind, sequence);
    }

    function key(string calldata client, uint256 kind, uint64 sequence) external pure returns (bytes32 hash) {
        bytes calldata id = bytes(client);
        uint256 start;
        assembly {
            start := id.offset
        }
        hash = PacketCodec.key(start, id.length, kind, sequence);
        require(hash == Ics24.key(client, kind, sequence), "two ways to one key");
    }

    function commitAcks(bytes[] calldata acks) external view returns (bytes32) {
        return Ics24.commitAcks(acks);
    }

    function isIdentifier(bytes calldata id, uint256 min, uint256 max) external pure returns (bool) {
        return Ics24.isIdentifier(id, min, max);
    }
}

/// @title Commitments, paths and identifiers are those of the shared vectors
contract StandardVectorsTest is Test {
    string private constant DIR = "../../../standard/vectors/";

    Calls private calls = new Calls();

    function test_commitments() external view {
        string memory json = vm.readFile(string.concat(DIR, "commitments.json"));
        CommitmentCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                string.concat(
                    "CommitmentCase(string name,uint256 sequence,string source_client,string destination_client,",
                    "uint256 timeout_timestamp,PayloadCase[] payloads,bytes32[] payload_hashes,bytes32 commitment,",
                    "bytes32 evm_receipt)PayloadCase(string source_port,string destination_port,string version,",
                    "string encoding,bytes value)"
                )
            ),
            (CommitmentCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            CommitmentCase memory c = cases[i];
            Packet memory p;
            p.sequence = uint64(c.sequence);
            p.sourceClient = c.source_client;
            p.destClient = c.destination_client;
            p.timeoutTimestamp = uint64(c.timeout_timestamp);
            p.payloads = new Payload[](c.payloads.length);
            for (uint256 j = 0; j < c.payloads.length; ++j) {
                PayloadCase memory l = c.payloads[j];
                p.payloads[j] = Payload(l.source_port, l.destination_port, l.version, l.encoding, l.value);
                eq(calls.hash(p.payloads[j]), c.payload_hashes[j], c.name);
            }
            eq(calls.commit(p), c.commitment, c.name);
            eq(calls.commitAny(p), c.commitment, c.name);
            eq(keccak256(abi.encode(p)), c.evm_receipt, c.name);
            if (p.payloads.length == 1) eq(calls.encode(p), abi.encode(p), c.name);
        }
    }

    function test_paths() external view {
        string memory json = vm.readFile(string.concat(DIR, "paths.json"));
        PathCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                string.concat(
                    "PathCase(string name,string client,uint256 sequence,string kind,bytes path,bytes32 keccak,",
                    "bytes32 evm_slot,bytes32 trie_key)"
                )
            ),
            (PathCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            PathCase memory c = cases[i];
            uint256 kind = bytes(c.kind)[0] == "c" ? 1 : bytes(c.kind)[0] == "r" ? 2 : 3;
            eq(calls.path(c.client, kind, uint64(c.sequence)), c.path, c.name);
            eq(calls.key(c.client, kind, uint64(c.sequence)), c.keccak, c.name);
            eq(Ics24.slot(c.keccak), c.evm_slot, c.name);
            eq(keccak256(abi.encode(c.evm_slot)), c.trie_key, c.name);
        }
    }

    function test_storage() external view {
        string memory json = vm.readFile(string.concat(DIR, "evm_storage.json"));
        SlotCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json, ".cases", "SlotCase(string name,string kind,string text,bytes32 slot)"
            ),
            (SlotCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            SlotCase memory c = cases[i];
            bytes memory text = bytes(c.text);
            bytes32 found = keccak256(text);
            if (bytes(c.kind)[0] == "n") {
                found = keccak256(abi.encode(uint256(found) - 1)) & ~bytes32(uint256(0xff));
            } else if (bytes(c.kind)[0] == "p") {
                found = keccak256(bytes.concat(text, bytes32(uint256(Ics24.IBC_STORE) + 1)));
            }
            eq(found, c.slot, c.name);
        }
    }

    function test_acknowledgements() external view {
        string memory json = vm.readFile(string.concat(DIR, "acknowledgements.json"));
        AckCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json, ".cases", "AckCase(string name,bytes[] acknowledgements,bytes commitment)"
            ),
            (AckCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        uint256 committed;
        for (uint256 i = 0; i < cases.length; ++i) {
            if (cases[i].commitment.length == 0) continue;
            ++committed;
            eq(abi.encode(calls.commitAcks(cases[i].acknowledgements)), cases[i].commitment, cases[i].name);
        }
        check(committed > 4, "some are committed");
    }

    function test_identifiers() external view {
        string memory json = vm.readFile(string.concat(DIR, "identifiers.json"));
        uint256 count = vm.parseJsonUint(json, ".count");
        for (uint256 i = 0; i < count; ++i) {
            string memory pos = string.concat(".cases[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(pos, ".name"));
            bytes memory kind = bytes(vm.parseJsonString(json, string.concat(pos, ".kind")));
            bytes memory id = vm.parseJsonBytes(json, string.concat(pos, ".bytes"));
            bool valid = vm.parseJsonBool(json, string.concat(pos, ".valid"));
            if (kind[0] == "p" || kind.length == 6) {
                check(calls.isIdentifier(id, 2, 128) == valid, name);
            }
        }
    }
}
