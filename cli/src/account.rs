//! Accounts as people write them, by the family of their chain.

use crate::failure::Failure;
use alloy::primitives::Address;
use lupu_relayer::config::{ChainConfig, Family};
use lupu_substrate::keys::{address, from_ss58};
use std::str::FromStr;

const EVM: &str = "write 0x and 40 hex digits";
const SUBSTRATE: &str = "write 0x and 64 hex digits, or an SS58 address";

/// An account of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// A contract or a key's account, 20 bytes.
    Evm(Address),
    /// 32 bytes.
    Substrate([u8; 32]),
}

impl Account {
    /// Reads an account of this chain. `field` is what an error names.
    pub fn parse(field: &str, text: &str, chain: &ChainConfig) -> Result<Self, Failure> {
        let name = &chain.name;
        let account = match &chain.family {
            Family::Evm(_) => evm(text).map(Self::Evm).map_err(|why| match foreign_to_evm(text) {
                true => format!("{field} is an account of a Substrate chain, but {name} is an EVM chain: {EVM}"),
                false => format!("{field} is no address of {name}: {why}"),
            }),
            Family::Substrate(_) => {
                substrate(text).map(Self::Substrate).map_err(|why| match foreign_to_substrate(text) {
                    true => {
                        format!("{field} is an address of an EVM chain, but {name} is a Substrate chain: {SUBSTRATE}")
                    }
                    false => format!("{field} is no account of {name}: {why}"),
                })
            }
        };
        let account = account.map_err(Failure::usage)?;
        if account.is_zero() {
            return Err(Failure::usage(format!("{field} is the zero account of {name}: nobody has its key")));
        }
        Ok(account)
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Evm(address) => address.is_zero(),
            Self::Substrate(bytes) => bytes.iter().all(|b| *b == 0),
        }
    }

    /// As packets carry it: `0x` and lower-case hex digits.
    pub fn on_the_wire(&self) -> String {
        match self {
            Self::Evm(address) => format!("{address:#x}"),
            Self::Substrate(bytes) => format!("0x{}", hex::encode(bytes)),
        }
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Evm(address) => write!(f, "{address}"),
            Self::Substrate(bytes) => f.write_str(&address(bytes)),
        }
    }
}

fn digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn evm(text: &str) -> Result<Address, String> {
    let digits = digits(text).ok_or(EVM)?;
    if digits.len() != 40 {
        return Err(format!("it has {} hex digits; {EVM}", digits.len()));
    }
    let mixed = digits.bytes().any(|b| b.is_ascii_uppercase()) && digits.bytes().any(|b| b.is_ascii_lowercase());
    if mixed && Address::parse_checksummed(text, None).is_err() {
        return Err("its checksum is wrong, a letter's case or a digit was mistyped".into());
    }
    Address::from_str(text).map_err(|e| e.to_string())
}

/// An account of a Substrate chain, without a chain at hand.
pub fn substrate(text: &str) -> Result<[u8; 32], String> {
    if !text.starts_with("0x") {
        return from_ss58(text).map_err(|e| format!("{e}; {SUBSTRATE}"));
    }
    let digits = digits(text).ok_or(SUBSTRATE)?;
    let mut account = [0; 32];
    let wrong = |_| format!("it has {} hex digits; {SUBSTRATE}", digits.len());
    hex::decode_to_slice(digits, &mut account).map_err(wrong)?;
    Ok(account)
}

fn foreign_to_evm(text: &str) -> bool {
    substrate(text).is_ok()
}

fn foreign_to_substrate(text: &str) -> bool {
    digits(text).is_some_and(|digits| digits.len() == 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_relayer::config::{Config, ConfigFile};
    use lupu_standard::ChainId;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const ALICE_HEX: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
    const ADDRESS: &str = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";

    fn chains() -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lupu.toml");
        let genesis = format!("0x{}", "11".repeat(32));
        let text = format!(
            "[chains.bank]\nfamily = \"evm\"\nchain_id = 1\nconsensus = \"qbft\"\nrpc = [\"http://localhost:1\"]\n\
             [chains.customs]\nfamily = \"substrate\"\ngenesis = \"{genesis}\"\nws = [\"ws://localhost:2\"]\n"
        );
        ConfigFile::create(&path, &text).unwrap();
        Config::load(&path).unwrap()
    }

    #[test]
    fn accounts_of_each_family() {
        let config = chains();
        let parse = |text: &str, chain: &str| {
            Account::parse("--receiver", text, config.chain(&ChainId::new(chain).unwrap()).unwrap())
        };
        let wire = |text: &str, chain: &str| parse(text, chain).unwrap().on_the_wire();
        assert_eq!(wire(ADDRESS, "bank"), ADDRESS.to_lowercase());
        assert_eq!(wire(ALICE, "customs"), ALICE_HEX);
        assert_eq!(wire("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "customs"), ALICE_HEX, "another prefix");
        assert_eq!(wire(&ALICE_HEX.to_uppercase().replace("0X", "0x"), "customs"), ALICE_HEX);
        assert_eq!(parse(ALICE_HEX, "customs").unwrap().to_string(), ALICE);

        let line = |text: &str, chain: &str| parse(text, chain).unwrap_err().line;
        for text in [ALICE, ALICE_HEX] {
            let expected =
                "--receiver is an account of a Substrate chain, but bank is an EVM chain: write 0x and 40 hex digits";
            assert_eq!(line(text, "bank"), expected);
        }
        assert_eq!(
            line(ADDRESS, "customs"),
            "--receiver is an address of an EVM chain, but customs is a Substrate chain: write 0x and 64 hex digits, \
             or an SS58 address"
        );
        for (text, chain, words) in [
            ("0x12", "bank", "has 2 hex digits"),
            ("0x12", "customs", "has 2 hex digits"),
            ("alice", "bank", "write 0x and 40"),
            ("alice", "customs", "not an SS58 address"),
            (&ALICE.replace('Q', "R"), "customs", "checksum"),
            (&ADDRESS.replace("2c7", "2C7"), "bank", "checksum"),
            (&format!("0x{}", "0".repeat(64)), "customs", "the zero account"),
            (&format!("0x{}", "0".repeat(40)), "bank", "the zero account"),
        ] {
            assert!(line(text, chain).contains(words), "{text}: {}", line(text, chain));
        }
    }
}
