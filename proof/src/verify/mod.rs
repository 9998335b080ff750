//! Verifying a bundle: from a trusted anchor, by the light client of its type, to its statements.
//!
//! In this order, and the first check that fails is the answer: the anchor is a trusted one and
//! fit to start from; each update is one that the light client accepts, at the time that the
//! update itself proves, and the last one is needed; each statement is about a height that is
//! proven, and fits its packet; of each, the state at its height holds what it says; every trie
//! node was needed; and, where a clock is given, the newest state is not ahead of it and still
//! within its trusting period.
//!
//! Offline there is no clock: that an update came in time is judged by the proven time of the
//! state it builds on. What this cannot know is whether keys have leaked since.

mod beefy;
mod grandpa;
mod qbft;
mod substrate;

use crate::{
    anchor::{Anchor, AnchorClient},
    bundle::{Bundle, Update},
    failure::{Failure, Place, VerifyError, figures},
    statement::StatementError,
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use alloy_primitives::{B256, Bytes, hex};
use lupu_light_client::{Claim, Status};
use lupu_standard::{Height, TimestampSecs};

/// Votes, counted against what is needed: validators, or their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub found: u64,
    /// How many are needed.
    pub required: u64,
    /// Out of how many.
    pub of: u64,
}

/// What finality rests on, by client type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finality {
    /// Seals in a header.
    Seals {
        /// The consensus round.
        round: u32,
        /// What the seals sign.
        digest: B256,
        /// Seals of the trusted set, counted.
        overlap: Count,
    },
    /// Signatures on a BEEFY commitment.
    Commitment {
        /// The block committed to.
        block: u32,
        /// The set that signed.
        set_id: u64,
        /// keccak256 of the commitment.
        hash: B256,
        /// The root of the Merkle mountain range.
        mmr_root: B256,
        /// Place of the leaf, and how many leaves there are.
        leaf: (u64, u64),
    },
    /// Precommits of GRANDPA.
    Precommits {
        /// The round of the vote.
        round: u64,
        /// The set that voted.
        set_id: u64,
    },
}

/// An update that the light client accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The height it proves.
    pub height: Height,
    /// That block's hash.
    pub block_hash: B256,
    /// Its time.
    pub timestamp: TimestampSecs,
    /// Root of the chain's state there.
    pub state_root: B256,
    /// Root of the trie that holds the packets: the router's storage, or the state itself.
    pub root: B256,
    /// Who signed, in the chain's notation.
    pub signers: Vec<String>,
    /// Who could; shared by the steps of one set.
    pub set: Arc<[String]>,
    /// Signatures, or weight, against what is needed.
    pub quorum: Count,
    /// How many of the signers are in the anchor's set.
    pub anchored: usize,
    /// What finality rests on.
    pub finality: Finality,
    /// The set that signs from here on, where it is another one; empty where only its hash is known.
    pub next_set: Option<Arc<[String]>>,
}

/// What was verified before verification ended, well or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The updates accepted, in order.
    pub steps: Vec<Step>,
    /// Per statement proven, in order: the time of its height.
    pub proven: Vec<TimestampSecs>,
}

/// What a bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Digest of the bundle.
    pub digest: B256,
    /// Digest of the anchor it begins at.
    pub anchor: B256,
    /// How it was proven.
    pub trace: Trace,
    /// The newest height and its time.
    pub latest: (Height, TimestampSecs),
    /// Until when, in UNIX seconds, the newest state could be built upon.
    pub fresh_until: TimestampSecs,
    /// On whose word, in a sentence.
    pub trust: String,
}

/// The replay of one light client, from an anchor.
pub(crate) trait Replay {
    /// Accepts an update, or names the check that it fails.
    fn update(&mut self, index: usize, update: &Update) -> Result<Step, Failure>;
    /// Whether there is a state at a height.
    fn knows(&self, height: Height) -> bool;
    /// The newest height and its time.
    fn latest(&self) -> (Height, TimestampSecs);
    /// Verifies a claim about a raw IBC path at a height. Returns the height's time.
    fn prove(&mut self, place: Place, at: Height, path: &[u8], claim: &Claim) -> Result<TimestampSecs, Failure>;
    /// The nodes that some proof needed.
    fn used(&self) -> Vec<Bytes>;
    /// How many nodes no proof needed.
    fn unused(&self) -> usize;
    /// Seconds by which a block may be ahead of a clock.
    fn max_clock_drift(&self) -> u64;
    /// What the light client's status is at a time.
    fn status(&self, now: TimestampSecs) -> Status;
}

