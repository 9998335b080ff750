//! Serves one client on its host: carries what is due there. What it does to look after the client
//! itself stands in `guard`.

use super::{
    build::{Builder, Built, Ready},
    client::{ClientView, HostedClient},
    context::{Flight, Shared},
    plan,
};
use crate::{
    packet::Step,
    store::{Due, Lane, StoreError, TransactionKind, WorkerState, now_ms},
    submit::{Lease, Submission, SubmitError, submit},
};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_standard::Height;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the store is asked for due packets when nothing else wakes the worker.
const TICK: Duration = Duration::from_secs(1);
/// How often transactions without events are looked for.
const RECONCILE: Duration = Duration::from_secs(5);
/// How often held packets have their turn.
const HELD_TURN: Duration = Duration::from_secs(1);
/// Most packets taken back at once.
const RECONCILE_STEP: u32 = 200;

/// What a round came to.
pub(super) enum Round {
    /// Something was sent: there may be more.
    Again,
    /// Nothing to do until something happens.
    Idle,
    /// Nothing can be done for a while.
    Rest(Duration),
}

#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    #[error(transparent)]
    Chain(#[from] AdapterError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Submit(SubmitError),
}

/// The worker of one client.
pub(crate) struct Worker {
    pub(super) client: HostedClient,
    /// Ends at the host.
    inbound: Lane,
    /// Starts at the host.
    outbound: Lane,
    pub(super) flight: Arc<Flight>,
    pub(super) view: Option<ClientView>,
    looked: Instant,
    reconciled: Instant,
    /// When held packets last had their turn.
    held_turn: Instant,
    /// How many packets go into one transaction at present.
    batch: usize,
    pub(super) warned: u64,
    pub(super) contradicted: u32,
    pub(super) accused: Option<Instant>,
    /// Prove at a new height: the state at the client's newest one is pruned, or it is time anyway.
    force_update: bool,
}

