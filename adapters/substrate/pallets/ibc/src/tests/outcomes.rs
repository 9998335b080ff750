//! Every outcome of a packet, over real proofs.

use super::{evm::Router, *};
use crate::{Commitments, Event, Outcome, ScalePacket, Settling, wire::raw_path};
use alloc::vec::Vec;
use frame_support::{
    assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo, storage::with_storage_layer, weights::Weight,
};
use lupu_standard::{PathKind, ack::UNIVERSAL_ERROR, evm::packet_receipt};
use sp_io::hashing::keccak_256;
use sp_runtime::DispatchError;

const TIME: u64 = START - 1;

fn path(client: &[u8], kind: PathKind, sequence: u64) -> Vec<u8> {
    raw_path(client, kind, sequence)
}

fn stored(client: &str, kind: PathKind, sequence: u64) -> Option<[u8; 32]> {
    Commitments::<Test>::get(keccak_256(&path(client.as_bytes(), kind, sequence)))
}

/// The router of the counterparty, which has committed to these packets.
fn sender(packets: &[ScalePacket]) -> Router {
    packets.iter().fold(Router::new(), |router, p| {
        router.with(&path(&p.source_client, PathKind::Commitment, p.sequence), p.commitment())
    })
}

fn commitment_proof(router: &Router, packets: &[ScalePacket]) -> Vec<u8> {
    let paths: Vec<_> = packets.iter().map(|p| path(&p.source_client, PathKind::Commitment, p.sequence)).collect();
    router.prove(&paths, TIME)
}

fn recv(packets: &[ScalePacket], proof: &[u8], weight: Weight) -> DispatchResultWithPostInfo {
    Ibc::recv_packets(RuntimeOrigin::signed(7), batch(packets), bounded(proof), HEIGHT, weight)
}

/// Receives packets that their chain has committed to.
fn received(packets: &[ScalePacket]) -> Vec<Event<Test>> {
    let router = sender(packets);
    bound(router.root());
    events();
    assert_ok!(recv(packets, &commitment_proof(&router, packets), LIMIT * packets.len() as u64));
    assert!(!Settling::<Test>::get());
    events()
}

fn outcome(sequence: u64, outcome: Outcome) -> Event<Test> {
    Event::PacketOutcome { client: id(HERE), sequence, outcome: outcome as u8 }
}

#[test]
fn received_and_acknowledged() {
    externalities().execute_with(|| {
        let packet = incoming(1);
        let events = received(&[scale(&packet)]);
        let acknowledgements = vec![b"taken".to_vec()];
        assert_eq!(events, [Event::PacketReceived { packet: scale(&packet), acknowledgements }]);
        assert_eq!(Told::get(), [("recv", 1, b"value 1".to_vec(), 7)]);
        assert_eq!(traces(), 1);
        assert_eq!(stored(HERE, PathKind::Receipt, 1), Some(packet_receipt(&packet).0));
        let ack = lupu_standard::Acknowledgement(vec![b"taken".to_vec().into()]);
        let commitment = lupu_standard::commitment::commit_acknowledgement(&ack);
        assert_eq!(stored(HERE, PathKind::Acknowledgement, 1), Some(commitment.0));
        assert_eq!(stored(HERE, PathKind::Commitment, 1), None);
    });
}

