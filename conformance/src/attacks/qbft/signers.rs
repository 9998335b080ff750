//! Who seals what: quorums, digests, sets, forks, clocks.

use super::{evidence, fresh, of_kind, put, sized, unpredicted, update};
use crate::{
    attacks::members::{Members, salt},
    scenarios::{
        grandpa::rng::Rng,
        qbft::{Scenario, high_s, joined, sorted, state_trie::seeded, validators},
    },
};
use lupu_qbft::Kind;
use lupu_standard::TimestampSecs;

pub fn unbound_header(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    put(m, "bound", &s, "Update");
    let mut forged = s.block.clone();
    forged.state_root = seeded(&salt(rng), 0);
    unpredicted(m, "other_state_root", &s, forged.raw(&s.block.seals(&s.signers)));
    let mut forged = s.block.clone();
    forged.number += 1;
    unpredicted(m, "other_number", &s, forged.raw(&s.block.seals(&s.signers)));
}

pub fn signer_twice(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut seals = s.block.seals(&s.signers);
    let at = rng.below(seals.len() - 1);
    seals[at + 1] = seals[at].clone();
    update(m, "seal_twice", &s, s.message_with(s.block.raw(&seals)).encode(), "SealsNotSorted");
    put(m, "seal_once", &s, "Update");
}

pub fn stranger(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "members_only", &s, "Update");
    let mut set = s.signers.clone();
    set.pop();
    set.extend(validators(&salt(rng), 1));
    s.signers = sorted(set);
    put(m, "stranger_in_the_quorum", &s, "ForeignSeal");
}

/// 1 to 10 validators of both kinds: exactly a quorum, and one seal less.
pub fn quorum(rng: &mut Rng, m: &mut Members) {
    for kind in [Kind::Qbft, Kind::Ibft2] {
        for n in 1..=10 {
            let mut s = of_kind(rng, kind, n);
            put(m, &format!("{}_{}_of_{n}", kind.name(), s.signers.len()), &s, "Update");
            s.signers.remove(rng.below(s.signers.len()));
            put(m, &format!("{}_{}_of_{n}", kind.name(), s.signers.len()), &s, "TooFewSeals");
        }
    }
}

/// All of four trusted validators seal, but the header lists ten.
pub fn grown_quorum(rng: &mut Rng, m: &mut Members) {
    let mut s = sized(rng, 4);
    let old = s.header_set.clone();
    let set = sorted([old.clone(), validators(&salt(rng), 6)].concat());
    s.header_lists(set);
    s.signers = old;
    put(m, "four_trusted_of_ten", &s, "TooFewSeals");
}

pub fn other_digest(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut other = s.block.clone();
    other.round = s.block.round + 1;
    unpredicted(m, "of_another_round", &s, s.block.raw(&other.seals(&s.signers)));
    let over_hash: Vec<_> = s.signers.iter().map(|v| v.seal(&s.block.hash())).collect();
    if s.block.round > 0 || s.block.digest() != s.block.hash() {
        unpredicted(m, "over_the_block_hash", &s, s.block.raw(&over_hash));
    }
}

pub fn malleated(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut seals = s.block.seals(&s.signers);
    let at = rng.below(seals.len());
    seals[at] = high_s(&seals[at]);
    update(m, "upper_s", &s, s.message_with(s.block.raw(&seals)).encode(), "InvalidSeal");
    let mut seals = s.block.seals(&s.signers);
    seals[at][64] += 27;
    update(m, "v_of_27", &s, s.message_with(s.block.raw(&seals)).encode(), "InvalidSeal");
}

/// A header that names its own signers, a quorum of whom seal it.
pub fn list_swapped(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let n = s.header_set.len();
    s.header_lists(sorted(validators(&salt(rng), n)));
    put(m, "all_new", &s, "TooLittleOverlap");
    // Just one third of the trusted set stays.
    let mut s = sized(rng, 6);
    let mut set: Vec<_> = s.header_set[..2].to_vec();
    set.extend(validators(&salt(rng), 1));
    s.header_lists(sorted(set));
    s.signers = s.header_set.clone();
    put(m, "a_third_stays", &s, "TooLittleOverlap");
}

pub fn set_skipped(rng: &mut Rng, m: &mut Members) {
    // Two honest changes, of which the client has seen neither.
    let mut s = sized(rng, 7);
    let mut set = s.header_set[..3].to_vec();
    set.extend(validators(&salt(rng), 4));
    s.header_lists(sorted(set));
    put(m, "four_of_seven_left", &s, "TooLittleOverlap");
    let mut s = sized(rng, 7);
    let mut set = s.header_set[..6].to_vec();
    set.extend(validators(&salt(rng), 1));
    s.header_lists(sorted(set.clone()));
    s.signers = sorted(set[..5].to_vec());
    put(m, "one_of_seven_left", &s, "Update");
    let mut message = s.message();
    message.trusted_validators = joined(&s.header_set).into();
    update(m, "trusted_list_of_the_header", &s, message.encode(), "TrustedValidatorsMismatch");
}

/// Another chain of the same keys: its blocks are sealed well, but the router is not there.
pub fn sister(rng: &mut Rng, m: &mut Members) {
    let no_router = |s: &mut Scenario| {
        s.change_state(|state| {
            state.router_present = false;
            // Without any account there would be no state at all.
            state.neighbours = state.neighbours.max(1);
        });
    };
    let mut s = fresh(rng);
    no_router(&mut s);
    put(m, "no_router", &s, "RouterAbsent");
    let mut a = fresh(rng);
    let mut b = a.clone();
    no_router(&mut b);
    a.block.parent_hash = seeded(&salt(rng), 3);
    evidence(m, "fork_with_a_sister", &a, &b, "RouterAbsent");
}

pub fn clock(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.block.timestamp = s.now + s.client.rules.max_clock_drift + 1 + rng.next() % 1_000;
    put(m, "from_the_future", &s, "HeaderFromFuture");
    let mut s = fresh(rng);
    s.block.timestamp = s.trusted.timestamp.0 - 1 - rng.next() % 1_000;
    put(m, "before_the_trusted", &s, "TimeWentBack");
    let mut s = fresh(rng);
    s.block.number = s.trusted_height;
    put(m, "same_height", &s, "HeightNotNewer");
    let mut s = fresh(rng);
    s.trusted.timestamp = TimestampSecs(s.trusted.timestamp.0 + 1);
    put(m, "trusted_time_moved", &s, "TrustedStateMismatch");
}

/// To freeze a client without a fork.
pub fn no_fork(rng: &mut Rng, m: &mut Members) {
    let a = fresh(rng);
    let mut b = a.clone();
    b.block.parent_hash = seeded(&salt(rng), 3);
    evidence(m, "a_fork", &a, &b, "Misbehaviour");
    let mut b = a.clone();
    b.block.round += 1;
    evidence(m, "one_block_in_two_rounds", &a, &b, "NotMisbehaviour");
    let mut b = a.clone();
    b.block.number += 1;
    evidence(m, "two_heights", &a, &b, "NotMisbehaviour");
    let mut b = a.clone();
    b.block.parent_hash = seeded(&salt(rng), 3);
    b.signers.pop();
    evidence(m, "a_fork_of_too_few", &a, &b, "TooFewSeals");
}
