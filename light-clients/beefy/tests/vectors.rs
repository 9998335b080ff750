//! The crate gives the verdict of every vector in `standard/vectors/beefy`, and so does the plain
//! checker.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes, keccak256};
use common::reference;
use lupu_beefy::{BeefyClient, ClientState, Commitment, ConsensusState, keyset_root, mmr, split_addresses, threshold};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../standard/vectors/beefy")
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
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

fn client(state: &Bytes, stored: &[Stored]) -> BeefyClient {
    let state = ClientState::decode(state).unwrap();
    BeefyClient::from_snapshot(state, stored.iter().map(|s| (Height(s.height), s.hash)))
}

fn plain(state: &Bytes, stored: &[Stored], now: u64) -> reference::Client {
    let stored: Vec<_> = stored.iter().map(|s| (s.height, s.hash)).collect();
    reference::Client::new(state, &stored, now)
}

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| name.to_string()).collect()
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
    block_hash: B256,
    consensus_state: Bytes,
    client_state_after: Bytes,
}

const UPDATES: [&str; 5] =
    ["update.json", "update_signatures.json", "update_leaves.json", "update_headers.json", "update_flips.json"];

#[test]
fn updates() {
    let mut seen = BTreeSet::new();
    for case in UPDATES.into_iter().flat_map(read::<Update>) {
        let name = &case.name;
        let now = TimestampSecs(case.now);
        let mut client = client(&case.client_state, &case.stored);
        let before = client.clone();
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
        match (checked, slow) {
            (Ok((verified, _)), Ok(slow)) => {
                assert_eq!(verified.height.0, case.height, "{name}");
                assert_eq!(verified.block_hash, case.block_hash, "{name}");
                assert_eq!(verified.consensus.encode(), case.consensus_state, "{name}");
                assert_eq!(client.state_bytes(), case.client_state_after, "{name}");
                assert_eq!((slow.height, slow.block_hash), (case.height, case.block_hash), "plain: {name}");
                assert_eq!(slow.consensus, case.consensus_state, "plain: {name}");
                assert_eq!(slow.after, case.client_state_after, "plain: {name}");
            }
            _ => {
                assert_eq!(client.state(), before.state(), "{name}");
                assert!(case.client_state_after.is_empty() && case.consensus_state.is_empty());
            }
        }
        let stored: Vec<_> = client.consensus_hashes().collect();
        if verdict == "Update" {
            let hash = ConsensusState::decode(&case.consensus_state).unwrap().hash();
            assert_eq!(client.consensus_hash(Height(case.height)), Some(hash), "{name}");
            assert_eq!(stored.len(), before.consensus_hashes().count() + 1, "{name}");
            assert_eq!(client.status(now), Status::Active, "{name}");
        } else {
            assert!(before.consensus_hashes().eq(stored), "{name}");
        }
        seen.insert(case.expect);
    }
    // Every check has a vector.
    let all = names(&[
        "Update",
        "NoOp",
        "Misbehaviour",
        "MalformedMessage",
        "ClientFrozen",
        "ClientExpired",
        "MalformedCommitment",
        "UnknownAuthoritySet",
        "AuthoritySetMismatch",
        "InvalidSignature",
        "TooFewSignatures",
        "SignaturesNotSorted",
        "WrongSigner",
        "MalformedLeaf",
        "LeafOutOfRange",
        "HandoverLeafNotBound",
        "NextSetMismatch",
        "InvalidMmrProof",
        "MalformedHeader",
        "HeaderMismatch",
        "ZeroStateRoot",
        "InvalidProof",
        "AnchorAbsent",
        "MalformedAnchor",
        "WrongChain",
        "HeaderFromFuture",
        "TimeWentBack",
    ]);
    assert_eq!(seen, all);
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
        assert_eq!(state.encode(), case.client_state);
        let initial = ConsensusState::decode(&case.consensus_state).unwrap();
        let verdict = BeefyClient::new(state.clone(), initial);
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
    let all = names(&[
        "ok",
        "InvalidIdentity",
        "InvalidTrustingPeriod",
        "InvalidClockDrift",
        "InvalidFirstBlock",
        "InvalidAuthoritySet",
        "InvalidInitialState",
    ]);
    assert_eq!(seen, all);
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
        let before = client.state().clone();
        let verdict = match client.misbehaviour(&case.evidence, now) {
            Ok(()) => "Misbehaviour",
            Err(e) => e.check,
        };
        assert_eq!(verdict, case.expect, "{}", case.name);
        let freezes = before.frozen || case.expect == "Misbehaviour";
        assert_eq!(*client.state(), ClientState { frozen: freezes, ..before }, "{}", case.name);
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
        let claims: Vec<(Vec<u8>, Claim)> =
            case.paths.iter().zip(&case.values).map(|(path, value)| (path.to_vec(), claim(value))).collect();
        let now = TimestampSecs(case.now);
        let verdict = client.verify(Height(case.height), &claims, &case.proof, now);
        let time = verdict.as_ref().map_or(0, |t| t.0);
        assert_eq!(time, case.timestamp, "{}", case.name);
        let verdict = verdict.map_or_else(|e| e.check, |_| "ok");
        assert_eq!(verdict, case.expect, "{}", case.name);
        let slow = plain(&case.client_state, &case.stored, case.now);
        let claims: Vec<_> = case.paths.iter().map(|p| p.to_vec()).zip(case.values.iter().copied()).collect();
        let slow = reference::membership(&slow, case.height, &claims, &case.proof);
        assert_eq!(slow.map_or_else(|e| e, |_| "ok"), case.expect, "plain: {}", case.name);
        seen.insert(case.expect);
    }
    let all = names(&[
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
    ]);
    assert_eq!(seen, all);
}

