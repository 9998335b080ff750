//! Packets, commitments, paths, storage slots, acknowledgements, identifiers, JSON packets.

use crate::{Case, hexed};
use lupu_standard::{
    Acknowledgement, ChainId, ClientId, IdentifierError, Packet, Path, PathKind, Payload, PortId, Sequence,
    TimestampSecs,
    ack::{AcknowledgementError, Verdict},
    commitment::{commit_acknowledgement, commit_packet, hash_payload},
    evm,
    json::{JsonProblem, decode_packet, encode_packet},
};

pub fn commitment(case: &Case<'_>) {
    let payloads = case.list("payloads");
    let packet = Packet {
        sequence: Sequence::new(case.number("sequence")).unwrap(),
        source_client: case.text("source_client").parse().unwrap(),
        destination_client: case.text("destination_client").parse().unwrap(),
        timeout_timestamp: TimestampSecs(case.number("timeout_timestamp")),
        payloads: payloads
            .iter()
            .map(|p| Payload {
                source_port: p.text("source_port").parse().unwrap(),
                destination_port: p.text("destination_port").parse().unwrap(),
                version: p.text("version").into(),
                encoding: p.text("encoding").into(),
                value: p.bytes("value").into(),
            })
            .collect(),
    };
    let hashes: Vec<String> = packet.payloads.iter().map(|p| hexed(hash_payload(p))).collect();
    let expected: Vec<String> = case.list("payload_hashes").iter().map(|h| hexed(h.own_bytes())).collect();
    assert_eq!(hashes, expected);
    assert_eq!(hexed(commit_packet(&packet)), case.text("commitment"));
    assert_eq!(hexed(evm::packet_receipt(&packet)), case.text("evm_receipt"));
    assert_eq!(decode_packet(encode_packet(&packet).as_bytes()), Ok(packet));
}

pub fn path(case: &Case<'_>) {
    let kind = match case.text("kind") {
        "commitment" => PathKind::Commitment,
        "receipt" => PathKind::Receipt,
        "acknowledgement" => PathKind::Acknowledgement,
        other => panic!("kind {other}"),
    };
    let sequence = Sequence::new(case.number("sequence")).unwrap();
    let path = Path { client: case.text("client").parse().unwrap(), kind, sequence };
    assert_eq!(hexed(path.to_bytes()), case.text("path"));
    assert_eq!(hexed(path.keccak()), case.text("keccak"));
    assert_eq!(hexed(evm::path_slot(&path)), case.text("evm_slot"));
    assert_eq!(hexed(evm::commitment_slot(path.keccak())), case.text("evm_slot"));
    assert_eq!(hexed(evm::trie_key(evm::path_slot(&path))), case.text("trie_key"));
}

pub fn evm_storage(case: &Case<'_>) {
    let text = case.text("text");
    let slot = match case.text("kind") {
        "namespace" => evm::erc7201(text),
        "previous-sequence" => evm::previous_sequence_slot(&text.parse().unwrap()),
        "topic" => evm::client_topic(&text.parse().unwrap()),
        other => panic!("kind {other}"),
    };
    assert_eq!(hexed(slot), case.text("slot"));
    if text == "ibc.storage.IBCStore" {
        assert_eq!(slot, evm::IBC_STORE);
    }
}

pub fn acknowledgement(case: &Case<'_>) {
    let ack = Acknowledgement(case.list("acknowledgements").iter().map(|a| a.own_bytes().into()).collect());
    assert_eq!(hexed(commit_acknowledgement(&ack)), case.text("commitment"));
    let found = match ack.check(case.number("payloads") as usize) {
        Ok(Verdict::Success) => "Success",
        Ok(Verdict::Failure) => "Failure",
        Err(AcknowledgementError::Count { .. }) => "Count",
        Err(AcknowledgementError::Empty { .. }) => "Empty",
        Err(AcknowledgementError::MixedError { .. }) => "MixedError",
    };
    assert_eq!(found, case.text("check"));
    assert_eq!(ack.is_error(), found == "Failure");
    if ack.is_error() {
        assert_eq!(ack, Acknowledgement::error());
    }
}

pub fn identifier(case: &Case<'_>) {
    let result = String::from_utf8(case.bytes("bytes")).map(|text| match case.text("kind") {
        "client" => ClientId::new(text).map(drop),
        "port" => PortId::new(text).map(drop),
        "chain" => ChainId::new(text).map(drop),
        "custom-client" => ClientId::new(text).and_then(|c| c.check_custom()),
        other => panic!("kind {other}"),
    });
    let found = match result {
        Ok(Ok(())) => "Ok",
        Ok(Err(IdentifierError::Length { .. })) => "Length",
        // Text that is not UTF-8 has a character that is not allowed.
        Err(_) | Ok(Err(IdentifierError::Character { .. })) => "Character",
        Ok(Err(IdentifierError::Reserved { .. })) => "Reserved",
        Ok(Err(IdentifierError::ZeroSequence)) => "ZeroSequence",
    };
    assert_eq!(found, case.text("check"));
    assert_eq!(found == "Ok", case.flag("valid"));
}

pub fn packet_json(case: &Case<'_>) {
    match decode_packet(&case.bytes("document")) {
        Ok(packet) => {
            assert!(case.flag("valid"));
            assert_eq!(hexed(encode_packet(&packet)), case.text("encoded"));
            assert_eq!(hexed(commit_packet(&packet)), case.text("commitment"));
        }
        Err(e) => {
            assert!(!case.flag("valid"), "{e}");
            let problem = match e.problem {
                JsonProblem::Expected(_) => "Expected",
                JsonProblem::EndOfInput(_) => "EndOfInput",
                JsonProblem::UnknownField(_) => "UnknownField",
                JsonProblem::DuplicateField => "DuplicateField",
                JsonProblem::MissingField => "MissingField",
                JsonProblem::OpenString => "OpenString",
                JsonProblem::BadString => "BadString",
                JsonProblem::TrailingBytes => "TrailingBytes",
                JsonProblem::Identifier(_) => "Identifier",
                JsonProblem::Hex => "Hex",
                JsonProblem::Base64 => "Base64",
            };
            let expected = (case.text("field"), case.number("offset"), case.text("check"));
            assert_eq!((e.field.as_str(), e.offset as u64, problem), expected, "{e}");
        }
    }
}
