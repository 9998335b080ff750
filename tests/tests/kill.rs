//! The relayer is killed at every failpoint, before and after each durable write and each effect,
//! as a process of its own; started again, it finishes the work, and every application effect has
//! happened exactly once. Then the same beside a second relayer that nobody kills.
#![cfg(feature = "failpoints")]

use alloy::{primitives::U256, sol_types::SolCall};
use anyhow::{Context, Result, bail, ensure};
use lupu_demo::{
    abi::Registry,
    ledger::InFlight,
    progress::Progress,
    side::{Order, Side, lower},
    stage::{self, Stage, StageOptions},
    world::World,
};
use lupu_relayer::failpoints;
use lupu_tests::{RelayerOptions, RelayerProcess, start_relayer};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const AMOUNT: u128 = 1_00;
const HOUR: u64 = 3_600;
/// Seconds that the packet lives that shall time out.
const LATE: u64 = 3;
/// How long a relayer may take to finish one round of packets.
const PATIENCE: Duration = Duration::from_secs(40);

/// Points that a round without trouble never passes, by what they need: a nonce stolen by another
/// process, a transaction that is stuck or refused, a packet that is held. They are not killed at here.
const NEED_TROUBLE: &[&str] = &["effect.journal-replacement", "effect.supersede", "effect.reject", "effect.defer"];

fn start(stage: &Stage, account: usize, store: &Path, failpoint: Option<&str>) -> Result<RelayerProcess> {
    let binary = env!("CARGO_BIN_EXE_relayer");
    start_relayer(stage, RelayerOptions { binary, account, store, listen: "127.0.0.1:0", failpoint })
}

/// What the applications show.
#[derive(Debug, PartialEq, Eq)]
struct Effects {
    vouchers: u128,
    treasury: u128,
    documents: U256,
}

async fn effects(world: &World) -> Result<Effects> {
    let voucher = world.voucher().await?;
    let (carrier, treasurer) = (world.harbour.person(0)?.address, world.bank.person(0)?);
    Ok(Effects {
        vouchers: match voucher {
            Some(voucher) => world.harbour.balance(voucher, carrier).await?,
            None => 0,
        },
        treasury: world.bank.balance(world.token, treasurer.address).await?,
        documents: treasurer.read(world.registry, Registry::countCall {}).await?,
    })
}

/// One round: a transfer that arrives, a message, a transfer that is refused, one that times out.
async fn send(world: &World, round: usize) -> Result<[(bool, Vec<u64>); 2]> {
    let carrier = lower(world.harbour.person(0)?.address);
    let document = Registry::registerCall {
        blNumber: format!("KILL-{round}"),
        documentHash: alloy::primitives::keccak256(round.to_be_bytes()),
        carrier: "Lupu Lines".into(),
    };
    // Long enough for the sending transaction to be in a block before it, on a busy machine too.
    let timeout = world.bank.time() + LATE;
    let send = async |to: &str, seconds| {
        let order = Order { token: world.token, amount: AMOUNT, to, seconds };
        world.bank.transfer(world.bank.person(0)?, &world.harbour.id, order, 1).await
    };
    let late = send(&carrier, LATE).await?;
    let good = send(&carrier, HOUR).await?;
    // No account of harbour is spelled like this.
    let refused = send("nobody", HOUR).await?;
    let (shipper, receiver) = (world.harbour.person(0)?, lower(world.registry));
    let message = world.harbour.message(shipper, &world.bank.id, &receiver, document.abi_encode(), HOUR).await?;
    while world.harbour.time() <= timeout + 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok([(true, [late, good, refused].concat()), (false, vec![message])])
}

