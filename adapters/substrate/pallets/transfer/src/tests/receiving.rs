//! What a received packet does, and what becomes the universal error instead.

use super::{assert_refused, cases, network::*, ok};
use crate::{Error, Event, MAX_MEMO, NextVoucher, Pallet, Supply, Token, Traces, Vouchers, mock::*};
use alloy_primitives::U256;
use frame_support::{assert_noop, assert_ok, traits::fungibles::Create};
use lupu_standard::{
    Encoding, Packet, Payload,
    denom::voucher_id,
    ics20::{FungibleTokenPacketData, SUCCESS_ACKNOWLEDGEMENT, VERSION},
};
use sp_core::H256;
use sp_runtime::{DispatchError, TokenError};

fn data(denom: &str, amount: u128) -> FungibleTokenPacketData {
    FungibleTokenPacketData {
        denom: denom.into(),
        sender: "0x1111111111111111111111111111111111111111".into(),
        receiver: text(&NOBODY),
        amount: U256::from(amount),
        memo: "".into(),
    }
}

fn packet_of(value: Vec<u8>) -> Packet {
    Packet {
        sequence: 9.try_into().unwrap(),
        source_client: "BB.AA".parse().unwrap(),
        destination_client: "AA.BB".parse().unwrap(),
        timeout_timestamp: lupu_standard::TimestampSecs(TIMEOUT),
        payloads: vec![Payload {
            source_port: "transfer".parse().unwrap(),
            destination_port: "transfer".parse().unwrap(),
            version: VERSION.into(),
            encoding: Encoding::SolidityAbi.media_type().into(),
            value: value.into(),
        }],
    }
}

fn packet(data: &FungibleTokenPacketData) -> Packet {
    packet_of(data.encode(Encoding::SolidityAbi))
}

fn received(data: &FungibleTokenPacketData) -> Result<Vec<u8>, DispatchError> {
    deliver(&packet(data))
}

#[test]
fn a_foreign_token_becomes_a_voucher() {
    chain(&[]).execute_with(|| {
        let trace = "transfer/AA.BB/0x2222222222222222222222222222222222222222";
        let denom = trace.strip_prefix("transfer/AA.BB/").unwrap();
        let id = FIRST_VOUCHER;
        assert_eq!(received(&data(denom, 40)), Ok(SUCCESS_ACKNOWLEDGEMENT.to_vec()));
        assert_eq!(Vouchers::<Test>::get(H256(voucher_id(trace).0)), Some(id));
        assert_eq!(Traces::<Test>::get(id).unwrap().to_vec(), trace.as_bytes());
        let received_event = |amount| Event::TransferReceived {
            client: b"AA.BB".to_vec(),
            sequence: 9,
            denom: trace.into(),
            token: Token::Asset(id),
            minted: true,
            amount,
            sender: data(denom, 1).sender.into(),
            receiver: NOBODY,
        };
        assert_eq!(events(), [Event::VoucherCreated { id, trace: trace.into() }, received_event(40)]);

        assert_ok!(received(&data(denom, 2)));
        assert_eq!(events(), [received_event(2)]);
        assert_eq!((Supply::<Test>::get(id), Assets::balance(id, &NOBODY)), (42, 42));
        // The same base through another client, or another base, is another voucher.
        assert_ok!(received(&data(&format!("{denom}0"), 1)));
        assert_eq!(Assets::balance(id + 1, &NOBODY), 1);
        assert_eq!(NextVoucher::<Test>::get(), id + 2);
        assert_ok!(Pallet::<Test>::check_conservation());
    });
}

