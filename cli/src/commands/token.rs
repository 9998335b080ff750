//! `lupu token`: tokens and vouchers, to know what can be sent and what arrived.

use crate::amount::{format_units, parse_units};
use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::links;
use alloy::primitives::{Address, U256};
use alloy::sol;
use clap::Subcommand;
use lupu_evm::send::{balance_of, create_demo_token, mint, token_info, voucher};
use lupu_standard::ChainId;
use serde::Serialize;

sol! {
    interface IVouchers {
        function trace(address token) external view returns (string memory);
    }
}

/// Commands about tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Deploy the demonstration token eCNY, two decimals, and issue some to the key's account. For trying things.
    #[command(
        after_help = "Examples:\n  lupu token create --chain bank\n  lupu token create --chain bank --amount 5000.00"
    )]
    Create(CreateArgs),
    /// Show a token, where it comes from, and what an account has of it.
    #[command(after_help = "Examples:\n  lupu token show --chain bank --token 0x… --account 0x…")]
    Show(ShowArgs),
    /// Find the voucher that stands on one chain for a token of another.
    #[command(
        after_help = "Examples:\n  lupu token voucher --chain harbour --of bank --token 0x…\n\nExit code 1: none exists yet; the first transfer makes it."
    )]
    Voucher(VoucherArgs),
}

/// Options of `token create`.
#[derive(Debug, clap::Args)]
pub struct CreateArgs {
    /// The chain.
    #[arg(long, value_name = "NAME")]
    chain: ChainId,
    /// How much is issued.
    #[arg(long, value_name = "AMOUNT", default_value = "1000000.00")]
    amount: String,
    /// The key that pays and gets it, by its name or env:NAME; default: the chain's first.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Options of `token show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The chain.
    #[arg(long, value_name = "NAME")]
    chain: ChainId,
    /// The token there.
    #[arg(long, value_name = "ADDRESS")]
    token: Address,
    /// Whose balance to show.
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
}

/// Options of `token voucher`.
#[derive(Debug, clap::Args)]
pub struct VoucherArgs {
    /// The chain that has the voucher.
    #[arg(long, value_name = "NAME")]
    chain: ChainId,
    /// The chain that the token comes from.
    #[arg(long, value_name = "NAME")]
    of: ChainId,
    /// The token, there.
    #[arg(long, value_name = "ADDRESS")]
    token: Address,
}

#[derive(Serialize)]
struct Shown {
    chain: ChainId,
    token: Address,
    name: String,
    symbol: String,
    decimals: u8,
    trace: Option<String>,
    account: Option<Address>,
    balance: Option<String>,
    base_units: Option<String>,
}

#[derive(Serialize)]
struct VoucherShown {
    chain: ChainId,
    trace: String,
    voucher: Option<Address>,
}

impl TokenCommand {
    /// Runs it.
    pub async fn run(&self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::Create(args) => create(args, context).await,
            Self::Show(args) => show(args, context).await,
            Self::Voucher(args) => find(args, context).await,
        }
    }
}

async fn create(args: &CreateArgs, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    let amount = parse_units(&args.amount, 2).map_err(|e| Failure::usage(format!("--amount {e}")))?;
    let wallet = links::wallet(&config, chain, args.key.as_deref(), context).await?;
    let token = create_demo_token(&wallet).await?;
    mint(&wallet, token, wallet.address(), amount).await?;
    let info = token_info(&wallet, token).await?;
    let shown = Shown {
        chain: args.chain.clone(),
        token,
        name: info.name,
        symbol: info.symbol,
        decimals: info.decimals,
        trace: None,
        account: Some(wallet.address()),
        balance: Some(format_units(amount, info.decimals)),
        base_units: Some(amount.to_string()),
    };
    context.out.print(&shown, |out| text(&shown, out))?;
    Ok(OK)
}

async fn show(args: &ShowArgs, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    let reader = links::keyless(chain).await?;
    if !reader.has_code(args.token).await? {
        return Err(Failure::usage(format!("there is no contract at {} on {}", args.token, chain.name)));
    }
    let info = token_info(&reader, args.token).await?;
    let trace = match chain.contracts() {
        Some(contracts) => reader.read(contracts.transfer, IVouchers::traceCall { token: args.token }).await?,
        None => String::new(),
    };
    let balance = match args.account {
        Some(account) => Some(balance_of(&reader, args.token, account).await?),
        None => None,
    };
    let shown = Shown {
        chain: args.chain.clone(),
        token: args.token,
        name: plain(&info.name),
        symbol: plain(&info.symbol),
        decimals: info.decimals,
        trace: (!trace.is_empty()).then(|| plain(&trace)),
        account: args.account,
        balance: balance.map(|b: U256| format_units(b, info.decimals)),
        base_units: balance.map(|b| b.to_string()),
    };
    context.out.print(&shown, |out| text(&shown, out))?;
    Ok(OK)
}

async fn find(args: &VoucherArgs, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    let contracts = links::contracts(chain)?;
    let client = config.client_towards(&args.chain, &args.of).ok_or_else(|| {
        Failure::usage(format!(
            "no bound client on {} tracks {}; `lupu client list` shows what there is",
            args.chain, args.of
        ))
    })?;
    let trace = format!("transfer/{}/{:#x}", client.id, args.token);
    let found = voucher(&links::keyless(chain).await?, contracts.transfer, &trace).await?;
    let shown = VoucherShown { chain: args.chain.clone(), trace, voucher: found };
    context.out.print(&shown, |_| match found {
        Some(address) => address.to_string(),
        None => format!("no voucher of {} on {} yet; the first transfer makes it", shown.trace, shown.chain),
    })?;
    Ok(if found.is_some() { OK } else { NEGATIVE })
}

/// Texts of a token come from outside: short, and nothing that moves a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn text(shown: &Shown, out: &crate::output::Output) -> String {
    let mut pairs = vec![
        ("token", format!("{} {}", out.bold(&shown.symbol), out.dim(&shown.name))),
        ("address", shown.token.to_string()),
        ("on", shown.chain.to_string()),
        ("decimals", shown.decimals.to_string()),
    ];
    if let Some(trace) = &shown.trace {
        pairs.push(("voucher of", trace.clone()));
    }
    if let (Some(account), Some(balance)) = (shown.account, &shown.balance) {
        pairs.push(("account", account.to_string()));
        pairs.push(("balance", format!("{balance} {}", shown.symbol)));
    }
    out.pairs(&pairs)
}
