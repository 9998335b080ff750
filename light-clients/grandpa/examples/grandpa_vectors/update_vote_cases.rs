//! Authorities, votes, their signatures and weights.

use crate::{
    Cases,
    common::{Ballot, Just, Scenario, Voter, joined, odd_signatures, voters, weigh},
};
use alloy_primitives::{B256, keccak256};
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    thresholds(&mut c);
    weights(&mut c);
    sets(&mut c);
    voters_of_other_sets(&mut c);
    signatures(&mut c);
    targets(&mut c);
    odd(&mut c);
    c.0
}

/// n, and how many of n authorities of weight 1 finalize: n − ⌊(n − 1)/3⌋, written down.
const QUORUMS: [(usize, usize); 12] =
    [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (8, 6), (9, 7), (10, 7), (16, 11), (64, 43)];

fn thresholds(c: &mut Cases) {
    for (n, quorum) in QUORUMS {
        let mut s = Scenario::new(n);
        s.vote(s.set[..quorum].to_vec());
        c.put(&format!("quorum_{quorum}_of_{n}"), "as many as must be", &s, "Update");
        s.vote(s.set[..quorum - 1].to_vec());
        c.put(&format!("too_few_{}_of_{n}", quorum - 1), "one vote less", &s, "TooLittleWeight");
    }
    let mut s = Scenario::new(4);
    s.ballots.clear();
    c.put("no_votes", "nobody voted", &s, "TooLittleWeight");
}

fn weights(c: &mut Cases) {
    let mut put = |name: &str, weights: &[u64], who: &[usize], expect: &str| {
        let mut s = Scenario::new(weights.len());
        s.trust(weigh(&s.set, weights));
        s.vote(who.iter().map(|i| s.set[*i].clone()).collect::<Vec<_>>());
        c.put(name, "votes count by weight", &s, expect);
    };
    let few = "TooLittleWeight";
    // 10 together: 7 is needed.
    put("weights_exact", &[5, 2, 2, 1], &[0, 1], "Update");
    put("weights_one_short", &[5, 2, 2, 1], &[0, 3], few);
    put("weights_light_majority", &[5, 2, 2, 1], &[1, 2, 3], few);
    // 100 together: 67 is needed.
    put("weights_heavy_alone", &[67, 11, 11, 11], &[0], "Update");
    put("weights_heavy_alone_short", &[66, 12, 11, 11], &[0], few);
    put("weights_all_but_heavy", &[66, 12, 11, 11], &[1, 2, 3], few);
    // 2^64 − 1 together, a multiple of three: one more than two thirds is needed.
    let third = u64::MAX / 3;
    put("weights_largest", &[third, third, third - 1, 1], &[0, 1, 3], "Update");
    put("weights_largest_short", &[third, third, third], &[0, 1], few);
    put("weights_huge", &[u64::MAX - 3, 1, 1, 1], &[0], "Update");
    put("weights_huge_missing", &[u64::MAX - 3, 1, 1, 1], &[1, 2, 3], few);
}

fn sets(c: &mut Cases) {
    let invalid = "InvalidAuthoritySet";
    let mut put = |name: &str, what: &str, authorities: Vec<u8>, expect: &str| {
        let mut s = Scenario::new(4);
        s.trusted.authorities_hash = keccak256(&authorities);
        s.restore();
        let mut m = s.message();
        m.authorities = authorities.into();
        c.message(name, what, &s, &m, expect);
    };
    let set = voters("authority", 4);
    let good = joined(&set);
    put("set_empty", "no authorities", Vec::new(), invalid);
    put("set_truncated", "a byte is missing", good[..159].to_vec(), invalid);
    put("set_extended", "a byte too many", [&good[..], &[0]].concat(), invalid);
    put("set_without_last_weight", "a key without a weight", good[..152].to_vec(), invalid);
    put("set_twice", "an authority twice", joined(&[&set[..], &set[..1]].concat()), invalid);
    let other_weight = [set[0].clone(), set[1].clone(), weigh(&set[..1], &[5])[0].clone()];
    put("set_twice_other_weight", "an authority twice with two weights", joined(&other_weight), invalid);
    put("set_weight_zero", "an authority without weight", joined(&weigh(&set, &[1, 1, 1, 0])), invalid);
    put("set_weights_overflow", "2^64 together", joined(&weigh(&set, &[u64::MAX - 2, 1, 1, 1])), invalid);
    let many: Vec<u8> =
        (0..1025u64).flat_map(|i| [keccak256(i.to_be_bytes()).as_slice(), &1u64.to_le_bytes()].concat()).collect();
    put("set_too_large", "1025 authorities", many.clone(), invalid);
    put("set_largest_without_us", "1024 authorities, none of whom voted", many[..1024 * 40].to_vec(), "ForeignVoter");

    let mismatch = "AuthoritySetMismatch";
    let mut put = |name: &str, what: &str, authorities: Vec<u8>| {
        let s = Scenario::new(4);
        let mut m = s.message();
        m.authorities = authorities.into();
        c.message(name, what, &s, &m, mismatch);
    };
    put("set_of_others", "other authorities", joined(&voters("newcomer", 4)));
    put("set_without_last", "one left out", good[..120].to_vec());
    put("set_with_more", "one more", joined(&voters("authority", 5)));
    put("set_reordered", "in another order", joined(&[set[1].clone(), set[0].clone(), set[2].clone(), set[3].clone()]));
    put("set_reweighted", "with other weights", joined(&weigh(&set, &[9, 1, 1, 1])));
}