#[test]
fn each_packet_settles_on_its_own() {
    externalities().execute_with(|| {
        let mut late = incoming(2);
        late.timeout_timestamp = TimestampSecs(START);
        let mut elsewhere = incoming(3);
        elsewhere.payloads[0].destination_port = "nobody".parse().unwrap();
        let mut two = incoming(4);
        two.payloads.push(payload(b"second"));
        let mut large = incoming(5);
        large.payloads[0].value = vec![1; lupu_standard::rules::MAX_PAYLOAD_BYTES + 1].into();
        let mut foreign = incoming(6);
        foreign.source_client = client("someone.else");
        let mut text = scale(&incoming(7));
        text.payloads[0].version = bounded(&[0xff]);
        let mut zero = scale(&incoming(8));
        zero.sequence = 0;
        let mut foreign_and_zero = zero.clone();
        foreign_and_zero.source_client = id("someone.else");
        let mut packets: Vec<_> = [incoming(1), late, elsewhere, two, large, foreign].iter().map(scale).collect();
        packets.extend([text, zero, foreign_and_zero, scale(&incoming(1)), scale(&incoming(9))]);
        let events = received(&packets);
        let acknowledgements = vec![b"taken".to_vec()];
        let settled = |packet: &ScalePacket| Event::PacketReceived {
            packet: packet.clone(),
            acknowledgements: acknowledgements.clone(),
        };
        let expected = [
            settled(&packets[0]),
            outcome(2, Outcome::Expired),
            outcome(3, Outcome::UnknownPort),
            outcome(4, Outcome::Malformed),
            outcome(5, Outcome::Malformed),
            outcome(6, Outcome::NotOurs),
            outcome(7, Outcome::Malformed),
            outcome(0, Outcome::Malformed),
            outcome(0, Outcome::NotOurs),
            outcome(1, Outcome::Duplicate),
            settled(&packets[10]),
        ];
        assert_eq!(events, expected);
        assert_eq!(traces(), 2);
        for sequence in 2..9 {
            assert_eq!(stored(HERE, PathKind::Receipt, sequence), None);
            assert_eq!(stored(HERE, PathKind::Acknowledgement, sequence), None);
        }
    });
}

#[test]
fn what_an_application_must_not_answer_becomes_the_universal_error() {
    let too_long = vec![1; 4_097];
    let bad = [Vec::new(), too_long, UNIVERSAL_ERROR.to_vec()].map(Does::Answer);
    for does in bad.into_iter().chain([Does::Fail]) {
        externalities().execute_with(|| {
            let told = if matches!(does, Does::Fail) {
                DispatchError::Other("told to fail")
            } else {
                Error::<Test>::InvalidAcknowledgement.into()
            };
            Behaviour::set(does);
            let packet = scale(&incoming(1));
            let events = received(std::slice::from_ref(&packet));
            // The system pallet drops the text of `Other` in events.
            let error = match told {
                DispatchError::Other(_) => DispatchError::Other(""),
                other => other,
            };
            let acknowledgements = vec![UNIVERSAL_ERROR.to_vec()];
            let [Event::ReceiveFailed { client, sequence: 1, error: found }, last] = events.as_slice() else {
                panic!("{events:?}");
            };
            assert_eq!((client, codec::Encode::encode(found)), (&id(HERE), codec::Encode::encode(&error)));
            assert_eq!(*last, Event::PacketReceived { packet, acknowledgements });
            // What the application did is undone, what the host did stays.
            assert_eq!(traces(), 0);
            assert!(stored(HERE, PathKind::Receipt, 1).is_some());
            let commitment =
                lupu_standard::commitment::commit_acknowledgement(&lupu_standard::Acknowledgement::error());
            assert_eq!(stored(HERE, PathKind::Acknowledgement, 1), Some(commitment.0));
        });
    }
    // The longest there may be.
    externalities().execute_with(|| {
        Behaviour::set(Does::Answer(vec![1; 4_096]));
        let events = received(&[scale(&incoming(1))]);
        assert!(matches!(events.as_slice(), [Event::PacketReceived { .. }]));
        assert_eq!(traces(), 1);
    });
}

#[test]
fn too_little_weight_leaves_the_packet_untouched() {
    for short in [LIMIT - Weight::from_parts(1, 0), LIMIT - Weight::from_parts(0, 1), Weight::zero()] {
        externalities().execute_with(|| {
            let packets = [scale(&incoming(1)), scale(&incoming(2))];
            let router = sender(&packets);
            bound(router.root());
            events();
            let proof = commitment_proof(&router, &packets);
            let info = recv(&packets, &proof, LIMIT + short).unwrap();
            let told = events();
            assert_eq!(told.len(), 2);
            assert_eq!(told[1], outcome(2, Outcome::InsufficientGas));
            assert_eq!(stored(HERE, PathKind::Receipt, 2), None);
            assert_eq!(stored(HERE, PathKind::Acknowledgement, 2), None);
            assert_eq!(traces(), 1);
            // One callback is charged, the rest given back.
            let base = crate::weights::receive::<Test>(&batch(&packets), &bounded(&proof));
            assert_eq!(info.actual_weight, Some(base + LIMIT));
            // It can be tried again, by anyone.
            let one = &packets[1..];
            assert_ok!(recv(one, &commitment_proof(&router, one), LIMIT));
            assert!(stored(HERE, PathKind::Receipt, 2).is_some());
        });
    }
}

