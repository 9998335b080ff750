// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    CounterpartyInfo,
    MsgSendPacket,
    MsgRecvPacket,
    MsgAckPacket,
    MsgTimeoutPacket,
    MsgRecvPackets,
    MsgAckPackets,
    MsgTimeoutPackets,
    Outcome,
    Packet,
    UpdateResult
} from "./Types.sol";
import {IIBCApp} from "./IIBCApp.sol";
import {ILightClient} from "./ILightClient.sol";

/// @title Clients and their counterparties (ICS-02 v2), as ICS26Router has them
interface IICS02Client {
    event ICS02ClientAdded(string clientId, CounterpartyInfo counterpartyInfo, address client);
    event ICS02ClientMigrated(string clientId, CounterpartyInfo counterpartyInfo, address client);
    event ICS02ClientUpdated(string clientId, UpdateResult result);
    event ICS02MisbehaviourSubmitted(string clientId);

    /// @notice Always reverts: identifiers are custom, so that they are unique in a consortium.
    function addClient(CounterpartyInfo calldata counterpartyInfo, address client)
        external
        returns (string memory);

    /// @notice Binds a light client and its counterparty to an identifier. Governance only.
    function addClient(string calldata clientId, CounterpartyInfo calldata counterpartyInfo, address client)
        external
        returns (string memory);

    /// @notice Puts an announced client of the same chain in the place of the bound one. Governance only.
    function migrateClient(
        string calldata clientId,
        CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external;

    /// @notice Passes a header to a client. Open to anyone.
    function updateClient(string calldata clientId, bytes calldata updateMsg) external returns (UpdateResult);

    /// @notice Passes evidence to a client. Open to anyone.
    function submitMisbehaviour(string calldata clientId, bytes calldata misbehaviourMsg) external;

    function getClient(string calldata clientId) external view returns (ILightClient);
    function getCounterparty(string calldata clientId) external view returns (CounterpartyInfo memory);
    function getNextClientSeq() external view returns (uint256);
}

/// @title The router interface of IBC v2 on EVM chains
interface IICS26Router is IICS02Client {
    event IBCAppAdded(string portId, address app);
    event IBCAppRecvPacketCallbackError(bytes reason);
    event SendPacket(string indexed clientId, uint256 indexed sequence, Packet packet);
    event WriteAcknowledgement(
        string indexed clientId, uint256 indexed sequence, Packet packet, bytes[] acknowledgements
    );
    event AckPacket(string indexed clientId, uint256 indexed sequence, Packet packet, bytes acknowledgement);
    event TimeoutPacket(string indexed clientId, uint256 indexed sequence, Packet packet);
    event Noop();

    /// @notice Commits a packet. Only for the application registered at the payload's source port.
    function sendPacket(MsgSendPacket calldata msg_) external returns (uint64 sequence);

    function recvPacket(MsgRecvPacket calldata msg_) external;
    function ackPacket(MsgAckPacket calldata msg_) external;
    function timeoutPacket(MsgTimeoutPacket calldata msg_) external;

    /// @notice Registers an application at the port that is its own address in lower-case hex. Open to anyone.
    function addIBCApp(address app) external;

    /// @notice Registers an application at a custom port. Governance only.
    function addIBCApp(string calldata portId, address app) external;

    function getIBCApp(string calldata portId) external view returns (IIBCApp);
    function getCommitment(bytes32 hashedPath) external view returns (bytes32);
    function multicall(bytes[] calldata data) external returns (bytes[] memory);

    /// @notice Always reverts: the router is not behind a proxy and is complete once constructed.
    function initialize(address authority) external;
}

/// @title What our router adds: batches, announced migration, pausing
interface IICS26RouterBatch {
    event PacketOutcome(string indexed clientId, uint256 indexed sequence, Outcome outcome);
    event MigrationAnnounced(
        string clientId, CounterpartyInfo counterpartyInfo, address client, uint256 notBefore
    );

    /// @notice Receives packets of one client under one proof. One outcome per packet.
    function recvPackets(MsgRecvPackets calldata msg_) external returns (Outcome[] memory);

    /// @notice Acknowledges packets of one client under one proof. One outcome per packet.
    function ackPackets(MsgAckPackets calldata msg_) external returns (Outcome[] memory);

    /// @notice Times out packets of one client under one proof. One outcome per packet.
    function timeoutPackets(MsgTimeoutPackets calldata msg_) external returns (Outcome[] memory);

    /// @notice Announces what `migrateClient` may do `migrationDelay` seconds later. Governance only.
    function announceMigration(
        string calldata clientId,
        CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external;

    /// @notice Stops sending and receiving, not acknowledging or timing out. Governance only.
    function pause() external;
    function unpause() external;

    /// @notice Last sequence sent through a client; 0 if none.
    function prevSequenceSend(string calldata clientId) external view returns (uint64);

    /// @notice Gas that the callbacks of the application at a port are given.
    function callbackGasLimitOf(string calldata portId) external view returns (uint64);

    /// @notice Seconds between the announcement of a migration and the migration.
    function migrationDelay() external view returns (uint64);
}
