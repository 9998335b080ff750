//! Updates of Substrate chains by BEEFY: a signed commitment, a leaf under it, a header, its state.

use super::{
    Item,
    substrate::{anchor_value, header_facts},
    tree::{counted, hex},
    update::{Follow, With, changes, time},
};
use crate::bundle::Update;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, keccak256};
use lupu_beefy::{
    AuthoritySet, ClientState, Commitment, K256, MmrLeaf, mmr, signature::signer, split_addresses,
    verify::SIGNATURE_ENTRY,
};
use lupu_standard::TimestampSecs;
use lupu_substrate_state::Header;

pub(super) struct Beefy<'a> {
    state: &'a ClientState,
    current: AuthoritySet,
    next: AuthoritySet,
    /// The addresses of the set that signed last.
    last: Option<Vec<Address>>,
    newest: (u64, TimestampSecs),
}

impl<'a> Beefy<'a> {
    pub(super) fn new(state: &'a ClientState) -> Self {
        let newest = (state.latest_height.0, state.latest_timestamp);
        Self { state, current: state.current, next: state.next, last: None, newest }
    }

    fn authorities(&self, commitment: &Commitment, list: &[Address], raw: &[u8]) -> Item {
        let id = commitment.validator_set_id;
        let set = [&self.current, &self.next].into_iter().find(|set| set.id == id);
        let words = "The authorities that may sign are known by the root of a tree over their addresses. The addresses in \
                     the file must give that root.";
        let found = AuthoritySet::new(id, list).root;
        let item =
            Item::new(format!("The authorities: set {id}, {}", counted(list.len(), "authority", "authorities")), words)
                .checks(&["AuthoritySetMismatch"])
                .code("their root", found);
        let item = match set {
            Some(set) => item.code("root trusted", set.root),
            None => item.fact("root trusted", format!("none: sets {} and {} are known", self.current.id, self.next.id)),
        };
        let item = match &self.last {
            Some(last) => changes(item, &shown(last), &shown(list), "authority"),
            None => item,
        };
        if list.is_empty() { item.code("bytes", hex(raw)) } else { item.codes("authority", shown(list)) }
    }

    fn signatures(list: &[Address], signatures: &[u8], digest: &B256) -> (Item, usize) {
        let (entries, _) = signatures.as_chunks::<SIGNATURE_ENTRY>();
        let (mut good, mut lines, mut bad) = (0usize, Vec::new(), Vec::new());
        let mut signed = Vec::new();
        for [index, signature @ ..] in entries {
            let listed = list.get(usize::from(*index));
            match signer(digest, signature, &K256) {
                Ok(found) if Some(&found) == listed => {
                    good = good.saturating_add(1);
                    signed.push(found);
                    lines.push(format!("{found:#x} (authority {index})"));
                }
                Ok(found) => bad.push(format!("authority {index}: signed by {found:#x}, who is another")),
                Err(error) => bad.push(format!("authority {index}: {error}")),
            }
        }
        let (n, required) = (list.len(), lupu_beefy::threshold(list.len()));
        let words = "The commitment counts when more than two thirds of the set have signed it. Whose signature it is \
                     follows from the signature itself; each is checked.";
        let item = Item::new(format!("The signatures: {good} of {n} authorities signed"), words)
            .checks(&["InvalidSignature", "TooFewSignatures", "SignaturesNotSorted", "WrongSigner"])
            .fact("quorum", format!("{good} of {n} signed, {n} - floor(({n}-1)/3) = {required} needed"))
            .code("digest signed", digest)
            .codes("signed by", lines)
            .codes("bad signature", bad)
            .codes("did not sign", list.iter().filter(|a| !signed.contains(a)).map(|a| format!("{a:#x}")));
        (item, good)
    }

    fn next_set(&self, commitment: &Commitment, leaf: &MmrLeaf) -> (Item, Option<AuthoritySet>) {
        let hands_over = commitment.validator_set_id != self.current.id;
        let words = "A leaf names the authority set that comes after the one in office. Where the next set signs for the \
                     first time, its leaf must be the newest one, and names the set to follow.";
        let item = Item::new("The authority sets", words)
            .checks(&["HandoverLeafNotBound", "NextSetMismatch"])
            .fact("set that signed", commitment.validator_set_id)
            .fact("sets known", format!("{} and {}", self.current.id, self.next.id))
            .fact("set the leaf names", format!("{}, {} authorities", leaf.next.id, leaf.next.len))
            .code("its root", leaf.next.root)
            .fact("hand over", if hands_over { "yes: the next set takes office" } else { "no" });
        (item, hands_over.then_some(leaf.next))
    }

