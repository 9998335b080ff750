//! Good updates; messages, clocks and the choice of the set.

use crate::{
    Cases,
    common::{Authority, Scenario, T0, authorities, digest_item, set_of, state_trie::seeded},
};
use alloy_primitives::B256;
use lupu_standard::{Height, TimestampSecs};
use serde_json::Value;

pub const SIZES: [usize; 13] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 32, 255];

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    sizes(&mut c);
    good(&mut c);
    parts_at_their_limits(&mut c);
    handovers(&mut c);
    stored_already(&mut c);
    messages(&mut c);
    clocks_and_sets(&mut c);
    c.0
}

fn sizes(c: &mut Cases) {
    for n in SIZES {
        c.put(&format!("valid_{n}"), "as many signatures as are needed", &Scenario::new(n), "Update");
    }
    let mut s = Scenario::new(4);
    s.signers = vec![0, 1, 2, 3];
    c.put("valid_all_signatures", "all authorities signed", &s, "Update");
    let mut s = Scenario::new(7);
    s.signers = vec![0, 2, 3, 5, 6];
    c.put("valid_with_gaps", "some in between did not sign", &s, "Update");
    let mut s = Scenario::new(7);
    s.signers = vec![0, 1, 2, 4, 5, 6];
    c.put("valid_one_more", "one signature more than needed", &s, "Update");
}

fn good(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.committed = 150;
    c.put("valid_older_leaf", "block 120 by its own leaf, under a later commitment", &s, "Update");
    s.leaf_next = set_of(3, &s.heirs);
    c.put("valid_older_leaf_other_session", "an older leaf names the next set of its own time", &s, "Update");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(500);
    s.client.latest_timestamp = TimestampSecs(T0 + 500);
    s.now = T0 + 510;
    c.put("valid_below_the_latest", "fills in a height below the newest", &s, "Update");
    s.committed = 511;
    c.put("valid_below_the_latest_by_a_newer", "by a newer commitment", &s, "Update");
    s.set_time(T0 + 500);
    c.put("valid_below_in_the_same_second", "as late as the newest height", &s, "Update");
    let mut s = Scenario::new(4);
    s.set_height(0);
    s.set_time(T0 - 500);
    c.put("valid_genesis_block", "the first leaf is about block 0", &s, "Update");
    let mut s = Scenario::new(4);
    s.client.first_mmr_block = 50;
    c.put("valid_late_first_block", "the first leaf is of block 50", &s, "Update");
    s.client.first_mmr_block = 101;
    s.set_height(101);
    s.committed = 102;
    c.put("valid_second_leaf", "two leaves, the second", &s, "Update");
    for (name, committed, number) in
        [("one_peak", 128, 120), ("one_peak_last", 128, 127), ("many_peaks", 127, 120), ("many_peaks_last", 127, 126)]
    {
        let mut s = Scenario::new(4);
        s.committed = committed;
        s.set_height(number);
        c.put(&format!("valid_{name}"), "by the shape of the mountain range", &s, "Update");
    }
    let mut s = Scenario::new(1);
    s.set_height(70_000);
    s.committed = 70_001;
    s.client.first_mmr_block = 69_000;
    s.client.latest_height = Height(69_500);
    c.put("valid_large_number", "a block number of four compact bytes", &s, "Update");
    let mut s = Scenario::new(4);
    s.set_time(s.now + s.client.rules.max_clock_drift);
    c.put("valid_at_the_drift", "as far ahead of the clock as allowed", &s, "Update");
    let mut s = Scenario::new(4);
    s.set_time(T0);
    c.put("valid_equal_time", "later blocks of the same second", &s, "Update");
    let mut s = Scenario::new(4);
    s.now = T0 + s.client.rules.trusting_period - 1;
    c.put("valid_in_the_last_second", "one second before the client expires", &s, "Update");
    let mut s = Scenario::new(4);
    s.client.latest_timestamp = TimestampSecs(u64::MAX - 5);
    s.set_time(u64::MAX - 4);
    s.now = u64::MAX - 4;
    c.put("valid_end_of_time", "sums do not wrap", &s, "Update");
    let mut s = Scenario::new(4);
    s.change_state(|state| {
        let key = state.anchor_key();
        state.entries.retain(|k, _| *k == key);
    });
    c.put("valid_lonely_anchor", "the state is one leaf", &s, "Update");
}

