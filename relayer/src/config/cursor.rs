//! Reading typed values out of the tree; each mistake becomes a finding.

use super::error::{Origin, Report, did_you_mean};
use super::node::{Entry, Kind, Node, join};
use std::fmt::Display;

/// A table whose fields are taken one after the other; what is left over at the end is unknown.
pub(super) struct Table<'n> {
    pub(super) path: String,
    pub(super) origin: &'n Origin,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

/// A value and its path.
#[derive(Clone)]
pub(super) struct Field<'n> {
    pub(super) path: String,
    pub(super) node: &'n Node,
}

impl<'n> Table<'n> {
    /// A field, if it is there.
    pub(super) fn field(&mut self, key: &'static str) -> Option<Field<'n>> {
        self.known.push(key);
        let entry = self.entries.iter().find(|e| e.key == key)?;
        Some(Field { path: join(&self.path, key), node: &entry.node })
    }

    /// A field that must be there.
    pub(super) fn required(&mut self, key: &'static str, help: &str, report: &Report<'_>) -> Option<Field<'n>> {
        let field = self.field(key);
        if field.is_none() {
            report.add(self.origin, &join(&self.path, key), "is missing", help);
        }
        field
    }

    /// All entries as fields, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'n Entry, Field<'n>)> + '_ {
        self.entries.iter().map(|e| (e, Field { path: join(&self.path, &e.key), node: &e.node }))
    }

    /// Reports the fields that nobody asked for.
    pub(super) fn finish(self, report: &Report<'_>) {
        for entry in self.entries.iter().filter(|e| !self.known.contains(&e.key.as_str())) {
            let help = match did_you_mean(&entry.key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            report.add(&entry.origin, &join(&self.path, &entry.key), "unknown field", help);
        }
    }
}

impl<'n> Field<'n> {
    /// A mistake in this field.
    pub(super) fn error(&self, problem: impl Into<String>, help: impl Into<String>, report: &Report<'_>) {
        report.add(&self.node.origin, &self.path, problem, help);
    }

    fn wrong_type<T>(&self, expected: &str, report: &Report<'_>) -> Option<T> {
        self.error(format!("must be {expected}, is {}", self.node.kind.name()), "", report);
        None
    }

    pub(super) fn table(&self, report: &Report<'_>) -> Option<Table<'n>> {
        match &self.node.kind {
            Kind::Table(entries) => {
                Some(Table { path: self.path.clone(), origin: &self.node.origin, entries, known: Vec::new() })
            }
            _ => self.wrong_type("a table", report),
        }
    }

    pub(super) fn string(&self, report: &Report<'_>) -> Option<&'n str> {
        match &self.node.kind {
            Kind::String(s) => Some(s),
            _ => self.wrong_type("a string", report),
        }
    }

    pub(super) fn boolean(&self, report: &Report<'_>) -> Option<bool> {
        match (&self.node.kind, &self.node.origin) {
            (Kind::Boolean(b), _) => Some(*b),
            (Kind::String(s), Origin::Environment(_)) if s == "true" || s == "false" => Some(s == "true"),
            _ => self.wrong_type("true or false", report),
        }
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, min: u64, max: u64, report: &Report<'_>) -> Option<u64> {
        let number: i128 = match (&self.node.kind, &self.node.origin) {
            (Kind::Integer(i), _) => i128::from(*i),
            (Kind::String(s), Origin::Environment(_)) => match s.trim().parse() {
                Ok(n) => n,
                Err(_) => return self.wrong_type("an integer", report),
            },
            _ => return self.wrong_type("an integer", report),
        };
        match u64::try_from(number) {
            Ok(n) if (min..=max).contains(&n) => Some(n),
            _ => {
                let range =
                    if max == u64::MAX { format!("at least {min}") } else { format!("between {min} and {max}") };
                self.error(format!("must be {range}, is {number}"), "", report);
                None
            }
        }
    }

    /// A string that `read` understands.
    pub(super) fn parse<T, E: Display>(
        &self,
        read: impl FnOnce(&str) -> Result<T, E>,
        help: &str,
        report: &Report<'_>,
    ) -> Option<T> {
        match read(self.string(report)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(error.to_string(), help, report);
                None
            }
        }
    }

    /// The elements of a list. A string from the environment is split at commas.
    pub(super) fn strings(&self, report: &Report<'_>) -> Option<Vec<(Field<'n>, String)>> {
        match (&self.node.kind, &self.node.origin) {
            (Kind::Array(nodes), _) => {
                let mut out = Vec::with_capacity(nodes.len());
                for (i, node) in nodes.iter().enumerate() {
                    let field = Field { path: format!("{}[{i}]", self.path), node };
                    let text = field.string(report)?.to_owned();
                    out.push((field, text));
                }
                Some(out)
            }
            (Kind::String(s), Origin::Environment(_)) => Some(
                s.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| (self.clone(), s.to_owned())).collect(),
            ),
            _ => self.wrong_type("a list of strings", report),
        }
    }

    /// The tables of a `[[list]]`.
    pub(super) fn tables(&self, report: &Report<'_>) -> Option<Vec<Table<'n>>> {
        let Kind::Array(nodes) = &self.node.kind else {
            return self.wrong_type("a list of tables", report);
        };
        nodes
            .iter()
            .enumerate()
            .map(|(i, node)| Field { path: format!("{}[{i}]", self.path), node }.table(report))
            .collect()
    }
}
