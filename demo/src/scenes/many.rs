//! Many transfers at once, to a chain of each family.

use super::{HOUR, line, nobody_yet};
use crate::{
    customs::text,
    progress::Progress,
    report::{Line, money},
    side::{Order, lower},
    wallet::Wallet,
    world::World,
};
use alloy::primitives::keccak256;
use anyhow::{Result, ensure};
use lupu_relayer::{packet::State, store::PacketRow};
use lupu_standard::ChainId;

const COUNT: usize = 50;
const EACH: u128 = 100;

/// Fifty from `bank` to `harbour` and fifty to `customs`, side by side.
pub async fn many(world: &World, progress: &Progress) -> Result<(Vec<Line>, u64)> {
    let (harbour, customs) = (&world.harbour, world.customs()?);
    let (shop, stall) = (nobody_yet("a shop at the harbour"), keccak256("a stall at customs").0);
    let (to_shop, to_stall) = (lower(shop), text(&stall));
    let (first, second) = tokio::try_join!(
        fifty(world, progress, world.bank.person(0)?, &harbour.id, &to_shop),
        fifty(world, progress, world.bank.person(3)?, &customs.id, &to_stall),
    )?;
    let total = EACH * COUNT as u128;
    let arrived = match world.voucher().await? {
        Some(voucher) => harbour.balance(voucher, shop).await?,
        None => 0,
    };
    ensure!(arrived == total, "{} arrived at harbour, not {}", money(arrived), money(total));
    let arrived = customs.balance(&world.trace(customs.client(&world.bank.id)?), &stall).await?;
    ensure!(arrived == total, "{} arrived at customs, not {}", money(arrived), money(total));
    Ok((vec![first.0, second.0], first.1 + second.1))
}

async fn fifty(world: &World, progress: &Progress, who: &Wallet, to: &ChainId, receiver: &str) -> Result<(Line, u64)> {
    let act = progress.begin(format!("{COUNT} transfers of {} eCNY from bank to {to}", money(EACH)));
    let order = Order { token: world.token, amount: EACH, to: receiver, seconds: HOUR };
    let sequences = world.bank.transfer(who, to, order, COUNT).await?;
    let client = world.bank.client(to)?;
    let rows = world.wait(client, &sequences, |s| act.now(s), |s| s == State::Acknowledged).await?;
    let transactions = receiving_transactions(&rows);
    ensure!(transactions < COUNT / 4, "{transactions} transactions for {COUNT} transfers");
    act.done(&format!("received in {transactions} transaction{}", if transactions == 1 { "" } else { "s" }));
    let kind = format!("{COUNT} × {} eCNY", money(EACH));
    Ok((line(world, &rows, kind, format!("received in {transactions} tx"))?, transactions as u64))
}

/// How many transactions carried these packets to their destination.
fn receiving_transactions(rows: &[PacketRow]) -> usize {
    let mut hashes: Vec<_> = rows.iter().filter_map(|r| r.received.map(|s| s.transaction)).collect();
    hashes.sort();
    hashes.dedup();
    hashes.len()
}
