//! The names of the light clients' checks as numbers, so that the error of a refused message says
//! which check failed: `Error::ClientRejected(Check)`.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::PalletError;
use scale_info::TypeInfo;

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// A check of a light client, by the name it has in `docs/wire-formats.md`, in vectors and
        /// in Solidity. Numbers are never reused: new names go to the end.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
            PalletError,
        )]
        #[allow(missing_docs, reason = "the names are those of the page")]
        pub enum Check {
            /// A name that is not in this list.
            Other,
            $($name,)*
        }

        impl Check {
            /// All but `Other`.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The check's name.
            pub fn name(self) -> &'static str {
                match self {
                    Self::Other => "Other",
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The check of this name.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $(stringify!($name) => Self::$name,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

checks! {
    // Any client.
    MalformedMessage, ClientFrozen, ClientExpired, UnknownTrustedHeight, TrustedStateMismatch, TrustedStateExpired,
    MalformedHeader, HeightNotNewer, ZeroStateRoot, HeaderFromFuture, TimeWentBack, InvalidProof, NotMisbehaviour,
    // Creation.
    InvalidKind, InvalidChainId, InvalidRouter, InvalidTrustingPeriod, InvalidClockDrift, InvalidTrustLevel,
    InvalidInitialState, InvalidIdentity,
    // Verify calls.
    UnknownHeight, ConsensusStateMismatch, InvalidPath, InvalidValue, ValueAbsent, ValuePresent, ValueMismatch,
    // QBFT and IBFT 2.0.
    InvalidValidatorSet, TrustedValidatorsMismatch, InvalidSeal, SealsNotSorted, ForeignSeal, TooFewSeals,
    TooLittleOverlap, RouterAbsent, RouterCodeMismatch, ZeroStorageRoot,
    // GRANDPA.
    InvalidAuthoritySet, AuthoritySetMismatch, MalformedJustification, TargetMismatch, ForeignVoter, DuplicateVoter,
    InvalidSignature, InvalidAncestry, UnusedAncestry, TooLittleWeight, ForcedChange, InvalidScheduledChange,
    AnchorAbsent, MalformedAnchor, WrongChain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for check in Check::ALL {
            assert_eq!(Check::from_name(check.name()), *check);
        }
        assert_eq!(Check::from_name("TooManySeals"), Check::Other);
    }
}
