//! Evidence: what must freeze the client, and what must not.

use crate::{
    common::{Authority, Scenario, T0, authorities, state_trie::seeded},
    stored,
};
use alloy_primitives::hex;
use lupu_beefy::Misbehaviour;
use lupu_standard::{Height, TimestampSecs};
use serde_json::{Value, json};

fn case(name: &str, description: &str, s: &Scenario, evidence: Vec<u8>, expect: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "client_state": hex::encode_prefixed(s.client.encode()),
        "stored": stored(s),
        "now": s.now,
        "evidence": hex::encode_prefixed(evidence),
        "expect": expect,
    })
}

fn evidence(a: &Scenario, b: &Scenario) -> Vec<u8> {
    Misbehaviour { a: a.message(), b: b.message() }.encode()
}

/// The same block in another history, signed by others as far as can be.
fn fork(n: usize, change: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut b = Scenario::new(n);
    b.history = "fork";
    b.signers = (n - b.signers.len()..n).collect();
    change(&mut b);
    b
}

struct Pairs(Vec<Value>);

impl Pairs {
    fn put(&mut self, name: &str, what: &str, a: &Scenario, b: &Scenario, expect: &str) {
        self.0.push(case(name, what, a, evidence(a, b), expect));
    }
}

pub fn cases() -> Vec<Value> {
    let mut c = Pairs(Vec::new());
    forks(&mut c);
    no_forks(&mut c);
    not_accepted(&mut c);
    clients(&mut c);
    malformed(&mut c);
    c.0
}

fn forks(c: &mut Pairs) {
    let freezes = "Misbehaviour";
    for n in [1, 2, 3, 4, 7, 16] {
        let (a, b) = (Scenario::new(n), fork(n, |_| {}));
        c.put(&format!("fork_{n}"), "two histories of one block", &a, &b, freezes);
        c.put(&format!("fork_reversed_{n}"), "the other way round", &b, &a, freezes);
    }
    let a = Scenario::new(4);
    let b = fork(4, |b| b.change_state(|state| drop(state.entries.insert(b"forged".to_vec(), vec![1]))));
    c.put("fork_of_the_state", "the block before has two states", &a, &b, freezes);
    let b = fork(4, |b| {
        b.history = "leaf";
        b.change_header(|h| h.extrinsics_root = seeded("other extrinsics", 0));
    });
    c.put("fork_same_state", "two blocks of one state", &a, &b, freezes);
    let b = fork(4, |b| {
        b.set_height(110);
        b.set_time(T0 + 110);
    });
    c.put("fork_other_heights", "shown by the leaves of two blocks", &a, &b, freezes);
    let b = fork(4, |b| b.payloads = vec![(*b"aa", vec![1])]);
    c.put("fork_other_payloads", "with other payloads beside the root", &a, &b, freezes);
    let b = fork(4, Scenario::signed_by_next);
    c.put("fork_of_two_sets", "the current set signed one, the next set the other", &a, &b, freezes);
    let a = Scenario::handover(4);
    c.put("fork_of_the_next_set", "the next set signed both", &a, &b, freezes);
    let mut later = fork(4, |b| b.committed = 150);
    let mut a = Scenario::new(4);
    a.committed = 150;
    c.put("fork_by_older_leaves", "leaves older than the commitments", &a, &later, freezes);
    let hash = a.consensus().hash();
    a.stored.push((120, hash));
    c.put("one_stored", "one of the two is stored already", &a, &later, freezes);
    a.stored[1].1 = seeded("another state", 0);
    c.put("neither_stored", "a third state is stored", &a, &later, freezes);
    later.client.latest_height = Height(500);
    later.client.latest_timestamp = TimestampSecs(T0 + 500);
    let mut a = Scenario::new(4);
    a.committed = 150;
    a.client = later.client.clone();
    c.put("fork_in_the_past", "below the newest height", &a, &later, freezes);
}

