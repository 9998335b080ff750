//! What a message does, and what becomes the universal error instead.

use super::*;
use crate::{Error, Event, MAX_DEPTH, MAX_MEMO, Pallet, account};
use frame_support::{assert_noop, assert_ok, traits::Currency, weights::Weight};
use lupu_standard::ics27::GmpAcknowledgement;

#[test]
fn a_call_is_made_by_the_senders_account() {
    chain().execute_with(|| {
        let ack = made(note(7)).unwrap();
        // abi.encode((bytes)) of no bytes: offset of the struct, of the bytes, their length.
        let mut expected = vec![0; 96];
        (expected[31], expected[63]) = (0x20, 0x20);
        assert_eq!(ack, expected);
        assert_eq!(GmpAcknowledgement::decode(Encoding::SolidityAbi, &ack).unwrap().result.len(), 0);

        let account: AccountId32 = account::derive(HERE.as_bytes(), SENDER.as_bytes(), &SALT).into();
        assert_eq!(Pallet::<Test>::account(HERE.as_bytes(), SENDER.as_bytes(), &SALT), account);
        assert_eq!(notes(), [(account.clone(), 7)]);
        let event =
            Event::CallExecuted { client: HERE.into(), sequence: 9, sender: SENDER.into(), account, result: vec![] };
        assert_eq!(events(), [event]);
    });
}

/// Another sender, salt or client is another account.
#[test]
fn accounts_belong_to_one_sender() {
    chain().execute_with(|| {
        assert_ok!(made(note(1)));
        assert_ok!(received(&GmpPacketData { salt: [9].into(), ..message(&note(1)) }));
        assert_ok!(received(&GmpPacketData { salt: [].into(), ..message(&note(1)) }));
        assert_ok!(received(&GmpPacketData { sender: SENDER.replace("0x1", "0x2"), ..message(&note(1)) }));
        let mut packet = packet_of(message(&note(1)).encode(Encoding::SolidityAbi));
        packet.destination_client = "AA.CC".parse().unwrap();
        assert_ok!(deliver(&packet));
        // The client on the other chain is not part of it: its name is the other chain's choice.
        packet.destination_client = HERE.parse().unwrap();
        packet.source_client = "XX.AA".parse().unwrap();
        assert_ok!(deliver(&packet));
        let mut accounts: Vec<_> = notes().into_iter().map(|(who, _)| who).collect();
        assert_eq!(accounts[0], accounts[5]);
        accounts.sort();
        accounts.dedup();
        assert_eq!(accounts.len(), 5);
    });
}

/// What an account has, its sender can spend, and nobody else.
#[test]
fn an_account_has_funds_of_its_own() {
    chain().execute_with(|| {
        let own = Pallet::<Test>::account(HERE.as_bytes(), SENDER.as_bytes(), &SALT);
        let pay = || pallet_balances::Call::transfer_allow_death { dest: ALICE, value: 60 };
        assert!(made(pay()).is_err());
        let _ = Balances::deposit_creating(&own, 100);
        let _ = Balances::deposit_creating(&RELAYER, 100);
        assert!(received(&GmpPacketData { salt: [9].into(), ..message(&pay().into()) }).is_err());
        assert_ok!(made(pay()));
        assert_eq!((Balances::free_balance(&own), Balances::free_balance(&ALICE)), (40, 60));
        assert!(made(pay()).is_err());
        assert_eq!(Balances::free_balance(&RELAYER), 100);
    });
}

/// All of it or nothing.
#[test]
fn a_call_that_fails_leaves_nothing() {
    chain().execute_with(|| {
        assert_noop!(made(probe::Call::note_and_fail { value: 1 }), probe::Error::<Test>::ToldToFail);
        assert_eq!(notes(), []);
        assert_eq!(events(), []);
    });
}

/// The account has no privilege, whoever relays.
#[test]
fn no_call_is_privileged() {
    chain().execute_with(|| {
        assert_noop!(made(probe::Call::govern {}), DispatchError::BadOrigin);
        let code = frame_system::Call::set_code { code: vec![1] };
        assert!(made(code).is_err());
        assert_noop!(made(pallet_timestamp::Call::set { now: 1 }), DispatchError::BadOrigin);
        let account = Pallet::<Test>::account(HERE.as_bytes(), SENDER.as_bytes(), &SALT);
        let force = pallet_balances::Call::force_transfer { source: RELAYER, dest: account, value: 1 };
        assert_noop!(made(force), DispatchError::BadOrigin);
    });
}

#[test]
fn another_transaction_version_is_refused() {
    chain().execute_with(|| {
        let versions = [0, TRANSACTION_VERSION - 1, TRANSACTION_VERSION + 1, TRANSACTION_VERSION << 24, u32::MAX];
        for version in versions {
            let payload = [&version.to_le_bytes()[..], &note(1).encode()].concat();
            let other = GmpPacketData { payload: payload.into(), ..message(&note(1)) };
            assert_noop!(received(&other), Error::<Test>::WrongTransactionVersion);
        }
        for short in 0..4 {
            let payload = TRANSACTION_VERSION.to_le_bytes()[..short].to_vec();
            let cut = GmpPacketData { payload: payload.into(), ..message(&note(1)) };
            assert_noop!(received(&cut), Error::<Test>::MalformedCall);
        }
    });
}

