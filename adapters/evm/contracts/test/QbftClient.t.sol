// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QbftLightClient} from "../src/QbftLightClient.sol";
import {ClientStatus, Height, MsgVerifyMembership} from "../src/interfaces/Types.sol";
import {ClientState, ConsensusState} from "../src/lib/QbftTypes.sol";
import {Test} from "./support/Test.sol";

/// @title Parameters of a client, its status, and updates with one byte altered
contract QbftClientTest is Test {
    string private constant FILE = "../../../standard/vectors/qbft/update.json";

    bytes private _valid;
    bytes32 private _storedHash;
    bytes private _clientState;

    function setUp() external {
        string memory json = vm.readFile(FILE);
        _valid = vm.parseJsonBytes(json, ".cases[0].message");
        _clientState = vm.parseJsonBytes(json, ".cases[0].client_state");
        _storedHash = bytes32(vm.parseJsonBytes(json, ".cases[0].stored[0].hash"));
        eq(bytes(vm.parseJsonString(json, ".cases[0].expect")), "Update", "a valid update");
        vm.warp(vm.parseJsonUint(json, ".cases[0].now"));
    }

    function _state() private pure returns (ClientState memory s, ConsensusState memory c) {
        s = ClientState({
            kind: 0,
            chainId: 1337,
            router: address(0x1234),
            routerCodeHash: bytes32(uint256(5)),
            trustingPeriod: 604_800,
            maxClockDrift: 15,
            trustNumerator: 2,
            trustDenominator: 3,
            latestHeight: 100,
            latestTimestamp: 1_700_000_000,
            frozen: false
        });
        c = ConsensusState(1_700_000_000, bytes32(uint256(6)), bytes32(uint256(7)));
    }

    function _refused(ClientState memory s, ConsensusState memory c, bytes4 reason) private {
        vm.expectRevert(reason);
        new QbftLightClient(s, c);
    }

    function test_parameters() external {
        (ClientState memory s, ConsensusState memory c) = _state();
        QbftLightClient client = new QbftLightClient(s, c);
        eq(client.getClientState(), abi.encode(s), "state as given");
        eq(client.getConsensusStateHash(100), keccak256(abi.encode(c)), "anchor");
        eq(client.getConsensusStateHash(99), 0, "nothing else");
        eq(client.chainIdentity(), keccak256(abi.encode(s.chainId, s.router, s.routerCodeHash)), "identity");
        s.kind = 2;
        _refused(s, c, QbftLightClient.InvalidKind.selector);
        (s, c) = _state();
        s.chainId = 0;
        _refused(s, c, QbftLightClient.InvalidChainId.selector);
        (s, c) = _state();
        s.router = address(0);
        _refused(s, c, QbftLightClient.InvalidRouter.selector);
        (s, c) = _state();
        s.routerCodeHash = 0;
        _refused(s, c, QbftLightClient.InvalidRouter.selector);
        (s, c) = _state();
        s.trustingPeriod = 86_400;
        _refused(s, c, QbftLightClient.InvalidTrustingPeriod.selector);
        s.trustingPeriod = 86_401;
        new QbftLightClient(s, c);
        s.maxClockDrift = 86_401;
        _refused(s, c, QbftLightClient.InvalidClockDrift.selector);
        (s, c) = _state();
        uint8[2][6] memory bad = [[1, 3], [0, 1], [3, 2], [0, 0], [2, 6], [85, 255]];
        for (uint256 i = 0; i < bad.length; ++i) {
            (s.trustNumerator, s.trustDenominator) = (bad[i][0], bad[i][1]);
            _refused(s, c, QbftLightClient.InvalidTrustLevel.selector);
        }
        (s.trustNumerator, s.trustDenominator) = (1, 1);
        new QbftLightClient(s, c);
        (s.trustNumerator, s.trustDenominator) = (86, 255);
        new QbftLightClient(s, c);
    }

    function test_anchor() external {
        (ClientState memory s, ConsensusState memory c) = _state();
        s.latestHeight = 0;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        (s, c) = _state();
        s.latestTimestamp = 0;
        c.timestamp = 0;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        (s, c) = _state();
        c.timestamp += 1;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        (s, c) = _state();
        s.frozen = true;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        (s, c) = _state();
        c.storageRoot = 0;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        (s, c) = _state();
        c.validatorsHash = 0;
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
        c.validatorsHash = keccak256("");
        _refused(s, c, QbftLightClient.InvalidInitialState.selector);
    }

    function test_status() external {
        (ClientState memory s, ConsensusState memory c) = _state();
        QbftLightClient client = new QbftLightClient(s, c);
        vm.warp(1_700_000_000 + 604_799);
        (ClientStatus status, uint64 latest) = client.status();
        check(status == ClientStatus.Active, "active to the last second");
        eq(latest, 1_700_000_000, "latest time");
        vm.warp(1_700_000_000 + 604_800);
        (status,) = client.status();
        check(status == ClientStatus.Expired, "expired");
    }

    /// @dev Revision numbers other than 0 name no height of this chain.
    function test_revision_number() external {
        (ClientState memory s, ConsensusState memory c) = _state();
        QbftLightClient client = new QbftLightClient(s, c);
        vm.warp(1_700_000_001);
        vm.expectRevert(QbftLightClient.UnknownHeight.selector);
        client.verifyMembership(MsgVerifyMembership("", Height(1, 100), new bytes[](1), abi.encode(1)));
    }

    function _client() private returns (QbftLightClient client) {
        ClientState memory s = abi.decode(_clientState, (ClientState));
        ConsensusState memory c = ConsensusState(s.latestTimestamp, bytes32(uint256(1)), bytes32(uint256(1)));
        client = new QbftLightClient(s, c);
        vm.store(address(client), keccak256(abi.encode(s.latestHeight, 1)), _storedHash);
    }

    /// @dev An update with one byte altered, or cut short, or prolonged, is never accepted.
    function testFuzz_altered_updates(uint256 position, uint8 flip, uint8 mode) external {
        QbftLightClient client = _client();
        bytes memory message = _valid;
        position %= message.length;
        if (mode % 4 == 0) {
            assembly {
                mstore(message, position)
            }
        } else if (mode % 4 == 1) {
            message = bytes.concat(message, new bytes(1 + position % 64));
        } else {
            message[position] ^= bytes1(flip == 0 ? 1 : flip);
        }
        (bool ok,) = address(client).call(abi.encodeCall(client.updateClient, (message)));
        check(!ok, "refused");
        (ok,) = address(client).call(abi.encodeCall(client.updateClient, (_valid)));
        check(ok, "the unaltered one is accepted");
    }
}
