//! Files that are refused for their form.

use crate::{
    common::{Chain, Shape},
    world,
};
use alloy_primitives::hex;
use lupu_proof::{Bundle, Kind};
use serde_json::{Value, json};

fn case(name: &str, description: &str, file: String, field: Option<&str>) -> Value {
    made(name, description, file, &[], field)
}

fn cbor(name: &str, description: &str, file: &[u8], field: Option<&str>) -> Value {
    made(name, description, String::new(), file, field)
}

fn made(name: &str, description: &str, file: String, cbor: &[u8], field: Option<&str>) -> Value {
    json!({
        "name": name,
        "description": description,
        "file": file,
        "cbor": hex::encode_prefixed(cbor),
        "expect": "Malformed",
        "field": field,
    })
}

fn bundle(kinds: &[Kind]) -> Bundle {
    world(Chain::Qbft, Shape::One).bundle(kinds)
}

pub fn cases() -> Vec<Value> {
    [json_cases(), number_and_text_cases(), anchor_cases(), order_cases(), cbor_cases()].concat()
}

/// The file with one place replaced, which must be there.
fn with(file: &str, old: &str, new: &str) -> String {
    assert!(file.contains(old), "{old}");
    file.replacen(old, new, 1)
}

fn json_cases() -> Vec<Value> {
    let file = bundle(&[Kind::Sent]).to_json();
    let nested = with(&file, "\"updates\":[", &format!("\"updates\":{}[", "[".repeat(50_000)));
    vec![
        case(
            "json-white-space",
            "A space behind a colon.",
            with(&file, "\"version\":1", "\"version\": 1"),
            Some("version"),
        ),
        case(
            "json-fields-in-another-order",
            "The version before the format.",
            with(
                &file,
                "{\"format\":\"lupu-proof-bundle\",\"version\":1,",
                "{\"version\":1,\"format\":\"lupu-proof-bundle\",",
            ),
            Some("format"),
        ),
        case(
            "json-field-twice",
            "The version twice.",
            with(&file, "\"version\":1,", "\"version\":1,\"version\":1,"),
            Some("anchor"),
        ),
        case("json-field-missing", "No version.", with(&file, "\"version\":1,", ""), Some("version")),
        case(
            "json-unknown-field",
            "A field that there is not.",
            with(&file, "\"version\":1,", "\"version\":1,\"note\":\"\","),
            Some("anchor"),
        ),
        case(
            "json-unknown-field-at-the-end",
            "A field that there is not, behind the last.",
            file.trim_end().strip_suffix('}').unwrap().to_owned() + ",\"note\":1}\n",
            None,
        ),
        case(
            "json-wrong-type",
            "A number for the list of statements.",
            with(&file, "\"statements\":[", "\"statements\":1["),
            Some("statements"),
        ),
        case("json-deeply-nested", "Fifty thousand brackets.", nested, Some("updates[0]")),
        case("json-no-line-feed", "No line feed at the end.", file.trim_end().into(), None),
        case("json-two-line-feeds", "An empty line behind.", file.clone() + "\n", None),
        case("json-trailing-bytes", "A second document behind.", file.clone() + "{}\n", None),
        case("json-truncated", "Half of a file.", file[..file.len() / 2].into(), None),
        case("json-empty", "Nothing.", String::new(), None),
        case("version-2", "Another version.", with(&file, "\"version\":1", "\"version\":2"), Some("version")),
        case(
            "another-format",
            "Another format.",
            with(&file, "lupu-proof-bundle", "lupu-proof-bundles"),
            Some("format"),
        ),
        case(
            "unknown-kind",
            "A kind that there is not.",
            with(&file, "\"kind\":\"sent\"", "\"kind\":\"paid\""),
            Some("statements[0].kind"),
        ),
        case(
            "no-statements",
            "No statement.",
            {
                let at = file.find("\"statements\":[").unwrap();
                let end = file.find("],\"nodes\"").unwrap();
                file[..at].to_owned() + "\"statements\":[" + &file[end..]
            },
            Some("statements"),
        ),
        case(
            "update-of-another-client-type",
            "An update of GRANDPA under an anchor of QBFT.",
            with(&file, "\"updates\":[{\"header\":", "\"updates\":[{\"justification\":\"0x\",\"header\":"),
            Some("updates[0].header"),
        ),
    ]
}

