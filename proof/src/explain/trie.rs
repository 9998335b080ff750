//! A key's way through a trie, as items.

use super::{
    Fact, Item, Status,
    tree::{counted, hex, nibbles},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::B256;
use lupu_ethereum_state as ethereum;
use lupu_substrate_state as substrate;

/// A bundle's nodes by hash.
pub(super) enum Nodes {
    Ethereum(ethereum::NodeSet),
    Substrate(substrate::NodeSet),
}

/// A node on the way, whatever the trie.
struct Visited {
    hash: Option<B256>,
    len: usize,
    depth: usize,
    kind: &'static str,
    held: Vec<u8>,
    next: Next,
}

enum Next {
    Node(B256),
    Inside,
    Value(Vec<u8>),
    Hashed(B256),
    Absent,
}

/// What a way through a trie shows.
pub(super) struct Way {
    pub(super) items: Vec<Item>,
    /// The value found; `None` for none, or where the way breaks off.
    pub(super) value: Option<Vec<u8>>,
    /// Whether it breaks off.
    pub(super) is_broken: bool,
}

impl Nodes {
    /// The way of a key from a root, an item for each node.
    pub(super) fn way(&self, root: &B256, key: &[u8]) -> Way {
        let (visited, value, broken) = match self {
            Self::Ethereum(set) => {
                let trace = set.trace(root, &B256::try_from(key).unwrap_or_default());
                let broken = trace.end.as_ref().err().map(ToString::to_string);
                (trace.visited.into_iter().map(of_ethereum).collect::<Vec<_>>(), trace.end.ok().flatten(), broken)
            }
            Self::Substrate(set) => {
                let trace = set.trace(root, key);
                let broken = trace.end.as_ref().err().map(|e| e.kind.to_string());
                (trace.visited.into_iter().map(of_substrate).collect(), trace.end.ok().flatten(), broken)
            }
        };
        let mut items = Vec::new();
        if visited.is_empty() && broken.is_none() {
            let words = "The root is that of a trie without entries: whatever is asked for, it is not there.";
            items.push(Item::new("The trie is empty", words).code("root", root));
        }
        items.extend(visited.into_iter().enumerate().map(|(at, node)| item(at, node, key)));
        let is_broken = broken.is_some();
        if let Some(why) = broken {
            let words = "Here the way breaks off. Without this node nothing is known of what lies behind it.";
            let mut item = Item::new("The way breaks off", words).fact("why", why);
            item.status = Status::Failed;
            items.push(item);
        }
        Way { items, value, is_broken }
    }
}

fn item(at: usize, node: Visited, key: &[u8]) -> Item {
    let digits: String = nibbles(key.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]));
    let so_far = digits.get(..node.depth).unwrap_or_default();
    let rest = digits.get(node.depth..).unwrap_or_default();
    let held = nibbles(node.held.iter().copied());
    let on = rest.get(held.len()..).and_then(|r| r.chars().next());
    let matches = rest.starts_with(&held);
    let (end, words) = match &node.next {
        Next::Node(_) | Next::Inside => {
            let by = match (node.kind, on) {
                ("branch", Some(digit)) if held.is_empty() => format!("takes `{digit}`"),
                ("branch", Some(digit)) => format!("holds `{held}`, takes `{digit}`"),
                _ => format!("holds `{held}`"),
            };
            let words = match at {
                0 => "Its hash is the root itself.",
                _ => "Its hash is the one that the node before names, so it is what the root commits to.",
            };
            (by, words)
        }
        Next::Value(_) | Next::Hashed(_) => {
            let by = if held.is_empty() { "holds the value".into() } else { format!("holds `{held}` and the value") };
            (by, "The nibbles are those of the key to the last, so the value in this node is the one stored there.")
        }
        Next::Absent if !matches => {
            let by = format!("holds `{held}`, where the key goes on with `{}`", rest.get(..held.len()).unwrap_or(rest));
            (by, "The key would have to go through here and does not fit: nothing is stored there.")
        }
        Next::Absent => {
            let by = on.map_or("ends".into(), |digit| format!("has nothing at `{digit}`"));
            (by, "The way of the key ends here: nothing is stored there.")
        }
    };
    let place = if at == 0 { "Root" } else { "Node" };
    let mut item = Item::new(format!("{place}: {}, {end}", node.kind), words);
    item = match node.hash {
        Some(hash) => item.code("hash", hash),
        None => item.fact("hash", "none: it is shorter than a hash and stands inside the node before"),
    };
    item = item.fact("length", counted(node.len, "byte", "bytes"));
    if node.depth > 0 {
        item.facts.push(Fact { name: "nibbles so far".into(), value: so_far.into(), is_code: true });
    }
    match node.next {
        Next::Node(hash) => item.code("next", hash),
        Next::Inside => item.fact("next", "the node inside this one"),
        Next::Value(value) => item.code("value", hex(&value)),
        Next::Hashed(hash) => item.code("hash of the value", hash),
        Next::Absent => item.fact("next", "nothing"),
    }
}

fn of_ethereum(v: ethereum::trace::Visited) -> Visited {
    use ethereum::trace::{Next as N, Shape};
    let kind = match v.shape {
        Shape::Empty => "empty",
        Shape::Leaf => "leaf",
        Shape::Extension => "extension",
        Shape::Branch => "branch",
    };
    let next = match v.next {
        N::Node(hash) => Next::Node(hash),
        N::Embedded => Next::Inside,
        N::Value(value) => Next::Value(value),
        N::Absent => Next::Absent,
    };
    Visited { hash: v.hash, len: v.len, depth: v.depth, kind, held: v.nibbles, next }
}

fn of_substrate(v: substrate::trace::Visited) -> Visited {
    use substrate::trace::{Next as N, Shape};
    let kind = match v.shape {
        Shape::Empty => "empty",
        Shape::Leaf => "leaf",
        Shape::Branch => "branch",
    };
    let next = match v.next {
        N::Node(hash) => Next::Node(hash),
        N::Inline => Next::Inside,
        N::Value(value) => Next::Value(value),
        N::Hashed(hash) => Next::Hashed(hash),
        N::Absent => Next::Absent,
    };
    Visited { hash: v.hash, len: v.len, depth: v.depth, kind, held: v.nibbles, next }
}
