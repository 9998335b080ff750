//! Many packets that one client sent, and how far they have come.

use lupu_adapter::{Chain, PacketEvent, PacketEventKind};
use lupu_standard::{ClientId, Height};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_millis(100);

/// Packets on their way from one chain to another.
pub struct Flight {
    pub client: ClientId,
    pub sequences: BTreeSet<u64>,
    pub from: Arc<dyn Chain>,
    pub to: Arc<dyn Chain>,
}

impl Flight {
    async fn events(&self, chain: &dyn Chain) -> Vec<PacketEvent> {
        let head = chain.finalized().await.unwrap().height;
        let mut events = chain.events(Height(1), head).await.unwrap();
        events.retain(|e| e.packet.source_client == self.client && self.sequences.contains(&e.packet.sequence.get()));
        events
    }

    /// What the destination has received, in its order.
    pub async fn received(&self) -> Vec<PacketEvent> {
        let mut events = self.events(&*self.to).await;
        events.retain(|e| matches!(e.kind, PacketEventKind::Received(_)));
        events
    }

    async fn ended(&self) -> Vec<PacketEvent> {
        let mut events = self.events(&*self.from).await;
        events.retain(|e| e.kind != PacketEventKind::Sent);
        events
    }

    /// How many have not come to their end where they were sent.
    pub async fn open(&self) -> usize {
        self.sequences.len() - self.ended().await.len()
    }

    /// Waits until the destination has received the first of them.
    pub async fn begun(&self, patience: Duration) {
        let start = Instant::now();
        while self.received().await.is_empty() {
            assert!(start.elapsed() < patience, "{}: nothing received after {patience:?}", self.client);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until each has been received once and acknowledged once, with success.
    pub async fn settled(&self, patience: Duration) {
        let start = Instant::now();
        loop {
            let open = self.open().await;
            if open == 0 {
                break;
            }
            assert!(start.elapsed() < patience, "{}: {open} packets have not ended after {patience:?}", self.client);
            tokio::time::sleep(PAUSE).await;
        }
        let success = |kind: &PacketEventKind| match kind {
            PacketEventKind::Received(answer) | PacketEventKind::Acknowledged(answer) => !answer.is_error(),
            _ => false,
        };
        for events in [self.received().await, self.ended().await] {
            let mut times: BTreeMap<u64, usize> = BTreeMap::new();
            for event in &events {
                assert!(success(&event.kind), "{}/{}: {:?}", self.client, event.packet.sequence, event.kind);
                *times.entry(event.packet.sequence.get()).or_default() += 1;
            }
            assert!(times.values().all(|n| *n == 1), "{}: twice: {times:?}", self.client);
            assert!(times.keys().eq(&self.sequences), "{}: lost: {times:?}", self.client);
        }
    }
}

/// How many events each block has, by height.
pub fn by_block(events: &[PacketEvent]) -> BTreeMap<u64, usize> {
    events.iter().fold(BTreeMap::new(), |mut blocks, event| {
        *blocks.entry(event.height.0).or_default() += 1;
        blocks
    })
}

/// The most events that one transaction has.
pub fn most_at_once(events: &[PacketEvent]) -> usize {
    let mut transactions = BTreeMap::new();
    events.iter().for_each(|event| *transactions.entry(event.transaction).or_insert(0) += 1);
    transactions.into_values().max().unwrap_or_default()
}
