//! What comes back when a packet does not arrive.

use super::{assert_refused, network::*, ok};
use crate::{Error, Event, Token, mock::*};
use frame_support::{assert_noop, storage::with_storage_layer};
use lupu_standard::{ack::UNIVERSAL_ERROR, ics20::SUCCESS_ACKNOWLEDGEMENT};
use pallet_lupu_ibc::IbcApp;
use sp_runtime::{DispatchError, TokenError};

/// A token of the chain and a voucher, each by timeout and by error acknowledgement.
#[test]
fn what_was_taken_comes_back() {
    for by_timeout in [true, false] {
        let mut net = Network::new();
        ok(net.pass(1, 0, "asset:7", 1_000));
        let cases = [
            ("native", Token::Native, false, 1),
            ("asset:8", Token::Asset(COAL), false, 1),
            ("transfer/AA.BB/asset:7", Token::Asset(FIRST_VOUCHER), true, 1),
            ("transfer/AA.BB/asset:7", Token::Asset(FIRST_VOUCHER), false, 2),
        ];
        for (denom, token, minted, to) in cases {
            let before = net.balance(0, &ALICE, denom);
            let sent = ok(net.send(0, to, ALICE, denom, 600, &BOB));
            assert_eq!(net.balance(0, &ALICE, denom), before - 600);
            net.check();
            net.on(0, System::reset_events);
            if by_timeout {
                ok(net.time_out(sent));
            } else {
                net.packets[sent].1 = Stage::Received(UNIVERSAL_ERROR.to_vec());
                ok(net.acknowledge(sent));
            }
            assert_eq!(net.balance(0, &ALICE, denom), before);
            net.check();
            let sequence = net.packets[sent].0.sequence.get();
            let event = Event::TransferRefunded {
                client: client(0, to).into(),
                sequence,
                denom: denom.into(),
                token,
                minted,
                amount: 600,
                sender: ALICE,
            };
            net.on(0, || assert_eq!(events(), [event]));
        }
    }
}

#[test]
fn success_gives_nothing_back() {
    let mut net = Network::new();
    let sent = ok(net.send(0, 1, ALICE, "native", 1_000, &BOB));
    ok(net.receive(sent));
    assert_eq!(net.packets[sent].1, Stage::Received(SUCCESS_ACKNOWLEDGEMENT.to_vec()));
    ok(net.acknowledge(sent));
    assert_eq!(net.balance(0, &ALICE, "native"), WEALTH - 1_000);
    net.check();
}

/// Attack: an acknowledgement that is neither success nor the error settles nothing.
#[test]
fn no_other_acknowledgement_counts() {
    let mut net = Network::new();
    let sent = ok(net.send(0, 1, ALICE, "native", 1_000, &BOB));
    let (packet, _) = net.packets[sent].clone();
    net.on(0, || {
        let mut near = SUCCESS_ACKNOWLEDGEMENT.to_vec();
        near.push(b' ');
        let mut error = UNIVERSAL_ERROR.to_vec();
        error[31] ^= 1;
        for ack in [&b""[..], b"\x01", b"{\"result\":\"AQ==\" }", b"{\"error\":\"\"}", &near, &error, &error[..31]] {
            let taken = with_storage_layer(|| app().on_acknowledge(&packet, payload(&packet), ack, &BOB));
            assert_refused(taken, Error::UnexpectedAcknowledgement);
        }
    });
    assert_eq!(net.balance(0, &ALICE, "native"), WEALTH - 1_000);
    net.check();
}

/// A refund that the sender's account cannot take waits until it can.
#[test]
fn a_refund_waits_for_its_account() {
    let mut net = Network::new();
    let give = |to, amount| ok(Balances::transfer_keep_alive(RuntimeOrigin::signed(BOB), to, amount));
    net.on(0, || give(NOBODY, 10_000));
    ok(net.send(0, 1, BOB, "native", WEALTH / 2, &BOB));
    let small = ok(net.send(0, 1, NOBODY, "native", DEPOSIT - 1, &BOB));
    ok(net.send(0, 1, NOBODY, "native", 10_000 - DEPOSIT + 1, &BOB));
    assert_eq!(net.balance(0, &NOBODY, "native"), 0);
    assert_eq!(net.time_out(small), Err(DispatchError::Token(TokenError::BelowMinimum)));
    net.check();
    net.on(0, || give(NOBODY, DEPOSIT));
    ok(net.time_out(small));
    assert_eq!(net.balance(0, &NOBODY, "native"), 2 * DEPOSIT - 1);
    net.check();
}

/// Attack: the value of a packet that this chain never sent, with a refund of someone else's.
#[test]
fn a_refund_is_bounded_by_what_is_accounted() {
    let mut net = Network::new();
    let sent = ok(net.send(0, 1, ALICE, "asset:7", 600, &BOB));
    let (mut packet, _) = net.packets[sent].clone();
    let mut data = decode(&packet);
    data.amount += alloy_primitives::U256::from(1);
    packet.payloads[0].value = data.encode(lupu_standard::Encoding::SolidityAbi).into();
    net.on(0, || {
        let time_out =
            |packet: &lupu_standard::Packet| with_storage_layer(|| app().on_timeout(packet, payload(packet), &BOB));
        assert_noop!(time_out(&packet), Error::<Test>::InsufficientEscrow);
        let mut junk = packet.clone();
        junk.payloads[0].value = vec![1, 2, 3].into();
        assert_noop!(time_out(&junk), Error::<Test>::MalformedPayload);
        data.sender = "0x1111".into();
        junk.payloads[0].value = data.encode(lupu_standard::Encoding::SolidityAbi).into();
        assert_noop!(time_out(&junk), Error::<Test>::MalformedPayload);
    });
    net.check();
}
