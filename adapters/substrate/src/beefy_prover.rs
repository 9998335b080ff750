//! [`Prover`] of a Substrate chain for BEEFY light clients.

use crate::{
    chain::SubstrateChain,
    follower::PALLET,
    membership::{header_material, material, now, order},
    source::RawHeader,
};
use alloy_primitives::{Address, FixedBytes};
use async_trait::async_trait;
use lupu_adapter::{
    AdapterError, ClientParameters, ClientUpdate, ErrorKind, InitialClient, Material, Prover, StateProof, TrustAnchor,
    TrustedState,
};
use lupu_beefy::{
    AnchorParameters, BeefyClient, CLIENT_TYPE, ClientState, ConsensusState, K256, MembershipProof, Misbehaviour,
    Rules, SignedCommitment, UpdateMessage, initial_state,
};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, Path};
use lupu_substrate_state::pallet_prefix;
use std::sync::Arc;

/// Proves a Substrate chain to BEEFY light clients: commitments, one for each session on the way,
/// leaves of the chain's history, the anchor and the commitments in the states.
///
/// A commitment to block B proves the state of block B − 1.
pub struct BeefyProver {
    chain: Arc<SubstrateChain>,
}

/// One update, before a client has judged it.
struct Made {
    message: UpdateMessage,
    consensus: ConsensusState,
    material: Vec<Material>,
}

impl BeefyProver {
    /// A prover of this chain.
    pub fn new(chain: Arc<SubstrateChain>) -> Self {
        Self { chain }
    }

    /// The client state, if it is of this chain.
    fn client_state(&self, state: &[u8]) -> Result<ClientState, AdapterError> {
        let client = ClientState::decode(state).map_err(|e| self.chain.unproven(e))?;
        client.validate().map_err(|e| self.chain.unproven(e))?;
        self.chain.check_identity(&client.genesis.0, &client.pallet_prefix.0)?;
        let ours = self.chain.config.tuning.first_mmr_block;
        if client.first_mmr_block != ours {
            let theirs = client.first_mmr_block;
            let message =
                format!("the client begins the chain's history at block {theirs}, the configuration at {ours}");
            return Err(self.chain.error(ErrorKind::Misconfigured, message));
        }
        Ok(client)
    }

    /// An update that proves the block at `height` by a commitment.
    async fn make(
        &self,
        commitment: &SignedCommitment,
        authorities: &[Address],
        height: u64,
    ) -> Result<Made, AdapterError> {
        self.make_of(true, commitment, authorities, height).await
    }

    /// [`BeefyProver::make`], also by a commitment to another history (`ours` is false).
    async fn make_of(
        &self,
        ours: bool,
        commitment: &SignedCommitment,
        authorities: &[Address],
        height: u64,
    ) -> Result<Made, AdapterError> {
        let header: Arc<RawHeader> = self.chain.headers.header(height).await?;
        let (anchor, proof) = self.chain.packed_anchor(&header).await?;
        let message = self.chain.beefy_message(ours, commitment, authorities, &header, &proof).await?;
        let consensus = ConsensusState { timestamp: anchor.anchor.timestamp, state_root: header.header.state_root };
        let mut used = vec![header_material(&header)];
        used.extend(material(&anchor.nodes));
        Ok(Made { message, consensus, material: used })
    }

    /// Lets our copy of the client judge an update.
    fn take(&self, copy: &mut BeefyClient, made: Made, height: Height) -> Result<ClientUpdate, AdapterError> {
        let message = made.message.encode();
        let time = now().max(made.consensus.timestamp);
        match copy.update(&message, time) {
            // A handover may prove a block that the client knows already.
            Ok(UpdateResult::Update | UpdateResult::NoOp) => {}
            Ok(UpdateResult::Misbehaviour) => {
                return Err(self.chain.unproven(format!("the client knows another block {height} than this chain's")));
            }
            Err(rejection) => return Err(self.chain.rejected("the update", rejection)),
        }
        let consensus_state = made.consensus.encode();
        Ok(ClientUpdate { height, message, consensus_state, material: made.material })
    }

    /// The commitment to prove a block by: that to its child, or the newest.
    async fn commitment_for(&self, target: Height) -> Result<(Arc<RawHeader>, Arc<SignedCommitment>), AdapterError> {
        if let Ok(child) = self.chain.headers.header(target.0.saturating_add(1)).await
            && let Ok(commitment) = self.chain.commitment(&child).await
        {
            return Ok((child, commitment));
        }
        let (newest, commitment) = self.chain.newest_commitment().await?;
        if newest.height() > target.0 {
            return Ok((newest, commitment));
        }
        let message = format!("block {target} is not provable yet, block {} is committed to", newest.height());
        Err(self.chain.error(ErrorKind::NotFound, message))
    }

    /// Takes the client through every session up to a block, none skipped.
    async fn hand_over(
        &self,
        copy: &mut BeefyClient,
        to: u64,
        target: Height,
        updates: &mut Vec<ClientUpdate>,
    ) -> Result<(), AdapterError> {
        let from = copy.state().latest_height.0.saturating_add(1);
        for session in self.chain.sessions(from, to).await? {
            if session.id <= copy.state().current.id {
                continue;
            }
            let expected = copy.state().next.id;
            if session.id != expected {
                let message = format!(
                    "authority set {} begins with block {}, the client waits for set {expected}",
                    session.id, session.start
                );
                return Err(self.chain.unproven(message));
            }
            let first = self.chain.headers.header(session.start).await?;
            let commitment = self.chain.commitment(&first).await.map_err(|mut error| {
                if error.kind == ErrorKind::NotFound {
                    error.message = format!("the client must pass block {}: {}", session.start, error.message);
                }
                error
            })?;
            let height = session.start.saturating_sub(1);
            let made = self.make(&commitment, &session.authorities, height).await;
            let made = made.map_err(|e| self.chain.needed_between(height, target, e))?;
            updates.push(self.take(copy, made, Height(height))?);
        }
        Ok(())
    }
}

