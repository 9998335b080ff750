//! A chain's headers as our own light client follows them, from an anchor that a person confirmed.

use crate::{
    endpoints::CallError,
    source::{HeaderSource, Shown, block_hash},
    verified::{Fork, VerifiedHeader, accept, fork_of, gather, lacks_seals},
};
use alloy::primitives::B256;
use futures::future::BoxFuture;
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_qbft::{Header, Rules, UpdateError};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Verified headers kept in memory.
const KEPT: usize = 4_096;
/// Blocks that are looked through for one with enough seals of the trusted set.
const LOOK_AHEAD: u64 = 128;
/// Headers fetched for one climb.
const MAX_STEPS: usize = 2_000;
/// Blocks walked back below the anchor by parent hash, in parts.
const MAX_BACK: u64 = 10_000;
const BACK_PART: u64 = 50;

/// Where trust in a chain starts: a block that a person vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Block number.
    pub height: u64,
    /// Block hash.
    pub hash: B256,
}

#[derive(Default)]
struct State {
    trusted: BTreeMap<u64, Arc<VerifiedHeader>>,
    fork: Option<Arc<Fork>>,
}

/// Verified headers, and the way to more.
pub struct HeaderChain {
    pub(crate) source: HeaderSource,
    rules: Rules,
    anchor: u64,
    state: Mutex<State>,
    /// One climb at a time: the second finds what the first verified.
    climbing: tokio::sync::Mutex<()>,
}

impl HeaderChain {
    /// Fetches the anchor and checks its hash. Its validators are trusted from here on.
    pub async fn connect(source: HeaderSource, anchor: Anchor, rules: Rules) -> Result<Self, AdapterError> {
        let chain = source.endpoints.chain().to_string();
        let fetched = source.header(anchor.height).await.map_err(|e| e.into_adapter(&chain))?;
        let found = block_hash(&fetched);
        if found != anchor.hash {
            let message = format!(
                "block {} has hash {found}, the anchor in the configuration says {}: another chain, or a wrong anchor",
                anchor.height, anchor.hash
            );
            return Err(AdapterError::new(chain, ErrorKind::Misconfigured, message));
        }
        if fetched.validators().is_empty() {
            let message = format!("block {} lists no validators (contract mode?): unsupported", anchor.height);
            return Err(AdapterError::new(chain, ErrorKind::Misconfigured, message));
        }
        let trusted = BTreeMap::from([(anchor.height, Arc::new(VerifiedHeader::unsorted(fetched)))]);
        Ok(Self {
            source,
            rules,
            anchor: anchor.height,
            state: Mutex::new(State { trusted, fork: None }),
            climbing: tokio::sync::Mutex::new(()),
        })
    }

    /// The newest header verified so far.
    pub fn head(&self) -> Option<Arc<VerifiedHeader>> {
        self.state().trusted.last_key_value().map(|(_, header)| header.clone())
    }

    /// Two blocks of one height that both pass, if any were ever seen.
    pub fn fork(&self) -> Option<Arc<Fork>> {
        self.state().fork.clone()
    }

    /// Asks every endpoint for its newest block and follows to the newest that verifies.
    pub async fn advance(&self) -> Result<Arc<VerifiedHeader>, AdapterError> {
        let mut shown = self.source.newest().await.map_err(|e| self.call_error(e))?;
        shown.sort_by_key(|s| std::cmp::Reverse(s.header.number()));
        let mut failure = None;
        let mut best: Option<Arc<VerifiedHeader>> = None;
        for one in shown {
            match &best {
                None => match self.follow(&one).await {
                    Ok(header) => best = Some(header),
                    Err(error) => failure = Some(error),
                },
                Some(head) => self.compare(head, &one),
            }
        }
        match best {
            Some(header) => Ok(self.head().filter(|known| known.height() > header.height()).unwrap_or(header)),
            None => Err(failure.unwrap_or_else(|| self.error(ErrorKind::Unavailable, "no endpoint showed a block"))),
        }
    }

