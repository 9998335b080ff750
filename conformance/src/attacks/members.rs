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

/// A light client that is asked: its state, the hashes that it stores, the time.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The client type.
    pub family: &'static str,
    /// The state, encoded.
    pub state: &'a [u8],
    /// Heights and hashes.
    pub stored: &'a [(u64, B256)],
    /// Seconds.
    pub now: u64,
}

impl Members {
    fn ask(&mut self, asked: Asked<'_>, kind: &str, what: &str, expect: &str, more: Value) {
        let stored: Value = asked.stored.iter().map(|(height, hash)| json!({"height": height, "hash": hash})).collect();
        let mut fields = json!({"client_state": hexed(asked.state), "stored": stored, "now": asked.now});
        if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
            fields.extend(more);
        }
        self.put(&format!("{}/{kind}", asked.family), what, expect, fields);
    }

    /// An update, and the height and the encoded consensus state that it leads to if it is taken.
    pub fn update(
        &mut self,
        asked: Asked<'_>,
        what: &str,
        message: Vec<u8>,
        expect: &str,
        leads_to: impl FnOnce() -> (u64, Vec<u8>),
    ) {
        let taken = ["Update", "NoOp", "Misbehaviour"].contains(&expect);
        let (height, consensus) = if taken { leads_to() } else { (0, Vec::new()) };
        let more = json!({"message": hexed(message), "height": height, "consensus_state": hexed(consensus)});
        self.ask(asked, "update", what, expect, more);
    }

    /// Evidence.
    pub fn misbehaviour(&mut self, asked: Asked<'_>, what: &str, evidence: Vec<u8>, expect: &str) {
        self.ask(asked, "misbehaviour", what, expect, json!({"evidence": hexed(evidence)}));
    }

    /// Claims under paths, zero for nothing, at a height and its time.
    pub fn membership(
        &mut self,
        asked: Asked<'_>,
        what: &str,
        (height, time): (u64, u64),
        claims: &[(Vec<u8>, B256)],
        proof: Vec<u8>,
        expect: &str,
    ) {
        let (paths, values): (Vec<String>, Vec<B256>) =
            claims.iter().map(|(path, value)| (hexed(path), *value)).unzip();
        let timestamp = if expect == "ok" { time } else { 0 };
        let more =
            json!({"height": height, "paths": paths, "values": values, "proof": hexed(proof), "timestamp": timestamp});
        self.ask(asked, "membership", what, expect, more);
    }
}

/// Bytes as the files have them.
pub fn hexed(bytes: impl AsRef<[u8]>) -> String {
    hex::encode_prefixed(bytes)
}

/// Between `low` and `high`, both included.
pub fn between(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + rng.below(high - low + 1)
}

/// A text that makes other keys.
pub fn salt(rng: &mut Rng) -> String {
    format!("{:016x} ", rng.next())
}
