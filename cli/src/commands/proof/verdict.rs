//! What is said of one bundle: true, false, malformed, or begun at an anchor that nobody named.

use super::files::{self, FileError};
use crate::output::Output;
use lupu_proof::explain::{claim, duration, plain, utc};
use lupu_proof::{Bundle, Failure, VerifyError, verify};
use lupu_standard::{B256, TimestampSecs};
use serde::Serialize;
use std::path::Path;

/// Longest text of others that a line shows.
const SHOWN: usize = 600;

/// Exit code where every bundle is true.
pub const TRUE: u8 = 0;
/// Exit code where some bundle is false.
pub const FALSE: u8 = 1;
/// Exit code where some file is no bundle.
pub const MALFORMED: u8 = 2;
/// Exit code where some bundle begins at an anchor that was not named.
pub const ANCHOR_UNKNOWN: u8 = 3;

/// What one exit code says of several: false before malformed before unknown before true.
pub fn worst(a: u8, b: u8) -> u8 {
    match (a, b) {
        (TRUE, other) | (other, TRUE) => other,
        (a, b) => a.min(b),
    }
}

/// A statement, as scripts read it.
#[derive(Serialize)]
pub struct StatementLine {
    kind: &'static str,
    height: u64,
    source_client: String,
    destination_client: String,
    sequence: u64,
    claim: String,
}

/// The check that failed, as scripts read it.
#[derive(Serialize)]
pub struct FailureLine {
    check: &'static str,
    place: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

impl From<&Failure> for FailureLine {
    fn from(f: &Failure) -> Self {
        let shown = |text: &String| plain(text, SHOWN);
        Self {
            check: f.check,
            place: f.place.to_string(),
            detail: shown(&f.detail),
            expected: f.expected.as_ref().map(shown),
            found: f.found.as_ref().map(shown),
        }
    }
}

/// The answer about one file; its JSON form is one line for scripts.
#[derive(Serialize)]
pub struct Verdict {
    file: String,
    /// `true`, `false`, `malformed` or `anchor-unknown`.
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statements: Vec<StatementLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_height: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_timestamp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fresh_until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureLine>,
    /// What is wrong with the file, where it is malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The field at which it is malformed; empty for the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The byte at which it is malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<usize>,
    #[serde(skip)]
    pub code: u8,
}

impl Verdict {
    fn empty(file: &Path, verdict: &'static str, code: u8) -> Self {
        Self {
            file: plain(&file.display().to_string(), SHOWN),
            verdict,
            code,
            digest: None,
            anchor: None,
            chain: None,
            host: None,
            statements: Vec::new(),
            trust: None,
            latest_height: None,
            latest_timestamp: None,
            fresh_until: None,
            failure: None,
            error: None,
            field: None,
            byte: None,
        }
    }

    fn malformed(file: &Path, error: &FileError) -> Self {
        let mut verdict = Self::empty(file, "malformed", MALFORMED);
        if let FileError::Format(e) = error {
            verdict.field = Some(e.field.clone());
            verdict.byte = Some(e.at);
        }
        let line = error.line(file);
        let line = line.strip_prefix(&format!("{}: ", file.display())).unwrap_or(&line);
        verdict.error = Some(plain(line, SHOWN));
        verdict
    }

    /// Reads a file and verifies what it holds.
    pub fn of(file: &Path, trusted: &[B256], now: Option<TimestampSecs>) -> Self {
        match files::bundle(file) {
            Ok(bundle) => Self::of_bundle(file, &bundle, trusted, now),
            Err(error) => Self::malformed(file, &error),
        }
    }

