//! The configuration as the rest of the program sees it: every value checked.

use alloy_primitives::{Address, B256};
use lupu_adapter::ClientParameters;
use lupu_standard::{ChainId, ClientId, Height};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A checked configuration.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// The relayer itself.
    pub relayer: RelayerConfig,
    /// Every chain, by its name.
    pub chains: BTreeMap<ChainId, ChainConfig>,
    /// Every light client, in the file's order.
    pub clients: Vec<ClientConfig>,
}

/// `[relayer]`.
#[derive(Clone, Debug, Serialize)]
pub struct RelayerConfig {
    /// SQLite file; resolved against the folder of the configuration file.
    pub store: PathBuf,
    /// Where `/healthz` and `/metrics` are served, if anywhere.
    pub listen: Option<SocketAddr>,
    /// Folder of encrypted keystores; resolved like `store`.
    pub keystore: PathBuf,
    /// A `tracing` filter, for example `info` or `lupu_relayer=debug,info`.
    pub log: String,
    /// `[relayer.batch]`.
    pub batch: BatchConfig,
    /// `[relayer.retry]`.
    pub retry: RetryConfig,
}

/// `[relayer.batch]`: how packets share a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BatchConfig {
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// How long a packet waits for company.
    pub max_wait: Duration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { max_packets: 50, max_wait: Duration::from_millis(500) }
    }
}

/// `[relayer.retry]`: how long to wait before trying again; the wait doubles each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetryConfig {
    /// After the first failure.
    pub initial: Duration,
    /// At most.
    pub max: Duration,
    /// After so many failures a packet waits for `lupu packet retry`; `None`: never gives up.
    pub attempts: Option<u32>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { initial: Duration::from_millis(500), max: Duration::from_secs(60), attempts: None }
    }
}

/// How a chain's blocks are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Consensus {
    /// QBFT, of Besu and GoQuorum.
    Qbft,
    /// IBFT 2.0, of Besu.
    Ibft2,
}

impl Consensus {
    /// As it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft2 => "ibft2",
        }
    }
}

/// Where a signing key comes from. Never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum KeyRef {
    /// A file of the keystore folder, by name.
    Keystore(String),
    /// An environment variable that holds 32 bytes in hex.
    Environment(String),
}

impl std::fmt::Display for KeyRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keystore(name) => f.write_str(name),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}

impl From<KeyRef> for String {
    fn from(key: KeyRef) -> String {
        key.to_string()
    }
}

/// `[chains.NAME]`.
#[derive(Clone, Debug, Serialize)]
pub struct ChainConfig {
    /// The name under which everything else refers to it.
    pub name: ChainId,
    /// Keys that sign on this chain, in order of preference.
    pub keys: Vec<KeyRef>,
    /// The block that a person confirmed as the start of trust in this chain.
    pub anchor: Option<Anchor>,
    /// What only chains of its family have.
    #[serde(flatten)]
    pub family: Family,
}

/// The families of chains, by the field `family`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "family", rename_all = "lowercase")]
pub enum Family {
    /// `family = "evm"`.
    Evm(EvmSettings),
    /// `family = "substrate"`.
    Substrate(SubstrateSettings),
}

/// What an EVM chain has.
#[derive(Clone, Debug, Serialize)]
pub struct EvmSettings {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// How its blocks are sealed.
    pub consensus: Consensus,
    /// HTTP endpoints, in order of preference; at least one.
    pub rpc: Vec<String>,
    /// WebSocket endpoints; may be empty.
    pub ws: Vec<String>,
    /// Fixed gas price in wei; `None`: ask the node.
    pub gas_price: Option<u128>,
    /// Our contracts, once deployed.
    pub contracts: Option<Contracts>,
}

/// What a Substrate chain has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubstrateSettings {
    /// Hash of block 0: which chain it is.
    pub genesis: B256,
    /// WebSocket endpoints, in order of preference; at least one.
    pub ws: Vec<String>,
    /// Paid with each transaction besides its fee, in the chain's smallest unit.
    pub tip: u128,
    /// The block whose leaf is the first of the chain's Merkle mountain range.
    pub first_mmr_block: u64,
    /// Who finalizes what follows the anchor; `None`: read from the anchor's own state, with a proof,
    /// from a node that still has it.
    pub voters: Option<Voters>,
}

