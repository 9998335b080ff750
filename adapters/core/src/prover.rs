//! Why another chain should believe it.

use crate::AdapterError;
use alloy_primitives::{B256, Bytes};
use async_trait::async_trait;
use lupu_light_client::{Claim, LightClient};
use lupu_standard::{Height, Path};
use serde::{Deserialize, Serialize};

/// A consensus state that a host chain stores and trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedState {
    /// Its height.
    pub height: Height,
    /// Its preimage, in the client type's encoding.
    pub consensus_state: Vec<u8>,
}

/// What trust in a chain starts from: shown to a person, and confirmed by them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustAnchor {
    /// A block of the chain.
    pub height: Height,
    /// Its hash.
    pub hash: B256,
    /// Its validators (authorities), in the chain's own notation.
    pub validators: Vec<String>,
}

/// Choices made when a client is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientParameters {
    /// Seconds; longer than the 86,400 a packet may live.
    pub trusting_period: u64,
    /// Seconds that a header may be ahead of the host's clock.
    pub max_clock_drift: u64,
    /// Share of the trusted set that must have sealed, numerator.
    pub trust_numerator: u8,
    /// Denominator; the share is more than one third.
    pub trust_denominator: u8,
}

impl Default for ClientParameters {
    fn default() -> Self {
        Self { trusting_period: 7 * 86_400, max_clock_drift: 30, trust_numerator: 2, trust_denominator: 3 }
    }
}

/// What a new client starts with.
#[derive(Clone, Debug)]
pub struct InitialClient {
    /// Client state, encoded.
    pub state: Vec<u8>,
    /// First consensus state, encoded.
    pub consensus_state: Vec<u8>,
    /// What a person is asked to confirm.
    pub anchor: TrustAnchor,
}

/// A piece of evidence worth keeping: enough to rebuild a proof file when nodes have pruned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A raw header with the seals that were used.
    Header {
        /// Its height.
        height: Height,
        /// Raw bytes.
        raw: Bytes,
    },
    /// A trie node (or trie value), addressed by its hash.
    Node(Bytes),
}

/// One step of a client towards a height.
#[derive(Clone, Debug)]
pub struct ClientUpdate {
    /// The height it proves.
    pub height: Height,
    /// The message, in the client type's encoding.
    pub message: Vec<u8>,
    /// The consensus state it leads to, encoded.
    pub consensus_state: Vec<u8>,
    /// What it was made of.
    pub material: Vec<Material>,
}

/// One proof of many claims at one height.
#[derive(Clone, Debug)]
pub struct StateProof {
    /// In the client type's encoding.
    pub proof: Vec<u8>,
    /// What it was made of.
    pub material: Vec<Material>,
}

/// Makes proofs about one chain for light clients of one type.
#[async_trait]
pub trait Prover: Send + Sync + 'static {
    /// The client type it serves, for example `qbft`.
    fn client_type(&self) -> &'static str;

    /// The newest height that can be proven now.
    async fn provable_height(&self) -> Result<Height, AdapterError>;

    /// What a new client of this chain starts with, at a height.
    async fn initial_client(&self, at: Height, parameters: ClientParameters) -> Result<InitialClient, AdapterError>;

    /// The relayer's own copy of a client that a host chain stores, from its state and the
    /// consensus states named here; refuses states of another chain, router or code hash than this prover's.
    fn light_client(&self, state: &[u8], trusted: &[TrustedState]) -> Result<Box<dyn LightClient>, AdapterError>;

    /// The anchor check: whether a consensus state at a height is what this chain really had there,
    /// by our own trusted headers. `Pruned`: the header is right, the state at that height is gone;
    /// the client can be updated from there, and nothing is proven at it.
    async fn check_trusted(&self, trusted: &TrustedState) -> Result<(), AdapterError>;

    /// The validators that sign after a trusted state, as our own headers confirm them, in the client
    /// type's encoding: what the hash in the state stands for. Empty where the client state has them.
    async fn validators(&self, trusted: &TrustedState) -> Result<Vec<u8>, AdapterError>;

    /// The updates that bring a client from a trusted state to `target`: usually one, more where
    /// the validator set changed too much at once. Each was accepted by a copy of `client`.
    async fn updates(
        &self,
        state: &[u8],
        trusted: &TrustedState,
        target: Height,
    ) -> Result<Vec<ClientUpdate>, AdapterError>;

    /// One proof for many claims, in this order, at a height whose consensus state is given.
    /// `prefix` is the counterparty merkle prefix under which the host chain asks.
    async fn prove(
        &self,
        at: &TrustedState,
        prefix: &[Vec<u8>],
        claims: &[(Path, Claim)],
    ) -> Result<StateProof, AdapterError>;

    /// The order in which claims should stand so that their shared proof is smallest: indices into `paths`.
    fn proof_order(&self, paths: &[Path]) -> Vec<usize>;

    /// Evidence that a host's client of this chain follows a fork: two headers that it would both
    /// accept, if this prover has seen any. Encoded for `Message::Misbehaviour`.
    async fn evidence(&self, state: &[u8], trusted: &TrustedState) -> Result<Option<Vec<u8>>, AdapterError>;
}
