//! Every outcome of a packet that comes in, over real proofs.

use super::{packets::*, *};
use crate::{Event, Outcome, ScalePacket, Settling};
use frame_support::{assert_noop, dispatch::DispatchResultWithPostInfo, storage::with_storage_layer, weights::Weight};
use lupu_standard::{PathKind, ack::UNIVERSAL_ERROR, evm::packet_receipt};
use sp_runtime::DispatchError;

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
