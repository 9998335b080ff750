//! Updates taken apart: header, trusted state, trusted set, account proof, the client's own state.

use super::{
    Rng, bytes,
    header::{self, Keyring},
    proof::Nodes,
};
use crate::{
    case::Client,
    common::{list, string},
};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use lupu_qbft::{ClientState, ConsensusState, Kind, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};

pub struct Parts {
    pub message: UpdateMessage,
    header: header::Parts,
}

fn joined(set: &[Address]) -> Vec<u8> {
    set.iter().flat_map(|a| a.into_array()).collect()
}

impl Parts {
    /// `None` for a message or a header that does not come apart.
    pub fn read(message: &[u8]) -> Option<Self> {
        let message = UpdateMessage::decode(message).ok()?;
        let header = header::Parts::read(&message.header)?;
        Some(Self { message, header })
    }

    /// One change somewhere.
    pub fn mutate(&mut self, rng: &mut Rng, client: &mut Client, keys: &Keyring) {
        match rng.below(19) {
            0..=4 => {
                let near = self.near(client);
                self.header.change_value(rng, client.state.kind, &near);
            }
            5 | 6 => self.header.change_encoding(rng),
            7 => self.header.change_validators(rng, keys),
            8 | 9 => self.header.change_seals(rng),
            10..=12 => self.change_sets(rng, client, keys),
            13 => self.change_trusted(rng, client),
            14 => self.change_client(rng, client),
            15 | 16 => self.change_account(rng, client),
            17 => {
                let proof = bytes::mutate(rng, self.message.account_proof.to_vec(), &[]);
                self.message.account_proof = proof.into();
            }
            _ => self.change_trusted_set(rng),
        }
    }

    /// Numbers and times that the checks compare with.
    fn near(&self, client: &Client) -> Vec<u64> {
        let rules = &client.state.rules;
        vec![
            self.message.trusted_height.0,
            self.message.trusted.timestamp.0,
            client.now,
            client.now.wrapping_add(rules.max_clock_drift),
            client.state.latest_height.0,
        ]
    }

    /// The trusted state changes, and mostly also what is stored.
    fn change_trusted(&mut self, rng: &mut Rng, client: &mut Client) {
        let rules = client.state.rules;
        let trusted = &mut self.message.trusted;
        match rng.below(7) {
            0 => trusted.timestamp = TimestampSecs(rng.number(trusted.timestamp.0)),
            1 => trusted.timestamp = TimestampSecs(client.now.wrapping_sub(rules.trusting_period)),
            2 => client.now = rng.number(trusted.timestamp.0.wrapping_add(rules.trusting_period)),
            3 => trusted.storage_root = B256::from_slice(&rng.bytes(32)),
            4 => trusted.validators_hash = B256::from_slice(&rng.bytes(32)),
            5 => self.message.trusted_height = Height(rng.number(self.message.trusted_height.0)),
            _ => client.now = rng.number(client.now),
        }
        if !rng.chance(4) {
            client.store(self.message.trusted_height.0, self.message.trusted.hash());
        }
    }

    /// Parameters and state of the client.
    fn change_client(&mut self, rng: &mut Rng, client: &mut Client) {
        let state = &mut client.state;
        match rng.below(8) {
            0 => state.frozen = !state.frozen,
            1 => state.rules.trusting_period = 86_401 + rng.number(600_000) % 10_000_000,
            2 => state.rules.max_clock_drift = rng.number(30) % 86_401,
            3 => {
                let denominator = 1 + rng.below(255);
                let least = denominator / 3 + 1;
                state.rules.trust_denominator = denominator as u8;
                state.rules.trust_numerator = (least + rng.below(denominator + 1 - least)) as u8;
            }
            4 => state.latest_height = Height(rng.number(state.latest_height.0)),
            5 => state.latest_timestamp = TimestampSecs(rng.number(state.latest_timestamp.0)),
            6 => state.router = Address::from_slice(&[&rng.bytes(19)[..], &[1]].concat()),
            _ => state.router_code_hash = B256::from_slice(&[&rng.bytes(31)[..], &[1]].concat()),
        }
    }