#[async_trait]
impl Prover for BeefyProver {
    fn client_type(&self) -> &'static str {
        CLIENT_TYPE
    }

    async fn provable_height(&self) -> Result<Height, AdapterError> {
        let (header, _) = self.chain.newest_commitment().await?;
        Ok(Height(header.height().saturating_sub(1)))
    }

    async fn initial_client(&self, at: Height, parameters: ClientParameters) -> Result<InitialClient, AdapterError> {
        let committed = self.chain.headers.header(at.0.saturating_add(1)).await?;
        let commitment = self.chain.commitment(&committed).await?;
        let session = self.chain.session_at(committed.height()).await?;
        let made = self.make(&commitment, &session.authorities, at.0).await?;
        let parameters = AnchorParameters {
            genesis: FixedBytes(self.chain.genesis24()),
            pallet_prefix: FixedBytes(pallet_prefix(PALLET)),
            first_mmr_block: self.chain.config.tuning.first_mmr_block,
            rules: Rules { trusting_period: parameters.trusting_period, max_clock_drift: parameters.max_clock_drift },
        };
        let (client, consensus) =
            initial_state(&parameters, &made.message, &K256).map_err(|e| self.chain.unproven(e))?;
        Ok(InitialClient {
            state: client.encode(),
            consensus_state: consensus.encode(),
            anchor: TrustAnchor {
                height: at,
                hash: committed.header.parent_hash,
                validators: session.authorities.iter().map(Address::to_string).collect(),
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
        Ok(Box::new(BeefyClient::from_snapshot(client, hashes)))
    }

    async fn check_trusted(&self, trusted: &TrustedState) -> Result<(), AdapterError> {
        let state = ConsensusState::decode(&trusted.consensus_state).map_err(|e| self.chain.unproven(e))?;
        self.chain.check_state(trusted.height, state.state_root, state.timestamp).await.map(|_| ())
    }

    async fn validators(&self, _: &TrustedState) -> Result<Vec<u8>, AdapterError> {
        Ok(Vec::new())
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
        let consensus = ConsensusState::decode(&trusted.consensus_state).map_err(|e| self.chain.unproven(e))?;
        let (newest, commitment) = self.commitment_for(target).await?;
        let mut copy = BeefyClient::from_snapshot(client, [(trusted.height, consensus.hash())]);
        let mut updates = Vec::new();
        self.hand_over(&mut copy, newest.height(), target, &mut updates).await?;
        if updates.last().is_none_or(|u| u.height != target) {
            let session = self.chain.session_at(newest.height()).await?;
            let made = self.make(&commitment, &session.authorities, target.0).await?;
            updates.push(self.take(&mut copy, made, target)?);
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
            first_mmr_block: self.chain.config.tuning.first_mmr_block,
            rules: Rules::default(),
            latest_height: at.height,
            latest_timestamp: consensus.timestamp,
            frozen: false,
            current: Default::default(),
            next: Default::default(),
        };
        BeefyClient::from_snapshot(state, [(at.height, consensus.hash())])
            .verify(at.height, &packed.claims, &proof, consensus.timestamp)
            .map_err(|r| self.chain.rejected("the proof", r))?;
        Ok(StateProof { proof, material: material(&packed.nodes).collect() })
    }

    fn proof_order(&self, paths: &[Path]) -> Vec<usize> {
        order(paths)
    }

    async fn evidence(&self, state: &[u8], trusted: &TrustedState) -> Result<Option<Vec<u8>>, AdapterError> {
        let Some(conflict) = self.chain.beefy_conflict() else { return Ok(None) };
        let client = self.client_state(state)?;
        let set = conflict.ours.commitment.validator_set_id;
        if client.frozen || ![client.current.id, client.next.id].contains(&set) {
            return Ok(None);
        }
        let consensus = ConsensusState::decode(&trusted.consensus_state).map_err(|e| self.chain.unproven(e))?;
        // A leaf that both histories have serves both halves; of a set that takes over it must be
        // that of the commitment itself, and then the histories part later.
        let bound = set != client.current.id;
        let height = if bound { conflict.block.saturating_sub(1) } else { trusted.height.0 };
        if height >= conflict.block {
            return Ok(None);
        }
        let a = self.make(&conflict.ours, &conflict.authorities, height).await?;
        // The other history's proof: an endpoint that showed its commitment has it.
        let other = self.make_of(false, &conflict.other, &conflict.authorities, height).await;
        let Ok(b) = other else { return Ok(None) };
        let time = now().max(a.consensus.timestamp).max(b.consensus.timestamp);
        let evidence = Misbehaviour { a: a.message, b: b.message }.encode();
        let mut copy = BeefyClient::from_snapshot(client, [(trusted.height, consensus.hash())]);
        match copy.misbehaviour(&evidence, time) {
            Ok(()) => Ok(Some(evidence)),
            Err(rejection) => Err(self.chain.rejected("the evidence", rejection)),
        }
    }
}
