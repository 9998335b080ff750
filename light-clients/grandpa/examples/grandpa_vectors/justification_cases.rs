//! Justifications alone, and what the source chain's own software makes of them.

use crate::common::{Just, Scenario, Voter, child, header_hash, joined, native, odd_signatures, voters, weigh};
use alloy_primitives::{B256, hex};
use codec::{Decode, Encode};
use serde_json::{Value, json};
use sp_consensus_grandpa::GrandpaJustification;

struct Cases(Vec<Value>);

impl Cases {
    /// `node` is what the chain's own software must say; it is asked.
    fn put(&mut self, name: &str, what: &str, s: &Scenario, j: &Just, node: bool, expect: &str) {
        let raw = j.encode();
        let asked = GrandpaJustification::decode(&mut &raw[..]);
        let asked = asked.is_ok_and(|j| native::accepts(&j, &s.set, s.trusted.set_id));
        assert_eq!(asked, node, "{name}");
        let good = expect == "ok";
        let signers: Vec<B256> = if good { j.ballots.iter().map(|b| b.key).collect() } else { Vec::new() };
        self.0.push(json!({
            "name": name,
            "description": what,
            "justification": hex::encode_prefixed(raw),
            "set_id": s.trusted.set_id,
            "authorities": hex::encode_prefixed(joined(&s.set)),
            "expect": expect,
            "node": node,
            "round": if good { j.round } else { 0 },
            "target_hash": if good { j.hash } else { B256::ZERO },
            "target_number": if good { j.number } else { 0 },
            "signers": signers,
        }));
    }
}

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    both_take(&mut c);
    both_refuse(&mut c);
    only_the_node_takes(&mut c);
    only_the_client_takes(&mut c);
    c.0
}

fn both_take(c: &mut Cases) {
    for n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 64] {
        let s = Scenario::new(n);
        c.put(&format!("quorum_of_{n}"), "as many votes as must be", &s, &s.just(), true, "ok");
    }
    let mut s = Scenario::new(4);
    s.vote(s.set.clone());
    c.put("all_votes", "everybody voted", &s, &s.just(), true, "ok");
    let mut s = Scenario::new(4);
    s.trust(weigh(&s.set, &[5, 2, 2, 1]));
    c.put("weights", "two of four, with 7 of 10", &s, &s.just(), true, "ok");
    let mut s = Scenario::new(10);
    s.ballots = s.set.iter().cloned().zip([0, 0, 1, 2, 3, 3, 2]).collect();
    c.put("votes_above", "votes above the target, with the headers between", &s, &s.just(), true, "ok");
    let mut s = Scenario::new(10);
    s.ballots = s.set.iter().cloned().zip([0; 5]).collect();
    let mut j = s.just();
    for (salt, voter) in [(1, 5), (2, 6)] {
        let fork = child(&s.header(), salt);
        j.ballots.push(s.set[voter].sign(&header_hash(&fork), fork.number, s.round, s.signed_set));
        j.ancestry.push(fork.encode());
    }
    c.put("forks_above", "votes for two children of the target", &s, &j, true, "ok");
    for odd in odd_signatures::cases() {
        let mut s = Scenario::new(1);
        s.trust(vec![Voter { key: odd.key, ..s.set[0].clone() }]);
        let mut j = s.just();
        j.ballots[0].signature = (odd.sign)(&s.vote_bytes());
        let expect = if odd.good { "ok" } else { "InvalidSignature" };
        c.put(&format!("odd_{}", odd.name), odd.what, &s, &j, odd.good, expect);
    }
}

fn both_refuse(c: &mut Cases) {
    let s = Scenario::new(4);
    let mut put = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut Just)| {
        let mut j = s.just();
        change(&mut j);
        c.put(name, what, &s, &j, false, expect);
    };
    put("one_short", "one vote less", "TooLittleWeight", &|j| j.ballots.truncate(2));
    put("no_votes", "nobody voted", "TooLittleWeight", &|j| j.ballots.clear());
    put("other_round", "the round is not the signed one", "InvalidSignature", &|j| j.round += 1);
    put("bit_flipped", "one bit of a signature", "InvalidSignature", &|j| j.ballots[0].signature[9] ^= 1);
    put("other_target", "the votes are for another block", "InvalidAncestry", &|j| j.hash = B256::repeat_byte(1));
    put("other_target_number", "the target's number lies", "InvalidAncestry", &|j| j.number += 1);
    let above = s.chain(1)[1].encode();
    put("unused_header", "a header on nobody's way", "UnusedAncestry", &|j| j.ancestry.push(above.clone()));
    put("missing_header", "a vote above the target without headers", "InvalidAncestry", &|j| {
        j.ballots.push(s.set[3].sign(&B256::repeat_byte(5), j.number + 2, s.round, s.signed_set));
    });
    for (name, id) in [("previous_set", s.trusted.set_id - 1), ("next_set", s.trusted.set_id + 1)] {
        let mut s = Scenario::new(4);
        s.signed_set = id;
        c.put(name, "signed by the same keys for another set", &s, &s.just(), false, "InvalidSignature");
    }
    let mut s = Scenario::new(4);
    s.vote(voters("newcomer", 4));
    c.put("foreign_all", "nobody of the set voted", &s, &s.just(), false, "ForeignVoter");
}

/// A node forgives what costs a chain room: the relayer leaves it out.
fn only_the_node_takes(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.vote([&s.set[..3], &voters("newcomer", 1)[..]].concat());
    c.put("foreign_extra", "a stranger's vote beside a quorum", &s, &s.just(), true, "ForeignVoter");
    let mut s = Scenario::new(4);
    s.vote([&s.set[..3], &s.set[..1]].concat());
    c.put("vote_twice", "one vote twice, enough without it", &s, &s.just(), true, "DuplicateVoter");
    let mut s = Scenario::new(4);
    s.vote(s.set[..3].to_vec());
    s.ballots.push((s.set[0].clone(), 1));
    c.put("equivocation", "one voter for the target and its child", &s, &s.just(), true, "DuplicateVoter");
    let mut s = Scenario::new(10);
    s.ballots = s.set.iter().cloned().zip([0, 0, 0, 0, 0, 1, 1]).collect();
    let mut j = s.just();
    j.ancestry.push(j.ancestry[0].clone());
    c.put("header_twice", "a header twice", &s, &j, true, "UnusedAncestry");

    // The target's parent gets a vote; the target has a quorum without it.
    let s = Scenario::new(4);
    let parent = child(&s.header(), 3);
    let mut s = s;
    (s.parent, s.number) = (header_hash(&parent), parent.number + 1);
    s.vote(s.set[..3].to_vec());
    let mut j = s.just();
    j.ballots.push(s.set[3].sign(&header_hash(&parent), parent.number, s.round, s.signed_set));
    j.ancestry.push(s.header().encode());
    c.put("vote_below", "a vote for the target's parent beside a quorum", &s, &j, true, "InvalidAncestry");
}

/// A target below the highest block that the votes finalize is final as well.
fn only_the_client_takes(c: &mut Cases) {
    let mut s = Scenario::new(4);
    s.ballots = s.set.iter().cloned().zip([1, 1, 2]).collect();
    c.put("all_above", "everybody voted for the target's child", &s, &s.just(), false, "ok");
}
