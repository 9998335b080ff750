//! `attacks.json` and `losses.json`: which cases belong to an attack, and what stops it.

use crate::{case::Case, suite};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fs, path::Path};

/// A class of attacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// For example `signer-twice`.
    pub id: String,
    /// What is tried.
    pub title: String,
    /// Client types and rules of the standard that it is tried on.
    pub clients: Vec<String>,
    /// The rules of `standard/SPEC.md` that it breaks.
    pub rules: Vec<String>,
    /// The incident or the published trap that it comes from.
    pub origin: String,
    /// `reject`.
    pub expect: String,
    /// Names of the checks that may stop it.
    pub checks: Vec<String>,
    /// The attacks, as `file#case`.
    pub cases: Vec<String>,
    /// Cases next to them that must be accepted.
    pub valid: Vec<String>,
}

/// A real loss, made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// For example `ronin-2022`.
    pub id: String,
    /// What happened.
    pub happened: String,
    /// The same mistake in the terms of this standard.
    pub mistake: String,
    /// Rules that it breaks.
    pub rules: Vec<String>,
    /// `reject`.
    pub expect: String,
    /// Names of the checks that stop it.
    pub checks: Vec<String>,
    /// The attacks, as `file#case`.
    pub cases: Vec<String>,
    /// Cases next to them that must be accepted.
    pub valid: Vec<String>,
    /// Tests of what no case shows, as `path#name` from the root of the repository.
    pub tests: Vec<String>,
}

/// `attacks.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attacks {
    /// What the file is.
    pub about: String,
    /// How many classes.
    pub count: usize,
    /// The classes.
    pub classes: Vec<Class>,
}

/// `losses.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// What the file is.
    pub about: String,
    /// How many losses.
    pub count: usize,
    /// The losses.
    pub losses: Vec<Loss>,
}

fn read<T: DeserializeOwned>(folder: &Path, file: &str) -> Result<T> {
    let text = fs::read_to_string(folder.join(file)).with_context(|| file.to_owned())?;
    serde_json::from_str(&text).with_context(|| file.to_owned())
}

/// Reads both catalogues.
///
/// # Errors
/// If one is missing, malformed or counts wrongly.
pub fn read_all(folder: &Path) -> Result<(Attacks, Losses)> {
    let attacks: Attacks = read(folder, suite::CATALOGUES[0])?;
    let losses: Losses = read(folder, suite::CATALOGUES[1])?;
    ensure!(
        attacks.count == attacks.classes.len() && losses.count == losses.losses.len(),
        "a catalogue counts wrongly"
    );
    Ok((attacks, losses))
}

/// Cases by reference.
#[derive(Debug)]
pub struct Index<'a>(BTreeMap<String, (usize, &'a Case)>);

impl<'a> Index<'a> {
    /// The index of these cases.
    pub fn new(cases: &'a [Case]) -> Self {
        Self(cases.iter().enumerate().map(|(i, case)| (case.reference(), (i, case))).collect())
    }

    /// Where a catalogue's attacks and valid cases stand.
    ///
    /// # Errors
    /// If there is no such case, an attack is accepted or stopped by a check that the catalogue
    /// does not list, or a valid case is refused.
    pub fn members(&self, id: &str, checks: &[String], attacks: &[String], valid: &[String]) -> Result<Vec<usize>> {
        ensure!(!attacks.is_empty(), "{id}: no case");
        let mut out = Vec::new();
        for reference in attacks {
            let (i, case) = self.0.get(reference).with_context(|| format!("{id}: no case {reference}"))?;
            ensure!(!case.accepts(), "{id}: {reference} is to be accepted");
            ensure!(
                checks.contains(&case.expect),
                "{id}: {reference} is stopped by {}, which is not listed",
                case.expect
            );
            out.push(*i);
        }
        for reference in valid {
            let (i, case) = self.0.get(reference).with_context(|| format!("{id}: no case {reference}"))?;
            ensure!(case.accepts(), "{id}: {reference} is to be refused");
            out.push(*i);
        }
        Ok(out)
    }
}
