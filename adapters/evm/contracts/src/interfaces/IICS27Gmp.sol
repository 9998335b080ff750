// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a user asks `sendCall` for.
struct SendCallMsg {
    string sourceClient;
    string receiver;
    bytes salt;
    bytes payload;
    uint64 timeoutTimestamp;
    string memo;
}

/// @notice The payload value of ICS-27 GMP, `abi.encode` of this struct.
struct GmpPacketData {
    string sender;
    string receiver;
    bytes salt;
    bytes payload;
    string memo;
}

/// @notice The success acknowledgement of ICS-27 GMP, `abi.encode` of this struct.
struct GmpAcknowledgement {
    bytes result;
}

/// @title General message passing (ICS-27 GMP, version `ics27-2`, Solidity ABI encoding)
interface IICS27Gmp {
    event CallSent(
        string indexed clientId,
        uint64 indexed sequence,
        address indexed sender,
        string receiver,
        bytes payload
    );
    event CallExecuted(
        string indexed clientId,
        uint64 indexed sequence,
        address indexed target,
        address account,
        bytes result
    );
    /// @dev `result` is what the target returned; empty if `success` is false.
    event CallAcknowledged(
        string indexed clientId, uint64 indexed sequence, address indexed sender, bool success, bytes result
    );
    event CallTimedOut(string indexed clientId, uint64 indexed sequence, address indexed sender);
    event AccountCreated(string indexed clientId, address indexed account, string sender, bytes salt);

    /// @notice Has `payload` called on `receiver` by the caller's account on the client's chain.
    function sendCall(SendCallMsg calldata msg_) external returns (uint64 sequence);

    /// @notice The account that acts here for a sender on the client's chain, whether it exists yet or not.
    function accountAddress(string calldata clientId, string calldata sender, bytes calldata salt)
        external
        view
        returns (address);
}
