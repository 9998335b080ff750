//! Keys that sign transactions: sr25519, from a seed or a secret URI.

use lupu_adapter::AccountId;
use std::{fmt, str::FromStr};
use subxt::utils::AccountId32;
use subxt_signer::{SecretUri, sr25519::Keypair};
use zeroize::Zeroizing;

/// Why something is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither a phrase nor `0x` and 64 hex digits, with or without derivations.
    #[error("not a secret URI: a phrase of words, or 0x and 64 hex digits, then //hard and /soft derivations")]
    NotAUri,
    /// The seed makes no key.
    #[error("the seed makes no sr25519 key")]
    InvalidSeed,
    /// Not an account.
    #[error("not an account: 0x and 64 hex digits")]
    NotAnAccount,
    /// Not an address.
    #[error("not an SS58 address: {0}")]
    NotAnAddress(&'static str),
}

/// A key and its account. The secret part is wiped from memory when it is dropped; it is never
/// printed.
#[derive(Clone)]
pub struct Key(Keypair);

impl Key {
    /// From a seed of 32 bytes.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        Keypair::from_secret_key(**seed).map(Self).map_err(|_| KeyError::InvalidSeed)
    }

    /// From a secret URI, for example `//Alice` or a phrase with derivations.
    pub fn from_uri(uri: &Zeroizing<String>) -> Result<Self, KeyError> {
        let uri = SecretUri::from_str(uri).map_err(|_| KeyError::NotAUri)?;
        Keypair::from_uri(&uri).map(Self).map_err(|_| KeyError::NotAUri)
    }

    /// The account's 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.0.public_key().0
    }

    /// The account, as the relayer names it: `0x` and 64 hex digits.
    pub fn account(&self) -> AccountId {
        account_id(&self.public())
    }

    pub(crate) fn pair(&self) -> &Keypair {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.account())
    }
}

/// An account as the relayer names it.
pub fn account_id(public: &[u8; 32]) -> AccountId {
    AccountId(format!("0x{}", hex::encode(public)))
}

/// The account in the notation that nodes take: SS58 with the prefix of Substrate, 42.
pub fn address(public: &[u8; 32]) -> String {
    AccountId32(*public).to_string()
}

/// The 32 bytes of an account in SS58, whatever the prefix. The checksum is verified.
pub fn from_ss58(address: &str) -> Result<[u8; 32], KeyError> {
    type Wrong = <AccountId32 as FromStr>::Err;
    // The longest has a prefix of two bytes.
    if address.len() > 64 {
        return Err(KeyError::NotAnAddress("it is too long"));
    }
    let found = AccountId32::from_str(address).map_err(|wrong| {
        KeyError::NotAnAddress(match wrong {
            Wrong::BadBase58 => "it has a character that base 58 has not",
            Wrong::BadLength => "it does not stand for 32 bytes",
            Wrong::InvalidChecksum => "the checksum is wrong, a character was mistyped",
            Wrong::InvalidPrefix => "its first byte is no prefix",
        })
    })?;
    Ok(found.0)
}

/// The 32 bytes of an account.
pub fn account_bytes(account: &str) -> Result<[u8; 32], KeyError> {
    let digits = account.strip_prefix("0x").ok_or(KeyError::NotAnAccount)?;
    let mut out = [0; 32];
    hex::decode_to_slice(digits, &mut out).map_err(|_| KeyError::NotAnAccount)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

    #[test]
    fn the_well_known_key() {
        let key = Key::from_uri(&Zeroizing::new("//Alice".into())).unwrap();
        assert_eq!(key.account().0, ALICE);
        assert_eq!(account_bytes(ALICE), Ok(key.public()));
        // The mini secret of //Alice.
        let seed = alloy_primitives::b256!("e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a");
        assert_eq!(Key::from_seed(&Zeroizing::new(seed.0)).unwrap().account().0, ALICE);
    }

    #[test]
    fn addresses_as_nodes_take_them() {
        let alice = account_bytes(ALICE).unwrap();
        assert_eq!(address(&alice), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        // The same account with the prefixes 42, 0 and 2.
        for text in [
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
            "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
        ] {
            assert_eq!(from_ss58(text), Ok(alice));
        }
        for (text, why) in [
            ("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ", "checksum"),
            ("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQ0", "base 58"),
            ("5Grwva", "its first byte is no prefix"),
            ("", "32 bytes"),
        ] {
            assert!(from_ss58(text).unwrap_err().to_string().contains(why), "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let key = Key::from_uri(&Zeroizing::new("//Alice".into())).unwrap();
        assert_eq!(format!("{key:?}"), format!("Key({ALICE})"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Key::from_uri(&Zeroizing::new("0x12".into())).unwrap_err(), KeyError::NotAUri);
        assert_eq!(Key::from_uri(&Zeroizing::new("not a phrase".into())).unwrap_err(), KeyError::NotAUri);
        assert_eq!(account_bytes("0x12"), Err(KeyError::NotAnAccount));
        assert_eq!(account_bytes(&ALICE[2..]), Err(KeyError::NotAnAccount));
    }
}