#[derive(Deserialize)]
struct RawCommitment {
    name: String,
    commitment: Bytes,
    expect: String,
    block_number: u32,
    validator_set_id: u64,
    mmr_root: B256,
    hash: B256,
}

#[test]
fn commitments() {
    for case in read::<RawCommitment>("commitment.json") {
        let read = Commitment::decode(&case.commitment).and_then(|c| Ok((c.mmr_root()?, c)));
        match read {
            Err(e) => assert_eq!(case.expect, "MalformedCommitment", "{}: {e}", case.name),
            Ok((root, c)) => {
                assert_eq!(case.expect, "ok", "{}", case.name);
                assert_eq!(c.encode(), case.commitment, "{}", case.name);
                assert_eq!((c.block_number, c.validator_set_id), (case.block_number, case.validator_set_id));
                assert_eq!((root, c.hash()), (case.mmr_root, case.hash), "{}", case.name);
                assert_eq!(keccak256(&case.commitment), case.hash);
            }
        }
    }
}

#[derive(Deserialize)]
struct Keyset {
    name: String,
    authorities: Bytes,
    len: usize,
    root: B256,
    threshold: usize,
}

#[test]
fn keysets() {
    for case in read::<Keyset>("keyset.json") {
        let list = split_addresses(&case.authorities).unwrap();
        assert_eq!(list.len(), case.len);
        assert_eq!(keyset_root(&list), case.root, "{}", case.name);
        assert_eq!(threshold(case.len), case.threshold, "{}", case.name);
    }
}

#[derive(Deserialize)]
struct Mmr {
    name: String,
    root: B256,
    leaf: B256,
    index: u64,
    count: u64,
    items: Bytes,
    expect: String,
}

#[test]
fn mountain_ranges() {
    for case in read::<Mmr>("mmr.json") {
        let verdict = mmr::split_items(&case.items)
            .and_then(|items| mmr::verify(&case.root, &case.leaf, case.index, case.count, &items));
        assert_eq!(verdict.is_ok(), case.expect == "ok", "{}: {verdict:?}", case.name);
        assert!(["ok", "InvalidMmrProof"].contains(&case.expect.as_str()));
    }
}
