//! `lupu status`: chains, clients and packets at a glance.

use crate::commands::client::show::{Found, look, table};
use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::known::account;
use crate::links;
use crate::output::{Output, duration, time};
use alloy::primitives::{Address, U256};
use lupu_evm::Endpoints;
use lupu_evm::endpoints::Bad;
use lupu_relayer::Store;
use lupu_relayer::config::{ChainConfig, Config, Family, KeyRef, SubstrateSettings};
use lupu_relayer::keys::{self, Keystore, Password};
use lupu_relayer::setup::substrate_source;
use lupu_relayer::store::{LaneCount, TransactionTotals, WorkerRow, WorkerState, now_ms};
use lupu_substrate::keys::address as ss58;
use serde::Serialize;
use std::collections::BTreeMap;

const HELP: &str = "\
Examples:
  lupu status
  lupu status --json

Asks every chain, and reads the relayer's store if there is one; a running relayer is not disturbed.
Accounts of keys on Substrate chains are shown where the keystore's password is given, or the key stands in the
environment. Exit code 0: all is well; 1: a chain does not answer, a client is not active, or a worker is refused.";

/// Options of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {}

#[derive(Serialize)]
struct Key {
    key: String,
    address: Option<String>,
    balance: Option<String>,
}

#[derive(Serialize)]
struct ChainStatus {
    chain: String,
    /// EIP-155 chain id, or the genesis hash.
    identity: String,
    height: Option<u64>,
    timestamp: Option<u64>,
    deployed: bool,
    keys: Vec<Key>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Packets {
    route: String,
    states: BTreeMap<&'static str, u64>,
    oldest_open_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Report {
    chains: Vec<ChainStatus>,
    clients: Vec<Found>,
    workers: Vec<WorkerRow>,
    packets: Vec<Packets>,
    transactions: Vec<TransactionTotals>,
    store: Option<String>,
    problems: Vec<String>,
}

/// Runs it.
pub async fn run(_: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let mut report = Report {
        chains: Vec::new(),
        clients: Vec::new(),
        workers: Vec::new(),
        packets: Vec::new(),
        transactions: Vec::new(),
        store: None,
        problems: Vec::new(),
    };
    let password = context.given_password()?;
    for chain in config.chains.values() {
        report.chains.push(ask(&config, chain, password.as_ref()).await);
    }
    for client in &config.clients {
        report.clients.push(look(&config, client).await);
    }
    match Store::open_shared(&config.relayer.store).await {
        Ok(store) => read(&store, &mut report).await?,
        Err(lupu_relayer::store::StoreError::Missing(_)) => {}
        Err(error) => report.problems.push(error.to_string()),
    }
    judge(&mut report);
    context.out.print(&report, |out| text(&report, out))?;
    Ok(if report.problems.is_empty() { OK } else { NEGATIVE })
}

async fn ask(config: &Config, chain: &ChainConfig, password: Option<&Password>) -> ChainStatus {
    let keystore = Keystore::new(&config.relayer.keystore);
    let mut status = ChainStatus {
        chain: chain.name.to_string(),
        identity: identity(chain),
        height: None,
        timestamp: None,
        deployed: !chain.needs_contracts(),
        keys: Vec::new(),
        problem: None,
    };
    match newest(chain).await {
        Ok((height, timestamp)) => {
            status.height = Some(height);
            status.timestamp = timestamp;
        }
        Err(failure) => status.problem = Some(failure.line),
    }
    for key in &chain.keys {
        let (address, balance) = match &chain.family {
            Family::Evm(_) => evm_account(chain, key, &keystore).await,
            Family::Substrate(settings) => match account(key, &keystore, password) {
                Some(public) => (Some(ss58(&public)), native(chain, settings, &public).await),
                None => (None, None),
            },
        };
        status.keys.push(Key { key: key.to_string(), address, balance });
    }
    status
}

async fn evm_account(chain: &ChainConfig, key: &KeyRef, keystore: &Keystore) -> (Option<String>, Option<String>) {
    let Some(address) = keys::address(key, keystore).ok().flatten() else { return (None, None) };
    let balance = match links::endpoints(chain) {
        Ok(endpoints) => balance(&endpoints, address).await,
        Err(_) => None,
    };
    (Some(address.to_string()), balance)
}

/// An account's native balance in the smallest unit, if a node says it.
async fn native(chain: &ChainConfig, settings: &SubstrateSettings, account: &[u8; 32]) -> Option<String> {
    let endpoints = links::substrate_endpoints(chain.name.as_str(), &settings.ws).ok()?;
    let balance = lupu_substrate::unproven::native_balance(&endpoints, account).await.ok()?;
    Some(balance.to_string())
}

fn identity(chain: &ChainConfig) -> String {
    match &chain.family {
        Family::Evm(evm) => evm.chain_id.to_string(),
        Family::Substrate(substrate) => substrate.genesis.to_string(),
    }
}

/// Height and time of the newest block that an endpoint shows.
async fn newest(chain: &ChainConfig) -> Result<(u64, Option<u64>), Failure> {
    let none = || Failure::failed("no endpoint shows a block");
    match &chain.family {
        Family::Evm(_) => {
            let headers = links::headers(chain)?;
            let shown = headers.newest().await.map_err(|e| Failure::from(e.into_adapter(chain.name.as_str())))?;
            let newest = shown.into_iter().map(|s| s.header).max_by_key(lupu_qbft::Header::number);
            let header = newest.ok_or_else(none)?;
            Ok((header.number().0, Some(header.timestamp().0)))
        }
        Family::Substrate(settings) => {
            let anchor = lupu_substrate::propose_anchor(&substrate_source(chain, settings)?, None).await?;
            let endpoints = links::substrate_endpoints(chain.name.as_str(), &settings.ws)?;
            Ok((anchor.height, lupu_substrate::unproven::clock(&endpoints).await?))
        }
    }
}

/// An account's balance in wei, if the node says it.
async fn balance(endpoints: &Endpoints, address: Address) -> Option<String> {
    let read = |value: serde_json::Value| {
        let text = value.as_str().and_then(|s| U256::from_str_radix(s.strip_prefix("0x")?, 16).ok());
        text.ok_or_else(|| Bad::Lied("balance is no number".into()))
    };
    let params = serde_json::json!([address, "latest"]);
    endpoints.ask("eth_getBalance", params, read).await.ok().map(|b| b.to_string())
}

async fn read(store: &Store, report: &mut Report) -> Result<(), Failure> {
    report.store = Some(store.path().display().to_string());
    report.workers = store.workers().await?;
    report.transactions = store.transaction_totals().await?;
    let mut by_route: BTreeMap<String, Packets> = BTreeMap::new();
    for LaneCount { lane, state, packets, oldest } in store.counts().await? {
        let route = format!("{} → {}", lane.source_chain, lane.destination_chain);
        let entry = by_route.entry(route.clone()).or_insert(Packets {
            route,
            states: BTreeMap::new(),
            oldest_open_seconds: None,
        });
        *entry.states.entry(state.name()).or_default() += packets;
        if let Some(oldest) = oldest.filter(|_| !state.is_final()) {
            let age = u64::try_from(now_ms().saturating_sub(oldest)).unwrap_or(0) / 1_000;
            entry.oldest_open_seconds = entry.oldest_open_seconds.max(Some(age));
        }
    }
    report.packets = by_route.into_values().collect();
    Ok(())
}

fn judge(report: &mut Report) {
    let problems = &mut report.problems;
    for chain in &report.chains {
        problems.extend(chain.problem.clone());
        problems.extend(
            (!chain.deployed).then(|| format!("{0}: nothing is deployed; run `lupu deploy --chain {0}`", chain.chain)),
        );
    }
    for found in &report.clients {
        let id = &found.client.id;
        match (found.status, found.expires_in) {
            ("active", Some(left)) if left < found.client.parameters.trusting_period / 3 => {
                problems.push(format!(
                    "{id}: expires in {}; is the relayer running? `lupu client update {id}` refreshes it",
                    duration(left)
                ));
            }
            ("active", _) => {}
            ("expired", _) => {
                problems.push(format!("{id}: expired; only governance can put a new client in its place"))
            }
            ("frozen", _) => {
                problems.push(format!("{id}: frozen, misbehaviour was proven; only governance can go on from here"))
            }
            _ => problems.push(format!("{id}: {}", found.problem.as_deref().unwrap_or("cannot be read"))),
        }
    }
    for worker in report.workers.iter().filter(|w| w.state == WorkerState::Refused) {
        let reason = worker.reason.as_deref().unwrap_or("no reason given");
        problems.push(format!("{}/{}: not served: {reason}", worker.chain, worker.client));
    }
}

fn text(report: &Report, out: &Output) -> String {
    let mut text = String::new();
    let rows = report.chains.iter().map(|c| {
        let keys: Vec<_> =
            c.keys.iter().map(|k| format!("{} ({})", k.key, k.balance.as_deref().unwrap_or("?"))).collect();
        vec![
            c.chain.clone(),
            short(&c.identity),
            c.height.map_or_else(|| "does not answer".into(), |h| h.to_string()),
            c.timestamp.map(time).unwrap_or_default(),
            if c.deployed { "yes" } else { "no" }.to_owned(),
            keys.join(", "),
        ]
    });
    text.push_str(&out.table(&["chain", "id", "height", "time", "deployed", "keys (balance, smallest unit)"], rows));
    if !report.clients.is_empty() {
        text.push_str(&format!("\n\n{}", table(&report.clients, out)));
    }
    match &report.store {
        None => text.push_str(&format!("\n\n{}", out.dim("no relayer has run here yet: lupu start"))),
        Some(_) => text.push_str(&format!("\n\n{}", packets(report, out))),
    }
    if report.problems.is_empty() {
        text.push_str(&format!("\n\n{}", out.good("all is well")));
    }
    for problem in &report.problems {
        text.push_str(&format!("\n{} {problem}", out.bad("problem:")));
    }
    text
}

/// A hash is cut: the table is for reading.
fn short(identity: &str) -> String {
    match identity.get(..10) {
        Some(start) if identity.starts_with("0x") => format!("{start}…"),
        _ => identity.to_owned(),
    }
}

fn packets(report: &Report, out: &Output) -> String {
    if report.packets.is_empty() {
        return out.dim("no packets yet");
    }
    let rows = report.packets.iter().map(|p| {
        let open: u64 = p
            .states
            .iter()
            .filter(|(s, _)| !matches!(**s, "acknowledged" | "refused" | "timed-out"))
            .map(|(_, n)| n)
            .sum();
        let count = |state: &str| p.states.get(state).copied().unwrap_or(0).to_string();
        vec![
            p.route.clone(),
            open.to_string(),
            p.oldest_open_seconds.map(duration).unwrap_or_default(),
            count("acknowledged"),
            count("refused"),
            count("timed-out"),
        ]
    });
    out.table(&["packets", "open", "oldest", "acknowledged", "refused", "timed out"], rows)
}
