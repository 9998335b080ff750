//! `lupu packet`: what the relayer knows about packets.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::output::{Output, duration, grouped};
use clap::Subcommand;
use lupu_relayer::Store;
use lupu_relayer::config::{Config, Family};
use lupu_relayer::packet::State;
use lupu_relayer::store::{PacketFilter, PacketRow, Stamp, StoreError, TransactionRow, TransitionRow, now_ms};
use lupu_standard::{ChainId, ClientId};
use serde::Serialize;
use std::str::FromStr;

/// Commands about packets.
#[derive(Debug, Subcommand)]
pub enum PacketCommand {
    /// List packets, newest first.
    #[command(
        after_help = "Examples:\n  lupu packet list --open\n  lupu packet list --chain bank --state held-receive\n  lupu packet list --json --limit 1000"
    )]
    List(ListArgs),
    /// Show everything about one packet: where it is, why, and every step it took.
    #[command(after_help = "Examples:\n  lupu packet show bank/bank.qbft-harbour/7")]
    Show(OneArgs),
    /// Try a packet's next step again now, without waiting for its backoff.
    #[command(
        after_help = "Examples:\n  lupu packet retry bank/bank.qbft-harbour/7\n\nA running relayer sees it within seconds."
    )]
    Retry(OneArgs),
}

/// Options of `packet list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Sent on this chain.
    #[arg(long, value_name = "NAME")]
    chain: Option<ChainId>,
    /// Sent by this client.
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
    /// In this state, for example sent, received, held-receive, timed-out.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
    /// Only packets that are not done.
    #[arg(long)]
    open: bool,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: u32,
}

/// One packet.
#[derive(Debug, clap::Args)]
pub struct OneArgs {
    /// The packet: source chain, client there, sequence.
    #[arg(value_name = "CHAIN/CLIENT/SEQUENCE")]
    packet: PacketId,
}

/// `chain/client/sequence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketId {
    /// The chain that sent it.
    pub chain: ChainId,
    /// The client there.
    pub client: ClientId,
    /// Its sequence.
    pub sequence: u64,
}

impl FromStr for PacketId {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let mut parts = s.split('/');
        let (Some(chain), Some(client), Some(sequence), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("write CHAIN/CLIENT/SEQUENCE, for example bank/bank.qbft-harbour/7".into());
        };
        Ok(Self {
            chain: chain.parse().map_err(|e: lupu_standard::IdentifierError| e.to_string())?,
            client: client.parse().map_err(|e: lupu_standard::IdentifierError| e.to_string())?,
            sequence: sequence.parse().ok().filter(|n| *n > 0).ok_or("the sequence is a number from 1")?,
        })
    }
}

impl std::fmt::Display for PacketId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.chain, self.client, self.sequence)
    }
}

fn state(name: &str) -> Result<State, String> {
    State::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| {
        let names: Vec<_> = State::ALL.iter().map(|s| s.name()).collect();
        format!("states are: {}", names.join(", "))
    })
}

/// A packet with its name.
#[derive(Serialize)]
struct Named<'a> {
    id: String,
    #[serde(flatten)]
    row: &'a PacketRow,
}

fn id(row: &PacketRow) -> String {
    format!("{}/{}/{}", row.lane.source_chain, row.lane.source_client, row.packet.sequence)
}

/// The relayer's store, beside a running relayer.
pub async fn store(config: &Config) -> Result<Store, Failure> {
    Store::open_shared(&config.relayer.store).await.map_err(|error| match error {
        StoreError::Missing(path) => {
            Failure::failed(format!("{}: the relayer has no store yet; `lupu start` makes one", path.display()))
        }
        other => other.into(),
    })
}

impl PacketCommand {
    /// Runs it.
    pub async fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let store = store(&config).await?;
        match self {
            Self::List(args) => list(args, &store, &context.out).await,
            Self::Show(args) => show(&args.packet, &config, &store, &context.out).await,
            Self::Retry(args) => retry(&args.packet, &store, &context.out).await,
        }
    }
}

async fn list(args: &ListArgs, store: &Store, out: &Output) -> Result<u8, Failure> {
    let filter = PacketFilter {
        source_chain: args.chain.clone(),
        source_client: args.client.clone(),
        state: args.state,
        open: args.open,
        limit: args.limit,
        before: None,
    };
    let rows = store.packets(&filter).await?;
    let named: Vec<_> = rows.iter().map(|row| Named { id: id(row), row }).collect();
    out.print(&named, |out| {
        if rows.is_empty() {
            return "no packets".into();
        }
        let cells = rows.iter().map(|row| {
            let kind = row.packet.payloads.first().map(|p| p.destination_port.to_string()).unwrap_or_default();
            let age = row.sent.map(|s| ago(s.seen_at)).unwrap_or_default();
            vec![
                id(row),
                row.lane.destination_chain.to_string(),
                kind,
                row.state.name().to_owned(),
                age,
                row.reason.clone().unwrap_or_default(),
            ]
        });
        out.table(&["packet", "to", "port", "state", "seen", "reason"], cells)
    })?;
    Ok(OK)
}

