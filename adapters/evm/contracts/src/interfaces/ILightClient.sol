// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    MsgVerifyMembership,
    MsgVerifyNonMembership,
    MsgVerifyBatch,
    UpdateResult,
    ClientStatus
} from "./Types.sol";

/// @title A light client of another chain, as ICS26Router calls it
interface ILightClient {
    /// @notice Verifies a header and stores what it proves. Open to anyone.
    function updateClient(bytes calldata updateMsg) external returns (UpdateResult);

    /// @notice Reverts unless the path holds the value at the height. Returns that height's time in seconds.
    function verifyMembership(MsgVerifyMembership calldata msg_) external returns (uint256);

    /// @notice Reverts unless the path holds nothing at the height. Returns that height's time in seconds.
    function verifyNonMembership(MsgVerifyNonMembership calldata msg_) external returns (uint256);

    /// @notice Freezes the client if the evidence is a proven fork, and reverts otherwise. Open to anyone.
    function misbehaviour(bytes calldata misbehaviourMsg) external;

    /// @notice The ABI-encoded client state.
    function getClientState() external view returns (bytes memory);
}

/// @title What a client must offer beyond ILightClient to be bound to our router
interface ILightClientBatch is ILightClient {
    /// @notice Verifies many paths at one height; stands or falls as a whole.
    /// Returns that height's time in seconds.
    function verifyBatch(MsgVerifyBatch calldata msg_) external view returns (uint256);

    /// @notice Active, expired or frozen, now; and the newest time the client knows of its chain, in seconds.
    function status() external view returns (ClientStatus, uint64 latestTimestamp);

    /// @notice A digest of what identifies the tracked chain and its router; migration must keep it.
    function chainIdentity() external view returns (bytes32);
}
