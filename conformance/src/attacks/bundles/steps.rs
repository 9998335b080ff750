//! The way from the anchor to the newest state: anchors, updates, nodes, clocks.

use super::{DRIFT, Fresh, NEWEST, PERIOD, changed, judged, put};
use crate::{
    attacks::members::{Members, salt},
    scenarios::{
        grandpa::rng::Rng,
        subjects::T0,
        world::{Chain, Plan, Shape},
    },
};
use alloy_primitives::Bytes;
use lupu_proof::{AnchorClient, Bundle, Kind, Statement};
use lupu_standard::Height;

/// A bundle on its own anchor, where another is trusted; and one on the trusted anchor, of another
/// chain.
pub fn anchors(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let bundle = fresh.bundle(&[Kind::Minted]);
        let other = Plan { salt: salt(rng), ..fresh.plan.clone() }.build().anchor;
        judged(m, chain, "on_its_own_anchor", &bundle, (other.digest(), None), "AnchorUnknown");
        let mut named = bundle.clone();
        named.anchor.name += "2";
        judged(m, chain, "of_another_name", &named, (bundle.anchor.digest(), None), "AnchorUnknown");
        judged(m, chain, "digest_of_the_bundle", &bundle, (bundle.digest(), None), "AnchorUnknown");
        let check = match chain {
            Chain::Qbft | Chain::Ibft2 => "TooLittleOverlap",
            Chain::Beefy => "AuthoritySetMismatch",
            Chain::Grandpa => "ForeignVoter",
        };
        put(m, chain, "updates_of_another_chain", &changed(&bundle, |b| b.anchor = other), check);
        put(m, chain, "its_own", &bundle, "ok");
    }
}

/// Anchors that no client could be created with.
pub fn unfit(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let bundle = Fresh::new(rng, chain, Shape::One).bundle(&[Kind::Sent]);
        let mut with = |what: &str, expect: &str, change: &dyn Fn(&mut AnchorClient)| {
            put(m, chain, what, &changed(&bundle, |b| change(&mut b.anchor.client)), expect);
        };
        let period = 86_400 - rng.next() % 80_000;
        with("period_of_a_day_or_less", "InvalidTrustingPeriod", &|client| match client {
            AnchorClient::Qbft { state, .. } => state.rules.trusting_period = period,
            AnchorClient::Beefy { state, .. } => state.rules.trusting_period = period,
            AnchorClient::Grandpa { state, .. } => state.rules.trusting_period = period,
        });
        with("root_of_zero", "InvalidInitialState", &|client| match client {
            AnchorClient::Qbft { storage_root, .. } => *storage_root = Default::default(),
            AnchorClient::Beefy { state_root, .. } | AnchorClient::Grandpa { state_root, .. } => {
                *state_root = Default::default();
            }
        });
        match chain {
            Chain::Qbft | Chain::Ibft2 => with("two_validators_swapped", "InvalidValidatorSet", &|client| {
                let AnchorClient::Qbft { validators, .. } = client else { return };
                validators.swap(0, 1);
            }),
            Chain::Beefy => with("next_set_does_not_follow", "InvalidAuthoritySet", &|client| {
                let AnchorClient::Beefy { state, .. } = client else { return };
                state.next.id += 1;
            }),
            Chain::Grandpa => with("header_hash_of_zero", "InvalidInitialState", &|client| {
                let AnchorClient::Grandpa { header_hash, .. } = client else { return };
                *header_hash = Default::default();
            }),
        }
    }
}

/// A handover left out of the chain of updates.
pub fn gaps(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::Change);
        let whole = fresh.bundle(&[Kind::Sent]);
        put(m, chain, "handover", &whole, "ok");
        let (gap, check) = match chain {
            Chain::Qbft | Chain::Ibft2 => (changed(&whole, |b| drop(b.updates.remove(0))), "TooLittleOverlap"),
            Chain::Grandpa => (changed(&whole, |b| drop(b.updates.remove(0))), "ForeignVoter"),
            // The next set may sign at once; the set after it may not.
            Chain::Beefy => {
                let mut far = Fresh::new(rng, chain, Shape::One);
                far.plan.beefy = |s| {
                    (s.set_id, s.signing) = (s.set_id + 2, s.heirs.clone());
                    s.leaf_next.id += 1;
                };
                (far.told(Kind::Sent, far.packet(Kind::Sent), super::none()), "UnknownAuthoritySet")
            }
        };
        put(m, chain, "handover_left_out", &gap, check);
    }
}

