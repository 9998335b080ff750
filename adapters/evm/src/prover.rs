//! [`Prover`] of an EVM chain for QBFT light clients.

use crate::{
    chain::{EvmChain, RouterState},
    proofs::{self, account_on_fork},
    verified::{VerifiedHeader, now},
};
use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use lupu_adapter::{
    AdapterError, ClientParameters, ClientUpdate, ErrorKind, InitialClient, Material, Prover, StateProof, TrustAnchor,
    TrustedState,
};
use lupu_ethereum_state::{NodeSet, slot_key, sorted_order};
use lupu_light_client::{Claim, LightClient, Rejection, UpdateResult};
use lupu_qbft::{
    AnchorParameters, CLIENT_TYPE, ClientState, ConsensusState, Header, K256, MembershipProof, Misbehaviour,
    QbftClient, Rules, SealsError, UpdateMessage, commitment_key, header::join_addresses, initial_state, trim,
    update_message,
};
use lupu_standard::{Height, Path, TimestampSecs, evm::path_slot};
use std::sync::Arc;

/// Proves an EVM chain to QBFT light clients: headers with joined and trimmed seals, the router's
/// account, its storage.
pub struct QbftProver {
    chain: Arc<EvmChain>,
}

impl QbftProver {
    /// A prover of this chain.
    pub fn new(chain: Arc<EvmChain>) -> Self {
        Self { chain }
    }

    fn unproven(&self, message: impl ToString) -> AdapterError {
        self.chain.error(ErrorKind::Unproven, message.to_string())
    }

    fn rejected(&self, what: &str, rejection: Rejection) -> AdapterError {
        self.unproven(format!("our own light client does not accept {what}: {rejection}"))
    }

    /// The client state, if it is of this chain.
    fn client_state(&self, state: &[u8]) -> Result<ClientState, AdapterError> {
        let client = ClientState::decode(state).map_err(|e| self.unproven(e))?;
        client.validate().map_err(|e| self.unproven(e))?;
        let config = self.chain.config();
        let wrong = |what: &str, theirs: String, ours: String| {
            let message = format!("the client tracks another chain: {what} {theirs}, this chain's is {ours}");
            Err(self.chain.error(ErrorKind::Misconfigured, message))
        };
        if client.chain_id != config.chain_id {
            return wrong("chain id", client.chain_id.to_string(), config.chain_id.to_string());
        }
        if client.kind != config.kind {
            return wrong("consensus", client.kind.name().into(), config.kind.name().into());
        }
        if client.router != config.contracts.router {
            return wrong("router", client.router.to_string(), config.contracts.router.to_string());
        }
        let code_hash = self.chain.router_code_hash();
        if client.router_code_hash != code_hash {
            return wrong("router code hash", client.router_code_hash.to_string(), code_hash.to_string());
        }
        Ok(client)
    }

    /// Our verified header at a trusted state's height, if the state is of that header.
    async fn trusted_header(
        &self,
        trusted: &TrustedState,
    ) -> Result<(Arc<VerifiedHeader>, ConsensusState), AdapterError> {
        let state = ConsensusState::decode(&trusted.consensus_state).map_err(|e| self.unproven(e))?;
        let header = self.chain.headers().header(trusted.height.0).await?;
        let found = (header.header.timestamp(), header.header.validators_hash());
        if found != (state.timestamp, state.validators_hash) {
            let message = format!(
                "the client trusts block {} with time {} and validators {}, the chain's has {} and {}",
                trusted.height, state.timestamp, state.validators_hash, found.0, found.1
            );
            return Err(self.unproven(message));
        }
        Ok((header, state))
    }

    /// One accepted step of a client.
    fn step(
        &self,
        client: &mut QbftClient,
        rules: &Rules,
        (from, trusted): (&VerifiedHeader, ConsensusState),
        to: &RouterState,
    ) -> Result<(ClientUpdate, ConsensusState), AdapterError> {
        let validators = from.header.validators();
        let header = trim(&to.header.header, validators, rules, &K256).map_err(|e| self.unproven(e))?;
        let message = self.message(&header, from, trusted, &to.account.nodes)?.encode();
        let time = clock(&header);
        let (verified, result) = client.check(&message, time).map_err(|r| self.rejected("the update", r))?;
        if result != UpdateResult::Update {
            return Err(self.unproven(format!("the update to block {} would be {result:?}", header.number())));
        }
        client.update(&message, time).map_err(|r| self.rejected("the update", r))?;
        let raw = Bytes::from(header.encode());
        let mut material = vec![Material::Header { height: header.number(), raw }];
        material.extend(nodes(&to.account.nodes));
        let consensus_state = verified.consensus.encode();
        Ok((ClientUpdate { height: header.number(), message, consensus_state, material }, verified.consensus))
    }

