//! Whether the votes of a justification are for its target or for what descends from it.

use crate::justification::{Ancestor, Justification, Target};
use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::B256;

/// The headers of a justification by hash, and which of them lead to the target.
pub(crate) struct Ancestry<'a> {
    target: Target,
    headers: BTreeMap<B256, Link<'a>>,
}

struct Link<'a> {
    header: &'a Ancestor,
    /// Whether a walk from here reached the target, with the right numbers all the way.
    leads: bool,
}

impl<'a> Ancestry<'a> {
    pub fn new(justification: &'a Justification) -> Self {
        let link = |header: &'a Ancestor| (header.hash, Link { header, leads: false });
        Self { target: justification.target, headers: justification.ancestry.iter().map(link).collect() }
    }

    /// Whether `from` is the target, or above it and descends from it with the right number. Marks
    /// the headers on the way. Each header is walked once, whatever the number of votes.
    pub fn reaches(&mut self, from: &Target) -> bool {
        let (mut hash, mut number) = (from.hash, from.number);
        let mut way = Vec::new();
        while hash != self.target.hash {
            let Some(link) = self.headers.get(&hash) else { return false };
            if link.header.number != number || number <= self.target.number {
                return false;
            }
            if link.leads {
                return self.mark(&way);
            }
            way.push(hash);
            hash = link.header.parent_hash;
            number = number.saturating_sub(1);
        }
        number == self.target.number && self.mark(&way)
    }

    fn mark(&mut self, way: &[B256]) -> bool {
        for hash in way {
            if let Some(link) = self.headers.get_mut(hash) {
                link.leads = true;
            }
        }
        true
    }

    /// How many headers, each counted once, are on the way of what was asked so far.
    pub fn used(&self) -> usize {
        self.headers.values().filter(|link| link.leads).count()
    }

    /// Whether a header is on the way of what was asked so far.
    pub fn uses(&self, hash: &B256) -> bool {
        self.headers.get(hash).is_some_and(|link| link.leads)
    }
}
