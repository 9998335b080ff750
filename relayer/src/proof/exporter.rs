//! From packets to bundles: which statements, from where, and which of them share a file.

use super::{
    Anchors, ExportError, Nodes, Route, Wanted,
    build::{Maker, Outcome, Ready},
    nodes::Asked,
    pool::Pool,
    possible, refusal,
    wanted::{is_settled, proofs, statement},
};
use crate::{
    config::Config,
    store::{PacketRow, ProofPlace, SeenClient, Store},
};
use lupu_proof::{Anchor, Bundle, Kind, Report};
use lupu_standard::{ChainId, ClientId, Height};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Most statements that share a bundle.
const TOGETHER: usize = 1_000;
/// Most statements that wait for bundles of their own.
const WAITING: usize = 250;

/// Where proofs are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the relayer has kept; nobody is asked.
    Store,
    /// Straight from nodes, as far as they still have the state.
    Nodes,
    /// The store first, and nodes for what it does not have.
    Any,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people and their tools.
    Json,
    /// Half the size.
    Cbor,
}

impl Format {
    /// The file of a bundle.
    pub fn encode(self, bundle: &Bundle) -> Vec<u8> {
        match self {
            Self::Json => bundle.to_json().into_bytes(),
            Self::Cbor => bundle.to_cbor(),
        }
    }

    /// What such a file's name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }
}

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which statements.
    pub wanted: Wanted,
    /// From where.
    pub source: Source,
    /// A bundle for each statement, instead of one for each chain.
    pub separate: bool,
    /// The form of the files.
    pub format: Format,
}

/// A statement in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The packet, as `chain/client/sequence`.
    pub packet: String,
    /// What is said about it.
    #[serde(serialize_with = "kind_name")]
    pub statement: Kind,
    /// At which height.
    pub height: Height,
}

