//! A case: bytes that both sides judge, in the state they judge them in.

use super::{
    contract::{self as sol, Beefy, Solidity},
    vectors::MAX_HEADER,
};
use crate::evm::client::{Asked, created, created_there};
use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{B256, Bytes, U256};
use lupu_beefy::{ClientState, ConsensusState};
use lupu_substrate_state::{Header, packed};
use serde_json::{Value, json};

pub use crate::evm::Verdict;

/// A light client's state and the time at which it is asked.
pub type Client = crate::evm::Client<Beefy>;

/// What is judged.
#[derive(Clone, Debug)]
pub enum Case {
    /// A client update.
    Update {
        /// The client that is asked.
        client: Client,
        /// The message.
        message: Vec<u8>,
    },
    /// Evidence of misbehaviour.
    Misbehaviour {
        /// The client that is asked.
        client: Client,
        /// The evidence.
        evidence: Vec<u8>,
    },
    /// `values` of zero mean absent. `single`: through the call for one path.
    Membership {
        /// The client that is asked.
        client: Client,
        /// The height that is asked about.
        height: u64,
        /// The paths.
        paths: Vec<Bytes>,
        /// What is claimed there.
        values: Vec<B256>,
        /// The proof.
        proof: Vec<u8>,
        /// Whether the call is the one for one path.
        single: bool,
    },
    /// A packed proof.
    Proof {
        /// The root.
        root: B256,
        /// The keys.
        keys: Vec<Bytes>,
        /// The packed proof.
        nodes: Vec<u8>,
    },
    /// A block header.
    Header {
        /// Its encoding.
        header: Vec<u8>,
    },
    /// A new client with its first consensus state.
    Creation {
        /// The client state.
        state: ClientState,
        /// The first consensus state.
        initial: ConsensusState,
    },
}

impl Case {
    /// The crates' verdict. `heights` receives the heights at which a client stores something afterwards.
    pub fn rust(&self, heights: &mut Vec<u64>) -> Verdict {
        match self {
            Self::Update { client, message } => client.update(message, heights),
            Self::Misbehaviour { client, evidence } => client.misbehaviour(evidence),
            Self::Membership { client, height, paths, values, proof, single } => {
                client.membership(Asked { height: *height, paths, values, proof, single: *single })
            }
            Self::Creation { state, initial } => created::<Beefy>(state, initial),
            Self::Proof { root, keys, nodes } => {
                let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
                let found = packed::verify(root, &keys, nodes).map_err(|_| "InvalidProof");
                let bytes = |value: &Option<&[u8]>| Bytes::copy_from_slice(value.unwrap_or_default());
                Verdict::answered(found.map(|values| {
                    let present: Vec<bool> = values.iter().map(Option::is_some).collect();
                    (present, values.iter().map(bytes).collect::<Vec<_>>()).abi_encode_params()
                }))
            }
            Self::Header { header } => match Header::decode(header) {
                Ok(found) if header.len() <= MAX_HEADER => {
                    Verdict::accepted("ok", (U256::from(found.number), found.state_root).abi_encode())
                }
                _ => Verdict::rejected("MalformedHeader"),
            },
        }
    }

    /// The contracts' verdict, and the gas of the call.
    pub fn solidity(&self, contracts: &mut Solidity, heights: &[u64]) -> (Verdict, u64) {
        match self {
            Self::Update { client, message } => client.update_there(contracts, message, heights),
            Self::Misbehaviour { client, evidence } => client.misbehaviour_there(contracts, evidence),
            Self::Membership { client, height, paths, values, proof, single } => {
                let asked = Asked { height: *height, paths, values, proof, single: *single };
                client.membership_there(contracts, asked)
            }
            Self::Creation { state, initial } => created_there(contracts, state, initial, state.latest_height.0),
            Self::Proof { root, keys, nodes } => {
                let (root, keys, nodes) = (*root, keys.clone(), Bytes::from(nodes.clone()));
                read(contracts, sol::valuesCall { root, keys, nodes }.abi_encode())
            }
            Self::Header { header } => read(contracts, sol::headerCall { data: header.clone().into() }.abi_encode()),
        }
    }

    /// The case in the form of the vectors, for replay.
    pub fn json(&self) -> Value {
        let hex = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        match self {
            Self::Update { client, message } => client.json(json!({"message": hex(message)})),
            Self::Misbehaviour { client, evidence } => client.json(json!({"evidence": hex(evidence)})),
            Self::Membership { client, height, paths, values, proof, single } => client.json(
                json!({"height": height, "paths": paths, "values": values, "proof": hex(proof), "single": single}),
            ),
            Self::Creation { state, initial } => {
                json!({"client_state": hex(&state.encode()), "consensus_state": hex(&initial.encode())})
            }
            Self::Proof { root, keys, nodes } => json!({"root": root, "keys": keys, "proof": hex(nodes)}),
            Self::Header { header } => json!({"header": hex(header)}),
        }
    }
}

/// What the reader of proofs says, and the gas.
fn read(contracts: &Solidity, input: Vec<u8>) -> (Verdict, u64) {
    let done = contracts.call_reader(input);
    (Verdict::answered(done.answer), done.gas)
}
