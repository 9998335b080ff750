//! Headers of QBFT and IBFT 2.0 blocks, from their raw RLP.
//!
//! A header has 15 fields or more; fields past the fifteenth are kept as they are, since they
//! belong to the hash. Sources: Besu `BlockHeader`, `BftBlockHashing`, `QbftExtraDataCodec`,
//! `IbftExtraDataCodec`; GoQuorum `consensus/istanbul/qbft`.

use crate::{
    extra::{Extra, Vote},
    seal::{Recover, SealError, signer},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, Bytes, b256, keccak256};
use lupu_ethereum_state::rlp::{self, Item, Reader, RlpError, put_bytes};
use lupu_standard::{Height, TimestampSecs};

/// mixHash of every block sealed by Istanbul BFT and its descendants.
pub const ISTANBUL_MIX_HASH: B256 = b256!("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365");
/// Hash of an empty list of ommers.
pub const EMPTY_OMMERS: B256 = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");

/// The consensus whose rules a header follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// QBFT, as Besu and GoQuorum run it.
    Qbft = 0,
    /// IBFT 2.0, as Besu runs it.
    Ibft2 = 1,
}

impl Kind {
    /// The kind with this number.
    pub fn from_u8(n: u8) -> Option<Self> {
        match n {
            0 => Some(Self::Qbft),
            1 => Some(Self::Ibft2),
            _ => None,
        }
    }

    /// `qbft` or `ibft2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft2 => "ibft2",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "qbft" => Some(Self::Qbft),
            "ibft2" => Some(Self::Ibft2),
            _ => None,
        }
    }
}

/// Which field of a header is malformed, where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field} at byte {at}: {reason}")]
pub struct HeaderError {
    /// The field's name, for example `extraData.round`; `header` for the list itself.
    pub field: &'static str,
    /// Byte offset in the raw header.
    pub at: usize,
    /// Why it is malformed.
    pub reason: String,
}

impl HeaderError {
    pub(crate) fn new(field: &'static str, at: usize, reason: &str) -> Self {
        Self { field, at, reason: reason.to_string() }
    }
}

/// Names the field of an RLP error.
pub(crate) fn at_field(field: &'static str) -> impl Fn(RlpError) -> HeaderError + Copy {
    move |e| HeaderError { field, at: e.at, reason: e.kind.to_string() }
}

/// A header, decoded. Its encoding is canonical: [`Header::encode`] gives the decoded bytes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    kind: Kind,
    parent_hash: B256,
    coinbase: Address,
    state_root: B256,
    number: Height,
    timestamp: TimestampSecs,
    extra: Extra,
    /// The fields ahead of extraData, as they are encoded.
    before: Vec<u8>,
    /// The fields behind extraData, as they are encoded.
    after: Vec<u8>,
    /// Number of fields.
    fields: usize,
}

/// Reads the fields one after the other and keeps their bytes.
struct Fields<'a> {
    items: Reader<'a>,
    raw: Vec<u8>,
}

impl<'a> Fields<'a> {
    fn next(&mut self, field: &'static str) -> Result<Item<'a>, HeaderError> {
        let item = self.items.item().map_err(at_field(field))?;
        self.raw.extend_from_slice(item.raw);
        Ok(item)
    }

    fn fixed<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], HeaderError> {
        self.next(field)?.fixed().map_err(at_field(field))
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, HeaderError> {
        self.next(field)?.u64().map_err(at_field(field))
    }

    fn constant(&mut self, field: &'static str, value: &[u8], reason: &str) -> Result<(), HeaderError> {
        let item = self.next(field)?;
        if item.bytes().map_err(at_field(field))? == value {
            Ok(())
        } else {
            Err(HeaderError::new(field, item.at, reason))
        }
    }
}

impl Header {
    /// Decodes exactly `raw`. Says nothing about seals: whether they are valid, and whether there
    /// are enough of them, is a later question.
    pub fn decode(kind: Kind, raw: &[u8]) -> Result<Self, HeaderError> {
        let items = rlp::single(raw).and_then(|item| item.list()).map_err(at_field("header"))?;
        let mut fields = Fields { items, raw: Vec::with_capacity(raw.len()) };
        let parent_hash = B256::new(fields.fixed("parentHash")?);
        fields.constant("ommersHash", EMPTY_OMMERS.as_slice(), "not the hash of no ommers")?;
        let coinbase = Address::new(fields.fixed("coinbase")?);
        let state_root = B256::new(fields.fixed("stateRoot")?);
        fields.fixed::<32>("transactionsRoot")?;
        fields.fixed::<32>("receiptsRoot")?;
        fields.fixed::<256>("logsBloom")?;
        fields.constant("difficulty", &[1], "not 1")?;
        let number = Height(fields.u64("number")?);
        fields.u64("gasLimit")?;
        fields.u64("gasUsed")?;
        let timestamp = TimestampSecs(fields.u64("timestamp")?);
        let before = core::mem::take(&mut fields.raw);
        let extra = Extra::decode(kind, &fields.next("extraData")?)?;
        fields.raw.clear();
        fields.constant("mixHash", ISTANBUL_MIX_HASH.as_slice(), "not the Istanbul constant")?;
        fields.constant("nonce", &[0; 8], "not 8 zero bytes")?;
        let mut count = 15usize;
        while !fields.items.is_empty() {
            fields.next("trailing field")?;
            count = count.saturating_add(1);
        }
        let after = fields.raw;
        Ok(Self { kind, parent_hash, coinbase, state_root, number, timestamp, extra, before, after, fields: count })
    }