fn parts_at_their_limits(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.payloads = vec![(*b"aa", vec![1; 3]), (*b"zz", Vec::new())];
    c.put("valid_three_payloads", "others before and after the root", &s, "Update");
    s.payloads = (0..15).map(|i| ([b'a' + i, b'x'], vec![i; usize::from(i)])).collect();
    c.put("valid_16_payloads", "as many as can be", &s, "Update");
    let mut s = Scenario::new(4);
    s.payloads = vec![(*b"zz", vec![7; 1024 - 48 - 4])];
    assert_eq!(s.commitment().len(), 1024);
    c.put("valid_longest_commitment", "1,024 bytes", &s, "Update");
    let mut s = Scenario::new(4);
    s.leaf_extra = Vec::new();
    c.put("valid_shortest_leaf", "81 bytes", &s, "Update");
    s.leaf_extra = vec![5; 1024 - 81];
    c.put("valid_longest_leaf", "1,024 bytes", &s, "Update");
    s.leaf_extra = vec![0];
    s.leaf_version = 0x1f;
    c.put("valid_minor_version", "a minor version may be any", &s, "Update");
    let mut s = Scenario::new(4);
    s.change_header(|h| h.digest.clear());
    c.put("valid_no_digest", "a header without digest items", &s, "Update");
    s.change_header(|h| {
        h.digest = vec![
            vec![0, 8, 1, 2],
            digest_item(4, b"BEEF", &[3; 33]),
            digest_item(5, b"aura", &[2; 64]),
            digest_item(6, b"aura", &[]),
            vec![8],
        ];
    });
    c.put("valid_all_digest_items", "each kind of digest item", &s, "Update");
    s.change_header(|h| h.digest = vec![digest_item(4, b"FRNK", &[1; 4096 - 98 - 8])]);
    assert_eq!(s.header.encode().len(), 4096);
    c.put("valid_longest_header", "4,096 bytes", &s, "Update");
}

fn handovers(c: &mut Cases) {
    for n in SIZES {
        c.put(&format!("handover_{n}"), "the next set signed and takes over", &Scenario::handover(n), "Update");
    }
    let mut s = Scenario::handover(4);
    s.heirs = authorities("heir", 255);
    s.leaf_next = set_of(9, &s.heirs);
    c.put("handover_to_many", "the set after the next has 255 authorities", &s, "Update");
    s.heirs.truncate(1);
    s.leaf_next = set_of(9, &s.heirs);
    c.put("handover_to_one", "the set after the next has one authority", &s, "Update");
    let mut s = Scenario::new(4);
    s.next = authorities("successor", 7);
    s.client.next = set_of(8, &s.next);
    s.signed_by_next();
    c.put("handover_between_sizes", "4 authorities hand over to 7, those to 4", &s, "Update");

    let shared = |change: fn(&mut Scenario)| {
        let mut s = Scenario::new(4);
        s.next = s.current.clone();
        s.client.next = set_of(8, &s.next);
        s.leaf_next = s.client.next;
        change(&mut s);
        s
    };
    let s = shared(|_| {});
    c.put("shared_root_current", "two sets of one root: the id says that the current one signed", &s, "Update");
    let s = shared(Scenario::signed_by_next);
    c.put("shared_root_next", "two sets of one root: the id says that the next one signed", &s, "Update");
    let mut s = shared(Scenario::signed_by_next);
    s.heirs = s.current.clone();
    s.leaf_next = set_of(9, &s.heirs);
    c.put("shared_root_all", "the same keys in three sessions", &s, "Update");
    let s = shared(|s| s.leaf_next = set_of(9, &s.current));
    let what = "the current one signed, the leaf names the set after the next";
    c.put("shared_root_leaf_of_the_next", what, &s, "NextSetMismatch");
}

