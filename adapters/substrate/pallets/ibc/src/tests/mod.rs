//! The host against its rules, its vectors, and another host.

mod calls;
mod chain;
mod clients;
mod ending;
mod evm;
mod host;
mod migration;
mod packets;
mod random;
mod receiving;
mod rules;
mod vectors;

use crate::{ClientRecord, Clients, Error, ScalePacket, mock::*, wire};
use alloy_primitives::{Address, B256};
use frame_support::{BoundedVec, assert_ok, pallet_prelude::Get};
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules};
use lupu_standard::{ClientId, Height, Packet, Payload, Sequence, TimestampSecs};

/// The client here and its counterparty.
pub const HERE: &str = "bank.qbft-harbour";
pub const THERE: &str = "harbour.grandpa-bank";
/// The height that clients are created at.
pub const HEIGHT: u64 = 100;

pub fn bounded<S: Get<u32>>(bytes: &[u8]) -> BoundedVec<u8, S> {
    BoundedVec::try_from(bytes.to_vec()).unwrap()
}

pub fn id(text: &str) -> wire::IdentifierBytes {
    bounded(text.as_bytes())
}

pub fn client(text: &str) -> ClientId {
    text.parse().unwrap()
}

pub fn rejected(check: &str) -> Error<Test> {
    let check = crate::Check::from_name(check);
    assert_ne!(check, crate::Check::Other);
    Error::ClientRejected(check)
}

/// A client state and the consensus state it starts from.
pub fn qbft(storage_root: B256, timestamp: u64) -> (ClientState, ConsensusState) {
    let state = ClientState {
        kind: Kind::Qbft,
        chain_id: 1981,
        router: Address::repeat_byte(0x11),
        router_code_hash: B256::repeat_byte(0x22),
        rules: Rules::default(),
        latest_height: Height(HEIGHT),
        latest_timestamp: TimestampSecs(timestamp),
        frozen: false,
    };
    let consensus =
        ConsensusState { timestamp: TimestampSecs(timestamp), storage_root, validators_hash: B256::repeat_byte(0x33) };
    (state, consensus)
}

/// Creates a client that trusts this storage root.
pub fn create(name: &str, storage_root: B256, timestamp: u64) {
    let (state, consensus) = qbft(storage_root, timestamp);
    assert_ok!(Ibc::create_client(
        RuntimeOrigin::root(),
        id(name),
        bounded(b"qbft"),
        bounded(&state.encode()),
        bounded(&consensus.encode()),
    ));
}

/// Creates [`HERE`] over this storage root, a second old, and binds it to [`THERE`].
pub fn bound(storage_root: B256) {
    create(HERE, storage_root, START - 1);
    assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(HERE), id(THERE), vec![vec![]]));
}

pub fn record(name: &str) -> ClientRecord {
    Clients::<Test>::get(id(name)).unwrap()
}

/// Changes a stored client state, as no call can.
pub fn change_state(name: &str, change: impl FnOnce(&mut ClientState)) {
    let mut stored = record(name);
    let mut state = ClientState::decode(&stored.state).unwrap();
    change(&mut state);
    stored.state = bounded(&state.encode());
    Clients::<Test>::insert(id(name), stored);
}

pub fn payload(value: &[u8]) -> Payload {
    Payload {
        source_port: "mock".parse().unwrap(),
        destination_port: "mock".parse().unwrap(),
        version: "mock-1".into(),
        encoding: "application/octet-stream".into(),
        value: value.to_vec().into(),
    }
}

/// A packet from [`THERE`] to [`HERE`].
pub fn incoming(sequence: u64) -> Packet {
    Packet {
        sequence: Sequence::new(sequence).unwrap(),
        source_client: client(THERE),
        destination_client: client(HERE),
        timeout_timestamp: TimestampSecs(START + 600),
        payloads: vec![payload(format!("value {sequence}").as_bytes())],
    }
}

pub fn scale(packet: &Packet) -> ScalePacket {
    packet.try_into().unwrap()
}

pub fn batch<T: Clone, S: Get<u32>>(items: &[T]) -> BoundedVec<T, S> {
    BoundedVec::try_from(items.to_vec()).ok().unwrap()
}