fn number_and_text_cases() -> Vec<Value> {
    let file = bundle(&[Kind::Sent]).to_json();
    let answered = bundle(&[Kind::Acknowledged]).to_json();
    let acknowledgements = "\"acknowledgements\":[\"0x7365656e\"]";
    vec![
        case(
            "json-leading-zero",
            "A zero before a number.",
            with(&file, "\"sequence\":1,", "\"sequence\":01,"),
            Some("statements[0].packet.sequence"),
        ),
        case(
            "json-number-too-large",
            "2^64.",
            with(&file, "\"sequence\":1,", "\"sequence\":18446744073709551616,"),
            Some("statements[0].packet.sequence"),
        ),
        case(
            "json-number-negative",
            "A sign.",
            with(&file, "\"sequence\":1,", "\"sequence\":-1,"),
            Some("statements[0].packet.sequence"),
        ),
        case("json-number-with-exponent", "An exponent.", with(&file, "\"sequence\":1,", "\"sequence\":1e0,"), None),
        case(
            "json-number-as-text",
            "A number in quotes.",
            with(&file, "\"sequence\":1,", "\"sequence\":\"1\","),
            Some("statements[0].packet.sequence"),
        ),
        case(
            "sequence-zero",
            "Sequences begin with 1.",
            with(&file, "\"sequence\":1,", "\"sequence\":0,"),
            Some("statements[0].packet.sequence"),
        ),
        case(
            "client-with-a-slash",
            "A client that can be none.",
            with(&file, "\"source_client\":\"bank.", "\"source_client\":\"bank/"),
            Some("statements[0].packet.source_client"),
        ),
        case(
            "no-payload",
            "A packet without payloads.",
            {
                let at = file.find("\"payloads\":[").unwrap();
                let end = file.find("]},\"acknowledgements\"").unwrap();
                file[..at].to_owned() + "\"payloads\":[" + &file[end..]
            },
            Some("statements[0].packet.payloads"),
        ),
        case(
            "json-upper-case-hex",
            "A hex digit in upper case.",
            with(&file, "\"value\":\"0x73656e74\"", "\"value\":\"0x73656E74\""),
            Some("statements[0].packet.payloads[0].value"),
        ),
        case(
            "json-odd-hex",
            "An odd number of digits.",
            with(&file, "\"value\":\"0x73656e74\"", "\"value\":\"0x73656e7\""),
            Some("statements[0].packet.payloads[0].value"),
        ),
        case(
            "json-hex-without-prefix",
            "Hex without 0x.",
            with(&file, "\"value\":\"0x73656e74\"", "\"value\":\"73656e74\""),
            Some("statements[0].packet.payloads[0].value"),
        ),
        case(
            "json-needless-escape",
            "A letter escaped.",
            with(&file, "memo-1", "memo-\\u0031"),
            Some("statements[0].packet.payloads[0].version"),
        ),
        case(
            "json-short-escape",
            "A line feed escaped in the short way.",
            with(&file, "memo-1", "memo-\\n"),
            Some("statements[0].packet.payloads[0].version"),
        ),
        case(
            "json-control-character",
            "A control character that is not escaped.",
            with(&file, "memo-1", "memo-\u{1}"),
            Some("statements[0].packet.payloads[0].version"),
        ),
        case(
            "value-of-33-bytes",
            "A value longer than any.",
            {
                let at = file.rfind("\"value\":\"0x").unwrap() + 11;
                file[..at].to_owned() + "00" + &file[at..]
            },
            Some("statements[0].value"),
        ),
        case(
            "acknowledgement-of-sent",
            "An acknowledgement of a kind that has none.",
            with(&file, "\"acknowledgements\":[]", "\"acknowledgements\":[\"0x01\"]"),
            Some("statements[0].acknowledgements[0]"),
        ),
        case(
            "acknowledged-without-acknowledgement",
            "No acknowledgement.",
            with(&answered, acknowledgements, "\"acknowledgements\":[]"),
            Some("statements[0].acknowledgements"),
        ),
        case(
            "acknowledged-with-nine",
            "More acknowledgements than payloads can be.",
            with(&answered, acknowledgements, &format!("\"acknowledgements\":[{}]", ["\"0x01\""; 9].join(","))),
            None,
        ),
    ]
}

