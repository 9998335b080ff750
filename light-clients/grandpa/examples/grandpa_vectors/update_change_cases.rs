//! Headers that change the authorities.

use crate::{
    Cases,
    common::{Scenario, Voter, change, joined, log, voters, weigh},
};
use alloy_primitives::keccak256;
use codec::{Compact, Encode};
use lupu_standard::{Height, TimestampSecs};
use serde_json::Value;
use sp_runtime::DigestItem;

fn with(items: Vec<DigestItem>) -> Scenario {
    let mut s = Scenario::new(4);
    s.digest.splice(1..1, items);
    s
}

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    followed(&mut c);
    over_several_sets(&mut c);
    skipped(&mut c);
    refused(&mut c);
    c.0
}

fn followed(c: &mut Cases) {
    let set = voters("authority", 4);
    let mut put = |name: &str, what: &str, next: &[Voter]| {
        c.schedules(name, what, &with(vec![change(next, 0)]), next, "Update");
    };
    put("change_to_others", "all leave, others come", &voters("newcomer", 4));
    put("change_to_one", "one authority is left", &set[..1]);
    put("change_to_more", "three more", &voters("authority", 7));
    put("change_of_weights", "the same keys, other weights", &weigh(&set, &[5, 2, 2, 1]));
    put("change_to_the_same", "the same set under the next id", &set);
    put("change_of_order", "the same set in another order", &[&set[1..], &set[..1]].concat());
    let many: Vec<Voter> = (0..1024u64).map(|i| Voter { key: keccak256(i.to_be_bytes()), ..set[0].clone() }).collect();
    let list: Vec<([u8; 32], u64)> = many.iter().map(|v| (v.key.0, v.weight)).collect();
    let s = with(vec![log((1u8, list, 0u32).encode())]);
    c.schedules("change_to_1024", "as many as may be", &s, &many, "Update");
    let s = with(vec![
        log(vec![3]),
        log([&[4u8][..], &9u32.to_le_bytes()].concat()),
        change(&set[..2], 0),
        log(vec![0xff; 40]),
    ]);
    c.schedules("change_among_others", "other messages to GRANDPA are ignored", &s, &set[..2], "Update");
    let forced = (2u8, 9u32, (1u8, list_of(&set), 0u32)).encode();
    let s = with(vec![
        DigestItem::Consensus(*b"BEEF", forced.clone()),
        DigestItem::PreRuntime(*b"FRNK", forced.clone()),
        DigestItem::Seal(*b"FRNK", forced.clone()),
        DigestItem::Other(forced),
        DigestItem::RuntimeEnvironmentUpdated,
    ]);
    c.put("no_change_elsewhere", "what is not a message to GRANDPA changes nothing", &s, "Update");
    let next = voters("newcomer", 4);
    let mut s = with(vec![change(&next, 0)]);
    s.stored.push((u64::from(s.number), s.consensus_with(Some(&next)).hash()));
    c.schedules("change_known_already", "the same state is stored at this height", &s, &next, "NoOp");
}

fn list_of(set: &[Voter]) -> Vec<([u8; 32], u64)> {
    set.iter().map(|v| (v.key.0, v.weight)).collect()
}

/// A chain through five sets, each header finalized by the set before.
fn over_several_sets(c: &mut Cases) {
    let all = voters("authority", 8);
    let mut s = Scenario::new(4);
    for step in 1..=5usize {
        let next = all[step % 4..step % 4 + 3 + step % 2].to_vec();
        s.digest = vec![DigestItem::PreRuntime(*b"aura", (step as u64).encode()), change(&next, 0)];
        let what = "each set hands over to the next";
        c.schedules(&format!("handover_{step}"), what, &s, &next, "Update");
        s.trusted = s.consensus_with(Some(&next));
        s.trusted_height = u64::from(s.number);
        s.client.latest_height = Height(s.trusted_height);
        s.client.latest_timestamp = s.trusted.timestamp;
        s.parent = s.trusted.header_hash;
        s.signed_set = s.trusted.set_id;
        s.trust(next);
        s.number += 50;
        s.now += 300;
        s.set_time(s.trusted.timestamp.0 + 300);
    }
    s.digest.truncate(1);
    c.put("after_handovers", "an ordinary block of the last set", &s, "Update");
}

