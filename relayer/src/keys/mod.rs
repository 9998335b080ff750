//! Signing keys: encrypted files in a folder, or environment variables. Never the configuration.
//!
//! A [`Keystore`] is a folder of files in Web3 secret storage, version 3, one for each name. Other
//! people's tools (geth, cast, clef) read and write the same format.

mod password;
mod store;

pub use password::Password;
pub use store::{KeyEntry, Keystore};

use crate::config::KeyRef;
use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What went wrong with a key. No variant carries key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The keystore folder or one of its files could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A name that cannot be a file of the keystore.
    #[error("{0:?} cannot be a key's name: use 1 to 64 letters, digits, . _ - and no dot in front")]
    Name(String),
    /// A key of this name exists.
    #[error("{}: a key of this name exists already; choose another name", .0.display())]
    Exists(PathBuf),
    /// No key of this name.
    #[error("there is no key \"{name}\" in {}; `lupu key add {name}` makes one, `lupu key list` shows what is there", folder.display())]
    NotFound {
        /// The name.
        name: String,
        /// The keystore folder.
        folder: PathBuf,
    },
    /// The password does not open the file.
    #[error("{}: wrong password", .0.display())]
    WrongPassword(PathBuf),
    /// Not a version 3 keystore file.
    #[error("{}: not a keystore file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which part.
        reason: String,
    },
    /// An environment variable that the configuration names is not set.
    #[error("environment variable {0} is not set; the configuration names it as a key")]
    NoVariable(String),
    /// Not 32 bytes of hex, or not a key of the curve.
    #[error("{0} holds no private key: 64 hex digits are needed, with or without 0x")]
    NotAKey(String),
    /// There is no password to open the keystore with.
    #[error(
        "the keystore is locked: set LUPU_KEYSTORE_PASSWORD, or give --password-file FILE, or run on a terminal to be asked"
    )]
    NoPassword,
}

/// Opens the keys that a chain's configuration names, in order.
///
/// `password` is asked for at most once, and only if a key stands in the keystore.
///
/// # Errors
/// The first key that cannot be had.
pub fn open(
    keys: &[KeyRef],
    keystore: &Keystore,
    password: &mut dyn FnMut() -> Result<Password, KeyError>,
) -> Result<Vec<PrivateKeySigner>, KeyError> {
    keys.iter()
        .map(|key| match key {
            KeyRef::Environment(name) => from_environment(name),
            KeyRef::Keystore(name) => {
                keystore.entry(name)?;
                keystore.open(name, &password()?)
            }
        })
        .collect()
}

/// The address of a key, without opening it where its file says it.
///
/// # Errors
/// The key is not there, or malformed.
pub fn address(key: &KeyRef, keystore: &Keystore) -> Result<Option<Address>, KeyError> {
    match key {
        KeyRef::Environment(name) => from_environment(name).map(|signer| Some(signer.address())),
        KeyRef::Keystore(name) => keystore.entry(name).map(|entry| entry.address),
    }
}

/// The key in an environment variable.
///
/// # Errors
/// [`KeyError::NoVariable`], [`KeyError::NotAKey`].
pub fn from_environment(name: &str) -> Result<PrivateKeySigner, KeyError> {
    let text = Zeroizing::new(std::env::var(name).map_err(|_| KeyError::NoVariable(name.to_owned()))?);
    parse(&text, &format!("environment variable {name}"))
}

/// A key from 64 hex digits. `place` is what an error names instead of the text.
///
/// # Errors
/// [`KeyError::NotAKey`].
pub fn parse(text: &str, place: &str) -> Result<PrivateKeySigner, KeyError> {
    let not_a_key = || KeyError::NotAKey(place.to_owned());
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| not_a_key())?;
    PrivateKeySigner::from_bytes(&B256::new(*bytes)).map_err(|_| not_a_key())
}

#[cfg(test)]
mod tests;
