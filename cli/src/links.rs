//! From names in the configuration to wallets and connected chains.

use crate::context::Context;
use crate::failure::Failure;
use alloy::signers::local::PrivateKeySigner;
use lupu_evm::wallet::Wallet;
use lupu_evm::{Endpoints, HeaderSource};
use lupu_relayer::config::{Anchor, ChainConfig, ClientConfig, Config, Contracts, EvmSettings, Family, Voters};
use lupu_relayer::keys::Password;
use lupu_relayer::setup::{self, Connected};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::Key;
use lupu_substrate::runtime::{Runtime, Runtimes};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A chain of the configuration; an unknown name says which there are.
pub fn chain<'c>(config: &'c Config, name: &ChainId) -> Result<&'c ChainConfig, Failure> {
    config.chain(name).ok_or_else(|| {
        let known: Vec<_> = config.chains.keys().map(ToString::to_string).collect();
        Failure::usage(format!(
            "{}: there is no chain \"{name}\"; there are: {}",
            config.path.display(),
            known.join(", ")
        ))
    })
}

/// A client of the configuration; an unknown name says which there are.
pub fn client<'c>(config: &'c Config, id: &ClientId) -> Result<&'c ClientConfig, Failure> {
    config.client(id).ok_or_else(|| {
        let known: Vec<_> = config.clients.iter().map(|c| c.id.to_string()).collect();
        let help = if known.is_empty() {
            "create one with `lupu client create`".into()
        } else {
            format!("there are: {}", known.join(", "))
        };
        Failure::usage(format!("{}: there is no client \"{id}\"; {help}", config.path.display()))
    })
}

/// The settings of an EVM chain; what is asked for has no meaning on others.
pub fn evm(chain: &ChainConfig) -> Result<&EvmSettings, Failure> {
    chain.evm().ok_or_else(|| Failure::usage(format!("chain {} is no EVM chain: it has no contracts", chain.name)))
}

/// The contracts of a chain, or what to do first.
pub fn contracts(chain: &ChainConfig) -> Result<Contracts, Failure> {
    evm(chain)?.contracts.ok_or_else(|| {
        Failure::usage(format!("nothing is deployed on {}: run `lupu deploy --chain {}` first", chain.name, chain.name))
    })
}

/// The endpoints of a chain.
pub fn endpoints(chain: &ChainConfig) -> Result<Arc<Endpoints>, Failure> {
    Ok(Arc::new(Endpoints::new(chain.name.as_str(), &evm(chain)?.rpc, PATIENCE)?))
}

/// The headers that a chain's endpoints show.
pub fn headers(chain: &ChainConfig) -> Result<HeaderSource, Failure> {
    Ok(HeaderSource::new(endpoints(chain)?, setup::kind(evm(chain)?.consensus)))
}

/// The keys of a chain. The password is asked for once.
pub fn signers(config: &Config, chain: &ChainConfig, context: &Context) -> Result<Vec<PrivateKeySigner>, Failure> {
    let mut known: Option<Password> = None;
    let mut ask = || {
        if known.is_none() {
            known = Some(context.password()?);
        }
        known.clone().ok_or(lupu_relayer::keys::KeyError::NoPassword)
    };
    Ok(setup::signers(config, chain, &mut ask)?)
}

/// A wallet with one key of a chain: the one named, or the first.
pub async fn wallet(
    config: &Config,
    chain: &ChainConfig,
    key: Option<&str>,
    context: &Context,
) -> Result<Wallet, Failure> {
    let mut chosen = chain.clone();
    if let Some(key) = key {
        chosen.keys = vec![key.parse().map_err(|e| Failure::usage(format!("--key {e}")))?];
    }
    chosen.keys.truncate(1);
    let signer = signers(config, &chosen, context)?.into_iter().next().ok_or_else(|| {
        let name = &chain.name;
        Failure::usage(format!(
            "chain {name} has no keys: make one with `lupu key add {name}-relayer` and name it in chains.{name}.keys"
        ))
    })?;
    let evm = evm(chain)?;
    Ok(Wallet::connect(endpoints(chain)?, evm.chain_id, signer, evm.gas_price).await?)
}

