//! What scanners, workers and transaction watchers share.

use super::{EngineConfig, EngineEvent, ProvenChain};
use crate::{
    store::{PacketChange, Store, WorkerRow, WorkerState, now_ms},
    submit::Accounts,
};
use alloy_primitives::B256;
use lupu_adapter::{AdapterError, Chain, Head, Prover};
use lupu_standard::{ChainId, ClientId, Height, TimestampSecs};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::{
    sync::{Notify, broadcast, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A head, and when this process saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenHead {
    pub(crate) head: Head,
    pub(crate) at: Instant,
}

/// One chain, as the engine's tasks see it.
pub(crate) struct ChainContext {
    pub(crate) id: ChainId,
    pub(crate) chain: Arc<dyn Chain>,
    /// One for each client type that the chain can be proven to.
    pub(crate) provers: Vec<Arc<dyn Prover>>,
    pub(crate) accounts: Arc<Accounts>,
    /// Newest finalized block.
    pub(crate) head: watch::Sender<Option<SeenHead>>,
    /// Up to where its events are in the store.
    pub(crate) scanned: watch::Sender<Option<Height>>,
    /// From where it should be read once more.
    rescan: Mutex<Option<Height>>,
    pub(crate) rescan_asked: Notify,
    /// What the scanner last failed at.
    pub(crate) trouble: Mutex<Option<String>>,
}

impl ChainContext {
    pub(crate) fn new(ProvenChain { chain, provers }: ProvenChain) -> Self {
        Self {
            id: chain.id().clone(),
            accounts: Arc::new(Accounts::new(chain.accounts())),
            chain,
            provers,
            head: watch::channel(None).0,
            scanned: watch::channel(None).0,
            rescan: Mutex::new(None),
            rescan_asked: Notify::new(),
            trouble: Mutex::new(None),
        }
    }

    /// The prover that serves clients of a type.
    pub(crate) fn prover(&self, client_type: &str) -> Option<Arc<dyn Prover>> {
        self.provers.iter().find(|p| p.client_type() == client_type).cloned()
    }

    /// Asks the scanner to read once more from a height.
    pub(crate) fn rescan(&self, from: Height) {
        let mut wanted = lock(&self.rescan);
        *wanted = Some(wanted.map_or(from, |w| w.min(from)));
        self.rescan_asked.notify_one();
    }

    pub(crate) fn take_rescan(&self) -> Option<Height> {
        lock(&self.rescan).take()
    }

    /// The chain's clock now: the newest block's time, and what passed since it was seen.
    pub(crate) fn now(&self) -> Option<TimestampSecs> {
        let seen = (*self.head.borrow())?;
        Some(TimestampSecs(seen.head.timestamp.0.saturating_add(seen.at.elapsed().as_secs())))
    }
}

/// The transactions of one worker that are on their way, with the heights they update the client to.
#[derive(Default)]
pub(crate) struct Flight {
    open: Mutex<HashMap<B256, Option<Height>>>,
    pub(crate) landed: Notify,
}

impl Flight {
    pub(crate) fn add(&self, root: B256, update: Option<Height>) {
        lock(&self.open).insert(root, update);
    }
    pub(crate) fn remove(&self, root: B256) {
        lock(&self.open).remove(&root);
        self.landed.notify_one();
    }
    /// The newest height that a transaction on its way updates the client to.
    pub(crate) fn update(&self) -> Option<Height> {
        lock(&self.open).values().flatten().max().copied()
    }
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.open).is_empty()
    }
}

