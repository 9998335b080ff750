//! Statements proven straight from nodes, as far as they still have the state.

use super::{ExportError, pool::Pool};
use crate::{
    config::Config,
    setup::{self, Connected},
    store::Store,
};
use lupu_adapter::{AdapterError, Chain, ErrorKind, Prover, TrustedState};
use lupu_light_client::Claim;
use lupu_proof::Anchor;
use lupu_standard::{ChainId, Height, Path};
use std::{collections::BTreeMap, sync::Arc};

/// Most claims in one question to a node.
const BATCH: usize = 50;

/// The chains of a configuration, connected when they are first asked.
pub struct Nodes<'a> {
    config: &'a Config,
    connected: BTreeMap<ChainId, Connected>,
}

impl<'a> Nodes<'a> {
    /// Nothing is connected yet.
    pub fn new(config: &'a Config) -> Self {
        Self { config, connected: BTreeMap::new() }
    }

    pub(super) fn config(&self) -> &'a Config {
        self.config
    }

    /// A chain, and its prover for a type of client.
    pub(super) async fn prover(
        &mut self,
        chain: &ChainId,
        client_type: &str,
    ) -> Result<(Arc<dyn Chain>, Arc<dyn Prover>), ExportError> {
        if !self.connected.contains_key(chain) {
            let config = setup::chain(self.config, chain)?;
            let connected = setup::connect(self.config, config, Vec::new()).await?;
            self.connected.insert(chain.clone(), connected);
        }
        let connected = self.connected.get(chain).ok_or_else(|| setup::SetupError::UnknownChain(chain.to_string()))?;
        let prover = connected.provers().into_iter().find(|p| p.client_type() == client_type);
        let prover = prover.ok_or_else(|| {
            let message = format!("it cannot be proven to clients of type {client_type}");
            setup::SetupError::from(AdapterError::new(chain, ErrorKind::Misconfigured, message))
        })?;
        Ok((connected.chain(), prover))
    }
}

/// What is to be proven, in the order of the answers.
pub(super) type Claims = [(Path, Claim)];

/// A proof that holds a claim, or why there is none.
pub(super) type Answer = Result<Arc<[u8]>, String>;

/// One chain, asked for proofs to one type of client.
pub(super) struct Asked {
    chain: Arc<dyn Chain>,
    prover: Arc<dyn Prover>,
    prefix: Vec<Vec<u8>>,
}

impl Asked {
    pub(super) async fn new(nodes: &mut Nodes<'_>, tracks: &ChainId, client_type: &str) -> Result<Self, ExportError> {
        let prefix = setup::merkle_prefix(setup::chain(nodes.config, tracks)?);
        let (chain, prover) = nodes.prover(tracks, client_type).await?;
        Ok(Self { chain, prover, prefix })
    }

    /// Puts the updates that lead from the anchor to a height into the pool. Returns the state there.
    pub(super) async fn reach(
        &self,
        anchor: &Anchor,
        target: Height,
        pool: &mut Pool,
    ) -> Result<TrustedState, AdapterError> {
        let client = &anchor.client;
        let from = TrustedState { height: client.height(), consensus_state: client.consensus_state() };
        self.walk(&client.client_state(), from, target, pool).await
    }

    async fn walk(
        &self,
        state: &[u8],
        from: TrustedState,
        target: Height,
        pool: &mut Pool,
    ) -> Result<TrustedState, AdapterError> {
        let mut at = from;
        for update in self.prover.updates(state, &at, target).await? {
            at = TrustedState { height: update.height, consensus_state: update.consensus_state };
            pool.add(update.height, update.message);
        }
        Ok(at)
    }

    /// The newest provable state, and updates to it: from the client as it was last seen, to which
    /// the store knows the way; if nodes cannot do that, from the anchor.
    pub(super) async fn newest(
        &self,
        store: &Store,
        anchor: &Anchor,
        pool: &mut Pool,
    ) -> Result<TrustedState, AdapterError> {
        let target = self.prover.provable_height().await?;
        for (on, client) in pool.hosts().to_vec() {
            let Some((state, from)) = last_seen(store, &on, &client).await else { continue };
            if from.height <= anchor.client.height() || from.height > target {
                continue;
            }
            if let Ok(at) = self.walk(&state, from, target, pool).await {
                return Ok(at);
            }
        }
        self.reach(anchor, target, pool).await
    }

    /// Proves as many of these claims as hold, at a state. What does not hold is told by its reason.
    pub(super) async fn prove(&self, at: &TrustedState, claims: &Claims) -> Vec<Answer> {
        let paths: Vec<Path> = claims.iter().map(|(path, _)| path.clone()).collect();
        let mut answers: Vec<Answer> = Vec::new();
        answers.resize_with(claims.len(), || Err(String::new()));
        let mut open = Vec::new();
        let stored = self.chain.is_stored(&paths).await.ok().filter(|found| found.len() == paths.len());
        for (index, (_, claim)) in claims.iter().enumerate() {
            let there = stored.as_ref().and_then(|found| found.get(index)).copied();
            match (claim, there) {
                (Claim::Present(_), Some(false)) => set(&mut answers, index, Err(self.absent())),
                (Claim::Absent, Some(true)) => set(&mut answers, index, Err("it was received".into())),
                _ => open.push(index),
            }
        }
        let order = self.prover.proof_order(&open.iter().filter_map(|i| paths.get(*i).cloned()).collect::<Vec<_>>());
        let open: Vec<usize> = order.iter().filter_map(|i| open.get(*i).copied()).collect();
        let mut work: Vec<Vec<usize>> = open.chunks(BATCH).rev().map(<[usize]>::to_vec).collect();
        while let Some(part) = work.pop() {
            let asked: Vec<_> = part.iter().filter_map(|i| claims.get(*i).cloned()).collect();
            match self.prover.prove(at, &self.prefix, &asked).await {
                Ok(proof) => {
                    let proof: Arc<[u8]> = proof.proof.into();
                    part.into_iter().for_each(|index| set(&mut answers, index, Ok(proof.clone())));
                }
                // One of them does not hold: the halves tell which.
                Err(error) if error.kind == ErrorKind::Unproven && part.len() > 1 => {
                    let (one, other) = part.split_at(part.len() / 2);
                    work.extend([other.to_vec(), one.to_vec()]);
                }
                Err(error) => {
                    let reason = self.explain(at.height, &error);
                    part.into_iter().for_each(|index| set(&mut answers, index, Err(reason.clone())));
                }
            }
        }
        answers
    }

    fn absent(&self) -> String {
        format!("{} does not store it (any more)", self.chain.id())
    }

    /// An error, with what to do about it.
    pub(super) fn explain(&self, height: Height, error: &AdapterError) -> String {
        match error.kind {
            ErrorKind::Pruned => format!(
                "the nodes of {} no longer have the state of block {height}: add an endpoint that keeps more \
                 ({error})",
                self.chain.id()
            ),
            ErrorKind::Unproven => format!("not proven at block {height} of {} ({error})", self.chain.id()),
            _ => error.to_string(),
        }
    }
}

fn set(answers: &mut [Answer], index: usize, answer: Answer) {
    if let Some(place) = answers.get_mut(index) {
        *place = answer;
    }
}

/// A client as its host last had it, with the state that our own headers confirmed there.
async fn last_seen(store: &Store, on: &ChainId, client: &lupu_standard::ClientId) -> Option<(Vec<u8>, TrustedState)> {
    let seen = store.seen_client(on, client).await.ok()??;
    let trusted = store.trusted(on, client, seen.latest_height).await.ok()??;
    Some((seen.state, trusted))
}