#[derive(Serialize)]
struct Everything<'a> {
    id: String,
    #[serde(flatten)]
    row: &'a PacketRow,
    history: &'a [TransitionRow],
    transactions: &'a [TransactionRow],
}

/// What a chain counts work in.
pub fn unit(config: &Config, chain: &ChainId) -> &'static str {
    match config.chain(chain).map(|c| &c.family) {
        Some(Family::Substrate(_)) => "ps of weight",
        _ => "gas",
    }
}

async fn show(packet: &PacketId, config: &Config, store: &Store, out: &Output) -> Result<u8, Failure> {
    let row = find(packet, store).await?;
    let history = store.history(&row).await?;
    let transactions = store.transactions_of(row.id).await?;
    let everything = Everything { id: packet.to_string(), row: &row, history: &history, transactions: &transactions };
    out.print(&everything, |out| text(&everything, config, out))?;
    Ok(OK)
}

async fn retry(packet: &PacketId, store: &Store, out: &Output) -> Result<u8, Failure> {
    find(packet, store).await?;
    let row = store.retry(&packet.chain, &packet.client, packet.sequence).await?;
    out.print(&Named { id: packet.to_string(), row: &row }, |out| {
        if row.state.is_final() {
            return format!("{} is {}: nothing is left to do", out.bold(&packet.to_string()), row.state.name());
        }
        format!("{} is {} and is tried again now", out.bold(&packet.to_string()), row.state.name())
    })?;
    Ok(OK)
}

/// A packet of the store.
pub async fn find(packet: &PacketId, store: &Store) -> Result<PacketRow, Failure> {
    store.packet(&packet.chain, &packet.client, packet.sequence).await.map_err(|error| match error {
        StoreError::NoPacket { .. } => {
            Failure::failed(format!("the relayer has not seen packet {packet}; `lupu packet list` shows what it has"))
        }
        other => other.into(),
    })
}

fn ago(at: i64) -> String {
    format!("{} ago", duration(u64::try_from(now_ms().saturating_sub(at)).unwrap_or(0) / 1_000))
}

fn text(all: &Everything<'_>, config: &Config, out: &Output) -> String {
    let row = all.row;
    let stamp = |s: &Stamp| format!("block {}, transaction {}, {}", s.height, s.transaction, ago(s.seen_at));
    let mut pairs = vec![
        ("packet", out.bold(&all.id)),
        ("to", format!("{} through {}", row.lane.destination_chain, row.lane.destination_client)),
        ("state", row.state.name().to_owned()),
    ];
    if let Some(reason) = &row.reason {
        pairs.push(("reason", reason.clone()));
    }
    if row.attempts > 0 {
        pairs.push(("failed tries", row.attempts.to_string()));
    }
    pairs.push(("times out", crate::output::time(row.packet.timeout_timestamp.0)));
    for payload in &row.packet.payloads {
        let (from, to) = (&payload.source_port, &payload.destination_port);
        pairs.push((
            "payload",
            format!("{from} → {to}, {}, {}, {} bytes", payload.version, payload.encoding, payload.value.len()),
        ));
    }
    for (name, at) in [("sent", &row.sent), ("received", &row.received), ("settled", &row.settled)] {
        if let Some(at) = at {
            pairs.push((name, stamp(at)));
        }
    }
    for (name, chain, gas, bytes) in [
        ("receiving", &row.lane.destination_chain, row.receive_gas, row.receive_proof_bytes),
        ("settling", &row.lane.source_chain, row.settle_gas, row.settle_proof_bytes),
    ] {
        if let (Some(gas), Some(bytes)) = (gas, bytes) {
            let (gas, unit, bytes) = (grouped(gas), unit(config, chain), grouped(bytes));
            pairs.push((name, format!("{gas} {unit}, {bytes} bytes of proof, this packet's share")));
        }
    }
    let mut text = out.pairs(&pairs);
    if !all.history.is_empty() {
        text.push('\n');
        let rows = all.history.iter().map(|t| {
            vec![ago(t.at), t.from.clone(), t.event.clone(), t.to.clone(), t.reason.clone().unwrap_or_default()]
        });
        text.push_str(&out.table(&["when", "from", "event", "to", "reason"], rows));
    }
    text
}
