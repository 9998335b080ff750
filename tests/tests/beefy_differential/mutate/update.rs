//! Updates taken apart: commitment, authorities, signatures, leaf, MMR items, header, anchor, and
//! the client's own state; and put together again so that everything fits but what was changed.

use super::{Rng, bytes, trie::Nodes};
use crate::case::Client;
use alloy_primitives::{Address, B256, FixedBytes, keccak256};
use k256::ecdsa::SigningKey;
use lupu_beefy::{
    AuthoritySet, ClientState, Commitment, ConsensusState, MmrLeaf, Payload, UpdateMessage, join_addresses, mmr,
    split_addresses, threshold,
};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{DigestItem, EMPTY_ROOT, Header, blake2_256};
use std::collections::BTreeMap;

/// Keys of the vectors' authorities, and some more.
pub struct Keyring {
    keys: BTreeMap<Address, SigningKey>,
    order: Vec<Address>,
}

impl Keyring {
    pub fn new() -> Self {
        let mut ring = Self { keys: BTreeMap::new(), order: Vec::new() };
        for seed in ["authority", "successor", "heir"] {
            for index in 0..34 {
                let key = SigningKey::from_slice(keccak256(format!("lupu {seed} {index}")).as_slice()).unwrap();
                let point = key.verifying_key().to_sec1_point(false);
                let address = Address::from_word(keccak256(&point.as_bytes()[1..]));
                ring.keys.insert(address, key);
                ring.order.push(address);
            }
        }
        ring
    }

    fn some(&self, rng: &mut Rng, n: usize) -> Vec<Address> {
        let start = rng.below(self.order.len() - n);
        self.order[start..start + n].to_vec()
    }

    fn sign(&self, address: &Address, digest: &B256) -> [u8; 65] {
        let Some(key) = self.keys.get(address) else { return [7; 65] };
        let (signature, id) = key.sign_prehash_recoverable(digest.as_slice());
        [&signature.to_bytes()[..], &[id.to_byte()]].concat().try_into().unwrap()
    }
}

/// An update, taken apart.
pub struct Parts {
    commitment: Commitment,
    authorities: Vec<Address>,
    signers: Vec<u8>,
    leaf: MmrLeaf,
    items: Vec<B256>,
    header: Vec<u8>,
    anchor: Vec<u8>,
    /// What follows from a change is left as it is.
    settled: bool,
}

impl Parts {
    /// `None` for a message that does not come apart.
    pub fn read(message: &[u8]) -> Option<Self> {
        let message = UpdateMessage::decode(message).ok()?;
        Some(Self {
            commitment: Commitment::decode(&message.commitment).ok()?,
            authorities: split_addresses(&message.authorities)?,
            signers: message.signatures.chunks(66).map(|entry| entry[0]).collect(),
            leaf: MmrLeaf::decode(&message.leaf).ok()?,
            items: mmr::split_items(&message.mmr_items).ok()?,
            header: message.header.to_vec(),
            anchor: message.anchor_proof.to_vec(),
            settled: false,
        })
    }

    /// One change somewhere. What it leaves unfitting is settled in `write`, or rarely not.
    pub fn mutate(&mut self, rng: &mut Rng, client: &mut Client, keys: &Keyring) {
        self.settled = rng.chance(6);
        match rng.below(20) {
            0..=3 => self.change_anchor(rng, client),
            4..=6 => self.change_header(rng),
            7..=9 => self.change_leaf(rng, client),
            10 => self.change_items(rng),
            11 | 12 => self.change_commitment(rng, client),
            13..=15 => self.change_sets(rng, client, keys),
            16 => self.change_signers(rng),
            17 => self.handover(rng, client, keys),
            _ => self.change_client(rng, client),
        }
    }

    fn with_header(&mut self, change: impl FnOnce(&mut Header)) {
        if let Ok(mut header) = Header::decode(&self.header) {
            change(&mut header);
            self.header = header.encode();
        }
    }

