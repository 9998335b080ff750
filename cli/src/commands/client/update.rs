//! `lupu client update`.

use crate::commands::packet::unit;
use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::host::{self, Host};
use crate::links;
use lupu_adapter::TrustedState;
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
    transaction: Option<String>,
    gas_used: Option<u64>,
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
    let on = links::chain(&config, &client.on)?;
    if !client.bound {
        return Err(Failure::usage(format!("{0} is not bound; bind it with `lupu client bind {0}`", client.id)));
    }
    let account = Host::open(&config, on, args.key.as_deref(), context).await?;
    let source = links::reader(&config, links::chain(&config, &client.of)?).await?;
    let prover = source.prover_for(on);
    let (state, _) = account.state(&config, client).await?;
    let height = host::read(&client.id, &state)?.latest_height();
    let consensus_state = account.consensus_state(&config, client, height).await?;
    let target = match args.height {
        Some(height) => Height(height),
        None => prover.provable_height().await?,
    };
    let mut report = Report { client: client.id.clone(), from: height.0, updates: Vec::new() };
    if target > height {
        let trusted = TrustedState { height, consensus_state };
        for update in prover.updates(&state, &trusted, target).await? {
            let done = account.update(client, update.message).await?;
            let (transaction, gas_used) = (done.transaction, done.gas_used);
            report.updates.push(Update { height: update.height.0, transaction, gas_used });
        }
    }
    context.out.print(&report, |out| {
        if report.updates.is_empty() {
            return format!("{} knows block {} already", out.bold(report.client.as_str()), report.from);
        }
        let line = |u: &Update| {
            format!(
                "{} {} → {}, {} {}\n",
                out.bold(report.client.as_str()),
                report.from,
                u.height,
                crate::output::grouped(u.gas_used.unwrap_or_default()),
                unit(&config, &client.on)
            )
        };
        report.updates.iter().map(line).collect()
    })?;
    Ok(OK)
}