#[test]
fn declared_weight_has_the_callbacks_in_it() {
    use frame_support::dispatch::GetDispatchInfo;
    let call = |weight| {
        let packets = batch(&[scale(&incoming(1))]);
        let call = crate::Call::<Test>::recv_packets {
            packets,
            proof: bounded(&[1; 100]),
            height: 1,
            callback_weight: weight,
        };
        call.get_dispatch_info().call_weight
    };
    let base = call(Weight::zero());
    assert!(base.ref_time() > 0);
    assert_eq!(call(LIMIT), base + LIMIT);
    assert_eq!(call(Weight::MAX), Weight::MAX);
}

#[test]
fn the_proof_comes_before_any_packet() {
    externalities().execute_with(|| {
        let packets = [scale(&incoming(1)), scale(&incoming(2))];
        let router = sender(&packets[..1]);
        bound(router.root());
        let base = |proof: &[u8]| crate::weights::receive::<Test>(&batch(&packets), &bounded(proof));
        let proof = commitment_proof(&router, &packets);
        // The second is not committed: neither is received.
        let refused = recv(&packets, &proof, LIMIT * 2).unwrap_err();
        assert_eq!(refused.error, rejected("ValueAbsent").into());
        assert_eq!(refused.post_info.actual_weight, Some(base(&proof)));
        assert_noop!(with_storage_layer(|| recv(&packets, &proof, LIMIT * 2)), refused);
        // Nor with a proof of something else, in another order, or with a byte more.
        let both = sender(&packets);
        let other = commitment_proof(&both, &packets);
        let refuse = |proof: &[u8], check: &str| {
            let result = with_storage_layer(|| recv(&packets, proof, LIMIT * 2));
            assert_eq!(result.unwrap_err().error, rejected(check).into());
        };
        refuse(&other, "ConsensusStateMismatch");
        refuse(&[proof.as_slice(), &[0]].concat(), "MalformedMessage");
        let mut changed = packets[0].clone();
        changed.timeout += 1;
        let one = commitment_proof(&router, std::slice::from_ref(&changed));
        let result = with_storage_layer(|| recv(std::slice::from_ref(&changed), &one, LIMIT));
        assert_eq!(result.unwrap_err().error, rejected("ValueMismatch").into());
        assert_eq!(traces(), 0);
    });
}

#[test]
fn batches_that_are_none() {
    externalities().execute_with(|| {
        let packets = [scale(&incoming(1))];
        let router = sender(&packets);
        let proof = commitment_proof(&router, &packets);
        assert_noop!(
            with_storage_layer(|| recv(&packets, &proof, LIMIT).map_err(|e| e.error)),
            Error::<Test>::UnknownClient
        );
        create(HERE, router.root(), TIME);
        assert_noop!(
            with_storage_layer(|| recv(&packets, &proof, LIMIT).map_err(|e| e.error)),
            Error::<Test>::NotBound
        );
        assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(HERE), id(THERE), vec![vec![]]));
        assert_noop!(with_storage_layer(|| recv(&[], &proof, LIMIT).map_err(|e| e.error)), Error::<Test>::EmptyBatch);
        let mut other = incoming(2);
        other.destination_client = client("bank.qbft-other");
        let mixed = [packets[0].clone(), scale(&other)];
        assert_noop!(
            with_storage_layer(|| recv(&mixed, &proof, LIMIT).map_err(|e| e.error)),
            Error::<Test>::MixedBatch
        );
        let none = Ibc::recv_packets(RuntimeOrigin::none(), batch(&packets), bounded(&proof), HEIGHT, LIMIT);
        assert_eq!(none.unwrap_err().error, DispatchError::BadOrigin);
        let wrong_height =
            Ibc::recv_packets(RuntimeOrigin::signed(7), batch(&packets), bounded(&proof), HEIGHT + 1, LIMIT);
        assert_eq!(wrong_height.unwrap_err().error, rejected("UnknownHeight").into());
    });
}