    /// The anchor's value, or a node above it; the state root follows.
    fn change_anchor(&mut self, rng: &mut Rng, client: &Client) {
        if rng.chance(8) {
            self.anchor = bytes::mutate(rng, self.anchor.clone(), &[]);
            return;
        }
        let Some(mut nodes) = Nodes::read(&self.anchor) else { return };
        let Ok(header) = Header::decode(&self.header) else { return };
        let near = [client.state.latest_timestamp.0, client.now.wrapping_add(client.state.rules.max_clock_drift)];
        if rng.chance(3) {
            nodes.mutate(rng);
        } else {
            nodes.change_value(rng, |rng, old| anchor(rng, old, &near));
        }
        let mut root = header.state_root;
        nodes.rehash(rng, &mut root);
        self.anchor = nodes.write();
        self.with_header(|header| header.state_root = root);
    }

    fn change_header(&mut self, rng: &mut Rng) {
        if rng.chance(3) {
            self.header = bytes::mutate(rng, self.header.clone(), &[]);
            return;
        }
        let (choice, number, len) = (rng.below(8), rng.number(1 << 30), rng.below(90));
        let data = rng.bytes(len);
        self.with_header(|header| match choice {
            0 => header.state_root = B256::ZERO,
            1 => header.state_root = EMPTY_ROOT,
            2 | 3 => header.number = number as u32,
            4 => header.digest.push(DigestItem::Other(data)),
            5 => header.digest.push(DigestItem::RuntimeEnvironmentUpdated),
            6 => header.digest.clear(),
            _ => header.digest.push(DigestItem::Consensus(*b"BEEF", data)),
        });
        // Around the longest header that is taken.
        if rng.chance(8) {
            let len = 3_700 + rng.below(400);
            self.with_header(|header| header.digest.push(DigestItem::Other(vec![3; len])));
        }
        if rng.chance(2)
            && let Ok(header) = Header::decode(&self.header)
        {
            self.leaf.parent_number = header.number;
        }
    }

    fn change_leaf(&mut self, rng: &mut Rng, client: &Client) {
        let leaf = &mut self.leaf;
        match rng.below(9) {
            0 => leaf.version = rng.byte(),
            1 => leaf.parent_number = rng.number(u64::from(self.commitment.block_number)) as u32,
            2 => leaf.parent_number = rng.number(client.state.first_mmr_block) as u32,
            3 => leaf.parent_hash = B256::from_slice(&rng.bytes(32)),
            4 => leaf.next.id = rng.number(leaf.next.id),
            5 => leaf.next.len = *rng.pick(&[0, 1, 255, 256, 1 << 16]).unwrap_or(&0),
            6 => leaf.next.root = if rng.chance(2) { B256::ZERO } else { B256::from_slice(&rng.bytes(32)) },
            7 => {
                let len = *rng.pick(&[0, 1, 32, 943, 944]).unwrap_or(&0);
                leaf.extra = rng.bytes(len);
            }
            _ => leaf.next = client.state.current,
        }
    }

    fn change_items(&mut self, rng: &mut Rng) {
        let at = rng.below(self.items.len());
        match rng.below(5) {
            0 if !self.items.is_empty() => drop(self.items.remove(at)),
            1 => self.items.insert(at, B256::from_slice(&rng.bytes(32))),
            2 => rng.shuffle(&mut self.items),
            3 => self.items.clear(),
            _ => {
                if let Some(item) = self.items.get_mut(at) {
                    *item = B256::ZERO;
                }
            }
        }
        self.settled = rng.chance(2);
    }

    fn change_commitment(&mut self, rng: &mut Rng, client: &Client) {
        let commitment = &mut self.commitment;
        let payloads = commitment.payloads.len();
        match rng.below(9) {
            0 | 1 => commitment.block_number = rng.number(u64::from(commitment.block_number)) as u32,
            2 => commitment.validator_set_id = rng.number(client.state.current.id),
            3 => commitment.validator_set_id = client.state.next.id,
            4 | 5 => {
                let len = *rng.pick(&[0, 1, 32, 63, 64, 970]).unwrap_or(&0);
                let id = [rng.byte(), rng.byte()];
                let data = rng.bytes(len);
                commitment.payloads.push(Payload { id, data });
                if !rng.chance(3) {
                    commitment.payloads.sort_by_key(|p| p.id);
                }
            }
            // An earlier change may have taken the only one.
            6 if payloads > 0 => commitment.payloads.swap(0, payloads - 1),
            7 if payloads > 0 => drop(commitment.payloads.remove(rng.below(payloads))),
            _ => {
                let at = rng.below(payloads);
                if let Some(payload) = commitment.payloads.get_mut(at) {
                    payload.data.truncate(31);
                }
                self.settled = true;
            }
        }
    }

