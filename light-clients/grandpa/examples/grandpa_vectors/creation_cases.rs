//! What a client may be created with.

use crate::common::Scenario;
use alloy_primitives::{B256, FixedBytes, hex};
use lupu_grandpa::{ClientState, ConsensusState};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::EMPTY_ROOT;
use serde_json::{Value, json};

type Change = fn(&mut ClientState, &mut ConsensusState);

pub fn cases() -> Vec<Value> {
    let cases: [(&str, &str, Change); 22] = [
        ("grandpa", "ok", |_, _| {}),
        ("first_set", "ok", |_, i| i.set_id = 0),
        ("shortest_period", "ok", |c, _| c.rules.trusting_period = 86_401),
        ("longest_period", "ok", |c, _| c.rules.trusting_period = u64::MAX),
        ("largest_drift", "ok", |c, _| c.rules.max_clock_drift = c.rules.trusting_period - 1),
        ("no_drift", "ok", |c, _| c.rules.max_clock_drift = 0),
        ("genesis_zero", "InvalidIdentity", |c, _| c.genesis = FixedBytes::ZERO),
        ("pallet_prefix_zero", "InvalidIdentity", |c, _| c.pallet_prefix = FixedBytes::ZERO),
        ("period_of_a_day", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 86_400),
        ("period_zero", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 0),
        ("drift_of_the_period", "InvalidClockDrift", |c, _| c.rules.max_clock_drift = c.rules.trusting_period),
        ("drift_above_the_period", "InvalidClockDrift", |c, _| c.rules.max_clock_drift = u64::MAX),
        ("identity_before_period", "InvalidIdentity", |c, _| {
            c.genesis = FixedBytes::ZERO;
            c.rules.trusting_period = 0;
        }),
        ("height_zero", "InvalidInitialState", |c, _| c.latest_height = Height(0)),
        ("time_zero", "InvalidInitialState", |c, i| {
            c.latest_timestamp = TimestampSecs(0);
            i.timestamp = TimestampSecs(0);
        }),
        ("frozen", "InvalidInitialState", |c, _| c.frozen = true),
        ("other_time", "InvalidInitialState", |_, i| i.timestamp.0 += 1),
        ("state_root_zero", "InvalidInitialState", |_, i| i.state_root = B256::ZERO),
        ("state_root_empty", "InvalidInitialState", |_, i| i.state_root = EMPTY_ROOT),
        ("header_hash_zero", "InvalidInitialState", |_, i| i.header_hash = B256::ZERO),
        ("authorities_zero", "InvalidInitialState", |_, i| i.authorities_hash = B256::ZERO),
        ("all_zero", "InvalidIdentity", |c, i| {
            *c = ClientState {
                genesis: FixedBytes::ZERO,
                pallet_prefix: FixedBytes::ZERO,
                rules: lupu_grandpa::Rules { trusting_period: 0, max_clock_drift: 0 },
                latest_height: Height(0),
                latest_timestamp: TimestampSecs(0),
                frozen: false,
            };
            i.timestamp = TimestampSecs(0);
        }),
    ];
    let case = |(name, expect, change): &(&str, &str, Change)| {
        let Scenario { mut client, trusted: mut initial, .. } = Scenario::new(4);
        change(&mut client, &mut initial);
        json!({
            "name": name,
            "client_state": hex::encode_prefixed(client.encode()),
            "consensus_state": hex::encode_prefixed(initial.encode()),
            "expect": expect,
        })
    };
    cases.iter().map(case).collect()
}
