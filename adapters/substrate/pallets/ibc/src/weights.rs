//! What the calls weigh, callbacks left out.
//!
//! The numbers of [`ByHand`] were not measured by the benchmark command line. They are counted from
//! what a call does (storage accesses, nodes hashed, signatures recovered by the host), each taken
//! several times as dear as it is in a compiled runtime. A production runtime runs the benchmarks
//! of `benchmarking/` on its own machines and puts what they say in the place of these.

use crate::{
    Config, RelayMessage, ScalePacket,
    packets::packet_len,
    wire::{BatchAcknowledgements, MessageBytes, ScalePackets},
};
use frame_support::weights::{Weight, constants::RocksDbWeight};

/// What the calls weigh. `n` is the number of packets, `b` the bytes that come with them: a message
/// or evidence, or payloads, acknowledgements and proof together.
pub trait WeightInfo {
    /// Governance creates a client.
    fn create_client() -> Weight;
    /// Governance binds a client.
    fn bind_client() -> Weight;
    /// Governance announces a migration.
    fn announce_migration() -> Weight;
    /// Governance migrates a client.
    fn migrate_client() -> Weight;
    /// Governance stops sending and receiving.
    fn pause() -> Weight;
    /// Governance lets them go on.
    fn unpause() -> Weight;
    /// A client update of `b` bytes.
    fn update_client(b: u32) -> Weight;
    /// Evidence of `b` bytes.
    fn submit_misbehaviour(b: u32) -> Weight;
    /// A batch of `n` received packets.
    fn recv_packets(n: u32, b: u32) -> Weight;
    /// A batch of `n` acknowledged packets.
    fn ack_packets(n: u32, b: u32) -> Weight;
    /// A batch of `n` packets timed out.
    fn timeout_packets(n: u32, b: u32) -> Weight;
}

/// Bytes of payloads and proof.
fn batch_bytes(packets: &[ScalePacket], proof: &[u8]) -> u32 {
    packets.iter().map(packet_len).fold(proof.len() as u32, u32::saturating_add)
}

/// A receiving batch.
pub(crate) fn receive<T: Config>(packets: &ScalePackets, proof: &MessageBytes) -> Weight {
    <T as Config>::WeightInfo::recv_packets(packets.len() as u32, batch_bytes(packets, proof))
}

/// An acknowledging batch.
pub(crate) fn acknowledge<T: Config>(
    packets: &ScalePackets,
    acknowledgements: &BatchAcknowledgements,
    proof: &MessageBytes,
) -> Weight {
    let acks = acknowledgements.iter().flatten().map(|a| a.len() as u32);
    let bytes = acks.fold(batch_bytes(packets, proof), u32::saturating_add);
    <T as Config>::WeightInfo::ack_packets(packets.len() as u32, bytes)
}

/// A batch that times out.
pub(crate) fn timeout<T: Config>(packets: &ScalePackets, proof: &MessageBytes) -> Weight {
    <T as Config>::WeightInfo::timeout_packets(packets.len() as u32, batch_bytes(packets, proof))
}

/// Several messages.
pub(crate) fn relay<T: Config>(messages: &[RelayMessage]) -> Weight {
    let one = |m: &RelayMessage| match m {
        RelayMessage::UpdateClient { message, .. } => <T as Config>::WeightInfo::update_client(message.len() as u32),
        RelayMessage::Misbehaviour { evidence, .. } => {
            <T as Config>::WeightInfo::submit_misbehaviour(evidence.len() as u32)
        }
        RelayMessage::Receive { packets, proof, .. } => receive::<T>(packets, proof),
        RelayMessage::Acknowledge { packets, acknowledgements, proof, .. } => {
            acknowledge::<T>(packets, acknowledgements, proof)
        }
        RelayMessage::Timeout { packets, proof, .. } => timeout::<T>(packets, proof),
    };
    messages.iter().map(one).fold(Weight::zero(), |sum, w| sum.saturating_add(w))
}

/// Weights for any node: see the head of this file.
pub struct ByHand;

/// Picoseconds of a microsecond.
const MICROS: u64 = 1_000_000;
/// Bytes of state proof that a read or write may touch.
const TOUCH: u64 = 8_192;

fn weigh(micros: u64, reads: u64, writes: u64) -> Weight {
    let time = Weight::from_parts(micros.saturating_mul(MICROS), reads.saturating_add(writes).saturating_mul(TOUCH));
    time.saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for ByHand {
    fn create_client() -> Weight {
        weigh(400, 3, 4)
    }
    fn bind_client() -> Weight {
        weigh(300, 2, 2)
    }
    fn announce_migration() -> Weight {
        weigh(500, 4, 2)
    }
    fn migrate_client() -> Weight {
        weigh(500, 5, 6)
    }
    fn pause() -> Weight {
        weigh(50, 1, 2)
    }
    fn unpause() -> Weight {
        weigh(50, 1, 2)
    }
    fn update_client(b: u32) -> Weight {
        weigh(1_000u64.saturating_add(u64::from(b)), 4, 3)
    }
    fn submit_misbehaviour(b: u32) -> Weight {
        weigh(1_000u64.saturating_add(u64::from(b)), 4, 2)
    }
    fn recv_packets(n: u32, b: u32) -> Weight {
        batch(n, b)
    }
    fn ack_packets(n: u32, b: u32) -> Weight {
        batch(n, b)
    }
    fn timeout_packets(n: u32, b: u32) -> Weight {
        batch(n, b)
    }
}

fn batch(n: u32, b: u32) -> Weight {
    let (n, b) = (u64::from(n), u64::from(b));
    let micros = 500u64.saturating_add(n.saturating_mul(1_000)).saturating_add(b / 10);
    weigh(micros, n.saturating_mul(2).saturating_add(4), n.saturating_mul(3).saturating_add(2))
}
