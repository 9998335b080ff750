//! The crate gives the verdict of every vector in `standard/vectors/grandpa`, and so does the plain
//! checker.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes};
use codec::Decode;
use common::{cached::Cached, reference};
use lupu_grandpa::{AuthoritySet, ClientState, ConsensusState, GrandpaClient, Justification, check_votes, trim};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let crate_folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let text = fs::read_to_string(crate_folder.join("../../standard/vectors/grandpa").join(file)).unwrap();
    let file: File<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.count, file.cases.len());
    assert!(file.count > 0);
    file.cases
}

#[derive(Deserialize)]
struct Stored {
    height: u64,
    hash: B256,
}

fn client(state: &Bytes, stored: &[Stored]) -> GrandpaClient<Cached> {
    let state = ClientState::decode(state).unwrap();
    GrandpaClient::from_snapshot(state, stored.iter().map(|s| (Height(s.height), s.hash))).with_verifier(Cached)
}

fn plain(state: &Bytes, stored: &[Stored], now: u64) -> reference::Client {
    let stored: Vec<_> = stored.iter().map(|s| (s.height, s.hash)).collect();
    reference::Client::new(state, &stored, now)
}

#[derive(Deserialize)]
struct Update {
    name: String,
    client_state: Bytes,
    stored: Vec<Stored>,
    now: u64,
    message: Bytes,
    expect: String,
    height: u64,
    consensus_state: Bytes,
    block_hash: B256,
}

const UPDATES: [&str; 6] = [
    "update.json",
    "update_votes.json",
    "update_ancestry.json",
    "update_changes.json",
    "update_anchors.json",
    "update_headers.json",
];

#[test]
fn updates() {
    let mut seen = BTreeSet::new();
    for case in UPDATES.into_iter().flat_map(read::<Update>) {
        let name = &case.name;
        let now = TimestampSecs(case.now);
        let mut client = client(&case.client_state, &case.stored);
        let before = client.state().clone();
        let checked = client.check(&case.message, now);
        let verdict = match client.update(&case.message, now) {
            Ok(UpdateResult::Update) => "Update",
            Ok(UpdateResult::NoOp) => "NoOp",
            Ok(UpdateResult::Misbehaviour) => "Misbehaviour",
            Err(e) => {
                assert!(!e.detail.is_empty() && !e.detail.contains('\n'));
                e.check
            }
        };
        assert_eq!(verdict, case.expect, "{name}");
        let slow = plain(&case.client_state, &case.stored, case.now);
        let slow = reference::update_client(&slow, &case.message);
        assert_eq!(slow.as_ref().map_or_else(|e| *e, |o| o.result), case.expect, "plain: {name}");
        if let Ok((verified, _)) = checked {
            assert_eq!(verified.height.0, case.height, "{name}");
            assert_eq!(verified.consensus.header_hash, case.block_hash, "{name}");
            assert_eq!(verified.header.hash(), case.block_hash, "{name}");
            assert_eq!(verified.consensus.encode(), case.consensus_state, "{name}");
            assert_eq!(slow.unwrap().consensus, case.consensus_state, "plain: {name}");
            let next = verified.next.map(|set| set.hash());
            let kept = ConsensusState::decode(&case.consensus_state).unwrap().authorities_hash;
            assert!(next.is_none_or(|hash| hash == kept), "{name}");
        }
        match verdict {
            "Update" => {
                let stored = client.consensus_hash(Height(case.height)).unwrap();
                assert_eq!(stored, ConsensusState::decode(&case.consensus_state).unwrap().hash());
                assert_eq!(client.latest_height(), before.latest_height.max(Height(case.height)));
                assert_eq!(client.status(now), Status::Active, "{name}");
            }
            "Misbehaviour" => assert_eq!(client.status(now), Status::Frozen, "{name}"),
            _ => assert_eq!(*client.state(), before, "{name}"),
        }
        seen.insert(case.expect);
    }
    // Every check has a vector.
    let all = [
        "Update",
        "NoOp",
        "Misbehaviour",
        "MalformedMessage",
        "ClientFrozen",
        "UnknownTrustedHeight",
        "TrustedStateMismatch",
        "TrustedStateExpired",
        "MalformedHeader",
        "HeightNotNewer",
        "ZeroStateRoot",
        "InvalidAuthoritySet",
        "AuthoritySetMismatch",
        "MalformedJustification",
        "TargetMismatch",
        "ForeignVoter",
        "DuplicateVoter",
        "InvalidSignature",
        "InvalidAncestry",
        "UnusedAncestry",
        "TooLittleWeight",
        "ForcedChange",
        "InvalidScheduledChange",
        "InvalidProof",
        "AnchorAbsent",
        "MalformedAnchor",
        "WrongChain",
        "HeaderFromFuture",
        "TimeWentBack",
    ];
    assert_eq!(seen, all.map(String::from).into());
}

#[derive(Deserialize)]
struct Creation {
    name: String,
    client_state: Bytes,
    consensus_state: Bytes,
    expect: String,
}

#[test]
fn creation() {
    let mut seen = BTreeSet::new();
    for case in read::<Creation>("creation.json") {
        let state = ClientState::decode(&case.client_state).unwrap();
        let initial = ConsensusState::decode(&case.consensus_state).unwrap();
        let verdict = GrandpaClient::new(state.clone(), initial);
        let verdict = verdict.map_or_else(
            |e| e.name(),
            |client| {
                assert_eq!(client.consensus_hash(state.latest_height), Some(initial.hash()));
                "ok"
            },
        );
        assert_eq!(verdict, case.expect, "{}", case.name);
        seen.insert(case.expect);
    }
    let all = ["ok", "InvalidIdentity", "InvalidTrustingPeriod", "InvalidClockDrift", "InvalidInitialState"];
    assert_eq!(seen, all.map(String::from).into());
}

