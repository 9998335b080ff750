//! Bytes, hashes and numbers in the JSON of a node.

use alloy_primitives::B256;
use serde_json::Value;

/// A part of an answer that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct FieldError {
    /// Which part.
    pub what: &'static str,
    /// What is wrong.
    pub reason: &'static str,
}

fn wrong(what: &'static str, reason: &'static str) -> FieldError {
    FieldError { what, reason }
}

/// A member of an object.
pub(crate) fn at<'a>(value: &'a Value, what: &'static str) -> Result<&'a Value, FieldError> {
    value.get(what).ok_or_else(|| wrong(what, "missing"))
}

/// `0x` and an even number of hex digits.
pub(crate) fn bytes(value: &Value, what: &'static str) -> Result<Vec<u8>, FieldError> {
    let text = value.as_str().ok_or_else(|| wrong(what, "not a string"))?;
    let digits = text.strip_prefix("0x").ok_or_else(|| wrong(what, "no 0x"))?;
    hex::decode(digits).map_err(|_| wrong(what, "not hex"))
}

/// 32 bytes of hex.
pub(crate) fn hash(value: &Value, what: &'static str) -> Result<B256, FieldError> {
    B256::try_from(bytes(value, what)?.as_slice()).map_err(|_| wrong(what, "not 32 bytes"))
}

/// A list of byte strings.
pub(crate) fn bytes_list(value: &Value, what: &'static str) -> Result<Vec<Vec<u8>>, FieldError> {
    let list = value.as_array().ok_or_else(|| wrong(what, "not a list"))?;
    list.iter().map(|v| bytes(v, what)).collect()
}

/// A number, as JSON has it or in hex, as Substrate nodes write block numbers.
pub(crate) fn number(value: &Value, what: &'static str) -> Result<u64, FieldError> {
    if let Some(n) = value.as_u64() {
        return Ok(n);
    }
    let digits = value.as_str().and_then(|t| t.strip_prefix("0x")).ok_or_else(|| wrong(what, "not a number"))?;
    u64::from_str_radix(digits, 16).map_err(|_| wrong(what, "not a number"))
}

/// Bytes given as hex or as a JSON list of numbers.
pub(crate) fn bytes_or_list(value: &Value, what: &'static str) -> Result<Vec<u8>, FieldError> {
    let Some(list) = value.as_array() else { return bytes(value, what) };
    let byte = |v: &Value| v.as_u64().and_then(|n| u8::try_from(n).ok()).ok_or_else(|| wrong(what, "not a byte"));
    list.iter().map(byte).collect()
}

/// `0x` and hex digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms() {
        assert_eq!(bytes(&json!("0x0102"), "x"), Ok(vec![1, 2]));
        assert_eq!(bytes(&json!("0x012"), "x"), Err(wrong("x", "not hex")));
        assert_eq!(bytes(&json!("0102"), "x"), Err(wrong("x", "no 0x")));
        assert_eq!(bytes_or_list(&json!([70, 82]), "x"), Ok(b"FR".to_vec()));
        assert_eq!(bytes_or_list(&json!([256]), "x"), Err(wrong("x", "not a byte")));
        assert_eq!(number(&json!("0x1f"), "x"), Ok(31));
        assert_eq!(number(&json!(31), "x"), Ok(31));
        assert_eq!(number(&json!("31"), "x"), Err(wrong("x", "not a number")));
        assert_eq!(hash(&json!("0x01"), "x"), Err(wrong("x", "not 32 bytes")));
    }
}
