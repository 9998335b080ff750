//! Headers taken apart into their RLP items, altered, and sealed again.

use super::Rng;
use crate::common::{Validator, high_s, list, number, string, validators};
use alloy_primitives::{Address, B256, keccak256};
use lupu_qbft::Kind;
use std::collections::BTreeMap;

/// The test keys by address, ascending.
pub struct Keyring(BTreeMap<Address, Validator>);

impl Keyring {
    pub fn new() -> Self {
        let all = [("validator", 16), ("newcomer", 8), ("stranger", 2)];
        let keys = all.into_iter().flat_map(|(seed, n)| validators(seed, n));
        Self(keys.map(|v| (v.address, v)).collect())
    }

    pub fn get(&self, address: &Address) -> Option<&Validator> {
        self.0.get(address)
    }

    /// Some of the keys, ascending.
    pub fn some(&self, rng: &mut Rng, n: usize) -> Vec<Address> {
        let mut all: Vec<Address> = self.0.keys().copied().collect();
        rng.shuffle(&mut all);
        all.truncate(n);
        all.sort();
        all
    }
}

/// An RLP item's header length and payload length, if it is well-formed as far as `data` goes.
pub fn extent(data: &[u8]) -> Option<(usize, usize)> {
    let first = *data.first()?;
    let long = |width: u8| {
        let width = usize::from(width);
        let len =
            data.get(1..1 + width)?.iter().try_fold(0usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?;
        Some((1 + width, len))
    };
    let (head, len) = match first {
        0x00..=0x7f => (0, 1),
        0x80..=0xb7 => (1, usize::from(first - 0x80)),
        0xb8..=0xbf => long(first - 0xb7)?,
        0xc0..=0xf7 => (1, usize::from(first - 0xc0)),
        0xf8..=0xff => long(first - 0xf7)?,
    };
    (head.checked_add(len)? <= data.len()).then_some((head, len))
}

/// The items of a list, each with its header. `None` unless they fill it.
pub fn items(data: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (head, len) = extent(data).filter(|(head, len)| head + len == data.len())?;
    let mut rest = data.get(head..head + len).filter(|_| data[0] >= 0xc0)?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (head, len) = extent(rest)?;
        let (item, behind) = rest.split_at(head + len);
        out.push(item.to_vec());
        rest = behind;
    }
    Some(out)
}

pub fn payload(item: &[u8]) -> &[u8] {
    extent(item).and_then(|(head, len)| item.get(head..head + len)).unwrap_or_default()
}

/// The place of extraData among a header's items.
const EXTRA: usize = 12;

/// A header's items, with extraData taken apart once more.
#[derive(Clone)]
pub struct Parts {
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
    /// Vanity, validators, vote, round, all encoded.
    extra: Vec<Vec<u8>>,
    seals: Vec<Vec<u8>>,
    /// Encoded items behind the seals.
    more: Vec<Vec<u8>>,
    /// Whether what was changed is outside of what validators seal, and the seals stay.
    keep_seals: bool,
}

impl Parts {
    pub fn read(header: &[u8]) -> Option<Self> {
        let mut before = items(header)?;
        let after = before.split_off((EXTRA + 1).min(before.len()));
        let extra = before.pop().filter(|_| before.len() == EXTRA)?;
        let mut extra = items(payload(&extra))?;
        let more = extra.split_off(5.min(extra.len()));
        let seals = extra.pop().filter(|_| extra.len() == 4)?;
        let seals = items(&seals)?.iter().map(|s| payload(s).to_vec()).collect();
        Some(Self { before, after, extra, seals, more, keep_seals: false })
    }

    fn assemble(&self, extra: &[Vec<u8>]) -> Vec<u8> {
        let mut all = self.before.clone();
        all.push(string(&list(extra)));
        all.extend(self.after.iter().cloned());
        list(&all)
    }

    pub fn raw(&self) -> Vec<u8> {
        let seals: Vec<Vec<u8>> = self.seals.iter().map(|s| string(s)).collect();
        let mut extra = self.extra.clone();
        extra.push(list(&seals));
        extra.extend(self.more.iter().cloned());
        self.assemble(&extra)
    }

    fn digest(&self, kind: Kind) -> B256 {
        let mut extra = self.extra.clone();
        if kind == Kind::Qbft {
            extra.push(vec![0xc0]);
        }
        keccak256(self.assemble(&extra))
    }

