//! The JSON Schemas have the fields that the codec writes, in its order, and take every valid vector;
//! what they refuse the codec refuses.
#![allow(missing_docs)]

use lupu_proof::Bundle;
use serde_json::Value;
use std::{fs, path::PathBuf};

fn standard() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../standard")
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&fs::read(standard().join(path)).unwrap()).unwrap()
}

/// Whether a text matches one of the few forms of pattern that the schemas use: a literal start,
/// then classes with counts.
fn hex(text: &str, digits: Option<usize>) -> bool {
    let Some(rest) = text.strip_prefix("0x") else { return false };
    let good = rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    good && digits.map_or(rest.len().is_multiple_of(2), |n| rest.len() == n)
}

fn matches(pattern: &str, text: &str) -> bool {
    let inner = |start: &str, end: &str| pattern.strip_prefix(start)?.strip_suffix(end)?.parse().ok();
    if let Some(digits) = inner("^0x[0-9a-f]{", "}$") {
        return hex(text, Some(digits));
    }
    let number = |t: &str| t == "0" || !t.starts_with('0') && t.bytes().all(|b| b.is_ascii_digit()) && !t.is_empty();
    let part = |t: &str, len: usize| hex(&format!("0x{t}"), Some(len));
    match pattern {
        "^0x([0-9a-f]{2})*$" => hex(text, None),
        "^0x([0-9a-f]{2}){0,32}$" => hex(text, None) && text.len() <= 66,
        "^[A-Za-z0-9._+#\\[\\]<>-]*$" => text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-#[]<>".contains(c)),
        "^eip155:(0|[1-9][0-9]*)$" => text.strip_prefix("eip155:").is_some_and(number),
        "^eip155:(0|[1-9][0-9]*):0x[0-9a-f]{40}$" => text
            .strip_prefix("eip155:")
            .and_then(|t| t.split_once(':'))
            .is_some_and(|(id, host)| number(id) && hex(host, Some(40))),
        "^polkadot:[0-9a-f]{32}$" => text.strip_prefix("polkadot:").is_some_and(|t| part(t, 32)),
        "^polkadot:[0-9a-f]{32}:0x[0-9a-f]{32}$" => text
            .strip_prefix("polkadot:")
            .and_then(|t| t.split_once(':'))
            .is_some_and(|(genesis, host)| part(genesis, 32) && hex(host, Some(32))),
        other => panic!("a pattern that this test does not know: {other}"),
    }
}

/// JSON Schema, as far as these two go; a keyword that is not known fails the test.
fn takes(schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(key, rule)| match key.as_str() {
        "$schema" | "$id" | "title" | "description" => true,
        "$ref" => takes(&json(rule.as_str().unwrap()), value),
        "oneOf" => rule.as_array().unwrap().iter().filter(|s| takes(s, value)).count() == 1,
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            other => panic!("{other}"),
        },
        "minimum" => value.as_u64().is_none_or(|n| n >= rule.as_u64().unwrap()),
        "maximum" => value.as_u64().is_none_or(|n| n <= rule.as_u64().unwrap()),
        "minLength" => value.as_str().is_none_or(|t| t.chars().count() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => value.as_str().is_none_or(|t| t.chars().count() as u64 <= rule.as_u64().unwrap()),
        "minItems" => value.as_array().is_none_or(|a| a.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|a| a.len() as u64 <= rule.as_u64().unwrap()),
        "pattern" => value.as_str().is_none_or(|t| matches(rule.as_str().unwrap(), t)),
        "items" => value.as_array().is_none_or(|a| a.iter().all(|v| takes(rule, v))),
        "required" => value
            .as_object()
            .is_none_or(|o| rule.as_array().unwrap().iter().all(|k| o.contains_key(k.as_str().unwrap()))),
        "additionalProperties" => {
            let known = schema["properties"].as_object().unwrap();
            *rule == Value::Bool(false) && value.as_object().is_none_or(|o| o.keys().all(|k| known.contains_key(k)))
        }
        "properties" => rule.as_object().unwrap().iter().all(|(k, s)| value.get(k).is_none_or(|v| takes(s, v))),
        other => panic!("a keyword that this test does not know: {other}"),
    })
}

