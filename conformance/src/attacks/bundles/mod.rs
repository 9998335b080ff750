//! Proof bundles: what only they have. Each maker goes through the four chains.

mod form;
mod statements;
mod steps;

pub use form::{bytes, text};
pub use statements::{answers, early, kinds, other_height, written};
pub use steps::{anchors, clocks, gaps, late, nodes, order, unfit};

use super::members::{Members, between, hexed, salt};
use crate::scenarios::{
    grandpa::rng::Rng,
    subjects::{Stored, T0, THERE, TOKEN, hold, memo, packet, paths_of, transfer},
    world::{Chain, Plan, Shape},
};
use alloy_primitives::{B256, Bytes};
use lupu_proof::{Bundle, Kind, Statement};
use lupu_standard::{Acknowledgement, Height, Packet, TimestampSecs, ics20::SUCCESS_ACKNOWLEDGEMENT};
use serde_json::json;
use std::collections::BTreeMap;

/// The trusting period of every chain here.
const PERIOD: u64 = 7 * 86_400;
/// How far the newest state may be ahead of a clock.
const DRIFT: u64 = 30;
/// The height that the last update proves.
const NEWEST: Height = Height(120);

/// A chain with keys, sizes and packets of its own.
struct Fresh {
    plan: Plan,
    subjects: BTreeMap<Kind, (Packet, Acknowledgement)>,
}

fn none() -> Acknowledgement {
    Acknowledgement(Vec::new())
}

fn one(answer: impl Into<Bytes>) -> Acknowledgement {
    Acknowledgement(vec![answer.into()])
}

impl Fresh {
    /// Of 4 or 5 validators: of more, a set may skip a handover that leaves enough of them.
    fn new(rng: &mut Rng, chain: Chain, shape: Shape) -> Self {
        let time = T0 + 60 + rng.next() % 300_000;
        let first = 1 + rng.next() % (1 << 40);
        let mut subjects = BTreeMap::new();
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            let text = salt(rng);
            let amount = 1 + rng.next() % 1_000_000_000;
            let (payload, answer) = match kind {
                Kind::Sent | Kind::Received | Kind::NeverReceived => (memo(&text), none()),
                Kind::Acknowledged => (memo(&text), one(salt(rng).into_bytes())),
                Kind::Locked => (transfer(TOKEN, amount), none()),
                Kind::Minted => (transfer(TOKEN, amount), one(SUCCESS_ACKNOWLEDGEMENT)),
                Kind::Released => {
                    (transfer(&format!("transfer/{THERE}/{TOKEN}"), amount), one(SUCCESS_ACKNOWLEDGEMENT))
                }
            };
            let mut packet = packet(kind.is_of_source(), first + i as u64, payload);
            packet.timeout_timestamp = match kind {
                Kind::NeverReceived => TimestampSecs(time - rng.next() % 1_000),
                _ => TimestampSecs(time + rng.next() % 86_400),
            };
            subjects.insert(kind, (packet, answer));
        }
        let plan = Plan {
            stored: Stored::new(),
            paths: subjects.values().flat_map(|(packet, _)| paths_of(packet)).collect(),
            validators: between(rng, 4, 5),
            neighbours: Some(2 + rng.below(8)),
            salt: salt(rng),
            time,
            ..Plan::new(chain, shape)
        };
        let mut fresh = Self { plan, subjects };
        let held: Vec<_> = fresh.subjects.iter().filter(|(kind, _)| **kind != Kind::NeverReceived).collect();
        for (_, (packet, answer)) in held {
            hold(&mut fresh.plan.stored, packet, answer);
        }
        fresh
    }

    fn packet(&self, kind: Kind) -> Packet {
        self.subjects[&kind].0.clone()
    }

    fn answer(&self, kind: Kind) -> Acknowledgement {
        self.subjects[&kind].1.clone()
    }

    /// True statements of these kinds at the newest height.
    fn bundle(&self, kinds: &[Kind]) -> Bundle {
        self.at(kinds, NEWEST)
    }

    fn at(&self, kinds: &[Kind], height: Height) -> Bundle {
        let claims: Vec<_> = kinds.iter().map(|kind| (*kind, height, self.packet(*kind), self.answer(*kind))).collect();
        self.plan.build().bundle_of(&claims)
    }

    /// A statement that may be false, with all nodes for it and no others.
    fn told(&self, kind: Kind, packet: Packet, answer: Acknowledgement) -> Bundle {
        let paths = kind.paths(&packet).iter().map(lupu_standard::Path::to_bytes).collect();
        let plan = Plan { paths, ..self.plan.clone() };
        plan.build().bundle_over(&[(kind, NEWEST, packet, answer)])
    }

    /// The same, where the chain holds just what is told.
    fn held(&self, kind: Kind, packet: Packet, answer: Acknowledgement) -> Bundle {
        let mut plan = self.plan.clone();
        hold(&mut plan.stored, &packet, &answer);
        Self { plan, subjects: BTreeMap::new() }.told(kind, packet, answer)
    }
}

/// The bundle with its statement changed, and path and value with it.
fn forged(bundle: &Bundle, change: impl FnOnce(&mut Statement)) -> Bundle {
    changed(bundle, |bundle| {
        let s = &mut bundle.statements[0];
        change(s);
        *s = Statement::new(s.kind, s.height, s.packet.clone(), s.acknowledgement.clone());
    })
}

/// The bundle changed, its nodes in order.
fn changed(bundle: &Bundle, change: impl FnOnce(&mut Bundle)) -> Bundle {
    let mut bundle = bundle.clone();
    change(&mut bundle);
    bundle.nodes.sort_unstable();
    bundle.nodes.dedup();
    bundle
}

/// A bundle as a case, on the word of the anchor in it.
fn put(m: &mut Members, chain: Chain, what: &str, bundle: &Bundle, expect: &str) {
    judged(m, chain, what, bundle, (bundle.anchor.digest(), None), expect);
}

/// A bundle as a case, by the trusted anchor and the clock.
fn judged(m: &mut Members, chain: Chain, what: &str, bundle: &Bundle, by: (B256, Option<u64>), expect: &str) {
    let mut fields = json!({"json": bundle.to_json(), "anchor": by.0, "now": by.1});
    if expect == "ok" {
        fields["cbor"] = hexed(bundle.to_cbor()).into();
        fields["digest"] = json!(bundle.digest());
    }
    m.put(&format!("bundles/{}", chain.name()), what, expect, fields);
}