fn replay(bundle: &Bundle) -> Result<Box<dyn Replay>, Failure> {
    let nodes = &bundle.nodes;
    Ok(match &bundle.anchor.client {
        AnchorClient::Qbft { state, storage_root, validators } => {
            Box::new(qbft::Qbft::new(state, *storage_root, validators, nodes)?)
        }
        AnchorClient::Beefy { state, state_root } => Box::new(beefy::Beefy::new(state, *state_root, nodes)?),
        AnchorClient::Grandpa { state, state_root, header_hash, set_id, authorities } => {
            let first = lupu_grandpa::ConsensusState {
                timestamp: state.latest_timestamp,
                state_root: *state_root,
                header_hash: *header_hash,
                set_id: *set_id,
                authorities_hash: authorities.hash(),
            };
            Box::new(grandpa::Grandpa::new(state, first, authorities, nodes)?)
        }
    })
}

/// Verifies a bundle against the digests of trusted anchors; `now`, if given, is the time at which
/// the newest state must still be fresh.
pub fn verify(bundle: &Bundle, trusted: &[B256], now: Option<TimestampSecs>) -> Result<Report, VerifyError> {
    let digest = bundle.anchor.digest();
    if !trusted.contains(&digest) {
        return Err(VerifyError::AnchorUnknown { digest, name: bundle.anchor.name.clone() });
    }
    let mut trace = Trace::default();
    run(bundle, now, &mut trace)?;
    Ok(report(bundle, digest, trace))
}

/// Runs every check but whether the anchor is trusted, and keeps in `trace` what was proven on the
/// way, also when a check fails.
pub fn run(bundle: &Bundle, now: Option<TimestampSecs>, trace: &mut Trace) -> Result<(), Failure> {
    let replay = run_to_nodes(bundle, trace)?;
    match replay.unused() {
        0 => {}
        n => {
            let detail = format!("{n} of {} nodes are on no proof's way", bundle.nodes.len());
            return Err(Failure::new("UnusedNodes", Place::Nodes, detail).figures(figures(0, n)));
        }
    }
    check_fresh(replay.as_ref(), now)
}

/// Every check of [`run`] up to whether all nodes were needed.
pub(crate) fn run_to_nodes(bundle: &Bundle, trace: &mut Trace) -> Result<Box<dyn Replay>, Failure> {
    let mut replay = replay(bundle)?;
    for (index, update) in bundle.updates.iter().enumerate() {
        trace.steps.push(replay.update(index, update)?);
    }
    check_last_used(bundle, &trace.steps)?;
    check_statements(bundle, replay.as_ref())?;
    prove_statements(bundle, replay.as_mut(), trace)?;
    Ok(replay)
}

/// A step after the last one that a statement needs would be dead weight.
fn check_last_used(bundle: &Bundle, steps: &[Step]) -> Result<(), Failure> {
    let Some((last, before)) = steps.split_last() else { return Ok(()) };
    let known = last.height == bundle.anchor.client.height() || before.iter().any(|s| s.height == last.height);
    if !known && bundle.statements.iter().any(|s| s.height == last.height) {
        return Ok(());
    }
    let detail = format!("no statement needs the last update, which leads to height {}", last.height);
    Err(Failure::new("UnusedUpdate", Place::Update(steps.len().saturating_sub(1)), detail))
}

/// What can be said of statements without the chain's state.
fn check_statements(bundle: &Bundle, replay: &dyn Replay) -> Result<(), Failure> {
    for (index, statement) in bundle.statements.iter().enumerate() {
        let place = Place::Statement(index);
        if !replay.knows(statement.height) {
            let detail = format!("no update proves height {}", statement.height);
            return Err(Failure::new("UnknownHeight", place, detail));
        }
        statement.check().map_err(|e| not_so(place, &e))?;
    }
    Ok(())
}

/// Proves one statement after the other.
fn prove_statements(bundle: &Bundle, replay: &mut dyn Replay, trace: &mut Trace) -> Result<(), Failure> {
    for (index, statement) in bundle.statements.iter().enumerate() {
        let (place, height) = (Place::Statement(index), statement.height);
        let mut time = TimestampSecs::default();
        for (path, claim) in statement.claims() {
            time = replay.prove(place, height, &path, &claim)?;
        }
        statement.check_time(time).map_err(|e| not_so(place, &e))?;
        trace.proven.push(time);
    }
    Ok(())
}

fn not_so(place: Place, e: &StatementError) -> Failure {
    Failure::new(e.name(), place, e.to_string()).figures(e.figures())
}