    /// Another set that the client knows, of another size, and as many signers as needed.
    fn change_sets(&mut self, rng: &mut Rng, client: &mut Client, keys: &Keyring) {
        let n = 1 + rng.below(12);
        self.authorities = keys.some(rng, n);
        if rng.chance(4) {
            rng.shuffle(&mut self.authorities);
        }
        if rng.chance(6) {
            // One authority in two places.
            let at = rng.below(n);
            self.authorities[at] = self.authorities[0];
        }
        self.signers = (0..n as u8).collect();
        rng.shuffle(&mut self.signers);
        self.signers.truncate(threshold(n));
        self.signers.sort_unstable();
        let signed_by_next = self.commitment.validator_set_id == client.state.next.id;
        let known = if signed_by_next { &mut client.state.next } else { &mut client.state.current };
        if !rng.chance(8) {
            *known = AuthoritySet::new(known.id, &self.authorities);
        }
    }

    /// The next set signs, and the leaf names the one that follows.
    fn handover(&mut self, rng: &mut Rng, client: &mut Client, keys: &Keyring) {
        self.commitment.validator_set_id = client.state.next.id;
        self.change_sets(rng, client, keys);
        let n = 1 + rng.below(30);
        self.leaf.next = AuthoritySet::new(client.state.next.id.wrapping_add(1), &keys.some(rng, n));
        if rng.chance(3) {
            self.leaf.next.id = rng.number(self.leaf.next.id);
        }
        if rng.chance(3) {
            self.leaf.parent_number = self.commitment.block_number.wrapping_sub(1);
        }
    }

    fn change_signers(&mut self, rng: &mut Rng) {
        let at = rng.below(self.signers.len());
        match rng.below(6) {
            0 if !self.signers.is_empty() => drop(self.signers.remove(at)),
            1 => self.signers.insert(at, rng.byte() % 40),
            2 => rng.shuffle(&mut self.signers),
            3 => self.signers = (0..self.authorities.len() as u8).collect(),
            4 => self.signers.extend(self.signers.clone()),
            _ => {
                if let Some(index) = self.signers.get_mut(at) {
                    *index = index.wrapping_add(1);
                }
            }
        }
    }

    /// Parameters and state of the client, and its clock.
    fn change_client(&mut self, rng: &mut Rng, client: &mut Client) {
        let state = &mut client.state;
        let end = state.latest_timestamp.0.wrapping_add(state.rules.trusting_period);
        match rng.below(13) {
            0 => state.frozen = !state.frozen,
            1 => state.rules.trusting_period = 86_401 + rng.number(600_000) % 10_000_000,
            2 => state.rules.max_clock_drift = rng.number(30) % 86_401,
            3 | 4 => state.latest_height = Height(rng.number(u64::from(self.leaf.parent_number))),
            5 | 6 => state.latest_timestamp = TimestampSecs(rng.number(client.now)),
            7 => state.genesis = FixedBytes::from_slice(&[&rng.bytes(23)[..], &[1]].concat()),
            8 => state.first_mmr_block = rng.number(u64::from(self.leaf.parent_number)).max(1),
            9 => state.current.id = rng.number(state.current.id).min(u64::MAX - 1),
            10 => client.now = rng.number(end),
            11 => client.now = end.wrapping_sub(1),
            _ => client.now = rng.number(client.now),
        }
        state.next.id = state.current.id + 1;
    }

