//! On whose word a bundle rests, in a sentence.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use common::{Chain, Plan, Shape, World, subject};
use lupu_proof::{Kind, verify};
use lupu_standard::Height;

fn sentence(world: &World) -> String {
    let bundle = world.bundle(&[Kind::Sent]);
    verify(&bundle, &[bundle.anchor.digest()], None).unwrap().trust
}

#[test]
fn the_sentence_follows_from_what_was_verified() {
    let one = |chain| sentence(&World::new(chain, Shape::One));
    let start = "3 of the 4";
    let end = "block 120, which holds this.";
    assert_eq!(one(Chain::Qbft), format!("{start} validators of bank-qbft as of block 100 sealed {end}"));
    assert_eq!(one(Chain::Beefy), format!("{start} authorities of customs-beefy as of block 100 signed {end}"));
    assert_eq!(one(Chain::Grandpa), format!("{start} authorities of customs-grandpa as of block 100 voted for {end}"));
    let change = sentence(&World::new(Chain::Grandpa, Shape::Change));
    assert!(change.ends_with("they follow from those of block 100 by 1 change of the set."), "{change}");
    let alone = sentence(&World::new(Chain::Qbft, Shape::AnchorOnly));
    assert_eq!(alone, "The anchor itself, block 100 of bank-qbft, holds this; no signature was checked.");

    // All four sign: the sentence counts them, whatever the file says.
    let all = Plan { qbft: |s| s.signers = s.header_set.clone(), ..Plan::new(Chain::Qbft, Shape::One) }.build();
    assert!(sentence(&all).starts_with("4 of the 4 validators"), "{}", sentence(&all));

    // A GRANDPA header that schedules a change is still the old set's word.
    let turns = Plan {
        grandpa: |s| s.digest.push(common::grandpa::change(&common::grandpa::voters("heir", 4), 0)),
        ..Plan::new(Chain::Grandpa, Shape::One)
    };
    assert!(sentence(&turns.build()).contains("as of block 100 voted for"));

    let two = World::new(Chain::Qbft, Shape::Two);
    let (packet, none) = subject(Kind::Sent);
    let bundle = two.bundle_of(&[110, 120].map(|h| (Kind::Sent, Height(h), packet.clone(), none.clone())));
    let report = verify(&bundle, &[bundle.anchor.digest()], None).unwrap();
    assert!(report.trust.ends_with("1 statement is about another block on the way there."), "{}", report.trust);
}

/// A detached signature is over the digest, which both forms of the file share and no signature is in.
#[test]
fn a_signature_beside_the_file_changes_nothing() {
    let bundle = World::new(Chain::Qbft, Shape::One).bundle(&[Kind::Sent]);
    let signer = common::qbft::validators("notary", 1).remove(0);
    let seal = signer.seal(&bundle.digest());
    for file in [bundle.to_cbor(), bundle.to_json().into_bytes()] {
        let read = lupu_proof::Bundle::decode(&file).unwrap();
        let report = verify(&read, &[bundle.anchor.digest()], None).unwrap();
        assert_eq!(common::qbft::reference::signer(&report.digest, &seal), Some(signer.address));
        assert!(lupu_proof::Bundle::decode(&[&file[..], &seal].concat()).is_err());
    }
}
