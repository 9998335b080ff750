//! Signatures at the edges, where verifiers of other rules differ. `good` is what ZIP 215 says,
//! written down per case.

use super::state_trie::seeded;
use alloy_primitives::{B256, hex};
use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION, edwards::CompressedEdwardsY, traits::Identity};
use sha2::{Digest as _, Sha512};

/// R ‖ s over a message.
pub type Sign = Box<dyn Fn(&[u8]) -> [u8; 64]>;

/// A key, and how it signs a message.
pub struct Odd {
    pub name: String,
    pub what: &'static str,
    pub key: B256,
    pub sign: Sign,
    pub good: bool,
}

/// The field's prime as an encoding of y, and one more: other encodings of 0 and 1.
const P: [u8; 32] = hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const P_PLUS_ONE: [u8; 32] = hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
/// y = 1 with the sign of x set, though x is 0.
const MINUS_ZERO: [u8; 32] = hex!("0100000000000000000000000000000000000000000000000000000000000080");
/// The group's order.
const ORDER: [u8; 32] = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

fn scalar(seed: &str) -> Scalar {
    Scalar::from_bytes_mod_order(seeded(seed, 0).0)
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.as_slice().try_into().unwrap())
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    [r, s].concat().try_into().unwrap()
}

/// Signs with secret `a` and nonce `r`, whatever the encodings of key and R are.
fn signer(key: [u8; 32], a: Scalar, big_r: [u8; 32], r: Scalar) -> Sign {
    Box::new(move |message| join(big_r, (r + challenge(&big_r, &key, message) * a).to_bytes()))
}

/// The 32 bytes as a number, plus another, little-endian.
fn plus(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0u16;
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        let sum = u16::from(a[i]) + u16::from(b[i]) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    out
}

/// The first y that no curve point has.
fn no_point() -> [u8; 32] {
    let candidate = |y: u8| {
        let mut bytes = [0; 32];
        bytes[0] = y;
        bytes
    };
    (2..).map(candidate).find(|bytes| CompressedEdwardsY(*bytes).decompress().is_none()).unwrap()
}

pub fn cases() -> Vec<Odd> {
    let (a, r) = (scalar("odd secret"), scalar("odd nonce"));
    let (key_point, r_point) = (EdwardsPoint::mul_base(&a), EdwardsPoint::mul_base(&r));
    let (key, big_r) = (key_point.compress().0, r_point.compress().0);
    let torsion = EIGHT_TORSION[1];
    let zero = [0u8; 32];
    let identity = EdwardsPoint::identity().compress().0;
    let mut out = Vec::new();
    let mut put = |name: &str, what, key: [u8; 32], sign: Sign, good| {
        out.push(Odd { name: name.into(), what, key: B256::new(key), sign, good });
    };
    put("plain", "nothing odd", key, signer(key, a, big_r, r), true);
    let plain = signer(key, a, big_r, r);
    let add_order = Box::new(move |m: &[u8]| {
        let signature = plain(m);
        let s: [u8; 32] = signature[32..].try_into().unwrap();
        join(big_r, plus(s, ORDER))
    });
    put("s_plus_order", "s above the group's order", key, add_order, false);
    let plain = signer(key, a, big_r, r);
    let high_bit = Box::new(move |m: &[u8]| {
        let mut signature = plain(m);
        signature[63] |= 0x80;
        signature
    });
    put("s_high_bit", "a bit of s that no s has", key, high_bit, false);
    put("s_is_order", "s is the order, for a key of anyone", identity, Box::new(move |_| join(identity, ORDER)), false);
    put("nothing", "R and s nothing, for an honest key", key, Box::new(move |_| join(identity, zero)), false);

    for (i, point) in EIGHT_TORSION.iter().enumerate() {
        let small = point.compress().0;
        let what = "a key of small order: signed without a secret";
        put(&format!("key_small_{i}"), what, small, Box::new(move |_| join(identity, zero)), true);
        let what = "R of small order, for an honest key";
        put(&format!("r_small_{i}"), what, key, signer(key, a, small, Scalar::ZERO), true);
        let mixed = (key_point + point).compress().0;
        let what = "a key with a part of small order";
        put(&format!("key_mixed_{i}"), what, mixed, signer(mixed, a, big_r, r), true);
        let mixed = (r_point + point).compress().0;
        let what = "R with a part of small order";
        put(&format!("r_mixed_{i}"), what, key, signer(key, a, mixed, r), true);
    }
    for (name, encoding) in [("p", P), ("p_plus_1", P_PLUS_ONE), ("minus_zero", MINUS_ZERO)] {
        let what = "a key in a non-canonical encoding";
        put(&format!("key_{name}"), what, encoding, Box::new(move |_| join(identity, zero)), true);
        let what = "R in a non-canonical encoding, for an honest key";
        put(&format!("r_{name}"), what, key, signer(key, a, encoding, Scalar::ZERO), true);
    }
    let none = no_point();
    put("key_no_point", "the key is not on the curve", none, Box::new(move |_| join(identity, zero)), false);
    put("r_no_point", "R is not on the curve", key, signer(key, a, none, Scalar::ZERO), false);
    let small = torsion.compress().0;
    let what = "a key of small order with an s of someone else";
    put("key_small_s_one", what, small, Box::new(move |_| join(identity, Scalar::ONE.to_bytes())), false);
    out
}
