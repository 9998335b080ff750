//! Votes above the target, and the headers between.

use crate::{
    Cases,
    common::{Ballot, Just, Scenario, SpHeader, child, header_hash, state_trie::seeded},
};
use alloy_primitives::B256;
use codec::Encode;
use serde_json::Value;

/// Votes for blocks this many above the target, by the first authorities of ten.
fn above(blocks: &[u32]) -> Scenario {
    let mut s = Scenario::new(10);
    s.ballots = s.set.iter().cloned().zip(blocks.iter().copied()).collect();
    s
}

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    good(&mut c);
    broken(&mut c);
    unused(&mut c);
    c.0
}

fn good(c: &mut Cases) {
    let mut put = |name: &str, what: &str, s: &Scenario| c.put(name, what, s, "Update");
    put("one_above", "one vote for the child", &above(&[0, 0, 0, 0, 0, 0, 1]));
    put("several_above", "votes for several blocks of one chain", &above(&[0, 1, 2, 3, 3, 2, 5]));
    put("all_above", "nobody voted for the target itself", &above(&[1, 1, 2, 2, 3, 3, 4]));
    put("far_above", "a vote twenty blocks above", &above(&[0, 0, 0, 0, 0, 0, 20]));

    // Two forks upon the target: both descend from it, so its votes add up.
    let s = above(&[0, 0, 0, 0, 0]);
    let mut j = s.just();
    let left = child(&s.header(), 1);
    let right = child(&s.header(), 2);
    for (voter, target) in [(5, &left), (6, &right)] {
        j.ballots.push(s.set[voter].sign(&header_hash(target), target.number, s.round, s.signed_set));
    }
    j.ancestry = vec![right.encode(), left.encode()];
    c.message("two_forks_above", "votes for two children of the target", &s, &of(&s, &j), "Update");
    let s = above(&[0, 1, 2, 3, 3, 2, 5]);
    let mut j = s.just();
    j.ancestry.reverse();
    c.message("any_order_of_headers", "headers may come in any order", &s, &of(&s, &j), "Update");
}

fn of(s: &Scenario, j: &Just) -> lupu_grandpa::UpdateMessage {
    s.message_with(j.encode())
}

/// The vote of one more authority, for any block.
fn vote(s: &Scenario, target: &B256, number: u32) -> Ballot {
    s.set[7].sign(target, number, s.round, s.signed_set)
}

