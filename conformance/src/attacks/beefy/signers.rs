//! Who signs what: quorums, digests, sets, forks, clocks.

use super::{asked, fresh, put, sized, unpredicted, update, with};
use crate::{
    attacks::members::{Members, between, salt},
    scenarios::{
        beefy::{Authority, Scenario, authorities, high_s, joined, quorum, state_trie::seeded},
        grandpa::rng::Rng,
    },
};
use lupu_beefy::Misbehaviour;

pub fn unbound_header(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "bound", &s, "Update");
    s.header.extrinsics_root = seeded(&salt(rng), 0);
    put(m, "other_header_of_the_leaf", &s, "HeaderMismatch");
}

pub fn signer_twice(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let at = rng.below(s.signers.len() - 1);
    let message = with(&s, |entries| entries[at + 1] = entries[at].clone());
    update(m, "signature_twice", &s, message, "SignaturesNotSorted");
    // The same signature, said to be by another index.
    let message = with(&s, |entries| {
        let index = entries[at + 1][0];
        entries[at + 1] = entries[at].clone();
        entries[at + 1][0] = index;
    });
    update(m, "signature_under_another_index", &s, message, "WrongSigner");
}

pub fn stranger(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let at = rng.below(s.signers.len());
    let good = s.clone();
    let index = s.signers[at];
    s.signing[index] = Authority::new(&salt(rng), 0);
    let mut message = s.message();
    message.authorities = joined(&good.signing).into();
    update(m, "stranger_in_the_quorum", &s, message.encode(), "WrongSigner");
    put(m, "members_only", &good, "Update");
}

/// 1 to 10 authorities: exactly a quorum, and one signature less.
pub fn quorums(rng: &mut Rng, m: &mut Members) {
    for n in 1..=10 {
        let mut s = sized(rng, n);
        put(m, &format!("{}_of_{n}", quorum(n)), &s, "Update");
        s.signers.remove(rng.below(s.signers.len()));
        put(m, &format!("{}_of_{n}", quorum(n) - 1), &s, "TooFewSignatures");
    }
}

pub fn other_digest(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut other = s.clone();
    other.set_id += 1;
    let mut message = s.message();
    message.signatures = s.signatures_of(&other.commitment()).concat().into();
    unpredicted(m, "over_another_set_id", &s, message.encode());
}

pub fn malleated(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let at = rng.below(s.signers.len());
    let message = with(&s, |entries| {
        let other = high_s(&entries[at][1..]);
        entries[at].splice(1.., other);
    });
    update(m, "upper_s", &s, message, "InvalidSignature");
}

pub fn list_swapped(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let n = s.current.len();
    s.signing = authorities(&salt(rng), n);
    put(m, "own_authorities", &s, "AuthoritySetMismatch");
    // The current set's commitment, with heirs that nobody announced.
    let mut s = fresh(rng);
    s.leaf_next.root = seeded(&salt(rng), 1);
    put(m, "other_heirs", &s, "NextSetMismatch");
}

pub fn set_skipped(rng: &mut Rng, m: &mut Members) {
    let n = between(rng, 4, 10);
    let mut s = sized(rng, n);
    s.signed_by_next();
    put(m, "next_set", &s, "Update");
    let mut s = sized(rng, n);
    (s.set_id, s.signing) = (9, s.heirs.clone());
    put(m, "set_after_the_next", &s, "UnknownAuthoritySet");
    let mut s = sized(rng, n);
    s.set_id = 6;
    put(m, "set_before", &s, "UnknownAuthoritySet");
    let mut s = sized(rng, n);
    s.signed_by_next();
    s.set_id += 1;
    put(m, "next_set_under_the_id_after", &s, "UnknownAuthoritySet");
    let mut s = sized(rng, n);
    s.signed_by_next();
    s.leaf_next.id += 1;
    put(m, "heir_skipped", &s, "NextSetMismatch");
    let mut s = sized(rng, n);
    s.signed_by_next();
    s.committed += 1;
    put(m, "heirs_by_an_older_leaf", &s, "HandoverLeafNotBound");
}

pub fn sister(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let genesis = seeded(&salt(rng), 0);
    let time = s.time();
    s.change_state(|state| state.set_anchor(time, &genesis[..24]));
    put(m, "other_genesis", &s, "WrongChain");
}

pub fn clock(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let late = s.now + s.client.rules.max_clock_drift + 1 + rng.next() % 1_000;
    s.set_time(late);
    put(m, "from_the_future", &s, "HeaderFromFuture");
    let mut s = fresh(rng);
    let early = s.client.latest_timestamp.0 - 1 - rng.next() % 1_000;
    s.set_time(early);
    put(m, "before_the_latest", &s, "TimeWentBack");
}

pub fn no_fork(rng: &mut Rng, m: &mut Members) {
    let a = fresh(rng);
    let state = a.client.encode();
    let mut evidence = |what: &str, b: &Scenario, expect: &str| {
        let both = Misbehaviour { a: a.message(), b: b.message() }.encode();
        m.misbehaviour(asked(&a, &state), what, both, expect);
    };
    let mut b = a.clone();
    b.history = "other leaf";
    evidence("a_fork", &b, "Misbehaviour");
    evidence("one_commitment_twice", &a.clone(), "NotMisbehaviour");
    let mut b = a.clone();
    b.history = "other leaf";
    b.signers.pop();
    evidence("a_fork_of_too_few", &b, "TooFewSignatures");
}
