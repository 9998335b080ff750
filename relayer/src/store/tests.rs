//! The store: what is written is there after a stop, and nothing else is.

use super::*;
use crate::{
    engine::Backoff,
    packet::{State, Step},
};
use alloy_primitives::{B256, Bytes};
use lupu_adapter::{
    AccountId, Included, Material, Outcome, PacketEvent, PacketEventKind, SignedTransaction, TrustedState,
    transaction::PacketOutcome,
};
use lupu_standard::{Acknowledgement, ChainId, ClientId, Height, Packet, Payload, PortId, Sequence, TimestampSecs};
use tempfile::TempDir;

const BACKOFF: Backoff = Backoff { initial: Duration::ZERO, max: Duration::ZERO };

fn chain(name: &str) -> ChainId {
    ChainId::new(name).unwrap()
}
fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn packet(sequence: u64, value: u8) -> Packet {
    let port = PortId::new("transfer").unwrap();
    Packet {
        sequence: Sequence::new(sequence).unwrap(),
        source_client: client("a.to-b"),
        destination_client: client("b.to-a"),
        timeout_timestamp: TimestampSecs(1_000),
        payloads: vec![Payload {
            source_port: port.clone(),
            destination_port: port,
            version: "ics20-1".into(),
            encoding: "application/json".into(),
            value: Bytes::from(vec![value]),
        }],
    }
}

fn event(kind: PacketEventKind, sequence: u64, height: u64) -> PacketEvent {
    PacketEvent { kind, packet: packet(sequence, 1), height: Height(height), transaction: B256::repeat_byte(9) }
}

fn ack() -> Acknowledgement {
    Acknowledgement(vec![Bytes::from_static(b"ok")])
}

fn cursor(height: u64) -> Option<Cursor> {
    Some(Cursor { height: Height(height), hash: Some(B256::repeat_byte(1)), timestamp: Some(TimestampSecs(5)) })
}

struct Bench {
    dir: TempDir,
    store: Store,
    lane: Lane,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("s.sqlite")).await.unwrap();
        let (a, b) = (chain("aa"), chain("bb"));
        let lane = store.lane((&a, &client("a.to-b")), (&b, &client("b.to-a"))).await.unwrap();
        Self { dir, store, lane }
    }
    async fn reopen(self) -> Self {
        let Self { dir, store, lane } = self;
        store.close().await;
        drop(store);
        let store = Store::open(dir.path().join("s.sqlite")).await.unwrap();
        Self { dir, store, lane }
    }
    async fn sent(&self, count: u64) {
        let events: Vec<_> = (1..=count).map(|n| event(PacketEventKind::Sent, n, 10)).collect();
        self.apply("aa", &events, 10).await;
    }
    async fn apply(&self, on: &str, events: &[PacketEvent], height: u64) -> Applied {
        self.store.apply_events(&chain(on), std::slice::from_ref(&self.lane), events, cursor(height)).await.unwrap()
    }
    async fn state(&self, sequence: u64) -> PacketRow {
        self.store.packet(&chain("aa"), &client("a.to-b"), sequence).await.unwrap()
    }
    async fn journal(&self, seed: u8, packets: &[(i64, Step)]) -> Result<SignedTransaction, StoreError> {
        let signed = signed(seed);
        let proofs = [NewProof {
            kind: "receive",
            height: Height(3),
            proof: vec![1; 64],
            material: vec![Material::Node(Bytes::from_static(b"node")), Material::Node(Bytes::from_static(b"node"))],
            packets: packets.to_vec(),
        }];
        self.store
            .journal(NewTransaction {
                chain: &chain("bb"),
                client: &client("b.to-a"),
                kind: TransactionKind::Packets,
                signed: &signed,
                summary: "receive",
                update_height: Some(Height(3)),
                packets,
                proofs: &proofs,
            })
            .await?;
        Ok(signed)
    }
}

fn signed(seed: u8) -> SignedTransaction {
    SignedTransaction {
        hash: B256::repeat_byte(seed),
        account: AccountId("one".into()),
        nonce: u64::from(seed),
        raw: vec![seed],
    }
}