/// An account on a Substrate chain: the key named, or the first.
pub async fn account(
    config: &Config,
    chain: &ChainConfig,
    key: Option<&str>,
    context: &Context,
) -> Result<lupu_substrate::Wallet, Failure> {
    let mut chosen = chain.clone();
    if let Some(key) = key {
        chosen.keys = vec![key.parse().map_err(|e| Failure::usage(format!("--key {e}")))?];
    }
    chosen.keys.truncate(1);
    let signers = signers(config, &chosen, context)?;
    let no_keys = || {
        let name = &chain.name;
        Failure::usage(format!(
            "chain {name} has no keys: make one with `lupu key add {name}-relayer` and name it in chains.{name}.keys"
        ))
    };
    let connected = setup::connect(config, chain, signers).await?;
    let substrate = connected.substrate().ok_or_else(|| Failure::failed("another family"))?;
    let key = substrate.config().keys.first().cloned().ok_or_else(no_keys)?;
    Ok(lupu_substrate::Wallet::new(substrate.clone(), key))
}

/// A chain to read from, followed from its anchor.
pub async fn reader(config: &Config, chain: &ChainConfig) -> Result<Connected, Failure> {
    Ok(setup::connect(config, chain, Vec::new()).await?)
}

/// A chain to ask unproven questions of. The key it carries is thrown away and never signs.
pub async fn keyless(chain: &ChainConfig) -> Result<Wallet, Failure> {
    let evm = evm(chain)?;
    Ok(Wallet::connect(endpoints(chain)?, evm.chain_id, PrivateKeySigner::random(), evm.gas_price).await?)
}

/// A Substrate chain to ask unproven questions of. The key it carries is thrown away and never signs,
/// and it is followed from the newest block that the nodes show: nobody has to have confirmed an
/// anchor, and no history is walked.
pub async fn keyless_account(config: &Config, chain: &ChainConfig) -> Result<lupu_substrate::Wallet, Failure> {
    let mut asked = chain.clone();
    if let Family::Substrate(settings) = &mut asked.family {
        let found = lupu_substrate::propose_anchor(&setup::substrate_source(chain, settings)?, None).await?;
        let authorities = found.voters.set.authorities().iter().map(|a| (a.key, a.weight)).collect();
        settings.voters = Some(Voters { set_id: found.voters.id, authorities });
        asked.anchor = Some(Anchor { height: Height(found.height), hash: found.hash });
    }
    let connected = setup::connect(config, &asked, Vec::new()).await?;
    let substrate = connected.substrate().ok_or_else(|| Failure::failed("another family"))?;
    let thrown_away = Zeroizing::new(PrivateKeySigner::random().to_bytes().0);
    let key = Key::from_seed(&thrown_away).map_err(|e| Failure::failed(e.to_string()))?;
    Ok(lupu_substrate::Wallet::new(substrate.clone(), key))
}

/// The runtime of a Substrate chain as its nodes describe it now.
pub async fn runtime(chain: &ChainConfig) -> Result<Arc<Runtime>, Failure> {
    let name = chain.name.as_str();
    let Family::Substrate(settings) = &chain.family else {
        return Err(Failure::usage(format!("chain {name} is no Substrate chain: it has no runtime")));
    };
    let endpoints = Arc::new(substrate_endpoints(name, &settings.ws)?);
    let genesis = lupu_substrate::unproven::genesis(&endpoints).await?;
    if genesis != settings.genesis {
        let wanted = settings.genesis;
        return Err(Failure::usage(format!(
            "{name}: the nodes' block 0 is {genesis}, the configuration says {wanted}"
        )));
    }
    let runtime = Runtimes::new(endpoints, genesis).at(None).await;
    Ok(runtime.map_err(|e| e.into_adapter(name))?)
}

/// The endpoints of a Substrate chain.
pub fn substrate_endpoints(chain: &str, ws: &[String]) -> Result<lupu_substrate::Endpoints, Failure> {
    Ok(lupu_substrate::Endpoints::new(chain, ws, PATIENCE)?)
}
