//! The story on three embedded chains: `harbour` (shipping), `customs` and `bank` (finance) settle
//! with each other. What the relayer runs here is what `lupu start` runs; [`stage`] also serves the
//! end-to-end tests.

pub mod abi;
pub mod customs;
pub mod ledger;
pub mod progress;
pub mod report;
pub mod scenes;
pub mod side;
pub mod stage;
pub mod wallet;
pub mod world;

use anyhow::Result;
use futures::future::BoxFuture;
use ledger::{End, Link};
use lupu_relayer::proof::Anchors;
use progress::Progress;
use report::Report;
use side::lower;
use stage::{Stage, StageOptions, key_variable};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use world::World;

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
pub fn run(options: Options) -> BoxFuture<'static, Result<bool>> {
    Box::pin(perform(options))
}

async fn perform(options: Options) -> Result<bool> {
    let started = Instant::now();
    let progress = Progress::new(options.json, options.color);
    let temporary = tempfile::Builder::new().prefix("lupu-demo-").tempdir()?;
    let folder: PathBuf = match options.keep {
        true => temporary.keep(),
        false => temporary.path().to_owned(),
    };
    let wanted = StageOptions { block_time: options.block_time, customs: true, ..StageOptions::new(folder) };
    let stage = stage::set(&wanted, &progress).await?;
    let act = progress.begin("the relayer, on a fresh store");
    let relayer = stage.relayer().await?;
    act.done("running");
    let mut report = play(&stage, &progress).await?;
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

/// Plays all scenes on a stage that is set.
pub async fn play(stage: &Stage, progress: &Progress) -> Result<Report> {
    let world = &stage.world;
    let mut report = Report {
        packets: Vec::new(),
        batch_transactions: 0,
        conservation: Vec::new(),
        failures: Vec::new(),
        seconds: 0.0,
    };
    let played = async {
        progress.heading("A shipment arrives");
        let (money, papers) = tokio::try_join!(scenes::duty(world, progress), scenes::documents(world, progress))?;
        report.packets.extend(money.into_iter().chain(papers));
        progress.heading("Trade goes on");
        let (hops, refused, (many, transactions)) = tokio::try_join!(
            scenes::hops(world, progress),
            scenes::refused(world, progress),
            scenes::many(world, progress)
        )?;
        report.packets.extend(hops.into_iter().chain(refused).chain(many));
        report.batch_transactions = transactions;
        progress.heading("A bad day");
        report.packets.extend(scenes::late(world, progress).await?);
        anyhow::Ok(())
    };
    if let Err(error) = played.await {
        report.failures.push(format!("{error:#}"));
    }
    for link in links(world)? {
        let conservation = link.conservation(link.in_flight(&world.store).await?).await?;
        if !conservation.holds() {
            report.failures.push(format!("value was not conserved: {}", conservation.what));
        }
        report.conservation.push(conservation);
    }
    Ok(report)
}

/// Everything that travelled, by the link it took last.
fn links(world: &World) -> Result<Vec<Link<'_>>> {
    let (harbour, bank, customs) = (End::Evm(&world.harbour), End::Evm(&world.bank), world.customs()?);
    let there = End::Substrate(customs);
    let once = Link::new("eCNY on customs", 2, lower(world.token), bank, there);
    let twice = Link::new("eCNY on harbour, over customs", 2, once.trace()?, there, harbour);
    let thrice = Link::new("eCNY on bank, over customs and harbour", 2, twice.trace()?, harbour, bank);
    let native = Link::new("UNIT of customs on bank", 12, "native".into(), there, bank);
    Ok(vec![once, world.ecny_on_harbour(), twice, thrice, native])
}

/// How to export the story's packets and to verify what comes out, with the digests of the anchors.
async fn proof_commands(stage: &Stage, config: &str) -> Result<Vec<String>> {
    let anchors = Anchors::load(&stage.world.store, Vec::new()).await?;
    let digests = stage.config.chains.keys().flat_map(|chain| anchors.of_chain(chain)).map(|a| a.digest());
    let trusted: String = digests.map(|digest| format!(" \\\n    --anchor {digest}")).collect();
    let first = stage.world.bank.client(&stage.world.harbour.id)?;
    Ok(vec![
        format!("lupu --config {config} proof export --all -o proofs/"),
        format!("lupu proof verify proofs/{trusted}"),
        format!("lupu --config {config} proof export bank/{first}/1 -o payment.json"),
        "lupu proof inspect payment.json".into(),
        format!("lupu --config {config} proof anchor make --chain bank -o bank-anchor.json"),
    ])
}

async fn keep(stage: &Stage) -> Result<()> {
    let config = stage.config.path.display();
    let (world, customs) = (&stage.world, stage.world.customs()?);
    eprintln!("\nChains and relayer stay up until you press Ctrl-C.\n");
    for side in [&world.harbour, &world.bank] {
        eprintln!("  {:<8} {}  {}", side.id.as_str(), side.devnet.http_url(0), side.devnet.ws_url(0));
    }
    eprintln!("  {:<8} {}  {}", customs.id.as_str(), customs.devnet.http_url(0), customs.devnet.ws_url(0));
    eprintln!("\nTry, in another terminal:\n");
    for (chain, keys) in &stage.keys {
        // Keys of an embedded chain are public: they derive from a fixed seed.
        if let Some(key) = keys.last() {
            eprintln!("  export {}=0x{}", key_variable(chain), hex::encode(key.to_bytes()));
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
    eprintln!(
        "  lupu --config {config} transfer --from customs --to bank --token native --amount 5 --receiver {} --wait",
        world.bank.person(0)?.address
    );
    eprintln!("  lupu --config {config} token create --chain bank");
    eprintln!(
        "  lupu --config {config} transfer --from bank --to customs --token TOKEN --amount 5.00 --receiver {} --wait",
        customs::text(&customs.person(0)?.account())
    );
    eprintln!("  cast block --rpc-url {}", world.harbour.devnet.http_url(0));
    eprintln!("\nEvery packet of the story as proof files, and the proofs verified without any chain:\n");
    for line in proof_commands(stage, &config.to_string()).await? {
        eprintln!("  {line}");
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