fn broken(c: &mut Cases) {
    let s = above(&[0, 1, 2, 3, 4, 4, 4]);
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut Just, &[SpHeader])| {
        let mut j = s.just();
        change(&mut j, &s.chain(4));
        c.message(name, what, &s, &of(&s, &j), "InvalidAncestry");
    };
    put("header_missing_first", "the target's child is missing", &|j, _| drop(j.ancestry.remove(0)));
    put("header_missing_middle", "one on the way is missing", &|j, _| drop(j.ancestry.remove(2)));
    put("header_missing_last", "the highest is missing", &|j, _| drop(j.ancestry.pop()));
    put("headers_missing", "none is given", &|j, _| j.ancestry.clear());
    put("vote_for_parent", "a vote for the block below the target", &|j, chain| {
        j.ballots.push(vote(&s, &B256::new(chain[0].parent_hash.0), s.number - 1));
    });
    put("vote_for_parent_as_target", "the block below, claimed at the target's number", &|j, chain| {
        j.ballots.push(vote(&s, &B256::new(chain[0].parent_hash.0), s.number));
    });
    put("vote_for_sibling", "a vote for another block of the target's number", &|j, _| {
        j.ballots.push(vote(&s, &seeded("sibling", 0), s.number));
    });
    put("vote_for_sibling_with_header", "its header is given too", &|j, chain| {
        let sibling = SpHeader { state_root: seeded("fork", 0).0.into(), ..chain[0].clone() };
        j.ballots.push(vote(&s, &header_hash(&sibling), s.number));
        j.ancestry.push(sibling.encode());
    });
    put("vote_for_nephew", "a vote for a child of that block, with both headers", &|j, chain| {
        let sibling = SpHeader { state_root: seeded("fork", 0).0.into(), ..chain[0].clone() };
        let nephew = child(&sibling, 9);
        j.ballots.push(vote(&s, &header_hash(&nephew), nephew.number));
        j.ancestry.extend([sibling.encode(), nephew.encode()]);
    });
    put("number_of_target", "the target's hash with the child's number", &|j, chain| {
        j.ballots.push(vote(&s, &header_hash(&chain[0]), s.number + 1));
    });
    put("number_of_target_lower", "the target's hash with a lower number", &|j, chain| {
        j.ballots.push(vote(&s, &header_hash(&chain[0]), s.number - 1));
    });
    put("number_too_high", "a descendant's hash with a higher number", &|j, chain| {
        j.ballots.push(vote(&s, &header_hash(&chain[2]), chain[2].number + 1));
    });
    put("number_too_low", "a descendant's hash with a lower number", &|j, chain| {
        j.ballots.push(vote(&s, &header_hash(&chain[2]), chain[2].number - 1));
    });
    put("number_zero", "a descendant's hash with number 0", &|j, chain| {
        j.ballots.push(vote(&s, &header_hash(&chain[2]), 0));
    });
    put("header_number_jumps", "a header whose number is not its parent's and one", &|j, chain| {
        let odd = SpHeader { number: chain[0].number + 2, ..child(&chain[0], 9) };
        j.ballots.push(vote(&s, &header_hash(&odd), odd.number));
        j.ancestry.push(odd.encode());
    });
    put("header_number_lies", "a header whose number is the target's own", &|j, chain| {
        let odd = SpHeader { number: chain[0].number, ..child(&chain[0], 9) };
        j.ballots.push(vote(&s, &header_hash(&odd), odd.number + 1));
        j.ancestry.push(odd.encode());
    });
    put("header_to_nowhere", "a header whose parent is unknown", &|j, chain| {
        let lost = SpHeader { parent_hash: seeded("nowhere", 0).0.into(), ..chain[1].clone() };
        j.ballots.push(vote(&s, &header_hash(&lost), lost.number));
        j.ancestry.push(lost.encode());
    });
    put("own_parent", "a header that names itself as its parent, as far as can be", &|j, chain| {
        let own =
            SpHeader { parent_hash: header_hash(&chain[1]).0.into(), number: chain[1].number, ..chain[1].clone() };
        let again = SpHeader { parent_hash: header_hash(&own).0.into(), ..own.clone() };
        j.ballots.push(vote(&s, &header_hash(&again), again.number));
        j.ancestry.extend([own.encode(), again.encode()]);
    });
    put("order_votes_before_headers", "a broken way, and an unused header", &|j, chain| {
        j.ballots.push(vote(&s, &seeded("sibling", 0), s.number));
        j.ancestry.push(child(&chain[4], 5).encode());
    });
}

fn unused(c: &mut Cases) {
    let s = above(&[0, 1, 2, 3, 4, 4, 4]);
    let mut put = |name: &str, what: &str, change: &dyn Fn(&mut Just, &[SpHeader])| {
        let mut j = s.just();
        change(&mut j, &s.chain(5));
        c.message(name, what, &s, &of(&s, &j), "UnusedAncestry");
    };
    put("header_above_the_votes", "nobody voted that high", &|j, chain| j.ancestry.push(chain[5].encode()));
    put("header_of_the_target", "the target's own header is on nobody's way", &|j, chain| {
        j.ancestry.push(chain[0].encode());
    });
    put("header_of_a_fork", "a child of the target that nobody voted for", &|j, chain| {
        j.ancestry.push(child(&chain[0], 9).encode());
    });
    put("header_of_no_relation", "any header", &|j, chain| {
        let stranger = SpHeader { parent_hash: seeded("nowhere", 0).0.into(), ..chain[2].clone() };
        j.ancestry.insert(0, stranger.encode());
    });
    put("header_twice", "one header twice", &|j, _| j.ancestry.push(j.ancestry[1].clone()));
    put("headers_all_twice", "all headers twice", &|j, _| j.ancestry.extend(j.ancestry.clone()));
    let mut s = Scenario::new(4);
    let mut j = s.just();
    j.ancestry.push(s.chain(1)[1].encode());
    c.message("header_without_need", "all voted for the target", &s, &of(&s, &j), "UnusedAncestry");
    s.vote(s.set[..2].to_vec());
    let mut j = s.just();
    j.ancestry.push(s.chain(1)[1].encode());
    let what = "an unused header before too little weight";
    c.message("order_headers_before_weight", what, &s, &of(&s, &j), "UnusedAncestry");
}
