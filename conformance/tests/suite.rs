//! The catalogues and files are whole, fresh members get the same verdict everywhere, and a
//! verifier in another language can be asked.
#![allow(missing_docs)]

use lupu_conformance::{
    attacks::{self, classes},
    case::Case,
    catalogue::{self, Index},
    kind::KINDS,
    matrix,
    run::{self, Verifiers},
    suite,
    verifier::Verifier,
    verifiers::{self, Plugin},
};
use std::{fs, time::Duration};

/// Longest time to an answer.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn catalogues_name_cases_and_rules_that_exist() {
    let cases = suite::read(&suite::folder()).unwrap();
    let (attacks, losses) = catalogue::read_all(&suite::folder()).unwrap();
    let index = Index::new(&cases);
    let spec = fs::read_to_string(suite::folder().join("../SPEC.md")).unwrap();
    let rule = |id: &str, rule: &String| assert!(spec.contains(&format!("**{rule}**")), "{id}: no rule {rule}");
    for class in &attacks.classes {
        index.members(&class.id, &class.checks, &class.cases, &class.valid).unwrap();
        class.rules.iter().for_each(|r| rule(&class.id, r));
    }
    for loss in &losses.losses {
        index.members(&loss.id, &loss.checks, &loss.cases, &loss.valid).unwrap();
        for test in &loss.tests {
            let (file, name) = test.split_once('#').unwrap();
            let text = fs::read_to_string(suite::folder().join("../..").join(file)).unwrap_or_default();
            let defined = [format!("fn {name}("), format!("function {name}(")].iter().any(|f| text.contains(f));
            assert!(defined, "{}: no test {test}", loss.id);
        }
        loss.rules.iter().for_each(|r| rule(&loss.id, r));
    }
    assert!(attacks.classes.len() == 39 && losses.losses.len() == 7);
}

#[test]
fn files_are_what_the_program_writes() {
    attacks::check(&suite::folder()).unwrap();
}

/// The page that others read lists every kind with its fields.
#[test]
fn the_readme_has_every_kind() {
    let readme = fs::read_to_string(suite::folder().join("README.md")).unwrap();
    for kind in KINDS {
        let fields: Vec<String> = kind.input.iter().map(|f| format!("`{f}`")).collect();
        let row = format!("| `{}` | {} |", kind.name, fields.join(", "));
        assert!(readme.contains(&row), "no row {row}");
    }
}

fn no_divergence(cases: &[Case], start: &(dyn Fn() -> anyhow::Result<Vec<Box<dyn Verifier>>> + Sync)) -> usize {
    let outcomes = run::run(cases, &Verifiers { start }, true).unwrap();
    let wrong = matrix::divergences(&outcomes);
    let lines: Vec<String> =
        wrong.iter().map(|d| format!("{} on {}: {}", d.verifier, cases[d.case].reference(), d.why)).collect();
    assert!(wrong.is_empty(), "{}", lines.join("\n"));
    let last = outcomes.columns.len() - 1;
    outcomes.rows.iter().filter(|row| row[last] != run::Outcome::Unsupported).count()
}

#[test]
fn fresh_members_have_one_verdict() {
    let cases: Vec<Case> =
        classes().flat_map(|class| (0..2).flat_map(|round| attacks::members(class, 20_261_129, round))).collect();
    no_divergence(&cases, &|| Ok(verifiers::ours()));
    let again: Vec<Case> = classes().flat_map(|class| attacks::members(class, 20_261_129, 0)).collect();
    let other: Vec<Case> = classes().flat_map(|class| attacks::members(class, 1, 0)).collect();
    assert_eq!(again[0].fields, cases[0].fields, "a seed is a run");
    assert_ne!(again[0].fields, other[0].fields);
}

fn python() -> bool {
    std::process::Command::new("python3").arg("--version").output().is_ok_and(|o| o.status.success())
}

/// A verifier in plain Python that shares nothing with ours, by the protocol.
#[test]
fn a_verifier_in_another_language() {
    if !python() {
        println!("left out: python3 is not here");
        return;
    }
    let program = suite::folder().join("example_verifier.py");
    let command = format!("python3 {}", program.display());
    let cases: Vec<Case> = suite::read(&suite::folder())
        .unwrap()
        .into_iter()
        .filter(|c| ["beefy/mmr", "beefy/keyset", "receive", "identifiers", "bundles/format"].contains(&c.kind.name))
        .collect();
    let judged = no_divergence(&cases, &|| {
        let plugin: Box<dyn Verifier> = Box::new(Plugin::start("python", &command, PATIENCE)?);
        Ok(vec![plugin])
    });
    assert_eq!(judged, cases.len(), "it judges all of its kinds");
}

/// A verifier that takes everything is caught, and one that breaks the protocol too.
#[test]
fn a_careless_verifier_is_caught() {
    let careless = r#"while read -r line; do case "$line" in *protocol*) echo '{"kinds":["beefy/mmr"]}';; *) echo '{"verdict":"accept"}';; esac; done"#;
    let cases = suite::read_file(&suite::folder(), "beefy/mmr.json").unwrap();
    let start = || {
        let plugin: Box<dyn Verifier> = Box::new(Plugin::start("careless", careless, PATIENCE)?);
        Ok(vec![plugin])
    };
    let outcomes = run::run(&cases, &Verifiers { start: &start }, true).unwrap();
    let attacks = cases.iter().filter(|c| !c.accepts()).count();
    assert_eq!(matrix::divergences(&outcomes).len(), attacks);
    let error =
        |command: &str, limit: Duration| Plugin::start("other", command, limit).err().expect("no verifier").to_string();
    let ended = error("exit 0", PATIENCE);
    assert!(["ended", "reads no more"].iter().any(|why| ended.contains(why)), "{ended}");
    assert!(error("read line; echo hello", PATIENCE).contains("hello"));
    assert!(error("yes | tr -d '\\n'", PATIENCE).contains("65536"));
    assert!(error("exec sleep 60", Duration::from_millis(200)).contains("has not answered"), "it is not waited for");
}
