//! Follows one chain: finalized heads, the events up to them, and whether those are complete.

use super::context::{ChainContext, SeenHead, Shared, lock};
use crate::store::{Cursor, Lane, StoreError};
use futures::StreamExt;
use lupu_adapter::{AdapterError, ErrorKind, Head, PacketEvent, PacketEventKind};
use lupu_standard::{ClientId, Height};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the cursor is written where nothing happens.
const IDLE_WRITE: Duration = Duration::from_secs(5);
/// Most packets that expire in one database transaction.
const EXPIRE_STEP: u32 = 200;

/// What stopped a scan.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error(transparent)]
    Chain(#[from] AdapterError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps [`ChainContext::head`] at the newest finalized block.
pub(crate) async fn follow_heads(shared: Arc<Shared>, ctx: Arc<ChainContext>) {
    let mut failures = 0u32;
    while !shared.token.is_cancelled() {
        let mut heads = ctx.chain.heads();
        loop {
            let next = tokio::select! {
                () = shared.token.cancelled() => return,
                next = heads.next() => next,
            };
            match next {
                Some(Ok(head)) => {
                    failures = 0;
                    ctx.head.send_if_modified(|seen| {
                        let newer = seen.is_none_or(|s| head.height > s.head.height);
                        if newer {
                            *seen = Some(SeenHead { head, at: Instant::now() });
                        }
                        newer
                    });
                }
                Some(Err(error)) => {
                    if failures == 0 {
                        tracing::warn!(chain = %ctx.id, %error, "following the chain failed");
                    }
                    *lock(&ctx.trouble) = Some(error.to_string());
                    let wait = shared.wait_after(&error, failures).min(Duration::from_secs(5));
                    failures = failures.saturating_add(1);
                    tokio::select! { () = shared.token.cancelled() => return, () = tokio::time::sleep(wait) => {} }
                }
                None => break,
            }
        }
        tokio::select! { () = shared.token.cancelled() => return, () = tokio::time::sleep(Duration::from_secs(1)) => {} }
    }
}

/// Reads one chain into the store.
pub(crate) struct Scanner {
    shared: Arc<Shared>,
    ctx: Arc<ChainContext>,
    /// Directions that start or end here.
    lanes: Vec<Lane>,
    cursor: Height,
    written: Instant,
    /// Whether the range up to the head is known to be free of this client's gaps, and when that was checked.
    checked: HashMap<ClientId, Instant>,
    /// Clients with packets since the last check.
    sent_since: BTreeSet<ClientId>,
}

impl Scanner {
    pub(crate) fn new(shared: Arc<Shared>, ctx: Arc<ChainContext>, lanes: Vec<Lane>) -> Self {
        Self {
            shared,
            ctx,
            lanes,
            cursor: Height(0),
            written: Instant::now(),
            checked: HashMap::new(),
            sent_since: BTreeSet::new(),
        }
    }

    /// Runs until the token is cancelled.
    pub(crate) async fn run(mut self) {
        let mut failures = 0u32;
        loop {
            match self.start().await {
                Ok(()) => break,
                Err(error) => self.failed(&error, &mut failures).await,
            }
            if self.shared.token.is_cancelled() {
                return;
            }
        }
        let mut heads = self.ctx.head.subscribe();
        heads.mark_changed();
        while !self.shared.token.is_cancelled() {
            tokio::select! {
                () = self.shared.token.cancelled() => break,
                changed = heads.changed() => if changed.is_err() { break },
                () = self.ctx.rescan_asked.notified() => {}
            }
            loop {
                match self.catch_up().await {
                    Ok(()) => {
                        if failures > 0 {
                            tracing::info!(chain = %self.ctx.id, "reading the chain works again");
                        }
                        failures = 0;
                        *lock(&self.ctx.trouble) = None;
                        break;
                    }
                    Err(error) => self.failed(&error, &mut failures).await,
                }
                if self.shared.token.is_cancelled() {
                    break;
                }
            }
        }
        if let Err(error) = self.write_cursor(None).await {
            tracing::warn!(chain = %self.ctx.id, %error, "the cursor was not kept");
        }
    }

    async fn failed(&self, error: &ScanError, failures: &mut u32) {
        let text = error.to_string();
        if lock(&self.ctx.trouble).replace(text.clone()).as_ref() != Some(&text) {
            self.shared.warn(Some(&self.ctx.id), None, format!("reading the chain failed: {text}"));
        }
        let wait = match error {
            ScanError::Chain(e) => self.shared.wait_after(e, *failures),
            ScanError::Store(_) => self.shared.config.retry.delay(*failures),
        };
        *failures = failures.saturating_add(1);
        tokio::select! { () = self.shared.token.cancelled() => {}, () = tokio::time::sleep(wait.min(Duration::from_secs(10))) => {} }
    }

    async fn start(&mut self) -> Result<(), ScanError> {
        let start = self.shared.config.starts.get(&self.ctx.id).copied().unwrap_or_default();
        let first = Height(start.0.saturating_sub(1));
        self.cursor = self.shared.store.cursor(&self.ctx.id).await?.map_or(first, |c| c.height);
        tracing::info!(chain = %self.ctx.id, height = self.cursor.0, "reading from here");
        Ok(())
    }

    /// Reads up to the newest head, and again what was asked for.
    async fn catch_up(&mut self) -> Result<(), ScanError> {
        while let Some(from) = self.ctx.take_rescan() {
            if let Err(error) = self.read_again(from, self.cursor).await {
                self.ctx.rescan(from);
                return Err(error);
            }
        }
        loop {
            let Some(SeenHead { head, .. }) = *self.ctx.head.borrow() else { return Ok(()) };
            if self.cursor > head.height {
                return Err(AdapterError::new(
                    &self.ctx.id,
                    ErrorKind::Unavailable,
                    format!(
                        "its head {} is behind block {}, which this store has read: a lagging node, or another chain",
                        head.height, self.cursor
                    ),
                )
                .into());
            }
            if self.cursor == head.height {
                return Ok(());
            }
            let from = Height(self.cursor.0.saturating_add(1));
            let to = Height(self.cursor.0.saturating_add(self.shared.config.scan_range.max(1))).min(head.height);
            let events = self.ctx.chain.events(from, to).await?;
            let at_head = to == head.height;
            let cursor =
                Cursor { height: to, hash: at_head.then_some(head.hash), timestamp: at_head.then_some(head.timestamp) };
            if events.is_empty() && self.written.elapsed() < IDLE_WRITE {
                self.cursor = to;
            } else {
                self.apply(&events, Some(cursor)).await?;
                self.cursor = to;
                self.written = Instant::now();
            }
            if at_head {
                self.expire(&head).await?;
                self.ctx.scanned.send_replace(Some(to));
                self.check_complete(&head).await?;
            } else {
                self.ctx.scanned.send_replace(Some(to));
            }
            if self.shared.token.is_cancelled() {
                return Ok(());
            }
        }
    }

    async fn read_again(&mut self, from: Height, to: Height) -> Result<(), ScanError> {
        let mut from = from;
        while from <= to {
            let end = Height(from.0.saturating_add(self.shared.config.scan_range.max(1) - 1)).min(to);
            let events = self.ctx.chain.events(from, end).await?;
            self.apply(&events, None).await?;
            from = Height(end.0.saturating_add(1));
        }
        Ok(())
    }

    async fn apply(&mut self, events: &[PacketEvent], cursor: Option<Cursor>) -> Result<(), ScanError> {
        let applied = self.shared.store.apply_events(&self.ctx.id, &self.lanes, events, cursor).await?;
        for event in events.iter().filter(|e| e.kind == PacketEventKind::Sent) {
            self.sent_since.insert(event.packet.source_client.clone());
        }
        self.shared.changed(applied.changes);
        for warning in applied.warnings {
            self.shared.warn(Some(&self.ctx.id), None, warning);
        }
        Ok(())
    }

    async fn write_cursor(&self, head: Option<&Head>) -> Result<(), StoreError> {
        if self.ctx.scanned.borrow().is_none() {
            return Ok(());
        }
        let cursor = Cursor { height: self.cursor, hash: head.map(|h| h.hash), timestamp: head.map(|h| h.timestamp) };
        self.shared.store.apply_events(&self.ctx.id, &[], &[], Some(cursor)).await.map(|_| ())
    }

    /// Packets on their way here whose timeout is not after this block's time can never arrive.
    async fn expire(&self, head: &Head) -> Result<(), ScanError> {
        for lane in self.lanes.iter().filter(|l| l.destination_chain == self.ctx.id) {
            loop {
                let changes = self.shared.store.expire(lane, head.height, head.timestamp, EXPIRE_STEP).await?;
                let done = changes.len() < EXPIRE_STEP as usize;
                self.shared.changed(changes);
                if done {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Compares what was seen with the sequence counters proven in state at the head.
    async fn check_complete(&mut self, head: &Head) -> Result<(), ScanError> {
        let mine: Vec<Lane> = self.lanes.iter().filter(|l| l.source_chain == self.ctx.id).cloned().collect();
        for lane in mine {
            let client = &lane.source_client;
            let rested =
                self.checked.get(client).is_some_and(|at| at.elapsed() < self.shared.config.completeness_interval);
            if rested && !self.sent_since.contains(client) {
                continue;
            }
            let last = self.ctx.chain.last_sequence_sent(client, head.height).await?;
            let (known, since) = self.shared.store.sent_counter(&self.ctx.id, client).await?;
            if self.gap(&lane, known, last).await? > 0 {
                let start = self.shared.config.starts.get(&self.ctx.id).copied().unwrap_or_default();
                let from = Height(since.0.saturating_add(1)).max(start);
                self.shared.warn(
                    Some(&self.ctx.id),
                    Some(client),
                    format!("packets up to {last} were sent, not all were reported: reading again from block {from}"),
                );
                self.read_again(from, head.height).await?;
                let missing = self.gap(&lane, known, last).await?;
                if missing > 0 {
                    return Err(AdapterError::new(
                        &self.ctx.id,
                        ErrorKind::Lied,
                        format!("{missing} packets of client {client} up to sequence {last}, proven in state at block {}, are not in the node's logs", head.height),
                    )
                    .into());
                }
            }
            let highest = self.shared.store.highest_sent(&lane).await?;
            if highest > last {
                self.shared.warn(
                    Some(&self.ctx.id),
                    Some(client),
                    format!(
                        "a node reported packet {highest}, but state at block {} has sent only {last}",
                        head.height
                    ),
                );
            }
            if last > known || !self.checked.contains_key(client) {
                self.shared.store.set_sent_counter(&self.ctx.id, client, last.max(known), head.height).await?;
            }
            self.sent_since.remove(client);
            self.checked.insert(client.clone(), Instant::now());
        }
        Ok(())
    }

    async fn gap(&self, lane: &Lane, known: u64, last: u64) -> Result<u64, ScanError> {
        if last <= known {
            return Ok(0);
        }
        let seen = self.shared.store.count_sent(lane, known, last).await?;
        Ok((last - known).saturating_sub(seen))
    }
}
