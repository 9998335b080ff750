//! A strict reader and a small writer for RLP.
//!
//! Only the shortest encoding of a value is read: no leading zeros in lengths, no long form for
//! short payloads, no prefix before a single byte below `0x80`. Every error says at which byte of
//! the input it was found.

use alloc::vec::Vec;

/// What is wrong with the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RlpErrorKind {
    /// The input ends inside an item.
    #[error("needs {needed} bytes, {left} are left")]
    Truncated {
        /// Bytes that the item still needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A longer encoding than necessary.
    #[error("not the shortest encoding")]
    NotMinimal,
    /// A length of more than 8 bytes, or past the address space.
    #[error("length too large")]
    LengthTooLarge,
    /// A string where a list belongs.
    #[error("expected a list")]
    ExpectedList,
    /// A list where a string belongs.
    #[error("expected a string")]
    ExpectedString,
    /// A string of the wrong width.
    #[error("expected {expected} bytes, found {found}")]
    Width {
        /// Bytes expected.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// A number with more bytes than allowed.
    #[error("number of {found} bytes, at most {max} are allowed")]
    NumberTooLarge {
        /// Most bytes allowed.
        max: usize,
        /// Bytes found.
        found: usize,
    },
    /// A number with a leading zero byte.
    #[error("number with a leading zero")]
    LeadingZero,
    /// Items or bytes after the last expected one.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A list ended before this item.
    #[error("item is missing")]
    Missing,
}

/// A reading error and where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {kind}")]
pub struct RlpError {
    /// Byte offset in the outermost input.
    pub at: usize,
    /// What is wrong.
    pub kind: RlpErrorKind,
}

/// One item: a string or a list, not yet looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Offset of the item's first byte (its header) in the outermost input.
    pub at: usize,
    /// Whether it is a list.
    pub is_list: bool,
    /// The whole item, header included.
    pub raw: &'a [u8],
    /// The item without its header.
    pub payload: &'a [u8],
}

impl<'a> Item<'a> {
    fn error(&self, kind: RlpErrorKind) -> RlpError {
        RlpError { at: self.at, kind }
    }

    /// Offset of the payload's first byte in the outermost input.
    pub fn payload_at(&self) -> usize {
        self.at.saturating_add(self.raw.len().saturating_sub(self.payload.len()))
    }

    /// The payload of a string.
    pub fn bytes(&self) -> Result<&'a [u8], RlpError> {
        if self.is_list { Err(self.error(RlpErrorKind::ExpectedString)) } else { Ok(self.payload) }
    }

    /// The payload of a string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&self) -> Result<[u8; N], RlpError> {
        let bytes = self.bytes()?;
        <[u8; N]>::try_from(bytes).map_err(|_| self.error(RlpErrorKind::Width { expected: N, found: bytes.len() }))
    }

    /// The bytes of a number: no leading zeros, at most `max` bytes; zero is empty.
    pub fn number(&self, max: usize) -> Result<&'a [u8], RlpError> {
        let bytes = self.bytes()?;
        if bytes.len() > max {
            return Err(self.error(RlpErrorKind::NumberTooLarge { max, found: bytes.len() }));
        }
        if bytes.first() == Some(&0) {
            return Err(self.error(RlpErrorKind::LeadingZero));
        }
        Ok(bytes)
    }

    /// A number below 2⁶⁴.
    pub fn u64(&self) -> Result<u64, RlpError> {
        Ok(self.number(8)?.iter().fold(0, |n, b| (n << 8) | u64::from(*b)))
    }

    /// A reader of the items of a list.
    pub fn list(&self) -> Result<Reader<'a>, RlpError> {
        if self.is_list {
            Ok(Reader { data: self.payload, pos: 0, base: self.payload_at() })
        } else {
            Err(self.error(RlpErrorKind::ExpectedList))
        }
    }
}

