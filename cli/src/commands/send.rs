//! What `lupu transfer` and `lupu message` have in common: the way, and waiting for the end.

use crate::commands::packet::PacketId;
use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::host::Host;
use crate::links;
use crate::output::Output;
use alloy::primitives::B256;
use indicatif::{ProgressBar, ProgressStyle};
use lupu_adapter::{AdapterError, Chain, ErrorKind, PacketEventKind};
use lupu_relayer::config::{ChainConfig, ClientConfig, Config};
use lupu_standard::{ChainId, Height};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often the source chain is asked for the end.
const POLL: Duration = Duration::from_millis(500);
/// How much longer than the packet's life is waited: its timeout must still be proven.
const GRACE: Duration = Duration::from_secs(120);
/// Most blocks read at once.
const RANGE: u64 = 500;

/// From where to where.
#[derive(Debug, clap::Args)]
pub struct Way {
    /// The chain to send from.
    #[arg(long, value_name = "NAME")]
    pub from: ChainId,
    /// The chain to send to.
    #[arg(long, value_name = "NAME")]
    pub to: ChainId,
    /// How long the packet may travel, at most 1d: 30s, 10m, 2h.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = crate::duration::parse)]
    pub timeout: Duration,
    /// Free text for the receiver.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub memo: String,
    /// The key that signs, by its name or env:NAME; default: the chain's first.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Wait until the packet is acknowledged, refused or timed out.
    #[arg(long)]
    pub wait: bool,
}

impl Way {
    /// The bound client that leads there, and its chain.
    pub fn client<'c>(&self, config: &'c Config) -> Result<(&'c ChainConfig, &'c ClientConfig), Failure> {
        let chain = links::chain(config, &self.from)?;
        links::chain(config, &self.to)?;
        if self.timeout < Duration::from_secs(1) || self.timeout > Duration::from_secs(86_400) {
            return Err(Failure::usage("--timeout must be between 1s and 1d"));
        }
        let client = config.client_towards(&self.from, &self.to).ok_or_else(|| {
            Failure::usage(format!(
                "no bound client leads from {} to {}: create and bind one with `lupu client create --on {} --of {}`, `lupu client bind`",
                self.from, self.to, self.from, self.to
            ))
        })?;
        Ok((chain, client))
    }
}

/// A packet that a chain of whatever family sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    sequence: u64,
    transaction: B256,
    block: u64,
    used: u64,
}

impl From<lupu_evm::send::Sent> for Sent {
    fn from(sent: lupu_evm::send::Sent) -> Self {
        Self { sequence: sent.sequence, transaction: sent.transaction, block: sent.block, used: sent.gas_used }
    }
}

impl From<lupu_substrate::send::Sent> for Sent {
    fn from(sent: lupu_substrate::send::Sent) -> Self {
        Self { sequence: sent.sequence, transaction: sent.transaction, block: sent.block, used: sent.weight_used }
    }
}

/// A packet that was sent, and its end if that was waited for.
#[derive(Serialize)]
pub struct Report {
    /// `chain/client/sequence`.
    pub packet: String,
    /// The transaction that sent it.
    pub transaction: B256,
    /// Its block.
    pub height: u64,
    /// Gas of that transaction; on a Substrate chain its weight, in picoseconds.
    pub gas_used: u64,
    /// From this second on it can only time out.
    pub timeout_timestamp: u64,
    /// `acknowledged`, `refused`, `timed-out`; nothing if it was not waited for.
    pub outcome: Option<&'static str>,
    /// What the receiver answered.
    pub acknowledgement: Option<Vec<alloy::primitives::Bytes>>,
    /// Seconds from sending to the end.
    pub seconds: Option<f64>,
}

/// A chain to send from, open.
pub struct Source<'a> {
    /// From where to where.
    pub way: &'a Way,
    /// The configuration.
    pub config: &'a Config,
    /// The bound client that leads there.
    pub client: &'a ClientConfig,
    /// The chain, with the account that sends.
    pub host: &'a Host,
}

