//! A slow, plain checker of bundles that shares no code with the crate: JSON by serde_json, CBOR by
//! ciborium, written again and compared; updates and values by the plain checkers of the light
//! clients' tests; packets, receipts and transfers by their definitions. It answers only whether a
//! file is to be accepted.
//!
//! The light clients' crates are used to lay out what is handed to those checkers (messages, packed
//! nodes); what is laid out wrongly they refuse.
//!
//! A rule of `SPEC.md` can be left out by its id, to see whether the vectors notice.

#[path = "../../../../light-clients/core/tests/common/fault.rs"]
pub mod fault;
mod state;
mod statement;
pub mod tree;

use alloy_primitives::B256;
use fault::{left_out, need};
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
    Some(digest_of_anchor(bundle(&tree::read(file)?)?.first()?))
}

/// A file's own digest, whichever form it has.
pub fn file_digest(file: &[u8]) -> Option<B256> {
    if left_out("LUPU-BUN-007") {
        return Some(sha256(file));
    }
    let node = tree::read(file)?;
    Some(if file.starts_with(b"{") { digest(&node.laid_out("")?) } else { sha256(file) })
}

fn sha256(bytes: &[u8]) -> B256 {
    B256::new(Sha256::digest(bytes).into())
}

/// Of the CBOR form.
fn digest(node: &Node) -> B256 {
    sha256(&[&[0xd9, 0xd9, 0xf7][..], &node.to_cbor()].concat())
}

fn digest_of_anchor(anchor: &Node) -> B256 {
    if left_out("LUPU-ANC-004") { sha256(&anchor.to_cbor()) } else { digest(anchor) }
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
    need(file.len() <= 8 << 20, "LUPU-BUN-008").ok()?;
    let parts: [Node; 4] = bundle(&tree::read(file)?)?.try_into().ok()?;
    let [anchor, updates, statements, nodes] = parts;
    need(digest_of_anchor(&anchor) == trusted, "LUPU-ANC-005").ok()?;
    let nodes: Option<Vec<Vec<u8>>> = nodes.list()?.iter().map(|node| node.bytes()).collect();
    let nodes = nodes?;
    let ordered = nodes.windows(2).all(|pair| pair[0] < pair[1]);
    let updates = updates.list()?;
    let statements: Option<Vec<_>> = statements.list()?.iter().map(statement::read).collect();
    let statements = statements?;
    let sorted = statements.windows(2).all(|pair| pair[0].order() < pair[1].order());
    need(ordered && sorted, "LUPU-BUN-010").ok()?;
    if statements.is_empty() {
        return None;
    }
    let mut replay = Replay::new(&anchor, nodes)?;
    for update in &updates {
        replay.update(update)?;
    }
    if let Some(last) = replay.last_new() {
        need(statements.iter().any(|s| Some(s.height) == last), "LUPU-BUN-017").ok()?;
    }
    for statement in &statements {
        let claims = statement.claims()?;
        let time = replay.prove(statement.height, &claims, statement.rule())?;
        need(statement.kind != "never-received" || time >= statement.timeout, "LUPU-BUN-025").ok()?;
    }
    need(replay.all_used(), "LUPU-BUN-027").ok()?;
    need(now.is_none_or(|now| replay.fresh(now)), "LUPU-BUN-028").ok()
}
