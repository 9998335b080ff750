//! The six scenes. Each asks for something, waits for the relayer, and looks at both chains.

use crate::{
    abi::{Registry, Token},
    progress::Progress,
    report::{Line, money},
    wallet::Wallet,
    world::{World, lower},
};
use alloy::{
    primitives::{Address, U256, keccak256},
    sol_types::SolCall,
};
use anyhow::{Context, Result, ensure};
use lupu_relayer::{packet::State, store::PacketRow};
use lupu_standard::{ics27::GmpAcknowledgement, payload::Encoding};
use std::time::Duration;

/// An hour: longer than any demo.
const HOUR: u64 = 3_600;

/// What a scene leaves behind.
pub struct Played {
    /// Its line in the table.
    pub line: Line,
}

fn line(rows: &[PacketRow], kind: &str, outcome: &str) -> Result<Played> {
    Ok(Played { line: Line::new(rows, kind, outcome).context("a scene without packets")? })
}

/// Scene 1: eCNY goes from `bank` to `harbour`.
pub async fn transfer_out(world: &World, progress: Progress, amount: u128) -> Result<Played> {
    let act = progress.begin(format!("1  {} eCNY from bank to harbour", money(amount)));
    let carrier = world.harbour.person.address;
    let sequences = world.bank.transfer(world.token, amount, &lower(carrier), HOUR, 1).await?;
    let rows = world.wait(&world.bank, &sequences, |s| act.now(s), |s| s == State::Acknowledged).await?;
    let voucher = world.voucher().await?;
    ensure!(!voucher.is_zero(), "no voucher was made on harbour");
    let arrived = world.harbour.balance(voucher, carrier).await?;
    ensure!(arrived == amount, "harbour's carrier has {} vouchers, not {}", money(arrived), money(amount));
    act.done("escrowed, voucher minted");
    line(&rows, &format!("{} eCNY", money(amount)), "escrowed, voucher minted")
}

/// Scene 2: a bill of lading goes from `harbour` to `bank` and is registered there.
pub async fn bill_of_lading(world: &World, progress: Progress) -> Result<Played> {
    let act = progress.begin("2  bill of lading from harbour to bank");
    let before = world.bank.person.read(world.registry, Registry::countCall {}).await?;
    let call = Registry::registerCall {
        blNumber: "SHPU-2026-000117".into(),
        documentHash: keccak256("transport document SHPU-2026-000117"),
        carrier: "Lupu Lines".into(),
    };
    let sequence = world.harbour.message(world.registry, call.abi_encode(), HOUR).await?;
    let rows = world.wait(&world.harbour, &[sequence], |s| act.now(s), |s| s == State::Acknowledged).await?;
    let after = world.bank.person.read(world.registry, Registry::countCall {}).await?;
    ensure!(after == before + U256::ONE, "the registry holds {after} documents, {before} before");
    // The acknowledgement carries what the contract returned: the index of the new entry.
    let acknowledgement = rows.first().and_then(|r| r.acknowledgement.as_ref()).and_then(|a| a.0.first());
    let bytes = acknowledgement.context("no acknowledgement in the store")?;
    let result =
        GmpAcknowledgement::decode(Encoding::SolidityAbi, bytes).context("the acknowledgement of the message")?.result;
    let index = U256::try_from_be_slice(&result).context("the contract's result is no number")?;
    ensure!(index == before, "the acknowledgement says index {index}, the registry says {before}");
    act.done(&format!("registered at index {index}, as the acknowledgement says"));
    line(&rows, "message: bill of lading", "executed, result acknowledged")
}

/// Scene 3: the vouchers go home.
pub async fn vouchers_home(world: &World, progress: Progress, amount: u128) -> Result<Played> {
    let act = progress.begin(format!("3  the vouchers go home, {} eCNY", money(amount)));
    let voucher = world.voucher().await?;
    let treasurer = world.bank.person.address;
    let before = world.bank.balance(world.token, treasurer).await?;
    let sequences = world.harbour.transfer(voucher, amount, &lower(treasurer), HOUR, 1).await?;
    let rows = world.wait(&world.harbour, &sequences, |s| act.now(s), |s| s == State::Acknowledged).await?;
    let after = world.bank.balance(world.token, treasurer).await?;
    ensure!(after == before + amount, "bank's treasurer got {} eCNY, not {}", money(after - before), money(amount));
    act.done("burned, escrow released");
    line(&rows, &format!("{} eCNY home", money(amount)), "burned, escrow released")
}

