//! What a chain is made of, before it starts.

use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256};
use k256::ecdsa::SigningKey;
use revm::primitives::hardfork::SpecId;

/// Rules of execution and the header fields that go with them. Active from block 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Hardfork {
    /// 15 header fields, legacy and EIP-2930 transactions. Where GoQuorum stops.
    #[default]
    Berlin,
    /// Adds `baseFeePerGas` (constant, zero by default) and EIP-1559 transactions.
    London,
    /// Adds `withdrawalsRoot` (always the empty trie), PUSH0.
    Shanghai,
    /// Adds `blobGasUsed`, `excessBlobGas` (both zero), `parentBeaconBlockRoot` (zero), MCOPY, TSTORE.
    Cancun,
    /// Adds `requestsHash` (of no requests), EIP-7702 and the calldata floor of EIP-7623.
    Prague,
}

impl Hardfork {
    /// The revm name of the same rules.
    pub fn spec(self) -> SpecId {
        match self {
            Self::Berlin => SpecId::BERLIN,
            Self::London => SpecId::LONDON,
            Self::Shanghai => SpecId::SHANGHAI,
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
        }
    }

    /// Parses `berlin`, `london`, `shanghai`, `cancun`, `prague`, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "berlin" => Self::Berlin,
            "london" => Self::London,
            "shanghai" => Self::Shanghai,
            "cancun" => Self::Cancun,
            "prague" => Self::Prague,
            _ => return None,
        })
    }
}

/// How blocks are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// QBFT as Besu and GoQuorum seal it.
    #[default]
    Qbft,
    /// IBFT 2.0 as Besu seals it.
    Ibft2,
}

/// When a block is produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Production {
    /// One block per period, empty or not.
    Every(Duration),
    /// Only when [`crate::Devnet::mine`] is called.
    OnDemand,
}

/// An account that exists in block 0.
#[derive(Debug, Clone)]
pub struct GenesisAccount {
    /// Where it is.
    pub address: Address,
    /// Its balance in wei.
    pub balance: U256,
    /// Its code; empty for a plain account.
    pub code: Bytes,
    /// Its storage.
    pub storage: Vec<(U256, U256)>,
}

/// Everything that [`crate::Builder`] sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// A name for logs and for `web3_clientVersion`.
    pub name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Number of validators in block 0, when no keys are given.
    pub validators: usize,
    /// The validators' keys, in place of derived ones.
    pub validator_keys: Option<Vec<SigningKey>>,
    /// Rules and header fields.
    pub hardfork: Hardfork,
    /// How blocks are sealed.
    pub kind: Kind,
    /// When blocks are produced.
    pub production: Production,
    /// Whether a block may carry its parent's timestamp (Besu's sub-second chains). `None`: only
    /// when the block period is below a second.
    pub equal_timestamps: Option<bool>,
    /// Gas limit of every block.
    pub block_gas_limit: u64,
    /// Base fee from London on, in wei; constant.
    pub base_fee: u64,
    /// The lowest gas price the pool takes, in wei.
    pub min_gas_price: u128,
    /// Accounts in block 0, beside the derived development accounts.
    pub genesis: Vec<GenesisAccount>,
    /// Number of funded development accounts derived from the seed.
    pub dev_accounts: usize,
    /// Timestamp of block 0 in seconds; now, when not given.
    pub genesis_timestamp: Option<u64>,
    /// Number of endpoints that serve this chain.
    pub nodes: usize,
    /// Port of the first endpoint, the others follow it; 0 lets the system choose.
    pub port: u16,
    /// Everything random derives from it: validators and development accounts.
    pub seed: u64,
    /// How many states behind the head can still be asked for (Besu's Bonsai keeps 512).
    pub state_window: u64,
    /// Widest block range `eth_getLogs` answers; 0 for no limit.
    pub max_log_range: u64,
    /// Most transactions the pool holds.
    pub pool_limit: usize,
    /// Every this many blocks pending validator votes are dropped.
    pub epoch_length: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "devnet".into(),
            chain_id: 1337,
            validators: 4,
            validator_keys: None,
            hardfork: Hardfork::default(),
            kind: Kind::default(),
            production: Production::Every(Duration::from_secs(1)),
            equal_timestamps: None,
            block_gas_limit: 60_000_000,
            base_fee: 0,
            min_gas_price: 0,
            genesis: Vec::new(),
            dev_accounts: 10,
            genesis_timestamp: None,
            nodes: 1,
            port: 0,
            seed: 0,
            state_window: 512,
            max_log_range: 0,
            pool_limit: 100_000,
            epoch_length: 30_000,
        }
    }
}

impl Config {
    /// Whether two blocks may carry one timestamp.
    pub fn allows_equal_timestamps(&self) -> bool {
        self.equal_timestamps.unwrap_or(match self.production {
            Production::Every(period) => period < Duration::from_secs(1),
            Production::OnDemand => false,
        })
    }
}
