//! eCNY over two hops, and home again along its trace; the short way back is not home.

use super::{HOUR, line, nobody_yet};
use crate::{
    abi::Token,
    customs::{self, text},
    progress::Progress,
    report::{Line, money},
    side::{Order, lower},
    world::World,
};
use alloy::primitives::U256;
use anyhow::{Context, Result, ensure};
use lupu_relayer::packet::State;

const SENT: u128 = 100 * 100;
const SHORTCUT: u128 = 40 * 100;

/// `bank` → `customs` → `harbour` → `customs` → `bank` unwinds; `harbour` → `bank` does not.
pub async fn hops(world: &World, progress: &Progress) -> Result<Vec<Line>> {
    let (harbour, bank, customs) = (&world.harbour, &world.bank, world.customs()?);
    let (payer, trader) = (bank.person(2)?, customs.person(2)?);
    let carrier = harbour.person(1)?;
    let once = world.trace(customs.client(&bank.id)?);
    let twice = format!("transfer/{}/{once}", harbour.client(&customs.id)?);
    let acknowledged = |s| s == State::Acknowledged;
    let mut lines = Vec::new();

    let act = progress.begin(format!("{} eCNY from bank over customs to harbour", money(SENT)));
    let to = text(&trader.account());
    let order = Order { token: world.token, amount: SENT, to: &to, seconds: HOUR };
    let sequences = bank.transfer(payer, &customs.id, order, 1).await?;
    let rows = world.wait(bank.client(&customs.id)?, &sequences, |s| act.now(s), acknowledged).await?;
    lines.push(line(world, &rows, format!("{} eCNY, first hop", money(SENT)), "escrowed, voucher minted")?);
    let order = customs::Order { denom: &once, amount: SENT, to: &lower(carrier.address), seconds: HOUR };
    let sequence = customs.transfer(trader, &harbour.id, order).await?;
    let rows = world.wait(customs.client(&harbour.id)?, &[sequence], |s| act.now(s), acknowledged).await?;
    lines.push(line(world, &rows, format!("{} eCNY, second hop", money(SENT)), "voucher escrowed, voucher of it")?);
    let voucher = harbour.voucher(&twice).await?.context("no voucher of the second hop on harbour")?;
    let there = harbour.balance(voucher, carrier.address).await?;
    ensure!(there == SENT, "{} eCNY arrived at harbour, not {}", money(there), money(SENT));
    act.done("two escrows, a voucher of a voucher");

    let act = progress.begin(format!("{} of them the short way to bank", money(SHORTCUT)));
    let approval = Token::approveCall { spender: harbour.contracts.transfer, amount: U256::from(SHORTCUT) };
    carrier.send(voucher, approval).await?;
    let odd = nobody_yet("who took the short way");
    let order = Order { token: voucher, amount: SHORTCUT, to: &lower(odd), seconds: HOUR };
    let sequences = harbour.transfer(carrier, &bank.id, order, 1).await?;
    let rows = world.wait(harbour.client(&bank.id)?, &sequences, |s| act.now(s), acknowledged).await?;
    ensure!(bank.balance(world.token, odd).await? == 0, "the short way released escrow that is not its own");
    let thrice = format!("transfer/{}/{twice}", bank.client(&harbour.id)?);
    let stranger = bank.voucher(&thrice).await?.context("no voucher of the third hop on bank")?;
    ensure!(bank.balance(stranger, odd).await? == SHORTCUT, "the voucher of the third hop is not there");
    act.done("not eCNY there, but a voucher with three hops");
    lines.push(line(world, &rows, format!("{} eCNY, short way", money(SHORTCUT)), "a voucher, not eCNY")?);

    let rest = SENT - SHORTCUT;
    let act = progress.begin(format!("{} eCNY home the way they came", money(rest)));
    let order = Order { token: voucher, amount: rest, to: &to, seconds: HOUR };
    let sequences = harbour.transfer(carrier, &customs.id, order, 1).await?;
    let rows = world.wait(harbour.client(&customs.id)?, &sequences, |s| act.now(s), acknowledged).await?;
    lines.push(line(world, &rows, format!("{} eCNY, first hop home", money(rest)), "burned, voucher released")?);
    let home = nobody_yet("the end of the way home");
    let order = customs::Order { denom: &once, amount: rest, to: &lower(home), seconds: HOUR };
    let sequence = customs.transfer(trader, &bank.id, order).await?;
    let rows = world.wait(customs.client(&bank.id)?, &[sequence], |s| act.now(s), acknowledged).await?;
    lines.push(line(world, &rows, format!("{} eCNY, second hop home", money(rest)), "burned, escrow released")?);
    let back = bank.balance(world.token, home).await?;
    ensure!(back == rest, "{} eCNY came home, not {}", money(back), money(rest));
    act.done("unwound: eCNY again");
    Ok(lines)
}
