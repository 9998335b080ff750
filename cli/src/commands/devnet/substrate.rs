//! An embedded Substrate chain.

use crate::account;
use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::output::Output;
use lupu_substrate::keys::address;
use lupu_substrate_devnet::Devnet;
use serde::Serialize;
use sp_core::crypto::Pair;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  lupu devnet substrate
  lupu devnet substrate --name customs --port 9944 --block-time 500ms
  lupu devnet substrate --authorities 7 --session-length 50 --nodes 2
  lupu devnet substrate --fund 5Grwva…,0x…     gives accounts a million tokens in block 0

One process plays all authorities. Nothing is kept: the chain lives until Ctrl-C. There are no fees. The
accounts Alice to Ferdie are those that every Substrate tool knows: their seeds are no secret. Alice
governs, through Sudo.";

/// Options of a Substrate chain.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The consortium's name; another name is another genesis hash.
    #[arg(long, default_value = "devnet")]
    name: String,
    /// Port on loopback for WebSocket and HTTP; 0 lets the system choose. More nodes take the ports behind it.
    #[arg(long, default_value_t = 9944)]
    port: u16,
    /// How many nodes serve the chain.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// How many authorities finalize in block 0: Alice, Bob, and so on.
    #[arg(long, default_value_t = 4)]
    authorities: usize,
    /// Blocks in a session.
    #[arg(long, value_name = "BLOCKS", default_value_t = 10)]
    session_length: u32,
    /// Time between blocks, for example 1s or 500ms.
    #[arg(long, default_value = "1s", value_parser = crate::duration::parse)]
    block_time: Duration,
    /// Accounts that own a million tokens in block 0, beside the development accounts: SS58, or 0x and 64 hex digits.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', value_parser = account::substrate)]
    fund: Vec<[u8; 32]>,
}

#[derive(Serialize)]
struct DevAccount {
    name: String,
    /// SS58.
    address: String,
    /// 0x and 64 hex digits.
    account: String,
    /// The seed of its sr25519 key.
    seed: String,
}

#[derive(Serialize)]
struct Report {
    name: String,
    genesis: String,
    ws: Vec<String>,
    rpc: Vec<String>,
    authorities: Vec<String>,
    accounts: Vec<DevAccount>,
}

/// Runs it, until Ctrl-C or SIGTERM.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    if args.block_time.is_zero() {
        return Err(Failure::usage("--block-time must be more than zero"));
    }
    let devnet = Devnet::builder()
        .name(&args.name)
        .port(args.port)
        .nodes(args.nodes)
        .authorities(args.authorities)
        .session_length(args.session_length)
        .block_time(args.block_time)
        .fund(args.fund.iter().map(|account| (*account).into()))
        .start()
        .await
        .map_err(|e| Failure::usage(e.to_string()))?;
    let nodes = 0..devnet.nodes();
    let authorities = devnet.authorities();
    let report = Report {
        name: args.name.clone(),
        genesis: format!("{:?}", devnet.genesis_hash()),
        ws: nodes.clone().map(|i| devnet.ws_url(i)).collect(),
        rpc: nodes.map(|i| devnet.http_url(i)).collect(),
        authorities: authorities.iter().take(args.authorities).map(|a| a.name.clone()).collect(),
        accounts: authorities.iter().map(|a| dev_account(&a.name)).collect::<Result<_, _>>()?,
    };
    context.out.print(&report, |out| text(&report, args, out))?;
    crate::shutdown::requested().await;
    devnet.shutdown().await;
    context.out.note("stopped");
    Ok(OK)
}

/// A development account: `//Name` under the phrase that every tool knows.
fn dev_account(name: &str) -> Result<DevAccount, Failure> {
    let derived = sp_core::sr25519::Pair::from_string_with_seed(&format!("//{name}"), None);
    let no_seed = || Failure::failed(format!("no seed of //{name}"));
    let (pair, seed) = derived.map_err(|_| no_seed())?;
    let public = pair.public().0;
    Ok(DevAccount {
        name: name.to_owned(),
        address: address(&public),
        account: format!("0x{}", hex::encode(public)),
        seed: format!("0x{}", hex::encode(seed.ok_or_else(no_seed)?)),
    })
}

fn text(report: &Report, args: &Args, out: &Output) -> String {
    let accounts: Vec<_> = report
        .accounts
        .iter()
        .map(|a| format!("{:<8} {}  {}\n         {}", a.name, a.address, out.dim(&a.account), out.dim(&a.seed)))
        .collect();
    let pairs = out.pairs(&[
        ("chain", format!("{}, a block every {:?}", out.bold(&report.name), args.block_time)),
        ("genesis", report.genesis.clone()),
        ("WebSocket", report.ws.join("\n")),
        ("HTTP", report.rpc.join("\n")),
        ("authorities", format!("{}; sessions of {} blocks", report.authorities.join(", "), args.session_length)),
        ("accounts", accounts.join("\n")),
    ]);
    let name = &report.name;
    let first = report.ws.first().cloned().unwrap_or_default();
    let seed = |of: &str| report.accounts.iter().find(|a| a.name == of).map(|a| a.seed.clone()).unwrap_or_default();
    let (alice, bob) = (seed("Alice"), seed("Bob"));
    format!(
        "{pairs}\nThe accounts are for development: their seeds are no secret.\n\n{} in another terminal, once all chains are up:\n  \
         lupu init --chain {name}={first} --chain OTHER=URL\n  \
         echo {alice} | lupu key add {name}-governance --import\n  \
         echo {bob} | lupu key add {name}-relayer --import\n  \
         lupu client create --on {name} --of OTHER --key {name}-governance\n\nCtrl-C stops the chain.",
        out.dim("next,")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_substrate::keys::from_ss58;

    #[test]
    fn the_well_known_accounts() {
        let alice = dev_account("Alice").unwrap();
        assert_eq!(alice.address, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(alice.account, format!("0x{}", hex::encode(from_ss58(&alice.address).unwrap())));
        assert_eq!(alice.seed, "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a");
    }
}
