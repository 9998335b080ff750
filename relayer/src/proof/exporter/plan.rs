//! Which statement of a packet is proven where: in the store, or at nodes, or not at all and why.

use super::{At, ExportError, Exporter, Group, Item, name};
use crate::{
    proof::{
        Missing, Route, Source, Wanted,
        pool::Pool,
        possible, refusal,
        wanted::{is_settled, proofs},
    },
    store::{PacketRow, ProofPlace},
};
use lupu_proof::Kind;
use lupu_standard::Height;
use std::{collections::BTreeSet, sync::Arc};

/// The proofs of all these kinds at one height, if there are.
fn whole(places: &[&ProofPlace], kinds: &[&str], height: Height) -> Option<Vec<i64>> {
    let of = |kind: &&str| places.iter().find(|p| p.height == height && p.kind == **kind).map(|p| p.proof);
    kinds.iter().map(of).collect()
}

impl Exporter<'_> {
    /// Plans the statements wanted of one packet.
    pub(super) async fn want(&mut self, row: Arc<PacketRow>, places: Arc<Vec<ProofPlace>>) -> Result<(), ExportError> {
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

    pub(super) fn miss(&mut self, row: &PacketRow, kind: Kind, reason: String) {
        self.missing.push(Missing { packet: name(row), statement: kind, reason });
    }

    /// Puts a statement of the first of these kinds that can be had where it belongs: one that the
    /// store has, before one that nodes are asked for.
    pub(super) async fn plan(
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
}
