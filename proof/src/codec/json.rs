//! Canonical JSON: no white space, fields in the schema's order, integers without sign, bytes as
//! `0x` and lower-case hex, and of escapes only `\"`, `\\` and `\u00xx` for control characters.
//! A document ends with one line feed.

use super::{
    FormatError, Problem, Read, Write,
    error::{Trail, shown},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Writes canonical JSON.
#[derive(Debug, Default)]
pub struct JsonWriter {
    out: String,
    trail: Trail,
}

impl JsonWriter {
    /// The document, with its line feed.
    pub fn finish(mut self) -> String {
        self.out.push('\n');
        self.out
    }

    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\0'..='\u{1f}' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

impl Write for JsonWriter {
    fn begin_object(&mut self, _: usize) {
        self.out.push('{');
        self.trail.open_object();
    }

    fn field(&mut self, name: &'static str) {
        if !self.trail.field(name) {
            self.out.push(',');
        }
        self.quoted(name);
        self.out.push(':');
    }

    fn end_object(&mut self) {
        self.out.push('}');
        self.trail.close();
    }

    fn begin_array(&mut self, _: usize) {
        self.out.push('[');
        self.trail.open_array();
    }

    fn item(&mut self) {
        if !self.trail.item() {
            self.out.push(',');
        }
    }

    fn end_array(&mut self) {
        self.out.push(']');
        self.trail.close();
    }

    fn number(&mut self, n: u64) {
        self.out.push_str(&n.to_string());
    }

    fn text(&mut self, text: &str) {
        self.quoted(text);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push_str("\"0x");
        self.out.push_str(&hex::encode(bytes));
        self.out.push('"');
    }
}

/// Reads canonical JSON.
#[derive(Debug)]
pub struct JsonReader<'a> {
    input: &'a [u8],
    at: usize,
    /// Where the value read last begins.
    value_at: usize,
    trail: Trail,
}

impl<'a> JsonReader<'a> {
    /// At the start of a document.
    pub fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, value_at: 0, trail: Trail::default() }
    }

    /// One line feed, and nothing more.
    pub fn finish(self) -> Result<(), FormatError> {
        let problem = match self.rest() {
            b"\n" => return Ok(()),
            [] => Problem::End("a line feed".into()),
            [b'\n', ..] => return Err(self.trail.error(self.at.saturating_add(1), Problem::Trailing)),
            _ => Problem::Trailing,
        };
        Err(self.trail.error(self.at, problem))
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn expected(&self, expected: impl Into<String>) -> FormatError {
        let problem = match self.rest() {
            [] => Problem::End(expected.into()),
            [b' ' | b'\t' | b'\r' | b'\n', ..] => Problem::NotCanonical("white space"),
            rest => Problem::Expected { expected: expected.into(), found: shown(rest) },
        };
        self.trail.error(self.at, problem)
    }

    fn take(&mut self, word: &[u8], expected: &str) -> Result<(), FormatError> {
        if !self.rest().starts_with(word) {
            return Err(self.expected(expected));
        }
        self.advance(word.len());
        Ok(())
    }

    /// The bytes of a string up to its closing quote, escapes as they are; the quotes are taken.
    fn literal(&mut self, max: usize, expected: &str) -> Result<&'a [u8], FormatError> {
        self.value_at = self.at;
        self.take(b"\"", expected)?;
        let rest = self.rest();
        let mut escaped = false;
        for (n, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'"' => {
                    self.advance(n.saturating_add(1));
                    return Ok(rest.get(..n).unwrap_or_default());
                }
                b'\\' => escaped = true,
                0..=0x1f => {
                    let at = self.at.saturating_add(n);
                    return Err(self.trail.error(at, Problem::NotCanonical("a control character that is not escaped")));
                }
                _ => {}
            }
            // An escape has at most six bytes for one.
            if n > max.saturating_mul(6) {
                return Err(self.trail.error(self.value_at, Problem::TooLong(max)));
            }
        }
        self.advance(rest.len());
        Err(self.trail.error(self.at, Problem::End("a closing quote".into())))
    }

    /// What an escape stands for, and its length in bytes.
    fn escape(rest: &[u8]) -> Option<(u8, usize)> {
        match rest {
            [b'\\', c @ (b'"' | b'\\'), ..] => Some((*c, 2)),
            [b'\\', b'u', b'0', b'0', high @ (b'0' | b'1'), low @ (b'0'..=b'9' | b'a'..=b'f'), ..] => {
                let low = if low.is_ascii_digit() { low.wrapping_sub(b'0') } else { low.wrapping_sub(b'a' - 10) };
                Some((high.wrapping_sub(b'0').wrapping_mul(16).wrapping_add(low), 6))
            }
            _ => None,
        }
    }
}

