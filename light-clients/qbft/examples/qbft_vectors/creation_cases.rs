//! What a client may be created with.

use crate::common::Scenario;
use alloy_primitives::{Address, B256, hex, keccak256};
use lupu_qbft::{ClientState, ConsensusState, Kind::Ibft2, Kind::Qbft};
use lupu_standard::{Height, TimestampSecs};
use serde_json::{Value, json};

type Change = fn(&mut ClientState, &mut ConsensusState);

pub fn cases() -> Vec<Value> {
    let share = |n, d| {
        move |c: &mut ClientState, _: &mut ConsensusState| {
            (c.rules.trust_numerator, c.rules.trust_denominator) = (n, d);
        }
    };
    let mut out = Vec::new();
    let mut put = |name: String, expect: &str, change: &dyn Fn(&mut ClientState, &mut ConsensusState)| {
        let s = Scenario::new(if name.ends_with("ibft2") { Ibft2 } else { Qbft }, 4);
        let (mut client, mut initial) = (s.client, s.trusted);
        change(&mut client, &mut initial);
        out.push(json!({
            "name": name,
            "client_state": hex::encode_prefixed(client.encode()),
            "consensus_state": hex::encode_prefixed(initial.encode()),
            "expect": expect,
        }));
    };
    let cases: [(&str, &str, Change); 18] = [
        ("qbft", "ok", |_, _| {}),
        ("ibft2", "ok", |_, _| {}),
        ("shortest_period", "ok", |c, _| c.rules.trusting_period = 86_401),
        ("largest_drift", "ok", |c, _| c.rules.max_clock_drift = c.rules.trusting_period - 1),
        ("no_drift", "ok", |c, _| c.rules.max_clock_drift = 0),
        ("chain_id_zero", "InvalidChainId", |c, _| c.chain_id = 0),
        ("router_zero", "InvalidRouter", |c, _| c.router = Address::ZERO),
        ("code_hash_zero", "InvalidRouter", |c, _| c.router_code_hash = B256::ZERO),
        ("period_of_a_day", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 86_400),
        ("period_zero", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 0),
        ("drift_of_the_period", "InvalidClockDrift", |c, _| c.rules.max_clock_drift = c.rules.trusting_period),
        ("height_zero", "InvalidInitialState", |c, _| c.latest_height = Height(0)),
        ("time_zero", "InvalidInitialState", |c, i| {
            c.latest_timestamp = TimestampSecs(0);
            i.timestamp = TimestampSecs(0);
        }),
        ("frozen", "InvalidInitialState", |c, _| c.frozen = true),
        ("other_time", "InvalidInitialState", |_, i| i.timestamp.0 += 1),
        ("storage_root_zero", "InvalidInitialState", |_, i| i.storage_root = B256::ZERO),
        ("validators_zero", "InvalidInitialState", |_, i| i.validators_hash = B256::ZERO),
        ("validators_none", "InvalidInitialState", |_, i| i.validators_hash = keccak256([])),
    ];
    for (name, expect, change) in cases {
        put(name.into(), expect, &change);
    }
    for (n, d) in [(34, 99), (1, 2), (86, 255), (1, 1), (255, 255)] {
        put(format!("share_{n}_of_{d}"), "ok", &share(n, d));
    }
    for (n, d) in [(1, 3), (33, 99), (85, 255), (0, 1), (0, 0), (1, 0), (4, 3)] {
        put(format!("share_{n}_of_{d}"), "InvalidTrustLevel", &share(n, d));
    }
    out
}
