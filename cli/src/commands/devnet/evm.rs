//! An embedded EVM chain.

use crate::context::Context;
use crate::failure::{Failure, OK};
use alloy::primitives::{Address, B256};
use lupu_evm_devnet::{Devnet, Hardfork, Kind};
use serde::Serialize;
use std::time::Duration;

/// Options of an EVM chain.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// A name for logs.
    #[arg(long, default_value = "devnet")]
    name: String,
    /// EIP-155 chain id.
    #[arg(long, default_value_t = 1337)]
    chain_id: u64,
    /// Port on loopback for HTTP and WebSocket; 0 lets the system choose. More nodes take the ports behind it.
    #[arg(long, default_value_t = 8545)]
    port: u16,
    /// How many nodes serve the chain, each showing its own quorum of seals.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// How many validators.
    #[arg(long, default_value_t = 4)]
    validators: usize,
    /// Time between blocks, for example 1s or 500ms.
    #[arg(long, default_value = "1s", value_parser = crate::duration::parse)]
    block_time: Duration,
    /// berlin, london, shanghai, cancun or prague.
    #[arg(long, default_value = "berlin", value_parser = hardfork)]
    hardfork: Hardfork,
    /// How blocks are sealed: qbft or ibft2.
    #[arg(long, default_value = "qbft", value_parser = kind)]
    kind: Kind,
    /// What the validators' and the development accounts' keys follow from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Accounts that own a million ether in block 0, beside the development accounts.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    fund: Vec<Address>,
    /// Lowest gas price that is taken, in wei.
    #[arg(long, default_value_t = 0)]
    min_gas_price: u128,
}

fn hardfork(name: &str) -> Result<Hardfork, String> {
    Hardfork::parse(name).ok_or_else(|| "allowed: berlin, london, shanghai, cancun, prague".into())
}

fn kind(name: &str) -> Result<Kind, String> {
    match name {
        "qbft" => Ok(Kind::Qbft),
        "ibft2" => Ok(Kind::Ibft2),
        _ => Err("allowed: qbft, ibft2".into()),
    }
}

#[derive(Serialize)]
struct Account {
    address: Address,
    key: B256,
}

#[derive(Serialize)]
struct Report {
    name: String,
    chain_id: u64,
    rpc: Vec<String>,
    ws: Vec<String>,
    validators: Vec<Address>,
    accounts: Vec<Account>,
}

/// Runs it, until Ctrl-C or SIGTERM.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    if args.block_time.is_zero() {
        return Err(Failure::usage("--block-time must be more than zero"));
    }
    let devnet = Devnet::builder()
        .name(&args.name)
        .chain_id(args.chain_id)
        .port(args.port)
        .nodes(args.nodes)
        .validators(args.validators)
        .block_time(args.block_time)
        .hardfork(args.hardfork)
        .kind(args.kind)
        .seed(args.seed)
        .fund(args.fund.iter().copied())
        .min_gas_price(args.min_gas_price)
        .start()
        .await
        .map_err(|e| Failure::usage(format!("{e}; choose another with --port")))?;
    let nodes = 0..devnet.nodes();
    let report = Report {
        name: args.name.clone(),
        chain_id: args.chain_id,
        rpc: nodes.clone().map(|i| devnet.http_url(i)).collect(),
        ws: nodes.map(|i| devnet.ws_url(i)).collect(),
        validators: devnet.validators(),
        accounts: devnet.dev_accounts().iter().map(|a| Account { address: a.address, key: a.key }).collect(),
    };
    context.out.print(&report, |out| text(&report, args, out))?;
    crate::shutdown::requested().await;
    devnet.shutdown().await;
    context.out.note("stopped");
    Ok(OK)
}

fn text(report: &Report, args: &Args, out: &crate::output::Output) -> String {
    let first = report.rpc.first().cloned().unwrap_or_default();
    let accounts: Vec<_> =
        report.accounts.iter().map(|a| format!("{}  {}", a.address, out.dim(&a.key.to_string()))).collect();
    let pairs = out.pairs(&[
        (
            "chain",
            format!("{}, chain id {}, a block every {:?}", out.bold(&report.name), report.chain_id, args.block_time),
        ),
        ("HTTP", report.rpc.join("\n")),
        ("WebSocket", report.ws.join("\n")),
        ("validators", report.validators.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        ("accounts", accounts.join("\n")),
    ]);
    let name = &report.name;
    format!(
        "{pairs}\nThe accounts are for development: their keys are no secret.\n\n{} in another terminal, once all chains are up:\n  \
         lupu init --chain {name}={first} --chain OTHER=URL\n  lupu key add {name}-relayer && lupu deploy --chain {name}\n\nCtrl-C stops the chain.",
        out.dim("next,")
    )
}
