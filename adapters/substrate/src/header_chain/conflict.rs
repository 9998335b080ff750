//! What other endpoints call final, beside what is followed.

use super::{HeaderChain, Justified, climb::votes};
use crate::{
    anchor::Voters,
    endpoints::Bad,
    fork::Fork,
    source::{GRANDPA_ENGINE, RawHeader},
};
use lupu_grandpa::{Zebra, check_justification, scheduled_change};
use std::sync::Arc;

impl HeaderChain {
    /// Another endpoint's final block: ours, not reached yet, a lie, or a fork.
    pub(super) async fn compare(&self, endpoint: usize, shown: &RawHeader) {
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

    pub(super) fn report(&self, fork: Fork) {
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
}