#[derive(Deserialize)]
struct Alone {
    name: String,
    justification: Bytes,
    set_id: u64,
    authorities: Bytes,
    expect: String,
    node: bool,
    round: u64,
    target_hash: B256,
    target_number: u32,
    signers: Vec<B256>,
}

#[test]
fn justifications() {
    let mut differ = BTreeSet::new();
    for case in read::<Alone>("justification.json") {
        let name = &case.name;
        let set = AuthoritySet::decode(&case.authorities).unwrap();
        assert_eq!(set.encode(), case.authorities);
        let justification = Justification::decode(&case.justification).unwrap();
        assert_eq!(justification.encode(), case.justification, "{name}");
        let verdict = check_votes(&justification, case.set_id, &set, &Cached);
        if let Ok(finality) = &verdict {
            assert_eq!(finality.round, case.round, "{name}");
            assert_eq!(finality.target.hash, case.target_hash, "{name}");
            assert_eq!(finality.target.number, case.target_number, "{name}");
            assert_eq!(finality.signers, case.signers, "{name}");
        }
        let good = verdict.is_ok();
        assert_eq!(verdict.map_or_else(|e| e.name(), |_| "ok"), case.expect, "{name}");

        let native = Decode::decode(&mut &case.justification[..]).unwrap();
        let list: Vec<_> = set.authorities().iter().map(|a| (a.key.0, a.weight)).collect();
        let slow = reference::votes(&native, &list, case.set_id);
        assert_eq!(slow.map_or_else(|e| e, |()| "ok"), case.expect, "plain: {name}");

        // What a node takes, the client takes too, once it is trimmed.
        let trimmed = trim(&justification, case.set_id, &set, &Cached);
        if case.node || good {
            let trimmed = trimmed.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(check_votes(&trimmed, case.set_id, &set, &Cached).is_ok(), "{name}");
            assert!(trimmed.encode().len() <= case.justification.len());
        }
        if case.node != good {
            differ.insert((case.expect, case.node));
        }
    }
    let named = [("ForeignVoter", true), ("DuplicateVoter", true), ("InvalidAncestry", true), ("UnusedAncestry", true)];
    let all: BTreeSet<_> = named.into_iter().chain([("ok", false)]).map(|(e, node)| (e.to_string(), node)).collect();
    assert_eq!(differ, all, "where the client and the node differ");
}

#[derive(Deserialize)]
struct Evidence {
    name: String,
    client_state: Bytes,
    stored: Vec<Stored>,
    now: u64,
    evidence: Bytes,
    expect: String,
}

#[test]
fn misbehaviour() {
    for case in read::<Evidence>("misbehaviour.json") {
        let now = TimestampSecs(case.now);
        let mut client = client(&case.client_state, &case.stored);
        let frozen = client.state().frozen;
        let verdict = match client.misbehaviour(&case.evidence, now) {
            Ok(()) => "Misbehaviour",
            Err(e) => e.check,
        };
        assert_eq!(verdict, case.expect, "{}", case.name);
        assert_eq!(client.state().frozen, frozen || case.expect == "Misbehaviour");
        let slow = plain(&case.client_state, &case.stored, case.now);
        let slow = reference::misbehaviour(&slow, &case.evidence);
        assert_eq!(slow.map_or_else(|e| e, |()| "Misbehaviour"), case.expect, "plain: {}", case.name);
    }
}

#[derive(Deserialize)]
struct Membership {
    name: String,
    client_state: Bytes,
    stored: Vec<Stored>,
    now: u64,
    height: u64,
    paths: Vec<Bytes>,
    values: Vec<B256>,
    proof: Bytes,
    expect: String,
    timestamp: u64,
}

#[test]
fn membership() {
    let mut seen = BTreeSet::new();
    for case in read::<Membership>("membership.json") {
        let client = client(&case.client_state, &case.stored);
        let claim = |value: &B256| if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
        let paths = case.paths.iter().map(|p| p.to_vec());
        let claims: Vec<(Vec<u8>, Claim)> = paths.clone().zip(case.values.iter().map(claim)).collect();
        let verdict = client.verify(Height(case.height), &claims, &case.proof, TimestampSecs(case.now));
        let time = verdict.as_ref().map_or(0, |t| t.0);
        assert_eq!(time, case.timestamp, "{}", case.name);
        let verdict = verdict.map_or_else(|e| e.check, |_| "ok");
        assert_eq!(verdict, case.expect, "{}", case.name);
        let slow = plain(&case.client_state, &case.stored, case.now);
        let claims: Vec<_> = paths.zip(case.values.iter().copied()).collect();
        let slow = reference::membership(&slow, case.height, &claims, &case.proof);
        assert_eq!(slow.map_or_else(|e| e, |_| "ok"), case.expect, "plain: {}", case.name);
        seen.insert(case.expect);
    }
    let all = [
        "ok",
        "ClientFrozen",
        "ClientExpired",
        "UnknownHeight",
        "MalformedMessage",
        "ConsensusStateMismatch",
        "InvalidPath",
        "InvalidProof",
        "ValueAbsent",
        "ValuePresent",
        "ValueMismatch",
    ];
    assert_eq!(seen, all.map(String::from).into());
}
