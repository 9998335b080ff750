//! What can be said about a packet, as far as the store knows what became of it.

use crate::{
    packet::{State, Step},
    store::{PacketRow, RECEIPT},
};
use lupu_proof::{Kind, Statement};
use lupu_standard::{Acknowledgement, Height};

/// Which statements are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Of each packet the strongest that can be proven.
    Strongest,
    /// All that can be proven.
    Every,
    /// These.
    Kinds(Vec<Kind>),
}

/// Strongest first: what says most about where a packet and its tokens ended.
const BY_STRENGTH: [Kind; 7] =
    [Kind::Minted, Kind::Released, Kind::NeverReceived, Kind::Acknowledged, Kind::Received, Kind::Locked, Kind::Sent];

/// The kinds of statements that can be true of a packet, strongest first.
pub fn possible(row: &PacketRow) -> Vec<Kind> {
    BY_STRENGTH.into_iter().filter(|kind| refusal(row, *kind).is_none()).collect()
}

/// Why a kind of statement cannot be true of a packet, if so.
pub fn refusal(row: &PacketRow, kind: Kind) -> Option<String> {
    let late = matches!(row.state, State::Expired | State::TimingOut | State::TimedOut | State::Held(Step::Timeout));
    let received = row.received.is_some() || row.acknowledgement.is_some();
    match kind {
        Kind::Sent | Kind::Locked => {}
        Kind::NeverReceived if received => return Some("it was received".into()),
        Kind::NeverReceived if !late => {
            return Some(format!("it can still be received: its timeout is {}", row.packet.timeout_timestamp));
        }
        Kind::NeverReceived => {}
        _ if late => return Some("it was not received before its timeout".into()),
        _ if !received => return Some("it has not been received, as far as the relayer has seen".into()),
        Kind::Received => {}
        _ if row.acknowledgement.is_none() => return Some("the relayer has not seen its acknowledgement".into()),
        _ => {}
    }
    statement(row, kind, Height(0)).check().err().map(|error| error.to_string())
}

/// Whether the packet's commitment is gone from its source.
pub(super) fn is_settled(row: &PacketRow) -> bool {
    row.state.is_final()
}

/// The kinds of kept proofs that a kind of statement needs, all of one height. An acknowledgement says
/// nothing of the packet that it answers: its receipt does.
pub(super) fn proofs(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Sent | Kind::Locked => vec![Step::Receive.name()],
        Kind::Received => vec![RECEIPT],
        Kind::Acknowledged | Kind::Minted | Kind::Released => vec![Step::Acknowledge.name(), RECEIPT],
        Kind::NeverReceived => vec![Step::Timeout.name()],
    }
}

/// A statement about a packet.
pub(super) fn statement(row: &PacketRow, kind: Kind, height: Height) -> Statement {
    let known = row.acknowledgement.clone().filter(|_| kind.has_acknowledgement());
    Statement::new(kind, height, row.packet.clone(), known.unwrap_or(Acknowledgement(Vec::new())))
}
