//! The test keys that the vectors are signed with, so that an edited message can be signed again.

use alloy_primitives::{Address, B256, keccak256};
use std::{collections::HashMap, sync::LazyLock};

/// Names of the keys: the vectors' keys are keccak256 of `lupu <name> <index>`.
const NAMES: [&str; 7] = ["validator", "authority", "successor", "heir", "newcomer", "stranger", "anybody"];
/// Keys of each name.
const COUNT: usize = 24;

fn secrets() -> impl Iterator<Item = B256> {
    NAMES.into_iter().flat_map(|name| (0..COUNT).map(move |i| keccak256(format!("lupu {name} {i}"))))
}

static SECP256K1: LazyLock<HashMap<Address, k256::ecdsa::SigningKey>> = LazyLock::new(|| {
    let key = |secret: B256| k256::ecdsa::SigningKey::from_slice(secret.as_slice()).expect("a key");
    secrets().map(key).map(|key| (address(key.verifying_key()), key)).collect()
});

static ED25519: LazyLock<HashMap<B256, ed25519_zebra::SigningKey>> = LazyLock::new(|| {
    let key = |secret: B256| ed25519_zebra::SigningKey::from(secret.0);
    secrets().map(key).map(|key| (B256::new(ed25519_zebra::VerificationKey::from(&key).into()), key)).collect()
});

fn address(key: &k256::ecdsa::VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    Address::from_word(keccak256(point.as_bytes().get(1..).unwrap_or_default()))
}

/// `r ‖ s ‖ v` of this address over a digest, if its key is known.
pub fn sign(who: &Address, digest: &B256) -> Option<[u8; 65]> {
    let (signature, id) = SECP256K1.get(who)?.sign_prehash_recoverable(digest.as_slice());
    [&signature.to_bytes()[..], &[id.to_byte()]].concat().try_into().ok()
}

/// The ed25519 signature of this key over a message, if its secret is known.
pub fn sign_ed25519(who: &B256, message: &[u8]) -> Option<[u8; 64]> {
    Some(ED25519.get(who)?.sign(message).to_bytes())
}
