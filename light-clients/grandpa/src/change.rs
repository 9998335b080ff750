//! Changes of the authority set, as headers announce them: digest items of the engine `FRNK`.
//!
//! `01 ‖ compact(n) ‖ n × (key 32, weight u64) ‖ delay u32`, integers little-endian. Source:
//! sp-consensus-grandpa `ConsensusLog`.

use crate::authorities::{Authority, AuthoritySet, AuthoritySetError, MAX_AUTHORITIES};
use alloc::vec::Vec;
use alloy_primitives::B256;
use lupu_substrate_state::{
    DigestItem, Header,
    scale::{Reader, ScaleError},
};

/// GRANDPA's engine id in digests.
pub const ENGINE_ID: [u8; 4] = *b"FRNK";
const SCHEDULED_CHANGE: u8 = 1;
const FORCED_CHANGE: u8 = 2;

/// Why a scheduled change cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduledChangeError {
    /// Not the encoding.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// More authorities than a set may have.
    #[error("{0} authorities, more than 1024")]
    TooMany(u32),
    /// The list is not fit to finalize.
    #[error(transparent)]
    Authorities(#[from] AuthoritySetError),
    /// It is to take effect later.
    #[error("takes effect {0} blocks later, not at once")]
    Delay(u32),
    /// The header announces two.
    #[error("a second one in the same header")]
    Second,
}

/// Why a header's change of authorities cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A change that was not voted on.
    #[error("the header forces a change of authorities")]
    ForcedChange,
    /// A scheduled change that is malformed or delayed.
    #[error("scheduled change: {0}")]
    InvalidScheduledChange(#[from] ScheduledChangeError),
}

impl ChangeError {
    /// The stable name of the check, as in vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ForcedChange => "ForcedChange",
            Self::InvalidScheduledChange(_) => "InvalidScheduledChange",
        }
    }
}

/// The set that finalizes what follows `header`, if the header changes it.
pub fn scheduled_change(header: &Header) -> Result<Option<AuthoritySet>, ChangeError> {
    let mut change = None;
    for item in &header.digest {
        let DigestItem::Consensus(ENGINE_ID, data) = item else { continue };
        let mut reader = Reader::new(data);
        match reader.u8().map_err(ScheduledChangeError::from)? {
            FORCED_CHANGE => return Err(ChangeError::ForcedChange),
            SCHEDULED_CHANGE if change.is_some() => return Err(ScheduledChangeError::Second.into()),
            SCHEDULED_CHANGE => change = Some(decode(&mut reader)?),
            _ => {}
        }
    }
    Ok(change)
}

fn decode(reader: &mut Reader<'_>) -> Result<AuthoritySet, ScheduledChangeError> {
    let count = reader.compact_u32()?;
    let n = usize::try_from(count).ok().filter(|n| *n <= MAX_AUTHORITIES);
    let n = n.ok_or(ScheduledChangeError::TooMany(count))?;
    let mut list = Vec::new();
    for _ in 0..n {
        list.push(Authority { key: B256::new(reader.array()?), weight: reader.u64()? });
    }
    let delay = reader.u32()?;
    reader.finish()?;
    if delay != 0 {
        return Err(ScheduledChangeError::Delay(delay));
    }
    Ok(AuthoritySet::new(list)?)
}
