//! Files that list a chain's authorities: a JSON array, in the chain's order.

use crate::failure::Failure;
use crate::input;
use alloy::primitives::{Address, B256, keccak256};
use k256::{PublicKey, elliptic_curve::sec1::ToSec1Point};
use lupu_grandpa::{Authority, AuthoritySet};
use serde::Deserialize;

/// Reads a file as a JSON array.
fn list<T: for<'de> Deserialize<'de>>(file: &str) -> Result<Vec<T>, Failure> {
    let bytes = input::read(file)?;
    serde_json::from_slice(&bytes).map_err(|e| Failure::usage(format!("{file}: not a list of authorities: {e}")))
}

/// BEEFY authorities: addresses of 20 bytes, or public keys of 33 bytes as the chain keeps them.
pub fn beefy(file: &str) -> Result<Vec<Address>, Failure> {
    let entries: Vec<String> = list(file)?;
    let read = |(i, text): (usize, &String)| {
        let field = format!("{file}: authority {i}");
        let bytes = input::hex(&field, text)?;
        match bytes.len() {
            20 => Ok(Address::from_slice(&bytes)),
            33 => address(&bytes).ok_or_else(|| Failure::usage(format!("{field}: not a public key"))),
            n => Err(Failure::usage(format!("{field}: {n} bytes; an address has 20, a public key 33"))),
        }
    };
    entries.iter().enumerate().map(read).collect()
}

fn address(key: &[u8]) -> Option<Address> {
    let point = PublicKey::from_sec1_bytes(key).ok()?.to_sec1_point(false);
    let hash = keccak256(point.as_bytes().get(1..)?);
    Some(Address::from_slice(hash.get(12..)?))
}

/// One GRANDPA authority as it may be written.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Entry {
    Key(B256),
    Weighted { key: B256, weight: u64 },
}

/// GRANDPA authorities: keys of 32 bytes, each of weight 1, or `{"key": …, "weight": …}`.
pub fn grandpa(file: &str) -> Result<AuthoritySet, Failure> {
    let entries: Vec<Entry> = list(file)?;
    let authorities = entries.into_iter().map(|entry| match entry {
        Entry::Key(key) => Authority { key, weight: 1 },
        Entry::Weighted { key, weight } => Authority { key, weight },
    });
    AuthoritySet::new(authorities.collect()).map_err(|e| Failure::usage(format!("{file}: {e}")))
}
