// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IIBCApp, ICallbackGasLimit} from "../interfaces/IIBCApp.sol";
import {IICS26Router, IICS26RouterBatch} from "../interfaces/IICS26Router.sol";
import {Hex} from "../lib/Hex.sol";
import {Ics24} from "../lib/Ics24.sol";
import {RouterStorage} from "./RouterStorage.sol";

/// @title The router's applications: each port once, never changed
abstract contract RouterApps is IICS26Router, IICS26RouterBatch, AccessManaged {
    error InvalidPort(string portId);
    error InvalidApp(address app);
    error InvalidCallbackGasLimit();
    error PortAlreadyExists(string portId);
    error AppNotFound(string portId);

    /// @dev What an application that does not state a limit has.
    uint64 private constant DEFAULT_CALLBACK_GAS = 1_000_000;

    /// @inheritdoc IICS26Router
    function addIBCApp(address app) external {
        _addApp(Hex.fromAddress(app), app);
    }

    /// @inheritdoc IICS26Router
    /// @dev Custom ports have 2 to 128 of the characters of ICS-24 and do not look like an address.
    function addIBCApp(string calldata portId, address app) external restricted {
        bytes calldata id = bytes(portId);
        (, bool isAddress) = Hex.toAddress(id);
        if (isAddress || !Ics24.isIdentifier(id, 2, 128)) revert InvalidPort(portId);
        _addApp(portId, app);
    }

    /// @inheritdoc IICS26Router
    function getIBCApp(string calldata portId) external view returns (IIBCApp) {
        address app = RouterStorage.apps().apps[portId].app;
        if (app == address(0)) revert AppNotFound(portId);
        return IIBCApp(app);
    }

    /// @inheritdoc IICS26RouterBatch
    function callbackGasLimitOf(string calldata portId) external view returns (uint64) {
        return RouterStorage.apps().apps[portId].callbackGasLimit;
    }

    function _addApp(string memory portId, address app) private {
        if (app.code.length == 0 || app == address(this)) revert InvalidApp(app);
        RouterStorage.App storage entry = RouterStorage.apps().apps[portId];
        if (entry.app != address(0)) revert PortAlreadyExists(portId);
        entry.app = app;
        entry.callbackGasLimit = _askGasLimit(app);
        emit IBCAppAdded(portId, app);
    }

    function _askGasLimit(address app) private view returns (uint64) {
        bytes4 selector = ICallbackGasLimit.callbackGasLimit.selector;
        bool stated;
        uint256 limit;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            stated := staticcall(gas(), app, 0x00, 0x04, 0x00, 0x20)
            stated := and(stated, eq(returndatasize(), 0x20))
            limit := mload(0x00)
        }
        if (!stated) return DEFAULT_CALLBACK_GAS;
        if (limit == 0 || limit > type(uint64).max) revert InvalidCallbackGasLimit();
        return uint64(limit);
    }
}
