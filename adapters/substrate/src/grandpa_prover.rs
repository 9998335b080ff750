//! [`Prover`] of a Substrate chain for GRANDPA light clients.

use crate::{
    anchor::Voters,
    chain::SubstrateChain,
    endpoints::Bad,
    follower::PALLET,
    fork::Fork,
    header_chain::Justified,
    membership::{header_material, material, now, order},
    source::GRANDPA_ENGINE,
};
use alloy_primitives::FixedBytes;
use async_trait::async_trait;
use lupu_adapter::{
    AdapterError, ClientParameters, ClientUpdate, ErrorKind, InitialClient, Prover, StateProof, TrustAnchor,
    TrustedState,
};
use lupu_grandpa::{
    AnchorParameters, CLIENT_TYPE, ClientState, ConsensusState, Finalized, GrandpaClient, Justification,
    MembershipProof, Misbehaviour, Rules, UpdateMessage, UpdateParts, Zebra, initial_state, trim, update_message,
};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, Path};
use lupu_substrate_state::pallet_prefix;
use std::{sync::Arc, time::Duration};

/// How long to wait for a block after the anchor, and how often to look.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Proves a Substrate chain to GRANDPA light clients: justified headers, one after the other where
/// the authorities change, the anchor and the commitments in their states.
pub struct GrandpaProver {
    chain: Arc<SubstrateChain>,
}

impl GrandpaProver {
    /// A prover of this chain.
    pub fn new(chain: Arc<SubstrateChain>) -> Self {
        Self { chain }
    }

    /// The client state, if it is of this chain.
    fn client_state(&self, state: &[u8]) -> Result<ClientState, AdapterError> {
        let client = ClientState::decode(state).map_err(|e| self.chain.unproven(e))?;
        client.validate().map_err(|e| self.chain.unproven(e))?;
        self.chain.check_identity(&client.genesis.0, &client.pallet_prefix.0)?;
        Ok(client)
    }

    /// A trusted state, if our own headers confirm its block and its authorities.
    async fn trusted(&self, trusted: &TrustedState) -> Result<(ConsensusState, Arc<Voters>), AdapterError> {
        let state = ConsensusState::decode(&trusted.consensus_state).map_err(|e| self.chain.unproven(e))?;
        let height = trusted.height;
        let header = self.chain.headers.header(height.0).await?;
        if (header.hash, header.header.state_root) != (state.header_hash, state.state_root) {
            let (theirs, ours) = (state.header_hash, header.hash);
            let message = format!("the client trusts block {height} with hash {theirs}, the chain's is {ours}");
            return Err(self.chain.unproven(message));
        }
        let voters = self.chain.headers.voters_after(height.0).ok_or_else(|| {
            let anchor = self.chain.headers.anchor().height();
            let message = format!(
                "the client is at block {height}, below the anchor {anchor} in the configuration: \
                 configure an anchor at or below it"
            );
            self.chain.error(ErrorKind::Misconfigured, message)
        })?;
        if (voters.id, voters.set.hash()) != (state.set_id, state.authorities_hash) {
            let message = format!(
                "the client trusts authority set {} after block {height}, the chain's is set {}{}",
                state.set_id,
                voters.id,
                if voters.id == state.set_id { " with other members" } else { "" }
            );
            return Err(self.chain.unproven(message));
        }
        Ok((state, voters))
    }

    /// A justified block at exactly this height.
    async fn justified_at(&self, at: Height) -> Result<Arc<Justified>, AdapterError> {
        let headers = &self.chain.headers;
        let known = headers.justified_below(at.0).filter(|j| j.height() == at.0);
        if let Some(known) = known {
            return Ok(known);
        }
        let header = headers.header(at.0).await?;
        let voters = at.0.checked_sub(1).and_then(|h| headers.voters_after(h));
        if let Some(voters) = voters {
            let accept = |bytes: &[u8]| {
                let all = Justification::decode(bytes).map_err(|e| Bad::Missing(e.to_string()))?;
                trim(&all, voters.id, &voters.set, &Zebra).map_err(|e| Bad::Missing(e.to_string()))
            };
            let found = headers.source.justification(header.hash, GRANDPA_ENGINE, accept).await;
            if let Ok(found) = found {
                let justification = found.encode().into();
                return Ok(Arc::new(Justified { header, justification, voters, next: None }));
            }
        }
        let nearest = headers.justified_above(at.0.saturating_add(1)).map(|j| format!("block {}", j.height()));
        let nearest = nearest.unwrap_or_else(|| "a later one".into());
        let message = format!("block {at} is final, but nobody shows votes for it itself; {nearest} can be used");
        Err(self.chain.error(ErrorKind::NotFound, message))
    }

