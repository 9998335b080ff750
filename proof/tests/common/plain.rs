//! A slow, plain checker of bundles that shares no code with the crate: JSON by serde_json, CBOR by
//! ciborium, written again and compared; updates and values by the plain checkers of the light
//! clients' tests; packets, receipts and transfers by their definitions. It answers only whether a
//! file is to be accepted.
//!
//! The light clients' crates are used to lay out what is handed to those checkers (messages, packed
//! nodes); what is laid out wrongly they refuse.

mod state;
mod statement;
pub mod tree;

use alloy_primitives::B256;
use sha2::{Digest, Sha256};
use state::Replay;
use tree::Node;

/// Whether a file in either form is to be accepted: `trusted` is the CBOR form of an anchor, `now`
/// the clock, if there is one.
pub fn accepts(file: &[u8], trusted: B256, now: Option<u64>) -> bool {
    check(file, trusted, now).is_some()
}

/// A file's anchor's digest.
pub fn anchor_digest(file: &[u8]) -> Option<B256> {
    Some(digest(bundle(&tree::read(file)?)?.first()?))
}

fn digest(anchor: &Node) -> B256 {
    let bytes = [&[0xd9, 0xd9, 0xf7][..], &anchor.to_cbor()].concat();
    B256::new(Sha256::digest(bytes).into())
}

/// Anchor, updates, statements, nodes.
fn bundle(file: &Node) -> Option<Vec<Node>> {
    let fields = file.object(&["format", "version", "anchor", "updates", "statements", "nodes"])?;
    let [format, version, anchor, updates, statements, nodes] = fields.try_into().ok()?;
    if format.text()? != "lupu-proof-bundle" || version.number()? != 1 {
        return None;
    }
    Some(vec![state::anchor(&anchor)?, updates, statements, nodes])
}

fn check(file: &[u8], trusted: B256, now: Option<u64>) -> Option<()> {
    if file.len() > 8 << 20 {
        return None;
    }
    let parts: [Node; 4] = bundle(&tree::read(file)?)?.try_into().ok()?;
    let [anchor, updates, statements, nodes] = parts;
    if digest(&anchor) != trusted {
        return None;
    }
    let nodes: Option<Vec<Vec<u8>>> = nodes.list()?.iter().map(|node| node.bytes()).collect();
    let nodes = nodes?;
    let ordered = nodes.windows(2).all(|pair| pair[0] < pair[1]);
    let updates = updates.list()?;
    let statements: Option<Vec<_>> = statements.list()?.iter().map(statement::read).collect();
    let statements = statements?;
    let sorted = statements.windows(2).all(|pair| pair[0].order() < pair[1].order());
    if !ordered || !sorted || statements.is_empty() {
        return None;
    }
    let mut replay = Replay::new(&anchor, nodes)?;
    for update in &updates {
        replay.update(update)?;
    }
    if let Some(last) = replay.last_new() {
        statements.iter().find(|s| Some(s.height) == last)?;
    }
    for statement in &statements {
        let claims = statement.claims()?;
        let time = replay.prove(statement.height, &claims)?;
        if statement.kind == "never-received" && time < statement.timeout {
            return None;
        }
    }
    replay.all_used().then_some(())?;
    match now {
        Some(now) => replay.fresh(now).then_some(()),
        None => Some(()),
    }
}
