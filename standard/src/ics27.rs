//! General message passing (ICS-27 GMP): a call to an account or contract on another chain.

use crate::{
    Encoding,
    abi::{AbiError, decode_canonical},
    base64,
    json::{
        JsonError, JsonProblem,
        reader::{Reader, literal, write_object},
    },
    protobuf::{self, ProtobufError},
};
use alloc::{string::String, vec::Vec};
use alloy_primitives::Bytes;
use alloy_sol_types::SolValue;

/// The port of the GMP application.
pub const PORT: &str = "gmpport";
/// The version of the protocol in a payload.
pub const VERSION: &str = "ics27-2";

mod abi {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        struct GmpPacketData {
            string sender;
            string receiver;
            bytes salt;
            bytes payload;
            string memo;
        }
        struct GmpAcknowledgement {
            bytes result;
        }
    }
}

/// A message as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GmpPacketData {
    /// Who sent it, in the sending chain's form.
    pub sender: String,
    /// Whom the receiving side calls, in its own form; may be empty where the payload names it.
    pub receiver: String,
    /// Tells several accounts of one sender apart.
    pub salt: Bytes,
    /// What the receiver is called with.
    pub payload: Bytes,
    /// Anything else; often empty.
    pub memo: String,
}

/// Why bytes are not a message or its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GmpError {
    /// In `application/x-solidity-abi`.
    #[error(transparent)]
    Abi(#[from] AbiError),
    /// In `application/json`.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON that is well formed but not the one encoding of its value: ibc-go compares bytes.
    #[error("JSON is not in the deterministic form")]
    JsonNotCanonical,
    /// In `application/x-protobuf`.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// The sender is empty.
    #[error("sender is empty")]
    EmptySender,
}

impl GmpPacketData {
    /// Reads a message; one encoding of a value is accepted in each of the three forms.
    pub fn decode(encoding: Encoding, bytes: &[u8]) -> Result<Self, GmpError> {
        let data = match encoding {
            Encoding::SolidityAbi => {
                let abi::GmpPacketData { sender, receiver, salt, payload, memo } = decode_canonical(bytes)?;
                Self { sender, receiver, salt, payload, memo }
            }
            Encoding::Json => Self::from_json(bytes)?,
            Encoding::Protobuf => Self::from_protobuf(bytes)?,
        };
        if data.sender.is_empty() {
            return Err(GmpError::EmptySender);
        }
        Ok(data)
    }

    /// Writes a message.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::SolidityAbi => {
                let Self { sender, receiver, salt, payload, memo } = self.clone();
                abi::GmpPacketData { sender, receiver, salt, payload, memo }.abi_encode()
            }
            Encoding::Json => self.to_json().into_bytes(),
            Encoding::Protobuf => protobuf::write_fields(&[
                self.sender.as_bytes(),
                self.receiver.as_bytes(),
                &self.salt,
                &self.payload,
                self.memo.as_bytes(),
            ]),
        }
    }

    /// Empty fields are left out, bytes are base64.
    fn from_json(bytes: &[u8]) -> Result<Self, GmpError> {
        const FIELDS: [&str; 5] = ["sender", "receiver", "salt", "payload", "memo"];
        let mut data = Self {
            sender: String::new(),
            receiver: String::new(),
            salt: Bytes::new(),
            payload: Bytes::new(),
            memo: String::new(),
        };
        let mut reader = Reader::new(bytes);
        reader.object(&FIELDS, |r, field| {
            match field {
                0 => data.sender = r.string()?.1,
                1 => data.receiver = r.string()?.1,
                2 => data.salt = base64_bytes(r)?,
                3 => data.payload = base64_bytes(r)?,
                _ => data.memo = r.string()?.1,
            }
            Ok(())
        })?;
        reader.finish()?;
        if data.to_json().as_bytes() != bytes {
            return Err(GmpError::JsonNotCanonical);
        }
        Ok(data)
    }

    fn to_json(&self) -> String {
        let fields = [
            ("sender", literal(&self.sender)),
            ("receiver", literal(&self.receiver)),
            ("salt", literal(&base64::encode(&self.salt))),
            ("payload", literal(&base64::encode(&self.payload))),
            ("memo", literal(&self.memo)),
        ];
        let there = fields.iter().filter(|(_, text)| text != "\"\"");
        write_object(there.map(|(name, text)| (*name, text.as_str())))
    }

    /// Fields: sender 1, receiver 2, salt 3, payload 4, memo 5.
    fn from_protobuf(bytes: &[u8]) -> Result<Self, GmpError> {
        let [sender, receiver, salt, payload, memo] = protobuf::read_fields::<5>(bytes)?;
        Ok(Self {
            sender: protobuf::text(1, sender)?,
            receiver: protobuf::text(2, receiver)?,
            salt: Bytes::copy_from_slice(salt),
            payload: Bytes::copy_from_slice(payload),
            memo: protobuf::text(5, memo)?,
        })
    }
}

fn base64_bytes(r: &mut Reader<'_>) -> Result<Bytes, JsonError> {
    let (at, text) = r.string()?;
    base64::decode(&text).map(Bytes::from).ok_or(JsonError::at(at, JsonProblem::Base64))
}

/// The acknowledgement of a message that was executed: what the call returned. A call that
/// failed is the packet's universal error instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GmpAcknowledgement {
    /// Return data of the call.
    pub result: Bytes,
}

impl GmpAcknowledgement {
    /// Reads an acknowledgement in the encoding of the payload it answers; one encoding of a
    /// value is accepted. In JSON and protobuf an empty result leaves its field out, and in
    /// protobuf that leaves no byte at all, which no router writes.
    pub fn decode(encoding: Encoding, bytes: &[u8]) -> Result<Self, GmpError> {
        match encoding {
            Encoding::SolidityAbi => {
                let abi::GmpAcknowledgement { result } = decode_canonical(bytes)?;
                Ok(Self { result })
            }
            Encoding::Json => {
                let mut reader = Reader::new(bytes);
                let mut result = Bytes::new();
                reader.object(&["result"], |r, _| {
                    result = base64_bytes(r)?;
                    Ok(())
                })?;
                reader.finish()?;
                let ack = Self { result };
                if ack.encode(Encoding::Json) != bytes {
                    return Err(GmpError::JsonNotCanonical);
                }
                Ok(ack)
            }
            Encoding::Protobuf => {
                let [result] = protobuf::read_fields::<1>(bytes)?;
                Ok(Self { result: Bytes::copy_from_slice(result) })
            }
        }
    }

    /// Writes an acknowledgement; in ABI `abi.encode((bytes result))`, a struct of one member.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::SolidityAbi => abi::GmpAcknowledgement { result: self.result.clone() }.abi_encode(),
            Encoding::Json if self.result.is_empty() => b"{}".to_vec(),
            Encoding::Json => write_object([("result", literal(&base64::encode(&self.result)).as_str())]).into_bytes(),
            Encoding::Protobuf => protobuf::write_fields(&[&self.result]),
        }
    }
}
