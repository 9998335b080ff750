//! `lupu proof anchor make`.

use super::export::write;
use crate::block_on;
use crate::commands::packet;
use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use crate::output::{Output, time};
use lupu_proof::{Anchor, AnchorClient};
use lupu_relayer::config::{ClientConfig, Config};
use lupu_relayer::proof::{Anchors, Nodes, fresh};
use lupu_relayer::setup;
use lupu_standard::{B256, ChainId, ClientId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

const HELP: &str = "\
Examples:
  lupu proof anchor make --chain bank -o bank-anchor.json
  lupu proof anchor make harbour/harbour.qbft-bank -o bank-anchor.json
  lupu proof anchor make --chain bank --new -o bank-today.json
  lupu proof anchor make --chain bank --chain harbour -o anchors/

An anchor is where trust in a chain begins: who its validators are at one block. Bundles that `lupu proof export`
makes of a chain begin at the anchor that this writes: the client as the relayer first saw it. --new makes one at
the newest block that can be proven, straight from nodes; give it to `lupu proof export` with --anchor.

Whoever checks a bundle trusts the anchor and nothing else. Its digest belongs where everybody can compare it.";

/// Options of `proof anchor make`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Clients of the chain: host and client. The anchor is of the chain that the client tracks.
    #[arg(value_name = "CHAIN/CLIENT", required_unless_present = "chain")]
    clients: Vec<Hosted>,
    /// The chain itself: one anchor for each way to prove it. May be repeated.
    #[arg(long, value_name = "NAME")]
    chain: Vec<ChainId>,
    /// At the newest block that can be proven, from nodes.
    #[arg(long)]
    new: bool,
    /// Where to write: a file for one anchor, a directory for several.
    #[arg(long, short, value_name = "FILE|DIR")]
    output: PathBuf,
}

/// `chain/client`.
#[derive(Clone, Debug)]
struct Hosted {
    on: ChainId,
    client: ClientId,
}

impl FromStr for Hosted {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (on, client) = s.split_once('/').ok_or("write CHAIN/CLIENT, for example harbour/harbour.qbft-bank")?;
        Ok(Self {
            on: on.parse().map_err(|e: lupu_standard::IdentifierError| e.to_string())?,
            client: client.parse().map_err(|e: lupu_standard::IdentifierError| e.to_string())?,
        })
    }
}

/// An anchor that was written.
#[derive(Serialize)]
struct Written {
    file: PathBuf,
    digest: B256,
    name: String,
    chain: String,
    host: String,
    client_type: &'static str,
    height: u64,
    timestamp: u64,
    validators: Vec<String>,
}

/// Runs it.
pub fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    block_on(make(args, context))
}

async fn make(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let anchors = if args.new { from_nodes(args, &config).await? } else { from_store(args, &config).await? };
    let several = anchors.len() > 1;
    let directory = several || args.output.is_dir() || args.output.as_os_str().as_encoded_bytes().ends_with(b"/");
    if directory {
        std::fs::create_dir_all(&args.output)
            .map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", args.output.display())))?;
    }
    let mut written = Vec::new();
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for anchor in anchors {
        // Two clients of one chain may have been seen first at different blocks.
        let name = format!("{}.{}", anchor.name, anchor.client.client_type());
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        let number = if *count > 1 { format!("-{count}") } else { String::new() };
        let file = match directory {
            true => args.output.join(format!("{name}{number}.json")),
            false => args.output.clone(),
        };
        written.push(keep(&anchor, &file)?);
    }
    context.out.print(&written, |out| written.iter().map(|one| text(one, out)).collect::<Vec<_>>().join("\n"))?;
    context.out.note(
        "Compare block, time and validators with what the chain's operators see, and publish the digest where those who \
         will check proofs can compare it.",
    );
    Ok(OK)
}

