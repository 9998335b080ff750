//! Every outcome of a packet's acknowledgement or timeout, over real proofs; pausing.

use super::{evm::Router, packets::*, *};
use crate::{Event, Outcome, ScalePacket};
use frame_support::{assert_noop, dispatch::DispatchResultWithPostInfo, storage::with_storage_layer, weights::Weight};
use lupu_standard::{PathKind, ack::UNIVERSAL_ERROR};
use sp_runtime::DispatchError;

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