    /// The whole header with these items as extraData.
    fn assemble(&self, extra_items: &[u8]) -> Vec<u8> {
        let mut items = self.before.clone();
        put_bytes(&mut items, &rlp::list(extra_items));
        items.extend_from_slice(&self.after);
        rlp::list(&items)
    }

    /// The raw header, seals included.
    pub fn encode(&self) -> Vec<u8> {
        self.assemble(&self.extra.items(self.kind))
    }

    /// keccak256 of the header with seals emptied and round zeroed (QBFT), or with only vanity,
    /// validators and vote as extraData (IBFT 2.0).
    pub fn block_hash(&self) -> B256 {
        keccak256(self.assemble(&self.extra.hash_items(self.kind)))
    }

    /// What the seals sign: keccak256 of the header with the round, and the seals emptied (QBFT)
    /// or left out (IBFT 2.0).
    pub fn commit_digest(&self) -> B256 {
        keccak256(self.assemble(&self.extra.digest_items(self.kind)))
    }

    /// The same block with other seals.
    pub fn with_seals(&self, seals: Vec<Bytes>) -> Self {
        let mut header = self.clone();
        header.extra.seals = seals;
        header
    }

    /// Whose rules it follows.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// Block hash of the parent.
    pub fn parent_hash(&self) -> B256 {
        self.parent_hash
    }
    /// The proposer.
    pub fn coinbase(&self) -> Address {
        self.coinbase
    }
    /// Root of the state trie after this block.
    pub fn state_root(&self) -> B256 {
        self.state_root
    }
    /// Block number.
    pub fn number(&self) -> Height {
        self.number
    }
    /// Block time.
    pub fn timestamp(&self) -> TimestampSecs {
        self.timestamp
    }
    /// The 32 free bytes at the start of extraData.
    pub fn vanity(&self) -> B256 {
        self.extra.vanity
    }
    /// The validators that may seal this block, in the header's order.
    pub fn validators(&self) -> &[Address] {
        &self.extra.validators
    }
    /// keccak256 of the validators' 20-byte addresses joined, in the header's order.
    pub fn validators_hash(&self) -> B256 {
        keccak256(join_addresses(&self.extra.validators))
    }
    /// The proposer's vote, if it cast one.
    pub fn vote(&self) -> Option<Vote> {
        self.extra.vote
    }
    /// The consensus round in which the block was sealed.
    pub fn round(&self) -> u32 {
        self.extra.round
    }
    /// The seals as they are, each normally 65 bytes.
    pub fn seals(&self) -> &[Bytes] {
        &self.extra.seals
    }
    /// Number of fields, 15 or more.
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// The signer of each seal, or why it has none.
    pub fn recover_seals(&self, recover: &(impl Recover + ?Sized)) -> Vec<Result<Address, SealError>> {
        let digest = self.commit_digest();
        self.extra.seals.iter().map(|seal| signer(&digest, seal, recover)).collect()
    }
}

/// 20-byte addresses, one after the other.
pub fn join_addresses(addresses: &[Address]) -> Vec<u8> {
    addresses.iter().flat_map(|a| a.0.0).collect()
}

/// The inverse of [`join_addresses`]. `None` if the bytes are not whole addresses.
pub fn split_addresses(bytes: &[u8]) -> Option<Vec<Address>> {
    let (whole, rest) = bytes.as_chunks::<20>();
    rest.is_empty().then(|| whole.iter().map(|a| Address::new(*a)).collect())
}
