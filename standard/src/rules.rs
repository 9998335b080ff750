//! The rules of send, receive, acknowledge and timeout (ICS-04 v2) as pure functions.
//!
//! Each takes the packet and a view of what the host chain knows, and answers what must happen.
//! Proofs are not checked here: a host verifies them first, then asks these functions. The order
//! of the checks is part of the rule, so that all hosts give one answer: the counterparty, the
//! packet's form, what is stored, and last the time.

use crate::{
    Acknowledgement, ClientId, Packet, Payload, TimestampSecs,
    ack::{AcknowledgementError, Verdict},
    commitment::commit_packet,
};
use alloy_primitives::B256;

/// The longest a packet may live, in seconds from the block that sends it: 24 hours.
pub const MAX_TIMEOUT_SECS: u64 = 86_400;
/// The most bytes that the values of a packet's payloads may have together.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;

/// How many payloads a host takes in one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadRule {
    /// Exactly one: EVM routers.
    One,
    /// One or more: ibc-go, and the standard itself.
    AtLeastOne,
}

/// Why a packet's payloads are refused, whatever they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadsError {
    /// A packet without payloads.
    #[error("packet has no payload")]
    None,
    /// More payloads than this host takes.
    #[error("packet has {found} payloads, this host takes one")]
    TooMany {
        /// Payloads found.
        found: usize,
    },
    /// The values are too long together.
    #[error("payload values have {found} bytes together, allowed are {MAX_PAYLOAD_BYTES}")]
    TooLarge {
        /// Bytes found.
        found: usize,
    },
}

/// Checks number and size of a packet's payloads.
pub fn check_payloads(payloads: &[Payload], rule: PayloadRule) -> Result<(), PayloadsError> {
    match (payloads.len(), rule) {
        (0, _) => return Err(PayloadsError::None),
        (1, _) | (_, PayloadRule::AtLeastOne) => {}
        (found, PayloadRule::One) => return Err(PayloadsError::TooMany { found }),
    }
    let found = payloads.iter().fold(0usize, |n, p| n.saturating_add(p.value.len()));
    if found > MAX_PAYLOAD_BYTES {
        return Err(PayloadsError::TooLarge { found });
    }
    Ok(())
}

/// Why a packet is not about this host's state: it belongs to another route, or to another packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// The client here has no counterparty yet; it carries nothing.
    #[error("the client is not bound to a counterparty")]
    Unbound,
    /// The packet names another client than the counterparty of the client here.
    #[error("packet names client {found}, the counterparty is {counterparty}")]
    Counterparty {
        /// The bound counterparty.
        counterparty: ClientId,
        /// The client in the packet.
        found: ClientId,
    },
    /// The stored commitment is another packet's.
    #[error("stored commitment is {stored}, the packet's is {packet}")]
    Commitment {
        /// What the host has stored under the packet's path.
        stored: B256,
        /// What the packet commits to.
        packet: B256,
    },
}

fn check_counterparty(counterparty: Option<&ClientId>, found: &ClientId) -> Result<(), NotOurs> {
    match counterparty {
        None => Err(NotOurs::Unbound),
        Some(c) if c == found => Ok(()),
        Some(c) => Err(NotOurs::Counterparty { counterparty: c.clone(), found: found.clone() }),
    }
}

/// What a source chain knows when it is asked to send.
#[derive(Clone, Copy, Debug)]
pub struct SendView<'a> {
    /// Block time.
    pub now: TimestampSecs,
    /// Whether the source client is Active (neither expired nor frozen).
    pub client_active: bool,
    /// Timestamp of the newest consensus state of the source client.
    pub client_latest: TimestampSecs,
    /// The counterparty bound to the source client.
    pub counterparty: Option<&'a ClientId>,
    /// Last sequence sent by the source client, 0 before the first.
    pub last_sequence: u64,
    /// How many payloads the host takes.
    pub payload_rule: PayloadRule,
}

