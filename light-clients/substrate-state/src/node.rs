//! One node of a state trie, in its canonical encoding only.

use crate::{
    key::{nibble, nibbles},
    scale::{Reader, ScaleError},
};

/// Largest node of a packed proof, in bytes.
pub const MAX_NODE: usize = 4096;
/// A node with fewer bytes than this stands in its parent instead of its hash.
pub const MIN_HASHED_NODE: usize = 32;

/// Why bytes are not a canonical node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Not strict SCALE, or bytes after the last item.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// A first byte that starts no node.
    #[error("no node starts with {0:#04x}")]
    Header(u8),
    /// An odd number of nibbles whose first byte has a high nibble.
    #[error("padding nibble is not zero")]
    Padding,
    /// A branch that leads nowhere, or only one way and holds no value.
    #[error("branch with {0} children and no reason to stand")]
    TooFewChildren(u32),
    /// A child of more than 32 bytes.
    #[error("child {0} is neither a hash nor an inline node")]
    Child(usize),
    /// The node of an empty trie below the root.
    #[error("the empty node stands below the root")]
    EmptyBelowRoot,
}

/// What a branch points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Child<'a> {
    /// Nothing.
    #[default]
    Empty,
    /// BLAKE2b-256 of a node of at least 32 bytes.
    Hash(&'a [u8; 32]),
    /// A whole node of fewer than 32 bytes.
    Inline(&'a [u8]),
}

/// What a leaf or a branch stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The value itself; may be empty.
    Inline(&'a [u8]),
    /// BLAKE2b-256 of the value (state version 1).
    Hash(&'a [u8; 32]),
}

/// The nibbles that all keys below a node share after its place; the first byte's high nibble is
/// padding if their number is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial<'a> {
    bytes: &'a [u8],
    odd: bool,
}

impl<'a> Partial<'a> {
    fn decode(reader: &mut Reader<'a>, count: usize) -> Result<Self, NodeError> {
        let odd = !count.is_multiple_of(2);
        let bytes = reader.bytes(count.div_ceil(2))?;
        if odd && bytes.first().is_some_and(|b| b >> 4 != 0) {
            return Err(NodeError::Padding);
        }
        Ok(Self { bytes, odd })
    }

    /// Number of nibbles.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_mul(2).saturating_sub(usize::from(self.odd))
    }

    /// Whether there are no nibbles.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The nibbles, in their order.
    pub fn nibbles(self) -> impl Iterator<Item = u8> + 'a {
        let skip = usize::from(self.odd);
        (0..self.len()).filter_map(move |i| nibble(self.bytes, i.saturating_add(skip)))
    }

    /// Whether the key goes on with these nibbles after `depth`.
    pub fn matches(&self, key: &[u8], depth: usize) -> bool {
        let len = self.len();
        depth.saturating_add(len) <= nibbles(key)
            && (0..len).all(|i| {
                let own = nibble(self.bytes, i.saturating_add(usize::from(self.odd)));
                own == nibble(key, depth.saturating_add(i))
            })
    }
}

/// A decoded node.
#[allow(clippy::large_enum_variant, reason = "lives on the stack, one at a time, without allocating")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// The root of a trie without entries.
    Empty,
    /// The end of a path.
    Leaf {
        /// The nibbles left to the key.
        partial: Partial<'a>,
        /// What is stored.
        value: Value<'a>,
    },
    /// Sixteen ways on, and a value for the key that ends here.
    Branch {
        /// Nibbles before the branching.
        partial: Partial<'a>,
        /// By next nibble.
        children: [Child<'a>; 16],
        /// What is stored, if a key ends here.
        value: Option<Value<'a>>,
    },
}

/// Reads the nibble count that starts in the low bits of the header, whose largest value is `most`.
fn count(reader: &mut Reader<'_>, header: u8, most: u8) -> Result<usize, NodeError> {
    let start = header & most;
    if start < most {
        return Ok(usize::from(start));
    }
    let mut total = usize::from(most);
    loop {
        let more = reader.u8()?;
        total = total.saturating_add(usize::from(more));
        if more < 255 {
            return Ok(total);
        }
    }
}

fn child<'a>(reader: &mut Reader<'a>, index: usize) -> Result<Child<'a>, NodeError> {
    let bytes = reader.prefixed()?;
    if bytes.len() < MIN_HASHED_NODE {
        return Ok(Child::Inline(bytes));
    }
    bytes.try_into().map(Child::Hash).map_err(|_| NodeError::Child(index))
}

/// How a header byte says that the value is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    No,
    Inline,
    Hashed,
}

