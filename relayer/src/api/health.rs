//! Whether the relayer does its work, and if not, why.

use crate::{
    engine::{Shared, lock},
    store::{WorkerRow, WorkerState},
};
use serde::Serialize;

/// The answer of `/healthz`.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// Everything below is in order. The status code is 200 if so, 503 if not.
    pub ok: bool,
    /// The store.
    pub store: StoreHealth,
    /// Every chain.
    pub chains: Vec<ChainHealth>,
    /// Every client's worker.
    pub workers: Vec<WorkerRow>,
}

/// Whether the store can be written. Nothing is submitted while it cannot.
#[derive(Clone, Debug, Serialize)]
pub struct StoreHealth {
    /// Whether it can.
    pub ok: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// How a chain is followed.
#[derive(Clone, Debug, Serialize)]
pub struct ChainHealth {
    /// Its name.
    pub chain: String,
    /// Whether it is followed.
    pub ok: bool,
    /// Newest finalized block.
    pub head: Option<u64>,
    /// Up to where its events are in the store.
    pub scanned: Option<u64>,
    /// Blocks between the two.
    pub lag: Option<u64>,
    /// Seconds since the newest block was seen.
    pub head_age_seconds: Option<u64>,
    /// What went wrong last.
    pub reason: Option<String>,
}

pub(super) fn look(shared: &Shared) -> Health {
    let outage = shared.store.outage();
    let store = StoreHealth { ok: outage.is_none(), reason: outage };
    let chains: Vec<ChainHealth> = shared
        .chains
        .values()
        .map(|ctx| {
            let seen = *ctx.head.borrow();
            let scanned = ctx.scanned.borrow().map(|h| h.0);
            let head = seen.map(|s| s.head.height.0);
            let age = seen.map(|s| s.at.elapsed());
            let silent = age.is_none_or(|age| age > shared.config.silent_after);
            let trouble = lock(&ctx.trouble).clone();
            let reason = trouble.or_else(|| silent.then(|| "no new block".to_owned()));
            ChainHealth {
                chain: ctx.id.to_string(),
                ok: reason.is_none(),
                head,
                scanned,
                lag: head.zip(scanned).map(|(head, scanned)| head.saturating_sub(scanned)),
                head_age_seconds: age.map(|a| a.as_secs()),
                reason,
            }
        })
        .collect();
    let workers = shared.workers();
    let ok = store.ok && chains.iter().all(|c| c.ok) && workers.iter().all(|w| w.state == WorkerState::Running);
    Health { ok, store, chains, workers }
}
