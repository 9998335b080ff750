//! Bundles that are true.

use crate::{
    Case,
    common::{self, Chain, Shape, T0, subject},
    plan, world,
};
use lupu_proof::Kind;
use lupu_standard::{Height, TimestampSecs};
use serde_json::Value;

const PERIOD: u64 = 7 * 86_400;

pub fn cases(chain: Chain) -> Vec<Value> {
    let one = world(chain, Shape::One);
    let ok = |name, description: &str, bundle| Case::new(name, description, bundle, "ok");
    let mut cases: Vec<Case> =
        Kind::ALL.iter().map(|k| ok(k.name(), "One statement, one update.", one.bundle(&[*k]))).collect();
    let (packet, answer) = common::refused();
    let refused = one.bundle_of(&[(Kind::Acknowledged, Height(120), packet, answer)]);
    cases.push(ok("refused", "Acknowledged with the universal error.", refused));
    cases.push(ok("all-kinds", "All kinds at one height: nodes are shared.", one.bundle(&Kind::ALL)));
    let change = world(chain, Shape::Change);
    cases.push(ok("set-changes", "The set that signs is another one on the way.", change.bundle(&[Kind::Minted])));
    let (packet, none) = subject(Kind::Sent);
    let heights = [100, 110, 120].map(|h| (Kind::Sent, Height(h), packet.clone(), none.clone()));
    let two = world(chain, Shape::Two).bundle_of(&heights);
    cases.push(ok("three-heights", "One statement at the anchor's height and two later ones.", two));
    let anchor = world(chain, Shape::AnchorOnly).bundle(&[Kind::Received, Kind::NeverReceived]);
    cases.push(ok("no-update", "About the anchor's own state: nothing is signed.", anchor));

    let last = common::Plan { time: T0 + PERIOD - 1, ..plan(chain, Shape::One) }.build().bundle(&[Kind::Sent]);
    cases.push(ok("last-second-of-the-trusting-period", "The update is one second short of too late.", last));
    let same = common::Plan { time: T0, ..plan(chain, Shape::One) }.build().bundle(&[Kind::Sent]);
    cases.push(ok("no-time-has-passed", "The update has the anchor's time.", same));
    let fresh = one.bundle(&[Kind::Sent]);
    let time = T0 + 60;
    cases.push(ok("clock-at-the-end", "The last second of the trusting period.", fresh.clone()).now(time + PERIOD - 1));
    cases.push(ok("clock-at-the-drift", "The block is as far ahead as clocks may differ.", fresh).now(time - 30));

    let (packet, none) = subject(Kind::NeverReceived);
    let packet = lupu_standard::Packet { timeout_timestamp: TimestampSecs(time), ..packet };
    let at = one.bundle_of(&[(Kind::NeverReceived, Height(120), packet, none)]);
    cases.push(ok("at-the-timeout", "The block has the time of the timeout: it cannot receive any more.", at));
    cases.iter().map(Case::json).collect()
}
