//! Keys that everybody knows, for development.

use alloc::format;
use alloc::string::{String, ToString};

use sp_core::crypto::{DeriveJunction, Pair, DEV_PHRASE};
use sp_core::{ecdsa, ed25519, sr25519};

use crate::{AccountId, SessionKeys};

/// The development accounts that tools know, in their order.
pub const NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The derivation path, without its slashes, of development authority `index`: Alice to Ferdie, then
/// `Authority6` and so on.
pub fn name(index: usize) -> String {
    NAMES.get(index).map_or_else(|| format!("Authority{index}"), |name| name.to_string())
}

/// The development phrase, stretched once; every key is `//name` under it.
pub struct DevKeys {
    sr25519: sr25519::Pair,
    ed25519: ed25519::Pair,
    ecdsa: ecdsa::Pair,
}

/// What a validator signs with.
pub struct Pairs {
    /// Transactions and Aura seals.
    pub sr25519: sr25519::Pair,
    /// GRANDPA votes.
    pub ed25519: ed25519::Pair,
    /// BEEFY commitments, secp256k1.
    pub ecdsa: ecdsa::Pair,
}

impl Default for DevKeys {
    fn default() -> Self {
        Self { sr25519: root(), ed25519: root(), ecdsa: root() }
    }
}

impl DevKeys {
    /// The key pairs of a name.
    pub fn pairs(&self, name: &str) -> Pairs {
        Pairs {
            sr25519: derive(&self.sr25519, name),
            ed25519: derive(&self.ed25519, name),
            ecdsa: derive(&self.ecdsa, name),
        }
    }

    /// The sr25519 account of a name.
    pub fn account(&self, name: &str) -> AccountId {
        derive(&self.sr25519, name).public().into()
    }

    /// The session keys of a name.
    pub fn session_keys(&self, name: &str) -> SessionKeys {
        let pairs = self.pairs(name);
        SessionKeys {
            aura: pairs.sr25519.public().into(),
            grandpa: pairs.ed25519.public().into(),
            beefy: pairs.ecdsa.public().into(),
        }
    }
}

fn root<P: Pair>() -> P {
    P::from_phrase(DEV_PHRASE, None).expect("the development phrase is a valid one").0
}

fn derive<P: Pair>(root: &P, name: &str) -> P {
    let path = core::iter::once(DeriveJunction::hard(name));
    root.derive(path, None).expect("hard derivation does not fail").0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_derive_as_every_tool_derives_them() {
        let keys = DevKeys::default();
        for name in NAMES {
            let path = format!("//{name}");
            let pairs = keys.pairs(name);
            assert_eq!(pairs.sr25519.public(), sr25519::Pair::from_string(&path, None).unwrap().public());
            assert_eq!(pairs.ed25519.public(), ed25519::Pair::from_string(&path, None).unwrap().public());
            assert_eq!(pairs.ecdsa.public(), ecdsa::Pair::from_string(&path, None).unwrap().public());
        }
        let alice = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
        assert_eq!(
            format!("0x{}", sp_core::hexdisplay::HexDisplay::from(&<[u8; 32]>::from(keys.account("Alice")))),
            alice
        );
    }
}
