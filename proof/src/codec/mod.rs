//! One schema, two forms: canonical JSON for people and scripts, deterministic CBOR for size.
//!
//! A type writes itself once, against [`Write`], and reads itself once, against [`Read`]; both
//! forms follow. Each form is canonical: what is read is, byte for byte, what would be written.
//! Readers never look further than the schema asks, so depth and memory are bounded by it and by
//! the input's own length.

mod cbor;
mod error;
mod json;

pub use cbor::{CborReader, CborWriter, SELF_DESCRIBED};
pub use error::{FormatError, Problem};
pub use json::{JsonReader, JsonWriter};

use alloc::{string::String, vec::Vec};

/// Writes values in one of the two forms.
pub trait Write {
    /// Begins an object of so many fields.
    fn begin_object(&mut self, fields: usize);
    /// The next field; its value follows.
    fn field(&mut self, name: &'static str);
    /// Ends the object.
    fn end_object(&mut self);
    /// Begins an array of so many items.
    fn begin_array(&mut self, items: usize);
    /// The next item; its value follows.
    fn item(&mut self);
    /// Ends the array.
    fn end_array(&mut self);
    /// An unsigned integer.
    fn number(&mut self, n: u64);
    /// UTF-8 text.
    fn text(&mut self, text: &str);
    /// Bytes: hex with `0x` in JSON, a byte string in CBOR.
    fn bytes(&mut self, bytes: &[u8]);
}

/// Reads values in one of the two forms. The calls mirror those of [`Write`].
pub trait Read {
    /// Begins an object of so many fields.
    fn begin_object(&mut self, fields: usize) -> Result<(), FormatError>;
    /// The next field must be this one.
    fn field(&mut self, name: &'static str) -> Result<(), FormatError>;
    /// Ends the object.
    fn end_object(&mut self) -> Result<(), FormatError>;
    /// Begins an array.
    fn begin_array(&mut self) -> Result<(), FormatError>;
    /// Whether another item follows; ends the array if not.
    fn next_item(&mut self) -> Result<bool, FormatError>;
    /// An unsigned integer.
    fn number(&mut self) -> Result<u64, FormatError>;
    /// UTF-8 text of at most `max` bytes.
    fn text(&mut self, max: usize) -> Result<String, FormatError>;
    /// At most `max` bytes.
    fn bytes(&mut self, max: usize) -> Result<Vec<u8>, FormatError>;
    /// A problem with the value read last, at its place.
    fn problem(&self, problem: Problem) -> FormatError;
}

/// Reads an array of `min` to `max` items.
pub fn read_list<R: Read, T>(
    r: &mut R,
    min: usize,
    max: usize,
    mut each: impl FnMut(&mut R) -> Result<T, FormatError>,
) -> Result<Vec<T>, FormatError> {
    r.begin_array()?;
    let mut items = Vec::new();
    while r.next_item()? {
        if items.len() >= max {
            return Err(r.problem(Problem::TooMany(max)));
        }
        items.push(each(r)?);
    }
    if items.len() < min {
        return Err(r.problem(Problem::TooFew(min)));
    }
    Ok(items)
}

/// Writes an array.
pub fn write_list<W: Write, T>(w: &mut W, items: &[T], mut each: impl FnMut(&mut W, &T)) {
    w.begin_array(items.len());
    for item in items {
        w.item();
        each(w, item);
    }
    w.end_array();
}

/// Reads exactly `N` bytes.
pub fn read_fixed<R: Read, const N: usize>(r: &mut R) -> Result<[u8; N], FormatError> {
    let bytes = r.bytes(N)?;
    bytes.try_into().map_err(|_| r.problem(Problem::Width(N)))
}

/// Reads a file of at most `max` bytes in whichever form it has, to its end.
pub(crate) fn read_file<'a, T>(
    file: &'a [u8],
    max: usize,
    cbor: impl FnOnce(&mut CborReader<'a>) -> Result<T, FormatError>,
    json: impl FnOnce(&mut JsonReader<'a>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    if file.len() > max {
        return Err(FormatError { field: String::new(), at: max, problem: Problem::FileSize(max) });
    }
    if file.starts_with(&SELF_DESCRIBED[..1]) {
        let mut r = CborReader::new(file)?;
        let read = cbor(&mut r)?;
        r.finish().map(|()| read)
    } else {
        let mut r = JsonReader::new(file);
        let read = json(&mut r)?;
        r.finish().map(|()| read)
    }
}
