//! `lupu init`: a commented configuration to start from.

use crate::context::Context;
use crate::failure::{Failure, OK};
use alloy::providers::{Provider, ProviderBuilder};
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
  lupu init --chain harbour=http://10.0.0.1:8545,http://10.0.0.2:8545,ws://10.0.0.1:8546

Next: `lupu key add NAME`, `lupu deploy --chain NAME`, `lupu client create`, `lupu client bind`, `lupu start`.";

/// How long a node may take to say its chain id.
const PATIENCE: Duration = Duration::from_secs(5);

/// Options of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A chain and its endpoints, http and ws. Can be given several times.
    #[arg(long = "chain", value_name = "NAME=URL[,URL…]", value_parser = chain_option)]
    chains: Vec<ChainOption>,
    /// How the chains' blocks are sealed.
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
        None if rpc.is_empty() => Err("at least one endpoint must be http:// or https://".into()),
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
            let keys: Vec<_> = sketches.iter().map(|s| format!("lupu key add {}-relayer", s.name)).collect();
            format!("{}, then `lupu deploy --chain {}`", keys.join(", "), sketches[0].name)
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
    let keys = vec![format!("{name}-relayer")];
    ChainSketch { name, family: FamilySketch::Evm { chain_id, consensus, rpc }, ws, keys }
}

async fn ask(args: &Args) -> Result<Vec<ChainSketch>, Failure> {
    let mut out = Vec::new();
    for chain in &args.chains {
        let chain_id = chain_id(&chain.name, &chain.rpc).await?;
        out.push(sketch(chain.name.clone(), chain_id, args.consensus, chain.rpc.clone(), chain.ws.clone()));
    }
    Ok(out)
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
