//! Decoders are total: no bytes make them panic, and what they accept, they write back.

use lupu_standard::{
    Encoding, Packet, Payload, Sequence, TimestampSecs,
    commitment::commit_packet,
    evm,
    ics20::{FungibleTokenPacketData, parse_amount},
    ics27::{GmpAcknowledgement, GmpPacketData},
    json::{decode_packet, encode_packet},
    payload,
};
use proptest::{collection::vec, prelude::*, sample::Index};

prop_compose! {
    fn transfer()(
        denom in "[a-z0-9/.\\-]{1,70}", sender in ".{1,70}", receiver in "\\PC{1,40}",
        amount in any::<[u8; 32]>().prop_map(alloy_primitives::U256::from_be_bytes).prop_filter("not zero", |a| !a.is_zero()),
        memo in any::<String>(),
    ) -> FungibleTokenPacketData {
        FungibleTokenPacketData { denom, sender, receiver, amount, memo }
    }
}

prop_compose! {
    fn message()(
        sender in ".{1,70}", receiver in any::<String>(), salt in vec(any::<u8>(), 0..70), payload in vec(any::<u8>(), 0..200),
        memo in any::<String>(),
    ) -> GmpPacketData {
        GmpPacketData { sender, receiver, salt: salt.into(), payload: payload.into(), memo }
    }
}

prop_compose! {
    fn a_payload()(
        ports in ("[a-zA-Z0-9._+#<>\\[\\]-]{2,128}", "[a-z]{2,20}"), version in any::<String>(), encoding in any::<String>(),
        value in vec(any::<u8>(), 0..100),
    ) -> Payload {
        Payload {
            source_port: ports.0.parse().unwrap(), destination_port: ports.1.parse().unwrap(), version, encoding, value: value.into(),
        }
    }
}

prop_compose! {
    fn packet()(
        sequence in 1u64.., clients in ("[a-zA-Z0-9._+#<>\\[\\]-]{2,128}", "[a-z]{2,20}"), timeout: u64, payloads in vec(a_payload(), 1..4),
    ) -> Packet {
        Packet {
            sequence: Sequence::new(sequence).unwrap(), source_client: clients.0.parse().unwrap(),
            destination_client: clients.1.parse().unwrap(), timeout_timestamp: TimestampSecs(timeout), payloads,
        }
    }
}

