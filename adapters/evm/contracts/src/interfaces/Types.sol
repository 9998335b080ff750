// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev IBC v2 structures with the field order of ICS26Router. Timestamps are UNIX seconds.

/// @notice A height of a counterparty chain. On EVM chains the revision number is 0.
struct Height {
    uint64 revisionNumber;
    uint64 revisionHeight;
}

/// @notice What one application sends to another.
struct Payload {
    string sourcePort;
    string destPort;
    string version;
    string encoding;
    bytes value;
}

/// @notice A packet. Sequences count from 1 per source client; EVM hosts take exactly one payload.
struct Packet {
    uint64 sequence;
    string sourceClient;
    string destClient;
    uint64 timeoutTimestamp;
    Payload[] payloads;
}

/// @notice The other end of a client: its identifier there, and the prefix of the paths it stores under.
struct CounterpartyInfo {
    string clientId;
    bytes[] merklePrefix;
}

struct MsgSendPacket {
    string sourceClient;
    uint64 timeoutTimestamp;
    Payload payload;
}

struct MsgRecvPacket {
    Packet packet;
    bytes proofCommitment;
    Height proofHeight;
}

struct MsgAckPacket {
    Packet packet;
    bytes acknowledgement;
    bytes proofAcked;
    Height proofHeight;
}

struct MsgTimeoutPacket {
    Packet packet;
    bytes proofTimeout;
    Height proofHeight;
}

/// @notice Packets of one destination client, with one proof of all their commitments in this order.
struct MsgRecvPackets {
    Packet[] packets;
    bytes proof;
    Height proofHeight;
}

/// @notice Packets of one source client, their acknowledgements, and one proof of all of them in this order.
struct MsgAckPackets {
    Packet[] packets;
    bytes[][] acknowledgements;
    bytes proof;
    Height proofHeight;
}

/// @notice Packets of one source client, with one proof that none of them was received, in this order.
struct MsgTimeoutPackets {
    Packet[] packets;
    bytes proof;
    Height proofHeight;
}

/// @notice What became of one packet of a batch.
enum Outcome {
    None,
    Received,
    Acknowledged,
    TimedOut,
    Duplicate,
    Expired,
    AppFailed,
    InsufficientGas,
    UnknownPort,
    NotOurs,
    Malformed,
    NotExpired
}

/// @notice What an update did to a light client.
enum UpdateResult {
    Update,
    Misbehaviour,
    NoOp
}

/// @notice Whether a light client can be relied on.
enum ClientStatus {
    Active,
    Expired,
    Frozen
}

struct MsgVerifyMembership {
    bytes proof;
    Height proofHeight;
    bytes[] path;
    bytes value;
}

struct MsgVerifyNonMembership {
    bytes proof;
    Height proofHeight;
    bytes[] path;
}

/// @notice One proof for many paths. `values[i] == 0` claims that `paths[i]` is absent.
struct MsgVerifyBatch {
    bytes proof;
    Height proofHeight;
    bytes[] paths;
    bytes32[] values;
}

struct OnRecvPacketCallback {
    string sourceClient;
    string destinationClient;
    uint64 sequence;
    Payload payload;
    address relayer;
}

struct OnAcknowledgementPacketCallback {
    string sourceClient;
    string destinationClient;
    uint64 sequence;
    Payload payload;
    bytes acknowledgement;
    address relayer;
}

struct OnTimeoutPacketCallback {
    string sourceClient;
    string destinationClient;
    uint64 sequence;
    Payload payload;
    address relayer;
}
