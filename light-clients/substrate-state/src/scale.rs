//! A strict reader and a small writer for SCALE.
//!
//! Numbers of fixed width are little-endian. Of a compact number only the shortest encoding is
//! read. Nothing is allocated by a length that the input only claims.

use alloc::vec::Vec;

/// What is wrong with the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleErrorKind {
    /// The input ends inside an item.
    #[error("needs {needed} bytes, {left} are left")]
    Truncated {
        /// Bytes that the item still needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A compact number in a longer form than necessary.
    #[error("compact number is not in its shortest form")]
    NotMinimal,
    /// A compact number above what its type holds.
    #[error("compact number is too large")]
    TooLarge,
    /// Bytes after the last expected item.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

/// A reading error and where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {kind}")]
pub struct ScaleError {
    /// Byte offset in the input.
    pub at: usize,
    /// What is wrong.
    pub kind: ScaleErrorKind,
}

/// Reads items one after the other. After an error the position is that of the item refused.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the first byte of `data`, offset 0.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0 }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Number of bytes not read yet.
    pub fn left(&self) -> usize {
        self.data.len().saturating_sub(self.pos)
    }

    /// An error at the next byte.
    fn error(&self, kind: ScaleErrorKind) -> ScaleError {
        ScaleError { at: self.pos, kind }
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], ScaleError> {
        let end = self.pos.checked_add(len);
        let bytes = end.and_then(|end| self.data.get(self.pos..end));
        let bytes = bytes.ok_or(self.error(ScaleErrorKind::Truncated { needed: len, left: self.left() }))?;
        self.pos = self.pos.saturating_add(len);
        Ok(bytes)
    }

    /// The next `N` bytes, as they stand.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ScaleError> {
        Ok(*self.array_ref()?)
    }

    /// The next `N` bytes, in place.
    pub fn array_ref<const N: usize>(&mut self) -> Result<&'a [u8; N], ScaleError> {
        let short = self.error(ScaleErrorKind::Truncated { needed: N, left: self.left() });
        <&[u8; N]>::try_from(self.bytes(N)?).map_err(|_| short)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ScaleError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self) -> Result<u16, ScaleError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32, ScaleError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Result<u64, ScaleError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A compact number below 2⁶⁴, 1 to 9 bytes.
    pub fn compact_u64(&mut self) -> Result<u64, ScaleError> {
        let mut next = self.clone();
        let first = next.u8()?;
        let above = u64::from(first >> 2);
        let (value, least) = match first & 0b11 {
            0 => (above, 0),
            1 => (above | (u64::from(next.u8()?) << 6), 1 << 6),
            2 => {
                let [a, b, c] = next.array()?;
                (above | (u64::from(u32::from_le_bytes([a, b, c, 0])) << 6), 1 << 14)
            }
            _ => {
                let len = usize::from(first >> 2).saturating_add(4);
                if len > 8 {
                    return Err(self.error(ScaleErrorKind::TooLarge));
                }
                let value = next.bytes(len)?.iter().rev().fold(0u64, |n, b| (n << 8) | u64::from(*b));
                (value, if len == 4 { 1 << 30 } else { 1u64 << len.saturating_sub(1).saturating_mul(8) })
            }
        };
        if value < least {
            return Err(self.error(ScaleErrorKind::NotMinimal));
        }
        *self = next;
        Ok(value)
    }

    /// A compact number below 2³², 1 to 5 bytes.
    pub fn compact_u32(&mut self) -> Result<u32, ScaleError> {
        let mut next = self.clone();
        let value = next.compact_u64()?;
        let value = u32::try_from(value).map_err(|_| self.error(ScaleErrorKind::TooLarge))?;
        *self = next;
        Ok(value)
    }

    /// A compact length below 2³², and as many bytes.
    pub fn prefixed(&mut self) -> Result<&'a [u8], ScaleError> {
        let mut next = self.clone();
        let len = next.compact_u32()?;
        let too_large = self.error(ScaleErrorKind::TooLarge);
        let bytes = next.bytes(usize::try_from(len).map_err(|_| too_large)?)?;
        *self = next;
        Ok(bytes)
    }

    /// The end of the input, or an error that says how much is left.
    pub fn finish(&self) -> Result<(), ScaleError> {
        match self.left() {
            0 => Ok(()),
            n => Err(self.error(ScaleErrorKind::Trailing(n))),
        }
    }
}

