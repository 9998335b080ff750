//! What a bundle says about a packet, and what must be in the chain's state for it to be true.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{B256, Bytes};
use lupu_light_client::Claim;
use lupu_standard::{
    Acknowledgement, Denom, Height, Packet, Path, PathKind, TimestampSecs,
    ack::Verdict,
    commitment::{commit_acknowledgement, commit_packet},
    denom::{Hop, Received},
    evm::packet_receipt,
    ics20::{self, FungibleTokenPacketData, SUCCESS_ACKNOWLEDGEMENT},
    payload::{self, AppData},
    rules::{PayloadRule, check_payloads},
};

/// What is said about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The chain committed to sending it.
    Sent,
    /// And, being a transfer, keeps its tokens in escrow (or kept them, until it settled).
    Locked,
    /// The chain received it.
    Received,
    /// The chain received it, this very packet, and answered with these acknowledgements.
    Acknowledged,
    /// The chain received it, a transfer, and minted vouchers for its tokens.
    Minted,
    /// The chain received it, a transfer, and released its own tokens from escrow.
    Released,
    /// The chain had not received it when its timeout had passed, and so never will. Absence is of
    /// a client and a sequence: what the packet holds, its timeout too, only [`Kind::Sent`] proves.
    NeverReceived,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Sent,
        Self::Locked,
        Self::Received,
        Self::Acknowledged,
        Self::Minted,
        Self::Released,
        Self::NeverReceived,
    ];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Locked => "locked",
            Self::Received => "received",
            Self::Acknowledged => "acknowledged",
            Self::Minted => "minted",
            Self::Released => "released",
            Self::NeverReceived => "never-received",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is about the packet's source chain; the others are about its destination.
    pub fn is_of_source(self) -> bool {
        matches!(self, Self::Sent | Self::Locked)
    }

    /// Whether acknowledgements belong to it.
    pub fn has_acknowledgement(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Minted | Self::Released)
    }

    /// Where the chain keeps what must be proven for it: [`Kind::path`], and before it, where
    /// acknowledgements belong to the kind, the packet's receipt. An acknowledgement says nothing
    /// of the packet that it answers; the receipt is the hash of the whole packet.
    pub fn paths(self, packet: &Packet) -> Vec<Path> {
        let receipt = self.has_acknowledgement().then(|| Path::receipt(packet));
        receipt.into_iter().chain([self.path(packet)]).collect()
    }

    /// Where the chain keeps what decides it.
    pub fn path(self, packet: &Packet) -> Path {
        match self {
            Self::Sent | Self::Locked => Path::commitment(packet),
            Self::Received | Self::NeverReceived => Path::receipt(packet),
            Self::Acknowledged | Self::Minted | Self::Released => Path::acknowledgement(packet),
        }
    }
}

/// A statement about a packet at a height of the bundle's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is said.
    pub kind: Kind,
    /// At which block of the chain.
    pub height: Height,
    /// About which packet.
    pub packet: Packet,
    /// What the chain answered; empty where [`Kind::has_acknowledgement`] says no.
    pub acknowledgement: Acknowledgement,
    /// The raw IBC path that decides it: client, kind, sequence.
    pub path: Bytes,
    /// What is stored there, 32 bytes; empty for nothing.
    pub value: Bytes,
}

/// Why a statement cannot be true, whatever the chain's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The path is not the one that the packet and the kind give.
    #[error("path {found}, the packet gives {expected}")]
    PathMismatch {
        /// What packet and kind give.
        expected: Bytes,
        /// What the bundle says.
        found: Bytes,
    },
    /// The value is not the one that the packet and its acknowledgements give.
    #[error("value {found}, the packet gives {expected}")]
    ValueMismatch {
        /// What packet, kind and acknowledgements give.
        expected: Bytes,
        /// What the bundle says.
        found: Bytes,
    },
    /// A packet that no host carries.
    #[error("{0}")]
    MalformedPacket(String),
    /// Acknowledgements that no host writes.
    #[error("{0}")]
    MalformedAcknowledgement(String),
    /// A statement about tokens of a packet that is no transfer.
    #[error("{0}")]
    NotATransfer(String),
    /// A refused packet cannot have minted or released.
    #[error("the acknowledgement says that the packet was refused")]
    Refused,
    /// Tokens that go home are burned, not locked; minted where they are foreign, released at home.
    #[error("{denom} is {found} by this packet, not {expected}")]
    OtherDirection {
        /// What the statement says.
        expected: &'static str,
        /// What the trace of the denomination says.
        found: &'static str,
        /// The denomination in the packet.
        denom: String,
    },
    /// At the proof's time the packet could still be received.
    #[error("proven at {proven}, the packet could be received until {timeout}")]
    NotExpired {
        /// The block's time.
        proven: TimestampSecs,
        /// The packet's timeout.
        timeout: TimestampSecs,
    },
}