#[test]
fn what_is_not_a_transfer_is_refused() {
    chain(&[("AA.BB", "BB.AA")]).execute_with(|| {
        let good = data("0x22", 40).encode(Encoding::SolidityAbi);
        let refused = |packet: &Packet, error: Error<Test>| {
            assert_noop!(deliver(packet), error);
        };
        for (change, error) in [
            (
                &(|p: &mut Payload| p.source_port = "transfer2".parse().unwrap()) as &dyn Fn(&mut Payload),
                Error::WrongPort,
            ),
            (&|p| p.source_port = "0x1111111111111111111111111111111111111111".parse().unwrap(), Error::WrongPort),
            (&|p| p.destination_port = "gmpport".parse().unwrap(), Error::WrongPort),
            (&|p| p.version = "ics20-2".into(), Error::WrongVersion),
            (&|p| p.encoding = "application/json".into(), Error::WrongEncoding),
            (&|p| p.encoding = "".into(), Error::WrongEncoding),
        ] {
            let mut packet = packet_of(good.clone());
            change(&mut packet.payloads[0]);
            refused(&packet, error);
        }
        for cut in [0, 1, 31, 32, 64, good.len() - 32, good.len() - 1] {
            refused(&packet_of(good[..cut].to_vec()), Error::MalformedPayload);
        }
        let mut longer = good.clone();
        longer.push(0);
        refused(&packet_of(longer), Error::MalformedPayload);
        refused(&packet_of(data("0x22", 40).encode(Encoding::Json)), Error::MalformedPayload);
        refused(&packet(&data("0x22", 0)), Error::MalformedPayload);
        refused(&packet(&data("", 1)), Error::MalformedPayload);
        refused(&packet(&FungibleTokenPacketData { sender: "".into(), ..data("0x22", 1) }), Error::MalformedPayload);
        let memo = |length| FungibleTokenPacketData { memo: "m".repeat(length), ..data("0x22", 1) };
        refused(&packet(&memo(MAX_MEMO + 1)), Error::InvalidMemo);
        assert_ok!(received(&memo(MAX_MEMO)));
    });
}

/// Malformed means the same as everywhere; what is well formed fails later, for its receiver of 20 bytes.
#[test]
fn values_are_those_of_the_vectors() {
    chain(&[]).execute_with(|| {
        let mut counts = [0, 0];
        for case in cases("ics20.json") {
            let value = hex::decode(case["value"].as_str().unwrap().trim_start_matches("0x")).unwrap();
            let valid = case["valid"] == true && case["encoding"] == Encoding::SolidityAbi.media_type();
            counts[usize::from(valid)] += 1;
            let error = if valid { Error::InvalidReceiver } else { Error::<Test>::MalformedPayload };
            assert_eq!(deliver(&packet_of(value)), Err(error.into()), "{}", case["name"]);
        }
        assert!(counts[0] > 30 && counts[1] > 5, "{counts:?}");
    });
}

/// Every bit of a good value matters: no flip is taken for the same transfer.
#[test]
fn no_bit_of_a_value_is_ignored() {
    let good = data("0x22", 40).encode(Encoding::SolidityAbi);
    let mut ext = chain(&[]);
    for bit in 0..good.len() * 8 {
        let mut value = good.clone();
        value[bit / 8] ^= 1 << (bit % 8);
        ext.execute_with(|| {
            let outcome = frame_support::storage::with_transaction(|| {
                let taken = deliver(&packet_of(value.clone())).is_ok();
                let same = events().contains(&Event::TransferReceived {
                    client: b"AA.BB".to_vec(),
                    sequence: 9,
                    denom: b"transfer/AA.BB/0x22".to_vec(),
                    token: Token::Asset(FIRST_VOUCHER),
                    minted: true,
                    amount: 40,
                    sender: data("0x22", 40).sender.into(),
                    receiver: NOBODY,
                });
                sp_runtime::TransactionOutcome::Rollback(Ok::<_, DispatchError>(taken && same))
            });
            assert_eq!(outcome, Ok(false), "bit {bit}");
        });
    }
}

#[test]
fn receivers_are_accounts_of_this_chain() {
    chain(&[]).execute_with(|| {
        let to = |receiver: &str| received(&FungibleTokenPacketData { receiver: receiver.into(), ..data("0x22", 1) });
        let escrow = text(&Pallet::<Test>::escrow_account(&"AA.BB".parse().unwrap()));
        let own = text(&Pallet::<Test>::account());
        let good = text(&NOBODY);
        for receiver in [
            "0x2222222222222222222222222222222222222222",
            &good[..65],
            &good[2..],
            &format!("{good}00"),
            &good.to_uppercase(),
            &good.replace('c', "C"),
            &good.replace('c', "g"),
            &format!("0x{}", "0".repeat(64)),
            &escrow,
            &own,
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        ] {
            assert_noop!(to(receiver), Error::<Test>::InvalidReceiver);
        }
        assert_ok!(to(&good));
    });
}

#[test]
fn amounts_above_u128_are_refused() {
    chain(&[]).execute_with(|| {
        let too_much = FungibleTokenPacketData { amount: U256::from(u128::MAX) + U256::from(1), ..data("0x22", 1) };
        assert_noop!(received(&too_much), Error::<Test>::AmountTooLarge);
        let wraps = FungibleTokenPacketData { amount: (U256::from(1) << 128) + U256::from(5), ..data("0x22", 1) };
        assert_noop!(received(&wraps), Error::<Test>::AmountTooLarge);
        let all = FungibleTokenPacketData { amount: U256::MAX, ..data("0x22", 1) };
        assert_noop!(received(&all), Error::<Test>::AmountTooLarge);

        assert_ok!(received(&data("0x22", u128::MAX)));
        assert_noop!(received(&data("0x22", 1)), Error::<Test>::AmountTooLarge);
        assert_ok!(Pallet::<Test>::check_conservation());
    });
}

