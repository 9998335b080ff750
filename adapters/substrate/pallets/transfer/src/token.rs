//! What this chain holds: its native balance or one of its assets.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The base denomination of the native balance.
pub const NATIVE: &str = "native";
/// What an asset's base denomination begins with; the id follows in decimal, without leading zeros.
pub const ASSET_PREFIX: &str = "asset:";

/// A token of this chain. Vouchers are assets too.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Token {
    /// The native balance.
    Native,
    /// An asset, by its id.
    Asset(u32),
}

impl Token {
    /// Reads a base denomination: `native` or `asset:<id>`. One text for one token.
    pub fn from_base(base: &str) -> Option<Self> {
        if base == NATIVE {
            return Some(Self::Native);
        }
        let digits = base.strip_prefix(ASSET_PREFIX)?;
        let canonical = digits == "0" || matches!(digits.bytes().next(), Some(b'1'..=b'9'));
        if !canonical {
            return None;
        }
        digits.parse().ok().map(Self::Asset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn one_base_for_one_token() {
        assert_eq!(Token::from_base("native"), Some(Token::Native));
        for id in [0, 7, 10, u32::MAX] {
            assert_eq!(Token::from_base(&format!("asset:{id}")), Some(Token::Asset(id)));
        }
        for wrong in [
            "",
            "Native",
            "native ",
            "asset",
            "asset:",
            "asset:07",
            "asset:00",
            "asset:+7",
            "asset:-7",
            "asset: 7",
            "asset:7 ",
            "asset:0x7",
            "asset:4294967296",
            "ASSET:7",
            "asset:asset:7",
            "7",
            "asset:७",
        ] {
            assert_eq!(Token::from_base(wrong), None, "{wrong}");
        }
    }
}