impl StatementError {
    /// The stable name of the check.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PathMismatch { .. } => "PathMismatch",
            Self::ValueMismatch { .. } => "ValueMismatch",
            Self::MalformedPacket(_) => "MalformedPacket",
            Self::MalformedAcknowledgement(_) => "MalformedAcknowledgement",
            Self::NotATransfer(_) => "NotATransfer",
            Self::Refused => "Refused",
            Self::OtherDirection { .. } => "OtherDirection",
            Self::NotExpired { .. } => "NotExpired",
        }
    }

    /// What was expected and what was found, where that can be said in two values.
    pub fn figures(&self) -> Option<(String, String)> {
        match self {
            Self::PathMismatch { expected, found } | Self::ValueMismatch { expected, found } => {
                Some((expected.to_string(), found.to_string()))
            }
            Self::OtherDirection { expected, found, .. } => Some((expected.to_string(), found.to_string())),
            Self::NotExpired { proven, timeout } => Some((format!("a time from {timeout} on"), proven.to_string())),
            _ => None,
        }
    }
}

impl Statement {
    /// A statement with the path and value that follow from the rest.
    pub fn new(kind: Kind, height: Height, packet: Packet, acknowledgement: Acknowledgement) -> Self {
        let path = kind.path(&packet).to_bytes().into();
        let value = value(kind, &packet, &acknowledgement);
        Self { kind, height, packet, acknowledgement, path, value }
    }

    /// The place of the statement in a bundle.
    pub(crate) fn order(&self) -> (Height, Bytes, Kind) {
        (self.height, self.path.clone(), self.kind)
    }

    /// What must be proven of the chain's state at the height, by raw path, in this order: of
    /// [`Kind::paths`] what each holds.
    pub fn claims(&self) -> Vec<(Bytes, Claim)> {
        let receipt = self.kind.has_acknowledgement().then(|| {
            let path = Path::receipt(&self.packet).to_bytes().into();
            (path, Claim::Present(packet_receipt(&self.packet)))
        });
        receipt.into_iter().chain([(self.path.clone(), self.claim())]).collect()
    }

    /// What must be under [`Statement::path`].
    pub fn claim(&self) -> Claim {
        match B256::try_from(self.value.as_ref()) {
            Ok(value) => Claim::Present(value),
            Err(_) => Claim::Absent,
        }
    }

    /// Whether the parts of the statement fit each other. Says nothing about the chain's state.
    pub fn check(&self) -> Result<(), StatementError> {
        let payloads = &self.packet.payloads;
        check_payloads(payloads, PayloadRule::AtLeastOne)
            .map_err(|e| StatementError::MalformedPacket(e.to_string()))?;
        if self.kind.has_acknowledgement() {
            let verdict = self.acknowledgement.check(payloads.len());
            let verdict = verdict.map_err(|e| StatementError::MalformedAcknowledgement(e.to_string()))?;
            self.check_transfer(Some(verdict))?;
        } else if self.acknowledgement.0.is_empty() {
            self.check_transfer(None)?;
        } else {
            let text = format!("a statement of kind {} has no acknowledgements", self.kind.name());
            return Err(StatementError::MalformedAcknowledgement(text));
        }
        let expected: Bytes = self.kind.path(&self.packet).to_bytes().into();
        if self.path != expected {
            return Err(StatementError::PathMismatch { expected, found: self.path.clone() });
        }
        let expected = value(self.kind, &self.packet, &self.acknowledgement);
        if self.value != expected {
            return Err(StatementError::ValueMismatch { expected, found: self.value.clone() });
        }
        Ok(())
    }

