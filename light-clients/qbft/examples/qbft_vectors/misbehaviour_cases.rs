//! Evidence: what must freeze the client, and what must not.

use crate::{
    common::{Scenario, commitment, path, path_slot, state_trie::seeded, validators},
    stored,
};
use alloy_primitives::{Address, hex};
use lupu_qbft::{Kind::Ibft2, Kind::Qbft, Misbehaviour};
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

pub fn cases() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, a: &Scenario, b: &Scenario, expect: &str| {
        out.push(case(name, what, a, evidence(a, b), expect));
    };
    for kind in [Qbft, Ibft2] {
        let k = kind.name();
        let base = Scenario::new(kind, 4);
        let fork = || {
            let mut b = Scenario::new(kind, 4);
            b.change_state(|state| {
                state.storage.insert(path_slot(&path("forged", 1, 1)), commitment(1));
            });
            b.signers = b.header_set[1..].to_vec();
            b
        };
        let what = "two blocks of one number, two states";
        put(&format!("fork_{k}"), what, &base, &fork(), "Misbehaviour");
        put(&format!("fork_reversed_{k}"), what, &fork(), &base, "Misbehaviour");
        let mut b = Scenario::new(kind, 4);
        b.block.parent_hash = seeded("other parent", 0);
        let what = "two blocks of one number, the same router storage";
        put(&format!("fork_same_storage_{k}"), what, &base, &b, "Misbehaviour");
        let mut b = Scenario::new(kind, 4);
        b.block.timestamp += 1;
        put(&format!("fork_other_time_{k}"), "only the time differs", &base, &b, "Misbehaviour");
        let mut b = Scenario::new(kind, 4);
        b.block.round = 2;
        b.block.parent_hash = seeded("other parent", 0);
        let what = "two blocks of one number, in two rounds";
        put(&format!("fork_two_rounds_{k}"), what, &base, &b, "Misbehaviour");

        let check = "NotMisbehaviour";
        put(&format!("same_header_{k}"), "one header twice", &base, &base, check);
        let mut b = Scenario::new(kind, 4);
        b.block.round = 2;
        put(&format!("two_rounds_{k}"), "one block sealed in two rounds", &base, &b, check);
        let mut b = Scenario::new(kind, 4);
        b.signers = b.header_set[1..].to_vec();
        put(&format!("two_seal_sets_{k}"), "one block, other seals", &base, &b, check);
        let mut b = Scenario::new(kind, 4);
        b.block.number += 1;
        let what = "two numbers, one time: legal on chains with sub-second blocks";
        put(&format!("equal_timestamps_{k}"), what, &base, &b, check);
        let mut b = Scenario::new(kind, 4);
        b.block.number += 1;
        b.block.timestamp -= 10;
        let what = "the later block is older: still two numbers";
        put(&format!("time_runs_back_{k}"), what, &base, &b, check);
        let mut b = fork();
        b.block.number += 1;
        let what = "a following block with another state";
        put(&format!("different_numbers_{k}"), what, &base, &b, check);

        // A double vote of one validator is no fork: the second block lacks a quorum.
        let mut b = fork();
        b.signers.truncate(1);
        let what = "one validator sealed two blocks";
        put(&format!("double_vote_{k}"), what, &base, &b, "TooFewSeals");
        put(&format!("double_vote_reversed_{k}"), what, &b, &base, "TooFewSeals");
    }

    let base = Scenario::new(Qbft, 4);
    let fork = |change: &dyn Fn(&mut Scenario)| {
        let mut b = Scenario::new(Qbft, 4);
        b.block.parent_hash = seeded("other parent", 0);
        change(&mut b);
        b
    };
    let b = fork(&|b| b.change_state(|state| state.router_present = false));
    let what = "a sister network's block of the same number";
    put("sister_network", what, &base, &b, "RouterAbsent");
    let b = fork(&|b| b.change_state(|state| state.code_hash = seeded("other code", 0)));
    put("other_code", "the account holds other code", &base, &b, "RouterCodeMismatch");
    let b = fork(&|b| b.header_lists(validators("newcomer", 4)));
    let what = "a block of validators that nobody trusts";
    put("foreign_validators", what, &base, &b, "TooLittleOverlap");
    let b = fork(&|b| b.block.timestamp = b.now + b.client.rules.max_clock_drift + 1);
    put("from_the_future", "one of them is ahead of the clock", &base, &b, "HeaderFromFuture");
    let b = fork(&|b| b.block.validators = vec![Address::ZERO]);
    let mut m = Misbehaviour { a: base.message(), b: b.message() };
    let joined = crate::common::joined(&b.trusted_set);
    m.b.trusted_validators = joined.into();
    out.push(case("invalid_set", "a set with zero", &base, m.encode(), "InvalidValidatorSet"));

    let b = fork(&|_| {});
    let both = |change: &dyn Fn(&mut Scenario)| {
        let (mut a, mut b) = (base.clone(), b.clone());
        change(&mut a);
        change(&mut b);
        let evidence = evidence(&a, &b);
        (a, evidence)
    };
    let (a, e) = both(&|s| s.client.frozen = true);
    out.push(case("frozen_already", "nothing more to prove", &a, e, "ClientFrozen"));
    let (a, e) = both(&|s| s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period);
    out.push(case("expired", "old keys must not freeze", &a, e, "TrustedStateExpired"));
    let (a, e) = both(&|s| s.stored.clear());
    out.push(case("unknown_height", "nothing stored", &a, e, "UnknownTrustedHeight"));
    let (a, e) = both(&|s| {
        let hash = s.consensus().hash();
        s.stored.push((s.block.number, hash));
    });
    let what = "one of the two is stored already";
    out.push(case("one_stored", what, &a, e, "Misbehaviour"));

    let mut b = b;
    b.trusted_height = 110;
    b.stored = vec![base.stored[0], (110, b.trusted.hash())];
    let e = evidence(&base, &b);
    let what = "the two build upon different trusted heights";
    out.push(case("two_trusted_heights", what, &b, e.clone(), "Misbehaviour"));

    let mut put = |name: &str, what: &str, evidence: Vec<u8>| {
        out.push(case(name, what, &b, evidence, "MalformedMessage"));
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last word is missing", e[..e.len() - 32].to_vec());
    put("extended", "one word too many", [&e[..], &[0; 32]].concat());
    put("an_update", "an update is no evidence", base.message().encode());
    let mut shared = e.clone();
    let first: [u8; 32] = shared[32..64].try_into().unwrap();
    shared[64..96].copy_from_slice(&first);
    put("shared_tail", "both are the same bytes", shared);
    out
}