    fn message(
        &self,
        header: &Header,
        from: &VerifiedHeader,
        trusted: ConsensusState,
        account: &NodeSet,
    ) -> Result<UpdateMessage, AdapterError> {
        let router = &self.chain.config().contracts.router;
        update_message(header, from.header.number(), trusted, from.header.validators(), account, router)
            .map_err(|e| self.unproven(e))
    }

    /// One half of the evidence of a fork: an update that the client would accept.
    async fn half(
        &self,
        header: &Header,
        from: &VerifiedHeader,
        trusted: ConsensusState,
        rules: &Rules,
    ) -> Result<Option<UpdateMessage>, AdapterError> {
        let header = match trim(header, from.header.validators(), rules, &K256) {
            Ok(header) => header,
            Err(SealsError::TooFewSeals { .. } | SealsError::TooLittleOverlap { .. }) => return Ok(None),
            Err(error) => return Err(self.unproven(error)),
        };
        let router: Address = self.chain.config().contracts.router;
        let Some(account) = account_on_fork(&self.chain.endpoints, &header, router).await else { return Ok(None) };
        self.message(&header, from, trusted, &account.nodes).map(Some)
    }
}

/// The time to judge a header at: ours, or the chain's if its clock is ahead. The host's clock is
/// the one that counts; it is asked when the transaction is simulated.
fn clock(header: &Header) -> TimestampSecs {
    now().max(header.timestamp())
}

fn nodes(set: &NodeSet) -> impl Iterator<Item = Material> + '_ {
    set.iter().map(|(_, node)| Material::Node(node.clone()))
}