fn voters_of_other_sets(c: &mut Cases) {
    let foreign = "ForeignVoter";
    let newcomers = voters("newcomer", 4);
    let mut s = Scenario::new(4);
    s.vote(newcomers.clone());
    c.put("foreign_all", "nobody of the set voted", &s, foreign);
    let mut s = Scenario::new(4);
    s.vote([&s.set[..3], &newcomers[..1]].concat());
    c.put("foreign_extra", "a quorum and one more from elsewhere", &s, foreign);
    let mut s = Scenario::new(4);
    s.vote([&newcomers[..1], &s.set[..3]].concat());
    c.put("foreign_first", "the stranger comes first", &s, foreign);
    let mut s = Scenario::new(4);
    s.vote([&s.set[..3], &newcomers[..1]].concat());
    let mut j = s.just();
    j.ballots[3].signature = [0; 64];
    c.message("foreign_unsigned", "strangers are refused before their signatures", &s, &of(&s, &j), foreign);

    let twice = "DuplicateVoter";
    let mut s = Scenario::new(4);
    s.vote([&s.set[..2], &s.set[..1]].concat());
    c.put("duplicate_vote", "one vote counted twice", &s, twice);
    let mut s = Scenario::new(4);
    s.vote([&s.set[..3], &s.set[..1]].concat());
    c.put("duplicate_beyond_quorum", "one vote twice, enough without it", &s, twice);
    let mut s = Scenario::new(4);
    s.vote(s.set[..2].to_vec());
    s.ballots.push((s.set[0].clone(), 1));
    let what = "one voter for the target and for its child: two votes of one voter";
    c.put("duplicate_voter_above", what, &s, twice);
    let mut s = Scenario::new(4);
    s.vote(s.set[..3].to_vec());
    let mut j = s.just();
    let equivocation = s.set[0].sign(&B256::repeat_byte(9), s.number, s.round, s.signed_set);
    j.ballots.push(equivocation);
    let what = "one voter for two blocks of one number: reported elsewhere, refused here";
    c.message("equivocation", what, &s, &of(&s, &j), twice);
    let mut j = s.just();
    let mut again = j.ballots[0].clone();
    again.signature = [0; 64];
    j.ballots.push(again);
    c.message("duplicate_unsigned", "the second vote is not even signed", &s, &of(&s, &j), twice);
}

fn of(s: &Scenario, j: &Just) -> lupu_grandpa::UpdateMessage {
    s.message_with(j.encode())
}

