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
