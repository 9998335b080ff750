//! The standard's decoders: packets as JSON, ICS-20 and ICS-27 in their three encodings,
//! acknowledgements, denominations, identifiers.

use crate::input::Input;
use alloy_primitives::{Bytes, keccak256};
use lupu_standard::{
    Acknowledgement, ChainId, ClientId, Denom, Encoding, PortId, Sequence,
    commitment::{commit_acknowledgement, commit_packet},
    denom::{Hop, Received},
    ics20::{FungibleTokenPacketData, parse_amount},
    ics27::{GmpAcknowledgement, GmpPacketData},
    json, payload, protobuf,
};

/// A packet that is read is written, and read again, as the same packet with the same commitment;
/// what was written is canonical. Its payloads are decoded by their profiles.
pub fn packet_json(data: &[u8]) {
    let Ok(packet) = json::decode_packet(data) else { return };
    let written = json::encode_packet(&packet);
    let again = json::decode_packet(written.as_bytes()).expect("what is written is read");
    assert_eq!(again, packet);
    assert_eq!(json::encode_packet(&again), written);
    assert_eq!(commit_packet(&again), commit_packet(&packet));
    for p in &packet.payloads {
        let _ = payload::decode(p);
    }
}

fn encoding(input: &mut Input<'_>) -> Encoding {
    Encoding::ALL[usize::from(input.u8()) % Encoding::ALL.len()]
}

/// A token transfer in one encoding, chosen by the first byte. ABI and protobuf have one encoding
/// of a value; JSON may be written otherwise, but what is written reads as the same value. A value
/// keeps its meaning through all three encodings.
pub fn ics20(data: &[u8]) {
    let mut input = Input::new(data);
    let encoding = encoding(&mut input);
    let bytes = input.rest();
    let _ = std::str::from_utf8(bytes).map(parse_amount);
    let Ok(value) = FungibleTokenPacketData::decode(encoding, bytes) else { return };
    assert_eq!(value.check(), Ok(()));
    if encoding != Encoding::Json {
        assert_eq!(value.encode(encoding), bytes);
    }
    for other in Encoding::ALL {
        let written = value.encode(other);
        assert_eq!(FungibleTokenPacketData::decode(other, &written).as_ref(), Ok(&value), "{other:?}");
    }
    let _ = value.denom.parse::<Denom>();
}

/// A general message or its acknowledgement (second byte), as [`ics20`].
pub fn ics27(data: &[u8]) {
    let mut input = Input::new(data);
    let encoding = encoding(&mut input);
    let is_acknowledgement = input.u8() & 1 == 1;
    let bytes = input.rest();
    if is_acknowledgement {
        let Ok(value) = GmpAcknowledgement::decode(encoding, bytes) else { return };
        if encoding != Encoding::Json {
            assert_eq!(value.encode(encoding), bytes);
        }
        for other in Encoding::ALL {
            assert_eq!(GmpAcknowledgement::decode(other, &value.encode(other)).as_ref(), Ok(&value), "{other:?}");
        }
        return;
    }
    let Ok(value) = GmpPacketData::decode(encoding, bytes) else { return };
    if encoding != Encoding::Json {
        assert_eq!(value.encode(encoding), bytes);
    }
    for other in Encoding::ALL {
        assert_eq!(GmpPacketData::decode(other, &value.encode(other)).as_ref(), Ok(&value), "{other:?}");
    }
}

/// A list of acknowledgements, each behind its length, for a packet of so many payloads. Another
/// list has another commitment; protobuf fields are read and written.
pub fn acknowledgement(data: &[u8]) {
    let mut input = Input::new(data);
    let payloads = usize::from(input.u8() % 4);
    let mut list = Vec::new();
    while !input.is_empty() && list.len() < 8 {
        list.push(Bytes::copy_from_slice(input.short()));
    }
    if let [first, ..] = list.as_slice()
        && let Ok(fields) = protobuf::read_fields::<5>(first)
    {
        assert_eq!(protobuf::write_fields(&fields), first.as_ref());
    }
    let whole = Acknowledgement(list.clone());
    let verdict = whole.check(payloads);
    if verdict.is_ok() {
        assert!(whole.is_error() || list.len() == payloads);
        assert!(list.iter().all(|a| !a.is_empty()), "an empty acknowledgement");
    }
    let mut longer = list.clone();
    longer.push(Bytes::new());
    assert_ne!(commit_acknowledgement(&Acknowledgement(longer)), commit_acknowledgement(&whole));
    if let Some(last) = list.pop() {
        let mut other = last.to_vec();
        other.push(0);
        list.push(other.into());
        assert_ne!(commit_acknowledgement(&Acknowledgement(list)), commit_acknowledgement(&whole));
    }
}

/// A denomination as text, and a hop: what comes back is what was sent, and the voucher's id is
/// the hash of the text.
pub fn denom(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(denom) = text.parse::<Denom>() else { return };
    assert_eq!(denom.to_string(), text);
    assert_eq!(denom.voucher_id(), keccak256(text));
    assert_eq!(Denom::new(denom.trace().to_vec(), denom.base()).as_ref(), Ok(&denom));
    let hop = |port: &str, client: &str| Hop {
        port: PortId::new(port).expect("a port"),
        client: ClientId::new(client).expect("a client"),
    };
    let (here, there) = (hop("transfer", "harbour.qbft-bank"), hop("transfer", "bank.qbft-harbour"));
    match denom.clone().receive(&here, there.clone()) {
        Received::Voucher(voucher) => {
            assert!(voucher.is_returning(&there.port, &there.client));
            assert_eq!(voucher.to_string(), format!("transfer/bank.qbft-harbour/{text}"));
            assert_eq!(voucher.receive(&there, here), Received::Returned(denom));
        }
        Received::Returned(shorter) => {
            assert_eq!(format!("{}/{}/{shorter}", here.port, here.client), text);
        }
    }
}

/// Every kind of identifier from one text: kept as it is, of the lengths and characters that
/// ICS-24 allows.
pub fn identifier(data: &[u8]) {
    let mut input = Input::new(data);
    let number = input.number(1);
    assert_eq!(Sequence::new(number).map(Sequence::get).ok(), (number != 0).then_some(number));
    let Ok(text) = std::str::from_utf8(input.rest()) else { return };
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-#[]<>".contains(&b));
    if let Ok(client) = ClientId::new(text) {
        assert_eq!(client.as_str(), text);
        assert!(plain && text.len() <= 128);
        if client.check_custom().is_ok() {
            assert!(text.len() >= 4 && !text.starts_with("client-") && !text.starts_with("channel-"));
        }
    }
    if let Ok(port) = PortId::new(text) {
        assert_eq!(port.as_str(), text);
        assert!(plain && text.len() <= 128);
    }
    if let Ok(chain) = ChainId::new(text) {
        assert_eq!(chain.as_str(), text);
    }
}
