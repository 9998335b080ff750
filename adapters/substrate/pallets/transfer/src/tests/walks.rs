//! Tokens over several chains, as `standard/vectors/denom_hops.json` says.

use super::{cases, network::*, ok};
use crate::{Error, Traces, Vouchers, mock::*};
use alloc::string::String;
use lupu_standard::{
    Encoding, Packet, Payload, TimestampSecs,
    ics20::{FungibleTokenPacketData, VERSION},
};
use sp_core::H256;

/// Each hop of the vectors, received by a chain that knows nothing.
#[test]
fn hops_are_those_of_the_vectors() {
    for case in cases("denom_hops.json") {
        let field = |name: &str| case[name].as_str().unwrap();
        let value = FungibleTokenPacketData {
            denom: field("denom").into(),
            sender: "someone".into(),
            receiver: text(&ALICE),
            amount: alloy_primitives::U256::from(5),
            memo: String::new(),
        };
        let packet = Packet {
            sequence: 1.try_into().unwrap(),
            source_client: field("source_client").parse().unwrap(),
            destination_client: field("destination_client").parse().unwrap(),
            timeout_timestamp: TimestampSecs(TIMEOUT),
            payloads: vec![Payload {
                source_port: field("source_port").parse().unwrap(),
                destination_port: field("destination_port").parse().unwrap(),
                version: VERSION.into(),
                encoding: Encoding::SolidityAbi.media_type().into(),
                value: value.encode(Encoding::SolidityAbi).into(),
            }],
        };
        chain(&[]).execute_with(|| {
            let answer = deliver(&packet);
            let result = field("result");
            if field("outcome") == "Voucher" {
                assert!(answer.is_ok(), "{}: {answer:?}", field("name"));
                let id: H256 = field("voucher_id").parse().unwrap();
                let voucher = Vouchers::<Test>::get(id).unwrap();
                assert_eq!(Traces::<Test>::get(voucher).unwrap().to_vec(), result.as_bytes(), "{}", field("name"));
                assert_eq!(Assets::balance(voucher, &ALICE), 5);
            } else {
                // It asks for its own token, of which this chain has none in escrow, or which it does not know.
                let error = match result {
                    "asset:7" | "native" => Error::<Test>::InsufficientEscrow,
                    hops if hops.contains('/') => Error::UnknownVoucher,
                    _ => Error::InvalidDenomination,
                };
                assert_eq!(answer, Err(error.into()), "{}", field("name"));
                assert_eq!(Vouchers::<Test>::iter().count(), 0);
            }
        });
    }
}

/// A to B to C to B to A: home again, nothing left anywhere.
#[test]
fn a_walk_back_unwinds() {
    for denom in ["native", "asset:7"] {
        let mut net = Network::new();
        let (on_b, on_c) = (format!("transfer/BB.AA/{denom}"), format!("transfer/CC.BB/transfer/BB.AA/{denom}"));
        ok(net.pass(0, 1, denom, 1_000));
        assert_eq!(net.balance(1, &ALICE, &on_b), 1_000);
        ok(net.pass(1, 2, &on_b, 1_000));
        assert_eq!((net.balance(1, &ALICE, &on_b), net.balance(2, &ALICE, &on_c)), (0, 1_000));
        ok(net.pass(2, 1, &on_c, 1_000));
        assert_eq!((net.balance(1, &ALICE, &on_b), net.balance(2, &ALICE, &on_c)), (1_000, 0));
        ok(net.pass(1, 0, &on_b, 1_000));
        assert_eq!((net.balance(0, &ALICE, denom), net.balance(1, &ALICE, &on_b)), (WEALTH, 0));
    }
}

/// A to B to C to A: a voucher of a voucher, not the token; backwards it unwinds.
#[test]
fn a_circle_does_not_unwind() {
    let mut net = Network::new();
    let (on_b, on_c) = ("transfer/BB.AA/native", "transfer/CC.BB/transfer/BB.AA/native");
    let on_a = "transfer/AA.CC/transfer/CC.BB/transfer/BB.AA/native";
    ok(net.pass(0, 1, "native", 1_000));
    ok(net.pass(1, 2, on_b, 1_000));
    ok(net.pass(2, 0, on_c, 1_000));
    assert_eq!((net.balance(0, &ALICE, "native"), net.balance(0, &ALICE, on_a)), (WEALTH - 1_000, 1_000));
    // It cannot be sent to B for what B holds in escrow: there it is one hop further.
    ok(net.pass(0, 1, on_a, 400));
    assert_eq!(net.balance(1, &ALICE, &format!("transfer/BB.AA/{on_a}")), 400);
    ok(net.pass(1, 0, &format!("transfer/BB.AA/{on_a}"), 400));

    ok(net.pass(0, 2, on_a, 1_000));
    ok(net.pass(2, 1, on_c, 1_000));
    ok(net.pass(1, 0, on_b, 1_000));
    assert_eq!((net.balance(0, &ALICE, "native"), net.balance(0, &ALICE, on_a)), (WEALTH, 0));
}
