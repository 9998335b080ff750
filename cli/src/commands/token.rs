//! `lupu token`: tokens and vouchers, to know what can be sent and what arrived.

use crate::account::Account;
use crate::amount::{format_units, parse_units};
use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::ledger::{Asset, Ledger, plain};
use crate::links;
use alloy::primitives::U256;
use clap::Subcommand;
use lupu_evm::send as evm;
use lupu_relayer::config::{ChainConfig, Config, Family};
use lupu_standard::ChainId;
use lupu_substrate::assets;
use serde::Serialize;

/// Decimals of the demonstration token, as its contract has them.
const DEMO_DECIMALS: u8 = 2;

/// Commands about tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make the demonstration token eCNY, two decimals, and issue some to the key's account. For trying things.
    #[command(
        after_help = "Examples:\n  lupu token create --chain bank\n  lupu token create --chain bank --amount 5000.00\n  lupu token create --chain customs --key governance\n\nOn a Substrate chain it is an asset of the pallet Assets, for which the account leaves a deposit."
    )]
    Create(CreateArgs),
    /// Show a token, where it comes from, and what an account has of it.
    #[command(
        after_help = "Examples:\n  lupu token show --chain bank --token 0x… --account 0x…\n  lupu token show --chain customs --token native --account 5Grwva…\n  lupu token show --chain customs --token asset:7\n  lupu token show --chain customs --token transfer/customs.qbft-bank/0x…"
    )]
    Show(ShowArgs),
    /// Find the voucher that stands on one chain for a token of another.
    #[command(
        after_help = "Examples:\n  lupu token voucher --chain harbour --of bank --token 0x…\n  lupu token voucher --chain bank --of customs --token native\n\nExit code 1: none exists yet; the first transfer makes it."
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
    /// The token there: its address; on a Substrate chain native, asset:ID, or a voucher's trace.
    #[arg(long, value_name = "TOKEN")]
    token: String,
    /// Whose balance to show.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
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
    /// The token, there: its address; on a Substrate chain native, asset:ID, or a voucher's trace.
    #[arg(long, value_name = "TOKEN")]
    token: String,
}

#[derive(Serialize)]
struct Shown {
    chain: ChainId,
    token: String,
    name: String,
    symbol: String,
    /// Nothing where nobody says.
    decimals: Option<u8>,
    trace: Option<String>,
    account: Option<String>,
    balance: Option<String>,
    base_units: Option<String>,
}

impl Shown {
    fn new(chain: &ChainId, asset: &Asset, held: Option<(Account, U256)>) -> Self {
        Self {
            chain: chain.clone(),
            token: asset.token.to_string(),
            name: plain(&asset.name, 200),
            symbol: plain(&asset.symbol, 200),
            decimals: asset.decimals,
            trace: asset.trace.as_deref().map(|trace| plain(trace, 600)),
            account: held.map(|(account, _)| account.to_string()),
            balance: held.map(|(_, balance)| format_units(balance, asset.decimals.unwrap_or(0))),
            base_units: held.map(|(_, balance)| balance.to_string()),
        }
    }
}

#[derive(Serialize)]
struct VoucherShown {
    chain: ChainId,
    trace: String,
    voucher: Option<String>,
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
    let amount = parse_units(&args.amount, DEMO_DECIMALS).map_err(|e| Failure::usage(format!("--amount {e}")))?;
    let (token, account, ledger) = match &chain.family {
        Family::Evm(_) => {
            let wallet = links::wallet(&config, chain, args.key.as_deref(), context).await?;
            let token = evm::create_demo_token(&wallet).await?;
            evm::mint(&wallet, token, wallet.address(), amount).await?;
            (token.to_string(), Account::Evm(wallet.address()), Ledger::Evm(wallet, None))
        }
        Family::Substrate(_) => {
            let wallet = links::account(&config, chain, args.key.as_deref(), context).await?;
            let id = create_asset(&wallet, amount).await?;
            (format!("asset:{id}"), Account::Substrate(wallet.account()), Ledger::Substrate(wallet))
        }
    };
    let asset = ledger.find(chain, &token).await?;
    let shown = Shown::new(&args.chain, &asset, Some((account, amount)));
    context.out.print(&shown, |out| text(&shown, out))?;
    Ok(OK)
}

