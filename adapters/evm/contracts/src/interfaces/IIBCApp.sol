// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OnRecvPacketCallback, OnAcknowledgementPacketCallback, OnTimeoutPacketCallback} from "./Types.sol";

/// @title An application behind a port
interface IIBCApp {
    /// @notice A packet arrived. The return value is the acknowledgement: 1 to 4,096 bytes.
    /// A revert, or the universal error acknowledgement, undoes everything the callback did.
    function onRecvPacket(OnRecvPacketCallback calldata msg_) external returns (bytes memory);

    /// @notice A packet of ours was acknowledged. If this reverts, the packet stays and can be tried again.
    function onAcknowledgementPacket(OnAcknowledgementPacketCallback calldata msg_) external;

    /// @notice A packet of ours timed out. If this reverts, the packet stays and can be tried again.
    function onTimeoutPacket(OnTimeoutPacketCallback calldata msg_) external;
}

/// @title Optional: how much gas an application's callbacks need
interface ICallbackGasLimit {
    /// @notice Asked once, at registration. Without it an application has 1,000,000.
    function callbackGasLimit() external view returns (uint64);
}
