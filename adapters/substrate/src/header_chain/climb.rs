//! The way up: from the newest final block to a later one, handover by handover.

use super::{HeaderChain, Justified, KEPT, PART};
use crate::{
    anchor::Voters,
    endpoints::{Bad, CallError},
    fork::Fork,
    json::bytes,
    rpc,
    source::{GRANDPA_ENGINE, RawHeader},
};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_grandpa::{ChangeError, Justification, Zebra, check_justification, scheduled_change, trim};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A gap between two justified blocks up to which the headers between are fetched at once; wider
/// ones are filled when somebody asks for a header in them.
const LINK_AT_ONCE: u64 = 256;
/// How long to listen for votes that no node keeps: a few rounds of GRANDPA.
const ROUNDS: Duration = Duration::from_secs(10);
/// Handovers followed in one call.
const MAX_STEPS: usize = 100_000;

/// Checks a justification against a set: the trimmed one and its target's hash.
pub(super) fn votes(justification: &[u8], voters: &Voters) -> Result<Justification, String> {
    let all = Justification::decode(justification).map_err(|e| e.to_string())?;
    trim(&all, voters.id, &voters.set, &Zebra).map_err(|e| format!("{}: {e}", e.name()))
}

impl HeaderChain {
    /// Follows to a block that a node calls final, handover by handover.
    pub(super) async fn climb(&self, goal: &RawHeader) -> Result<(), AdapterError> {
        let start = self.head().height();
        for _ in 0..MAX_STEPS {
            let (tip, voters) = self.state().tip.clone();
            if tip.height() >= goal.height() {
                return Ok(());
            }
            let hint = self.state().hint.take();
            let hinted =
                hint.and_then(|j| votes(&j, &voters).ok()).filter(|j| u64::from(j.target.number) > tip.height());
            let found = match hinted {
                Some(justification) => justification,
                None => match self.next_justification(&tip, &voters, goal).await {
                    Ok(found) => found,
                    Err(error) if error.kind == ErrorKind::NotFound && tip.height() == start => {
                        self.overhear(&tip, &voters).await.ok_or(error)?
                    }
                    Err(error) => return Err(error),
                },
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
            Err(error @ (CallError::Unavailable(_) | CallError::RateLimited(_))) => return Err(self.fail(error)),
            Err(_) => {}
        }
        // The set that finalized the tip's child must have voted for the last block of its time.
        let proven = |bytes: &[u8]| votes(bytes, voters).map_err(Bad::Lied).and_then(newer);
        match self.source.finality_proof(tip.height().saturating_add(1), proven).await {
            Ok(found) => return Ok(found),
            Err(error @ (CallError::Unavailable(_) | CallError::RateLimited(_))) => return Err(self.fail(error)),
            Err(error) => tracing::debug!(chain = self.source.endpoints.chain(), ?error, "no proof of finality"),
        }
        self.search(tip, voters, goal).await
    }

    /// The next votes that are cast. Of most blocks nodes keep no votes, and until the authorities
    /// have changed for the first time they do not prove finality either: what they tell subscribers
    /// is all there is.
    async fn overhear(&self, tip: &RawHeader, voters: &Voters) -> Option<Justification> {
        let (subscribe, unsubscribe) = ("grandpa_subscribeJustifications", "grandpa_unsubscribeJustifications");
        let heard = async {
            let mut told = rpc::subscribe(&self.source.endpoints, subscribe, unsubscribe).await.ok()?;
            while let Some(Ok(value)) = told.next().await {
                let found = bytes(&value, "justification").ok().and_then(|bytes| votes(&bytes, voters).ok());
                if let Some(found) = found.filter(|j| u64::from(j.target.number) > tip.height()) {
                    return Some(found);
                }
            }
            None
        };
        timeout(ROUNDS, heard).await.ok().flatten()
    }

    /// Looks through the headers after the tip for the one that hands over, or the newest that the
    /// set justified.
    async fn search(&self, tip: &RawHeader, voters: &Voters, goal: &RawHeader) -> Result<Justification, AdapterError> {
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

    fn unfollowable(&self, header: &RawHeader, error: ChangeError) -> AdapterError {
        let message = format!(
            "block {}: {}: {error}; the chain can only be followed from a newer anchor",
            header.height(),
            error.name()
        );
        self.error(ErrorKind::Unproven, message)
    }
}
