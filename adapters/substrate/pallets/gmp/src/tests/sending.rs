//! What a sender may ask for, and what it is told.

use super::*;
use crate::{Error, Event, MAX_MEMO, MAX_RECEIVER, account};
use frame_support::{assert_noop, assert_ok};
use lupu_standard::{ack::UNIVERSAL_ERROR, ics27::GmpAcknowledgement};
use sp_runtime::DispatchResult;

fn send(receiver: &[u8], memo: &[u8], client: &str, timeout: u64) -> DispatchResult {
    let (salt, payload) = (SALT.to_vec(), vec![0xca, 0x11]);
    IbcGmp::send_call(RuntimeOrigin::signed(ALICE), client.into(), receiver.into(), salt, payload, memo.into(), timeout)
}

/// The packet of a message to a contract.
fn sent() -> Packet {
    assert_ok!(send(SENDER.as_bytes(), b"memo", HERE, TIMEOUT));
    let sent = System::events().into_iter().find_map(|r| match r.event {
        RuntimeEvent::Ibc(pallet_lupu_ibc::Event::PacketSent { packet }) => Some(packet),
        _ => None,
    });
    Packet::try_from(&sent.unwrap()).unwrap()
}

#[test]
fn a_message_is_sent_as_the_standard_has_it() {
    chain().execute_with(|| {
        let packet = sent();
        let event = Event::CallSent {
            client: HERE.into(),
            sequence: 1,
            sender: ALICE,
            receiver: SENDER.into(),
            payload: vec![0xca, 0x11],
        };
        assert_eq!(events(), [event]);
        let payload = &packet.payloads[0];
        assert_eq!((payload.source_port.as_str(), payload.destination_port.as_str()), (PORT, PORT));
        assert_eq!((payload.version.as_str(), payload.encoding.as_str()), (VERSION, "application/x-solidity-abi"));
        let expected = GmpPacketData {
            sender: account::to_text(ALICE.as_ref()),
            receiver: SENDER.into(),
            salt: SALT.into(),
            payload: [0xca, 0x11].into(),
            memo: "memo".into(),
        };
        assert_eq!(GmpPacketData::decode(Encoding::SolidityAbi, &payload.value), Ok(expected));
    });
}

#[test]
fn a_message_is_checked_before_it_is_sent() {
    chain().execute_with(|| {
        assert_noop!(send(b"", b"", HERE, TIMEOUT), Error::<Test>::InvalidReceiver);
        assert_noop!(send(b"\xff", b"", HERE, TIMEOUT), Error::<Test>::InvalidReceiver);
        assert_noop!(send(&[b'a'; MAX_RECEIVER + 1], b"", HERE, TIMEOUT), Error::<Test>::InvalidReceiver);
        assert_noop!(send(b"a", b"\xff", HERE, TIMEOUT), Error::<Test>::InvalidMemo);
        assert_noop!(send(b"a", &[b'a'; MAX_MEMO + 1], HERE, TIMEOUT), Error::<Test>::InvalidMemo);
        assert_noop!(send(b"a", b"", "A", TIMEOUT), Error::<Test>::InvalidClient);
        assert_noop!(send(b"a", b"", "AA.DD", TIMEOUT), pallet_lupu_ibc::Error::<Test>::UnknownClient);
        assert_noop!(send(b"a", b"", HERE, START), pallet_lupu_ibc::Error::<Test>::TimeoutElapsed);
        assert_noop!(
            IbcGmp::send_call(RuntimeOrigin::root(), HERE.into(), vec![1], vec![], vec![], vec![], TIMEOUT),
            DispatchError::BadOrigin
        );
        let huge = vec![0; 262_144];
        let signed = RuntimeOrigin::signed(ALICE);
        assert_noop!(
            IbcGmp::send_call(signed, HERE.into(), vec![b'a'], vec![], huge, vec![], TIMEOUT),
            pallet_lupu_ibc::Error::<Test>::PayloadTooLarge
        );
        assert_ok!(send(&[b'a'; MAX_RECEIVER], &[b'a'; MAX_MEMO], HERE, TIMEOUT));
    });
}

#[test]
fn a_sender_is_told_what_became_of_its_call() {
    chain().execute_with(|| {
        let packet = sent();
        events();
        let acknowledge =
            |ack: &[u8]| with_storage_layer(|| app().on_acknowledge(&packet, &packet.payloads[0], ack, &RELAYER));
        let told = |success, result: &[u8]| Event::CallAcknowledged {
            client: HERE.into(),
            sequence: 1,
            sender: ALICE,
            success,
            result: result.to_vec(),
        };
        for result in [&b""[..], &[7; 32], &[8; 4_000]] {
            let ack = GmpAcknowledgement { result: result.to_vec().into() }.encode(Encoding::SolidityAbi);
            assert_ok!(acknowledge(&ack));
            assert_eq!(events(), [told(true, result)]);
        }
        assert_ok!(acknowledge(UNIVERSAL_ERROR.as_slice()));
        assert_eq!(events(), [told(false, b"")]);
        assert_ok!(with_storage_layer(|| app().on_timeout(&packet, &packet.payloads[0], &RELAYER)));
        assert_eq!(events(), [Event::CallTimedOut { client: HERE.into(), sequence: 1, sender: ALICE }]);
    });
}

/// Attack: an acknowledgement that is no result is not taken for one.
#[test]
fn no_other_acknowledgement_counts() {
    chain().execute_with(|| {
        let packet = sent();
        let good = GmpAcknowledgement { result: [7; 3].into() }.encode(Encoding::SolidityAbi);
        let mut dirty = good.clone();
        dirty[99] = 1;
        let mut error = UNIVERSAL_ERROR.to_vec();
        error[0] ^= 1;
        let longer = [&good[..], &[0]].concat();
        for ack in [&b""[..], b"{}", br#"{"result":"AQ=="}"#, &good[..64], &good[32..], &dirty, &longer, &error] {
            let taken = with_storage_layer(|| app().on_acknowledge(&packet, &packet.payloads[0], ack, &RELAYER));
            assert_eq!(taken, Err(Error::<Test>::UnexpectedAcknowledgement.into()));
        }
        let mut junk = packet.clone();
        junk.payloads[0].value = vec![1].into();
        assert_noop!(
            with_storage_layer(|| app().on_timeout(&junk, &junk.payloads[0], &RELAYER)),
            Error::<Test>::MalformedPayload
        );
    });
}

/// Results are those of the vectors, malformed means the same as everywhere.
#[test]
fn acknowledgements_are_those_of_the_vectors() {
    chain().execute_with(|| {
        let packet = sent();
        let mut counts = [0, 0];
        for (name, ack, valid, case) in cases("acknowledgement") {
            counts[usize::from(valid)] += 1;
            events();
            let taken = with_storage_layer(|| app().on_acknowledge(&packet, &packet.payloads[0], &ack, &RELAYER));
            if valid {
                let result = hex::decode(case["result"].as_str().unwrap().trim_start_matches("0x")).unwrap();
                let (client, sender) = (HERE.into(), ALICE);
                let told = Event::CallAcknowledged { client, sequence: 1, sender, success: true, result };
                assert_eq!((taken, events()), (Ok(()), vec![told]), "{name}");
            } else {
                assert_eq!(taken, Err(Error::<Test>::UnexpectedAcknowledgement.into()), "{name}");
            }
        }
        assert!(counts[0] > 5 && counts[1] > 2, "{counts:?}");
    });
}
