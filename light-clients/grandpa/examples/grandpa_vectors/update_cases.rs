//! Good updates; messages, trust and time violated alone.

use crate::{
    Cases,
    common::{Scenario, state_trie::seeded},
};
use alloy_primitives::B256;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::EMPTY_ROOT;
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    good(&mut c);
    messages(&mut c);
    trust(&mut c);
    time(&mut c);
    c.0
}

fn good(c: &mut Cases) {
    for n in [4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 16, 64] {
        let s = Scenario::new(n);
        c.put(&format!("valid_{n}"), "a quorum of votes, no more", &s, "Update");
    }
    let mut s = Scenario::new(4);
    s.vote(s.set.clone());
    c.put("valid_all_votes", "all authorities voted", &s, "Update");
    let mut s = Scenario::new(4);
    s.vote(s.set.iter().rev().cloned().collect::<Vec<_>>());
    c.put("valid_any_order", "votes may come in any order", &s, "Update");
    for round in [0, 1, u64::MAX] {
        let mut s = Scenario::new(4);
        s.round = round;
        c.put(&format!("valid_round_{round}"), "whatever the round", &s, "Update");
    }
    for id in [0, 1, u64::from(u32::MAX) + 1] {
        let mut s = Scenario::new(4);
        (s.trusted.set_id, s.signed_set) = (id, id);
        s.restore();
        c.put(&format!("valid_set_{id}"), "whatever the set's id", &s, "Update");
    }
    let mut s = Scenario::new(4);
    s.set_time(s.trusted.timestamp.0);
    c.put("valid_equal_timestamps", "sub-second blocks share a timestamp", &s, "Update");
    let mut s = Scenario::new(4);
    s.set_time(s.now + s.client.rules.max_clock_drift);
    c.put("valid_at_the_drift", "as far ahead of the clock as allowed", &s, "Update");
    let mut s = Scenario::new(4);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period - 1;
    c.put("valid_in_the_last_second", "one second before the trust expires", &s, "Update");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(500);
    s.client.latest_timestamp = TimestampSecs(s.trusted.timestamp.0 + 500);
    c.put("valid_below_the_latest", "fills in a height below the newest", &s, "Update");
    let mut s = Scenario::new(4);
    s.number = s.trusted_height as u32 + 1;
    c.put("valid_next_height", "the very next block", &s, "Update");
    let mut s = Scenario::new(4);
    s.number = u32::MAX;
    c.put("valid_last_number", "the highest block number there is", &s, "Update");
    for number in [0x3fu32, 0x40, 0x3fff, 0x4000, 0x3fff_ffff, 0x4000_0000] {
        let mut s = Scenario::new(1);
        (s.trusted_height, s.number) = (7, number);
        s.client.latest_height = Height(7);
        s.restore();
        c.put(&format!("valid_number_{number}"), "at an edge of the compact encoding", &s, "Update");
    }

    let mut s = Scenario::new(4);
    s.stored.push((u64::from(s.number), s.consensus().hash()));
    c.put("known_already", "the same state is stored at this height", &s, "NoOp");
    s.round = 9;
    s.vote(s.set[1..].to_vec());
    c.put("known_by_other_votes", "one block, finalized by another round's votes", &s, "NoOp");
    let mut s = Scenario::new(4);
    s.stored.push((u64::from(s.number), seeded("another state", 0)));
    c.put("conflicts_with_stored", "another block is stored at this height", &s, "Misbehaviour");
    let mut s = Scenario::new(4);
    let mut other = s.consensus();
    other.set_id += 1;
    s.stored.push((u64::from(s.number), other.hash()));
    let what = "the same block is stored with another set: one of the two is forged";
    c.put("conflicts_in_the_set", what, &s, "Misbehaviour");
}

fn messages(c: &mut Cases) {
    let s = Scenario::new(4);
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
    let word = |i: usize| 32 + i * 32;
    put("outer_offset", "the struct starts one word later than it must", flip(31, 0x60));
    put("huge_offset", "an offset of 2^255", flip(word(0), 0x80));
    put("wide_height", "trusted height above 2^64", flip(word(2) + 23, 1));
    put("wide_timestamp", "trusted timestamp above 2^64", flip(word(3) + 23, 1));
    put("wide_set", "trusted set id above 2^64", flip(word(6) + 23, 1));
    put("huge_length", "a header of 2^63 bytes", flip(word(10) + 24, 0x80));
    let header = s.message().header;
    assert_ne!(header.len() % 32, 0);
    put("dirty_padding", "padding of the header is not zero", flip(word(11) + header.len(), 1));
    let mut gap = good.clone();
    gap.splice(word(10)..word(10), [0u8; 32]);
    for field in [0, 1, 8, 9] {
        let at = word(field) + 24;
        let offset = u64::from_be_bytes(gap[at..at + 8].try_into().unwrap()) + 32;
        gap[at..at + 8].copy_from_slice(&offset.to_be_bytes());
    }
    put("gap", "an unused word between head and tail", gap);
    let mut shared = good.clone();
    let head: [u8; 32] = shared[word(8)..word(9)].try_into().unwrap();
    shared[word(9)..word(10)].copy_from_slice(&head);
    put("shared_tail", "two fields point to the same bytes", shared);
}

