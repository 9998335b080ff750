//! The three hashes of IBC v2 (ICS-04 v2 packet commitments).

use crate::{Acknowledgement, Packet, Payload};
use alloy_primitives::B256;
use sha2::{Digest, Sha256};

/// Version byte of both commitments.
const VERSION: u8 = 0x02;

fn sha(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// sha256 over the sha256 of each field, in order.
pub fn hash_payload(p: &Payload) -> B256 {
    let mut h = Sha256::new();
    h.update(sha(p.source_port.as_str().as_bytes()));
    h.update(sha(p.destination_port.as_str().as_bytes()));
    h.update(sha(p.version.as_bytes()));
    h.update(sha(p.encoding.as_bytes()));
    h.update(sha(&p.value));
    B256::new(h.finalize().into())
}

/// `sha256(0x02 ‖ sha256(destination client) ‖ sha256(timeout, 8 bytes big-endian) ‖ sha256(payload hashes))`.
///
/// Source client and sequence are bound by the path, not by this value.
pub fn commit_packet(p: &Packet) -> B256 {
    let mut payloads = Sha256::new();
    for payload in &p.payloads {
        payloads.update(hash_payload(payload));
    }
    let mut h = Sha256::new();
    h.update([VERSION]);
    h.update(sha(p.destination_client.as_str().as_bytes()));
    h.update(sha(&p.timeout_timestamp.0.to_be_bytes()));
    h.update(payloads.finalize());
    B256::new(h.finalize().into())
}

/// `sha256(0x02 ‖ sha256(ack₁) ‖ … ‖ sha256(ackₙ))`.
pub fn commit_acknowledgement(ack: &Acknowledgement) -> B256 {
    let mut h = Sha256::new();
    h.update([VERSION]);
    for a in &ack.0 {
        h.update(sha(a));
    }
    B256::new(h.finalize().into())
}
