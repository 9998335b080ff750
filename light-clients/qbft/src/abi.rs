//! The ABI structs of `docs/wire-formats.md`, section 2. Kept apart: the crate's own types are in
//! [`crate::state`].
#![allow(missing_docs)]

alloy_sol_types::sol! {
    struct ClientState {
        uint8 kind;
        uint64 chainId;
        address router;
        bytes32 routerCodeHash;
        uint64 trustingPeriod;
        uint64 maxClockDrift;
        uint8 trustNumerator;
        uint8 trustDenominator;
        uint64 latestHeight;
        uint64 latestTimestamp;
        bool frozen;
    }
    struct ConsensusState {
        uint64 timestamp;
        bytes32 storageRoot;
        bytes32 validatorsHash;
    }
    struct UpdateMessage {
        bytes header;
        uint64 trustedHeight;
        ConsensusState trusted;
        bytes trustedValidators;
        bytes accountProof;
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