    pub fn validators(&self) -> Vec<Address> {
        let items = self.extra.get(1).and_then(|list| items(list)).unwrap_or_default();
        items.iter().filter_map(|a| Address::try_from(payload(a)).ok()).collect()
    }

    pub fn set_validators(&mut self, set: &[Address]) {
        if let Some(item) = self.extra.get_mut(1) {
            *item = list(&set.iter().map(|a| string(a.as_slice())).collect::<Vec<_>>());
        }
    }

    pub fn set_state_root(&mut self, root: B256) {
        if let Some(item) = self.before.get_mut(3) {
            *item = string(root.as_slice());
        }
    }

    pub fn state_root(&self) -> B256 {
        self.before.get(3).and_then(|item| B256::try_from(payload(item)).ok()).unwrap_or_default()
    }

    fn scalar(&self, at: usize) -> u64 {
        let bytes = self.before.get(at).map(|item| payload(item)).unwrap_or_default();
        bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
    }

    fn set_scalar(&mut self, at: usize, n: u64) {
        if let Some(item) = self.before.get_mut(at) {
            *item = number(n);
        }
    }

    fn set_extra(&mut self, at: usize, new: Vec<u8>) {
        if let Some(item) = self.extra.get_mut(at) {
            *item = new;
        }
    }

    /// Numbers and hashes that a header may well have.
    pub fn change_value(&mut self, rng: &mut Rng, kind: Kind, near: &[u64]) {
        match rng.below(10) {
            // number, timestamp: near what the client knows
            0 | 1 => {
                let near = rng.pick(near).copied().unwrap_or_default();
                let n = rng.number(near);
                self.set_scalar(8, n);
            }
            2..=4 => {
                let near = if rng.chance(2) { self.scalar(11) } else { rng.pick(near).copied().unwrap_or_default() };
                let n = rng.number(near);
                self.set_scalar(11, n);
            }
            5 => {
                let at = 9 + rng.below(2);
                let n = rng.number(1 << 32);
                self.set_scalar(at, n);
            }
            6 => {
                let round = match rng.below(4) {
                    0 => rng.number(128) as u32,
                    1 => u32::MAX,
                    2 => rng.below(300) as u32,
                    _ => rng.next() as u32,
                };
                let item = if kind == Kind::Qbft { number(round.into()) } else { string(&round.to_be_bytes()) };
                self.set_extra(3, item);
            }
            7 => self.set_extra(2, vote(rng, kind)),
            8 => self.after.push(any_item(rng)),
            _ => {
                let at = *rng.pick(&[0, 2, 4, 5]).unwrap_or(&0);
                if let Some(item) = self.before.get_mut(at) {
                    *item = string(&rng.bytes(payload(item).len()));
                }
            }
        }
    }

