// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a user asks `sendTransfer` for.
struct SendTransferMsg {
    address denom;
    uint256 amount;
    string receiver;
    string sourceClient;
    string destPort;
    uint64 timeoutTimestamp;
    string memo;
}

/// @notice The payload value of ICS-20, `abi.encode` of this struct.
struct FungibleTokenPacketData {
    string denom;
    string sender;
    string receiver;
    uint256 amount;
    string memo;
}

/// @title Fungible token transfer (ICS-20 v1 over IBC v2, Solidity ABI encoding)
/// @dev The client in every event is the client on this chain; `sequence` is the packet's.
interface IICS20Transfer {
    event Escrowed(
        string indexed clientId,
        address indexed token,
        address indexed account,
        uint256 amount,
        uint64 sequence
    );
    event Released(
        string indexed clientId,
        address indexed token,
        address indexed account,
        uint256 amount,
        uint64 sequence
    );
    event Minted(
        string indexed clientId,
        address indexed token,
        address indexed account,
        uint256 amount,
        uint64 sequence
    );
    event Burned(
        string indexed clientId,
        address indexed token,
        address indexed account,
        uint256 amount,
        uint64 sequence
    );
    event Refunded(
        string indexed clientId,
        address indexed token,
        address indexed account,
        uint256 amount,
        uint64 sequence
    );
    event VoucherCreated(address indexed token, string trace);

    /// @notice Sends tokens of the caller to a receiver on the client's chain. Needs an allowance for
    /// tokens that are escrowed; vouchers that go home are burned without one.
    function sendTransfer(SendTransferMsg calldata msg_) external returns (uint64 sequence);

    /// @notice The token that stands for a full denomination trace, or zero if none exists yet.
    function voucher(string calldata denomTrace) external view returns (address);

    /// @notice The full trace of a voucher; empty for any other address.
    function trace(address token) external view returns (string memory);

    /// @notice What is accounted as escrowed of a token for a client.
    function escrowed(string calldata clientId, address token) external view returns (uint256);
}