/// The demonstration token as an asset, issued to the account.
async fn create_asset(wallet: &lupu_substrate::Wallet, amount: U256) -> Result<u32, Failure> {
    let amount = u128::try_from(amount).map_err(|_| Failure::usage("--amount is more than an asset can have"))?;
    let id = assets::free_asset_id(wallet).await?;
    let info =
        assets::TokenInfo { name: "Demonstration e-CNY".into(), symbol: "eCNY".into(), decimals: Some(DEMO_DECIMALS) };
    assets::create_asset(wallet, id, &info).await?;
    assets::mint_asset(wallet, id, wallet.account(), amount).await?;
    Ok(id)
}

async fn show(args: &ShowArgs, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    let account = args.account.as_ref().map(|text| Account::parse("--account", text, chain)).transpose()?;
    let ledger = Ledger::keyless(&config, chain).await?;
    let asset = ledger.find(chain, &args.token).await?;
    let held = match account {
        Some(account) => Some((account, ledger.balance(asset.token, account).await?)),
        None => None,
    };
    let shown = Shown::new(&args.chain, &asset, held);
    context.out.print(&shown, |out| text(&shown, out))?;
    Ok(OK)
}

async fn find(args: &VoucherArgs, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.chain)?;
    let of = links::chain(&config, &args.of)?;
    let client = config.client_towards(&args.chain, &args.of).ok_or_else(|| {
        Failure::usage(format!(
            "no bound client on {} tracks {}; `lupu client list` shows what there is",
            args.chain, args.of
        ))
    })?;
    let denom = denomination(&config, of, &args.token).await?;
    if let Some(home) = denom.strip_prefix(&format!("transfer/{}/", client.counterparty)) {
        return Err(Failure::usage(format!(
            "that token of {} is itself a voucher of {}: it goes home as {}",
            args.of,
            args.chain,
            plain(home, 600)
        )));
    }
    let trace = format!("transfer/{}/{denom}", client.id);
    let found = Ledger::keyless(&config, chain).await?.voucher(chain, &trace).await?;
    let voucher = found.map(|token| token.to_string());
    let shown = VoucherShown { chain: args.chain.clone(), trace: plain(&trace, 800), voucher };
    context.out.print(&shown, |_| match &shown.voucher {
        Some(voucher) => voucher.clone(),
        None => format!("no voucher of {} on {} yet; the first transfer makes it", shown.trace, shown.chain),
    })?;
    Ok(if found.is_some() { OK } else { NEGATIVE })
}

/// A token's denomination on its chain; a voucher's is its trace.
async fn denomination(config: &Config, chain: &ChainConfig, token: &str) -> Result<String, Failure> {
    if token.starts_with("transfer/") {
        return Ok(token.to_owned());
    }
    Ok(Ledger::keyless(config, chain).await?.find(chain, token).await?.denom())
}

fn text(shown: &Shown, out: &crate::output::Output) -> String {
    let symbol = if shown.symbol.is_empty() { "without a symbol" } else { &shown.symbol };
    let decimals = shown.decimals.map_or_else(|| "nobody says".to_owned(), |n| n.to_string());
    let mut pairs = vec![
        ("token", format!("{} {}", out.bold(symbol), out.dim(&shown.name))),
        ("address", shown.token.clone()),
        ("on", shown.chain.to_string()),
        ("decimals", decimals),
    ];
    if let Some(trace) = &shown.trace {
        pairs.push(("voucher of", trace.clone()));
    }
    if let (Some(account), Some(balance)) = (&shown.account, &shown.balance) {
        pairs.push(("account", account.clone()));
        pairs.push(("balance", format!("{balance} {}", shown.symbol)));
    }
    out.pairs(&pairs)
}