    /// Encodings that a header may not have, most of them.
    pub fn change_encoding(&mut self, rng: &mut Rng) {
        let place = rng.below(4);
        let list = match place {
            0 | 1 => &mut self.before,
            2 => &mut self.after,
            _ => &mut self.extra,
        };
        let at = rng.below(list.len());
        let Some(item) = list.get(at).cloned() else { return list.push(any_item(rng)) };
        match rng.below(9) {
            0 => drop(list.remove(at)),
            1 => list.insert(at, item),
            2 => {
                let other = rng.below(list.len());
                list.swap(at, other);
            }
            3 => list[at] = longer(&item),
            4 => list[at] = string(&[&[0], payload(&item)].concat()),
            5 => list[at] = any_item(rng),
            6 => list[at] = string(payload(&item).get(1..).unwrap_or_default()),
            7 => list[at] = crate::common::list(&[item]),
            _ => {
                let bit = rng.below(item.len().max(1) * 8);
                if let Some(byte) = list[at].get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
        }
    }

    /// The list of validators: order, doubles, zero, length.
    pub fn change_validators(&mut self, rng: &mut Rng, keys: &Keyring) {
        let mut set = self.validators();
        let at = rng.below(set.len());
        match rng.below(8) {
            0 if set.len() > 1 => set.swap(0, at),
            1 if !set.is_empty() => set.insert(at, set[at]),
            2 => set.insert(0, Address::ZERO),
            3 if !set.is_empty() => drop(set.remove(at)),
            4 => set.clear(),
            5 => {
                set.extend(keys.some(rng, 2));
                set.sort();
                set.dedup();
            }
            6 => {
                set.push(Address::from_slice(&rng.bytes(20)));
                set.sort();
            }
            _ => {
                let n = 1 + rng.below(13);
                set = keys.some(rng, n);
            }
        }
        self.set_validators(&set);
    }

    /// Only what is outside the digest.
    pub fn change_seals(&mut self, rng: &mut Rng) {
        self.keep_seals = true;
        let at = rng.below(self.seals.len());
        match rng.below(6) {
            0 => rng.shuffle(&mut self.seals),
            1 => drop(self.seals.pop()),
            2 if !self.seals.is_empty() => self.seals.insert(at, self.seals[at].clone()),
            3 => self.more.push(any_item(rng)),
            4 => self.seals.clear(),
            _ => {
                if let Some(seal) = self.seals.get_mut(at) {
                    spoil(rng, seal);
                }
            }
        }
    }

    /// Seals the header as it is now by about as many validators as are needed, mostly flawlessly.
    pub fn seal(&mut self, rng: &mut Rng, kind: Kind, keys: &Keyring) {
        if self.keep_seals {
            return;
        }
        let digest = self.digest(kind);
        let mut signers: Vec<&Validator> = self.validators().iter().filter_map(|a| keys.get(a)).collect();
        let n = self.validators().len();
        let quorum = (2 * n).div_ceil(3);
        let wanted = match rng.below(8) {
            0 => quorum.saturating_sub(1),
            1 => rng.below(n + 2),
            2 | 3 => n,
            _ => quorum,
        };
        rng.shuffle(&mut signers);
        signers.truncate(wanted);
        if rng.chance(30) {
            let stranger = keys.some(rng, 1);
            signers.extend(stranger.first().and_then(|a| keys.get(a)));
        }
        signers.sort_by_key(|v| v.address);
        self.seals = signers.iter().map(|v| v.seal(&digest)).collect();
        match rng.below(24) {
            0 => rng.shuffle(&mut self.seals),
            1 => {
                let again = rng.pick(&self.seals).cloned();
                self.seals.extend(again);
            }
            2 | 3 => {
                let at = rng.below(self.seals.len());
                if let Some(seal) = self.seals.get_mut(at) {
                    spoil(rng, seal);
                }
            }
            _ => {}
        }
    }
}

/// A seal with one flaw.
fn spoil(rng: &mut Rng, seal: &mut Vec<u8>) {
    if seal.len() != 65 {
        return seal.resize(65, 1);
    }
    match rng.below(10) {
        0 => seal[64] ^= 1,
        1 => seal[64] = *rng.pick(&[2, 3, 27, 28, 255]).unwrap_or(&2),
        2 => *seal = high_s(seal),
        3 => seal[..32].fill(0),
        4 => seal[32..64].fill(0),
        5 => seal[..32].fill(0xff),
        6 => drop(seal.pop()),
        7 => seal.push(0),
        8 => seal.clear(),
        _ => seal[rng.below(65)] ^= 1 << rng.below(8),
    }
}

fn vote(rng: &mut Rng, kind: Kind) -> Vec<u8> {
    let recipient = rng.bytes(20);
    match rng.below(6) {
        0 => vec![0xc0],
        1 => vec![0x80],
        2 => list(&[string(&recipient), string(&[0xff])]),
        3 => list(&[string(&recipient), string(&[])]),
        4 => list(&[string(&recipient), string(&[rng.byte()])]),
        _ if kind == Kind::Qbft => list(&[string(&recipient), vec![0x00]]),
        _ => list(&[string(&recipient[..19]), vec![0x00]]),
    }
}

/// Any item: a string, a number, a list, an encoding that is too long.
pub fn any_item(rng: &mut Rng) -> Vec<u8> {
    let len = *rng.pick(&[0, 1, 2, 8, 20, 31, 32, 33, 55, 56, 256]).unwrap_or(&0);
    let bytes = rng.bytes(len);
    match rng.below(6) {
        0 => list(&[string(&bytes)]),
        1 => vec![0xc0],
        2 => number(rng.next() >> rng.below(64)),
        3 => longer(&string(&bytes)),
        _ => string(&bytes),
    }
}

/// The same item with a header that is one form too long.
fn longer(item: &[u8]) -> Vec<u8> {
    let base = if item.first().is_some_and(|b| *b >= 0xc0) { 0xc0u8 } else { 0x80 };
    let content = payload(item);
    match content.len() {
        1 if base == 0x80 && content[0] < 0x80 => vec![0x81, content[0]],
        n if n < 256 => [&[base + 56, n as u8], content].concat(),
        n => [&[base + 58, 0, (n >> 8) as u8, n as u8], content].concat(),
    }
}