fn no_forks(c: &mut Pairs) {
    let check = "NotMisbehaviour";
    let a = Scenario::new(4);
    c.put("same_twice", "one update twice", &a, &a, check);
    let mut b = Scenario::new(4);
    b.signers = vec![1, 2, 3];
    c.put("same_by_others", "one commitment signed by others", &a, &b, check);
    let mut b = Scenario::new(4);
    b.payloads = vec![(*b"zz", vec![1; 8])];
    c.put("same_root_other_payloads", "one root, other payloads beside it", &a, &b, check);
    let mut b = Scenario::new(4);
    b.committed = 122;
    c.put("different_blocks", "commitments of two blocks", &a, &b, check);
    let b = fork(4, |b| b.committed = 122);
    c.put("different_blocks_of_two_histories", "two histories, but of two blocks", &a, &b, check);
    let b = fork(4, |b| {
        b.committed = 122;
        b.set_height(121);
        b.set_time(T0 + 120);
    });
    c.put("equal_times", "two blocks of one second", &a, &b, check);
}

fn not_accepted(c: &mut Pairs) {
    for n in [2, 4, 7] {
        let a = Scenario::new(n);
        let b = fork(n, |b| b.signers.truncate(b.signers.len() - 1));
        c.put(&format!("forged_{n}"), "one is one signature short", &a, &b, "TooFewSignatures");
        c.put(&format!("forged_reversed_{n}"), "the other way round", &b, &a, "TooFewSignatures");
    }
    let a = Scenario::new(4);
    let b = fork(4, |b| b.signers = vec![3]);
    c.put("double_vote", "one authority signed both", &a, &b, "TooFewSignatures");
    let b = fork(4, |b| b.signing[3] = Authority::new("stranger", 0));
    c.put("with_a_stranger", "a set with somebody else in it", &a, &b, "AuthoritySetMismatch");
    let b = fork(4, |b| b.signing = authorities("stranger", 4));
    c.put("by_strangers", "a history of a set that nobody trusts", &a, &b, "AuthoritySetMismatch");
    let b = fork(4, |b| b.set_id = 6);
    c.put("by_a_former_set", "signed as the set before", &a, &b, "UnknownAuthoritySet");
    let b = fork(4, |b| b.change_state(|s| s.set_anchor(T0 + 120, &[7; 24])));
    c.put("sister_network", "a sister network's block of this number", &a, &b, "WrongChain");
    let b = fork(4, |b| b.change_state(|s| drop(s.entries.remove(&s.anchor_key()))));
    c.put("without_the_pallet", "another chain of these authorities", &a, &b, "AnchorAbsent");
    let b = fork(4, |b| b.set_time(b.now + 31));
    c.put("from_the_future", "one is ahead of the clock", &a, &b, "HeaderFromFuture");
    let b = fork(4, |b| b.set_time(T0 - 1));
    c.put("time_went_back", "one is older than the newest state", &a, &b, "TimeWentBack");
    let b = fork(4, |b| b.root = Some(seeded("no history", 0)));
    c.put("no_history", "a root of nothing", &a, &b, "InvalidMmrProof");
    let b = fork(4, |b| b.leaf_next.root.0[0] ^= 1);
    c.put("other_heirs", "one names another next set", &a, &b, "NextSetMismatch");
    let b = fork(4, |b| {
        b.signed_by_next();
        b.committed = 130;
    });
    c.put("handover_not_bound", "the next set by an older leaf", &a, &b, "HandoverLeafNotBound");
}

fn clients(c: &mut Pairs) {
    let b = fork(4, |_| {});
    let mut a = Scenario::new(4);
    a.client.frozen = true;
    c.put("frozen_already", "nothing more to prove", &a, &b, "ClientFrozen");
    let mut a = Scenario::new(4);
    a.now = T0 + a.client.rules.trusting_period;
    c.put("expired", "old keys must not freeze", &a, &b, "ClientExpired");
    let mut a = Scenario::new(4);
    a.now = T0 + a.client.rules.trusting_period - 1;
    c.put("last_second", "one second before the client expires", &a, &b, "Misbehaviour");
}

fn malformed(c: &mut Pairs) {
    let (a, b) = (Scenario::new(1), fork(1, |_| {}));
    let e = evidence(&a, &b);
    let mut put = |name: &str, what: &str, evidence: Vec<u8>| {
        c.0.push(case(name, what, &a, evidence, "MalformedMessage"));
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last word is missing", e[..e.len() - 32].to_vec());
    put("extended", "one word too many", [&e[..], &[0; 32]].concat());
    put("an_update", "an update is no evidence", a.message().encode());
    let mut shared = e.clone();
    let first: [u8; 32] = shared[32..64].try_into().unwrap();
    shared[64..96].copy_from_slice(&first);
    put("shared_tail", "both are the same bytes", shared);
}
