//! A configuration as a tree that remembers where each value came from.

use super::error::{Origin, Report};
use std::collections::HashMap;
use toml_edit::{Document, Item, TableLike, Value};

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    String(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Vec<Entry>),
    /// A type that no field has: float or date.
    Other(&'static str),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) origin: Origin,
    pub(super) node: Node,
}

impl Kind {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "true or false",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(name) => name,
        }
    }
}

/// Parses the report's text; a syntax error is a finding.
pub(super) fn parse(report: &Report<'_>) -> Option<Node> {
    match Document::parse(report.text) {
        Ok(document) => {
            let start = Origin::File(0);
            let root = table(document.as_table(), start);
            refuse_key_material(&root, "", "", report);
            Some(root)
        }
        Err(error) => {
            let at = error.span().map_or(0, |s| s.start);
            report.add(&Origin::File(at), "", format!("not valid TOML: {}", error.message().replace('\n', ", ")), "");
            None
        }
    }
}

fn table(t: &dyn TableLike, origin: Origin) -> Node {
    let entries = t
        .iter()
        .map(|(key, item)| {
            let key_at = t.get_key_value(key).and_then(|(k, _)| k.span()).map_or(0, |s| s.start);
            Entry { key: key.to_owned(), origin: Origin::File(key_at), node: item_node(item, key_at) }
        })
        .collect();
    Node { kind: Kind::Table(entries), origin }
}

fn item_node(item: &Item, key_at: usize) -> Node {
    let origin = Origin::File(item.span().map_or(key_at, |s| s.start));
    match item {
        Item::None => Node { kind: Kind::Other("nothing"), origin },
        Item::Value(v) => value(v, key_at),
        Item::Table(t) => table(t, origin),
        Item::ArrayOfTables(a) => {
            let nodes = a.iter().map(|t| table(t, Origin::File(t.span().map_or(key_at, |s| s.start)))).collect();
            Node { kind: Kind::Array(nodes), origin }
        }
    }
}

fn value(v: &Value, key_at: usize) -> Node {
    let at = v.span().map_or(key_at, |s| s.start);
    let origin = Origin::File(at);
    let kind = match v {
        Value::String(s) => Kind::String(s.value().clone()),
        Value::Integer(i) => Kind::Integer(*i.value()),
        Value::Boolean(b) => Kind::Boolean(*b.value()),
        Value::Float(_) => Kind::Other("a number with a fraction"),
        Value::Datetime(_) => Kind::Other("a date"),
        Value::Array(a) => Kind::Array(a.iter().map(|v| value(v, at)).collect()),
        Value::InlineTable(t) => return table(t, origin),
    };
    Node { kind, origin }
}

/// Fields whose 32 bytes everybody may know: hashes of blocks, public keys of authorities.
const PUBLIC: [&str; 3] = ["hash", "genesis", "authorities"];

/// 32 bytes of hex anywhere but in a public field are taken for a secret. The text is not repeated.
fn refuse_key_material(node: &Node, field: &str, key: &str, report: &Report<'_>) {
    match &node.kind {
        Kind::String(s) if !PUBLIC.contains(&key) && looks_like_a_key(s) => report.add(
            &node.origin,
            field,
            "looks like a private key; keys are never kept in this file",
            "put it into the keystore with `lupu key add NAME --import`, or into an environment variable and write env:NAME; \
             treat this key as exposed",
        ),
        Kind::Array(nodes) => {
            for (i, n) in nodes.iter().enumerate() {
                refuse_key_material(n, &format!("{field}[{i}]"), key, report);
            }
        }
        Kind::Table(entries) => {
            for e in entries {
                refuse_key_material(&e.node, &join(field, &e.key), &e.key, report);
            }
        }
        _ => {}
    }
}

/// Whether a text is 32 bytes of hex, with or without `0x`.
pub(super) fn looks_like_a_key(s: &str) -> bool {
    let s = s.trim();
    let digits = s.strip_prefix("0x").or_else(|| s.strip_prefix("0X")).unwrap_or(s);
    digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `a.b`, or `b` at the top.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Replaces or adds values named by `LUPU__…` variables. Values stay strings until they are read.
pub(super) fn lay_environment_over(root: &mut Node, environment: Option<HashMap<String, String>>, report: &Report<'_>) {
    use config::Source;
    let source = config::Environment::with_prefix(super::ENVIRONMENT_PREFIX)
        .prefix_separator("__")
        .separator("__")
        .source(environment);
    let values = match source.collect() {
        Ok(values) => values,
        Err(error) => {
            let origin = Origin::Environment(format!("{}__*", super::ENVIRONMENT_PREFIX));
            return report.add(&origin, "", error.to_string(), "");
        }
    };
    let mut values: Vec<_> = values.into_iter().filter_map(|(k, v)| Some((k, v.into_string().ok()?))).collect();
    values.sort();
    for (key, text) in values {
        let name = format!("{}__{}", super::ENVIRONMENT_PREFIX, key.replace('.', "__").to_uppercase());
        if looks_like_a_key(&text) && !PUBLIC.contains(&key.rsplit('.').next().unwrap_or_default()) {
            let problem = "looks like a private key; a key stands in a variable of its own";
            report.add(&Origin::Environment(name), &key, problem, "name that variable in the chain's keys as env:NAME");
            continue;
        }
        let parts: Vec<&str> = key.split('.').collect();
        set(root, &parts, &Origin::Environment(name), text);
    }
}

fn set(node: &mut Node, path: &[&str], origin: &Origin, text: String) {
    let Some((first, rest)) = path.split_first() else {
        *node = Node { kind: Kind::String(text), origin: origin.clone() };
        return;
    };
    if !matches!(node.kind, Kind::Table(_)) {
        *node = Node { kind: Kind::Table(Vec::new()), origin: origin.clone() };
    }
    let Kind::Table(entries) = &mut node.kind else { return };
    let at = entries.iter().position(|e| e.key.eq_ignore_ascii_case(first)).unwrap_or_else(|| {
        let empty = Node { kind: Kind::Table(Vec::new()), origin: origin.clone() };
        entries.push(Entry { key: (*first).to_owned(), origin: origin.clone(), node: empty });
        entries.len() - 1
    });
    if let Some(entry) = entries.get_mut(at) {
        set(&mut entry.node, rest, origin, text);
    }
}
