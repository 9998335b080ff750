//! The files of `standard/vectors`.

use crate::{case::Case, kind::Kind};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Lists of cases of other files, no cases.
pub const CATALOGUES: [&str; 2] = ["attacks.json", "losses.json"];
/// Files of the standard that no verifier of proofs judges: encodings of applications and of paths.
const ENCODINGS: [&str; 9] = [
    "acknowledgements.json",
    "commitments.json",
    "denom_hops.json",
    "denoms.json",
    "evm_storage.json",
    "ics20.json",
    "ics27.json",
    "packet_json.json",
    "paths.json",
];
const SEND: &str = "send.json";

/// The folder `standard/vectors` of the checkout that cargo runs in.
pub fn folder() -> PathBuf {
    crate::here().join("../standard/vectors")
}

/// The cases of one file, by its path below the folder.
///
/// # Errors
/// If the file cannot be read, names no kind, counts wrongly or repeats a name.
pub fn read_file(folder: &Path, path: &str) -> Result<Vec<Case>> {
    let text = fs::read_to_string(folder.join(path)).with_context(|| path.to_owned())?;
    let content: Map<String, Value> = serde_json::from_str(&text).with_context(|| path.to_owned())?;
    let kind = match content.get("kind") {
        Some(name) => name.as_str().and_then(Kind::of),
        None => Kind::of_file(path),
    };
    let Some(kind) = kind else { bail!("{path}: of no known kind") };
    let Some(Value::Array(cases)) = content.get("cases") else { bail!("{path}: no cases") };
    ensure!(content.get("count").and_then(Value::as_u64) == Some(cases.len() as u64), "{path}: count is wrong");
    let mut names = BTreeSet::new();
    let mut out = Vec::new();
    for case in cases {
        let Value::Object(fields) = case else { bail!("{path}: a case is no object") };
        let case = Case::new(path, kind, fields.clone()).with_context(|| path.to_owned())?;
        ensure!(names.insert(case.name.clone()), "{path}: {} stands twice", case.name);
        out.push(case);
    }
    Ok(out)
}

/// All cases that a verifier can judge, file by file in the order of their paths.
///
/// # Errors
/// If a file is none that the suite knows, or cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Case>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            for file in fs::read_dir(entry.path())? {
                paths.push(format!("{name}/{}", file?.file_name().to_string_lossy()));
            }
        } else if !CATALOGUES.contains(&name.as_str()) && !ENCODINGS.contains(&name.as_str()) && name != SEND {
            paths.push(name);
        }
    }
    paths.retain(|path| path.ends_with(".json"));
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        out.extend(read_file(folder, &path)?);
    }
    Ok(out)
}
