//! `lupu deploy`: the contracts, on a chain that is there.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use alloy::primitives::{Address, B256};
use lupu_evm::deploy::{DeployConfig, Step, deploy_core};
use lupu_relayer::config::{ConfigFile, Contracts};
use lupu_standard::{ChainId, Height};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu deploy --chain harbour
  lupu deploy --chain harbour --authority 0x…     an AccessManager that the consortium governs already

Deploys factory, authority, router, ICS-20 transfer and ICS-27 messages, and writes their addresses
into the configuration. What stands already is left as it is: an interrupted deployment goes on.
The first key of the chain pays, and administers a new authority: hand its role over afterwards.
For EVM chains: a Substrate chain's runtime has what it needs as pallets.";

/// Options of `deploy`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The chain.
    #[arg(long, value_name = "NAME")]
    chain: ChainId,
    /// The key that pays, by its name or env:NAME; default: the chain's first.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// An AccessManager that stands already; default: a new one.
    #[arg(long, value_name = "ADDRESS")]
    authority: Option<Address>,
    /// Seconds between announcing and doing a client migration. Part of the router's address.
    #[arg(long, value_name = "SECONDS", default_value_t = DeployConfig::default().migration_delay)]
    migration_delay: u64,
    /// The factory of an interrupted deployment.
    #[arg(long, value_name = "ADDRESS")]
    factory: Option<Address>,
}

#[derive(Clone, Serialize)]
struct StepReport {
    what: String,
    address: Address,
    transaction: Option<B256>,
    gas_used: Option<u64>,
}

#[derive(Serialize)]
struct Report {
    chain: ChainId,
    contracts: Contracts,
    steps: Vec<StepReport>,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    if chain.evm().is_none() {
        return Err(Failure::usage(format!(
            "{0} is a Substrate chain: nothing is deployed there, its runtime has the pallets Ibc, IbcTransfer and \
             IbcGmp; go on with `lupu client create --on {0} --of OTHER`",
            chain.name
        )));
    }
    let before = links::evm(chain)?.contracts;
    let wallet = links::wallet(&config, chain, args.key.as_deref(), context).await?;
    let wish = DeployConfig {
        migration_delay: before.map_or(args.migration_delay, |c| c.migration_delay),
        factory: args.factory.or(before.map(|c| c.factory)),
        authority: args.authority.or(before.map(|c| c.authority)),
        deployed_at: before.map(|c| c.deployed_at.0),
    };
    let mut steps = Vec::new();
    let out = context.out;
    let mut heard = |step: Step| {
        let note = match step.gas_used {
            Some(gas) => format!("{} gas", crate::output::grouped(gas)),
            None => "stands already".into(),
        };
        out.note(&format!("  {:<16} {}  {note}", step.what, step.address));
        steps.push(StepReport {
            what: step.what,
            address: step.address,
            transaction: step.transaction,
            gas_used: step.gas_used,
        });
    };
    let done = deploy_core(&wallet, wish, &mut heard).await?;
    let contracts = Contracts {
        factory: done.factory,
        authority: done.authority,
        router: done.router,
        transfer: done.transfer,
        gmp: done.gmp,
        deployed_at: Height(done.deployed_at),
        migration_delay: done.migration_delay,
    };
    let mut file = ConfigFile::open(&context.config_path)?;
    file.set_contracts(&args.chain, &contracts)?;
    file.save()?;
    let report = Report { chain: args.chain.clone(), contracts, steps };
    out.print(&report, |out| {
        format!("{} is deployed; addresses written to {}", out.bold(args.chain.as_str()), context.config_path.display())
    })?;
    Ok(OK)
}
