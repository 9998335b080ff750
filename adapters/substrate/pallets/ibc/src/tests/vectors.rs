//! The light clients' vectors through the host: the same verdict by the same name.

use super::*;
use crate::{Check, ConsensusStates, Event, HostedClient};
use alloy_primitives::Bytes;
use frame_support::storage::with_storage_layer;
use lupu_light_client::{Claim, UpdateResult};
use serde::{Deserialize, de::DeserializeOwned};
use sp_runtime::DispatchError;
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Stored {
    height: u64,
    hash: B256,
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
}

#[derive(Deserialize)]
struct Creation {
    name: String,
    client_state: Bytes,
    consensus_state: Bytes,
    expect: String,
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

fn folder(kind: &str) -> PathBuf {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    root.join("../../../../standard/vectors").join(kind)
}

fn read<T: DeserializeOwned>(kind: &str, file: &str) -> Vec<T> {
    let file: File<T> = serde_json::from_str(&fs::read_to_string(folder(kind).join(file)).unwrap()).unwrap();
    assert_eq!(file.count, file.cases.len());
    assert!(file.count > 0);
    file.cases
}

/// Puts a client into the host's storage as it is. Zero is nothing stored.
fn install(kind: &str, state: &[u8], stored: &[Stored]) {
    let record = ClientRecord {
        client_type: bounded(kind.as_bytes()),
        state: bounded(state),
        counterparty: None,
        states: id(HERE),
    };
    Clients::<Test>::insert(id(HERE), record);
    for entry in stored.iter().filter(|s| !s.hash.is_zero()) {
        ConsensusStates::<Test>::insert(id(HERE), entry.height, entry.hash.0);
    }
}

/// The name of the check in the error of a call, as a relayer reads it: the module error's bytes.
fn check_of(error: DispatchError) -> &'static str {
    let DispatchError::Module(module) = error else { panic!("{error:?}") };
    let error: Error<Test> = codec::Decode::decode(&mut &module.error[..]).unwrap();
    let Error::ClientRejected(check) = error else { panic!("{error:?}") };
    assert_ne!(check, Check::Other);
    check.name()
}

/// Times that the clock, in milliseconds, cannot show are given to the client itself.
fn clock_shows(now: u64) -> bool {
    now < u64::MAX / 1_000
}

fn frozen(kind: &str) -> bool {
    let state = HostedClient::decode(kind.as_bytes(), &record(HERE).state).unwrap();
    state.status(TimestampSecs(0)) == lupu_light_client::Status::Frozen
}

fn update_directly(kind: &str, case: &Update) -> &'static str {
    let stored = |h: Height| case.stored.iter().find(|s| s.height == h.0 && !s.hash.is_zero()).map(|s| s.hash);
    let mut client = HostedClient::decode(kind.as_bytes(), &case.client_state).unwrap();
    match client.update(stored, &case.message, TimestampSecs(case.now)) {
        Ok((UpdateResult::Update, _)) => "Update",
        Ok((UpdateResult::NoOp, _)) => "NoOp",
        Ok((UpdateResult::Misbehaviour, _)) => "Misbehaviour",
        Err(check) => check.name(),
    }
}

fn updates(kind: &str, files: &[&str]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for case in files.iter().flat_map(|f| read::<Update>(kind, f)) {
        let name = &case.name;
        if !clock_shows(case.now) {
            assert_eq!(update_directly(kind, &case), case.expect, "{name}");
        } else {
            externalities().execute_with(|| {
                install(kind, &case.client_state, &case.stored);
                set_now(case.now);
                let before = record(HERE);
                let result = with_storage_layer(|| {
                    Ibc::update_client(RuntimeOrigin::signed(1), id(HERE), bounded(&case.message))
                });
                let told = events();
                let verdict = match (result, told.as_slice()) {
                    (Ok(()), []) => "NoOp",
                    (Ok(()), [Event::ClientFrozen { client }]) if *client == id(HERE) => "Misbehaviour",
                    (Ok(()), [Event::ClientUpdated { client, height, consensus_state }]) => {
                        assert_eq!((client, *height), (&id(HERE), case.height), "{name}");
                        assert_eq!(consensus_state.as_slice(), &case.consensus_state[..], "{name}");
                        let hash = sp_io::hashing::keccak_256(&case.consensus_state);
                        assert_eq!(ConsensusStates::<Test>::get(id(HERE), case.height), Some(hash), "{name}");
                        "Update"
                    }
                    (Err(e), []) => check_of(e),
                    other => panic!("{name}: {other:?}"),
                };
                assert_eq!(verdict, case.expect, "{name}");
                match verdict {
                    "Update" => {
                        let (old, new) = (before.open::<Test>().unwrap(), record(HERE).open::<Test>().unwrap());
                        assert_eq!(new.latest_height(), old.latest_height().max(case.height), "{name}");
                        assert_eq!(ConsensusStates::<Test>::iter().count(), case.stored.len() + 1, "{name}");
                    }
                    "Misbehaviour" => assert!(frozen(kind), "{name}"),
                    _ => assert_eq!(record(HERE), before, "{name}"),
                }
            });
        }
        seen.insert(case.expect);
    }
    seen
}

