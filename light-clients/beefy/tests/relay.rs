//! What a relayer does with what nodes serve: signed commitments, proofs of leaves, headers.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, keccak256};
use common::{Scenario, addresses, quorum};
use lupu_beefy::{
    BeefyClient, Commitment, K256, LeafProof, MmrError, ProvenLeaf, RelayError, SignatureError, SignedCommitment,
    UpdateMessage, inspect, keyset_root, trim, update_message, wrap_leaves,
};
use lupu_light_client::{LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

fn client(s: &Scenario) -> BeefyClient {
    BeefyClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, hash)| (Height(*h), *hash)))
}

/// What a node serves of the scenario's commitment, if these sign.
fn served(s: &Scenario, signers: &[usize]) -> SignedCommitment {
    let raw = s.commitment();
    let digest = keccak256(&raw);
    let sign = |i: usize| signers.contains(&i).then(|| s.signing[i].sign(&digest));
    let signatures = (0..s.signing.len()).map(sign).collect();
    SignedCommitment { commitment: Commitment::decode(&raw).unwrap(), signatures }
}

fn proven(s: &Scenario) -> ProvenLeaf {
    let first = s.client.first_mmr_block;
    let proof = LeafProof {
        leaf_indices: vec![u64::from(s.leaf_number) + 1 - first],
        leaf_count: u64::from(s.committed) + 1 - first,
        items: s.mmr().1,
    };
    ProvenLeaf::decode(&wrap_leaves(&[s.leaf()]), &proof.encode()).unwrap()
}

fn build(
    s: &Scenario,
    signed: &SignedCommitment,
    leaf: &ProvenLeaf,
    header: &[u8],
) -> Result<UpdateMessage, RelayError> {
    update_message(signed, &addresses(&s.signing), 1, leaf, header, s.message().anchor_proof, &K256)
}

#[test]
fn updates_are_built_from_what_nodes_serve() {
    for n in [1, 3, 4, 7, 255] {
        for mut s in [Scenario::new(n), Scenario::handover(n)] {
            let signed = SignedCommitment::decode(&served(&s, &(0..n).collect::<Vec<_>>()).encode()).unwrap();
            let message = build(&s, &signed, &proven(&s), &s.header.encode()).unwrap();
            assert_eq!(message, s.message(), "trimmed to the threshold");
            assert_eq!(message.signatures.len(), 66 * quorum(n));
            s.now += 1;
            assert_eq!(client(&s).update(&message.encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));
        }
    }
}

#[test]
fn bad_signatures_are_left_out() {
    let s = Scenario::new(7);
    let mut signed = served(&s, &[0, 1, 2, 3, 4, 5, 6]);
    signed.signatures[0] = signed.signatures[1];
    if let Some(signature) = &mut signed.signatures[3] {
        signature[64] = 27;
    }
    let message = build(&s, &signed, &proven(&s), &s.header.encode()).unwrap();
    let indices: Vec<u8> = message.signatures.chunks(66).map(|entry| entry[0]).collect();
    assert_eq!(indices, [1, 2, 4, 5, 6]);
    assert_eq!(client(&s).update(&message.encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));
    signed.signatures[6] = None;
    let refused = build(&s, &signed, &proven(&s), &s.header.encode());
    assert_eq!(refused, Err(RelayError::TooFewSignatures { found: 4, required: 5, of: 7 }));

    let all = addresses(&s.signing);
    assert_eq!(trim(&signed, &all[..6], &K256), Err(RelayError::SetLength { of: 7, authorities: 6 }));
    let empty = SignedCommitment { signatures: Vec::new(), ..signed.clone() };
    assert_eq!(trim(&empty, &[], &K256), Err(RelayError::TooFewSignatures { found: 0, required: 0, of: 0 }));
    let crowd = SignedCommitment { signatures: vec![None; 256], ..signed };
    assert_eq!(trim(&crowd, &[Address::ZERO; 256], &K256), Err(RelayError::TooManyAuthorities(256)));
}

