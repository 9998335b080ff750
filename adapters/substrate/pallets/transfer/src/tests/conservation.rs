//! Value is conserved, and a chain that breaks it is caught.

use super::{network::*, ok};
use crate::{EscrowAccounts, Escrowed, NextVoucher, Pallet, Supply, Token, Traces, Vouchers, mock::*};
use frame_support::{
    assert_ok,
    storage::with_storage_layer,
    traits::{
        fungible::Mutate as _,
        fungibles::Mutate as _,
        tokens::{Fortitude::Force, Precision::Exact, Preservation::Expendable},
    },
};
use pallet_lupu_ibc::IbcApp;

/// Tokens of the chain in escrow and a voucher here, a voucher in escrow there.
fn in_use() -> Network {
    let mut net = Network::new();
    ok(net.pass(0, 1, "native", 10_000));
    ok(net.pass(0, 1, "asset:7", 1_000));
    ok(net.pass(1, 0, "asset:7", 1_000));
    ok(net.pass(0, 2, "transfer/AA.BB/asset:7", 600));
    net
}

/// Random transfers, of random fate, in a random order; conserved after each step.
#[test]
fn random_transfers_conserve() {
    let mut net = Network::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut done = [0; 4];
    for _ in 0..300 {
        let open: Vec<usize> = (0..net.packets.len()).filter(|i| net.packets[*i].1 != Stage::Settled).collect();
        match random(3) {
            0 => {
                let from = random(3);
                let to = (from + 1 + random(2)) % 3;
                let mut denoms = vec!["native".to_owned(), "asset:7".to_owned(), "asset:8".to_owned()];
                net.on(from, || {
                    denoms.extend(Traces::<Test>::iter_values().map(|t| String::from_utf8(t.into()).unwrap()))
                });
                let denom = denoms[random(denoms.len())].clone();
                let receiver = [ALICE, BOB, NOBODY][random(3)].clone();
                if net.send(from, to, ALICE, &denom, 1 + random(20_000) as u128, &receiver).is_ok() {
                    done[0] += 1;
                }
            }
            1 if !open.is_empty() => {
                let packet = open[random(open.len())];
                match net.packets[packet].1 {
                    Stage::Sent if random(5) == 0 => done[1] += usize::from(net.time_out(packet).is_ok()),
                    Stage::Sent => done[2] += usize::from(net.receive(packet).is_ok()),
                    _ => done[3] += usize::from(net.acknowledge(packet).is_ok()),
                }
            }
            _ => {}
        }
        net.check();
    }
    assert!(done.iter().all(|n| *n > 5), "sent, timed out, received, acknowledged: {done:?}");
}

/// The mutation test of one chain: each way to break it has its own name.
#[test]
fn a_broken_chain_is_caught() {
    let client = || Pallet::<Test>::client_name(&"AA.BB".parse().unwrap()).unwrap();
    let escrow = || Pallet::<Test>::escrow_account(&"AA.BB".parse().unwrap());
    let breaks: [(&str, &dyn Fn()); 12] = [
        ("less is escrowed than accounted", &|| {
            Balances::burn_from(&escrow(), 1, Expendable, Exact, Force).unwrap();
        }),
        ("less is escrowed than accounted", &|| {
            Assets::burn_from(GOLD, &escrow(), 1, Expendable, Exact, Force).unwrap();
        }),
        ("less is escrowed than accounted", &|| Escrowed::<Test>::insert(client(), Token::Native, 10_001)),
        ("an escrow of zero is stored", &|| Escrowed::<Test>::insert(client(), Token::Asset(COAL), 0)),
        ("an escrow account is not kept alive", &|| EscrowAccounts::<Test>::remove(client())),
        ("a voucher is escrowed for the client it came from", &|| {
            Assets::mint_into(FIRST_VOUCHER, &escrow(), 5).unwrap();
            Escrowed::<Test>::insert(client(), Token::Asset(FIRST_VOUCHER), 5);
        }),
        ("a voucher's issuance is not its supply", &|| {
            Assets::mint_into(FIRST_VOUCHER, &BOB, 1).unwrap();
        }),
        ("a voucher's issuance is not its supply", &|| {
            Assets::burn_from(FIRST_VOUCHER, &ALICE, 1, Expendable, Exact, Force).unwrap();
        }),
        ("a voucher's issuance is not its supply", &|| Supply::<Test>::mutate(FIRST_VOUCHER, |s| *s += 1)),
        ("a voucher has no trace", &|| {
            Traces::<Test>::remove(FIRST_VOUCHER);
            Escrowed::<Test>::remove(
                Pallet::<Test>::client_name(&"AA.CC".parse().unwrap()).unwrap(),
                Token::Asset(FIRST_VOUCHER),
            );
        }),
        ("a voucher's id is out of range", &|| NextVoucher::<Test>::put(FIRST_VOUCHER)),
        ("a trace has no voucher", &|| drop(Vouchers::<Test>::clear(u32::MAX, None))),
    ];
    for (name, mutation) in breaks {
        let mut net = in_use();
        net.on(0, || {
            assert_ok!(Pallet::<Test>::check_conservation());
            mutation();
            assert_eq!(Pallet::<Test>::check_conservation(), Err(name.into()), "{name}");
        });
    }
}

/// The mutation test between chains: what no chain sees by itself, both together do.
#[test]
fn a_broken_pair_is_caught() {
    // A packet received twice.
    let mut net = in_use();
    let sent = ok(net.send(0, 1, ALICE, "native", 1_000, &ALICE));
    ok(net.receive(sent));
    net.check();
    let (packet, _) = net.packets[sent].clone();
    ok(net.on(1, || deliver(&packet)));
    assert!(net.try_check().unwrap_err().starts_with("AA.BB: "));

    // A refund of a packet that was received.
    let mut net = in_use();
    let sent = ok(net.send(0, 1, ALICE, "native", 1_000, &ALICE));
    ok(net.receive(sent));
    let (packet, _) = net.packets[sent].clone();
    ok(net.on(0, || with_storage_layer(|| app().on_timeout(&packet, payload(&packet), &BOB))));
    assert!(net.try_check().unwrap_err().starts_with("AA.BB: "));

    // A refund twice, of a voucher that went home: it is minted again.
    let mut net = in_use();
    let sent = ok(net.send(0, 1, ALICE, "transfer/AA.BB/asset:7", 100, &ALICE));
    let (packet, _) = net.packets[sent].clone();
    ok(net.time_out(sent));
    net.check();
    ok(net.on(0, || with_storage_layer(|| app().on_timeout(&packet, payload(&packet), &BOB))));
    assert!(net.try_check().unwrap_err().starts_with("BB.AA: "));

    // A packet that is lost: what was escrowed is nowhere.
    let mut net = in_use();
    ok(net.send(0, 1, ALICE, "native", 1_000, &ALICE));
    net.packets.pop();
    assert!(net.try_check().unwrap_err().starts_with("AA.BB: "));
}
