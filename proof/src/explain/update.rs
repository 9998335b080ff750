//! The updates, as items: what they have in common whatever the client type.

use super::{
    Item,
    beefy::Beefy,
    duration,
    grandpa::Grandpa,
    qbft::Qbft,
    tree::counted,
    trie::{Nodes, Way},
    utc,
};
use crate::{
    anchor::AnchorClient,
    bundle::{Bundle, Update},
    failure::{Failure, Place},
    verify::Trace,
};
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::B256;
use lupu_standard::TimestampSecs;

/// Most tries of updates, and of statements, that are shown node by node.
pub(super) const MAX_TRIES: usize = 50;

/// Follows the updates beside the verifier, to tell what is in them, also in those that fail.
pub(super) trait Follow {
    /// The parts of an update, in the order in which they are checked, and what it is in a line.
    fn parts(&mut self, update: &Update, with: &With<'_>) -> (String, Vec<Item>);
}

/// What the parts of an update are told with.
pub(super) struct With<'a> {
    pub(super) nodes: &'a Nodes,
    /// Whether its trie is shown node by node.
    pub(super) tries: bool,
}

impl With<'_> {
    /// A key's way from a root, and the items to show of it.
    pub(super) fn way(&self, root: &B256, key: &[u8]) -> Way {
        let mut way = self.nodes.way(root, key);
        if !self.tries {
            way.items = Vec::from([not_shown()]);
        }
        way
    }
}

/// In place of the nodes of a trie, where there are too many tries.
pub(super) fn not_shown() -> Item {
    Item::new(
        "Trie nodes not shown",
        format!(
            "They were walked like the others. Only the first {MAX_TRIES} are shown node by node, to keep this readable."
        ),
    )
}

/// The step from the anchor to the newest header.
pub(super) fn updates(bundle: &Bundle, trace: &Trace, failure: Option<&Failure>, nodes: &Nodes) -> Item {
    let count = bundle.updates.len();
    let title = match count {
        0 => "The way from the anchor: none, the statements are about the anchor's own block".into(),
        n => format!("The way from the anchor: {}", counted(n, "update", "updates")),
    };
    let words = "Each update is a header that the light client, which trusts the step before, accepts as final. So trust is \
                 handed on from the anchor to the block whose state is asked.";
    let mut follow: alloc::boxed::Box<dyn Follow> = match &bundle.anchor.client {
        AnchorClient::Qbft { state, validators, .. } => alloc::boxed::Box::new(Qbft::new(state, validators)),
        AnchorClient::Beefy { state, .. } => alloc::boxed::Box::new(Beefy::new(state)),
        AnchorClient::Grandpa { state, set_id, authorities, .. } => {
            alloc::boxed::Box::new(Grandpa::new(state, *set_id, authorities))
        }
    };
    let mut item = Item::new(title, words);
    for (index, update) in bundle.updates.iter().enumerate() {
        let (title, parts) = follow.parts(update, &With { nodes, tries: index < MAX_TRIES });
        let mut child = Item::new(title, "").children(parts);
        let own = failure.filter(|f| f.place == Place::Update(index));
        if let Some(step) = trace.steps.get(index) {
            child = child
                .fact("height", step.height)
                .code("block hash", step.block_hash)
                .fact("time", format!("{} ({})", utc(step.timestamp), step.timestamp));
            child.words = format!(
                "{} The light client accepted this header, and with it the state of block {} as proven.",
                child.words, step.height
            );
            child.words = child.words.trim_start().to_string();
            // All its own checks passed; what failed is about the update as a whole.
            if let Some(failure) = own {
                child.fail(failure);
            }
        } else {
            child.settle(own);
        }
        item.children.push(child);
    }
    item
}

/// Names of the checks of the time of an update.
pub(super) const TIME_CHECKS: [&str; 4] = ["TrustedStateExpired", "ClientExpired", "HeaderFromFuture", "TimeWentBack"];

/// The item about the time of an update. `found` is its time where that can be told.
pub(super) fn time(trusted: TimestampSecs, period: u64, found: Option<TimestampSecs>) -> Item {
    let words = "There is no clock offline. The time that the update itself proves must lie within the trusting period of \
                 the step before, and not before it: old keys must not sign for what comes long after.";
    let item = Item::new("The time", words)
        .fact("time of the step before", utc(trusted))
        .fact("trusting period", duration(period))
        .fact("so to be built upon before", utc(TimestampSecs(trusted.0.saturating_add(period))));
    match found {
        Some(found) if found >= trusted => {
            item.fact("time proven", utc(found)).fact("later by", duration(found.0.saturating_sub(trusted.0)))
        }
        Some(found) => {
            item.fact("time proven", utc(found)).fact("earlier by", duration(trusted.0.saturating_sub(found.0)))
        }
        None => item.fact("time proven", "cannot be told"),
    }
}

/// What changed between two sets, name by name.
pub(super) fn changes<T: Ord + ToString>(item: Item, before: &[T], after: &[T], one: &str) -> Item {
    let (old, new): (BTreeSet<&T>, BTreeSet<&T>) = (before.iter().collect(), after.iter().collect());
    if old == new {
        return item.fact("changes of the set", "none");
    }
    let (added, removed) = (new.difference(&old), old.difference(&new));
    let counts = format!(
        "{} added, {} removed, {} stay",
        added.clone().count(),
        removed.clone().count(),
        old.intersection(&new).count()
    );
    let item = item.fact("changes of the set", counts);
    let item = item.codes(&format!("{one} added"), added.map(|t| t.to_string()));
    item.codes(&format!("{one} removed"), removed.map(|t| t.to_string()))
}
