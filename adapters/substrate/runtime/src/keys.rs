//! Keys that everybody knows, for development.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sp_core::crypto::get_public_from_string_or_panic;
use sp_core::{ecdsa, ed25519, sr25519};

use crate::{AccountId, SessionKeys};

/// The development accounts that tools know, in their order.
pub const NAMES: [&str; 6] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];

/// The derivation path, without its slashes, of development authority `index`: Alice to Ferdie, then
/// `Authority6` and so on.
pub fn name(index: usize) -> String {
    NAMES.get(index).map_or_else(|| format!("Authority{index}"), |name| name.to_string())
}

/// The sr25519 account of a derivation path under the development phrase.
pub fn account(name: &str) -> AccountId {
    get_public_from_string_or_panic::<sr25519::Public>(name).into()
}

/// The session keys of a derivation path: Aura sr25519, GRANDPA ed25519, BEEFY secp256k1.
pub fn session_keys(name: &str) -> SessionKeys {
    SessionKeys {
        aura: get_public_from_string_or_panic::<sr25519::Public>(name).into(),
        grandpa: get_public_from_string_or_panic::<ed25519::Public>(name).into(),
        beefy: get_public_from_string_or_panic::<ecdsa::Public>(name).into(),
    }
}

/// The accounts of the first `count` development authorities.
pub fn authorities(count: usize) -> Vec<(AccountId, SessionKeys)> {
    (0..count).map(name).map(|name| (account(&name), session_keys(&name))).collect()
}
