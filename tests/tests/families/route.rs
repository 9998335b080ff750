//! `bank`, an EVM chain, and `customs`, a Substrate chain, embedded; deployed, bound, and relayed.

use crate::end;
use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use lupu_adapter::ClientParameters;
use lupu_evm::{
    Contracts, DeployConfig, Endpoints, HeaderSource, Kind, Wallet,
    deploy::{self, deploy_core},
    propose_anchor, send,
};
use lupu_relayer::{
    config::{Config, ConfigFile},
    engine::{Engine, EngineError},
    setup::{self, Connected},
    store::Store,
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{Key, governance, send as substrate_send};
use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

const BLOCK: Duration = Duration::from_millis(300);

/// What a route begins with.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Most packets that the relayer puts into one transaction.
    pub max_packets: usize,
    /// Nodes of the EVM chain; each shows its own quorum of seals.
    pub bank_nodes: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self { max_packets: 50, bank_nodes: 1 }
    }
}

pub struct Bank {
    pub id: ChainId,
    pub devnet: lupu_evm_devnet::Devnet,
    pub wallet: Wallet,
    pub contracts: Contracts,
    pub seen: Connected,
}

pub struct Customs {
    pub id: ChainId,
    pub devnet: lupu_substrate_devnet::Devnet,
    /// Alice, who governs.
    pub wallet: lupu_substrate::Wallet,
    pub seen: Connected,
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
    config: Config,
    owner: PrivateKeySigner,
    signers: [Vec<PrivateKeySigner>; 2],
    relayer: std::sync::Mutex<Option<Relayer>>,
    _folder: TempDir,
}

/// While it lives, nobody relays.
pub struct Paused<'a>(&'a Route);

impl Paused<'_> {
    pub async fn resume(self) {
        self.0.relay().await;
    }
}

fn text(setting: Setting, bank: &lupu_evm_devnet::Devnet, customs: &lupu_substrate_devnet::Devnet) -> String {
    let urls: Vec<_> = (0..setting.bank_nodes).map(|node| bank.http_url(node)).collect();
    format!(
        "[relayer]\nstore = \"store.sqlite\"\n[relayer.batch]\nmax_packets = {}\nmax_wait_ms = 100\n\
         [chains.bank]\nfamily = \"evm\"\nchain_id = {}\nconsensus = \"qbft\"\nrpc = {urls:?}\ngas_price = 0\n\
         [chains.customs]\nfamily = \"substrate\"\ngenesis = \"{:?}\"\nws = [{:?}]\n",
        setting.max_packets,
        bank.chain_id(),
        customs.genesis_hash(),
        customs.ws_url(0),
    )
}

/// A seed that both the keystore and the runtime's development accounts know.
pub fn seed(uri: &str) -> PrivateKeySigner {
    let known = match uri {
        "//Bob" => "398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89",
        other => panic!("no seed of {other}"),
    };
    PrivateKeySigner::from_str(known).unwrap()
}

impl Route {
    pub async fn start() -> Self {
        Self::with(Setting::default()).await
    }

    pub async fn with(setting: Setting) -> Self {
        let bank = lupu_evm_devnet::Devnet::builder().name("bank").chain_id(2001).nodes(setting.bank_nodes);
        let (bank, customs) = tokio::join!(
            bank.block_time(BLOCK).start(),
            lupu_substrate_devnet::Devnet::builder().name("customs").block_time(BLOCK).session_length(12).start(),
        );
        let (bank, customs) = (bank.unwrap(), customs.unwrap());
        let folder = TempDir::new().unwrap();
        let path: PathBuf = folder.path().join("lupu.toml");
        ConfigFile::create(&path, &text(setting, &bank, &customs)).unwrap();

        let accounts: Vec<_> =
            bank.dev_accounts().iter().take(3).map(|a| PrivateKeySigner::from_bytes(&a.key).unwrap()).collect();
        let endpoints = Arc::new(Endpoints::new("bank", &[bank.http_url(0)], Duration::from_secs(10)).unwrap());
        let wallet = Wallet::connect(endpoints.clone(), bank.chain_id(), accounts[0].clone(), Some(0)).await.unwrap();
        let contracts = deploy_core(&wallet, DeployConfig::default(), &mut |_| {}).await.unwrap();

        let (bank_id, customs_id) = (ChainId::new("bank").unwrap(), ChainId::new("customs").unwrap());
        let header = propose_anchor(&HeaderSource::new(endpoints, Kind::Qbft), None).await.unwrap();
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
        while customs.chain().finalized() < 2 {
            tokio::time::sleep(BLOCK).await;
        }
        let first = customs.chain().block(1).unwrap();
        let hash = lupu_substrate_state::Header::decode(&first.encoded_header()).unwrap().hash();
        file.set_anchor(&customs_id, &lupu_relayer::config::Anchor { height: Height(1), hash }).unwrap();
        file.save().unwrap();
        let config = Config::load(&path).unwrap();

        let connect = async |name: &ChainId| {
            setup::connect(&config, setup::chain(&config, name).unwrap(), Vec::new()).await.unwrap()
        };
        let (bank_seen, customs_seen) = tokio::join!(connect(&bank_id), connect(&customs_id));
        let alice = Key::from_uri(&Zeroizing::new("//Alice".into())).unwrap();
        let governor = lupu_substrate::Wallet::new(customs_seen.substrate().unwrap().clone(), alice);
        let mut route = Self {
            bank: Bank { id: bank_id, devnet: bank, wallet, contracts, seen: bank_seen },
            customs: Customs { id: customs_id, devnet: customs, wallet: governor, seen: customs_seen },
            on_bank: ClientId::new("bank.beefy-customs").unwrap(),
            on_customs: ClientId::new("customs.qbft-bank").unwrap(),
            config,
            owner: accounts[0].clone(),
            signers: [accounts[1..].to_vec(), vec![seed("//Bob")]],
            relayer: std::sync::Mutex::new(None),
            _folder: folder,
        };
        route.bind(&path).await;
        route.relay().await;
        route
    }

