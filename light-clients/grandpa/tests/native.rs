//! Justifications of random votes: what the crate says against what the source chain's own
//! software says. They differ in named ways only, and trimming removes those where the node
//! forgives more.
#![allow(missing_docs)]

mod common;

use codec::Encode;
use common::{
    Just, Scenario, SpHeader, Voter,
    cached::Cached,
    child, header_hash, joined, native,
    rng::{Rng, mutants},
    voters, weigh,
};
use lupu_grandpa::{AuthoritySet, Justification, check_votes, trim};
use std::collections::BTreeMap;

/// A tree of blocks: the target's parent, the target, two forks upon it.
fn tree(s: &mut Scenario) -> Vec<SpHeader> {
    let parent = child(&s.header(), 1_000);
    (s.parent, s.number) = (header_hash(&parent), parent.number + 1);
    let target = s.header();
    let left = child(&target, 1);
    let right = child(&target, 2);
    let far = child(&left, 3);
    let farther = child(&far, 4);
    vec![parent, target, left, right, far, farther]
}

/// Headers on the way of the votes down to the lowest block voted for, each once.
fn headers(tree: &[SpHeader], voted: &[usize]) -> Vec<Vec<u8>> {
    let parents = [None, Some(0), Some(1), Some(1), Some(2), Some(4)];
    let lowest = voted.iter().copied().min_by_key(|i| tree[*i].number).unwrap_or(1);
    let mut on_the_way = vec![false; tree.len()];
    for vote in voted {
        let mut at = Some(*vote);
        while let Some(block) = at.filter(|block| *block != lowest) {
            on_the_way[block] = true;
            at = parents[block];
        }
    }
    (0..tree.len()).filter(|i| on_the_way[*i]).map(|i| tree[i].encode()).collect()
}

#[test]
fn random_justifications() {
    let mut rng = Rng(21);
    let mut tally: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for _ in 0..mutants(700) {
        let n = 1 + rng.below(7);
        let mut s = Scenario::new(1);
        s.state.neighbours = 0;
        s.state.commitments.clear();
        let tree = tree(&mut s);
        let weights: Vec<u64> = (0..n).map(|_| [1, 1, 1, 2, 3, 9][rng.below(6)]).collect();
        s.trust(weigh(&voters("authority", n), &weights));
        let mut voted = Vec::new();
        let mut who: Vec<Voter> = s.set.iter().filter(|_| !rng.one_in(6)).cloned().collect();
        if rng.one_in(8) {
            who.extend(voters("newcomer", 1));
        }
        if rng.one_in(6) && !who.is_empty() {
            who.push(rng.pick(&who).clone());
        }
        let mut ballots = Vec::new();
        for voter in &who {
            let blocks = if rng.one_in(6) { 9 } else { 8 };
            let block = *rng.pick(&[1, 1, 1, 1, 2, 3, 4, 5, 0][..blocks]);
            voted.push(block);
            let set_id = if rng.one_in(40) { s.signed_set - 1 } else { s.signed_set };
            ballots.push(voter.sign(&header_hash(&tree[block]), tree[block].number, s.round, set_id));
        }
        let mut ancestry = headers(&tree, &voted);
        if rng.one_in(12) {
            ancestry.push(tree[rng.below(6)].encode());
        }
        if rng.one_in(20) && !ancestry.is_empty() {
            ancestry.remove(rng.below(ancestry.len()));
        }
        let target = &tree[1];
        let just = Just { round: s.round, hash: header_hash(target), number: target.number, ballots, ancestry };
        compare(&s, &tree, &just, &who, &mut tally);
    }
    println!("{tally:?}");
    let seen = |node: bool, verdict: &str| tally.get(&(node, verdict)).copied().unwrap_or(0);
    assert!(seen(true, "ok") > 50 && seen(false, "ok") > 5, "{tally:?}");
    assert!(seen(true, "InvalidAncestry") > 2 && seen(true, "DuplicateVoter") > 2, "{tally:?}");
}

fn compare(
    s: &Scenario,
    tree: &[SpHeader],
    just: &Just,
    who: &[Voter],
    tally: &mut BTreeMap<(bool, &'static str), usize>,
) {
    let node = native::accepts(&just.native(), &s.set, s.trusted.set_id);
    let set = AuthoritySet::decode(&joined(&s.set)).unwrap();
    let justification = Justification::decode(&just.encode()).unwrap();
    let verdict = check_votes(&justification, s.trusted.set_id, &set, &Cached);
    let name = verdict.as_ref().map_or_else(|e| e.name(), |_| "ok");
    *tally.entry((node, name)).or_default() += 1;

    // What the node takes and the crate refuses has one of four names.
    let forgiven = ["ok", "ForeignVoter", "DuplicateVoter", "InvalidAncestry", "UnusedAncestry"];
    assert!(!node || forgiven.contains(&name), "{name}: {just:?}");
    // What the crate takes and the node refuses has its quorum above the target.
    if name == "ok" && !node {
        let weight_of = |blocks: &[usize]| -> u64 {
            let hashes: Vec<_> = blocks.iter().map(|i| header_hash(&tree[*i])).collect();
            let voted = just.ballots.iter().filter(|b| hashes.contains(&b.hash));
            voted.map(|b| s.set.iter().find(|v| v.key == b.key).unwrap().weight).sum()
        };
        assert!([&[2, 4, 5][..], &[3]].iter().any(|fork| weight_of(fork) >= set.threshold()), "{just:?}");
    }
    // Trimming makes what the node takes acceptable, unless it counts a double voter for both.
    let trimmed = trim(&justification, s.trusted.set_id, &set, &Cached);
    let doubled = who.iter().enumerate().any(|(i, v)| who[..i].iter().any(|w| w.key == v.key));
    if name == "ok" || (node && !doubled) {
        let trimmed = trimmed.unwrap_or_else(|e| panic!("{e}: {just:?}"));
        let again = trim(&trimmed, s.trusted.set_id, &set, &Cached).unwrap();
        assert_eq!(again, trimmed, "trimmed once is trimmed");
        let finality = check_votes(&trimmed, s.trusted.set_id, &set, &Cached).unwrap();
        assert!(finality.weight >= set.threshold());
        let without_last =
            Justification { votes: trimmed.votes[..trimmed.votes.len() - 1].to_vec(), ..trimmed.clone() };
        assert!(check_votes(&without_last, s.trusted.set_id, &set, &Cached).is_err(), "no vote is left over");
    } else if let Ok(trimmed) = trimmed {
        assert!(check_votes(&trimmed, s.trusted.set_id, &set, &Cached).is_ok());
    }
}

/// The threshold is the chain's own, for every total.
#[test]
fn thresholds_are_the_chains_own() {
    use finality_grandpa::voter_set::VoterSet;
    let mut rng = Rng(4);
    for round in 0..2_000u64 {
        let n = 1 + rng.below(9);
        let weight = |rng: &mut Rng| if round % 2 == 0 { 1 + rng.next() % 20 } else { 1 + (rng.next() >> 4) / 10 };
        let weights: Vec<u64> = (0..n).map(|_| weight(&mut rng)).collect();
        let bytes: Vec<u8> =
            weights.iter().enumerate().flat_map(|(i, w)| [&[i as u8; 32][..], &w.to_le_bytes()].concat()).collect();
        let set = AuthoritySet::decode(&bytes).unwrap();
        let native = VoterSet::new(weights.iter().copied().enumerate()).unwrap();
        assert_eq!(set.total_weight(), native.total_weight().get());
        assert_eq!(set.threshold(), native.threshold().get(), "{weights:?}");
    }
}
