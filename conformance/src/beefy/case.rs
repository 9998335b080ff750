//! A case: bytes that both sides judge, in the state they judge them in.

use super::contract::{self as sol, Done, Solidity, state_words};
use super::vectors::MAX_HEADER;
use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{B256, Bytes, U256};
use lupu_beefy::{BeefyClient, ClientState, ConsensusState};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{Header, packed};
use serde_json::{Value, json};

/// A light client's state and the time at which it is asked.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client state.
    pub state: ClientState,
    /// Heights and the hashes stored there.
    pub stored: Vec<(u64, B256)>,
    /// Seconds.
    pub now: u64,
}

impl Client {
    /// The crate's client in this state.
    pub fn rust(&self) -> BeefyClient {
        BeefyClient::from_snapshot(self.state.clone(), self.stored.iter().map(|(h, hash)| (Height(*h), *hash)))
    }

    fn now(&self) -> TimestampSecs {
        TimestampSecs(self.now)
    }

    /// The hash stored at a height becomes this.
    pub fn store(&mut self, height: u64, hash: B256) {
        self.stored.retain(|(h, _)| *h != height);
        self.stored.push((height, hash));
    }

    /// What is stored after an update.
    pub fn after(&self, message: &[u8]) -> Vec<(u64, B256)> {
        let mut rust = self.rust();
        let _ = rust.update(message, self.now());
        rust.consensus_hashes().map(|(height, hash)| (height.0, hash)).collect()
    }

    fn json(&self) -> Value {
        let stored: Vec<Value> = self.stored.iter().map(|(h, hash)| json!({"height": h, "hash": hash})).collect();
        json!({"client_state": Bytes::from(self.state.encode()), "stored": stored, "now": self.now})
    }
}

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

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The result's name, or that of the check that fails.
    pub name: String,
    /// What an accepting verdict leads to: state stored, time or values returned.
    pub result: Vec<u8>,
}

impl Verdict {
    fn accepted(name: &str, result: Vec<u8>) -> Self {
        Self { name: name.into(), result }
    }

    fn rejected(name: impl Into<String>) -> Self {
        Self { name: name.into(), result: Vec::new() }
    }

    /// Whether the bytes were taken for true.
    pub fn accepts(&self) -> bool {
        matches!(self.name.as_str(), "Update" | "NoOp" | "Misbehaviour" | "ok")
    }

    /// Whether the bytes got past the decoding of message and commitment.
    pub fn is_parsed(&self) -> bool {
        !matches!(self.name.as_str(), "MalformedMessage" | "MalformedCommitment")
    }
}

fn result_name(result: UpdateResult) -> &'static str {
    match result {
        UpdateResult::Update => "Update",
        UpdateResult::NoOp => "NoOp",
        UpdateResult::Misbehaviour => "Misbehaviour",
    }
}

/// State words and the hashes that the client's heights have.
fn stored(words: [U256; 3], hashes: impl Iterator<Item = B256>) -> Vec<u8> {
    words.into_iter().map(B256::from).chain(hashes).flat_map(|word| word.0).collect()
}

impl Case {
    /// The crates' verdict. `heights` receives the heights at which a client stores something afterwards.
    pub fn rust(&self, heights: &mut Vec<u64>) -> Verdict {
        match self {
            Self::Update { client, message } => {
                let mut rust = client.rust();
                let result = rust.update(message, client.now());
                heights.extend(rust.consensus_hashes().map(|(h, _)| h.0));
                match result {
                    Ok(result) => {
                        let after = stored(state_words(rust.state()), rust.consensus_hashes().map(|(_, hash)| hash));
                        Verdict::accepted(result_name(result), after)
                    }
                    Err(e) => Verdict::rejected(e.check),
                }
            }
            Self::Misbehaviour { client, evidence } => {
                let mut rust = client.rust();
                match rust.misbehaviour(evidence, client.now()) {
                    Ok(()) => Verdict::accepted("Misbehaviour", stored(state_words(rust.state()), [].into_iter())),
                    Err(e) => Verdict::rejected(e.check),
                }
            }
            Self::Membership { client, height, paths, values, proof, .. } => {
                let claim = |value: &B256| if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
                let claims: Vec<_> = paths.iter().zip(values).map(|(p, v)| (p.to_vec(), claim(v))).collect();
                match client.rust().verify(Height(*height), &claims, proof, client.now()) {
                    Ok(time) => Verdict::accepted("ok", U256::from(time.0).to_be_bytes_vec()),
                    Err(e) => Verdict::rejected(e.check),
                }
            }
            Self::Proof { root, keys, nodes } => {
                let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
                match packed::verify(root, &keys, nodes) {
                    Ok(values) => {
                        let present: Vec<bool> = values.iter().map(Option::is_some).collect();
                        let found: Vec<Bytes> =
                            values.into_iter().map(|v| Bytes::copy_from_slice(v.unwrap_or_default())).collect();
                        Verdict::accepted("ok", (present, found).abi_encode_params())
                    }
                    Err(_) => Verdict::rejected("InvalidProof"),
                }
            }
            Self::Header { header } => match Header::decode(header) {
                Ok(found) if header.len() <= MAX_HEADER => {
                    Verdict::accepted("ok", (U256::from(found.number), found.state_root).abi_encode())
                }
                _ => Verdict::rejected("MalformedHeader"),
            },
            Self::Creation { state, initial } => match BeefyClient::new(state.clone(), *initial) {
                Ok(client) => {
                    let hashes = client.consensus_hashes().map(|(_, hash)| hash);
                    Verdict::accepted("ok", stored(state_words(client.state()), hashes))
                }
                Err(e) => Verdict::rejected(e.name()),
            },
        }
    }

