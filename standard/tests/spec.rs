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
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
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

/// The parts between backticks that name a test: `path/in/the/repository.rs#function`.
fn tests<'a>(rule: &Rule<'a>) -> Vec<(&'a str, &'a str)> {
    let quoted = rule.text.split('`').skip(1).step_by(2);
    let named = quoted.filter_map(|quoted| quoted.split_once('#'));
    named.filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".sol")).collect()
}

/// Whether a file has a test of this name.
fn is_test((path, name): &(&str, &str)) -> bool {
    let text = fs::read_to_string(here().join("..").join(path)).unwrap_or_default();
    [format!("fn {name}("), format!("function {name}(")].iter().any(|start| text.contains(start.as_str()))
}

/// Lists of cases of other files, no cases.
const CATALOGUES: [&str; 2] = ["attacks.json", "losses.json"];

/// The folder of the standard's own vectors and those of the light clients.
fn folders() -> Vec<String> {
    let inside = fs::read_dir(here().join("vectors")).unwrap().map(|entry| entry.unwrap());
    let inside = inside.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = inside.map(|entry| format!("{}/", entry.file_name().into_string().unwrap()));
    std::iter::once(String::new()).chain(names).collect()
}

/// The cases of all files, by path under `vectors/`.
struct Vectors(BTreeMap<String, Vec<Value>>);

impl Vectors {
    fn read() -> Self {
        let mut files = BTreeMap::new();
        for folder in folders() {
            for entry in fs::read_dir(here().join("vectors").join(&folder)).unwrap() {
                let path = entry.unwrap().path();
                let catalogue = CATALOGUES.iter().any(|c| path.ends_with(c));
                if path.extension().is_some_and(|e| e == "json") && !catalogue {
                    let name = format!("{folder}{}", path.file_name().unwrap().to_str().unwrap());
                    let content: Value = serde_json::from_slice(&fs::read(&path).unwrap()).expect(&name);
                    let cases = content["cases"].as_array().unwrap_or_else(|| panic!("{name} has no cases"));
                    files.insert(name, cases.clone());
                }
            }
        }
        Self(files)
    }

    /// How many cases a claim means. A star in the file's name stands for any text.
    fn count(&self, claim: &str) -> usize {
        let (file, key, value) = match (claim.split_once('#'), claim.split_once('?')) {
            (Some((file, name)), None) => (file, "name", name),
            (None, Some((file, query))) => {
                let (key, value) = query.split_once('=').expect("key=value");
                (file, key, value)
            }
            _ => panic!("{claim}: no case named"),
        };
        let (start, end) = file.split_once('*').unwrap_or((file, ""));
        let meant = |f: &str| if end.is_empty() { f == file } else { f.starts_with(start) && f.ends_with(end) };
        let files = self.0.iter().filter(|(f, _)| meant(f));
        files.flat_map(|(_, cases)| cases).filter(|c| value == "*" || c[key].as_str() == Some(value)).count()
    }
}

#[test]
fn every_rule_has_one_identifier_and_its_vectors() {
    let spec = fs::read_to_string(here().join("SPEC.md")).unwrap();
    let rules = rules(&spec);
    assert!(rules.len() > 100, "only {} rules read", rules.len());
    let vectors = Vectors::read();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    let mut broken = Vec::new();
    for rule in &rules {
        let (family, number) = rule.id.rsplit_once('-').expect("LUPU-XXX-000");
        assert!(family.starts_with("LUPU-") && family.len() == 8 && number.len() == 3, "{}", rule.id);
        let expected = last.entry(family).or_default();
        *expected += 1;
        assert_eq!(number.parse(), Ok(*expected), "{}: identifiers count up, each once", rule.id);
        let claims = claims(rule);
        let tests = tests(rule);
        assert!(!claims.is_empty() || !tests.is_empty(), "{}: neither a vector nor a test", rule.id);
        broken.extend(tests.iter().filter(|t| !is_test(t)).map(|(p, name)| format!("{}: {p}#{name}", rule.id)));
        broken.extend(claims.iter().filter(|c| vectors.count(c) == 0).map(|c| format!("{}: {c}", rule.id)));
    }
    assert!(broken.is_empty(), "no such vectors or tests:\n{}", broken.join("\n"));
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
        if name.ends_with(".json") && !CATALOGUES.contains(&name.as_str()) {
            assert!(spec.contains(&format!("`{name}#")), "no rule names a case of {name}");
        }
    }
}

/// The names of the light client's checks are the same in the vectors and in the rules.
#[test]
fn every_check_of_the_light_client_is_in_a_rule() {
    let spec = fs::read_to_string(here().join("SPEC.md")).unwrap();
    let vectors = Vectors::read();
    let outcomes = ["ok", "Update", "NoOp", "Misbehaviour"];
    let mut checks = BTreeSet::new();
    for (file, cases) in
        vectors.0.iter().filter(|(file, _)| ["qbft/", "beefy/", "grandpa/"].iter().any(|f| file.starts_with(f)))
    {
        for case in cases {
            let expect = case["expect"].as_str().unwrap_or_else(|| panic!("{file}: {} expects nothing", case["name"]));
            if !outcomes.contains(&expect) {
                checks.insert(expect);
            }
        }
    }
    assert!(checks.len() > 20, "only {} checks are in the vectors", checks.len());
    for check in checks {
        assert!(spec.contains(&format!("`{check}`")), "no rule names {check}");
    }
}
