//! How fast one relayer carries a backlog from an EVM chain to another, and to a Substrate chain:
//! 1, 100, 1,000 and 10,000 packets wait, then it starts. Blocks of one second, 50 packets a
//! transaction, one account on each chain; the relayer is a process of its own, so its memory is its
//! own. Then every packet is exported from its store: proof files, each verified. `throughput [COUNT…]`.

use anyhow::{Context, Result, bail, ensure};
use lupu_demo::{
    customs::text,
    progress::Progress,
    side::{Order, lower},
    stage::{self, StageOptions},
    world::World,
};
use lupu_relayer::{
    proof::{Anchors, Exporter, Format, Options, Source, Wanted},
    store::{PacketFilter, PacketRow},
};
use lupu_standard::ChainId;
use lupu_tests::{RelayerOptions, start_relayer};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const DAY: u64 = 86_000;

/// Where the packets go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Harbour,
    Customs,
}

impl To {
    fn name(self) -> &'static str {
        match self {
            Self::Harbour => "EVM → EVM",
            Self::Customs => "EVM → Substrate",
        }
    }

    /// The receiver there.
    fn receiver(self, world: &World) -> Result<String> {
        match self {
            Self::Harbour => Ok(lower(world.harbour.person(0)?.address)),
            Self::Customs => Ok(text(&world.customs()?.person(0)?.account())),
        }
    }

    fn chain(self, world: &World) -> Result<&ChainId> {
        match self {
            Self::Harbour => Ok(&world.harbour.id),
            Self::Customs => Ok(&world.customs()?.id),
        }
    }

    /// The newest block there.
    fn height(self, world: &World) -> Result<u64> {
        match self {
            Self::Harbour => Ok(world.harbour.devnet.head().number()),
            Self::Customs => Ok(world.customs()?.devnet.head().number().into()),
        }
    }

    async fn has_received(self, world: &World, count: usize) -> Result<bool> {
        match self {
            Self::Harbour => world.received(count).await,
            Self::Customs => {
                let customs = world.customs()?;
                let trace = world.trace(customs.client(&world.bank.id)?);
                Ok(customs.balance(&trace, &customs.person(0)?.account()).await? >= count as u128)
            }
        }
    }
}

struct Measured {
    packets: usize,
    seconds: f64,
    p50: u64,
    p95: u64,
    memory_mib: f64,
    calls: f64,
    gas: u64,
    exported: Exported,
}

/// What proof files of all packets took.
struct Exported {
    statements: usize,
    bytes: usize,
    seconds: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let counts: Vec<usize> =
        std::env::args().skip(1).map(|a| a.parse()).collect::<Result<_, _>>().context("usage: throughput [COUNT…]")?;
    let counts = if counts.is_empty() { vec![1, 100, 1_000, 10_000] } else { counts };
    println!(
        "| route | packets waiting | seconds until all are received | packets/s | latency p50 / p95, destination blocks | RPC calls per packet | gas, or weight in µs, per packet, receiving | relayer memory, MiB | statements exported and verified | seconds of it | bytes of file a statement |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (to, count) in counts.iter().flat_map(|count| [(To::Harbour, *count), (To::Customs, *count)]) {
        let m = measure(to, count).await.with_context(|| format!("{}, {count} packets", to.name()))?;
        println!(
            "| {} | {} | {:.1} | {:.1} | {} / {} | {:.2} | {} | {:.0} | {} | {:.2} | {} |",
            to.name(),
            m.packets,
            m.seconds,
            m.packets as f64 / m.seconds,
            m.p50,
            m.p95,
            m.calls,
            m.gas,
            m.memory_mib,
            m.exported.statements,
            m.exported.seconds,
            m.exported.bytes / m.exported.statements.max(1)
        );
    }
    Ok(())
}

