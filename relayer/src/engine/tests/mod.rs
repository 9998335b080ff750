//! The engine's planning, over a chain that exists only in this test.

mod fake;

use super::{Backoff, Engine, EngineConfig, EngineError, EngineEvent, ProvenChain, Route};
use crate::{
    packet::State,
    store::{PacketFilter, PacketRow, Store, WorkerRow, WorkerState},
};
use fake::{Fake, FakeClient, Handle};
use lupu_adapter::{AccountId, Message};
use lupu_light_client::Status;
use lupu_standard::{ClientId, Height};
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

fn id(text: &str) -> ClientId {
    ClientId::new(text).unwrap()
}

/// Two chains, a client on each.
struct World {
    harbour: Arc<Fake>,
    bank: Arc<Fake>,
    dir: TempDir,
    config: EngineConfig,
}

struct Running {
    token: CancellationToken,
    task: JoinHandle<Result<(), EngineError>>,
    store: Store,
    events: broadcast::Receiver<EngineEvent>,
}

impl Running {
    async fn stop(self) {
        self.token.cancel();
        self.task.await.unwrap().unwrap();
    }
}

impl World {
    fn new() -> Self {
        Self::with_accounts(&["one"])
    }

    fn with_accounts(accounts: &[&str]) -> Self {
        let (harbour, bank) = (Fake::new("harbour", accounts), Fake::new("bank", accounts));
        for (host, tracked, own, other) in [
            (&harbour, &bank, "harbour.fake-bank", "bank.fake-harbour"),
            (&bank, &harbour, "bank.fake-harbour", "harbour.fake-bank"),
        ] {
            let client = FakeClient {
                tracks: tracked.clone(),
                counterparty: id(other),
                heights: BTreeSet::from([0]),
                status: Status::Active,
                period: 100_000,
            };
            host.state().clients.insert(id(own), client);
        }
        let config = EngineConfig {
            max_wait: Duration::from_millis(20),
            retry: Backoff { initial: Duration::from_millis(20), max: Duration::from_millis(200) },
            client_interval: Duration::from_millis(100),
            completeness_interval: Duration::from_millis(50),
            stuck_after: Duration::from_millis(400),
            ..EngineConfig::default()
        };
        Self { harbour, bank, dir: tempfile::tempdir().unwrap(), config }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn route(&self) -> Route {
        Route {
            a: (self.harbour.id.clone(), id("harbour.fake-bank")),
            b: (self.bank.id.clone(), id("bank.fake-harbour")),
        }
    }

    async fn start(&self) -> Running {
        self.start_on("store.sqlite").await
    }

    async fn start_on(&self, name: &str) -> Running {
        let store = Store::open(self.path(name)).await.unwrap();
        let pair = |fake: &Arc<Fake>| -> ProvenChain {
            ProvenChain { chain: Arc::new(Handle(fake.clone())), provers: vec![Arc::new(Handle(fake.clone()))] }
        };
        let chains = vec![pair(&self.harbour), pair(&self.bank)];
        let engine = Engine::new(self.config.clone(), store.clone(), chains, vec![self.route()]).unwrap();
        let (token, events) = (CancellationToken::new(), engine.events());
        let task = tokio::spawn(engine.run(token.clone()));
        Running { token, task, store, events }
    }

    fn send(&self, count: usize, timeout_in: u64) {
        for _ in 0..count {
            self.harbour.send(&id("harbour.fake-bank"), &id("bank.fake-harbour"), timeout_in);
        }
    }

    /// Blocks on both chains until both workers run.
    async fn until_running(&self, store: &Store) {
        for _ in 0..2_400 {
            self.harbour.seal();
            self.bank.seal();
            tokio::time::sleep(Duration::from_millis(25)).await;
            let workers = store.workers().await.unwrap();
            if workers.len() == 2 && workers.iter().all(|w| w.state == WorkerState::Running) {
                return;
            }
        }
        panic!("never running: {:?}", store.workers().await);
    }

    /// The worker of the client on `bank`, once it is in this state.
    async fn until_worker(&self, store: &Store, state: WorkerState) -> WorkerRow {
        for _ in 0..2_400 {
            self.bank.seal();
            let found = store.workers().await.unwrap().into_iter().find(|w| w.chain == "bank" && w.state == state);
            if let Some(row) = found {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never {}: {:?}", state.name(), store.workers().await);
    }

    /// Blocks on both chains until the store says so, at most for a minute.
    async fn until(&self, store: &Store, what: &str, done: impl Fn(&[PacketRow]) -> bool) -> Vec<PacketRow> {
        for _ in 0..2_400 {
            self.harbour.seal();
            self.bank.seal();
            tokio::time::sleep(Duration::from_millis(25)).await;
            let all = store.packets(&PacketFilter { limit: 500, ..PacketFilter::default() }).await.unwrap();
            if done(&all) {
                return all;
            }
        }
        let all = store.packets(&PacketFilter::default()).await.unwrap();
        let states: Vec<_> = all.iter().map(|p| (p.packet.sequence.get(), p.state, p.reason.clone())).collect();
        panic!("never {what}: {states:?} {:?}", store.workers().await);
    }
}

fn all(state: State, count: usize) -> impl Fn(&[PacketRow]) -> bool {
    move |packets| packets.len() == count && packets.iter().all(|p| p.state == state)
}

#[tokio::test]
async fn fifty_packets_need_few_transactions_and_arrive_once() {
    let world = World::new();
    let running = world.start().await;
    world.send(50, 10_000);
    // The cost of a transaction is written down beside its events, not before them.
    let done = |p: &[PacketRow]| all(State::Acknowledged, 50)(p) && p.iter().all(|p| p.settle_gas.is_some());
    let packets = world.until(&running.store, "acknowledged", done).await;
    assert!(world.bank.transactions() <= 2, "{} to receive fifty", world.bank.transactions());
    assert!(world.harbour.transactions() <= 2, "{} to acknowledge fifty", world.harbour.transactions());
    assert!(world.bank.state().received.values().all(|n| *n == 1));
    for packet in &packets {
        assert!(packet.sent.is_some() && packet.received.is_some() && packet.settled.is_some());
        assert!(packet.receiving_at.is_some() && packet.settling_at.is_some());
        assert!(packet.receive_gas.is_some() && packet.settle_gas.is_some(), "{packet:?}");
        assert!(packet.receive_proof_bytes.is_some() && packet.settle_proof_bytes.is_some());
        let history = running.store.history(packet).await.unwrap();
        let path: Vec<_> = history.iter().map(|t| t.to.as_str()).collect();
        assert_eq!(path, ["receiving", "received", "acknowledging", "acknowledged"]);
        let proofs = running.store.proofs_of(packet.id).await.unwrap();
        assert_eq!(proofs.iter().filter(|p| p.kind == "receive").count(), 1);
        assert!(proofs.iter().any(|p| p.kind == "update" && !p.material.is_empty()));
    }
    // Each client as it was before anything was carried, whatever has become of it since.
    let anchors = running.store.anchors().await.unwrap();
    let found: Vec<_> = anchors.iter().map(|a| (a.client.as_str(), a.tracks.as_str(), a.height.0)).collect();
    assert_eq!(found, [("bank.fake-harbour", "harbour", 0), ("harbour.fake-bank", "bank", 0)]);
    assert!(anchors.iter().all(|a| a.validators == b"validators" && a.consensus == 0u64.to_be_bytes()));
    // Where each packet was proven, without the proofs themselves.
    let ids: Vec<_> = packets.iter().map(|p| p.id).collect();
    let places = running.store.proof_places(&ids).await.unwrap();
    assert_eq!(places.len(), 150, "one to receive, one to acknowledge, and the receipt");
    for place in &places {
        let proofs = running.store.proofs_of(place.packet).await.unwrap();
        let kept = proofs.iter().find(|p| p.kind == place.kind).unwrap();
        assert_eq!((&kept.chain, &kept.client, kept.height), (&place.chain, &place.client, place.height));
        assert_eq!(running.store.proof(place.proof).await.unwrap().as_ref(), Some(&kept.proof));
        let updates = running.store.updates_to(&place.chain, &place.client, place.height).await.unwrap();
        assert!(!updates.is_empty() && updates.iter().all(|u| *u == place.height.0.to_be_bytes()));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_large_backlog_goes_out_over_several_accounts() {
    let world = World::with_accounts(&["one", "two", "three"]);
    world.send(300, 10_000);
    let running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 300)).await;
    assert!(world.bank.state().received.values().all(|n| *n == 1));
    let updates = |fake: &Fake| {
        let state = fake.state();
        let messages = state.order.iter().flat_map(|(_, m)| m.clone());
        messages.filter(|m| matches!(m, Message::UpdateClient { .. })).count()
    };
    assert!(updates(&world.bank) <= 3, "{} updates for six transactions at one height", updates(&world.bank));
    assert!(world.bank.state().nonces.len() > 1, "one account did it all");
    running.stop().await;
}

#[tokio::test]
async fn a_packet_that_cannot_arrive_in_time_is_timed_out_once() {
    let mut world = World::new();
    world.config.refresh_percent = 1_000;
    {
        let mut bank = world.bank.state();
        (bank.withhold, bank.clock_stands) = (true, true);
    }
    world.harbour.state().clock_stands = true;
    world.send(3, 5);
    let running = world.start().await;
    world.until(&running.store, "receiving", all(State::Receiving, 3)).await;
    {
        let mut bank = world.bank.state();
        (bank.withhold, bank.clock_stands) = (false, false);
        bank.time += 6;
    }
    world.harbour.state().clock_stands = false;
    world.until(&running.store, "timed out", all(State::TimedOut, 3)).await;
    assert!(world.bank.state().received.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn one_poison_packet_does_not_sink_the_batch() {
    let world = World::new();
    world.bank.state().unknown_port.insert(17);
    world.send(50, 10_000);
    let running = world.start().await;
    let done = |p: &[PacketRow]| p.iter().filter(|p| p.state == State::Acknowledged).count() == 49;
    world.until(&running.store, "49 through", done).await;
    let held = running.store.packet(&world.harbour.id, &id("harbour.fake-bank"), 17).await.unwrap();
    assert_eq!(held.state.due(), Some(crate::packet::Step::Receive));
    assert!(held.reason.as_deref().is_some_and(|r| r.contains("UnknownPort")), "{:?}", held.reason);
    assert!(held.attempts >= 1);
    world.bank.state().unknown_port.clear();
    world.until(&running.store, "all through", all(State::Acknowledged, 50)).await;
    running.stop().await;
}

#[tokio::test]
async fn a_packet_that_reverts_the_whole_transaction_is_found_by_halves() {
    let world = World::new();
    world.bank.state().reverting.extend([5, 6, 40]);
    world.send(50, 10_000);
    let running = world.start().await;
    let done = |p: &[PacketRow]| p.iter().filter(|p| p.state == State::Acknowledged).count() == 47;
    world.until(&running.store, "47 through", done).await;
    assert!(world.bank.state().included.values().all(|i| i.success), "paid for a transaction that fails");
    for sequence in [5, 6, 40] {
        let held = running.store.packet(&world.harbour.id, &id("harbour.fake-bank"), sequence).await.unwrap();
        assert!(held.reason.is_some_and(|r| r.contains("reverts")));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_transaction_journalled_before_a_stop_is_sent_after_it() {
    let world = World::new();
    world.bank.state().swallow = u32::MAX;
    world.send(4, 10_000);
    let running = world.start().await;
    world.until(&running.store, "receiving", all(State::Receiving, 4)).await;
    let journalled = running.store.open_transactions(&world.bank.id).await.unwrap();
    running.stop().await;
    assert!(!journalled.is_empty());
    world.bank.state().swallow = 0;
    let running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 4)).await;
    assert!(world.bank.state().received.values().all(|n| *n == 1));
    let root = journalled[0].signed.hash;
    assert!(world.bank.state().included.keys().any(|h| *h == root) || world.bank.transactions() == 1);
    running.stop().await;
}

#[tokio::test]
async fn a_stolen_nonce_puts_the_packets_back() {
    let world = World::new();
    world.bank.state().swallow = u32::MAX;
    world.send(2, 10_000);
    let running = world.start().await;
    world.until(&running.store, "receiving", all(State::Receiving, 2)).await;
    {
        let mut bank = world.bank.state();
        bank.nonces.insert(AccountId("one".into()), 3);
        bank.swallow = 0;
    }
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 2)).await;
    let rows = running.store.transactions(50).await.unwrap();
    let lost = rows.iter().find(|t| t.state.name() == "superseded").expect("the loss is in the journal");
    assert!(lost.reason.as_deref().is_some_and(|r| r.contains("not ours")));
    assert!(rows.iter().any(|t| t.chain == "bank" && t.nonce == 3 && t.state.name() == "included"));
    running.stop().await;
}

#[tokio::test]
async fn an_account_without_funds_rests_and_the_next_one_pays() {
    let world = World::with_accounts(&["poor", "rich"]);
    world.bank.state().broke.insert(AccountId("poor".into()));
    world.send(3, 10_000);
    let mut running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 3)).await;
    let mut warned = false;
    while let Ok(event) = running.events.try_recv() {
        warned |= matches!(event, EngineEvent::Warning { message, .. } if message.contains("poor cannot pay"));
    }
    assert!(warned);
    running.stop().await;
}

#[tokio::test]
async fn a_stuck_transaction_is_replaced_with_a_higher_fee() {
    let world = World::new();
    world.bank.state().stall_gas_below = 5;
    world.send(2, 10_000);
    let running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 2)).await;
    let rows = running.store.transactions(50).await.unwrap();
    let replaced = rows.iter().find(|t| t.replaced_by.is_some()).expect("a replacement");
    let by = rows.iter().find(|t| Some(t.hash) == replaced.replaced_by).unwrap();
    assert_eq!((replaced.nonce, by.state.name(), replaced.state.name()), (by.nonce, "included", "superseded"));
    running.stop().await;
}