/// Compares what a state holds with what is claimed.
fn compare(place: Place, claim: &Claim, found: Option<&[u8]>) -> Result<(), Failure> {
    let hex = |bytes: &[u8]| match bytes.get(..32) {
        Some(first) if bytes.len() > 32 => format!("{} and more, {} bytes", hex::encode_prefixed(first), bytes.len()),
        _ => hex::encode_prefixed(bytes),
    };
    let (check, expected, found) = match (claim, found) {
        (Claim::Absent, None) => return Ok(()),
        (Claim::Present(claimed), Some(found)) if claimed.as_slice() == found => return Ok(()),
        (Claim::Absent, Some(found)) => ("ValuePresent", "nothing".into(), hex(found)),
        (Claim::Present(claimed), None) => ("ValueAbsent", claimed.to_string(), "nothing".into()),
        (Claim::Present(claimed), Some(found)) => ("ValueMismatch", claimed.to_string(), hex(found)),
    };
    let detail = format!("{found} is stored under the path, {expected} was to be there");
    Err(Failure::new(check, place, detail).figures(figures(expected, found)))
}

fn check_fresh(replay: &dyn Replay, now: Option<TimestampSecs>) -> Result<(), Failure> {
    let Some(now) = now else { return Ok(()) };
    let (height, time) = replay.latest();
    let drift = replay.max_clock_drift();
    if u128::from(time.0) > u128::from(now.0).saturating_add(u128::from(drift)) {
        let detail = format!("block {height} of time {time} is more than {drift} s ahead of {now}");
        let most = now.0.saturating_add(drift);
        let figures = figures(format!("a time up to {most}"), time);
        return Err(Failure::new("HeaderFromFuture", Place::Clock, detail).figures(figures));
    }
    match replay.status(now) {
        Status::Active => Ok(()),
        Status::Expired => {
            let detail = format!("block {height} of time {time} is no longer within the trusting period at {now}");
            Err(Failure::new("ClientExpired", Place::Clock, detail))
        }
        Status::Frozen => Err(Failure::new("ClientFrozen", Place::Clock, "the light client is frozen")),
    }
}

fn report(bundle: &Bundle, anchor: B256, trace: Trace) -> Report {
    let client = &bundle.anchor.client;
    let newest = trace.steps.iter().max_by_key(|s| s.height);
    let latest = newest.map_or((client.height(), client.timestamp()), |s| (s.height, s.timestamp));
    let fresh_until = TimestampSecs(latest.1.0.saturating_add(client.trusting_period()).saturating_sub(1));
    let mut trust = trust(&bundle.anchor, &trace.steps);
    let told = trace.steps.last().map_or(client.height(), |s| s.height);
    match bundle.statements.iter().filter(|s| s.height != told).count() {
        0 => {}
        1 => trust.push_str(" 1 statement is about another block on the way there."),
        n => trust.push_str(&format!(" {n} statements are about other blocks on the way there.")),
    }
    Report { digest: bundle.digest(), anchor, trace, latest, fresh_until, trust }
}

/// On whose word, in a sentence that follows from what was verified.
pub fn trust(anchor: &Anchor, steps: &[Step]) -> String {
    let (name, from) = (&anchor.name, anchor.client.height());
    let (one, many) = match anchor.client {
        AnchorClient::Qbft { .. } => ("validator", "validators"),
        _ => ("authority", "authorities"),
    };
    let done = match anchor.client {
        AnchorClient::Qbft { .. } => "sealed",
        AnchorClient::Beefy { .. } => "signed",
        AnchorClient::Grandpa { .. } => "voted for",
    };
    let noun = |n: u64| if n == 1 { one } else { many };
    let Some(last) = steps.last() else {
        return format!("The anchor itself, block {from} of {name}, holds this; no signature was checked.");
    };
    let block = last.height;
    // A GRANDPA header that changes the set is still voted for by the one before.
    let voted = match last.finality {
        Finality::Precommits { .. } => steps.split_last().map_or(steps, |(_, before)| before),
        _ => steps,
    };
    let changes = voted.iter().filter(|s| s.next_set.is_some()).count();
    let (found, of) = match last.finality {
        Finality::Seals { overlap, .. } if steps.len() == 1 => (overlap.found, overlap.of),
        _ => (last.signers.len() as u64, last.set.len() as u64),
    };
    let weighed = last.quorum.of != last.set.len() as u64 && !matches!(last.finality, Finality::Seals { .. });
    let weight = match weighed {
        true => format!(", of weight {} in {},", last.quorum.found, last.quorum.of),
        false => String::new(),
    };
    let set = noun(of);
    let by_anchor = changes == 0 || steps.len() == 1 && matches!(last.finality, Finality::Seals { .. });
    if by_anchor {
        return format!(
            "{found} of the {of} {set} of {name} as of block {from}{weight} {done} block {block}, which holds this."
        );
    }
    let way = if changes == 1 { "1 change".into() } else { format!("{changes} changes") };
    format!(
        "{found} of the {of} {set} of {name}{weight} {done} block {block}, which holds this; they follow from those of \
         block {from} by {way} of the set."
    )
}