/// Why a packet may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Number or size of the payloads.
    #[error(transparent)]
    Payloads(#[from] PayloadsError),
    /// Client unbound, or the packet names another destination.
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    /// The timeout is not after the block time.
    #[error("timeout {timeout} is not after the block time {now}")]
    TimeoutElapsed {
        /// The packet's timeout.
        timeout: TimestampSecs,
        /// Block time.
        now: TimestampSecs,
    },
    /// The timeout is more than 24 hours ahead.
    #[error("timeout {timeout} is more than {MAX_TIMEOUT_SECS} s after the block time {now}")]
    TimeoutTooFar {
        /// The packet's timeout.
        timeout: TimestampSecs,
        /// Block time.
        now: TimestampSecs,
    },
    /// The source client is expired or frozen: the answer could never be verified.
    #[error("the source client is not active")]
    ClientNotActive,
    /// The destination is already known to be past the timeout.
    #[error("timeout {timeout} is not after the destination's time {latest} as the client knows it")]
    TimeoutBeforeClient {
        /// The packet's timeout.
        timeout: TimestampSecs,
        /// Latest timestamp of the source client.
        latest: TimestampSecs,
    },
    /// The sequence is not the last one plus one.
    #[error("sequence is {found}, after {last} comes the next number")]
    Sequence {
        /// Last sequence sent.
        last: u64,
        /// The packet's sequence.
        found: u64,
    },
}

/// Whether the source chain may commit to this packet.
pub fn check_send(packet: &Packet, view: &SendView<'_>) -> Result<(), SendError> {
    check_counterparty(view.counterparty, &packet.destination_client)?;
    check_payloads(&packet.payloads, view.payload_rule)?;
    let timeout = packet.timeout_timestamp;
    let now = view.now;
    match timeout.0.checked_sub(now.0) {
        None | Some(0) => return Err(SendError::TimeoutElapsed { timeout, now }),
        Some(ahead) if ahead > MAX_TIMEOUT_SECS => return Err(SendError::TimeoutTooFar { timeout, now }),
        Some(_) => {}
    }
    if !view.client_active {
        return Err(SendError::ClientNotActive);
    }
    if timeout <= view.client_latest {
        return Err(SendError::TimeoutBeforeClient { timeout, latest: view.client_latest });
    }
    let found = packet.sequence.get();
    if view.last_sequence.checked_add(1) != Some(found) {
        return Err(SendError::Sequence { last: view.last_sequence, found });
    }
    Ok(())
}

/// What a destination chain knows when a packet arrives.
#[derive(Clone, Copy, Debug)]
pub struct ReceiveView<'a> {
    /// The counterparty bound to the packet's destination client.
    pub counterparty: Option<&'a ClientId>,
    /// Time of the block that would receive the packet.
    pub block_time: TimestampSecs,
    /// Whether a receipt is stored under the packet's receipt path.
    pub receipt: bool,
    /// How many payloads the host takes.
    pub payload_rule: PayloadRule,
}

/// What the destination chain must do with a packet whose commitment is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveOutcome {
    /// Store the receipt, call the applications, store the acknowledgement.
    Receive,
    /// It was received before: change nothing, not an error.
    Duplicate,
    /// Refuse: the block time has reached the timeout. Only said of packets not yet received.
    Expired,
    /// Refuse: it names another source client than the counterparty.
    NotOurs(NotOurs),
    /// Refuse: number or size of the payloads.
    Malformed(PayloadsError),
}

/// What the destination chain must do with this packet.
pub fn check_receive(packet: &Packet, view: &ReceiveView<'_>) -> ReceiveOutcome {
    if let Err(e) = check_counterparty(view.counterparty, &packet.source_client) {
        return ReceiveOutcome::NotOurs(e);
    }
    if let Err(e) = check_payloads(&packet.payloads, view.payload_rule) {
        return ReceiveOutcome::Malformed(e);
    }
    if view.receipt {
        return ReceiveOutcome::Duplicate;
    }
    if view.block_time >= packet.timeout_timestamp {
        return ReceiveOutcome::Expired;
    }
    ReceiveOutcome::Receive
}