impl Worker {
    pub(crate) fn new(client: HostedClient, inbound: Lane, outbound: Lane) -> Self {
        let flight = client.shared.flight(&client.host.id, &client.id);
        let batch = limit(&client);
        let now = Instant::now();
        Self {
            client,
            inbound,
            outbound,
            flight,
            view: None,
            looked: now,
            reconciled: now,
            held_turn: now,
            batch,
            warned: 0,
            contradicted: 0,
            accused: None,
            force_update: false,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.client.shared
    }

    pub(super) async fn is(&self, state: WorkerState, reason: Option<String>) {
        self.shared().worker_is(&self.client.host.id, &self.client.id, state, reason).await;
    }

    /// Runs until the token is cancelled.
    pub(crate) async fn run(mut self) {
        let token = self.shared().token.clone();
        let mut here = self.client.host.scanned.subscribe();
        let mut there = self.client.tracked.scanned.subscribe();
        let mut failures = 0u32;
        for ctx in [self.client.host.clone(), self.client.tracked.clone()] {
            let mut head = ctx.head.subscribe();
            tokio::select! { () = token.cancelled() => return, _ = head.wait_for(Option::is_some) => {} }
        }
        while !token.is_cancelled() {
            let wait = match self.round().await {
                Ok(Round::Again) => {
                    failures = 0;
                    self.is(WorkerState::Running, None).await;
                    continue;
                }
                Ok(Round::Idle) => {
                    failures = 0;
                    self.is(WorkerState::Running, None).await;
                    let flight = self.flight.clone();
                    tokio::select! {
                        () = token.cancelled() => {}
                        _ = here.changed() => {}
                        _ = there.changed() => {}
                        () = flight.landed.notified() => {}
                        () = tokio::time::sleep(TICK) => {}
                    }
                    continue;
                }
                Ok(Round::Rest(wait)) => wait,
                Err(error) => {
                    let wait = match &error {
                        WorkError::Chain(e) | WorkError::Submit(SubmitError::Chain(e)) => {
                            self.force_update |= e.kind == ErrorKind::Pruned;
                            self.shared().wait_after(e, failures)
                        }
                        _ => self.shared().config.retry.delay(failures),
                    };
                    failures = failures.saturating_add(1);
                    self.is(WorkerState::Waiting, Some(error.to_string())).await;
                    wait
                }
            };
            tokio::select! { () = token.cancelled() => {}, () = tokio::time::sleep(wait) => {} }
        }
    }

    async fn round(&mut self) -> Result<Round, WorkError> {
        if self.view.is_none() || self.looked.elapsed() >= self.shared().config.client_interval {
            self.look().await?;
            if let Some(rest) = self.tend().await? {
                return Ok(rest);
            }
        }
        self.reconcile().await?;
        let mut held = self.held_turn.elapsed() >= HELD_TURN;
        if held {
            self.held_turn = Instant::now();
            held = !self.due(true).await?.is_empty();
        }
        let items = self.due(held).await?;
        if items.is_empty() {
            return self.refresh().await;
        }
        self.wait_for_company(&items).await;
        let Some(lease) = self.lease().await? else { return Ok(Round::Idle) };
        let items = self.due(held).await?;
        if items.is_empty() || self.on_its_way(plan::needed(&items)) {
            return Ok(Round::Idle);
        }
        self.look().await?;
        if self.view.as_ref().is_some_and(|v| v.conflict.is_some()) {
            drop(lease);
            return Ok(self.tend().await?.unwrap_or(Round::Idle));
        }
        self.carry(items, lease).await
    }

    async fn look(&mut self) -> Result<(), WorkError> {
        self.view = Some(self.client.look().await?);
        self.looked = Instant::now();
        Ok(())
    }

    async fn due(&self, held: bool) -> Result<Vec<Due>, StoreError> {
        plan::due(&self.shared().store, &self.inbound, &self.outbound, held, self.batch).await
    }

    /// Gives other packets the chance to share the transaction.
    async fn wait_for_company(&self, items: &[Due]) {
        let oldest = items.iter().map(|d| d.since).min().unwrap_or_default();
        let age = Duration::from_millis(u64::try_from(now_ms().saturating_sub(oldest)).unwrap_or_default());
        let left = self.shared().config.max_wait.saturating_sub(age);
        if items.len() < self.batch && !left.is_zero() {
            tokio::select! { () = self.shared().token.cancelled() => {}, () = tokio::time::sleep(left) => {} }
        }
    }

    /// Whether an update that these packets can use is being included.
    fn on_its_way(&self, needed: Height) -> bool {
        let known = self.view.as_ref().map(|v| v.trusted.height).unwrap_or_default();
        self.flight.update().is_some_and(|update| update >= needed && update > known)
    }

    /// An account to sign with; `None` when none became free for a while.
    pub(super) async fn lease(&self) -> Result<Option<Lease>, WorkError> {
        let host = &self.client.host;
        if let Some(lease) = host.accounts.try_lease() {
            return Ok(Some(lease));
        }
        let accounts = host.accounts.list();
        if let Some(reasons) =
            accounts.iter().map(|(a, r)| r.as_ref().map(|r| format!("{a}: {r}"))).collect::<Option<Vec<_>>>()
        {
            return Err(AdapterError::new(
                &host.id,
                ErrorKind::Funds,
                format!("every account rests ({})", reasons.join("; ")),
            )
            .into());
        }
        let wait = self.shared().config.client_interval;
        Ok(tokio::select! {
            () = self.shared().token.cancelled() => None,
            lease = host.accounts.lease() => Some(lease),
            () = tokio::time::sleep(wait) => None,
        })
    }

    async fn carry(&mut self, items: Vec<Due>, lease: Lease) -> Result<Round, WorkError> {
        let Some(view) = self.view.take() else { return Ok(Round::Idle) };
        self.force_update |= self.passed_percent(&view)? >= self.shared().config.refresh_percent;
        let account = lease.account().clone();
        let result = self.carry_with(&view, items, lease).await;
        self.view = Some(view);
        match result {
            Err(WorkError::Chain(error)) if error.kind == ErrorKind::Funds => {
                self.client.host.accounts.pause(&account, &error.message);
                self.shared().warn(Some(&self.client.host.id), None, format!("account {account} rests: {error}"));
                Ok(Round::Again)
            }
            // The account rests; the next one is tried at once.
            Err(WorkError::Submit(SubmitError::Funds { .. })) => Ok(Round::Again),
            result => result,
        }
    }

    async fn carry_with(&mut self, view: &ClientView, items: Vec<Due>, lease: Lease) -> Result<Round, WorkError> {
        let sifted = plan::sift(&self.client, items).await?;
        let retry = self.shared().config.retry;
        let store = self.shared().store.clone();
        self.defer(sifted.defer.iter().map(|(id, reason)| (*id, (*reason).to_owned())).collect()).await?;
        let retracted = store.retract(&sifted.retract, "its receipt is not on the destination", &retry).await?;
        self.shared().changed(retracted);
        if sifted.keep.is_empty() {
            return Ok(Round::Idle);
        }
        let Some(target) = self.target(view, &sifted.keep).await? else { return Ok(Round::Idle) };
        let mut builder = Builder::new(&self.client, view, lease.account(), target).await?;
        let built = builder.build(sifted.keep).await?;
        let (update, at) = (builder.update_height(), builder.at().clone());
        drop(builder);
        self.force_update = false;
        let ready = self.settle(built).await?;
        let Some(ready) = ready else { return Ok(Round::Again) };
        if update.is_some() {
            self.client.remember(&at);
        }
        self.send(TransactionKind::Packets, ready, update, lease).await
    }

    /// Where to prove: `Some(None)` at the client's newest height, `Some(height)` after an update to
    /// it, `None` when nothing can be proven yet.
    async fn target(&self, view: &ClientView, items: &[Due]) -> Result<Option<Option<Height>>, WorkError> {
        let provable = self.client.prover.provable_height().await?;
        let known = view.trusted.height;
        let recent = provable.0.saturating_sub(known.0) <= self.shared().config.reuse_blocks;
        if known >= plan::needed(items) && recent && view.confirmed && !self.force_update {
            return Ok(Some(None));
        }
        if provable > known {
            let any = items.iter().any(|d| d.ready_height <= provable);
            return Ok(any.then_some(Some(provable)));
        }
        Ok((view.confirmed && items.iter().any(|d| d.ready_height <= known)).then_some(None))
    }

    /// Writes down what building found out, and adapts the size of batches.
    async fn settle(&mut self, built: Built) -> Result<Option<Ready>, WorkError> {
        let retry = self.shared().config.retry;
        let held = self.shared().store.hold(&built.hold, &retry, self.shared().config.give_up_after).await?;
        self.shared().changed(held);
        self.defer(built.defer).await?;
        for height in built.doubtful {
            self.client.tracked.rescan(height);
        }
        let fitted = built.ready.as_ref().map_or(0, |r| r.packets.len());
        if built.left > 0 {
            self.batch = fitted.max(self.batch / 2).max(1);
        } else if fitted > 0 {
            self.batch = (self.batch + self.batch / 4 + 1).min(limit(&self.client));
        }
        Ok(built.ready)
    }

    async fn defer(&self, packets: Vec<(i64, String)>) -> Result<(), StoreError> {
        let mut by_reason: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (id, reason) in packets {
            by_reason.entry(reason).or_default().push(id);
        }
        for (reason, ids) in by_reason {
            tracing::debug!(chain = %self.client.host.id, client = %self.client.id, packets = ids.len(), reason, "put off");
            self.shared().store.defer(&ids, &reason, &self.shared().config.retry).await?;
        }
        Ok(())
    }

    pub(super) async fn send(
        &self,
        kind: TransactionKind,
        ready: Ready,
        update: Option<Height>,
        lease: Lease,
    ) -> Result<Round, WorkError> {
        let submission = Submission {
            client: self.client.id.clone(),
            kind,
            messages: ready.messages,
            packets: ready.packets,
            proofs: ready.proofs,
            gas_limit: ready.gas_limit,
            update_height: update,
        };
        match submit(self.shared(), &self.client.host, lease, submission).await {
            Ok(()) => Ok(Round::Again),
            Err(SubmitError::Stale(reason)) => {
                tracing::debug!(chain = %self.client.host.id, client = %self.client.id, %reason, "planning again");
                Ok(Round::Again)
            }
            Err(error) => Err(WorkError::Submit(error)),
        }
    }

    /// Takes packets back whose transaction is final without an event: another relayer was first, or
    /// a node left the event out.
    async fn reconcile(&mut self) -> Result<(), WorkError> {
        if self.reconciled.elapsed() < RECONCILE {
            return Ok(());
        }
        self.reconciled = Instant::now();
        let Some(scanned) = *self.client.host.scanned.borrow() else { return Ok(()) };
        let shared = self.shared();
        for (lane, step) in
            [(&self.inbound, Step::Receive), (&self.outbound, Step::Acknowledge), (&self.outbound, Step::Timeout)]
        {
            let found = shared.store.unconfirmed(lane, step, scanned, RECONCILE_STEP).await?;
            let Some(from) = found.iter().map(|(.., height)| *height).min() else { continue };
            self.client.host.rescan(from);
            let packets: Vec<_> = found.into_iter().map(|(id, step, _)| (id, step)).collect();
            let reason = "its transaction is final but its event was not reported; looking again";
            let changes = shared.store.take_back(&packets, reason, &shared.config.retry).await?;
            shared.changed(changes);
        }
        Ok(())
    }
}

fn limit(client: &HostedClient) -> usize {
    client.shared.config.max_packets.min(client.host.chain.max_packets_per_transaction()).max(1)
}
