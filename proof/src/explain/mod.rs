//! A proof as a person reads it: a tree of numbered steps, each with what was checked, with which
//! values, and how it came out. Text and page are made from this tree alone.

mod anchor;
mod beefy;
mod grandpa;
mod payload;
mod qbft;
mod statement;
mod substrate;
mod text;
mod tree;
mod trie;
mod update;
mod words;

pub use anchor::anchor_item;
pub use text::{Role, render, render_text};
pub use words::{claim, duration, plain, utc};

use crate::{
    anchor::AnchorClient,
    bundle::Bundle,
    failure::{Failure, Place},
    statement::Kind,
    verify::{Trace, run, trust},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::B256;
use lupu_standard::TimestampSecs;
use trie::Nodes;

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Checked, and good.
    Passed,
    /// The check that failed.
    Failed,
    /// Not reached: a check before it failed.
    NotReached,
}

/// A named value of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// Whether it is a hash, an address or other bytes, to be shown letter by letter.
    pub is_code: bool,
}

/// One step of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number, for example `3.2`.
    pub number: String,
    /// What it is, in a line.
    pub title: String,
    /// How it came out.
    pub status: Status,
    /// Why it is checked and what it means, in sentences for a person who is no engineer.
    pub words: String,
    /// Stable names of the checks that belong to it, as in vectors.
    pub checks: Vec<String>,
    /// What was found, in the order to be read.
    pub facts: Vec<Fact>,
    /// Its parts.
    pub children: Vec<Item>,
}

/// A whole proof, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the bundle says, one sentence for each statement.
    pub claims: Vec<String>,
    /// Whether it is true, in a sentence; names the failed check if not.
    pub verdict: String,
    /// Whether every check passed. Whether the anchor is one to trust is for the reader.
    pub is_true: bool,
    /// On whose word.
    pub trust: String,
    /// What this does not prove: time of the anchor, leaked keys, freshness.
    pub caveats: Vec<String>,
    /// From the anchor to the values.
    pub steps: Vec<Item>,
}

impl Explanation {
    /// The step with this number, for example `2.1.4`.
    pub fn step(&self, number: &str) -> Option<&Item> {
        let (mut items, mut found) = (self.steps.as_slice(), None);
        for part in number.trim_matches('.').split('.') {
            let at = part.parse::<usize>().ok()?.checked_sub(1)?;
            let item = items.get(at)?;
            (items, found) = (&item.children, Some(item));
        }
        found
    }

    /// The deepest step that failed.
    pub fn failed(&self) -> Option<&Item> {
        let (mut items, mut found) = (self.steps.as_slice(), None);
        while let Some(item) = items.iter().find(|item| item.status == Status::Failed) {
            (items, found) = (&item.children, Some(item));
        }
        found
    }
}

/// Verifies a bundle and tells the whole proof, also of one that fails: the steps that passed, the one that did not,
/// and those that were not reached. `trusted` are the digests of the anchors that the reader trusts, `None` where that
/// is left to the reader; `now` is as for [`crate::verify()`].
pub fn explain(bundle: &Bundle, trusted: Option<&[B256]>, now: Option<TimestampSecs>) -> Explanation {
    let mut trace = Trace::default();
    let failure = run(bundle, now, &mut trace).err();
    let nodes = match &bundle.anchor.client {
        AnchorClient::Qbft { .. } => Nodes::Ethereum(bundle.nodes.iter().cloned().collect()),
        _ => Nodes::Substrate(bundle.nodes.iter().cloned().collect()),
    };
    let digest = bundle.anchor.digest();
    let unknown = trusted.is_some_and(|trusted| !trusted.contains(&digest));
    let mut steps = Vec::from([
        first(bundle, failure.as_ref(), unknown),
        update::updates(bundle, &trace, failure.as_ref(), &nodes),
        statement::statements(bundle, &trace, failure.as_ref(), &nodes),
        left_over(bundle, failure.as_ref()),
        clock(bundle, &trace, failure.as_ref(), now),
    ]);
    for group in steps.iter_mut().skip(1).take(2) {
        gather(group);
    }
    if failure.as_ref().is_some_and(|f| f.place == Place::Anchor) {
        steps.iter_mut().skip(1).for_each(|step| step.mark(Status::NotReached));
    }
    tree::number(&mut steps, "");
    let is_true = failure.is_none() && !unknown;
    Explanation {
        claims: bundle.statements.iter().map(|s| claim(&bundle.anchor, s)).collect(),
        verdict: verdict(bundle, failure.as_ref(), trusted, digest),
        is_true,
        trust: match failure {
            None => plain(&trust(&bundle.anchor, &trace.steps), tree::SHOWN),
            Some(_) => "On nobody's word: the bundle proves nothing.".into(),
        },
        caveats: caveats(bundle, &trace, failure.is_none(), now),
        steps,
    }
}

