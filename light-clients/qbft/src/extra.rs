//! The extraData of QBFT and IBFT 2.0 headers.
//!
//! QBFT: `RLP[vanity, validators, vote, round, seals]`, vote `c0` or `[address, 81ff | 80 | 00]`,
//! round a scalar. IBFT 2.0: the same five items, vote `80` or `[address, 81ff | 00]`, round four
//! bytes.

use crate::header::{HeaderError, Kind, at_field};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes};
use lupu_ethereum_state::rlp::{Item, Reader, put_bytes, put_u64};

/// A proposer's vote on the validator set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Whom it is about.
    pub recipient: Address,
    /// In or out.
    pub add: bool,
}

/// Decoded extraData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub vanity: B256,
    pub validators: Vec<Address>,
    pub vote: Option<Vote>,
    pub round: u32,
    pub seals: Vec<Bytes>,
    /// Vanity, validators and vote as they are encoded.
    pub fixed: Vec<u8>,
}

impl Extra {
    /// Decodes exactly the string `item`, the header's extraData.
    pub fn decode(kind: Kind, item: &Item<'_>) -> Result<Self, HeaderError> {
        let field = at_field("extraData");
        let bytes = item.bytes().map_err(field)?;
        let mut outer = Reader::at(bytes, item.payload_at());
        let list = outer.item().map_err(field)?;
        outer.finish().map_err(field)?;
        let mut items = list.list().map_err(field)?;

        let vanity = items.item().map_err(at_field("extraData.vanity"))?;
        let validators = items.item().map_err(at_field("extraData.validators"))?;
        let vote = items.item().map_err(at_field("extraData.vote"))?;
        let round = items.item().map_err(at_field("extraData.round"))?;
        let seals = items.item().map_err(at_field("extraData.seals"))?;
        let mut fixed = Vec::new();
        for item in [&vanity, &validators, &vote] {
            fixed.extend_from_slice(item.raw);
        }
        let extra = Self {
            vanity: B256::new(vanity.fixed().map_err(at_field("extraData.vanity"))?),
            validators: addresses(&validators)?,
            vote: decode_vote(kind, &vote)?,
            round: decode_round(kind, &round)?,
            seals: strings(&seals)?,
            fixed,
        };
        items.finish().map_err(field)?;
        Ok(extra)
    }

    /// The items that the commit digest covers: seals emptied (QBFT) or left out (IBFT 2.0).
    pub fn digest_items(&self, kind: Kind) -> Vec<u8> {
        let mut out = self.fixed.clone();
        put_round(kind, self.round, &mut out);
        if kind == Kind::Qbft {
            out.push(0xc0);
        }
        out
    }

    /// The items that the block hash covers: also round zeroed (QBFT) or left out (IBFT 2.0).
    pub fn hash_items(&self, kind: Kind) -> Vec<u8> {
        let mut out = self.fixed.clone();
        if kind == Kind::Qbft {
            out.extend([0x80, 0xc0]);
        }
        out
    }

    /// All items.
    pub fn items(&self, kind: Kind) -> Vec<u8> {
        let mut seals = Vec::new();
        for seal in &self.seals {
            put_bytes(&mut seals, seal);
        }
        let mut out = self.fixed.clone();
        put_round(kind, self.round, &mut out);
        out.extend(lupu_ethereum_state::rlp::list(&seals));
        out
    }
}

fn put_round(kind: Kind, round: u32, out: &mut Vec<u8>) {
    match kind {
        Kind::Qbft => put_u64(out, u64::from(round)),
        Kind::Ibft2 => put_bytes(out, &round.to_be_bytes()),
    }
}

fn addresses(item: &Item<'_>) -> Result<Vec<Address>, HeaderError> {
    let field = at_field("extraData.validators");
    let mut items = item.list().map_err(field)?;
    let mut out = Vec::with_capacity(item.payload.len() / 21);
    while !items.is_empty() {
        out.push(Address::new(items.item().and_then(|a| a.fixed()).map_err(field)?));
    }
    Ok(out)
}

fn strings(item: &Item<'_>) -> Result<Vec<Bytes>, HeaderError> {
    let field = at_field("extraData.seals");
    let mut items = item.list().map_err(field)?;
    let mut out = Vec::new();
    while !items.is_empty() {
        let seal = items.item().map_err(field)?;
        out.push(Bytes::copy_from_slice(seal.bytes().map_err(field)?));
    }
    Ok(out)
}

fn decode_vote(kind: Kind, item: &Item<'_>) -> Result<Option<Vote>, HeaderError> {
    let field = at_field("extraData.vote");
    if item.payload.is_empty() && item.is_list == (kind == Kind::Qbft) {
        return Ok(None);
    }
    let mut items = item.list().map_err(field)?;
    let recipient = Address::new(items.item().and_then(|a| a.fixed()).map_err(field)?);
    let ballot = items.item().map_err(field)?;
    items.finish().map_err(field)?;
    let add = match (kind, ballot.bytes().map_err(field)?) {
        (_, [0xff]) => true,
        (_, [0x00]) | (Kind::Qbft, []) => false,
        _ => return Err(HeaderError::new("extraData.vote", ballot.at, "neither add nor drop")),
    };
    Ok(Some(Vote { recipient, add }))
}

fn decode_round(kind: Kind, item: &Item<'_>) -> Result<u32, HeaderError> {
    let field = at_field("extraData.round");
    match kind {
        Kind::Ibft2 => Ok(u32::from_be_bytes(item.fixed().map_err(field)?)),
        Kind::Qbft => {
            let bytes = item.number(4).map_err(field)?;
            Ok(bytes.iter().fold(0, |n, b| (n << 8) | u32::from(*b)))
        }
    }
}
