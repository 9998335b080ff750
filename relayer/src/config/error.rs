//! What is wrong with a configuration, and where.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake. Displayed as one line: where, which field, what is wrong, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `file:line:column`, or the environment variable.
    pub place: String,
    /// Dotted path of the field, for example `chains.harbour.rpc[0]`; empty for the file as a whole.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has mistakes; one line for each.
    #[error("{}", lines(findings))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Every mistake found.
        findings: Vec<Finding>,
    },
    /// The file could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file exists and is not overwritten.
    #[error("{} exists already and is not overwritten; choose another place with --config or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// An edit names a chain that the file does not have.
    #[error("{}: has no [chains.{chain}]", path.display())]
    NoSuchChain {
        /// The file.
        path: PathBuf,
        /// The name.
        chain: String,
    },
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Byte offset in the file.
    File(usize),
    /// Environment variable.
    Environment(String),
}

/// Collects findings while a text is read.
pub(super) struct Report<'t> {
    file: String,
    pub(super) text: &'t str,
    findings: RefCell<Vec<Finding>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(path: &Path, text: &'t str) -> Self {
        Self { file: path.display().to_string(), text, findings: RefCell::new(Vec::new()) }
    }

    pub(super) fn add(&self, origin: &Origin, field: &str, problem: impl Into<String>, help: impl Into<String>) {
        let place = match origin {
            Origin::Environment(name) => format!("environment variable {name}"),
            Origin::File(offset) => {
                let (line, column) = line_column(self.text, *offset);
                format!("{}:{line}:{column}", self.file)
            }
        };
        let finding = Finding { place, field: field.to_owned(), problem: problem.into(), help: help.into() };
        let mut findings = self.findings.borrow_mut();
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

/// Line and column, both from 1, columns counted in characters.
fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    (line, column)
}

/// The candidate closest to `word`, if it is close: at most a third of its letters differ, or two.
pub(super) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|c| (edit_distance(word, c), c))
        .filter(|(d, c)| *d <= (c.chars().count() / 3).max(2) && *d < c.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Letters to insert, remove, change, or swap with their neighbour.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = i.max(j);
        }
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}