/// A statement that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The packet, as `chain/client/sequence`.
    pub packet: String,
    /// What should have been said about it.
    #[serde(serialize_with = "kind_name")]
    pub statement: Kind,
    /// Why it cannot be proven.
    pub reason: String,
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// A bundle, verified.
#[derive(Clone, Debug)]
pub struct Made {
    /// The chain that it is about.
    pub tracks: ChainId,
    /// The type of client that proves it.
    pub client_type: String,
    /// The file.
    pub file: Vec<u8>,
    /// What verifying the file says.
    pub report: Report,
    /// What it says.
    pub entries: Vec<Entry>,
}

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
pub(super) struct Item {
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

/// The proofs of all these kinds at one height, if there are.
fn whole(places: &[&ProofPlace], kinds: &[&str], height: Height) -> Option<Vec<i64>> {
    let of = |kind: &&str| places.iter().find(|p| p.height == height && p.kind == **kind).map(|p| p.proof);
    kinds.iter().map(of).collect()
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

    async fn want(&mut self, row: Arc<PacketRow>, places: Arc<Vec<ProofPlace>>) -> Result<(), ExportError> {
        match self.options.wanted.clone() {
            Wanted::Strongest => self.plan(row.clone(), places, possible(&row)).await,
            Wanted::Every => {
                for kind in possible(&row) {
                    self.plan(row.clone(), places.clone(), vec![kind]).await?;
                }
                Ok(())
            }
            Wanted::Kinds(kinds) => {
                for kind in kinds {
                    match refusal(&row, kind) {
                        Some(reason) => self.miss(&row, kind, reason),
                        None => self.plan(row.clone(), places.clone(), vec![kind]).await?,
                    }
                }
                Ok(())
            }
        }
    }

    fn miss(&mut self, row: &PacketRow, kind: Kind, reason: String) {
        self.missing.push(Missing { packet: name(row), statement: kind, reason });
    }

    /// Puts a statement of the first of these kinds that can be had where it belongs: one that the
    /// store has, before one that nodes are asked for.
    async fn plan(
        &mut self,
        row: Arc<PacketRow>,
        places: Arc<Vec<ProofPlace>>,
        kinds: Vec<Kind>,
    ) -> Result<(), ExportError> {
        let (mut asking, mut first) = (None, None);
        for (index, kind) in kinds.iter().enumerate() {
            match self.locate(&row, *kind, &places).await? {
                Ok((route, At::Nodes)) => asking = asking.or(Some((index, route, At::Nodes))),
                Ok((route, at)) => {
                    asking = Some((index, route, at));
                    break;
                }
                Err(reason) => first = first.or(Some((*kind, reason))),
            }
        }
        let Some((index, route, at)) = asking else {
            if let Some((kind, reason)) = first {
                self.miss(&row, kind, reason);
            }
            return Ok(());
        };
        let kind = kinds.get(index).copied().unwrap_or(Kind::Sent);
        let rest = kinds.into_iter().filter(|other| *other != kind).collect();
        self.put(&route, Item { row, places, kind, rest, at })
    }

    fn put(&mut self, route: &Route, item: Item) -> Result<(), ExportError> {
        let seen = self.seen.get(&(route.on.clone(), route.client.clone())).and_then(Option::as_ref);
        let anchor = match self.anchors.choose(route, seen) {
            Ok(anchor) => anchor,
            Err(reason) => {
                let row = item.row.clone();
                self.miss(&row, item.kind, reason);
                return Ok(());
            }
        };
        let key = (route.tracks.clone(), route.client_type.clone(), anchor.client.host());
        let empty = || Group { anchor: anchor.clone(), pool: Pool::default(), items: Vec::new() };
        let group = self.groups.entry(key).or_insert_with(empty);
        group.pool.add_host(&route.on, &route.client);
        group.items.push(item);
        Ok(())
    }

    /// Where a statement can be proven, or why it cannot.
    async fn locate(
        &mut self,
        row: &PacketRow,
        kind: Kind,
        places: &[ProofPlace],
    ) -> Result<Result<(Route, At), String>, ExportError> {
        let route = match Route::of(self.config, row, kind) {
            Ok(route) => route,
            Err(reason) => return Ok(Err(reason)),
        };
        let client = (route.on.clone(), route.client.clone());
        if !self.seen.contains_key(&client) {
            let seen = self.store.seen_client(&route.on, &route.client).await?;
            self.seen.insert(client.clone(), seen);
        }
        let first = match self.anchors.choose(&route, self.seen.get(&client).and_then(Option::as_ref)) {
            Ok(anchor) => anchor.client.height(),
            Err(reason) => return Ok(Err(reason)),
        };
        let needed = proofs(kind);
        let its =
            |p: &&ProofPlace| p.chain == route.on && p.client == route.client && needed.contains(&p.kind.as_str());
        let its: Vec<&ProofPlace> = places.iter().filter(its).collect();
        let heights: BTreeSet<Height> = its.iter().map(|p| p.height).collect();
        let mut reason = match heights
            .into_iter()
            .rev()
            .find_map(|height| Some((height, whole(&its, &needed, height)?)))
        {
            Some((height, proofs)) if height >= first => return Ok(Ok((route, At::Store { proofs, height }))),
            Some((height, _)) => format!(
                "it was proven at block {height} of {}, before the anchor at block {first}; give an older one with --anchor",
                route.tracks
            ),
            None if !its.is_empty() => "the store has no proof of its receipt at the same block".into(),
            None => "the store has no proof of it: another relayer brought it, or it was not brought yet".to_owned(),
        };
        if self.options.source == Source::Store {
            return Ok(Err(reason));
        }
        if kind.is_of_source() && is_settled(row) {
            if self.options.source == Source::Nodes {
                reason = "only the store of the relayer that brought it can have the proof".into();
            }
            let source = &row.lane.source_chain;
            return Ok(Err(format!("{source} deleted its commitment when it settled, and {reason}")));
        }
        Ok(Ok((route, At::Nodes)))
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

    /// Statements with their proofs: read from the store, or asked of nodes.
    async fn ready(
        &mut self,
        group: &mut Group,
        items: Vec<Item>,
        asked: Option<&Result<Asked, String>>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Ready>, ExportError> {
        let (mut ready, mut open) = (Vec::new(), Vec::new());
        for item in items {
            let At::Store { proofs, height } = &item.at else {
                open.push(item);
                continue;
            };
            let (mut found, height) = (Vec::with_capacity(proofs.len()), *height);
            for id in proofs {
                found.extend(group.pool.proof(self.store, *id).await?);
            }
            if found.len() == proofs.len() {
                ready.push(Ready { statement: statement(&item.row, item.kind, height), item, proofs: found });
            } else {
                outcome.lost.push((item, "the store no longer has the proof".into()));
            }
        }
        if open.is_empty() {
            return Ok(ready);
        }
        let asked = match asked {
            Some(Ok(asked)) => asked,
            Some(Err(reason)) => {
                outcome.lost.extend(open.into_iter().map(|item| (item, reason.clone())));
                return Ok(ready);
            }
            None => return Ok(ready),
        };
        let at = match asked.newest(self.store, &group.anchor, &mut group.pool).await {
            Ok(at) => at,
            Err(error) => {
                let reason = asked.explain(group.anchor.client.height(), &error);
                outcome.lost.extend(open.into_iter().map(|item| (item, reason.clone())));
                return Ok(ready);
            }
        };
        let statements: Vec<_> = open.iter().map(|item| statement(&item.row, item.kind, at.height)).collect();
        let claims: Vec<_> = statements
            .iter()
            .flat_map(|s| s.kind.paths(&s.packet).into_iter().zip(s.claims()).map(|(path, (_, claim))| (path, claim)))
            .collect();
        let mut answers = asked.prove(&at, &claims).await.into_iter();
        for (item, statement) in open.into_iter().zip(statements) {
            let its: Vec<_> = answers.by_ref().take(statement.claims().len()).collect();
            match its.into_iter().collect::<Result<Vec<_>, _>>() {
                Ok(proofs) => ready.push(Ready { item, statement, proofs }),
                Err(reason) => outcome.lost.push((item, reason)),
            }
        }
        Ok(ready)
    }
}
