//! `lupu transfer`: tokens from one chain to another (ICS-20).

use crate::account::Account;
use crate::amount::{format_units, parse_units};
use crate::commands::send::{Sent, Source, Way, finish};
use crate::context::Context;
use crate::failure::Failure;
use crate::host::Host;
use crate::ledger::{Asset, Ledger, Token};
use crate::links;
use alloy::primitives::U256;
use lupu_evm::send as evm;
use lupu_substrate::send as substrate;

const EXAMPLES: &str = "\
Examples:
  lupu transfer --from bank --to harbour --token 0x… --amount 1000.00 --receiver 0x…
  lupu transfer --from bank --to harbour --token 0x… --amount 100000 --base --receiver 0x… --wait
  lupu transfer --from harbour --to bank --token VOUCHER --amount 5 --receiver 0x…    sends vouchers home
  lupu transfer --from bank --to customs --token 0x… --amount 12.50 --receiver 5Grwva…
  lupu transfer --from customs --to bank --token native --amount 3 --receiver 0x…
  lupu transfer --from customs --to bank --token transfer/customs.qbft-bank/0x… --amount 1250 --receiver 0x…

The amount is in whole tokens with decimals, or in base units with --base. Vouchers on a Substrate chain
have no decimals: their amounts are in base units. On EVM chains tokens are approved for this amount only.
Vouchers that go home are burned. With --wait: exit code 0 if acknowledged, 1 if refused or timed out (and
refunded).";

/// Options of `transfer`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    way: Way,
    /// The token on the chain that sends: its address; on a Substrate chain native, asset:ID, or a voucher's trace.
    #[arg(long, value_name = "TOKEN")]
    token: String,
    /// How much.
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The amount is in base units, not in whole tokens.
    #[arg(long)]
    base: bool,
    /// Who gets it, on the other chain: 0x and 40 hex digits; on a Substrate chain 0x and 64, or SS58.
    #[arg(long, value_name = "ACCOUNT")]
    receiver: String,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let (chain, client) = args.way.client(&config)?;
    let to = links::chain(&config, &args.way.to)?;
    let receiver = Account::parse("--receiver", &args.receiver, to)?.on_the_wire();
    let host = Host::open(&config, chain, args.way.key.as_deref(), context).await?;
    let ledger = Ledger::of(&host);
    let asset = ledger.find(chain, &args.token).await?;
    let amount = amount(args, &asset)?;
    let units = |n: U256| format!("{} {}", format_units(n, asset.decimals.unwrap_or(0)), asset.shown());
    let timeout = host.time().await?.saturating_add(args.way.timeout.as_secs());
    let (client_id, memo) = (client.id.clone(), args.way.memo.clone());
    let sent: Sent = match (&host, asset.token) {
        (Host::Evm(wallet, contracts), Token::Contract(token)) => {
            let request =
                evm::TransferRequest { client: client_id, token, amount, receiver, timeout_timestamp: timeout, memo };
            evm::transfer(wallet, contracts.transfer, request).await?.into()
        }
        (Host::Substrate(wallet), _) => {
            let whole = u128::try_from(amount)
                .map_err(|_| Failure::usage("--amount is more than a Substrate chain can hold"))?;
            let sender = Account::Substrate(wallet.account());
            let held = ledger.balance(asset.token, sender).await?;
            if held < amount {
                let line = format!("{sender} holds {} on {}, not {}", units(held), args.way.from, units(amount));
                return Err(Failure::failed(line));
            }
            let request = substrate::TransferRequest {
                client: client_id,
                denom: asset.denom(),
                amount: whole,
                receiver,
                timeout_timestamp: timeout,
                memo,
            };
            substrate::transfer(wallet, request).await?.into()
        }
        _ => return Err(Failure::failed("a token of another family")),
    };
    let what = format!("{} from {} to {}", units(amount), args.way.from, args.way.to);
    let source = Source { way: &args.way, config: &config, client, host: &host };
    finish(source, sent, timeout, &what, context).await
}

/// The amount in the token's smallest unit.
fn amount(args: &Args, asset: &Asset) -> Result<U256, Failure> {
    let decimals = match (args.base, asset.decimals) {
        (true, _) => 0,
        (false, Some(decimals)) => decimals,
        (false, None) => {
            return Err(Failure::usage(format!(
                "nobody says how many decimals {} has on {}: give the amount in its smallest unit, with --base",
                asset.token, args.way.from
            )));
        }
    };
    parse_units(&args.amount, decimals).map_err(|e| Failure::usage(format!("--amount {e}")))
}
