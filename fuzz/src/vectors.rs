//! `standard/vectors`, read once: the valid messages that edits start from.

use alloy_primitives::{B256, hex};
use lupu_standard::Height;
use serde_json::Value;
use std::path::PathBuf;

/// One case of a file.
#[derive(Clone, Debug)]
pub struct Case(Value);

/// The cases of a file, for example `qbft/update`.
pub fn load(file: &str) -> Vec<Case> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../standard/vectors", &format!("{file}.json")].iter().collect();
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut file: Value = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let cases = file.get_mut("cases").map(Value::take);
    let Some(Value::Array(cases)) = cases else { panic!("{}: no cases", path.display()) };
    cases.into_iter().map(Case).collect()
}

/// The cases of several files.
pub fn load_all(files: &[&str]) -> Vec<Case> {
    files.iter().flat_map(|file| load(file)).collect()
}

impl Case {
    fn get(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or_else(|| panic!("{}: no field {field}", self.0["name"]))
    }

    /// A text.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_else(|| panic!("{}: {field} is no text", self.0["name"]))
    }

    /// The case's name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Bytes in hex.
    pub fn bytes(&self, field: &str) -> Vec<u8> {
        hex::decode(self.text(field)).unwrap_or_else(|e| panic!("{}: {field}: {e}", self.name()))
    }

    /// A hash.
    pub fn hash(&self, field: &str) -> B256 {
        B256::from_slice(&self.bytes(field))
    }

    /// A number.
    pub fn number(&self, field: &str) -> u64 {
        self.get(field).as_u64().unwrap_or_else(|| panic!("{}: {field} is no number", self.name()))
    }

    /// A yes or no.
    pub fn flag(&self, field: &str) -> bool {
        self.get(field).as_bool().unwrap_or_else(|| panic!("{}: {field} is no truth value", self.name()))
    }

    /// A list of bytes in hex.
    pub fn list(&self, field: &str) -> Vec<Vec<u8>> {
        let list = self.get(field).as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|v| hex::decode(v.as_str().unwrap_or_default()).expect("hex")).collect()
    }

    /// The consensus state hashes that a client stores.
    pub fn stored(&self) -> Vec<(Height, B256)> {
        let list = self.get("stored").as_array().map(Vec::as_slice).unwrap_or_default();
        let pair = |v: &Value| {
            let hash = hex::decode(v["hash"].as_str().unwrap_or_default()).expect("hex");
            (Height(v["height"].as_u64().expect("a height")), B256::from_slice(&hash))
        };
        list.iter().map(pair).collect()
    }
}
