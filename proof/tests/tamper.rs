//! Bundles that somebody tampered with are malformed or false, and the crate never accepts what a
//! plain checker would not. `LUPU_MUTANTS` multiplies how many, `LUPU_SEED` makes others;
//! `--nocapture` shows which checks stopped them.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use common::{Chain, Shape, World, plain, rng::Rng, tamper::tamper};
use lupu_proof::{Bundle, Kind, verify};
use std::{
    collections::BTreeMap,
    panic::catch_unwind,
    time::{Duration, Instant},
};

/// Per bundle: the check that stopped it, or nothing where it was accepted.
fn verdict(file: &[u8], trusted: alloy_primitives::B256) -> Option<&'static str> {
    let bundle = match Bundle::decode(file) {
        Ok(bundle) => bundle,
        Err(e) => {
            assert!(!e.to_string().is_empty());
            return Some("Malformed");
        }
    };
    let again = if file[0] == b'{' { bundle.to_json().into_bytes() } else { bundle.to_cbor() };
    assert_eq!(again, file, "what is read is what would be written");
    verify(&bundle, &[trusted], None).err().map(|e| e.check())
}

/// Bundles of every chain: each kind alone, all together, at two heights, across a change of the set.
fn bundles(chain: Chain) -> Vec<Bundle> {
    let one = World::new(chain, Shape::One);
    let mut out: Vec<Bundle> = Kind::ALL.iter().map(|kind| one.bundle(&[*kind])).collect();
    out.push(one.bundle(&Kind::ALL));
    out.push(World::new(chain, Shape::Change).bundle(&Kind::ALL));
    out.push(World::new(chain, Shape::AnchorOnly).bundle(&Kind::ALL));
    let two = World::new(chain, Shape::Two);
    let (packet, ack) = common::subject(Kind::Minted);
    let heights = [100, 110, 120].map(lupu_standard::Height);
    out.push(two.bundle_of(&heights.map(|height| (Kind::Minted, height, packet.clone(), ack.clone()))));
    out
}

fn run(chain: Chain, count: usize) {
    let seed: u64 = std::env::var("LUPU_SEED").map_or(1, |n| n.parse().expect("a number"));
    let start = Instant::now();
    let mut rng = Rng::new(seed.wrapping_mul(4).wrapping_add(chain as u64));
    let bundles = bundles(chain);
    for bundle in &bundles {
        for file in [bundle.to_cbor(), bundle.to_json().into_bytes()] {
            assert_eq!(verdict(&file, bundle.anchor.digest()), None);
            assert!(plain::accepts(&file, bundle.anchor.digest(), None), "{}", bundle.to_json());
        }
    }
    let mut stopped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut harmless: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut unchanged, mut compared) = (0, 0);
    let limit = std::env::var("LUPU_SECONDS").map_or(u64::MAX, |n| n.parse().expect("a number"));
    let mut made = 0;
    while made < count && start.elapsed() < Duration::from_secs(limit) {
        made += 1;
        let (index, tampered) = tamper(&mut rng, &bundles);
        let bundle = &bundles[index];
        let file = &tampered.file;
        if *file == bundle.to_cbor() || *file == bundle.to_json().into_bytes() {
            unchanged += 1;
            continue;
        }
        let trusted = bundle.anchor.digest();
        let show = || format!("{}: {}", tampered.what, alloy_primitives::hex::encode(file));
        let found = catch_unwind(|| verdict(file, trusted)).unwrap_or_else(|_| panic!("panic at {}", show()));
        match found {
            // Nothing of what it says was broken: the plain checker takes it too.
            None => {
                assert!(plain::accepts(file, trusted, None), "accepted against the plain checker: {}", show());
                *harmless.entry(tampered.what).or_default() += 1;
            }
            Some(check) => {
                *stopped.entry(check).or_default() += 1;
                // The plain checker is slow: it is asked about some of what is refused.
                if made % 64 == 0 {
                    compared += 1;
                    assert!(!plain::accepts(file, trusted, None), "{check} against the plain checker: {}", show());
                }
            }
        }
    }
    let (broken, kept): (usize, usize) = (stopped.values().sum(), harmless.values().sum());
    let name = chain.name();
    println!("{name}: seed {seed}, {made} tamperings in {:?}: {broken} stopped, {kept} broke nothing", start.elapsed());
    println!("{name}: {unchanged} changed nothing, {compared} of those stopped compared with the plain checker");
    println!("{name}: stopped by {stopped:?}");
    println!("{name}: broke nothing: {harmless:?}");
    assert!(broken * 10 > made * 8, "{broken} of {made} stopped");
    assert!(stopped.len() > 12, "only {} checks were reached", stopped.len());
}

fn mutants() -> usize {
    250 * std::env::var("LUPU_MUTANTS").map_or(1, |n| n.parse::<usize>().expect("a number"))
}

#[test]
fn qbft() {
    run(Chain::Qbft, mutants());
}

#[test]
fn ibft2() {
    run(Chain::Ibft2, mutants());
}

#[test]
fn beefy() {
    run(Chain::Beefy, mutants());
}

#[test]
fn grandpa() {
    run(Chain::Grandpa, mutants());
}
