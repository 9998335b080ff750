//! The validator set, its keys, and how votes change it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy::primitives::Address;
use k256::ecdsa::SigningKey;

use crate::header::Vote;
use crate::keys;

/// The validators of the next block with the votes that are counted so far.
///
/// Besu's rules: one vote per block by its proposer; more than half of the validators decide; the
/// change holds from the next block on; an epoch's first block clears all votes and its own does
/// not count.
#[derive(Debug, Clone)]
pub struct ValidatorSet {
    current: BTreeSet<Address>,
    add: BTreeMap<Address, BTreeSet<Address>>,
    remove: BTreeMap<Address, BTreeSet<Address>>,
    /// What each validator will vote for when it proposes.
    intentions: BTreeMap<Address, Vec<Vote>>,
    keys: HashMap<Address, SigningKey>,
}

impl ValidatorSet {
    /// A set of these validators, no votes.
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let keys: HashMap<_, _> = keys.into_iter().map(|key| (keys::address(&key), key)).collect();
        Self {
            current: keys.keys().copied().collect(),
            add: BTreeMap::new(),
            remove: BTreeMap::new(),
            intentions: BTreeMap::new(),
            keys,
        }
    }

    /// The validators, ascending.
    pub fn addresses(&self) -> Vec<Address> {
        self.current.iter().copied().collect()
    }

    /// The key of a validator, past or present.
    pub fn key(&self, address: &Address) -> Option<&SigningKey> {
        self.keys.get(address)
    }

    /// Makes a key known, so that its address can be voted in.
    pub fn learn(&mut self, key: SigningKey) -> Address {
        let address = keys::address(&key);
        self.keys.insert(address, key);
        address
    }

    /// Lets every present validator vote this way when its turn comes, until decided.
    pub fn intend(&mut self, vote: Vote) {
        for voter in self.current.clone() {
            self.intend_as(voter, vote);
        }
    }

    /// Lets one validator vote this way when its turn comes.
    pub fn intend_as(&mut self, voter: Address, vote: Vote) {
        let votes = self.intentions.entry(voter).or_default();
        votes.retain(|other| other.subject != vote.subject);
        votes.push(vote);
    }

    /// Puts another set in place at once, as a Besu `transitions` entry does.
    pub fn replace(&mut self, keys: impl IntoIterator<Item = SigningKey>) {
        let addresses: BTreeSet<_> = keys.into_iter().map(|key| self.learn(key)).collect();
        self.current = addresses;
        self.clear_votes();
    }

    /// The vote that `proposer` casts in its next block.
    pub fn vote_of(&self, proposer: &Address) -> Option<Vote> {
        let cast = |vote: &&Vote| {
            let tally = if vote.add { &self.add } else { &self.remove };
            let voted = tally.get(&vote.subject).is_some_and(|voters| voters.contains(proposer));
            self.current.contains(&vote.subject) != vote.add && !voted
        };
        self.intentions.get(proposer)?.iter().find(cast).copied()
    }

    /// Counts the vote of a block.
    pub fn apply(&mut self, number: u64, epoch_length: u64, proposer: Address, vote: Option<Vote>) {
        if epoch_length > 0 && number.is_multiple_of(epoch_length) {
            self.add.clear();
            self.remove.clear();
            return;
        }
        let Some(Vote { subject, add }) = vote else { return };
        let threshold = self.current.len() / 2 + 1;
        let (tally, opposite) = if add { (&mut self.add, &mut self.remove) } else { (&mut self.remove, &mut self.add) };
        if let Some(voters) = opposite.get_mut(&subject) {
            voters.remove(&proposer);
        }
        let voters = tally.entry(subject).or_default();
        voters.insert(proposer);
        if voters.len() < threshold {
            return;
        }
        if add {
            self.current.insert(subject);
        } else {
            self.current.remove(&subject);
            for voters in self.add.values_mut().chain(self.remove.values_mut()) {
                voters.remove(&subject);
            }
        }
        self.add.remove(&subject);
        self.remove.remove(&subject);
        for votes in self.intentions.values_mut() {
            votes.retain(|vote| vote.subject != subject);
        }
    }

    fn clear_votes(&mut self) {
        self.add.clear();
        self.remove.clear();
        self.intentions.clear();
    }

    /// The proposer after `previous` in round `round`: the set in order, one further per round.
    pub fn proposer(&self, previous: Option<Address>, round: u32) -> Option<Address> {
        let order = self.addresses();
        let start = match previous {
            None => 0,
            Some(previous) => order.iter().position(|address| *address > previous).unwrap_or(0),
        };
        let round = usize::try_from(round).unwrap_or_default();
        let index = start.checked_add(round)?.checked_rem(order.len())?;
        order.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n: u64) -> ValidatorSet {
        ValidatorSet::new((0..n).map(|i| keys::derive("validator", 1, i)))
    }

    #[test]
    fn more_than_half_decide() {
        let mut set = set(4);
        let out = set.addresses()[0];
        let vote = Vote { subject: out, add: false };
        set.intend(vote);
        let voters = set.addresses();
        for (i, voter) in voters.iter().take(3).enumerate() {
            assert_eq!(set.addresses().len(), 4, "before vote {i}");
            assert_eq!(set.vote_of(voter), Some(vote));
            set.apply(1 + i as u64, 30_000, *voter, Some(vote));
        }
        assert_eq!(set.addresses(), voters[1..]);
        assert_eq!(set.vote_of(&voters[3]), None);
    }

    #[test]
    fn an_epoch_forgets_votes() {
        let mut set = set(3);
        let new = set.learn(keys::derive("new", 1, 0));
        let vote = Vote { subject: new, add: true };
        let voters = set.addresses();
        set.apply(9, 10, voters[0], Some(vote));
        set.apply(10, 10, voters[1], Some(vote));
        set.apply(11, 10, voters[2], Some(vote));
        assert_eq!(set.addresses().len(), 3);
        set.apply(12, 10, voters[0], Some(vote));
        assert_eq!(set.addresses().len(), 4);
    }

    #[test]
    fn proposers_take_turns() {
        let set = set(4);
        let order = set.addresses();
        assert_eq!(set.proposer(None, 0), Some(order[0]));
        assert_eq!(set.proposer(Some(order[3]), 0), Some(order[0]));
        assert_eq!(set.proposer(Some(order[0]), 2), Some(order[3]));
    }
}