/// What is finalized after a change that the client has not seen.
fn skipped(c: &mut Cases) {
    let next = voters("newcomer", 4);
    let mut s = Scenario::new(4);
    s.signed_set += 1;
    s.vote(next.clone());
    let what = "the change was skipped: the next set's votes mean nothing to this client";
    c.put("skipped_change", what, &s, "ForeignVoter");
    let mut s = Scenario::new(4);
    s.signed_set += 1;
    let what = "the change was skipped, the keys stayed: another set id was signed";
    c.put("skipped_change_same_keys", what, &s, "InvalidSignature");
    let mut s = Scenario::new(4);
    s.signed_set += 1;
    s.vote(next.clone());
    let mut m = s.message();
    m.authorities = joined(&next).into();
    let what = "the change was skipped, and the next set is given as the trusted one";
    c.message("skipped_change_other_set", what, &s, &m, "AuthoritySetMismatch");
    let mut s = with(vec![change(&next, 0)]);
    s.vote(next.clone());
    c.put("handover_by_the_new_set", "the new set finalizes its own election", &s, "ForeignVoter");

    // Both states are stored; the older one still holds the old set.
    let handover = with(vec![change(&next, 0)]);
    let mut s = Scenario::new(4);
    s.stored.push((120, handover.consensus_with(Some(&next)).hash()));
    s.client.latest_height = Height(120);
    s.client.latest_timestamp = TimestampSecs(handover.time());
    s.number = 110;
    let what = "a block before the change, from the state before the change";
    c.put("before_the_change", what, &s, "Update");
}

fn refused(c: &mut Cases) {
    let set = voters("authority", 4);
    let list = list_of(&set);
    let good = (1u8, &list, 0u32).encode();
    let mut put = |name: &str, what: &str, items: Vec<DigestItem>, expect: &str| {
        c.put(name, what, &with(items), expect);
    };
    let forced = "ForcedChange";
    let forced_log = log((2u8, 9u32, &list, 0u32).encode());
    put("forced", "a forced change", vec![forced_log.clone()], forced);
    put("forced_bare", "no more than its tag", vec![log(vec![2])], forced);
    put(
        "forced_after_scheduled",
        "a scheduled change and a forced one",
        vec![change(&set, 0), forced_log.clone()],
        forced,
    );
    let invalid = "InvalidScheduledChange";
    let malformed_then_forced = vec![log(vec![1]), forced_log];
    put("malformed_before_forced", "the first fault is the error", malformed_then_forced, invalid);
    for delay in [1, 256, u32::MAX] {
        put(&format!("delay_{delay}"), "takes effect later", vec![change(&set, delay)], invalid);
    }
    put("change_twice", "two changes", vec![change(&set, 0), change(&set[..2], 0)], invalid);
    put("change_to_nobody", "no authorities", vec![change(&[], 0)], invalid);
    put("change_with_twin", "an authority twice", vec![change(&[&set[..], &set[..1]].concat(), 0)], invalid);
    put("change_weight_zero", "no weight", vec![change(&weigh(&set, &[1, 0, 1, 1]), 0)], invalid);
    let heavy = weigh(&set, &[u64::MAX, 1, 1, 1]);
    put("change_weights_overflow", "2^64 and more together", vec![change(&heavy, 0)], invalid);
    let many: Vec<([u8; 32], u64)> = (0..1025u64).map(|i| (keccak256(i.to_be_bytes()).0, 1)).collect();
    put("change_to_1025", "too many", vec![log((1u8, many, 0u32).encode())], invalid);
    put("change_truncated", "a byte is missing", vec![log(good[..good.len() - 1].to_vec())], invalid);
    put("change_extended", "a byte too many", vec![log([&good[..], &[0]].concat())], invalid);
    put("change_without_delay", "no delay", vec![log(good[..good.len() - 4].to_vec())], invalid);
    put("change_bare", "no more than its tag", vec![log(vec![1])], invalid);
    put("change_huge_count", "2^30 authorities claimed", vec![log((1u8, Compact(1u32 << 30), 0u64).encode())], invalid);
    put(
        "change_long_count",
        "the count in a longer form than necessary",
        vec![log([&[1, 0x11, 0], &good[2..]].concat())],
        invalid,
    );
    put("message_empty", "a message without a tag", vec![log(Vec::new())], invalid);
}