#[test]
fn a_call_decodes_to_its_last_byte() {
    chain().execute_with(|| {
        let refused = |call: &[u8]| {
            let other = GmpPacketData { payload: payload_of(call).into(), ..message(&note(1)) };
            assert_noop!(received(&other), Error::<Test>::MalformedCall);
        };
        let good = note(1).encode();
        for length in 0..good.len() {
            refused(&good[..length]);
        }
        refused(&[&good[..], &[0]].concat());
        refused(&[&good[..], &good[..]].concat());
        refused(&[0xff, 0, 0, 0, 0, 0]);
        refused(&[good[0], 0xff, 0, 0, 0, 0]);
        // A length that no bytes are behind, as long as memory.
        let bytes = RuntimeCall::from(probe::Call::bytes { value: vec![] }).encode();
        refused(&[&bytes[..2], &[0xfe, 0xff, 0xff, 0xff]].concat());
        refused(&[&bytes[..2], &[0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat());
    });
}

#[test]
fn nesting_has_a_limit() {
    let nest = |depth: u32| {
        let deep = (0..depth).fold(probe::Nest::End, |inner, _| probe::Nest::More(Box::new(inner)));
        RuntimeCall::from(probe::Call::nested { value: deep })
    };
    chain().execute_with(|| {
        assert_ok!(made(nest(MAX_DEPTH)));
        assert_noop!(made(nest(MAX_DEPTH + 1)), Error::<Test>::MalformedCall);
        assert_noop!(made(nest(MAX_LENGTH - 4)), Error::<Test>::MalformedCall);
    });
}

#[test]
fn a_call_has_a_longest() {
    chain().execute_with(|| {
        let call = |length| RuntimeCall::from(probe::Call::bytes { value: vec![7; length] });
        // Two bytes of indices, two of the length.
        let longest = MAX_LENGTH as usize - 4;
        assert_eq!(call(longest).encode().len(), MAX_LENGTH as usize);
        assert_ok!(made(call(longest)));
        assert_noop!(made(call(longest + 1)), Error::<Test>::CallTooLong);
        assert_noop!(made(call(60_000)), Error::<Test>::CallTooLong);
        assert_noop!(made(call(100_000)), Error::<Test>::PayloadTooLong);
    });
}

#[test]
fn a_call_has_a_heaviest() {
    chain().execute_with(|| {
        let max = MaxCallWeight::get();
        let heavy = |weight| probe::Call::heavy { weight };
        assert_ok!(made(heavy(max)));
        assert_noop!(made(heavy(max + Weight::from_parts(1, 0))), Error::<Test>::CallTooHeavy);
        assert_noop!(made(heavy(Weight::from_parts(0, max.proof_size() + 1))), Error::<Test>::CallTooHeavy);
        assert_noop!(made(heavy(Weight::MAX)), Error::<Test>::CallTooHeavy);
        // What the host asks of a relayer is enough for the heaviest call and what is around it.
        let asked = app().callback_weight();
        assert!(asked.all_gte(max) && asked.ref_time() > max.ref_time());
    });
}

#[test]
fn what_is_not_a_message_is_refused() {
    chain().execute_with(|| {
        let good = message(&note(1)).encode(Encoding::SolidityAbi);
        for (change, error) in [
            (
                &(|p: &mut Payload| p.source_port = "transfer".parse().unwrap()) as &dyn Fn(&mut Payload),
                Error::WrongPort,
            ),
            (&|p| p.source_port = SENDER.parse().unwrap(), Error::WrongPort),
            (&|p| p.destination_port = "gmpport2".parse().unwrap(), Error::WrongPort),
            (&|p| p.version = "ics27-1".into(), Error::WrongVersion),
            (&|p| p.encoding = "application/json".into(), Error::<Test>::WrongEncoding),
        ] {
            let mut packet = packet_of(good.clone());
            change(&mut packet.payloads[0]);
            assert_noop!(deliver(&packet), error);
        }
        for length in [0, 31, 32, 160, good.len() - 32, good.len() - 1] {
            assert_noop!(deliver(&packet_of(good[..length].to_vec())), Error::<Test>::MalformedPayload);
        }
        assert_noop!(deliver(&packet_of([&good[..], &[0; 32]].concat())), Error::<Test>::MalformedPayload);
        let changed = |change: &dyn Fn(&mut GmpPacketData)| {
            let mut message = message(&note(1));
            change(&mut message);
            received(&message)
        };
        assert_noop!(changed(&|m| m.sender = "".into()), Error::<Test>::MalformedPayload);
        assert_noop!(changed(&|m| m.memo = "m".repeat(MAX_MEMO + 1)), Error::<Test>::InvalidMemo);
        for receiver in ["Runtime", "runtime ", SENDER, "\0"] {
            assert_noop!(changed(&|m| m.receiver = receiver.into()), Error::<Test>::InvalidReceiver);
        }
        assert_ok!(changed(&|m| m.receiver = "".into()));
        assert_ok!(changed(&|m| m.memo = "m".repeat(MAX_MEMO)));
    });
}

/// Malformed means the same as everywhere; what is well formed fails later, for it is not for this runtime.
#[test]
fn values_are_those_of_the_vectors() {
    chain().execute_with(|| {
        let mut counts = [0, 0];
        for (name, value, valid, case) in cases("packet") {
            counts[usize::from(valid)] += 1;
            let error = match (valid, case["receiver"] == "") {
                (false, _) => Error::<Test>::MalformedPayload,
                (true, false) => Error::InvalidReceiver,
                (true, true) => Error::MalformedCall,
            };
            assert_eq!(deliver(&packet_of(value)), Err(error.into()), "{name}");
        }
        assert!(counts[0] > 20 && counts[1] > 5, "{counts:?}");
    });
}
