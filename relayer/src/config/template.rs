//! The commented file that `lupu init` writes.

use super::types::Consensus;
use alloy_primitives::B256;
use lupu_standard::ChainId;
use std::fmt::Write;

/// What is known about a chain before the first configuration exists.
#[derive(Clone, Debug)]
pub struct ChainSketch {
    /// Its name.
    pub name: ChainId,
    /// Its family, and what that needs.
    pub family: FamilySketch,
    /// WebSocket endpoints.
    pub ws: Vec<String>,
    /// Keys, as they stand in the file.
    pub keys: Vec<String>,
}

/// What is known about a chain of a family.
#[derive(Clone, Debug)]
pub enum FamilySketch {
    /// Contracts, verified by validators' seals.
    Evm {
        /// EIP-155 chain id.
        chain_id: u64,
        /// How its blocks are sealed.
        consensus: Consensus,
        /// HTTP endpoints.
        rpc: Vec<String>,
    },
    /// A runtime with the IBC pallets.
    Substrate {
        /// The hash of block 0.
        genesis: B256,
    },
}

const HEAD: &str = r#"# Configuration of the Lupu relayer. `lupu config check` reads it and says what is missing.
#
# Any value can be replaced by an environment variable, with two underscores between the levels:
#   LUPU__RELAYER__LISTEN=0.0.0.0:9464    LUPU__CHAINS__HARBOUR__RPC=http://one:8545,http://two:8545
# Private keys never stand here: `lupu key add NAME` keeps them encrypted in the keystore folder.

[relayer]
store = "lupu.sqlite"         # everything the relayer knows; relative to this file
listen = "127.0.0.1:9464"     # /healthz and /metrics; leave it out to serve nothing
keystore = "keys"             # folder of encrypted keys (Web3 secret storage, version 3)
log = "info"                  # error, warn, info, debug, trace; or per module: "lupu_relayer=debug,info"

[relayer.batch]
max_packets = 50              # most packets in one transaction
max_wait_ms = 500             # how long a packet waits for company

[relayer.retry]
initial_ms = 500              # wait after the first failure; doubles each time
max_ms = 60000                # longest wait
# attempts = 20               # then wait for `lupu packet retry`; left out: never give up

# The commands write the rest of what follows: `lupu deploy` adds [chains.NAME.contracts],
# `lupu client create` adds [chains.NAME.anchor] and [[clients]], `lupu client bind` sets bound = true.
# Two bound clients that name each other make a route:
#
# [[clients]]
# id = "harbour.qbft-bank"        # unique in the consortium
# on = "harbour"                  # the chain that hosts it
# of = "bank"                     # the chain that it tracks
# counterparty = "bank.qbft-harbour"
# light_client = "0x…"            # its contract
# bound = true
# [clients.parameters]
# trusting_period = 604800        # seconds; more than 86400, the longest life of a packet
# max_clock_drift = 30            # seconds that a header may be ahead of the host's clock
# trust = "2/3"                   # share of the trusted validators that must have sealed; more than 1/3
"#;

/// The text of a new configuration.
pub fn template(chains: &[ChainSketch]) -> String {
    let mut out = HEAD.to_owned();
    for chain in chains {
        let list = |items: &[String]| items.iter().map(|i| format!("{i:?}")).collect::<Vec<_>>().join(", ");
        let (name, ws, keys) = (quoted(&chain.name), list(&chain.ws), list(&chain.keys));
        let _ = match &chain.family {
            FamilySketch::Evm { chain_id, consensus, rpc } => write!(
                out,
                r#"
[chains.{name}]
family = "evm"
chain_id = {chain_id}
# "qbft" (Besu, GoQuorum) or "ibft2" (Besu)
consensus = "{consensus}"
# Several endpoints are better than one: they stand in for each other, and one that lies is found out.
rpc = [{rpc}]
# Optional; without WebSocket the chain is polled.
ws = [{ws}]
# Wei per gas; left out: ask the node.
# gas_price = 0
# Who signs and pays: names of `lupu key list`, or "env:NAME".
keys = [{keys}]
"#,
                consensus = consensus.as_str(),
                rpc = list(rpc),
            ),
            FamilySketch::Substrate { genesis } => write!(
                out,
                r#"
[chains.{name}]
family = "substrate"
# The hash of block 0: which chain this is.
genesis = "{genesis}"
# Several endpoints are better than one: they stand in for each other, and one that lies is found out.
ws = [{ws}]
# Tip of every transaction, in the smallest unit of the native token.
# tip = 0
# Who signs and pays: names of `lupu key list`, or "env:NAME". The secret is the seed of an sr25519 key.
keys = [{keys}]
"#,
            ),
        };
    }
    out
}

/// A chain's name as a TOML key.
fn quoted(name: &ChainId) -> String {
    let s = name.as_str();
    if s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') { s.to_owned() } else { format!("{s:?}") }
}