    /// The verified header at a height.
    pub fn header(&self, height: u64) -> BoxFuture<'_, Result<Arc<VerifiedHeader>, AdapterError>> {
        Box::pin(self.find(height))
    }

    async fn find(&self, height: u64) -> Result<Arc<VerifiedHeader>, AdapterError> {
        if let Some(known) = self.known(height) {
            return Ok(known);
        }
        let _climbing = self.climbing.lock().await;
        if let Some(known) = self.known(height) {
            return Ok(known);
        }
        let below = self.state().trusted.range(..height).next_back().map(|(_, h)| h.clone());
        if let Some(start) = below {
            let path = self.climb(start, height, &self.rules, true).await?;
            if let Some(last) = path.last().filter(|last| last.height() == height) {
                return Ok(last.clone());
            }
        }
        self.back(height).await
    }

    /// The headers that lead a client with other rules, which trusts `from`, to `target` or, where
    /// only a later block has enough seals, past it. Each is one of our own verified headers.
    pub async fn path(
        &self,
        from: Arc<VerifiedHeader>,
        target: u64,
        rules: &Rules,
    ) -> Result<Vec<Arc<VerifiedHeader>>, AdapterError> {
        self.climb(from, target, rules, false).await
    }

    /// Climbs from `at` to `target`: the whole way at once if enough trusted validators sealed the
    /// target, else by halves, and where even the next block has too few, by looking ahead.
    ///
    /// `ours`: the climb is our own. Otherwise it is a client's, over headers that ours verified first.
    async fn climb(
        &self,
        mut at: Arc<VerifiedHeader>,
        target: u64,
        rules: &Rules,
        ours: bool,
    ) -> Result<Vec<Arc<VerifiedHeader>>, AdapterError> {
        let mut goals = vec![target];
        let mut path = Vec::new();
        for _ in 0..MAX_STEPS {
            let Some(goal) = goals.last().copied() else { return Ok(path) };
            if goal <= at.height() {
                goals.pop();
                continue;
            }
            match self.step(&at, goal, rules, ours).await? {
                Ok(header) => {
                    path.push(header.clone());
                    at = header;
                    goals.pop();
                }
                Err(_) if goal - at.height() > 1 => goals.push(at.height() + (goal - at.height()) / 2),
                Err(refusal) => {
                    let header = self.look_ahead(&at, rules, ours, &refusal).await?;
                    path.push(header.clone());
                    at = header;
                }
            }
        }
        Err(self.error(ErrorKind::Unproven, &format!("block {target} is too many validator changes away")))
    }

    /// One jump. `Ok(Err(_))`: too few seals, which a nearer or later block may not lack.
    async fn step(
        &self,
        at: &Arc<VerifiedHeader>,
        goal: u64,
        rules: &Rules,
        ours: bool,
    ) -> Result<Result<Arc<VerifiedHeader>, UpdateError>, AdapterError> {
        let first = if ours {
            VerifiedHeader::unsorted(self.source.header(goal).await.map_err(|e| self.call_error(e))?)
        } else {
            Arc::unwrap_or_clone(self.header(goal).await?)
        };
        let verdict = accept(&first.header, at.trusted(), rules);
        let (header, fork) = match verdict {
            Ok(header) => (header, None),
            Err(error) => {
                // Another endpoint may show more seals, or the true block.
                let hash = (!ours).then_some(first.hash);
                let gathered = gather(&self.source, goal, hash, at.trusted(), rules).await;
                match gathered.accepted {
                    Ok(header) => (header, gathered.fork),
                    Err(_) if lacks_seals(&error) => return Ok(Err(error)),
                    Err(_) => {
                        let message = format!("block {goal}: {}: {error}", error.name());
                        return Err(self.error(ErrorKind::Unproven, &message));
                    }
                }
            }
        };
        if let Some(fork) = fork_of(&header, fork) {
            self.report(fork);
        }
        let verified = Arc::new(VerifiedHeader::new(header));
        self.keep(&verified);
        Ok(Ok(verified))
    }

    /// The first later block with enough seals of the trusted set.
    async fn look_ahead(
        &self,
        at: &Arc<VerifiedHeader>,
        rules: &Rules,
        ours: bool,
        refusal: &UpdateError,
    ) -> Result<Arc<VerifiedHeader>, AdapterError> {
        for distance in 2..=LOOK_AHEAD {
            match self.step(at, at.height().saturating_add(distance), rules, ours).await {
                Ok(Ok(header)) => {
                    tracing::info!(
                        chain = self.source.endpoints.chain(),
                        from = at.height(),
                        to = header.height(),
                        "validators changed; a later block has enough seals"
                    );
                    return Ok(header);
                }
                Ok(Err(_)) => {}
                Err(error) if matches!(error.kind, ErrorKind::NotFound) => break,
                Err(error) => return Err(error),
            }
        }
        let message = format!(
            "after block {} no block is sealed by enough of its validators ({refusal}): \
             wait for such a block, or create the client anew from a newer anchor",
            at.height()
        );
        Err(self.error(ErrorKind::Unproven, &message))
    }

    /// Follows to a newest block as an endpoint shows it.
    async fn follow(&self, shown: &Shown) -> Result<Arc<VerifiedHeader>, AdapterError> {
        let height = shown.header.number().0;
        if let Some(known) = self.known(height) {
            self.compare(&known, shown);
            return Ok(known);
        }
        let Some(head) = self.head() else { return self.header(height).await };
        if height < head.height() {
            return Ok(head);
        }
        // The header is in hand: no need to ask for it again.
        match accept(&shown.header, head.trusted(), &self.rules) {
            Ok(header) => {
                let verified = Arc::new(VerifiedHeader::new(header));
                self.keep(&verified);
                Ok(verified)
            }
            Err(_) => {
                let verified = self.header(height).await?;
                self.compare(&verified, shown);
                Ok(verified)
            }
        }
    }

    /// Another endpoint's block of a height that is verified: the same, a lie, or a fork.
    fn compare(&self, verified: &VerifiedHeader, shown: &Shown) {
        let hash = shown.header.block_hash();
        if shown.header.number().0 != verified.height() || hash == verified.hash {
            return;
        }
        let below = self.state().trusted.range(..verified.height()).next_back().map(|(_, h)| h.clone());
        let passes = below.is_some_and(|b| accept(&shown.header, b.trusted(), &self.rules).is_ok());
        if passes {
            self.report(Arc::new(Fork { ours: verified.header.clone(), other: shown.header.clone() }));
        } else {
            let why = format!("block {} with hash {hash}, the chain's is {}", verified.height(), verified.hash);
            self.source.endpoints.lied(shown.endpoint, &why);
        }
    }

    /// From a verified header down by parent hashes: below the anchor, and where no seals lead.
    async fn back(&self, height: u64) -> Result<Arc<VerifiedHeader>, AdapterError> {
        let above = self.state().trusted.range(height..).next().map(|(_, h)| h.clone());
        let Some(mut child) = above else {
            return Err(self.error(ErrorKind::NotFound, &format!("block {height} is not there yet")));
        };
        let distance = child.height().saturating_sub(height);
        if distance > MAX_BACK {
            let message = format!(
                "block {height} lies {distance} blocks below any that is verified; at most {MAX_BACK} are walked"
            );
            return Err(self.error(ErrorKind::Misconfigured, &message));
        }
        while child.height() > height {
            let from = child.height().saturating_sub(BACK_PART).max(height);
            let heights: Vec<u64> = (from..child.height()).rev().collect();
            for header in self.source.headers(&heights).await.map_err(|e| self.call_error(e))? {
                let parent = VerifiedHeader::unsorted(header);
                if parent.hash != child.header.parent_hash() {
                    let message = format!("block {} is not the parent of block {}", parent.height(), child.height());
                    return Err(self.error(ErrorKind::Lied, &message));
                }
                child = Arc::new(parent);
            }
        }
        Ok(child)
    }

    fn known(&self, height: u64) -> Option<Arc<VerifiedHeader>> {
        self.state().trusted.get(&height).cloned()
    }

    fn keep(&self, header: &Arc<VerifiedHeader>) {
        let anchor = self.anchor;
        let mut state = self.state();
        state.trusted.insert(header.height(), header.clone());
        while state.trusted.len() > KEPT {
            let Some(oldest) = state.trusted.keys().copied().find(|h| *h != anchor) else { break };
            state.trusted.remove(&oldest);
        }
    }

    fn report(&self, fork: Arc<Fork>) {
        let mut state = self.state();
        if state.fork.is_none() {
            tracing::error!(
                chain = self.source.endpoints.chain(),
                height = %fork.ours.number(),
                ours = %fork.ours.block_hash(),
                other = %fork.other.block_hash(),
                "FORK: two blocks of one height have enough seals"
            );
            state.fork = Some(fork);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, kind: ErrorKind, message: &str) -> AdapterError {
        AdapterError::new(self.source.endpoints.chain(), kind, message)
    }

    fn call_error(&self, error: CallError) -> AdapterError {
        error.into_adapter(self.source.endpoints.chain())
    }
}

