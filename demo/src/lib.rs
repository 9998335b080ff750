//! The story on two embedded chains: `harbour` (shipping) and `bank` (finance) settle with each
//! other. What the relayer runs here is what `lupu start` runs; [`stage`] also serves the
//! end-to-end tests.

pub mod abi;
pub mod progress;
pub mod report;
pub mod scenes;
pub mod stage;
pub mod wallet;
pub mod world;

use anyhow::Result;
use progress::Progress;
use report::Report;
use stage::{Stage, StageOptions, key_variable};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// What can be asked of the demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// Print the result as one JSON document, and nothing else.
    pub json: bool,
    /// Use colour.
    pub color: bool,
    /// Leave chains and relayer up until interrupted.
    pub keep: bool,
    /// Time between blocks.
    pub block_time: Duration,
}

/// Plays the story. `Ok(false)`: it ran, but something was not as it must be.
pub async fn run(options: Options) -> Result<bool> {
    let started = Instant::now();
    let progress = Progress::new(options.json, options.color);
    let temporary = tempfile::Builder::new().prefix("lupu-demo-").tempdir()?;
    let folder: PathBuf = match options.keep {
        true => temporary.keep(),
        false => temporary.path().to_owned(),
    };
    let stage =
        stage::set(&StageOptions { block_time: options.block_time, ..StageOptions::new(folder) }, progress).await?;
    let act = progress.begin("the relayer, on a fresh store");
    let relayer = stage.relayer().await?;
    act.done("running");
    let mut report = play(&stage, progress).await?;
    report.seconds = started.elapsed().as_secs_f64();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print(options.color);
    }
    if options.keep {
        keep(&stage).await?;
    }
    relayer.stop().await?;
    Ok(report.failures.is_empty())
}

/// Plays the six scenes on a stage that is set.
pub async fn play(stage: &Stage, progress: Progress) -> Result<Report> {
    let world = &stage.world;
    progress.heading("The story");
    let mut report = Report {
        packets: Vec::new(),
        batch_transactions: 0,
        conservation: Vec::new(),
        failures: Vec::new(),
        seconds: 0.0,
    };
    let amount = 100_000;
    let played = async {
        report.packets.push(scenes::transfer_out(world, progress, amount).await?.line);
        report.packets.push(scenes::bill_of_lading(world, progress).await?.line);
        report.packets.push(scenes::vouchers_home(world, progress, amount - 10_000).await?.line);
        report.packets.push(scenes::too_late(world, progress, 25_000).await?.line);
        report.packets.push(scenes::refused(world, progress, 10_000).await?.line);
        let (many, transactions) = scenes::many(world, progress, 1_00, 50).await?;
        report.packets.push(many.line);
        report.batch_transactions = transactions;
        anyhow::Ok(())
    };
    if let Err(error) = played.await {
        report.failures.push(format!("{error:#}"));
    }
    // Nothing is on its way any more: what was escrowed is what vouchers stand for.
    let conservation = world.conservation(0, 0).await?;
    if !conservation.holds() {
        report.failures.push("value was not conserved".into());
    }
    report.conservation.push(conservation);
    Ok(report)
}

async fn keep(stage: &Stage) -> Result<()> {
    let config = stage.config.path.display();
    let world = &stage.world;
    eprintln!("\nChains and relayer stay up until you press Ctrl-C.\n");
    for side in [&world.harbour, &world.bank] {
        eprintln!("  {:<8} {}  {}", side.id.as_str(), side.devnet.http_url(0), side.devnet.ws_url(0));
    }
    eprintln!("\nTry, in another terminal:\n");
    for (side, keys) in [&world.harbour, &world.bank].iter().zip(stage.keys()) {
        // Keys of an embedded chain are public: they derive from a fixed seed.
        if let Some(key) = keys.last() {
            eprintln!("  export {}=0x{}", key_variable(&side.id), hex::encode(key.to_bytes()));
        }
    }
    eprintln!("  lupu --config {config} status");
    eprintln!("  lupu --config {config} packet list");
    eprintln!("  lupu --config {config} client list");
    eprintln!(
        "  lupu --config {config} message --from harbour --to bank --target {} --wait \\\n    \
         --signature 'register(string,bytes32,string)' SHPU-2026-000118 0x{} 'My Lines'",
        world.registry,
        "5a".repeat(32)
    );
    eprintln!("  lupu --config {config} token create --chain bank");
    eprintln!(
        "  lupu --config {config} transfer --from bank --to harbour --token TOKEN --amount 5.00 --receiver {} --wait",
        world.harbour.person.address
    );
    eprintln!("  cast block --rpc-url {}", world.harbour.devnet.http_url(0));
    tokio::signal::ctrl_c().await?;
    Ok(())
}
