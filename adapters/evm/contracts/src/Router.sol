// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IIBCApp} from "./interfaces/IIBCApp.sol";
import {IICS26Router, IICS26RouterBatch} from "./interfaces/IICS26Router.sol";
import {ILightClientBatch} from "./interfaces/ILightClient.sol";
import {
    ClientStatus,
    MsgAckPacket,
    MsgAckPackets,
    MsgRecvPacket,
    MsgRecvPackets,
    MsgSendPacket,
    MsgTimeoutPacket,
    MsgTimeoutPackets,
    MsgVerifyMembership,
    MsgVerifyNonMembership,
    Outcome,
    Packet,
    Payload
} from "./interfaces/Types.sol";
import {BatchProof} from "./lib/BatchProof.sol";
import {Ics24} from "./lib/Ics24.sol";
import {PacketCodec} from "./lib/PacketCodec.sol";
import {PacketSettlement} from "./router/PacketSettlement.sol";
import {RouterApps} from "./router/RouterApps.sol";
import {RouterClients} from "./router/RouterClients.sol";
import {RouterStorage} from "./router/RouterStorage.sol";

/// @title The router: IBC v2 packets of one chain (ICS-04, with the interface of ICS26Router)
/// @notice Applications send through it; anyone may relay to it. A packet is received, acknowledged or timed
/// out only under a proof that the client's light client verifies. It is deployed by CREATE2 with the chain
/// id in its init code, so that its address exists on one chain only.
/// @dev Receiving, acknowledging and timing out exclude each other while an application runs; sending is
/// allowed from within a callback. Every effect of a packet is stored before its application is called.
contract Router is RouterClients, RouterApps, PacketSettlement, Pausable, ReentrancyGuard {
    error WrongChain(uint256 found, uint64 expected);
    error InvalidAuthority();
    error InvalidInitialization();
    error EmptyBatch();
    error MixedBatch();
    error LengthMismatch();
    error BatchNeedsOnePrefix();
    error NotTheApp(address sender, string portId);
    error PayloadTooLarge(uint256 length);
    error InvalidDestinationPort(string portId);
    error TimeoutElapsed(uint64 timeout);
    error TimeoutTooFar(uint64 timeout);
    error TimeoutBeforeClient(uint64 timeout);
    error ClientNotActive(ClientStatus status);

    /// @dev Longest life of a packet, in seconds.
    uint256 private constant MAX_TIMEOUT = 86_400;

    /// @param chainId this chain's id; construction fails elsewhere
    /// @param authority the AccessManager that governs binding, custom ports, migration and pausing
    /// @param migrationDelay_ seconds between the announcement of a client migration and the migration
    constructor(uint64 chainId, address authority, uint64 migrationDelay_)
        RouterClients(authority, migrationDelay_)
    {
        if (block.chainid != chainId) revert WrongChain(block.chainid, chainId);
        if (authority.code.length == 0) revert InvalidAuthority();
    }

    /// @inheritdoc IICS26Router
    function initialize(address) external pure {
        revert InvalidInitialization();
    }

    /// @inheritdoc IICS26RouterBatch
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IICS26RouterBatch
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc IICS26Router
    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            (bool ok, bytes memory result) = address(this).delegatecall(data[i]);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results[i] = result;
        }
    }

    /// @inheritdoc IICS26Router
    function getCommitment(bytes32 hashedPath) external view returns (bytes32) {
        return RouterStorage.store().commitments[hashedPath];
    }

    /// @inheritdoc IICS26RouterBatch
    function prevSequenceSend(string calldata clientId) external view returns (uint64) {
        return RouterStorage.store().prevSequenceSends[clientId];
    }

    /// @inheritdoc IICS26Router
    function sendPacket(MsgSendPacket calldata msg_) external whenNotPaused returns (uint64 sequence) {
        ILightClientBatch client = _client(msg_.sourceClient);
        Payload calldata payload = msg_.payload;
        if (payload.value.length > MAX_PAYLOAD) revert PayloadTooLarge(payload.value.length);
        if (RouterStorage.apps().apps[payload.sourcePort].app != msg.sender) {
            revert NotTheApp(msg.sender, payload.sourcePort);
        }
        if (!Ics24.isIdentifier(bytes(payload.destPort), 2, 128)) {
            revert InvalidDestinationPort(payload.destPort);
        }
        uint64 timeout = msg_.timeoutTimestamp;
        if (timeout <= block.timestamp) revert TimeoutElapsed(timeout);
        if (timeout > block.timestamp + MAX_TIMEOUT) revert TimeoutTooFar(timeout);
        (ClientStatus status, uint64 latest) = client.status();
        if (status != ClientStatus.Active) revert ClientNotActive(status);
        if (timeout <= latest) revert TimeoutBeforeClient(timeout);

        RouterStorage.Commitments storage $ = RouterStorage.store();
        sequence = $.prevSequenceSends[msg_.sourceClient] + 1;
        $.prevSequenceSends[msg_.sourceClient] = sequence;
        string memory destClient = RouterStorage.clients().counterparties[msg_.sourceClient].clientId;
        $.commitments[Ics24.key(msg_.sourceClient, Ics24.COMMITMENT, sequence)] =
            Ics24.commitPacket(destClient, timeout, payload);
        Payload[] memory payloads = new Payload[](1);
        payloads[0] = payload;
        emit SendPacket(
            msg_.sourceClient, sequence, Packet(sequence, msg_.sourceClient, destClient, timeout, payloads)
        );
    }

    /// @inheritdoc IICS26Router
    function recvPacket(MsgRecvPacket calldata msg_) external nonReentrant whenNotPaused {
        Packet calldata packet = msg_.packet;
        Settlement memory s = _open(packet.destClient);
        PacketCodec.View memory v = PacketCodec.open(packet);
        s.client
            .verifyMembership(
                MsgVerifyMembership(
                    msg_.proofCommitment,
                    msg_.proofHeight,
                    _path(packet.destClient, packet.sourceClient, Ics24.COMMITMENT, packet.sequence),
                    abi.encode(PacketCodec.commit(v, packet))
                )
            );
        _require(_receive(s, v));
    }

    /// @inheritdoc IICS26Router
    function ackPacket(MsgAckPacket calldata msg_) external nonReentrant {
        Packet calldata packet = msg_.packet;
        Settlement memory s = _open(packet.sourceClient);
        s.client
            .verifyMembership(
                MsgVerifyMembership(
                    msg_.proofAcked,
                    msg_.proofHeight,
                    _path(packet.sourceClient, packet.destClient, Ics24.ACKNOWLEDGEMENT, packet.sequence),
                    abi.encode(Ics24.commitAck(msg_.acknowledgement))
                )
            );
        _require(_acknowledge(s, PacketCodec.open(packet), packet, msg_.acknowledgement));
    }

    /// @inheritdoc IICS26Router
    function timeoutPacket(MsgTimeoutPacket calldata msg_) external nonReentrant {
        Packet calldata packet = msg_.packet;
        Settlement memory s = _open(packet.sourceClient);
        uint256 time = s.client
            .verifyNonMembership(
                MsgVerifyNonMembership(
                    msg_.proofTimeout,
                    msg_.proofHeight,
                    _path(packet.sourceClient, packet.destClient, Ics24.RECEIPT, packet.sequence)
                )
            );
        _require(_timeOut(s, PacketCodec.open(packet), packet, time));
    }

    /// @inheritdoc IICS26RouterBatch
    function recvPackets(MsgRecvPackets calldata msg_)
        external
        nonReentrant
        whenNotPaused
        returns (Outcome[] memory outcomes)
    {
        (Settlement memory s, bytes memory prefix, PacketCodec.View[] memory views) =
            _openBatch(msg_.packets, true);
        uint256 n = views.length;
        BatchProof.Call memory call_ = BatchProof.start(n, msg_.proof, msg_.proofHeight);
        for (uint256 i = 0; i < n; ++i) {
            PacketCodec.View memory v = views[i];
            bytes32 value = PacketCodec.commit(v, msg_.packets[i]);
            BatchProof.add(call_, prefix, v.source, v.sourceLength, Ics24.COMMITMENT, v.sequence, value);
        }
        BatchProof.verify(call_, s.client);
        outcomes = new Outcome[](n);
        for (uint256 i = 0; i < n; ++i) {
            outcomes[i] = _report(s, views[i], _receive(s, views[i]));
        }
    }

    /// @inheritdoc IICS26RouterBatch
    function ackPackets(MsgAckPackets calldata msg_)
        external
        nonReentrant
        returns (Outcome[] memory outcomes)
    {
        (Settlement memory s, bytes memory prefix, PacketCodec.View[] memory views) =
            _openBatch(msg_.packets, false);
        uint256 n = views.length;
        if (msg_.acknowledgements.length != n) revert LengthMismatch();
        BatchProof.Call memory call_ = BatchProof.start(n, msg_.proof, msg_.proofHeight);
        for (uint256 i = 0; i < n; ++i) {
            PacketCodec.View memory v = views[i];
            bytes[] calldata acks = msg_.acknowledgements[i];
            bytes32 value = acks.length == 1 ? Ics24.commitAck(acks[0]) : Ics24.commitAcks(acks);
            BatchProof.add(call_, prefix, v.dest, v.destLength, Ics24.ACKNOWLEDGEMENT, v.sequence, value);
        }
        BatchProof.verify(call_, s.client);
        outcomes = new Outcome[](n);
        for (uint256 i = 0; i < n; ++i) {
            bytes[] calldata acks = msg_.acknowledgements[i];
            // More than one, or none, has an outcome of its own: an empty one is as malformed.
            outcomes[i] = _report(
                s,
                views[i],
                _acknowledge(s, views[i], msg_.packets[i], acks.length == 1 ? acks[0] : msg_.proof[:0])
            );
        }
    }

    /// @inheritdoc IICS26RouterBatch
    function timeoutPackets(MsgTimeoutPackets calldata msg_)
        external
        nonReentrant
        returns (Outcome[] memory outcomes)
    {
        (Settlement memory s, bytes memory prefix, PacketCodec.View[] memory views) =
            _openBatch(msg_.packets, false);
        uint256 n = views.length;
        BatchProof.Call memory call_ = BatchProof.start(n, msg_.proof, msg_.proofHeight);
        for (uint256 i = 0; i < n; ++i) {
            PacketCodec.View memory v = views[i];
            BatchProof.add(call_, prefix, v.dest, v.destLength, Ics24.RECEIPT, v.sequence, 0);
        }
        uint256 time = BatchProof.verify(call_, s.client);
        outcomes = new Outcome[](n);
        for (uint256 i = 0; i < n; ++i) {
            outcomes[i] = _report(s, views[i], _timeOut(s, views[i], msg_.packets[i], time));
        }
    }

    /// @dev Looks up the packets of a batch, which must all be of one client of this chain: the destination
    /// client of received packets, the source client of others.
    function _openBatch(Packet[] calldata packets, bool received)
        private
        view
        returns (Settlement memory s, bytes memory prefix, PacketCodec.View[] memory views)
    {
        uint256 n = packets.length;
        if (n == 0) revert EmptyBatch();
        string calldata clientId = received ? packets[0].destClient : packets[0].sourceClient;
        s = _open(clientId);
        prefix = _onePrefix(clientId);
        assembly ("memory-safe") {
            views := mload(0x40)
            mstore(views, n)
            mstore(0x40, add(add(views, 0x20), shl(5, n)))
        }
        for (uint256 i = 0; i < n; ++i) {
            PacketCodec.View memory v = PacketCodec.open(packets[i]);
            bytes32 hash = received
                ? PacketCodec.hashOf(v.dest, v.destLength)
                : PacketCodec.hashOf(v.source, v.sourceLength);
            if (hash != s.clientHash) revert MixedBatch();
            assembly ("memory-safe") {
                mstore(add(add(views, 0x20), shl(5, i)), v)
            }
        }
    }

    /// @dev The merkle path of a key on the counterparty: its prefix, with the key appended to the last element.
    function _path(string calldata clientId, string calldata counterparty, uint256 kind, uint64 sequence)
        private
        view
        returns (bytes[] memory path)
    {
        path = RouterStorage.clients().counterparties[clientId].merklePrefix;
        uint256 last = path.length - 1;
        path[last] = Ics24.path(path[last], counterparty, kind, sequence);
    }

    /// @dev The prefix of a counterparty whose paths have one element, as batches need.
    function _onePrefix(string calldata clientId) private view returns (bytes memory) {
        bytes[] memory prefix = RouterStorage.clients().counterparties[clientId].merklePrefix;
        if (prefix.length != 1) revert BatchNeedsOnePrefix();
        return prefix[0];
    }

    /// @dev What a settlement needs to know of the client; reverts if it is not bound.
    function _open(string calldata clientId) private view returns (Settlement memory s) {
        s.client = _client(clientId);
        s.clientHash = keccak256(bytes(clientId));
        s.counterpartyHash = keccak256(bytes(RouterStorage.clients().counterparties[clientId].clientId));
    }
}
