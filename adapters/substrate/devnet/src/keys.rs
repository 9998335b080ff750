//! The keys of the development authorities.

use std::collections::HashMap;

use lupu_substrate_runtime::AccountId;
use lupu_substrate_runtime::keys::{DevKeys, Pairs, name};
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::{Pair, ecdsa, ed25519, sr25519};

/// An authority whose keys are public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its name; its keys are `//name` under the development phrase.
    pub name: String,
    /// Its account, an sr25519 key; the same key seals its blocks.
    pub account: AccountId,
    /// Its GRANDPA key, ed25519.
    pub grandpa: [u8; 32],
    /// Its BEEFY key, secp256k1, compressed.
    pub beefy: [u8; 33],
}

/// Every authority's pairs, found by public key.
pub(crate) struct Keystore {
    pub(crate) authorities: Vec<Authority>,
    aura: HashMap<Vec<u8>, sr25519::Pair>,
    grandpa: HashMap<Vec<u8>, ed25519::Pair>,
    beefy: HashMap<Vec<u8>, ecdsa::Pair>,
}

impl Keystore {
    /// The first `count` development authorities.
    pub(crate) fn new(count: usize) -> Self {
        let dev = DevKeys::default();
        let mut store = Self {
            authorities: Vec::with_capacity(count),
            aura: HashMap::new(),
            grandpa: HashMap::new(),
            beefy: HashMap::new(),
        };
        for name in (0..count).map(name) {
            let Pairs { sr25519, ed25519, ecdsa } = dev.pairs(&name);
            store.authorities.push(Authority {
                name,
                account: sr25519.public().into(),
                grandpa: ed25519.public().0,
                beefy: ecdsa.public().0,
            });
            store.aura.insert(sr25519.public().0.to_vec(), sr25519);
            store.grandpa.insert(ed25519.public().0.to_vec(), ed25519);
            store.beefy.insert(ecdsa.public().0.to_vec(), ecdsa);
        }
        store
    }

    /// The pair that seals blocks for an Aura key, and signs for the account of the same bytes.
    pub(crate) fn sr25519(&self, public: &[u8]) -> Option<&sr25519::Pair> {
        self.aura.get(public)
    }

    /// The pair of a GRANDPA authority.
    pub(crate) fn grandpa(&self, id: &GrandpaId) -> Option<&ed25519::Pair> {
        self.grandpa.get(AsRef::<[u8]>::as_ref(id))
    }

    /// The pair of a BEEFY authority.
    pub(crate) fn beefy(&self, id: &BeefyId) -> Option<&ecdsa::Pair> {
        self.beefy.get(AsRef::<[u8]>::as_ref(id))
    }
}