/// Everything that the engine's tasks share.
pub(crate) struct Shared {
    pub(crate) config: EngineConfig,
    pub(crate) store: Store,
    pub(crate) chains: BTreeMap<ChainId, Arc<ChainContext>>,
    pub(crate) events: broadcast::Sender<EngineEvent>,
    pub(crate) token: CancellationToken,
    flights: Mutex<HashMap<(ChainId, ClientId), Arc<Flight>>>,
    workers: Mutex<BTreeMap<(ChainId, ClientId), WorkerRow>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(crate) fn new(
        config: EngineConfig,
        store: Store,
        chains: BTreeMap<ChainId, Arc<ChainContext>>,
        events: broadcast::Sender<EngineEvent>,
        token: CancellationToken,
    ) -> Self {
        Self {
            config,
            store,
            chains,
            events,
            token,
            flights: Mutex::default(),
            workers: Mutex::default(),
            tasks: Mutex::new(JoinSet::new()),
        }
    }

    pub(crate) fn emit(&self, event: EngineEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    /// Logs and tells about packets that moved.
    pub(crate) fn changed(&self, changes: Vec<PacketChange>) {
        for change in changes {
            let (source, client, destination) =
                (&change.lane.source_chain, &change.lane.source_client, &change.lane.destination_chain);
            match &change.reason {
                Some(reason) => tracing::warn!(
                    %source, %client, %destination, sequence = change.sequence, state = %change.state, reason, "packet put off"
                ),
                None => tracing::info!(
                    %source, %client, %destination, sequence = change.sequence, state = %change.state, "packet"
                ),
            }
            self.emit(EngineEvent::PacketChanged(change));
        }
    }

    /// Logs a warning and tells about it.
    pub(crate) fn warn(&self, chain: Option<&ChainId>, client: Option<&ClientId>, message: String) {
        let (at, of) = (chain.map_or("", ChainId::as_str), client.map_or("", ClientId::as_str));
        tracing::warn!(chain = at, client = of, "{message}");
        self.emit(EngineEvent::Warning { chain: chain.cloned(), client: client.cloned(), message });
    }

    pub(crate) fn flight(&self, chain: &ChainId, client: &ClientId) -> Arc<Flight> {
        lock(&self.flights).entry((chain.clone(), client.clone())).or_default().clone()
    }

    /// Runs a task that shutting down waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    pub(crate) fn take_tasks(&self) -> JoinSet<()> {
        std::mem::take(&mut lock(&self.tasks))
    }

    /// How the workers are doing.
    pub(crate) fn workers(&self) -> Vec<WorkerRow> {
        lock(&self.workers).values().cloned().collect()
    }

    /// Remembers how a worker is doing, writes it down and logs it when it changed.
    pub(crate) async fn worker_is(
        &self,
        chain: &ChainId,
        client: &ClientId,
        state: WorkerState,
        reason: Option<String>,
    ) {
        let changed = {
            let mut workers = lock(&self.workers);
            let key = (chain.clone(), client.clone());
            let old = workers.get(&key);
            let same = old.is_some_and(|w| w.state == state && w.reason == reason);
            let since = old.filter(|w| w.state == state).map_or_else(now_ms, |w| w.since);
            let old_state = old.map(|w| w.state);
            workers.insert(
                key,
                WorkerRow {
                    chain: chain.to_string(),
                    client: client.to_string(),
                    state,
                    reason: reason.clone(),
                    since,
                },
            );
            (!same).then_some(old_state)
        };
        let Some(old) = changed else { return };
        match (state, &reason) {
            (WorkerState::Running | WorkerState::Starting, _) if old != Some(state) => {
                tracing::info!(%chain, %client, state = state.name(), "worker");
            }
            (WorkerState::Running | WorkerState::Starting, _) => {}
            (_, reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                self.warn(Some(chain), Some(client), format!("{}: {reason}", state.name()));
            }
        }
        if let Err(error) = self.store.worker_is(chain, client, state, reason.as_deref()).await {
            tracing::warn!(%chain, %client, %error, "the worker's state was not kept");
        }
    }

    /// The wait that a failed call asks for.
    pub(crate) fn wait_after(&self, error: &AdapterError, failures: u32) -> std::time::Duration {
        let wait = self.config.retry.delay(failures);
        error.retry_after.map_or(wait, |asked| asked.max(wait))
    }
}
