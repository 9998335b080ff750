//! Evidence: what must freeze the client, and what must not.

use crate::{
    common::{Scenario, SpHeader, anchor, child, genesis, header_hash, state_trie::seeded, voters},
    stored,
};
use alloy_primitives::{B256, Bytes, hex};
use codec::Encode;
use lupu_grandpa::{Misbehaviour, UpdateMessage};
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

fn encode(a: &Scenario, b: &Scenario, ancestry: &[SpHeader]) -> Vec<u8> {
    let ancestry: Vec<Bytes> = ancestry.iter().map(|h| h.encode().into()).collect();
    Misbehaviour { a: a.message(), b: b.message(), ancestry }.encode()
}

/// Block 120 of a fork.
fn fork() -> Scenario {
    let mut s = Scenario::new(4);
    s.parent = seeded("other parent", 0);
    s.vote(s.set[1..].to_vec());
    s
}

/// A scenario whose block stands upon these, the last of which is its parent.
fn upon(parents: &[SpHeader]) -> Scenario {
    let mut s = Scenario::new(4);
    let last = parents.last().unwrap();
    (s.parent, s.number) = (header_hash(last), last.number + 1);
    s.vote(s.set[..3].to_vec());
    s
}

/// `n` blocks upon `first`, `first` among them, lowest first.
fn chain(first: SpHeader, n: usize) -> Vec<SpHeader> {
    let mut out = vec![first];
    for i in 1..=n {
        out.push(child(&out[i - 1], i));
    }
    out
}

fn down(mut headers: Vec<SpHeader>) -> Vec<SpHeader> {
    headers.reverse();
    headers
}

pub fn cases() -> Vec<Value> {
    let mut out = freezes();
    out.extend(does_not_freeze());
    out.extend(broken_ancestry());
    out.extend(refused_updates());
    out.extend(messages());
    out
}

fn freezes() -> Vec<Value> {
    let mut out = Vec::new();
    let base = Scenario::new(4);
    let mut put = |name: &str, what: &str, a: &Scenario, b: &Scenario, ancestry: &[SpHeader]| {
        out.push(case(name, what, a, encode(a, b, ancestry), "Misbehaviour"));
    };
    put("fork", "two blocks of one number", &base, &fork(), &[]);
    put("fork_reversed", "in the other order", &fork(), &base, &[]);
    let mut b = fork();
    b.round = 9;
    put("fork_in_two_rounds", "finalized in two rounds", &base, &b, &[]);
    let mut b = Scenario::new(4);
    b.set_time(b.time() + 1);
    put("fork_other_state", "two states of one number", &base, &b, &[]);
    let mut b = Scenario::new(4);
    b.digest.pop();
    put("fork_same_state", "one state, two headers", &base, &b, &[]);
    let mut b = Scenario::new(4);
    b.digest.push(crate::common::change(&voters("newcomer", 3), 0));
    put("fork_in_the_set", "one of the two blocks changes the authorities", &base, &b, &[]);
    let below = chain(fork().header(), 0);
    put("higher_by_one", "the higher block stands upon a fork", &base, &upon(&below), &down(below));
    let below = chain(fork().header(), 7);
    put("higher_by_eight", "over several blocks", &base, &upon(&below), &down(below));
    let below = chain(fork().header(), 2);
    let mut b = upon(&below);
    b.ballots.last_mut().unwrap().1 = 2;
    put("higher_with_votes_above", "votes above the higher block", &base, &b, &down(below));
    let mut a = base.clone();
    a.stored.push((120, a.consensus().hash()));
    out.push(case("one_stored", "one of the two is stored already", &a, encode(&a, &fork(), &[]), "Misbehaviour"));

    // Each from a state of its own.
    let a = base.clone();
    let mut b = fork();
    b.trusted_height = 110;
    b.stored = vec![a.stored[0], (110, b.trusted.hash())];
    let what = "the two build upon different trusted heights";
    out.push(case("two_trusted_heights", what, &b, encode(&a, &b, &[]), "Misbehaviour"));

    // Each of a set of its own: the first set handed over, and finalizes another block too.
    let next = voters("newcomer", 4);
    let mut handover = Scenario::new(4);
    handover.number = 110;
    handover.digest.push(crate::common::change(&next, 0));
    let after = handover.consensus_with(Some(&next));
    let mut b = Scenario::new(4);
    (b.trusted_height, b.trusted, b.signed_set) = (110, after, after.set_id);
    b.trust(next);
    b.stored = vec![base.stored[0], (110, after.hash())];
    b.set_time(b.time() + 1);
    let what = "the old set and the new one finalize different blocks";
    out.push(case("two_sets", what, &b, encode(&base, &b, &[]), "Misbehaviour"));
    out
}

