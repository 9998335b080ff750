//! Sets of authorities: who may vote, and with which weight.

use alloc::{collections::BTreeSet, vec::Vec};
use alloy_primitives::{B256, keccak256};

/// Most authorities that a set may have.
pub const MAX_AUTHORITIES: usize = 1_024;
/// Bytes of one authority: ed25519 key ‖ weight u64 little-endian.
pub const AUTHORITY_BYTES: usize = 40;

/// One authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its ed25519 key.
    pub key: B256,
    /// The weight of its vote, not 0.
    pub weight: u64,
}

/// Why a list of authorities is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritySetError {
    /// Not whole entries.
    #[error("{0} bytes are not whole authorities of 40")]
    Length(usize),
    /// None, or more than 1,024.
    #[error("{0} authorities, not 1 to 1024")]
    Count(usize),
    /// One key twice.
    #[error("authority {0} is listed before")]
    Duplicate(usize),
    /// A weight of zero.
    #[error("authority {0} has no weight")]
    NoWeight(usize),
    /// The sum of the weights does not fit 64 bits.
    #[error("the weights are 2^64 or more together")]
    TotalWeight,
}

/// A set that is fit to finalize: 1 to 1,024 distinct keys, no weight of zero, all weights together
/// below 2⁶⁴. In the chain's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoritySet {
    list: Vec<Authority>,
    /// Positions in `list`, ascending by key.
    by_key: Vec<usize>,
    total: u64,
}

impl AuthoritySet {
    /// A set of these, in this order.
    pub fn new(list: Vec<Authority>) -> Result<Self, AuthoritySetError> {
        if list.is_empty() || list.len() > MAX_AUTHORITIES {
            return Err(AuthoritySetError::Count(list.len()));
        }
        let mut keys = BTreeSet::new();
        let mut total = 0u64;
        for (index, authority) in list.iter().enumerate() {
            if !keys.insert(authority.key) {
                return Err(AuthoritySetError::Duplicate(index));
            }
            if authority.weight == 0 {
                return Err(AuthoritySetError::NoWeight(index));
            }
            total = total.checked_add(authority.weight).ok_or(AuthoritySetError::TotalWeight)?;
        }
        let mut by_key: Vec<usize> = (0..list.len()).collect();
        by_key.sort_by_key(|index| list.get(*index).map(|a| a.key));
        Ok(Self { list, by_key, total })
    }

    /// Reads keys and weights, joined.
    pub fn decode(bytes: &[u8]) -> Result<Self, AuthoritySetError> {
        let (whole, rest) = bytes.as_chunks::<AUTHORITY_BYTES>();
        if !rest.is_empty() {
            return Err(AuthoritySetError::Length(bytes.len()));
        }
        if whole.len() > MAX_AUTHORITIES {
            return Err(AuthoritySetError::Count(whole.len()));
        }
        let authority = |entry: &[u8; AUTHORITY_BYTES]| {
            let (key, weight) = entry.split_first_chunk::<32>()?;
            Some(Authority { key: B256::new(*key), weight: u64::from_le_bytes(*weight.first_chunk()?) })
        };
        Self::new(whole.iter().filter_map(authority).collect())
    }

    /// Keys and weights, joined, in their order.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.list.len().saturating_mul(AUTHORITY_BYTES));
        for authority in &self.list {
            out.extend_from_slice(authority.key.as_slice());
            out.extend_from_slice(&authority.weight.to_le_bytes());
        }
        out
    }

    /// keccak256 of [`AuthoritySet::encode`]: what a consensus state keeps.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The authorities in the chain's order.
    pub fn authorities(&self) -> &[Authority] {
        &self.list
    }

    /// The position and the weight of a key, if it is in the set.
    pub fn find(&self, key: &B256) -> Option<(usize, u64)> {
        let found = self.by_key.binary_search_by_key(&Some(key), |index| self.list.get(*index).map(|a| &a.key));
        let index = *self.by_key.get(found.ok()?)?;
        Some((index, self.list.get(index)?.weight))
    }

    /// All weights together.
    pub fn total_weight(&self) -> u64 {
        self.total
    }

    /// The weight that finalizes: total − ⌊(total − 1)/3⌋, more than two thirds.
    pub fn threshold(&self) -> u64 {
        self.total.saturating_sub(self.total.saturating_sub(1) / 3)
    }
}