    /// The contracts' verdict, and the gas of the call.
    pub fn solidity(&self, contracts: &mut Solidity, heights: &[u64]) -> (Verdict, u64) {
        match self {
            Self::Update { client, message } => {
                let input = sol::updateClientCall { updateMsg: message.clone().into() }.abi_encode();
                called(contracts, client, input, |done, data| {
                    let name = match sol::updateClientCall::abi_decode_returns(data) {
                        Ok(0) => "Update",
                        Ok(1) => "Misbehaviour",
                        Ok(2) => "NoOp",
                        _ => "undecodable",
                    };
                    Verdict::accepted(name, stored(done.state(), heights.iter().map(|h| done.hash(*h))))
                })
            }
            Self::Misbehaviour { client, evidence } => {
                let input = sol::misbehaviourCall { misbehaviourMsg: evidence.clone().into() }.abi_encode();
                called(contracts, client, input, |done, _| {
                    Verdict::accepted("Misbehaviour", stored(done.state(), [].into_iter()))
                })
            }
            Self::Membership { client, height, paths, values, proof, single } => {
                let input = verify_call(*height, paths, values, proof, *single);
                called(contracts, client, input, |_, data| Verdict::accepted("ok", data.to_vec()))
            }
            Self::Proof { root, keys, nodes } => {
                let (root, keys, nodes) = (*root, keys.clone(), Bytes::from(nodes.clone()));
                plain(contracts.call_reader(sol::valuesCall { root, keys, nodes }.abi_encode()))
            }
            Self::Header { header } => {
                plain(contracts.call_reader(sol::headerCall { data: header.clone().into() }.abi_encode()))
            }
            Self::Creation { state, initial } => match contracts.create_client(state, initial) {
                Ok(words) => (Verdict::accepted("ok", words), 0),
                Err(name) => (Verdict::rejected(name), 0),
            },
        }
    }

    /// The case in the form of the vectors, for replay.
    pub fn json(&self) -> Value {
        let with = |client: &Client, more: Value| {
            let mut all = client.json();
            if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
                all.extend(more);
            }
            all
        };
        let hex = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        match self {
            Self::Update { client, message } => with(client, json!({"message": hex(message)})),
            Self::Misbehaviour { client, evidence } => with(client, json!({"evidence": hex(evidence)})),
            Self::Membership { client, height, paths, values, proof, single } => with(
                client,
                json!({"height": height, "paths": paths, "values": values, "proof": hex(proof), "single": single}),
            ),
            Self::Proof { root, keys, nodes } => json!({"root": root, "keys": keys, "proof": hex(nodes)}),
            Self::Header { header } => json!({"header": hex(header)}),
            Self::Creation { state, initial } => {
                json!({"client_state": hex(&state.encode()), "consensus_state": hex(&initial.encode())})
            }
        }
    }
}

/// What a call of a light client comes to, by what an answer means.
fn called(
    contracts: &mut Solidity,
    client: &Client,
    input: Vec<u8>,
    accepted: impl Fn(&Done, &[u8]) -> Verdict,
) -> (Verdict, u64) {
    let done = match contracts.call_client(&client.state, &client.stored, client.now, input) {
        Ok(done) => done,
        Err(e) => return (Verdict::rejected(format!("constructor: {e}")), 0),
    };
    let verdict = match &done.answer {
        Ok(data) => accepted(&done, data),
        Err(name) => Verdict::rejected(name.clone()),
    };
    (verdict, done.gas)
}

fn plain(done: Done) -> (Verdict, u64) {
    let verdict = match done.answer {
        Ok(data) => Verdict::accepted("ok", data.to_vec()),
        Err(name) => Verdict::rejected(name),
    };
    (verdict, done.gas)
}

fn verify_call(height: u64, paths: &[Bytes], values: &[B256], proof: &[u8], single: bool) -> Vec<u8> {
    let proof = Bytes::copy_from_slice(proof);
    let height = sol::Height { revisionNumber: 0, revisionHeight: height };
    let one = paths.to_vec();
    match values.first() {
        Some(value) if single && value.is_zero() => {
            let msg_ = sol::MsgVerifyNonMembership { proof, proofHeight: height, path: one };
            sol::verifyNonMembershipCall { msg_ }.abi_encode()
        }
        Some(value) if single => {
            let value = Bytes::copy_from_slice(value.as_slice());
            let msg_ = sol::MsgVerifyMembership { proof, proofHeight: height, path: one, value };
            sol::verifyMembershipCall { msg_ }.abi_encode()
        }
        _ => {
            let (paths, values) = (paths.to_vec(), values.to_vec());
            sol::verifyBatchCall { msg_: sol::MsgVerifyBatch { proof, proofHeight: height, paths, values } }
                .abi_encode()
        }
    }
}
