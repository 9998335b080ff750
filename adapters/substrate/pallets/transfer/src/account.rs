//! Accounts as text: `0x` and 64 lower-case hexadecimal digits.

use alloc::{format, string::String};

/// Writes an account of 32 bytes.
pub fn to_text(account: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(account))
}

/// Reads an account; `None` for any other length, prefix, digit or upper case.
pub fn from_text(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x")?;
    if digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut account = [0; 32];
    hex::decode_to_slice(digits, &mut account).ok()?;
    Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_account() {
        let account = core::array::from_fn(|i| 0xa0 ^ i as u8);
        let text = to_text(&account);
        assert_eq!(text.len(), 66);
        assert_eq!(from_text(&text), Some(account));
        for wrong in [
            text.to_uppercase(),
            text.replace("0x", "0X"),
            text.replace('a', "A"),
            text[2..].into(),
            text[..65].into(),
            text[..64].into(),
            format!("{text}00"),
            format!(" {text}"),
            text.replace('a', "g"),
            text.replacen("0x", "0x+", 1)[..66].into(),
            "0x".into(),
            "".into(),
            "0x1111111111111111111111111111111111111111".into(),
        ] {
            assert_eq!(from_text(&wrong), None, "{wrong}");
        }
    }
}