/// `[chains.NAME.voters]`: GRANDPA's authorities after the anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Voters {
    /// Number of the set.
    pub set_id: u64,
    /// Keys and weights, in the chain's order; written `0xKEY` or `0xKEY:WEIGHT`.
    pub authorities: Vec<(B256, u64)>,
}

impl ChainConfig {
    /// The settings of an EVM chain; `None` for another family.
    pub fn evm(&self) -> Option<&EvmSettings> {
        match &self.family {
            Family::Evm(settings) => Some(settings),
            Family::Substrate(_) => None,
        }
    }

    /// Our contracts: `None` where nothing is deployed yet, or nothing needs to be.
    pub fn contracts(&self) -> Option<Contracts> {
        self.evm()?.contracts
    }

    /// Whether `lupu deploy` has to run before packets can travel.
    pub fn needs_contracts(&self) -> bool {
        self.evm().is_some_and(|evm| evm.contracts.is_none())
    }
}

/// `[chains.NAME.contracts]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Contracts {
    /// `Create2Factory`.
    pub factory: Address,
    /// The access manager that holds governance's roles.
    pub authority: Address,
    /// The router, at its CREATE2 address.
    pub router: Address,
    /// ICS-20.
    pub transfer: Address,
    /// ICS-27 GMP.
    pub gmp: Address,
    /// Block in which the router was deployed: event scans start here.
    pub deployed_at: Height,
    /// Seconds between announcing and doing a client migration; part of the router's address.
    pub migration_delay: u64,
}

/// `[chains.NAME.anchor]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// Block number.
    pub height: Height,
    /// Block hash.
    pub hash: B256,
}

/// `[[clients]]`: a light client on chain `on` that tracks chain `of`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientConfig {
    /// Unique in the consortium, for example `harbour.qbft-bank`.
    pub id: ClientId,
    /// The chain that hosts it.
    pub on: ChainId,
    /// The chain that it tracks.
    pub of: ChainId,
    /// The client on `of` that tracks `on`.
    pub counterparty: ClientId,
    /// Address of the light client contract.
    pub light_client: Option<Address>,
    /// Whether governance registered it at the router.
    pub bound: bool,
    /// What it was created with.
    pub parameters: ClientParameters,
}

/// Two bound clients that name each other: packets can travel, both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The client that stands first in the file.
    pub a: ClientConfig,
    /// Its counterparty.
    pub b: ClientConfig,
}

impl Config {
    /// A chain by name.
    pub fn chain(&self, name: &ChainId) -> Option<&ChainConfig> {
        self.chains.get(name)
    }

    /// A client by its identifier.
    pub fn client(&self, id: &ClientId) -> Option<&ClientConfig> {
        self.clients.iter().find(|c| &c.id == id)
    }

    /// The client that `client` names as its counterparty, if it names `client` too.
    pub fn counterparty(&self, client: &ClientConfig) -> Option<&ClientConfig> {
        self.clients.iter().find(|c| c.id == client.counterparty && c.is_counterparty_of(client))
    }

    /// Every pair of bound clients that name each other.
    pub fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for (i, a) in self.clients.iter().enumerate() {
            for b in self.clients.iter().skip(i + 1) {
                if a.bound && b.bound && a.is_counterparty_of(b) && b.is_counterparty_of(a) {
                    routes.push(Route { a: a.clone(), b: b.clone() });
                }
            }
        }
        routes
    }

    /// The bound client on `from` that leads to `to`: what a sender names in a packet.
    pub fn client_towards(&self, from: &ChainId, to: &ChainId) -> Option<&ClientConfig> {
        self.clients.iter().find(|c| c.bound && &c.on == from && &c.of == to)
    }
}

impl ClientConfig {
    /// Whether this client and `other` sit on each other's chains and this one names the other.
    pub fn is_counterparty_of(&self, other: &ClientConfig) -> bool {
        self.counterparty == other.id && self.on == other.of && self.of == other.on
    }
}
