//! Reading SCALE from bytes that anyone may have written.

use alloc::vec::Vec;

/// What does not decode, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {kind}")]
pub struct ScaleError {
    /// Offset in what was decoded.
    pub at: usize,
    /// What is wrong there.
    pub kind: ScaleErrorKind,
}

/// What does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleErrorKind {
    /// More bytes are needed than there are.
    #[error("truncated")]
    Truncated,
    /// A compact number is written with more bytes than it needs, or is above 2^30.
    #[error("compact number is not minimal or too large")]
    Compact,
    /// Something follows.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

/// A position in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn left(&self) -> usize {
        self.data.len().saturating_sub(self.at)
    }

    pub fn error(&self, kind: ScaleErrorKind) -> ScaleError {
        ScaleError { at: self.at, kind }
    }

    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], ScaleError> {
        let end = self.at.checked_add(len);
        let bytes = end.and_then(|end| self.data.get(self.at..end));
        let bytes = bytes.ok_or(self.error(ScaleErrorKind::Truncated))?;
        self.at = self.at.saturating_add(len);
        Ok(bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ScaleError> {
        let truncated = self.error(ScaleErrorKind::Truncated);
        self.bytes(N)?.try_into().map_err(|_| truncated)
    }

    pub fn u8(&mut self) -> Result<u8, ScaleError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u32(&mut self) -> Result<u32, ScaleError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, ScaleError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A compact number below 2^30, in as few bytes as it needs.
    pub fn compact(&mut self) -> Result<usize, ScaleError> {
        let start = self.clone();
        let first = self.u8()?;
        let (value, least) = match first & 3 {
            0 => (u32::from(first), 0),
            1 => (u32::from(u16::from_le_bytes([first, self.u8()?])), 1 << 6),
            2 => {
                let [b, c, d] = self.array()?;
                (u32::from_le_bytes([first, b, c, d]), 1 << 14)
            }
            _ => return Err(start.error(ScaleErrorKind::Compact)),
        };
        let value = value >> 2;
        if value < least {
            return Err(start.error(ScaleErrorKind::Compact));
        }
        usize::try_from(value).map_err(|_| start.error(ScaleErrorKind::Compact))
    }

    /// Bytes behind their compact length.
    pub fn string(&mut self) -> Result<&'a [u8], ScaleError> {
        let len = self.compact()?;
        self.bytes(len)
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), ScaleError> {
        match self.left() {
            0 => Ok(()),
            n => Err(self.error(ScaleErrorKind::Trailing(n))),
        }
    }
}

/// Appends a compact number. Above 2^30 − 1 it saturates: nothing here is as long.
pub(crate) fn put_compact(out: &mut Vec<u8>, value: usize) {
    let value = u32::try_from(value).unwrap_or(u32::MAX).min((1 << 30) - 1);
    let mode = match value {
        0..0x40 => 0,
        0x40..0x4000 => 1,
        _ => 2,
    };
    let word = (value << 2 | mode).to_le_bytes();
    out.extend(word.iter().take(1 << mode));
}

/// Appends bytes behind their compact length.
pub(crate) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    put_compact(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::{Compact, Decode, Encode};

    #[test]
    fn compact_numbers_are_those_of_the_codec() {
        for n in [0u32, 1, 63, 64, 65, 16_383, 16_384, 70_000, (1 << 30) - 1] {
            let mut out = Vec::new();
            put_compact(&mut out, n as usize);
            assert_eq!(out, Compact(n).encode());
            let mut reader = Reader::new(&out);
            assert_eq!(reader.compact(), Ok(n as usize));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn what_the_codec_refuses_is_refused() {
        for first in 0..=255u8 {
            for rest in [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0xff, 0xff, 0xff]] {
                let data = [&[first], &rest[..]].concat();
                let upstream = Compact::<u32>::decode(&mut &data[..]).ok().map(|c| c.0 as usize);
                let upstream = upstream.filter(|n| *n < 1 << 30 && first & 3 != 3);
                assert_eq!(Reader::new(&data).compact().ok(), upstream, "{data:?}");
            }
        }
    }
}