fn value<'a>(reader: &mut Reader<'a>, stored: Stored) -> Result<Option<Value<'a>>, NodeError> {
    Ok(match stored {
        Stored::No => None,
        Stored::Inline => Some(Value::Inline(reader.prefixed()?)),
        Stored::Hashed => Some(Value::Hash(reader.array_ref()?)),
    })
}

impl<'a> Node<'a> {
    /// Decodes exactly `raw`. The shape of every child is checked; the inside of an inline child
    /// only when the walk goes there.
    pub fn decode(raw: &'a [u8]) -> Result<Self, NodeError> {
        let mut reader = Reader::new(raw);
        let header = reader.u8()?;
        let (is_leaf, stored, most) = match header {
            0x00 => {
                reader.finish()?;
                return Ok(Self::Empty);
            }
            0x01..=0x0f => return Err(NodeError::Header(header)),
            0x10..=0x1f => (false, Stored::Hashed, 0x0f),
            0x20..=0x3f => (true, Stored::Hashed, 0x1f),
            0x40..=0x7f => (true, Stored::Inline, 0x3f),
            0x80..=0xbf => (false, Stored::No, 0x3f),
            0xc0..=0xff => (false, Stored::Inline, 0x3f),
        };
        let count = count(&mut reader, header, most)?;
        let partial = Partial::decode(&mut reader, count)?;
        let bitmap = if is_leaf { 0 } else { reader.u16()? };
        let least = if stored == Stored::No { 2 } else { 1 };
        if !is_leaf && bitmap.count_ones() < least {
            return Err(NodeError::TooFewChildren(bitmap.count_ones()));
        }
        let value = value(&mut reader, stored)?;
        let mut children = [Child::Empty; 16];
        for (index, slot) in children.iter_mut().enumerate() {
            if (bitmap >> index) & 1 == 1 {
                *slot = child(&mut reader, index)?;
            }
        }
        reader.finish()?;
        Ok(match value {
            Some(value) if is_leaf => Self::Leaf { partial, value },
            value => Self::Branch { partial, children, value },
        })
    }
}

/// Where a walk through one node, and the nodes inline in it, leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// To a node with this hash, `depth` nibbles down.
    Next { hash: &'a [u8; 32], depth: usize },
    /// To the key's value.
    Present(&'a [u8]),
    /// To the hash of the key's value.
    Hashed(&'a [u8; 32]),
    /// To the certainty that there is none.
    Absent,
}

impl<'a> From<Option<Value<'a>>> for Step<'a> {
    fn from(value: Option<Value<'a>>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Inline(bytes)) => Self::Present(bytes),
            Some(Value::Hash(hash)) => Self::Hashed(hash),
        }
    }
}

