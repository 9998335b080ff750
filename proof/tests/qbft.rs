//! A bundle of an EVM chain, from the messages that go to chains.
#![allow(missing_docs)]

#[path = "../../light-clients/qbft/tests/common/mod.rs"]
mod common;

use common::{Scenario, path, path_slot};
use lupu_proof::{Anchor, Builder, Bundle, Kind, VerifyError, verify};
use lupu_qbft::{Kind as Consensus, MembershipProof};
use lupu_standard::{Acknowledgement, Height, Packet, Payload, Sequence, TimestampSecs, commitment::commit_packet};

fn packet(sequence: u64) -> Packet {
    Packet {
        sequence: Sequence::new(sequence).unwrap(),
        source_client: "bank.qbft-harbour".parse().unwrap(),
        destination_client: "harbour.qbft-bank".parse().unwrap(),
        timeout_timestamp: TimestampSecs(common::T0 + 50),
        payloads: vec![Payload {
            source_port: "transfer".parse().unwrap(),
            destination_port: "transfer".parse().unwrap(),
            version: "memo-1".into(),
            encoding: "text/plain".into(),
            value: vec![1, 2, 3].into(),
        }],
    }
}

fn bundle() -> Bundle {
    let mut s = Scenario::new(Consensus::Qbft, 4);
    let sent = packet(900);
    s.change_state(|state| {
        state.storage.insert(path_slot(&path("bank.qbft-harbour", 1, 900)), commit_packet(&sent));
    });
    let message = s.message().encode();
    let anchor =
        Anchor::of_client("bank", "qbft", &s.client.encode(), Height(100), &s.trusted.encode(), [message.as_slice()]);
    let mut builder = Builder::new(anchor.unwrap());
    builder.update(&message).unwrap();
    let paths = [path("bank.qbft-harbour", 1, 900), path("harbour.qbft-bank", 2, 900)];
    let nodes = s.state.storage_proof(&paths).into();
    builder.membership(&MembershipProof { consensus: s.consensus(), nodes }.encode()).unwrap();
    builder.statement(Kind::Sent, Height(120), sent.clone(), Acknowledgement(vec![]));
    builder.statement(Kind::NeverReceived, Height(120), sent, Acknowledgement(vec![]));
    builder.finish().unwrap()
}

#[test]
fn a_bundle_is_built_written_read_and_verified() {
    let bundle = bundle();
    let anchor = bundle.anchor.digest();
    let report = verify(&bundle, &[anchor], None).unwrap();
    println!("{}\n{}", report.trust, bundle.to_json());
    assert_eq!(report.trust, "3 of the 4 validators of bank as of block 100 sealed block 120, which holds this.");
    for file in [bundle.to_json().into_bytes(), bundle.to_cbor()] {
        let read = Bundle::decode(&file).unwrap();
        assert_eq!(read, bundle);
        for cut in 0..file.len() {
            assert!(Bundle::decode(&file[..cut]).is_err());
        }
    }
    assert!(matches!(verify(&bundle, &[], None), Err(VerifyError::AnchorUnknown { .. })));
    let late = verify(&bundle, &[anchor], Some(TimestampSecs(report.fresh_until.0 + 1)));
    assert_eq!(late.unwrap_err().check(), "ClientExpired");
    verify(&bundle, &[anchor], Some(report.fresh_until)).unwrap();
}