/// Scene 4: `harbour` withholds a transfer until it is too late.
pub async fn too_late(world: &World, progress: Progress, amount: u128) -> Result<Played> {
    let act = progress.begin(format!("4  {} eCNY that arrive too late", money(amount)));
    let treasurer = world.bank.person.address;
    let before = world.bank.balance(world.token, treasurer).await?;
    // No transaction enters a block of harbour until the timeout has passed there.
    world.harbour.devnet.censor(|_| true);
    let sent = world.bank.transfer(world.token, amount, &lower(world.harbour.person.address), 6, 1).await;
    let timeout = world.bank.time() + 6;
    let waited = async {
        let sequences = sent?;
        while world.harbour.time() <= timeout {
            act.now("withheld by harbour until the timeout has passed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(sequences)
    }
    .await;
    world.harbour.devnet.uncensor();
    let rows = world.wait(&world.bank, &waited?, |s| act.now(s), |s| s == State::TimedOut).await?;
    let after = world.bank.balance(world.token, treasurer).await?;
    ensure!(after == before, "{} eCNY of the transfer that timed out were not refunded", money(before.abs_diff(after)));
    act.done("timed out, proven absent, refunded");
    line(&rows, &format!("{} eCNY, withheld", money(amount)), "timed out, refunded")
}

/// Scene 5: the receiver's account is frozen, so the transfer is refused and comes back.
pub async fn refused(world: &World, progress: Progress, amount: u128) -> Result<Played> {
    let act = progress.begin(format!("5  {} eCNY to an account that is frozen", money(amount)));
    let voucher = world.voucher().await?;
    let carrier = world.harbour.person.address;
    let frozen = keccak256("frozen account");
    let frozen = Address::from_slice(frozen.get(12..).unwrap_or_default());
    world.bank.person.send(world.token, Token::freezeCall { account: frozen }).await?;
    let before = world.harbour.balance(voucher, carrier).await?;
    let sequences = world.harbour.transfer(voucher, amount, &lower(frozen), HOUR, 1).await?;
    let rows = world.wait(&world.harbour, &sequences, |s| act.now(s), |s| s == State::Refused).await?;
    let after = world.harbour.balance(voucher, carrier).await?;
    ensure!(after == before, "{} vouchers were not refunded", money(before.abs_diff(after)));
    ensure!(world.bank.balance(world.token, frozen).await? == 0, "the frozen account got money");
    act.done("error acknowledgement, refunded");
    line(&rows, &format!("{} eCNY to a frozen account", money(amount)), "refused, refunded")
}

/// Scene 6: many transfers at once.
pub async fn many(world: &World, progress: Progress, amount: u128, count: usize) -> Result<(Played, u64)> {
    let act = progress.begin(format!("6  {count} transfers of {} eCNY at once", money(amount)));
    let voucher = world.voucher().await?;
    let carrier = world.harbour.person.address;
    let before = world.harbour.balance(voucher, carrier).await?;
    let sequences = world.bank.transfer(world.token, amount, &lower(carrier), HOUR, count).await?;
    let rows = world.wait(&world.bank, &sequences, |s| act.now(s), |s| s == State::Acknowledged).await?;
    let after = world.harbour.balance(voucher, carrier).await?;
    let total = amount * count as u128;
    ensure!(after == before + total, "{} arrived, not {}", money(after - before), money(total));
    let transactions = receiving_transactions(&rows);
    ensure!(transactions < count / 4, "{transactions} transactions for {count} transfers");
    act.done(&format!("received in {transactions} transaction{}", if transactions == 1 { "" } else { "s" }));
    let played = line(&rows, &format!("{count} × {} eCNY", money(amount)), &format!("received in {transactions} tx"))?;
    Ok((played, transactions as u64))
}

/// How many transactions carried these packets to their destination.
pub fn receiving_transactions(rows: &[PacketRow]) -> usize {
    let mut hashes: Vec<_> = rows.iter().filter_map(|r| r.received.map(|s| s.transaction)).collect();
    hashes.sort();
    hashes.dedup();
    hashes.len()
}

/// Gives the treasurer money, and the transfer application leave to take it.
pub async fn fund(treasurer: &Wallet, token: Address, transfer: Address, amount: u128) -> Result<()> {
    treasurer.send(token, Token::mintCall { account: treasurer.address, amount: U256::from(amount) }).await?;
    treasurer.send(token, Token::approveCall { spender: transfer, amount: U256::MAX }).await?;
    Ok(())
}
