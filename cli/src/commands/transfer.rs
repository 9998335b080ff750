//! `lupu transfer`: tokens from one chain to another (ICS-20).

use crate::amount::{format_units, parse_units};
use crate::commands::send::{Way, finish};
use crate::context::Context;
use crate::failure::Failure;
use crate::links;
use alloy::primitives::{Address, U256};
use lupu_evm::send::{TransferRequest, token_info, transfer};

const EXAMPLES: &str = "\
Examples:
  lupu transfer --from bank --to harbour --token 0x… --amount 1000.00 --receiver 0x…
  lupu transfer --from bank --to harbour --token 0x… --amount 100000 --base --receiver 0x… --wait
  lupu transfer --from harbour --to bank --token VOUCHER --amount 5 --receiver 0x…    sends vouchers home

The amount is in whole tokens with decimals, or in base units with --base. Tokens are approved for this
amount only; vouchers that go home are burned. With --wait: exit code 0 if acknowledged, 1 if refused
or timed out (and refunded).";

/// Options of `transfer`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    way: Way,
    /// The token's address on the chain that sends.
    #[arg(long, value_name = "ADDRESS")]
    token: Address,
    /// How much.
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The amount is in base units, not in whole tokens.
    #[arg(long)]
    base: bool,
    /// Who gets it, on the other chain: 0x and 40 hex digits.
    #[arg(long, value_name = "ADDRESS")]
    receiver: Address,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let (chain, client) = args.way.client(&config)?;
    let contracts = links::contracts(chain)?;
    if args.receiver.is_zero() {
        return Err(Failure::usage("--receiver is the zero address"));
    }
    let wallet = links::wallet(&config, chain, args.way.key.as_deref(), context).await?;
    if !wallet.has_code(args.token).await? {
        return Err(Failure::usage(format!(
            "there is no contract at {} on {}; --token is the address on the sending chain",
            args.token, chain.name
        )));
    }
    let token = token_info(&wallet, args.token).await?;
    let decimals = if args.base { 0 } else { token.decimals };
    let amount: U256 = parse_units(&args.amount, decimals).map_err(|e| Failure::usage(format!("--amount {e}")))?;
    let timeout = wallet.time().await?.saturating_add(args.way.timeout.as_secs());
    let request = TransferRequest {
        client: client.id.clone(),
        token: args.token,
        amount,
        receiver: format!("{:#x}", args.receiver),
        timeout_timestamp: timeout,
        memo: args.way.memo.clone(),
    };
    let sent = transfer(&wallet, contracts.transfer, request).await?;
    let symbol: String = token.symbol.chars().filter(|c| !c.is_control()).take(24).collect();
    let what = format!("{} {symbol} from {} to {}", format_units(amount, token.decimals), args.way.from, args.way.to);
    finish(&args.way, &config, client, sent, timeout, &what, context).await
}
