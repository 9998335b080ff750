//! Which header of a block our own light client accepts, and with which seals.

use crate::source::{HeaderSource, Shown, block_hash};
use alloy::primitives::B256;
use lupu_qbft::{Header, K256, Rules, Trusted, UpdateError, check_header, join_seals};
use lupu_standard::{Height, TimestampSecs};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// A header that our light client accepted.
#[derive(Clone, Debug)]
pub struct VerifiedHeader {
    /// The header, with every seal that was seen, sorted by signer.
    pub header: Header,
    /// Its block hash.
    pub hash: B256,
}

impl VerifiedHeader {
    pub(crate) fn new(header: Header) -> Self {
        Self { hash: block_hash(&header), header }
    }
    /// A header as a node shows it: Besu keeps no order of seals.
    pub(crate) fn unsorted(header: Header) -> Self {
        Self::new(join_seals(std::slice::from_ref(&header), &K256).unwrap_or(header))
    }
    /// Block number.
    pub fn height(&self) -> u64 {
        self.header.number().0
    }
    /// As the start of trust for a later header.
    pub fn trusted(&self) -> Trusted<'_> {
        Trusted {
            height: self.header.number(),
            timestamp: self.header.timestamp(),
            validators: self.header.validators(),
        }
    }
}

/// Two blocks of one height that our light client would both accept.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The block that we follow.
    pub ours: Header,
    /// The other.
    pub other: Header,
}

/// The wall clock, UNIX seconds.
pub(crate) fn now() -> TimestampSecs {
    TimestampSecs(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}

/// Whether more seals, or another block on the way, could change the verdict.
pub(crate) fn lacks_seals(error: &UpdateError) -> bool {
    matches!(error, UpdateError::TooFewSeals { .. } | UpdateError::TooLittleOverlap { .. })
}

/// The header with its valid seals sorted, if our light client accepts it from `trusted`.
pub(crate) fn accept(header: &Header, trusted: Trusted<'_>, rules: &Rules) -> Result<Header, UpdateError> {
    let sorted = join_seals(std::slice::from_ref(header), &K256).unwrap_or_else(|_| header.clone());
    check_header(&sorted, trusted, rules, now(), &K256)?;
    Ok(sorted)
}

/// What asking every endpoint about one height led to.
pub(crate) struct Gathered {
    /// The accepted header with the seals of all endpoints.
    pub(crate) accepted: Result<Header, UpdateError>,
    /// Another accepted block of the same height.
    pub(crate) fork: Option<Header>,
}

/// Joins what every endpoint shows of a height and picks the block that `trusted` leads to. With
/// `hash`, only that block counts. Endpoints that show a block nobody accepts, while another is
/// accepted, have lied.
pub(crate) async fn gather(
    source: &HeaderSource,
    height: u64,
    hash: Option<B256>,
    trusted: Trusted<'_>,
    rules: &Rules,
) -> Gathered {
    let shown = source.everywhere(height).await;
    judge(source, shown, hash, trusted, rules)
}

fn judge(
    source: &HeaderSource,
    shown: Vec<Shown>,
    hash: Option<B256>,
    trusted: Trusted<'_>,
    rules: &Rules,
) -> Gathered {
    // Seals are of one digest: block and round. Rounds of one block are judged apart.
    let mut groups: Vec<(B256, Vec<Shown>)> = Vec::new();
    for one in shown {
        let digest = one.header.commit_digest();
        match groups.iter_mut().find(|(d, _)| *d == digest) {
            Some((_, group)) => group.push(one),
            None => groups.push((digest, vec![one])),
        }
    }
    let mut accepted: Option<Header> = None;
    let mut fork = None;
    let mut refused = Vec::new();
    let mut failure = UpdateError::TooFewSeals { found: 0, required: 1, validators: 0 };
    for (_, group) in groups {
        let headers: Vec<Header> = group.iter().map(|s| s.header.clone()).collect();
        let Ok(joined) = join_seals(&headers, &K256) else { continue };
        let wanted = hash.is_none_or(|h| h == joined.block_hash());
        match check_header(&joined, trusted, rules, now(), &K256) {
            Ok(_) if wanted && accepted.is_none() => accepted = Some(joined),
            Ok(_) => fork = Some(joined),
            Err(error) => {
                refused.push((joined.block_hash(), group));
                if wanted && (!lacks_seals(&failure) || lacks_seals(&error)) {
                    failure = error;
                }
            }
        }
    }
    let Some(header) = accepted else { return Gathered { accepted: Err(failure), fork } };
    let ours = header.block_hash();
    fork = fork.filter(|other| other.block_hash() != ours);
    for (hash, group) in refused.into_iter().filter(|(hash, _)| *hash != ours) {
        for one in group {
            let number: Height = one.header.number();
            source.endpoints.lied(one.endpoint, &format!("block {number} with hash {hash}, the chain's is {ours}"));
        }
    }
    Gathered { accepted: Ok(header), fork }
}

/// A fork as something to keep and to show.
pub(crate) fn fork_of(ours: &Header, other: Option<Header>) -> Option<Arc<Fork>> {
    let other = other?;
    (other.block_hash() != ours.block_hash()).then(|| Arc::new(Fork { ours: ours.clone(), other }))
}
