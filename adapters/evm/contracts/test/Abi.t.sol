// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Router} from "../src/Router.sol";
import {ICS20Transfer} from "../src/apps/ICS20Transfer.sol";
import {ICS27Gmp} from "../src/apps/ICS27Gmp.sol";
import {IIBCApp} from "../src/interfaces/IIBCApp.sol";
import {IICS02Client, IICS26Router} from "../src/interfaces/IICS26Router.sol";
import {ILightClient} from "../src/interfaces/ILightClient.sol";
import {MsgSendPacket, Packet} from "../src/interfaces/Types.sol";
import {Ics24} from "../src/lib/Ics24.sol";
import {RouterStorage} from "../src/router/RouterStorage.sol";
import {Link} from "./support/Link.sol";
import {TestApp} from "./support/Mocks.sol";

/// @title Selectors, topics and storage slots are those of ICS26Router
contract AbiTest is Link {
    function test_selectors() external pure {
        eq(bytes32(IICS26Router.sendPacket.selector), bytes32(bytes4(0x4d6e7ce3)), "sendPacket");
        eq(bytes32(IICS26Router.recvPacket.selector), bytes32(bytes4(0x5ebd10ca)), "recvPacket");
        eq(bytes32(IICS26Router.ackPacket.selector), bytes32(bytes4(0x1bca011a)), "ackPacket");
        eq(bytes32(IICS26Router.timeoutPacket.selector), bytes32(bytes4(0xb98c330a)), "timeoutPacket");
        eq(bytes32(IICS02Client.updateClient.selector), bytes32(bytes4(0x6fbf8079)), "updateClient");
        eq(bytes32(IICS02Client.migrateClient.selector), bytes32(bytes4(0xcce0b265)), "migrateClient");
        eq(bytes32(IICS02Client.submitMisbehaviour.selector), bytes32(bytes4(0x9e2e5c83)), "misbehaviour");
        eq(bytes32(IICS02Client.getClient.selector), bytes32(bytes4(0x7eb78932)), "getClient");
        eq(bytes32(IICS02Client.getCounterparty.selector), bytes32(bytes4(0xb0777bfa)), "getCounterparty");
        eq(bytes32(IICS02Client.getNextClientSeq.selector), bytes32(bytes4(0x27f146f3)), "getNextClientSeq");
        eq(bytes32(IICS26Router.getCommitment.selector), bytes32(bytes4(0x7795820c)), "getCommitment");
        eq(bytes32(IICS26Router.getIBCApp.selector), bytes32(bytes4(0x2447af29)), "getIBCApp");
        eq(bytes32(IICS26Router.multicall.selector), bytes32(bytes4(0xac9650d8)), "multicall");
        eq(bytes32(IICS26Router.initialize.selector), bytes32(bytes4(0xc4d66de8)), "initialize");
        eq(bytes32(ILightClient.updateClient.selector), bytes32(bytes4(0x0bece356)), "client.updateClient");
        eq(bytes32(ILightClient.verifyMembership.selector), bytes32(bytes4(0x682ed5f0)), "verifyMembership");
        eq(
            bytes32(ILightClient.verifyNonMembership.selector),
            bytes32(bytes4(0x4d6d9ffb)),
            "verifyNonMembership"
        );
        eq(bytes32(ILightClient.misbehaviour.selector), bytes32(bytes4(0xddba6537)), "client.misbehaviour");
        eq(bytes32(ILightClient.getClientState.selector), bytes32(bytes4(0xef913a4b)), "getClientState");
        eq(bytes32(IIBCApp.onRecvPacket.selector), bytes32(bytes4(0x078c4a79)), "onRecvPacket");
        eq(bytes32(IIBCApp.onAcknowledgementPacket.selector), bytes32(bytes4(0x428e4e17)), "onAck");
        eq(bytes32(IIBCApp.onTimeoutPacket.selector), bytes32(bytes4(0x5e32b6b6)), "onTimeout");
        eq(bytes32(ICS20Transfer.sendTransfer.selector), bytes32(bytes4(0x2ac3dc38)), "sendTransfer");
        eq(bytes32(ICS27Gmp.sendCall.selector), bytes32(bytes4(0x7e5a6566)), "sendCall");
    }

    /// @dev The overloaded functions: the router answers each selector with a revert of its own.
    function test_overloaded_selectors() external {
        _connect();
        _answers(0xe3cb36a0, abi.encode(_counterparty("x1"), address(1)), "AutomaticClientIdsDisabled()");
        vm.prank(address(1));
        _answers(
            0x1ec43e23,
            abi.encode("abcd", _counterparty("x1"), address(1)),
            "AccessManagedUnauthorized(address)"
        );
        _answers(0x4b720d5b, abi.encode(address(1)), "InvalidApp(address)");
        vm.prank(address(1));
        _answers(0x5f516889, abi.encode("port", address(1)), "AccessManagedUnauthorized(address)");
        _answers(0xc4d66de8, abi.encode(address(1)), "InvalidInitialization()");
    }

    function _answers(bytes4 selector, bytes memory arguments, string memory expected) private {
        (bool ok, bytes memory answer) = address(harbour).call(bytes.concat(selector, arguments));
        check(!ok, expected);
        eq(bytes32(bytes4(answer)), bytes32(bytes4(keccak256(bytes(expected)))), expected);
    }

    function test_topics() external pure {
        eq(
            IICS26Router.SendPacket.selector,
            0xab3a4458a269be61dfa43faa33aa7b1f5d570716f83ad078bc2ba5dab039abae,
            "SendPacket"
        );
        eq(
            IICS26Router.WriteAcknowledgement.selector,
            0x76765590e2b799b0506100f8a6610cfecab2c71e8e1f8aa981b099aff0dfdb74,
            "WriteAcknowledgement"
        );
        eq(
            IICS26Router.AckPacket.selector,
            0xf9bab74bcdb634f4d3dd064cc42a13df056598e1c0336905d2f5750fbfb08b7b,
            "AckPacket"
        );
        eq(
            IICS26Router.TimeoutPacket.selector,
            0x01e5ed58494819ef3f6480dd08e433b7c08ed75c7abdf2c22c6f04b71340a168,
            "TimeoutPacket"
        );
        eq(
            IICS26Router.Noop.selector,
            0xd08bf58b0e4eec5bfc697a4fdbb6839057fbf4dd06f1b1ce07445c0e5a654caf,
            "Noop"
        );
        eq(
            IICS26Router.IBCAppRecvPacketCallbackError.selector,
            0xb9edb487876e8be10f54e377c1a815a54ad92a6db1c9561dfe8fad2f0d1da84f,
            "IBCAppRecvPacketCallbackError"
        );
        eq(
            IICS26Router.IBCAppAdded.selector,
            0xa6ec8e860960e638347460dc632fbe0175c51a5ca130e336138bbe26ff304499,
            "IBCAppAdded"
        );
        eq(
            IICS02Client.ICS02ClientAdded.selector,
            0x0ecded31ecd211a73abf0fb3bc09150bbe321a05550fbe29ea0f16b6e25fbfa8,
            "ICS02ClientAdded"
        );
        eq(
            IICS02Client.ICS02ClientMigrated.selector,
            0x23c2e29d6ae84e79fa116b8afd6e28ddc1de7f473d3edb407fbd08093c3ed6bf,
            "ICS02ClientMigrated"
        );
        eq(
            IICS02Client.ICS02ClientUpdated.selector,
            0x87bbef2779889a19f0435ddca81fda94132c06ffddb0ea73def256307a293aef,
            "ICS02ClientUpdated"
        );
        eq(
            IICS02Client.ICS02MisbehaviourSubmitted.selector,
            0xa263f0a976b2937a51fd2e416491cf0ca724d5499fa870715929dfde4ee4a430,
            "ICS02MisbehaviourSubmitted"
        );
        eq(
            keccak256("client-0"),
            0x39f4d2028f003db1ecbf5bf3649c5c8a57d04e1882d85711b341cc01a56dbc16,
            "indexed client id"
        );
    }

    function test_namespaces() external pure {
        eq(Ics24.IBC_STORE, _erc7201("ibc.storage.IBCStore"), "IBCStore");
        eq(RouterStorage.ROUTER, _erc7201("ibc.storage.ICS26Router"), "ICS26Router");
        eq(RouterStorage.CLIENTS, _erc7201("ibc.storage.ICS02Client"), "ICS02Client");
        eq(
            Ics24.IBC_STORE,
            0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600,
            "IBCStore, published"
        );
        eq(
            RouterStorage.ROUTER,
            0xc5779f3c2c21083eefa6d04f6a698bc0d8c10db124ad5e0df6ef394b6d7bf600,
            "ICS26Router, published"
        );
        eq(
            RouterStorage.CLIENTS,
            0x515a8336edcaab4ae6524d41223c1782132890f89189ba6632107a7b5a449600,
            "ICS02Client, published"
        );
    }

    function _erc7201(string memory id) private pure returns (bytes32) {
        return keccak256(abi.encode(uint256(keccak256(bytes(id))) - 1)) & ~bytes32(uint256(0xff));
    }

    /// @dev A packet sent stands in the slots that other IBC v2 software proves.
    function test_commitment_and_sequence_slots() external {
        _connect();
        TestApp app = new TestApp(harbour, "test", 100_000);
        harbour.addIBCApp("test", address(app));
        Packet memory p = _packet(1, "test", "value");
        app.send(MsgSendPacket(ON_HARBOUR, p.timeoutTimestamp, p.payloads[0]));
        bytes32 pathHash = keccak256(abi.encodePacked(ON_HARBOUR, hex"01", hex"0000000000000001"));
        bytes32 slot = keccak256(bytes.concat(pathHash, Ics24.IBC_STORE));
        eq(vm.load(address(harbour), slot), _commitmentOf(p), "commitment");
        slot = keccak256(bytes.concat(bytes(ON_HARBOUR), bytes32(uint256(Ics24.IBC_STORE) + 1)));
        eq(vm.load(address(harbour), slot), bytes32(uint256(1)), "last sequence");
        slot = keccak256(bytes.concat("test", RouterStorage.ROUTER));
        eq(
            vm.load(address(harbour), slot),
            bytes32((uint256(100_000) << 160) | uint160(address(app))),
            "application and its gas"
        );
    }
}