    /// Whether the time of the height decides a packet that was never received.
    pub fn check_time(&self, proven: TimestampSecs) -> Result<(), StatementError> {
        let timeout = self.packet.timeout_timestamp;
        match self.kind {
            Kind::NeverReceived if proven < timeout => Err(StatementError::NotExpired { proven, timeout }),
            _ => Ok(()),
        }
    }

    /// What statements about tokens need besides: a transfer, taken, in the right direction.
    fn check_transfer(&self, verdict: Option<Verdict>) -> Result<(), StatementError> {
        let expected = match self.kind {
            Kind::Locked => "locked",
            Kind::Minted => "minted",
            Kind::Released => "released",
            _ => return Ok(()),
        };
        let transfer = self.transfer().map_err(StatementError::NotATransfer)?;
        if verdict == Some(Verdict::Failure) {
            return Err(StatementError::Refused);
        }
        if verdict.is_some() && self.acknowledgement.0.iter().any(|ack| ack.as_ref() != SUCCESS_ACKNOWLEDGEMENT) {
            let text = "the acknowledgement is not that of a transfer taken".into();
            return Err(StatementError::MalformedAcknowledgement(text));
        }
        let found = match (self.kind, transfer.direction) {
            (Kind::Locked, Direction::Out) => "locked",
            (Kind::Locked, Direction::Home) => "burned",
            (_, Direction::Out) => "minted",
            (_, Direction::Home) => "released",
        };
        if found == expected {
            Ok(())
        } else {
            Err(StatementError::OtherDirection { expected, found, denom: transfer.data.denom })
        }
    }

    /// The packet as a token transfer, or why it is none.
    pub fn transfer(&self) -> Result<Transfer, String> {
        let [payload] = self.packet.payloads.as_slice() else {
            return Err(format!("a transfer has one payload, this packet has {}", self.packet.payloads.len()));
        };
        let of_port = payload.source_port.as_str() == ics20::PORT && payload.destination_port.as_str() == ics20::PORT;
        if !of_port {
            return Err(format!("the packet goes from port {} to {}", payload.source_port, payload.destination_port));
        }
        let data = match payload::decode(payload).map_err(|e| e.to_string())? {
            AppData::Ics20(data) => data,
            AppData::Gmp(_) | AppData::Unknown => return Err(format!("version {} is no transfer", payload.version)),
        };
        data.check().map_err(|e| e.to_string())?;
        let denom: Denom = data.denom.parse().map_err(|e: lupu_standard::denom::DenomError| e.to_string())?;
        let hop = |port: &lupu_standard::PortId, client: &lupu_standard::ClientId| Hop {
            port: port.clone(),
            client: client.clone(),
        };
        let source = hop(&payload.source_port, &self.packet.source_client);
        let destination = hop(&payload.destination_port, &self.packet.destination_client);
        Ok(match denom.receive(&source, destination) {
            Received::Returned(there) => Transfer { data, direction: Direction::Home, there },
            Received::Voucher(there) => Transfer { data, direction: Direction::Out, there },
        })
    }
}

/// Which way tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Away from where they came from: locked here, minted there.
    Out,
    /// Back the way they came: burned here, released there.
    Home,
}

/// A token transfer in a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What the packet says.
    pub data: FungibleTokenPacketData,
    /// Which way.
    pub direction: Direction,
    /// What the tokens are on the destination.
    pub there: Denom,
}

/// What is stored under the path of a kind; empty for nothing.
fn value(kind: Kind, packet: &Packet, acknowledgement: &Acknowledgement) -> Bytes {
    let value = match kind {
        Kind::NeverReceived => return Bytes::new(),
        _ => match kind.path(packet).kind {
            PathKind::Commitment => commit_packet(packet),
            PathKind::Receipt => packet_receipt(packet),
            PathKind::Acknowledgement => commit_acknowledgement(acknowledgement),
        },
    };
    Vec::from(value.0).into()
}