/// Prints the packet; waits for its end if asked to.
pub async fn finish(
    source: Source<'_>,
    sent: Sent,
    timeout: u64,
    what: &str,
    context: &Context,
) -> Result<u8, Failure> {
    let Source { way, client, .. } = source;
    let packet = PacketId { chain: way.from.clone(), client: client.id.clone(), sequence: sent.sequence };
    let mut report = Report {
        packet: packet.to_string(),
        transaction: sent.transaction,
        height: sent.block,
        gas_used: sent.used,
        timeout_timestamp: timeout,
        outcome: None,
        acknowledgement: None,
        seconds: None,
    };
    let out = context.out;
    if !way.wait {
        out.print(&report, |out| {
            let next = format!("lupu packet show {}", report.packet);
            format!("{what}: packet {}\n{} {next}", out.bold(&report.packet), out.dim("follow it with"))
        })?;
        return Ok(OK);
    }
    out.note(&format!("{what}: packet {}", report.packet));
    let started = Instant::now();
    let spinner = spinner(&out, &report.packet);
    let end = wait(&source, &sent).await;
    spinner.finish_and_clear();
    let end = end?;
    report.seconds = Some(started.elapsed().as_secs_f64());
    let (outcome, code) = match end {
        PacketEventKind::Acknowledged(answer) => {
            let refused = answer.is_error();
            report.acknowledgement = Some(answer.0);
            if refused { ("refused", NEGATIVE) } else { ("acknowledged", OK) }
        }
        _ => ("timed-out", NEGATIVE),
    };
    report.outcome = Some(outcome);
    out.print(&report, |out| {
        let seconds = report.seconds.unwrap_or_default();
        match outcome {
            "acknowledged" => format!("{} after {seconds:.1} s", out.good("acknowledged")),
            "refused" => {
                format!("{} by the receiver after {seconds:.1} s; what was sent is given back", out.bad("refused"))
            }
            _ => format!("{} after {seconds:.1} s; what was sent is given back", out.bad("timed out")),
        }
    })?;
    Ok(code)
}

fn spinner(out: &Output, packet: &str) -> ProgressBar {
    if !out.interactive() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(format!("waiting for {packet}"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Reads the source chain's finalized events until the packet has ended there.
async fn wait(source: &Source<'_>, sent: &Sent) -> Result<PacketEventKind, Failure> {
    let Source { way, config, client, host } = *source;
    let chain = match host.followed() {
        Some(chain) => chain,
        None => links::reader(config, links::chain(config, &way.from)?).await?.chain(),
    };
    let started = Instant::now();
    let mut next = sent.block;
    loop {
        match look(&*chain, client, sent, &mut next).await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => {}
            Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::RateLimited | ErrorKind::Pruned) => {
            }
            Err(error) => return Err(error.into()),
        }
        if started.elapsed() > way.timeout + GRACE {
            return Err(Failure::failed(format!(
                "packet {}/{}/{} has not ended after {} s; is a relayer running? `lupu status` shows it",
                way.from,
                client.id,
                sent.sequence,
                started.elapsed().as_secs()
            )));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn look(
    chain: &dyn Chain,
    client: &ClientConfig,
    sent: &Sent,
    next: &mut u64,
) -> Result<Option<PacketEventKind>, AdapterError> {
    let head = chain.finalized().await?.height.0;
    while *next <= head {
        let to = head.min(next.saturating_add(RANGE));
        for event in chain.events(Height(*next), Height(to)).await? {
            let ours = event.packet.source_client == client.id && event.packet.sequence.get() == sent.sequence;
            if ours && matches!(event.kind, PacketEventKind::Acknowledged(_) | PacketEventKind::TimedOut) {
                return Ok(Some(event.kind));
            }
        }
        *next = to + 1;
    }
    Ok(None)
}
