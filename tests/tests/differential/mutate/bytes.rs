//! Mutations of bytes without knowing what they mean, and of ABI words.

use super::Rng;

/// Flips, drops, inserts, doubles, splices with `other`; one to three times.
pub fn mutate(rng: &mut Rng, mut data: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..=rng.below(3) {
        let at = rng.below(data.len());
        let len = 1 + rng.below(40);
        match rng.below(8) {
            0 | 1 if !data.is_empty() => data[at] ^= 1 << rng.below(8),
            2 if !data.is_empty() => {
                data[at] = *rng.pick(&[0x00, 0x01, 0x7f, 0x80, 0x81, 0xa0, 0xc0, 0xff]).unwrap_or(&0)
            }
            3 => drop(data.drain(at..(at + len).min(data.len()))),
            4 => {
                let new = if rng.chance(2) { vec![0; len] } else { rng.bytes(len) };
                data.splice(at..at, new);
            }
            5 => {
                let again = data[at..(at + len).min(data.len())].to_vec();
                data.splice(at..at, again);
            }
            6 if !other.is_empty() => {
                let from = at.min(other.len());
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
            _ => {
                let end = rng.below(data.len() + 1);
                data.truncate(end);
            }
        }
    }
    data
}

/// One or two 32-byte words become another number: an offset, a length, dirt in the padding.
pub fn mutate_words(rng: &mut Rng, mut data: Vec<u8>) -> Vec<u8> {
    for _ in 0..=rng.below(2) {
        let word = rng.below(data.len() / 32) * 32;
        let Some(bytes) = data.get_mut(word..word + 32) else { return data };
        let low = u64::from_be_bytes(bytes[24..].try_into().expect("8 bytes"));
        let new = match rng.below(8) {
            0 => low.wrapping_add(32),
            1 => low.wrapping_sub(32),
            2 => low.wrapping_add(1),
            3 => low.wrapping_sub(1),
            4 => 0,
            5 => rng.next(),
            6 => {
                bytes[rng.below(24)] ^= 1 << rng.below(8);
                low
            }
            _ => {
                bytes[31 - rng.below(8)] ^= 1 << rng.below(8);
                continue;
            }
        };
        bytes[24..].copy_from_slice(&new.to_be_bytes());
    }
    match rng.below(12) {
        0 => data.extend([0; 32]),
        1 => drop(data.pop()),
        2 => data.truncate(data.len().saturating_sub(32)),
        3 => data.push(0),
        _ => {}
    }
    data
}
