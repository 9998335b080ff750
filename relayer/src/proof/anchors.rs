//! Where bundles begin: anchors that a person gave, or clients as the relayer first saw them.

use super::{ExportError, Nodes};
use crate::{
    config::{ClientConfig, Config},
    setup,
    store::{KeptAnchor, PacketRow, SeenClient, Store, StoreError},
};
use lupu_adapter::{AdapterError, ErrorKind, TrustedState};
use lupu_proof::{Anchor, Hosted, Kind, derive::host_of};
use lupu_standard::{ChainId, ClientId};

/// How one chain is proven to another: by which client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The chain that is proven.
    pub tracks: ChainId,
    /// The client's type.
    pub client_type: String,
    /// The chain that hosts the client.
    pub on: ChainId,
    /// The client.
    pub client: ClientId,
}

impl Route {
    /// By which client a kind of statement about a packet is proven.
    pub(super) fn of(config: &Config, row: &PacketRow, kind: Kind) -> Result<Self, String> {
        let lane = &row.lane;
        let (tracks, on, client) = match kind.is_of_source() {
            true => (&lane.source_chain, &lane.destination_chain, &lane.destination_client),
            false => (&lane.destination_chain, &lane.source_chain, &lane.source_client),
        };
        let known = |name: &ChainId| {
            config.chain(name).ok_or_else(|| format!("chain {name} is no longer in the configuration"))
        };
        let client_type = setup::client_type(known(tracks)?, known(on)?).to_owned();
        Ok(Self { tracks: tracks.clone(), client_type, on: on.clone(), client: client.clone() })
    }
}

/// An anchor that the store has kept, decoded.
struct Kept {
    on: ChainId,
    client: ClientId,
    tracks: ChainId,
    anchor: Anchor,
}

/// All anchors at hand.
pub struct Anchors {
    kept: Vec<Kept>,
    given: Vec<Anchor>,
}

fn decode(kept: KeptAnchor) -> Result<Kept, String> {
    let hosted =
        Hosted { client_type: &kept.client_type, state: &kept.state, height: kept.height, consensus: &kept.consensus };
    let anchor = Anchor::of_hosted(kept.tracks.as_str(), hosted, &kept.validators).map_err(|e| e.to_string())?;
    Ok(Kept { on: kept.chain, client: kept.client, tracks: kept.tracks, anchor })
}

impl Anchors {
    /// Those of the store, and those that a person gave, which are taken first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn load(store: &Store, given: Vec<Anchor>) -> Result<Self, StoreError> {
        let mut kept = Vec::new();
        for row in store.anchors().await? {
            let (chain, client) = (row.chain.clone(), row.client.clone());
            match decode(row) {
                Ok(anchor) => kept.push(anchor),
                Err(error) => tracing::warn!(%chain, %client, error, "the anchor kept of this client is not usable"),
            }
        }
        Ok(Self { kept, given })
    }

    /// The anchor kept of one client.
    pub fn of_client(&self, on: &ChainId, client: &ClientId) -> Option<&Anchor> {
        self.kept.iter().find(|k| k.on == *on && k.client == *client).map(|k| &k.anchor)
    }

    /// The anchors from which bundles of a chain begin by default: one for each way to prove it.
    pub fn of_chain(&self, tracks: &ChainId) -> Vec<&Anchor> {
        let mut found: Vec<&Anchor> = Vec::new();
        for kept in self.kept.iter().filter(|k| k.tracks == *tracks) {
            let default = self.default_of(tracks, kept.anchor.client.client_type(), &kept.anchor.client.host());
            found.extend(default.filter(|a| !found.contains(a)));
        }
        found
    }

    /// Of all clients of one kind, the one that was first seen at the lowest height.
    fn default_of(&self, tracks: &ChainId, client_type: &str, host: &str) -> Option<&Anchor> {
        let kept = self.kept.iter().filter(|k| k.tracks == *tracks).map(|k| &k.anchor);
        kept.filter(|a| is_of(a, client_type, host)).min_by_key(|a| a.client.height())
    }

    /// The anchor for what is proven by a client, which was last seen as `seen`.
    pub(super) fn choose(&self, route: &Route, seen: Option<&SeenClient>) -> Result<&Anchor, String> {
        let Route { tracks, client_type, on, client } = route;
        let host = match (self.of_client(on, client), seen) {
            (Some(anchor), _) => Some(anchor.client.host()),
            (None, Some(seen)) => Some(host_of(client_type, &seen.state).map_err(|e| e.to_string())?),
            (None, None) => None,
        };
        let fits = |a: &&Anchor| match &host {
            Some(host) => is_of(a, client_type, host),
            // Nothing is known of the client: the name that the anchor gives the chain has to do,
            // and verification tells whether it was right.
            None => a.client.client_type() == client_type && a.name == tracks.as_str(),
        };
        let given = self.given.iter().filter(fits).min_by_key(|a| a.client.height());
        let default = || self.default_of(tracks, client_type, host.as_deref()?);
        given.or_else(default).ok_or_else(|| {
            format!(
                "there is no anchor of {tracks} for clients of type {client_type}: the relayer keeps one when it \
                 starts, or make one with `lupu proof anchor make {on}/{client} --new` and give it with --anchor"
            )
        })
    }
}

fn is_of(anchor: &Anchor, client_type: &str, host: &str) -> bool {
    anchor.client.client_type() == client_type && anchor.client.host() == host
}

/// A new anchor of the chain that a client tracks, at the newest height that can be proven, straight
/// from nodes, with the client's parameters.
///
/// # Errors
/// What chain or nodes say.
pub async fn fresh(nodes: &mut Nodes<'_>, client: &ClientConfig) -> Result<Anchor, ExportError> {
    let config = nodes.config();
    let (tracked, host) = (setup::chain(config, &client.of)?, setup::chain(config, &client.on)?);
    let client_type = setup::client_type(tracked, host);
    let prover = nodes.prover(&client.of, client_type).await?.1;
    let wrong =
        |e: String| ExportError::from(setup::SetupError::from(AdapterError::new(&client.of, ErrorKind::Unproven, e)));
    let made = async {
        let at = prover.provable_height().await?;
        let initial = prover.initial_client(at, client.parameters).await?;
        let trusted = TrustedState { height: at, consensus_state: initial.consensus_state };
        let validators = prover.validators(&trusted).await?;
        Ok::<_, AdapterError>((initial.state, trusted, validators))
    };
    let (state, trusted, validators) = made.await.map_err(setup::SetupError::from)?;
    let hosted = Hosted { client_type, state: &state, height: trusted.height, consensus: &trusted.consensus_state };
    Anchor::of_hosted(client.of.as_str(), hosted, &validators).map_err(|e| wrong(e.to_string()))
}
