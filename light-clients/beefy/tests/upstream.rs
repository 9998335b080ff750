//! What this crate encodes, decodes, hashes and proves is what polkadot-sdk's own crates do.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, hex, keccak256};
use codec::{Decode, Encode};
use common::{Keccak, addresses, authorities, keyset_root, polkadot, reference, state_trie::seeded};
use lupu_beefy::{
    Commitment, FinalityProofError, K256, LeafError, LeafProof, MmrLeaf, Payload, SignedCommitment,
    authorities::AuthoritySet, keyset_root as our_keyset_root, mmr, signature::signer, unwrap_leaves, wrap_leaves,
};
use sp_consensus_beefy::{
    Commitment as UpstreamCommitment, Payload as UpstreamPayload, SignedCommitment as UpstreamSigned,
    VersionedFinalityProof,
    ecdsa_crypto::Signature,
    mmr::{BeefyAuthoritySet, MmrLeaf as UpstreamLeaf, MmrLeafVersion},
};
use sp_core::H256;
use sp_mmr_primitives::{
    EncodableOpaqueLeaf,
    mmr_lib::{MMR, leaf_index_to_pos, util::MemStore},
};
use std::collections::BTreeSet;

type Proof = VersionedFinalityProof<u32, Signature>;

fn upstream_commitment(root: &[u8], block: u32, set: u64) -> UpstreamCommitment<u32> {
    let payload = UpstreamPayload::from_single_entry(*b"mh", root.to_vec()).push_raw(*b"zz", vec![1, 2, 3]);
    UpstreamCommitment { payload, block_number: block, validator_set_id: set }
}

fn our_commitment(root: &[u8], block: u32, set: u64) -> Commitment {
    let payloads = [(*b"mh", root.to_vec()), (*b"zz", vec![1, 2, 3])];
    let payloads = payloads.into_iter().map(|(id, data)| Payload { id, data }).collect();
    Commitment { payloads, block_number: block, validator_set_id: set }
}

/// Sets of every length around the bytes' limits, signed by some.
#[test]
fn finality_proofs_of_all_lengths() {
    let root = seeded("root", 0);
    for n in (0..=70).chain([127, 128, 129, 255, 256, 1023, 1024]) {
        for pattern in 0..5usize {
            let signed = |i: usize| match pattern {
                0 => false,
                1 => true,
                2 => i.is_multiple_of(2),
                3 => i + 1 == n,
                _ => seeded("who", i * 64 + n).0[0] < 160,
            };
            let signature = |i: usize| -> [u8; 65] {
                let (a, b) = (seeded("r", i), seeded("s", i));
                [&a[..], &b[..], &[(i % 2) as u8]].concat().try_into().unwrap()
            };
            let signatures: Vec<Option<[u8; 65]>> = (0..n).map(|i| signed(i).then(|| signature(i))).collect();
            let theirs = signatures.iter().map(|s| s.map(|s| sp_core::ecdsa::Signature::from_raw(s).into()));
            let commitment = upstream_commitment(root.as_slice(), 77 + n as u32, n as u64);
            let theirs: Proof = UpstreamSigned { commitment, signatures: theirs.collect() }.into();
            let commitment = our_commitment(root.as_slice(), 77 + n as u32, n as u64);
            let ours = SignedCommitment { commitment, signatures };
            let raw = theirs.encode();
            assert_eq!(ours.encode(), raw, "{n} {pattern}");
            assert_eq!(SignedCommitment::decode(&raw), Ok(ours.clone()), "{n} {pattern}");
            assert_eq!(Proof::decode(&mut &raw[..]), Ok(theirs));
            assert_eq!(ours.present(), (0..n).filter(|i| signed(*i)).count());
        }
    }
}

