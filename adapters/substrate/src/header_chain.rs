//! A chain's headers as our own GRANDPA light client follows them, from an anchor that a person
//! confirmed.
//!
//! A block is final when the authorities that the headers so far lead to have justified it, or a
//! block that descends from it by parent hashes. Blocks that hand over to another set of
//! authorities are taken one by one, none is skipped.

use crate::{
    anchor::{Anchor, Voters},
    endpoints::{Bad, CallError},
    fork::Fork,
    source::{GRANDPA_ENGINE, RawHeader, Source},
};
use alloy_primitives::{B256, Bytes};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_grandpa::{Justification, Zebra, check_justification, scheduled_change, trim};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Verified headers kept in memory, and justified ones besides.
const KEPT: usize = 4_096;
/// Headers asked for at once.
const PART: u64 = 64;
/// A gap between two justified blocks up to which the headers between are fetched at once; wider
/// ones are filled when somebody asks for a header in them.
const LINK_AT_ONCE: u64 = 256;
/// Blocks walked back below the anchor by parent hash.
const MAX_BACK: u64 = 10_000;
/// Handovers followed in one call.
const MAX_STEPS: usize = 100_000;

/// A block with the votes that finalize it.
#[derive(Clone, Debug)]
pub struct Justified {
    /// The block.
    pub header: Arc<RawHeader>,
    /// SCALE, with no more votes than needed.
    pub justification: Bytes,
    /// Who voted.
    pub voters: Arc<Voters>,
    /// Who finalizes what follows, where the block changes it.
    pub next: Option<Arc<Voters>>,
}

impl Justified {
    /// Who finalizes what follows.
    pub fn voters_after(&self) -> &Arc<Voters> {
        self.next.as_ref().unwrap_or(&self.voters)
    }
    /// Block number.
    pub fn height(&self) -> u64 {
        self.header.height()
    }
}

struct State {
    headers: BTreeMap<u64, Arc<RawHeader>>,
    justified: BTreeMap<u64, Arc<Justified>>,
    /// Every handover since the anchor.
    handovers: BTreeMap<u64, Arc<Justified>>,
    tip: (Arc<RawHeader>, Arc<Voters>),
    /// What a subscription told last.
    hint: Option<Vec<u8>>,
    fork: Option<Arc<Fork>>,
}

/// Verified headers, and the way to more.
pub struct HeaderChain {
    pub(crate) source: Source,
    anchor: Arc<RawHeader>,
    anchor_voters: Arc<Voters>,
    state: Mutex<State>,
    /// One climb at a time: the second finds what the first verified.
    climbing: tokio::sync::Mutex<()>,
}

/// Checks a justification against a set: the trimmed one and its target's hash.
fn votes(justification: &[u8], voters: &Voters) -> Result<Justification, String> {
    let all = Justification::decode(justification).map_err(|e| e.to_string())?;
    trim(&all, voters.id, &voters.set, &Zebra).map_err(|e| format!("{}: {e}", e.name()))
}

impl HeaderChain {
    /// Fetches the anchor, which its hash proves.
    pub async fn connect(source: Source, anchor: Anchor) -> Result<Self, AdapterError> {
        let chain = source.endpoints.chain().to_string();
        let wrong = |message: String| AdapterError::new(&chain, ErrorKind::Misconfigured, message);
        let header = match source.header(anchor.hash).await {
            Ok(header) => header,
            Err(CallError::Missing(_)) => {
                let found = source.hash_at(anchor.height).await.map_err(|e| e.into_adapter(&chain))?;
                return Err(wrong(format!(
                    "block {} has hash {found}, the anchor in the configuration says {}: another chain, or a wrong anchor",
                    anchor.height, anchor.hash
                )));
            }
            Err(error) => return Err(error.into_adapter(&chain)),
        };
        if header.height() != anchor.height {
            let (found, said) = (header.height(), anchor.height);
            return Err(wrong(format!("the anchor {} is block {found}, the configuration says {said}", anchor.hash)));
        }
        let (header, voters) = (Arc::new(header), Arc::new(anchor.voters));
        let state = State {
            headers: BTreeMap::from([(anchor.height, header.clone())]),
            justified: BTreeMap::new(),
            handovers: BTreeMap::new(),
            tip: (header.clone(), voters.clone()),
            hint: None,
            fork: None,
        };
        Ok(Self {
            source,
            anchor: header,
            anchor_voters: voters,
            state: Mutex::new(state),
            climbing: tokio::sync::Mutex::new(()),
        })
    }

