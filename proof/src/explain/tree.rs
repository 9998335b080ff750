//! Making the tree: items, their numbers, and how they came out.

use super::{Fact, Item, Status};
use crate::failure::Failure;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

impl Item {
    pub(super) fn new(title: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            number: String::new(),
            title: title.into(),
            status: Status::Passed,
            words: words.into(),
            checks: Vec::new(),
            facts: Vec::new(),
            children: Vec::new(),
        }
    }

    pub(super) fn checks(mut self, names: &[&str]) -> Self {
        self.checks.extend(names.iter().map(|name| name.to_string()));
        self
    }

    pub(super) fn fact(mut self, name: &str, value: impl Display) -> Self {
        self.facts.push(Fact { name: name.into(), value: value.to_string(), is_code: false });
        self
    }

    /// A fact that is shown letter by letter.
    pub(super) fn code(mut self, name: &str, value: impl Display) -> Self {
        self.facts.push(Fact { name: name.into(), value: value.to_string(), is_code: true });
        self
    }

    pub(super) fn codes(self, name: &str, values: impl IntoIterator<Item = impl Display>) -> Self {
        values.into_iter().fold(self, |item, value| item.code(name, value))
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// Marks the item and everything under it.
    pub(super) fn mark(&mut self, status: Status) {
        self.status = status;
        for child in &mut self.children {
            child.mark(status);
        }
    }

    /// Marks it as what failed, and says why. What is under it keeps its own marks.
    pub(super) fn fail(&mut self, failure: &Failure) {
        self.status = Status::Failed;
        if !self.checks.iter().any(|name| name == failure.check) {
            self.checks.push(failure.check.into());
        }
        let mut facts = Vec::new();
        let mut fact = |name: &str, value: &str| {
            facts.push(Fact { name: name.into(), value: super::plain(value, SHOWN), is_code: false });
        };
        fact("failed check", failure.check);
        fact("why", &failure.detail);
        if let (Some(expected), Some(found)) = (&failure.expected, &failure.found) {
            fact("expected", expected);
            fact("found", found);
        }
        facts.append(&mut self.facts);
        self.facts = facts;
    }

    /// Marks an item whose parts are checked in their order, and of which a check failed, or none was reached: of the
    /// parts before the one that owns the failed check it is known that they passed, of those after it nothing is.
    pub(super) fn settle(&mut self, failure: Option<&Failure>) {
        let owns = |item: &Self| failure.is_some_and(|f| item.checks.iter().any(|name| name == f.check));
        match (failure, self.children.iter().position(owns)) {
            (None, _) => self.mark(Status::NotReached),
            (Some(failure), None) => {
                self.mark(Status::NotReached);
                self.fail(failure);
            }
            (Some(failure), Some(at)) => self.settle_at(at, failure),
        }
    }

    /// Marks an item that failed at the part with this index.
    pub(super) fn settle_at(&mut self, at: usize, failure: &Failure) {
        self.status = Status::Failed;
        for (index, child) in self.children.iter_mut().enumerate() {
            match index.cmp(&at) {
                core::cmp::Ordering::Less => {}
                core::cmp::Ordering::Equal => child.fail(failure),
                core::cmp::Ordering::Greater => child.mark(Status::NotReached),
            }
        }
    }
}

/// Longest text of others that is shown, in characters.
pub(super) const SHOWN: usize = 4_096;
/// Most bytes that are shown in hex.
const SHOWN_BYTES: usize = 16_384;

/// Bytes in hex; where there are too many to read, their beginning and their number.
pub(super) fn hex(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN_BYTES) {
        Some(start) if start.len() < bytes.len() => {
            format!("0x{}… ({} bytes in all)", ::hex::encode(start), bytes.len())
        }
        _ => format!("0x{}", ::hex::encode(bytes)),
    }
}

/// Nibbles as hex digits.
pub(super) fn nibbles(nibbles: impl IntoIterator<Item = u8>) -> String {
    nibbles.into_iter().filter_map(|n| char::from_digit(u32::from(n), 16)).collect()
}

/// `1 step`, `2 steps`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Gives every item its number.
pub(super) fn number(items: &mut [Item], prefix: &str) {
    for (index, item) in items.iter_mut().enumerate() {
        item.number = format!("{prefix}{}", index.saturating_add(1));
        let prefix = format!("{}.", item.number);
        number(&mut item.children, &prefix);
    }
}