/// Fetches a header to be proposed as an anchor: newest or at `height`, the same on every endpoint
/// that is up, sealed by a quorum of its own validators. Whether to trust it is for a person to say.
pub async fn propose_anchor(source: &HeaderSource, height: Option<u64>) -> Result<Header, AdapterError> {
    let chain = source.endpoints.chain().to_string();
    let fail = |kind, message: String| AdapterError::new(&chain, kind, message);
    let height = match height {
        Some(height) => height,
        None => {
            let newest = source.newest().await.map_err(|e| e.into_adapter(&chain))?;
            // The lowest newest block: every endpoint that is up has it.
            newest.iter().map(|s| s.header.number().0).min().unwrap_or_default()
        }
    };
    let shown = source.everywhere(height).await;
    let Some(first) = shown.first() else {
        return Err(fail(ErrorKind::NotFound, format!("no endpoint shows block {height}")));
    };
    let hash = block_hash(&first.header);
    if let Some(other) = shown.iter().find(|s| block_hash(&s.header) != hash) {
        let message = format!(
            "endpoints disagree about block {height}: {} says {hash}, {} says {}",
            source.endpoints.name(first.endpoint),
            source.endpoints.name(other.endpoint),
            block_hash(&other.header)
        );
        return Err(fail(ErrorKind::Lied, message));
    }
    let header = &first.header;
    let sealed = lupu_qbft::join_seals(std::slice::from_ref(header), &lupu_qbft::K256);
    let sealed = sealed.map_err(|e| fail(ErrorKind::Unproven, e.to_string()))?;
    let required = lupu_qbft::quorum(header.validators().len());
    if height > 0 && (sealed.seals().len() < required || header.validators().is_empty()) {
        let message = format!(
            "block {height} has {} valid seals of its {} validators, {required} are required",
            sealed.seals().len(),
            header.validators().len()
        );
        return Err(fail(ErrorKind::Unproven, message));
    }
    Ok(sealed)
}
