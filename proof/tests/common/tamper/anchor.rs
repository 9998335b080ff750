//! Changes of what is trusted: the verifier is given the changed anchor's digest, so that what it
//! says is judged like any other.

use super::{super::rng::Rng, bytes::reorder};
use alloy_primitives::B256;
use lupu_grandpa::{Authority, AuthoritySet};
use lupu_proof::{AnchorClient, Bundle};
use lupu_standard::{Height, TimestampSecs};

/// A number near to `n`, or any.
fn number(rng: &mut Rng, n: u64) -> u64 {
    let near = [n.wrapping_add(1), n.wrapping_sub(1), 0, n / 2, rng.bit() ^ n, u64::MAX, rng.next()];
    *rng.pick(&near)
}

fn root(rng: &mut Rng, root: &mut B256) {
    match rng.below(4) {
        0 => *root = B256::ZERO,
        _ => root[rng.below(32)] ^= 1 << rng.below(8),
    }
}

pub fn anchor(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    if rng.below(12) == 0 {
        bundle.anchor.clone_from(&other.anchor);
        return "anchor of another bundle";
    }
    let choice = rng.below(8);
    match &mut bundle.anchor.client {
        AnchorClient::Qbft { state, storage_root, validators } => match choice {
            0 => state.latest_height = Height(number(rng, state.latest_height.0)),
            1 => state.latest_timestamp = TimestampSecs(number(rng, state.latest_timestamp.0)),
            2 => state.rules.trusting_period = number(rng, state.rules.trusting_period),
            3 => state.rules.trust_numerator = rng.below(8) as u8,
            4 => state.rules.trust_denominator = rng.below(8) as u8,
            5 => root(rng, storage_root),
            6 => state.router[rng.below(20)] ^= 1 << rng.below(8),
            _ => {
                if let AnchorClient::Qbft { validators: others, .. } = &other.anchor.client {
                    reorder(rng, validators, others);
                }
            }
        },
        AnchorClient::Beefy { state, state_root } => match choice {
            0 => state.latest_height = Height(number(rng, state.latest_height.0)),
            1 => state.latest_timestamp = TimestampSecs(number(rng, state.latest_timestamp.0)),
            2 => state.rules.trusting_period = number(rng, state.rules.trusting_period),
            3 => state.first_mmr_block = number(rng, state.first_mmr_block),
            4 => core::mem::swap(&mut state.current, &mut state.next),
            5 => root(rng, state_root),
            6 => state.genesis[rng.below(24)] ^= 1 << rng.below(8),
            _ => state.current.id = number(rng, state.current.id),
        },
        AnchorClient::Grandpa { state, state_root, header_hash, set_id, authorities } => match choice {
            0 => state.latest_height = Height(number(rng, state.latest_height.0)),
            1 => state.latest_timestamp = TimestampSecs(number(rng, state.latest_timestamp.0)),
            2 => state.rules.trusting_period = number(rng, state.rules.trusting_period),
            3 => *set_id = number(rng, *set_id),
            4 => root(rng, header_hash),
            5 => root(rng, state_root),
            6 => state.genesis[rng.below(24)] ^= 1 << rng.below(8),
            _ => {
                let mut list: Vec<Authority> = authorities.authorities().to_vec();
                let at = rng.below(list.len());
                if rng.below(2) == 0 {
                    list[at].weight = number(rng, list[at].weight);
                } else if let AnchorClient::Grandpa { authorities: others, .. } = &other.anchor.client {
                    reorder(rng, &mut list, others.authorities());
                }
                if let Ok(set) = AuthoritySet::new(list) {
                    *authorities = set;
                }
            }
        },
    }
    "anchor changed"
}
