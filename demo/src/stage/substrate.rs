//! A chain with pallets, while the stage is being set.

use super::evm::PEOPLE;
use crate::{customs::Customs, stage::StageOptions};
use alloy::{primitives::keccak256, signers::local::PrivateKeySigner};
use anyhow::{Context, Result};
use lupu_relayer::{
    config::{Anchor, ChainSketch, FamilySketch},
    setup::Connected,
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{Endpoints, Key, Source, SubstrateChain, Wallet, propose_anchor};
use lupu_substrate_devnet::Devnet;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use zeroize::Zeroizing;

const NAME: &str = "customs";

/// A chain that has started.
pub struct SubstrateHalf {
    pub id: ChainId,
    devnet: Devnet,
    people: Vec<Key>,
    /// The relayer's seeds, as the keystore holds them.
    relayers: Vec<PrivateKeySigner>,
}

/// The seed of somebody on the stage. Public, like the seeds of all development accounts.
fn seed(role: &str, index: usize) -> Result<PrivateKeySigner> {
    Ok(PrivateKeySigner::from_bytes(&keccak256(format!("lupu demo {role} {index}")))?)
}

fn key(seed: &PrivateKeySigner) -> Result<Key> {
    Ok(Key::from_seed(&Zeroizing::new(seed.to_bytes().0))?)
}

impl SubstrateHalf {
    pub async fn start(options: &StageOptions) -> Result<Self> {
        let people = (0..PEOPLE).map(|i| key(&seed("person", i)?)).collect::<Result<Vec<_>>>()?;
        let relayers = (0..options.relayer_accounts).map(|i| seed("relayer", i)).collect::<Result<Vec<_>>>()?;
        let relaying = relayers.iter().map(key).collect::<Result<Vec<_>>>()?;
        let funded = people.iter().chain(&relaying).map(|k| k.public().into());
        let devnet = Devnet::builder()
            .name(NAME)
            .authorities(4)
            .block_time(options.block_time)
            .session_length(30)
            .fund(funded.collect::<Vec<_>>())
            .start()
            .await?;
        Ok(Self { id: ChainId::new(NAME)?, devnet, people, relayers })
    }

    pub fn url(&self) -> String {
        self.devnet.ws_url(0)
    }

    /// The newest final block, once there is one after genesis.
    pub async fn anchor(&self) -> Result<Anchor> {
        let endpoints = Endpoints::new(NAME, &[self.url()], Duration::from_secs(10))?;
        let source = Source::new(Arc::new(endpoints));
        loop {
            let found = propose_anchor(&source, None).await?;
            if found.height > 0 {
                return Ok(Anchor { height: Height(found.height), hash: found.hash });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn sketch(&self) -> ChainSketch {
        ChainSketch {
            name: self.id.clone(),
            family: FamilySketch::Substrate { genesis: self.devnet.genesis_hash().0.into() },
            ws: vec![self.url()],
            keys: vec![format!("env:{}", super::key_variable(&self.id))],
        }
    }

    /// The relayer's seeds.
    pub fn relayers(&self) -> Vec<PrivateKeySigner> {
        self.relayers.clone()
    }

    /// The account that governs.
    pub fn governor(&self, chain: &Arc<SubstrateChain>) -> Result<Wallet> {
        Ok(Wallet::new(chain.clone(), Key::from_uri(&Zeroizing::new("//Alice".into()))?))
    }

    pub fn customs(self, seen: &Connected, clients: BTreeMap<ChainId, ClientId>) -> Result<Customs> {
        let chain = seen.substrate().context("another family")?;
        let people = self.people.into_iter().map(|key| Wallet::new(chain.clone(), key)).collect();
        let relayers = self.relayers.iter().map(|seed| Ok(key(seed)?.public())).collect::<Result<_>>()?;
        Ok(Customs { id: self.id, devnet: self.devnet, people, relayers, clients })
    }
}
