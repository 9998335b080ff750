//! The checks of a client update, in the order of `docs/wire-formats.md`, section 8. The first
//! that fails is the error.

use crate::{
    authorities::{AuthoritySet, AuthoritySetError},
    change::{ChangeError, scheduled_change},
    finality::{Finality, JustificationError, check_justification},
    justification::{Justification, MAX_HEADER},
    signature::VerifyEd25519,
    state::{ClientState, ConsensusState, MalformedMessage, Misbehaviour, UpdateMessage, is_empty_root},
};
use alloc::string::ToString;
use alloy_primitives::{B256, Bytes};
use lupu_light_client::Rejection;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{AnchorError, Header, HeaderError, blake2_256, check_anchor};

/// Most headers between the two blocks of a piece of evidence.
pub const MAX_EVIDENCE_ANCESTRY: usize = 1_024;

/// The check that an update failed, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum UpdateError {
    /// Check 1.
    #[error(transparent)]
    MalformedMessage(#[from] MalformedMessage),
    /// Check 2.
    #[error("the client is frozen")]
    ClientFrozen,
    /// Check 3, first half.
    #[error("no consensus state is stored at height {0}")]
    UnknownTrustedHeight(Height),
    /// Check 3, second half.
    #[error("the trusted state given hashes to {found}, stored at height {height} is {stored}")]
    TrustedStateMismatch { height: Height, stored: B256, found: B256 },
    /// Check 4.
    #[error("trusted state of time {trusted} was trusted for {period} s, it is {now} now")]
    TrustedStateExpired { trusted: TimestampSecs, period: u64, now: TimestampSecs },
    /// Check 5: the encoding.
    #[error(transparent)]
    MalformedHeader(#[from] HeaderError),
    /// Check 5: the size.
    #[error("header of {0} bytes, more than 65535")]
    HeaderTooLong(usize),
    /// Check 6.
    #[error("header has number {header}, trusted height is {trusted}")]
    HeightNotNewer { header: Height, trusted: Height },
    /// Check 7.
    #[error("state root {0} is that of no state")]
    ZeroStateRoot(B256),
    /// Check 8, first half.
    #[error("authorities: {0}")]
    InvalidAuthoritySet(#[from] AuthoritySetError),
    /// Check 8, second half.
    #[error("the authorities hash to {found}, trusted are {trusted}")]
    AuthoritySetMismatch { found: B256, trusted: B256 },
    /// Checks 9 to 13.
    #[error(transparent)]
    Justification(#[from] JustificationError),
    /// Check 14.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Check 15.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Check 16, first half.
    #[error("header of time {header} is more than {drift} s ahead of {now}")]
    HeaderFromFuture { header: TimestampSecs, drift: u64, now: TimestampSecs },
    /// Check 16, second half.
    #[error("header of time {header} is older than the trusted state of time {trusted}")]
    TimeWentBack { header: TimestampSecs, trusted: TimestampSecs },
    /// Evidence only: one block, or the higher one descends from the lower, or the wrong order.
    #[error("not misbehaviour: {0}")]
    NotMisbehaviour(&'static str),
    /// Evidence only: the headers between the blocks are malformed or do not link them.
    #[error("evidence: {0}")]
    BrokenAncestry(EvidenceError),
}

/// Why the headers of a piece of evidence do not link its blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// More or fewer headers than blocks lie between, or more than 1,024.
    #[error("{found} headers between blocks {distance} apart")]
    Count {
        /// Headers given.
        found: usize,
        /// Difference of the blocks' numbers.
        distance: u64,
    },
    /// A header that is none.
    #[error("header {index}: {error}")]
    Header {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        error: HeaderError,
    },
    /// A header longer than 65,535 bytes.
    #[error("header {0} is longer than 65535 bytes")]
    TooLong(usize),
    /// A header that is not the parent of the one before.
    #[error("header {0} is not the parent of the one before")]
    NotParent(usize),
}

impl UpdateError {
    /// The stable name of the check, as in vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedMessage(_) => "MalformedMessage",
            Self::ClientFrozen => "ClientFrozen",
            Self::UnknownTrustedHeight(_) => "UnknownTrustedHeight",
            Self::TrustedStateMismatch { .. } => "TrustedStateMismatch",
            Self::TrustedStateExpired { .. } => "TrustedStateExpired",
            Self::MalformedHeader(_) | Self::HeaderTooLong(_) => "MalformedHeader",
            Self::HeightNotNewer { .. } => "HeightNotNewer",
            Self::ZeroStateRoot(_) => "ZeroStateRoot",
            Self::InvalidAuthoritySet(_) => "InvalidAuthoritySet",
            Self::AuthoritySetMismatch { .. } => "AuthoritySetMismatch",
            Self::Justification(e) => e.name(),
            Self::Change(e) => e.name(),
            Self::Anchor(e) => e.name(),
            Self::HeaderFromFuture { .. } => "HeaderFromFuture",
            Self::TimeWentBack { .. } => "TimeWentBack",
            Self::NotMisbehaviour(_) => "NotMisbehaviour",
            Self::BrokenAncestry(_) => "InvalidAncestry",
        }
    }
}

impl From<UpdateError> for Rejection {
    fn from(e: UpdateError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// What an accepted update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The header's number.
    pub height: Height,
    /// What the client stores, by hash, at this height.
    pub consensus: ConsensusState,
    /// Who finalized it, and how.
    pub finality: Finality,
    /// The set that finalizes what follows, where the header changes it.
    pub next: Option<AuthoritySet>,
    /// The header.
    pub header: Header,
}

/// Check 5.
fn decode_header(raw: &[u8]) -> Result<Header, UpdateError> {
    if raw.len() > MAX_HEADER {
        return Err(UpdateError::HeaderTooLong(raw.len()));
    }
    Ok(Header::decode(raw)?)
}

/// What makes a header final and of this chain, whatever the clock says: checks 5 to 15, the sixth
/// of them against `above`, if there is a height that it must be above.
pub(crate) fn check_final(
    client: &ClientState,
    message: &UpdateMessage,
    above: Option<Height>,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Verified, UpdateError> {
    let header = decode_header(&message.header)?;
    let height = Height(u64::from(header.number));
    if let Some(trusted) = above.filter(|trusted| height <= *trusted) {
        return Err(UpdateError::HeightNotNewer { header: height, trusted });
    }
    if is_empty_root(&header.state_root) {
        return Err(UpdateError::ZeroStateRoot(header.state_root));
    }
    let trusted = &message.trusted;
    let authorities = AuthoritySet::decode(&message.authorities)?;
    let found = authorities.hash();
    if found != trusted.authorities_hash {
        return Err(UpdateError::AuthoritySetMismatch { found, trusted: trusted.authorities_hash });
    }
    let justification = Justification::decode(&message.justification).map_err(JustificationError::from)?;
    let finality = check_justification(&header, &justification, trusted.set_id, &authorities, verifier)?;
    let next = scheduled_change(&header)?;
    let timestamp = anchor(client, &header, &message.anchor_proof)?;
    let (set_id, authorities_hash) = match &next {
        Some(set) => (trusted.set_id.wrapping_add(1), set.hash()),
        None => (trusted.set_id, trusted.authorities_hash),
    };
    let consensus = ConsensusState {
        timestamp,
        state_root: header.state_root,
        header_hash: finality.target.hash,
        set_id,
        authorities_hash,
    };
    Ok(Verified { height, consensus, finality, next, header })
}

/// Check 15. Returns the block's time.
fn anchor(client: &ClientState, header: &Header, proof: &[u8]) -> Result<TimestampSecs, AnchorError> {
    Ok(check_anchor(&header.state_root, &client.pallet_prefix.0, &client.genesis.0, proof)?.timestamp)
}

/// Runs all checks of an update. `stored` gives the hash of the consensus state at a height, zero
/// being none; `message` is `abi.encode(UpdateMessage)`. Changes nothing: what follows from the
/// answer is the client's to do.
pub fn check_update(
    client: &ClientState,
    stored: impl Fn(Height) -> Option<B256>,
    message: &[u8],
    now: TimestampSecs,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Verified, UpdateError> {
    check_message(client, stored, &UpdateMessage::decode(message)?, now, verifier)
}

/// Checks 2 to 16: those of [`check_update`] but for the encoding. For who laid the message out
/// itself, from parts that came in another form.
pub fn check_message(
    client: &ClientState,
    stored: impl Fn(Height) -> Option<B256>,
    message: &UpdateMessage,
    now: TimestampSecs,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Verified, UpdateError> {
    if client.frozen {
        return Err(UpdateError::ClientFrozen);
    }
    check_trusted(client, &stored, message, now)?;
    let verified = check_final(client, message, Some(message.trusted_height), verifier)?;
    check_time(client, message, verified.consensus.timestamp, now)?;
    Ok(verified)
}

/// Checks 3 and 4.
fn check_trusted(
    client: &ClientState,
    stored: &impl Fn(Height) -> Option<B256>,
    message: &UpdateMessage,
    now: TimestampSecs,
) -> Result<(), UpdateError> {
    let height = message.trusted_height;
    let hash = stored(height).filter(|hash| !hash.is_zero());
    let stored = hash.ok_or(UpdateError::UnknownTrustedHeight(height))?;
    let found = message.trusted.hash();
    if found != stored {
        return Err(UpdateError::TrustedStateMismatch { height, stored, found });
    }
    let (trusted, period) = (message.trusted.timestamp, client.rules.trusting_period);
    let expiry = u128::from(trusted.0).saturating_add(u128::from(period));
    if u128::from(now.0) >= expiry {
        return Err(UpdateError::TrustedStateExpired { trusted, period, now });
    }
    Ok(())
}

/// Check 16.
fn check_time(
    client: &ClientState,
    message: &UpdateMessage,
    header: TimestampSecs,
    now: TimestampSecs,
) -> Result<(), UpdateError> {
    let drift = client.rules.max_clock_drift;
    let latest = u128::from(now.0).saturating_add(u128::from(drift));
    if u128::from(header.0) > latest {
        return Err(UpdateError::HeaderFromFuture { header, drift, now });
    }
    let trusted = message.trusted.timestamp;
    if header < trusted {
        return Err(UpdateError::TimeWentBack { header, trusted });
    }
    Ok(())
}

/// Checks evidence, `abi.encode(Misbehaviour)`: two updates that the client would each accept, of
/// which neither block descends from the other. Returns both.
pub fn check_misbehaviour(
    client: &ClientState,
    stored: impl Fn(Height) -> Option<B256>,
    evidence: &[u8],
    now: TimestampSecs,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<(Verified, Verified), UpdateError> {
    let evidence = Misbehaviour::decode(evidence)?;
    let a = check_message(client, &stored, &evidence.a, now, verifier)?;
    let b = check_message(client, &stored, &evidence.b, now, verifier)?;
    let Some(distance) = b.height.0.checked_sub(a.height.0) else {
        return Err(UpdateError::NotMisbehaviour("the first block is the higher one"));
    };
    let at_height = follow(&b, &evidence.ancestry, distance).map_err(UpdateError::BrokenAncestry)?;
    match at_height == a.consensus.header_hash {
        true if distance == 0 => Err(UpdateError::NotMisbehaviour("both are the same block")),
        true => Err(UpdateError::NotMisbehaviour("the second block descends from the first")),
        false => Ok((a, b)),
    }
}

/// The hash of the block `distance` before `from`, by the headers between: each the parent of the
/// one before, by hash and number.
fn follow(from: &Verified, ancestry: &[Bytes], distance: u64) -> Result<B256, EvidenceError> {
    let found = ancestry.len();
    if found > MAX_EVIDENCE_ANCESTRY || u64::try_from(found) != Ok(distance) {
        return Err(EvidenceError::Count { found, distance });
    }
    let (mut hash, mut parent, mut number) = (from.consensus.header_hash, from.header.parent_hash, from.header.number);
    for (index, raw) in ancestry.iter().enumerate() {
        if raw.len() > MAX_HEADER {
            return Err(EvidenceError::TooLong(index));
        }
        let header = Header::decode(raw).map_err(|error| EvidenceError::Header { index, error })?;
        hash = blake2_256(raw);
        if hash != parent || number.checked_sub(1) != Some(header.number) {
            return Err(EvidenceError::NotParent(index));
        }
        (parent, number) = (header.parent_hash, header.number);
    }
    Ok(hash)
}
