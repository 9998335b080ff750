//! Bindings of the contracts: the ICS26Router interface with its batch additions, light client,
//! ICS-20, ICS-27 GMP, factory and access control (`docs/wire-formats.md` §2 to §5).

#![allow(missing_docs, reason = "the Solidity interfaces document these")]

use alloy::sol;

sol! {
    /// Revision number (always 0 here) and block number.
    #[derive(Debug, PartialEq, Eq)]
    struct Height { uint64 revisionNumber; uint64 revisionHeight; }

    #[derive(Debug, PartialEq, Eq)]
    struct Payload { string sourcePort; string destPort; string version; string encoding; bytes value; }

    #[derive(Debug, PartialEq, Eq)]
    struct Packet { uint64 sequence; string sourceClient; string destClient; uint64 timeoutTimestamp; Payload[] payloads; }

    #[derive(Debug, PartialEq, Eq)]
    struct CounterpartyInfo { string clientId; bytes[] merklePrefix; }

    struct MsgRecvPackets { Packet[] packets; bytes proof; Height proofHeight; }
    struct MsgAckPackets { Packet[] packets; bytes[][] acknowledgements; bytes proof; Height proofHeight; }
    struct MsgTimeoutPackets { Packet[] packets; bytes proof; Height proofHeight; }

    #[derive(Debug, PartialEq, Eq)]
    enum PacketResult { None, Received, Acknowledged, TimedOut, Duplicate, Expired, AppFailed, InsufficientGas, UnknownPort, NotOurs, Malformed, NotExpired }

    /// The router.
    interface IRouter {
        event SendPacket(string indexed clientId, uint256 indexed sequence, Packet packet);
        event WriteAcknowledgement(string indexed clientId, uint256 indexed sequence, Packet packet, bytes[] acknowledgements);
        event AckPacket(string indexed clientId, uint256 indexed sequence, Packet packet, bytes acknowledgement);
        event TimeoutPacket(string indexed clientId, uint256 indexed sequence, Packet packet);
        event PacketOutcome(string indexed clientId, uint256 indexed sequence, PacketResult outcome);
        event Noop();

        function updateClient(string calldata clientId, bytes calldata updateMsg) external returns (uint8);
        function submitMisbehaviour(string calldata clientId, bytes calldata misbehaviourMsg) external;
        function recvPackets(MsgRecvPackets calldata msg_) external returns (PacketResult[] memory);
        function ackPackets(MsgAckPackets calldata msg_) external returns (PacketResult[] memory);
        function timeoutPackets(MsgTimeoutPackets calldata msg_) external returns (PacketResult[] memory);
        function multicall(bytes[] calldata data) external returns (bytes[] memory results);

        function getClient(string calldata clientId) external view returns (address);
        function getCounterparty(string calldata clientId) external view returns (CounterpartyInfo memory);
        function getCommitment(bytes32 hashedPath) external view returns (bytes32);
        function getIBCApp(string calldata portId) external view returns (address);
        function callbackGasLimitOf(string calldata portId) external view returns (uint64);
        function migrationDelay() external view returns (uint64);
        function authority() external view returns (address);

        error UnknownClient(string clientId);

        function addClient(string calldata clientId, CounterpartyInfo calldata counterpartyInfo, address client) external returns (string memory);
        function addIBCApp(string calldata portId, address app) external;
    }

    /// A light client.
    interface ILightClient {
        event ConsensusStateStored(uint64 indexed height, bytes consensusState);
        event Frozen(uint64 indexed height);

        function getClientState() external view returns (bytes memory);
        function getConsensusStateHash(uint64 height) external view returns (bytes32);
        function chainIdentity() external view returns (bytes32);
    }

    /// ICS-20 transfer.
    interface ITransfer {
        struct SendTransferMsg { address denom; uint256 amount; string receiver; string sourceClient; string destPort; uint64 timeoutTimestamp; string memo; }
        function sendTransfer(SendTransferMsg calldata msg_) external returns (uint64 sequence);
        function voucher(string calldata denomTrace) external view returns (address);
        function trace(address token) external view returns (string memory);
        function escrowed(string calldata clientId, address token) external view returns (uint256);
    }

    /// ICS-27 GMP.
    interface IGmp {
        struct SendCallMsg { string sourceClient; string receiver; bytes salt; bytes payload; uint64 timeoutTimestamp; string memo; }
        function sendCall(SendCallMsg calldata msg_) external returns (uint64 sequence);
        function accountAddress(string calldata clientId, string calldata sender, bytes calldata salt) external view returns (address);
    }

    /// The CREATE2 factory.
    interface IFactory {
        function deploy(bytes32 salt, bytes calldata initCode) external returns (address);
    }

    /// The part of ERC-20 that is used.
    interface IERC20 {
        function name() external view returns (string memory);
        function symbol() external view returns (string memory);
        function decimals() external view returns (uint8);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 amount) external returns (bool);
        function mint(address to, uint256 amount) external;
    }
}
