//! Good updates; messages, trust and time violated alone.

use crate::{
    common::{Scenario, number, state_trie::seeded, string, vote},
    update,
};
use alloy_primitives::{Address, B256, Bytes};
use lupu_ethereum_state::EMPTY_ROOT;
use lupu_qbft::Kind::{Ibft2, Qbft};
use lupu_standard::{Height, TimestampSecs};
use serde_json::Value;

pub struct Cases(pub Vec<Value>);

impl Cases {
    pub fn put(&mut self, name: &str, description: &str, s: &Scenario, expect: &str) {
        self.raw(name, description, s, s.message().encode(), expect);
    }

    pub fn raw(&mut self, name: &str, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
        self.0.push(update(name, what, s, message, expect));
    }
}

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    good(&mut c);
    messages(&mut c);
    trust_and_time(&mut c);
    c.0
}

fn good(c: &mut Cases) {
    for n in [4, 7, 16, 1, 2, 3, 5, 6, 8, 9, 10, 21] {
        let s = Scenario::new(Qbft, n);
        c.put(&format!("valid_qbft_{n}"), "a quorum of seals, no more", &s, "Update");
    }
    for n in [4, 7] {
        let s = Scenario::new(Ibft2, n);
        c.put(&format!("valid_ibft2_{n}"), "a quorum of seals, no more", &s, "Update");
    }
    for kind in [Qbft, Ibft2] {
        let k = kind.name();
        let mut s = Scenario::new(kind, 4);
        s.signers = s.header_set.clone();
        c.put(&format!("valid_all_seals_{k}"), "all validators sealed", &s, "Update");
        for round in [1, 3, 0x7f, 0x80, 0xfedcba, u32::MAX] {
            let mut s = Scenario::new(kind, 4);
            s.block.round = round;
            let name = format!("valid_round_{round}_{k}");
            c.put(&name, "sealed in a later round; the block hash does not cover it", &s, "Update");
        }
        let other = Address::repeat_byte(0x33);
        let ballots: &[(&str, &[u8])] = match kind {
            Qbft => &[("add", &[0xff]), ("drop", &[]), ("drop_zero", &[0])],
            Ibft2 => &[("add", &[0xff]), ("drop", &[0])],
        };
        for (ballot, bytes) in ballots {
            let mut s = Scenario::new(kind, 4);
            s.block.vote = vote(other, bytes);
            c.put(&format!("valid_vote_{ballot}_{k}"), "the proposer votes", &s, "Update");
        }
        let trailing = [
            number(7),
            string(EMPTY_ROOT.as_slice()),
            number(0),
            number(0),
            string(&[0; 32]),
            string(seeded("requests", 0).as_slice()),
        ];
        for extra in 1..=trailing.len() {
            let mut s = Scenario::new(kind, 4);
            s.block.trailing = trailing[..extra].to_vec();
            let name = format!("valid_{}_fields_{k}", 15 + extra);
            c.put(&name, "fields past the fifteenth are kept", &s, "Update");
        }
    }
    let mut s = Scenario::new(Qbft, 4);
    s.block.trailing = vec![crate::common::list(&[number(1), string(b"more")])];
    c.put("valid_trailing_list", "a field past the fifteenth may be a list", &s, "Update");

    let mut s = Scenario::new(Qbft, 4);
    s.block.timestamp = s.trusted.timestamp.0;
    c.put("valid_equal_timestamps", "sub-second blocks share a timestamp", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.block.timestamp = s.now + s.client.rules.max_clock_drift;
    c.put("valid_at_the_drift", "as far ahead of the clock as allowed", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period - 1;
    c.put("valid_in_the_last_second", "one second before the trust expires", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.change_state(|state| state.storage.clear());
    c.put("valid_empty_storage", "the router has stored nothing yet", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.client.latest_height = Height(500);
    s.client.latest_timestamp = TimestampSecs(s.trusted.timestamp.0 + 500);
    c.put("valid_below_the_latest", "fills in a height below the newest", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.block.number = s.trusted_height + 1;
    c.put("valid_next_height", "the very next block", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.change_state(|state| state.neighbours = 0);
    c.put("valid_lonely_account", "the router is the only account: one leaf", &s, "Update");

    let mut s = Scenario::new(Qbft, 4);
    s.stored.push((s.block.number, s.consensus().hash()));
    c.put("known_already", "the same state is stored at this height", &s, "NoOp");
    let mut s = Scenario::new(Qbft, 4);
    s.stored.push((s.block.number, s.consensus().hash()));
    s.block.round = 5;
    s.signers = s.header_set[1..].to_vec();
    c.put("known_in_another_round", "one block sealed in two rounds", &s, "NoOp");
    let mut s = Scenario::new(Qbft, 4);
    s.stored.push((s.block.number, seeded("another state", 0)));
    c.put("conflicts_with_stored", "another state is stored at this height", &s, "Misbehaviour");
}

fn messages(c: &mut Cases) {
    let s = Scenario::new(Qbft, 4);
    let good = s.message().encode();
    let mut put = |name: &str, what: &str, message: Vec<u8>| {
        c.raw(&format!("message_{name}"), what, &s, message, "MalformedMessage");
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("truncated_word", "the last word is missing", good[..good.len() - 32].to_vec());
    put("extended", "one byte too many", [&good[..], &[0]].concat());
    put("extended_word", "one word too many", [&good[..], &[0; 32]].concat());
    let flip = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] ^= byte;
        message
    };
    put("outer_offset", "the struct starts one word later than it must", flip(31, 0x60));
    put("huge_offset", "an offset of 2^255", flip(32, 0x80));
    put("wide_height", "trusted height above 2^64", flip(64 + 23, 1));
    put("wide_timestamp", "trusted timestamp above 2^64", flip(96 + 23, 1));
    let header = s.raw_header();
    let pad = 32 + 7 * 32 + 32 + header.len();
    assert_ne!(header.len() % 32, 0);
    put("dirty_padding", "padding of the header is not zero", flip(pad, 1));
    let mut gap = good.clone();
    gap.splice(32 + 7 * 32..32 + 7 * 32, [0u8; 32]);
    for word in [0, 5, 6] {
        let at = 32 + word * 32 + 24;
        let offset = u64::from_be_bytes(gap[at..at + 8].try_into().unwrap()) + 32;
        gap[at..at + 8].copy_from_slice(&offset.to_be_bytes());
    }
    put("gap", "an unused word between head and tail", gap);
    let mut shared = good.clone();
    let at = |word: usize| 32 + word * 32;
    let (from, to) = (at(5), at(6));
    let head: [u8; 32] = shared[from..from + 32].try_into().unwrap();
    shared[to..to + 32].copy_from_slice(&head);
    put("shared_tail", "two fields point to the same bytes", shared);
}

fn trust_and_time(c: &mut Cases) {
    let mut s = Scenario::new(Qbft, 4);
    s.client.frozen = true;
    c.put("frozen", "a frozen client takes nothing", &s, "ClientFrozen");
    let mut s = Scenario::new(Qbft, 4);
    s.stored.clear();
    c.put("nothing_stored", "no state at the trusted height", &s, "UnknownTrustedHeight");
    let mut s = Scenario::new(Qbft, 4);
    s.trusted_height = 99;
    c.put("untrusted_height", "a height that is not stored", &s, "UnknownTrustedHeight");
    let mut s = Scenario::new(Qbft, 4);
    s.trusted.timestamp = TimestampSecs(s.trusted.timestamp.0 + 1);
    c.put("other_preimage", "hashes to something else", &s, "TrustedStateMismatch");
    let mut s = Scenario::new(Qbft, 4);
    s.stored[0].1 = B256::ZERO;
    c.put("stored_hash_zero", "a stored hash of zero is nothing", &s, "UnknownTrustedHeight");
    for (name, number) in [("same_height", 100), ("lower_height", 99), ("height_zero", 0)] {
        let mut s = Scenario::new(Qbft, 4);
        s.block.number = number;
        c.put(name, "not newer than the trusted height", &s, "HeightNotNewer");
    }
    for (name, root) in [("zero_state_root", B256::ZERO), ("empty_state_root", EMPTY_ROOT)] {
        let mut s = Scenario::new(Qbft, 4);
        s.block.state_root = root;
        let mut message = s.message();
        message.account_proof = Bytes::from_static(&[0, 0]);
        c.raw(name, "the root of no state", &s, message.encode(), "ZeroStateRoot");
    }
    let mut s = Scenario::new(Qbft, 4);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period;
    c.put("past_the_period", "the trust expires in this second", &s, "TrustedStateExpired");
    let mut s = Scenario::new(Qbft, 4);
    s.trusted.timestamp = TimestampSecs(u64::MAX - 5);
    s.block.timestamp = u64::MAX - 4;
    s.now = u64::MAX - 4;
    s.restore();
    c.put("end_of_time", "sums do not wrap: this is still in the period", &s, "Update");
    let mut s = Scenario::new(Qbft, 4);
    s.block.timestamp = s.now + s.client.rules.max_clock_drift + 1;
    c.put("from_the_future", "one second past the drift", &s, "HeaderFromFuture");
    let mut s = Scenario::new(Qbft, 4);
    s.block.timestamp = s.trusted.timestamp.0 - 1;
    c.put("time_went_back", "older than the trusted state", &s, "TimeWentBack");
}
