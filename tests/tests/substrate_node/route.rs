//! `bank`, an embedded EVM chain, and `customs`, a chain of real Substrate nodes: deployed, bound,
//! and relayed by the engine, from a configuration as an operator has it.

use crate::network::Network;
use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use lupu_adapter::{Chain, ClientParameters, PacketEventKind};
use lupu_evm::{
    Contracts, DeployConfig, Endpoints, HeaderSource, Kind, Wallet,
    deploy::{self, deploy_core},
    propose_anchor, send as evm,
};
use lupu_relayer::{
    config::{Config, ConfigFile},
    engine::{Engine, EngineError},
    setup::{self, Connected},
    store::Store,
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{Key, governance, send as substrate};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Longest time until a packet has come to its end.
const PATIENCE: Duration = Duration::from_secs(240);
/// The seed of `//Bob`, whose account relays: a signer of the configuration is 32 bytes.
const BOB: &str = "398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89";
/// Receives on customs.
pub const RECEIVER: [u8; 32] = [0x42; 32];

pub struct Bank {
    pub id: ChainId,
    _devnet: lupu_evm_devnet::Devnet,
    pub wallet: Wallet,
    pub contracts: Contracts,
    seen: Connected,
}

pub struct Customs {
    pub id: ChainId,
    pub network: Network,
    /// Alice, who governs.
    pub governor: lupu_substrate::Wallet,
    seen: Connected,
}

struct Relayer {
    token: CancellationToken,
    task: JoinHandle<Result<(), EngineError>>,
}

pub struct Route {
    pub bank: Bank,
    pub customs: Customs,
    /// On bank, of customs: BEEFY.
    pub on_bank: ClientId,
    /// On customs, of bank: QBFT.
    pub on_customs: ClientId,
    /// A token of bank.
    pub token: Address,
    config: Config,
    relaying: [Vec<PrivateKeySigner>; 2],
    relayer: Mutex<Option<Relayer>>,
    _folder: TempDir,
}

/// `//Name` of the development accounts.
pub fn key(name: &str) -> Key {
    Key::from_uri(&Zeroizing::new(format!("//{name}"))).unwrap()
}

impl Route {
    /// Relays between a new EVM chain and these nodes; `endpoints` are those of the configuration.
    pub async fn start(network: Network, endpoints: &[usize]) -> Self {
        let devnet =
            lupu_evm_devnet::Devnet::builder().name("bank").chain_id(2001).block_time(Duration::from_secs(1)).start();
        let devnet = devnet.await.unwrap();
        let folder = TempDir::new().unwrap();
        let path: PathBuf = folder.path().join("lupu.toml");
        let urls: Vec<String> = endpoints.iter().map(|index| network.nodes[*index].ws_url()).collect();
        let text = format!(
            "[relayer]\nstore = \"store.sqlite\"\n[relayer.batch]\nmax_wait_ms = 100\n\
             [chains.bank]\nfamily = \"evm\"\nchain_id = {}\nconsensus = \"qbft\"\nrpc = [{:?}]\ngas_price = 0\n\
             [chains.customs]\nfamily = \"substrate\"\ngenesis = \"{}\"\nws = {urls:?}\n",
            devnet.chain_id(),
            devnet.http_url(0),
            network.genesis().await,
        );
        ConfigFile::create(&path, &text).unwrap();

        let accounts: Vec<_> =
            devnet.dev_accounts().iter().take(3).map(|a| PrivateKeySigner::from_bytes(&a.key).unwrap()).collect();
        let http = Arc::new(Endpoints::new("bank", &[devnet.http_url(0)], Duration::from_secs(10)).unwrap());
        let wallet = Wallet::connect(http.clone(), devnet.chain_id(), accounts[0].clone(), Some(0)).await.unwrap();
        let contracts = deploy_core(&wallet, DeployConfig::default(), &mut |_| {}).await.unwrap();

        let (bank_id, customs_id) = (ChainId::new("bank").unwrap(), ChainId::new("customs").unwrap());
        let header = propose_anchor(&HeaderSource::new(http, Kind::Qbft), None).await.unwrap();
        let mut file = ConfigFile::open(&path).unwrap();
        let written = lupu_relayer::config::Contracts {
            factory: contracts.factory,
            authority: contracts.authority,
            router: contracts.router,
            transfer: contracts.transfer,
            gmp: contracts.gmp,
            deployed_at: Height(contracts.deployed_at),
            migration_delay: contracts.migration_delay,
        };
        file.set_contracts(&bank_id, &written).unwrap();
        let anchor = lupu_relayer::config::Anchor { height: header.number(), hash: header.block_hash() };
        file.set_anchor(&bank_id, &anchor).unwrap();
        file.save().unwrap();
        let config = Config::load(&path).unwrap();
        let customs = setup::chain(&config, &customs_id).unwrap();
        let lupu_relayer::config::Family::Substrate(settings) = &customs.family else { panic!("another family") };
        let source = setup::substrate_source(customs, settings).unwrap();
        let found = lupu_substrate::propose_anchor(&source, None).await.unwrap();
        let anchor = lupu_relayer::config::Anchor { height: Height(found.height), hash: found.hash };
        file.set_anchor(&customs_id, &anchor).unwrap();
        file.save().unwrap();
        let config = Config::load(&path).unwrap();

        let connect = async |name: &ChainId| {
            setup::connect(&config, setup::chain(&config, name).unwrap(), Vec::new()).await.unwrap()
        };
        let (bank_seen, customs_seen) = tokio::join!(connect(&bank_id), connect(&customs_id));
        let governor = lupu_substrate::Wallet::new(customs_seen.substrate().unwrap().clone(), key("Alice"));
        let token = evm::create_demo_token(&wallet).await.unwrap();
        evm::mint(&wallet, token, wallet.address(), U256::from(1_000_000)).await.unwrap();
        let mut route = Self {
            bank: Bank { id: bank_id, _devnet: devnet, wallet, contracts, seen: bank_seen },
            customs: Customs { id: customs_id, network, governor, seen: customs_seen },
            on_bank: ClientId::new("bank.beefy-customs").unwrap(),
            on_customs: ClientId::new("customs.qbft-bank").unwrap(),
            token,
            config,
            relaying: [accounts[1..].to_vec(), vec![BOB.parse().unwrap()]],
            relayer: Mutex::new(None),
            _folder: folder,
        };
        route.bind(&path).await;
        route.relay().await;
        route
    }

    async fn bind(&mut self, path: &Path) {
        let chain = |name: &ChainId| self.config.chain(name).unwrap();
        let (bank, customs) = (chain(&self.bank.id), chain(&self.customs.id));
        let (here, there) = (&self.on_bank, &self.on_customs);

        let prover = self.customs.seen.prover_for(bank);
        let at = prover.provable_height().await.unwrap();
        let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
        let (wallet, contracts) = (&self.bank.wallet, &self.bank.contracts);
        let kind = prover.client_type();
        assert_eq!(kind, "beefy");
        let light = deploy::create_client(wallet, contracts.factory, kind, &initial, &mut |_| {}).await.unwrap();
        let prefix = setup::merkle_prefix(customs);
        deploy::bind_client(wallet, contracts.router, here, there, &prefix, light, &mut |_| {}).await.unwrap();

        let prover = self.bank.seen.prover_for(customs);
        let at = prover.provable_height().await.unwrap();
        let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
        let client = governance::CreateClient {
            id: there.clone(),
            client_type: prover.client_type().into(),
            state: initial.state,
            consensus_state: initial.consensus_state,
        };
        governance::create_client(&self.customs.governor, &client).await.unwrap();
        let merkle_prefix = setup::merkle_prefix(bank);
        let binding = governance::BindClient { id: there.clone(), counterparty: here.clone(), merkle_prefix };
        governance::bind_client(&self.customs.governor, &binding).await.unwrap();

        let mut file = ConfigFile::open(path).unwrap();
        for (id, other, on, of, contract) in [
            (here, there, &self.bank.id, &self.customs.id, Some(light)),
            (there, here, &self.customs.id, &self.bank.id, None::<Address>),
        ] {
            file.put_client(&lupu_relayer::config::ClientConfig {
                id: id.clone(),
                on: on.clone(),
                of: of.clone(),
                counterparty: other.clone(),
                light_client: contract,
                bound: true,
                parameters: ClientParameters::default(),
            });
        }
        file.save().unwrap();
        self.config = Config::load(path).unwrap();
        assert_eq!(self.config.routes().len(), 1);
    }

    /// Starts the engine on the store that is there.
    pub async fn relay(&self) {
        let mut chains = Vec::new();
        for (id, signers) in [&self.bank.id, &self.customs.id].into_iter().zip(&self.relaying) {
            let chain = setup::chain(&self.config, id).unwrap();
            chains.push(setup::connect(&self.config, chain, signers.clone()).await.unwrap().for_engine());
        }
        let store = Store::open(&self.config.relayer.store).await.unwrap();
        let engine =
            Engine::new(setup::engine_config(&self.config), store, chains, setup::routes(&self.config)).unwrap();
        let token = CancellationToken::new();
        let task = tokio::spawn(engine.run(token.clone()));
        *self.relayer.lock().unwrap() = Some(Relayer { token, task });
    }

    /// Stops the engine.
    pub async fn stop(&self) {
        let relayer = self.relayer.lock().unwrap().take().expect("relaying");
        relayer.token.cancel();
        relayer.task.await.unwrap().unwrap();
    }

    /// An account on customs, connected by the configuration.
    pub fn account(&self, name: &str) -> lupu_substrate::Wallet {
        lupu_substrate::Wallet::new(self.customs.seen.substrate().unwrap().clone(), key(name))
    }

    /// An hour from now, by the EVM chain's clock.
    async fn timeout(&self) -> u64 {
        self.bank.wallet.time().await.unwrap() + 3_600
    }

    /// Sends the token to [`RECEIVER`].
    pub async fn send_from_bank(&self, amount: u64) -> evm::Sent {
        let request = evm::TransferRequest {
            client: self.on_bank.clone(),
            token: self.token,
            amount: U256::from(amount),
            receiver: format!("0x{}", hex::encode(RECEIVER)),
            timeout_timestamp: self.timeout().await,
            memo: String::new(),
        };
        evm::transfer(&self.bank.wallet, self.bank.contracts.transfer, request).await.unwrap()
    }

    /// Sends the native token to the owner of the contracts.
    pub async fn send_from_customs(&self, amount: u128) -> substrate::Sent {
        let request = substrate::TransferRequest {
            client: self.on_customs.clone(),
            denom: "native".into(),
            amount,
            receiver: format!("{:#x}", self.bank.wallet.address()),
            timeout_timestamp: self.timeout().await,
            memo: String::new(),
        };
        substrate::transfer(&self.customs.governor, request).await.unwrap()
    }

    /// Waits until packets of bank are acknowledged there.
    pub async fn settled_on_bank(&self, sent: &evm::Sent) {
        self.settled(self.bank.seen.chain(), &self.on_bank, sent.sequence, sent.block).await;
    }

    /// Waits until packets of customs are acknowledged there.
    pub async fn settled_on_customs(&self, sent: &substrate::Sent) {
        self.settled(self.customs.seen.chain(), &self.on_customs, sent.sequence, sent.block).await;
    }

    async fn settled(&self, chain: Arc<dyn Chain>, client: &ClientId, sequence: u64, block: u64) {
        let start = Instant::now();
        let mut next = Height(block);
        while start.elapsed() < PATIENCE {
            let task = self.relayer.lock().unwrap().as_ref().is_some_and(|r| r.task.is_finished());
            assert!(!task, "the engine has ended");
            // One node of several may have just died: that is told, and the next answer is another's.
            let Ok(head) = chain.finalized().await else {
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            };
            if head.height >= next
                && let Ok(events) = chain.events(next, head.height).await
            {
                for event in events {
                    if event.packet.source_client != *client || event.packet.sequence.get() != sequence {
                        continue;
                    }
                    match &event.kind {
                        PacketEventKind::Acknowledged(answer) => {
                            assert!(!answer.is_error(), "packet {client}/{sequence} was refused");
                            println!("  {client}/{sequence}: {:.1} s", start.elapsed().as_secs_f64());
                            return;
                        }
                        PacketEventKind::TimedOut => panic!("packet {client}/{sequence} timed out"),
                        _ => {}
                    }
                }
                next = Height(head.height.0 + 1);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        panic!("packet {client}/{sequence} has not settled after {PATIENCE:?}");
    }

    /// A transfer each way, settled; what arrived is counted.
    pub async fn both_ways(&self) {
        let before = self.arrived().await;
        let (there, back) = (self.send_from_bank(10).await, self.send_from_customs(7_000_000_000).await);
        tokio::join!(self.settled_on_bank(&there), self.settled_on_customs(&back));
        let after = self.arrived().await;
        assert_eq!((after.0 - before.0, after.1 - before.1), (10, 7_000_000_000));
    }

    /// Vouchers of the token on customs, and of the native token on bank.
    pub async fn arrived(&self) -> (u128, u128) {
        let trace = format!("transfer/{}/{:#x}", self.on_customs, self.token);
        let vouchers = match substrate::voucher(&self.customs.governor, &trace).await.unwrap() {
            Some(asset) => substrate::asset_balance(&self.customs.governor, asset, &RECEIVER).await.unwrap(),
            None => 0,
        };
        let trace = format!("transfer/{}/native", self.on_bank);
        let (wallet, app) = (&self.bank.wallet, self.bank.contracts.transfer);
        let native = match evm::voucher(wallet, app, &trace).await.unwrap() {
            Some(voucher) => evm::balance_of(wallet, voucher, wallet.address()).await.unwrap().to(),
            None => 0,
        };
        (vouchers, native)
    }
}