    fn of_bundle(file: &Path, bundle: &Bundle, trusted: &[B256], now: Option<TimestampSecs>) -> Self {
        let mut verdict = match verify(bundle, trusted, now) {
            Ok(report) => Self {
                digest: Some(report.digest),
                anchor: Some(report.anchor),
                trust: Some(plain(&report.trust, SHOWN)),
                latest_height: Some(report.latest.0.0),
                latest_timestamp: Some(report.latest.1.0),
                fresh_until: Some(report.fresh_until.0),
                ..Self::empty(file, "true", TRUE)
            },
            Err(error @ VerifyError::AnchorUnknown { digest, .. }) => {
                let error = Some(plain(&error.to_string(), SHOWN));
                let digests = (Some(bundle.digest()), Some(digest));
                Self {
                    digest: digests.0,
                    anchor: digests.1,
                    error,
                    ..Self::empty(file, "anchor-unknown", ANCHOR_UNKNOWN)
                }
            }
            Err(VerifyError::False(failure)) => Self {
                digest: Some(bundle.digest()),
                anchor: Some(bundle.anchor.digest()),
                failure: Some((&failure).into()),
                ..Self::empty(file, "false", FALSE)
            },
        };
        verdict.chain = Some(bundle.anchor.client.chain());
        verdict.host = Some(bundle.anchor.client.host());
        verdict.statements = bundle
            .statements
            .iter()
            .map(|s| StatementLine {
                kind: s.kind.name(),
                height: s.height.0,
                source_client: s.packet.source_client.to_string(),
                destination_client: s.packet.destination_client.to_string(),
                sequence: s.packet.sequence.get(),
                claim: claim(&bundle.anchor, s),
            })
            .collect();
        verdict
    }

    fn mark(&self, out: &Output) -> String {
        match self.code {
            TRUE => out.good("true"),
            FALSE => out.bad("false"),
            MALFORMED => out.bad("malformed"),
            _ => out.bad("anchor unknown"),
        }
    }

    /// In a line, for one of many files.
    pub fn line(&self, out: &Output) -> String {
        let (many, plural) = (self.statements.len(), if self.statements.len() == 1 { "" } else { "s" });
        let why = match (&self.trust, &self.failure, &self.error) {
            (Some(trust), ..) => format!("{many} statement{plural}. {trust}"),
            (_, Some(f), _) => format!("{}: {}: {}", f.place, f.check, f.detail),
            (_, _, Some(error)) => error.clone(),
            _ => String::new(),
        };
        format!("{}: {}: {why}", self.file, self.mark(out))
    }

    /// In full, for one file.
    pub fn text(&self, out: &Output) -> String {
        let mut text = format!("{}: {}\n", out.bold(&self.file), self.mark(out));
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let said = if self.code == TRUE { "proves" } else { "claims" };
        for statement in self.statements.iter().take(20) {
            pairs.push((said, statement.claim.clone()));
        }
        if self.statements.len() > 20 {
            pairs.push((said, format!("and {} statements more", self.statements.len() - 20)));
        }
        if let Some(trust) = &self.trust {
            pairs.push(("on whose word", trust.clone()));
        }
        if let Some(f) = &self.failure {
            pairs.push(("fails at", format!("{}: {}", f.place, out.bad(f.check))));
            pairs.push(("why", f.detail.clone()));
            if let (Some(expected), Some(found)) = (&f.expected, &f.found) {
                pairs.push(("expected", expected.clone()));
                pairs.push(("found", found.clone()));
            }
        }
        if let Some(error) = &self.error {
            pairs.push(("why", error.clone()));
        }
        for (name, value) in [("chain", &self.chain), ("host", &self.host)] {
            if let Some(value) = value {
                pairs.push((name, value.clone()));
            }
        }
        if let Some(anchor) = self.anchor {
            pairs.push(("anchor", anchor.to_string()));
        }
        if let (Some(height), Some(time)) = (self.latest_height, self.latest_timestamp) {
            pairs.push(("newest block", format!("{height} of {}", utc(TimestampSecs(time)))));
            if let Some(until) = self.fresh_until {
                let after = duration(until.saturating_sub(time));
                pairs.push(("fresh until", format!("{} ({after} later)", utc(TimestampSecs(until)))));
            }
        }
        if let Some(digest) = self.digest {
            pairs.push(("bundle", digest.to_string()));
        }
        text.push_str(&out.pairs(&pairs));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_comes_before_malformed_before_unknown() {
        let of = |codes: &[u8]| codes.iter().copied().fold(TRUE, worst);
        assert_eq!(of(&[0, 0]), 0);
        assert_eq!(of(&[0, 3, 0]), 3);
        assert_eq!(of(&[3, 2, 0]), 2);
        assert_eq!(of(&[3, 2, 1, 0]), 1);
    }
}
