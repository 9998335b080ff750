//! Changes of bytes and of lists, whatever they mean.

use super::super::rng::Rng;
use alloy_primitives::Bytes;

/// Changes bytes. `whole`: of a file, of which more than a little may go.
pub fn bytes(rng: &mut Rng, data: &mut Vec<u8>, donor: &[u8], whole: bool) -> &'static str {
    if data.is_empty() {
        data.push(rng.next() as u8);
        return "byte added";
    }
    let at = rng.below(data.len());
    let some = rng.below(if whole { 200 } else { 33 }) + 1;
    let end = (at + some).min(data.len());
    match rng.below(10) {
        0 | 1 => {
            data[at] ^= 1 << rng.below(8);
            "bit flipped"
        }
        2 => {
            data[at] = *rng.pick(&[0, 1, 0x7f, 0x80, 0xff, b'0', b'"', b'}']);
            "byte set"
        }
        3 => {
            data[at] = rng.next() as u8;
            "byte replaced"
        }
        4 => {
            data.insert(at, rng.next() as u8);
            "byte added"
        }
        5 => {
            data.drain(at..end);
            "bytes dropped"
        }
        6 => {
            let copy = data[at..end].to_vec();
            data.splice(at..at, copy);
            "bytes duplicated"
        }
        7 => {
            let copy = data[at..end].to_vec();
            let to = rng.below(data.len() - copy.len() + 1);
            data[to..to + copy.len()].copy_from_slice(&copy);
            "bytes copied over others"
        }
        8 => {
            let from = rng.below(donor.len());
            let piece = donor[from..(from + some).min(donor.len())].to_vec();
            let end = (at + piece.len()).min(data.len());
            data.splice(at..end, piece);
            "bytes spliced from another bundle"
        }
        _ => {
            data.truncate(at);
            "cut off"
        }
    }
}

/// Changes one hex digit of a JSON file, or the byte there, to another hex digit: the file still
/// reads more often than not.
pub fn digit(rng: &mut Rng, data: &mut [u8]) -> &'static str {
    let at = rng.below(data.len());
    data[at] = *rng.pick(b"0123456789abcdef");
    "digit replaced"
}

pub fn field(rng: &mut Rng, data: &mut Bytes, donor: &[u8]) {
    let mut raw = data.to_vec();
    bytes(rng, &mut raw, donor, false);
    *data = raw.into();
}

/// Drops, doubles, swaps or replaces pieces of one size.
pub fn pieces(rng: &mut Rng, data: &mut Bytes, size: usize, donor: &[u8]) {
    let mut list: Vec<Vec<u8>> = data.chunks(size).map(<[u8]>::to_vec).collect();
    let others: Vec<&[u8]> = donor.chunks(size).collect();
    reorder(rng, &mut list, &others);
    *data = list.concat().into();
}

pub fn reorder<T: Clone>(rng: &mut Rng, list: &mut Vec<T>, others: &[impl Clone + Into<T>]) -> &'static str {
    if list.is_empty() {
        return "nothing";
    }
    let (a, b) = (rng.below(list.len()), rng.below(list.len()));
    match rng.below(4) {
        0 => {
            list.remove(a);
            "dropped"
        }
        1 => {
            let copy = list[a].clone();
            list.insert(b, copy);
            "duplicated"
        }
        2 if !others.is_empty() => {
            list[a] = rng.pick(others).clone().into();
            "taken from another bundle"
        }
        _ => {
            list.swap(a, b);
            "swapped"
        }
    }
}
