//! Bundles of Substrate chains by GRANDPA: headers, justifications, state.

use super::{Count, Finality, Replay, Step, substrate::State};
use crate::{
    bundle::Update,
    failure::{Failure, Place, figures},
};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use alloy_primitives::{B256, Bytes};
use lupu_grandpa::{
    AuthoritySet, ClientState, ConsensusState, GrandpaClient, JustificationError, UpdateError, UpdateMessage, Verified,
};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

pub(super) struct Grandpa {
    client: GrandpaClient,
    states: BTreeMap<Height, ConsensusState>,
    /// The set that finalizes what follows, and the anchor's.
    authorities: AuthoritySet,
    /// And their names.
    set: Arc<[String]>,
    anchor: AuthoritySet,
    state: State,
}

fn names(set: &AuthoritySet) -> Arc<[String]> {
    set.authorities().iter().map(|a| a.key.to_string()).collect()
}

impl Grandpa {
    pub(super) fn new(
        state: &ClientState,
        first: ConsensusState,
        authorities: &AuthoritySet,
        nodes: &[Bytes],
    ) -> Result<Self, Failure> {
        let client = GrandpaClient::new(state.clone(), first)
            .map_err(|e| Failure::new(e.name(), Place::Anchor, e.to_string()))?;
        Ok(Self {
            client,
            states: BTreeMap::from([(state.latest_height, first)]),
            authorities: authorities.clone(),
            set: names(authorities),
            anchor: authorities.clone(),
            state: State::new(state.genesis, state.pallet_prefix, nodes),
        })
    }

    fn step(&self, verified: &Verified, set_id: u64) -> Step {
        let finality = &verified.finality;
        let anchored = |key: &&B256| self.anchor.find(key).is_some();
        Step {
            height: verified.height,
            block_hash: verified.consensus.header_hash,
            timestamp: verified.consensus.timestamp,
            state_root: verified.consensus.state_root,
            root: verified.consensus.state_root,
            signers: finality.signers.iter().map(B256::to_string).collect(),
            set: self.set.clone(),
            quorum: Count {
                found: finality.weight,
                required: self.authorities.threshold(),
                of: self.authorities.total_weight(),
            },
            anchored: finality.signers.iter().filter(anchored).count(),
            finality: Finality::Precommits { round: finality.round, set_id },
            next_set: verified.next.as_ref().map(names),
        }
    }
}

impl Replay for Grandpa {
    fn update(&mut self, index: usize, update: &Update) -> Result<Step, Failure> {
        let place = Place::Update(index);
        let Update::Grandpa { header, justification } = update else {
            return Err(Failure::new("MalformedMessage", place, "not an update of a grandpa client"));
        };
        let trusted_height = self.client.latest_height();
        let unknown = || Failure::new("UnknownTrustedHeight", place, "no state to build on");
        let trusted = *self.states.get(&trusted_height).ok_or_else(unknown)?;
        let anchor = self.state.anchor(header, place);
        let (anchor_proof, time) = anchor.as_ref().map_or((Bytes::new(), None), |found| found.clone());
        let message = UpdateMessage {
            header: header.clone(),
            justification: justification.clone(),
            trusted_height,
            trusted,
            authorities: self.authorities.encode().into(),
            anchor_proof,
        };
        let now = time.unwrap_or(trusted.timestamp);
        let (verified, result) = match (self.client.apply_message(&message, now), anchor) {
            (Ok(applied), _) => applied,
            (Err(UpdateError::Anchor(_)), Err(missing)) => return Err(missing),
            (Err(error), _) => {
                return Err(Failure::new(error.name(), place, error.to_string()).figures(update_figures(&error)));
            }
        };
        if result != UpdateResult::Update {
            return Err(Failure::new("HeightNotNewer", place, "the update proves nothing new"));
        }
        let step = self.step(&verified, trusted.set_id);
        self.states.insert(verified.height, verified.consensus);
        if let (Some(next), Some(set)) = (verified.next, &step.next_set) {
            self.authorities = next;
            self.set = set.clone();
        }
        Ok(step)
    }

    fn knows(&self, height: Height) -> bool {
        self.states.contains_key(&height)
    }

    fn latest(&self) -> (Height, TimestampSecs) {
        (self.client.latest_height(), self.client.latest_timestamp())
    }

    fn prove(&mut self, place: Place, at: Height, path: &[u8], claim: &Claim) -> Result<TimestampSecs, Failure> {
        let unknown = || Failure::new("UnknownHeight", place, format!("no state at height {at}"));
        let consensus = *self.states.get(&at).ok_or_else(unknown)?;
        self.state.prove(place, &consensus.state_root, path, claim)?;
        Ok(consensus.timestamp)
    }

    fn used(&self) -> Vec<Bytes> {
        self.state.used()
    }

    fn unused(&self) -> usize {
        self.state.unused()
    }

    fn max_clock_drift(&self) -> u64 {
        self.client.state().rules.max_clock_drift
    }

    fn status(&self, now: TimestampSecs) -> Status {
        self.client.status(now)
    }
}

fn update_figures(error: &UpdateError) -> Option<(String, String)> {
    match error {
        UpdateError::HeightNotNewer { header, trusted } => figures(format!("a number above {trusted}"), header),
        UpdateError::TrustedStateExpired { trusted, period, now } => {
            figures(format!("a time before {}", trusted.0.saturating_add(*period)), now)
        }
        UpdateError::AuthoritySetMismatch { found, trusted } => figures(trusted, found),
        UpdateError::TimeWentBack { header, trusted } => figures(format!("a time from {trusted} on"), header),
        UpdateError::Justification(JustificationError::TooLittleWeight { found, required, total }) => {
            figures(format!("weight {required} of {total}"), found)
        }
        UpdateError::Justification(JustificationError::TargetMismatch { found, header }) => {
            figures(header.hash, found.hash)
        }
        _ => None,
    }
}
