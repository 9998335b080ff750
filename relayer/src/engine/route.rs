//! A route's check at start, both directions, before anything is carried.

use super::{
    client::HostedClient,
    context::{ChainContext, Shared},
    worker::Worker,
};
use crate::store::{Lane, WorkerState};
use lupu_adapter::{AdapterError, ErrorKind, Prover};
use lupu_standard::ClientId;
use std::{sync::Arc, time::Duration};

/// How long a refused route rests before it is looked at again.
const REFUSED_REST: Duration = Duration::from_secs(60);

/// A client and the chain that hosts it.
pub(crate) type End = (Arc<ChainContext>, ClientId);

/// A route with its chains.
pub(crate) struct RouteTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) a: End,
    pub(crate) b: End,
    /// From a to b.
    pub(crate) forth: Lane,
    /// From b to a.
    pub(crate) back: Lane,
}

impl RouteTask {
    /// Checks the route and, once it is found in order, serves it until the token is cancelled.
    pub(crate) async fn run(self) {
        let token = self.shared.token.clone();
        for (host, client) in [&self.a, &self.b] {
            self.shared.worker_is(&host.id, client, WorkerState::Starting, None).await;
        }
        let mut failures = 0u32;
        let [on_a, on_b] = loop {
            let mut wait = None;
            let found = [self.check(&self.a, &self.b).await, self.check(&self.b, &self.a).await];
            for ((host, client), result) in [&self.a, &self.b].into_iter().zip(&found) {
                if let Err(error) = result {
                    let refused = matches!(
                        error.kind,
                        ErrorKind::Misconfigured | ErrorKind::Lied | ErrorKind::Unproven | ErrorKind::NotFound
                    );
                    let state = if refused { WorkerState::Refused } else { WorkerState::Waiting };
                    self.shared.worker_is(&host.id, client, state, Some(error.to_string())).await;
                    let rest = if refused { REFUSED_REST } else { self.shared.wait_after(error, failures) };
                    wait = Some(wait.map_or(rest, |w: Duration| w.max(rest)));
                }
            }
            let wait = match (wait, found) {
                (None, [Ok(on_a), Ok(on_b)]) => break [on_a, on_b],
                (wait, _) => wait.unwrap_or(REFUSED_REST),
            };
            failures = failures.saturating_add(1);
            tokio::select! { () = token.cancelled() => return, () = tokio::time::sleep(wait) => {} }
        };
        tracing::info!(
            a = %self.a.0.id, a_client = %self.a.1, b = %self.b.0.id, b_client = %self.b.1, "route in order"
        );
        let (forth, back) = (self.forth, self.back);
        tokio::join!(
            Worker::new(on_a, back.clone(), forth.clone()).run(),
            Worker::new(on_b, forth.clone(), back.clone()).run()
        );
    }

    /// Ids mutual, type, identity of the tracked chain, trusted state. Returns the client to serve.
    async fn check(&self, hosted: &End, other: &End) -> Result<HostedClient, AdapterError> {
        let ((host, client), (tracked, counterparty)) = (hosted, other);
        let refuse = |message: String| AdapterError::new(&host.id, ErrorKind::Misconfigured, message);
        let found = host
            .chain
            .client(client)
            .await?
            .ok_or_else(|| refuse(format!("client {client} is not bound on this chain")))?;
        if found.counterparty != *counterparty {
            return Err(refuse(format!(
                "client {client} is bound to {}, but this route pairs it with {counterparty}",
                found.counterparty
            )));
        }
        let prover: Arc<dyn Prover> = tracked.prover(&found.client_type).ok_or_else(|| {
            let wanted: Vec<_> = tracked.provers.iter().map(|p| p.client_type()).collect();
            refuse(format!(
                "client {client} is of type {}, but {} is proven to clients of type {}",
                found.client_type,
                tracked.id,
                wanted.join(" or ")
            ))
        })?;
        let mut hosted = HostedClient::new(self.shared.clone(), host.clone(), tracked.clone(), prover, client.clone());
        hosted.look().await?;
        Ok(hosted)
    }
}
