//! The crates' own signature checks, asked once per question: most edits leave signatures as they
//! are, and curve arithmetic is what a run would otherwise spend its time on.

use alloy_primitives::{Address, B256};
use lupu_grandpa::VerifyEd25519;
use std::{cell::RefCell, collections::HashMap, hash::Hash};

/// Answers that are kept, per kind.
const KEPT: usize = 20_000;

type Answers<Q, A> = RefCell<HashMap<Q, A>>;
type Ed25519 = (B256, Vec<u8>, [u8; 64]);

thread_local! {
    static QBFT: Answers<(B256, [u8; 65]), Option<Address>> = RefCell::default();
    static BEEFY: Answers<(B256, [u8; 65]), Option<Address>> = RefCell::default();
    static GRANDPA: Answers<Ed25519, bool> = RefCell::default();
}

fn ask<Q: Hash + Eq, A: Copy>(answers: &Answers<Q, A>, question: Q, answer: impl FnOnce(&Q) -> A) -> A {
    let mut answers = answers.borrow_mut();
    if let Some(known) = answers.get(&question) {
        return *known;
    }
    if answers.len() >= KEPT {
        answers.clear();
    }
    let found = answer(&question);
    answers.insert(question, found);
    found
}

/// Stands for `K256` and `Zebra`.
#[derive(Clone, Copy, Debug)]
pub struct Cached;

impl lupu_qbft::Recover for Cached {
    fn recover(&self, digest: &B256, seal: &[u8; 65]) -> Option<Address> {
        QBFT.with(|kept| ask(kept, (*digest, *seal), |(d, s)| lupu_qbft::Recover::recover(&lupu_qbft::K256, d, s)))
    }
}

impl lupu_beefy::Recover for Cached {
    fn recover(&self, digest: &B256, signature: &[u8; 65]) -> Option<Address> {
        BEEFY.with(|kept| {
            ask(kept, (*digest, *signature), |(d, s)| lupu_beefy::Recover::recover(&lupu_beefy::K256, d, s))
        })
    }
}

impl VerifyEd25519 for Cached {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        let question = (*key, message.to_vec(), *signature);
        GRANDPA.with(|kept| ask(kept, question, |(k, m, s)| lupu_grandpa::Zebra.verify(k, m, s)))
    }
}
