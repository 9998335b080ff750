//! A case of the suite, whatever its kind.

use crate::kind::Kind;
use alloy_primitives::{B256, Bytes};
use serde_json::{Map, Value};

/// Bytes, the state they are judged in, and the right verdict.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file it stands in, by its path below `standard/vectors`; of a generated case its class.
    pub file: String,
    /// What is judged.
    pub kind: &'static Kind,
    /// Unique in its file.
    pub name: String,
    /// The result that an accepting verifier names, or the check that fails.
    pub expect: String,
    /// All fields, answers too.
    pub fields: Map<String, Value>,
}

/// Results that mean that the bytes were taken for true.
const ACCEPTED: [&str; 9] = ["Update", "NoOp", "Misbehaviour", "ok", "Ok", "Receive", "TimeOut", "Success", "Failure"];

/// Whether a result or check of this name is an acceptance.
pub fn is_accepted(name: &str) -> bool {
    ACCEPTED.contains(&name)
}

/// A field is missing or not what its kind says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {problem}")]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

type Field<T> = Result<T, FieldError>;

impl Case {
    /// The case from its fields.
    ///
    /// # Errors
    /// If it has no name, no verdict, or lacks a field of its kind.
    pub fn new(file: &str, kind: &'static Kind, fields: Map<String, Value>) -> Field<Self> {
        let text = |field: &str| match fields.get(field) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(FieldError { field: field.into(), problem: "no text".into() }),
        };
        let (name, expect) = (text("name")?, text(kind.verdict)?);
        for field in kind.input {
            if !fields.contains_key(*field) {
                return Err(FieldError { field: (*field).into(), problem: format!("missing in {file}#{name}") });
            }
        }
        Ok(Self { file: file.into(), kind, name, expect, fields })
    }

    /// `file#name`, as catalogues refer to it.
    pub fn reference(&self) -> String {
        format!("{}#{}", self.file, self.name)
    }

    /// Whether the bytes must be taken for true.
    pub fn accepts(&self) -> bool {
        // That updates contradict each other is a result of a client, and an end of a bundle.
        is_accepted(&self.expect) && (self.kind.family() != "bundles" || self.expect == "ok")
    }

    /// What accepting it proves, where the kind has an answer: keccak256 of the consensus state
    /// that an update leads to, the time of a membership proof, or the digest of a bundle.
    pub fn proves(&self) -> Option<B256> {
        if !self.accepts() {
            return None;
        }
        match self.kind.answer? {
            "consensus_state" => self.bytes("consensus_state").ok().map(alloy_primitives::keccak256),
            "digest" => self.hash("digest").ok(),
            number => self.number(number).ok().map(|n| B256::left_padding_from(&n.to_be_bytes())),
        }
    }

    /// The fields that a verifier is given: no answers.
    pub fn input(&self) -> Map<String, Value> {
        self.kind.input.iter().filter_map(|f| Some(((*f).to_owned(), self.fields.get(*f)?.clone()))).collect()
    }

    /// A field of any form.
    ///
    /// # Errors
    /// If it is missing or is not of that form.
    pub fn get<T: serde::de::DeserializeOwned>(&self, field: &str) -> Field<T> {
        let value = self.fields.get(field).cloned().unwrap_or_default();
        serde_json::from_value(value)
            .map_err(|e| FieldError { field: format!("{} of {}", field, self.reference()), problem: e.to_string() })
    }

    /// Bytes, written as hex.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn bytes(&self, field: &str) -> Field<Bytes> {
        self.get(field)
    }

    /// A number below 2⁶⁴.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn number(&self, field: &str) -> Field<u64> {
        self.get(field)
    }

    /// 32 bytes.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn hash(&self, field: &str) -> Field<B256> {
        self.get(field)
    }

    /// Text.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn text(&self, field: &str) -> Field<String> {
        self.get(field)
    }

    /// True or false.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn flag(&self, field: &str) -> Field<bool> {
        self.get(field)
    }

    /// The client's heights and the hashes stored there, zero for none.
    ///
    /// # Errors
    /// As [`Case::get`].
    pub fn stored(&self) -> Field<Vec<(u64, B256)>> {
        #[derive(serde::Deserialize)]
        struct Stored {
            height: u64,
            hash: B256,
        }
        let stored: Vec<Stored> = self.get("stored")?;
        Ok(stored.into_iter().map(|s| (s.height, s.hash)).collect())
    }
}
