//! What a client may be created with.

use crate::common::Scenario;
use alloy_primitives::{B256, b256, hex};
use lupu_beefy::{ClientState, ConsensusState};
use lupu_standard::{Height, TimestampSecs};
use serde_json::{Value, json};

type Change = fn(&mut ClientState, &mut ConsensusState);

/// Root of an empty trie: BLAKE2b-256 of one zero byte.
const EMPTY: B256 = b256!("03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314");

const CASES: [(&str, &str, Change); 38] = [
    ("usual", "ok", |_, _| {}),
    ("shortest_period", "ok", |c, _| c.rules.trusting_period = 86_401),
    ("largest_drift", "ok", |c, _| c.rules.max_clock_drift = c.rules.trusting_period - 1),
    ("no_drift", "ok", |c, _| c.rules.max_clock_drift = 0),
    ("first_block_is_next", "ok", |c, _| c.first_mmr_block = c.latest_height.0 + 1),
    ("last_height", "ok", |c, _| c.latest_height = Height(u64::MAX)),
    ("last_height_and_block", "ok", |c, _| (c.latest_height, c.first_mmr_block) = (Height(u64::MAX), u64::MAX)),
    ("one_authority", "ok", |c, _| c.current.len = 1),
    ("largest_sets", "ok", |c, _| (c.current.len, c.next.len) = (255, 255)),
    ("sets_share_a_root", "ok", |c, _| c.next.root = c.current.root),
    ("first_set", "ok", |c, _| (c.current.id, c.next.id) = (0, 1)),
    ("last_set", "ok", |c, _| (c.current.id, c.next.id) = (u64::MAX - 1, u64::MAX)),
    ("genesis_zero", "InvalidIdentity", |c, _| c.genesis = Default::default()),
    ("prefix_zero", "InvalidIdentity", |c, _| c.pallet_prefix = Default::default()),
    ("period_of_a_day", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 86_400),
    ("period_zero", "InvalidTrustingPeriod", |c, _| c.rules.trusting_period = 0),
    ("drift_of_the_period", "InvalidClockDrift", |c, _| c.rules.max_clock_drift = c.rules.trusting_period),
    ("first_block_zero", "InvalidFirstBlock", |c, _| c.first_mmr_block = 0),
    ("first_block_late", "InvalidFirstBlock", |c, _| c.first_mmr_block = c.latest_height.0 + 2),
    ("first_block_last", "InvalidFirstBlock", |c, _| c.first_mmr_block = u64::MAX),
    ("current_empty", "InvalidAuthoritySet", |c, _| c.current.len = 0),
    ("current_too_long", "InvalidAuthoritySet", |c, _| c.current.len = 256),
    ("current_root_zero", "InvalidAuthoritySet", |c, _| c.current.root = B256::ZERO),
    ("next_empty", "InvalidAuthoritySet", |c, _| c.next.len = 0),
    ("next_too_long", "InvalidAuthoritySet", |c, _| c.next.len = u32::MAX),
    ("next_root_zero", "InvalidAuthoritySet", |c, _| c.next.root = B256::ZERO),
    ("ids_equal", "InvalidAuthoritySet", |c, _| c.next.id = c.current.id),
    ("ids_apart", "InvalidAuthoritySet", |c, _| c.next.id = c.current.id + 2),
    ("ids_reversed", "InvalidAuthoritySet", |c, _| c.next.id = c.current.id - 1),
    ("ids_wrap", "InvalidAuthoritySet", |c, _| (c.current.id, c.next.id) = (u64::MAX, 0)),
    ("height_zero", "InvalidInitialState", |c, _| c.latest_height = Height(0)),
    ("time_zero", "InvalidInitialState", |c, i| {
        c.latest_timestamp = TimestampSecs(0);
        i.timestamp = TimestampSecs(0);
    }),
    ("frozen", "InvalidInitialState", |c, _| c.frozen = true),
    ("other_time", "InvalidInitialState", |_, i| i.timestamp.0 += 1),
    ("state_root_zero", "InvalidInitialState", |_, i| i.state_root = B256::ZERO),
    ("state_root_empty", "InvalidInitialState", |_, i| i.state_root = EMPTY),
    ("prefix_before_period", "InvalidIdentity", |c, _| {
        c.pallet_prefix = Default::default();
        c.rules.trusting_period = 0;
    }),
    ("first_block_before_sets", "InvalidFirstBlock", |c, _| {
        c.first_mmr_block = 0;
        c.current.len = 0;
    }),
];

pub fn cases() -> Vec<Value> {
    let case = |(name, expect, change): (&str, &str, Change)| {
        let mut client = Scenario::new(4).client;
        let state_root = crate::common::state_trie::seeded("old state root", 0);
        let mut initial = ConsensusState { timestamp: client.latest_timestamp, state_root };
        change(&mut client, &mut initial);
        json!({
            "name": name,
            "client_state": hex::encode_prefixed(client.encode()),
            "consensus_state": hex::encode_prefixed(initial.encode()),
            "expect": expect,
        })
    };
    CASES.into_iter().map(case).collect()
}