    /// The newest final block once it is above a height; that height if it does not become so soon.
    async fn above(&self, height: Height) -> Result<Height, AdapterError> {
        let start = tokio::time::Instant::now();
        while start.elapsed() < PATIENCE {
            let head = self.chain.follower.head().await?.height;
            if head > height {
                return Ok(head);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(height)
    }

    /// One update of a client, as a message.
    async fn message(
        &self,
        client: &ClientState,
        (from, trusted): (Height, ConsensusState),
        voters: &Voters,
        to: &Justified,
    ) -> Result<(UpdateMessage, ConsensusState, Vec<lupu_adapter::Material>), AdapterError> {
        let (anchor, proof) = self.chain.packed_anchor(&to.header).await?;
        let parts = UpdateParts {
            header: &to.header.raw,
            justification: &to.justification,
            anchor_proof: &proof,
            trusted_height: from,
            trusted,
            authorities: &voters.set,
        };
        let (message, verified) = update_message(client, &parts, &Zebra).map_err(|e| self.chain.unproven(e))?;
        let mut used = vec![header_material(&to.header)];
        used.extend(material(&anchor.nodes));
        Ok((message, verified.consensus, used))
    }

    /// The blocks through which a client must go from a height to a target: every handover, then
    /// the first justified block that reaches the target.
    async fn way(&self, from: Height, target: Height) -> Result<Vec<Arc<Justified>>, AdapterError> {
        let headers = &self.chain.headers;
        if headers.head().height() < target.0 {
            headers.advance().await?;
        }
        let last = headers
            .justified_above(target.0)
            .ok_or_else(|| self.chain.error(ErrorKind::NotFound, format!("block {target} is not justified yet")))?;
        let mut way = headers.handovers(from.0.saturating_add(1), last.height());
        if way.last().is_none_or(|j| j.height() < last.height()) {
            way.push(last);
        }
        Ok(way)
    }
}

#[async_trait]
impl Prover for GrandpaProver {
    fn client_type(&self) -> &'static str {
        CLIENT_TYPE
    }

    async fn provable_height(&self) -> Result<Height, AdapterError> {
        let head = self.chain.follower.head().await?.height;
        // The anchor is final because a person says so; its votes are seldom kept.
        if head.0 == self.chain.headers.anchor().height() && self.justified_at(head).await.is_err() {
            return self.above(head).await;
        }
        Ok(head)
    }

    async fn initial_client(&self, at: Height, parameters: ClientParameters) -> Result<InitialClient, AdapterError> {
        let justified = self.justified_at(at).await?;
        let (_, anchor_proof) = self.chain.packed_anchor(&justified.header).await?;
        let parameters = AnchorParameters {
            genesis: FixedBytes(self.chain.genesis24()),
            pallet_prefix: FixedBytes(pallet_prefix(PALLET)),
            rules: Rules { trusting_period: parameters.trusting_period, max_clock_drift: parameters.max_clock_drift },
        };
        let finalized = Finalized {
            header: &justified.header.raw,
            justification: &justified.justification,
            set_id: justified.voters.id,
            authorities: &justified.voters.set,
            anchor_proof: &anchor_proof,
        };
        let (client, consensus) = initial_state(&parameters, &finalized, &Zebra).map_err(|e| self.chain.unproven(e))?;
        let voters = self.chain.headers.voters_after(at.0).unwrap_or_else(|| justified.voters_after().clone());
        Ok(InitialClient {
            state: client.encode(),
            consensus_state: consensus.encode(),
            anchor: TrustAnchor {
                height: at,
                hash: justified.header.hash,
                validators: voters.set.authorities().iter().map(|a| a.key.to_string()).collect(),
            },
        })
    }

    fn light_client(&self, state: &[u8], trusted: &[TrustedState]) -> Result<Box<dyn LightClient>, AdapterError> {
        let client = self.client_state(state)?;
        let mut hashes = Vec::with_capacity(trusted.len());
        for one in trusted {
            let consensus = ConsensusState::decode(&one.consensus_state).map_err(|e| self.chain.unproven(e))?;
            hashes.push((one.height, consensus.hash()));
        }
        Ok(Box::new(GrandpaClient::from_snapshot(client, hashes)))
    }

    async fn check_trusted(&self, trusted: &TrustedState) -> Result<(), AdapterError> {
        let (state, _) = self.trusted(trusted).await?;
        self.chain.check_state(trusted.height, state.state_root, state.timestamp).await.map(|_| ())
    }

    async fn validators(&self, trusted: &TrustedState) -> Result<Vec<u8>, AdapterError> {
        let (_, voters) = self.trusted(trusted).await?;
        Ok(voters.set.encode())
    }

    async fn updates(
        &self,
        state: &[u8],
        trusted: &TrustedState,
        target: Height,
    ) -> Result<Vec<ClientUpdate>, AdapterError> {
        let client = self.client_state(state)?;
        if target <= trusted.height {
            return Ok(Vec::new());
        }
        let (mut consensus, mut voters) = self.trusted(trusted).await?;
        let mut from = trusted.height;
        let mut copy = GrandpaClient::from_snapshot(client.clone(), [(trusted.height, consensus.hash())]);
        let mut updates = Vec::new();
        for to in self.way(from, target).await? {
            let height = Height(to.height());
            let made = self.message(&client, (from, consensus), &voters, &to).await;
            let (message, next, used) = made.map_err(|e| self.chain.needed_between(height.0, target, e))?;
            let message = message.encode();
            let time = now().max(next.timestamp);
            match copy.update(&message, time) {
                Ok(UpdateResult::Update) => {}
                Ok(other) => {
                    return Err(self.chain.unproven(format!("the update to block {height} would be {other:?}")));
                }
                Err(rejection) => return Err(self.chain.rejected("the update", rejection)),
            }
            updates.push(ClientUpdate { height, message, consensus_state: next.encode(), material: used });
            (from, consensus) = (height, next);
            voters = to.voters_after().clone();
        }
        Ok(updates)
    }

    async fn prove(
        &self,
        at: &TrustedState,
        prefix: &[Vec<u8>],
        claims: &[(Path, Claim)],
    ) -> Result<StateProof, AdapterError> {
        let consensus = ConsensusState::decode(&at.consensus_state).map_err(|e| self.chain.unproven(e))?;
        let packed = self.chain.pack_claims(at.height, consensus.state_root, prefix, claims).await?;
        let proof = MembershipProof { consensus, nodes: packed.proof.into() }.encode();
        let state = ClientState {
            genesis: FixedBytes(self.chain.genesis24()),
            pallet_prefix: FixedBytes(pallet_prefix(PALLET)),
            rules: Rules::default(),
            latest_height: at.height,
            latest_timestamp: consensus.timestamp,
            frozen: false,
        };
        GrandpaClient::from_snapshot(state, [(at.height, consensus.hash())])
            .verify(at.height, &packed.claims, &proof, consensus.timestamp)
            .map_err(|r| self.chain.rejected("the proof", r))?;
        Ok(StateProof { proof, material: material(&packed.nodes).collect() })
    }

    fn proof_order(&self, paths: &[Path]) -> Vec<usize> {
        order(paths)
    }

    async fn evidence(&self, state: &[u8], trusted: &TrustedState) -> Result<Option<Vec<u8>>, AdapterError> {
        let Some(fork) = self.chain.headers.fork() else { return Ok(None) };
        let client = self.client_state(state)?;
        if client.frozen || trusted.height.0 >= fork.ours.height() {
            return Ok(None);
        }
        let (consensus, voters) = self.trusted(trusted).await?;
        let Fork { ours, other, ancestry } = &*fork;
        if ours.voters.id != voters.id || other.voters.id != voters.id {
            return Ok(None);
        }
        let from = (trusted.height, consensus);
        let (a, first, _) = self.message(&client, from, &voters, ours).await?;
        let (b, second, _) = self.message(&client, from, &voters, other).await?;
        let evidence = Misbehaviour { a, b, ancestry: ancestry.clone() }.encode();
        let time = now().max(first.timestamp).max(second.timestamp);
        let mut copy = GrandpaClient::from_snapshot(client, [(trusted.height, consensus.hash())]);
        match copy.misbehaviour(&evidence, time) {
            Ok(()) => Ok(Some(evidence)),
            Err(rejection) => Err(self.chain.rejected("the evidence", rejection)),
        }
    }
}