fn included(outcomes: Vec<(u64, Outcome)>) -> Included {
    let outcomes =
        outcomes.into_iter().map(|(sequence, outcome)| PacketOutcome { client: "b.to-a".into(), sequence, outcome });
    Included {
        height: Height(20),
        success: true,
        gas_used: 300,
        fee_paid: u128::MAX,
        outcomes: outcomes.collect(),
        reason: None,
    }
}

#[tokio::test]
async fn a_second_relayer_is_refused_and_a_visitor_is_not() {
    let bench = Bench::new().await;
    let path = bench.dir.path().join("s.sqlite");
    let refused = Store::open(&path).await.err().expect("refused");
    assert!(matches!(&refused, StoreError::InUse { pid, .. } if *pid == std::process::id().to_string()), "{refused}");
    bench.sent(1).await;
    let visitor = Store::open_shared(&path).await.unwrap();
    assert_eq!(visitor.packets(&PacketFilter::default()).await.unwrap().len(), 1);
    visitor.retry(&chain("aa"), &client("a.to-b"), 1).await.unwrap();
    assert!(matches!(visitor.retry(&chain("aa"), &client("a.to-b"), 2).await, Err(StoreError::NoPacket { .. })));
    assert!(matches!(Store::open_shared(bench.dir.path().join("no")).await, Err(StoreError::Missing(_))));
}

