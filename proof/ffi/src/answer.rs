//! What a program is told about a file: a code, and the same in full as JSON.

use alloc::string::String;
use alloy_primitives::B256;
use lupu_proof::{
    Anchor, Bundle, Failure, FormatError, Report, VerifyError,
    codec::{JsonWriter, Write, write_list},
    explain::{claim, explain},
    html, verify,
};
use lupu_standard::TimestampSecs;

/// The answer as a number; the exit codes of `lupu proof verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// Every check passed, from an anchor that the caller trusts.
    True = 0,
    /// A check failed.
    False = 1,
    /// Not a proof bundle.
    Malformed = 2,
    /// The bundle begins at an anchor that the caller did not name.
    AnchorUnknown = 3,
}

impl Code {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Malformed => "malformed",
            Self::AnchorUnknown => "anchor-unknown",
        }
    }
}

/// A code with its reasons, or with the page of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub code: Code,
    /// JSON (one line) or HTML; empty where there is nothing to show.
    pub text: String,
}

/// Verifies a bundle's file against the digests of trusted anchors, at a time if one is given.
pub fn verify_file(file: &[u8], trusted: &[B256], now: Option<TimestampSecs>) -> Answer {
    let bundle = match Bundle::decode(file) {
        Ok(bundle) => bundle,
        Err(error) => return Answer { code: Code::Malformed, text: malformed(&error) },
    };
    let result = verify(&bundle, trusted, now);
    let code = code(&result);
    Answer { code, text: judged(&bundle, code, &result) }
}

/// The same verdict, with the proof as one page of HTML; no page of a file that is no bundle.
pub fn page_of_file(file: &[u8], trusted: &[B256], now: Option<TimestampSecs>) -> Answer {
    let Ok(bundle) = Bundle::decode(file) else { return Answer { code: Code::Malformed, text: String::new() } };
    let code = code(&verify(&bundle, trusted, now));
    Answer { code, text: html::page(&bundle, &explain(&bundle, Some(trusted), now)) }
}

/// The digest of an anchor's file, in either form; of a bundle's file, the digest of the anchor
/// that it begins at.
pub fn anchor_digest(file: &[u8]) -> Result<B256, FormatError> {
    Anchor::decode(file).map(|a| a.digest()).or_else(|error| match Bundle::decode(file) {
        Ok(bundle) => Ok(bundle.anchor.digest()),
        Err(_) => Err(error),
    })
}

fn code(result: &Result<Report, VerifyError>) -> Code {
    match result {
        Ok(_) => Code::True,
        Err(VerifyError::False(_)) => Code::False,
        Err(VerifyError::AnchorUnknown { .. }) => Code::AnchorUnknown,
    }
}

fn text(w: &mut JsonWriter, name: &'static str, value: &str) {
    w.field(name);
    w.text(value);
}

fn number(w: &mut JsonWriter, name: &'static str, value: u64) {
    w.field(name);
    w.number(value);
}

fn malformed(error: &FormatError) -> String {
    let mut w = JsonWriter::default();
    w.begin_object(0);
    text(&mut w, "verdict", Code::Malformed.name());
    text(&mut w, "check", "Malformed");
    text(&mut w, "place", &error.field);
    number(&mut w, "byte", error.at as u64);
    text(&mut w, "detail", &alloc::format!("{}", error.problem));
    w.end_object();
    w.finish()
}

fn judged(bundle: &Bundle, code: Code, result: &Result<Report, VerifyError>) -> String {
    let mut w = JsonWriter::default();
    w.begin_object(0);
    text(&mut w, "verdict", code.name());
    match result {
        Ok(report) => {
            text(&mut w, "trust", &report.trust);
            number(&mut w, "latest_height", report.latest.0.0);
            number(&mut w, "latest_time", report.latest.1.0);
            number(&mut w, "fresh_until", report.fresh_until.0);
        }
        Err(error) => {
            text(&mut w, "check", error.check());
            text(&mut w, "detail", &alloc::format!("{error}"));
        }
    }
    if let Err(VerifyError::False(failure)) = result {
        failed(&mut w, failure);
    }
    w.field("claims");
    write_list(&mut w, &bundle.statements, |w, s| {
        w.begin_object(0);
        text(w, "says", &claim(&bundle.anchor, s));
        text(w, "kind", s.kind.name());
        number(w, "height", s.height.0);
        number(w, "sequence", s.packet.sequence.get());
        text(w, "source_client", s.packet.source_client.as_str());
        text(w, "destination_client", s.packet.destination_client.as_str());
        w.end_object();
    });
    text(&mut w, "chain", &bundle.anchor.client.chain());
    text(&mut w, "anchor_name", &bundle.anchor.name);
    w.field("anchor");
    w.bytes(bundle.anchor.digest().as_slice());
    w.field("bundle");
    w.bytes(bundle.digest().as_slice());
    w.end_object();
    w.finish()
}

fn failed(w: &mut JsonWriter, failure: &Failure) {
    text(w, "place", &alloc::format!("{}", failure.place));
    for (name, value) in [("expected", &failure.expected), ("found", &failure.found)] {
        if let Some(value) = value {
            text(w, name, value);
        }
    }
}
