//! The checks of a client update, in the order of `docs/wire-formats.md`, section 2. The first
//! that fails is the error.

use crate::{
    header::{Header, HeaderError, split_addresses},
    quorum::{overlap_required, quorum},
    seal::{Recover, SealError, signer},
    state::{ClientState, ConsensusState, MalformedMessage, Misbehaviour, Rules, UpdateMessage},
};
use alloc::{string::ToString, vec::Vec};
use alloy_primitives::{Address, B256, keccak256};
use lupu_ethereum_state::{Account, EMPTY_ROOT, ProofError, ValueError, account_key, packed};
use lupu_light_client::Rejection;
use lupu_standard::{Height, TimestampSecs};

/// Why an account proof is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountProofError {
    /// The packed proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// It holds, but what it shows is no account.
    #[error("account is malformed: {0}")]
    Account(#[from] ValueError),
}

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
    #[error(transparent)]
    MalformedHeader(#[from] HeaderError),
    /// Check 5.
    #[error("header has number {header}, trusted height is {trusted}")]
    HeightNotNewer { header: Height, trusted: Height },
    /// Check 6.
    #[error("state root {0} is that of no state")]
    ZeroStateRoot(B256),
    /// Check 7.
    #[error("trusted state of time {trusted} was trusted for {period} s, it is {now} now")]
    TrustedStateExpired { trusted: TimestampSecs, period: u64, now: TimestampSecs },
    /// Check 8.
    #[error("header of time {header} is more than {drift} s ahead of {now}")]
    HeaderFromFuture { header: TimestampSecs, drift: u64, now: TimestampSecs },
    /// Check 9.
    #[error("header of time {header} is older than the trusted state of time {trusted}")]
    TimeWentBack { header: TimestampSecs, trusted: TimestampSecs },
    /// Check 10.
    #[error("validator list of {0} addresses is empty, longer than 255, not ascending or has zero")]
    InvalidValidatorSet(usize),
    /// Check 11.
    #[error("the trusted validators are not those of the trusted state ({0})")]
    TrustedValidatorsMismatch(&'static str),
    /// Check 12: a seal.
    #[error("seal {index}: {error}")]
    InvalidSeal { index: usize, error: SealError },
    /// Check 12: their number.
    #[error("{seals} seals of {validators} validators")]
    TooManySeals { seals: usize, validators: usize },
    /// Check 13.
    #[error("seal {0} is not in ascending order of the signers")]
    SealsNotSorted(usize),
    /// Check 14.
    #[error("signer {0} is not in the header's validator list")]
    ForeignSeal(Address),
    /// Check 15.
    #[error("{found} of {validators} validators sealed, {required} are required")]
    TooFewSeals { found: usize, required: usize, validators: usize },
    /// Check 16.
    #[error("{found} of {trusted} trusted validators sealed, {required} are required")]
    TooLittleOverlap { found: usize, required: usize, trusted: usize },
    /// Check 17, first half.
    #[error("account proof: {0}")]
    InvalidProof(AccountProofError),
    /// Check 17, second half.
    #[error("there is no account at the router's address {0}")]
    RouterAbsent(Address),
    /// Check 18.
    #[error("the router's code hash is {found}, pinned is {pinned}")]
    RouterCodeMismatch { found: B256, pinned: B256 },
    /// Check 19.
    #[error("the router's storage root is zero")]
    ZeroStorageRoot,
    /// Evidence only: equal hashes, or different numbers.
    #[error("not misbehaviour: {0}")]
    NotMisbehaviour(&'static str),
}

impl UpdateError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedMessage(_) => "MalformedMessage",
            Self::ClientFrozen => "ClientFrozen",
            Self::UnknownTrustedHeight(_) => "UnknownTrustedHeight",
            Self::TrustedStateMismatch { .. } => "TrustedStateMismatch",
            Self::MalformedHeader(_) => "MalformedHeader",
            Self::HeightNotNewer { .. } => "HeightNotNewer",
            Self::ZeroStateRoot(_) => "ZeroStateRoot",
            Self::TrustedStateExpired { .. } => "TrustedStateExpired",
            Self::HeaderFromFuture { .. } => "HeaderFromFuture",
            Self::TimeWentBack { .. } => "TimeWentBack",
            Self::InvalidValidatorSet(_) => "InvalidValidatorSet",
            Self::TrustedValidatorsMismatch(_) => "TrustedValidatorsMismatch",
            Self::InvalidSeal { .. } | Self::TooManySeals { .. } => "InvalidSeal",
            Self::SealsNotSorted(_) => "SealsNotSorted",
            Self::ForeignSeal(_) => "ForeignSeal",
            Self::TooFewSeals { .. } => "TooFewSeals",
            Self::TooLittleOverlap { .. } => "TooLittleOverlap",
            Self::InvalidProof(_) => "InvalidProof",
            Self::RouterAbsent(_) => "RouterAbsent",
            Self::RouterCodeMismatch { .. } => "RouterCodeMismatch",
            Self::ZeroStorageRoot => "ZeroStorageRoot",
            Self::NotMisbehaviour(_) => "NotMisbehaviour",
        }
    }
}