/// Reads items one after the other.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    base: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the first byte of `data`, offset 0.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0, base: 0 }
    }

    /// Reads from `data`, which starts at offset `base` of the outermost input.
    pub fn at(data: &'a [u8], base: usize) -> Self {
        Self { data, pos: 0, base }
    }

    /// Offset of the next byte in the outermost input.
    pub fn position(&self) -> usize {
        self.base.saturating_add(self.pos)
    }

    /// Whether every byte was read.
    pub fn is_empty(&self) -> bool {
        self.pos >= self.data.len()
    }

    fn rest(&self) -> &'a [u8] {
        self.data.get(self.pos..).unwrap_or_default()
    }

    fn error(&self, kind: RlpErrorKind) -> RlpError {
        RlpError { at: self.position(), kind }
    }

    /// The next item. [`RlpErrorKind::Missing`] at the end of the input.
    pub fn item(&mut self) -> Result<Item<'a>, RlpError> {
        let at = self.position();
        let rest = self.rest();
        let Some(&first) = rest.first() else {
            return Err(self.error(RlpErrorKind::Missing));
        };
        let (is_list, header, len) = match first {
            0x00..=0x7f => (false, 0, 1),
            0x80..=0xb7 => (false, 1, usize::from(first - 0x80)),
            0xb8..=0xbf => {
                let (header, len) = self.long_length(usize::from(first - 0xb7))?;
                (false, header, len)
            }
            0xc0..=0xf7 => (true, 1, usize::from(first - 0xc0)),
            0xf8..=0xff => {
                let (header, len) = self.long_length(usize::from(first - 0xf7))?;
                (true, header, len)
            }
        };
        let total = len.checked_add(header).ok_or_else(|| self.error(RlpErrorKind::LengthTooLarge))?;
        let (Some(raw), Some(payload)) = (rest.get(..total), rest.get(header..total)) else {
            return Err(self.error(RlpErrorKind::Truncated { needed: total, left: rest.len() }));
        };
        if first == 0x81 && payload.first().is_some_and(|b| *b < 0x80) {
            return Err(self.error(RlpErrorKind::NotMinimal));
        }
        self.pos = self.pos.saturating_add(total);
        Ok(Item { at, is_list, raw, payload })
    }

    /// Header length and payload length of the long form with `width` length bytes.
    fn long_length(&self, width: usize) -> Result<(usize, usize), RlpError> {
        let rest = self.rest();
        let header = width.saturating_add(1);
        let bytes = rest
            .get(1..header)
            .ok_or_else(|| self.error(RlpErrorKind::Truncated { needed: header, left: rest.len() }))?;
        if bytes.first() == Some(&0) {
            return Err(self.error(RlpErrorKind::NotMinimal));
        }
        let len = bytes.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        if len < 56 {
            return Err(self.error(RlpErrorKind::NotMinimal));
        }
        let len = usize::try_from(len).map_err(|_| self.error(RlpErrorKind::LengthTooLarge))?;
        Ok((header, len))
    }

    /// The end of the input, or an error that says how much is left.
    pub fn finish(&self) -> Result<(), RlpError> {
        match self.rest().len() {
            0 => Ok(()),
            n => Err(self.error(RlpErrorKind::Trailing(n))),
        }
    }
}

/// The only item of `data`.
pub fn single(data: &[u8]) -> Result<Item<'_>, RlpError> {
    let mut reader = Reader::new(data);
    let item = reader.item()?;
    reader.finish()?;
    Ok(item)
}

fn header(out: &mut Vec<u8>, short: u8, long: u8, len: usize) {
    match u8::try_from(len) {
        Ok(n) if n < 56 => out.push(short.saturating_add(n)),
        _ => {
            let bytes = (len as u64).to_be_bytes();
            let skip = bytes.iter().take_while(|b| **b == 0).count();
            out.push(long.saturating_add(8u8.saturating_sub(skip as u8)));
            out.extend(bytes.iter().skip(skip));
        }
    }
}

/// Appends a string.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        [b] if *b < 0x80 => out.push(*b),
        _ => {
            header(out, 0x80, 0xb7, bytes.len());
            out.extend_from_slice(bytes);
        }
    }
}

/// Appends a number.
pub fn put_u64(out: &mut Vec<u8>, n: u64) {
    let bytes = n.to_be_bytes();
    let skip = bytes.iter().take_while(|b| **b == 0).count();
    put_bytes(out, bytes.get(skip..).unwrap_or_default());
}

/// Appends the header of a list whose items have `len` bytes together.
pub fn put_list_header(out: &mut Vec<u8>, len: usize) {
    header(out, 0xc0, 0xf7, len);
}

