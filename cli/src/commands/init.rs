//! `lupu init`: a commented configuration to start from.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use alloy::primitives::B256;
use alloy::providers::{Provider, ProviderBuilder};
use lupu_adapter::ErrorKind;
use lupu_relayer::config::{ChainSketch, ConfigFile, Consensus, FamilySketch, template};
use lupu_standard::ChainId;
use serde::Serialize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  lupu init                                        two example chains, to be edited
  lupu init --chain harbour=http://127.0.0.1:8545 --chain bank=http://127.0.0.1:9545
                                                   asks each node for its chain id
  lupu init --chain bank=http://127.0.0.1:9545 --chain customs=ws://127.0.0.1:9944
                                                   only ws: a Substrate chain, asked for its genesis
  lupu init --chain harbour=http://10.0.0.1:8545,http://10.0.0.2:8545,ws://10.0.0.1:8546

Next: `lupu key add NAME`, `lupu deploy --chain NAME` (EVM), `lupu client create`, `lupu client bind`, `lupu start`.";

/// How long a node may take to say which chain it serves.
const PATIENCE: Duration = Duration::from_secs(5);

/// Options of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A chain and its endpoints, http and ws; of a Substrate chain only ws. Can be given several times.
    #[arg(long = "chain", value_name = "NAME=URL[,URL…]", value_parser = chain_option)]
    chains: Vec<ChainOption>,
    /// How the EVM chains' blocks are sealed.
    #[arg(long, value_name = "qbft|ibft2", default_value = "qbft", value_parser = consensus)]
    consensus: Consensus,
}

#[derive(Clone, Debug)]
struct ChainOption {
    name: ChainId,
    rpc: Vec<String>,
    ws: Vec<String>,
}

fn chain_option(text: &str) -> Result<ChainOption, String> {
    let (name, urls) = text.split_once('=').ok_or("write NAME=URL")?;
    let name = ChainId::from_str(name).map_err(|e| e.to_string())?;
    let (ws, rpc): (Vec<_>, Vec<_>) =
        urls.split(',').map(|u| u.trim().to_owned()).partition(|u| u.starts_with("ws://") || u.starts_with("wss://"));
    match rpc.iter().find(|u| !u.starts_with("http://") && !u.starts_with("https://")) {
        Some(_) => Err("endpoints start with http://, https://, ws:// or wss://".into()),
        None => Ok(ChainOption { name, rpc, ws }),
    }
}

fn consensus(name: &str) -> Result<Consensus, String> {
    [Consensus::Qbft, Consensus::Ibft2]
        .into_iter()
        .find(|c| c.as_str() == name)
        .ok_or_else(|| "allowed: qbft, ibft2".into())
}

#[derive(Serialize)]
struct Report {
    config: PathBuf,
    chains: Vec<ChainId>,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let path = &context.config_path;
    if path.exists() {
        return Err(lupu_relayer::config::ConfigError::Exists { path: path.clone() }.into());
    }
    let sketches = if args.chains.is_empty() { examples() } else { ask(args).await? };
    ConfigFile::create(path, &template(&sketches))?;
    let report = Report { config: path.clone(), chains: sketches.iter().map(|s| s.name.clone()).collect() };
    context.out.print(&report, |out| {
        let next = if args.chains.is_empty() {
            "edit it, then see what is missing with `lupu config check`".to_owned()
        } else {
            let keys = sketches.iter().map(|s| format!("lupu key add {}-relayer", s.name));
            let evm = sketches.iter().filter(|s| matches!(s.family, FamilySketch::Evm { .. }));
            let next: Vec<_> = keys.chain(evm.map(|s| format!("lupu deploy --chain {}", s.name))).collect();
            next.join(", ")
        };
        format!("{} written\n{} {next}", out.bold(&path.display().to_string()), out.dim("next:"))
    })?;
    Ok(OK)
}

fn examples() -> Vec<ChainSketch> {
    [("harbour", 1001, 8545), ("bank", 2001, 9545)]
        .into_iter()
        .filter_map(|(name, chain_id, port)| {
            let name = ChainId::new(name).ok()?;
            Some(sketch(
                name,
                chain_id,
                Consensus::Qbft,
                vec![format!("http://127.0.0.1:{port}")],
                vec![format!("ws://127.0.0.1:{port}")],
            ))
        })
        .collect()
}

fn sketch(name: ChainId, chain_id: u64, consensus: Consensus, rpc: Vec<String>, ws: Vec<String>) -> ChainSketch {
    let keys = keys(&name);
    ChainSketch { name, family: FamilySketch::Evm { chain_id, consensus, rpc }, ws, keys }
}

async fn ask(args: &Args) -> Result<Vec<ChainSketch>, Failure> {
    let mut out = Vec::new();
    for ChainOption { name, rpc, ws } in &args.chains {
        if rpc.is_empty() {
            let (family, keys) = (FamilySketch::Substrate { genesis: genesis(name, ws).await? }, keys(name));
            out.push(ChainSketch { name: name.clone(), family, ws: ws.clone(), keys });
            continue;
        }
        let chain_id = chain_id(name, rpc).await?;
        out.push(sketch(name.clone(), chain_id, args.consensus, rpc.clone(), ws.clone()));
    }
    Ok(out)
}

fn keys(name: &ChainId) -> Vec<String> {
    vec![format!("{name}-relayer")]
}

/// The hash of block 0 that the endpoints of a Substrate chain give.
async fn genesis(name: &ChainId, ws: &[String]) -> Result<B256, Failure> {
    let endpoints = links::substrate_endpoints(name.as_str(), ws)?;
    let asked = lupu_substrate::unproven::genesis(&endpoints);
    let answer = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| {
        Failure::failed(format!("{name}: {} does not answer within {} s", ws.join(", "), PATIENCE.as_secs()))
    })?;
    answer.map_err(|error| match error.kind {
        ErrorKind::Misconfigured => error.into(),
        ErrorKind::Unavailable => {
            let message = error.message;
            Failure::failed(format!("{name}: {} does not answer: {message}; is the node up?", ws.join(", ")))
        }
        _ => Failure::failed(format!(
            "{name}: {} does not say the hash of its block 0: {}; an EVM chain needs an http:// endpoint too",
            ws.join(", "),
            error.message
        )),
    })
}

/// The chain id that every endpoint of a chain gives.
async fn chain_id(name: &ChainId, endpoints: &[String]) -> Result<u64, Failure> {
    let mut found = None;
    for endpoint in endpoints {
        let url = endpoint.parse().map_err(|e| Failure::usage(format!("{endpoint}: not a URL: {e}")))?;
        let provider = ProviderBuilder::new().connect_http(url);
        let answer = tokio::time::timeout(PATIENCE, provider.get_chain_id()).await;
        let id = match answer {
            Ok(Ok(id)) => id,
            Ok(Err(error)) => {
                return Err(Failure::failed(format!(
                    "{name}: {endpoint} does not say its chain id: {error}; is the node up?"
                )));
            }
            Err(_) => {
                return Err(Failure::failed(format!(
                    "{name}: {endpoint} does not answer within {} s",
                    PATIENCE.as_secs()
                )));
            }
        };
        match found {
            Some(other) if other != id => {
                return Err(Failure::usage(format!(
                    "{name}: {endpoint} serves chain {id}, the endpoints before it chain {other}"
                )));
            }
            _ => found = Some(id),
        }
    }
    found.ok_or_else(|| Failure::usage(format!("{name}: no endpoint")))
}
