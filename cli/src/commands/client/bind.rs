//! `lupu client bind`: phase two of a route, governance's word.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::host::{self, Host};
use crate::links;
use lupu_adapter::TrustedState;
use lupu_relayer::config::{ChainConfig, ClientConfig, Config, ConfigFile};
use lupu_relayer::setup::merkle_prefix;
use lupu_standard::ClientId;
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu client bind harbour.qbft-bank
  lupu client bind harbour.qbft-bank --key governance

Before it signs, it checks that the light client is of the right chain, router and code, and that it
trusts a block that the chain really has. Whoever binds decides what the router believes.";

/// Options of `client bind`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The client.
    client: ClientId,
    /// Governance's key, by its name or env:NAME; default: the host chain's first.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Serialize)]
struct Report {
    client: ClientConfig,
    transaction: Option<String>,
    route: bool,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let mut client = links::client(&config, &args.client)?.clone();
    let host = links::chain(&config, &client.on)?;
    let tracked = links::chain(&config, &client.of)?;
    if config.counterparty(&client).is_none() {
        return Err(Failure::usage(format!(
            "{} needs its counterparty {} first: lupu client create --on {} --of {}",
            client.id, client.counterparty, client.of, client.on
        )));
    }
    let account = Host::open(&config, host, args.key.as_deref(), context).await?;
    check(&config, &client, &account, host, tracked).await?;
    let done = account.bind(&client, merkle_prefix(tracked)).await?;
    client.bound = true;
    let mut file = ConfigFile::open(&context.config_path)?;
    file.put_client(&client);
    file.save()?;
    let route = context.config()?.routes().iter().any(|r| r.a.id == client.id || r.b.id == client.id);
    let report = Report { transaction: done.transaction, route, client };
    context.out.print(&report, |out| {
        let next = if report.route {
            format!("the route {} ↔ {} is complete: lupu start", report.client.on, report.client.of)
        } else {
            format!("lupu client bind {}", report.client.counterparty)
        };
        format!(
            "{} is bound to {}\n{} {next}",
            out.bold(report.client.id.as_str()),
            report.client.counterparty,
            out.dim("next:")
        )
    })?;
    Ok(OK)
}

/// Type, identity of the tracked chain; and that the newest state it trusts is one that the chain had.
async fn check(
    config: &Config,
    client: &ClientConfig,
    host: &Host,
    on: &ChainConfig,
    of: &ChainConfig,
) -> Result<(), Failure> {
    let (state, _) = host.state(config, client).await?;
    let height = host::read(&client.id, &state)?.latest_height();
    let prover = links::reader(config, of).await?.prover_for(on);
    prover.light_client(&state, &[])?;
    let consensus_state = host.consensus_state(config, client, height).await?;
    prover.check_trusted(&TrustedState { height, consensus_state }).await?;
    Ok(())
}
