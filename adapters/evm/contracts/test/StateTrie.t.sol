// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StateTrieProof} from "../src/lib/StateTrieProof.sol";
import {Selectors} from "./support/Selectors.sol";
import {StateReader} from "./support/StateReader.sol";
import {Test} from "./support/Test.sol";

struct StatePackedCase {
    string name;
    string expect;
    bytes[] keys;
    bool[] present;
    bytes proof;
    bytes32 root;
    bytes[] values;
}

struct StateHeaderCase {
    string name;
    string expect;
    bytes hash;
    bytes header;
    uint256 number;
    bytes state_root;
}

struct AnchorCase {
    string name;
    string expect;
    bytes genesis;
    bytes pallet_prefix;
    bytes proof;
    bytes32 state_root;
    uint256 timestamp;
}

/// @title Proofs in the state tries of Substrate chains: the shared vectors, and what is none
contract StateTrieTest is Test {
    string private constant DIR = "../../../standard/vectors/substrate-state/";

    StateReader private reader = new StateReader();
    Selectors private selectors = new Selectors();

    /// @dev Some valid proofs, each `abi.encode(StatePackedCase)`.
    bytes[] private _valid;

    function setUp() external {
        StatePackedCase[] memory cases = _packed();
        for (uint256 i = 0; i < cases.length && _valid.length < 16; i += 2) {
            bool valid = keccak256(bytes(cases[i].expect)) == keccak256("ok");
            if (valid && cases[i].proof.length > 9 && cases[i].proof.length < 3000) {
                _valid.push(abi.encode(cases[i]));
            }
        }
        check(_valid.length > 10, "valid proofs");
    }

    function _packed() private view returns (StatePackedCase[] memory cases) {
        string memory json = vm.readFile(string.concat(DIR, "packed.json"));
        cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                string.concat(
                    "StatePackedCase(string name,string expect,bytes[] keys,bool[] present,bytes proof,bytes32 root,",
                    "bytes[] values)"
                )
            ),
            (StatePackedCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
    }

    function test_packed() external view {
        StatePackedCase[] memory cases = _packed();
        for (uint256 i = 0; i < cases.length; ++i) {
            StatePackedCase memory c = cases[i];
            bool expected = keccak256(bytes(c.expect)) == keccak256("ok");
            try reader.values(c.root, c.keys, c.proof) returns (
                bool[] memory present, bytes[] memory values
            ) {
                check(expected, c.name);
                eq(abi.encode(present), abi.encode(c.present), c.name);
                eq(abi.encode(values), abi.encode(c.values), c.name);
            } catch (bytes memory reason) {
                check(!expected, c.name);
                eq(reason, abi.encodeWithSelector(StateTrieProof.InvalidProof.selector), c.name);
            }
        }
    }

    /// @dev One byte altered, anywhere in a valid proof, proves nothing; nor does a proof cut short.
    function testFuzz_altered_proofs(uint256 which, uint256 position, uint8 flip, bool cut) external view {
        StatePackedCase memory c = abi.decode(_valid[which % _valid.length], (StatePackedCase));
        position %= c.proof.length;
        if (cut) {
            bytes memory proof = c.proof;
            assembly {
                mstore(proof, position)
            }
        } else {
            c.proof[position] ^= bytes1(flip == 0 ? 1 : flip);
        }
        try reader.values(c.root, c.keys, c.proof) {
            check(false, c.name);
        } catch (bytes memory reason) {
            eq(reason, abi.encodeWithSelector(StateTrieProof.InvalidProof.selector), c.name);
        }
    }

    function test_headers() external view {
        string memory json = vm.readFile(string.concat(DIR, "header.json"));
        StateHeaderCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                "StateHeaderCase(string name,string expect,bytes hash,bytes header,uint256 number,bytes state_root)"
            ),
            (StateHeaderCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            StateHeaderCase memory c = cases[i];
            try reader.header(c.header) returns (uint256 number, bytes32 stateRoot) {
                eq(bytes("ok"), bytes(c.expect), c.name);
                eq(number, c.number, c.name);
                eq(abi.encode(stateRoot), c.state_root, c.name);
                eq(abi.encode(reader.blake2(c.header)), c.hash, c.name);
            } catch (bytes memory reason) {
                eq(bytes(selectors.name(reason)), "MalformedHeader", c.name);
                // Longer headers than 4,096 bytes are well formed elsewhere.
                check(c.header.length > 4096 || bytes(c.expect).length != 2, c.name);
            }
        }
    }

    function test_anchors() external view {
        string memory json = vm.readFile(string.concat(DIR, "anchor.json"));
        AnchorCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                json,
                ".cases",
                string.concat(
                    "AnchorCase(string name,string expect,bytes genesis,bytes pallet_prefix,bytes proof,",
                    "bytes32 state_root,uint256 timestamp)"
                )
            ),
            (AnchorCase[])
        );
        eq(cases.length, vm.parseJsonUint(json, ".count"), "count");
        for (uint256 i = 0; i < cases.length; ++i) {
            AnchorCase memory c = cases[i];
            bytes32 key = bytes32(bytes.concat(c.pallet_prefix, bytes16(0x8784f26f5ed58f49cab1d330d9cf2693)));
            try reader.anchor(c.state_root, key, bytes24(c.genesis), c.proof) returns (uint64 time) {
                eq(bytes("ok"), bytes(c.expect), c.name);
                eq(time, c.timestamp, c.name);
            } catch (bytes memory reason) {
                eq(bytes(selectors.name(reason)), bytes(c.expect), c.name);
            }
        }
    }

    /// @dev Digests of the bytes `7i + 3`, by another implementation.
    function test_blake2b() external view {
        uint16[12] memory lengths = [0, 1, 32, 127, 128, 129, 255, 256, 257, 536, 4096, 65_535];
        bytes32[12] memory digests = [
            bytes32(0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8),
            0xe88bd757ad5b9bedf372d8d3f0cf6c962a469db61a265f6418e1ffed86da29ec,
            0x656300678ffaf08eb513046f55da054581a34f21f3fd453641bd1e8a4ede0113,
            0xc9ae3859964b35f04c54b36d33cf299d7290ee621005d28e51598a943560aaaa,
            0xf0501d06597880592bc49234eef100ec1ff349058d0e9d9b753504e24af86dd6,
            0xa34a4e1e03c541dfbf3099c4b6c143c022ced65c28bd7e8a10e0a098461aecf0,
            0xf2d64a40e9412a3414161ff6250075225418fd7c271c1123e162e1bca0de9f93,
            0xd93ebb9c802f5630ab22516fd82b6c21bc8bd551d531349b715f046ed11ed871,
            0x4ce481b24d387422d2bc2baa03d1afd55a1327939ff537c71eb9b38709268649,
            0x758d2c0166e4d2fb4f6fe2f256d2a6a4b0d4d212ccb382a06d64a65d272d445b,
            0x3b7dcca5dcb409b9ee1d33ac58a03966d5e86581278891945e3d2fd80e3aad58,
            0xfe78895a3093453e1ca87e76a0fbae6f6ddbca45e38be1c1bb06f1444701639d
        ];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory data = new bytes(lengths[i]);
            for (uint256 j = 0; j < data.length; ++j) {
                unchecked {
                    data[j] = bytes1(uint8(7 * j + 3));
                }
            }
            eq(reader.blake2(data), digests[i], vm.toString(data.length));
        }
        eq(reader.blake2(hex"00"), StateTrieProof.EMPTY_ROOT, "the empty trie");
    }
}