#[async_trait]
impl Prover for QbftProver {
    fn client_type(&self) -> &'static str {
        CLIENT_TYPE
    }

    async fn provable_height(&self) -> Result<Height, AdapterError> {
        Ok(self.chain.follower.head().await?.height)
    }

    async fn initial_client(&self, at: Height, parameters: ClientParameters) -> Result<InitialClient, AdapterError> {
        let config = self.chain.config();
        let state = self.chain.router_at(at.0).await?;
        let header = &state.header.header;
        let parameters = AnchorParameters {
            kind: config.kind,
            chain_id: config.chain_id,
            router: config.contracts.router,
            router_code_hash: self.chain.router_code_hash(),
            rules: Rules {
                trusting_period: parameters.trusting_period,
                max_clock_drift: parameters.max_clock_drift,
                trust_numerator: parameters.trust_numerator,
                trust_denominator: parameters.trust_denominator,
            },
        };
        let key = lupu_ethereum_state::account_key(&config.contracts.router);
        let proof = state.account.nodes.pack(&header.state_root(), &[key]).map_err(|e| self.unproven(e))?;
        let (client, consensus) = initial_state(&parameters, header, &proof, &K256).map_err(|e| self.unproven(e))?;
        Ok(InitialClient {
            state: client.encode(),
            consensus_state: consensus.encode(),
            anchor: TrustAnchor {
                height: at,
                hash: state.header.hash,
                validators: header.validators().iter().map(Address::to_string).collect(),
            },
        })
    }

    fn light_client(&self, state: &[u8], trusted: &[TrustedState]) -> Result<Box<dyn LightClient>, AdapterError> {
        let client = self.client_state(state)?;
        let mut hashes = Vec::with_capacity(trusted.len());
        for one in trusted {
            let consensus = ConsensusState::decode(&one.consensus_state).map_err(|e| self.unproven(e))?;
            hashes.push((one.height, consensus.hash()));
        }
        Ok(Box::new(QbftClient::from_snapshot(client, hashes)))
    }

    async fn check_trusted(&self, trusted: &TrustedState) -> Result<(), AdapterError> {
        let (_, state) = self.trusted_header(trusted).await?;
        let found = self.chain.router_at(trusted.height.0).await?.account.account.storage_root;
        if found == state.storage_root {
            return Ok(());
        }
        let message = format!(
            "the client trusts storage root {} of the router at block {}, the chain's is {found}",
            state.storage_root, trusted.height
        );
        Err(self.unproven(message))
    }

    async fn validators(&self, trusted: &TrustedState) -> Result<Vec<u8>, AdapterError> {
        let (header, _) = self.trusted_header(trusted).await?;
        Ok(join_addresses(header.header.validators()))
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
        let (mut from, mut consensus) = self.trusted_header(trusted).await?;
        let rules = client.rules;
        let path = self.chain.headers().path(from.clone(), target.0, &rules).await?;
        let mut copy = QbftClient::from_snapshot(client, [(trusted.height, consensus.hash())]);
        let mut updates = Vec::with_capacity(path.len());
        for to in path {
            let mut router = self.chain.router_at(to.height()).await.map_err(|mut error| {
                if error.kind == ErrorKind::Pruned && to.height() < target.0 {
                    error.message = format!(
                        "the update needs block {} in between, whose state is gone ({}): add an archive endpoint, \
                         or create the client anew",
                        to.height(),
                        error.message
                    );
                }
                error
            })?;
            // The path may have joined more seals than the remembered header has.
            if router.header.header != to.header {
                router = Arc::new(RouterState { header: to.clone(), account: router.account.clone() });
            }
            let (update, next) = self.step(&mut copy, &rules, (&from, consensus), &router)?;
            updates.push(update);
            (from, consensus) = (to, next);
        }
        Ok(updates)
    }

    async fn prove(
        &self,
        at: &TrustedState,
        prefix: &[Vec<u8>],
        claims: &[(Path, Claim)],
    ) -> Result<StateProof, AdapterError> {
        if !matches!(prefix, [one] if one.is_empty()) {
            let message =
                "an EVM chain stores under the path itself: the counterparty's merkle prefix must be one empty element";
            return Err(self.chain.error(ErrorKind::Misconfigured, message));
        }
        let consensus = ConsensusState::decode(&at.consensus_state).map_err(|e| self.unproven(e))?;
        let root = consensus.storage_root;
        let router = self.chain.config().contracts.router;
        let slots: Vec<B256> = claims.iter().map(|(path, _)| path_slot(path)).collect();
        let found = proofs::storage(&self.chain.endpoints, router, &slots, root, at.height.0).await;
        let found = found.map_err(|e| self.chain.fail(e))?;
        let keys: Vec<B256> = slots.iter().map(slot_key).collect();
        let packed = found.pack(&root, &keys).map_err(|e| self.unproven(e))?;
        let proof = MembershipProof { consensus, nodes: packed.into() }.encode();
        let raw: Vec<(Vec<u8>, Claim)> = claims.iter().map(|(path, claim)| (path.to_bytes(), claim.clone())).collect();
        self.verifier(at.height, &consensus)
            .verify(at.height, &raw, &proof, consensus.timestamp)
            .map_err(|r| self.rejected("the proof", r))?;
        Ok(StateProof { proof, material: nodes(&found).collect() })
    }

    fn proof_order(&self, paths: &[Path]) -> Vec<usize> {
        let keys: Vec<B256> = paths.iter().map(|path| commitment_key(&path.to_bytes())).collect();
        sorted_order(&keys)
    }

    async fn evidence(&self, state: &[u8], trusted: &TrustedState) -> Result<Option<Vec<u8>>, AdapterError> {
        let Some(fork) = self.chain.headers().fork() else { return Ok(None) };
        let client = self.client_state(state)?;
        if trusted.height >= fork.ours.number() || client.frozen {
            return Ok(None);
        }
        let (from, consensus) = self.trusted_header(trusted).await?;
        let rules = client.rules;
        let a = self.half(&fork.ours, &from, consensus, &rules).await?;
        let b = self.half(&fork.other, &from, consensus, &rules).await?;
        let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
        let time = clock(&fork.ours).max(fork.other.timestamp());
        let evidence = Misbehaviour { a, b }.encode();
        let mut copy = QbftClient::from_snapshot(client, [(trusted.height, consensus.hash())]);
        match copy.misbehaviour(&evidence, time) {
            Ok(()) => Ok(Some(evidence)),
            Err(rejection) => Err(self.rejected("the evidence", rejection)),
        }
    }
}

impl QbftProver {
    /// A client that trusts just this consensus state, to check proofs with.
    fn verifier(&self, height: Height, consensus: &ConsensusState) -> QbftClient {
        let config = self.chain.config();
        let state = ClientState {
            kind: config.kind,
            chain_id: config.chain_id,
            router: config.contracts.router,
            router_code_hash: self.chain.router_code_hash(),
            rules: Rules::default(),
            latest_height: height,
            latest_timestamp: consensus.timestamp,
            frozen: false,
        };
        QbftClient::from_snapshot(state, [(height, consensus.hash())])
    }
}