    fn leaf(&self, commitment: &Commitment, leaf: &MmrLeaf, items: &[u8]) -> Item {
        let block = u64::from(leaf.parent_number).saturating_add(1);
        let first = self.state.first_mmr_block;
        let index = block.saturating_sub(first);
        let count = u64::from(commitment.block_number).saturating_sub(first).saturating_add(1);
        let words = "The signed root commits to a leaf for every block. Joined with the hashes of the proof, one by one, the \
                     leaf must lead to that root.";
        let item = Item::new(format!("The way from the leaf to the root: leaf {index} of {count}"), words)
            .checks(&["InvalidMmrProof"])
            .fact("leaf index", index)
            .fact("leaves", count)
            .code("leaf hash", leaf.hash());
        let Ok(items) = mmr::split_items(items) else { return item.code("not whole hashes", hex(items)) };
        let path = mmr::path(&leaf.hash(), index, count, &items);
        let root = path.last().map_or(leaf.hash(), |joined| joined.result);
        let item = match commitment.mmr_root() {
            Ok(signed) => item.code("root signed", signed),
            Err(error) => item.fact("root signed", error),
        };
        let item = item.code("root reached", root);
        path.iter().enumerate().fold(item, |item, (index, joined)| {
            let with = match joined.with {
                mmr::With::Sibling => "the other half of its tree",
                mmr::With::RightPeaks => "all trees to the right",
                mmr::With::LeftPeak => "a tree to the left",
            };
            let order = if joined.first { "keccak256(that hash, ours)" } else { "keccak256(ours, that hash)" };
            item.child(
                Item::new(format!("Joined with {with}"), "")
                    .fact("step", index.saturating_add(1))
                    .code("that hash", joined.item)
                    .fact("order", order)
                    .code("gives", joined.result),
            )
        })
    }
}

impl Follow for Beefy<'_> {
    fn parts(&mut self, update: &Update, with: &With<'_>) -> (String, Vec<Item>) {
        let words =
            "What the authorities signed: the root of the chain's history up to a block, and which set they are.";
        let first = Item::new("The commitment", words).checks(&[
            "MalformedMessage",
            "ClientFrozen",
            "ClientExpired",
            "MalformedCommitment",
            "UnknownAuthoritySet",
        ]);
        let Update::Beefy { commitment: signed, authorities, signatures, leaf: raw_leaf, mmr_items, header } = update
        else {
            return ("An update of another kind".into(), Vec::from([first]));
        };
        let commitment = match Commitment::decode(signed) {
            Ok(commitment) => commitment,
            Err(error) => {
                let first = first.fact("unreadable", error).code("bytes", hex(signed));
                return ("A commitment that cannot be read".into(), Vec::from([first]));
            }
        };
        let digest = keccak256(signed);
        let first = first
            .fact("block", commitment.block_number)
            .fact("authority set", commitment.validator_set_id)
            .code("hash", digest);
        let first = match commitment.mmr_root() {
            Ok(root) => first.code("root of the history", root),
            Err(error) => first.fact("root of the history", error),
        };
        let list = split_addresses(authorities).unwrap_or_default();
        let set = self.authorities(&commitment, &list, authorities);
        let (signatures, good) = Self::signatures(&list, signatures, &digest);
        let mut parts = Vec::from([first, set, signatures]);
        let mut title = format!("Commitment of block {}, signed by {good} of {}", commitment.block_number, list.len());
        let words = "The leaf of a block is about its parent: the block whose state is proven.";
        let leaf_item = Item::new("The leaf", words).checks(&["MalformedLeaf", "LeafOutOfRange"]);
        let leaf = match MmrLeaf::decode(raw_leaf) {
            Ok(leaf) => leaf,
            Err(error) => {
                parts.push(leaf_item.fact("unreadable", error).code("bytes", hex(raw_leaf)));
                return (title, parts);
            }
        };
        let (next, handover) = self.next_set(&commitment, &leaf);
        parts.extend([
            leaf_item
                .fact("leaf of block", u64::from(leaf.parent_number).saturating_add(1))
                .fact("is about block", leaf.parent_number)
                .code("with hash", leaf.parent_hash),
            next,
            self.leaf(&commitment, &leaf, mmr_items),
        ]);
        let words = "The header of the block that the leaf names, byte for byte; its hash must be the one in the leaf.";
        let item = Item::new("The header", words).checks(&["MalformedHeader", "HeaderMismatch", "ZeroStateRoot"]);
        let header = match Header::decode(header) {
            Ok(decoded) => decoded,
            Err(error) => {
                parts.push(item.fact("unreadable", error).code("bytes", hex(header)));
                return (title, parts);
            }
        };
        parts.push(header_facts(item, &header).code("hash in the leaf", leaf.parent_hash));
        let (value, found) = anchor_value(&header, &self.state.genesis, &self.state.pallet_prefix, with);
        let height = u64::from(header.number);
        parts.extend([
            value,
            time(self.newest.1, self.state.rules.trusting_period, found).checks(&["HeaderFromFuture", "TimeWentBack"]),
            Item::new(
                "Something new",
                "An update must prove a block, or bring a set, that was not known; those of one set ascend.",
            )
            .checks(&["Misbehaviour", "HeightNotNewer", "UpdatesNotAscending"])
            .fact("height", height),
        ]);
        title = format!("Block {height}, by the {}", lower(&title));
        self.last = Some(list);
        if let Some(set) = handover {
            (self.current, self.next) = (self.next, set);
        }
        if let Some(found) = found.filter(|_| height > self.newest.0) {
            self.newest = (height, found);
        }
        (title, parts)
    }
}

fn lower(title: &str) -> String {
    title.replacen("Commitment", "commitment", 1)
}

fn shown(list: &[Address]) -> Vec<String> {
    list.iter().map(|a| format!("{a:#x}").to_string()).collect()
}
