//! Bundles of EVM chains: sealed headers, the router's account, its storage.

use super::{Count, Finality, Replay, Step, compare};
use crate::{
    bundle::Update,
    failure::{Failure, Place, figures},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use alloy_primitives::{Address, B256, Bytes};
use lupu_ethereum_state::{EMPTY_ROOT, NodeSet, account_key, storage_value};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_qbft::{
    ClientState, ConsensusState, Header, K256, QbftClient, UpdateError, UpdateMessage, Verified, check_update,
    commitment_key, header::join_addresses, overlap_required, quorum,
};
use lupu_standard::{Height, TimestampSecs};

pub(super) struct Qbft {
    client: QbftClient,
    /// What the client has stored, by height.
    states: BTreeMap<Height, ConsensusState>,
    /// The newest state's validators, and the anchor's.
    validators: Vec<Address>,
    /// And their names.
    set: Arc<[String]>,
    anchor: Vec<Address>,
    nodes: NodeSet,
    used: BTreeSet<B256>,
}

fn names(addresses: &[Address]) -> Arc<[String]> {
    addresses.iter().map(|a| format!("{a:#x}")).collect()
}

fn count(found: usize, required: usize, of: usize) -> Count {
    Count { found: found as u64, required: required as u64, of: of as u64 }
}

impl Qbft {
    pub(super) fn new(
        state: &ClientState,
        storage_root: B256,
        validators: &[Address],
        nodes: &[Bytes],
    ) -> Result<Self, Failure> {
        let anchor = |check, detail: String| Failure::new(check, Place::Anchor, detail);
        if !validators.is_sorted_by(|a, b| a < b) || validators.first().is_none_or(|v| v.is_zero()) {
            return Err(anchor("InvalidValidatorSet", "validators are not strictly ascending, or one is zero".into()));
        }
        let first = ConsensusState {
            timestamp: state.latest_timestamp,
            storage_root,
            validators_hash: alloy_primitives::keccak256(join_addresses(validators)),
        };
        let client = QbftClient::new(state.clone(), first).map_err(|e| anchor(e.name(), e.to_string()))?;
        Ok(Self {
            client,
            states: BTreeMap::from([(state.latest_height, first)]),
            validators: validators.to_vec(),
            set: names(validators),
            anchor: validators.to_vec(),
            nodes: nodes.iter().cloned().collect(),
            used: BTreeSet::new(),
        })
    }

    /// The message that the light client takes for this header; and the time that it proves.
    fn message(&self, place: Place, header: &Bytes) -> Result<(UpdateMessage, TimestampSecs), Failure> {
        let state = self.client.state();
        let decoded =
            Header::decode(state.kind, header).map_err(|e| Failure::new("MalformedHeader", place, e.to_string()))?;
        let trusted_height = state.latest_height;
        let unknown = || Failure::new("UnknownTrustedHeight", place, "no state to build on");
        let trusted = *self.states.get(&trusted_height).ok_or_else(unknown)?;
        let same = decoded.validators_hash() == trusted.validators_hash;
        let trusted_validators = if same { Bytes::new() } else { join_addresses(&self.validators).into() };
        let account_proof = self
            .nodes
            .pack(&decoded.state_root(), &[account_key(&state.router)])
            .map_err(|e| Failure::new("InvalidProof", place, format!("account proof: {e}")))?;
        let message = UpdateMessage {
            header: header.clone(),
            trusted_height,
            trusted,
            trusted_validators,
            account_proof: account_proof.into(),
        };
        Ok((message, decoded.timestamp()))
    }

    fn step(&self, verified: &Verified) -> Step {
        let (header, rules) = (&verified.header, &self.client.state().rules);
        let (list, signers) = (header.validators(), &verified.signers);
        let of = |set: &[Address]| signers.iter().filter(|s| set.contains(s)).count();
        let changed = list != self.validators.as_slice();
        let set = if changed { names(list) } else { self.set.clone() };
        let required = overlap_required(self.validators.len(), rules.trust_numerator, rules.trust_denominator);
        Step {
            height: verified.height,
            block_hash: verified.block_hash,
            timestamp: verified.consensus.timestamp,
            state_root: header.state_root(),
            root: verified.consensus.storage_root,
            signers: names(signers).to_vec(),
            quorum: count(signers.len(), quorum(list.len()), list.len()),
            anchored: of(&self.anchor),
            finality: Finality::Seals {
                round: header.round(),
                digest: header.commit_digest(),
                overlap: count(of(&self.validators), required, self.validators.len()),
            },
            next_set: changed.then(|| set.clone()),
            set,
        }
    }
}

impl Replay for Qbft {
    fn update(&mut self, index: usize, update: &Update) -> Result<Step, Failure> {
        let place = Place::Update(index);
        let Update::Qbft { header } = update else {
            return Err(Failure::new("MalformedMessage", place, "not an update of a qbft client"));
        };
        let refused = |e: UpdateError| Failure::new(e.name(), place, e.to_string()).figures(update_figures(&e));
        // What the light client checks before the account proof is told before a missing node is.
        let (message, now) = match self.message(place, header) {
            Ok(found) => found,
            Err(failure) => return Err(self.earlier(header, place).unwrap_or(failure)),
        };
        let bytes = message.encode();
        let (verified, result) = match self.client.apply(&bytes, now) {
            Ok(applied) => applied,
            Err(rejection) => {
                let stored = |height| self.client.consensus_hash(height);
                return Err(match check_update(self.client.state(), stored, &bytes, now, &K256) {
                    Err(error) => refused(error),
                    Ok(_) => Failure::rejected(place, rejection),
                });
            }
        };
        if result != UpdateResult::Update {
            return Err(Failure::new("HeightNotNewer", place, "the update proves nothing new"));
        }
        let key = [account_key(&self.client.state().router)];
        if let Ok(used) = self.nodes.used(&verified.header.state_root(), &key) {
            self.used.extend(used);
        }
        let step = self.step(&verified);
        self.states.insert(verified.height, verified.consensus);
        self.validators = verified.header.validators().to_vec();
        self.set = step.set.clone();
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
        let invalid = |e: &dyn core::fmt::Display| Failure::new("InvalidProof", place, e.to_string());
        let (root, key) = (&consensus.storage_root, commitment_key(path));
        let used = self.nodes.used(root, &[key]).map_err(|e| invalid(&e))?;
        // The root of an empty trie proves absence by itself.
        self.used.extend(used.into_iter().filter(|hash| *hash != EMPTY_ROOT));
        let leaf = self.nodes.verify(root, &key).map_err(|e| invalid(&e))?;
        let found = leaf.map(|leaf| storage_value(&leaf)).transpose().map_err(|e| invalid(&e))?;
        compare(place, claim, found.as_ref().map(|word| word.as_slice()))?;
        Ok(consensus.timestamp)
    }

    fn used(&self) -> Vec<Bytes> {
        self.used.iter().filter_map(|hash| self.nodes.get(hash).cloned()).collect()
    }

    fn unused(&self) -> usize {
        self.nodes.len().saturating_sub(self.used.len())
    }

    fn max_clock_drift(&self) -> u64 {
        self.client.state().rules.max_clock_drift
    }

    fn status(&self, now: TimestampSecs) -> Status {
        self.client.status(now)
    }
}

impl Qbft {
    /// The check that a header fails whatever the account proof, if there is one.
    fn earlier(&self, header: &Bytes, place: Place) -> Option<Failure> {
        let state = self.client.state();
        let decoded = Header::decode(state.kind, header).ok()?;
        let trusted = lupu_qbft::Trusted {
            height: state.latest_height,
            timestamp: state.latest_timestamp,
            validators: &self.validators,
        };
        let error = lupu_qbft::check_header(&decoded, trusted, &state.rules, decoded.timestamp(), &K256).err()?;
        Some(Failure::new(error.name(), place, error.to_string()).figures(update_figures(&error)))
    }
}

fn update_figures(error: &UpdateError) -> Option<(String, String)> {
    match error {
        UpdateError::TooFewSeals { found, required, validators } => {
            figures(format!("{required} seals of {validators}"), found)
        }
        UpdateError::TooLittleOverlap { found, required, trusted } => {
            figures(format!("{required} of {trusted} trusted validators"), found)
        }
        UpdateError::HeightNotNewer { header, trusted } => figures(format!("a number above {trusted}"), header),
        UpdateError::TrustedStateExpired { trusted, period, now } => {
            figures(format!("a time before {}", trusted.0.saturating_add(*period)), now)
        }
        UpdateError::TimeWentBack { header, trusted } => figures(format!("a time from {trusted} on"), header),
        UpdateError::ForeignSeal(signer) => figures("one of the header's validators", format!("{signer:#x}")),
        UpdateError::RouterCodeMismatch { found, pinned } => figures(pinned, found),
        UpdateError::TrustedStateMismatch { stored, found, .. } => figures(stored, found),
        _ => None,
    }
}