/// Sends packets to [`THERE`] and returns them as they were sent.
fn sent(n: u64) -> Vec<ScalePacket> {
    bound(Router::new().root());
    for i in 1..=n {
        let value = format!("value {i}");
        let sequence = Ibc::send_packet(client(HERE), TimestampSecs(START + 60), payload(value.as_bytes()));
        assert_eq!(sequence, Ok(i));
    }
    let packets = events().into_iter().filter_map(|e| match e {
        Event::PacketSent { packet } => Some(packet),
        _ => None,
    });
    packets.collect()
}

/// The client learns of another state of its counterparty, as an update would tell it.
fn learn(router: &Router, timestamp: u64) {
    let (_, consensus) = qbft(router.root(), timestamp);
    crate::ConsensusStates::<Test>::insert(id(HERE), HEIGHT + 1, consensus.hash().0);
}

fn ack_call(packets: &[ScalePacket], acks: &[&[&[u8]]], router: &Router, weight: Weight) -> DispatchResultWithPostInfo {
    let paths: Vec<_> = packets.iter().map(|p| path(&p.dest_client, PathKind::Acknowledgement, p.sequence)).collect();
    let acks: Vec<crate::wire::ScaleAcknowledgements> =
        acks.iter().map(|list| batch(&list.iter().map(|a| bounded(a)).collect::<Vec<_>>())).collect();
    let proof = bounded(&router.prove(&paths, TIME));
    Ibc::ack_packets(RuntimeOrigin::signed(8), batch(packets), batch(&acks), proof, HEIGHT + 1, weight)
}

fn receiver(packets: &[ScalePacket], acks: &[&[&[u8]]]) -> Router {
    packets.iter().zip(acks).fold(Router::new(), |router, (p, ack)| {
        let value = crate::wire::commit_acknowledgements(ack);
        router.with(&path(&p.dest_client, PathKind::Acknowledgement, p.sequence), value)
    })
}

#[test]
fn acknowledged() {
    externalities().execute_with(|| {
        let mut packets = sent(7);
        assert!(stored(HERE, PathKind::Commitment, 1).is_some());
        // A third one that was never sent, one changed, one of another counterparty, bad lists.
        packets[2].timeout += 1;
        packets[3].dest_client = id("someone.else");
        packets.push(packets[0].clone());
        let ok: &[&[u8]] = &[b"taken"];
        let two: &[&[u8]] = &[b"a", b"b"];
        let acks: [&[&[u8]]; 8] = [ok, &[UNIVERSAL_ERROR.as_slice()], ok, ok, two, &[b""], &[], ok];
        let router = receiver(&packets, &acks);
        learn(&router, TIME);
        assert_ok!(ack_call(&packets, &acks, &router, LIMIT * 8));
        let settled = |i: usize| Event::PacketAcknowledged {
            packet: packets[i].clone(),
            acknowledgements: acks[i].iter().map(|a| a.to_vec()).collect(),
        };
        let expected = [
            settled(0),
            settled(1),
            outcome(3, Outcome::NotOurs),
            outcome(4, Outcome::NotOurs),
            outcome(5, Outcome::Malformed),
            outcome(6, Outcome::Malformed),
            outcome(7, Outcome::Malformed),
            outcome(1, Outcome::Duplicate),
        ];
        assert_eq!(events(), expected);
        let told = [("ack", 1, b"taken".to_vec(), 8), ("ack", 2, UNIVERSAL_ERROR.to_vec(), 8)];
        assert_eq!(Told::get(), told);
        assert_eq!(stored(HERE, PathKind::Commitment, 1), None);
        assert_eq!(stored(HERE, PathKind::Commitment, 2), None);
        for sequence in 3..=7 {
            assert!(stored(HERE, PathKind::Commitment, sequence).is_some());
        }
    });
}

#[test]
fn acknowledging_needs_a_list_for_each_packet() {
    externalities().execute_with(|| {
        let packets = sent(2);
        let acks: [&[&[u8]]; 2] = [&[b"taken"], &[b"taken"]];
        let router = receiver(&packets, &acks);
        learn(&router, TIME);
        let short = ack_call(&packets, &acks[..1], &router, LIMIT);
        assert_eq!(short.unwrap_err().error, Error::<Test>::LengthMismatch.into());
    });
}

