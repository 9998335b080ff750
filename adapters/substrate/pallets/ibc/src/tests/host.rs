//! The node's host functions against the light clients' own cryptography: the same answer on good,
//! on damaged and on odd signatures. Two times five thousand cases, from fixed seeds.

use crate::light_client::{HostEd25519, HostRecover};
use alloy_primitives::{B256, U256, b256};
use lupu_grandpa::{VerifyEd25519, Zebra};
use lupu_qbft::{K256, Recover};
use sp_core::{Pair, ecdsa, ed25519};

const CASES: usize = 5_000;
/// Half of the order of secp256k1.
const HALF_ORDER: B256 = b256!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Encodings of the points of small order, canonical or not, with either sign.
const SMALL_ORDER: [B256; 8] = [
    b256!("0100000000000000000000000000000000000000000000000000000000000000"),
    b256!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    b256!("0000000000000000000000000000000000000000000000000000000000000000"),
    b256!("0000000000000000000000000000000000000000000000000000000000000080"),
    b256!("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    b256!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    b256!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    b256!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
];

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        out.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()));
        out
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let at = self.below(bytes.len());
        bytes[at] ^= 1 << self.below(8);
    }
}

#[test]
fn recovery_answers_as_the_light_client_does() {
    let mut rng = Rng(1981);
    let (mut signers, mut others, mut nobody) = (0, 0, 0);
    let mut case = 0;
    while case < CASES {
        let pair = ecdsa::Pair::from_seed(&rng.bytes());
        let mut digest = rng.bytes();
        let mut seal: [u8; 65] = pair.sign_prehashed(&digest).0;
        let whole = rng.below(3);
        match whole {
            0 => {}
            1 => rng.flip(&mut seal[..64]),
            _ => match rng.below(4) {
                0 => rng.flip(&mut digest),
                1 => seal[64] ^= 1,
                2 => seal[..32].copy_from_slice(&rng.bytes()),
                _ => seal[..31].fill(0),
            },
        }
        // What the light client refuses before it asks anybody is not asked here.
        let s = U256::from_be_slice(&seal[32..64]);
        let r = U256::from_be_slice(&seal[..32]);
        if s.is_zero() || r.is_zero() || s > U256::from_be_bytes(HALF_ORDER.0) {
            continue;
        }
        case += 1;
        let digest = B256::new(digest);
        let own = K256.recover(&digest, &seal);
        assert_eq!(HostRecover.recover(&digest, &seal), own, "{digest} {}", hex::encode(seal));
        match (own, whole) {
            (None, _) => nobody += 1,
            (Some(_), 0) => signers += 1,
            (Some(_), _) => others += 1,
        }
    }
    assert!(signers > 1_000 && others > 1_000 && nobody > 300, "{signers} {others} {nobody}");
}

#[test]
fn verification_answers_as_the_light_client_does() {
    let mut rng = Rng(2024);
    let (mut good, mut bad, mut odd) = (0, 0, 0);
    for _ in 0..CASES {
        let pair = ed25519::Pair::from_seed(&rng.bytes());
        let mut message = rng.bytes();
        let mut key = pair.public().0;
        let mut signature: [u8; 64] = pair.sign(&message).0;
        let kind = rng.below(6);
        match kind {
            0 => {}
            1 => rng.flip(&mut signature[..32]),
            2 => rng.flip(&mut signature[32..]),
            3 => rng.flip(&mut key),
            4 => rng.flip(&mut message),
            _ => {
                // Points of small order: any message, if the equation is the cofactored one.
                key = SMALL_ORDER[rng.below(SMALL_ORDER.len())].0;
                signature[..32].copy_from_slice(&SMALL_ORDER[rng.below(SMALL_ORDER.len())].0);
                signature[32..].fill(0);
            }
        }
        let key = B256::new(key);
        let own = Zebra.verify(&key, &message, &signature);
        let shown = format!("{key} {} {}", hex::encode(message), hex::encode(signature));
        assert_eq!(HostEd25519.verify(&key, &message, &signature), own, "{shown}");
        match (own, kind) {
            (true, 5) => odd += 1,
            (true, _) => good += 1,
            (false, _) => bad += 1,
        }
    }
    assert!(good > 500 && bad > 2_000 && odd > 300, "{good} {bad} {odd}");
}