/// Appends the header of a string of `len` bytes. Not for single bytes below `0x80`.
pub fn put_string_header(out: &mut Vec<u8>, len: usize) {
    header(out, 0x80, 0xb7, len);
}

/// A list of items that are encoded already.
pub fn list(items: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(items.len().saturating_add(9));
    put_list_header(&mut out, items.len());
    out.extend_from_slice(items);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn kind(data: &[u8]) -> RlpErrorKind {
        single(data).unwrap_err().kind
    }

    #[test]
    fn shortest_forms_are_read_and_written() {
        for len in [0usize, 1, 2, 54, 55, 56, 57, 255, 256, 257, 65_535, 65_536] {
            let bytes = vec![0xab; len];
            let mut out = Vec::new();
            put_bytes(&mut out, &bytes);
            let item = single(&out).unwrap();
            assert_eq!(item.bytes().unwrap(), bytes);
            assert_eq!(item.payload_at(), out.len() - len);
            let items = list(&bytes);
            assert_eq!(single(&items).unwrap().payload, bytes);
            assert!(single(&items).unwrap().is_list);
        }
        for n in [0, 1, 0x7f, 0x80, 0xff, 0x100, u64::MAX] {
            let mut out = Vec::new();
            put_u64(&mut out, n);
            assert_eq!(single(&out).unwrap().u64(), Ok(n));
        }
        for b in 0..=255u8 {
            let mut out = Vec::new();
            put_bytes(&mut out, &[b]);
            assert_eq!(out.len(), if b < 0x80 { 1 } else { 2 });
            assert_eq!(single(&out).unwrap().bytes().unwrap(), [b]);
        }
    }

    #[test]
    fn longer_forms_are_refused() {
        assert_eq!(kind(&[0x81, 0x7f]), RlpErrorKind::NotMinimal);
        assert_eq!(kind(&[0xb8, 0x01, 0xff]), RlpErrorKind::NotMinimal);
        assert_eq!(kind(&[0xf8, 0x01, 0x01]), RlpErrorKind::NotMinimal);
        let mut long = vec![0xb9, 0x00, 0x38];
        long.extend([0; 56]);
        assert_eq!(kind(&long), RlpErrorKind::NotMinimal);
        long.splice(..3, [0xf9, 0x00, 0x38]);
        assert_eq!(kind(&long), RlpErrorKind::NotMinimal);
    }

    #[test]
    fn ends_and_offsets() {
        assert_eq!(kind(&[]), RlpErrorKind::Missing);
        assert_eq!(kind(&[0x82, 1]), RlpErrorKind::Truncated { needed: 3, left: 2 });
        assert_eq!(kind(&[0xb9, 1]), RlpErrorKind::Truncated { needed: 3, left: 2 });
        assert_eq!(kind(&[0x01, 0x02]), RlpErrorKind::Trailing(1));
        assert_eq!(kind(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), RlpErrorKind::LengthTooLarge);
        let data = [0xc3, 0x01, 0x82, 0x05];
        let mut reader = single(&data).unwrap().list().unwrap();
        assert_eq!(reader.item().unwrap().at, 1);
        let error = reader.item().unwrap_err();
        assert_eq!(error.at, 2);
        assert_eq!(error.kind, RlpErrorKind::Truncated { needed: 3, left: 2 });
    }

    #[test]
    fn widths_and_numbers() {
        assert_eq!(
            single(&[0x82, 1, 2]).unwrap().fixed::<3>().unwrap_err().kind,
            RlpErrorKind::Width { expected: 3, found: 2 }
        );
        assert_eq!(single(&[0x00]).unwrap().u64().unwrap_err().kind, RlpErrorKind::LeadingZero);
        assert_eq!(
            single(&[0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap().u64().unwrap_err().kind,
            RlpErrorKind::NumberTooLarge { max: 8, found: 9 }
        );
        assert_eq!(single(&[0xc0]).unwrap().bytes().unwrap_err().kind, RlpErrorKind::ExpectedString);
        assert_eq!(single(&[0x80]).unwrap().list().unwrap_err().kind, RlpErrorKind::ExpectedList);
    }
}
