//! `SPEC.md` is a list of rules, each with an identifier of its own and the vectors that pin it.
//! This reads it and looks every vector up.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

struct Rule<'a> {
    id: &'a str,
    text: &'a str,
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rules(spec: &str) -> Vec<Rule<'_>> {
    let items = spec.lines().filter_map(|line| line.strip_prefix("- **"));
    items
        .map(|item| item.split_once("** ").expect("identifier, then text"))
        .map(|(id, text)| Rule { id, text })
        .collect()
}

/// The parts between backticks that name a vector: `file.json#case` or `file.json?expect=check`.
fn claims<'a>(rule: &Rule<'a>) -> Vec<&'a str> {
    rule.text.split('`').skip(1).step_by(2).filter(|quoted| quoted.contains(".json")).collect()
}

#[derive(Default)]
struct Vectors(BTreeMap<String, Vec<Value>>);

impl Vectors {
    fn cases(&mut self, file: &str) -> &[Value] {
        self.0.entry(file.to_owned()).or_insert_with(|| {
            // A file that is not there has no cases; its claims are then listed as broken.
            let Ok(text) = fs::read(here().join("vectors").join(file)) else { return Vec::new() };
            let content: Value = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
            content["cases"].as_array().unwrap_or_else(|| panic!("{file} has no cases")).clone()
        })
    }

    /// How many cases a claim means.
    fn count(&mut self, claim: &str) -> usize {
        let has = |case: &Value, key: &str, value: &str| case[key].as_str() == Some(value);
        if let Some((file, query)) = claim.split_once('?') {
            let (key, value) = query.split_once('=').expect("key=value");
            return self.cases(file).iter().filter(|c| has(c, key, value)).count();
        }
        let (file, name) = claim.split_once('#').unwrap_or_else(|| panic!("{claim}: no case named"));
        self.cases(file).iter().filter(|c| name == "*" || has(c, "name", name)).count()
    }
}

#[test]
fn every_rule_has_one_identifier_and_its_vectors() {
    let spec = fs::read_to_string(here().join("SPEC.md")).unwrap();
    let rules = rules(&spec);
    assert!(rules.len() > 100, "only {} rules read", rules.len());
    let mut vectors = Vectors::default();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    let mut broken = Vec::new();
    for rule in &rules {
        let (family, number) = rule.id.rsplit_once('-').expect("LUPU-XXX-000");
        assert!(family.starts_with("LUPU-") && family.len() == 8 && number.len() == 3, "{}", rule.id);
        let expected = last.entry(family).or_default();
        *expected += 1;
        assert_eq!(number.parse(), Ok(*expected), "{}: identifiers count up, each once", rule.id);
        let claims = claims(rule);
        assert_ne!(
            claims.is_empty(),
            !rule.text.contains("No vector: "),
            "{}: vectors, or why there are none",
            rule.id
        );
        broken.extend(claims.iter().filter(|c| vectors.count(c) == 0).map(|c| format!("{}: {c}", rule.id)));
    }
    assert!(broken.is_empty(), "no such vectors:\n{}", broken.join("\n"));
}

#[test]
fn every_identifier_that_is_mentioned_exists() {
    let spec = fs::read_to_string(here().join("SPEC.md")).unwrap();
    let known: BTreeSet<&str> = rules(&spec).iter().map(|r| r.id).collect();
    for (at, _) in spec.match_indices("LUPU-") {
        let id = spec.get(at..at + 12).unwrap_or_default();
        assert!(known.contains(id), "{id} is mentioned and is no rule");
    }
}

#[test]
fn every_vector_file_is_claimed_by_a_rule() {
    let spec = fs::read_to_string(here().join("SPEC.md")).unwrap();
    for entry in fs::read_dir(here().join("vectors")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".json") {
            assert!(spec.contains(&format!("`{name}#")), "no rule names a case of {name}");
        }
    }
}
