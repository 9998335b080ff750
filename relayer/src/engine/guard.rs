//! Looks after a client: refreshes it before it expires, warns early, and submits what freezes it
//! when the chain it tracks has forked.

use super::{
    build::{Builder, Ready},
    client::ClientView,
    worker::{Round, WorkError, Worker},
};
use crate::store::{NewProof, TransactionKind, WorkerState, status_name};
use lupu_adapter::{AdapterError, Message};
use lupu_light_client::Status;
use lupu_standard::Height;
use std::time::{Duration, Instant};

/// Shares of the trusting period, in percent, at which a person is warned.
const WARN_AT: [u64; 2] = [66, 50];
/// How often a false trusted state is contradicted: if that does not freeze the client, the node lied.
const CONTRADICTIONS: u32 = 3;
/// When evidence is sent once more to a client that is not frozen yet.
const ACCUSE_AGAIN: Duration = Duration::from_secs(30);

impl Worker {
    /// Keeps an idle client from expiring.
    pub(super) async fn refresh(&mut self) -> Result<Round, WorkError> {
        let Some(view) = self.view.as_ref().filter(|_| self.flight.is_empty()) else { return Ok(Round::Idle) };
        let passed = self.passed_percent(view)?;
        if passed < self.shared().config.refresh_percent {
            return Ok(Round::Idle);
        }
        let Some(lease) = self.lease().await? else { return Ok(Round::Idle) };
        let provable = self.client.prover.provable_height().await?;
        let builder = Builder::new(&self.client, view, lease.account(), Some(provable)).await?;
        let (ready, update, at) = (builder.update_only().await?, builder.update_height(), builder.at().clone());
        drop(builder);
        let Some(ready) = ready else { return Ok(Round::Idle) };
        tracing::info!(chain = %self.client.host.id, client = %self.client.id, passed_percent = passed, "refreshing an idle client");
        self.client.remember(&at);
        self.send(TransactionKind::Refresh, ready, update, lease).await?;
        Ok(Round::Idle)
    }

    /// How much of the trusting period has passed since the client's newest state, in percent.
    pub(super) fn passed_percent(&self, view: &ClientView) -> Result<u64, AdapterError> {
        let age = self.client.now()?.0.saturating_sub(view.client.latest_timestamp.0);
        Ok(age.saturating_mul(100) / view.trusting_period.max(1))
    }

    /// Looks after the client: status, warnings before it expires, evidence.
    pub(super) async fn tend(&mut self) -> Result<Option<Round>, WorkError> {
        let Some(view) = &self.view else { return Ok(None) };
        let (host, id) = (&self.client.host, &self.client.id);
        let status = self.client.status(view)?;
        self.shared()
            .store
            .client_seen(&host.id, &self.client.tracked.id, &view.client, view.trusting_period, self.client.now()?)
            .await?;
        if status != Status::Active {
            let reason = format!(
                "client {id} on {} is {}: nothing is sent to it; only its chain's governance can go on from here",
                host.id,
                status_name(status)
            );
            self.is(WorkerState::Stopped, Some(reason)).await;
            return Ok(Some(Round::Rest(self.shared().config.client_interval.saturating_mul(6))));
        }
        let passed = self.passed_percent(view)?;
        let level = WARN_AT.into_iter().find(|level| passed >= *level).unwrap_or(0);
        if level > self.warned {
            self.shared().warn(
                Some(&host.id),
                Some(id),
                format!(
                    "client {id} has used {passed} % of its trusting period of {} s without an update",
                    view.trusting_period
                ),
            );
        }
        self.warned = level;
        if let Some(height) = view.conflict {
            return self.contradict(height).await.map(Some);
        }
        self.look_for_misbehaviour().await
    }

    /// The client trusts a block that its chain never had: the honest update to the same height is
    /// the evidence that freezes it. Nothing else is sent to it.
    async fn contradict(&mut self, height: Height) -> Result<Round, WorkError> {
        let (host, id) = (self.client.host.id.clone(), self.client.id.clone());
        let rest = Ok(Round::Rest(self.shared().config.client_interval.saturating_mul(6)));
        let reason = format!("client {id} on {host} trusts a block {height} that {} never had", self.client.tracked.id);
        self.is(WorkerState::Stopped, Some(reason)).await;
        if self.contradicted >= CONTRADICTIONS || !self.flight.is_empty() {
            return rest;
        }
        let Some(view) = &self.view else { return rest };
        let Some(lease) = self.lease().await? else { return rest };
        let builder = Builder::new(&self.client, view, lease.account(), Some(height)).await?;
        let ready = builder.update_only().await?;
        drop(builder);
        if let Some(ready) = ready {
            self.contradicted += 1;
            self.send(TransactionKind::Misbehaviour, ready, None, lease).await?;
        }
        rest
    }

    /// While there is evidence against the tracked chain, nothing else is sent to this client.
    async fn look_for_misbehaviour(&mut self) -> Result<Option<Round>, WorkError> {
        let Some(view) = &self.view else { return Ok(None) };
        let tracked = self.client.tracked.clone();
        let evidence = self.client.prover.evidence(&view.client.state, &view.trusted).await?;
        let Some(evidence) = evidence else { return Ok(None) };
        if let Err(rejection) = self.client.copy(view)?.misbehaviour(&evidence, self.client.now()?) {
            tracing::debug!(chain = %tracked.id, client = %self.client.id, %rejection, "evidence that this client would not accept");
            return Ok(None);
        }
        let rest = Ok(Some(Round::Rest(self.shared().config.client_interval)));
        if self.accused.is_some_and(|at| at.elapsed() < ACCUSE_AGAIN) {
            return rest;
        }
        let (height, message) = (view.trusted.height, evidence.clone());
        self.shared().warn(
            Some(&tracked.id),
            Some(&self.client.id),
            format!(
                "{} has forked: submitting evidence to client {} on {}",
                tracked.id, self.client.id, self.client.host.id
            ),
        );
        let Some(lease) = self.lease().await? else { return rest };
        let messages = vec![Message::Misbehaviour { client: self.client.id.clone(), evidence: message }];
        let simulation = self.client.host.chain.simulate(lease.account(), &messages).await?;
        let proof =
            NewProof { kind: "misbehaviour", height, proof: evidence, material: Vec::new(), packets: Vec::new() };
        let ready = Ready { messages, packets: Vec::new(), proofs: vec![proof], gas_limit: simulation.gas_limit };
        self.accused = Some(Instant::now());
        self.send(TransactionKind::Misbehaviour, ready, None, lease).await?;
        rest
    }
}
