//! Where an EVM router keeps what it commits to (ERC-7201 storage of ICS26Router).

use crate::{ClientId, Packet, Path};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256, b256, keccak256};
use alloy_sol_types::SolValue;

mod abi {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        struct Payload {
            string sourcePort;
            string destPort;
            string version;
            string encoding;
            bytes value;
        }
        struct Packet {
            uint64 sequence;
            string sourceClient;
            string destClient;
            uint64 timeoutTimestamp;
            Payload[] payloads;
        }
    }
}

/// Base slot of the router's commitments, [`erc7201`]`("ibc.storage.IBCStore")`: at +0 the mapping
/// from `keccak256(path)` to commitment, at +1 the mapping from client to last sent sequence.
pub const IBC_STORE: B256 = b256!("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600");

/// Base slot of a storage namespace (ERC-7201):
/// `keccak256(keccak256(namespace) − 1)` with the last byte cleared.
pub fn erc7201(namespace: &str) -> B256 {
    let id = U256::from_be_bytes(keccak256(namespace.as_bytes()).0);
    let mut base = keccak256(id.wrapping_sub(U256::ONE).to_be_bytes::<32>());
    if let Some(last) = base.0.last_mut() {
        *last = 0;
    }
    base
}

/// Storage slot of what is stored under a path: `keccak256(keccak256(path) ‖ base)`.
pub fn path_slot(path: &Path) -> B256 {
    commitment_slot(path.keccak())
}

/// Storage slot of an entry of the commitments mapping, by `keccak256(path)`.
pub fn commitment_slot(hashed_path: B256) -> B256 {
    keccak256([hashed_path.0, IBC_STORE.0].concat())
}

/// Storage slot of the last sequence a client has sent:
/// `keccak256(utf8(client) ‖ (base + 1))`, the client's bytes not padded.
pub fn previous_sequence_slot(client: &ClientId) -> B256 {
    let base = U256::from_be_bytes(IBC_STORE.0).wrapping_add(U256::ONE);
    let mut key = Vec::with_capacity(client.as_str().len() + 32);
    key.extend_from_slice(client.as_str().as_bytes());
    key.extend_from_slice(&base.to_be_bytes::<32>());
    keccak256(key)
}

/// Key of a slot in the account's storage trie: `keccak256(slot)`.
pub fn trie_key(slot: B256) -> B256 {
    keccak256(slot)
}

/// The topic of an indexed client identifier in the router's events: `keccak256(utf8(client))`.
pub fn client_topic(client: &ClientId) -> B256 {
    keccak256(client.as_str().as_bytes())
}

/// The receipt an EVM router stores: `keccak256(abi.encode(packet))`. Counterparties only ask
/// whether there is one.
pub fn packet_receipt(packet: &Packet) -> B256 {
    let payloads = packet.payloads.iter().map(|p| abi::Payload {
        sourcePort: p.source_port.as_str().into(),
        destPort: p.destination_port.as_str().into(),
        version: p.version.clone(),
        encoding: p.encoding.clone(),
        value: p.value.clone(),
    });
    let packet = abi::Packet {
        sequence: packet.sequence.get(),
        sourceClient: packet.source_client.as_str().into(),
        destClient: packet.destination_client.as_str().into(),
        timeoutTimestamp: packet.timeout_timestamp.0,
        payloads: payloads.collect(),
    };
    keccak256(packet.abi_encode())
}
