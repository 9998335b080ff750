//! A file as a tree, whichever form it has: read by serde_json or ciborium, written again, and
//! taken only if the bytes are the same.

use super::fault::{left_out, need};
use ciborium::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Number(u64),
    /// In JSON also bytes.
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Node>),
    /// JSON only; CBOR has lists.
    Object(Vec<(String, Node)>),
}

/// Fields of text; other strings in JSON are bytes.
const TEXTS: [&str; 13] = [
    "format",
    "name",
    "client_type",
    "chain",
    "host",
    "consensus",
    "kind",
    "source_client",
    "destination_client",
    "source_port",
    "destination_port",
    "version",
    "encoding",
];

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a string, an array or an object")
            }
            fn visit_u64<E>(self, n: u64) -> Result<Node, E> {
                Ok(Node::Number(n))
            }
            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Node::Object(fields))
            }
        }
        d.deserialize_any(Any)
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    need(!digits.chars().any(|c| c.is_ascii_uppercase()), "LUPU-BUN-003").ok()?;
    let good = digits.len().is_multiple_of(2) && digits.chars().all(|c| c.is_ascii_hexdigit());
    let pairs = (0..digits.len() / 2).map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok());
    if good { pairs.collect() } else { None }
}

/// A file in either form, if it is the canonical one.
pub fn read(file: &[u8]) -> Option<Node> {
    if let Some(rest) = file.strip_prefix(&[0xd9, 0xd9, 0xf7]) {
        let value: Value = ciborium::from_reader(rest).ok()?;
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).ok()?;
        need(is_written(&again, rest), "LUPU-BUN-005").ok()?;
        return from_cbor(value);
    }
    let node: Node = match left_out("LUPU-BUN-006") {
        true => serde_json::Deserializer::from_slice(file).into_iter().next()?.ok()?,
        false => serde_json::from_slice(file).ok()?,
    };
    let again = node.to_json() + "\n";
    let as_it_is = is_written(again.as_bytes(), file);
    let unescaped = || Some(unescaped(&again) == unescaped(std::str::from_utf8(file).ok()?));
    need(as_it_is || left_out("LUPU-BUN-004") && unescaped()?, "LUPU-BUN-001").ok()?;
    Some(node)
}

/// Whether a file is what is written again.
fn is_written(again: &[u8], file: &[u8]) -> bool {
    again == file || left_out("LUPU-BUN-006") && file.starts_with(again)
}

/// Text without the escapes of JSON that name a character by its number.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let number = part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match number.and_then(char::from_u32) {
            Some(c) => out.extend([c].into_iter().chain(part.chars().skip(4))),
            None => out.push_str(part),
        }
    }
    out
}

fn from_cbor(value: Value) -> Option<Node> {
    Some(match value {
        Value::Integer(n) => Node::Number(u64::try_from(n).ok()?),
        Value::Bytes(bytes) => Node::Bytes(bytes),
        Value::Text(text) => Node::Text(text),
        Value::Array(items) => Node::List(items.into_iter().map(from_cbor).collect::<Option<_>>()?),
        _ => return None,
    })
}

impl Node {
    pub fn to_json(&self) -> String {
        let join = |items: Vec<String>| items.join(",");
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(text) => quoted(text),
            Self::Bytes(bytes) => quoted(&alloy_primitives::hex::encode_prefixed(bytes)),
            Self::List(items) => format!("[{}]", join(items.iter().map(Self::to_json).collect())),
            Self::Object(fields) => {
                let field = |(name, node): &(String, Self)| format!("{}:{}", quoted(name), node.to_json());
                format!("{{{}}}", join(fields.iter().map(field).collect()))
            }
        }
    }

    /// Without the tag. Hex must be bytes already.
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(&self.value(), &mut out).unwrap();
        out
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(n) => Value::Integer((*n).into()),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Self::Object(fields) => Value::Array(fields.iter().map(|(_, node)| node.value()).collect()),
        }
    }

    /// As CBOR has it, where this stands in a field of this name: lists for objects, bytes for hex.
    pub fn laid_out(&self, name: &str) -> Option<Self> {
        Some(match self {
            Self::Object(fields) => {
                Self::List(fields.iter().map(|(name, node)| node.laid_out(name)).collect::<Option<_>>()?)
            }
            Self::List(items) => Self::List(items.iter().map(|item| item.laid_out(name)).collect::<Option<_>>()?),
            Self::Text(text) if !TEXTS.contains(&name) => Self::Bytes(hex(text)?),
            other => other.clone(),
        })
    }

    /// The values of exactly these fields, in this order.
    pub fn object(&self, names: &[&str]) -> Option<Vec<Self>> {
        let by_name = |fields: &[(String, Self)], name: &str| Some(fields.iter().find(|(n, _)| n == name)?.1.clone());
        match self {
            Self::Object(fields) if left_out("LUPU-BUN-009") => names.iter().map(|n| by_name(fields, n)).collect(),
            Self::Object(fields) => {
                let same = fields.iter().map(|(name, _)| name.as_str()).eq(names.iter().copied());
                same.then(|| fields.iter().map(|(_, node)| node.clone()).collect())
            }
            Self::List(items) => (items.len() == names.len()).then(|| items.clone()),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<Vec<Self>> {
        if let Self::List(items) = self { Some(items.clone()) } else { None }
    }

    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(n) => Some(*n),
            Self::Text(digits) if left_out("LUPU-BUN-002") => digits.parse().ok(),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<String> {
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }

    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Text(text) => hex(text),
            _ => None,
        }
    }

    /// Bytes of this length, as bytes.
    pub fn fixed(&self, len: usize) -> Option<Vec<u8>> {
        self.bytes().filter(|bytes| bytes.len() == len)
    }
}
