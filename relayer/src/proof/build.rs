//! Bundles out of statements whose proofs are at hand: the way from the anchor is looked for in the
//! store, then at nodes; what cannot be proven is left out with its reason.

use super::{Format, exporter::Item, nodes::Asked, pool::Pool};
use crate::store::{Store, StoreError};
use lupu_proof::{
    Anchor, BuildError, Builder, Bundle, Failure, Place, Report, Statement, bundle::MAX_BUNDLE_BYTES, verify,
};
use lupu_standard::{Height, Sequence};
use std::{collections::BTreeSet, sync::Arc};

/// A statement with the proofs that hold it.
pub(super) struct Ready {
    pub(super) item: Item,
    pub(super) statement: Statement,
    pub(super) proofs: Vec<Arc<[u8]>>,
}

/// A bundle as a file, and what is in it.
pub(super) struct Written {
    pub(super) file: Vec<u8>,
    pub(super) report: Report,
    pub(super) parts: Vec<Ready>,
}

/// What came of a set of statements.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) written: Vec<Written>,
    pub(super) lost: Vec<(Item, String)>,
}

/// What bundles of one chain are made from.
pub(super) struct Maker<'a> {
    pub(super) store: &'a Store,
    pub(super) anchor: &'a Anchor,
    pub(super) pool: &'a mut Pool,
    /// Where to look for what the store does not have.
    pub(super) asked: Option<&'a Asked>,
    pub(super) format: Format,
}

impl Maker<'_> {
    /// One bundle of all parts, or several where one would be too large.
    pub(super) async fn make(&mut self, parts: Vec<Ready>, outcome: &mut Outcome) -> Result<(), StoreError> {
        let mut work = vec![parts];
        while let Some(parts) = work.pop() {
            let Some((bundle, mut parts)) = self.bundle(parts, &mut outcome.lost).await? else { continue };
            match self.write(&bundle) {
                Ok((file, report)) => outcome.written.push(Written { file, report, parts }),
                Err(_) if parts.len() > 1 => {
                    let half = parts.split_off(parts.len() / 2);
                    work.extend([half, parts]);
                }
                Err(reason) => outcome.lost.extend(parts.into_iter().map(|p| (p.item, reason.clone()))),
            }
        }
        Ok(())
    }

    /// The file, read back and verified as whoever gets it does.
    fn write(&self, bundle: &Bundle) -> Result<(Vec<u8>, Report), String> {
        let file = self.format.encode(bundle);
        if file.len() > MAX_BUNDLE_BYTES {
            return Err(format!("the file would have {} bytes, at most {MAX_BUNDLE_BYTES} are read", file.len()));
        }
        let read = Bundle::decode(&file).map_err(|e| e.to_string())?;
        let report = verify(&read, &[self.anchor.digest()], None).map_err(|e| e.to_string())?;
        Ok((file, report))
    }

    /// A bundle of as many parts as can be proven.
    async fn bundle(
        &mut self,
        mut parts: Vec<Ready>,
        lost: &mut Vec<(Item, String)>,
    ) -> Result<Option<(Bundle, Vec<Ready>)>, StoreError> {
        parts.sort_by(|a, b| order(&a.statement).cmp(&order(&b.statement)));
        let mut asked_for = BTreeSet::new();
        while !parts.is_empty() {
            let heights: BTreeSet<Height> = parts.iter().map(|p| p.statement.height).collect();
            self.pool.load(self.store, &heights).await?;
            let error = match self.build(&parts, &heights) {
                Ok(bundle) => return Ok(Some((bundle, parts))),
                Err(error) => error,
            };
            let (gone, reason) = match error {
                BuildError::NoUpdate(to) | BuildError::NoWay { to, .. } => {
                    if self.pool.load_turns(self.store, &self.anchor.client).await? {
                        continue;
                    }
                    let mut reason = error.to_string();
                    if let Some(asked) = self.asked.filter(|_| asked_for.insert(to)) {
                        match asked.reach(self.anchor, to, self.pool).await {
                            Ok(_) => continue,
                            Err(e) => reason = format!("{reason}; {}", asked.explain(to, &e)),
                        }
                    }
                    (parts.extract_if(.., |p| p.statement.height == to).collect::<Vec<_>>(), reason)
                }
                BuildError::Failure(Failure { place: Place::Statement(index), check, detail, .. })
                    if index < parts.len() =>
                {
                    (vec![parts.remove(index)], format!("{check}: {detail}"))
                }
                error => (std::mem::take(&mut parts), error.to_string()),
            };
            if gone.is_empty() {
                lost.extend(std::mem::take(&mut parts).into_iter().map(|p| (p.item, reason.clone())));
            }
            lost.extend(gone.into_iter().map(|p| (p.item, reason.clone())));
        }
        Ok(None)
    }

    fn build(&self, parts: &[Ready], heights: &BTreeSet<Height>) -> Result<Bundle, BuildError> {
        let mut builder = Builder::new(self.anchor.clone());
        for message in self.pool.updates(heights) {
            builder.update(message)?;
        }
        let mut seen = BTreeSet::new();
        for part in parts {
            for proof in part.proofs.iter().filter(|p| seen.insert(Arc::as_ptr(p).cast::<u8>())) {
                builder.membership(proof)?;
            }
            let s = part.statement.clone();
            builder.statement(s.kind, s.height, s.packet, s.acknowledgement);
        }
        builder.finish()
    }
}

/// The place of a statement among the others of a bundle.
fn order(s: &Statement) -> (Height, &[u8], lupu_proof::Kind, Sequence) {
    (s.height, &s.path, s.kind, s.packet.sequence)
}
