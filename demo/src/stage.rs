//! Setting the stage: two chains, their contracts, a client of each on the other, and the relayer.

use crate::{
    progress::Progress,
    scenes, wallet,
    world::{Side, World},
};
use alloy::{primitives::Address, signers::local::PrivateKeySigner, sol_types::SolValue};
use anyhow::{Context, Result};
use lupu_adapter::ClientParameters;
use lupu_evm::{
    Endpoints, HeaderSource,
    artifacts::{Contract, init_code},
    deploy::{DeployConfig, bind_client, create_client, deploy_core},
    propose_anchor,
    wallet::Wallet,
};
use lupu_evm_devnet::{Devnet, Hardfork};
use lupu_relayer::{
    Engine, Store,
    config::{Anchor, ChainSketch, ClientConfig, Config, ConfigFile, Consensus, Contracts, FamilySketch, template},
    setup::{self, Connected},
};
use lupu_standard::{ChainId, ClientId, Height};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How the two chains differ, so that both shapes of header are shown.
const HARBOUR: Sketch = Sketch { name: "harbour", chain_id: 1001, hardfork: Hardfork::Berlin, seed: 1 };
const BANK: Sketch = Sketch { name: "bank", chain_id: 2001, hardfork: Hardfork::Cancun, seed: 2 };

struct Sketch {
    name: &'static str,
    chain_id: u64,
    hardfork: Hardfork,
    seed: u64,
}

/// What can be chosen about the stage.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Seconds or less between blocks.
    pub block_time: Duration,
    /// Where configuration and store go; must exist.
    pub folder: PathBuf,
    /// Gas limit of every block.
    pub block_gas_limit: u64,
    /// Money that the treasurer of `bank` starts with, in hundredths.
    pub money: u128,
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// Accounts that sign for the relayer on each chain.
    pub relayer_accounts: usize,
}

impl StageOptions {
    /// What the demo plays on.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            block_time: Duration::from_secs(1),
            folder,
            block_gas_limit: 60_000_000,
            money: 100_000_000,
            max_packets: 50,
            relayer_accounts: 2,
        }
    }
}

/// A stage that is set: the world, and what a relayer needs to serve it.
pub struct Stage {
    /// Chains, people, contracts.
    pub world: World,
    /// The configuration that was written.
    pub config: Config,
    keys: [Vec<PrivateKeySigner>; 2],
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

struct Half {
    id: ChainId,
    devnet: Devnet,
    keys: Vec<PrivateKeySigner>,
    endpoints: Arc<Endpoints>,
}

fn key(devnet: &Devnet, index: usize) -> Result<PrivateKeySigner> {
    let account = devnet.dev_accounts().get(index).context("too few development accounts")?;
    Ok(PrivateKeySigner::from_bytes(&account.key)?)
}

async fn half(sketch: &Sketch, options: &StageOptions) -> Result<Half> {
    let devnet = Devnet::builder()
        .name(sketch.name)
        .chain_id(sketch.chain_id)
        .validators(4)
        .hardfork(sketch.hardfork)
        .seed(sketch.seed)
        .dev_accounts(2 + options.relayer_accounts)
        .block_gas_limit(options.block_gas_limit)
        .block_time(options.block_time)
        .start()
        .await?;
    let keys = (0..2 + options.relayer_accounts).map(|i| key(&devnet, i)).collect::<Result<Vec<_>>>()?;
    let endpoints = Endpoints::new(sketch.name, &[devnet.http_url(0)], Duration::from_secs(10))?;
    Ok(Half { id: ChainId::new(sketch.name)?, devnet, keys, endpoints: Arc::new(endpoints) })
}

impl Half {
    /// The key that deploys and governs.
    async fn governor(&self) -> Result<Wallet> {
        let key = self.keys.first().context("no key")?.clone();
        Ok(Wallet::connect(self.endpoints.clone(), self.devnet.chain_id(), key, Some(0)).await?)
    }

    fn person(&self) -> Result<wallet::Wallet> {
        wallet::Wallet::new(self.id.as_str(), &self.devnet.http_url(0), self.keys.get(1).context("no key")?.clone())
    }

