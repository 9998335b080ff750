//! `lupu client create`: phase one of a route.

use super::anchor::{Agreed, Given, agree};
use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::host::Host;
use crate::links;
use lupu_adapter::ClientParameters;
use lupu_relayer::config::{Anchor, ChainConfig, ClientConfig, Config, ConfigFile, Family, trust_fraction};
use lupu_relayer::setup::client_type;
use lupu_standard::{ChainId, ClientId};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu client create --on harbour --of bank            shows the trust anchor and asks
  lupu client create --on harbour --of bank --anchor 120:0x5b1c…
  lupu client create --on harbour --of bank --trusting-period 1209600 --trust 3/4

Creates the client `harbour.qbft-bank`, whose counterparty is `bank.qbft-harbour`. Create that one
too, then bind both with `lupu client bind`. On a Substrate chain creating is governance's: the key is
that of Sudo.";

/// Options of `client create`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The chain that hosts the client.
    #[arg(long, value_name = "NAME")]
    on: ChainId,
    /// The chain that the client tracks.
    #[arg(long, value_name = "NAME")]
    of: ChainId,
    /// The block that trust in the tracked chain starts from; without it, one is shown to confirm.
    #[arg(long, value_name = "HEIGHT:0xHASH")]
    anchor: Option<Given>,
    /// Its identifier; default ON.TYPE-OF, for example harbour.qbft-bank.
    #[arg(long, value_name = "ID")]
    id: Option<ClientId>,
    /// The identifier of its counterparty; default OF.TYPE-ON.
    #[arg(long, value_name = "ID")]
    counterparty: Option<ClientId>,
    /// Seconds after which an unrefreshed client expires; more than 86400.
    #[arg(long, value_name = "SECONDS", default_value_t = ClientParameters::default().trusting_period)]
    trusting_period: u64,
    /// Seconds that a header may be ahead of the host's clock.
    #[arg(long, value_name = "SECONDS", default_value_t = ClientParameters::default().max_clock_drift)]
    max_clock_drift: u64,
    /// Share of the trusted validators that must have sealed; more than 1/3.
    #[arg(long, value_name = "A/B", default_value = "2/3", value_parser = trust_fraction)]
    trust: (u8, u8),
    /// The key that pays, by its name or env:NAME; default: the host chain's first.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(Serialize)]
struct Report {
    client: ClientConfig,
    anchor: Anchor,
    height: u64,
    transaction: Option<String>,
    gas_used: Option<u64>,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let mut config = context.config()?;
    if args.on == args.of {
        return Err(Failure::usage("--on and --of name the same chain; a client tracks another chain"));
    }
    let host = links::chain(&config, &args.on)?.clone();
    let tracked = links::chain(&config, &args.of)?.clone();
    for chain in [&host, &tracked] {
        if chain.needs_contracts() {
            links::contracts(chain)?;
        }
    }
    let mut client = wanted(args, &tracked, &host)?;
    let created = |c: &&ClientConfig| c.light_client.is_some() || host.evm().is_none();
    if let Some(known) = config.client(&client.id).filter(created) {
        let next = if known.bound { "it is bound already" } else { "bind it with `lupu client bind`" };
        return Err(Failure::usage(format!("client {} was created before; {next}", client.id)));
    }
    let mut file = ConfigFile::open(&context.config_path)?;
    let anchor = trust(&mut config, &mut file, &tracked, args.anchor, context).await?;
    if host.evm().is_none() {
        // A chain without contracts is read only as far as it is followed from an anchor.
        trust(&mut config, &mut file, &host, None, context).await?;
    }
    let source = links::reader(&config, links::chain(&config, &args.of)?).await?;
    let prover = source.prover_for(&host);
    let height = prover.provable_height().await?;
    let initial = prover.initial_client(height, client.parameters).await?;
    let host = Host::open(&config, links::chain(&config, &args.on)?, args.key.as_deref(), context).await?;
    let done = host.create(&client.id, prover.client_type(), &initial).await?;

    client.light_client = done.contract;
    file.put_client(&client);
    file.save()?;
    let report = Report {
        anchor,
        height: initial.anchor.height.0,
        transaction: done.transaction,
        gas_used: done.gas_used,
        client,
    };
    context.out.print(&report, |out| text(&report, &config, out))?;
    Ok(OK)
}

/// The anchor of a chain: confirmed before, or agreed now and written down.
async fn trust(
    config: &mut Config,
    file: &mut ConfigFile,
    chain: &ChainConfig,
    given: Option<Given>,
    context: &Context,
) -> Result<Anchor, Failure> {
    if let (Some(known), None) = (chain.anchor, given) {
        context.out.note(&format!("{}: trust starts from block {}, confirmed before", chain.name, known.height));
        return Ok(known);
    }
    let Agreed { anchor, voters } = agree(chain, given, context).await?;
    if chain.anchor.is_none() {
        file.set_anchor(&chain.name, &anchor)?;
        if let Some(voters) = &voters {
            file.set_voters(&chain.name, voters)?;
        }
    }
    if let Some(chain) = config.chains.get_mut(&chain.name) {
        chain.anchor = Some(anchor);
        if let Family::Substrate(settings) = &mut chain.family {
            settings.voters = voters;
        }
    }
    Ok(anchor)
}

fn wanted(args: &Args, tracked: &ChainConfig, host: &ChainConfig) -> Result<ClientConfig, Failure> {
    let named = |id: &Option<ClientId>, on: &ChainConfig, of: &ChainConfig| match id {
        Some(id) => Ok(id.clone()),
        None => ClientId::new(format!("{}.{}-{}", on.name, client_type(of, on), of.name))
            .map_err(|e| Failure::usage(e.to_string())),
    };
    if args.trusting_period <= 86_400 {
        return Err(Failure::usage("--trusting-period must be more than 86400 seconds, the longest life of a packet"));
    }
    Ok(ClientConfig {
        id: named(&args.id, host, tracked)?,
        counterparty: named(&args.counterparty, tracked, host)?,
        on: args.on.clone(),
        of: args.of.clone(),
        light_client: None,
        bound: false,
        parameters: ClientParameters {
            trusting_period: args.trusting_period,
            max_clock_drift: args.max_clock_drift,
            trust_numerator: args.trust.0,
            trust_denominator: args.trust.1,
        },
    })
}

fn text(report: &Report, config: &lupu_relayer::config::Config, out: &crate::output::Output) -> String {
    let client = &report.client;
    let next = if config.client(&client.counterparty).is_some() {
        format!("lupu client bind {} && lupu client bind {}", client.id, client.counterparty)
    } else {
        format!("lupu client create --on {} --of {}", client.of, client.on)
    };
    let at = client.light_client.map(|a| format!(" at {a}")).unwrap_or_default();
    format!(
        "{} created{at}, starting from block {} of {}\n{} {next}",
        out.bold(client.id.as_str()),
        report.height,
        client.of,
        out.dim("next:")
    )
}
