//! An importer gets eCNY from the bank, pays a duty at customs, and sends back what was not used.

use super::{HOUR, line, nobody_yet};
use crate::{
    customs::{self, text},
    progress::Progress,
    report::{Line, money},
    side::{Order, lower},
    world::World,
};
use anyhow::{Result, ensure};
use lupu_relayer::packet::State;

const SENT: u128 = 1_000 * 100;
const DUTY: u128 = 800 * 100;

/// `bank` → `customs`, a payment there, and the rest `customs` → `bank`.
pub async fn duty(world: &World, progress: &Progress) -> Result<Vec<Line>> {
    let (bank, customs) = (&world.bank, world.customs()?);
    let (importer, office) = (customs.person(0)?, customs.person(1)?.account());
    let trace = world.trace(customs.client(&bank.id)?);

    let act = progress.begin(format!("{} eCNY from bank to customs", money(SENT)));
    let to = text(&importer.account());
    let order = Order { token: world.token, amount: SENT, to: &to, seconds: HOUR };
    let sequences = bank.transfer(bank.person(0)?, &customs.id, order, 1).await?;
    let client = bank.client(&customs.id)?;
    let rows = world.wait(client, &sequences, |s| act.now(s), |s| s == State::Acknowledged).await?;
    let arrived = customs.balance(&trace, &importer.account()).await?;
    ensure!(arrived == SENT, "the importer has {} eCNY at customs, not {}", money(arrived), money(SENT));
    act.done("escrowed in a contract, asset minted by a pallet");
    let out = line(world, &rows, format!("{} eCNY", money(SENT)), "escrowed, voucher minted")?;

    let act = progress.begin(format!("the duty, {} eCNY, paid at customs", money(DUTY)));
    customs.pay(importer, &trace, DUTY, &office).await?;
    let paid = customs.balance(&trace, &office).await?;
    ensure!(paid == DUTY, "the office has {} eCNY, not {}", money(paid), money(DUTY));
    act.done("on one chain, no packet");

    let rest = SENT - DUTY;
    let act = progress.begin(format!("the unused {} eCNY go back to bank", money(rest)));
    let refund = nobody_yet("refund of the importer");
    let order = customs::Order { denom: &trace, amount: rest, to: &lower(refund), seconds: HOUR };
    let sequence = customs.transfer(importer, &bank.id, order).await?;
    let client = customs.client(&bank.id)?;
    let rows = world.wait(client, &[sequence], |s| act.now(s), |s| s == State::Acknowledged).await?;
    let back = bank.balance(world.token, refund).await?;
    ensure!(back == rest, "{} eCNY came back, not {}", money(back), money(rest));
    act.done("asset burned by the pallet, escrow released");
    let home = line(world, &rows, format!("{} eCNY home", money(rest)), "burned, escrow released")?;
    Ok(vec![out, home])
}
