//! A chain with contracts, while the stage is being set.

use crate::{side::Side, stage::StageOptions, wallet};
use alloy::{
    primitives::{Address, U256, keccak256},
    signers::local::PrivateKeySigner,
    sol_types::SolValue,
};
use anyhow::{Context, Result};
use lupu_evm::{
    Endpoints, HeaderSource,
    artifacts::{Contract, init_code},
    deploy::{DeployConfig, deploy_core},
    propose_anchor,
    wallet::Wallet,
};
use lupu_evm_devnet::{Devnet, Hardfork};
use lupu_relayer::config::{Anchor, ChainSketch, Consensus, Contracts, FamilySketch};
use lupu_standard::{ChainId, ClientId, Height};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How many people live on each chain.
pub const PEOPLE: usize = 4;

/// How the chains differ, so that both shapes of header are shown.
pub struct Sketch {
    pub name: &'static str,
    pub chain_id: u64,
    pub hardfork: Hardfork,
    pub seed: u64,
}

/// A chain that has started.
pub struct EvmHalf {
    pub id: ChainId,
    devnet: Devnet,
    /// The governor's, the people's, the relayer's.
    keys: Vec<PrivateKeySigner>,
    endpoints: Arc<Endpoints>,
}

impl EvmHalf {
    pub async fn start(sketch: &Sketch, options: &StageOptions) -> Result<Self> {
        let accounts = 1 + PEOPLE + options.relayer_accounts;
        let devnet = Devnet::builder()
            .name(sketch.name)
            .chain_id(sketch.chain_id)
            .validators(4)
            .hardfork(sketch.hardfork)
            .seed(sketch.seed)
            .dev_accounts(accounts)
            .block_gas_limit(options.block_gas_limit)
            .block_time(options.block_time)
            .start()
            .await?;
        let keys = devnet.dev_accounts().iter().take(accounts).map(|a| PrivateKeySigner::from_bytes(&a.key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let endpoints = Endpoints::new(sketch.name, &[devnet.http_url(0)], Duration::from_secs(10))?;
        Ok(Self { id: ChainId::new(sketch.name)?, devnet, keys, endpoints: Arc::new(endpoints) })
    }

    pub fn url(&self) -> String {
        self.devnet.http_url(0)
    }

    /// The account that deploys and governs.
    pub async fn governor(&self) -> Result<Wallet> {
        let key = self.keys.first().context("no key")?.clone();
        Ok(Wallet::connect(self.endpoints.clone(), self.devnet.chain_id(), key, Some(0)).await?)
    }

    fn people(&self) -> Result<Vec<wallet::Wallet>> {
        let keys = self.keys.iter().skip(1).take(PEOPLE).cloned();
        keys.map(|key| wallet::Wallet::new(self.id.as_str(), &self.url(), key)).collect()
    }

    /// The relayer's keys.
    pub fn relayers(&self) -> Vec<PrivateKeySigner> {
        self.keys.iter().skip(1 + PEOPLE).cloned().collect()
    }

    pub async fn deploy(&self) -> Result<Contracts> {
        let c = deploy_core(&self.governor().await?, DeployConfig::default(), &mut |_| {}).await?;
        Ok(Contracts {
            factory: c.factory,
            authority: c.authority,
            router: c.router,
            transfer: c.transfer,
            gmp: c.gmp,
            deployed_at: Height(c.deployed_at),
            migration_delay: c.migration_delay,
        })
    }

    pub async fn anchor(&self) -> Result<Anchor> {
        let source = HeaderSource::new(self.endpoints.clone(), lupu_evm::Kind::Qbft);
        let header = propose_anchor(&source, None).await?;
        Ok(Anchor { height: header.number(), hash: header.block_hash() })
    }

    pub fn sketch(&self) -> ChainSketch {
        ChainSketch {
            name: self.id.clone(),
            family: FamilySketch::Evm {
                chain_id: self.devnet.chain_id(),
                consensus: Consensus::Qbft,
                rpc: vec![self.url()],
            },
            ws: vec![self.devnet.ws_url(0)],
            keys: vec![format!("env:{}", super::key_variable(&self.id))],
        }
    }

    pub fn side(self, contracts: Contracts, clients: BTreeMap<ChainId, ClientId>) -> Result<Side> {
        let (people, relayers) = (self.people()?, self.relayers().iter().map(PrivateKeySigner::address).collect());
        Ok(Side { people, relayers, id: self.id, devnet: self.devnet, contracts, clients })
    }

    /// eCNY, of which everybody here has some and lets the transfer application take it; and the
    /// registry of bills of lading.
    pub async fn bank(&self, transfer: Address, money: u128) -> Result<(Address, Address)> {
        let people = self.people()?;
        let treasurer = people.first().context("nobody lives here")?;
        let token = treasurer.deploy(init_code(Contract::DemoToken, &treasurer.address.abi_encode())).await?;
        let registry = treasurer.deploy(init_code(Contract::BillOfLadingRegistry, &[])).await?;
        use crate::abi::Token;
        let mints = people.iter().map(|p| Token::mintCall { account: p.address, amount: U256::from(money) });
        treasurer.send_all(token, mints.collect()).await?;
        treasurer.send(token, Token::freezeCall { account: frozen() }).await?;
        let approve = || Token::approveCall { spender: transfer, amount: U256::MAX };
        futures::future::try_join_all(people.iter().map(|p| p.send(token, approve()))).await?;
        Ok((token, registry))
    }

    /// The register of customs clearances.
    pub async fn harbour(&self) -> Result<Address> {
        let people = self.people()?;
        let carrier = people.first().context("nobody lives here")?;
        carrier.deploy(init_code(Contract::ClearanceRegister, &[])).await
    }
}

/// An account on `bank` that may not be paid.
pub fn frozen() -> Address {
    Address::from_word(keccak256("frozen account"))
}