fn does_not_freeze() -> Vec<Value> {
    let mut out = Vec::new();
    let base = Scenario::new(4);
    let mut put = |name: &str, what: &str, a: &Scenario, b: &Scenario, ancestry: &[SpHeader], expect: &str| {
        out.push(case(name, what, a, encode(a, b, ancestry), expect));
    };
    let not = "NotMisbehaviour";
    put("same_block", "one block twice", &base, &base, &[], not);
    let mut b = Scenario::new(4);
    b.round = 8;
    b.vote(b.set[1..].to_vec());
    put("same_block_other_votes", "one block, finalized twice", &base, &b, &[], not);
    let below = chain(base.header(), 0);
    put("child", "the higher block is the lower one's child", &base, &upon(&below), &down(below), not);
    let below = chain(base.header(), 6);
    put("descendant", "the higher block descends from the lower", &base, &upon(&below), &down(below), not);
    let below = chain(fork().header(), 3);
    put("wrong_order", "the higher block comes first", &upon(&below), &base, &down(below), not);
    let mut b = fork();
    b.number = 121;
    put("wrong_order_bare", "the higher block comes first, no headers", &b, &base, &[], not);
    let below = chain(base.header(), 2);
    let mut b = upon(&below);
    b.set_time(base.time());
    put("equal_timestamps", "two blocks of one chain share a timestamp", &base, &b, &down(below), not);

    // One authority's double vote is no fork: the second block lacks a quorum.
    let mut b = fork();
    b.vote(b.set[..1].to_vec());
    put("double_vote", "one authority finalized two blocks", &base, &b, &[], "TooLittleWeight");
    put("double_vote_reversed", "in the other order", &b, &base, &[], "TooLittleWeight");
    let mut b = fork();
    b.vote([&b.set[..1], &b.set[..1], &b.set[..1]].concat());
    put("double_vote_repeated", "one authority, counted three times", &base, &b, &[], "DuplicateVoter");

    let mut b = fork();
    b.state.anchor = Some(anchor(b.time(), seeded("sister genesis", 0)[..24].try_into().unwrap()));
    put("sister_chain", "the same authorities finalize a sister chain's block", &base, &b, &[], "WrongChain");
    let mut b = fork();
    b.state.anchor = None;
    put("chain_without_anchor", "and one without the pallet", &base, &b, &[], "AnchorAbsent");
    let mut b = fork();
    b.signed_set -= 1;
    put("previous_set", "the same keys finalized a fork in an earlier set", &base, &b, &[], "InvalidSignature");
    let mut b = fork();
    b.vote(voters("newcomer", 4));
    put("foreign_authorities", "a fork of authorities that nobody trusts", &base, &b, &[], "ForeignVoter");
    out
}

fn broken_ancestry() -> Vec<Value> {
    let mut out = Vec::new();
    let a = Scenario::new(4);
    let below = chain(fork().header(), 4);
    let b = upon(&below);
    let good = down(below);
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut Vec<SpHeader>)| {
        let mut headers = good.clone();
        change(&mut headers);
        out.push(case(name, what, &a, encode(&a, &b, &headers), "InvalidAncestry"));
    };
    put("headers_none", "no headers", &|h| h.clear());
    put("headers_without_first", "b's parent is missing", &|h| drop(h.remove(0)));
    put("headers_without_last", "the fork is missing", &|h| drop(h.pop()));
    put("headers_without_middle", "one is missing", &|h| drop(h.remove(2)));
    put("headers_too_many", "one more, below a's height", &|h| h.push(SpHeader { number: 119, ..h[0].clone() }));
    put("headers_reversed", "upwards", &|h| h.reverse());
    put("headers_swapped", "two in the wrong order", &|h| h.swap(1, 2));
    put("headers_twice", "one twice in place of another", &|h| h[2] = h[1].clone());
    put("header_of_another", "one of another block", &|h| h[3].state_root = seeded("forged", 0).0.into());
    put("header_number_lies", "the last has another number", &|h| h[4].number -= 1);
    put("ends_at_a", "the chain of b, with a's header at the end", &|h| h[4] = a.header());

    // The numbers are bound too: a chain by hashes whose numbers jump.
    let odd = SpHeader { number: 130, ..fork().header() };
    let mut jump = Scenario::new(4);
    (jump.parent, jump.number) = (header_hash(&odd), 121);
    let what = "b's parent, by its hash, with a number that is not b's minus one";
    out.push(case("numbers_jump", what, &a, encode(&a, &jump, &[odd]), "InvalidAncestry"));

    let what = "headers where the heights are equal";
    out.push(case("headers_for_equal_heights", what, &a, encode(&a, &fork(), &[a.header()]), "InvalidAncestry"));
    let evidence = |ancestry: Vec<Bytes>| Misbehaviour { a: a.message(), b: b.message(), ancestry }.encode();
    let raw: Vec<Bytes> = good.iter().map(|h| h.encode().into()).collect();
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut Vec<Bytes>)| {
        let mut headers = raw.clone();
        change(&mut headers);
        out.push(case(name, what, &a, evidence(headers), "InvalidAncestry"));
    };
    put("header_empty", "no bytes", &|h| h[1] = Bytes::new());
    put("header_extended", "one byte too many", &|h| h[1] = [&h[1][..], &[0]].concat().into());
    put("header_truncated", "the last byte is missing", &|h| h[4] = h[4][..h[4].len() - 1].to_vec().into());

    // Farther apart than can be shown.
    let mut far = fork();
    far.number = 120 + 1025;
    let child = child(&fork().header(), 1).encode();
    let ancestry = vec![Bytes::from(child); 1025];
    let e = Misbehaviour { a: a.message(), b: far.message(), ancestry }.encode();
    out.push(case("too_far_apart", "1025 blocks apart", &a, e, "InvalidAncestry"));
    out
}