    /// New sets, old and new, that overlap by chance.
    fn change_sets(&mut self, rng: &mut Rng, client: &mut Client, keys: &Keyring) {
        let m = 1 + rng.below(10);
        let old = keys.some(rng, m);
        let mut new = match rng.below(3) {
            0 => old.clone(),
            _ => {
                let n = 1 + rng.below(10);
                keys.some(rng, n)
            }
        };
        if rng.chance(2) {
            // Closer to each other.
            let kept = rng.below(old.len() + 1);
            new.truncate(4);
            new.extend_from_slice(&old[..kept]);
            new.sort();
            new.dedup();
        }
        self.header.set_validators(&new);
        self.message.trusted.validators_hash = keccak256(joined(&old));
        let same = old == new;
        self.message.trusted_validators = if same { Bytes::new() } else { joined(&old).into() };
        client.store(self.message.trusted_height.0, self.message.trusted.hash());
    }

    /// The bytes of the trusted set.
    fn change_trusted_set(&mut self, rng: &mut Rng) {
        let set = &mut self.message.trusted_validators;
        let mut data = set.to_vec();
        match rng.below(5) {
            0 => data.clear(),
            1 => data = joined(&self.header.validators()),
            2 => data.extend(rng.bytes(20)),
            3 => data.reverse(),
            _ => data = bytes::mutate(rng, data, &[]),
        }
        *set = data.into();
    }

    /// The router's account or a node above it, hashed up to a new state root.
    fn change_account(&mut self, rng: &mut Rng, client: &mut Client) {
        let Some(mut nodes) = Nodes::read(&self.message.account_proof) else { return };
        if rng.chance(2) {
            nodes.change_leaf(rng, |rng, _| account(rng, client.state.router_code_hash));
        } else {
            nodes.mutate(rng);
        }
        let mut root = self.header.state_root();
        nodes.rehash(&mut root);
        self.header.set_state_root(root);
        self.message.account_proof = nodes.write().into();
    }

    /// Puts the header into the message, sealed again.
    pub fn seal(&mut self, rng: &mut Rng, client: &Client, keys: &Keyring) {
        self.header.seal(rng, client.state.kind, keys);
        self.message.header = self.header.raw().into();
    }
}

/// One parameter of a new client, near its limits.
pub fn change_creation(rng: &mut Rng, state: &mut ClientState, initial: &mut ConsensusState) {
    match rng.below(13) {
        0 => state.chain_id = rng.number(1),
        1 => state.router = if rng.chance(2) { Address::ZERO } else { Address::from_slice(&rng.bytes(20)) },
        2 => state.router_code_hash = if rng.chance(2) { B256::ZERO } else { B256::from_slice(&rng.bytes(32)) },
        3 => state.rules.trusting_period = rng.number(86_400),
        4 => state.rules.max_clock_drift = rng.number(state.rules.trusting_period),
        5 | 6 => {
            let numerator = rng.byte();
            state.rules.trust_numerator = numerator;
            let third = numerator.wrapping_mul(3).wrapping_add(rng.byte() % 3).wrapping_sub(1);
            state.rules.trust_denominator = {
                let any = rng.byte();
                *rng.pick(&[third, numerator, 0, any]).unwrap_or(&third)
            };
        }
        7 => state.latest_height = Height(rng.number(1)),
        8 => state.latest_timestamp = TimestampSecs(rng.number(initial.timestamp.0)),
        9 => initial.timestamp = TimestampSecs(rng.number(0)),
        10 => initial.storage_root = B256::ZERO,
        11 => initial.validators_hash = if rng.chance(2) { keccak256([]) } else { B256::ZERO },
        _ => {
            state.frozen = rng.chance(2);
            state.kind = if rng.chance(2) { Kind::Qbft } else { Kind::Ibft2 };
        }
    }
}

/// An account leaf, good or not quite.
fn account(rng: &mut Rng, code_hash: B256) -> Vec<u8> {
    let trimmed = |n: u64| -> Vec<u8> { n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect() };
    let root = match rng.below(4) {
        0 => vec![0; 32],
        _ => rng.bytes(32),
    };
    let nonce = trimmed(rng.number(1));
    let balance = match rng.below(4) {
        0 => {
            let len = rng.below(34);
            rng.bytes(len)
        }
        _ => trimmed(rng.next()),
    };
    let code = if rng.chance(4) { rng.bytes(32) } else { code_hash.to_vec() };
    let mut items = vec![string(&nonce), string(&balance), string(&root), string(&code)];
    match rng.below(8) {
        0 => items.push(header::any_item(rng)),
        1 => drop(items.pop()),
        2 => {
            let at = rng.below(items.len());
            items[at] = header::any_item(rng);
        }
        3 => items.swap(1, 2),
        _ => {}
    }
    list(&items)
}
