//! `bank`, an embedded EVM chain, and `customs`, a chain of real Substrate nodes: deployed, bound,
//! and relayed by the engine, from a configuration as an operator has it.

use crate::{network::Network, relayer::Relayer};
use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use lupu_adapter::ClientParameters;
use lupu_evm::{
    Contracts, DeployConfig, Endpoints, HeaderSource, Kind, Wallet,
    deploy::{self, deploy_core},
    propose_anchor, send as evm,
};
use lupu_relayer::{
    config::{Config, ConfigFile, Family, Voters},
    setup::{self, Connected},
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{Key, governance};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The seed of `//Bob`, whose account relays: a signer of the configuration is 32 bytes.
const BOB: &str = "398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89";
/// What the owner of the token has of it at first.
pub const MINTED: u64 = 1_000_000;

pub struct Bank {
    pub id: ChainId,
    _devnet: lupu_evm_devnet::Devnet,
    pub wallet: Wallet,
    pub contracts: Contracts,
    pub(crate) seen: Connected,
}

pub struct Customs {
    pub id: ChainId,
    pub network: Network,
    /// Alice, who governs.
    pub governor: lupu_substrate::Wallet,
    pub(crate) seen: Connected,
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
    /// What Alice owned before she sent anything.
    pub endowment: u128,
    pub relayer: Relayer,
    pub config: Config,
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
             keys = [\"env:LUPU_TEST_KEY_BANK\"]\n\
             [chains.customs]\nfamily = \"substrate\"\ngenesis = \"{}\"\nws = {urls:?}\n\
             keys = [\"env:LUPU_TEST_KEY_CUSTOMS\"]\n",
            devnet.chain_id(),
            devnet.http_url(0),
            network.genesis().await,
        );
        ConfigFile::create(&path, &text).unwrap();

        let accounts: Vec<_> =
            devnet.dev_accounts().iter().take(2).map(|a| PrivateKeySigner::from_bytes(&a.key).unwrap()).collect();
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
        let Family::Substrate(settings) = &customs.family else { panic!("another family") };
        let source = setup::substrate_source(customs, settings).unwrap();
        let found = lupu_substrate::propose_anchor(&source, None).await.unwrap();
        let anchor = lupu_relayer::config::Anchor { height: Height(found.height), hash: found.hash };
        file.set_anchor(&customs_id, &anchor).unwrap();
        let authorities = found.voters.set.authorities().iter().map(|a| (a.key, a.weight)).collect();
        file.set_voters(&customs_id, &Voters { set_id: found.voters.id, authorities }).unwrap();
        file.save().unwrap();
        let config = Config::load(&path).unwrap();

        let connect = async |name: &ChainId| {
            setup::connect(&config, setup::chain(&config, name).unwrap(), Vec::new()).await.unwrap()
        };
        let (bank_seen, customs_seen) = tokio::join!(connect(&bank_id), connect(&customs_id));
        let governor = lupu_substrate::Wallet::new(customs_seen.substrate().unwrap().clone(), key("Alice"));
        let token = evm::create_demo_token(&wallet).await.unwrap();
        evm::mint(&wallet, token, wallet.address(), U256::from(MINTED)).await.unwrap();
        let keys = [("LUPU_TEST_KEY_BANK", hex::encode(accounts[1].to_bytes())), ("LUPU_TEST_KEY_CUSTOMS", BOB.into())];
        let mut route = Self {
            bank: Bank { id: bank_id, _devnet: devnet, wallet, contracts, seen: bank_seen },
            customs: Customs { id: customs_id, network, governor, seen: customs_seen },
            on_bank: ClientId::new("bank.beefy-customs").unwrap(),
            on_customs: ClientId::new("customs.qbft-bank").unwrap(),
            token,
            endowment: 0,
            relayer: Relayer::new(&path, keys),
            config,
            _folder: folder,
        };
        route.endowment = route.customs.governor.balance().await.unwrap();
        route.bind(&path).await;
        route.relayer.start();
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

    /// An account on customs, connected by the configuration.
    pub fn account(&self, name: &str) -> lupu_substrate::Wallet {
        lupu_substrate::Wallet::new(self.customs.seen.substrate().unwrap().clone(), key(name))
    }
}