/// The signatures of upstream's own test, and the bytes that it publishes around them.
#[test]
fn published_signed_commitments() {
    let first = hex!(
        "558455ad81279df0795cc985580e4fb75d72d948d1107b2ac80a09abed4da848"
        "0c746cc321f2319a5e99a830e314d10dd3cd68ce3dc0c33c86e99bcb7816f9ba01"
    );
    let second = hex!(
        "2d6e1f8105c337a86cdd9aaacdc496577f3db8c55ef9e6fd48f2c5c05a227470"
        "7491635d8ba3df64f324575b7b2a34487bca2324b6a0046395a71681be3d0c2a00"
    );
    let payload = hex!("046d68343048656c6c6f20576f726c6421");
    let hello = Payload { id: *b"mh", data: "Hello World!".encode() };
    let commitment = Commitment { payloads: vec![hello], block_number: 5, validator_set_id: 0 };
    let rest = [&[0x04, 0x30, 4, 0, 0, 0, 0x08][..], &first, &second].concat();
    let raw = [&[1][..], &payload, &5u32.to_le_bytes(), &[0; 8], &rest].concat();
    let ours = SignedCommitment { commitment, signatures: vec![None, None, Some(first), Some(second)] };
    assert_eq!(ours.encode(), raw);
    assert_eq!(SignedCommitment::decode(&raw), Ok(ours.clone()));
    // Upstream's test counts blocks in 16 bytes: but for that, its bytes are these.
    let wide = [&payload[..], &5u128.to_le_bytes(), &[0; 8], &rest].concat();
    let theirs = UpstreamSigned::<u128, Signature>::decode(&mut &wide[..]).unwrap();
    assert_eq!((theirs.signature_count(), theirs.commitment.block_number), (2, 5));
    // "mh" is there, but is no root.
    assert!(ours.commitment.mmr_root().is_err());

    // The large one: 1,024 authorities, the first 340 of which did not sign. By hash of its bytes.
    let signatures = (0..1024).map(|i| (i >= 340).then_some(first)).collect();
    let large = SignedCommitment { signatures, ..ours };
    let raw = large.encode();
    let wide = [&raw[1..18], &5u128.to_le_bytes(), &raw[22..]].concat();
    assert_eq!(wide.len(), 44_638);
    let published = hex!("1f31e0eccfee8c12ee9ff2f34f6d1bc81ab9e092491c2b84a1625ced23ab40be");
    assert_eq!(sp_crypto_hashing::blake2_256(&wide), published);
    assert_eq!(SignedCommitment::decode(&raw), Ok(large));
}

/// A real chain's commitment, leaf, signatures and Merkle mountain range.
#[test]
fn polkadot() {
    let commitment = Commitment::decode(&polkadot::COMMITMENT).unwrap();
    assert_eq!((commitment.block_number, commitment.validator_set_id), (33_149_232, 5_693));
    for (signature, authority) in &polkadot::SIGNATURES {
        assert_eq!(signer(&commitment.hash(), signature, &K256), Ok(*authority));
        assert_eq!(reference::signer(&commitment.hash(), signature), Some(*authority));
    }
    let leaf = MmrLeaf::decode(&polkadot::LEAF).unwrap();
    assert_eq!((leaf.parent_number, leaf.next.id, leaf.next.len), (33_149_231, 5_694, 600));
    assert_eq!(leaf.encode(), polkadot::LEAF);
    let (root, items) = (commitment.mmr_root().unwrap(), polkadot::items());
    assert_eq!(mmr::verify(&root, &leaf.hash(), polkadot::INDEX, polkadot::COUNT, &items), Ok(()));
}

#[test]
fn what_is_no_finality_proof() {
    let signature = [7u8; 65];
    let commitment = Commitment::new(seeded("root", 0), 5, 3);
    let signatures = vec![Some(signature), None, Some(signature), None, None, None, None, Some(signature)];
    let good = SignedCommitment { commitment: commitment.clone(), signatures };
    let raw = good.encode();
    for len in 0..raw.len() {
        assert!(SignedCommitment::decode(&raw[..len]).is_err(), "cut to {len}");
    }
    assert!(matches!(SignedCommitment::decode(&[&raw[..], &[0]].concat()), Err(FinalityProofError::Scale(_))));
    for version in [0, 2, 255] {
        let other = [&[version], &raw[1..]].concat();
        assert_eq!(SignedCommitment::decode(&other), Err(FinalityProofError::Version(version)));
    }
    let with = |bits: &[u8], signers: u32, count: usize| {
        let mut out = [&[1][..], &commitment.encode()].concat();
        out.extend(bits.to_vec().encode());
        out.extend(signers.to_le_bytes());
        out.extend(vec![signature; count].encode()[..].to_vec());
        SignedCommitment::decode(&out)
    };
    assert_eq!(with(&[0b1010_0001, 0], 8, 3), Ok(good.clone()));
    assert_eq!(with(&[0b1010_0001], 8, 3), Ok(good), "without a whole byte of padding");
    let bitfield = |bytes, signers| Err(FinalityProofError::Bitfield { bytes, signers });
    assert_eq!(with(&[0b1010_0001, 0, 0], 8, 3), bitfield(3, 8));
    assert_eq!(with(&[0b1010_0001, 0x80], 8, 4), bitfield(2, 8));
    assert_eq!(with(&[0b1010_0001], 7, 3), bitfield(1, 7), "a bit behind the last authority");
    assert_eq!(with(&[], 1, 0), bitfield(0, 1));
    let count = |expected, found| Err(FinalityProofError::SignatureCount { expected, found });
    assert_eq!(with(&[0b1010_0001, 0], 8, 2), count(3, 2));
    assert_eq!(with(&[0b1010_0001, 0], 8, 4), count(3, 4));
    assert_eq!(with(&[0; 8], u32::MAX, 0), Err(FinalityProofError::TooManySigners(u32::MAX)));
}

