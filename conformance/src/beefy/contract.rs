//! BEEFY's client as crate and contract have it, and the reader of Substrate's proofs and headers.

use crate::evm::{self, ClientType};
use alloy::sol;
use alloy_primitives::{B256, U256};
use lupu_beefy::{BeefyClient, ClientState, ConsensusState};
use lupu_standard::{Height, TimestampSecs};

pub use crate::evm::contract::selectors_are_the_contracts;

sol! {
    function values(bytes32 root, bytes[] keys, bytes nodes) returns (bool[] present, bytes[] found);
    function header(bytes data) returns (uint256 number, bytes32 stateRoot);
}

/// The client type.
#[derive(Clone, Debug)]
pub struct Beefy;

/// Its contracts.
pub type Solidity = evm::Solidity<Beefy>;

impl ClientType for Beefy {
    type State = ClientState;
    type Consensus = ConsensusState;
    type Client = BeefyClient;

    const CONTRACT: &'static str = "BeefyLightClient";
    const READER: (&'static str, &'static [&'static str]) =
        ("StateReader", &["Blake2b", "Scale", "StateTrieProof", "SubstrateHeader"]);
    const SLOTS: u64 = 3;

    fn words(state: &ClientState) -> Vec<U256> {
        let tip = U256::from(state.latest_height.0)
            | U256::from(state.latest_timestamp.0) << 64
            | U256::from(state.current.id) << 128
            | U256::from(state.current.len) << 192
            | U256::from(state.next.len) << 200
            | U256::from(u8::from(state.frozen)) << 208;
        vec![tip, state.current.root.into(), state.next.root.into()]
    }

    fn parameters(state: &ClientState) -> (ClientState, ConsensusState) {
        let (height, time, one) = (Height(u64::MAX), TimestampSecs(1), B256::with_last_byte(1));
        let mut state = ClientState { latest_height: height, latest_timestamp: time, frozen: false, ..state.clone() };
        for (id, set) in [&mut state.current, &mut state.next].into_iter().enumerate() {
            (set.id, set.len, set.root) = (id as u64, 1, one);
        }
        (state, ConsensusState { timestamp: time, state_root: one })
    }

    fn encode(state: &ClientState) -> Vec<u8> {
        state.encode()
    }

    fn encode_consensus(consensus: &ConsensusState) -> Vec<u8> {
        consensus.encode()
    }

    fn open(state: &ClientState, stored: &[(u64, B256)]) -> BeefyClient {
        BeefyClient::from_snapshot(state.clone(), stored.iter().map(|(height, hash)| (Height(*height), *hash)))
    }

    fn create(state: &ClientState, initial: &ConsensusState) -> Result<BeefyClient, &'static str> {
        BeefyClient::new(state.clone(), *initial).map_err(|e| e.name())
    }

    fn state(client: &BeefyClient) -> &ClientState {
        client.state()
    }

    fn hashes(client: &BeefyClient) -> Vec<(u64, B256)> {
        client.consensus_hashes().map(|(height, hash)| (height.0, hash)).collect()
    }
}
