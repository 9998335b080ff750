//! Tampers with bundles: at the bytes of a file, or at a field with everything after it encoded
//! again, so that the file still reads. The same seed gives the same files.

mod anchor;
mod bytes;
mod signed;
mod statement;
mod stock;
mod update;

use super::rng::Rng;
use alloy_primitives::{B256, Bytes};
use lupu_proof::{Bundle, Kind, Statement};
use lupu_standard::Height;
pub use stock::{Stock, Whole};

/// A file that has been tampered with, and how.
#[derive(Clone, Debug)]
pub struct Tampered {
    /// What was done, in order.
    pub what: Vec<&'static str>,
    pub file: Vec<u8>,
    /// The digest of the anchor that the reader trusts.
    pub trusted: B256,
    /// Whether the file is what the crate writes, and so read as what was written.
    pub written: bool,
}

/// Tampers with one of these bundles, which may be given parts of the others. `None` where what
/// was done has no effect.
pub fn tamper(rng: &mut Rng, stock: &Stock) -> Option<Tampered> {
    // Most are changed once, some twice or three times.
    let times = 1 + usize::from(rng.below(4) == 0) + usize::from(rng.below(8) == 0);
    match rng.below(16) {
        0..=4 => of_file(rng, stock, times),
        5 | 6 => {
            let whole = stock.mostly_anchored(rng);
            of_fields(rng, whole, stock, times, &[node])
        }
        7..=9 => {
            let whole = stock.mostly_updated(rng);
            of_fields(rng, whole, stock, times, &[update::update])
        }
        10 => of_signed(rng, stock),
        11..=13 => {
            let whole = stock.mostly_anchored(rng);
            of_fields(rng, whole, stock, times, &[statement::statement])
        }
        14 => {
            let (whole, all) =
                (stock.mostly_updated(rng), [node, update::update, statement::statement, anchor::anchor]);
            of_fields(rng, whole, stock, times + 1, &all)
        }
        _ => {
            let whole = stock.mostly_anchored(rng);
            of_fields(rng, whole, stock, times, &[anchor::anchor])
        }
    }
}

/// Changes the bytes of a file.
fn of_file(rng: &mut Rng, stock: &Stock, times: usize) -> Option<Tampered> {
    let (whole, donor, json) = (stock.mostly_anchored(rng), stock.any(rng), rng.below(2) == 0);
    let mut file = whole.file(json).to_vec();
    let mut what = Vec::new();
    for _ in 0..times {
        what.push(match json && rng.below(3) == 0 && !file.is_empty() {
            true => bytes::digit(rng, &mut file),
            false => bytes::bytes(rng, &mut file, donor.file(json), true),
        });
    }
    let changed = file != whole.file(json);
    changed.then_some(Tampered { what, file, trusted: whole.trusted, written: false })
}

type Change = fn(&mut Rng, &mut Bundle, &Bundle) -> &'static str;

/// Changes fields, by one of these ways each time, and writes the bundle again.
fn of_fields(rng: &mut Rng, whole: &Whole, stock: &Stock, times: usize, ways: &[Change]) -> Option<Tampered> {
    let mut bundle = whole.bundle.clone();
    let mut what = Vec::new();
    for _ in 0..times {
        let (way, other) = (*rng.pick(ways), stock.any(rng));
        what.push(way(rng, &mut bundle, &other.bundle));
    }
    finish(rng, whole, bundle, what)
}

/// Changes an update and signs it again; sometimes a statement then asks for another height.
fn of_signed(rng: &mut Rng, stock: &Stock) -> Option<Tampered> {
    let whole = stock.mostly_updated(rng);
    let mut bundle = whole.bundle.clone();
    let mut what = vec![signed::signed(rng, &mut bundle, &whole.keys)?];
    if rng.below(8) == 0 {
        let other = stock.any(rng);
        what.push(statement::statement(rng, &mut bundle, &other.bundle));
    }
    finish(rng, whole, bundle, what)
}

/// The bundle in its order, as a file.
fn finish(rng: &mut Rng, whole: &Whole, mut bundle: Bundle, what: Vec<&'static str>) -> Option<Tampered> {
    bundle.nodes.sort_unstable();
    bundle.nodes.dedup();
    bundle.statements.sort_by_key(place);
    bundle.statements.dedup_by_key(|s| place(s));
    if bundle == whole.bundle {
        return None;
    }
    // Who is given another anchor trusts it, or the one that was there.
    let changed = bundle.anchor != whole.bundle.anchor && rng.below(4) > 0;
    let trusted = if changed { bundle.anchor.digest() } else { whole.trusted };
    let file = if rng.below(8) == 0 { bundle.to_json().into_bytes() } else { bundle.to_cbor() };
    Some(Tampered { what, file, trusted, written: true })
}

fn place(s: &Statement) -> (Height, Bytes, Kind) {
    (s.height, s.path.clone(), s.kind)
}

fn node(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    if bundle.nodes.is_empty() || rng.below(12) == 0 {
        match other.nodes.is_empty() {
            true => bundle.nodes.push(rng.next().to_be_bytes().to_vec().into()),
            false => bundle.nodes.push(rng.pick(&other.nodes).clone()),
        }
        return "node added";
    }
    let at = rng.below(bundle.nodes.len());
    match rng.below(10) {
        0 => {
            bundle.nodes.remove(at);
            "node dropped"
        }
        1 if !other.nodes.is_empty() => {
            bundle.nodes[at] = rng.pick(&other.nodes).clone();
            "node of another bundle"
        }
        _ => {
            let donor = other.nodes.first().cloned().unwrap_or_default();
            bytes::field(rng, &mut bundle.nodes[at], &donor);
            "node changed"
        }
    }
}
