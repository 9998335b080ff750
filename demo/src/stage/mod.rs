//! Setting the stage: the chains, their contracts, a client of each on each other, and the relayer.

mod clients;
mod evm;
mod substrate;

pub use evm::frozen;

use crate::{customs::Customs, progress::Progress, world::World};
use alloy::signers::local::PrivateKeySigner;
use anyhow::Result;
use clients::{Host, create};
use evm::{EvmHalf, Sketch};
use futures::future::BoxFuture;
use lupu_evm_devnet::Hardfork;
use lupu_relayer::{
    Engine, Store,
    config::{ClientConfig, Config, ConfigFile, Contracts, template},
    setup::{self, Connected},
};
use lupu_standard::{ChainId, ClientId};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use substrate::SubstrateHalf;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const HARBOUR: Sketch = Sketch { name: "harbour", chain_id: 1001, hardfork: Hardfork::Berlin, seed: 1 };
const BANK: Sketch = Sketch { name: "bank", chain_id: 2001, hardfork: Hardfork::Cancun, seed: 2 };

/// What can be chosen about the stage.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Seconds or less between blocks.
    pub block_time: Duration,
    /// Where configuration and store go; must exist.
    pub folder: PathBuf,
    /// Gas limit of every block.
    pub block_gas_limit: u64,
    /// Money that each of the people on `bank` starts with, in hundredths.
    pub money: u128,
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// Accounts that sign for the relayer on each chain.
    pub relayer_accounts: usize,
    /// Whether `customs`, the Substrate chain, is on the stage.
    pub customs: bool,
}

impl StageOptions {
    /// Two EVM chains that a relayer serves.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            block_time: Duration::from_secs(1),
            folder,
            block_gas_limit: 60_000_000,
            money: 100_000_000,
            max_packets: 50,
            relayer_accounts: 2,
            customs: false,
        }
    }
}

/// A stage that is set: the world, and what a relayer needs to serve it.
pub struct Stage {
    /// Chains, people, contracts.
    pub world: World,
    /// The configuration that was written.
    pub config: Config,
    /// The relayer's keys by chain.
    pub keys: BTreeMap<ChainId, Vec<PrivateKeySigner>>,
}

/// A relayer that runs in this process.
pub struct Relayer {
    token: CancellationToken,
    task: JoinHandle<Result<(), lupu_relayer::engine::EngineError>>,
    /// The chains as it sees them.
    pub chains: Vec<Connected>,
}

impl Relayer {
    /// Stops it in order.
    pub async fn stop(self) -> Result<()> {
        self.token.cancel();
        self.task.await?.map_err(Into::into)
    }
}

/// The environment variable that holds the relayer's key for a chain of the demo.
pub fn key_variable(chain: &ChainId) -> String {
    format!("LUPU_DEMO_KEY_{}", chain.as_str().to_uppercase())
}

/// The chains, started.
struct Halves {
    harbour: EvmHalf,
    bank: EvmHalf,
    customs: Option<SubstrateHalf>,
}

/// Sets the stage.
pub fn set<'a>(options: &'a StageOptions, progress: &'a Progress) -> BoxFuture<'a, Result<Stage>> {
    Box::pin(build(options, progress))
}

async fn build(options: &StageOptions, progress: &Progress) -> Result<Stage> {
    progress.heading("Setting the stage");
    let act = progress.begin("chains, four validators each");
    let customs = async {
        match options.customs {
            true => SubstrateHalf::start(options).await.map(Some),
            false => Ok(None),
        }
    };
    let (harbour, bank, customs) =
        tokio::try_join!(EvmHalf::start(&HARBOUR, options), EvmHalf::start(&BANK, options), customs)?;
    let halves = Halves { harbour, bank, customs };
    let with = halves.customs.as_ref().map_or_else(String::new, |c| format!(", customs {}", c.url()));
    act.done(&format!("harbour {}, bank {}{with}", halves.harbour.url(), halves.bank.url()));

    let act = progress.begin("contracts: router, transfer, messages");
    let (on_harbour, on_bank) = tokio::try_join!(halves.harbour.deploy(), halves.bank.deploy())?;
    act.done("each router's address commits to its chain id; customs has pallets");

    let path = options.folder.join("lupu.toml");
    let mut file = write_config(&path, &halves, &on_harbour, &on_bank).await?;
    let config = Config::load(&path)?;
    let act = progress.begin("a light client of each chain on each other");
    let chains = config.chains.values().map(|chain| setup::connect(&config, chain, Vec::new()));
    let seen = futures::future::try_join_all(chains).await?;
    let (clients, (token, registry), clearances) = tokio::try_join!(
        all_clients(&config, &halves, &seen, &on_harbour, &on_bank),
        halves.bank.bank(on_bank.transfer, options.money),
        halves.harbour.harbour(),
    )?;
    clients.iter().for_each(|client| file.put_client(client));
    file.save()?;
    let mut config = Config::load(&path)?;
    config.relayer.batch.max_packets = options.max_packets;
    let names: Vec<_> = clients.iter().map(|c| c.id.to_string()).collect();
    act.done(&names.join(", "));

    // The relayer opens the store for itself; the story only looks at it.
    Store::open(&config.relayer.store).await?.close().await;
    let store = Store::open_shared(&config.relayer.store).await?;
    let keys = keys(&halves);
    let on = |chain: &ChainId| hosted(&clients, chain);
    let (on_h, on_b) = (on(&halves.harbour.id), on(&halves.bank.id));
    let customs = match halves.customs {
        Some(half) => Some(customs_of(half, &seen, &clients)?),
        None => None,
    };
    let world = World {
        harbour: halves.harbour.side(on_harbour, on_h)?,
        bank: halves.bank.side(on_bank, on_b)?,
        customs,
        store,
        token,
        registry,
        clearances,
    };
    Ok(Stage { world, config, keys })
}

