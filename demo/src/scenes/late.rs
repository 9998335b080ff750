//! Transfers that both destinations withhold until it is too late, across the families.

use super::line;
use crate::{
    customs::{self, text},
    progress::Progress,
    report::{Line, money, units},
    side::{Order, lower},
    world::World,
};
use anyhow::{Result, ensure};
use lupu_relayer::packet::State;
use lupu_substrate_devnet::runtime::UNIT;
use std::time::Duration;

const SENT: u128 = 250 * 100;
const NATIVE: u128 = 5 * UNIT;
/// Seconds until it is too late.
const LIFE: u64 = 7;

/// `bank` → `customs` and `customs` → `bank`: absence is proven by either family's proofs.
pub async fn late(world: &World, progress: &Progress) -> Result<Vec<Line>> {
    let (bank, customs) = (&world.bank, world.customs()?);
    let (payer, trader) = (bank.person(3)?, customs.person(3)?);
    let out = progress.begin(format!("{} eCNY from bank that arrive too late", money(SENT)));
    let back = progress.begin(format!("{} UNIT from customs that arrive too late", units(NATIVE, 12)));
    let before = (bank.balance(world.token, payer.address).await?, trader.balance().await?);

    // No transaction of the relayer enters a block of either chain until the timeouts have passed there.
    let (there, here) = (customs.relayers.clone(), bank.relayers.clone());
    customs.devnet.censor(move |who| there.iter().any(|r| r == AsRef::<[u8; 32]>::as_ref(who)));
    bank.devnet.censor(move |transaction| here.contains(&transaction.sender));
    let sent = async {
        let to = text(&trader.account());
        let order = Order { token: world.token, amount: SENT, to: &to, seconds: LIFE };
        let on_bank = bank.transfer(payer, &customs.id, order, 1);
        let to = lower(payer.address);
        let order = customs::Order { denom: "native", amount: NATIVE, to: &to, seconds: LIFE };
        let on_customs = customs.transfer(trader, &bank.id, order);
        let sent = tokio::try_join!(on_bank, on_customs)?;
        let timeout = bank.time().max(customs.time()) + LIFE;
        while bank.time() <= timeout || customs.time() <= timeout {
            out.now("withheld by customs until the timeout has passed");
            back.now("withheld by bank until the timeout has passed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(sent)
    }
    .await;
    bank.devnet.uncensor();
    customs.devnet.uncensor();
    let (on_bank, on_customs) = sent?;

    let (towards, from) = (bank.client(&customs.id)?, customs.client(&bank.id)?);
    let timed_out = |s| s == State::TimedOut;
    let (first, second) = tokio::try_join!(
        world.wait(towards, &on_bank, |s| out.now(s), timed_out),
        world.wait(from, std::slice::from_ref(&on_customs), |s| back.now(s), timed_out),
    )?;
    let after = (bank.balance(world.token, payer.address).await?, trader.balance().await?);
    ensure!(after.0 == before.0, "{} eCNY were not refunded", money(before.0.abs_diff(after.0)));
    ensure!(after.1 == before.1, "{} UNIT were not refunded", units(before.1.abs_diff(after.1), 12));
    out.done("absent in a runtime's trie, refunded by a contract");
    back.done("absent in a contract's storage, refunded by a pallet");
    Ok(vec![
        line(world, &first, format!("{} eCNY, withheld", money(SENT)), "timed out, refunded")?,
        line(world, &second, format!("{} UNIT, withheld", units(NATIVE, 12)), "timed out, refunded")?,
    ])
}
