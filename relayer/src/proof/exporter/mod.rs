//! From packets to bundles: which statements, from where, and which of them share a file.

mod gather;
mod plan;

use super::{
    Anchors, Entry, ExportError, Made, Missing, Nodes, Options, Source,
    build::{Maker, Outcome, Ready},
    nodes::Asked,
    pool::Pool,
    wanted::is_settled,
};
use crate::{
    config::Config,
    store::{PacketRow, ProofPlace, SeenClient, Store},
};
use lupu_proof::{Anchor, Kind};
use lupu_standard::{ChainId, ClientId, Height};
use std::{collections::BTreeMap, sync::Arc};

/// Most statements that share a bundle.
const TOGETHER: usize = 1_000;
/// Most statements that wait for bundles of their own.
const WAITING: usize = 250;

/// A packet's name.
fn name(row: &PacketRow) -> String {
    format!("{}/{}/{}", row.lane.source_chain, row.lane.source_client, row.packet.sequence)
}

/// Where the proof of a statement is.
#[derive(Clone, Debug)]
enum At {
    /// These proofs of the store, all of one height.
    Store {
        proofs: Vec<i64>,
        height: Height,
    },
    Nodes,
}

/// A statement that is to be proven.
pub(in crate::proof) struct Item {
    row: Arc<PacketRow>,
    places: Arc<Vec<ProofPlace>>,
    kind: Kind,
    /// What to try instead.
    rest: Vec<Kind>,
    at: At,
}

/// What one anchor serves: a chain, the type of client that proves it, its host of IBC.
type Key = (ChainId, String, String);

struct Group {
    anchor: Anchor,
    pool: Pool,
    items: Vec<Item>,
}

/// Makes bundles of packets.
pub struct Exporter<'a> {
    store: &'a Store,
    config: &'a Config,
    options: Options,
    anchors: Anchors,
    nodes: Nodes<'a>,
    seen: BTreeMap<(ChainId, ClientId), Option<SeenClient>>,
    groups: BTreeMap<Key, Group>,
    missing: Vec<Missing>,
}

impl<'a> Exporter<'a> {
    /// Nothing is read or asked yet.
    pub fn new(store: &'a Store, config: &'a Config, anchors: Anchors, options: Options) -> Self {
        Self {
            store,
            config,
            options,
            anchors,
            nodes: Nodes::new(config),
            seen: BTreeMap::new(),
            groups: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    /// Takes packets, and hands back the bundles that are full.
    ///
    /// # Errors
    /// What the store says.
    pub async fn add(&mut self, rows: Vec<PacketRow>) -> Result<Vec<Made>, ExportError> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut places: BTreeMap<i64, Vec<ProofPlace>> = BTreeMap::new();
        if self.options.source != Source::Nodes {
            for place in self.store.proof_places(&ids).await? {
                places.entry(place.packet).or_default().push(place);
            }
        }
        for row in rows {
            let places = Arc::new(places.remove(&row.id).unwrap_or_default());
            self.want(Arc::new(row), places).await?;
        }
        let most = if self.options.separate { WAITING } else { TOGETHER };
        let full: Vec<Key> =
            self.groups.iter().filter(|(_, g)| g.items.len() >= most).map(|(k, _)| k.clone()).collect();
        let mut made = Vec::new();
        for key in full {
            self.flush(&key, &mut made).await?;
        }
        Ok(made)
    }

    /// The bundles of everything that is left.
    ///
    /// # Errors
    /// What the store says.
    pub async fn finish(&mut self) -> Result<Vec<Made>, ExportError> {
        let mut made = Vec::new();
        // What cannot be proven in one way may go into another group.
        while let Some(key) = self.groups.iter().find(|(_, g)| !g.items.is_empty()).map(|(key, _)| key.clone()) {
            self.flush(&key, &mut made).await?;
        }
        Ok(made)
    }

    /// What was asked for and cannot be had, since this was last asked.
    pub fn take_missing(&mut self) -> Vec<Missing> {
        std::mem::take(&mut self.missing)
    }

    /// Makes the bundles of one group. What the store alone does not prove is tried with the nodes'
    /// help, then in whatever other way there is.
    async fn flush(&mut self, key: &Key, made: &mut Vec<Made>) -> Result<(), ExportError> {
        let Some(mut group) = self.groups.remove(key) else { return Ok(()) };
        let items = std::mem::take(&mut group.items);
        let any = self.options.source == Source::Any;
        let at_once = items.iter().any(|item| matches!(item.at, At::Nodes));
        let mut asked = None;
        if at_once {
            asked = Some(Asked::new(&mut self.nodes, &key.0, &key.1).await.map_err(|e| e.to_string()));
        }
        let mut outcome = self.attempt(&mut group, items, asked.as_ref()).await?;
        if any && !at_once && !outcome.lost.is_empty() {
            let asked = Asked::new(&mut self.nodes, &key.0, &key.1).await;
            if let Ok(asked) = asked {
                let again = std::mem::take(&mut outcome.lost).into_iter().map(|(item, _)| item).collect();
                let more = self.attempt(&mut group, again, Some(&Ok(asked))).await?;
                outcome.written.extend(more.written);
                outcome.lost = more.lost;
            }
        }
        for written in outcome.written {
            let entry = |part: &Ready| Entry {
                packet: name(&part.item.row),
                statement: part.item.kind,
                height: part.statement.height,
            };
            made.push(Made {
                tracks: key.0.clone(),
                client_type: key.1.clone(),
                entries: written.parts.iter().map(entry).collect(),
                file: written.file,
                report: written.report,
            });
        }
        group.pool.clear();
        self.groups.insert(key.clone(), group);
        for (mut item, reason) in outcome.lost {
            let kept = matches!(item.at, At::Store { .. });
            if any && kept && !(item.kind.is_of_source() && is_settled(&item.row)) {
                item.at = At::Nodes;
                if let Some(group) = self.groups.get_mut(key) {
                    group.items.push(item);
                }
            } else if item.rest.is_empty() {
                self.miss(&item.row, item.kind, reason);
            } else {
                self.plan(item.row, item.places, item.rest).await?;
            }
        }
        Ok(())
    }

    /// Makes what can be made of these items.
    async fn attempt(
        &mut self,
        group: &mut Group,
        items: Vec<Item>,
        asked: Option<&Result<Asked, String>>,
    ) -> Result<Outcome, ExportError> {
        let mut outcome = Outcome::default();
        let ready = self.ready(group, items, asked, &mut outcome).await?;
        let parts = match self.options.separate {
            true => ready.into_iter().map(|one| vec![one]).collect(),
            false => vec![ready],
        };
        let mut maker = Maker {
            store: self.store,
            anchor: &group.anchor,
            pool: &mut group.pool,
            asked: asked.and_then(|a| a.as_ref().ok()),
            format: self.options.format,
        };
        for part in parts {
            maker.make(part, &mut outcome).await?;
        }
        Ok(outcome)
    }
}