fn refused_updates() -> Vec<Value> {
    let mut out = Vec::new();
    let both = |change: &dyn Fn(&mut Scenario)| {
        let (mut a, mut b) = (Scenario::new(4), fork());
        change(&mut a);
        change(&mut b);
        let evidence = encode(&a, &b, &[]);
        (a, evidence)
    };
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut Scenario), expect: &str| {
        let (a, evidence) = both(change);
        out.push(case(name, what, &a, evidence, expect));
    };
    put("frozen_already", "nothing more to prove", &|s| s.client.frozen = true, "ClientFrozen");
    let expire = |s: &mut Scenario| s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period;
    put("expired", "old keys must not freeze", &expire, "TrustedStateExpired");
    put("unknown_height", "nothing stored", &|s| s.stored.clear(), "UnknownTrustedHeight");
    put("other_trusted_state", "another preimage", &|s| s.trusted.set_id += 1, "TrustedStateMismatch");
    put("not_newer", "not above the trusted height", &|s| s.number = 100, "HeightNotNewer");
    put("no_state", "headers without a state", &|s| s.state_root = Some(B256::ZERO), "ZeroStateRoot");
    put("from_the_future", "ahead of the clock", &|s| s.set_time(s.now + 31), "HeaderFromFuture");
    put("from_the_past", "before the trusted state", &|s| s.set_time(s.trusted.timestamp.0 - 1), "TimeWentBack");
    let force = |s: &mut Scenario| s.digest.push(crate::common::log(vec![2]));
    put("forced_change", "both force a change", &force, "ForcedChange");
    let delay = |s: &mut Scenario| s.digest.push(crate::common::change(&voters("newcomer", 1), 1));
    put("delayed_change", "both delay a change", &delay, "InvalidScheduledChange");

    let (a, b) = (Scenario::new(4), fork());
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut UpdateMessage), expect: &str| {
        let mut m = Misbehaviour { a: a.message(), b: b.message(), ancestry: Vec::new() };
        change(&mut m.b);
        out.push(case(name, what, &a, m.encode(), expect));
    };
    put("second_without_header", "no header", &|m| m.header = Bytes::new(), "MalformedHeader");
    put("second_without_authorities", "no authorities", &|m| m.authorities = Bytes::new(), "InvalidAuthoritySet");
    put("second_of_other_authorities", "others", &|m| m.authorities = vec![1; 40].into(), "AuthoritySetMismatch");
    put("second_without_votes", "no votes", &|m| m.justification = Bytes::new(), "MalformedJustification");
    put(
        "second_of_first_votes",
        "the other's votes",
        &|m| m.justification = a.message().justification,
        "TargetMismatch",
    );
    put("second_without_proof", "no anchor proof", &|m| m.anchor_proof = Bytes::new(), "InvalidProof");
    let mut short = fork();
    short.state.anchor = Some(vec![1; 31]);
    out.push(case("second_short_anchor", "not 32 bytes", &a, encode(&a, &short, &[]), "MalformedAnchor"));
    let _ = genesis();
    out
}

fn messages() -> Vec<Value> {
    let mut out = Vec::new();
    let (a, below) = (Scenario::new(4), chain(fork().header(), 1));
    let b = upon(&below);
    let e = encode(&a, &b, &down(below));
    let mut put = |name: &str, what: &str, evidence: Vec<u8>| {
        out.push(case(&format!("message_{name}"), what, &a, evidence, "MalformedMessage"));
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last word is missing", e[..e.len() - 32].to_vec());
    put("extended", "one word too many", [&e[..], &[0; 32]].concat());
    put("an_update", "an update is no evidence", a.message().encode());
    let mut shared = e.clone();
    let first: [u8; 32] = shared[32..64].try_into().unwrap();
    shared[64..96].copy_from_slice(&first);
    put("shared_tail", "both are the same bytes", shared);

    // The array of headers: its length, and offsets that share or leave out bytes.
    let at = 32 + usize::from(u16::from_be_bytes([e[32 + 94], e[32 + 95]]));
    assert_eq!(e[at + 31], 2, "two headers");
    let set = |word: usize, value: u64| {
        let mut e = e.clone();
        e[at + word * 32 + 24..at + word * 32 + 32].copy_from_slice(&value.to_be_bytes());
        e
    };
    put("headers_more", "three headers are claimed", set(0, 3));
    put("headers_less", "one header is claimed", set(0, 1));
    put("headers_huge", "2^40 headers are claimed", set(0, 1 << 40));
    put("headers_shared", "two headers of the same bytes", set(2, 64));
    put("headers_far", "a header beyond the end", set(2, 1 << 32));
    let mut dirty = e.clone();
    *dirty.last_mut().unwrap() ^= 1;
    put("dirty_padding", "padding of the last header is not zero", dirty);
    out
}
