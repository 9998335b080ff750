//! Identifiers and their rules (ICS-24; the custom client ids of ICS26Router).

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// Why a string is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Length outside the allowed range.
    #[error("{what} has {found} bytes, allowed are {min} to {max}")]
    Length {
        /// Which kind of identifier.
        what: &'static str,
        /// Bytes found.
        found: usize,
        /// Fewest bytes allowed.
        min: usize,
        /// Most bytes allowed.
        max: usize,
    },
    /// A character outside `[A-Za-z0-9._+\-#\[\]<>]`.
    #[error("{what} has a character that is not allowed at byte {at}")]
    Character {
        /// Which kind of identifier.
        what: &'static str,
        /// Byte offset.
        at: usize,
    },
    /// A sequence of zero, or past 2⁶⁴−1.
    #[error("sequence must be at least 1")]
    ZeroSequence,
    /// A client identifier that governance may not hand out: `client-` and `channel-` belong to
    /// automatic numbering.
    #[error("client identifier begins with {prefix}, which is reserved")]
    Reserved {
        /// The reserved beginning.
        prefix: &'static str,
    },
}

fn check(what: &'static str, s: &str, min: usize, max: usize) -> Result<(), IdentifierError> {
    if s.len() < min || s.len() > max {
        return Err(IdentifierError::Length { what, found: s.len(), min, max });
    }
    match s.bytes().position(|b| !(b.is_ascii_alphanumeric() || b"._+-#[]<>".contains(&b))) {
        Some(at) => Err(IdentifierError::Character { what, at }),
        None => Ok(()),
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the rules and keeps the string.
            pub fn new(s: impl Into<String>) -> Result<Self, IdentifierError> {
                let s = s.into();
                check($what, &s, $min, $max)?;
                Ok(Self(s))
            }
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = IdentifierError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Self::new(s.to_owned())
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdentifierError;
            fn try_from(s: String) -> Result<Self, Self::Error> {
                Self::new(s)
            }
        }
        impl From<$name> for String {
            fn from(v: $name) -> String {
                v.0
            }
        }
    };
}

identifier!(
    /// A client on a chain, for example `harbour.qbft-bank`. 2 to 128 bytes.
    ClientId, "client identifier", 2, 128
);
identifier!(
    /// A port, the name of an application on a chain, for example `transfer`. 2 to 128 bytes.
    PortId, "port identifier", 2, 128
);
identifier!(
    /// The name of a chain in the relayer's configuration, for example `harbour`. 2 to 64 bytes.
    ChainId, "chain identifier", 2, 64
);

impl ClientId {
    /// The rules for an identifier that governance gives to a client of a host of ours: 4 to 128
    /// bytes, not beginning with `client-` or `channel-` (the router's custom identifiers).
    ///
    /// A packet may still name a client of another host that numbers its clients itself, so this
    /// is not part of [`ClientId::new`].
    pub fn check_custom(&self) -> Result<(), IdentifierError> {
        let found = self.0.len();
        if found < 4 {
            return Err(IdentifierError::Length { what: "custom client identifier", found, min: 4, max: 128 });
        }
        for prefix in ["client-", "channel-"] {
            if self.0.starts_with(prefix) {
                return Err(IdentifierError::Reserved { prefix });
            }
        }
        Ok(())
    }
}

/// The number of a packet, counted from 1 for each source client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Sequence(u64);

impl Sequence {
    /// Refuses zero.
    pub fn new(n: u64) -> Result<Self, IdentifierError> {
        if n == 0 { Err(IdentifierError::ZeroSequence) } else { Ok(Self(n)) }
    }
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}
impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl TryFrom<u64> for Sequence {
    type Error = IdentifierError;
    fn try_from(n: u64) -> Result<Self, Self::Error> {
        Self::new(n)
    }
}
impl From<Sequence> for u64 {
    fn from(s: Sequence) -> u64 {
        s.0
    }
}
