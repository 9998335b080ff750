//! A chain that hosts light clients, whatever its family: creating, binding, reading, updating them.

use crate::context::Context;
use crate::failure::Failure;
use crate::links;
use alloy::primitives::Address;
use lupu_adapter::{AccountId, Chain, InitialClient, Message, TransactionStatus};
use lupu_evm::abi::{ILightClient, IRouter};
use lupu_evm::deploy;
use lupu_relayer::config::{ChainConfig, ClientConfig, Config, Contracts, Family};
use lupu_relayer::setup;
use lupu_standard::{ClientId, Height};
use lupu_substrate::{SubstrateChain, governance};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a transaction on a chain without contracts may take to be final.
const PATIENCE: Duration = Duration::from_secs(120);

/// A transaction that was made.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Its hash; `None` if what was asked for stood already.
    pub transaction: Option<String>,
    /// Gas or weight used.
    pub gas_used: Option<u64>,
    /// The contract concerned, where there is one.
    pub contract: Option<Address>,
}

impl From<Option<deploy::Step>> for Done {
    fn from(step: Option<deploy::Step>) -> Self {
        Self {
            transaction: step.as_ref().and_then(|s| s.transaction).map(|t| t.to_string()),
            gas_used: step.as_ref().and_then(|s| s.gas_used),
            contract: step.map(|s| s.address),
        }
    }
}

/// A chain with an account that acts on it.
pub enum Host {
    /// Clients are contracts.
    Evm(lupu_evm::Wallet, Contracts),
    /// Clients are kept by the runtime.
    Substrate(lupu_substrate::Wallet),
}

impl Host {
    /// Opens a chain with one of its keys: the one named, or the first.
    pub async fn open(
        config: &Config,
        chain: &ChainConfig,
        key: Option<&str>,
        context: &Context,
    ) -> Result<Self, Failure> {
        match &chain.family {
            Family::Evm(_) => {
                let contracts = links::contracts(chain)?;
                Ok(Self::Evm(links::wallet(config, chain, key, context).await?, contracts))
            }
            Family::Substrate(_) => Ok(Self::Substrate(links::account(config, chain, key, context).await?)),
        }
    }

    /// The chain's time, UNIX seconds.
    pub async fn time(&self) -> Result<u64, Failure> {
        match self {
            Self::Evm(wallet, _) => Ok(wallet.time().await?),
            Self::Substrate(wallet) => Ok(wallet.chain().finalized().await?.timestamp.0),
        }
    }

    /// The chain as it is followed already, where it is.
    pub fn followed(&self) -> Option<Arc<dyn Chain>> {
        match self {
            Self::Evm(..) => None,
            Self::Substrate(wallet) => Some(wallet.chain().clone()),
        }
    }

    /// [`state`] of a client here.
    pub async fn state(&self, config: &Config, client: &ClientConfig) -> Result<(Vec<u8>, u64), Failure> {
        match self {
            Self::Evm(..) => state(config, client).await,
            Self::Substrate(wallet) => kept(wallet.chain(), client).await,
        }
    }

    /// The preimage of what a client here stores at a height, bound or not.
    pub async fn consensus_state(
        &self,
        config: &Config,
        client: &ClientConfig,
        height: Height,
    ) -> Result<Vec<u8>, Failure> {
        let found = match self {
            Self::Evm(..) => match links::reader(config, links::chain(config, &client.on)?).await?.evm() {
                Some(chain) => chain.preimage_at(contract(client)?, height).await?,
                None => None,
            },
            Self::Substrate(wallet) => wallet.chain().consensus_state(&client.id, height).await?,
        };
        found.ok_or_else(|| {
            Failure::failed(format!("{}: no consensus state is found at its newest height {height}", client.id))
        })
    }

    /// Creates a client. It carries nothing until it is bound.
    pub async fn create(
        &self,
        id: &ClientId,
        client_type: &'static str,
        initial: &InitialClient,
    ) -> Result<Done, Failure> {
        match self {
            Self::Evm(wallet, contracts) => {
                let mut step = None;
                let mut keep = |s| step = Some(s);
                let address = deploy::create_client(wallet, contracts.factory, client_type, initial, &mut keep).await?;
                Ok(Done { contract: Some(address), ..step.into() })
            }
            Self::Substrate(wallet) => {
                let client = governance::CreateClient {
                    id: id.clone(),
                    client_type: client_type.into(),
                    state: initial.state.clone(),
                    consensus_state: initial.consensus_state.clone(),
                };
                Ok(done(&governance::create_client(wallet, &client).await?))
            }
        }
    }

