//! What a chain says about tokens, whatever its family: what they are called, who has how much, and
//! which stand for tokens of other chains.

use crate::account::Account;
use crate::failure::Failure;
use crate::host::Host;
use crate::links;
use alloy::primitives::{Address, U256};
use alloy::sol;
use lupu_evm::send as evm;
use lupu_relayer::config::{ChainConfig, Config, Family};
use lupu_substrate::{assets, send as substrate};
use std::str::FromStr;

sol! {
    interface IVouchers {
        function trace(address token) external view returns (string memory);
    }
}

/// A token by its place on its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An ERC-20 contract.
    Contract(Address),
    /// A Substrate chain's own token.
    Native,
    /// An asset of a Substrate chain.
    Asset(u32),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contract(address) => write!(f, "{address}"),
            Self::Native => f.write_str("native"),
            Self::Asset(id) => write!(f, "asset:{id}"),
        }
    }
}

/// A token that exists.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Where it is.
    pub token: Token,
    /// What it calls itself; may be empty.
    pub name: String,
    /// Its symbol; may be empty.
    pub symbol: String,
    /// Digits behind the point; `None` where nobody says.
    pub decimals: Option<u8>,
    /// What it stands for, if it is a voucher.
    pub trace: Option<String>,
}

impl Asset {
    /// The token's denomination on its chain, as packets carry it: its trace, or its base.
    pub fn denom(&self) -> String {
        match (&self.trace, self.token) {
            (Some(trace), _) => trace.clone(),
            (None, Token::Contract(address)) => format!("{address:#x}"),
            (None, token) => token.to_string(),
        }
    }

    /// Its symbol, or where it is.
    pub fn shown(&self) -> String {
        if self.symbol.is_empty() { self.token.to_string() } else { plain(&self.symbol, 24) }
    }
}

/// Texts of a token come from outside: short, and nothing that moves a terminal's cursor.
pub fn plain(text: &str, length: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(length).collect()
}

/// A chain to ask about tokens.
pub enum Ledger {
    /// Tokens are contracts; the transfer application knows the vouchers, where it is deployed.
    Evm(lupu_evm::Wallet, Option<Address>),
    /// Tokens are the native one and assets.
    Substrate(lupu_substrate::Wallet),
}

impl Ledger {
    /// A chain to which questions are put without a key.
    pub async fn keyless(config: &Config, chain: &ChainConfig) -> Result<Self, Failure> {
        match &chain.family {
            Family::Evm(_) => Ok(Self::Evm(links::keyless(chain).await?, chain.contracts().map(|c| c.transfer))),
            Family::Substrate(_) => Ok(Self::Substrate(links::keyless_account(config, chain).await?)),
        }
    }

    /// A chain on which an account acts.
    pub fn of(host: &Host) -> Self {
        match host {
            Host::Evm(wallet, contracts) => Self::Evm(wallet.clone(), Some(contracts.transfer)),
            Host::Substrate(wallet) => Self::Substrate(wallet.clone()),
        }
    }

    /// The token that a person named, if it exists: on an EVM chain by its address, on a Substrate
    /// chain as `native`, `asset:ID` or the trace of a voucher.
    pub async fn find(&self, chain: &ChainConfig, text: &str) -> Result<Asset, Failure> {
        match self {
            Self::Evm(wallet, app) => contract(wallet, *app, chain, text).await,
            Self::Substrate(wallet) => asset(wallet, chain, text).await,
        }
    }

    /// What an account has of a token, in its smallest unit.
    pub async fn balance(&self, token: Token, account: Account) -> Result<U256, Failure> {
        match (self, token, account) {
            (Self::Evm(wallet, _), Token::Contract(token), Account::Evm(account)) => {
                Ok(evm::balance_of(wallet, token, account).await?)
            }
            (Self::Substrate(wallet), Token::Native, Account::Substrate(account)) => {
                let endpoints = wallet.chain().endpoints();
                Ok(U256::from(lupu_substrate::unproven::native_balance(endpoints, &account).await?))
            }
            (Self::Substrate(wallet), Token::Asset(id), Account::Substrate(account)) => {
                Ok(U256::from(assets::asset_balance(wallet, id, &account).await?))
            }
            _ => Err(Failure::failed("a token and an account of different families")),
        }
    }

    /// The token that stands for a denomination trace here; `None` before the first unit arrived.
    pub async fn voucher(&self, chain: &ChainConfig, trace: &str) -> Result<Option<Token>, Failure> {
        match self {
            Self::Evm(wallet, _) => {
                let app = links::contracts(chain)?.transfer;
                Ok(evm::voucher(wallet, app, trace).await?.map(Token::Contract))
            }
            Self::Substrate(wallet) => Ok(substrate::voucher(wallet, trace).await?.map(Token::Asset)),
        }
    }
}

async fn contract(
    wallet: &lupu_evm::Wallet,
    app: Option<Address>,
    chain: &ChainConfig,
    text: &str,
) -> Result<Asset, Failure> {
    let name = &chain.name;
    let written = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
    let address = written.and_then(|_| Address::from_str(text).ok());
    let address = address.ok_or_else(|| {
        Failure::usage(format!("--token is no address, but {name} is an EVM chain: write 0x and 40 hex digits"))
    })?;
    if !wallet.has_code(address).await? {
        return Err(Failure::usage(format!("there is no contract at {address} on {name}; --token is a token there")));
    }
    let info = evm::token_info(wallet, address).await?;
    let trace = match app {
        Some(app) => wallet.read(app, IVouchers::traceCall { token: address }).await?,
        None => String::new(),
    };
    Ok(Asset {
        token: Token::Contract(address),
        name: info.name,
        symbol: info.symbol,
        decimals: Some(info.decimals),
        trace: (!trace.is_empty()).then_some(trace),
    })
}

async fn asset(wallet: &lupu_substrate::Wallet, chain: &ChainConfig, text: &str) -> Result<Asset, Failure> {
    let name = &chain.name;
    let made = |token, info: assets::TokenInfo, trace| Asset {
        token,
        name: info.name,
        symbol: info.symbol,
        decimals: info.decimals,
        trace,
    };
    if text == "native" {
        return Ok(made(Token::Native, assets::native_info(wallet.chain()).await?, None));
    }
    let wanted = format!("on {name}, a Substrate chain, write native, asset:ID or transfer/CLIENT/…");
    let (id, trace) = if let Some(digits) = text.strip_prefix("asset:") {
        let canonical = digits.parse::<u32>().ok().filter(|id| id.to_string() == digits);
        let id = canonical.ok_or_else(|| Failure::usage(format!("--token names no asset: {wanted}")))?;
        (id, substrate::trace(wallet, id).await?)
    } else if text.starts_with("transfer/") {
        let missing = || {
            let shown = plain(text, 160);
            Failure::usage(format!("there is no voucher of {shown} on {name}: nothing has arrived by that way yet"))
        };
        (substrate::voucher(wallet, text).await?.ok_or_else(missing)?, Some(text.to_owned()))
    } else {
        return Err(Failure::usage(format!("--token is none: {wanted}")));
    };
    let info = assets::asset_info(wallet, id).await?;
    let info = info.ok_or_else(|| Failure::usage(format!("there is no asset {id} on {name}")))?;
    Ok(made(Token::Asset(id), info, trace))
}