/// Appends a compact number in its shortest form.
pub fn put_compact(out: &mut Vec<u8>, n: u64) {
    match n {
        0..=0x3f => out.push((n << 2) as u8),
        0x40..=0x3fff => out.extend_from_slice(&((n << 2) as u16 | 1).to_le_bytes()),
        0x4000..=0x3fff_ffff => out.extend_from_slice(&((n << 2) as u32 | 2).to_le_bytes()),
        _ => {
            let bytes = n.to_le_bytes();
            let zeros = bytes.iter().rev().take_while(|b| **b == 0).count();
            let len = bytes.len().saturating_sub(zeros);
            out.push((len.saturating_sub(4) << 2) as u8 | 3);
            out.extend(bytes.iter().take(len));
        }
    }
}

/// Appends a compact length and the bytes.
pub fn put_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_compact(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::{Compact, Decode, Encode};
    use proptest::prelude::*;

    fn kind(bytes: &[u8]) -> ScaleErrorKind {
        Reader::new(bytes).compact_u64().unwrap_err().kind
    }

    #[test]
    fn compact_numbers_at_the_edges() {
        for bits in 0..64 {
            for n in [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1, u64::MAX] {
                let mut out = Vec::new();
                put_compact(&mut out, n);
                assert_eq!(out, Compact(n).encode(), "{n}");
                let mut reader = Reader::new(&out);
                assert_eq!(reader.compact_u64(), Ok(n));
                assert_eq!(reader.finish(), Ok(()));
                assert_eq!(Reader::new(&out).compact_u32().ok(), u32::try_from(n).ok());
            }
        }
    }

    #[test]
    fn longer_forms_are_refused() {
        for bytes in [
            &[0x01, 0x00][..],
            &[0xfd, 0x00],
            &[0x02, 0, 0, 0],
            &[0xfe, 0xff, 0, 0],
            &[0x03, 0xff, 0xff, 0xff, 0x3f],
            &[0x07, 1, 1, 1, 1, 0],
            &[0x13, 1, 1, 1, 1, 1, 1, 1, 0],
        ] {
            assert_eq!(kind(bytes), ScaleErrorKind::NotMinimal, "{bytes:02x?}");
        }
        assert_eq!(kind(&[0x17, 1, 1, 1, 1, 1, 1, 1, 1, 1]), ScaleErrorKind::TooLarge);
        assert_eq!(kind(&[0xff; 80]), ScaleErrorKind::TooLarge);
        assert_eq!(kind(&[]), ScaleErrorKind::Truncated { needed: 1, left: 0 });
        assert_eq!(kind(&[0x03, 1, 2]), ScaleErrorKind::Truncated { needed: 4, left: 2 });
        let wide = Reader::new(&[0x07, 0, 0, 0, 0, 1]).compact_u32().unwrap_err();
        assert_eq!(wide, ScaleError { at: 0, kind: ScaleErrorKind::TooLarge });
    }

    #[test]
    fn items_in_a_row() {
        let mut bytes = (7u8, 0x1234u16, 0x89ab_cdefu32, u64::MAX, [1u8, 2, 3]).encode();
        bytes.extend(b"lupu".to_vec().encode());
        bytes.push(9);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(7));
        assert_eq!(reader.u16(), Ok(0x1234));
        assert_eq!(reader.u32(), Ok(0x89ab_cdef));
        assert_eq!(reader.u64(), Ok(u64::MAX));
        assert_eq!(reader.array(), Ok([1, 2, 3]));
        assert_eq!(reader.prefixed(), Ok(&b"lupu"[..]));
        let at = reader.position();
        assert_eq!(reader.finish(), Err(ScaleError { at, kind: ScaleErrorKind::Trailing(1) }));
        assert!(reader.u16().is_err() && reader.bytes(usize::MAX).is_err());
        assert_eq!((reader.position(), reader.left()), (at, 1));
        let claimed = Reader::new(&[0xfe, 0xff, 0xff, 0xff, 1]).prefixed().unwrap_err();
        assert_eq!(claimed.kind, ScaleErrorKind::Truncated { needed: 0x3fff_ffff, left: 1 });
    }

    proptest! {
        #[test]
        fn any_bytes_as_the_codec_reads_them(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let wide = Compact::<u64>::decode(&mut &bytes[..]).ok().map(|c| c.0);
            prop_assert_eq!(Reader::new(&bytes).compact_u64().ok(), wide);
            let narrow = Compact::<u32>::decode(&mut &bytes[..]).ok().map(|c| c.0);
            prop_assert_eq!(Reader::new(&bytes).compact_u32().ok(), narrow);
            let string = Vec::<u8>::decode(&mut &bytes[..]).ok();
            prop_assert_eq!(Reader::new(&bytes).prefixed().ok().map(<[u8]>::to_vec), string);
        }
    }
}