#[tokio::test]
async fn a_file_that_is_no_store_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    std::fs::write(&path, vec![0x55; 8_192]).unwrap();
    assert!(matches!(Store::open(&path).await, Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn events_and_cursor_survive_together_and_repeat_without_effect() {
    let bench = Bench::new().await;
    bench.sent(3).await;
    let again = bench.apply("aa", &[event(PacketEventKind::Sent, 2, 10)], 11).await;
    assert!(again.changes.is_empty() && again.warnings.is_empty());
    let bench = bench.reopen().await;
    assert_eq!(bench.store.cursor(&chain("aa")).await.unwrap().unwrap().height, Height(11));
    assert_eq!(bench.store.due(&bench.lane, Step::Receive, 10).await.unwrap().len(), 3);
    assert_eq!(bench.store.count_sent(&bench.lane, 0, 3).await.unwrap(), 3);
    assert_eq!(bench.store.count_sent(&bench.lane, 1, 9).await.unwrap(), 2);
    assert_eq!(bench.store.highest_sent(&bench.lane).await.unwrap(), 3);
    bench.store.set_sent_counter(&chain("aa"), &client("a.to-b"), 3, Height(11)).await.unwrap();
    assert_eq!(bench.store.sent_counter(&chain("aa"), &client("a.to-b")).await.unwrap(), (3, Height(11)));
}

#[tokio::test]
async fn an_uncommitted_write_is_not_there_after_a_stop() {
    let bench = Bench::new().await;
    bench.sent(1).await;
    let mut write = bench.store.begin(Effect::Scan).await.unwrap();
    sqlx::query("UPDATE packets SET state = 'received'").execute(&mut *write.tx).await.unwrap();
    drop(write);
    let bench = bench.reopen().await;
    assert_eq!(bench.state(1).await.state, State::Sent);
}

#[tokio::test]
async fn events_in_any_order_lead_to_one_end() {
    let bench = Bench::new().await;
    let events = [
        ("aa", event(PacketEventKind::Sent, 1, 10)),
        ("bb", event(PacketEventKind::Received(ack()), 1, 12)),
        ("aa", event(PacketEventKind::Acknowledged(ack()), 1, 14)),
    ];
    for (n, order) in [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0]].into_iter().enumerate() {
        let sequence = n as u64 + 1;
        for i in order {
            let (on, event) = &events[i];
            let mut event = event.clone();
            event.packet = packet(sequence, 1);
            assert!(bench.apply(on, &[event], 20).await.warnings.is_empty());
        }
        let row = bench.state(sequence).await;
        assert_eq!(row.state, State::Acknowledged, "{order:?}");
        assert_eq!(row.acknowledgement, Some(ack()));
        assert_eq!(
            [row.sent, row.received, row.settled].map(|s| s.map(|s| s.height.0)),
            [Some(10), Some(12), Some(14)]
        );
    }
}

#[tokio::test]
async fn a_journalled_transaction_moves_its_packets_and_is_open_after_a_stop() {
    let bench = Bench::new().await;
    bench.sent(2).await;
    let ids: Vec<_> =
        bench.store.due(&bench.lane, Step::Receive, 10).await.unwrap().iter().map(|d| (d.id, d.step)).collect();
    let signed = bench.journal(7, &ids).await.unwrap();
    let bench = bench.reopen().await;
    assert_eq!(bench.state(1).await.state, State::Receiving);
    assert_eq!(bench.state(2).await.receive_proof_bytes, Some(32));
    assert!(bench.store.due(&bench.lane, Step::Receive, 10).await.unwrap().is_empty());
    let open = bench.store.open_transactions(&chain("bb")).await.unwrap();
    assert_eq!((open.len(), &open[0].signed, open[0].update_height), (1, &signed, Some(Height(3))));
    assert_eq!(bench.store.next_nonce(&chain("bb"), &AccountId("one".into())).await.unwrap(), 8);
    assert_eq!(bench.store.next_nonce(&chain("bb"), &AccountId("two".into())).await.unwrap(), 0);
    let proofs = bench.store.proofs_of(ids[0].0).await.unwrap();
    assert_eq!((proofs.len(), proofs[0].material.len()), (1, 2));
    let pieces: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM material").fetch_one(bench.store.read()).await.unwrap();
    assert_eq!(pieces, 1, "the same node is kept once");
}

#[tokio::test]
async fn a_packet_that_moved_on_keeps_the_transaction_out_of_the_journal() {
    let bench = Bench::new().await;
    bench.sent(2).await;
    let ids: Vec<_> =
        bench.store.due(&bench.lane, Step::Receive, 10).await.unwrap().iter().map(|d| (d.id, d.step)).collect();
    bench.apply("bb", &[event(PacketEventKind::Received(ack()), 2, 12)], 12).await;
    assert!(matches!(bench.journal(7, &ids).await, Err(StoreError::Stale { .. })));
    assert_eq!(bench.state(1).await.state, State::Sent);
    assert!(bench.store.open_transactions(&chain("bb")).await.unwrap().is_empty());
    assert!(bench.store.transactions(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_outcome_of_an_included_transaction_goes_where_it_belongs() {
    let bench = Bench::new().await;
    bench.sent(5).await;
    let ids: Vec<_> =
        bench.store.due(&bench.lane, Step::Receive, 10).await.unwrap().iter().map(|d| (d.id, d.step)).collect();
    let signed = bench.journal(7, &ids).await.unwrap();
    let outcomes = vec![
        (1, Outcome::Received),
        (2, Outcome::UnknownPort),
        (3, Outcome::Expired),
        (4, Outcome::Duplicate),
        (5, Outcome::InsufficientGas),
    ];
    let ended = bench.store.included(signed.hash, signed.hash, &included(outcomes), &BACKOFF).await.unwrap();
    assert_eq!((ended.packets, ended.changes.len()), (5, 3));
    let states: Vec<_> = [1, 2, 3, 4, 5].map(|n| bench.state(n)).into_iter().collect();
    let mut found = Vec::new();
    for state in states {
        found.push(state.await.state);
    }
    use State::{Held, Receiving, Sent};
    assert_eq!(found, [Receiving, Held(Step::Receive), Sent, Receiving, Sent]);
    assert_eq!(bench.state(1).await.receive_gas, Some(60));
    assert_eq!(bench.state(4).await.receive_gas, None);
    let row = &bench.store.transactions(1).await.unwrap()[0];
    assert_eq!((row.state, row.fee.clone()), (TransactionState::Included, Some(u128::MAX.to_string())));
    let open = bench.store.unconfirmed(&bench.lane, Step::Receive, Height(20), 10).await.unwrap();
    assert_eq!(open.len(), 2, "received and duplicate wait for their events");
    assert!(bench.store.unconfirmed(&bench.lane, Step::Receive, Height(19), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn equal_sequences_of_both_directions_are_told_apart() {
    let bench = Bench::new().await;
    let (a, b) = (chain("aa"), chain("bb"));
    let back = bench.store.lane((&b, &client("b.to-a")), (&a, &client("a.to-b"))).await.unwrap();
    let lanes = [bench.lane.clone(), back.clone()];
    let mut home = event(PacketEventKind::Sent, 1, 10);
    (home.packet.source_client, home.packet.destination_client) = (client("b.to-a"), client("a.to-b"));
    bench.store.apply_events(&b, &lanes, std::slice::from_ref(&home), cursor(10)).await.unwrap();
    home.kind = PacketEventKind::Received(ack());
    bench.store.apply_events(&a, &lanes, &[home, event(PacketEventKind::Sent, 1, 10)], cursor(12)).await.unwrap();
    let mut ids = Vec::new();
    for (lane, step) in [(&bench.lane, Step::Receive), (&back, Step::Acknowledge)] {
        ids.extend(bench.store.due(lane, step, 5).await.unwrap().iter().map(|d| (d.id, d.step)));
    }
    assert_eq!(ids.len(), 2);
    let signed = bench.journal(7, &ids).await.unwrap();
    let outcomes = vec![(1, Outcome::UnknownPort), (1, Outcome::Acknowledged)];
    bench.store.included(signed.hash, signed.hash, &included(outcomes), &BACKOFF).await.unwrap();
    assert_eq!(bench.state(1).await.state, State::Held(Step::Receive));
    assert_eq!(bench.store.packet(&b, &client("b.to-a"), 1).await.unwrap().state, State::Acknowledging);
}

#[tokio::test]
async fn superseded_and_rejected_transactions_give_their_packets_back() {
    let bench = Bench::new().await;
    bench.sent(1).await;
    let id = bench.state(1).await.id;
    let first = bench.journal(7, &[(id, Step::Receive)]).await.unwrap();
    bench.store.superseded(first.hash, "the nonce is gone", &BACKOFF).await.unwrap();
    let row = bench.state(1).await;
    assert_eq!((row.state, row.reason.as_deref(), row.attempts), (State::Sent, Some("the nonce is gone"), 1));
    let second = bench.journal(8, &[(id, Step::Receive)]).await.unwrap();
    let old = bench.store.open_transactions(&chain("bb")).await.unwrap().remove(0);
    bench.store.journal_replacement(&chain("bb"), &old, &SignedTransaction { nonce: 8, ..signed(9) }).await.unwrap();
    assert_eq!(bench.store.open_transactions(&chain("bb")).await.unwrap().len(), 2);
    bench.store.rejected(second.hash, "no", &BACKOFF).await.unwrap();
    assert!(bench.store.open_transactions(&chain("bb")).await.unwrap().is_empty());
    assert_eq!(bench.state(1).await.state, State::Sent);
    assert_eq!(bench.store.next_nonce(&chain("bb"), &AccountId("one".into())).await.unwrap(), 0);
    bench.journal(8, &[(id, Step::Receive)]).await.unwrap();
    assert_eq!(bench.store.open_transactions(&chain("bb")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn packets_expire_by_the_destinations_clock_and_a_late_receipt_still_counts() {
    let bench = Bench::new().await;
    bench.sent(2).await;
    assert!(bench.store.expire(&bench.lane, Height(30), TimestampSecs(999), 9).await.unwrap().is_empty());
    assert_eq!(bench.store.expire(&bench.lane, Height(31), TimestampSecs(1_000), 9).await.unwrap().len(), 2);
    assert!(bench.store.due(&bench.lane, Step::Receive, 9).await.unwrap().is_empty());
    let due = bench.store.due(&bench.lane, Step::Timeout, 9).await.unwrap();
    assert!(due.iter().all(|d| d.ready_height == Height(31)) && due.len() == 2);
    bench.apply("bb", &[event(PacketEventKind::Received(ack()), 1, 29)], 32).await;
    assert_eq!(bench.state(1).await.state, State::Received);
    bench.apply("aa", &[event(PacketEventKind::TimedOut, 2, 40)], 40).await;
    assert_eq!(bench.state(2).await.state, State::TimedOut);
}

#[tokio::test]
async fn a_false_receipt_is_retracted_and_contents_told_twice_are_reported() {
    let bench = Bench::new().await;
    bench.sent(1).await;
    bench.apply("bb", &[event(PacketEventKind::Received(ack()), 1, 500)], 500).await;
    let id = bench.state(1).await.id;
    bench.store.retract(&[id], "no receipt", &BACKOFF).await.unwrap();
    let row = bench.state(1).await;
    assert_eq!((row.state, row.ready_height), (State::Sent, Height(10)));
    let mut other = event(PacketEventKind::Sent, 1, 10);
    other.packet = packet(1, 2);
    assert_eq!(bench.apply("aa", &[other], 12).await.warnings.len(), 1);
    assert_eq!(bench.state(1).await.packet, packet(1, 2));
}

#[tokio::test]
async fn held_packets_are_due_apart_from_the_others() {
    let bench = Bench::new().await;
    bench.sent(40).await;
    let due = bench.store.due(&bench.lane, Step::Receive, 40).await.unwrap();
    let held: Vec<_> = due.iter().take(30).map(|d| (d.id, Step::Receive, "poison".to_owned())).collect();
    bench.store.hold(&held, &BACKOFF, None).await.unwrap();
    let due = bench.store.due(&bench.lane, Step::Receive, 16).await.unwrap();
    assert_eq!(due.iter().map(|d| d.packet.sequence.get()).collect::<Vec<_>>(), (31..=40).collect::<Vec<_>>());
    let due = bench.store.due_held(&bench.lane, Step::Receive, 8).await.unwrap();
    assert_eq!(due.iter().map(|d| d.packet.sequence.get()).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    let later = Backoff { initial: Duration::from_secs(60), max: Duration::from_secs(60) };
    bench.store.hold(&held, &later, None).await.unwrap();
    assert!(bench.store.due_held(&bench.lane, Step::Receive, 8).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_full_disk_stops_writes_and_is_remembered_until_one_works() {
    let bench = Bench::new().await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&bench.store.inner.write).await.unwrap();
    let limit = |pages: i64| sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit(pages)).execute(&bench.store.inner.write).await.unwrap();
    let big = PacketEvent {
        packet: Packet {
            payloads: vec![Payload { value: vec![7; 200_000].into(), ..packet(1, 1).payloads.remove(0) }],
            ..packet(1, 1)
        },
        ..event(PacketEventKind::Sent, 1, 10)
    };
    let lanes = std::slice::from_ref(&bench.lane);
    let full = bench.store.apply_events(&chain("aa"), lanes, std::slice::from_ref(&big), cursor(10)).await;
    assert!(matches!(full, Err(StoreError::Full(_))), "{full:?}");
    assert!(bench.store.outage().is_some_and(|o| o.contains("full")));
    assert!(bench.store.cursor(&chain("aa")).await.unwrap().is_none(), "half of it was written");
    sqlx::query(limit(1_000_000)).execute(&bench.store.inner.write).await.unwrap();
    bench.store.apply_events(&chain("aa"), lanes, &[big], cursor(10)).await.unwrap();
    assert!(bench.store.outage().is_none());
}

#[tokio::test]
async fn trusted_states_are_kept_per_client_and_height() {
    let bench = Bench::new().await;
    let state = TrustedState { height: Height(4), consensus_state: vec![1, 2] };
    bench.store.trust(&chain("aa"), &client("a.to-b"), &state).await.unwrap();
    let bench = bench.reopen().await;
    let (a, id) = (chain("aa"), client("a.to-b"));
    let found = |height| bench.store.trusted(&a, &id, height);
    assert_eq!(found(Height(4)).await.unwrap(), Some(state.clone()));
    assert_eq!(found(Height(5)).await.unwrap(), None);
}

#[tokio::test]
async fn a_packet_that_was_tried_often_enough_waits_for_a_person() {
    let bench = Bench::new().await;
    bench.sent(1).await;
    let held = [(bench.state(1).await.id, Step::Receive, "poison".to_owned())];
    bench.store.hold(&held, &BACKOFF, Some(2)).await.unwrap();
    assert_eq!(bench.store.due_held(&bench.lane, Step::Receive, 9).await.unwrap().len(), 1);
    bench.store.hold(&held, &BACKOFF, Some(2)).await.unwrap();
    assert!(bench.store.due_held(&bench.lane, Step::Receive, 9).await.unwrap().is_empty());
    bench.store.retry(&chain("aa"), &client("a.to-b"), 1).await.unwrap();
    assert_eq!(bench.store.due_held(&bench.lane, Step::Receive, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_asked_every_round_reads_an_index_in_its_own_order() {
    let bench = Bench::new().await;
    for (sql, index) in [(packets::DUE, "packets_due"), (packets::EXPIRABLE, "packets_timeout")] {
        let explained = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(bench.store.read())
            .await
            .unwrap();
        let plan: Vec<String> = explained.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