#[test]
fn proofs_are_checked_before_they_are_used() {
    let s = Scenario::new(4);
    let signed = served(&s, &[0, 1, 2]);
    let (good, header) = (proven(&s), s.header.encode());
    let with = |change: &dyn Fn(&mut ProvenLeaf)| {
        let mut leaf = good.clone();
        change(&mut leaf);
        build(&s, &signed, &leaf, &header).unwrap_err()
    };
    assert!(matches!(with(&|l| l.proof.leaf_count += 1), RelayError::LeafPosition { count: 122, .. }));
    assert!(matches!(with(&|l| l.proof.leaf_indices[0] = 3), RelayError::LeafPosition { index: 3, .. }));
    assert!(matches!(with(&|l| l.proof.leaf_indices.clear()), RelayError::LeafPosition { .. }));
    assert!(matches!(with(&|l| l.proof.items.truncate(2)), RelayError::Mmr(MmrError::ItemCount { .. })));
    assert!(matches!(with(&|l| l.proof.items.swap(0, 1)), RelayError::Mmr(MmrError::Root { .. })));
    assert!(matches!(with(&|l| l.leaf.extra.push(1)), RelayError::Mmr(MmrError::Root { .. })));
    let mut other = s.header.clone();
    other.parent_hash = B256::ZERO;
    let refused = build(&s, &signed, &good, &other.encode()).unwrap_err();
    assert!(matches!(refused, RelayError::HeaderMismatch { number: 120, .. }), "{refused}");
    assert!(matches!(build(&s, &signed, &good, &header[..90]), Err(RelayError::Header(_))));
    let two = wrap_leaves(&[s.leaf(), s.leaf()]);
    let refused = ProvenLeaf::decode(&two, &good.proof.encode());
    assert_eq!(refused, Err(RelayError::LeafCount { leaves: 2, indices: 1 }));
    assert!(matches!(ProvenLeaf::decode(&[1], &good.proof.encode()), Err(RelayError::Scale(_))));
    assert!(matches!(ProvenLeaf::decode(&wrap_leaves(&[[0; 80]]), &good.proof.encode()), Err(RelayError::Leaf(_))));
}

#[test]
fn a_signed_commitment_at_a_glance() {
    let s = Scenario::new(7);
    let mut signed = served(&s, &[1, 3, 4]);
    if let Some(signature) = &mut signed.signatures[3] {
        signature[..32].fill(0);
    }
    signed.signatures[6] = signed.signatures[1];
    let all = addresses(&s.signing);
    let seen = inspect(&signed, None, &K256);
    assert_eq!((seen.block_number, seen.validator_set_id), (121, 7));
    assert_eq!((seen.present, seen.of, seen.required), (4, 7, 5));
    assert_eq!(seen.commitment_hash, keccak256(s.commitment()));
    assert_eq!(seen.mmr_root, Some(s.mmr().0));
    assert_eq!((seen.keyset_root, seen.good()), (None, None));
    let recovered: Vec<_> = seen.signers.iter().map(|s| (s.index, s.recovered, s.listed)).collect();
    let bad = Err(SignatureError::R);
    assert_eq!(recovered, [(1, Ok(all[1]), None), (3, bad, None), (4, Ok(all[4]), None), (6, Ok(all[1]), None)]);
    let seen = inspect(&signed, Some(&all), &K256);
    let listed: Vec<_> = seen.signers.iter().map(|s| s.listed).collect();
    assert_eq!(listed, [Some(true), Some(false), Some(true), Some(false)]);
    assert_eq!((seen.good(), seen.keyset_root), (Some(2), Some(keyset_root(&all))));
    let seen = inspect(&signed, Some(&all[..2]), &K256);
    assert_eq!(seen.good(), Some(1), "a list that is too short names nobody else");
}
