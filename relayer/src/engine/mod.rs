//! The engine: a scanner per chain, a worker per client, and what they share. It knows chains only by
//! the adapter's traits.

mod backoff;
mod build;
mod client;
mod config;
mod context;
mod event;
mod guard;
mod plan;
mod route;
mod scanner;
#[cfg(test)]
mod tests;
mod worker;

pub use backoff::Backoff;
pub use config::{EngineConfig, Route};
pub(crate) use context::{ChainContext, Flight, Shared, lock};
pub use event::EngineEvent;

use crate::{
    api::{self, MetricsSource},
    store::{Lane, Store, StoreError},
    submit,
};
use futures::future::BoxFuture;
use lupu_adapter::{Chain, Prover};
use lupu_standard::{ChainId, ClientId};
use route::RouteTask;
use scanner::{Scanner, follow_heads};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::broadcast, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How many events a slow listener may fall behind.
const EVENTS_KEPT: usize = 4_096;
/// How long shutting down waits for calls that are under way.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// Why the engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Two chains have one name.
    #[error("chain {0} is given twice")]
    ChainTwice(ChainId),
    /// A route names a chain that was not given.
    #[error("a route names chain {0}, which is not configured")]
    UnknownChain(ChainId),
    /// A client is part of two routes.
    #[error("client {1} on {0} is part of two routes")]
    ClientTwice(ChainId, ClientId),
    /// Both ends of a route are one chain.
    #[error("a route connects {0} with itself")]
    Loop(ChainId),
    /// Nothing can be signed on a chain.
    #[error("chain {0} has no signing account")]
    NoAccounts(ChainId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address for `/healthz` and `/metrics`.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// A part of the engine ended by itself, which none does.
    #[error("the engine's {0} stopped unexpectedly")]
    Stopped(String),
}

/// A chain, and every way in which it can be proven.
#[derive(Clone)]
pub struct ProvenChain {
    /// What happens there, and how to act on it.
    pub chain: Arc<dyn Chain>,
    /// One for each client type.
    pub provers: Vec<Arc<dyn Prover>>,
}

/// The relayer's engine.
pub struct Engine {
    shared: Arc<Shared>,
    routes: Vec<Route>,
    sources: Vec<Arc<dyn MetricsSource>>,
}

impl Engine {
    /// An engine for these chains and routes; nothing runs yet.
    ///
    /// # Errors
    /// When routes and chains do not fit together.
    pub fn new(
        config: EngineConfig,
        store: Store,
        chains: Vec<ProvenChain>,
        routes: Vec<Route>,
    ) -> Result<Self, EngineError> {
        let mut contexts = BTreeMap::new();
        for chain in chains {
            let id = chain.chain.id().clone();
            let context = ChainContext::new(chain);
            if context.accounts.is_empty() {
                return Err(EngineError::NoAccounts(id));
            }
            if contexts.insert(id.clone(), Arc::new(context)).is_some() {
                return Err(EngineError::ChainTwice(id));
            }
        }
        let mut clients = BTreeSet::new();
        for route in &routes {
            if route.a.0 == route.b.0 {
                return Err(EngineError::Loop(route.a.0.clone()));
            }
            for end in [&route.a, &route.b] {
                if !contexts.contains_key(&end.0) {
                    return Err(EngineError::UnknownChain(end.0.clone()));
                }
                if !clients.insert(end.clone()) {
                    return Err(EngineError::ClientTwice(end.0.clone(), end.1.clone()));
                }
            }
        }
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let shared = Arc::new(Shared::new(config, store, contexts, events, CancellationToken::new()));
        Ok(Self { shared, routes, sources: Vec::new() })
    }

    /// Adds numbers of others, an adapter's RPC calls for example, to `/metrics`.
    pub fn with_metrics(mut self, source: Arc<dyn MetricsSource>) -> Self {
        self.sources.push(source);
        self
    }

    /// What happens, from now on. A listener that falls far behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<EngineEvent> {
        self.shared.events.subscribe()
    }

    /// Runs until the token is cancelled: then writes under way are finished, and transactions on
    /// their way stay in the journal for the next start.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the store cannot be read at start.
    pub fn run(self, token: CancellationToken) -> BoxFuture<'static, Result<(), EngineError>> {
        // Boxed: what runs is compiled here, not once more in every program that runs it.
        Box::pin(self.work(token))
    }

    async fn work(self, token: CancellationToken) -> Result<(), EngineError> {
        let shared = self.shared.clone();
        let routes = self.lanes().await?;
        let mut tasks: JoinSet<&'static str> = JoinSet::new();
        if let Some(address) = shared.config.listen {
            let listener = TcpListener::bind(address).await.map_err(|e| EngineError::Listen(address, e))?;
            let (shared, sources) = (shared.clone(), self.sources.clone());
            tasks.spawn(async move {
                api::serve(listener, shared, sources).await;
                "API"
            });
        }
        for context in shared.chains.values() {
            submit::adopt(&shared, context).await?;
            let lanes: Vec<Lane> = routes
                .iter()
                .flat_map(|r| [&r.forth, &r.back])
                .filter(|l| l.source_chain == context.id || l.destination_chain == context.id)
                .cloned()
                .collect();
            let heads = follow_heads(shared.clone(), context.clone());
            tasks.spawn(async move {
                heads.await;
                "heads"
            });
            let scanner = Scanner::new(shared.clone(), context.clone(), lanes);
            tasks.spawn(async move {
                scanner.run().await;
                "scanner"
            });
        }
        for route in routes {
            tasks.spawn(async move {
                route.run().await;
                "route"
            });
        }
        let ended = tokio::select! {
            () = token.cancelled() => Ok(()),
            Some(ended) = tasks.join_next() => {
                Err(EngineError::Stopped(ended.map_or_else(|e| e.to_string(), str::to_owned)))
            }
            else => Ok(()),
        };
        shared.token.cancel();
        let all = async {
            while tasks.join_next().await.is_some() {}
            // A worker may have sent its last transaction only now.
            let mut watchers = shared.take_tasks();
            while watchers.join_next().await.is_some() {}
        };
        if tokio::time::timeout(SHUTDOWN, all).await.is_err() {
            tracing::warn!("calls under way were given up at shutdown; the journal has what they were about");
        }
        tracing::info!("stopped");
        ended
    }

    async fn lanes(&self) -> Result<Vec<RouteTask>, EngineError> {
        let mut tasks = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let (a, b) = (&route.a, &route.b);
            let context =
                |id: &ChainId| self.shared.chains.get(id).cloned().ok_or_else(|| EngineError::UnknownChain(id.clone()));
            tasks.push(RouteTask {
                shared: self.shared.clone(),
                a: (context(&a.0)?, a.1.clone()),
                b: (context(&b.0)?, b.1.clone()),
                forth: self.shared.store.lane((&a.0, &a.1), (&b.0, &b.1)).await?,
                back: self.shared.store.lane((&b.0, &b.1), (&a.0, &a.1)).await?,
            });
        }
        Ok(tasks)
    }
}