fn signatures(c: &mut Cases) {
    let bad = "InvalidSignature";
    let signed_for = |set: u64| {
        let mut s = Scenario::new(4);
        s.signed_set = set;
        s
    };
    let id = crate::common::SET_ID;
    c.put("previous_set", "signed by the same keys in the set before", &signed_for(id - 1), bad);
    c.put("next_set", "signed by the same keys in the set after", &signed_for(id + 1), bad);
    let mut s = Scenario::new(4);
    s.trusted.set_id = 0;
    s.signed_set = u64::MAX;
    s.restore();
    c.put("set_before_the_first", "there is no set before set 0", &s, bad);
    let s = Scenario::new(4);
    let resign = |change: &dyn Fn(&Voter, &Ballot) -> Ballot| {
        let mut j = s.just();
        j.ballots = s.set.iter().zip(&j.ballots).map(|(v, b)| change(v, b)).collect();
        of(&s, &j)
    };
    let mut put = |name: &str, what: &str, change: &dyn Fn(&Voter, &Ballot) -> Ballot| {
        c.message(name, what, &s, &resign(change), bad);
    };
    put("other_round", "signed in another round", &|v, b| v.sign(&b.hash, b.number, s.round + 1, s.signed_set));
    put("other_hash_signed", "signed for another block", &|v, b| Ballot {
        signature: v.sign(&B256::repeat_byte(9), b.number, s.round, s.signed_set).signature,
        ..b.clone()
    });
    put("other_number_signed", "signed for another number", &|v, b| Ballot {
        signature: v.sign(&b.hash, b.number + 1, s.round, s.signed_set).signature,
        ..b.clone()
    });
    put("signature_zero", "no signature", &|_, b| Ballot { signature: [0; 64], ..b.clone() });
    for (name, tag) in [("prevote", 0u8), ("primary_propose", 2)] {
        let what = "another kind of message, signed by all";
        put(&format!("{name}_as_precommit"), what, &|v, b| {
            use codec::Encode;
            use sp_core::Pair;
            let message = (tag, b.hash.0, b.number, s.round, s.signed_set).encode();
            Ballot { signature: v.pair.sign(&message).0, ..b.clone() }
        });
    }
    for at in [0, 31, 32, 63] {
        let mut j = s.just();
        j.ballots[1].signature[at] ^= 1;
        c.message(&format!("signature_bit_{at}"), "one bit of one signature is flipped", &s, &of(&s, &j), bad);
    }
    let mut j = s.just();
    let (a, b) = (j.ballots[0].signature, j.ballots[1].signature);
    (j.ballots[0].signature, j.ballots[1].signature) = (b, a);
    c.message("signatures_swapped", "each the other's", &s, &of(&s, &j), bad);
    let mut s = Scenario::new(4);
    s.vote(s.set.clone());
    let mut j = s.just();
    j.ballots[3].signature[5] ^= 1;
    c.message("bad_beyond_quorum", "a quorum, and one bad vote more", &s, &of(&s, &j), bad);
    let mut s = Scenario::new(4);
    let mut j = s.just();
    j.round += 1;
    c.message("round_of_justification", "the justification names another round", &s, &of(&s, &j), bad);
    s.vote(s.set[..1].to_vec());
    let mut j = s.just();
    j.ballots[0].signature[0] ^= 1;
    c.message("order_signature_before_weight", "signatures before weight", &s, &of(&s, &j), bad);
}

fn targets(c: &mut Cases) {
    let mismatch = "TargetMismatch";
    let s = Scenario::new(4);
    let mut other = s.clone();
    other.parent = B256::repeat_byte(7);
    let what = "a good justification of another block of the same number";
    c.message("target_of_sibling", what, &s, &of(&s, &other.just()), mismatch);
    let mut above = s.clone();
    above.number += 1;
    c.message("target_above", "a good justification of a higher block", &s, &of(&s, &above.just()), mismatch);
    let mut j = s.just();
    j.number += 1;
    c.message("target_other_number", "the right hash, another number", &s, &of(&s, &j), mismatch);
    let mut j = s.just();
    j.hash = B256::repeat_byte(3);
    c.message("target_other_hash", "the right number, another hash", &s, &of(&s, &j), mismatch);
    let mut m = s.message();
    m.header = other.message().header;
    c.message("header_of_sibling", "the header of another block", &s, &m, mismatch);
}

/// Signatures that verifiers of other rules judge differently: by ZIP 215, written down per case.
fn odd(c: &mut Cases) {
    for odd in odd_signatures::cases() {
        let mut s = Scenario::new(1);
        s.trust(vec![Voter { key: odd.key, ..s.set[0].clone() }]);
        let mut j = s.just();
        j.ballots[0].signature = (odd.sign)(&s.vote_bytes());
        let expect = if odd.good { "Update" } else { "InvalidSignature" };
        c.message(&format!("odd_{}", odd.name), odd.what, &s, &of(&s, &j), expect);
    }
}
