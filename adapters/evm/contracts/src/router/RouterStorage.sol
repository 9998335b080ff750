// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CounterpartyInfo} from "../interfaces/Types.sol";
import {ILightClientBatch} from "../interfaces/ILightClient.sol";
import {Ics24} from "../lib/Ics24.sol";

/// @title Where the router keeps its state: the ERC-7201 namespaces of ICS26Router
library RouterStorage {
    /// @dev erc7201:ibc.storage.ICS26Router
    bytes32 internal constant ROUTER = 0xc5779f3c2c21083eefa6d04f6a698bc0d8c10db124ad5e0df6ef394b6d7bf600;
    /// @dev erc7201:ibc.storage.ICS02Client
    bytes32 internal constant CLIENTS = 0x515a8336edcaab4ae6524d41223c1782132890f89189ba6632107a7b5a449600;

    /// @custom:storage-location erc7201:ibc.storage.IBCStore
    struct Commitments {
        mapping(bytes32 hashedPath => bytes32) commitments;
        mapping(string clientId => uint64) prevSequenceSends;
    }

    /// @dev One slot: an application and the gas its callbacks are given.
    struct App {
        address app;
        uint64 callbackGasLimit;
    }

    /// @custom:storage-location erc7201:ibc.storage.ICS26Router
    struct Apps {
        mapping(string portId => App) apps;
    }

    /// @custom:storage-location erc7201:ibc.storage.ICS02Client
    struct Clients {
        mapping(string clientId => ILightClientBatch) clients;
        mapping(string clientId => CounterpartyInfo) counterparties;
        uint256 nextClientSeq;
        mapping(bytes32 announcement => uint256 notBefore) migrations;
    }

    function store() internal pure returns (Commitments storage $) {
        bytes32 slot = Ics24.IBC_STORE;
        assembly ("memory-safe") {
            $.slot := slot
        }
    }

    function apps() internal pure returns (Apps storage $) {
        assembly ("memory-safe") {
            $.slot := ROUTER
        }
    }

    function clients() internal pure returns (Clients storage $) {
        assembly ("memory-safe") {
            $.slot := CLIENTS
        }
    }
}