/// The client of the configuration that a person named.
fn client<'c>(config: &'c Config, hosted: &Hosted) -> Result<&'c ClientConfig, Failure> {
    let client = links::client(config, &hosted.client)?;
    if client.on == hosted.on {
        return Ok(client);
    }
    Err(Failure::usage(format!("client {} is on {}, not on {}", client.id, client.on, hosted.on)))
}

async fn from_nodes(args: &Args, config: &Config) -> Result<Vec<Anchor>, Failure> {
    let mut clients = args.clients.iter().map(|one| client(config, one)).collect::<Result<Vec<_>, _>>()?;
    for name in &args.chain {
        let tracked = links::chain(config, name)?;
        let mut types = Vec::new();
        for client in config.clients.iter().filter(|c| c.of == *name) {
            let kind = setup::client_type(tracked, links::chain(config, &client.on)?);
            if !types.contains(&kind) {
                types.push(kind);
                clients.push(client);
            }
        }
        if types.is_empty() {
            return Err(Failure::usage(format!("no client of {name} is in the configuration")));
        }
    }
    let mut nodes = Nodes::new(config);
    let mut made = Vec::new();
    for client in clients {
        made.push(fresh(&mut nodes, client).await?);
    }
    Ok(made)
}

async fn from_store(args: &Args, config: &Config) -> Result<Vec<Anchor>, Failure> {
    let store = packet::store(config).await?;
    let anchors = Anchors::load(&store, Vec::new()).await?;
    let none = |what: String| {
        Failure::failed(format!(
            "{what}: the relayer keeps an anchor when it first checks a client, and has kept none; start it once, or \
             take --new"
        ))
    };
    let mut found = Vec::new();
    for hosted in &args.clients {
        client(config, hosted)?;
        let anchor = anchors.of_client(&hosted.on, &hosted.client);
        found.push(anchor.ok_or_else(|| none(format!("{}/{}", hosted.on, hosted.client)))?.clone());
    }
    for name in &args.chain {
        links::chain(config, name)?;
        let of_chain = anchors.of_chain(name);
        if of_chain.is_empty() {
            return Err(none(name.to_string()));
        }
        found.extend(of_chain.into_iter().cloned());
    }
    Ok(found)
}

/// Writes an anchor's file, as far as it reads back as the same.
fn keep(anchor: &Anchor, file: &Path) -> Result<Written, Failure> {
    let bytes = match file.extension().is_some_and(|e| e == "cbor") {
        true => anchor.to_cbor(),
        false => anchor.to_json().into_bytes(),
    };
    if Anchor::decode(&bytes).ok().as_ref() != Some(anchor) {
        return Err(Failure::failed(format!("{}: the anchor does not read back as it was written", file.display())));
    }
    write(file, &bytes)?;
    let validators = match &anchor.client {
        AnchorClient::Qbft { validators, .. } => validators.iter().map(ToString::to_string).collect(),
        AnchorClient::Beefy { state, .. } => [("current", state.current), ("next", state.next)]
            .map(|(name, set)| format!("{name}: set {} of {} authorities, root {}", set.id, set.len, set.root))
            .to_vec(),
        AnchorClient::Grandpa { authorities, .. } => {
            authorities.authorities().iter().map(|a| format!("{} (weight {})", a.key, a.weight)).collect()
        }
    };
    Ok(Written {
        file: file.to_owned(),
        digest: anchor.digest(),
        name: anchor.name.clone(),
        chain: anchor.client.chain(),
        host: anchor.client.host(),
        client_type: anchor.client.client_type(),
        height: anchor.client.height().0,
        timestamp: anchor.client.timestamp().0,
        validators,
    })
}

fn text(one: &Written, out: &Output) -> String {
    let pairs = [
        ("digest", out.bold(&one.digest.to_string())),
        ("chain", format!("{} ({}), for clients of type {}", one.name, one.chain, one.client_type)),
        ("host", one.host.clone()),
        ("block", format!("{}, of {}", one.height, time(one.timestamp))),
        ("validators", one.validators.join("\n")),
    ];
    format!("{}\n{}", out.bold(&one.file.display().to_string()), out.pairs(&pairs))
}
