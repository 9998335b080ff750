//! What the relayer can ask of a chain, and what becomes of it.

use lupu_standard::{Acknowledgement, ClientId, Height, Packet};

/// One IBC message. A transaction carries several, in order.
#[derive(Clone, Debug)]
pub enum Message {
    /// Update a light client hosted by this chain.
    UpdateClient {
        /// The client.
        client: ClientId,
        /// In the client type's own encoding.
        message: Vec<u8>,
    },
    /// Prove misbehaviour to a light client hosted by this chain.
    Misbehaviour {
        /// The client.
        client: ClientId,
        /// In the client type's own encoding.
        evidence: Vec<u8>,
    },
    /// Receive packets, all for one client, with one proof of their commitments in this order.
    Receive {
        /// Destination client, on this chain.
        client: ClientId,
        /// The packets.
        packets: Vec<Packet>,
        /// Shared proof.
        proof: Vec<u8>,
        /// Height of the proof, on the source chain.
        height: Height,
    },
    /// Acknowledge packets, all of one client, with one proof of the acknowledgements in this order.
    Acknowledge {
        /// Source client, on this chain.
        client: ClientId,
        /// The packets with what the destination wrote.
        packets: Vec<(Packet, Acknowledgement)>,
        /// Shared proof.
        proof: Vec<u8>,
        /// Height of the proof, on the destination chain.
        height: Height,
    },
    /// Time packets out, all of one client, with one proof that their receipts are absent, in this order.
    Timeout {
        /// Source client, on this chain.
        client: ClientId,
        /// The packets.
        packets: Vec<Packet>,
        /// Shared proof.
        proof: Vec<u8>,
        /// Height of the proof, on the destination chain.
        height: Height,
    },
}

impl Message {
    /// How many packets the message carries; 0 for client messages.
    pub fn packets(&self) -> usize {
        match self {
            Self::UpdateClient { .. } | Self::Misbehaviour { .. } => 0,
            Self::Receive { packets, .. } | Self::Timeout { packets, .. } => packets.len(),
            Self::Acknowledge { packets, .. } => packets.len(),
        }
    }
}

/// What became of one packet of a message. The numbers are those of the EVM interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Never returned by a chain.
    None = 0,
    /// Received; an acknowledgement was written.
    Received = 1,
    /// Acknowledged at the source.
    Acknowledged = 2,
    /// Timed out at the source.
    TimedOut = 3,
    /// Done before, by anyone.
    Duplicate = 4,
    /// Past its timeout: can only be timed out.
    Expired = 5,
    /// The application's acknowledgement or timeout callback failed; can be tried again.
    AppFailed = 6,
    /// The transaction had too little gas left for the application's limit; untouched.
    InsufficientGas = 7,
    /// No application at the packet's port; untouched.
    UnknownPort = 8,
    /// The packet is not what this chain or its counterparty committed to.
    NotOurs = 9,
    /// The packet breaks a rule of the standard.
    Malformed = 10,
    /// A timeout whose proof is of a time before the packet's timeout.
    NotExpired = 11,
}

impl Outcome {
    /// From the number of the EVM interface.
    pub fn from_u8(n: u8) -> Option<Self> {
        use Outcome::*;
        [
            None,
            Received,
            Acknowledged,
            TimedOut,
            Duplicate,
            Expired,
            AppFailed,
            InsufficientGas,
            UnknownPort,
            NotOurs,
            Malformed,
            NotExpired,
        ]
        .into_iter()
        .nth(n as usize)
    }
    /// Whether the packet needs no further step of this kind.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Received | Self::Acknowledged | Self::TimedOut | Self::Duplicate)
    }
}
