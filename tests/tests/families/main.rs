//! A route between families: an EVM chain and a Substrate chain, each verifying the other, and the
//! relayer's engine between them.

#![allow(missing_docs)]

mod batches;
mod end;
mod flight;
mod route;
mod substrates;

use alloy::primitives::{Address, U256};
use lupu_evm::send as evm;
use lupu_substrate::send as substrate;
use route::Route;
use std::time::Duration;

/// Longest time until a packet has come to its end.
const PATIENCE: Duration = Duration::from_secs(60);

fn hex_account(account: [u8; 32]) -> String {
    format!("0x{}", hex::encode(account))
}

/// The native token of a Substrate chain becomes a voucher in a contract, and comes home.
#[tokio::test(flavor = "multi_thread")]
async fn the_native_token_travels_to_contracts_and_back() {
    let route = Route::start().await;
    let receiver = route.bank.wallet.address();
    let before = route.customs.wallet.balance().await.unwrap();

    let request = substrate::TransferRequest {
        client: route.on_customs.clone(),
        denom: "native".into(),
        amount: 7_000_000_000_000,
        receiver: format!("{receiver:#x}"),
        timeout_timestamp: route.timeout().await,
        memo: String::new(),
    };
    let sent = substrate::transfer(&route.customs.wallet, request).await.unwrap();
    route.ended(&route.customs.id, &route.on_customs, sent.sequence, "acknowledged", PATIENCE).await;

    let trace = format!("transfer/{}/native", route.on_bank);
    let voucher = evm::voucher(&route.bank.wallet, route.bank.contracts.transfer, &trace).await.unwrap();
    let voucher = voucher.expect("a voucher of the native token");
    assert_eq!(
        evm::balance_of(&route.bank.wallet, voucher, receiver).await.unwrap(),
        U256::from(7_000_000_000_000_u64)
    );

    let home = hex_account([0x42; 32]);
    let sent = route.send_from_bank(voucher, 5_000_000_000_000, &home).await;
    route.ended(&route.bank.id, &route.on_bank, sent.sequence, "acknowledged", PATIENCE).await;
    assert_eq!(route.balance_of([0x42; 32]).await, 5_000_000_000_000, "released from escrow");
    assert_eq!(
        evm::balance_of(&route.bank.wallet, voucher, receiver).await.unwrap(),
        U256::from(2_000_000_000_000_u64)
    );
    assert!(route.customs.wallet.balance().await.unwrap() <= before - 7_000_000_000_000);
    route.stop().await;
}

/// A token of a contract becomes an asset of the runtime; what the runtime refuses is given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_travels_to_a_runtime_and_a_refusal_is_refunded() {
    let route = Route::start().await;
    let owner = route.bank.wallet.address();
    let token = evm::create_demo_token(&route.bank.wallet).await.unwrap();
    evm::mint(&route.bank.wallet, token, owner, U256::from(1_000)).await.unwrap();

    let receiver = route.customs.wallet.account();
    let sent = route.send_from_bank(token, 600, &hex_account(receiver)).await;
    route.ended(&route.bank.id, &route.on_bank, sent.sequence, "acknowledged", PATIENCE).await;
    assert_eq!(route.voucher_balance(token, receiver).await, 600);
    let left = async |route: &Route| evm_balance(route, token, owner).await;
    assert_eq!(left(&route).await, U256::from(400));

    let sent = route.send_from_bank(token, 100, "0x1234").await;
    route.ended(&route.bank.id, &route.on_bank, sent.sequence, "refused", PATIENCE).await;
    assert_eq!(left(&route).await, U256::from(400), "an account that is none: refunded");

    // And home: burned there, released here.
    let request = substrate::TransferRequest {
        client: route.on_customs.clone(),
        denom: format!("transfer/{}/{token:#x}", route.on_customs),
        amount: 250,
        receiver: format!("{owner:#x}"),
        timeout_timestamp: route.timeout().await,
        memo: String::new(),
    };
    let sent = substrate::transfer(&route.customs.wallet, request).await.unwrap();
    route.ended(&route.customs.id, &route.on_customs, sent.sequence, "acknowledged", PATIENCE).await;
    assert_eq!(left(&route).await, U256::from(650));
    assert_eq!(route.voucher_balance(token, receiver).await, 350);
    route.stop().await;
}

/// Withheld too long, both ways across the families: absence is proven, and the sender refunded.
#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_too_late_is_refunded_on_both_sides() {
    let route = Route::start().await;
    let owner = route.bank.wallet.address();
    let token = evm::create_demo_token(&route.bank.wallet).await.unwrap();
    evm::mint(&route.bank.wallet, token, owner, U256::from(1_000)).await.unwrap();
    let soon = route.timeout().await - 3_600 + 4;

    // Both runtimes take nothing while nobody relays.
    let relaying = route.pause().await;
    let request = evm::TransferRequest {
        client: route.on_bank.clone(),
        token,
        amount: U256::from(100),
        receiver: hex_account([0x43; 32]),
        timeout_timestamp: soon,
        memo: String::new(),
    };
    let there = evm::transfer(&route.bank.wallet, route.bank.contracts.transfer, request).await.unwrap();
    let request = substrate::TransferRequest {
        client: route.on_customs.clone(),
        denom: "native".into(),
        amount: 1_000_000_000_000,
        receiver: format!("{:#x}", Address::repeat_byte(0x44)),
        timeout_timestamp: soon,
        memo: String::new(),
    };
    let back = substrate::transfer(&route.customs.wallet, request).await.unwrap();
    let held = route.customs.wallet.balance().await.unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    relaying.resume().await;

    route.ended(&route.bank.id, &route.on_bank, there.sequence, "timed-out", PATIENCE).await;
    route.ended(&route.customs.id, &route.on_customs, back.sequence, "timed-out", PATIENCE).await;
    assert_eq!(evm_balance(&route, token, owner).await, U256::from(1_000));
    assert_eq!(route.customs.wallet.balance().await.unwrap(), held + 1_000_000_000_000);
    route.stop().await;
}

async fn evm_balance(route: &Route, token: Address, owner: Address) -> U256 {
    evm::balance_of(&route.bank.wallet, token, owner).await.unwrap()
}
