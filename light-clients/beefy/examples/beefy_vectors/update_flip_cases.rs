//! Bits flipped all over messages. What becomes of each is what the plain checker says.

use crate::{
    Cases,
    common::{Scenario, reference},
};
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    let mut older = Scenario::new(1);
    older.committed = 150;
    for (k, s) in [("bound", Scenario::new(2)), ("older", older), ("handover", Scenario::handover(1))] {
        let good = s.message().encode();
        assert_eq!(reference::update(&s, &good).unwrap().result, "Update");
        let step = good.len() / 64;
        for at in (0..good.len()).step_by(step) {
            let mut message = good.clone();
            message[at] ^= 1 << (at % 8);
            let verdict = reference::update(&s, &message).expect_err("every bit counts");
            c.raw(&format!("flip_{k}_{at}"), "a flipped bit", &s, message, verdict);
        }
    }
    c.0
}