#[tokio::test]
async fn a_node_that_leaves_an_event_out_is_caught_by_the_counter() {
    let world = World::new();
    world.harbour.state().hide_sent = 1;
    world.send(5, 10_000);
    let running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 5)).await;
    assert_eq!(world.harbour.state().hide_sent, 0);
    let (sequence, _) = running.store.sent_counter(&world.harbour.id, &id("harbour.fake-bank")).await.unwrap();
    assert_eq!(sequence, 5);
    running.stop().await;
}

#[tokio::test]
async fn two_relayers_on_one_route_do_no_harm() {
    let world = World::with_accounts(&["one", "two"]);
    let (first, second) = (world.start_on("first.sqlite").await, world.start_on("second.sqlite").await);
    for _ in 0..5 {
        world.send(8, 10_000);
        world.harbour.seal();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    world.until(&first.store, "acknowledged for the first", all(State::Acknowledged, 40)).await;
    world.until(&second.store, "acknowledged for the second", all(State::Acknowledged, 40)).await;
    assert!(world.bank.state().received.values().all(|n| *n == 1));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_frozen_client_is_left_alone_and_said_so() {
    let world = World::new();
    world.bank.state().clients.get_mut(&id("bank.fake-harbour")).unwrap().status = Status::Frozen;
    world.send(2, 10_000);
    let running = world.start().await;
    world.until(&running.store, "seen", all(State::Sent, 2)).await;
    let stopped = world.until_worker(&running.store, WorkerState::Stopped).await;
    assert!(stopped.reason.as_deref().is_some_and(|r| r.contains("frozen")));
    assert_eq!(world.bank.transactions(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_route_whose_clients_do_not_name_each_other_is_refused() {
    let world = World::new();
    world.bank.state().clients.get_mut(&id("bank.fake-harbour")).unwrap().counterparty = id("somebody.else");
    world.send(2, 10_000);
    let running = world.start().await;
    world.until(&running.store, "seen", all(State::Sent, 2)).await;
    let refused = world.until_worker(&running.store, WorkerState::Refused).await;
    assert!(refused.reason.as_deref().is_some_and(|r| r.contains("somebody.else")));
    assert_eq!(world.bank.transactions() + world.harbour.transactions(), 0);
    running.stop().await;
}

#[tokio::test]
async fn evidence_of_a_fork_freezes_the_client() {
    let world = World::new();
    world.harbour.state().evidence = Some(b"fork".to_vec());
    let running = world.start().await;
    let frozen = |_: &[PacketRow]| world.bank.state().clients[&id("bank.fake-harbour")].status == Status::Frozen;
    world.until(&running.store, "frozen", frozen).await;
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_trusts_a_forged_block_is_contradicted_and_carries_nothing() {
    let world = World::new();
    let running = world.start().await;
    world.until_running(&running.store).await;
    let client = id("bank.fake-harbour");
    for _ in 0..5 {
        world.harbour.seal();
    }
    world.harbour.state().forged.insert(4);
    world.bank.state().clients.get_mut(&client).unwrap().heights.insert(4);
    world.send(1, 10_000);
    let frozen = |_: &[PacketRow]| world.bank.state().clients[&client].status == Status::Frozen;
    world.until(&running.store, "frozen", frozen).await;
    assert!(world.bank.state().received.is_empty());
    let anchors = running.store.anchors().await.unwrap();
    assert!(anchors.iter().all(|a| a.height == Height(0)), "what was forged is no anchor: {anchors:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_client_whose_newest_state_is_pruned_is_updated_and_served() {
    let world = World::new();
    for _ in 0..10 {
        world.harbour.seal();
    }
    world.harbour.state().pruned_below = 8;
    world.send(2, 10_000);
    let running = world.start().await;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 2)).await;
    running.stop().await;
}

#[tokio::test]
async fn an_idle_client_is_refreshed_before_it_expires() {
    let world = World::new();
    world.bank.state().clients.get_mut(&id("bank.fake-harbour")).unwrap().period = 60;
    let mut running = world.start().await;
    let refreshed = |_: &[PacketRow]| world.bank.state().clients[&id("bank.fake-harbour")].heights.len() > 1;
    world.until(&running.store, "refreshed", refreshed).await;
    while let Ok(event) = running.events.try_recv() {
        let about = |message: &String| message.contains("trusting period");
        assert!(!matches!(&event, EngineEvent::Warning { message, .. } if about(message)), "{event:?}");
    }
    assert!(world.bank.transactions() <= 2, "refreshed again and again");
    running.stop().await;
}

#[tokio::test]
async fn a_chain_that_is_down_stops_its_side_only_and_recovers() {
    let world = World::new();
    let running = world.start().await;
    world.until_running(&running.store).await;
    world.bank.state().down = true;
    world.send(3, 10_000);
    world.until(&running.store, "seen", all(State::Sent, 3)).await;
    world.bank.state().down = false;
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 3)).await;
    running.stop().await;
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let mut world = World::new();
    let address: SocketAddr = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    world.config.listen = Some(address);
    world.config.starts.insert(world.harbour.id.clone(), Height(0));
    let running = world.start().await;
    world.send(1, 10_000);
    world.until(&running.store, "acknowledged", all(State::Acknowledged, 1)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let health = get(address, "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let metrics = get(address, "/metrics").await;
    for wanted in [
        "lupu_packets{source=\"harbour\",client=\"harbour.fake-bank\",destination=\"bank\",state=\"acknowledged\"} 1",
        "lupu_gas_used_total{chain=\"bank\",kind=\"packets\"} 100000",
        "lupu_account_balance{chain=\"bank\",account=\"one\"} 5",
        "lupu_store_ok 1",
    ] {
        assert!(metrics.contains(wanted), "{wanted} not in\n{metrics}");
    }
    world.bank.state().down = true;
    for _ in 0..8 {
        world.bank.seal();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let health = get(address, "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("down"), "{health}");
    running.stop().await;
}

async fn get(address: SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
