//! The crate gives the verdict of every vector in `standard/vectors/qbft`, and so does the plain
//! checker.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, Bytes, hex};
use common::reference;
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_qbft::{ClientState, ConsensusState, Header, K256, Kind, QbftClient};
use lupu_standard::{Height, TimestampSecs};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../standard/vectors/qbft")
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

fn client(state: &Bytes, stored: &[Stored]) -> QbftClient {
    let state = ClientState::decode(state).unwrap();
    QbftClient::from_snapshot(state, stored.iter().map(|s| (Height(s.height), s.hash)))
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

const UPDATES: [&str; 5] =
    ["update.json", "update_seals.json", "update_accounts.json", "update_sets.json", "update_headers.json"];

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
            assert_eq!(verified.block_hash, case.block_hash, "{name}");
            assert_eq!(verified.consensus.encode(), case.consensus_state, "{name}");
            assert_eq!(slow.unwrap().consensus, case.consensus_state, "plain: {name}");
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
        "MalformedHeader",
        "HeightNotNewer",
        "ZeroStateRoot",
        "TrustedStateExpired",
        "HeaderFromFuture",
        "TimeWentBack",
        "InvalidValidatorSet",
        "TrustedValidatorsMismatch",
        "InvalidSeal",
        "SealsNotSorted",
        "ForeignSeal",
        "TooFewSeals",
        "TooLittleOverlap",
        "InvalidProof",
        "RouterAbsent",
        "RouterCodeMismatch",
        "ZeroStorageRoot",
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
    for case in read::<Creation>("creation.json") {
        let state = ClientState::decode(&case.client_state).unwrap();
        let initial = ConsensusState::decode(&case.consensus_state).unwrap();
        let verdict = QbftClient::new(state.clone(), initial);
        let verdict = verdict.map_or_else(
            |e| e.name(),
            |client| {
                assert_eq!(client.consensus_hash(state.latest_height), Some(initial.hash()));
                "ok"
            },
        );
        assert_eq!(verdict, case.expect, "{}", case.name);
    }
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
        assert_eq!(slow.map_or_else(|e| e, |()| "Misbehaviour"), case.expect, "{}", case.name);
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
        let claims: Vec<(Vec<u8>, Claim)> = case
            .paths
            .iter()
            .zip(&case.values)
            .map(|(path, value)| {
                let claim = if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
                (path.to_vec(), claim)
            })
            .collect();
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

#[derive(Deserialize)]
struct RawHeader {
    name: String,
    kind: String,
    header: Bytes,
    expect: String,
    field: String,
    at: usize,
    hash: B256,
    commit_digest: B256,
    parent_hash: B256,
    coinbase: Address,
    state_root: B256,
    number: u64,
    timestamp: u64,
    round: u32,
    validators: Vec<Address>,
    signers: Vec<Address>,
}

#[test]
fn headers() {
    for case in read::<RawHeader>("header.json") {
        let name = &case.name;
        let kind = Kind::from_name(&case.kind).unwrap();
        match Header::decode(kind, &case.header) {
            Err(e) => {
                assert_eq!(case.expect, "MalformedHeader", "{name}: {e}");
                assert_eq!((e.field, e.at), (case.field.as_str(), case.at), "{name}");
                let line = format!("field {} at byte {}: ", case.field, case.at);
                assert!(e.to_string().starts_with(&line) && !e.to_string().contains('\n'));
            }
            Ok(h) => {
                assert_eq!(case.expect, "ok", "{name}");
                assert_eq!(h.encode(), case.header, "{name}");
                assert_eq!(h.block_hash(), case.hash, "{name}");
                assert_eq!(h.commit_digest(), case.commit_digest, "{name}");
                assert_eq!(h.parent_hash(), case.parent_hash, "{name}");
                assert_eq!(h.coinbase(), case.coinbase, "{name}");
                assert_eq!(h.state_root(), case.state_root, "{name}");
                assert_eq!((h.number().0, h.timestamp().0), (case.number, case.timestamp));
                assert_eq!(h.round(), case.round, "{name}");
                assert_eq!(h.validators(), case.validators, "{name}");
                let signers: Vec<_> = h.recover_seals(&K256).into_iter().map(Result::unwrap_or_default).collect();
                assert_eq!(signers, case.signers, "{name}");
                let bare = h.with_seals(Vec::new());
                assert_eq!(bare.block_hash(), case.hash, "{name}");
                assert_eq!(bare.commit_digest(), case.commit_digest, "{name}");
            }
        }
    }
}

/// Two of Besu's literals, against this crate without the builder between.
#[test]
fn besu_ibft2_literals() {
    let case = read::<RawHeader>("header.json").into_iter().find(|c| c.name == "besu_hashing_ibft2").unwrap();
    let header = Header::decode(Kind::Ibft2, &case.header).unwrap();
    let digest = hex!("b1d26d018658f2556a2c3f0080596055cb0d05bcab91397f8ae8f01ea831559c");
    let hash = hex!("8d8736980278155e486cf0543c0a53cd3a3c961c3b976c6a4ac7dc5310dad88d");
    assert_eq!(header.commit_digest(), digest);
    assert_eq!(header.block_hash(), hash);
    assert_eq!(header.round(), 0x00fe_dcba);
    // The address of the key 1.
    let first = hex!("7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    assert_eq!(header.recover_seals(&K256)[0], Ok(Address::new(first)));
}
