//! Validator sets that change between the trusted state and the header.

use crate::{
    common::{Scenario, Validator, addresses, joined, sorted, validators, validators_hash},
    update,
};
use alloy_primitives::{Address, Bytes, keccak256};
use lupu_qbft::Kind::Qbft;
use serde_json::Value;

/// A header of `set`, sealed by `signers`, for a client that trusts `trusted`.
fn change(trusted: Vec<Validator>, set: Vec<Validator>, signers: Vec<Validator>) -> Scenario {
    let mut s = Scenario::new(Qbft, 4);
    s.trust(trusted);
    s.header_lists(set);
    s.signers = signers;
    s
}

pub fn cases() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, s: &Scenario, expect: &str| {
        out.push(update(name, what, s, s.message().encode(), expect));
    };

    // A validator leaves: one quorum of the smaller set is not enough of the larger.
    for (from, to) in [(4usize, 3usize), (5, 4), (7, 6)] {
        let old = validators("validator", from);
        let new = old[..to].to_vec();
        let (quorum, overlap) = ((2 * to).div_ceil(3), (2 * from).div_ceil(3));
        assert!(quorum < overlap);
        let s = change(old.clone(), new.clone(), new[..quorum].to_vec());
        let what = "a quorum of the new set is too few of the trusted set";
        put(&format!("leave_{from}_to_{to}_quorum"), what, &s, "TooLittleOverlap");
        let s = change(old, new.clone(), new[..overlap].to_vec());
        let what = "joined seals reach both thresholds";
        put(&format!("leave_{from}_to_{to}_joined"), what, &s, "Update");
    }
    let old = validators("validator", 4);
    let with = |more: usize| sorted([old.clone(), validators("newcomer", more)].concat());
    let joins = with(1);
    let s = change(old.clone(), joins.clone(), with_all(&joins, &old));
    put("join_4_to_5", "one validator joins; the trusted ones seal", &s, "Update");
    let newcomer = validators("newcomer", 1);
    let two = sorted([old[..2].to_vec(), newcomer.clone(), vec![old[2].clone()]].concat());
    let s = change(old.clone(), joins.clone(), two);
    put("join_4_to_5_newcomer_seals", "three trusted and the newcomer", &s, "Update");

    let swapped = sorted([old[1..].to_vec(), newcomer.clone()].concat());
    let s = change(old.clone(), swapped.clone(), old[1..].to_vec());
    put("swap_one_old_seals", "one is replaced; the three that stay seal", &s, "Update");
    let signers = sorted([old[1..3].to_vec(), newcomer.clone()].concat());
    let s = change(old.clone(), swapped, signers);
    put("swap_one_new_seals", "one is replaced and seals", &s, "TooLittleOverlap");
    let others = validators("newcomer", 4);
    let s = change(old.clone(), others.clone(), others.clone());
    put("replace_all", "nobody that is trusted sealed", &s, "TooLittleOverlap");
    let ten = with(6);
    let s = change(old.clone(), ten.clone(), with_all(&ten, &ten));
    put("join_4_to_10", "six join at once, all seal", &s, "Update");
    let mut few = sorted([old[..2].to_vec(), validators("newcomer", 6)].concat());
    few.truncate(8);
    let s = change(old.clone(), ten, few);
    put("join_4_to_10_two_trusted", "two of four trusted", &s, "TooLittleOverlap");

    let mut s = Scenario::new(Qbft, 4);
    s.signers = sorted([old[..2].to_vec(), newcomer.clone()].concat());
    let what = "a seal of the next set, which this header does not list";
    put("seal_of_the_next_set", what, &s, "ForeignSeal");

    // The share of the trusted set is a parameter of the client.
    let share = |numerator, denominator, signers: usize, from: usize, listed: usize| {
        let old = validators("validator", from);
        let new = sorted([old[..listed].to_vec(), validators("newcomer", 6)].concat());
        let mut s = Scenario::new(Qbft, 4);
        s.client.rules.trust_numerator = numerator;
        s.client.rules.trust_denominator = denominator;
        s.trust(old.clone());
        s.header_lists(new);
        s.signers = sorted([old[..signers].to_vec(), validators("newcomer", 6)].concat());
        s
    };
    put("share_half_2_of_4", "half of four is two", &share(1, 2, 2, 4, 2), "Update");
    put("share_half_1_of_4", "half of four is two", &share(1, 2, 1, 4, 1), "TooLittleOverlap");
    let what = "a share of a third and a bit is still more than a third";
    put("share_third_1_of_3", what, &share(34, 101, 1, 3, 1), "TooLittleOverlap");
    put("share_third_2_of_3", what, &share(34, 101, 2, 3, 2), "Update");
    put("share_all_3_of_4", "all four are demanded", &share(1, 1, 3, 4, 3), "TooLittleOverlap");
    put("share_all_4_of_4", "all four are demanded", &share(1, 1, 4, 4, 4), "Update");

    invalid_sets(&mut out);
    trusted_lists(&mut out);
    out
}

