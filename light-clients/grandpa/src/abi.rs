//! The ABI structs of `docs/wire-formats.md`, section 8. Kept apart: the crate's own types are in
//! [`crate::state`].
#![allow(missing_docs)]

alloy_sol_types::sol! {
    struct ClientState {
        bytes24 genesis;
        bytes16 palletPrefix;
        uint64 trustingPeriod;
        uint64 maxClockDrift;
        uint64 latestHeight;
        uint64 latestTimestamp;
        bool frozen;
    }
    struct ConsensusState {
        uint64 timestamp;
        bytes32 stateRoot;
        bytes32 headerHash;
        uint64 setId;
        bytes32 authoritiesHash;
    }
    struct UpdateMessage {
        bytes header;
        bytes justification;
        uint64 trustedHeight;
        ConsensusState trusted;
        bytes authorities;
        bytes anchorProof;
    }
    struct Misbehaviour {
        UpdateMessage a;
        UpdateMessage b;
        bytes[] ancestry;
    }
    struct MembershipProof {
        ConsensusState consensus;
        bytes nodes;
    }
}