fn stored_already(c: &mut Cases) {
    let known = |mut s: Scenario, hash: Option<B256>| {
        let hash = hash.unwrap_or_else(|| s.consensus().hash());
        s.stored.push((u64::from(s.leaf_number), hash));
        s
    };
    let what = "the same state is stored at this height";
    c.put("known_already", what, &known(Scenario::new(4), None), "NoOp");
    c.put("known_already_handover", "known, and yet the sets move on", &known(Scenario::handover(4), None), "NoOp");
    let other = Some(seeded("another state", 0));
    let what = "another state is stored at this height";
    c.put("conflicts_with_stored", what, &known(Scenario::new(4), other), "Misbehaviour");
    let what = "another state is stored: the client freezes, the sets stay";
    c.put("conflicts_with_stored_handover", what, &known(Scenario::handover(4), other), "Misbehaviour");
    let what = "a stored hash of zero is nothing";
    c.put("stored_hash_zero", what, &known(Scenario::new(4), Some(B256::ZERO)), "Update");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(120);
    s.client.latest_timestamp = TimestampSecs(s.time());
    s.client.first_mmr_block = 121;
    let s = known(s, None);
    assert!(s.mmr().1.is_empty());
    c.put("known_by_the_only_leaf", "one leaf, no items, the newest height again", &s, "NoOp");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(120);
    s.client.latest_timestamp = TimestampSecs(T0 + 121);
    let s = known(s, other);
    c.put("conflicts_in_time_with_the_latest", "the newest height at another time", &s, "Misbehaviour");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(120);
    s.client.latest_timestamp = TimestampSecs(T0 + 119);
    c.put("latest_not_stored", "the newest height is not newer than itself: its time stays", &s, "Update");
}

fn messages(c: &mut Cases) {
    let s = Scenario::new(1);
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
    put("huge_length", "a length of 2^255", flip(32 + 7 * 32, 0x80));
    let commitment = s.commitment().len();
    assert_ne!(commitment % 32, 0);
    put("dirty_padding", "padding of the commitment is not zero", flip(32 + 7 * 32 + 32 + commitment, 1));
    let mut gap = good.clone();
    gap.splice(32 + 7 * 32..32 + 7 * 32, [0u8; 32]);
    for word in 0..7 {
        let at = 32 + word * 32 + 24;
        let offset = u64::from_be_bytes(gap[at..at + 8].try_into().unwrap()) + 32;
        gap[at..at + 8].copy_from_slice(&offset.to_be_bytes());
    }
    put("gap", "an unused word between head and tail", gap);
    let mut shared = good.clone();
    let (from, to) = (32 + 5 * 32, 32 + 6 * 32);
    let head: [u8; 32] = shared[from..from + 32].try_into().unwrap();
    shared[to..to + 32].copy_from_slice(&head);
    put("shared_tail", "two fields point to the same bytes", shared);
}

fn clocks_and_sets(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.client.frozen = true;
    c.put("frozen", "a frozen client takes nothing", &s, "ClientFrozen");
    let mut s = Scenario::new(4);
    s.now = T0 + s.client.rules.trusting_period;
    c.put("expired", "the trust ends in this second", &s, "ClientExpired");
    s.client.frozen = true;
    c.put("frozen_and_expired", "frozen comes first", &s, "ClientFrozen");
    let mut s = Scenario::new(4);
    s.set_time(s.now + s.client.rules.max_clock_drift + 1);
    c.put("from_the_future", "one second past the drift", &s, "HeaderFromFuture");
    let mut s = Scenario::new(4);
    s.set_time(u64::MAX);
    c.put("from_the_end_of_time", "the last second there is", &s, "HeaderFromFuture");
    let mut s = Scenario::new(4);
    s.set_time(T0 - 1);
    c.put("time_went_back", "a newer height, older than the newest state", &s, "TimeWentBack");
    let mut s = Scenario::new(4);
    s.client.latest_height = Height(500);
    s.client.latest_timestamp = TimestampSecs(T0 + 119);
    c.put("time_ran_ahead", "an older height, newer than the newest state", &s, "TimeWentBack");

    let as_set = |id: u64, signing: fn(&Scenario) -> Vec<Authority>| {
        let mut s = Scenario::new(4);
        s.set_id = id;
        s.signing = signing(&s);
        s
    };
    let check = "UnknownAuthoritySet";
    c.put("set_before", "the set before the current one", &as_set(6, |s| s.current.clone()), check);
    c.put("set_zero", "set 0", &as_set(0, |s| s.current.clone()), check);
    c.put("set_skipped", "the set after the next: a handover is missing", &as_set(9, |s| s.heirs.clone()), check);
    c.put("set_last", "set 2^64 - 1", &as_set(u64::MAX, |s| s.current.clone()), check);
    let what = "the next set's id under the current set's signatures";
    c.put("set_of_others", what, &as_set(8, |s| s.current.clone()), "AuthoritySetMismatch");
    let what = "the current set's id under the next set's signatures";
    c.put("set_of_successors", what, &as_set(7, |s| s.next.clone()), "AuthoritySetMismatch");
}
