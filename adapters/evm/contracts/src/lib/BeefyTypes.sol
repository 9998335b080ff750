// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A set of validators that signs BEEFY commitments.
struct AuthoritySet {
    uint64 id;
    /// 1 to 255
    uint32 len;
    /// keccak256 Merkle root over the keccak256 of each 20-byte address
    bytes32 root;
}

/// @notice Parameters and state of a BEEFY client; `getClientState` returns `abi.encode` of it.
struct ClientState {
    /// first 24 bytes of the genesis hash, proven by the anchor in every update
    bytes24 genesis;
    /// twox128 of the IBC pallet's name
    bytes16 palletPrefix;
    /// the block whose MMR leaf has index 0
    uint64 firstMmrBlock;
    /// seconds, more than a packet's longest life
    uint64 trustingPeriod;
    /// seconds
    uint64 maxClockDrift;
    uint64 latestHeight;
    /// seconds
    uint64 latestTimestamp;
    bool frozen;
    /// signs now
    AuthoritySet current;
    /// signs next: its id is current.id + 1
    AuthoritySet next;
}

/// @notice What is known of a height; stored as `keccak256(abi.encode(...))`.
struct ConsensusState {
    /// seconds, from the anchor
    uint64 timestamp;
    bytes32 stateRoot;
}

/// @notice `updateClient(abi.encode(UpdateMessage))`.
struct UpdateMessage {
    bytes commitment;
    bytes authorities;
    bytes signatures;
    bytes leaf;
    bytes mmrItems;
    bytes header;
    bytes anchorProof;
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