impl From<UpdateError> for Rejection {
    fn from(e: UpdateError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// A state that later headers are measured against, with its validators spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trusted<'a> {
    /// Its height.
    pub height: Height,
    /// Its block time.
    pub timestamp: TimestampSecs,
    /// Its validators.
    pub validators: &'a [Address],
}

/// What an accepted update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The header's number.
    pub height: Height,
    /// The block's hash.
    pub block_hash: B256,
    /// What the client stores, by hash, at this height.
    pub consensus: ConsensusState,
    /// The router's account.
    pub account: Account,
    /// Who sealed, ascending.
    pub signers: Vec<Address>,
    /// The header.
    pub header: Header,
}

/// Strictly ascending, and so distinct, and none zero.
fn is_set(addresses: &[Address]) -> bool {
    addresses.is_sorted_by(|a, b| a < b) && addresses.first().is_none_or(|a| !a.is_zero())
}

/// Checks 5 to 9: number, state root, time.
fn check_position(
    header: &Header,
    height: Height,
    timestamp: TimestampSecs,
    rules: &Rules,
    now: TimestampSecs,
) -> Result<(), UpdateError> {
    if header.number() <= height {
        return Err(UpdateError::HeightNotNewer { header: header.number(), trusted: height });
    }
    check_state_root(header)?;
    let expiry = u128::from(timestamp.0).saturating_add(u128::from(rules.trusting_period));
    if u128::from(now.0) >= expiry {
        let period = rules.trusting_period;
        return Err(UpdateError::TrustedStateExpired { trusted: timestamp, period, now });
    }
    let latest = u128::from(now.0).saturating_add(u128::from(rules.max_clock_drift));
    if u128::from(header.timestamp().0) > latest {
        let drift = rules.max_clock_drift;
        return Err(UpdateError::HeaderFromFuture { header: header.timestamp(), drift, now });
    }
    if header.timestamp() < timestamp {
        let header = header.timestamp();
        return Err(UpdateError::TimeWentBack { header, trusted: timestamp });
    }
    Ok(())
}

/// Check 6.
pub(crate) fn check_state_root(header: &Header) -> Result<(), UpdateError> {
    match header.state_root() {
        root if root.is_zero() || root == EMPTY_ROOT => Err(UpdateError::ZeroStateRoot(root)),
        _ => Ok(()),
    }
}

/// Check 10.
pub(crate) fn check_validators(header: &Header) -> Result<(), UpdateError> {
    let list = header.validators();
    if list.is_empty() || list.len() > 255 || !is_set(list) {
        return Err(UpdateError::InvalidValidatorSet(list.len()));
    }
    Ok(())
}

/// Checks 12 to 15: the seals, measured against the header's own list. Returns the signers.
pub(crate) fn check_seals(header: &Header, recover: &(impl Recover + ?Sized)) -> Result<Vec<Address>, UpdateError> {
    let list = header.validators();
    let (seals, validators) = (header.seals().len(), list.len());
    if seals > validators {
        return Err(UpdateError::TooManySeals { seals, validators });
    }
    let digest = header.commit_digest();
    let mut signers = Vec::with_capacity(seals);
    for (index, seal) in header.seals().iter().enumerate() {
        let signer = signer(&digest, seal, recover);
        signers.push(signer.map_err(|error| UpdateError::InvalidSeal { index, error })?);
    }
    let unsorted = signers.iter().zip(signers.iter().skip(1)).position(|(a, b)| a >= b);
    if let Some(index) = unsorted {
        return Err(UpdateError::SealsNotSorted(index.saturating_add(1)));
    }
    if let Some(foreign) = signers.iter().find(|s| list.binary_search(s).is_err()) {
        return Err(UpdateError::ForeignSeal(*foreign));
    }
    let required = quorum(validators);
    if signers.len() < required {
        return Err(UpdateError::TooFewSeals { found: signers.len(), required, validators });
    }
    Ok(signers)
}

/// Check 16: the signers, measured against the trusted set.
fn check_overlap(signers: &[Address], trusted: &[Address], rules: &Rules) -> Result<(), UpdateError> {
    let found = trusted.iter().filter(|v| signers.binary_search(v).is_ok()).count();
    let required = overlap_required(trusted.len(), rules.trust_numerator, rules.trust_denominator);
    if found < required {
        return Err(UpdateError::TooLittleOverlap { found, required, trusted: trusted.len() });
    }
    Ok(())
}

