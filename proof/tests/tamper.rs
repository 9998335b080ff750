//! Bundles that somebody tampered with are malformed or false, and the crate never accepts what a
//! plain checker would not. `LUPU_MUTANTS` multiplies how many, `LUPU_SEED` makes others,
//! `LUPU_SECONDS` ends each chain early; `--nocapture` shows which checks stopped them.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use alloy_primitives::B256;
use common::{
    Chain, plain,
    rng::Rng,
    tamper::{Stock, Tampered, tamper},
};
use lupu_proof::{Bundle, verify};
use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    panic::catch_unwind,
    time::{Duration, Instant},
};

/// Of those stopped by one check, the first are shown to the plain checker, and then one in so many.
const FIRST: usize = 1_000;
const SHARE: usize = 64;

/// The check that stopped a file, or nothing where it was accepted. `rewrite`: what is read must be
/// what would be written.
fn verdict(file: &[u8], trusted: B256, rewrite: bool) -> Option<&'static str> {
    let bundle = match Bundle::decode(file) {
        Ok(bundle) => bundle,
        Err(e) => {
            assert!(!e.to_string().is_empty());
            return Some("Malformed");
        }
    };
    if rewrite {
        let again = if file[0] == b'{' { bundle.to_json().into_bytes() } else { bundle.to_cbor() };
        assert_eq!(again, file, "what is read is what would be written");
    }
    verify(&bundle, &[trusted], None).err().map(|e| e.check())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().expect("a number"))
}

/// What became of the tampered files of one chain.
#[derive(Default)]
struct Tally {
    /// By check: how many it stopped, and how many of those the plain checker was shown.
    stopped: BTreeMap<&'static str, (usize, usize)>,
    /// By what was done: how many were accepted, and how many there were.
    done: BTreeMap<&'static str, (usize, usize)>,
    accepted: usize,
}

impl Tally {
    fn judge(&mut self, tampered: &Tampered) {
        let Tampered { what, file, trusted, written } = tampered;
        let show = || format!("{what:?}: {}", alloy_primitives::hex::encode(file));
        let rewrite = !written || self.accepted.is_multiple_of(SHARE);
        let found = catch_unwind(|| verdict(file, *trusted, rewrite)).unwrap_or_else(|_| panic!("panic at {}", show()));
        for what in what {
            let done = self.done.entry(what).or_default();
            done.0 += usize::from(found.is_none());
            done.1 += 1;
        }
        match found {
            // Nothing of what it says was broken: the plain checker takes it too.
            None => {
                assert!(plain::accepts(file, *trusted, None), "accepted against the plain checker: {}", show());
                self.accepted += 1;
            }
            Some(check) => {
                let (stopped, shown) = self.stopped.entry(check).or_default();
                *stopped += 1;
                // The plain checker is slow: it is asked about some of what is refused.
                if *stopped <= FIRST || stopped.is_multiple_of(SHARE) {
                    *shown += 1;
                    assert!(!plain::accepts(file, *trusted, None), "{check} against the plain checker: {}", show());
                }
            }
        }
    }
}

/// How many of a chain's files are made and judged, no two of them the same.
fn run(chain: Chain) {
    let count = 250 * number("LUPU_MUTANTS", 1) as usize;
    let (seed, limit) = (number("LUPU_SEED", 1), Duration::from_secs(number("LUPU_SECONDS", u64::MAX)));
    let stock = Stock::new(chain);
    for whole in stock.all() {
        for file in [whole.file(false), whole.file(true)] {
            assert_eq!(verdict(file, whole.trusted, true), None);
            assert!(plain::accepts(file, whole.trusted, None), "{}", whole.bundle.to_json());
        }
    }
    let mut rng = Rng::new(seed.wrapping_mul(4).wrapping_add(chain as u64));
    let (mut seen, mut tally) = (HashSet::new(), Tally::default());
    let (mut unchanged, mut again) = (0, 0);
    let start = Instant::now();
    while seen.len() < count && start.elapsed() < limit {
        let Some(tampered) = tamper(&mut rng, &stock) else {
            unchanged += 1;
            continue;
        };
        let mut hasher = DefaultHasher::new();
        (&tampered.file, tampered.trusted).hash(&mut hasher);
        if !seen.insert(hasher.finish()) {
            again += 1;
            continue;
        }
        tally.judge(&tampered);
    }
    let made = seen.len();
    let broken: usize = tally.stopped.values().map(|(stopped, _)| stopped).sum();
    let shown: usize = tally.stopped.values().map(|(_, shown)| shown).sum();
    let (name, kept) = (chain.name(), tally.accepted);
    println!("{name}: seed {seed}, {made} tamperings in {:?}: {broken} stopped, {kept} broke nothing", start.elapsed());
    println!("{name}: besides, {unchanged} that changed nothing and {again} made before");
    println!("{name}: of those stopped the plain checker was shown {shown}");
    println!("{name}: stopped, shown, by check: {:?}", tally.stopped);
    println!("{name}: broke nothing, made, by what was done: {:?}", tally.done);
    assert_eq!(broken + kept, made);
    assert!(broken * 10 > made * 8, "{broken} of {made} stopped");
    assert!(tally.stopped.len() > 12, "only {} checks were reached", tally.stopped.len());
}

#[test]
fn qbft() {
    run(Chain::Qbft);
}

#[test]
fn ibft2() {
    run(Chain::Ibft2);
}

#[test]
fn beefy() {
    run(Chain::Beefy);
}

#[test]
fn grandpa() {
    run(Chain::Grandpa);
}