    /// The message: header, leaf, root and signatures fit to what was changed.
    pub fn write(mut self, rng: &mut Rng, client: &Client, keys: &Keyring) -> UpdateMessage {
        if !self.settled {
            self.leaf.parent_hash = blake2_256(&self.header);
            let first = client.state.first_mmr_block;
            let index = (u64::from(self.leaf.parent_number) + 1).checked_sub(first);
            let count = (u64::from(self.commitment.block_number) + 1).checked_sub(first);
            if let (Some(index), Some(count)) = (index, count) {
                // As many items as the new place needs.
                if let Some(items) = mmr::proof_length(index, count).filter(|_| !rng.chance(6)) {
                    self.items.resize(items, B256::repeat_byte(5));
                }
                let root = mmr::root_from(&self.leaf.hash(), index, count, &self.items);
                let payload = self.commitment.payloads.iter_mut().find(|p| p.id == *b"mh");
                if let (Ok(root), Some(payload)) = (root, payload) {
                    payload.data = root.to_vec();
                }
            }
        }
        let commitment = self.commitment.encode();
        let digest = keccak256(&commitment);
        let sign = |index: &u8| {
            let signer = self.authorities.get(usize::from(*index)).copied().unwrap_or_default();
            [&[*index][..], &keys.sign(&signer, &digest)].concat()
        };
        let signatures: Vec<Vec<u8>> = self.signers.iter().map(sign).collect();
        UpdateMessage {
            commitment: commitment.into(),
            authorities: join_addresses(&self.authorities).into(),
            signatures: signatures.concat().into(),
            leaf: self.leaf.encode().into(),
            mmr_items: mmr::join_items(&self.items).into(),
            header: self.header.into(),
            anchor_proof: self.anchor.into(),
        }
    }
}

/// Another value where the anchor stands.
fn anchor(rng: &mut Rng, old: &[u8], near: &[u64]) -> Vec<u8> {
    let mut new = old.to_vec();
    match rng.below(6) {
        0..=3 if new.len() == 32 => {
            let near = *rng.pick(near).unwrap_or(&0);
            let time = rng.number(near);
            new[..8].copy_from_slice(&time.to_be_bytes());
        }
        4 => new = bytes::mutate(rng, new, &[]),
        _ => {
            let at = rng.below(new.len());
            if let Some(byte) = new.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
    new
}

/// The bytes of one signature, or of the list of authorities.
pub fn change_signatures(rng: &mut Rng, message: &mut UpdateMessage) {
    let mut entries: Vec<Vec<u8>> = message.signatures.chunks(66).map(<[u8]>::to_vec).collect();
    let at = rng.below(entries.len());
    let Some(entry) = entries.get_mut(at).filter(|entry| entry.len() == 66) else { return };
    match rng.below(9) {
        0 => entry[65] ^= 1,
        1 => entry[65] = *rng.pick(&[2, 3, 27, 28, 255]).unwrap_or(&2),
        2 => entry[1..33].fill(*rng.pick(&[0, 255]).unwrap_or(&0)),
        3 => entry[33..65].fill(*rng.pick(&[0, 127, 255]).unwrap_or(&0)),
        4 => entry[rng.below(66)] ^= 1 << rng.below(8),
        5 => entry[0] = rng.byte(),
        6 => drop(entry.pop()),
        7 => {
            let again = entry.clone();
            entries.insert(at, again);
        }
        _ => {
            let list = bytes::mutate(rng, message.authorities.to_vec(), &[]);
            message.authorities = list.into();
        }
    }
    message.signatures = entries.concat().into();
}

/// One parameter of a new client.
pub fn change_creation(rng: &mut Rng, state: &mut ClientState, initial: &mut ConsensusState) {
    match rng.below(16) {
        0 => state.genesis = FixedBytes::ZERO,
        1 => state.pallet_prefix = FixedBytes::from_slice(&rng.bytes(16)),
        2 => state.rules.trusting_period = rng.number(86_400),
        3 => state.rules.max_clock_drift = rng.number(state.rules.trusting_period),
        4 => state.first_mmr_block = rng.number(state.latest_height.0.wrapping_add(1)),
        5 => state.latest_height = Height(rng.number(state.latest_height.0)),
        6 => state.latest_timestamp = TimestampSecs(rng.number(state.latest_timestamp.0)),
        7 => initial.timestamp = TimestampSecs(rng.number(initial.timestamp.0)),
        8 => state.frozen = !state.frozen,
        9 => state.current.id = rng.number(state.current.id),
        10 => state.next.id = rng.number(state.current.id.wrapping_add(1)),
        11 => state.current.len = rng.number(255) as u32,
        12 => state.next.len = rng.number(255) as u32,
        13 => state.current.root = B256::ZERO,
        14 => state.next.root = if rng.chance(2) { B256::ZERO } else { state.current.root },
        _ => initial.state_root = *rng.pick(&[B256::ZERO, EMPTY_ROOT]).unwrap_or(&B256::ZERO),
    }
}
