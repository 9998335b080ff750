//! What a sender may ask for, and what it costs.

use super::{assert_fails, assert_refused, network::*, ok};
use crate::{Error, Escrowed, Event, MAX_MEMO, MAX_RECEIVER, Pallet, Token, mock::*};
use frame_support::{assert_noop, assert_ok, traits::fungibles::Mutate};
use lupu_standard::{Encoding, ics20::VERSION};
use sp_runtime::{DispatchError, TokenError};

fn transfer(
    client: &str,
    denom: &[u8],
    amount: u128,
    receiver: &[u8],
    timeout: u64,
    memo: &[u8],
) -> Result<(), DispatchError> {
    IbcTransfer::transfer(
        RuntimeOrigin::signed(ALICE),
        client.into(),
        denom.into(),
        amount,
        receiver.into(),
        timeout,
        memo.into(),
    )
}

#[test]
fn a_transfer_escrows_and_says_so() {
    let mut net = Network::new();
    for (denom, token) in [("native", Token::Native), ("asset:7", gold())] {
        let sent = ok(net.send(0, 1, ALICE, denom, 1_000, &BOB));
        assert_eq!(net.balance(0, &ALICE, denom), WEALTH - 1_000);
        net.on(0, || {
            let client = client(0, 1).parse().unwrap();
            assert_eq!(Pallet::<Test>::balance(token, &Pallet::<Test>::escrow_account(&client)), 1_000);
            assert_eq!(Escrowed::<Test>::get(Pallet::<Test>::client_name(&client).unwrap(), token), 1_000);
            let event = Event::TransferSent {
                client: b"AA.BB".to_vec(),
                sequence: sent as u64 + 1,
                denom: denom.into(),
                token,
                burned: false,
                amount: 1_000,
                sender: ALICE,
                receiver: text(&BOB).into(),
            };
            assert_eq!(events(), [event]);
        });
        let packet = net.packets[sent].0.clone();
        let sent = payload(&packet);
        assert_eq!((sent.source_port.as_str(), sent.destination_port.as_str()), ("transfer", "transfer"));
        assert_eq!((sent.version.as_str(), sent.encoding.as_str()), (VERSION, Encoding::SolidityAbi.media_type()));
        let data = decode(&packet);
        assert_eq!((data.denom.as_str(), data.sender, data.receiver), (denom, text(&ALICE), text(&BOB)));
        assert_eq!((u128::try_from(data.amount), data.memo.as_str()), (Ok(1_000), "memo"));
        net.check();
    }
}

#[test]
fn the_order_is_checked_before_anything_moves() {
    chain(&[("AA.BB", "BB.AA")]).execute_with(|| {
        let to = text(&BOB);
        let to = to.as_bytes();
        let asked = |client, denom, amount, to, memo| transfer(client, denom, amount, to, TIMEOUT, memo);
        assert_noop!(asked("AA.BB", b"native", 0, to, b""), Error::<Test>::ZeroAmount);
        assert_noop!(asked("AA.BB", b"native", 1_000, b"", b""), Error::<Test>::InvalidReceiver);
        assert_noop!(asked("AA.BB", b"native", 1_000, &[b'a'; MAX_RECEIVER + 1], b""), Error::<Test>::InvalidReceiver);
        assert_noop!(asked("AA.BB", b"native", 1_000, b"\xff", b""), Error::<Test>::InvalidReceiver);
        assert_noop!(asked("AA.BB", b"native", 1_000, to, &[b'a'; MAX_MEMO + 1]), Error::<Test>::InvalidMemo);
        assert_noop!(asked("AA.BB", b"native", 1_000, to, b"\xff"), Error::<Test>::InvalidMemo);
        assert_noop!(asked("A", b"native", 1_000, to, b""), Error::<Test>::InvalidClient);
        for denom in ["", "Native", "asset:07", "asset:", "token", "a/b", "transfer/AA.BB/", "transfer//x"] {
            assert_noop!(asked("AA.BB", denom.as_bytes(), 1_000, to, b""), Error::<Test>::InvalidDenomination);
        }
        assert_noop!(asked("AA.BB", b"\xff", 1_000, to, b""), Error::<Test>::InvalidDenomination);
        assert_noop!(asked("AA.BB", &[b'a'; 1_000], 1_000, to, b""), Error::<Test>::TraceTooLong);
        assert_noop!(asked("AA.BB", b"asset:99", 1_000, to, b""), Error::<Test>::UnknownAsset);
        assert_noop!(asked("AA.BB", b"transfer/AA.BB/native", 1_000, to, b""), Error::<Test>::UnknownVoucher);
        assert_noop!(asked("AA.BB", b"asset:7", WEALTH + 1, to, b""), Error::<Test>::InsufficientBalance);
        assert_noop!(
            IbcTransfer::transfer(RuntimeOrigin::root(), vec![], vec![], 1, vec![], 1, vec![]),
            DispatchError::BadOrigin
        );
        assert_ok!(asked("AA.BB", b"asset:7", WEALTH, &[b'a'; MAX_RECEIVER], &[b'a'; MAX_MEMO]));
    });
}

