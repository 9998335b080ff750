//! Hex of JSON-RPC: quantities, data, hashes.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde_json::Value;

/// A field that is not there, or not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {reason}")]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn wrong(field: &'static str, reason: &'static str) -> FieldError {
    FieldError { field, reason }
}

/// A quantity, with or without leading zeros, up to 256 bits.
pub(crate) fn quantity(value: &Value, field: &'static str) -> Result<U256, FieldError> {
    let digits = value.as_str().and_then(|s| s.strip_prefix("0x")).ok_or(wrong(field, "not a hex quantity"))?;
    if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong(field, "not a hex quantity"));
    }
    U256::from_str_radix(digits, 16).map_err(|_| wrong(field, "not a hex quantity"))
}

/// A quantity of at most 64 bits.
pub(crate) fn number(value: &Value, field: &'static str) -> Result<u64, FieldError> {
    u64::try_from(quantity(value, field)?).map_err(|_| wrong(field, "above 64 bits"))
}

/// A quantity of at most 128 bits.
pub(crate) fn wide(value: &Value, field: &'static str) -> Result<u128, FieldError> {
    u128::try_from(quantity(value, field)?).map_err(|_| wrong(field, "above 128 bits"))
}

/// A quantity field of at most 64 bits.
pub(crate) fn number_at(object: &Value, field: &'static str) -> Result<u64, FieldError> {
    number(object.get(field).unwrap_or(&Value::Null), field)
}

/// Bytes.
pub(crate) fn data(value: &Value, field: &'static str) -> Result<Bytes, FieldError> {
    let digits = value.as_str().and_then(|s| s.strip_prefix("0x")).ok_or(wrong(field, "not hex data"))?;
    hex::decode(digits).map(Bytes::from).map_err(|_| wrong(field, "not hex data"))
}

/// A bytes field.
pub(crate) fn data_at(object: &Value, field: &'static str) -> Result<Bytes, FieldError> {
    data(object.get(field).unwrap_or(&Value::Null), field)
}

/// A 32-byte field.
pub(crate) fn hash_at(object: &Value, field: &'static str) -> Result<B256, FieldError> {
    B256::try_from(data_at(object, field)?.as_ref()).map_err(|_| wrong(field, "not 32 bytes"))
}

/// An address field.
pub(crate) fn address_at(object: &Value, field: &'static str) -> Result<Address, FieldError> {
    Address::try_from(data_at(object, field)?.as_ref()).map_err(|_| wrong(field, "not 20 bytes"))
}

/// A list of byte strings.
pub(crate) fn data_list(object: &Value, field: &'static str) -> Result<Vec<Bytes>, FieldError> {
    let list = object.get(field).and_then(Value::as_array).ok_or(wrong(field, "not a list"))?;
    list.iter().map(|item| data(item, field)).collect()
}

/// A number as JSON-RPC wants it.
pub(crate) fn hex_number(n: impl Into<u128>) -> String {
    format!("0x{:x}", n.into())
}
