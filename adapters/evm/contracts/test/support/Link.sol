// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Router} from "../../src/Router.sol";
import {
    CounterpartyInfo,
    Height,
    MsgAckPacket,
    MsgAckPackets,
    MsgRecvPacket,
    MsgRecvPackets,
    MsgSendPacket,
    MsgTimeoutPacket,
    MsgTimeoutPackets,
    Outcome,
    Packet,
    Payload
} from "../../src/interfaces/Types.sol";
import {Test, Vm} from "./Test.sol";
import {TrueClient} from "./Mocks.sol";

/// @dev Two routers in one state, each with a client that reads the other: harbour and bank.
abstract contract Link is Test {
    /// @dev The client on harbour that stands for bank, and the other way round.
    string internal constant ON_HARBOUR = "harbour.qbft-bank";
    string internal constant ON_BANK = "bank.qbft-harbour";
    uint256 internal constant NOW = 1_700_000_000;

    AccessManager internal manager;
    Router internal harbour;
    Router internal bank;
    TrueClient internal harbourClient;
    TrueClient internal bankClient;

    function _connect() internal {
        vm.warp(NOW);
        manager = new AccessManager(address(this));
        harbour = new Router(uint64(block.chainid), address(manager), 1 days);
        bank = new Router(uint64(block.chainid), address(manager), 1 days);
        harbourClient = new TrueClient();
        bankClient = new TrueClient();
        harbourClient.watch(bank);
        bankClient.watch(harbour);
        harbourClient.setTime(uint64(NOW - 10));
        bankClient.setTime(uint64(NOW - 10));
        harbour.addClient(ON_HARBOUR, _counterparty(ON_BANK), address(harbourClient));
        bank.addClient(ON_BANK, _counterparty(ON_HARBOUR), address(bankClient));
    }

    function _counterparty(string memory id) internal pure returns (CounterpartyInfo memory info) {
        info.clientId = id;
        info.merklePrefix = new bytes[](1);
    }

    function _payload(string memory port, bytes memory value) internal pure returns (Payload memory) {
        return Payload(port, port, "test-1", "application/octet-stream", value);
    }

    /// @dev The packet as `harbour` sends it, without sending.
    function _packet(uint64 sequence, string memory port, bytes memory value)
        internal
        view
        returns (Packet memory p)
    {
        p.sequence = sequence;
        p.sourceClient = ON_HARBOUR;
        p.destClient = ON_BANK;
        p.timeoutTimestamp = uint64(block.timestamp + 100);
        p.payloads = new Payload[](1);
        p.payloads[0] = _payload(port, value);
    }

    function _recv(Packet memory p) internal pure returns (MsgRecvPacket memory) {
        return MsgRecvPacket(p, "", Height(0, 1));
    }

    function _recvs(Packet[] memory p) internal pure returns (MsgRecvPackets memory) {
        return MsgRecvPackets(p, "", Height(0, 1));
    }

    function _ack(Packet memory p, bytes memory ack) internal pure returns (MsgAckPacket memory) {
        return MsgAckPacket(p, ack, "", Height(0, 1));
    }

    function _acks(Packet[] memory p, bytes memory ack) internal pure returns (MsgAckPackets memory m) {
        m.packets = p;
        m.acknowledgements = new bytes[][](p.length);
        for (uint256 i = 0; i < p.length; ++i) {
            m.acknowledgements[i] = new bytes[](1);
            m.acknowledgements[i][0] = ack;
        }
        m.proofHeight = Height(0, 1);
    }

    function _timeout(Packet memory p) internal pure returns (MsgTimeoutPacket memory) {
        return MsgTimeoutPacket(p, "", Height(0, 1));
    }

    function _timeouts(Packet[] memory p) internal pure returns (MsgTimeoutPackets memory) {
        return MsgTimeoutPackets(p, "", Height(0, 1));
    }

    function _one(Packet memory p) internal pure returns (Packet[] memory list) {
        list = new Packet[](1);
        list[0] = p;
    }

    /// @dev Puts a packet's commitment where its source router would have it, without an application.
    function _commit(Router router, Packet memory p) internal {
        bytes memory path = abi.encodePacked(p.sourceClient, uint8(1), p.sequence);
        _put(router, path, _commitmentOf(p));
    }

    function _put(Router router, bytes memory path, bytes32 value) internal {
        bytes32 base = 0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600;
        vm.store(address(router), keccak256(abi.encode(keccak256(path), base)), value);
    }

    /// @dev The packet commitment, written a second time and plainly.
    function _commitmentOf(Packet memory p) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i = 0; i < p.payloads.length; ++i) {
            Payload memory l = p.payloads[i];
            bytes32 hash = sha256(
                bytes.concat(
                    sha256(bytes(l.sourcePort)),
                    sha256(bytes(l.destPort)),
                    sha256(bytes(l.version)),
                    sha256(bytes(l.encoding)),
                    sha256(l.value)
                )
            );
            hashes = bytes.concat(hashes, hash);
        }
        return sha256(
            bytes.concat(
                hex"02",
                sha256(bytes(p.destClient)),
                sha256(abi.encodePacked(p.timeoutTimestamp)),
                sha256(hashes)
            )
        );
    }

    function _ackCommitment(bytes memory ack) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"02", sha256(ack)));
    }

    function _receipt(Router router, Packet memory p) internal view returns (bytes32) {
        return router.getCommitment(keccak256(abi.encodePacked(p.destClient, uint8(2), p.sequence)));
    }

    function _ackOf(Router router, Packet memory p) internal view returns (bytes32) {
        return router.getCommitment(keccak256(abi.encodePacked(p.destClient, uint8(3), p.sequence)));
    }

    function _committed(Router router, Packet memory p) internal view returns (bytes32) {
        return router.getCommitment(keccak256(abi.encodePacked(p.sourceClient, uint8(1), p.sequence)));
    }

    /// @dev Logs of one event by its topic.
    function _logs(Vm.Log[] memory logs, bytes32 topic) internal pure returns (Vm.Log[] memory found) {
        uint256 n;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) ++n;
        }
        found = new Vm.Log[](n);
        n = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) found[n++] = logs[i];
        }
    }

    function _is(Outcome found, Outcome expected, string memory what) internal pure {
        eq(uint256(found), uint256(expected), what);
    }
}
