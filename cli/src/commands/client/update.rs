//! `lupu client update`.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use lupu_adapter::{Prover, TrustedState};
use lupu_evm::abi::{ILightClient, IRouter};
use lupu_qbft::ClientState;
use lupu_standard::{ClientId, Height};
use serde::Serialize;

/// Options of `client update`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lupu client update harbour.qbft-bank\n  lupu client update harbour.qbft-bank --height 5000"
)]
pub struct Args {
    /// The client.
    client: ClientId,
    /// The block to bring it to; default: the newest.
    #[arg(long, value_name = "NUMBER")]
    height: Option<u64>,
    /// The key that pays, by its name or env:NAME; default: the host chain's first.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Serialize)]
struct Update {
    height: u64,
    transaction: String,
    gas_used: u64,
}

#[derive(Serialize)]
struct Report {
    client: ClientId,
    from: u64,
    updates: Vec<Update>,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let client = links::client(&config, &args.client)?;
    let host = links::chain(&config, &client.on)?;
    let router = links::contracts(host)?.router;
    let location = client.light_client.filter(|_| client.bound).ok_or_else(|| {
        Failure::usage(format!("{} is not bound; bind it with `lupu client bind {}`", client.id, client.id))
    })?;
    let wallet = links::wallet(&config, host, args.key.as_deref(), context).await?;
    let host = links::reader(&config, host).await?;
    let source = links::reader(&config, links::chain(&config, &client.of)?).await?;

    let state = wallet.read(location, ILightClient::getClientStateCall {}).await?;
    let latest = ClientState::decode(&state)
        .map_err(|e| Failure::failed(format!("{location} is no light client of ours: {e}")))?;
    let height = latest.latest_height;
    let consensus_state = host.chain.preimage_at(location, height).await?.ok_or_else(|| {
        Failure::failed(format!("{}: no consensus state is found at its newest height {height}", client.id))
    })?;
    let target = match args.height {
        Some(height) => Height(height),
        None => source.prover.provable_height().await?,
    };
    let mut report = Report { client: client.id.clone(), from: height.0, updates: Vec::new() };
    if target > height {
        let trusted = TrustedState { height, consensus_state };
        for update in source.prover.updates(&state, &trusted, target).await? {
            let call = IRouter::updateClientCall { clientId: client.id.to_string(), updateMsg: update.message.into() };
            let receipt = wallet.call(router, call).await?;
            let (transaction, gas_used) = (receipt.hash.to_string(), receipt.gas_used);
            report.updates.push(Update { height: update.height.0, transaction, gas_used });
        }
    }
    context.out.print(&report, |out| {
        if report.updates.is_empty() {
            return format!("{} knows block {} already", out.bold(report.client.as_str()), report.from);
        }
        let line = |u: &Update| {
            format!(
                "{} {} → {}, {} gas\n",
                out.bold(report.client.as_str()),
                report.from,
                u.height,
                crate::output::grouped(u.gas_used)
            )
        };
        report.updates.iter().map(line).collect()
    })?;
    Ok(OK)
}
