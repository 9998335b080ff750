//! One rule of ed25519 for every verifier: the crate's own, the host function's and the plain
//! checker's agree on every edge; a stricter one would not.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, keccak256};
use common::{Scenario, Voter, native, odd_signatures, reference};
use ed25519_dalek::VerifyingKey;
use lupu_grandpa::{Target, VerifyEd25519, Zebra, vote_message};
use sp_core::{Pair, ed25519};
use std::collections::BTreeSet;

/// What `sp_io::crypto::ed25519_verify` calls.
struct Host;

impl VerifyEd25519 for Host {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        let (signature, key) = (ed25519::Signature::from_raw(*signature), ed25519::Public::from_raw(key.0));
        ed25519::Pair::verify(&signature, message, &key)
    }
}

fn strict(key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

#[test]
fn every_verifier_agrees_at_the_edges() {
    let message = Scenario::new(1).vote_bytes();
    let mut differ = BTreeSet::new();
    for odd in odd_signatures::cases() {
        let signature = (odd.sign)(&message);
        let all = [
            ("crate", Zebra.verify(&odd.key, &message, &signature)),
            ("host", Host.verify(&odd.key, &message, &signature)),
            ("plain", reference::signed(&odd.key.0, &message, &signature)),
        ];
        for (verifier, verdict) in all {
            assert_eq!(verdict, odd.good, "{verifier}: {}", odd.name);
        }
        if strict(&odd.key, &message, &signature) != odd.good {
            assert!(odd.good, "{}: strictness only refuses more", odd.name);
            differ.insert(odd.name);
        }
    }
    assert!(differ.len() > 25, "{differ:?}");
    assert!(["key_small_0", "r_small_3", "key_p_plus_1", "r_minus_zero"].iter().all(|name| differ.contains(*name)));
}

#[test]
fn every_verifier_agrees_on_flipped_bits() {
    let voter = Voter::new("bits", 0);
    let message = b"message".to_vec();
    let good = voter.pair.sign(&message).0;
    assert!(Zebra.verify(&voter.key, &message, &good) && Host.verify(&voter.key, &message, &good));
    for bit in (0..64 * 8).step_by(7) {
        let mut signature = good;
        signature[bit / 8] ^= 1 << (bit % 8);
        assert!(!Zebra.verify(&voter.key, &message, &signature), "bit {bit}");
        assert!(!Host.verify(&voter.key, &message, &signature), "bit {bit}");
    }
    for bit in (0..32 * 8).step_by(11) {
        let mut key = voter.key;
        key[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Zebra.verify(&key, &message, &good), Host.verify(&key, &message, &good), "bit {bit}");
        assert!(!Zebra.verify(&key, &message, &good), "bit {bit}");
    }
}

/// RFC 8032, section 7.1, tests 1 to 3.
#[test]
fn published_signatures() {
    let published = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (key, message, signature) in published {
        let key = B256::from_slice(&hex::decode(key).unwrap());
        let message = hex::decode(message).unwrap();
        let mut signature: [u8; 64] = hex::decode(signature).unwrap().try_into().unwrap();
        assert!(Zebra.verify(&key, &message, &signature));
        signature[40] ^= 4;
        assert!(!Zebra.verify(&key, &message, &signature));
    }
}

#[test]
fn votes_sign_what_the_chain_signs() {
    for (number, round, set_id) in [(0, 0, 0), (1, 2, 3), (u32::MAX, u64::MAX, u64::MAX), (0x0102_0304, 5, 6 << 40)] {
        let hash = keccak256(number.to_string());
        let message = vote_message(&Target { hash, number }, round, set_id);
        assert_eq!(message.len(), 53);
        assert_eq!(message, native::signed_message(hash.0.into(), number, round, set_id));
    }
}