fn anchor_cases() -> Vec<Value> {
    let file = bundle(&[Kind::Sent]).to_json();
    let beefy = world(Chain::Beefy, Shape::One).bundle(&[Kind::Sent]).to_json();
    let name = |name: &str| with(&file, "\"name\":\"bank-qbft\"", &format!("\"name\":\"{name}\""));
    let at = Some("anchor.name");
    vec![
        case("anchor-name-empty", "No name.", name(""), at),
        case("anchor-name-too-long", "65 bytes.", name(&"a".repeat(65)), at),
        case("anchor-name-line-feed", "A line feed in it.", name("bank\\u000aqbft"), at),
        case("anchor-name-right-to-left", "A name that is shown as another.", name("bank\u{202e}tfbq"), at),
        case("anchor-name-isolate", "The same by an isolate.", name("bank\u{2067}tfbq\u{2069}"), at),
        case("anchor-name-invisible", "A letter of no width.", name("bank\u{200b}-qbft"), at),
        case("anchor-name-other-space", "A space that is none.", name("bank\u{a0}qbft"), at),
        case("anchor-name-space-behind", "A space at the end.", name("bank-qbft "), at),
        case(
            "anchor-unknown-client-type",
            "A client type that there is not.",
            with(&file, "\"client_type\":\"qbft\"", "\"client_type\":\"clique\""),
            Some("anchor.client_type"),
        ),
        case(
            "anchor-field-missing",
            "No trusting period.",
            with(&file, "\"trusting_period\":604800,", ""),
            Some("anchor.trusting_period"),
        ),
        case(
            "anchor-of-another-version",
            "Version 2 of an anchor.",
            with(&file, "\"lupu-trust-anchor\",\"version\":1", "\"lupu-trust-anchor\",\"version\":2"),
            Some("anchor.version"),
        ),
        case(
            "anchor-chain-leading-zero",
            "A chain id with a zero before it.",
            with(&file, "\"chain\":\"eip155:", "\"chain\":\"eip155:0"),
            Some("anchor.chain"),
        ),
        case(
            "anchor-host-of-another-chain",
            "A router on another chain.",
            with(&file, "\"host\":\"eip155:", "\"host\":\"eip155:1"),
            Some("anchor.host"),
        ),
        case(
            "anchor-host-in-upper-case",
            "An address with a letter in upper case.",
            {
                let from = file.find("\"host\":").unwrap();
                let at = from + file[from..].find(":0x").unwrap() + 3;
                let letter = at + file[at..].find(|c: char| c.is_ascii_lowercase()).unwrap();
                file[..letter].to_owned() + &file[letter..=letter].to_uppercase() + &file[letter + 1..]
            },
            Some("anchor.host"),
        ),
        case(
            "anchor-genesis-of-another-chain",
            "A genesis hash that the chain's name is not of.",
            {
                let at = beefy.find("\"genesis\":\"0x").unwrap() + 13;
                let other = if &beefy[at..=at] == "0" { "1" } else { "0" };
                beefy[..at].to_owned() + other + &beefy[at + 1..]
            },
            Some("anchor.genesis"),
        ),
        case(
            "anchor-consensus-unknown",
            "A consensus that there is not.",
            with(&file, "\"consensus\":\"qbft\"", "\"consensus\":\"qbft2\""),
            Some("anchor.consensus"),
        ),
        case(
            "anchor-trust-of-256",
            "A number that its field cannot have.",
            with(&file, "\"trust_denominator\":3", "\"trust_denominator\":256"),
            Some("anchor.trust_denominator"),
        ),
    ]
}

