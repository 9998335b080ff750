//! A chain's headers as our own GRANDPA light client follows them, from an anchor that a person
//! confirmed.
//!
//! A block is final when the authorities that the headers so far lead to have justified it, or a
//! block that descends from it by parent hashes. Blocks that hand over to another set of
//! authorities are taken one by one, none is skipped.

mod climb;
mod conflict;

use crate::{
    anchor::{Anchor, Voters},
    endpoints::CallError,
    fork::Fork,
    source::{RawHeader, Source},
};
use alloy_primitives::{B256, Bytes};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_grandpa::scheduled_change;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Verified headers kept in memory, and justified ones besides.
const KEPT: usize = 4_096;
/// Headers asked for at once.
const PART: u64 = 64;
/// Blocks walked back below the anchor by parent hash.
const MAX_BACK: u64 = 10_000;

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
                let message =
                    format!("the parent of block {} has number {}", height.saturating_add(1), header.height());
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