#[test]
fn a_failing_application_keeps_its_packet() {
    externalities().execute_with(|| {
        let packets = sent(1);
        let commitment = stored(HERE, PathKind::Commitment, 1);
        let acks: [&[&[u8]]; 1] = [&[b"taken"]];
        let router = receiver(&packets, &acks);
        learn(&router, TIME);
        Behaviour::set(Does::Fail);
        let info = ack_call(&packets, &acks, &router, LIMIT * 2).unwrap();
        assert_eq!(events(), [outcome(1, Outcome::AppFailed)]);
        assert_eq!(stored(HERE, PathKind::Commitment, 1), commitment);
        assert_eq!(traces(), 0);
        // It had its full limit, which is charged.
        assert!(info.actual_weight.unwrap().all_gte(LIMIT));
        assert_ok!(ack_call(&packets, &acks, &router, Weight::zero()));
        assert_eq!(events(), [outcome(1, Outcome::InsufficientGas)]);
        assert_eq!(stored(HERE, PathKind::Commitment, 1), commitment);
        Behaviour::set(Does::Answer(Vec::new()));
        assert_ok!(ack_call(&packets, &acks, &router, LIMIT));
        assert!(matches!(events().as_slice(), [Event::PacketAcknowledged { .. }]));
        assert_eq!(traces(), 1);
    });
}

fn time_out(packets: &[ScalePacket], router: &Router, time: u64, weight: Weight) -> DispatchResultWithPostInfo {
    let paths: Vec<_> = packets.iter().map(|p| path(&p.dest_client, PathKind::Receipt, p.sequence)).collect();
    let proof = bounded(&router.prove(&paths, time));
    Ibc::timeout_packets(RuntimeOrigin::signed(8), batch(packets), proof, HEIGHT + 1, weight)
}

#[test]
fn timed_out() {
    externalities().execute_with(|| {
        let mut packets = sent(5);
        packets[1].timeout += 1;
        packets[2].source_client = id(HERE);
        packets[2].dest_client = id("someone.else");
        packets[3].payloads = batch(&[]);
        packets.push(packets[0].clone());
        let router = Router::new();
        // The destination has not reached the timeout of any.
        learn(&router, START + 59);
        assert_ok!(time_out(&packets[..1], &router, START + 59, LIMIT));
        assert_eq!(events(), [outcome(1, Outcome::NotExpired)]);
        assert!(stored(HERE, PathKind::Commitment, 1).is_some());
        // It has.
        learn(&router, START + 60);
        assert_ok!(time_out(&packets, &router, START + 60, LIMIT * 2));
        let expected = [
            Event::PacketTimedOut { packet: packets[0].clone() },
            outcome(2, Outcome::NotOurs),
            outcome(3, Outcome::NotOurs),
            outcome(4, Outcome::Malformed),
            Event::PacketTimedOut { packet: packets[4].clone() },
            outcome(1, Outcome::Duplicate),
        ];
        assert_eq!(events(), expected);
        assert_eq!(Told::get(), [("timeout", 1, b"value 1".to_vec(), 8), ("timeout", 5, b"value 5".to_vec(), 8)]);
        assert_eq!(stored(HERE, PathKind::Commitment, 1), None);
        assert!(stored(HERE, PathKind::Commitment, 2).is_some());
    });
}

#[test]
fn a_failing_timeout_keeps_its_packet() {
    externalities().execute_with(|| {
        let packets = sent(1);
        let router = Router::new();
        learn(&router, START + 60);
        Behaviour::set(Does::Fail);
        assert_ok!(time_out(&packets, &router, START + 60, LIMIT));
        assert_eq!(events(), [outcome(1, Outcome::AppFailed)]);
        assert!(stored(HERE, PathKind::Commitment, 1).is_some());
    });
}

#[test]
fn what_was_received_does_not_time_out() {
    externalities().execute_with(|| {
        let packets = sent(1);
        let router = Router::new().with(&path(&packets[0].dest_client, PathKind::Receipt, 1), [1; 32]);
        learn(&router, START + 60);
        let refused = time_out(&packets, &router, START + 60, LIMIT).unwrap_err();
        assert_eq!(refused.error, rejected("ValuePresent").into());
    });
}

