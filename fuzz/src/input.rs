//! The bytes of one run, taken apart from the front. There is always an answer: past the end
//! numbers are zero and strings are empty, so that every input means something.

/// What is left of an input.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Starts at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Whether every byte was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self) -> u16 {
        u16::from(self.u8()) << 8 | u16::from(self.u8())
    }

    /// A number below `n`, of two bytes; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.u16()) % n.max(1)
    }

    /// As many of the next `len` bytes as there are.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes behind a length of one byte.
    pub fn short(&mut self) -> &'a [u8] {
        let len = usize::from(self.u8());
        self.bytes(len)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// A number that is likely to be at some limit: one byte chooses zero, the greatest, something
    /// near `near`, or eight bytes of the input.
    pub fn number(&mut self, near: u64) -> u64 {
        match self.u8() {
            0 => 0,
            1 => u64::MAX,
            n @ 2..=127 => near.saturating_add(u64::from(n) - 2),
            n @ 128..=191 => near.saturating_sub(u64::from(n) - 127),
            _ => self.bytes(8).iter().fold(0, |n, b| n << 8 | u64::from(*b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_of_it_and_then_nothing() {
        let mut input = Input::new(&[1, 2, 3, 2, 9, 9, 7]);
        assert_eq!((input.u8(), input.u16(), input.short()), (1, 0x0203, &[9u8, 9][..]));
        assert_eq!((input.u16(), input.u16(), input.short()), (0x0700, 0, &[][..]));
        assert!(input.is_empty());
        assert_eq!(input.below(0), 0);
    }
}
