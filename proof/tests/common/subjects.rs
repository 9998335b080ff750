//! A packet for each kind of statement, and what a chain holds of it.

use alloy_primitives::{B256, Bytes};
use lupu_proof::Kind;
use lupu_standard::{
    Acknowledgement, Packet, Path, Payload, Sequence, TimestampSecs,
    commitment::{commit_acknowledgement, commit_packet},
    evm::packet_receipt,
    ics20::{FungibleTokenPacketData, SUCCESS_ACKNOWLEDGEMENT, VERSION},
    payload::Encoding,
};
use std::collections::BTreeMap;

pub const T0: u64 = 1_700_000_000;
/// This chain's client of the other, and the other's of this one.
pub const HERE: &str = "bank.here-harbour";
pub const THERE: &str = "harbour.there-bank";

/// A packet from one client to the other.
pub fn packet(out: bool, sequence: u64, payload: Payload) -> Packet {
    let (source, destination) = if out { (HERE, THERE) } else { (THERE, HERE) };
    Packet {
        sequence: Sequence::new(sequence).unwrap(),
        source_client: source.parse().unwrap(),
        destination_client: destination.parse().unwrap(),
        timeout_timestamp: TimestampSecs(T0 + 3_600),
        payloads: vec![payload],
    }
}

pub fn memo(text: &str) -> Payload {
    Payload {
        source_port: "notes".parse().unwrap(),
        destination_port: "notes".parse().unwrap(),
        version: "memo-1".into(),
        encoding: "text/plain".into(),
        value: text.as_bytes().to_vec().into(),
    }
}

pub fn transfer(denom: &str, amount: u64) -> Payload {
    let data = FungibleTokenPacketData {
        denom: denom.into(),
        sender: "0x00000000000000000000000000000000000000a1".into(),
        receiver: "0x00000000000000000000000000000000000000b2".into(),
        amount: alloy_primitives::U256::from(amount),
        memo: String::new(),
    };
    Payload {
        source_port: "transfer".parse().unwrap(),
        destination_port: "transfer".parse().unwrap(),
        version: VERSION.into(),
        encoding: Encoding::SolidityAbi.media_type().into(),
        value: data.encode(Encoding::SolidityAbi).into(),
    }
}

pub const TOKEN: &str = "0x00000000000000000000000000000000000000cc";

/// The packet that each kind of statement is made about, and what the chain answered.
pub fn subject(kind: Kind) -> (Packet, Acknowledgement) {
    let none = Acknowledgement(Vec::new());
    let one = |bytes: &[u8]| Acknowledgement(vec![Bytes::copy_from_slice(bytes)]);
    match kind {
        Kind::Sent => (packet(true, 1, memo("sent")), none),
        Kind::Locked => (packet(true, 2, transfer(TOKEN, 250)), none),
        Kind::Received => (packet(false, 3, memo("received")), none),
        Kind::Acknowledged => (packet(false, 4, memo("answered")), one(b"seen")),
        Kind::Minted => (packet(false, 5, transfer(TOKEN, 700)), one(SUCCESS_ACKNOWLEDGEMENT)),
        Kind::Released => {
            let home = format!("transfer/{THERE}/{TOKEN}");
            (packet(false, 6, transfer(&home, 90)), one(SUCCESS_ACKNOWLEDGEMENT))
        }
        Kind::NeverReceived => {
            let late = packet(false, 7, memo("late"));
            (Packet { timeout_timestamp: TimestampSecs(T0 - 5), ..late }, none)
        }
    }
}

/// A packet that was refused.
pub fn refused() -> (Packet, Acknowledgement) {
    (packet(false, 8, transfer(TOKEN, 5)), Acknowledgement::error())
}

/// Raw path to value: what the chain's host holds.
pub type Stored = BTreeMap<Vec<u8>, B256>;

/// What a chain holds for these packets: sent ones by their commitment, received ones by receipt
/// and, where there is one, acknowledgement.
pub fn hold(stored: &mut Stored, packet: &Packet, acknowledgement: &Acknowledgement) {
    if packet.source_client.as_str() == HERE {
        stored.insert(Path::commitment(packet).to_bytes(), commit_packet(packet));
        return;
    }
    let acknowledgement = match acknowledgement.0.is_empty() {
        true => Acknowledgement(vec![Bytes::from_static(b"ok")]),
        false => acknowledgement.clone(),
    };
    stored.insert(Path::receipt(packet).to_bytes(), packet_receipt(packet));
    stored.insert(Path::acknowledgement(packet).to_bytes(), commit_acknowledgement(&acknowledgement));
}

/// The subjects of all kinds, and the refused packet.
pub fn stored() -> Stored {
    let mut stored = Stored::new();
    for kind in Kind::ALL {
        let (packet, acknowledgement) = subject(kind);
        if kind != Kind::NeverReceived {
            hold(&mut stored, &packet, &acknowledgement);
        }
    }
    let (packet, acknowledgement) = refused();
    hold(&mut stored, &packet, &acknowledgement);
    stored
}

/// Where anything about a packet can be.
pub fn paths_of(packet: &Packet) -> Vec<Vec<u8>> {
    match packet.source_client.as_str() == HERE {
        true => vec![Path::commitment(packet).to_bytes()],
        false => vec![Path::receipt(packet).to_bytes(), Path::acknowledgement(packet).to_bytes()],
    }
}
