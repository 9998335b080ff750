//! Revert data in words: custom errors of our contracts with their arguments, `Error(string)`, `Panic(uint256)`.

use crate::{artifacts, rpc::NodeError};
use alloy::{
    dyn_abi::{DynSolValue, JsonAbiExt},
    json_abi,
    primitives::{Selector, U256},
};
use std::{collections::HashMap, sync::LazyLock};

/// Bytes of an argument that are shown.
const SHOWN: usize = 64;

static TABLE: LazyLock<HashMap<Selector, json_abi::Error>> =
    LazyLock::new(|| artifacts::errors().into_iter().map(|error| (error.selector(), error)).collect());

/// The words for a node's refusal: the decoded revert reason if there is one, else what the node says.
pub fn explain(error: &NodeError) -> String {
    match error.data.as_deref().map(describe) {
        Some(words) => words,
        None => error.message.clone(),
    }
}

/// The name of a custom error, without arguments: `UnknownClient`.
pub fn name(data: &[u8]) -> Option<&'static str> {
    let selector = Selector::try_from(data.get(..4)?).ok()?;
    TABLE.get(&selector).map(|error| error.name.as_str())
}

/// Revert data in words.
pub fn describe(data: &[u8]) -> String {
    let Some((selector, arguments)) = data.split_at_checked(4) else {
        return if data.is_empty() { "reverted without a reason".into() } else { raw(data) };
    };
    match selector {
        [0x08, 0xc3, 0x79, 0xa0] => {
            let text = string_argument(arguments);
            return text.map_or_else(|| raw(data), |text| format!("reverted: {text}"));
        }
        [0x4e, 0x48, 0x7b, 0x71] => {
            let code = U256::try_from_be_slice(arguments).unwrap_or_default();
            return format!("panic 0x{code:02x}: {}", panic_words(code));
        }
        _ => {}
    }
    let selector = Selector::try_from(selector).unwrap_or_default();
    let Some(error) = TABLE.get(&selector) else { return raw(data) };
    match error.abi_decode_input(arguments) {
        Ok(values) => {
            let shown = error.inputs.iter().zip(&values).map(|(input, value)| argument(&input.name, value));
            let shown: Vec<String> = shown.collect();
            if shown.is_empty() { error.name.clone() } else { format!("{}({})", error.name, shown.join(", ")) }
        }
        Err(_) => format!("{} with malformed arguments", error.name),
    }
}

fn raw(data: &[u8]) -> String {
    format!("unknown error {}", bytes(data))
}

fn bytes(data: &[u8]) -> String {
    match data.get(..SHOWN) {
        Some(start) if data.len() > SHOWN => format!("0x{}… ({} bytes)", hex::encode(start), data.len()),
        _ => format!("0x{}", hex::encode(data)),
    }
}

fn string_argument(arguments: &[u8]) -> Option<String> {
    use alloy::sol_types::SolValue;
    String::abi_decode(arguments).ok().map(|s| s.chars().filter(|c| !c.is_control()).take(300).collect())
}

fn argument(name: &str, value: &DynSolValue) -> String {
    let shown = match value {
        DynSolValue::String(s) => format!("{:?}", s.chars().take(200).collect::<String>()),
        // An error inside an error: a callback's reason.
        DynSolValue::Bytes(b) if b.len() >= 4 && is_known(b) => describe(b),
        DynSolValue::Bytes(b) => bytes(b),
        DynSolValue::FixedBytes(word, size) => bytes(word.get(..*size).unwrap_or_default()),
        DynSolValue::Address(a) => a.to_string(),
        DynSolValue::Uint(n, _) => n.to_string(),
        DynSolValue::Int(n, _) => n.to_string(),
        DynSolValue::Bool(b) => b.to_string(),
        other => format!("{other:?}").chars().take(200).collect(),
    };
    if name.is_empty() { shown } else { format!("{name}: {shown}") }
}

fn is_known(data: &[u8]) -> bool {
    name(data).is_some() || matches!(data, [0x08, 0xc3, 0x79, 0xa0, ..] | [0x4e, 0x48, 0x7b, 0x71, ..])
}

fn panic_words(code: U256) -> &'static str {
    match u8::try_from(code).unwrap_or(0xff) {
        0x01 => "assertion failed",
        0x11 => "arithmetic overflow",
        0x12 => "division by zero",
        0x21 => "no such enum value",
        0x22 => "malformed storage byte array",
        0x31 => "pop of an empty array",
        0x32 => "index out of bounds",
        0x41 => "out of memory",
        0x51 => "call of an unset function",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol_types::{Panic, Revert, SolError};

    #[test]
    fn reverts_become_words() {
        assert_eq!(describe(&[]), "reverted without a reason");
        assert_eq!(describe(&Revert::from("too poor").abi_encode()), "reverted: too poor");
        let panic = Panic { code: U256::from(0x11) }.abi_encode();
        assert_eq!(describe(&panic), "panic 0x11: arithmetic overflow");
        assert_eq!(describe(&[1, 2, 3, 4, 5]), "unknown error 0x0102030405");
        assert_eq!(describe(&[0x08, 0xc3, 0x79, 0xa0, 1]), "unknown error 0x08c379a001");
    }

    #[test]
    fn custom_errors_are_named_with_their_arguments() {
        let unknown = crate::abi::IRouter::UnknownClient { clientId: "harbour.qbft-bank".into() }.abi_encode();
        assert_eq!(describe(&unknown), "UnknownClient(clientId: \"harbour.qbft-bank\")");
        assert_eq!(name(&unknown), Some("UnknownClient"));
        assert_eq!(describe(&unknown[..20]), "UnknownClient with malformed arguments");
        let node = NodeError { code: 3, message: "execution reverted".into(), data: Some(unknown) };
        assert!(explain(&node).starts_with("UnknownClient("));
    }
}