/// Checks 17 to 19: the router's account in the header's state.
pub(crate) fn check_account(
    header: &Header,
    router: &Address,
    code_hash: &B256,
    proof: &[u8],
) -> Result<Account, UpdateError> {
    let key = [account_key(router)];
    let values = packed::verify(&header.state_root(), &key, proof).map_err(|e| UpdateError::InvalidProof(e.into()))?;
    let Some(Some(raw)) = values.first() else {
        return Err(UpdateError::RouterAbsent(*router));
    };
    let account = Account::decode(raw).map_err(|e| UpdateError::InvalidProof(e.into()))?;
    if account.code_hash != *code_hash {
        let (found, pinned) = (account.code_hash, *code_hash);
        return Err(UpdateError::RouterCodeMismatch { found, pinned });
    }
    if account.storage_root.is_zero() {
        return Err(UpdateError::ZeroStorageRoot);
    }
    Ok(account)
}

/// Checks a header alone, without an account proof: checks 5 to 10 and 12 to 16. With this a
/// relayer follows a chain: a block is final when its header passes. Returns the signers.
pub fn check_header(
    header: &Header,
    trusted: Trusted<'_>,
    rules: &Rules,
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<Vec<Address>, UpdateError> {
    check_position(header, trusted.height, trusted.timestamp, rules, now)?;
    check_validators(header)?;
    if !is_set(trusted.validators) {
        return Err(UpdateError::TrustedValidatorsMismatch("not strictly ascending, or one is zero"));
    }
    let signers = check_seals(header, recover)?;
    check_overlap(&signers, trusted.validators, rules)?;
    Ok(signers)
}

/// Check 11: the trusted set, taken from the message or, if it is the same, from the header.
fn trusted_validators(header: &Header, message: &UpdateMessage) -> Result<Vec<Address>, UpdateError> {
    use UpdateError::TrustedValidatorsMismatch as Mismatch;
    let given = &message.trusted_validators;
    if header.validators_hash() == message.trusted.validators_hash {
        return match given.is_empty() {
            true => Ok(header.validators().to_vec()),
            false => Err(Mismatch("given although the header lists the same set")),
        };
    }
    if given.is_empty() {
        return Err(Mismatch("missing although the header lists another set"));
    }
    let list = split_addresses(given).ok_or(Mismatch("not whole addresses"))?;
    if !is_set(&list) {
        return Err(Mismatch("not strictly ascending, or one is zero"));
    }
    if keccak256(given) != message.trusted.validators_hash {
        return Err(Mismatch("another hash"));
    }
    Ok(list)
}

/// Runs all checks of an update. `stored` gives the hash of the consensus state at a height, zero
/// being none;
/// `message` is `abi.encode(UpdateMessage)`. Changes nothing: what follows from the answer is the
/// client's to do.
pub fn check_update(
    client: &ClientState,
    stored: impl Fn(Height) -> Option<B256>,
    message: &[u8],
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<Verified, UpdateError> {
    check_message(client, &stored, &UpdateMessage::decode(message)?, now, recover)
}

/// Checks 2 to 19.
fn check_message(
    client: &ClientState,
    stored: &impl Fn(Height) -> Option<B256>,
    message: &UpdateMessage,
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<Verified, UpdateError> {
    if client.frozen {
        return Err(UpdateError::ClientFrozen);
    }
    let height = message.trusted_height;
    let hash = stored(height).filter(|hash| !hash.is_zero());
    let hash = hash.ok_or(UpdateError::UnknownTrustedHeight(height))?;
    let found = message.trusted.hash();
    if found != hash {
        return Err(UpdateError::TrustedStateMismatch { height, stored: hash, found });
    }
    let header = Header::decode(client.kind, &message.header)?;
    check_position(&header, height, message.trusted.timestamp, &client.rules, now)?;
    check_validators(&header)?;
    let trusted = trusted_validators(&header, message)?;
    let signers = check_seals(&header, recover)?;
    check_overlap(&signers, &trusted, &client.rules)?;
    let (router, code_hash) = (&client.router, &client.router_code_hash);
    let account = check_account(&header, router, code_hash, &message.account_proof)?;
    Ok(Verified {
        height: header.number(),
        block_hash: header.block_hash(),
        consensus: ConsensusState {
            timestamp: header.timestamp(),
            storage_root: account.storage_root,
            validators_hash: header.validators_hash(),
        },
        account,
        signers,
        header,
    })
}

/// Checks evidence, `abi.encode(Misbehaviour)`: two updates that the client would each accept,
/// with equal numbers and different block hashes. Returns both.
pub fn check_misbehaviour(
    client: &ClientState,
    stored: impl Fn(Height) -> Option<B256>,
    evidence: &[u8],
    now: TimestampSecs,
    recover: &(impl Recover + ?Sized),
) -> Result<(Verified, Verified), UpdateError> {
    let evidence = Misbehaviour::decode(evidence)?;
    let a = check_message(client, &stored, &evidence.a, now, recover)?;
    let b = check_message(client, &stored, &evidence.b, now, recover)?;
    if a.height != b.height {
        return Err(UpdateError::NotMisbehaviour("the headers have different numbers"));
    }
    if a.block_hash == b.block_hash {
        return Err(UpdateError::NotMisbehaviour("both are the same block"));
    }
    Ok((a, b))
}