/// Those of `set` that are also in `wanted`.
fn with_all(set: &[Validator], wanted: &[Validator]) -> Vec<Validator> {
    set.iter().filter(|v| wanted.iter().any(|w| w.address == v.address)).cloned().collect()
}

fn invalid_sets(out: &mut Vec<Value>) {
    let mut put = |name: &str, what: &str, list: Vec<Address>| {
        let mut s = Scenario::new(Qbft, 4);
        s.block.validators = list;
        let mut message = s.message();
        message.trusted_validators = joined(&s.trusted_set).into();
        out.push(update(name, what, &s, message.encode(), "InvalidValidatorSet"));
    };
    let list = addresses(&validators("validator", 4));
    put("set_empty", "contract mode lists no validators", Vec::new());
    put("set_with_zero", "the zero address", [&[Address::ZERO], &list[..]].concat());
    put("set_twice", "one address twice", [&list[..1], &list[..]].concat());
    put("set_descending", "not ascending", list.iter().rev().copied().collect());
    let many = |n: u16| (1..=n).map(|i| Address::left_padding_from(&i.to_be_bytes())).collect();
    put("set_of_256", "one more than allowed", many(256));

    let mut s = Scenario::new(Qbft, 4);
    s.trust(validators("validator", 255));
    s.header_lists(validators("validator", 255));
    out.push(update("set_of_255", "the largest set", &s, s.message().encode(), "Update"));
}

fn trusted_lists(out: &mut Vec<Value>) {
    let check = "TrustedValidatorsMismatch";
    let mut put = |name: &str, what: &str, s: &Scenario, list: Vec<u8>| {
        let mut message = s.message();
        message.trusted_validators = Bytes::from(list);
        out.push(update(name, what, s, message.encode(), check));
    };
    let s = Scenario::new(Qbft, 4);
    put("trusted_given_twice", "the header lists the same set", &s, joined(&s.trusted_set));
    let old = validators("validator", 5);
    let s = change(old.clone(), old[..4].to_vec(), old[..4].to_vec());
    put("trusted_missing", "the header lists another set", &s, Vec::new());
    put("trusted_other", "hashes to something else", &s, joined(&old[..4]));
    let mut cut = joined(&old);
    cut.pop();
    put("trusted_cut", "not whole addresses", &s, cut);
    let mut longer = joined(&old);
    longer.push(0);
    put("trusted_longer", "not whole addresses", &s, longer);

    let reversed: Vec<Validator> = old.iter().rev().cloned().collect();
    let mut s = change(old.clone(), old[..4].to_vec(), old[..4].to_vec());
    s.trusted.validators_hash = validators_hash(&reversed);
    s.restore();
    put("trusted_descending", "stored unsorted, so never usable", &s, joined(&reversed));
    let twice = [&old[..1], &old[..]].concat();
    s.trusted.validators_hash = validators_hash(&twice);
    s.restore();
    put("trusted_twice", "one address twice would count twice", &s, joined(&twice));
    let with_zero = [vec![0; 20], joined(&old)].concat();
    s.trusted.validators_hash = keccak256(&with_zero);
    s.restore();
    put("trusted_with_zero", "the zero address, as which a failed recovery might pass", &s, with_zero);
    let bytes = [joined(&old), vec![7; 19]].concat();
    s.trusted.validators_hash = keccak256(&bytes);
    s.restore();
    put("trusted_broken_preimage", "the hash of no list of addresses", &s, bytes);
}
