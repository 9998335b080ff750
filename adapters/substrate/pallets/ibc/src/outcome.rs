//! What became of one packet. Numbers and names are those of the EVM router.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What became of one packet of a batch (`docs/wire-formats.md`, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
#[repr(u8)]
pub enum Outcome {
    /// It was received; the acknowledgement is stored.
    Received = 1,
    /// Its acknowledgement was given to the application.
    Acknowledged = 2,
    /// The application was told that it timed out.
    TimedOut = 3,
    /// It was settled before. Nothing changed.
    Duplicate = 4,
    /// It came at or after its timeout.
    Expired = 5,
    /// The application failed with its full weight; the packet is as it was.
    AppFailed = 6,
    /// Less than the application's callback weight was left; the packet is as it was.
    InsufficientGas = 7,
    /// There is no application at its port.
    UnknownPort = 8,
    /// It belongs to another counterparty, or another packet is committed.
    NotOurs = 9,
    /// It breaks the rules of form.
    Malformed = 10,
    /// A timeout proven at a time before the packet's.
    NotExpired = 11,
}

impl Outcome {
    /// Whether the packet moved on: received, acknowledged or timed out.
    pub fn settled(self) -> bool {
        matches!(self, Self::Received | Self::Acknowledged | Self::TimedOut)
    }
}
