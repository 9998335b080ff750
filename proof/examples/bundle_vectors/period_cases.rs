//! Bundles of several updates, by how far they lie apart and where the clock stands.

use crate::{
    Case,
    common::{Chain, T0},
    long,
};
use serde_json::Value;

/// The farthest that an update may be from the state before it.
const STEP: u64 = 7 * 86_400 - 1;
const MANY: u64 = 4;

pub fn cases(chain: Chain) -> Vec<Value> {
    let of = |times: &[u64]| long::bundle(chain, 2, times);
    let times: Vec<u64> = (1..=MANY).map(|i| T0 + i * STEP).collect();
    let (many, last) = (of(&times), T0 + MANY * STEP);
    let expired = if chain == Chain::Beefy { "ClientExpired" } else { "TrustedStateExpired" };
    let cases = [
        Case::new(
            "many-trusting-periods",
            "Each update is one second short of too late for the one before; the anchor is older by far.",
            many.clone(),
            "ok",
        ),
        Case::new(
            "second-update-too-late",
            "The first update is in time; the second is as far from it as the trusting period.",
            of(&[T0 + STEP, T0 + 2 * STEP + 1]),
            expired,
        ),
        Case::new(
            "one-of-many-left-out",
            "In the chain of updates one is missing: the next is too far from the one before.",
            of(&[times[0], times[2], times[3]]),
            expired,
        ),
        Case::new(
            "many-trusting-periods-clock-at-the-end",
            "The clock is in the last second of the newest state's trusting period.",
            many.clone(),
            "ok",
        )
        .now(last + STEP),
        Case::new(
            "many-trusting-periods-clock-after-the-end",
            "The clock is one second past the newest state's trusting period.",
            many,
            "ClientExpired",
        )
        .now(last + STEP + 1),
    ];
    cases.iter().map(Case::json).collect()
}