    async fn bind(&mut self, path: &std::path::Path) {
        let chain = |name: &ChainId| self.config.chain(name).unwrap();
        let (bank, customs) = (chain(&self.bank.id), chain(&self.customs.id));

        let prover = self.customs.seen.prover_for(bank);
        let at = prover.provable_height().await.unwrap();
        let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
        let (wallet, contracts) = (&self.bank.wallet, &self.bank.contracts);
        let kind = prover.client_type();
        assert_eq!(kind, "beefy");
        let light = deploy::create_client(wallet, contracts.factory, kind, &initial, &mut |_| {}).await.unwrap();
        let prefix = setup::merkle_prefix(customs);
        let (here, there) = (&self.on_bank, &self.on_customs);
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
        governance::create_client(&self.customs.wallet, &client).await.unwrap();
        let merkle_prefix = setup::merkle_prefix(bank);
        let binding = governance::BindClient { id: there.clone(), counterparty: here.clone(), merkle_prefix };
        governance::bind_client(&self.customs.wallet, &binding).await.unwrap();

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

    async fn relay(&self) {
        let mut chains = Vec::new();
        for (id, signers) in [(&self.bank.id, &self.signers[0]), (&self.customs.id, &self.signers[1])] {
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

    /// Stops relaying until it is resumed.
    pub async fn pause(&self) -> Paused<'_> {
        let relayer = self.relayer.lock().unwrap().take().expect("relaying");
        relayer.token.cancel();
        relayer.task.await.unwrap().unwrap();
        Paused(self)
    }

    pub async fn stop(&self) {
        let _ = self.pause().await;
    }

    /// Who owns the contracts of the EVM chain.
    pub fn owner(&self) -> PrivateKeySigner {
        self.owner.clone()
    }

    /// An hour from now, by the EVM chain's clock.
    pub async fn timeout(&self) -> u64 {
        self.bank.wallet.time().await.unwrap() + 3_600
    }

    pub async fn send_from_bank(&self, token: Address, amount: u64, receiver: &str) -> send::Sent {
        let request = send::TransferRequest {
            client: self.on_bank.clone(),
            token,
            amount: U256::from(amount),
            receiver: receiver.into(),
            timeout_timestamp: self.timeout().await,
            memo: String::new(),
        };
        send::transfer(&self.bank.wallet, self.bank.contracts.transfer, request).await.unwrap()
    }

    /// Waits for a packet's end on the chain that sent it.
    pub async fn ended(&self, on: &ChainId, client: &ClientId, sequence: u64, wanted: &str, patience: Duration) {
        let seen = if *on == self.bank.id { &self.bank.seen } else { &self.customs.seen };
        end::reached(seen.chain(), client, sequence, wanted, patience).await;
    }

    /// The free balance of an account on customs.
    pub async fn balance_of(&self, account: [u8; 32]) -> u128 {
        let chain = self.customs.seen.substrate().unwrap();
        let id = lupu_substrate::keys::account_id(&account);
        chain.free_balance(&id).await.unwrap()
    }

    /// An account's vouchers on customs of a token of bank.
    pub async fn voucher_balance(&self, token: Address, account: [u8; 32]) -> u128 {
        let trace = format!("transfer/{}/{token:#x}", self.on_customs);
        let asset = substrate_send::voucher(&self.customs.wallet, &trace).await.unwrap().expect("a voucher");
        substrate_send::asset_balance(&self.customs.wallet, asset, &account).await.unwrap()
    }
}

#[test]
fn the_seed_is_bobs() {
    let key = Key::from_seed(&Zeroizing::new(seed("//Bob").to_bytes().0)).unwrap();
    let bob = Key::from_uri(&Zeroizing::new("//Bob".into())).unwrap();
    assert_eq!(key.account(), bob.account());
    assert_ne!(B256::ZERO, B256::new(key.public()));
}
