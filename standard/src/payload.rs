//! From a payload to the application's own message.

use crate::{
    Payload,
    ics20::{self, FungibleTokenPacketData, Ics20Error},
    ics27::{self, GmpError, GmpPacketData},
};
use alloc::vec::Vec;

/// How an application message is encoded; [`Payload::encoding`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-solidity-abi`: `abi.encode` of one struct, canonical.
    SolidityAbi,
    /// `application/json`.
    Json,
    /// `application/x-protobuf`, deterministic.
    Protobuf,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SolidityAbi, Self::Json, Self::Protobuf];

    /// The media type in a payload's `encoding` field.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::SolidityAbi => "application/x-solidity-abi",
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    /// The encoding of a media type, compared byte for byte.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.media_type() == media_type)
    }
}

/// An application message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppData {
    /// A fungible token transfer, version `ics20-1`.
    Ics20(FungibleTokenPacketData),
    /// A general message, version `ics27-2`.
    Gmp(GmpPacketData),
    /// A version or an encoding that this library does not read. The payload still travels.
    Unknown,
}

/// Why a payload of a known version and encoding does not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// In a token transfer.
    #[error("ICS-20 payload: {0}")]
    Ics20(#[from] Ics20Error),
    /// In a general message.
    #[error("ICS-27 payload: {0}")]
    Gmp(#[from] GmpError),
}

/// Decodes a payload by its version and encoding; the ports do not matter.
pub fn decode(payload: &Payload) -> Result<AppData, PayloadError> {
    let Some(encoding) = Encoding::from_media_type(&payload.encoding) else {
        return Ok(AppData::Unknown);
    };
    Ok(match payload.version.as_str() {
        ics20::VERSION => AppData::Ics20(FungibleTokenPacketData::decode(encoding, &payload.value)?),
        ics27::VERSION => AppData::Gmp(GmpPacketData::decode(encoding, &payload.value)?),
        _ => AppData::Unknown,
    })
}

impl AppData {
    /// The message in the given encoding; `None` if it is unknown.
    pub fn encode(&self, encoding: Encoding) -> Option<Vec<u8>> {
        match self {
            Self::Ics20(data) => Some(data.encode(encoding)),
            Self::Gmp(data) => Some(data.encode(encoding)),
            Self::Unknown => None,
        }
    }
}