/// Attack: a counterparty that pays out what it was never sent, or another client's escrow.
#[test]
fn only_what_is_accounted_for_this_client_comes_back() {
    let mut net = Network::new();
    let there = ok(net.send(0, 1, ALICE, "asset:7", 300, &ALICE));
    ok(net.receive(there));
    ok(net.send(0, 2, ALICE, "asset:7", 500, &ALICE));
    net.on(0, || {
        let back = |denom: &str, amount| received(&data(denom, amount)).map(|_| ());
        assert_refused(back("transfer/BB.AA/asset:7", 301), Error::InsufficientEscrow);
        assert_refused(back("transfer/BB.AA/native", 1), Error::InsufficientEscrow);
        assert_refused(back("transfer/BB.AA/asset:8", 1), Error::InsufficientEscrow);
        assert_refused(back("transfer/BB.AA/asset:99", 1), Error::UnknownAsset);
        assert_refused(back("transfer/BB.AA/asset:07", 1), Error::InvalidDenomination);
        assert_refused(back("transfer/BB.AA/0x2222", 1), Error::InvalidDenomination);
        assert_refused(back("transfer/BB.AA/transfer/AA.BB/native", 1), Error::UnknownVoucher);
        assert_refused(back(&format!("transfer/BB.AA/asset:{FIRST_VOUCHER}"), 1), Error::InvalidDenomination);
    });
    ok(net.send(1, 0, ALICE, "transfer/BB.AA/asset:7", 300, &NOBODY));
    ok(net.receive(2));
    assert_eq!(net.balance(0, &NOBODY, "asset:7"), 300);
    net.check();
    net.on(0, || {
        assert_refused(received(&data("transfer/BB.AA/asset:7", 1)).map(|_| ()), Error::InsufficientEscrow);
    });
}

/// Below what the receiving account may hold: refused, not rounded, and the sender has it again.
#[test]
fn below_the_minimum_is_refused() {
    let mut net = Network::new();
    ok(net.pass(0, 1, "native", 10_000));
    ok(net.pass(0, 1, "asset:8", 100));
    for (denom, amount) in [("native", DEPOSIT - 1), ("asset:8", 9)] {
        let denom = format!("transfer/BB.AA/{denom}");
        let before = net.balance(1, &ALICE, &denom);
        let sent = ok(net.send(1, 0, ALICE, &denom, amount, &NOBODY));
        let minimum = DispatchError::Token(TokenError::BelowMinimum);
        let cannot = DispatchError::Token(TokenError::CannotCreate);
        assert!([Err(minimum), Err(cannot)].contains(&net.receive(sent)), "{denom}");
        net.check();
        ok(net.acknowledge(sent));
        assert_eq!(net.balance(1, &ALICE, &denom), before);
        net.check();
    }
    let sent = ok(net.send(1, 0, ALICE, "transfer/BB.AA/native", DEPOSIT, &NOBODY));
    ok(net.receive(sent));
    assert_eq!(net.balance(0, &NOBODY, "native"), DEPOSIT);
    // Now the account can take less.
    let sent = ok(net.send(1, 0, ALICE, "transfer/BB.AA/native", 1, &NOBODY));
    ok(net.receive(sent));
    net.check();
}

/// Attack: a release that leaves dust would lose it, and the last vouchers could not come home.
#[test]
fn an_escrow_account_keeps_nothing_or_the_minimum() {
    for (denom, minimum) in [("native", DEPOSIT), ("asset:8", 10)] {
        let mut net = Network::new();
        ok(net.pass(0, 1, denom, 2 * minimum));
        let voucher = format!("transfer/BB.AA/{denom}");
        assert_refused(net.pass(1, 0, &voucher, minimum + 1), Error::LeavesDust);
        assert_eq!(net.balance(1, &ALICE, &voucher), 2 * minimum);
        // Anyone can top it up.
        let escrow = Pallet::<Test>::escrow_account(&"AA.BB".parse().unwrap());
        net.on(0, || match denom {
            "native" => ok(Balances::transfer_keep_alive(RuntimeOrigin::signed(BOB), escrow, minimum)),
            _ => ok(Assets::transfer(RuntimeOrigin::signed(BOB), COAL, escrow, minimum)),
        });
        ok(net.pass(1, 0, &voucher, minimum + 1));
        ok(net.pass(1, 0, &voucher, minimum - 1));
        assert_eq!(net.balance(1, &ALICE, &voucher), 0);
        assert_eq!(net.balance(0, &ALICE, denom), WEALTH);
    }
}

