//! What differs between two anchors or two bundles, in words.

use lupu_proof::explain::{Fact, anchor_item, claim, explain, plain};
use lupu_proof::{Anchor, Bundle, Statement};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Longest text of others that is shown, in characters.
const SHOWN: usize = 300;

/// One thing that differs.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Difference {
    /// What: an anchor's field, a statement, an update, nodes.
    pub what: String,
    /// What the first has; `None` for nothing.
    pub first: Option<String>,
    /// What the second has; `None` for nothing.
    pub second: Option<String>,
}

impl Difference {
    fn new(what: impl Into<String>, first: Option<String>, second: Option<String>) -> Self {
        Self { what: what.into(), first, second }
    }

    fn both(what: impl Into<String>, first: impl ToString, second: impl ToString) -> Self {
        Self::new(what, Some(first.to_string()), Some(second.to_string()))
    }
}

type Values<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Values by name, names in the order of their first mention.
fn by_name(facts: &[Fact]) -> (Vec<&str>, Values<'_>) {
    let (mut names, mut values) = (Vec::new(), Values::new());
    for fact in facts {
        let list = values.entry(&fact.name).or_default();
        if list.is_empty() {
            names.push(fact.name.as_str());
        }
        list.push(&fact.value);
    }
    (names, values)
}

/// What differs between two anchors: fields, and validators or authorities by name.
pub fn anchors(a: &Anchor, b: &Anchor) -> Vec<Difference> {
    if a == b {
        return Vec::new();
    }
    let (first, second) = (anchor_item(a), anchor_item(b));
    let ((mut names, old), (more, new)) = (by_name(&first.facts), by_name(&second.facts));
    names.extend(more.into_iter().filter(|name| !old.contains_key(name)));
    let mut out = Vec::new();
    for name in names.into_iter().filter(|name| *name != "digest") {
        let of = |values| Values::get(values, name).map_or(&[][..], Vec::as_slice);
        match (of(&old), of(&new)) {
            (old, new) if old == new => {}
            ([old], [new]) => out.push(Difference::both(format!("anchor: {name}"), old, new)),
            (old, new) => {
                let only =
                    |a: &[&str], b: &[&str]| a.iter().filter(|v| !b.contains(v)).map(|v| v.to_string()).collect();
                let (gone, come): (Vec<String>, Vec<String>) = (only(old, new), only(new, old));
                if gone.is_empty() && come.is_empty() {
                    out.push(Difference::both(format!("anchor: order of {name}"), old.join(", "), new.join(", ")));
                }
                out.extend(gone.into_iter().map(|v| Difference::new(format!("anchor: {name} removed"), Some(v), None)));
                out.extend(come.into_iter().map(|v| Difference::new(format!("anchor: {name} added"), None, Some(v))));
            }
        }
    }
    out
}

/// What differs between two bundles.
pub fn bundles(a: &Bundle, b: &Bundle) -> Vec<Difference> {
    let mut out = anchors(&a.anchor, &b.anchor);
    statements(a, b, &mut out);
    updates(a, b, &mut out);
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (a.nodes.iter().collect(), b.nodes.iter().collect());
    let (gone, come) = (old.difference(&new).count(), new.difference(&old).count());
    if gone > 0 || come > 0 {
        let all = |n: usize, only: usize| format!("{n}, {only} of them only here");
        out.push(Difference::both("trie nodes", all(a.nodes.len(), gone), all(b.nodes.len(), come)));
    }
    out
}

/// Statements of one kind under one path are about the same thing, whatever their height.
fn statements(a: &Bundle, b: &Bundle, out: &mut Vec<Difference>) {
    let key = |s: &Statement| (s.path.clone(), s.kind);
    let group = |bundle: &Bundle| {
        let mut groups: BTreeMap<_, Vec<Statement>> = BTreeMap::new();
        for s in &bundle.statements {
            groups.entry(key(s)).or_default().push(s.clone());
        }
        groups
    };
    let (old, new) = (group(a), group(b));
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        let of = |groups: &BTreeMap<_, Vec<Statement>>| groups.get(key).cloned().unwrap_or_default();
        let (old, new) = (of(&old), of(&new));
        if let ([x], [y]) = (old.as_slice(), new.as_slice()) {
            one(x, y, out);
            continue;
        }
        for x in old.iter().filter(|x| !new.contains(x)) {
            out.push(Difference::new("statement", Some(claim(&a.anchor, x)), None));
        }
        for y in new.iter().filter(|y| !old.contains(y)) {
            out.push(Difference::new("statement", None, Some(claim(&b.anchor, y))));
        }
    }
}

/// What differs between two statements of one kind under one path.
fn one(x: &Statement, y: &Statement, out: &mut Vec<Difference>) {
    let name = format!("{} packet {} of {}", x.kind.name(), x.packet.sequence, x.packet.source_client);
    let mut field = |what: &str, x: String, y: String| {
        if x != y {
            out.push(Difference::both(format!("{name}: {what}"), plain(&x, SHOWN), plain(&y, SHOWN)));
        }
    };
    let (p, q) = (&x.packet, &y.packet);
    field("height", x.height.to_string(), y.height.to_string());
    field("sequence", p.sequence.to_string(), q.sequence.to_string());
    field("source client", p.source_client.to_string(), q.source_client.to_string());
    field("destination client", p.destination_client.to_string(), q.destination_client.to_string());
    field("timeout", p.timeout_timestamp.to_string(), q.timeout_timestamp.to_string());
    field("payloads", p.payloads.len().to_string(), q.payloads.len().to_string());
    for (index, (p, q)) in p.payloads.iter().zip(&q.payloads).enumerate() {
        let at = |what: &str| format!("payload {index} {what}");
        field(&at("source port"), p.source_port.to_string(), q.source_port.to_string());
        field(&at("destination port"), p.destination_port.to_string(), q.destination_port.to_string());
        field(&at("version"), p.version.clone(), q.version.clone());
        field(&at("encoding"), p.encoding.clone(), q.encoding.clone());
        field(&at("value"), p.value.to_string(), q.value.to_string());
    }
    let acks = |s: &Statement| s.acknowledgement.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    field("acknowledgements", acks(x), acks(y));
    field("value", x.value.to_string(), y.value.to_string());
}

/// Updates by what they say that they are; two of one name are one that differs.
fn updates(a: &Bundle, b: &Bundle, out: &mut Vec<Difference>) {
    if a.updates == b.updates {
        return;
    }
    let titles = |bundle: &Bundle| -> Vec<String> {
        let steps = explain(bundle, None, None).steps;
        steps.into_iter().nth(1).map(|s| s.children.into_iter().map(|c| c.title).collect()).unwrap_or_default()
    };
    let only = |this: &Bundle, other: &Bundle| -> Vec<String> {
        let titles = titles(this);
        let own = this.updates.iter().zip(titles).filter(|(update, _)| !other.updates.contains(update));
        own.map(|(_, title)| title).collect()
    };
    let (gone, mut come) = (only(a, b), only(b, a));
    if gone.is_empty() && come.is_empty() {
        out.push(Difference::both("updates", "another order", "another order"));
    }
    for title in gone {
        let block = |title: &str| title.split(',').next().unwrap_or_default().to_owned();
        match come.iter().position(|other| block(other) == block(&title)) {
            Some(at) => {
                let other = come.remove(at);
                out.push(Difference::both(
                    format!("update to {}", block(&title)),
                    title,
                    format!("{other}, other bytes"),
                ));
            }
            None => out.push(Difference::new("update", Some(title), None)),
        }
    }
    out.extend(come.into_iter().map(|title| Difference::new("update", None, Some(title))));
}