fn trust(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.client.frozen = true;
    c.put("frozen", "a frozen client takes nothing", &s, "ClientFrozen");
    let mut s = Scenario::new(4);
    s.stored.clear();
    c.put("nothing_stored", "no state at the trusted height", &s, "UnknownTrustedHeight");
    let mut s = Scenario::new(4);
    s.trusted_height = 99;
    c.put("untrusted_height", "a height that is not stored", &s, "UnknownTrustedHeight");
    let mut s = Scenario::new(4);
    s.stored[0].1 = B256::ZERO;
    c.put("stored_hash_zero", "a stored hash of zero is nothing", &s, "UnknownTrustedHeight");
    let mismatch = "TrustedStateMismatch";
    let mut s = Scenario::new(4);
    s.trusted.timestamp.0 += 1;
    c.put("other_time", "a later time would live longer", &s, mismatch);
    let mut s = Scenario::new(4);
    s.trusted.set_id += 1;
    s.signed_set += 1;
    c.put("other_set_id", "votes of the next set under the same keys", &s, mismatch);
    let mut s = Scenario::new(4);
    let stored = s.stored.clone();
    s.trust(crate::common::voters("newcomer", 4));
    s.stored = stored;
    c.put("other_authorities", "the state names other authorities", &s, mismatch);
    let mut s = Scenario::new(4);
    s.trusted.header_hash = seeded("other header", 0);
    c.put("other_header", "the state names another header", &s, mismatch);
    let mut s = Scenario::new(4);
    s.trusted.state_root = seeded("other root", 0);
    c.put("other_root", "the state names another root", &s, mismatch);
    for (name, number) in [("same_height", 100), ("lower_height", 99), ("height_zero", 0)] {
        let mut s = Scenario::new(4);
        s.number = number;
        c.put(name, "not above the trusted height", &s, "HeightNotNewer");
    }
    for (name, root) in [("state_root_zero", B256::ZERO), ("state_root_empty", EMPTY_ROOT)] {
        let mut s = Scenario::new(4);
        s.state_root = Some(root);
        c.put(name, "no chain has no state", &s, "ZeroStateRoot");
    }
}

fn time(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period;
    c.put("expired", "in the second the trust expires", &s, "TrustedStateExpired");
    let mut s = Scenario::new(4);
    s.now = u64::MAX;
    c.put("expired_long_ago", "at the end of time", &s, "TrustedStateExpired");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(500);
    s.client.latest_timestamp = TimestampSecs(s.trusted.timestamp.0 + 604_000);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period;
    let what = "the client is active, but this state of it is too old to build upon";
    c.put("expired_in_an_active_client", what, &s, "TrustedStateExpired");
    let mut s = Scenario::new(4);
    s.set_time(s.now + s.client.rules.max_clock_drift + 1);
    c.put("from_the_future", "one second beyond the drift", &s, "HeaderFromFuture");
    let mut s = Scenario::new(4);
    s.set_time(u64::MAX);
    c.put("from_the_far_future", "the end of time", &s, "HeaderFromFuture");
    let mut s = Scenario::new(4);
    s.set_time(s.trusted.timestamp.0 - 1);
    c.put("time_went_back", "older than the trusted state", &s, "TimeWentBack");
    let mut s = Scenario::new(4);
    s.set_time(0);
    c.put("time_zero", "the epoch", &s, "TimeWentBack");

    // Which of two failing checks is the error.
    let mut s = Scenario::new(4);
    s.client.frozen = true;
    s.stored.clear();
    c.put("order_frozen_first", "frozen before the trusted height", &s, "ClientFrozen");
    let mut s = Scenario::new(4);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period;
    let mut m = s.message();
    m.header = vec![].into();
    c.message("order_expired_before_header", "expiry before the header", &s, &m, "TrustedStateExpired");
    let mut s = Scenario::new(4);
    s.number = 100;
    s.state_root = Some(B256::ZERO);
    c.put("order_height_before_root", "height before state root", &s, "HeightNotNewer");
    let mut s = Scenario::new(4);
    s.state_root = Some(B256::ZERO);
    let mut m = s.message();
    m.authorities = vec![].into();
    c.message("order_root_before_set", "state root before authorities", &s, &m, "ZeroStateRoot");
    let s = Scenario::new(4);
    let mut m = s.message();
    m.authorities = m.authorities[40..].to_vec().into();
    m.justification = vec![].into();
    c.message("order_set_before_votes", "authorities before justification", &s, &m, "AuthoritySetMismatch");
    let mut s = Scenario::new(4);
    s.set_time(u64::MAX);
    s.vote(s.set[..1].to_vec());
    c.put("order_weight_before_time", "weight before time", &s, "TooLittleWeight");
    let mut s = Scenario::new(4);
    s.set_time(u64::MAX);
    s.state.anchor = Some([&[0xff; 8][..], &[1; 24]].concat());
    c.put("order_chain_before_time", "identity before time", &s, "WrongChain");
}