/// All of it comes home, also of an asset that does not sustain an account.
#[test]
fn the_last_unit_comes_home() {
    for denom in ["native", "asset:7", "asset:8"] {
        let mut net = Network::new();
        ok(net.pass(0, 1, denom, 1_000));
        ok(net.pass(1, 0, &format!("transfer/BB.AA/{denom}"), 1_000));
        assert_eq!(net.balance(0, &ALICE, denom), WEALTH);
        net.on(0, || assert_eq!(crate::Escrowed::<Test>::iter().count(), 0));
        ok(net.pass(0, 1, denom, 1_000));
    }
}

/// A frozen asset: refused while frozen, refunded abroad, nothing lost.
#[test]
fn a_frozen_asset_stays() {
    let mut net = Network::new();
    ok(net.pass(0, 1, "asset:7", 1_000));
    net.on(0, || ok(Assets::freeze_asset(RuntimeOrigin::signed(ALICE), GOLD)));
    assert_eq!(net.pass(1, 0, "transfer/BB.AA/asset:7", 600), Err(DispatchError::Token(TokenError::Frozen)));
    net.on(0, || ok(Assets::thaw_asset(RuntimeOrigin::signed(ALICE), GOLD)));
    ok(net.pass(1, 0, "transfer/BB.AA/asset:7", 600));
}

#[test]
fn traces_have_a_longest() {
    chain(&[]).execute_with(|| {
        let longest = 512 - "transfer/AA.BB/".len();
        assert_ok!(received(&data(&"x".repeat(longest), 1)));
        assert_noop!(received(&data(&"x".repeat(longest + 1), 1)), Error::<Test>::TraceTooLong);
        assert_noop!(received(&data(&"x".repeat(60_000), 1)), Error::<Test>::TraceTooLong);
        assert_noop!(received(&data(&"x/".repeat(30_000), 1)), Error::<Test>::TraceTooLong);
        assert_noop!(received(&data(&"x".repeat(65_536), 1)), Error::<Test>::PayloadTooLong);
        for denom in ["a/b", "transfer/x/y", "/x", "x/", "transfer/BB.AA/", "transfer//native", "é/client/x"] {
            assert_noop!(received(&data(denom, 1)), Error::<Test>::InvalidDenomination);
        }
        assert_ok!(received(&data("é", 1)));
        assert_ok!(Pallet::<Test>::check_conservation());
    });
}

/// Ids that someone holds already are passed over; a run of them stops vouchers, not the chain.
#[test]
fn taken_ids_are_passed_over() {
    chain(&[]).execute_with(|| {
        let take = |id| ok(<Assets as Create<_>>::create(id, ALICE, true, 1));
        take(FIRST_VOUCHER);
        take(FIRST_VOUCHER + 1);
        assert_ok!(received(&data("0x22", 1)));
        assert_eq!(Supply::<Test>::get(FIRST_VOUCHER + 2), 1);
        (3..19).for_each(|i| take(FIRST_VOUCHER + i));
        assert_noop!(received(&data("0x33", 1)), Error::<Test>::NoVoucherId);
        NextVoucher::<Test>::put(u32::MAX);
        assert_noop!(received(&data("0x33", 1)), Error::<Test>::NoVoucherId);
        assert_ok!(received(&data("0x22", 1)));
    });
}

/// A voucher belongs to the pallet: nobody mints, burns, freezes or destroys it.
#[test]
fn a_voucher_has_no_other_issuer() {
    chain(&[]).execute_with(|| {
        assert_ok!(received(&data("0x22", 40)));
        let id = FIRST_VOUCHER;
        let signed = || RuntimeOrigin::signed(NOBODY);
        assert!(Assets::mint(signed(), id, NOBODY, 1).is_err());
        assert!(Assets::burn(signed(), id, NOBODY, 1).is_err());
        assert!(Assets::freeze_asset(signed(), id).is_err());
        assert!(Assets::start_destroy(signed(), id).is_err());
        assert_ok!(Assets::transfer(signed(), id, BOB, 40));
        assert_ok!(Pallet::<Test>::check_conservation());
    });
}
