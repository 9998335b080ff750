//! `lupu client bind`: phase two of a route, governance's word.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use lupu_adapter::{Prover, TrustedState};
use lupu_evm::abi::ILightClient;
use lupu_evm::deploy::bind_client;
use lupu_evm::wallet::Wallet;
use lupu_qbft::ClientState;
use lupu_relayer::config::{ClientConfig, ConfigFile};
use lupu_relayer::setup::Connected;
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
    let location = client.light_client.ok_or_else(|| {
        Failure::usage(format!("{} has no light_client: create it with `lupu client create`", client.id))
    })?;
    let router = links::contracts(host)?.router;
    let wallet = links::wallet(&config, host, args.key.as_deref(), context).await?;
    check(&wallet, &client, &links::reader(&config, host).await?, &links::reader(&config, tracked).await?).await?;

    let mut step = None;
    bind_client(&wallet, router, &client.id, &client.counterparty, location, &mut |s| step = Some(s)).await?;
    client.bound = true;
    let mut file = ConfigFile::open(&context.config_path)?;
    file.put_client(&client);
    file.save()?;
    let route = context.config()?.routes().iter().any(|r| r.a.id == client.id || r.b.id == client.id);
    let report = Report { transaction: step.and_then(|s| s.transaction).map(|t| t.to_string()), route, client };
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

/// Type, chain, router and code; and that the newest state it trusts is one that the chain had.
async fn check(wallet: &Wallet, client: &ClientConfig, host: &Connected, tracked: &Connected) -> Result<(), Failure> {
    let Some(location) = client.light_client else { return Ok(()) };
    let state = wallet.read(location, ILightClient::getClientStateCall {}).await?;
    let latest = ClientState::decode(&state)
        .map_err(|e| Failure::failed(format!("{}: {location} is no light client of ours: {e}", client.id)))?
        .latest_height;
    tracked.prover.light_client(&state, &[])?;
    let consensus_state = host.chain.preimage_at(location, latest).await?;
    let consensus_state = consensus_state.ok_or_else(|| {
        Failure::failed(format!("{}: {location} stores no state at its newest height {latest}", client.id))
    })?;
    tracked.prover.check_trusted(&TrustedState { height: latest, consensus_state }).await?;
    Ok(())
}