fn creation(kind: &str) {
    for case in read::<Creation>(kind, "creation.json") {
        let verdict = match HostedClient::create(kind.as_bytes(), &case.client_state, &case.consensus_state) {
            Ok(_) => "ok",
            Err(crate::HostError::Rejected(check)) => check.name(),
            Err(e) => panic!("{e:?}"),
        };
        assert_eq!(verdict, case.expect, "{}", case.name);
        externalities().execute_with(|| {
            // Old enough for every case to be active.
            set_now(1);
            let result = with_storage_layer(|| {
                Ibc::create_client(
                    RuntimeOrigin::root(),
                    id(HERE),
                    bounded(kind.as_bytes()),
                    bounded(&case.client_state),
                    bounded(&case.consensus_state),
                )
            });
            assert_eq!(result.map_or_else(check_of, |()| "ok"), case.expect, "{}", case.name);
        });
    }
}

fn misbehaviour(kind: &str) {
    for case in read::<Evidence>(kind, "misbehaviour.json") {
        let name = &case.name;
        assert!(clock_shows(case.now));
        externalities().execute_with(|| {
            install(kind, &case.client_state, &case.stored);
            set_now(case.now);
            let before = frozen(kind);
            let result = with_storage_layer(|| {
                Ibc::submit_misbehaviour(RuntimeOrigin::signed(1), id(HERE), bounded(&case.evidence))
            });
            let told = events();
            let verdict = match (result, told.as_slice()) {
                (Ok(()), [Event::ClientFrozen { client }]) if *client == id(HERE) => "Misbehaviour",
                (Err(e), []) => check_of(e),
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(verdict, case.expect, "{name}");
            assert_eq!(frozen(kind), before || case.expect == "Misbehaviour", "{name}");
        });
    }
}

fn membership(kind: &str) {
    for case in read::<Membership>(kind, "membership.json") {
        let claim = |value: &B256| if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
        let claims: Vec<_> = case.paths.iter().zip(&case.values).map(|(p, v)| (p.to_vec(), claim(v))).collect();
        externalities().execute_with(|| {
            install(kind, &case.client_state, &case.stored);
            let record = record(HERE);
            let stored = record.consensus_hash::<Test>(Height(case.height));
            let client = record.open::<Test>().unwrap();
            let verdict = client.verify(stored, case.height, &claims, &case.proof, TimestampSecs(case.now));
            assert_eq!(verdict.map_or(0, |t| t.0), case.timestamp, "{}", case.name);
            assert_eq!(verdict.map_or_else(|check| check.name(), |_| "ok"), case.expect, "{}", case.name);
        });
    }
}

/// Every file of the folder is read by one of the tests here, or holds no message.
fn all_read(kind: &str, files: &[&str], others: &[&str]) {
    let found = fs::read_dir(folder(kind)).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let read = files.iter().chain(others).chain(&["creation.json", "misbehaviour.json", "membership.json"]);
    assert_eq!(found.collect::<BTreeSet<_>>(), read.map(|f| f.to_string()).collect());
}

const QBFT: [&str; 5] =
    ["update.json", "update_seals.json", "update_accounts.json", "update_sets.json", "update_headers.json"];

#[test]
fn qbft() {
    all_read("qbft", &QBFT, &["header.json"]);
    let seen = updates("qbft", &QBFT);
    assert!(seen.len() >= 24, "{seen:?}");
    creation("qbft");
    misbehaviour("qbft");
    membership("qbft");
}

const GRANDPA: [&str; 6] = [
    "update.json",
    "update_votes.json",
    "update_ancestry.json",
    "update_changes.json",
    "update_headers.json",
    "update_anchors.json",
];

#[test]
fn grandpa() {
    all_read("grandpa", &GRANDPA, &["justification.json"]);
    let seen = updates("grandpa", &GRANDPA);
    assert!(seen.len() >= 24, "{seen:?}");
    creation("grandpa");
    misbehaviour("grandpa");
    membership("grandpa");
}

#[test]
fn a_call_ends_with_the_update_that_freezes() {
    use crate::RelayMessage;
    use frame_support::weights::Weight;
    let case = read::<Update>("qbft", "update.json").into_iter().find(|c| c.expect == "Misbehaviour").unwrap();
    externalities().execute_with(|| {
        install("qbft", &case.client_state, &case.stored);
        set_now(case.now);
        // The second message would be refused.
        let update = RelayMessage::UpdateClient { client: id(HERE), message: bounded(&case.message) };
        let receive = RelayMessage::Receive { packets: batch(&[scale(&incoming(1))]), proof: bounded(b""), height: 1 };
        let messages = [update, receive];
        assert_eq!(Ibc::simulate(1, messages.to_vec(), LIMIT), Ok((vec![vec![]], Weight::zero())));
        assert!(!frozen("qbft"));
        assert_ok!(Ibc::relay(RuntimeOrigin::signed(1), batch(&messages), LIMIT));
        assert_eq!(events(), [Event::ClientFrozen { client: id(HERE) }]);
        assert!(frozen("qbft"));
    });
}
