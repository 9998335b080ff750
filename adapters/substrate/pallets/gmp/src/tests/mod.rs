//! Each rule with its attack.

mod filters;
mod receiving;
mod sending;

use crate::{GmpApp, RECEIVER, mock::*};
use alloc::{string::String, vec::Vec};
use codec::Encode;
use frame_support::storage::with_storage_layer;
use lupu_standard::{
    Encoding, Packet, Payload, TimestampSecs,
    ics27::{GmpPacketData, PORT, VERSION},
};
use pallet_lupu_ibc::IbcApp;
use sp_runtime::{AccountId32, DispatchError};

/// A sender on an EVM chain.
const SENDER: &str = "0x1111111111111111111111111111111111111111";
const SALT: [u8; 3] = [1, 2, 3];

fn app() -> GmpApp<Test> {
    GmpApp::default()
}

fn note(value: u32) -> RuntimeCall {
    probe::Call::note { value }.into()
}

fn notes() -> Vec<(AccountId32, u32)> {
    probe::Notes::<Test>::get()
}

fn payload_of(call: &[u8]) -> Vec<u8> {
    [&TRANSACTION_VERSION.to_le_bytes()[..], call].concat()
}

fn message(call: &RuntimeCall) -> GmpPacketData {
    GmpPacketData {
        sender: SENDER.into(),
        receiver: RECEIVER.into(),
        salt: SALT.into(),
        payload: payload_of(&call.encode()).into(),
        memo: "".into(),
    }
}

fn packet_of(value: Vec<u8>) -> Packet {
    Packet {
        sequence: 9.try_into().unwrap(),
        source_client: THERE.parse().unwrap(),
        destination_client: HERE.parse().unwrap(),
        timeout_timestamp: TimestampSecs(TIMEOUT),
        payloads: vec![Payload {
            source_port: PORT.parse().unwrap(),
            destination_port: PORT.parse().unwrap(),
            version: VERSION.into(),
            encoding: Encoding::SolidityAbi.media_type().into(),
            value: value.into(),
        }],
    }
}

/// What the host does with a received packet.
fn deliver(packet: &Packet) -> Result<Vec<u8>, DispatchError> {
    with_storage_layer(|| app().on_recv(packet, &packet.payloads[0], &RELAYER))
}

fn received(message: &GmpPacketData) -> Result<Vec<u8>, DispatchError> {
    deliver(&packet_of(message.encode(Encoding::SolidityAbi)))
}

fn made(call: impl Into<RuntimeCall>) -> Result<Vec<u8>, DispatchError> {
    received(&message(&call.into()))
}

/// The cases of `standard/vectors/ics27.json` of a kind: name, value, and whether it is well formed in ABI.
fn cases(kind: &str) -> Vec<(String, Vec<u8>, bool, serde_json::Value)> {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let file = std::fs::read(folder.join("../../../../standard/vectors/ics27.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let cases = file["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == kind).map(|case| {
        let value = hex::decode(case["value"].as_str().unwrap().trim_start_matches("0x")).unwrap();
        let valid = case["valid"] == true && case["encoding"] == Encoding::SolidityAbi.media_type();
        (case["name"].to_string(), value, valid, case.clone())
    });
    cases.collect()
}