#[test]
fn keysets() {
    for n in (0..=40).chain([63, 64, 65, 254, 255]) {
        let set = authorities("authority", n);
        assert_eq!(our_keyset_root(&addresses(&set)), keyset_root(&set), "{n}");
    }
    assert_eq!(our_keyset_root(&[]), B256::ZERO);
    // An authority without an address is 20 zero bytes.
    let list = [Address::ZERO, Address::repeat_byte(1)];
    let leaves = list.map(|a| keccak256(a).0).concat();
    assert_eq!(our_keyset_root(&list), keccak256(leaves));
}

#[test]
fn leaves() {
    let (hash, root, extra) = (seeded("parent", 0), seeded("keyset", 0), seeded("extra", 0));
    let next = BeefyAuthoritySet { id: 0x0102_0304_0506_0708, len: 0x0a0b_0c0d, keyset_commitment: H256(root.0) };
    let theirs = UpstreamLeaf {
        version: MmrLeafVersion::new(0, 3),
        parent_number_and_hash: (0x1122_3344u32, H256(hash.0)),
        beefy_next_authority_set: next.clone(),
        leaf_extra: H256(extra.0),
    };
    let ours = MmrLeaf {
        version: 3,
        parent_number: 0x1122_3344,
        parent_hash: hash,
        next: AuthoritySet { id: next.id, len: next.len, root },
        extra: extra.to_vec(),
    };
    let raw = theirs.encode();
    assert_eq!(raw.len(), 113);
    assert_eq!(ours.encode(), raw);
    assert_eq!(MmrLeaf::decode(&raw), Ok(ours.clone()));
    assert_eq!(ours.hash(), keccak256(&raw));
    let bytes = UpstreamLeaf {
        version: MmrLeafVersion::new(0, 0),
        parent_number_and_hash: (1u32, H256(hash.0)),
        beefy_next_authority_set: next,
        leaf_extra: Vec::<u8>::new(),
    };
    assert_eq!(MmrLeaf::decode(&bytes.encode()).unwrap().extra, [0], "the length of no bytes");
    assert_eq!(MmrLeaf::decode(&raw[..80]), Err(LeafError::Length(80)));
    assert!(MmrLeaf::decode(&raw[..81]).unwrap().extra.is_empty());
    assert_eq!(MmrLeaf::decode(&[0; 1025]), Err(LeafError::Length(1025)));
    for major in 1..8u8 {
        let version = UpstreamLeaf { version: MmrLeafVersion::new(major, 1), ..theirs.clone() }.encode();
        assert_eq!(MmrLeaf::decode(&version), Err(LeafError::Version(major)));
    }

    // As mmr_generateProof returns them.
    let opaque = vec![EncodableOpaqueLeaf::from_leaf(&theirs), EncodableOpaqueLeaf(vec![9; 70])];
    let wrapped = opaque.encode();
    assert_eq!(unwrap_leaves(&wrapped), Ok(vec![raw.clone(), vec![9; 70]]));
    assert_eq!(wrap_leaves(&[raw, vec![9; 70]]), wrapped);
    for len in 0..wrapped.len() {
        assert!(unwrap_leaves(&wrapped[..len]).is_err());
    }
    assert!(unwrap_leaves(&[&wrapped[..], &[0]].concat()).is_err());
    let huge = [0xfe, 0xff, 0xff, 0xff];
    assert!(unwrap_leaves(&huge).is_err() && LeafProof::decode(&huge).is_err());
}

#[test]
fn leaf_proofs() {
    let theirs = sp_mmr_primitives::LeafProof {
        leaf_indices: vec![3, u64::MAX],
        leaf_count: 77,
        items: vec![H256([1; 32]), H256([2; 32])],
    };
    let items = vec![B256::repeat_byte(1), B256::repeat_byte(2)];
    let ours = LeafProof { leaf_indices: vec![3, u64::MAX], leaf_count: 77, items };
    let raw = theirs.encode();
    assert_eq!(ours.encode(), raw);
    assert_eq!(LeafProof::decode(&raw), Ok(ours));
    for len in 0..raw.len() {
        assert!(LeafProof::decode(&raw[..len]).is_err());
    }
    assert!(LeafProof::decode(&[&raw[..], &[0]].concat()).is_err());
}

/// What a proof's items are, and in which order: all that index and number of leaves say. Peaks to
/// the left; on which side each sibling is; whether there are peaks to the right.
fn shape(index: u64, count: u64) -> Option<(usize, Vec<bool>, bool)> {
    let mut start = 0;
    let peaks = (0..20).rev().map(|bit| 1u64 << bit).filter(|size| count & size != 0);
    for (left, size) in peaks.enumerate() {
        if index < start + size {
            let siblings = (0..size.ilog2()).map(|level| (index - start) >> level & 1 == 1).collect();
            return Some((left, siblings, start + size < count));
        }
        start += size;
    }
    None
}

