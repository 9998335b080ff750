//! Justifications: the precommits that finalize a block, as nodes encode them.
//!
//! `round u64 ‖ target_hash 32 ‖ target_number u32 ‖ compact(k) ‖ k × (hash 32, number u32,
//! signature 64, key 32) ‖ compact(m) ‖ m headers`, integers little-endian. Source: sp-consensus-
//! grandpa `GrandpaJustification`.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use lupu_substrate_state::{
    Header, HeaderError, blake2_256,
    scale::{Reader, ScaleError, put_compact},
};

/// Most bytes that a justification may have.
pub const MAX_JUSTIFICATION: usize = 1 << 20;
/// Most votes, and most headers between the votes' targets and the commit's.
pub const MAX_ITEMS: usize = 1_024;
/// Most bytes that a header may have, in a justification and elsewhere.
pub const MAX_HEADER: usize = 65_535;
/// Bytes of one vote.
const VOTE_BYTES: usize = 132;

/// A block: what is voted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its hash.
    pub hash: B256,
    /// Its number.
    pub number: u32,
}

/// A signed precommit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The block voted for: the commit's target or one that descends from it.
    pub target: Target,
    /// Ed25519 signature, R ‖ s.
    pub signature: [u8; 64],
    /// The voter's key.
    pub key: B256,
}

/// A header between a vote's target and the commit's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// BLAKE2b-256 of the header.
    pub hash: B256,
    /// The parent's hash.
    pub parent_hash: B256,
    /// Block number.
    pub number: u32,
    /// The SCALE header.
    pub raw: Bytes,
}

/// Who voted in which round for what to finalize a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Justification {
    /// The round of the vote.
    pub round: u64,
    /// The finalized block.
    pub target: Target,
    /// The votes, in the order given.
    pub votes: Vec<Vote>,
    /// The headers given, in the order given.
    pub ancestry: Vec<Ancestor>,
}

/// Why bytes are not a justification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedJustification {
    /// More than 1 MiB.
    #[error("{0} bytes, more than 1 MiB")]
    TooLong(usize),
    /// Not the encoding.
    #[error("{field}: {error}")]
    Scale {
        /// Which part.
        field: &'static str,
        /// What is wrong with it.
        error: ScaleError,
    },
    /// More than 1,024 votes or headers.
    #[error("{count} {field}, more than 1024")]
    TooMany {
        /// Votes or ancestry headers.
        field: &'static str,
        /// How many.
        count: u32,
    },
    /// An ancestry header is malformed.
    #[error("ancestry header {index}: {error}")]
    Ancestor {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        error: HeaderError,
    },
}

fn at(field: &'static str) -> impl Fn(ScaleError) -> MalformedJustification + Copy {
    move |error| MalformedJustification::Scale { field, error }
}

impl Justification {
    /// Decodes exactly `raw`. Says nothing about the votes.
    pub fn decode(raw: &[u8]) -> Result<Self, MalformedJustification> {
        if raw.len() > MAX_JUSTIFICATION {
            return Err(MalformedJustification::TooLong(raw.len()));
        }
        let mut reader = Reader::new(raw);
        let round = reader.u64().map_err(at("round"))?;
        let target = target(&mut reader).map_err(at("target"))?;
        let count = count(&mut reader, "votes")?;
        let mut votes = Vec::with_capacity(count.min(reader.left() / VOTE_BYTES));
        for _ in 0..count {
            votes.push(vote(&mut reader).map_err(at("votes"))?);
        }
        let count = self::count(&mut reader, "ancestry headers")?;
        let mut ancestry = Vec::new();
        for index in 0..count {
            let header = ancestor(raw.get(reader.position()..).unwrap_or_default());
            let header = header.map_err(|error| MalformedJustification::Ancestor { index, error })?;
            reader.bytes(header.raw.len()).map_err(at("ancestry headers"))?;
            ancestry.push(header);
        }
        reader.finish().map_err(at("end"))?;
        Ok(Self { round, target, votes, ancestry })
    }

    /// The SCALE encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.round.to_le_bytes());
        put_target(&self.target, &mut out);
        put_compact(&mut out, self.votes.len() as u64);
        for vote in &self.votes {
            put_target(&vote.target, &mut out);
            out.extend(vote.signature);
            out.extend(vote.key);
        }
        put_compact(&mut out, self.ancestry.len() as u64);
        for header in &self.ancestry {
            out.extend_from_slice(&header.raw);
        }
        out
    }

    /// The keys of the votes, in the order given, whether they are good or not.
    pub fn voters(&self) -> Vec<B256> {
        self.votes.iter().map(|vote| vote.key).collect()
    }
}

fn target(reader: &mut Reader<'_>) -> Result<Target, ScaleError> {
    Ok(Target { hash: B256::new(reader.array()?), number: reader.u32()? })
}

fn put_target(target: &Target, out: &mut Vec<u8>) {
    out.extend(target.hash);
    out.extend(target.number.to_le_bytes());
}

fn vote(reader: &mut Reader<'_>) -> Result<Vote, ScaleError> {
    Ok(Vote { target: target(reader)?, signature: reader.array()?, key: B256::new(reader.array()?) })
}

/// The header at the start of `bytes`. What is beyond the longest header is not looked at.
fn ancestor(bytes: &[u8]) -> Result<Ancestor, HeaderError> {
    let bytes = bytes.get(..MAX_HEADER).unwrap_or(bytes);
    let mut reader = Reader::new(bytes);
    let Header { parent_hash, number, .. } = Header::read(&mut reader)?;
    let raw = bytes.get(..reader.position()).unwrap_or(bytes);
    Ok(Ancestor { hash: blake2_256(raw), parent_hash, number, raw: Bytes::copy_from_slice(raw) })
}

fn count(reader: &mut Reader<'_>, field: &'static str) -> Result<usize, MalformedJustification> {
    let count = reader.compact_u32().map_err(at(field))?;
    match usize::try_from(count) {
        Ok(n) if n <= MAX_ITEMS => Ok(n),
        _ => Err(MalformedJustification::TooMany { field, count }),
    }
}

/// What a precommit signs: `01 ‖ hash 32 ‖ number u32 ‖ round u64 ‖ set id u64`, integers
/// little-endian, 53 bytes.
pub fn vote_message(target: &Target, round: u64, set_id: u64) -> Vec<u8> {
    let mut message = Vec::with_capacity(53);
    message.push(1);
    put_target(target, &mut message);
    message.extend(round.to_le_bytes());
    message.extend(set_id.to_le_bytes());
    message
}
