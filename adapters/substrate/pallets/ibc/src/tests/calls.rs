//! Several messages in one call, simulation, and what decodes.

use super::{evm::Router, *};
use crate::{Event, Outcome, RelayMessage, Settling, wire::raw_path};
use codec::{Decode, Encode};
use frame_support::{storage::with_storage_layer, weights::Weight};
use lupu_standard::PathKind;

fn commitment_path(p: &ScalePacket) -> Vec<u8> {
    raw_path(&p.source_client, PathKind::Commitment, p.sequence)
}

fn receive(packets: &[ScalePacket], router: &Router) -> RelayMessage {
    let paths: Vec<_> = packets.iter().map(commitment_path).collect();
    let proof = bounded(&router.prove(&paths, START - 1));
    RelayMessage::Receive { packets: batch(packets), proof, height: HEIGHT }
}

fn relay(messages: &[RelayMessage], weight: Weight) -> Result<Option<Weight>, Error<Test>> {
    let result = with_storage_layer(|| Ibc::relay(RuntimeOrigin::signed(7), batch(messages), weight));
    match result {
        Ok(info) => Ok(info.actual_weight),
        Err(e) => {
            let sp_runtime::DispatchError::Module(e) = e.error else { panic!("{e:?}") };
            Err(Error::decode(&mut &e.error[..]).unwrap())
        }
    }
}

fn simulate(messages: &[RelayMessage], weight: Weight) -> Result<(Vec<Vec<u8>>, Weight), String> {
    Ibc::simulate(7, messages.to_vec(), weight).map_err(|e| String::from_utf8(e).unwrap())
}

fn setup() -> (Router, [ScalePacket; 3]) {
    let packets = [1, 2, 3].map(|n| scale(&incoming(n)));
    let router = packets.iter().fold(Router::new(), |r, p| r.with(&commitment_path(p), p.commitment()));
    bound(router.root());
    events();
    (router, packets)
}

#[test]
fn messages_in_order() {
    externalities().execute_with(|| {
        let (router, packets) = setup();
        let messages = [receive(&packets[..2], &router), receive(&packets[1..], &router)];
        let weight = LIMIT * 5;
        let predicted = simulate(&messages, weight).unwrap();
        assert_eq!(traces(), 0);
        assert!(!Settling::<Test>::get());
        assert!(events().is_empty());
        Told::set(Vec::new());
        let used = relay(&messages, weight).unwrap();
        let outcomes = [vec![Outcome::Received; 2], vec![Outcome::Duplicate, Outcome::Received]];
        let outcomes: Vec<Vec<u8>> = outcomes.iter().map(|o| o.iter().map(|o| *o as u8).collect()).collect();
        assert_eq!(predicted, (outcomes, LIMIT * 3));
        let base = crate::weights::relay::<Test>(&messages);
        assert_eq!(used, Some(base + LIMIT * 3));
        assert_eq!(traces(), 3);
        assert_eq!(events().len(), 4);
    });
}

#[test]
fn one_refused_message_fails_all() {
    externalities().execute_with(|| {
        let (router, packets) = setup();
        let good = receive(&packets[..1], &router);
        let RelayMessage::Receive { packets: batch, proof, .. } = good.clone() else { unreachable!() };
        let unknown_height = RelayMessage::Receive { packets: batch.clone(), proof, height: HEIGHT + 1 };
        let update = RelayMessage::UpdateClient { client: id(HERE), message: bounded(b"no message") };
        let evidence = RelayMessage::Misbehaviour { client: id(HERE), evidence: bounded(b"no evidence") };
        let nobody = RelayMessage::UpdateClient { client: id("bank.nobody"), message: bounded(b"") };
        for (bad, error, text) in [
            (unknown_height, rejected("UnknownHeight"), "ClientRejected: UnknownHeight"),
            (update, rejected("MalformedMessage"), "ClientRejected: MalformedMessage"),
            (evidence, rejected("MalformedMessage"), "ClientRejected: MalformedMessage"),
            (nobody, Error::UnknownClient, "UnknownClient"),
        ] {
            let messages = [good.clone(), bad];
            assert_eq!(simulate(&messages, LIMIT), Err(text.into()));
            assert_eq!(relay(&messages, LIMIT), Err(error));
            assert_eq!(traces(), 0);
            assert!(events().is_empty());
        }
        assert_eq!(relay(&[], LIMIT), Err(Error::EmptyBatch));
        assert_eq!(simulate(&[], LIMIT), Err("EmptyBatch".into()));
        assert!(Ibc::relay(RuntimeOrigin::none(), batch_of(&[good]), LIMIT).is_err());
    });
}