fn order_cases() -> Vec<Value> {
    let good = bundle(&[Kind::Sent, Kind::Received]);
    let change = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        bundle.to_json()
    };
    vec![
        case(
            "statements-unsorted",
            "Two statements swapped.",
            change(&|b| b.statements.swap(0, 1)),
            Some("statements[1]"),
        ),
        case(
            "statement-twice",
            "One statement twice.",
            change(&|b| b.statements[1] = b.statements[0].clone()),
            Some("statements[1]"),
        ),
        case("nodes-unsorted", "Two nodes swapped.", change(&|b| b.nodes.swap(0, 1)), Some("nodes[1]")),
        case("node-twice", "One node twice.", change(&|b| b.nodes.insert(0, b.nodes[0].clone())), Some("nodes[1]")),
    ]
}

fn cbor_cases() -> Vec<Value> {
    let bundle = bundle(&[Kind::Sent]);
    let file = bundle.to_cbor();
    let head = |bytes: &[u8]| [bytes, &file[4..]].concat();
    // Tag, array of 6, text of 17, version.
    let version_at = 3 + 1 + 1 + 17;
    assert_eq!(file[version_at], 1);
    let version = |bytes: &[u8]| [&file[..version_at], bytes, &file[version_at + 1..]].concat();
    let mut not_utf8 = file.clone();
    not_utf8[8] = 0xff;
    vec![
        cbor("cbor-no-tag", "Without the tag.", &file[3..], None),
        cbor("cbor-tag-twice", "The tag twice.", &[&file[..3], &file[..]].concat(), None),
        cbor(
            "cbor-indefinite-array",
            "The outer array without a length.",
            &[&head(&[0xd9, 0xd9, 0xf7, 0x9f])[..], &[0xff]].concat(),
            None,
        ),
        cbor("cbor-map", "A map in place of the outer array.", &head(&[0xd9, 0xd9, 0xf7, 0xa6]), None),
        cbor("cbor-seven-fields", "One field more.", &[&head(&[0xd9, 0xd9, 0xf7, 0x87])[..], &[0]].concat(), None),
        cbor("cbor-longer-number", "The version in two bytes.", &version(&[0x18, 1]), Some("version")),
        cbor("cbor-negative-number", "The version below zero.", &version(&[0x20]), Some("version")),
        cbor("cbor-float", "The version as a floating number.", &version(&[0xf9, 0x3c, 0]), Some("version")),
        cbor("cbor-text-not-utf8", "Text that is not UTF-8.", &not_utf8, Some("format")),
        cbor("cbor-trailing-byte", "A byte behind.", &[&file[..], &[0]].concat(), None),
        cbor("cbor-truncated", "A byte short.", &file[..file.len() - 1], None),
        cbor(
            "cbor-huge-length",
            "A text of 2^63 bytes.",
            &[&file[..4], &[0x7b, 0x80, 0, 0, 0, 0, 0, 0, 0], &file[5..]].concat(),
            Some("format"),
        ),
        cbor(
            "cbor-huge-array",
            "2^63 statements.",
            &{
                let mut short = bundle.clone();
                short.updates.clear();
                let file = short.to_cbor();
                let at = file.windows(6).position(|w| w == b"\x81\x86\x64sen").unwrap();
                [&file[..at], &[0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0], &file[at + 1..]].concat()
            },
            None,
        ),
    ]
}
