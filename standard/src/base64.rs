//! Standard base64 with padding (RFC 4648 section 4), as JSON encodings of byte fields use it.

use alloc::{string::String, vec::Vec};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn letter(six: u32) -> char {
    char::from(ALPHABET[(six & 63) as usize])
}

/// Encodes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().chain(core::iter::repeat(&0)).take(3).fold(0u32, |w, b| w << 8 | u32::from(*b));
        for place in 0..4usize {
            out.push(if place <= group.len() { letter(word >> (18 - 6 * place)) } else { '=' });
        }
    }
    out
}

/// Decodes; `None` unless the text is the one encoding of its bytes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|b| **b == b'=').count();
    if padding > 2 {
        return None;
    }
    let (letters, _) = text.split_at(text.len() - padding);
    let mut out = Vec::with_capacity(letters.len() / 4 * 3 + 2);
    for group in letters.chunks(4) {
        let mut word = 0u32;
        for b in group {
            word = word << 6 | ALPHABET.iter().position(|a| a == b)? as u32;
        }
        let bits = 6 * group.len();
        let bytes = bits / 8;
        let spare = bits % 8;
        if word & ((1 << spare) - 1) != 0 {
            return None;
        }
        let word = word >> spare;
        out.extend(word.to_be_bytes().into_iter().skip(4 - bytes));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc4648_examples() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn refuses_what_is_not_the_one_encoding() {
        for text in ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=g==", "Zg==Zg==", "Zm 9", "Zm9_", "Z===", "Zg==\n"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn accepted_is_canonical(text in "[A-D+/=\\-]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
