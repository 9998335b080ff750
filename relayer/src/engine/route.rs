//! A route's check at start, both directions, before anything is carried.

use super::{
    client::HostedClient,
    context::{ChainContext, Shared},
    worker::Worker,
};
use crate::store::{Lane, WorkerState};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_standard::ClientId;
use std::{sync::Arc, time::Duration};

/// How long a refused route rests before it is looked at again.
const REFUSED_REST: Duration = Duration::from_secs(60);

/// A route with its chains.
pub(crate) struct RouteTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) a: (Arc<ChainContext>, ClientId),
    pub(crate) b: (Arc<ChainContext>, ClientId),
    /// From a to b.
    pub(crate) forth: Lane,
    /// From b to a.
    pub(crate) back: Lane,
}

impl RouteTask {
    /// Checks the route and, once it is found in order, serves it until the token is cancelled.
    pub(crate) async fn run(self) {
        let token = self.shared.token.clone();
        let ends = [(&self.a, &self.b), (&self.b, &self.a)];
        for ((host, client), _) in ends {
            self.shared.worker_is(&host.id, client, WorkerState::Starting, None).await;
        }
        let mut failures = 0u32;
        loop {
            let mut wait = None;
            for ((host, client), (tracked, counterparty)) in ends {
                if let Err(error) = self.check(host, client, tracked, counterparty).await {
                    let refused = matches!(
                        error.kind,
                        ErrorKind::Misconfigured | ErrorKind::Lied | ErrorKind::Unproven | ErrorKind::NotFound
                    );
                    let state = if refused { WorkerState::Refused } else { WorkerState::Waiting };
                    self.shared.worker_is(&host.id, client, state, Some(error.to_string())).await;
                    let rest = if refused { REFUSED_REST } else { self.shared.wait_after(&error, failures) };
                    wait = Some(wait.map_or(rest, |w: Duration| w.max(rest)));
                }
            }
            let Some(wait) = wait else { break };
            failures = failures.saturating_add(1);
            tokio::select! { () = token.cancelled() => return, () = tokio::time::sleep(wait) => {} }
        }
        tracing::info!(
            a = %self.a.0.id, a_client = %self.a.1, b = %self.b.0.id, b_client = %self.b.1, "route in order"
        );
        let serve =
            |host: &(Arc<ChainContext>, ClientId), tracked: &Arc<ChainContext>, inbound: &Lane, outbound: &Lane| {
                Worker::new(
                    HostedClient::new(self.shared.clone(), host.0.clone(), tracked.clone(), host.1.clone()),
                    inbound.clone(),
                    outbound.clone(),
                )
                .run()
            };
        tokio::join!(
            serve(&self.a, &self.b.0, &self.back, &self.forth),
            serve(&self.b, &self.a.0, &self.forth, &self.back)
        );
    }

    /// Ids mutual, type, identity of the tracked chain, trusted state.
    async fn check(
        &self,
        host: &Arc<ChainContext>,
        client: &ClientId,
        tracked: &Arc<ChainContext>,
        counterparty: &ClientId,
    ) -> Result<(), AdapterError> {
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
        let wanted = tracked.prover.client_type();
        if found.client_type != wanted {
            return Err(refuse(format!(
                "client {client} is of type {}, but {} is proven to clients of type {wanted}",
                found.client_type, tracked.id
            )));
        }
        let mut hosted = HostedClient::new(self.shared.clone(), host.clone(), tracked.clone(), client.clone());
        hosted.look().await.map(|_| ())
    }
}
