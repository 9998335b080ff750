//! Random numbers and mutations, the same in every run.

/// xorshift64*.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
    /// Changes a few bytes: flips, insertions, removals, cuts, copies.
    pub fn mutate(&mut self, data: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(data.len());
            match self.below(8) {
                0 | 1 if !data.is_empty() => data[at] ^= 1 << self.below(8),
                2 if !data.is_empty() => data[at] = *self.pick(&[0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xff]),
                3 => data.insert(at, *self.pick(&[0, 1, 4, 0xff])),
                4 if !data.is_empty() => drop(data.remove(at)),
                5 => data.truncate(data.len() - self.below(data.len().min(40))),
                6 => {
                    let end = (at + self.below(40)).min(data.len());
                    let copy = data[at..end].to_vec();
                    let to = self.below(data.len());
                    data.splice(to..to, copy);
                }
                _ => {
                    let at = at / 32 * 32;
                    let end = (at + 32).min(data.len());
                    data.drain(at..end);
                }
            }
        }
    }
}

/// How many inputs: `LUPU_MUTANTS` multiplies them.
pub fn mutants(base: usize) -> usize {
    base * std::env::var("LUPU_MUTANTS").map_or(1, |n| n.parse().expect("a number"))
}
