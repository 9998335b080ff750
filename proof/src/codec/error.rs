//! What is wrong with a file's form, and where.

use alloc::{format, string::String, vec::Vec};

/// What is wrong with the form of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else stands there.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What the schema has there.
        expected: String,
        /// What stands there, shortened.
        found: String,
    },
    /// The input ends.
    #[error("expected {0}, found the end of the file")]
    End(String),
    /// A value that has another, canonical form.
    #[error("not canonical: {0}")]
    NotCanonical(&'static str),
    /// More bytes than the field can have.
    #[error("more than {0} bytes")]
    TooLong(usize),
    /// Another number of bytes than the field has.
    #[error("not {0} bytes")]
    Width(usize),
    /// More items than the list can have.
    #[error("more than {0} items")]
    TooMany(usize),
    /// Fewer items than the list must have.
    #[error("fewer than {0} items")]
    TooFew(usize),
    /// A number above what the field can have.
    #[error("more than {0}")]
    TooLarge(u64),
    /// Text that is not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Bytes after the end.
    #[error("bytes after the end of the document")]
    Trailing,
    /// The file is larger than any file of its kind.
    #[error("the file is larger than {0} bytes")]
    FileSize(usize),
    /// A value that its field does not allow.
    #[error("{0}")]
    Invalid(String),
}

/// A file refused for its form: which field, at which byte, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}byte {at}: {problem}", place(.field))]
pub struct FormatError {
    /// Path of the field, for example `statements[0].packet.sequence`; empty for the document.
    pub field: String,
    /// Offset in bytes from the start of the file.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("field `{field}`, ") }
}

/// One step of the way to a field.
#[derive(Clone, Copy, Debug)]
enum Segment {
    Object(Option<&'static str>),
    Array(Option<usize>),
}

/// Where a reader stands in the schema.
#[derive(Debug, Default)]
pub(super) struct Trail(Vec<Segment>);

impl Trail {
    pub(super) fn open_object(&mut self) {
        self.0.push(Segment::Object(None));
    }

    pub(super) fn open_array(&mut self) {
        self.0.push(Segment::Array(None));
    }

    pub(super) fn close(&mut self) {
        self.0.pop();
    }

    /// Steps to a field. Returns whether it is the object's first.
    pub(super) fn field(&mut self, name: &'static str) -> bool {
        match self.0.last_mut() {
            Some(Segment::Object(field)) => field.replace(name).is_none(),
            _ => true,
        }
    }

    /// Steps to the next item. Returns whether it is the array's first.
    pub(super) fn item(&mut self) -> bool {
        match self.0.last_mut() {
            Some(Segment::Array(index)) => {
                let first = index.is_none();
                *index = Some(index.map_or(0, |i| i.saturating_add(1)));
                first
            }
            _ => true,
        }
    }

    /// Whether the array's first item is still to come.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.0.last(), Some(Segment::Array(None) | Segment::Object(None)) | None)
    }

    pub(super) fn error(&self, at: usize, problem: Problem) -> FormatError {
        let mut field = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Object(Some(name)) if field.is_empty() => field.push_str(name),
                Segment::Object(Some(name)) => {
                    field.push('.');
                    field.push_str(name);
                }
                Segment::Array(Some(index)) => field.push_str(&format!("[{index}]")),
                Segment::Object(None) | Segment::Array(None) => {}
            }
        }
        FormatError { field, at, problem }
    }
}

/// At most 24 printable characters of what stands in the input, for an error.
pub(super) fn shown(bytes: &[u8]) -> String {
    let shortened = bytes.get(..24).unwrap_or(bytes);
    let text: String = String::from_utf8_lossy(shortened)
        .chars()
        .map(|c| if c.is_control() || c == char::REPLACEMENT_CHARACTER { '·' } else { c })
        .collect();
    let more = if bytes.len() > shortened.len() { "…" } else { "" };
    format!("`{text}{more}`")
}