impl Read for JsonReader<'_> {
    fn begin_object(&mut self, _: usize) -> Result<(), FormatError> {
        self.value_at = self.at;
        self.take(b"{", "an object")?;
        self.trail.open_object();
        Ok(())
    }

    fn field(&mut self, name: &'static str) -> Result<(), FormatError> {
        let first = self.trail.is_empty();
        if !first {
            self.take(b",", &format!("`,` and the field `{name}`"))?;
        }
        self.trail.field(name);
        let key = format!("\"{name}\":");
        self.take(key.as_bytes(), &format!("the field `{name}`"))
    }

    fn end_object(&mut self) -> Result<(), FormatError> {
        self.take(b"}", "the end of the object, no further field")?;
        self.trail.close();
        Ok(())
    }

    fn begin_array(&mut self) -> Result<(), FormatError> {
        self.value_at = self.at;
        self.take(b"[", "an array")?;
        self.trail.open_array();
        Ok(())
    }

    fn next_item(&mut self) -> Result<bool, FormatError> {
        if self.rest().first() == Some(&b']') {
            self.advance(1);
            self.trail.close();
            return Ok(false);
        }
        if !self.trail.is_empty() {
            self.take(b",", "`,` or `]`")?;
        }
        self.trail.item();
        Ok(true)
    }

    fn number(&mut self) -> Result<u64, FormatError> {
        self.value_at = self.at;
        let rest = self.rest();
        let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let digits = rest.get(..length).unwrap_or_default();
        if digits.is_empty() {
            return Err(self.expected("a whole number"));
        }
        if digits.len() > 1 && digits.first() == Some(&b'0') {
            return Err(self.trail.error(self.at, Problem::NotCanonical("a leading zero")));
        }
        let mut value = 0u64;
        for digit in digits {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit.wrapping_sub(b'0'))));
            value = next.ok_or_else(|| self.trail.error(self.at, Problem::TooLarge(u64::MAX)))?;
        }
        self.advance(length);
        Ok(value)
    }

    fn text(&mut self, max: usize) -> Result<String, FormatError> {
        let literal = self.literal(max, "a string")?;
        let mut bytes = Vec::with_capacity(literal.len());
        let mut rest = literal;
        while let Some(first) = rest.first() {
            let (byte, taken) = match first {
                b'\\' => Self::escape(rest).ok_or_else(|| self.problem(Problem::NotCanonical("an escape")))?,
                plain => (*plain, 1),
            };
            bytes.push(byte);
            rest = rest.get(taken..).unwrap_or_default();
        }
        if bytes.len() > max {
            return Err(self.problem(Problem::TooLong(max)));
        }
        String::from_utf8(bytes).map_err(|_| self.problem(Problem::Utf8))
    }

    fn bytes(&mut self, max: usize) -> Result<Vec<u8>, FormatError> {
        let literal = self.literal(max, "a string of hex bytes")?;
        let digits = literal.strip_prefix(b"0x");
        let digits = digits.ok_or_else(|| self.problem(Problem::Invalid("hex bytes begin with 0x".into())))?;
        if digits.len() / 2 > max {
            return Err(self.problem(Problem::TooLong(max)));
        }
        if digits.iter().any(u8::is_ascii_uppercase) {
            return Err(self.problem(Problem::NotCanonical("hex digits in upper case")));
        }
        hex::decode(digits).map_err(|_| self.problem(Problem::Invalid("not an even number of hex digits".into())))
    }

    fn problem(&self, problem: Problem) -> FormatError {
        self.trail.error(self.value_at, problem)
    }
}
