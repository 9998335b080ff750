// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IICS02Client, IICS26RouterBatch} from "../interfaces/IICS26Router.sol";
import {ILightClient, ILightClientBatch} from "../interfaces/ILightClient.sol";
import {ClientStatus, CounterpartyInfo, UpdateResult} from "../interfaces/Types.sol";
import {Ics24} from "../lib/Ics24.sol";
import {RouterStorage} from "./RouterStorage.sol";

/// @title The router's clients: binding and migrating is governance's, updating and evidence is anyone's
abstract contract RouterClients is IICS02Client, IICS26RouterBatch, AccessManaged {
    error AutomaticClientIdsDisabled();
    error InvalidClientId(string clientId);
    error InvalidCounterparty();
    error InvalidClient(address client);
    error ClientAlreadyExists(string clientId);
    error UnknownClient(string clientId);
    error MigrationNotAnnounced();
    error MigrationTooEarly(uint256 notBefore);
    error MigrationChangesIdentity();
    error MigrationChangesCounterparty();
    error InvalidMigrationDelay();

    /// @inheritdoc IICS26RouterBatch
    uint64 public immutable migrationDelay;

    constructor(address authority, uint64 delay) AccessManaged(authority) {
        if (delay == 0) revert InvalidMigrationDelay();
        migrationDelay = delay;
    }

    /// @inheritdoc IICS02Client
    function addClient(CounterpartyInfo calldata, address) external pure returns (string memory) {
        revert AutomaticClientIdsDisabled();
    }

    /// @inheritdoc IICS02Client
    /// @dev Identifiers have 4 to 128 of the characters of ICS-24 and do not start with `client-` or `channel-`.
    function addClient(string calldata clientId, CounterpartyInfo calldata counterpartyInfo, address client)
        external
        restricted
        returns (string memory)
    {
        bytes calldata id = bytes(clientId);
        if (
            !Ics24.isIdentifier(id, 4, 128) || (id.length >= 7 && bytes7(id[:7]) == "client-")
                || (id.length >= 8 && bytes8(id[:8]) == "channel-")
        ) revert InvalidClientId(clientId);
        if (
            !Ics24.isIdentifier(bytes(counterpartyInfo.clientId), 2, 128)
                || counterpartyInfo.merklePrefix.length == 0
        ) revert InvalidCounterparty();
        RouterStorage.Clients storage $ = RouterStorage.clients();
        if (address($.clients[clientId]) != address(0)) revert ClientAlreadyExists(clientId);
        _checkClient(client);
        $.clients[clientId] = ILightClientBatch(client);
        $.counterparties[clientId] = counterpartyInfo;
        emit ICS02ClientAdded(clientId, counterpartyInfo, client);
        return clientId;
    }

    /// @inheritdoc IICS26RouterBatch
    function announceMigration(
        string calldata clientId,
        CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external restricted {
        _checkMigration(clientId, counterpartyInfo, client);
        uint256 notBefore = block.timestamp + migrationDelay;
        RouterStorage.clients().migrations[_announcement(clientId, counterpartyInfo, client)] = notBefore;
        emit MigrationAnnounced(clientId, counterpartyInfo, client, notBefore);
    }

    /// @inheritdoc IICS02Client
    function migrateClient(
        string calldata clientId,
        CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external restricted {
        RouterStorage.Clients storage $ = RouterStorage.clients();
        bytes32 announcement = _announcement(clientId, counterpartyInfo, client);
        uint256 notBefore = $.migrations[announcement];
        if (notBefore == 0) revert MigrationNotAnnounced();
        if (block.timestamp < notBefore) revert MigrationTooEarly(notBefore);
        _checkMigration(clientId, counterpartyInfo, client);
        delete $.migrations[announcement];
        $.clients[clientId] = ILightClientBatch(client);
        emit ICS02ClientMigrated(clientId, counterpartyInfo, client);
    }

    /// @inheritdoc IICS02Client
    function updateClient(string calldata clientId, bytes calldata updateMsg)
        external
        returns (UpdateResult result)
    {
        result = _client(clientId).updateClient(updateMsg);
        emit ICS02ClientUpdated(clientId, result);
    }

    /// @inheritdoc IICS02Client
    function submitMisbehaviour(string calldata clientId, bytes calldata misbehaviourMsg) external {
        _client(clientId).misbehaviour(misbehaviourMsg);
        emit ICS02MisbehaviourSubmitted(clientId);
    }

    /// @inheritdoc IICS02Client
    function getClient(string calldata clientId) external view returns (ILightClient) {
        return _client(clientId);
    }

    /// @inheritdoc IICS02Client
    function getCounterparty(string calldata clientId) external view returns (CounterpartyInfo memory info) {
        info = RouterStorage.clients().counterparties[clientId];
        if (info.merklePrefix.length == 0) revert UnknownClient(clientId);
    }

    /// @inheritdoc IICS02Client
    function getNextClientSeq() external view returns (uint256) {
        return RouterStorage.clients().nextClientSeq;
    }

    function _client(string calldata clientId) internal view returns (ILightClientBatch client) {
        client = RouterStorage.clients().clients[clientId];
        if (address(client) == address(0)) revert UnknownClient(clientId);
    }

    /// @dev A migration keeps the chain, its router and the counterparty: packets on their way stay valid.
    function _checkMigration(string calldata clientId, CounterpartyInfo calldata info, address client)
        private
        view
    {
        ILightClientBatch current = _client(clientId);
        if (
            keccak256(abi.encode(info))
                != keccak256(abi.encode(RouterStorage.clients().counterparties[clientId]))
        ) {
            revert MigrationChangesCounterparty();
        }
        _checkClient(client);
        if (ILightClientBatch(client).chainIdentity() != current.chainIdentity()) {
            revert MigrationChangesIdentity();
        }
    }

    /// @dev A client must offer the batch extension and be active.
    function _checkClient(address client) private view {
        if (client.code.length == 0) revert InvalidClient(client);
        (ClientStatus status,) = ILightClientBatch(client).status();
        if (status != ClientStatus.Active || ILightClientBatch(client).chainIdentity() == 0) {
            revert InvalidClient(client);
        }
    }

    function _announcement(string calldata clientId, CounterpartyInfo calldata info, address client)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(clientId, info, client));
    }
}
