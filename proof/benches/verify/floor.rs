//! The operations that a bundle cannot be verified without, each once and nothing around them:
//! its signatures, and every hash of it, over the same bytes or as many.

use crate::common::{Chain, World};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_grandpa::{VerifyEd25519, Zebra};
use lupu_proof::{AnchorClient, Bundle, Statement, Update};
use lupu_qbft::{K256, seal::signer};
use lupu_standard::{Packet, Path, PathKind};
use lupu_substrate_state::blake2_256;
use sha2::{Digest, Sha256};
use std::hint::black_box;

/// One operation.
pub enum Op {
    /// The signer of a seal over a digest.
    Seal(B256, Vec<u8>),
    /// The signer of an entry over a commitment's hash.
    Entry(B256, Vec<u8>),
    /// A vote's ed25519 signature: key, message, signature.
    Vote(B256, Vec<u8>, [u8; 64]),
    Keccak(Vec<u8>),
    Blake2(Vec<u8>),
    Sha256(Vec<u8>),
}

impl Op {
    pub fn run(&self) {
        match self {
            Self::Seal(digest, seal) => {
                black_box(signer(digest, seal, &K256).unwrap());
            }
            Self::Entry(digest, entry) => {
                black_box(lupu_beefy::signature::signer(digest, entry, &lupu_beefy::K256).unwrap());
            }
            Self::Vote(key, message, signature) => assert!(Zebra.verify(key, message, signature)),
            Self::Keccak(bytes) => {
                black_box(keccak256(bytes));
            }
            Self::Blake2(bytes) => {
                black_box(blake2_256(bytes));
            }
            Self::Sha256(bytes) => {
                black_box(Sha256::digest(bytes));
            }
        }
    }

    pub fn is_signature(&self) -> bool {
        matches!(self, Self::Seal(..) | Self::Entry(..) | Self::Vote(..))
    }
}

/// All operations of a bundle. The world is the one that it was made of, with its updates.
pub fn floor(chain: Chain, world: &World, bundle: &Bundle) -> Vec<Op> {
    let ethereum = matches!(chain, Chain::Qbft | Chain::Ibft2);
    // The two digests that a report says; the trie nodes.
    let mut ops = vec![Op::Sha256(bundle.anchor.to_cbor()), Op::Sha256(bundle.to_cbor())];
    let node = |node: &Bytes| if ethereum { Op::Keccak(node.to_vec()) } else { Op::Blake2(node.to_vec()) };
    ops.extend(bundle.nodes.iter().map(node));
    // What the client keeps of the anchor.
    match &bundle.anchor.client {
        AnchorClient::Qbft { validators, .. } => {
            ops.extend([Op::Keccak(vec![0; 20 * validators.len()]), Op::Keccak(vec![0; 96])]);
        }
        AnchorClient::Beefy { .. } => ops.push(Op::Keccak(vec![0; 64])),
        AnchorClient::Grandpa { authorities, .. } => {
            ops.extend([Op::Keccak(authorities.encode()), Op::Keccak(vec![0; 160])]);
        }
    }
    for (leg, each) in world.legs.iter().zip(&bundle.updates) {
        update(&mut ops, &bundle.anchor.client, each, &leg.message);
    }
    bundle.statements.iter().for_each(|each| statement(&mut ops, each, ethereum));
    ops
}

