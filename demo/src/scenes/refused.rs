//! Transfers that the receiving side refuses, across the families.

use super::{HOUR, line};
use crate::{
    customs,
    progress::Progress,
    report::{Line, money},
    side::{Order, lower},
    stage::frozen,
    world::World,
};
use anyhow::{Result, ensure};
use lupu_relayer::packet::State;

const TO_NOBODY: u128 = 30 * 100;
const TO_FROZEN: u128 = 50 * 100;

/// `bank` → `customs` to an account that is none, and `customs` → `bank` to one that is frozen.
pub async fn refused(world: &World, progress: &Progress) -> Result<Vec<Line>> {
    let (bank, customs) = (&world.bank, world.customs()?);
    let refused = |s| s == State::Refused;

    let act = progress.begin(format!("{} eCNY from bank to an account that is none", money(TO_NOBODY)));
    let payer = bank.person(1)?;
    let before = bank.balance(world.token, payer.address).await?;
    let order = Order { token: world.token, amount: TO_NOBODY, to: "the customs office", seconds: HOUR };
    let sequences = bank.transfer(payer, &customs.id, order, 1).await?;
    let rows = world.wait(bank.client(&customs.id)?, &sequences, |s| act.now(s), refused).await?;
    let after = bank.balance(world.token, payer.address).await?;
    ensure!(after == before, "{} eCNY were not refunded", money(before.abs_diff(after)));
    act.done("refused by a pallet, refunded by a contract");
    let first = line(world, &rows, format!("{} eCNY to nobody", money(TO_NOBODY)), "refused, refunded")?;

    let act = progress.begin(format!("{} eCNY from customs to a frozen account", money(TO_FROZEN)));
    let (office, trace) = (customs.person(1)?, world.trace(customs.client(&bank.id)?));
    let before = customs.balance(&trace, &office.account()).await?;
    let order = customs::Order { denom: &trace, amount: TO_FROZEN, to: &lower(frozen()), seconds: HOUR };
    let sequence = customs.transfer(office, &bank.id, order).await?;
    let rows = world.wait(customs.client(&bank.id)?, &[sequence], |s| act.now(s), refused).await?;
    let after = customs.balance(&trace, &office.account()).await?;
    ensure!(after == before, "{} eCNY were not refunded", money(before.abs_diff(after)));
    ensure!(bank.balance(world.token, frozen()).await? == 0, "the frozen account got money");
    act.done("refused by a contract, minted again by a pallet");
    let second = line(world, &rows, format!("{} eCNY to a frozen account", money(TO_FROZEN)), "refused, refunded")?;
    Ok(vec![first, second])
}
