//! The check that a bundle fails, and where.

use alloc::{
    format,
    string::{String, ToString},
};
use alloy_primitives::B256;
use core::fmt;
use lupu_light_client::Rejection;

/// The part of a bundle that a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The anchor.
    Anchor,
    /// An update, by its index.
    Update(usize),
    /// A statement, by its index.
    Statement(usize),
    /// The trie nodes as a whole.
    Nodes,
    /// The clock that the verifier was given.
    Clock,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor => f.write_str("anchor"),
            Self::Update(index) => write!(f, "updates[{index}]"),
            Self::Statement(index) => write!(f, "statements[{index}]"),
            Self::Nodes => f.write_str("nodes"),
            Self::Clock => f.write_str("clock"),
        }
    }
}

/// The first check that a bundle fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {check}: {detail}")]
pub struct Failure {
    /// The check's stable name, for example `TooFewSeals`.
    pub check: &'static str,
    /// Where.
    pub place: Place,
    /// What was expected and what was found, in words.
    pub detail: String,
    /// What was expected, where it is one value.
    pub expected: Option<String>,
    /// What was found, where it is one value.
    pub found: Option<String>,
}

impl Failure {
    /// A failed check in words alone.
    pub fn new(check: &'static str, place: Place, detail: impl Into<String>) -> Self {
        Self { check, place, detail: detail.into(), expected: None, found: None }
    }

    /// With what was expected and what was found, if that is known.
    pub fn figures(mut self, figures: Option<(String, String)>) -> Self {
        if let Some((expected, found)) = figures {
            self.expected = Some(expected);
            self.found = Some(found);
        }
        self
    }

    pub(crate) fn rejected(place: Place, rejection: Rejection) -> Self {
        Self::new(rejection.check, place, rejection.detail)
    }
}

/// Why a bundle was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bundle begins at an anchor that the verifier was not told to trust.
    #[error("the bundle begins at anchor {digest} of {name}, which is not one you named")]
    AnchorUnknown {
        /// Its digest.
        digest: B256,
        /// The name that it gives the chain; worth nothing.
        name: String,
    },
    /// The bundle proves nothing: this check failed.
    #[error(transparent)]
    False(#[from] Failure),
}

impl VerifyError {
    /// The stable name of the check.
    pub fn check(&self) -> &'static str {
        match self {
            Self::AnchorUnknown { .. } => "AnchorUnknown",
            Self::False(failure) => failure.check,
        }
    }
}

/// Two values as an expectation and a finding.
pub(crate) fn figures(expected: impl fmt::Display, found: impl fmt::Display) -> Option<(String, String)> {
    Some((format!("{expected}"), found.to_string()))
}