/// One small change of an encoding, as a faulty or hostile sender makes it.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Append(Vec<u8>),
    SwapWords(Index, Index),
    SetWord(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, b)| Change::Set(i, b)),
        (at(), 0..8u8).prop_map(|(i, b)| Change::Flip(i, b)),
        (at(), any::<u8>()).prop_map(|(i, b)| Change::Insert(i, b)),
        at().prop_map(Change::Remove),
        at().prop_map(Change::Cut),
        vec(any::<u8>(), 1..40).prop_map(Change::Append),
        (at(), at()).prop_map(|(i, j)| Change::SwapWords(i, j)),
        (at(), any::<u8>()).prop_map(|(i, b)| Change::SetWord(i, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    if bytes.is_empty() {
        return;
    }
    let (len, words) = (bytes.len(), (bytes.len() / 32).max(1));
    match change {
        Change::Set(i, b) => bytes[i.index(len)] = b,
        Change::Flip(i, b) => bytes[i.index(len)] ^= 1 << b,
        Change::Insert(i, b) => bytes.insert(i.index(len), b),
        Change::Remove(i) => drop(bytes.remove(i.index(len))),
        Change::Cut(i) => bytes.truncate(i.index(len)),
        Change::Append(more) => bytes.extend(more),
        Change::SwapWords(i, j) if len >= 32 => {
            let (i, j) = (i.index(words) * 32, j.index(words) * 32);
            for k in 0..32 {
                bytes.swap(i + k, j + k);
            }
        }
        Change::SetWord(i, b) if len >= 32 => bytes[i.index(words) * 32 + 31] = b,
        Change::SwapWords(..) | Change::SetWord(..) => {}
    }
}

/// What must hold of any bytes whatever, as a transfer.
fn any_transfer(encoding: Encoding, bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(data) = FungibleTokenPacketData::decode(encoding, bytes) else { return Ok(()) };
    let again = data.encode(encoding);
    if encoding != Encoding::Json {
        prop_assert_eq!(&again, bytes);
    }
    prop_assert_eq!(FungibleTokenPacketData::decode(encoding, &again), Ok(data));
    Ok(())
}

/// What must hold of any bytes whatever, as a message or its acknowledgement.
fn any_message(encoding: Encoding, bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(data) = GmpPacketData::decode(encoding, bytes) {
        prop_assert_eq!(data.encode(encoding), bytes);
    }
    if let Ok(ack) = GmpAcknowledgement::decode(encoding, bytes) {
        prop_assert_eq!(ack.encode(encoding), bytes);
    }
    Ok(())
}

/// What must hold of any bytes whatever, as a JSON packet.
fn any_packet(bytes: &[u8]) -> Result<(), TestCaseError> {
    match decode_packet(bytes) {
        Ok(packet) => prop_assert_eq!(decode_packet(encode_packet(&packet).as_bytes()), Ok(packet)),
        Err(e) => prop_assert!(e.offset <= bytes.len(), "{e} beyond {} bytes", bytes.len()),
    }
    Ok(())
}

fn json_soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "0x",
        "null",
        "-",
        "1",
        "0",
        " ",
        "\n",
        "\"sequence\":",
        "\"payloads\":",
        "\"value\":",
        "\"denom\"",
        "\"sender\":\"a\"",
        "\"a\"",
        "\u{e9}",
    ];
    vec(proptest::sample::select(pieces.to_vec()), 0..30).prop_map(|p| p.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn transfers_round_trip(data in transfer()) {
        for encoding in Encoding::ALL {
            prop_assert_eq!(FungibleTokenPacketData::decode(encoding, &data.encode(encoding)), Ok(data.clone()));
        }
    }

    #[test]
    fn transfer_json_is_what_a_common_parser_reads(data in transfer()) {
        let value: serde_json::Value = serde_json::from_slice(&data.encode(Encoding::Json)).unwrap();
        prop_assert_eq!(value["denom"].as_str(), Some(data.denom.as_str()));
        prop_assert_eq!(value["memo"].as_str().unwrap_or_default(), &data.memo);
        prop_assert_eq!(value["sender"].as_str(), Some(data.sender.as_str()));
        let amount = data.amount.to_string();
        prop_assert_eq!(value["amount"].as_str(), Some(amount.as_str()));
    }

    #[test]
    fn messages_round_trip(data in message()) {
        for encoding in Encoding::ALL {
            prop_assert_eq!(GmpPacketData::decode(encoding, &data.encode(encoding)), Ok(data.clone()));
            let ack = GmpAcknowledgement { result: data.payload.clone() };
            prop_assert_eq!(GmpAcknowledgement::decode(encoding, &ack.encode(encoding)), Ok(ack));
        }
    }

    #[test]
    fn packets_round_trip(packet in packet()) {
        let text = encode_packet(&packet);
        // The derived form that stores use, and the strict reader, agree on what a packet is.
        prop_assert_eq!(serde_json::from_str::<Packet>(&text).unwrap(), packet.clone());
        prop_assert_eq!(decode_packet(serde_json::to_string(&packet).unwrap().as_bytes()), Ok(packet.clone()));
        prop_assert_eq!(decode_packet(text.as_bytes()), Ok(packet));
    }

    #[test]
    fn changed_transfers(data in transfer(), changes in vec(change(), 1..4)) {
        for encoding in Encoding::ALL {
            let mut bytes = data.encode(encoding);
            changes.iter().cloned().for_each(|c| apply(&mut bytes, c));
            any_transfer(encoding, &bytes)?;
        }
    }

    #[test]
    fn changed_messages(data in message(), changes in vec(change(), 1..4)) {
        for encoding in Encoding::ALL {
            let mut bytes = data.encode(encoding);
            changes.iter().cloned().for_each(|c| apply(&mut bytes, c));
            any_message(encoding, &bytes)?;
        }
    }

    #[test]
    fn changed_packets(packet in packet(), changes in vec(change(), 1..4)) {
        let mut bytes = encode_packet(&packet).into_bytes();
        changes.iter().cloned().for_each(|c| apply(&mut bytes, c));
        any_packet(&bytes)?;
    }

    #[test]
    fn random_bytes(bytes in prop_oneof![vec(any::<u8>(), 0..600), json_soup()], version in "ics20-1|ics27-2|x", media in 0..4usize) {
        for encoding in Encoding::ALL {
            any_transfer(encoding, &bytes)?;
            any_message(encoding, &bytes)?;
        }
        any_packet(&bytes)?;
        let encoding = Encoding::ALL.get(media).map_or("text/plain", |e| e.media_type());
        let port: lupu_standard::PortId = "transfer".parse().unwrap();
        let carrier = Payload { source_port: port.clone(), destination_port: port, version, encoding: encoding.into(), value: bytes.into() };
        let unknown = carrier.version == "x" || media == 3;
        prop_assert_eq!(payload::decode(&carrier) == Ok(payload::AppData::Unknown), unknown);
    }

    #[test]
    fn words_of_small_numbers(words in vec(prop_oneof![3 => (0..20u64).prop_map(|n| n * 32), 1 => 0..40u64], 0..24)) {
        let bytes: Vec<u8> = words.iter().flat_map(|w| alloy_primitives::U256::from(*w).to_be_bytes::<32>()).collect();
        any_transfer(Encoding::SolidityAbi, &bytes)?;
        any_message(Encoding::SolidityAbi, &bytes)?;
    }

    #[test]
    fn amounts(text in "[0-9+ .x-]{0,80}") {
        let number = alloy_primitives::U256::from_str_radix(&text, 10).ok();
        let plain = !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(parse_amount(&text).ok(), number.filter(|_| plain));
    }

    /// Commitment and receipt tell packets apart by every field they cover.
    #[test]
    fn commitments_cover_their_fields(packet in packet(), field in 0..7usize) {
        let mut other = packet.clone();
        let payload = &mut other.payloads[0];
        match field {
            0 => other.timeout_timestamp.0 ^= 1,
            1 => other.destination_client = "zz-other".parse().unwrap(),
            2 => payload.version.push('x'),
            3 => payload.encoding.insert(0, 'x'),
            4 => payload.value = [payload.value.as_ref(), &[0]].concat().into(),
            5 => payload.source_port = "zz-other".parse().unwrap(),
            _ => payload.destination_port = "zz-other".parse().unwrap(),
        }
        prop_assume!(other != packet);
        prop_assert_ne!(commit_packet(&other), commit_packet(&packet));
        prop_assert_ne!(evm::packet_receipt(&other), evm::packet_receipt(&packet));
    }
}