fn batch_of(
    messages: &[RelayMessage],
) -> frame_support::BoundedVec<RelayMessage, frame_support::pallet_prelude::ConstU32<64>> {
    batch(messages)
}

#[test]
fn callbacks_that_are_undone_are_charged() {
    externalities().execute_with(|| {
        let (router, packets) = setup();
        let bad = RelayMessage::UpdateClient { client: id("bank.nobody"), message: bounded(b"") };
        let messages = [receive(&packets[..2], &router), bad];
        let refused = Ibc::relay(RuntimeOrigin::signed(7), batch_of(&messages), LIMIT * 9).unwrap_err();
        let base = crate::weights::relay::<Test>(&messages);
        assert_eq!(refused.post_info.actual_weight, Some(base + LIMIT * 2));
        assert_eq!(traces(), 0);
    });
}

#[test]
fn callbacks_of_all_messages_share_the_weight() {
    externalities().execute_with(|| {
        let (router, packets) = setup();
        let messages = [receive(&packets[..2], &router), receive(&packets[2..], &router)];
        let (outcomes, used) = simulate(&messages, LIMIT * 2).unwrap();
        assert_eq!(outcomes, [vec![1, 1], vec![7]]);
        assert_eq!(used, LIMIT * 2);
        assert!(relay(&messages, LIMIT * 2).is_ok());
        let last = events().pop().unwrap();
        assert_eq!(last, Event::PacketOutcome { client: id(HERE), sequence: 3, outcome: 7 });
    });
}

#[test]
fn layout_of_a_packet() {
    let packet = scale(&incoming(1));
    let mut expected = 1u64.to_le_bytes().to_vec();
    let string = |out: &mut Vec<u8>, text: &str| {
        out.push((text.len() as u8) << 2);
        out.extend(text.as_bytes());
    };
    string(&mut expected, THERE);
    string(&mut expected, HERE);
    expected.extend((START + 600).to_le_bytes());
    expected.push(1 << 2);
    for text in ["mock", "mock", "mock-1", "application/octet-stream", "value 1"] {
        string(&mut expected, text);
    }
    assert_eq!(packet.encode(), expected);
    assert_eq!(ScalePacket::decode(&mut &expected[..]), Ok(packet.clone()));
    assert_eq!(Packet::try_from(&packet), Ok(incoming(1)));
    let message = RelayMessage::Timeout { packets: batch(&[packet]), proof: bounded(&[5]), height: 3 };
    let bytes = message.encode();
    assert_eq!((bytes[0], &bytes[bytes.len() - 10..]), (4, &[4, 5, 3, 0, 0, 0, 0, 0, 0, 0][..]));
}

#[test]
fn what_is_too_long_does_not_decode() {
    let packet = scale(&incoming(1));
    let parts = |packet: &ScalePacket, identifier: usize, text: usize, value: usize, payloads: usize| {
        let payload = (vec![b'a'; identifier], vec![b'a'; 4], vec![b'a'; text], vec![b'a'; text], vec![0u8; value]);
        let bytes =
            (packet.sequence, vec![b'a'; identifier], b"abcd".to_vec(), packet.timeout, vec![payload; payloads]);
        ScalePacket::decode(&mut &bytes.encode()[..]).is_ok()
    };
    assert!(parts(&packet, 128, 1_024, 1_048_576, 1));
    assert!(parts(&packet, 4, 4, 4, 8));
    assert!(!parts(&packet, 129, 4, 4, 1));
    assert!(!parts(&packet, 4, 1_025, 4, 1));
    assert!(!parts(&packet, 4, 4, 1_048_577, 1));
    assert!(!parts(&packet, 4, 4, 4, 9));
    // A length that promises more than there is.
    assert!(ScalePacket::decode(&mut &[1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff][..]).is_err());
}

#[test]
fn a_longer_value_has_no_wire_form() {
    let mut packet = incoming(1);
    packet.payloads[0].value = vec![0; 1_048_577].into();
    assert_eq!(ScalePacket::try_from(&packet), Err(wire::MalformedPacket("value")));
}