    /// Binds a client and its counterparty, under whose merkle prefix packets are proven.
    pub async fn bind(&self, client: &ClientConfig, merkle_prefix: Vec<Vec<u8>>) -> Result<Done, Failure> {
        match self {
            Self::Evm(wallet, contracts) => {
                let location = contract(client)?;
                let (router, other) = (contracts.router, &client.counterparty);
                let mut step = None;
                let mut keep = |s| step = Some(s);
                deploy::bind_client(wallet, router, &client.id, other, &merkle_prefix, location, &mut keep).await?;
                Ok(step.into())
            }
            Self::Substrate(wallet) => {
                let binding = governance::BindClient {
                    id: client.id.clone(),
                    counterparty: client.counterparty.clone(),
                    merkle_prefix,
                };
                Ok(done(&governance::bind_client(wallet, &binding).await?))
            }
        }
    }

    /// Brings a client forward by one update.
    pub async fn update(&self, client: &ClientConfig, message: Vec<u8>) -> Result<Done, Failure> {
        match self {
            Self::Evm(wallet, contracts) => {
                let call = IRouter::updateClientCall { clientId: client.id.to_string(), updateMsg: message.into() };
                let receipt = wallet.call(contracts.router, call).await?;
                let (transaction, gas_used) = (Some(receipt.hash.to_string()), Some(receipt.gas_used));
                Ok(Done { transaction, gas_used, contract: None })
            }
            Self::Substrate(wallet) => {
                let account = lupu_substrate::keys::account_id(&wallet.account());
                let message = Message::UpdateClient { client: client.id.clone(), message };
                submit(wallet.chain().as_ref(), &account, message).await
            }
        }
    }
}

/// Signs one message, sends it, and waits until it is final.
async fn submit(chain: &dyn Chain, account: &AccountId, message: Message) -> Result<Done, Failure> {
    let messages = [message];
    let limit = chain.simulate(account, &messages).await?.gas_limit;
    let nonce = chain.next_nonce(account).await?;
    let signed = chain.sign(account, nonce, limit, &messages).await?;
    chain.broadcast(&signed).await?;
    let started = Instant::now();
    loop {
        match chain.transaction(&signed).await? {
            TransactionStatus::Included(included) if included.success => {
                let (transaction, gas_used) = (Some(signed.hash.to_string()), Some(included.gas_used));
                return Ok(Done { transaction, gas_used, contract: None });
            }
            TransactionStatus::Included(included) => {
                let reason = included.reason.unwrap_or_else(|| "without a reason".into());
                return Err(Failure::failed(format!("transaction {} failed: {reason}", signed.hash)));
            }
            TransactionStatus::Superseded => {
                return Err(Failure::failed("another transaction took the nonce; try again"));
            }
            TransactionStatus::Unknown => chain.broadcast(&signed).await?,
            TransactionStatus::Pending => {}
        }
        if started.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(Failure::failed(format!("transaction {} is not final after {seconds} s", signed.hash)));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn done(receipt: &lupu_substrate::wallet::Receipt) -> Done {
    let (transaction, gas_used) = (Some(receipt.hash.to_string()), Some(receipt.included.gas_used));
    Done { transaction, gas_used, contract: None }
}

fn contract(client: &ClientConfig) -> Result<Address, Failure> {
    client.light_client.ok_or_else(|| {
        Failure::usage(format!("{} has no light_client: create it with `lupu client create`", client.id))
    })
}

/// A client's state as its host has it, bound or not, and the host's time in UNIX seconds.
pub async fn state(config: &Config, client: &ClientConfig) -> Result<(Vec<u8>, u64), Failure> {
    let chain = links::chain(config, &client.on)?;
    match &chain.family {
        Family::Evm(_) => {
            let location = client.light_client.ok_or_else(|| Failure::usage("was not created yet"))?;
            let reader = links::keyless(chain).await?;
            let state = reader.read(location, ILightClient::getClientStateCall {}).await?;
            Ok((state.to_vec(), reader.time().await?))
        }
        Family::Substrate(_) => {
            let reader = links::keyless_account(config, chain).await?;
            kept(reader.chain(), client).await
        }
    }
}

/// A client's state as the runtime has it, and the chain's time.
async fn kept(chain: &SubstrateChain, client: &ClientConfig) -> Result<(Vec<u8>, u64), Failure> {
    let state = chain.client_state(&client.id).await?.ok_or_else(|| Failure::usage("was not created yet"))?;
    Ok((state, chain.finalized().await?.timestamp.0))
}

/// A client's own word about itself.
pub fn read(id: &ClientId, state: &[u8]) -> Result<Box<dyn lupu_light_client::LightClient>, Failure> {
    setup::client_from_state(state).map_err(|e| Failure::failed(format!("{id} is no light client of ours: {e}")))
}
