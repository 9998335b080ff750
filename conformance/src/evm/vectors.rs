//! The shared vectors as cases.

use crate::{case::Case as Vectored, suite};

/// A vector: what it is called, what it expects, and the case.
#[derive(Clone, Debug)]
pub struct Vector<C> {
    /// File and name.
    pub name: String,
    /// The result, or the check that fails.
    pub expect: String,
    /// What is judged.
    pub case: C,
}

/// The vectors of these files, by what there is to judge in a case.
///
/// # Panics
/// If a file is missing or malformed.
pub fn all<C>(files: &[&str], judged: fn(&Vectored) -> anyhow::Result<Vec<C>>) -> Vec<Vector<C>> {
    let mut out = Vec::new();
    for case in files.iter().flat_map(|file| suite::read_file(&suite::folder(), file).unwrap()) {
        for judged in judged(&case).unwrap() {
            out.push(Vector { name: case.reference(), expect: case.expect.clone(), case: judged });
        }
    }
    out
}
