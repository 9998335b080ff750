//! Files that are no bundles for their form.

use super::Fresh;
use crate::{
    attacks::members::{Members, hexed},
    scenarios::{
        grandpa::rng::Rng,
        world::{Chain, Shape},
    },
};
use lupu_proof::{Bundle, Kind};
use serde_json::json;

fn fresh(rng: &mut Rng) -> Bundle {
    let chain = Chain::ALL[rng.below(4)];
    let kinds = [Kind::ALL[rng.below(3)], Kind::ALL[3 + rng.below(4)]];
    Fresh::new(rng, chain, Shape::One).bundle(&kinds)
}

/// Where each of these places is in a text.
fn places(text: &str, of: &[char]) -> Vec<usize> {
    text.char_indices().filter(|(_, c)| of.contains(c)).map(|(at, _)| at).collect()
}

/// The text with something put in at a place.
fn with(file: &str, at: usize, more: &str) -> String {
    format!("{}{more}{}", &file[..at], &file[at..])
}

/// Where the text behind this stands.
fn behind(file: &str, what: &str) -> usize {
    file.find(what).map(|at| at + what.len()).unwrap_or_else(|| panic!("a file has {what}"))
}

/// JSON that no writer writes.
pub fn text(rng: &mut Rng, m: &mut Members) {
    let bundle = fresh(rng);
    let file = bundle.to_json();
    let mut put = |what: &str, expect: &str, file: String| {
        m.put("bundles/format", what, expect, json!({"file": file, "cbor": "0x"}));
    };
    put("json", "ok", file.clone());
    let mut bad = |what: &str, file: String| put(what, "Malformed", file);
    let mut anywhere = |of: &[char], from: usize| {
        let places = places(&file[from..], of);
        from + places[rng.below(places.len())]
    };
    bad("json_white_space", with(&file, anywhere(&[':', ',', '{', '['], 0) + 1, " "));
    bad("json_line_feed", with(&file, anywhere(&[','], 0) + 1, "\n"));
    let (height, name) = (behind(&file, "\"height\":"), "\"height\":");
    let comma = height + places(&file[height..], &[','])[0];
    let field = &file[height - name.len()..=comma];
    bad("json_field_twice", with(&file, comma + 1, field));
    bad("json_field_left_out", file.replacen(field, "", 1));
    let (format, version) = ("\"format\":\"lupu-trust-anchor\",", "\"version\":1,");
    bad("json_fields_swapped", file.replacen(&[format, version].concat(), &[version, format].concat(), 1));
    bad("json_unknown_field", with(&file, behind(&file, "\"payloads\":[{"), "\"note\":0,"));
    bad("json_no_line_feed", file.trim_end().into());
    bad("json_document_behind", file.clone() + &file);
    let digits = behind(&file, "\"sequence\":");
    let end = digits + places(&file[digits..], &[','])[0];
    bad("json_leading_zero", with(&file, digits, "0"));
    bad("json_number_signed", with(&file, digits, "+"));
    bad("json_number_with_fraction", with(&file, end, ".0"));
    bad("json_number_as_text", with(&with(&file, end, "\""), digits, "\""));
    let letter = anywhere(&['a', 'b', 'c', 'd', 'e', 'f'], behind(&file, "\"nodes\":[\"0x"));
    bad("json_upper_case", file[..letter].to_owned() + &file[letter..=letter].to_uppercase() + &file[letter + 1..]);
    let escaped = file.replacen("\"text/plain", "\"\\u0074ext/plain", 1);
    bad("json_escape", escaped.replacen("\"application/x-", "\"\\u0061pplication/x-", 1));
    bad("json_cut", file[..1 + rng.below(file.len() - 1)].into());
    let mut wrong = |what: &str, change: &dyn Fn(&mut Bundle)| {
        let mut other = bundle.clone();
        change(&mut other);
        bad(what, other.to_json());
    };
    let at = rng.below(bundle.nodes.len() - 1);
    wrong("json_nodes_swapped", &|b| b.nodes.swap(at, at + 1));
    wrong("json_node_twice", &|b| b.nodes.insert(at, b.nodes[at].clone()));
    wrong("json_statements_swapped", &|b| b.statements.swap(0, 1));
    wrong("json_answer_of_none", &|b| {
        b.statements.retain_mut(|s| {
            let none = !s.kind.has_acknowledgement();
            s.acknowledgement.0.push(vec![1].into());
            none
        })
    });
    wrong("json_name_turned", &|b| b.anchor.name = "bank\u{202e}knab".into());
}

/// CBOR that no writer writes.
pub fn bytes(rng: &mut Rng, m: &mut Members) {
    let bundle = fresh(rng);
    let file = bundle.to_cbor();
    let mut put = |what: &str, expect: &str, bytes: Vec<u8>| {
        m.put("bundles/format", what, expect, json!({"file": "", "cbor": hexed(bytes)}));
    };
    put("cbor", "ok", file.clone());
    let mut bad = |what: &str, bytes: Vec<u8>| put(what, "Malformed", bytes);
    let with = |at: usize, old: usize, new: &[u8]| [&file[..at], new, &file[at + old..]].concat();
    // Tag, array of six, text of seventeen, version.
    bad("cbor_without_the_tag", file[3..].to_vec());
    bad("cbor_other_tag", with(2, 1, &[0xf6]));
    bad("cbor_array_without_a_length", [with(3, 1, &[0x9f]), vec![0xff]].concat());
    bad("cbor_array_of_a_longer_length", with(3, 1, &[0x98, 6]));
    bad("cbor_map", with(3, 1, &[0xa6]));
    bad("cbor_text_of_a_longer_length", with(4, 1, &[0x78, 17]));
    bad("cbor_text_in_pieces", with(4, 18, &[&[0x7f, 0x71][..], &file[5..22], &[0xff]].concat()));
    bad("cbor_number_in_two_bytes", with(22, 1, &[0x18, 1]));
    bad("cbor_number_in_nine_bytes", with(22, 1, &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1]));
    bad("cbor_number_as_float", with(22, 1, &[0xf9, 0x3c, 0]));
    bad("cbor_byte_behind", [&file[..], &[rng.next() as u8]].concat());
    bad("cbor_cut", file[..1 + rng.below(file.len() - 1)].to_vec());
    // The bytes of a node as text, and with a length that is not the shortest.
    let node = &bundle.nodes[bundle.nodes.len() - 1];
    let at = file.len() - node.len();
    let head = match node.len() {
        0..24 => 1,
        24..256 => 2,
        _ => 3,
    };
    let long = [&[0x5a][..], &(node.len() as u32).to_be_bytes()].concat();
    bad("cbor_bytes_of_a_longer_length", with(at - head, head, &long));
    bad("cbor_bytes_as_text", with(at - head, 1, &[file[at - head] | 0x60]));
}
