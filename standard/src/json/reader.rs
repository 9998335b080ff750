//! A strict reader for JSON documents of a known shape, and the writer's string form.
//!
//! Objects have known fields only, each at most once, in any order. Numbers are unsigned
//! integers without sign, fraction, exponent or leading zero. Every error carries the byte.

use super::{JsonError, JsonProblem};
use alloc::{format, string::String, vec::Vec};
use core::fmt::Write as _;

/// Reads forward over one document.
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// The next byte that is not white space, without taking it, and where it stands.
    fn peek(&mut self) -> (usize, Option<u8>) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.input.get(self.at) {
            self.at += 1;
        }
        (self.at, self.input.get(self.at).copied())
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<usize, JsonError> {
        match self.peek() {
            (at, Some(b)) if b == byte => {
                self.at = at + 1;
                Ok(at)
            }
            (at, found) => Err(unexpected(at, expected, found)),
        }
    }

    /// Takes the closing bracket, or a comma if this is not the first item. `true` at the end.
    fn end_or_next(&mut self, first: bool, close: u8, expected: &'static str) -> Result<bool, JsonError> {
        match self.peek() {
            (at, Some(b)) if b == close => {
                self.at = at + 1;
                Ok(true)
            }
            (_, Some(_)) if first => Ok(false),
            (at, Some(b',')) => {
                self.at = at + 1;
                Ok(false)
            }
            (at, found) => Err(unexpected(at, expected, found)),
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(mut self) -> Result<(), JsonError> {
        match self.peek() {
            (_, None) => Ok(()),
            (at, Some(_)) => Err(JsonError::at(at, JsonProblem::TrailingBytes)),
        }
    }

    /// Reads an object: `each` is called with the index in `names` of every field, and must read
    /// its value. Returns which fields were there, and the offset of the closing brace.
    pub(crate) fn object<const N: usize>(
        &mut self,
        names: &[&'static str; N],
        mut each: impl FnMut(&mut Self, usize) -> Result<(), JsonError>,
    ) -> Result<([bool; N], usize), JsonError> {
        self.take(b'{', "an object")?;
        let mut seen = [false; N];
        let mut first = true;
        while !self.end_or_next(first, b'}', "`,` or `}`")? {
            first = false;
            let (at, key) = self.string()?;
            let Some(index) = names.iter().position(|n| *n == key) else {
                return Err(JsonError::at(at, JsonProblem::UnknownField(shorten(&key))));
            };
            if let (Some(seen), Some(name)) = (seen.get_mut(index), names.get(index)) {
                if *seen {
                    return Err(JsonError::at(at, JsonProblem::DuplicateField).within(name));
                }
                *seen = true;
                self.take(b':', "`:`").map_err(|e| e.within(name))?;
                each(self, index).map_err(|e| e.within(name))?;
            }
        }
        Ok((seen, self.at - 1))
    }

    /// Reads an array; `each` reads one item.
    pub(crate) fn array<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<(usize, Vec<T>), JsonError> {
        let start = self.take(b'[', "an array")?;
        let mut items = Vec::new();
        while !self.end_or_next(items.is_empty(), b']', "`,` or `]`")? {
            let item = each(self).map_err(|e| e.within(&format!("[{}]", items.len())))?;
            items.push(item);
        }
        Ok((start, items))
    }

    /// Reads a string; the offset is that of its opening quote.
    pub(crate) fn string(&mut self) -> Result<(usize, String), JsonError> {
        let start = self.take(b'"', "a string")?;
        let rest = self.input.get(self.at..).unwrap_or_default();
        let mut escaped = false;
        let stop = rest.iter().position(|b| {
            let stops = *b < 0x20 || (*b == b'"' && !escaped);
            escaped = *b == b'\\' && !escaped;
            stops
        });
        let Some(stop) = stop.map(|n| self.at + n) else {
            return Err(JsonError::at(start, JsonProblem::OpenString));
        };
        let literal = self.input.get(start..=stop).unwrap_or_default();
        let bad = |inside: usize| JsonError::at(start + inside, JsonProblem::BadString);
        if literal.last() != Some(&b'"') {
            return Err(bad(literal.len().saturating_sub(1)));
        }
        let literal = core::str::from_utf8(literal).map_err(|e| bad(e.valid_up_to()))?;
        // On one line without control characters, the column counts bytes.
        let text = serde_json::from_str::<String>(literal).map_err(|e| bad(e.column().saturating_sub(1)))?;
        self.at = start + literal.len();
        Ok((start, text))
    }

    /// Reads an unsigned integer below 2⁶⁴; the offset is that of its first digit.
    pub(crate) fn number(&mut self) -> Result<(usize, u64), JsonError> {
        let (start, found) = self.peek();
        if !found.is_some_and(|b| b.is_ascii_digit()) {
            return Err(unexpected(start, "a whole number, not negative", found));
        }
        let rest = self.input.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let digits = rest.get(..length).unwrap_or_default();
        if length > 1 && found == Some(b'0') {
            return Err(JsonError::at(start, JsonProblem::Expected("a number without leading zeros")));
        }
        let mut value = 0u64;
        for d in digits {
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add(u64::from(d - b'0')))
                .ok_or(JsonError::at(start, JsonProblem::Expected("a number below 2^64")))?;
        }
        self.at = start + length;
        match self.input.get(self.at) {
            Some(b'.' | b'e' | b'E') => Err(JsonError::at(self.at, JsonProblem::Expected("a whole number"))),
            _ => Ok((start, value)),
        }
    }
}

fn unexpected(at: usize, expected: &'static str, found: Option<u8>) -> JsonError {
    let problem = match found {
        Some(_) => JsonProblem::Expected(expected),
        None => JsonProblem::EndOfInput(expected),
    };
    JsonError::at(at, problem)
}

/// At most 32 characters of a name from outside, for an error message.
fn shorten(name: &str) -> String {
    let mut out: String = name.chars().take(32).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if name.chars().nth(32).is_some() {
        out.push('…');
    }
    out
}

/// Appends a string literal, escaped as Go's `encoding/json` does: besides quote, backslash and
/// control characters also `<`, `>`, `&`, U+2028 and U+2029, in lower-case hex. Hosts that
/// compare encodings byte for byte expect this form.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Writes an object of fields whose values are already JSON.
pub(crate) fn write_object<'s>(fields: impl IntoIterator<Item = (&'static str, &'s str)>) -> String {
    let mut out = String::from("{");
    for (name, value) in fields {
        if out.len() > 1 {
            out.push(',');
        }
        write_string(&mut out, name);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

/// A string as a JSON literal.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}
