//! Accounts that keys have on Substrate chains, as far as the keys can be opened without asking.

use crate::failure::Failure;
use alloy::signers::local::PrivateKeySigner;
use lupu_relayer::config::KeyRef;
use lupu_relayer::keys::{self, Keystore, Password};
use lupu_substrate::Key;
use zeroize::Zeroizing;

/// The account of a secret: there it is the seed of an sr25519 key.
pub fn account_of(signer: &PrivateKeySigner) -> Result<[u8; 32], Failure> {
    let seed = Zeroizing::new(signer.to_bytes().0);
    Ok(Key::from_seed(&seed).map_err(|e| Failure::usage(e.to_string()))?.public())
}

/// The account of a key; `None` where its file stays shut, or there is no such key.
pub fn account(key: &KeyRef, keystore: &Keystore, password: Option<&Password>) -> Option<[u8; 32]> {
    let signer = match key {
        KeyRef::Environment(name) => keys::from_environment(name).ok()?,
        KeyRef::Keystore(name) => keystore.open(name, password?).ok()?,
    };
    account_of(&signer).ok()
}