fn update(ops: &mut Vec<Op>, client: &AnchorClient, update: &Update, message: &[u8]) {
    match (update, client) {
        (Update::Qbft { header }, AnchorClient::Qbft { state, .. }) => {
            let header = lupu_qbft::Header::decode(state.kind, header).unwrap();
            let digest = header.commit_digest();
            ops.extend(header.seals().iter().map(|seal| Op::Seal(digest, seal.to_vec())));
            // Digest and block hash are over the header without its seals.
            let bare = header.with_seals(Vec::new()).encode();
            let list = vec![0; 20 * header.validators().len()];
            ops.extend([Op::Keccak(bare.clone()), Op::Keccak(bare), Op::Keccak(list)]);
            ops.extend([Op::Keccak(state.router.to_vec()), Op::Keccak(vec![0; 96])]);
        }
        (Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header }, _) => {
            let digest = keccak256(commitment);
            ops.extend(signatures.chunks(66).map(|entry| Op::Entry(digest, entry[1..].to_vec())));
            ops.extend([Op::Keccak(commitment.to_vec()), Op::Keccak(leaf.to_vec()), Op::Blake2(header.to_vec())]);
            ops.extend(mmr_items.chunks(32).map(|_| Op::Keccak(vec![0; 64])));
            let n = authorities.len() / 20;
            ops.extend(authorities.chunks(20).map(|a| Op::Keccak(a.to_vec())));
            ops.extend((1..n).map(|_| Op::Keccak(vec![0; 64])));
            ops.push(Op::Keccak(vec![0; 64]));
        }
        (Update::Grandpa { header, .. }, _) => {
            let message = lupu_grandpa::UpdateMessage::decode(message).unwrap();
            let justification = lupu_grandpa::Justification::decode(&message.justification).unwrap();
            for vote in &justification.votes {
                let text = lupu_grandpa::vote_message(&vote.target, justification.round, message.trusted.set_id);
                ops.push(Op::Vote(vote.key, text, vote.signature));
            }
            ops.push(Op::Blake2(header.to_vec()));
            ops.extend(justification.ancestry.iter().map(|header| Op::Blake2(header.raw.to_vec())));
            ops.push(Op::Keccak(vec![0; 160]));
        }
        _ => unreachable!("the updates are of the anchor's type"),
    }
}

/// The value that the packet gives, and where it is stored.
fn statement(ops: &mut Vec<Op>, statement: &Statement, ethereum: bool) {
    let packet = &statement.packet;
    for path in statement.kind.paths(packet) {
        match path.kind {
            PathKind::Commitment => commitment(ops, packet),
            PathKind::Receipt if statement.value.is_empty() => {}
            PathKind::Receipt => ops.push(Op::Keccak(vec![0; encoded(packet)])),
            PathKind::Acknowledgement => {
                ops.extend(statement.acknowledgement.0.iter().map(|ack| Op::Sha256(ack.to_vec())));
                ops.push(Op::Sha256(vec![0; 1 + 32 * statement.acknowledgement.0.len()]));
            }
        }
        key(ops, &path, ethereum);
    }
}

fn key(ops: &mut Vec<Op>, path: &Path, ethereum: bool) {
    ops.push(Op::Keccak(path.to_bytes()));
    if ethereum {
        // The mapping's slot, and the trie's key.
        ops.extend([Op::Keccak(vec![0; 64]), Op::Keccak(vec![0; 32])]);
    }
}

fn commitment(ops: &mut Vec<Op>, packet: &Packet) {
    for payload in &packet.payloads {
        let texts = [payload.source_port.as_str(), payload.destination_port.as_str(), &payload.version];
        let bytes = texts.into_iter().chain([payload.encoding.as_str()]).map(str::as_bytes).chain([&payload.value[..]]);
        ops.extend(bytes.map(|part| Op::Sha256(part.to_vec())));
        ops.push(Op::Sha256(vec![0; 160]));
    }
    ops.push(Op::Sha256(vec![0; 32 * packet.payloads.len()]));
    ops.push(Op::Sha256(packet.destination_client.as_str().as_bytes().to_vec()));
    ops.extend([Op::Sha256(vec![0; 8]), Op::Sha256(vec![0; 97])]);
}

/// Bytes of `abi.encode(packet)`.
fn encoded(packet: &Packet) -> usize {
    let tail = |bytes: usize| 32 + bytes.next_multiple_of(32);
    let payload = |p: &lupu_standard::Payload| {
        let texts = [p.source_port.as_str(), p.destination_port.as_str(), &p.version, &p.encoding];
        6 * 32 + texts.into_iter().map(|t| tail(t.len())).sum::<usize>() + tail(p.value.len())
    };
    let clients = [&packet.source_client, &packet.destination_client];
    let clients: usize = clients.into_iter().map(|c| tail(c.as_str().len())).sum();
    7 * 32 + clients + packet.payloads.iter().map(payload).sum::<usize>()
}