async fn measure(to: To, count: usize) -> Result<Measured> {
    let folder = tempfile::tempdir()?;
    let options = StageOptions {
        block_gas_limit: 1_000_000_000,
        money: u128::MAX / 2,
        relayer_accounts: 1,
        customs: to == To::Customs,
        ..StageOptions::new(folder.path().to_owned())
    };
    let stage = stage::set(&options, &Progress::new(true, false)).await?;
    let world = &stage.world;
    let receiver = to.receiver(world)?;
    let mut left = count;
    while left > 0 {
        let part = left.min(1_000);
        let order = Order { token: world.token, amount: 1, to: &receiver, seconds: DAY };
        world.bank.transfer(world.bank.person(0)?, to.chain(world)?, order, part).await?;
        left -= part;
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let listen = format!("127.0.0.1:{port}");
    let binary = std::env::current_exe()?.with_file_name("relayer");
    let started = Instant::now();
    let first_block = to.height(world)?;
    let process = start_relayer(
        &stage,
        RelayerOptions {
            binary: binary.to_str().context("path")?,
            account: 0,
            store: &stage.config.relayer.store,
            listen: &listen,
            failpoint: None,
        },
    )?;
    let mut memory: f64 = 0.0;
    loop {
        memory = memory.max(resident_mib(process.0.id())?);
        if to.has_received(world, count).await? {
            break;
        }
        if started.elapsed() > Duration::from_secs(60 + count as u64 / 5) {
            bail!("not all received after {:?}", started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    // The scanner writes the last blocks down a moment after they are final.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let metrics = get(&listen, "/metrics").await?;
    let calls: f64 = metrics
        .lines()
        .filter(|l| l.starts_with("lupu_rpc_calls"))
        .filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    ensure!(calls > 0.0, "the metrics name no RPC calls");
    let rows = rows(&stage, count).await?;
    let mut latency: Vec<u64> =
        rows.iter().filter_map(|r| Some(r.received?.height.0.saturating_sub(first_block))).collect();
    latency.sort_unstable();
    let percentile = |p: usize| latency.get((latency.len().saturating_sub(1)) * p / 100).copied().unwrap_or_default();
    // Weight is in picoseconds.
    let unit = if to == To::Customs { 1_000_000 } else { 1 };
    let gas: Vec<u64> = rows.iter().filter_map(|r| r.receive_gas).map(|gas| gas / unit).collect();
    let exported = export(&stage, rows).await?;
    Ok(Measured {
        packets: count,
        exported,
        seconds,
        p50: percentile(50),
        p95: percentile(95),
        memory_mib: memory,
        calls: calls / count as f64,
        gas: gas.iter().sum::<u64>() / gas.len().max(1) as u64,
    })
}

/// The strongest statement about each packet, from the store alone.
async fn export(stage: &stage::Stage, rows: Vec<PacketRow>) -> Result<Exported> {
    let (store, count, started) = (&stage.world.store, rows.len(), Instant::now());
    let anchors = Anchors::load(store, Vec::new()).await?;
    let options = Options { wanted: Wanted::Strongest, source: Source::Store, separate: false, format: Format::Cbor };
    let mut exporter = Exporter::new(store, &stage.config, anchors, options);
    let mut made = exporter.add(rows).await?;
    made.extend(exporter.finish().await?);
    let seconds = started.elapsed().as_secs_f64();
    let statements = made.iter().map(|m| m.entries.len()).sum();
    ensure!(statements == count, "{statements} of {count} packets are proven: {:?}", exporter.take_missing().first());
    Ok(Exported { statements, bytes: made.iter().map(|m| m.file.len()).sum(), seconds })
}

async fn rows(stage: &stage::Stage, count: usize) -> Result<Vec<PacketRow>> {
    let filter = PacketFilter { limit: u32::try_from(count)?, ..Default::default() };
    Ok(stage.world.store.packets(&filter).await?)
}

/// Resident memory of a process, from the kernel.
fn resident_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS: the relayer is gone")?;
    let kib: f64 = line.split_whitespace().nth(1).context("VmRSS")?.parse()?;
    Ok(kib / 1024.0)
}

async fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}