    /// The anchor.
    pub fn anchor(&self) -> &Arc<RawHeader> {
        &self.anchor
    }

    /// The newest final header so far.
    pub fn head(&self) -> Arc<RawHeader> {
        self.state().tip.0.clone()
    }

    /// Two blocks that were both justified and of which neither descends from the other, if such
    /// were ever seen.
    pub fn fork(&self) -> Option<Arc<Fork>> {
        self.state().fork.clone()
    }

    /// Keeps what a subscription told, for the next [`HeaderChain::advance`].
    pub(crate) fn hint(&self, justification: Vec<u8>) {
        self.state().hint = Some(justification);
    }

    /// The newest justified block at or below a height.
    pub fn justified_below(&self, height: u64) -> Option<Arc<Justified>> {
        let state = self.state();
        let a = state.justified.range(..=height).next_back().map(|(_, j)| j.clone());
        let b = state.handovers.range(..=height).next_back().map(|(_, j)| j.clone());
        match (a, b) {
            (Some(a), Some(b)) => Some(if a.height() >= b.height() { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// The lowest justified block at or above a height that is still in memory.
    pub fn justified_above(&self, height: u64) -> Option<Arc<Justified>> {
        let state = self.state();
        let a = state.justified.range(height..).next().map(|(_, j)| j.clone());
        let b = state.handovers.range(height..).next().map(|(_, j)| j.clone());
        match (a, b) {
            (Some(a), Some(b)) => Some(if a.height() <= b.height() { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// The handovers in `from..=to`, ascending. Complete from the anchor to the head.
    pub fn handovers(&self, from: u64, to: u64) -> Vec<Arc<Justified>> {
        if from > to {
            return Vec::new();
        }
        self.state().handovers.range(from..=to).map(|(_, j)| j.clone()).collect()
    }

    /// Who finalizes what follows the block at a height. `None` below the anchor.
    pub fn voters_after(&self, height: u64) -> Option<Arc<Voters>> {
        if height < self.anchor.height() {
            return None;
        }
        let state = self.state();
        let handover = state.handovers.range(..=height).next_back();
        Some(handover.map_or(&self.anchor_voters, |(_, j)| j.voters_after()).clone())
    }

    /// Asks every endpoint what it calls final and follows to the newest block that verifies.
    pub async fn advance(&self) -> Result<Arc<RawHeader>, AdapterError> {
        let _climbing = self.climbing.lock().await;
        let shown = self.source.finalized().await.map_err(|e| self.fail(e))?;
        let mut failure = None;
        let mut heads: Vec<(usize, RawHeader)> = Vec::with_capacity(shown.len());
        for (endpoint, hash) in shown {
            let tip = self.head();
            if hash == tip.hash {
                heads.push((endpoint, (*tip).clone()));
                continue;
            }
            match self.source.header(hash).await {
                Ok(header) => heads.push((endpoint, header)),
                Err(error) => failure = Some(self.fail(error)),
            }
        }
        heads.sort_by_key(|(_, h)| std::cmp::Reverse(h.height()));
        let start = self.head().height();
        let mut reached = false;
        for (endpoint, head) in heads {
            if head.height() > self.head().height() {
                match self.climb(&head).await {
                    Ok(()) => reached = true,
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                }
            } else {
                reached = true;
            }
            self.compare(endpoint, &head).await;
        }
        match failure {
            // Not as far as somebody says, but further.
            Some(error) if !reached && self.head().height() == start => Err(error),
            _ => Ok(self.head()),
        }
    }

    /// Follows to a block that a node calls final, handover by handover.
    async fn climb(&self, goal: &RawHeader) -> Result<(), AdapterError> {
        for _ in 0..MAX_STEPS {
            let (tip, voters) = self.state().tip.clone();
            if tip.height() >= goal.height() {
                return Ok(());
            }
            let hint = self.state().hint.take();
            let hinted = hint.and_then(|j| votes(&j, &voters).ok()).filter(|j| u64::from(j.target.number) > tip.height());
            let found = match hinted {
                Some(justification) => justification,
                None => self.next_justification(&tip, &voters, goal).await?,
            };
            match self.take(&tip, &voters, found).await {
                Ok(()) => {}
                // A finalized block that is ahead of what nodes can show of it.
                Err(error) if error.kind == ErrorKind::NotFound && self.head().height() > tip.height() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(self.error(ErrorKind::Unproven, format!("block {} is too many handovers away", goal.height())))
    }

    /// Votes of the current set for a block after the tip: that of the goal, or of the block that
    /// hands over.
    async fn next_justification(
        &self,
        tip: &RawHeader,
        voters: &Voters,
        goal: &RawHeader,
    ) -> Result<Justification, AdapterError> {
        let newer = |j: Justification| match u64::from(j.target.number) > tip.height() {
            true => Ok(j),
            false => Err(Bad::Missing(format!("only block {} is justified", j.target.number))),
        };
        // Of another set: no lie, there was a handover in between.
        let by_this_set = |bytes: &[u8]| votes(bytes, voters).map_err(Bad::Missing).and_then(newer);
        match self.source.justification(goal.hash, GRANDPA_ENGINE, by_this_set).await {
            Ok(found) => return Ok(found),
            Err(error @ (CallError::Unavailable(_) | CallError::RateLimited)) => return Err(self.fail(error)),
            Err(_) => {}
        }
        // The set that finalized the tip's child must have voted for the last block of its time.
        let proven = |bytes: &[u8]| votes(bytes, voters).map_err(Bad::Lied).and_then(newer);
        match self.source.finality_proof(tip.height().saturating_add(1), proven).await {
            Ok(found) => return Ok(found),
            Err(error @ (CallError::Unavailable(_) | CallError::RateLimited)) => return Err(self.fail(error)),
            Err(error) => tracing::debug!(chain = self.source.endpoints.chain(), ?error, "no proof of finality"),
        }
        self.search(tip, voters, goal).await
    }

    /// Looks through the headers after the tip for the one that hands over, or the newest that the
    /// set justified.
    async fn search(
        &self,
        tip: &RawHeader,
        voters: &Voters,
        goal: &RawHeader,
    ) -> Result<Justification, AdapterError> {
        let mut parent = tip.hash;
        let mut from = tip.height().saturating_add(1);
        let mut best: Option<Justification> = None;
        while from <= goal.height() {
            let to = from.saturating_add(PART - 1).min(goal.height());
            let heights: Vec<u64> = (from..=to).collect();
            let hashes = self.source.hashes(&heights).await.map_err(|e| self.fail(e))?;
            for header in self.source.headers(&hashes).await.map_err(|e| self.fail(e))? {
                if header.header.parent_hash != parent {
                    let message = format!("block {} does not follow block {parent}", header.height());
                    return Err(self.error(ErrorKind::Lied, message));
                }
                parent = header.hash;
                let change = scheduled_change(&header.header).map_err(|e| self.unfollowable(&header, e))?;
                let last = header.height() == goal.height();
                if change.is_none() && !last {
                    continue;
                }
                let accept = |bytes: &[u8]| votes(bytes, voters).map_err(Bad::Lied);
                match self.source.justification(header.hash, GRANDPA_ENGINE, accept).await {
                    Ok(found) if change.is_some() => return Ok(found),
                    Ok(found) => best = Some(found),
                    Err(error) if change.is_some() => return Err(self.fail(error)),
                    Err(error) if best.is_none() => return Err(self.fail(error)),
                    Err(_) => {}
                }
            }
            from = to.saturating_add(1);
        }
        best.ok_or_else(|| {
            let message = format!("no endpoint shows the votes that finalize a block after {}", tip.height());
            self.error(ErrorKind::NotFound, message)
        })
    }

    /// Makes a justified block the tip.
    async fn take(&self, tip: &RawHeader, voters: &Arc<Voters>, found: Justification) -> Result<(), AdapterError> {
        let header = Arc::new(self.source.header(found.target.hash).await.map_err(|e| self.fail(e))?);
        let checked = check_justification(&header.header, &found, voters.id, &voters.set, &Zebra);
        checked.map_err(|e| self.error(ErrorKind::Unproven, format!("{}: {e}", e.name())))?;
        let change = scheduled_change(&header.header).map_err(|e| self.unfollowable(&header, e))?;
        let next = change.map(|set| Arc::new(Voters { id: voters.id.saturating_add(1), set }));
        let justified = Arc::new(Justified {
            header: header.clone(),
            justification: found.encode().into(),
            voters: voters.clone(),
            next: next.clone(),
        });
        if header.height().saturating_sub(tip.height()) <= LINK_AT_ONCE {
            self.link(&justified, tip).await?;
        }
        let mut state = self.state();
        state.headers.insert(header.height(), header.clone());
        if let Some(next) = &next {
            tracing::info!(
                chain = self.source.endpoints.chain(),
                block = header.height(),
                set = next.id,
                authorities = next.set.authorities().len(),
                "authorities change"
            );
            state.handovers.insert(header.height(), justified.clone());
        }
        state.justified.insert(header.height(), justified);
        while state.justified.len() > KEPT {
            state.justified.pop_first();
        }
        state.tip = (header, next.unwrap_or_else(|| voters.clone()));
        self.forget(&mut state);
        Ok(())
    }

    /// Fetches the headers between the tip and a justified block, which must descend from it.
    async fn link(&self, justified: &Arc<Justified>, tip: &RawHeader) -> Result<(), AdapterError> {
        let path = self.walk_down(&justified.header, tip.height()).await?;
        let Some(bottom) = path.last() else { return Ok(()) };
        if bottom.hash != tip.hash {
            let fork = self.justified_below(tip.height()).filter(|j| j.height() == tip.height());
            if let Some(ours) = fork {
                let ancestry = path.iter().map(|h| h.raw.clone()).collect();
                self.report(Fork { ours, other: justified.clone(), ancestry });
            }
            let message = format!("block {} is justified and does not descend from {}", justified.height(), tip.hash);
            return Err(self.error(ErrorKind::Unproven, message));
        }
        self.no_handover_between(&path)?;
        let mut state = self.state();
        state.headers.extend(path.into_iter().map(|h| (h.height(), h)));
        Ok(())
    }

    /// No header that is final only by its descendants may change the authorities: it would have
    /// had to be justified itself.
    fn no_handover_between(&self, path: &[Arc<RawHeader>]) -> Result<(), AdapterError> {
        let state = self.state();
        for header in path {
            let height = header.height();
            let changes = !matches!(scheduled_change(&header.header), Ok(None));
            if changes && height > self.anchor.height() && !state.handovers.contains_key(&height) {
                drop(state);
                let message = format!("block {height} changes the authorities, and later votes are of those before it");
                return Err(self.error(ErrorKind::Unproven, message));
            }
        }
        Ok(())
    }

    /// The headers from the parent of `child` down to `height`, linked by parent hash.
    async fn walk_down(&self, child: &Arc<RawHeader>, height: u64) -> Result<Vec<Arc<RawHeader>>, AdapterError> {
        let mut path: Vec<Arc<RawHeader>> = Vec::new();
        let mut child = child.clone();
        while child.height() > height {
            let from = child.height().saturating_sub(PART).max(height);
            let heights: Vec<u64> = (from..child.height()).rev().collect();
            for header in self.part_down(&child, &heights).await? {
                child = Arc::new(header);
                path.push(child.clone());
            }
        }
        Ok(path)
    }

    /// The headers at `heights`, descending from the parent of `child`.
    async fn part_down(&self, child: &RawHeader, heights: &[u64]) -> Result<Vec<RawHeader>, AdapterError> {
        if heights.len() > 1
            && let Ok(hashes) = self.source.hashes(heights).await
            && let Ok(headers) = self.source.headers(&hashes).await
        {
            let mut parent = child.header.parent_hash;
            let linked = headers.iter().all(|h| {
                let fits = h.hash == parent;
                parent = h.header.parent_hash;
                fits
            });
            if linked {
                return Ok(headers);
            }
        }
        // A node of another opinion about these heights: one by one, by hash.
        let mut headers = Vec::with_capacity(heights.len());
        let mut parent = child.header.parent_hash;
        for height in heights {
            let header = self.source.header(parent).await.map_err(|e| self.fail(e))?;
            if header.height() != *height {
                let message = format!("the parent of block {} has number {}", height.saturating_add(1), header.height());
                return Err(self.error(ErrorKind::Lied, message));
            }
            parent = header.header.parent_hash;
            headers.push(header);
        }
        Ok(headers)
    }

    /// The verified header at a height.
    pub async fn header(&self, height: u64) -> Result<Arc<RawHeader>, AdapterError> {
        if let Some(known) = self.known(height) {
            return Ok(known);
        }
        let range = self.headers(height, height).await?;
        range.into_iter().next().ok_or_else(|| self.error(ErrorKind::NotFound, format!("no block {height}")))
    }

    /// The verified headers of `from..=to`, ascending.
    pub async fn headers(&self, from: u64, to: u64) -> Result<Vec<Arc<RawHeader>>, AdapterError> {
        let known: Vec<_> = (from..=to).map_while(|h| self.known(h)).collect();
        if known.len() as u64 == to.saturating_sub(from).saturating_add(1) {
            return Ok(known);
        }
        let Some(above) = self.above(to) else {
            return Err(self.error(ErrorKind::NotFound, format!("block {to} is not final yet")));
        };
        if from < self.anchor.height().saturating_sub(MAX_BACK) {
            let message = format!(
                "block {from} lies more than {MAX_BACK} blocks below the anchor {}: configure an older anchor",
                self.anchor.height()
            );
            return Err(self.error(ErrorKind::Misconfigured, message));
        }
        let mut path = self.walk_down(&above, from).await?;
        self.check_against_known(&above, &path)?;
        self.no_handover_between(&path)?;
        path.insert(0, above);
        path.retain(|h| (from..=to).contains(&h.height()));
        path.reverse();
        let mut state = self.state();
        for header in path.iter().rev().take(KEPT / 2) {
            state.headers.insert(header.height(), header.clone());
        }
        self.forget(&mut state);
        Ok(path)
    }

    /// Headers walked down must meet what is verified.
    fn check_against_known(&self, above: &RawHeader, path: &[Arc<RawHeader>]) -> Result<(), AdapterError> {
        for header in path {
            let known = self.known(header.height());
            if let Some(known) = known.filter(|k| k.hash != header.hash) {
                let message = format!(
                    "block {} does not descend from block {} {}, which is final too",
                    above.height(),
                    known.height(),
                    known.hash
                );
                return Err(self.error(ErrorKind::Unproven, message));
            }
        }
        Ok(())
    }

    /// Another endpoint's final block: ours, not reached yet, a lie, or a fork.
    async fn compare(&self, endpoint: usize, shown: &RawHeader) {
        let height = shown.height();
        if height > self.head().height() {
            return;
        }
        let Ok(ours) = self.header(height).await else { return };
        if ours.hash == shown.hash {
            return;
        }
        let why = format!("final block {height} with hash {}, the chain's is {}", shown.hash, ours.hash);
        let fork = match height.checked_sub(1).and_then(|h| self.voters_after(h)) {
            Some(voters) => self.conflict(shown, &voters).await,
            None => None,
        };
        match fork {
            Some(fork) => self.report(fork),
            None => self.source.endpoints.lied(endpoint, &why),
        }
    }

    /// The fork that a block makes, if it is justified like ours.
    async fn conflict(&self, shown: &RawHeader, voters: &Arc<Voters>) -> Option<Fork> {
        let accept = |bytes: &[u8]| votes(bytes, voters).map_err(Bad::Missing);
        let found = self.source.justification(shown.hash, GRANDPA_ENGINE, accept).await.ok()?;
        check_justification(&shown.header, &found, voters.id, &voters.set, &Zebra).ok()?;
        let next = scheduled_change(&shown.header).ok()?;
        let other = Arc::new(Justified {
            header: Arc::new(shown.clone()),
            justification: found.encode().into(),
            voters: voters.clone(),
            next: next.map(|set| Arc::new(Voters { id: voters.id.saturating_add(1), set })),
        });
        // Ours at or above: its ancestry leads down to the other block's height.
        let ours = self.justified_above(shown.height())?;
        let path = self.walk_down(&ours.header, shown.height()).await.ok()?;
        Some(Fork { ours: other, other: ours, ancestry: path.iter().map(|h| h.raw.clone()).collect() })
    }

    fn known(&self, height: u64) -> Option<Arc<RawHeader>> {
        let state = self.state();
        if let Some(header) = state.headers.get(&height) {
            return Some(header.clone());
        }
        let justified = state.justified.get(&height).or_else(|| state.handovers.get(&height));
        justified.map(|j| j.header.clone())
    }

    /// The lowest verified header at or above a height.
    fn above(&self, height: u64) -> Option<Arc<RawHeader>> {
        let header = self.state().headers.range(height..).next().map(|(_, h)| h.clone());
        let justified = self.justified_above(height).map(|j| j.header.clone());
        match (header, justified) {
            (Some(a), Some(b)) => Some(if a.height() <= b.height() { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// Keeps memory bounded: the anchor and the newest stay.
    fn forget(&self, state: &mut State) {
        while state.headers.len() > KEPT {
            let Some(oldest) = state.headers.keys().copied().find(|h| *h != self.anchor.height()) else { break };
            state.headers.remove(&oldest);
        }
    }

    fn report(&self, fork: Fork) {
        let mut state = self.state();
        if state.fork.is_none() {
            tracing::error!(
                chain = self.source.endpoints.chain(),
                one = %fork.ours.header.hash,
                other = %fork.other.header.hash,
                "FORK: two blocks are justified and neither descends from the other"
            );
            state.fork = Some(Arc::new(fork));
        }
    }

    fn unfollowable(&self, header: &RawHeader, error: lupu_grandpa::ChangeError) -> AdapterError {
        let message = format!(
            "block {}: {}: {error}; the chain can only be followed from a newer anchor",
            header.height(),
            error.name()
        );
        self.error(ErrorKind::Unproven, message)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> AdapterError {
        AdapterError::new(self.source.endpoints.chain(), kind, message)
    }

    pub(crate) fn fail(&self, error: CallError) -> AdapterError {
        error.into_adapter(self.source.endpoints.chain())
    }

    /// The hash of the block at a height, verified.
    pub async fn hash(&self, height: u64) -> Result<B256, AdapterError> {
        Ok(self.header(height).await?.hash)
    }
}