    async fn deploy(&self) -> Result<Contracts> {
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

    async fn anchor(&self) -> Result<Anchor> {
        let source = HeaderSource::new(self.endpoints.clone(), lupu_evm::Kind::Qbft);
        let header = propose_anchor(&source, None).await?;
        Ok(Anchor { height: header.number(), hash: header.block_hash() })
    }

    fn sketch(&self) -> ChainSketch {
        ChainSketch {
            name: self.id.clone(),
            family: FamilySketch::Evm {
                chain_id: self.devnet.chain_id(),
                consensus: Consensus::Qbft,
                rpc: vec![self.devnet.http_url(0)],
            },
            ws: vec![self.devnet.ws_url(0)],
            keys: vec![format!("env:{}", key_variable(&self.id))],
        }
    }
}

/// The environment variable that holds the relayer's key for a chain of the demo.
pub fn key_variable(chain: &ChainId) -> String {
    format!("LUPU_DEMO_KEY_{}", chain.as_str().to_uppercase())
}

fn client_id(on: &ChainId, of: &ChainId) -> Result<ClientId> {
    Ok(ClientId::new(format!("{on}.qbft-{of}"))?)
}

/// Creates a client of `of` on `on`; returns what the configuration says of it, not yet bound.
async fn create(on: &Half, of: &Connected, contracts: &Contracts) -> Result<ClientConfig> {
    let parameters = ClientParameters::default();
    let prover = of.provers().into_iter().next().context("the chain has no prover")?;
    let (at, of) = (prover.provable_height().await?, of.chain().id().clone());
    let initial = prover.initial_client(at, parameters).await?;
    let governor = on.governor().await?;
    let address = create_client(&governor, contracts.factory, prover.client_type(), &initial, &mut |_| {}).await?;
    Ok(ClientConfig {
        id: client_id(&on.id, &of)?,
        on: on.id.clone(),
        counterparty: client_id(&of, &on.id)?,
        of,
        light_client: Some(address),
        bound: false,
        parameters,
    })
}

async fn bind(on: &Half, contracts: &Contracts, client: &mut ClientConfig) -> Result<()> {
    let address = client.light_client.context("the client was not created")?;
    let (governor, prefix) = (on.governor().await?, [Vec::new()]);
    bind_client(&governor, contracts.router, &client.id, &client.counterparty, &prefix, address, &mut |_| {}).await?;
    client.bound = true;
    Ok(())
}

async fn token_and_registry(bank: &Half, contracts: &Contracts, money: u128) -> Result<(Address, Address)> {
    let treasurer = bank.person()?;
    let token = treasurer.deploy(init_code(Contract::DemoToken, &treasurer.address.abi_encode())).await?;
    let registry = treasurer.deploy(init_code(Contract::BillOfLadingRegistry, &[])).await?;
    scenes::fund(&treasurer, token, contracts.transfer, money).await?;
    Ok((token, registry))
}

/// Sets the stage.
pub async fn set(options: &StageOptions, progress: Progress) -> Result<Stage> {
    progress.heading("Setting the stage");
    let act = progress.begin("two chains, four validators each");
    let (harbour, bank) = tokio::try_join!(half(&HARBOUR, options), half(&BANK, options))?;
    act.done(&format!("harbour {}, bank {}", harbour.devnet.http_url(0), bank.devnet.http_url(0)));

    let act = progress.begin("contracts: router, transfer, messages, on both");
    let (on_harbour, on_bank) = tokio::try_join!(harbour.deploy(), bank.deploy())?;
    act.done("each router's address commits to its chain id");

    let path = options.folder.join("lupu.toml");
    let mut file = write_config(&path, &harbour, &bank, (&on_harbour, &on_bank)).await?;
    let config = Config::load(&path)?;
    let connect = async |half: &Half| setup::connect(&config, setup::chain(&config, &half.id)?, Vec::new()).await;
    let (harbour_seen, bank_seen) = tokio::try_join!(connect(&harbour), connect(&bank))?;

    let act = progress.begin("a light client of each on the other, then bound");
    let clients = async {
        let (mut a, mut b) =
            tokio::try_join!(create(&harbour, &bank_seen, &on_harbour), create(&bank, &harbour_seen, &on_bank),)?;
        tokio::try_join!(bind(&harbour, &on_harbour, &mut a), bind(&bank, &on_bank, &mut b))?;
        anyhow::Ok((a, b))
    };
    let money = token_and_registry(&bank, &on_bank, options.money);
    let ((a, b), (token, registry)) = tokio::try_join!(clients, money)?;
    file.put_client(&a);
    file.put_client(&b);
    file.save()?;
    let mut config = Config::load(&path)?;
    config.relayer.batch.max_packets = options.max_packets;
    act.done(&format!("{} ↔ {}", a.id, b.id));

    // The relayer opens the store for itself; the story only looks at it.
    Store::open(&config.relayer.store).await?.close().await;
    let store = Store::open_shared(&config.relayer.store).await?;
    let keys = [harbour.keys.get(2..).unwrap_or_default().to_vec(), bank.keys.get(2..).unwrap_or_default().to_vec()];
    let side = |half: Half, contracts, client| {
        anyhow::Ok(Side { person: half.person()?, id: half.id, devnet: half.devnet, contracts, client })
    };
    let world =
        World { harbour: side(harbour, on_harbour, a.id)?, bank: side(bank, on_bank, b.id)?, store, token, registry };
    Ok(Stage { world, config, keys })
}

async fn write_config(
    path: &Path,
    harbour: &Half,
    bank: &Half,
    contracts: (&Contracts, &Contracts),
) -> Result<ConfigFile> {
    ConfigFile::create(path, &template(&[harbour.sketch(), bank.sketch()]))?;
    let mut file = ConfigFile::open(path)?;
    file.set_contracts(&harbour.id, contracts.0)?;
    file.set_contracts(&bank.id, contracts.1)?;
    file.set_anchor(&harbour.id, &harbour.anchor().await?)?;
    file.set_anchor(&bank.id, &bank.anchor().await?)?;
    file.save()?;
    Ok(file)
}

impl Stage {
    /// The relayer's keys on `harbour` and on `bank`.
    pub fn keys(&self) -> [&[PrivateKeySigner]; 2] {
        [&self.keys[0], &self.keys[1]]
    }

    /// Starts the relayer on the stage's store.
    pub async fn relayer(&self) -> Result<Relayer> {
        let mut chains = Vec::new();
        for (side, keys) in [(&self.world.harbour, &self.keys[0]), (&self.world.bank, &self.keys[1])] {
            chains.push(setup::connect(&self.config, setup::chain(&self.config, &side.id)?, keys.clone()).await?);
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
