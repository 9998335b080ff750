//! The standard's rules: packets past their time, packets already received, identifiers.

use super::members::{Members, hexed};
use crate::scenarios::{grandpa::rng::Rng, qbft::state_trie::seeded};
use alloy_primitives::B256;
use lupu_standard::{Packet, Payload, Sequence, TimestampSecs, commitment::commit_packet};
use serde_json::{Map, Value, json};

const HERE: &str = "harbour.qbft-bank";
const THERE: &str = "bank.qbft-harbour";

struct Sent {
    fields: Map<String, Value>,
    packet: Packet,
    timeout: u64,
}

/// A packet from `THERE` to `HERE`.
fn packet(rng: &mut Rng) -> Sent {
    let timeout = 1_700_000_000 + rng.next() % 80_000;
    let sequence = 1 + rng.next() % 1_000_000;
    let size = rng.below(600);
    let payload = Payload {
        source_port: "transfer".parse().expect("a port"),
        destination_port: "transfer".parse().expect("a port"),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: vec![0; size].into(),
    };
    let packet = Packet {
        sequence: Sequence::new(sequence).expect("not zero"),
        source_client: THERE.parse().expect("an identifier"),
        destination_client: HERE.parse().expect("an identifier"),
        timeout_timestamp: TimestampSecs(timeout),
        payloads: vec![payload],
    };
    let fields = json!({
        "sequence": sequence,
        "source_client": THERE,
        "destination_client": HERE,
        "timeout_timestamp": timeout,
        "payload_sizes": [size],
        "one_payload": rng.one_in(2),
    });
    let Value::Object(fields) = fields else { unreachable!("an object") };
    Sent { fields, packet, timeout }
}

fn put(m: &mut Members, kind: &str, what: &str, expect: &str, sent: &Sent, more: Value) {
    let mut all = sent.fields.clone();
    if let Value::Object(more) = more {
        all.extend(more);
    }
    m.put(kind, what, expect, Value::Object(all));
}

/// Received at and after its timeout.
pub fn late(rng: &mut Rng, m: &mut Members) {
    let sent = packet(rng);
    let mut receive = |what: &str, expect: &str, time: u64| {
        put(m, "receive", what, expect, &sent, json!({"block_time": time, "receipt": false, "counterparty": THERE}));
    };
    receive("last_second", "Receive", sent.timeout - 1);
    receive("at_the_timeout", "Expired", sent.timeout);
    receive("after_the_timeout", "Expired", sent.timeout + 1 + rng.next() % 1_000_000);
}

/// Timed out although it can still be received, was never sent, or is settled.
pub fn early(rng: &mut Rng, m: &mut Members) {
    let sent = packet(rng);
    let stored = commit_packet(&sent.packet);
    let mut timeout = |what: &str, expect: &str, time: u64, stored: B256| {
        let more = json!({"proof_time": time, "stored_commitment": stored, "counterparty": HERE});
        put(m, "timeout", what, expect, &sent, more);
    };
    timeout("absent_at_the_timeout", "TimeOut", sent.timeout, stored);
    timeout("absent_a_second_before", "NotExpired", sent.timeout - 1, stored);
    timeout("settled_already", "Duplicate", sent.timeout, B256::ZERO);
}

/// Received twice.
pub fn twice(rng: &mut Rng, m: &mut Members) {
    let sent = packet(rng);
    let more = json!({"block_time": sent.timeout - 1, "receipt": true, "counterparty": THERE});
    put(m, "receive", "received_already", "Duplicate", &sent, more);
}

/// A packet that came through a client that is not its destination's counterparty.
pub fn other_client(rng: &mut Rng, m: &mut Members) {
    let sent = packet(rng);
    let now = sent.timeout - 1;
    let mut receive = |what: &str, expect: &str, counterparty: &str| {
        let more = json!({"block_time": now, "receipt": false, "counterparty": counterparty});
        put(m, "receive", what, expect, &sent, more);
    };
    receive("of_its_counterparty", "Receive", THERE);
    receive("of_another", "NotOurs", &THERE[..THERE.len() - 1]);
    receive("of_a_longer_one", "NotOurs", &format!("{THERE}2"));
    receive("of_an_unbound_client", "NotOurs", "");
}

/// Identifiers with bytes that would move the parts of a path.
pub fn identifiers(rng: &mut Rng, m: &mut Members) {
    let mut put = |what: &str, expect: &str, bytes: Vec<u8>| {
        m.put("identifiers", what, expect, json!({"kind": "client", "bytes": hexed(bytes)}));
    };
    let tail = seeded("identifier", rng.below(1_000_000));
    put("with_a_kind", "Character", [THERE.as_bytes(), &[1]].concat());
    put("with_a_sequence", "Character", [THERE.as_bytes(), &[1, 0, 0, 0, 0, 0, 0, 0], &[tail[0] & 0x0f]].concat());
    put("with_zero_bytes", "Character", [THERE.as_bytes(), &[0; 4]].concat());
    put("with_a_slash", "Character", format!("{THERE}/{HERE}").into_bytes());
    put("too_long", "Length", THERE.as_bytes().repeat(8));
    put("plain", "Ok", THERE.into());
}
