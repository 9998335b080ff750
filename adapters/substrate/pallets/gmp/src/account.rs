//! The accounts of the application: of a sender here, as text, and of a sender abroad, derived.

use alloc::{format, string::String};
use codec::Encode;
use sp_io::hashing::blake2_256;

/// What the derivation of an account begins with, so that no other hash of the chain is one.
pub const DOMAIN: [u8; 16] = *b"lupu/gmp/account";

/// The account that acts on this chain for one sender on another:
/// `blake2_256(SCALE(DOMAIN, client, sender, salt))`.
///
/// `client` is the client on this chain, `sender` the text in the packet, `salt` the sender's
/// choice; in SCALE `DOMAIN` is its 16 bytes, the others have a compact length in front.
pub fn derive(client: &[u8], sender: &[u8], salt: &[u8]) -> [u8; 32] {
    (DOMAIN, client, sender, salt).using_encoded(blake2_256)
}

/// Writes an account: `0x` and 64 lower-case hexadecimal digits.
pub fn to_text(account: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(account))
}

/// Reads what [`to_text`] writes; `None` for anything else.
pub fn from_text(text: &str) -> Option<[u8; 32]> {
    let mut account = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut account).ok()?;
    (to_text(&account) == text).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The preimage written by hand: no codec in the expectation.
    #[test]
    fn derivation_is_as_written() {
        let mut preimage = b"lupu/gmp/account".to_vec();
        for part in [&b"harbour.client"[..], b"0xab", b"\x01\x02\x03"] {
            preimage.push(4 * part.len() as u8);
            preimage.extend_from_slice(part);
        }
        assert_eq!(derive(b"harbour.client", b"0xab", &[1, 2, 3]), blake2_256(&preimage));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let accounts = [
            derive(b"client", b"sender", b"salt"),
            derive(b"clients", b"ender", b"salt"),
            derive(b"client", b"senders", b"alt"),
            derive(b"client", b"sendersalt", b""),
            derive(b"client", b"sender", b""),
            derive(b"client2", b"sender", b"salt"),
        ];
        for (i, a) in accounts.iter().enumerate() {
            assert!(accounts[i + 1..].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn one_text_for_one_account() {
        let account = [0xab; 32];
        let text = to_text(&account);
        assert_eq!(from_text(&text), Some(account));
        for wrong in [text.to_uppercase(), text.replace('a', "A"), text[2..].into(), text[..65].into(), String::new()] {
            assert_eq!(from_text(&wrong), None, "{wrong}");
        }
    }
}
