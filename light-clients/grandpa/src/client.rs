//! The client: its state, the hashes of its consensus states, and what it does with a message.

use crate::{
    CLIENT_TYPE,
    membership::check_membership,
    signature::{VerifyEd25519, Zebra},
    state::{ClientState, ClientStateError, ConsensusState, UpdateMessage},
    verify::{UpdateError, Verified, check_message, check_misbehaviour},
};
use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::B256;
use lupu_light_client::{Claim, LightClient, Rejection, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

/// A GRANDPA light client in memory.
#[derive(Clone, Debug)]
pub struct GrandpaClient<V = Zebra> {
    state: ClientState,
    consensus: BTreeMap<Height, B256>,
    verifier: V,
}

impl GrandpaClient {
    /// A new client that trusts `initial` at the state's latest height.
    pub fn new(state: ClientState, initial: ConsensusState) -> Result<Self, ClientStateError> {
        state.validate_initial(&initial)?;
        let consensus = BTreeMap::from([(state.latest_height, initial.hash())]);
        Ok(Self { state, consensus, verifier: Zebra })
    }

    /// A client as a chain holds it: its state and the stored hashes by height. A hash of zero is
    /// nothing.
    pub fn from_snapshot(state: ClientState, hashes: impl IntoIterator<Item = (Height, B256)>) -> Self {
        let stored = hashes.into_iter().filter(|(_, hash)| !hash.is_zero());
        Self { state, consensus: stored.collect(), verifier: Zebra }
    }
}

impl<V: VerifyEd25519> GrandpaClient<V> {
    /// The same client with another way to verify signatures.
    pub fn with_verifier<W: VerifyEd25519>(self, verifier: W) -> GrandpaClient<W> {
        GrandpaClient { state: self.state, consensus: self.consensus, verifier }
    }

    /// The client state.
    pub fn state(&self) -> &ClientState {
        &self.state
    }

    /// Heights with a consensus state and its hash, ascending.
    pub fn consensus_hashes(&self) -> impl DoubleEndedIterator<Item = (Height, B256)> {
        self.consensus.iter().map(|(height, hash)| (*height, *hash))
    }

    /// What an update proves, and what it would do, without doing it.
    pub fn check(&self, message: &[u8], now: TimestampSecs) -> Result<(Verified, UpdateResult), Rejection> {
        let message = UpdateMessage::decode(message).map_err(UpdateError::from)?;
        Ok(self.check_message(&message, now)?)
    }

    fn check_message(
        &self,
        message: &UpdateMessage,
        now: TimestampSecs,
    ) -> Result<(Verified, UpdateResult), UpdateError> {
        let verified = check_message(&self.state, |height| self.stored(height), message, now, &self.verifier)?;
        let result = match self.stored(verified.height) {
            None => UpdateResult::Update,
            Some(hash) if hash == verified.consensus.hash() => UpdateResult::NoOp,
            Some(_) => UpdateResult::Misbehaviour,
        };
        Ok((verified, result))
    }

    /// Verifies an update and, if it is good, stores what it proves; says what that is.
    pub fn apply(&mut self, message: &[u8], now: TimestampSecs) -> Result<(Verified, UpdateResult), Rejection> {
        let message = UpdateMessage::decode(message).map_err(UpdateError::from)?;
        Ok(self.apply_message(&message, now)?)
    }

    /// [`GrandpaClient::apply`] for a message that the caller laid out itself: every check but that
    /// of the encoding.
    pub fn apply_message(
        &mut self,
        message: &UpdateMessage,
        now: TimestampSecs,
    ) -> Result<(Verified, UpdateResult), UpdateError> {
        let (verified, result) = self.check_message(message, now)?;
        match result {
            UpdateResult::NoOp => {}
            UpdateResult::Misbehaviour => self.state.frozen = true,
            UpdateResult::Update => {
                self.consensus.insert(verified.height, verified.consensus.hash());
                self.state.raise(verified.height, verified.consensus.timestamp);
            }
        }
        Ok((verified, result))
    }

    fn stored(&self, height: Height) -> Option<B256> {
        self.consensus.get(&height).copied()
    }
}

impl<V: VerifyEd25519 + Send + Sync> LightClient for GrandpaClient<V> {
    fn client_type(&self) -> &'static str {
        CLIENT_TYPE
    }

    fn latest_height(&self) -> Height {
        self.state.latest_height
    }

    fn latest_timestamp(&self) -> TimestampSecs {
        self.state.latest_timestamp
    }

    fn trusting_period(&self) -> u64 {
        self.state.rules.trusting_period
    }

    fn status(&self, now: TimestampSecs) -> Status {
        self.state.status(now)
    }

    fn state_bytes(&self) -> Vec<u8> {
        self.state.encode()
    }

    fn consensus_hash(&self, height: Height) -> Option<B256> {
        self.stored(height)
    }

    fn update(&mut self, message: &[u8], now: TimestampSecs) -> Result<UpdateResult, Rejection> {
        Ok(self.apply(message, now)?.1)
    }

    fn misbehaviour(&mut self, evidence: &[u8], now: TimestampSecs) -> Result<(), Rejection> {
        let stored = |height| self.stored(height);
        check_misbehaviour(&self.state, stored, evidence, now, &self.verifier)?;
        self.state.frozen = true;
        Ok(())
    }

    fn verify(
        &self,
        height: Height,
        claims: &[(Vec<u8>, Claim)],
        proof: &[u8],
        now: TimestampSecs,
    ) -> Result<TimestampSecs, Rejection> {
        Ok(check_membership(&self.state, self.stored(height), height, claims, proof, now)?)
    }
}
