//! The files that the program writes: members of the classes by fixed seeds, and the catalogues.

use super::{Class, LOSSES, Members, classes, members, rng};
use crate::{
    case::Case,
    catalogue::{Attacks, Class as Listed, Loss as Lost, Losses},
    suite,
};
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// The seed of the members in the files.
const SEED: u64 = 0;

/// Text by path below the folder.
type Files = BTreeMap<String, String>;

fn kind_file(folder: &str, kind: &str) -> String {
    format!("{folder}/{}.json", kind.replace('/', "-"))
}

fn vectors(about: &str, kind: &str, cases: &[Case]) -> String {
    let mut text = format!(
        "{{\n  \"about\": {},\n  \"kind\": {},\n  \"count\": {},\n  \"cases\": [\n",
        json!(about),
        json!(kind),
        cases.len()
    );
    for (i, case) in cases.iter().enumerate() {
        let comma = if i + 1 < cases.len() { "," } else { "" };
        text.push_str(&format!("    {}{comma}\n", Value::Object(case.fields.clone())));
    }
    text + "  ]\n}\n"
}

fn by_kind(folder: &str, about: &str, cases: Vec<Case>, files: &mut Files) {
    let mut kinds: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for case in cases {
        kinds.entry(case.kind.name).or_default().push(case);
    }
    for (kind, cases) in kinds {
        files.insert(kind_file(folder, kind), vectors(about, kind, &cases));
    }
}

/// `file#name` of the made cases, attacks and valid ones.
fn references(folder: &str, cases: &[Case]) -> (Vec<String>, Vec<String>) {
    let reference = |case: &Case| format!("{}#{}", kind_file(folder, case.kind.name), case.name);
    let (bad, good): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| !case.accepts());
    (bad.into_iter().map(reference).collect(), good.into_iter().map(reference).collect())
}

fn meant(pattern: &str, reference: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == reference,
        Some((start, rest)) => reference
            .strip_prefix(start)
            .is_some_and(|left| left.char_indices().any(|(i, _)| meant(rest, &left[i..])) || rest.is_empty()),
    }
}

/// The cases of the older files that belong to a class: attacks, and valid ones.
fn older(class: &Class, all: &[Case]) -> Result<(Vec<String>, Vec<String>)> {
    let mut out = (Vec::new(), Vec::new());
    for pattern in class.older {
        let meant: Vec<&Case> = all.iter().filter(|case| meant(pattern, &case.reference())).collect();
        ensure!(!meant.is_empty(), "{}: no case is {pattern}", class.id);
        for case in meant {
            if case.accepts() { &mut out.1 } else { &mut out.0 }.push(case.reference());
        }
    }
    Ok(out)
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn pretty(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// What the program writes, from the older files in `folder` and the fixed seeds.
fn files(folder: &Path) -> Result<Files> {
    let all = suite::read(folder)?;
    let mut files = Files::new();
    let (mut cases, mut listed) = (Vec::new(), Vec::new());
    for class in classes() {
        let made: Vec<Case> = (0..class.rounds).flat_map(|round| members(class, SEED, round)).collect();
        let (attacks, valid) = references("attacks", &made);
        let (older_attacks, older_valid) = older(class, &all)?;
        listed.push(Listed {
            id: class.id.into(),
            title: class.title.into(),
            clients: owned(class.clients),
            rules: owned(class.rules),
            origin: class.origin.into(),
            expect: "reject".into(),
            checks: owned(class.checks),
            cases: [older_attacks, attacks].concat(),
            valid: [older_valid, valid].concat(),
        });
        cases.extend(made);
    }
    let about = "Members of the classes in attacks.json, and valid cases beside them.";
    by_kind("attacks", about, cases, &mut files);
    let (mut cases, mut losses) = (Vec::new(), Vec::new());
    for loss in LOSSES {
        let mut made = Members::new(loss.id, 0);
        let mut rng = rng(SEED, loss.id, 0);
        for maker in loss.makers {
            maker(&mut rng, &mut made);
        }
        let made = made.into_cases();
        let (attacks, valid) = references("losses", &made);
        losses.push(Lost {
            id: loss.id.into(),
            happened: loss.happened.into(),
            mistake: loss.mistake.into(),
            rules: owned(loss.rules),
            expect: "reject".into(),
            checks: owned(loss.checks),
            cases: attacks,
            valid,
            tests: owned(loss.tests),
        });
        cases.extend(made);
    }
    by_kind("losses", "The losses of losses.json, made again, and valid cases beside them.", cases, &mut files);
    let about = "Attack classes: what is tried, the rules of SPEC.md that it breaks, where it comes from, the cases, \
                 and the checks of which one must stop each.";
    let attacks = Attacks { about: about.into(), count: listed.len(), classes: listed };
    files.insert(suite::CATALOGUES[0].into(), pretty(&attacks)?);
    let about = "Real losses, each made again as the same mistake in the terms of this standard, and what stops it.";
    let losses = Losses { about: about.into(), count: losses.len(), losses };
    files.insert(suite::CATALOGUES[1].into(), pretty(&losses)?);
    Ok(files)
}

/// Writes the files.
///
/// # Errors
/// If an older case is missing or a file cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    for (path, text) in files(folder)? {
        let to = folder.join(&path);
        fs::create_dir_all(to.parent().unwrap_or(folder))?;
        fs::write(to, &text)?;
        println!("{path}: {} bytes", text.len());
    }
    Ok(())
}

/// Whether the files are what would be written.
///
/// # Errors
/// Names the first that is not.
pub fn check(folder: &Path) -> Result<()> {
    for (path, text) in files(folder)? {
        if fs::read_to_string(folder.join(&path)).unwrap_or_default() != text {
            bail!("{path} is not what `cargo xtask conformance --write` writes");
        }
    }
    Ok(())
}