/// What a source chain knows when a packet's end comes back, as acknowledgement or timeout.
#[derive(Clone, Copy, Debug)]
pub struct SettleView<'a> {
    /// The counterparty bound to the packet's source client.
    pub counterparty: Option<&'a ClientId>,
    /// What is stored under the packet's commitment path; `None` (zero on EVM) when it is gone
    /// or never was.
    pub commitment: Option<B256>,
    /// How many payloads the host takes.
    pub payload_rule: PayloadRule,
}

/// What the source chain must do with an acknowledgement whose commitment is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcknowledgeOutcome {
    /// Delete the commitment and call the applications.
    Acknowledge(Verdict),
    /// The commitment is gone: acknowledged or timed out before. Not an error.
    Duplicate,
    /// Refuse: another counterparty, or another packet is committed here.
    NotOurs(NotOurs),
    /// Refuse: number or size of the payloads.
    Malformed(PayloadsError),
    /// Refuse: not a list of acknowledgements that a router may have written for this packet.
    BadAcknowledgement(AcknowledgementError),
}

/// What the source chain must do with this acknowledgement of this packet.
pub fn check_acknowledge(
    packet: &Packet,
    acknowledgement: &Acknowledgement,
    view: &SettleView<'_>,
) -> AcknowledgeOutcome {
    if let Err(e) = check_counterparty(view.counterparty, &packet.destination_client) {
        return AcknowledgeOutcome::NotOurs(e);
    }
    if let Err(e) = check_payloads(&packet.payloads, view.payload_rule) {
        return AcknowledgeOutcome::Malformed(e);
    }
    let verdict = match acknowledgement.check(packet.payloads.len()) {
        Ok(verdict) => verdict,
        Err(e) => return AcknowledgeOutcome::BadAcknowledgement(e),
    };
    match check_commitment(packet, view.commitment) {
        Ok(true) => AcknowledgeOutcome::Acknowledge(verdict),
        Ok(false) => AcknowledgeOutcome::Duplicate,
        Err(e) => AcknowledgeOutcome::NotOurs(e),
    }
}

/// What the source chain must do with a timeout whose missing receipt is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeoutOutcome {
    /// Delete the commitment and let the applications take back what they sent.
    TimeOut,
    /// The commitment is gone: acknowledged or timed out before. Not an error.
    Duplicate,
    /// Refuse: at the proof's height the destination had not reached the timeout.
    NotExpired,
    /// Refuse: another counterparty, or another packet is committed here.
    NotOurs(NotOurs),
    /// Refuse: number or size of the payloads.
    Malformed(PayloadsError),
}

/// What the source chain must do with this timed-out packet. `proof_time` is the timestamp of
/// the client's consensus state at the height of the absence proof.
pub fn check_timeout(packet: &Packet, proof_time: TimestampSecs, view: &SettleView<'_>) -> TimeoutOutcome {
    if let Err(e) = check_counterparty(view.counterparty, &packet.destination_client) {
        return TimeoutOutcome::NotOurs(e);
    }
    if let Err(e) = check_payloads(&packet.payloads, view.payload_rule) {
        return TimeoutOutcome::Malformed(e);
    }
    match check_commitment(packet, view.commitment) {
        Ok(true) if proof_time < packet.timeout_timestamp => TimeoutOutcome::NotExpired,
        Ok(true) => TimeoutOutcome::TimeOut,
        Ok(false) => TimeoutOutcome::Duplicate,
        Err(e) => TimeoutOutcome::NotOurs(e),
    }
}

/// `false` when nothing is stored. Zero counts as nothing: it is what EVM storage answers.
fn check_commitment(packet: &Packet, stored: Option<B256>) -> Result<bool, NotOurs> {
    let Some(stored) = stored.filter(|c| !c.is_zero()) else {
        return Ok(false);
    };
    let own = commit_packet(packet);
    if own == stored { Ok(true) } else { Err(NotOurs::Commitment { stored, packet: own }) }
}