/// What the host refuses undoes the escrow.
#[test]
fn the_host_has_the_last_word() {
    let mut net = Network::new();
    net.on(0, || {
        let send = |client: &str, timeout| {
            frame_support::storage::with_storage_layer(|| transfer(client, b"native", 1_000, b"0x", timeout, b""))
        };
        assert_fails(send("AA.DD", TIMEOUT), "UnknownClient");
        assert_fails(send("AA.BB", START), "TimeoutElapsed");
        assert_fails(send("AA.BB", START + 86_401), "TimeoutTooFar");
        assert_ok!(Ibc::pause(RuntimeOrigin::root()));
        assert_fails(send("AA.BB", TIMEOUT), "HostPaused");
        assert_eq!(Escrowed::<Test>::iter().count(), 0);
    });
    assert_eq!(net.balance(0, &ALICE, "native"), WEALTH);
    net.check();
}

/// Attack: a voucher under the name of its asset id would have two names, and two escrows.
#[test]
fn a_voucher_is_not_an_asset_by_its_id() {
    let mut net = Network::new();
    ok(net.pass(0, 1, "native", 1_000));
    let id = format!("asset:{FIRST_VOUCHER}");
    assert_eq!(net.balance(1, &ALICE, "transfer/BB.AA/native"), 1_000);
    for to in [0, 2] {
        let sent = net.send(1, to, ALICE, &id, 10, &ALICE).map(|_| ());
        assert_refused(sent, Error::InvalidDenomination);
    }
    net.check();
}

/// Attack: dust left behind is taken from the sender and is in nobody's account.
#[test]
fn a_sender_keeps_nothing_or_the_minimum() {
    let mut net = Network::new();
    let left = |net: &mut Network, denom, amount| net.send(0, 1, ALICE, denom, amount, &BOB).map(|_| ());
    assert_refused(left(&mut net, "native", WEALTH - 1), Error::LeavesDust);
    assert_refused(left(&mut net, "native", WEALTH - DEPOSIT + 1), Error::LeavesDust);
    assert_refused(left(&mut net, "asset:8", WEALTH - 9), Error::LeavesDust);
    ok(left(&mut net, "asset:8", WEALTH - 10));
    ok(left(&mut net, "asset:8", 10));
    ok(left(&mut net, "native", WEALTH - DEPOSIT));
    assert_eq!(net.balance(0, &ALICE, "native"), DEPOSIT);
    net.check();
}

/// An escrow account is an account: its first native amount is not below the existential deposit.
#[test]
fn the_first_escrow_is_not_below_the_minimum() {
    let mut net = Network::new();
    let sent = net.send(0, 1, ALICE, "native", DEPOSIT - 1, &BOB);
    assert_eq!(sent, Err(DispatchError::Token(TokenError::BelowMinimum)));
    assert_eq!(net.send(0, 1, ALICE, "asset:8", 9, &BOB), Err(DispatchError::Token(TokenError::BelowMinimum)));
    ok(net.send(0, 1, ALICE, "native", DEPOSIT, &BOB));
    ok(net.send(0, 1, ALICE, "native", 1, &BOB));
    net.check();
}

#[test]
fn nobody_else_creates_vouchers() {
    chain(&[]).execute_with(|| {
        let create = |id| Assets::create(RuntimeOrigin::signed(ALICE), id, ALICE, 1);
        assert_noop!(create(FIRST_VOUCHER), DispatchError::BadOrigin);
        assert_noop!(create(u32::MAX), DispatchError::BadOrigin);
        assert_ok!(create(FIRST_VOUCHER - 1));
    });
}

/// Accounts of one client are not another's, and nobody else's.
#[test]
fn escrow_is_by_client() {
    let mut net = Network::new();
    ok(net.send(0, 1, ALICE, "asset:7", 300, &BOB));
    ok(net.send(0, 2, ALICE, "asset:7", 500, &BOB));
    net.on(0, || {
        let account = |name: &str| Pallet::<Test>::escrow_account(&name.parse().unwrap());
        assert_eq!(Pallet::<Test>::balance(gold(), &account("AA.BB")), 300);
        assert_eq!(Pallet::<Test>::balance(gold(), &account("AA.CC")), 500);
        let hash = sp_io::hashing::keccak_256(b"AA.BB");
        assert_eq!(AsRef::<[u8]>::as_ref(&account("AA.BB")), [&b"modllupu/tok"[..], &hash[..20]].concat());
        assert!(Pallet::<Test>::is_own_account(account("AA.BB").as_ref()));
        assert!(Pallet::<Test>::is_own_account(Pallet::<Test>::account().as_ref()));
        assert!(!Pallet::<Test>::is_own_account(ALICE.as_ref()));
        // A gift to an escrow account is not accounted.
        assert_ok!(<Assets as Mutate<_>>::mint_into(GOLD, &account("AA.BB"), 5));
    });
    net.check();
}
