//! Calls that may not be made, wherever they stand.

use super::*;
use crate::{Error, carriers::carriers, filter::permitted};
use frame_support::{assert_noop, assert_ok};
use lupu_standard::Encoding;

fn remark() -> RuntimeCall {
    frame_system::Call::remark { remark: vec![1] }.into()
}

fn sudo(call: RuntimeCall) -> RuntimeCall {
    pallet_sudo::Call::sudo { call: Box::new(call) }.into()
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
    probe::Call::batch { calls }.into()
}

fn hidden(call: &RuntimeCall) -> RuntimeCall {
    probe::Call::hidden { call: call.encode() }.into()
}

/// Every call that may not be made by itself.
fn forbidden() -> Vec<(RuntimeCall, Error<Test>)> {
    let send = crate::Call::send_call {
        client: HERE.into(),
        receiver: b"runtime".to_vec(),
        salt: vec![],
        payload: vec![],
        memo: vec![],
        timeout: TIMEOUT,
    };
    let id = || HERE.as_bytes().to_vec().try_into().unwrap();
    let update = pallet_lupu_ibc::Call::update_client { id: id(), message: vec![1].try_into().unwrap() };
    let opaque = probe::Opaque { bytes: note(1).encode(), is: core::marker::PhantomData };
    vec![
        (remark(), Error::FilteredCall),
        (sudo(note(1)), Error::CarrierCall),
        (pallet_sudo::Call::set_key { new: ALICE }.into(), Error::CarrierCall),
        (batch(vec![]), Error::CarrierCall),
        (batch(vec![note(1)]), Error::CarrierCall),
        (batch(vec![batch(vec![sudo(note(1))])]), Error::CarrierCall),
        (probe::Call::opaque { call: opaque }.into(), Error::CarrierCall),
        (send.into(), Error::IbcCall),
        (update.into(), Error::IbcCall),
        (pallet_lupu_ibc::Call::pause {}.into(), Error::IbcCall),
    ]
}

#[test]
fn what_is_forbidden_is_refused_by_name() {
    chain().execute_with(|| {
        for (call, error) in forbidden() {
            assert!(!permitted::<Test>(&call));
            assert_noop!(made(call), error);
        }
        assert_ok!(made(note(1)));
    });
}

/// Attack: inside a carrier that the runtime forgot. The origin has the filter with it.
#[test]
fn a_forgotten_carrier_gains_nothing() {
    let filtered: DispatchError = frame_system::Error::<Test>::CallFiltered.into();
    chain().execute_with(|| {
        for (call, _) in forbidden() {
            assert_noop!(made(hidden(&call)), filtered);
            assert_noop!(made(hidden(&hidden(&call))), filtered);
        }
        assert_ok!(made(hidden(&hidden(&note(3)))));
        assert_eq!(notes().len(), 1);
    });
}

/// Attack: a sender who gets the sudo key's own account to relay has none of its power.
#[test]
fn the_relayer_lends_nothing() {
    chain().execute_with(|| {
        let root = sudo(probe::Call::govern {}.into());
        assert_noop!(made(root.clone()), Error::<Test>::CarrierCall);
        assert_ok!(Sudo::sudo(RuntimeOrigin::signed(RELAYER), Box::new(probe::Call::govern {}.into())));
        let as_relayer = GmpPacketData { sender: crate::account::to_text(RELAYER.as_ref()), ..message(&root) };
        assert_noop!(deliver(&packet_of(as_relayer.encode(Encoding::SolidityAbi))), Error::<Test>::CarrierCall);
    });
}

/// The types tell which calls carry others; only bytes do not.
#[test]
fn carriers_are_found_by_type() {
    let found = carriers::<RuntimeCall>();
    let expected = [
        ("Probe", "batch"),
        ("Probe", "opaque"),
        ("Sudo", "sudo"),
        ("Sudo", "sudo_as"),
        ("Sudo", "sudo_unchecked_weight"),
    ];
    assert_eq!(found.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect::<Vec<_>>(), expected);
}

/// Random bytes in place of good ones: whatever decodes is made by the sender's account or not at all.
#[test]
fn mutants_stay_in_the_account() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let own = crate::Pallet::<Test>::account(HERE.as_bytes(), SENDER.as_bytes(), &SALT);
    let nested = probe::Nest::More(Box::new(probe::Nest::End));
    let good: Vec<RuntimeCall> = vec![
        note(1),
        probe::Call::bytes { value: vec![1; 20] }.into(),
        probe::Call::nested { value: nested }.into(),
        hidden(&note(1)),
        hidden(&sudo(note(1))),
        batch(vec![note(1), remark()]),
        pallet_balances::Call::transfer_allow_death { dest: ALICE, value: 5 }.into(),
        pallet_balances::Call::force_transfer { source: RELAYER, dest: ALICE, value: 5 }.into(),
        frame_system::Call::kill_storage { keys: vec![vec![1]] }.into(),
    ];
    let mut ext = chain();
    ext.execute_with(|| {
        use frame_support::traits::Currency;
        let _ = Balances::deposit_creating(&RELAYER, 1_000);
        let _ = Balances::deposit_creating(&own, 1_000);
    });
    let (mut made, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let mut call = good[random(good.len())].encode();
        for _ in 0..=random(3) {
            let at = random(call.len());
            call[at] = random(256) as u8;
        }
        let message = GmpPacketData { payload: payload_of(&call).into(), ..message(&note(1)) };
        ext.execute_with(|| {
            let taken = received(&message).is_ok();
            *(if taken { &mut made } else { &mut refused }) += 1;
            assert!(notes().iter().all(|(who, _)| *who == own), "{call:?}");
            assert_eq!(Balances::free_balance(&RELAYER), 1_000, "{call:?}");
            assert_eq!(pallet_sudo::Key::<Test>::get(), Some(RELAYER), "{call:?}");
            assert!(!pallet_lupu_ibc::Paused::<Test>::get(), "{call:?}");
        });
    }
    assert!(made > 200 && refused > 200, "{made} made, {refused} refused");
}
