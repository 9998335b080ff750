//! Signing and verifying once per key and message: curve arithmetic is slow where it is not
//! optimized, and the same votes come again and again.

use super::reference;
use alloy_primitives::B256;
use lupu_grandpa::{VerifyEd25519, Zebra};
use sp_core::{Pair as _, ed25519};
use std::{cell::RefCell, collections::HashMap};

type Signatures = HashMap<(B256, Vec<u8>), [u8; 64]>;
type Answers = HashMap<(B256, Vec<u8>, [u8; 64]), bool>;

thread_local! {
    static SIGNED: RefCell<Signatures> = RefCell::default();
    static CRATE: RefCell<Answers> = RefCell::default();
    static PLAIN: RefCell<Answers> = RefCell::default();
}

/// The crate's own verifier, asked once per key, message and signature.
#[derive(Clone, Copy, Debug)]
pub struct Cached;

impl VerifyEd25519 for Cached {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        let asked = (*key, message.to_vec(), *signature);
        CRATE.with_borrow_mut(|seen| *seen.entry(asked).or_insert_with(|| Zebra.verify(key, message, signature)))
    }
}

/// The plain checker's verifier, asked once.
pub fn signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let asked = (B256::new(*key), message.to_vec(), *signature);
    PLAIN.with_borrow_mut(|seen| *seen.entry(asked).or_insert_with(|| reference::signed(key, message, signature)))
}

pub fn sign(pair: &ed25519::Pair, message: &[u8]) -> [u8; 64] {
    let asked = (B256::new(pair.public().0), message.to_vec());
    SIGNED.with_borrow_mut(|seen| *seen.entry(asked).or_insert_with(|| pair.sign(message).0))
}
