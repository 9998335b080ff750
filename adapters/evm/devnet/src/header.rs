//! How a block is encoded, sealed and hashed: Besu's QBFT and IBFT 2.0.
//!
//! Written from the format alone and sharing nothing with the light client, so that the two check
//! each other.

use alloy::consensus::Header;
use alloy::primitives::{Address, B256, Bytes, b256, keccak256};
use alloy::rlp::{BufMut, Encodable, Header as RlpHeader};

use crate::config::Kind;
use crate::keys::Seal;

/// `mixHash` of every BFT block: the ASCII of "ctical byzantine fault tolerance".
pub const MIX_HASH: B256 = b256!("0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365");

/// What a proposer says about a validator in its own block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The validator voted on.
    pub subject: Address,
    /// In, or out.
    pub add: bool,
}

/// The consensus part of a header, before it becomes `extraData`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// 32 free bytes.
    pub vanity: B256,
    /// The validators of this block, ascending.
    pub validators: Vec<Address>,
    /// The proposer's vote, if it casts one.
    pub vote: Option<Vote>,
    /// The round in which the block was decided.
    pub round: u32,
    /// Committed seals, in the order shown.
    pub seals: Vec<Seal>,
}

/// Which items of `extraData` are written, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the header is stored and sent: everything.
    Full,
    /// What validators sign.
    CommitDigest,
    /// What the block's hash covers.
    BlockHash,
}

impl Extra {
    /// The `extraData` bytes in a form.
    pub fn encode(&self, kind: Kind, form: Form) -> Bytes {
        let mut items = Vec::with_capacity(64 + self.validators.len() * 21 + self.seals.len() * 67);
        self.vanity.encode(&mut items);
        list(&mut items, |out| self.validators.iter().for_each(|address| address.encode(out)));
        self.encode_vote(kind, &mut items);
        match (kind, form) {
            (Kind::Qbft, Form::Full) => {
                self.round.encode(&mut items);
                self.encode_seals(&mut items);
            }
            (Kind::Qbft, Form::CommitDigest) => {
                self.round.encode(&mut items);
                items.put_u8(0xc0);
            }
            (Kind::Qbft, Form::BlockHash) => items.put_slice(&[0x80, 0xc0]),
            (Kind::Ibft2, Form::Full) => {
                self.round.to_be_bytes().encode(&mut items);
                self.encode_seals(&mut items);
            }
            (Kind::Ibft2, Form::CommitDigest) => self.round.to_be_bytes().encode(&mut items),
            (Kind::Ibft2, Form::BlockHash) => {}
        }
        let mut out = Vec::with_capacity(items.len() + 4);
        list(&mut out, |out| out.put_slice(&items));
        out.into()
    }

    fn encode_vote(&self, kind: Kind, out: &mut Vec<u8>) {
        match (kind, self.vote) {
            (Kind::Qbft, None) => out.put_u8(0xc0),
            (Kind::Ibft2, None) => out.put_u8(0x80),
            (_, Some(vote)) => list(out, |out| {
                vote.subject.encode(out);
                match (kind, vote.add) {
                    (_, true) => out.put_slice(&[0x81, 0xff]),
                    (Kind::Qbft, false) => out.put_u8(0x80),
                    (Kind::Ibft2, false) => out.put_u8(0x00),
                }
            }),
        }
    }

    fn encode_seals(&self, out: &mut Vec<u8>) {
        list(out, |out| self.seals.iter().for_each(|seal| seal.as_slice().encode(out)));
    }
}

fn list(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut payload = Vec::new();
    write(&mut payload);
    RlpHeader { list: true, payload_length: payload.len() }.encode(out);
    out.extend_from_slice(&payload);
}

/// The header's RLP with `extra` in a form in place of its `extraData`.
pub fn raw(header: &Header, extra: &Extra, kind: Kind, form: Form) -> Vec<u8> {
    let mut header = header.clone();
    header.extra_data = extra.encode(kind, form);
    alloy::rlp::encode(&header)
}

/// The hash validators sign.
pub fn commit_digest(header: &Header, extra: &Extra, kind: Kind) -> B256 {
    keccak256(raw(header, extra, kind, Form::CommitDigest))
}

/// The hash of a block. Block 0 is hashed as it stands.
pub fn block_hash(header: &Header, extra: &Extra, kind: Kind) -> B256 {
    let form = if header.number == 0 { Form::Full } else { Form::BlockHash };
    keccak256(raw(header, extra, kind, form))
}

/// Seals needed by a set of `n` validators: ⌈2n/3⌉.
pub fn quorum(n: usize) -> usize {
    (2 * n).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{address, hex};

    use super::*;

    fn extra(vote: Option<Vote>, round: u32) -> Extra {
        Extra {
            vanity: B256::ZERO,
            validators: vec![
                address!("0xbe068f726a13c8d46c44be6ce9d275600e1735a4"),
                address!("0x5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193"),
            ],
            vote,
            round,
            seals: vec![],
        }
    }

    // Besu, RLPSubCommandTest: the two genesis extraData literals.
    #[test]
    fn encodes_besu_genesis_literals() {
        let common = "a00000000000000000000000000000000000000000000000000000000000000000\
                      ea94be068f726a13c8d46c44be6ce9d275600e1735a4945ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193";
        let qbft = hex::decode(format!("f84f{common}c080c0")).unwrap();
        let ibft = hex::decode(format!("f853{common}808400000000c0")).unwrap();
        assert_eq!(extra(None, 0).encode(Kind::Qbft, Form::Full), qbft);
        assert_eq!(extra(None, 0).encode(Kind::Ibft2, Form::Full), ibft);
    }

    // Besu, QbftExtraDataCodecTest and IbftExtraDataRLPEncoderTest: vote and round forms.
    #[test]
    fn encodes_votes_and_rounds() {
        let subject = address!("0x0000000000000000000000000000000000000003");
        let ends = |add, kind, form, tail: &str| {
            let bytes = extra(Some(Vote { subject, add }), 0x00FE_DCBA).encode(kind, form);
            assert!(hex::encode(&bytes).ends_with(tail), "{}", hex::encode(&bytes));
        };
        let voted = "d7940000000000000000000000000000000000000003";
        ends(true, Kind::Qbft, Form::Full, &format!("{voted}81ff83fedcbac0"));
        ends(false, Kind::Qbft, Form::CommitDigest, &format!("d694{}8083fedcbac0", &voted[4..]));
        ends(true, Kind::Qbft, Form::BlockHash, &format!("{voted}81ff80c0"));
        ends(true, Kind::Ibft2, Form::Full, &format!("{voted}81ff8400fedcbac0"));
        ends(true, Kind::Ibft2, Form::CommitDigest, &format!("{voted}81ff8400fedcba"));
        ends(false, Kind::Ibft2, Form::BlockHash, &format!("d694{}00", &voted[4..]));
    }

    #[test]
    fn quorum_is_two_thirds_rounded_up() {
        let expected = [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7), (16, 11)];
        for (n, q) in expected {
            assert_eq!(quorum(n), q);
        }
    }
}
