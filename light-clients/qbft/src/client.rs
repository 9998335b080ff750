//! The client: its state, the hashes of its consensus states, and what it does with a message.

use crate::{
    CLIENT_TYPE,
    membership::{check_membership, expired},
    seal::{K256, Recover},
    state::{ClientState, ClientStateError, ConsensusState},
    verify::{Verified, check_misbehaviour, check_update},
};
use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::B256;
use lupu_light_client::{Claim, LightClient, Rejection, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

/// A QBFT or IBFT 2.0 light client in memory.
#[derive(Clone, Debug)]
pub struct QbftClient<R = K256> {
    state: ClientState,
    consensus: BTreeMap<Height, B256>,
    recover: R,
}

impl QbftClient {
    /// A new client that trusts `initial` at the state's latest height.
    pub fn new(state: ClientState, initial: ConsensusState) -> Result<Self, ClientStateError> {
        state.validate_initial(&initial)?;
        let consensus = BTreeMap::from([(state.latest_height, initial.hash())]);
        Ok(Self { state, consensus, recover: K256 })
    }

    /// A client as a chain holds it: its state and the stored hashes by height. A hash of zero is
    /// nothing, as in EVM storage.
    pub fn from_snapshot(state: ClientState, hashes: impl IntoIterator<Item = (Height, B256)>) -> Self {
        let stored = hashes.into_iter().filter(|(_, hash)| !hash.is_zero());
        Self { state, consensus: stored.collect(), recover: K256 }
    }
}

impl<R: Recover> QbftClient<R> {
    /// The same client with another way to recover signers.
    pub fn with_recover<S: Recover>(self, recover: S) -> QbftClient<S> {
        QbftClient { state: self.state, consensus: self.consensus, recover }
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
        let stored = |height| self.consensus_hash(height);
        let verified = check_update(&self.state, stored, message, now, &self.recover)?;
        let result = match self.consensus_hash(verified.height) {
            None => UpdateResult::Update,
            Some(hash) if hash == verified.consensus.hash() => UpdateResult::NoOp,
            Some(_) => UpdateResult::Misbehaviour,
        };
        Ok((verified, result))
    }

    /// Verifies an update and, if it is good, stores what it proves; says what that is.
    pub fn apply(&mut self, message: &[u8], now: TimestampSecs) -> Result<(Verified, UpdateResult), Rejection> {
        let (verified, result) = self.check(message, now)?;
        match result {
            UpdateResult::NoOp => {}
            UpdateResult::Misbehaviour => self.state.frozen = true,
            UpdateResult::Update => {
                self.consensus.insert(verified.height, verified.consensus.hash());
                if verified.height > self.state.latest_height {
                    self.state.latest_height = verified.height;
                    self.state.latest_timestamp = verified.consensus.timestamp;
                }
            }
        }
        Ok((verified, result))
    }

    fn consensus_hash(&self, height: Height) -> Option<B256> {
        self.consensus.get(&height).copied()
    }
}

impl<R: Recover + Send + Sync> LightClient for QbftClient<R> {
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
        if self.state.frozen {
            Status::Frozen
        } else if expired(&self.state, now) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    fn state_bytes(&self) -> Vec<u8> {
        self.state.encode()
    }

    fn consensus_hash(&self, height: Height) -> Option<B256> {
        self.consensus.get(&height).copied()
    }

    fn update(&mut self, message: &[u8], now: TimestampSecs) -> Result<UpdateResult, Rejection> {
        Ok(self.apply(message, now)?.1)
    }

    fn misbehaviour(&mut self, evidence: &[u8], now: TimestampSecs) -> Result<(), Rejection> {
        let stored = |height| self.consensus.get(&height).copied();
        check_misbehaviour(&self.state, stored, evidence, now, &self.recover)?;
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
        let stored = self.consensus.get(&height).copied();
        Ok(check_membership(&self.state, stored, height, claims, proof, now)?)
    }
}