/// Walks from a node that stands `depth` nibbles down, as far as inline nodes go. Only the root
/// stands at depth 0.
pub(crate) fn walk<'a>(mut raw: &'a [u8], key: &[u8], mut depth: usize) -> Result<Step<'a>, NodeError> {
    loop {
        let (partial, children, value) = match Node::decode(raw)? {
            Node::Empty if depth > 0 => return Err(NodeError::EmptyBelowRoot),
            Node::Empty => return Ok(Step::Absent),
            Node::Leaf { partial, value } => {
                let ends = depth.saturating_add(partial.len()) == nibbles(key);
                let here = ends && partial.matches(key, depth);
                return Ok(here.then_some(value).into());
            }
            Node::Branch { partial, children, value } => (partial, children, value),
        };
        if !partial.matches(key, depth) {
            return Ok(Step::Absent);
        }
        depth = depth.saturating_add(partial.len());
        let Some(next) = nibble(key, depth) else { return Ok(value.into()) };
        depth = depth.saturating_add(1);
        match children.get(usize::from(next)).copied().unwrap_or_default() {
            Child::Empty => return Ok(Step::Absent),
            Child::Hash(hash) => return Ok(Step::Next { hash, depth }),
            Child::Inline(inner) => raw = inner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::{ScaleErrorKind, put_prefixed};
    use alloc::vec::Vec;

    fn leaf(key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut out = alloc::vec![0x40 | (key.len() as u8 * 2)];
        out.extend_from_slice(key);
        put_prefixed(&mut out, value);
        out
    }

    fn branch(header: u8, bitmap: u16, children: &[&[u8]]) -> Vec<u8> {
        let mut out = alloc::vec![header];
        out.extend(bitmap.to_le_bytes());
        if header >= 0xc0 {
            put_prefixed(&mut out, b"here");
        }
        for child in children {
            put_prefixed(&mut out, child);
        }
        out
    }

    fn scale(raw: &[u8]) -> ScaleErrorKind {
        match Node::decode(raw) {
            Err(NodeError::Scale(e)) => e.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn headers_are_strict() {
        assert_eq!(Node::decode(&[0x00]), Ok(Node::Empty));
        assert_eq!(scale(&[0x00, 0x00]), ScaleErrorKind::Trailing(1));
        assert_eq!(scale(&[]), ScaleErrorKind::Truncated { needed: 1, left: 0 });
        for header in 0x01..=0x0f {
            assert_eq!(Node::decode(&[header, 0, 0, 0]), Err(NodeError::Header(header)));
        }
    }

    #[test]
    fn nibble_counts() {
        let both = leaf(&[1; 9], &[]);
        for (count, header) in [(0usize, &[0x40][..]), (62, &[0x7e]), (63, &[0x7f, 0]), (64, &[0x7f, 1])] {
            let raw = [header, &alloc::vec![0; count.div_ceil(2)], &[0]].concat();
            let Ok(Node::Leaf { partial, .. }) = Node::decode(&raw) else { panic!("{count}") };
            assert_eq!(partial.len(), count);
        }
        for (count, more) in [(317usize, &[254][..]), (318, &[255, 0]), (573, &[255, 255, 0])] {
            let raw = [&[0x7f], more, &alloc::vec![0; count.div_ceil(2)], &[0]].concat();
            let Ok(Node::Leaf { partial, .. }) = Node::decode(&raw) else { panic!("{count}") };
            assert_eq!(partial.len(), count);
        }
        assert!(matches!(Node::decode(&both), Ok(Node::Leaf { .. })));
        assert!(matches!(scale(&[0x7f, 255, 255]), ScaleErrorKind::Truncated { .. }));
        assert_eq!(Node::decode(&[0x41, 0x17, 0]), Err(NodeError::Padding));
        assert!(Node::decode(&[0x41, 0x07, 0]).is_ok());
    }

    #[test]
    fn values_and_children_are_strict() {
        let hash = [7; 32];
        assert!(Node::decode(&[&[0x20][..], &hash].concat()).is_ok());
        assert_eq!(scale(&[&[0x20][..], &hash, &[0]].concat()), ScaleErrorKind::Trailing(1));
        assert!(matches!(scale(&[&[0x20][..], &hash[1..]].concat()), ScaleErrorKind::Truncated { .. }));
        assert_eq!(scale(&[0x40, 0x05, 0x00, 9]), ScaleErrorKind::NotMinimal);
        let small = leaf(&[1], b"x");
        assert!(Node::decode(&branch(0x80, 0b11, &[&small, &hash])).is_ok());
        assert_eq!(Node::decode(&branch(0x80, 0b10, &[&hash])), Err(NodeError::TooFewChildren(1)));
        assert_eq!(Node::decode(&branch(0x80, 0, &[])), Err(NodeError::TooFewChildren(0)));
        assert!(Node::decode(&branch(0xc0, 0b10, &[&hash])).is_ok());
        assert_eq!(Node::decode(&branch(0xc0, 0, &[])), Err(NodeError::TooFewChildren(0)));
        assert_eq!(Node::decode(&branch(0xc0, 0b10, &[&[7; 33]])), Err(NodeError::Child(1)));
        assert_eq!(scale(&branch(0xc0, 0b10, &[&hash, &hash])), ScaleErrorKind::Trailing(33));
    }

    #[test]
    fn walks_end() {
        let key = [0x12, 0x34];
        let raw = leaf(&key, b"value");
        assert_eq!(walk(&raw, &key, 0), Ok(Step::Present(b"value")));
        for other in [&[0x12][..], &[0x12, 0x34, 0x00], &[0x12, 0x35], &[]] {
            assert_eq!(walk(&raw, other, 0), Ok(Step::Absent));
        }
        assert_eq!(walk(&raw, &[0xff, 0x12, 0x34], 2), Ok(Step::Present(b"value")));
        let inner = leaf(&[0x34], b"in");
        let mut odd = alloc::vec![0x41, 0x02];
        put_prefixed(&mut odd, b"odd");
        let raw = branch(0xc0, 1 << 1, &[&odd]);
        assert_eq!(walk(&raw, &[], 0), Ok(Step::Present(b"here")));
        assert_eq!(walk(&raw, &[0x12], 0), Ok(Step::Present(b"odd")));
        assert_eq!(walk(&raw, &[0x13], 0), Ok(Step::Absent));
        assert_eq!(walk(&raw, &[0x22], 0), Ok(Step::Absent));
        let raw = branch(0x80, 0b11, &[&[0x00], &inner]);
        assert_eq!(walk(&raw, &[0x01], 0), Err(NodeError::EmptyBelowRoot));
        assert_eq!(walk(&raw, &[0x20], 0), Ok(Step::Absent));
        assert_eq!(walk(&raw, &[], 0), Ok(Step::Absent));
        assert_eq!(walk(&[0x00], &[], 0), Ok(Step::Absent));
    }
}
