//! Documents: a bill of lading, an order to inspect, a clearance.

use super::{HOUR, line};
use crate::{
    abi::{Clearances, Registry},
    progress::Progress,
    report::Line,
    side::lower,
    world::World,
};
use alloy::{
    primitives::{U256, keccak256},
    sol_types::SolCall,
};
use anyhow::{Context, Result, ensure};
use lupu_relayer::{packet::State, store::PacketRow};
use lupu_standard::{ics27::GmpAcknowledgement, payload::Encoding};

const CONSIGNMENT: &str = "SHPU-2026-000117";

/// `harbour` → `bank`, `harbour` → `customs`, `customs` → `harbour`, one after the other.
pub async fn documents(world: &World, progress: &Progress) -> Result<Vec<Line>> {
    Ok(vec![
        bill_of_lading(world, progress).await?,
        inspection(world, progress).await?,
        clearance(world, progress).await?,
    ])
}

/// What the called contract returned, from the acknowledgement.
fn returned(rows: &[PacketRow]) -> Result<U256> {
    let acknowledgement = rows.first().and_then(|r| r.acknowledgement.as_ref()).and_then(|a| a.0.first());
    let bytes = acknowledgement.context("no acknowledgement in the store")?;
    let answer =
        GmpAcknowledgement::decode(Encoding::SolidityAbi, bytes).context("the acknowledgement of a message")?;
    U256::try_from_be_slice(&answer.result).context("the contract's result is no number")
}

async fn bill_of_lading(world: &World, progress: &Progress) -> Result<Line> {
    let (harbour, bank) = (&world.harbour, &world.bank);
    let act = progress.begin("a bill of lading from harbour to bank");
    let before = bank.person(0)?.read(world.registry, Registry::countCall {}).await?;
    let call = Registry::registerCall {
        blNumber: CONSIGNMENT.into(),
        documentHash: keccak256("transport document SHPU-2026-000117"),
        carrier: "Lupu Lines".into(),
    };
    let receiver = lower(world.registry);
    let sequence = harbour.message(harbour.person(0)?, &bank.id, &receiver, call.abi_encode(), HOUR).await?;
    let client = harbour.client(&bank.id)?;
    let rows = world.wait(client, &[sequence], |s| act.now(s), |s| s == State::Acknowledged).await?;
    let after = bank.person(0)?.read(world.registry, Registry::countCall {}).await?;
    ensure!(after == before + U256::ONE, "the registry holds {after} documents, {before} before");
    // The acknowledgement carries what the contract returned: the index of the new entry.
    let index = returned(&rows)?;
    ensure!(index == before, "the acknowledgement says index {index}, the registry says {before}");
    act.done(&format!("registered at index {index}, as the acknowledgement says"));
    line(world, &rows, "message: bill of lading", "executed, result acknowledged")
}

async fn inspection(world: &World, progress: &Progress) -> Result<Line> {
    let (harbour, customs) = (&world.harbour, world.customs()?);
    let act = progress.begin("an inspection order from harbour to customs");
    let carrier = harbour.person(0)?;
    let payload = customs.inspection_order(CONSIGNMENT, "seal 4711 broken").await?;
    let sequence = harbour.message(carrier, &customs.id, "runtime", payload, HOUR).await?;
    let client = harbour.client(&customs.id)?;
    let rows = world.wait(client, &[sequence], |s| act.now(s), |s| s == State::Acknowledged).await?;
    let ordered_by = customs.inspection_of(CONSIGNMENT).await?.context("no inspection was recorded")?;
    let carrier_there = customs.account_of(&harbour.id, &lower(carrier.address))?;
    ensure!(ordered_by == carrier_there, "the inspection was ordered by somebody else");
    act.done("a pallet's call, made by the carrier's own account there");
    line(world, &rows, "message: inspection order", "pallet call executed")
}

async fn clearance(world: &World, progress: &Progress) -> Result<Line> {
    let (harbour, customs) = (&world.harbour, world.customs()?);
    let act = progress.begin("a customs clearance from customs to harbour");
    let document = keccak256("clearance SHPU-2026-000117");
    let call = Clearances::clearCall { consignment: CONSIGNMENT.into(), documentHash: document };
    let (office, receiver) = (customs.person(1)?, lower(world.clearances));
    let sequence = customs.message(office, &harbour.id, &receiver, call.abi_encode()).await?;
    let client = customs.client(&harbour.id)?;
    let rows = world.wait(client, &[sequence], |s| act.now(s), |s| s == State::Acknowledged).await?;
    let find = Clearances::clearanceCall { consignment: CONSIGNMENT.into() };
    let found = harbour.person(0)?.read(world.clearances, find).await?;
    ensure!(found.documentHash == document, "the consignment is not cleared");
    let number = returned(&rows)?;
    ensure!(number == U256::ONE, "the acknowledgement says clearance {number}, not 1");
    act.done("recorded by a contract, its answer back in a pallet");
    line(world, &rows, "message: customs clearance", "executed, result acknowledged")
}