fn vectors() -> Vec<Value> {
    let files = ["qbft", "ibft2", "beefy", "grandpa"].map(|chain| json(&format!("vectors/bundles/{chain}.json")));
    files.iter().flat_map(|file| file["cases"].as_array().unwrap().clone()).collect()
}

#[test]
fn every_bundle_is_one_by_the_schema() {
    let schema = json("proof-bundle.schema.json");
    for case in vectors() {
        let bundle: Value = serde_json::from_str(case["json"].as_str().unwrap()).unwrap();
        assert!(takes(&schema, &bundle), "{}", case["name"]);
    }
}

/// Every place of a bundle, changed in every way that a schema can see.
fn mutants(value: &Value) -> Vec<Value> {
    let mut out = vec![Value::Null, Value::Bool(true), "x".into(), (-1).into(), 1.5.into()];
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let mut without = fields.clone();
                without.remove(name);
                out.push(without.into());
                for mutant in mutants(inner) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), mutant);
                    out.push(changed.into());
                }
            }
            let mut more = fields.clone();
            more.insert("another".into(), 1.into());
            out.push(more.into());
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                for mutant in mutants(first) {
                    let mut changed = items.clone();
                    changed[0] = mutant;
                    out.push(changed.into());
                }
            }
            out.push(Value::Object(Default::default()));
        }
        Value::String(text) => {
            out.extend([format!("{text}0").into(), text.to_uppercase().into(), 1.into()]);
        }
        Value::Number(_) => out.push("1".into()),
        _ => {}
    }
    out
}

/// Canonical JSON of a tree in the order of the schema's fields.
fn write(schema: &Value, value: &Value) -> String {
    if let Some(other) = schema.get("$ref") {
        return write(&json(other.as_str().unwrap()), value);
    }
    if let Some(list) = schema.get("oneOf").and_then(Value::as_array) {
        let most = list.iter().max_by_key(|s| {
            let known = s["properties"].as_object().unwrap();
            let typed = s["properties"].get("client_type").is_some_and(|t| value.get("client_type") == t.get("const"));
            let fit = value.as_object().map_or(0, |o| o.keys().filter(|k| known.contains_key(*k)).count());
            (typed, fit as i64 - (known.len() as i64 - fit as i64))
        });
        return write(most.unwrap(), value);
    }
    match value {
        Value::Object(fields) => {
            let order: Vec<String> = schema
                .get("required")
                .and_then(Value::as_array)
                .map_or(Vec::new(), |names| names.iter().map(|n| n.as_str().unwrap().to_string()).collect());
            let rest = fields.keys().filter(|k| !order.contains(k)).cloned();
            let names = order.iter().filter(|k| fields.contains_key(*k)).cloned().chain(rest);
            let field = |name: String| {
                let inner = schema.get("properties").and_then(|p| p.get(&name)).cloned().unwrap_or(Value::Bool(true));
                format!("\"{name}\":{}", write(&inner, &fields[&name]))
            };
            format!("{{{}}}", names.map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let inner = schema.get("items").cloned().unwrap_or(Value::Bool(true));
            format!("[{}]", items.iter().map(|v| write(&inner, v)).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn what_the_schema_refuses_the_codec_refuses() {
    let schema = json("proof-bundle.schema.json");
    let mut refused = 0;
    for case in vectors().into_iter().filter(|case| case["name"] == "minted" || case["name"] == "set-changes") {
        let text = case["json"].as_str().unwrap();
        let bundle: Value = serde_json::from_str(text).unwrap();
        // The schema's fields are the codec's, in the codec's order.
        assert_eq!(write(&schema, &bundle) + "\n", text, "{}", case["name"]);
        for mutant in mutants(&bundle) {
            if !takes(&schema, &mutant) {
                refused += 1;
                let file = write(&schema, &mutant) + "\n";
                assert!(Bundle::decode(file.as_bytes()).is_err(), "{file}");
            }
        }
    }
    assert!(refused > 1_000, "only {refused} mutants were refused");
}
