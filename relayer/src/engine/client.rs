//! The relayer's own copy of a client on a host, and what it says about updates and proofs.

use super::context::{ChainContext, Shared};
use crate::store::KeptAnchor;
use lupu_adapter::{AdapterError, BoundClient, ErrorKind, Prover, TrustedState};
use lupu_light_client::{LightClient, Status};
use lupu_standard::{ClientId, Height, TimestampSecs};
use std::{collections::BTreeMap, sync::Arc};

/// How many consensus states of our own updates are remembered until they are seen on the host.
const REMEMBERED: usize = 32;

/// A client as its host has it now.
pub(crate) struct ClientView {
    pub(crate) client: BoundClient,
    /// Newest height on the host whose consensus state our own headers confirm.
    pub(crate) trusted: TrustedState,
    /// Whether its state was confirmed too, not only its header: nodes may have pruned it. If not,
    /// it serves to update the client and not to prove anything.
    pub(crate) confirmed: bool,
    /// A newer height at which the client trusts something that the chain never had.
    pub(crate) conflict: Option<Height>,
    pub(crate) trusting_period: u64,
}

/// One client on its host, and the chain that it tracks.
pub(crate) struct HostedClient {
    pub(crate) shared: Arc<Shared>,
    pub(crate) host: Arc<ChainContext>,
    pub(crate) tracked: Arc<ChainContext>,
    /// Makes proofs about the tracked chain for clients of this one's type.
    pub(crate) prover: Arc<dyn Prover>,
    pub(crate) id: ClientId,
    /// Consensus states that our own copy accepted and that are on their way to the host.
    proven: BTreeMap<Height, Vec<u8>>,
    /// Whether the store has the client as it was first seen.
    anchored: bool,
}

impl HostedClient {
    pub(crate) fn new(
        shared: Arc<Shared>,
        host: Arc<ChainContext>,
        tracked: Arc<ChainContext>,
        prover: Arc<dyn Prover>,
        id: ClientId,
    ) -> Self {
        Self { shared, host, tracked, prover, id, proven: BTreeMap::new(), anchored: false }
    }

    fn error(&self, kind: ErrorKind, message: String) -> AdapterError {
        AdapterError::new(&self.host.id, kind, message)
    }

    /// The client as its host has it, with a trusted state that our own headers confirm.
    pub(crate) async fn look(&mut self) -> Result<ClientView, AdapterError> {
        let client = self.host.chain.client(&self.id).await?.ok_or_else(|| {
            self.error(ErrorKind::Misconfigured, format!("client {} is not bound on this chain", self.id))
        })?;
        let (trusted, confirmed, conflict) = match self.trusted(&client).await {
            Ok((trusted, confirmed)) => (trusted, confirmed, None),
            Err(error) if error.kind == ErrorKind::Unproven => {
                let latest = client.latest_height;
                match self.shared.store.trusted_below(&self.host.id, &self.id, latest).await {
                    Ok(Some(older)) => (older, true, Some(latest)),
                    Ok(None) => return Err(error),
                    Err(error) => return Err(self.error(ErrorKind::Unavailable, format!("store: {error}"))),
                }
            }
            Err(error) => return Err(error),
        };
        if confirmed && conflict.is_none() && !self.anchored {
            self.keep_anchor(&client, &trusted).await;
        }
        let copy = self.prover.light_client(&client.state, std::slice::from_ref(&trusted))?;
        let trusting_period = copy.trusting_period();
        Ok(ClientView { client, trusted, confirmed, conflict, trusting_period })
    }

    /// The newest trusted state, and whether all of it was confirmed.
    async fn trusted(&mut self, client: &BoundClient) -> Result<(TrustedState, bool), AdapterError> {
        let height = client.latest_height;
        let store = &self.shared.store;
        match store.trusted(&self.host.id, &self.id, height).await {
            Ok(Some(trusted)) => return Ok((trusted, true)),
            Ok(None) => {}
            Err(error) => return Err(self.error(ErrorKind::Unavailable, format!("store: {error}"))),
        }
        let trusted = match self.proven.remove(&height) {
            Some(consensus_state) => TrustedState { height, consensus_state },
            None => {
                let consensus_state = self.host.chain.consensus_state(&self.id, height).await?.ok_or_else(|| {
                    self.error(
                        ErrorKind::Lied,
                        format!("client {} has no consensus state at its own newest height {height}", self.id),
                    )
                })?;
                let trusted = TrustedState { height, consensus_state };
                match self.prover.check_trusted(&trusted).await {
                    Ok(()) => trusted,
                    Err(error) if error.kind == ErrorKind::Pruned => {
                        tracing::debug!(chain = %self.host.id, client = %self.id, %error, "the client's newest state is pruned");
                        return Ok((trusted, false));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        if let Err(error) = store.trust(&self.host.id, &self.id, &trusted).await {
            tracing::warn!(chain = %self.host.id, client = %self.id, %error, "the trusted state was not kept");
        }
        Ok((trusted, true))
    }

    /// Keeps the client as it is now, if none was kept before: proof files begin there. That it could
    /// not be kept stops nothing; it is tried again at the next look.
    async fn keep_anchor(&mut self, client: &BoundClient, trusted: &TrustedState) {
        if client.status == Status::Frozen {
            return;
        }
        match self.try_anchor(client, trusted).await {
            Ok(()) => self.anchored = true,
            Err(error) => {
                tracing::debug!(chain = %self.host.id, client = %self.id, error, "no anchor for proof files was kept");
            }
        }
    }

    async fn try_anchor(&self, client: &BoundClient, trusted: &TrustedState) -> Result<(), String> {
        let store = &self.shared.store;
        if store.has_anchor(&self.host.id, &self.id).await.map_err(|e| e.to_string())? {
            return Ok(());
        }
        let anchor = KeptAnchor {
            chain: self.host.id.clone(),
            client: self.id.clone(),
            tracks: self.tracked.id.clone(),
            client_type: client.client_type.clone(),
            state: client.state.clone(),
            height: trusted.height,
            consensus: trusted.consensus_state.clone(),
            validators: self.prover.validators(trusted).await.map_err(|e| e.to_string())?,
        };
        store.keep_anchor(&anchor).await.map_err(|e| e.to_string())
    }

    pub(crate) fn remember(&mut self, state: &TrustedState) {
        self.proven.insert(state.height, state.consensus_state.clone());
        while self.proven.len() > REMEMBERED {
            self.proven.pop_first();
        }
    }

    /// The host's clock now.
    pub(crate) fn now(&self) -> Result<TimestampSecs, AdapterError> {
        self.host.now().ok_or_else(|| self.error(ErrorKind::Unavailable, "no finalized block seen yet".into()))
    }

    /// Our own copy of the client.
    pub(crate) fn copy(&self, view: &ClientView) -> Result<Box<dyn LightClient>, AdapterError> {
        self.prover.light_client(&view.client.state, std::slice::from_ref(&view.trusted))
    }

    /// The worse of what the host says and what our own copy says.
    pub(crate) fn status(&self, view: &ClientView) -> Result<Status, AdapterError> {
        Ok(match view.client.status {
            Status::Active => self.copy(view)?.status(self.now()?),
            worse => worse,
        })
    }
}