fn keys(halves: &Halves) -> BTreeMap<ChainId, Vec<PrivateKeySigner>> {
    let mut keys: BTreeMap<_, _> =
        [&halves.harbour, &halves.bank].into_iter().map(|half| (half.id.clone(), half.relayers())).collect();
    keys.extend(halves.customs.iter().map(|half| (half.id.clone(), half.relayers())));
    keys
}

/// The clients on a chain, by the chain they stand for.
fn hosted(clients: &[ClientConfig], on: &ChainId) -> BTreeMap<ChainId, ClientId> {
    clients.iter().filter(|c| c.on == *on).map(|c| (c.of.clone(), c.id.clone())).collect()
}

fn customs_of(half: SubstrateHalf, seen: &[Connected], clients: &[ClientConfig]) -> Result<Customs> {
    let own = seen.iter().find(|s| *s.chain().id() == half.id);
    let own = own.ok_or_else(|| anyhow::anyhow!("{} is not connected", half.id))?;
    let clients = hosted(clients, &half.id);
    half.customs(own, clients)
}

async fn all_clients(
    config: &Config,
    halves: &Halves,
    seen: &[Connected],
    on_harbour: &Contracts,
    on_bank: &Contracts,
) -> Result<Vec<ClientConfig>> {
    let customs = async {
        let Some(half) = &halves.customs else { return Ok(Vec::new()) };
        let own = seen.iter().find(|s| *s.chain().id() == half.id);
        let own = own.ok_or_else(|| anyhow::anyhow!("{} is not connected", half.id))?;
        create(config, Host::Substrate(half, own), seen).await
    };
    let (a, b, c) = tokio::try_join!(
        create(config, Host::Evm(&halves.harbour, on_harbour), seen),
        create(config, Host::Evm(&halves.bank, on_bank), seen),
        customs,
    )?;
    Ok([a, b, c].concat())
}

async fn write_config(
    path: &std::path::Path,
    halves: &Halves,
    on_harbour: &Contracts,
    on_bank: &Contracts,
) -> Result<ConfigFile> {
    let (harbour, bank, customs) = (&halves.harbour, &halves.bank, halves.customs.as_ref());
    let sketches: Vec<_> =
        [harbour.sketch(), bank.sketch()].into_iter().chain(customs.map(SubstrateHalf::sketch)).collect();
    ConfigFile::create(path, &template(&sketches))?;
    let mut file = ConfigFile::open(path)?;
    file.set_contracts(&harbour.id, on_harbour)?;
    file.set_contracts(&bank.id, on_bank)?;
    file.set_anchor(&harbour.id, &harbour.anchor().await?)?;
    file.set_anchor(&bank.id, &bank.anchor().await?)?;
    if let Some(half) = customs {
        file.set_anchor(&half.id, &half.anchor().await?)?;
    }
    file.save()?;
    Ok(file)
}

impl Stage {
    /// Starts the relayer on the stage's store.
    pub async fn relayer(&self) -> Result<Relayer> {
        let mut chains = Vec::new();
        for (id, keys) in &self.keys {
            chains.push(setup::connect(&self.config, setup::chain(&self.config, id)?, keys.clone()).await?);
        }
        let store = Store::open(&self.config.relayer.store).await?;
        let mut settings = setup::engine_config(&self.config);
        settings.listen = None;
        let for_engine = chains.iter().map(Connected::for_engine).collect();
        let engine = Engine::new(settings, store, for_engine, setup::routes(&self.config))?;
        let token = CancellationToken::new();
        let task = tokio::spawn(engine.run(token.clone()));
        Ok(Relayer { token, task, chains })
    }
}