#[test]
fn a_callback_sends_but_does_not_settle() {
    externalities().execute_with(|| {
        let packets = [scale(&incoming(1))];
        let router = sender(&packets);
        bound(router.root());
        let proof = bounded(&commitment_proof(&router, &packets));
        let message = crate::RelayMessage::Receive { packets: batch(&packets), proof: proof.clone(), height: HEIGHT };
        Behaviour::set(Does::Reenter(vec![message]));
        events();
        assert_ok!(recv(&packets, &proof, LIMIT));
        let told = events();
        let [Event::ReceiveFailed { error, .. }, Event::PacketReceived { .. }] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(*error, Error::<Test>::Reentrant.into());
        assert!(!Settling::<Test>::get());
    });
    externalities().execute_with(|| {
        Behaviour::set(Does::Send(client(HERE), TimestampSecs(START + 60), payload(b"onward")));
        let told = received(&[scale(&incoming(1))]);
        let [Event::PacketSent { packet }, Event::PacketReceived { acknowledgements, .. }] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!((packet.sequence, acknowledgements.as_slice()), (1, &[1u64.to_be_bytes().to_vec()][..]));
    });
}

#[test]
fn nesting_cannot_make_an_application_fail() {
    fn nested(layers: u32, call: &mut dyn FnMut() -> DispatchResultWithPostInfo) -> DispatchResultWithPostInfo {
        match layers {
            0 => call(),
            n => with_storage_layer(|| nested(n - 1, call)),
        }
    }
    externalities().execute_with(|| {
        let packets = [scale(&incoming(1))];
        let router = sender(&packets);
        bound(router.root());
        let proof = commitment_proof(&router, &packets);
        // The call opens one more.
        let refused = nested(16, &mut || recv(&packets, &proof, LIMIT)).unwrap_err();
        assert_eq!(refused.error, Error::<Test>::TooDeeplyNested.into());
        assert_ok!(nested(15, &mut || recv(&packets, &proof, LIMIT)));
        assert_eq!(traces(), 1);
    });
}

#[test]
fn pausing_stops_sending_and_receiving_only() {
    externalities().execute_with(|| {
        let packets = sent(2);
        assert_noop!(Ibc::pause(RuntimeOrigin::signed(1)), DispatchError::BadOrigin);
        assert_noop!(Ibc::unpause(RuntimeOrigin::root()), Error::<Test>::NotPaused);
        assert_ok!(Ibc::pause(RuntimeOrigin::root()));
        assert_noop!(Ibc::pause(RuntimeOrigin::root()), Error::<Test>::HostPaused);
        assert_eq!(events(), [Event::HostPaused]);
        let send = Ibc::send_packet(client(HERE), TimestampSecs(START + 60), payload(b"x"));
        assert_eq!(send, Err(Error::HostPaused));
        let incoming = [scale(&incoming(1))];
        let from = sender(&incoming);
        learn(&from, TIME);
        let proof = bounded(&commitment_proof(&from, &incoming));
        let receive = || {
            with_storage_layer(|| {
                Ibc::recv_packets(RuntimeOrigin::signed(7), batch(&incoming), proof.clone(), HEIGHT + 1, LIMIT)
            })
        };
        assert_eq!(receive().unwrap_err().error, Error::<Test>::HostPaused.into());
        let acks: [&[&[u8]]; 1] = [&[b"taken"]];
        let router = receiver(&packets[..1], &acks);
        learn(&router, TIME);
        assert_ok!(ack_call(&packets[..1], &acks, &router, LIMIT));
        learn(&router, START + 60);
        assert_ok!(time_out(&packets[1..], &router, START + 60, LIMIT));
        let settled = events();
        assert!(matches!(settled.as_slice(), [Event::PacketAcknowledged { .. }, Event::PacketTimedOut { .. }]));
        assert_noop!(Ibc::unpause(RuntimeOrigin::signed(1)), DispatchError::BadOrigin);
        assert_ok!(Ibc::unpause(RuntimeOrigin::root()));
        learn(&from, TIME);
        assert_ok!(receive());
        assert_eq!(Ibc::send_packet(client(HERE), TimestampSecs(START + 60), payload(b"x")), Ok(3));
    });
}