fn first(bundle: &Bundle, failure: Option<&Failure>, unknown: bool) -> Item {
    let mut item = anchor_item(&bundle.anchor);
    if let Some(failure) = failure.filter(|f| f.place == Place::Anchor) {
        item.fail(failure);
    } else if unknown {
        let why = "it is not among the anchors that were named; what follows is checked as if it were";
        item.fail(&Failure::new("AnchorUnknown", Place::Anchor, why));
    }
    item
}

/// A step of many parts came out as the worst of them.
fn gather(item: &mut Item) {
    let any = |status| item.children.iter().any(|child| child.status == status);
    if any(Status::Failed) {
        item.status = Status::Failed;
    } else if any(Status::NotReached) {
        item.status = Status::NotReached;
    }
}

fn left_over(bundle: &Bundle, failure: Option<&Failure>) -> Item {
    let words = "A proof holds what it needs and nothing else: a node that no step above walked through would be a place to \
                 hide something.";
    let mut item = Item::new("Nothing is left over", words)
        .checks(&["UnusedNodes"])
        .fact("nodes and values", bundle.nodes.len())
        .fact("bytes", bundle.nodes.iter().fold(0usize, |sum, node| sum.saturating_add(node.len())));
    match failure.map(|f| f.place) {
        None | Some(Place::Clock) => item = item.fact("needed", "all"),
        Some(Place::Nodes) => {
            if let Some(failure) = failure {
                item.fail(failure);
            }
        }
        Some(_) => item.mark(Status::NotReached),
    }
    item
}

fn clock(bundle: &Bundle, trace: &Trace, failure: Option<&Failure>, now: Option<TimestampSecs>) -> Item {
    let client = &bundle.anchor.client;
    let newest = trace.steps.iter().map(|s| (s.height, s.timestamp)).max();
    let (height, time) =
        newest.unwrap_or((client.height(), client.timestamp())).max((client.height(), client.timestamp()));
    let until = TimestampSecs(time.0.saturating_add(client.trusting_period()).saturating_sub(1));
    let words = match now {
        Some(_) => {
            "The newest block must still be within its trusting period at the time given: keys of validators who \
                    left long ago can be lost or sold."
        }
        None => "No time was given, so nothing is said of whether the proof is recent.",
    };
    let mut item = Item::new("How fresh it is", words)
        .checks(&["HeaderFromFuture", "ClientExpired", "ClientFrozen"])
        .fact("newest block", format!("{height} of {}", utc(time)))
        .fact("fresh until", utc(until));
    item = match now {
        Some(now) => item.fact("asked for", utc(now)),
        None => item.fact("asked for", "no time"),
    };
    match failure {
        None => {}
        Some(failure) if failure.place == Place::Clock => item.fail(failure),
        Some(_) => item.mark(Status::NotReached),
    }
    item
}

fn verdict(bundle: &Bundle, failure: Option<&Failure>, trusted: Option<&[B256]>, digest: B256) -> String {
    match (failure, trusted) {
        (Some(f), _) => {
            let detail = plain(&f.detail, tree::SHOWN);
            format!("False: at {} the check {} fails: {detail}.", f.place, f.check)
        }
        (None, None) => format!("Every check passed: it is true for whoever trusts the anchor {digest}."),
        (None, Some(trusted)) if trusted.contains(&digest) => {
            "True: every check passed, and the anchor is one that was named.".to_string()
        }
        (None, Some(_)) => format!(
            "Not known to be true: every check passed, but it begins at anchor {digest} of {}, which was not named.",
            plain(&bundle.anchor.name, 64)
        ),
    }
}

fn caveats(bundle: &Bundle, trace: &Trace, is_good: bool, now: Option<TimestampSecs>) -> Vec<String> {
    let client = &bundle.anchor.client;
    let name = plain(&bundle.anchor.name, 64);
    let mut out = Vec::from([
        format!(
            "Everything rests on the anchor: who gives you a false one can prove you anything. Compare its digest, {}, with \
             the one that the operators of {name} publish.",
            bundle.anchor.digest()
        ),
        format!(
            "Keys that leak later void old anchors: whoever holds enough keys of those who signed at block {} can make a \
             false proof that begins there, at any later time. Prefer a recent anchor.",
            client.height()
        ),
        "It proves what enough of those who finalize blocks have signed, not that they were honest: two thirds of them \
         together can sign whatever they like."
            .into(),
        "A statement holds as of its block. What happened after it is not proven by it.".into(),
    ]);
    if bundle.statements.iter().any(|s| s.kind == Kind::NeverReceived) {
        out.push(
            "`never-received` is about a packet of exactly these contents and this timeout. That such a packet was sent, \
             and not another one under its sequence, only its source can prove: ask for `sent` of the same packet."
                .into(),
        );
    }
    if !is_good {
        return out;
    }
    let time = trace.steps.iter().map(|s| s.timestamp).max().unwrap_or(client.timestamp());
    out.push(match now {
        None => format!(
            "No clock was used. The newest block is of {}; give a time with --now to have its age checked.",
            utc(time)
        ),
        Some(now) => format!("Its freshness was checked for {}, which is the time that was given.", utc(now)),
    });
    out
}