/// Updates outside the trusting period of the time proven before them, or before it.
pub fn late(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let mut at = |what: &str, shape: Shape, time: u64, expect: &str| {
            let mut fresh = Fresh::new(rng, chain, shape);
            fresh.plan.time = time;
            let bundle = fresh.told(Kind::Sent, fresh.packet(Kind::Sent), super::none());
            put(m, chain, what, &bundle, expect);
        };
        let end = T0 + PERIOD;
        let expired = if chain == Chain::Beefy { "ClientExpired" } else { "TrustedStateExpired" };
        at("last_second", Shape::One, end - 1, "ok");
        at("first_second_too_late", Shape::One, end, expired);
        // The update before it is within the anchor's period, and half a minute older.
        at("within_the_period_of_the_update_before", Shape::Two, end + DRIFT - 1, "ok");
        at("both_too_late", Shape::Two, end + DRIFT, expired);
        at("before_the_anchor", Shape::One, T0 - 1, "TimeWentBack");
    }
}

/// Updates that bring nothing new, go back, contradict, or are for nothing.
pub fn order(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::Two);
        let (sent, at) = (fresh.packet(Kind::Sent), |height| {
            Statement::new(Kind::Sent, height, fresh.packet(Kind::Sent), super::none())
        });
        let claims = [Height(110), NEWEST].map(|height| (Kind::Sent, height, sent.clone(), super::none()));
        let two = fresh.plan.build().bundle_of(&claims);
        put(m, chain, "two_updates", &two, "ok");
        put(m, chain, "last_for_nothing", &changed(&two, |b| b.statements = vec![at(Height(110))]), "UnusedUpdate");
        put(m, chain, "update_twice", &changed(&two, |b| b.updates.insert(1, b.updates[0].clone())), "HeightNotNewer");
        let back = if chain == Chain::Beefy { "UpdatesNotAscending" } else { "HeightNotNewer" };
        put(m, chain, "two_updates_swapped", &changed(&two, |b| b.updates.swap(0, 1)), back);
        // Another block 120, good by itself.
        let fork = Plan { time: fresh.plan.time + 1, ..fresh.plan.clone() }.build().bundle_of(&claims);
        let both = changed(&two, |b| {
            b.updates.push(fork.updates[1].clone());
            b.nodes.extend(fork.nodes.iter().cloned());
        });
        let check = if chain == Chain::Beefy { "Misbehaviour" } else { "HeightNotNewer" };
        put(m, chain, "fork", &both, check);
    }
}

/// A node left out, changed or added.
pub fn nodes(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let bundle = fresh.bundle(&[Kind::Acknowledged]);
        let (of_update, of_state) = fresh.plan.build().split_nodes(&bundle);
        let mut without = |what: &str, node: &Bytes| {
            put(m, chain, what, &changed(&bundle, |b| b.nodes.retain(|n| n != node)), "InvalidProof");
        };
        without("node_of_the_update_left_out", &of_update[rng.below(of_update.len())]);
        without("node_of_the_state_left_out", &of_state[rng.below(of_state.len())]);
        let at = rng.below(bundle.nodes.len());
        let flipped = changed(&bundle, |b: &mut Bundle| {
            let mut raw = b.nodes[at].to_vec();
            let byte = rng.below(raw.len());
            raw[byte] ^= 1 << rng.below(8);
            b.nodes[at] = raw.into();
        });
        put(m, chain, "node_changed", &flipped, "InvalidProof");
        let stranger = salt(rng).into_bytes();
        put(m, chain, "node_added", &changed(&bundle, |b| b.nodes.push(stranger.into())), "UnusedNodes");
        let node = of_state[0].to_vec();
        let longer = changed(&bundle, |b| b.nodes.push([&node[..], &[0]].concat().into()));
        put(m, chain, "node_once_more_and_longer", &longer, "UnusedNodes");
    }
}

/// A newest state too old for the clock, or ahead of it.
pub fn clocks(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let bundle = fresh.bundle(&[Kind::Locked]);
        let time = fresh.plan.time;
        let mut at = |what: &str, now: u64, expect: &str| {
            judged(m, chain, what, &bundle, (bundle.anchor.digest(), Some(now)), expect);
        };
        at("last_second", time + PERIOD - 1, "ok");
        at("stale", time + PERIOD + rng.next() % 1_000_000, "ClientExpired");
        at("at_the_drift", time - DRIFT, "ok");
        at("ahead", time - DRIFT - 1 - rng.next() % 1_000_000, "HeaderFromFuture");
    }
}