#[test]
fn all_leaves_of_odd_mountain_ranges() {
    assert_eq!(all_leaves(|count| count % 2 == 1), 35 * 35);
}

#[test]
fn all_leaves_of_even_mountain_ranges() {
    assert_eq!(all_leaves(|count| count % 2 == 0), 35 * 36);
}

/// All leaves of up to 70, and what is next to their proofs. Says how many proofs are good.
fn all_leaves(wanted: fn(u64) -> bool) -> u32 {
    let leaves: Vec<B256> = (0..70).map(|i| seeded("leaf", i)).collect();
    let store = MemStore::default();
    let mut range = MMR::<B256, Keccak, _>::new(0, &store);
    let (mut good, mut refused) = (0u32, 0u32);
    for count in 1..=70u64 {
        let here = &leaves[..count as usize];
        range.push(leaves[count as usize - 1]).unwrap();
        if !wanted(count) {
            continue;
        }
        let root = range.get_root().unwrap();
        assert_eq!(mmr::root(here), Some(root), "{count}");
        for index in 0..count {
            let leaf = leaves[index as usize];
            let items = range.gen_proof(vec![leaf_index_to_pos(index)]).unwrap().proof_items().to_vec();
            assert_eq!(mmr::prove(here, index).as_ref(), Some(&items), "{index} of {count}");
            assert_eq!(mmr::proof_length(index, count), Some(items.len()));
            assert_eq!(mmr::verify(&root, &leaf, index, count, &items), Ok(()), "{index} of {count}");
            good += 1;
            let mut refuse = |leaf: &B256, index: u64, count: u64, items: &[B256]| {
                assert!(mmr::verify(&root, leaf, index, count, items).is_err(), "{index} of {count}");
                refused += 1;
            };
            for other in (0..count + 3).filter(|other| *other != index) {
                refuse(&leaf, other, count, &items);
            }
            refuse(&leaf, u64::MAX, count, &items);
            // Another number of leaves can have the same items in the same order: the number comes
            // from the commitment. Each other order once.
            let mut seen = BTreeSet::from([shape(index, count)]);
            for other in (0..73).filter(|other| seen.insert(shape(index, *other))) {
                refuse(&leaf, index, other, &items);
            }
            for i in 0..items.len() {
                let mut less = items.clone();
                less.remove(i);
                refuse(&leaf, index, count, &less);
                let mut flipped = items.clone();
                flipped[i].0[i] ^= 1;
                refuse(&leaf, index, count, &flipped);
                for j in 0..i {
                    let mut swapped = items.clone();
                    swapped.swap(i, j);
                    refuse(&leaf, index, count, &swapped);
                }
            }
            for i in 0..=items.len() {
                let mut more = items.clone();
                more.insert(i, root);
                refuse(&leaf, index, count, &more);
            }
            if count > 1 {
                refuse(&root, index, count, &items);
                refuse(&leaves[(index as usize + 1) % here.len()], index, count, &items);
            }
        }
        assert_eq!(mmr::prove(here, count), None);
    }
    println!("{good} proofs good, {refused} refused");
    assert!(refused > 90_000, "{refused}");
    good
}

/// Index and number of leaves of any size: the same verdict as upstream and its positions.
#[test]
fn large_mountain_ranges() {
    let leaf = seeded("leaf", 0);
    for (index, count) in [
        (0, 1u64 << 32),
        ((1 << 32) - 1, 1 << 32),
        ((1 << 32) - 2, (1 << 32) - 1),
        (123_456_789, 3_000_000_000),
        (2_999_999_999, 3_000_000_000),
    ] {
        let len = mmr::proof_length(index, count).unwrap();
        let items: Vec<B256> = (0..len).map(|i| seeded("item", i)).collect();
        let root = mmr::root_from(&leaf, index, count, &items).unwrap();
        let joined = mmr::join_items(&items);
        assert!(reference::in_mmr(root.as_slice(), leaf, index, count, &joined));
        assert_eq!(mmr::verify(&root, &leaf, index, count, &items), Ok(()));
        assert_eq!(mmr::split_items(&joined), Ok(items.clone()));
        assert!(mmr::verify(&root, &leaf, index ^ 1, count, &items).is_err());
        assert!(mmr::verify(&root, &leaf, index, count, &items[1..]).is_err());
    }
    assert!(mmr::root_from(&leaf, u64::MAX - 1, u64::MAX, &[leaf; 63]).is_ok());
    assert!(mmr::root_from(&leaf, u64::MAX, u64::MAX, &[]).is_err());
}