async fn settled(from: &Side, to: &Side, sequences: &[u64]) -> Result<bool> {
    for sequence in sequences {
        if from.is_committed(&to.id, *sequence).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn all_settled(world: &World, sent: &[(bool, Vec<u64>); 2]) -> Result<bool> {
    for (from_bank, sequences) in sent {
        let (from, to) = match from_bank {
            true => (&world.bank, &world.harbour),
            false => (&world.harbour, &world.bank),
        };
        if !settled(from, to, sequences).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Waits until the packets are settled or the process is gone. `true`: it was killed.
async fn killed(world: &World, sent: &[(bool, Vec<u64>); 2], process: &mut RelayerProcess) -> Result<bool> {
    let started = Instant::now();
    loop {
        if let Some(status) = process.0.try_wait()? {
            ensure!(!status.success(), "the relayer stopped by itself");
            return Ok(true);
        }
        if all_settled(world, sent).await? {
            // Points after the last effect are passed a moment later.
            tokio::time::sleep(Duration::from_millis(600)).await;
            return Ok(process.0.try_wait()?.is_some());
        }
        if started.elapsed() > PATIENCE {
            bail!("packets are not settled after {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn finish(world: &World, sent: &[(bool, Vec<u64>); 2], process: &mut RelayerProcess) -> Result<()> {
    let died = killed(world, sent, process).await?;
    ensure!(!died, "the relayer died without a failpoint");
    Ok(())
}

async fn round(stage: &Stage, number: usize, failpoint: &str, second: bool) -> Result<bool> {
    let world = &stage.world;
    let before = effects(world).await?;
    let sent = send(world, number).await?;
    let store = &stage.config.relayer.store;
    let other = store.with_file_name("second.sqlite");
    let beside = if second { Some(start(stage, 1, &other, None)?) } else { None };
    let mut victim = start(stage, 0, store, Some(failpoint))?;
    let died = killed(world, &sent, &mut victim).await?;
    drop(victim);
    let mut again = start(stage, 0, store, None)?;
    finish(world, &sent, &mut again).await?;
    drop(beside);
    let after = effects(world).await?;
    let wanted = Effects {
        vouchers: before.vouchers + AMOUNT,
        treasury: before.treasury - AMOUNT,
        documents: before.documents + U256::ONE,
    };
    ensure!(after == wanted, "{failpoint}: {after:?}, expected {wanted:?}");
    let conservation = world.ecny_on_harbour().conservation(InFlight::default()).await?;
    ensure!(conservation.holds(), "{failpoint}: {conservation:?}");
    Ok(died)
}

async fn stage_for(folder: &Path) -> Result<Stage> {
    let options = StageOptions { block_time: Duration::from_millis(200), ..StageOptions::new(folder.to_owned()) };
    stage::set(&options, &Progress::new(true, false)).await
}

/// Kills at each point; returns the points that were never reached.
async fn kill_at(points: Vec<String>, second: bool) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let stage = stage_for(folder.path()).await?;
    let mut missed = Vec::new();
    for (number, point) in points.iter().enumerate() {
        let started = Instant::now();
        let died = round(&stage, number, point, second).await.with_context(|| format!("killed at {point}"))?;
        println!(
            "{point:<50} {} {:>5.1} s",
            if died { "killed" } else { "not reached" },
            started.elapsed().as_secs_f64()
        );
        if !died {
            missed.push(point.clone());
        }
    }
    Ok(missed)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_effect_happens_exactly_once_wherever_the_relayer_is_killed() -> Result<()> {
    let points = failpoints::all();
    let effects: Vec<String> = points.iter().filter(|p| p.starts_with("effect.")).cloned().collect();
    let transitions: Vec<String> = points.into_iter().filter(|p| !p.starts_with("effect.")).collect();
    let effects: Vec<_> = effects.into_iter().filter(|e| !NEED_TROUBLE.iter().any(|n| e.starts_with(n))).collect();
    let missed = kill_at(effects, false).await?;
    ensure!(missed.is_empty(), "effects that no round reached: {missed:?}");
    // Transitions happen inside the effects' database transactions; these are on the ordinary way.
    let ordinary: Vec<String> = transitions.into_iter().filter(|t| ORDINARY.iter().any(|o| t.starts_with(o))).collect();
    ensure!(ordinary.len() == 2 * ORDINARY.len(), "names of transitions have changed: {ordinary:?}");
    let missed = kill_at(ordinary, false).await?;
    ensure!(missed.is_empty(), "transitions that no round reached: {missed:?}");
    Ok(())
}

/// Every transition of a packet that meets no trouble.
const ORDINARY: &[&str] = &[
    "packet.sent.submit-receive.",
    "packet.receiving.received.",
    "packet.received.submit-acknowledge.",
    "packet.acknowledging.acknowledged.",
    "packet.acknowledging.refused.",
    "packet.sent.expire.",
    "packet.expired.submit-timeout.",
    "packet.timing-out.timed-out.",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_relayers_do_no_harm_when_one_is_killed() -> Result<()> {
    let points = ["effect.scan", "effect.journal", "effect.broadcast", "effect.include"];
    let points = points.into_iter().flat_map(|p| [format!("{p}.before"), format!("{p}.after")]).collect();
    kill_at(points, true).await?;
    Ok(())
}
