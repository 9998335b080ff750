//! Denominations and their traces (ICS-20): which way a token came, newest hop first.
//!
//! On the wire a denomination is `port/client/port/client/…/base`. A receiving chain puts its own
//! port and client in front; a chain that sees its own prefix come back takes it off and pays out
//! what it holds. The trace, not the name, is what makes two vouchers the same.

use crate::{ClientId, IdentifierError, PortId};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use alloy_primitives::{B256, keccak256};
use core::{fmt, str::FromStr};

/// One hop of a trace: the port and client through which the token entered a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// Port of the receiving application.
    pub port: PortId,
    /// Client, on the receiving chain, of the chain it came from.
    pub client: ClientId,
}

/// A denomination: a base name and the hops the token has made, newest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Denom {
    trace: Vec<Hop>,
    base: String,
}

/// Why a text is not a denomination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DenomError {
    /// The base name is empty.
    #[error("denomination has an empty base name")]
    EmptyBase,
    /// The base name has a `/`, or the hops do not come in pairs.
    #[error("denomination must be pairs of port and client, then a base name without `/`")]
    NotPairs,
    /// Part `index` (from 0) is not the identifier that stands there.
    #[error("denomination part {index}: {error}")]
    Identifier {
        /// Which of the parts between slashes.
        index: usize,
        /// What is wrong with it.
        error: IdentifierError,
    },
}

/// What a receiving chain does with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It comes home: release this denomination from escrow (or mint back, if itself a voucher).
    Returned(Denom),
    /// It is foreign here: mint a voucher of this denomination.
    Voucher(Denom),
}

impl Denom {
    /// A token of this chain's own, without hops.
    pub fn native(base: impl Into<String>) -> Result<Self, DenomError> {
        Self::new(Vec::new(), base)
    }

    /// A denomination of the given hops, newest first.
    pub fn new(trace: Vec<Hop>, base: impl Into<String>) -> Result<Self, DenomError> {
        let base = base.into();
        if base.is_empty() {
            return Err(DenomError::EmptyBase);
        }
        if base.contains('/') {
            return Err(DenomError::NotPairs);
        }
        Ok(Self { trace, base })
    }

    /// The hops, newest first.
    pub fn trace(&self) -> &[Hop] {
        &self.trace
    }

    /// The name on the chain of origin.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether the newest hop is this port and client. Asked of a packet's *source* port and
    /// client by the receiver: then the token goes back the way it came. Asked of the *sending*
    /// port and client by the sender: then it burns its voucher, otherwise it escrows.
    pub fn is_returning(&self, port: &PortId, client: &ClientId) -> bool {
        self.trace.first().is_some_and(|hop| hop.port == *port && hop.client == *client)
    }

    /// What a chain does with this denomination, received in a packet from `source` to
    /// `destination` (each port and client of the packet).
    pub fn receive(mut self, source: &Hop, destination: Hop) -> Received {
        if self.is_returning(&source.port, &source.client) {
            self.trace.remove(0);
            Received::Returned(self)
        } else {
            self.trace.insert(0, destination);
            Received::Voucher(self)
        }
    }

    /// `keccak256` of the UTF-8 bytes of the full path: the identifier of the voucher on EVM and
    /// Substrate hosts.
    ///
    /// ibc-go names its vouchers `ibc/` and the upper-case hex of SHA-256 of the same bytes.
    pub fn voucher_id(&self) -> B256 {
        voucher_id(&alloc::format!("{self}"))
    }
}

/// [`Denom::voucher_id`] of a path that is not parsed.
pub fn voucher_id(path: &str) -> B256 {
    keccak256(path.as_bytes())
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for hop in &self.trace {
            write!(f, "{}/{}/", hop.port, hop.client)?;
        }
        f.write_str(&self.base)
    }
}

impl FromStr for Denom {
    type Err = DenomError;

    /// Reads `port/client/…/base`. Formatting the result gives the same text again.
    fn from_str(s: &str) -> Result<Self, DenomError> {
        let (hops, base) = match s.rsplit_once('/') {
            None => return Self::native(s),
            Some(split) => split,
        };
        let parts: Vec<&str> = hops.split('/').collect();
        let mut trace = Vec::with_capacity(parts.len() / 2);
        for (i, pair) in parts.chunks(2).enumerate() {
            let [port, client] = pair else {
                return Err(DenomError::NotPairs);
            };
            let at = |index: usize| move |error| DenomError::Identifier { index, error };
            trace.push(Hop {
                port: PortId::new((*port).to_owned()).map_err(at(2 * i))?,
                client: ClientId::new((*client).to_owned()).map_err(at(2 * i + 1))?,
            });
        }
        Self::new(trace, base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn each_check_is_named() {
        assert_eq!("".parse::<Denom>(), Err(DenomError::EmptyBase));
        assert_eq!("transfer/client-0/".parse::<Denom>(), Err(DenomError::EmptyBase));
        assert_eq!("factory/token".parse::<Denom>(), Err(DenomError::NotPairs));
        assert_eq!("transfer/client-0/pool/1".parse::<Denom>(), Err(DenomError::NotPairs));
        assert!(matches!("t/client-0/x".parse::<Denom>(), Err(DenomError::Identifier { index: 0, .. })));
        assert!(matches!("transfer//x".parse::<Denom>(), Err(DenomError::Identifier { index: 1, .. })));
        assert_eq!(Denom::native("a/b"), Err(DenomError::NotPairs));
    }

    proptest! {
        #[test]
        fn accepted_is_canonical(text in "([a-z]{0,3}(/[a-z-]{0,3}){0,5})") {
            if let Ok(denom) = text.parse::<Denom>() {
                prop_assert_eq!(denom.to_string(), text);
            }
        }

        #[test]
        fn there_and_back_is_the_same(hops in proptest::collection::vec(("[a-z]{2,4}", "[a-z]{2,4}"), 0..4), base in "[a-z0-9]{1,5}") {
            let hop = |(p, c): (String, String)| Hop { port: PortId::new(p).unwrap(), client: ClientId::new(c).unwrap() };
            let denom = Denom::new(hops.into_iter().map(hop).collect(), base).unwrap();
            let there = hop(("transfer".into(), "home.away".into()));
            let here = hop(("transfer".into(), "away.home".into()));
            let Received::Voucher(voucher) = denom.clone().receive(&there, here.clone()) else {
                return Err(TestCaseError::fail("not a voucher"));
            };
            prop_assert_ne!(voucher.voucher_id(), denom.voucher_id());
            prop_assert_eq!(voucher.receive(&here, there), Received::Returned(denom));
        }
    }
}
