//! Updates of Substrate chains by GRANDPA: a header, the votes that finalize it, its state.

use super::{
    Item,
    substrate::{anchor_value, header_facts},
    tree::{counted, hex},
    update::{Follow, With, changes, time},
    utc,
};
use crate::bundle::Update;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::B256;
use lupu_grandpa::{AuthoritySet, ClientState, Justification, VerifyEd25519, Zebra, scheduled_change, vote_message};
use lupu_standard::TimestampSecs;
use lupu_substrate_state::Header;

pub(super) struct Grandpa<'a> {
    state: &'a ClientState,
    set_id: u64,
    authorities: AuthoritySet,
    time: TimestampSecs,
}

impl<'a> Grandpa<'a> {
    pub(super) fn new(state: &'a ClientState, set_id: u64, authorities: &AuthoritySet) -> Self {
        Self { state, set_id, authorities: authorities.clone(), time: state.latest_timestamp }
    }

    /// The votes, the headers between, and the weight. Also how many good votes there are.
    fn votes(&self, justification: &Justification) -> ([Item; 3], usize) {
        let (mut weight, mut good, mut bad, mut voted) = (0u64, Vec::new(), Vec::new(), Vec::new());
        for (index, vote) in justification.votes.iter().enumerate() {
            let (key, number) = (vote.key, vote.target.number);
            let message = vote_message(&vote.target, justification.round, self.set_id);
            match self.authorities.find(&key) {
                None => bad.push(format!("vote {index} of {key}: not in the set")),
                Some(_) if voted.contains(&key) => bad.push(format!("vote {index} of {key}: a second one")),
                Some(_) if !Zebra.verify(&key, &message, &vote.signature) => {
                    bad.push(format!("vote {index} of {key}: not signed in this round of this set"));
                }
                Some((_, its)) => {
                    weight = weight.saturating_add(its);
                    voted.push(key);
                    good.push(format!("{key} weight {its}, for block {number}"));
                }
            }
        }
        let (count, all) = (good.len(), self.authorities.authorities());
        let words = "Each vote is signed over the block voted for, the round and the set. Whoever is not in the trusted set, \
                     votes twice or signed something else makes the proof false.";
        let votes =
            Item::new(format!("The votes: {} in round {}", justification.votes.len(), justification.round), words)
                .checks(&["ForeignVoter", "DuplicateVoter", "InvalidSignature"])
                .fact("round", justification.round)
                .fact("authority set", self.set_id)
                .codes("voted", good)
                .codes("bad vote", bad)
                .codes("did not vote", all.iter().filter(|a| !voted.contains(&a.key)).map(|a| a.key.to_string()));
        let words = "A vote for a later block counts for the blocks before it. The headers between show that each vote is for \
                     this block or one that descends from it.";
        let target = justification.target.number;
        let later = justification.votes.iter().filter(|v| v.target.number != target).count();
        let ancestry = Item::new("The ancestry", words)
            .checks(&["InvalidAncestry", "UnusedAncestry"])
            .fact("votes for later blocks", later)
            .fact("headers between", justification.ancestry.len())
            .codes("header between", justification.ancestry.iter().map(|a| format!("{} block {}", a.hash, a.number)));
        let (required, total) = (self.authorities.threshold(), self.authorities.total_weight());
        let words = "A block is final when votes of more than two thirds of the weight are for it.";
        let weight = Item::new(format!("The weight: {weight} of {total}"), words)
            .checks(&["TooLittleWeight"])
            .fact("quorum", format!("weight {weight} of {total}, {total} - floor(({total}-1)/3) = {required} needed"));
        ([votes, ancestry, weight], count)
    }

    fn change(&self, header: &Header) -> (Item, Option<AuthoritySet>) {
        let words = "A header may announce another authority set, which then finalizes what follows.";
        let item = Item::new("The change of the set", words).checks(&["ForcedChange", "InvalidScheduledChange"]);
        match scheduled_change(header) {
            Ok(None) => (item.fact("changes of the set", "none"), None),
            Ok(Some(next)) => {
                let item = item.fact("set from here on", self.set_id.saturating_add(1));
                (changes(item, &names(&self.authorities), &names(&next), "authority"), Some(next))
            }
            Err(error) => (item.fact("unreadable", error), None),
        }
    }
}

impl Follow for Grandpa<'_> {
    fn parts(&mut self, update: &Update, with: &With<'_>) -> (String, Vec<Item>) {
        let (trusted, period) = (self.time, self.state.rules.trusting_period);
        let until = utc(TimestampSecs(trusted.0.saturating_add(period)));
        let before =
            Item::new("The step before", "It must be one that is trusted still at the time that this update proves.")
                .checks(&[
                    "MalformedMessage",
                    "ClientFrozen",
                    "UnknownTrustedHeight",
                    "TrustedStateMismatch",
                    "TrustedStateExpired",
                ])
                .fact("time", utc(trusted))
                .fact("to be built upon before", until);
        let words = "The header, byte for byte as the chain hashes it; its hash is computed here.";
        let item = Item::new("The header", words).checks(&["MalformedHeader", "HeightNotNewer", "ZeroStateRoot"]);
        let Update::Grandpa { header: raw, justification } = update else {
            return ("An update of another kind".into(), Vec::from([before, item]));
        };
        let header = match Header::decode(raw) {
            Ok(header) => header,
            Err(error) => {
                let item = item.fact("unreadable", error).code("bytes", hex(raw));
                return ("A header that cannot be read".into(), Vec::from([before, item]));
            }
        };
        let item = header_facts(item, &header);
        let list = self.authorities.authorities();
        let words = "The authorities that the step before trusts.";
        let title =
            format!("The authorities: set {}, {}", self.set_id, counted(list.len(), "authority", "authorities"));
        let set = Item::new(title, words)
            .checks(&["InvalidAuthoritySet", "AuthoritySetMismatch"])
            .fact("total weight", self.authorities.total_weight())
            .codes("authority", list.iter().map(|a| format!("{} weight {}", a.key, a.weight)));
        let words = "What finalizes the header: a round of votes, and for which block they are.";
        let proof = Item::new("The justification", words).checks(&["MalformedJustification", "TargetMismatch"]);
        let mut parts = Vec::from([before, item, set]);
        let decoded = match Justification::decode(justification) {
            Ok(decoded) => decoded,
            Err(error) => {
                parts.push(proof.fact("unreadable", error).code("bytes", hex(justification)));
                return (format!("Block {}", header.number), parts);
            }
        };
        let proof = proof
            .fact("finalizes block", decoded.target.number)
            .code("with hash", decoded.target.hash)
            .code("hash of the header", header.hash());
        let ([votes, ancestry, weight], good) = self.votes(&decoded);
        let (change, next) = self.change(&header);
        let (value, found) = anchor_value(&header, &self.state.genesis, &self.state.pallet_prefix, with);
        let clock = time(trusted, period, found).checks(&["HeaderFromFuture", "TimeWentBack"]);
        parts.extend([proof, votes, ancestry, weight, change, value, clock]);
        let title = format!("Block {}, voted for by {good} of {} authorities", header.number, list.len());
        if let Some(next) = next {
            self.authorities = next;
            self.set_id = self.set_id.saturating_add(1);
        }
        self.time = found.unwrap_or(self.time);
        (title, parts)
    }
}

fn names(set: &AuthoritySet) -> Vec<String> {
    set.authorities().iter().map(|a| B256::to_string(&a.key)).collect()
}
