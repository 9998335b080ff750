//! QBFT's client as crate and contract have it, and the reader of Ethereum's proofs.

use crate::evm::{self, ClientType};
use alloy::sol;
use alloy_primitives::{B256, U256};
use lupu_qbft::{ClientState, ConsensusState, QbftClient};
use lupu_standard::{Height, TimestampSecs};

pub use crate::evm::contract::selectors_are_the_contracts;

sol! {
    function values(bytes32 root, bytes32[] keys, bytes nodes) returns (bytes[] found);
    function words(bytes32 root, bytes32[] keys, bytes nodes) returns (bytes32[] found);
    function account(bytes leaf) returns (bytes32 storageRoot, bytes32 codeHash);
}

/// The client type.
#[derive(Clone, Debug)]
pub struct Qbft;

/// Its contracts.
pub type Solidity = evm::Solidity<Qbft>;

impl ClientType for Qbft {
    type State = ClientState;
    type Consensus = ConsensusState;
    type Client = QbftClient;

    const CONTRACT: &'static str = "QbftLightClient";
    const READER: (&'static str, &'static [&'static str]) = ("ProofReader", &["PackedProof"]);
    const SLOTS: u64 = 1;

    fn words(state: &ClientState) -> Vec<U256> {
        let word = U256::from(state.latest_height.0)
            | U256::from(state.latest_timestamp.0) << 64
            | U256::from(u8::from(state.frozen)) << 128;
        vec![word]
    }

    fn parameters(state: &ClientState) -> (ClientState, ConsensusState) {
        let (height, time, one) = (Height(u64::MAX), TimestampSecs(1), B256::with_last_byte(1));
        let state = ClientState { latest_height: height, latest_timestamp: time, frozen: false, ..state.clone() };
        (state, ConsensusState { timestamp: time, storage_root: one, validators_hash: one })
    }

    fn encode(state: &ClientState) -> Vec<u8> {
        state.encode()
    }

    fn encode_consensus(consensus: &ConsensusState) -> Vec<u8> {
        consensus.encode()
    }

    fn open(state: &ClientState, stored: &[(u64, B256)]) -> QbftClient {
        QbftClient::from_snapshot(state.clone(), stored.iter().map(|(height, hash)| (Height(*height), *hash)))
    }

    fn create(state: &ClientState, initial: &ConsensusState) -> Result<QbftClient, &'static str> {
        QbftClient::new(state.clone(), *initial).map_err(|e| e.name())
    }

    fn state(client: &QbftClient) -> &ClientState {
        client.state()
    }

    fn hashes(client: &QbftClient) -> Vec<(u64, B256)> {
        client.consensus_hashes().map(|(height, hash)| (height.0, hash)).collect()
    }
}
