//! Fungible token transfer (ICS-20): the message and its three encodings.

use crate::{
    Encoding,
    abi::{AbiError, decode_canonical},
    json::{
        JsonError,
        reader::{Reader, literal, write_object},
        required,
    },
    protobuf::{self, ProtobufError},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::U256;
use alloy_sol_types::SolValue;

/// The port of the transfer application.
pub const PORT: &str = "transfer";
/// The version of the protocol in a payload.
pub const VERSION: &str = "ics20-1";
/// The acknowledgement of a transfer that was taken: these ASCII bytes, in every encoding.
pub const SUCCESS_ACKNOWLEDGEMENT: &[u8] = br#"{"result":"AQ=="}"#;

mod abi {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        struct FungibleTokenPacketData {
            string denom;
            string sender;
            string receiver;
            uint256 amount;
            string memo;
        }
    }
}

/// A token transfer as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FungibleTokenPacketData {
    /// Full path of the token on the sending chain; [`crate::Denom`] reads it.
    pub denom: String,
    /// Who sent it, in the sending chain's form; refunds go there.
    pub sender: String,
    /// Who gets it, in the receiving chain's form.
    pub receiver: String,
    /// How much, in the token's smallest unit; never zero in a decoded message.
    pub amount: U256,
    /// Anything else; often empty.
    pub memo: String,
}

/// Why bytes are not a transfer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ics20Error {
    /// In `application/x-solidity-abi`.
    #[error(transparent)]
    Abi(#[from] AbiError),
    /// In `application/json`.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// In `application/x-protobuf`.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// The amount as text is not `[1-9][0-9]*`, or not below 2²⁵⁶.
    #[error("amount must be a decimal number from 1 to 2^256 - 1, without leading zeros")]
    Amount,
    /// An amount of zero.
    #[error("amount is zero")]
    ZeroAmount,
    /// Denomination, sender or receiver is empty.
    #[error("{field} is empty")]
    Empty {
        /// Which field.
        field: &'static str,
    },
}

impl FungibleTokenPacketData {
    /// Reads a transfer. Only one encoding of a value is accepted in ABI and protobuf; JSON may
    /// have its fields in any order and white space between them.
    pub fn decode(encoding: Encoding, bytes: &[u8]) -> Result<Self, Ics20Error> {
        let data = match encoding {
            Encoding::SolidityAbi => Self::from_abi(bytes)?,
            Encoding::Json => Self::from_json(bytes)?,
            Encoding::Protobuf => Self::from_protobuf(bytes)?,
        };
        data.check()?;
        Ok(data)
    }

    /// Writes a transfer. What [`Self::check`] refuses is written all the same, and refused by
    /// every receiver.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::SolidityAbi => self.to_abi(),
            Encoding::Json => self.to_json().into_bytes(),
            Encoding::Protobuf => self.to_protobuf(),
        }
    }

    /// The rules that hold in every encoding: denomination, sender and receiver are not empty,
    /// the amount is not zero.
    pub fn check(&self) -> Result<(), Ics20Error> {
        for (field, value) in [("denom", &self.denom), ("sender", &self.sender), ("receiver", &self.receiver)] {
            if value.is_empty() {
                return Err(Ics20Error::Empty { field });
            }
        }
        if self.amount.is_zero() {
            return Err(Ics20Error::ZeroAmount);
        }
        Ok(())
    }

    fn from_abi(bytes: &[u8]) -> Result<Self, Ics20Error> {
        let data: abi::FungibleTokenPacketData = decode_canonical(bytes)?;
        let abi::FungibleTokenPacketData { denom, sender, receiver, amount, memo } = data;
        Ok(Self { denom, sender, receiver, amount, memo })
    }

    fn to_abi(&self) -> Vec<u8> {
        let Self { denom, sender, receiver, amount, memo } = self.clone();
        abi::FungibleTokenPacketData { denom, sender, receiver, amount, memo }.abi_encode()
    }

    /// `memo` may be missing (ibc-go leaves it out when empty); the other fields may not.
    fn from_json(bytes: &[u8]) -> Result<Self, Ics20Error> {
        const FIELDS: [&str; 5] = ["denom", "amount", "sender", "receiver", "memo"];
        let mut reader = Reader::new(bytes);
        let mut texts: [Option<String>; 5] = Default::default();
        let (_, end) = reader.object(&FIELDS, |r, field| {
            let text = r.string()?.1;
            if let Some(slot) = texts.get_mut(field) {
                *slot = Some(text);
            }
            Ok(())
        })?;
        reader.finish()?;
        let [denom, amount, sender, receiver, memo] = texts;
        Ok(Self {
            denom: required(denom, "denom", end)?,
            amount: parse_amount(&required(amount, "amount", end)?)?,
            sender: required(sender, "sender", end)?,
            receiver: required(receiver, "receiver", end)?,
            memo: memo.unwrap_or_default(),
        })
    }

    fn to_json(&self) -> String {
        let texts = [
            ("denom", literal(&self.denom)),
            ("amount", literal(&self.amount.to_string())),
            ("sender", literal(&self.sender)),
            ("receiver", literal(&self.receiver)),
            ("memo", literal(&self.memo)),
        ];
        let there = if self.memo.is_empty() { 4 } else { 5 };
        write_object(texts.iter().take(there).map(|(name, text)| (*name, text.as_str())))
    }

    /// Fields: denom 1, amount 2 (decimal text), sender 3, receiver 4, memo 5.
    fn from_protobuf(bytes: &[u8]) -> Result<Self, Ics20Error> {
        let [denom, amount, sender, receiver, memo] = protobuf::read_fields::<5>(bytes)?;
        Ok(Self {
            denom: protobuf::text(1, denom)?,
            amount: parse_amount(&protobuf::text(2, amount)?)?,
            sender: protobuf::text(3, sender)?,
            receiver: protobuf::text(4, receiver)?,
            memo: protobuf::text(5, memo)?,
        })
    }

    fn to_protobuf(&self) -> Vec<u8> {
        let amount = self.amount.to_string();
        protobuf::write_fields(&[
            self.denom.as_bytes(),
            amount.as_bytes(),
            self.sender.as_bytes(),
            self.receiver.as_bytes(),
            self.memo.as_bytes(),
        ])
    }
}

/// Reads `[1-9][0-9]*` below 2²⁵⁶.
pub fn parse_amount(text: &str) -> Result<U256, Ics20Error> {
    let digits = text.as_bytes();
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return Err(Ics20Error::Amount);
    }
    let mut value = U256::ZERO;
    for d in digits {
        if !d.is_ascii_digit() {
            return Err(Ics20Error::Amount);
        }
        value = value
            .checked_mul(U256::from(10))
            .and_then(|v| v.checked_add(U256::from(d - b'0')))
            .ok_or(Ics20Error::Amount)?;
    }
    Ok(value)
}
