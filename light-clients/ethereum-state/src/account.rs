//! What the tries hold: accounts and storage words.

use crate::rlp::{self, RlpError, RlpErrorKind, put_bytes, put_list_header, put_u64};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};

/// Why a stored value is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not strict RLP, or a field of the wrong width.
    #[error(transparent)]
    Rlp(#[from] RlpError),
    /// A storage leaf that holds zero; a chain deletes such a leaf.
    #[error("a storage leaf holds zero")]
    ZeroWord,
}

/// An account of the state trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
    /// Root of the account's storage trie.
    pub storage_root: B256,
    /// keccak256 of the account's code.
    pub code_hash: B256,
}

impl Account {
    /// Decodes exactly `RLP[nonce, balance, storageRoot, codeHash]`: nonce at most 8 bytes,
    /// balance at most 32, the last two exactly 32.
    pub fn decode(raw: &[u8]) -> Result<Self, ValueError> {
        let mut items = rlp::single(raw)?.list()?;
        let nonce = items.item()?.u64()?;
        let balance = items.item()?.number(32)?;
        let balance = U256::from_be_bytes(left_pad(balance));
        let storage_root = B256::new(items.item()?.fixed()?);
        let code_hash = B256::new(items.item()?.fixed()?);
        items.finish()?;
        Ok(Self { nonce, balance, storage_root, code_hash })
    }

    /// The bytes that [`Account::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut items = Vec::with_capacity(110);
        put_u64(&mut items, self.nonce);
        let balance = self.balance.to_be_bytes::<32>();
        let skip = balance.iter().take_while(|b| **b == 0).count();
        put_bytes(&mut items, balance.get(skip..).unwrap_or_default());
        put_bytes(&mut items, self.storage_root.as_slice());
        put_bytes(&mut items, self.code_hash.as_slice());
        let mut out = Vec::with_capacity(items.len().saturating_add(2));
        put_list_header(&mut out, items.len());
        out.extend_from_slice(&items);
        out
    }
}

/// `bytes`, at most 32 of them, at the end of a word.
fn left_pad(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    for (to, from) in word.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    word
}

/// Decodes what a storage leaf holds: RLP of the word without its leading zeros. Zero is refused.
pub fn storage_value(raw: &[u8]) -> Result<B256, ValueError> {
    let item = rlp::single(raw)?;
    let bytes = item.number(32)?;
    if bytes.is_empty() {
        return Err(ValueError::ZeroWord);
    }
    Ok(B256::new(left_pad(bytes)))
}

/// Encodes a word as a storage leaf holds it. `None` for zero, which is not stored.
pub fn encode_storage_value(word: &B256) -> Option<Vec<u8>> {
    let skip = word.iter().take_while(|b| **b == 0).count();
    let bytes = word.get(skip..).filter(|b| !b.is_empty())?;
    let mut out = Vec::with_capacity(33);
    put_bytes(&mut out, bytes);
    Some(out)
}

impl ValueError {
    /// Whether the value is a zero, in whatever form.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::ZeroWord) || matches!(self, Self::Rlp(RlpError { kind: RlpErrorKind::LeadingZero, .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn accounts_are_strict() {
        let account = Account {
            nonce: 1,
            balance: U256::from(1_000_000u64),
            storage_root: B256::repeat_byte(1),
            code_hash: B256::repeat_byte(2),
        };
        let raw = account.encode();
        assert_eq!(Account::decode(&raw), Ok(account));
        let empty = Account { nonce: 0, balance: U256::ZERO, ..account };
        assert_eq!(Account::decode(&empty.encode()), Ok(empty));
        let full = Account { nonce: u64::MAX, balance: U256::MAX, ..account };
        assert_eq!(Account::decode(&full.encode()), Ok(full));

        let mut longer = raw.clone();
        longer.push(0);
        assert!(Account::decode(&longer).is_err());
        assert!(Account::decode(&raw[..raw.len() - 1]).is_err());
        for (nonce, items) in [(&[0x00][..], 3), (&[0x82, 0, 1], 3), (&[0x01], 2), (&[0x01], 4)] {
            let mut body = nonce.to_vec();
            put_bytes(&mut body, &[5]);
            for _ in 1..items {
                put_bytes(&mut body, &[7; 32]);
            }
            assert!(Account::decode(&rlp::list(&body)).is_err(), "{nonce:?} {items}");
        }
    }

    #[test]
    fn words_are_strict() {
        assert_eq!(storage_value(&[0x05]), Ok(B256::with_last_byte(5)));
        assert_eq!(storage_value(&[0x81, 0x80]), Ok(B256::with_last_byte(0x80)));
        assert_eq!(storage_value(&[0x80]), Err(ValueError::ZeroWord));
        assert!(storage_value(&[0x00]).unwrap_err().is_zero());
        assert!(storage_value(&[0x81, 0x05]).is_err());
        assert!(storage_value(&[0xc0]).is_err());
        assert!(storage_value(&[]).is_err());
        let mut long = vec![0xa1];
        long.extend([1; 33]);
        assert!(storage_value(&long).is_err());
        assert_eq!(encode_storage_value(&B256::ZERO), None);
        for word in [B256::with_last_byte(1), B256::repeat_byte(0xff), B256::with_last_byte(0x80)] {
            assert_eq!(storage_value(&encode_storage_value(&word).unwrap()), Ok(word));
        }
    }
}
