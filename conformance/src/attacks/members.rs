//! Cases as they are made.

use crate::{case::Case, kind::Kind, scenarios::grandpa::rng::Rng};
use alloy_primitives::{B256, hex};
use serde_json::{Map, Value, json};

/// Makes members of a class.
pub type Maker = fn(&mut Rng, &mut Members);

/// The members of a class, or of a loss.
#[derive(Debug)]
pub struct Members {
    class: &'static str,
    round: u64,
    cases: Vec<Case>,
}

impl Members {
    /// None yet.
    pub fn new(class: &'static str, round: u64) -> Self {
        Self { class, round, cases: Vec::new() }
    }

    /// All of them, in the order in which they were made.
    pub fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    /// One more, by kind, what it does, the verdict, and its fields.
    ///
    /// # Panics
    /// If there is no such kind, or a field of it is missing.
    pub fn put(&mut self, kind: &str, what: &str, expect: &str, fields: Value) {
        let kind = Kind::of(kind).unwrap_or_else(|| panic!("no kind {kind}"));
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        let mut all = Map::new();
        let mut name = format!("{}_{what}_{}", self.class, self.round);
        let same = self.cases.iter().filter(|case| case.kind == kind && case.name.starts_with(&name)).count();
        if same > 0 {
            name = format!("{name}_{same}");
        }
        all.insert("name".into(), name.into());
        all.extend(fields);
        all.insert(kind.verdict.into(), expect.into());
        self.cases.push(Case::new(self.class, kind, all).expect("every field of the kind"));
    }
}

/// Bytes as the files have them.
pub fn hexed(bytes: impl AsRef<[u8]>) -> String {
    hex::encode_prefixed(bytes)
}

/// A client's hashes as the files have them.
pub fn stored(list: &[(u64, B256)]) -> Value {
    list.iter().map(|(height, hash)| json!({"height": height, "hash": hash})).collect()
}

/// Whether an update of this verdict has a height and a consensus state.
pub fn leads_on(expect: &str) -> bool {
    ["Update", "NoOp", "Misbehaviour"].contains(&expect)
}

/// Paths and the values claimed there, as the fields of a case; zero for nothing.
pub fn claims(list: &[(Vec<u8>, B256)]) -> (Vec<String>, Vec<B256>) {
    list.iter().map(|(path, value)| (hexed(path), *value)).unzip()
}

/// Between `low` and `high`, both included.
pub fn between(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + rng.below(high - low + 1)
}

/// A text that makes other keys.
pub fn salt(rng: &mut Rng) -> String {
    format!("{:016x} ", rng.next())
}
