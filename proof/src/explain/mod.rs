//! A proof as a person reads it: a tree of numbered steps, each with what was checked, with which
//! values, and how it came out. Text and page are made from this tree alone.

mod words;

pub use words::{claim, duration, plain, utc};

use alloc::{string::String, vec::Vec};

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Checked, and good.
    Passed,
    /// The check that failed.
    Failed,
    /// Not reached: a check before it failed.
    NotReached,
}

/// A named value of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// Whether it is a hash, an address or other bytes, to be shown letter by letter.
    pub is_code: bool,
}

/// One step of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number, for example `3.2`.
    pub number: String,
    /// What it is, in a line.
    pub title: String,
    /// How it came out.
    pub status: Status,
    /// Why it is checked and what it means, in sentences for a person who is no engineer.
    pub words: String,
    /// Stable names of the checks that belong to it, as in vectors.
    pub checks: Vec<String>,
    /// What was found, in the order to be read.
    pub facts: Vec<Fact>,
    /// Its parts.
    pub children: Vec<Item>,
}

/// A whole proof, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the bundle says, one sentence for each statement.
    pub claims: Vec<String>,
    /// Whether it is true, in a sentence; names the failed check if not.
    pub verdict: String,
    /// Whether every check passed. Whether the anchor is one to trust is for the reader.
    pub is_true: bool,
    /// On whose word.
    pub trust: String,
    /// What this does not prove: time of the anchor, leaked keys, freshness.
    pub caveats: Vec<String>,
    /// From the anchor to the values.
    pub steps: Vec<Item>,
}
