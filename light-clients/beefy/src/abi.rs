//! The ABI structs of `docs/wire-formats.md`, section 7. Kept apart: the crate's own types are in
//! [`crate::state`].
#![allow(missing_docs)]

alloy_sol_types::sol! {
    struct AuthoritySet {
        uint64 id;
        uint32 len;
        bytes32 root;
    }
    struct ClientState {
        bytes24 genesis;
        bytes16 palletPrefix;
        uint64 firstMmrBlock;
        uint64 trustingPeriod;
        uint64 maxClockDrift;
        uint64 latestHeight;
        uint64 latestTimestamp;
        bool frozen;
        AuthoritySet current;
        AuthoritySet next;
    }
    struct ConsensusState {
        uint64 timestamp;
        bytes32 stateRoot;
    }
    struct UpdateMessage {
        bytes commitment;
        bytes authorities;
        bytes signatures;
        bytes leaf;
        bytes mmrItems;
        bytes header;
        bytes anchorProof;
    }
    struct Misbehaviour {
        UpdateMessage a;
        UpdateMessage b;
    }
    struct MembershipProof {
        ConsensusState consensus;
        bytes nodes;
    }
}
