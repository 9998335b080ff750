//! Deterministic CBOR (RFC 8949, section 4.2.1): an object is the array of its fields' values in
//! the schema's order; lengths are definite and, as integers, in their shortest form. A file
//! begins with the tag 55799, "self-described CBOR".

use super::{FormatError, Problem, Read, Write, error::Trail};
use alloc::{format, string::String, vec::Vec};

/// How a file begins.
pub const SELF_DESCRIBED: [u8; 3] = [0xd9, 0xd9, 0xf7];

const NUMBER: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

fn major_name(major: u8) -> &'static str {
    match major {
        NUMBER => "an unsigned integer",
        1 => "a negative integer",
        BYTES => "a byte string",
        TEXT => "a text string",
        ARRAY => "an array",
        5 => "a map",
        6 => "a tag",
        _ => "a simple value",
    }
}

/// Writes deterministic CBOR.
#[derive(Debug)]
pub struct CborWriter {
    out: Vec<u8>,
}

impl Default for CborWriter {
    fn default() -> Self {
        Self { out: SELF_DESCRIBED.to_vec() }
    }
}

impl CborWriter {
    /// The file's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn head(&mut self, major: u8, n: u64) {
        let major = major << 5;
        match n {
            0..=23 => self.out.push(major | n as u8),
            24..=0xff => self.out.extend([major | 24, n as u8]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend((n as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend((n as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend(n.to_be_bytes());
            }
        }
    }
}

impl Write for CborWriter {
    fn begin_object(&mut self, fields: usize) {
        self.head(ARRAY, fields as u64);
    }

    fn field(&mut self, _: &'static str) {}

    fn end_object(&mut self) {}

    fn begin_array(&mut self, items: usize) {
        self.head(ARRAY, items as u64);
    }

    fn item(&mut self) {}

    fn end_array(&mut self) {}

    fn number(&mut self, n: u64) {
        self.head(NUMBER, n);
    }

    fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }
}

/// Reads deterministic CBOR.
#[derive(Debug)]
pub struct CborReader<'a> {
    input: &'a [u8],
    at: usize,
    value_at: usize,
    trail: Trail,
    /// Items left of each open array.
    left: Vec<u64>,
}

impl<'a> CborReader<'a> {
    /// At the start of a file, which must begin with [`SELF_DESCRIBED`].
    pub fn new(input: &'a [u8]) -> Result<Self, FormatError> {
        let reader = Self { input, at: 0, value_at: 0, trail: Trail::default(), left: Vec::new() };
        if !input.starts_with(&SELF_DESCRIBED) {
            return Err(reader.problem(Problem::Invalid("does not begin with the tag of self-described CBOR".into())));
        }
        Ok(Self { at: SELF_DESCRIBED.len(), ..reader })
    }

    /// Nothing may follow.
    pub fn finish(self) -> Result<(), FormatError> {
        if self.at < self.input.len() {
            return Err(self.trail.error(self.at, Problem::Trailing));
        }
        Ok(())
    }

    fn take(&mut self, len: usize, expected: &str) -> Result<&'a [u8], FormatError> {
        let end = self.at.saturating_add(len);
        let Some(bytes) = self.input.get(self.at..end) else {
            return Err(self.trail.error(self.input.len(), Problem::End(expected.into())));
        };
        self.at = end;
        Ok(bytes)
    }

    /// The argument of a head of this major type.
    fn head(&mut self, major: u8) -> Result<u64, FormatError> {
        self.value_at = self.at;
        let expected = major_name(major);
        let first = self.take(1, expected)?.first().copied().unwrap_or_default();
        if first >> 5 != major {
            let found = major_name(first >> 5).into();
            return Err(self.problem(Problem::Expected { expected: expected.into(), found }));
        }
        let short = first & 0x1f;
        let (width, least) = match short {
            0..=23 => return Ok(u64::from(short)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(self.problem(Problem::NotCanonical("an indefinite length"))),
        };
        let value = self.take(width, expected)?.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        if value < least {
            return Err(self.problem(Problem::NotCanonical("a number in a longer form than needed")));
        }
        Ok(value)
    }

    fn string(&mut self, major: u8, max: usize) -> Result<&'a [u8], FormatError> {
        let len = self.head(major)?;
        let len = usize::try_from(len).ok().filter(|len| *len <= max);
        let len = len.ok_or_else(|| self.problem(Problem::TooLong(max)))?;
        self.take(len, major_name(major))
    }
}

impl Read for CborReader<'_> {
    fn begin_object(&mut self, fields: usize) -> Result<(), FormatError> {
        let found = self.head(ARRAY)?;
        if found != fields as u64 {
            let (expected, found) = (format!("an array of {fields} fields"), format!("one of {found}"));
            return Err(self.problem(Problem::Expected { expected, found }));
        }
        self.trail.open_object();
        Ok(())
    }

    fn field(&mut self, name: &'static str) -> Result<(), FormatError> {
        self.trail.field(name);
        Ok(())
    }

    fn end_object(&mut self) -> Result<(), FormatError> {
        self.trail.close();
        Ok(())
    }

    fn begin_array(&mut self) -> Result<(), FormatError> {
        let items = self.head(ARRAY)?;
        self.trail.open_array();
        self.left.push(items);
        Ok(())
    }

    fn next_item(&mut self) -> Result<bool, FormatError> {
        match self.left.last_mut() {
            Some(left) if *left > 0 => {
                *left = left.saturating_sub(1);
                self.trail.item();
                Ok(true)
            }
            _ => {
                self.left.pop();
                self.trail.close();
                Ok(false)
            }
        }
    }

    fn number(&mut self) -> Result<u64, FormatError> {
        self.head(NUMBER)
    }

    fn text(&mut self, max: usize) -> Result<String, FormatError> {
        let bytes = self.string(TEXT, max)?;
        let text = core::str::from_utf8(bytes).map_err(|_| self.problem(Problem::Utf8))?;
        Ok(text.into())
    }

    fn bytes(&mut self, max: usize) -> Result<Vec<u8>, FormatError> {
        Ok(self.string(BYTES, max)?.to_vec())
    }

    fn problem(&self, problem: Problem) -> FormatError {
        self.trail.error(self.value_at, problem)
    }
}
