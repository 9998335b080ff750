//! Names of chains and accounts after CAIP-2 and CAIP-10.

use alloc::{format, string::String};
use alloy_primitives::{Address, FixedBytes};

/// Most bytes of a chain's name: namespace 8, colon, reference 32.
pub const MAX_CHAIN: usize = 41;
/// Most bytes of an account's name: chain, colon, address 128.
pub const MAX_ACCOUNT: usize = 170;

/// An EVM chain: `eip155:` and its chain id.
pub fn eip155(chain_id: u64) -> String {
    format!("eip155:{chain_id}")
}

/// A Substrate chain: `polkadot:` and the first 16 bytes of its genesis hash in hex.
pub fn polkadot(genesis: &FixedBytes<24>) -> String {
    let (start, _) = genesis.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    format!("polkadot:{}", hex::encode(start))
}

/// The chain id of an EVM chain; `None` for any other text, also for one with leading zeros.
pub fn chain_id(chain: &str) -> Option<u64> {
    let id = chain.strip_prefix("eip155:")?.parse().ok()?;
    (eip155(id) == chain).then_some(id)
}

/// The address in an account's name on this EVM chain, in lower case.
pub fn router(chain: &str, account: &str) -> Option<Address> {
    let address = account.strip_prefix(chain)?.strip_prefix(':')?;
    let router: Address = address.parse().ok()?;
    (format!("{router:#x}") == address).then_some(router)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        assert_eq!(chain_id("eip155:1001"), Some(1001));
        for bad in ["eip155:01", "eip155:+1", "eip155:", "eip155:18446744073709551616", "polkadot:1", ""] {
            assert_eq!(chain_id(bad), None, "{bad}");
        }
        let name = "eip155:1:0x00000000000000000000000000000000000000ab";
        assert_eq!(router("eip155:1", name), Some(Address::with_last_byte(0xab)));
        assert_eq!(router("eip155:1", &name.replace("ab", "AB")), None);
        assert_eq!(router("eip155:2", name), None);
        let genesis = FixedBytes::new([7; 24]);
        assert_eq!(polkadot(&genesis), format!("polkadot:{}", "07".repeat(16)));
    }
}
