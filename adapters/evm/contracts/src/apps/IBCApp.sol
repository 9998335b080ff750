// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIBCApp, ICallbackGasLimit} from "../interfaces/IIBCApp.sol";
import {IICS26Router} from "../interfaces/IICS26Router.sol";
import {Payload} from "../interfaces/Types.sol";

/// @title What the applications have in common: one router, one port on both sides, one version and encoding
abstract contract IBCApp is IIBCApp, ICallbackGasLimit {
    error OnlyRouter(address caller);
    error WrongPort();
    error WrongVersion();
    error WrongEncoding();
    error UnexpectedAcknowledgement();

    /// @notice The router that this application sends through and answers to.
    IICS26Router public immutable router;

    bytes32 private immutable PORT_HASH;
    bytes32 private immutable VERSION_HASH;
    bytes32 private constant ENCODING_HASH = keccak256("application/x-solidity-abi");

    modifier onlyRouter() {
        if (msg.sender != address(router)) revert OnlyRouter(msg.sender);
        _;
    }

    constructor(address router_, string memory port, string memory version) {
        router = IICS26Router(router_);
        PORT_HASH = keccak256(bytes(port));
        VERSION_HASH = keccak256(bytes(version));
    }

    /// @dev Anyone can register an application at the port of its own address, so a payload counts only if it
    /// comes from the governed port of the same name.
    function _checkPayload(Payload calldata payload) internal view {
        if (
            keccak256(bytes(payload.sourcePort)) != PORT_HASH
                || keccak256(bytes(payload.destPort)) != PORT_HASH
        ) revert WrongPort();
        if (keccak256(bytes(payload.version)) != VERSION_HASH) revert WrongVersion();
        if (keccak256(bytes(payload.encoding)) != ENCODING_HASH) revert WrongEncoding();
    }

    /// @dev Whether a port named by a user is this application's.
    function _isPort(string calldata port) internal view returns (bool) {
        return keccak256(bytes(port)) == PORT_HASH;
    }
}
