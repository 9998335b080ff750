//! Bundles of Substrate chains by BEEFY: commitments, leaves, headers, state.

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
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_beefy::{
    AuthoritySet, BeefyClient, ClientState, ConsensusState, K256, UpdateError, UpdateMessage, Verified, check_update,
    split_addresses, threshold,
};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

pub(super) struct Beefy {
    client: BeefyClient,
    states: BTreeMap<Height, ConsensusState>,
    /// The set that signs at the anchor.
    anchor: AuthoritySet,
    /// The height of the last update of the set that signs, but for the one that handed over to it.
    last: Option<Height>,
    state: State,
}

impl Beefy {
    pub(super) fn new(state: &ClientState, state_root: B256, nodes: &[Bytes]) -> Result<Self, Failure> {
        let first = ConsensusState { timestamp: state.latest_timestamp, state_root };
        let client =
            BeefyClient::new(state.clone(), first).map_err(|e| Failure::new(e.name(), Place::Anchor, e.to_string()))?;
        Ok(Self {
            client,
            states: BTreeMap::from([(state.latest_height, first)]),
            anchor: state.current,
            last: None,
            state: State::new(state.genesis, state.pallet_prefix, nodes),
        })
    }

    /// Updates of one set come in one order, so that a bundle has one form: the one that hands
    /// over to it, then the others, ascending.
    fn check_order(&mut self, place: Place, verified: &Verified) -> Result<(), Failure> {
        if verified.handover.is_some() {
            self.last = None;
            return Ok(());
        }
        match self.last.replace(verified.height) {
            Some(last) if last >= verified.height => {
                let detail = format!("height {} comes after height {last} of the same set", verified.height);
                let figures = figures(format!("a number above {last}"), verified.height);
                Err(Failure::new("UpdatesNotAscending", place, detail).figures(figures))
            }
            _ => Ok(()),
        }
    }

    fn step(&self, verified: &Verified, message: &UpdateMessage) -> Step {
        let addresses = split_addresses(&message.authorities).unwrap_or_default();
        let set: Arc<[String]> = addresses.iter().map(|a| format!("{a:#x}")).collect();
        let signers: Vec<String> =
            verified.signers.iter().filter_map(|index| set.get(usize::from(*index)).cloned()).collect();
        let first = self.client.state().first_mmr_block;
        let committed = u64::from(verified.commitment.block_number);
        let place = |block: u64| block.saturating_sub(first);
        let by_anchor = AuthoritySet::new(self.anchor.id, &addresses) == self.anchor;
        Step {
            height: verified.height,
            block_hash: verified.block_hash,
            timestamp: verified.consensus.timestamp,
            state_root: verified.consensus.state_root,
            root: verified.consensus.state_root,
            anchored: if by_anchor { signers.len() } else { 0 },
            quorum: Count { found: signers.len() as u64, required: threshold(set.len()) as u64, of: set.len() as u64 },
            finality: Finality::Commitment {
                block: verified.commitment.block_number,
                set_id: verified.commitment.validator_set_id,
                hash: keccak256(&message.commitment),
                mmr_root: verified.mmr_root,
                leaf: (place(verified.height.0.saturating_add(1)), place(committed).saturating_add(1)),
            },
            next_set: verified.handover.map(|_| set.clone()),
            signers,
            set,
        }
    }
}

impl Replay for Beefy {
    fn update(&mut self, index: usize, update: &Update) -> Result<Step, Failure> {
        let place = Place::Update(index);
        let Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } = update else {
            return Err(Failure::new("MalformedMessage", place, "not an update of a beefy client"));
        };
        let anchor = self.state.anchor(header, place);
        let (anchor_proof, time) = anchor.as_ref().map_or((Bytes::new(), None), |found| found.clone());
        let message = UpdateMessage {
            commitment: commitment.clone(),
            authorities: authorities.clone(),
            signatures: signatures.clone(),
            leaf: leaf.clone(),
            mmr_items: mmr_items.clone(),
            header: header.clone(),
            anchor_proof,
        };
        let (bytes, now) = (message.encode(), time.unwrap_or(self.client.latest_timestamp()));
        let (verified, result) = match self.client.apply(&bytes, now) {
            Ok(applied) => applied,
            Err(rejection) => {
                return Err(match (check_update(self.client.state(), &bytes, now, &K256), anchor) {
                    // The checks before the anchor passed: then a node that is not there is what is wrong.
                    (Err(UpdateError::Anchor(_)), Err(missing)) => missing,
                    (Err(error), _) => {
                        Failure::new(error.name(), place, error.to_string()).figures(update_figures(&error))
                    }
                    (Ok(_), _) => Failure::rejected(place, rejection),
                });
            }
        };
        // A handover may come with a height that is known: then the new set is what it brings.
        let brings = result == UpdateResult::Update || verified.handover.is_some();
        match result {
            UpdateResult::Misbehaviour => {
                let detail = format!("block {} is not the one that is known: the chain has forked", verified.height);
                return Err(Failure::new("Misbehaviour", place, detail));
            }
            _ if brings => self.check_order(place, &verified)?,
            _ => return Err(Failure::new("HeightNotNewer", place, "the update proves nothing new")),
        }
        self.states.insert(verified.height, verified.consensus);
        Ok(self.step(&verified, &message))
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
        UpdateError::ClientExpired { latest, period, now } => {
            figures(format!("a time before {}", latest.0.saturating_add(*period)), now)
        }
        UpdateError::UnknownAuthoritySet { found, current } => {
            figures(format!("set {current} or {}", current.saturating_add(1)), found)
        }
        UpdateError::AuthoritySetMismatch { expected, found, .. } => figures(expected, found),
        UpdateError::TooFewSignatures { found, required, authorities } => {
            figures(format!("{required} signatures of {authorities}"), found)
        }
        UpdateError::WrongSigner { expected, found, .. } => figures(format!("{expected:#x}"), format!("{found:#x}")),
        UpdateError::HeaderMismatch { expected, found } => figures(expected, found),
        UpdateError::HeaderNumber { expected, found } => figures(expected, found),
        UpdateError::HandoverLeafNotBound { leaf, committed } => {
            figures(format!("the leaf of block {committed}"), format!("that of block {leaf}"))
        }
        UpdateError::TimeWentBack { latest, block, .. } => figures(format!("a time from {latest} on"), block),
        _ => None,
    }
}
