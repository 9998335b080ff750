//! Edits of a byte string that the input spells out: what a mutator would do blindly to the whole
//! message is done here to one field of it, after which hashes and signatures are made again.

use crate::input::Input;

/// No edit makes a string longer than this: what is fuzzed here is meaning, not size.
pub const MAX_EDITED: usize = 1 << 16;

/// One edit of `data`. `other` is a string of the same sort from another message.
pub fn edit(input: &mut Input<'_>, data: &mut Vec<u8>, other: &[u8]) {
    let kind = input.u8() % 10;
    let at = input.below(data.len().saturating_add(1));
    match kind {
        0 => with(data, at, |b| *b ^= 1 << (input.u8() % 8)),
        1 => with(data, at, |b| *b = input.u8()),
        2 => {
            let bytes = input.short();
            data.splice(at..at, bytes.iter().copied());
        }
        3 => {
            let end = at.saturating_add(usize::from(input.u8())).min(data.len());
            data.drain(at..end);
        }
        4 => {
            let end = at.saturating_add(usize::from(input.u8())).min(data.len());
            let copy = data.get(at..end).unwrap_or_default().to_vec();
            let to = input.below(data.len().saturating_add(1));
            data.splice(to..to, copy);
        }
        5 => data.truncate(at),
        6 => {
            let len = usize::from(input.u8());
            let from = input.below(other.len().saturating_add(1));
            let piece = other.get(from..from.saturating_add(len).min(other.len())).unwrap_or_default().to_vec();
            let end = at.saturating_add(piece.len()).min(data.len());
            data.splice(at..end, piece);
        }
        7 => {
            let words = data.len() / 32;
            let (a, b) = (input.below(words), input.below(words));
            if words > 0 {
                (0..32).for_each(|i| data.swap(a * 32 + i, b * 32 + i));
            }
        }
        8 => data.extend(input.short()),
        _ => *data = other.to_vec(),
    }
    data.truncate(MAX_EDITED);
}

/// Up to 15 edits, as many as a byte says.
pub fn edits(input: &mut Input<'_>, data: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..input.u8() % 16 {
        edit(input, data, other);
    }
}

fn with(data: &mut [u8], at: usize, change: impl FnOnce(&mut u8)) {
    if let Some(byte) = data.get_mut(at) {
        change(byte);
    }
}

/// Puts `new` wherever `old` stands; equal lengths.
pub fn replace(data: &mut [u8], old: &[u8], new: &[u8]) {
    if old.len() != new.len() || old.is_empty() {
        return;
    }
    let mut at = 0;
    while let Some(found) = data.get(at..).and_then(|rest| rest.windows(old.len()).position(|w| w == old)) {
        at += found;
        if let Some(slot) = data.get_mut(at..at + old.len()) {
            slot.copy_from_slice(new);
        }
        at += old.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &[u8], data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        edit(&mut Input::new(script), &mut data, b"other");
        data
    }

    #[test]
    fn each_edit_does_what_it_says() {
        assert_eq!(run(&[0, 0, 1, 3], &[0, 0, 0]), [0, 8, 0]);
        assert_eq!(run(&[1, 0, 2, 9], &[0, 0, 0]), [0, 0, 9]);
        assert_eq!(run(&[2, 0, 1, 2, 7, 8], &[1, 2]), [1, 7, 8, 2]);
        assert_eq!(run(&[3, 0, 1, 2], &[1, 2, 3, 4]), [1, 4]);
        assert_eq!(run(&[4, 0, 0, 2, 0, 3], &[1, 2, 3]), [1, 2, 3, 1, 2]);
        assert_eq!(run(&[5, 0, 1], &[1, 2, 3]), [1]);
        assert_eq!(run(&[6, 0, 1, 2, 0, 3], b"abcd"), b"aerd");
        assert_eq!(run(&[8, 0, 0, 1, 5], &[1]), [1, 5]);
        assert_eq!(run(&[9], &[1]), b"other");
        let words: Vec<u8> = (0..64).collect();
        assert_eq!(run(&[7, 0, 0, 0, 0, 0, 1], &words)[..32], words[32..]);
        assert!(run(&[0, 0, 0], &[]).is_empty());
    }

    #[test]
    fn replaces_every_place() {
        let mut data = b"abXYabXY".to_vec();
        replace(&mut data, b"XY", b"12");
        assert_eq!(data, b"ab12ab12");
    }
}
