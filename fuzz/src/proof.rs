//! Packed proofs in parts, and edits of them that keep the hashes right: a node that was changed is
//! hashed again in its parents, up to the root, so that the verifier meets what it was changed to.

use crate::{
    edit::{edit, replace},
    input::Input,
};
use alloy_primitives::{B256, keccak256};
use lupu_ethereum_state::rlp;
use lupu_substrate_state::blake2_256;

/// Whose proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trie {
    /// Nodes are RLP items, hashed by keccak256.
    Ethereum,
    /// Items have a length of two bytes in front, and are hashed by BLAKE2b-256.
    Substrate,
}

/// What belongs to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Nodes kept of the path before.
    pub restart: u8,
    /// What it says about how many items follow.
    pub count: u8,
    /// The items.
    pub items: Vec<Vec<u8>>,
}

impl Trie {
    fn hash(self, item: &[u8]) -> B256 {
        match self {
            Self::Ethereum => keccak256(item),
            Self::Substrate => blake2_256(item),
        }
    }

    /// The next item and what is behind it.
    fn item(self, data: &[u8]) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Ethereum => data.split_at_checked(rlp::Reader::new(data).item().ok()?.raw.len()),
            Self::Substrate => {
                let (len, rest) = data.split_first_chunk::<2>()?;
                rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
            }
        }
    }

    /// The parts of a well-formed proof.
    pub fn split(self, proof: &[u8]) -> Option<Vec<Part>> {
        let mut rest = proof;
        let mut parts = Vec::new();
        while let Some((&[restart, count], after)) = rest.split_first_chunk::<2>() {
            rest = after;
            let mut items = Vec::new();
            for _ in 0..count {
                let (item, after) = self.item(rest)?;
                items.push(item.to_vec());
                rest = after;
            }
            parts.push(Part { restart, count, items });
        }
        rest.is_empty().then_some(parts)
    }

    /// The proof of these parts, whatever they say.
    pub fn join(self, parts: &[Part]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in parts {
            out.extend([part.restart, part.count]);
            for item in &part.items {
                if self == Self::Substrate {
                    out.extend((item.len() as u16).to_be_bytes());
                }
                out.extend(item);
            }
        }
        out
    }

    /// Changes the items by the input. Returns the root that they have afterwards: parents name
    /// the new hashes of their children, unless the input says that they do not.
    pub fn edit(self, input: &mut Input<'_>, root: B256, parts: &mut Vec<Part>) -> B256 {
        let mut root = root;
        for _ in 0..input.u8() % 4 {
            let kind = input.u8() % 12;
            let at = input.below(parts.len());
            match kind {
                0..=6 => root = self.edit_item(input, root, parts, kind == 6),
                7 => with(parts, at, |p| p.restart = input.u8()),
                8 => with(parts, at, |p| p.count = input.u8()),
                9 => with(parts, at, |p| {
                    let index = input.below(p.items.len());
                    if index < p.items.len() {
                        p.items.remove(index);
                        p.count = p.count.wrapping_sub(1);
                    }
                }),
                10 => {
                    let from = parts.get(input.below(parts.len())).and_then(|p| p.items.first()).cloned();
                    with(parts, at, |p| {
                        p.items.extend(from);
                        p.count = p.count.wrapping_add(1);
                    });
                }
                _ if at < parts.len() => drop(parts.remove(at)),
                _ => {}
            }
        }
        root
    }

    fn edit_item(self, input: &mut Input<'_>, root: B256, parts: &mut [Part], plain: bool) -> B256 {
        let mut items: Vec<Vec<u8>> = parts.iter().flat_map(|p| p.items.iter().cloned()).collect();
        let chosen = input.below(items.len());
        let other = items.get(input.below(items.len())).cloned().unwrap_or_default();
        let Some(item) = items.get_mut(chosen) else { return root };
        let mut old = self.hash(item);
        edit(input, item, &other);
        let mut root = root;
        if !plain {
            let mut changed = vec![(old, self.hash(item))];
            for index in (0..chosen).rev() {
                let Some(parent) = items.get_mut(index) else { continue };
                old = self.hash(parent);
                changed.iter().for_each(|(from, to)| replace(parent, from.as_slice(), to.as_slice()));
                let new = self.hash(parent);
                if new != old {
                    changed.push((old, new));
                }
            }
            if let Some((_, to)) = changed.iter().find(|(from, _)| *from == root) {
                root = *to;
            }
        }
        let mut items = items.into_iter();
        for part in parts {
            for item in &mut part.items {
                *item = items.next().unwrap_or_default();
            }
        }
        root
    }
}

fn with(parts: &mut [Part], at: usize, change: impl FnOnce(&mut Part)) {
    if let Some(part) = parts.get_mut(at) {
        change(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::load;

    #[test]
    fn parts_join_to_the_same_proof() {
        for (trie, file) in [(Trie::Ethereum, "ethereum-state/packed"), (Trie::Substrate, "substrate-state/packed")] {
            let good = load(file).into_iter().filter(|c| c.text("expect") == "ok");
            let proofs: Vec<Vec<u8>> = good.map(|c| c.bytes("proof")).collect();
            assert!(proofs.len() > 20);
            for proof in proofs {
                assert_eq!(trie.join(&trie.split(&proof).expect("a good proof")), proof);
            }
        }
    }

    /// The last byte of a leaf's value changes, and the proof is good for another root.
    #[test]
    fn an_edited_leaf_is_proven_by_another_root() {
        let case = load("ethereum-state/packed").into_iter().find(|c| c.name() == "one_of_200").expect("the case");
        let (root, key) = (case.hash("root"), B256::from_slice(&case.list("keys")[0]));
        let mut parts = Trie::Ethereum.split(&case.bytes("proof")).expect("a good proof");
        let leaf = parts[0].items.last().expect("a leaf").len() - 1;
        let index = parts[0].items.len() as u8 - 1;
        let script = [1, 0, 0, 0, 0, index, 0, 0, 0, 0, leaf as u8, 0];
        let other = Trie::Ethereum.edit(&mut Input::new(&script), root, &mut parts);
        assert_ne!(other, root);
        let proof = Trie::Ethereum.join(&parts);
        let values = lupu_ethereum_state::packed::verify(&other, &[key], &proof).expect("good for that root");
        assert_ne!(values[0].map(<[u8]>::to_vec), Some(case.list("values")[0].clone()));
        assert!(lupu_ethereum_state::packed::verify(&root, &[key], &proof).is_err());
    }
}
