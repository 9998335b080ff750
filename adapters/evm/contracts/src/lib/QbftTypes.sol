// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Parameters and state of a QBFT client; `getClientState` returns `abi.encode` of it.
struct ClientState {
    /// 0 QBFT (Besu, GoQuorum), 1 IBFT 2.0 (Besu)
    uint8 kind;
    /// of the source chain, proven by the router's CREATE2 address
    uint64 chainId;
    /// the source chain's router
    address router;
    /// its code hash, checked in every account proof
    bytes32 routerCodeHash;
    /// seconds, more than a packet's longest life
    uint64 trustingPeriod;
    /// seconds
    uint64 maxClockDrift;
    /// share of the trusted set that must have sealed
    uint8 trustNumerator;
    uint8 trustDenominator;
    uint64 latestHeight;
    /// seconds
    uint64 latestTimestamp;
    bool frozen;
}

/// @notice What is known of a height; stored as `keccak256(abi.encode(...))`.
struct ConsensusState {
    /// seconds, from the header
    uint64 timestamp;
    /// of the router's account
    bytes32 storageRoot;
    /// keccak256 of the validators' 20-byte addresses joined
    bytes32 validatorsHash;
}

/// @notice `updateClient(abi.encode(UpdateMessage))`.
struct UpdateMessage {
    bytes header;
    uint64 trustedHeight;
    ConsensusState trusted;
    bytes trustedValidators;
    bytes accountProof;
}

/// @notice `misbehaviour(abi.encode(Misbehaviour))`.
struct Misbehaviour {
    UpdateMessage a;
    UpdateMessage b;
}

/// @notice The `proof` of every verify call.
struct MembershipProof {
    ConsensusState consensus;
    bytes nodes;
}
