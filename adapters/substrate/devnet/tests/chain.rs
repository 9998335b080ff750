//! Blocks, states, proofs and finality, each checked with upstream's crates.

mod common;

use std::time::Duration;

use codec::{Decode, Encode};
use common::{ask, beefy_is_valid, bytes, grandpa_is_valid, hash, hex0x, item, on_demand, rpc};
use lupu_substrate_devnet::runtime::apis::MmrLeaf;
use lupu_substrate_devnet::runtime::{Runtime, RuntimeCall, UNIT, customs};
use lupu_substrate_devnet::{ActionError, Devnet};
use serde_json::json;
use sp_core::H256;
use sp_mmr_primitives::{DataOrHash, EncodableOpaqueLeaf, LeafProof};
use sp_runtime::traits::{BlakeTwo256, Keccak256};

#[tokio::test]
async fn blocks_come_by_themselves_and_are_final_at_once() {
    let devnet = Devnet::builder().block_time(Duration::from_millis(100)).start().await.unwrap();
    for _ in 0..200 {
        if devnet.chain().finalized() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let finalized = devnet.chain().finalized();
    assert!(finalized >= 3, "{finalized}");
    for number in 1..=finalized {
        let (parent, block) = (devnet.chain().block(number - 1).unwrap(), devnet.chain().block(number).unwrap());
        assert_eq!(block.header.parent_hash, parent.hash);
        assert_eq!(block.hash.0, sp_crypto_hashing::blake2_256(&block.encoded_header()));
        assert!(block.slot > parent.slot && block.timestamp_ms > parent.timestamp_ms);
        grandpa_is_valid(&devnet, number, &devnet.chain().justification(number).unwrap()).unwrap();
        let root = beefy_is_valid(&devnet, number, &devnet.chain().commitment(number).unwrap()).unwrap();
        assert_eq!(Some(root), block.mmr_root());
    }
    devnet.shutdown().await;
}

#[tokio::test]
async fn two_names_are_two_chains() {
    let (one, two) = (on_demand("one").await, on_demand("two").await);
    let same = on_demand("one").await;
    assert_ne!(one.genesis_hash(), two.genesis_hash());
    assert_eq!(one.genesis_hash(), same.genesis_hash());
}

#[tokio::test]
async fn a_block_carries_an_aura_seal_of_its_author() {
    use sp_consensus_aura::{AURA_ENGINE_ID, sr25519::AuthoritySignature};
    use sp_runtime::RuntimeAppPublic;
    use sp_runtime::generic::DigestItem;

    let devnet = on_demand("seal").await;
    let block = devnet.mine().await;
    let mut header = block.header.clone();
    let Some(DigestItem::Seal(AURA_ENGINE_ID, seal)) = header.digest.logs.pop() else { panic!("no seal") };
    let seal = AuthoritySignature::decode(&mut &seal[..]).unwrap();
    let author = &devnet.authorities()[block.slot as usize % 4].account;
    let author =
        sp_consensus_aura::sr25519::AuthorityId::from(sp_core::sr25519::Public::from_raw(author.clone().into()));
    assert!(author.verify(&header.hash(), &seal));
}

#[tokio::test]
async fn read_proofs_hold_under_the_state_root() {
    let devnet = on_demand("proofs").await;
    let block = devnet.mine_many(3).await;
    let alice = &devnet.authorities()[0].account;
    let account: Vec<u8> =
        [&item("System", "Account")[..], &sp_crypto_hashing::blake2_128(alice.as_ref()), alice.as_ref()].concat();
    let absent = item("System", "Nothing");
    let long = item("System", "BlockWeight");
    let keys = [account.clone(), absent.clone(), item("Ibc", "Anchor"), long, b":code".to_vec()];
    let asked: Vec<_> = keys.iter().map(|key| hex0x(key)).collect();
    let answer = ask(&devnet, "state_getReadProof", json!([asked, block.hash])).await;
    assert_eq!(hash(&answer["at"]), block.hash);
    let nodes: Vec<_> = answer["proof"].as_array().unwrap().iter().map(bytes).collect();
    let proof = sp_trie::StorageProof::new(nodes);
    let root = block.header.state_root;
    let read = sp_state_machine::read_proof_check::<BlakeTwo256, _>(root, proof, &keys).unwrap();
    for key in &keys {
        let stored = ask(&devnet, "state_getStorage", json!([hex0x(key), block.hash])).await;
        assert_eq!(read[key], (!stored.is_null()).then(|| bytes(&stored)), "{key:?}");
    }
    assert!(read[&account].is_some() && read[&absent].is_none());
    let anchor = read[&item("Ibc", "Anchor")].clone().unwrap();
    assert_eq!(anchor[..8], (block.timestamp_ms / 1000).to_be_bytes());
    assert_eq!(anchor[8..], devnet.genesis_hash().as_bytes()[..24]);
    let flipped = H256::from_low_u64_be(1);
    let nodes = answer["proof"].as_array().unwrap().iter().map(bytes);
    assert!(
        sp_state_machine::read_proof_check::<BlakeTwo256, _>(flipped, sp_trie::StorageProof::new(nodes), &keys)
            .is_err()
    );
}

#[tokio::test]
async fn mmr_proofs_hold_under_the_committed_root() {
    let devnet = on_demand("mmr").await;
    let head = devnet.mine_many(23).await;
    for (numbers, best) in [(vec![1u32], 23u32), (vec![23], 23), (vec![4, 9, 17], 20), (vec![13], 13), (vec![8], 15)] {
        let answer = ask(&devnet, "mmr_generateProof", json!([numbers, best])).await;
        assert_eq!(hash(&answer["blockHash"]), head.hash);
        let leaves = <Vec<EncodableOpaqueLeaf>>::decode(&mut &bytes(&answer["leaves"])[..]).unwrap();
        let proof = LeafProof::<H256>::decode(&mut &bytes(&answer["proof"])[..]).unwrap();
        let committed = beefy_is_valid(&devnet, best, &devnet.chain().commit(best).unwrap()).unwrap();
        assert_eq!(proof.leaf_count, u64::from(best));
        for (number, leaf) in numbers.iter().zip(&leaves) {
            let leaf: MmrLeaf = leaf.clone().into_opaque_leaf().try_decode().unwrap();
            let parent = devnet.chain().block(number - 1).unwrap();
            assert_eq!(leaf.parent_number_and_hash, (number - 1, parent.hash));
        }
        let nodes = |leaves: Vec<EncodableOpaqueLeaf>| {
            leaves.into_iter().map(|leaf| DataOrHash::<Keccak256, _>::Data(leaf.into_opaque_leaf())).collect::<Vec<_>>()
        };
        pallet_mmr::verify_leaves_proof::<Keccak256, _>(committed, nodes(leaves.clone()), proof.clone()).unwrap();
        let other = H256::repeat_byte(7);
        assert!(pallet_mmr::verify_leaves_proof::<Keccak256, _>(other, nodes(leaves), proof).is_err());
        assert_eq!(ask(&devnet, "mmr_verifyProof", json!([answer])).await, json!(true));
        assert_eq!(ask(&devnet, "mmr_verifyProofStateless", json!([committed, answer])).await, json!(true));
    }
    assert_eq!(hash(&ask(&devnet, "mmr_root", json!([])).await), head.mmr_root().unwrap());
    let refused = rpc(&devnet, "mmr_generateProof", json!([[24], 24])).await;
    assert!(refused["error"]["code"].is_number(), "{refused}");
}

#[tokio::test]
async fn sets_change_with_every_session_and_the_old_one_hands_over() {
    let devnet = Devnet::builder().on_demand().session_length(4).start().await.unwrap();
    devnet.mine_many(17).await;
    let chain = devnet.chain();
    // The first session ends with block 4; from the second on GRANDPA's set ids move, BEEFY's at once.
    let grandpa: Vec<_> = [3, 8, 9, 12, 13, 17].into_iter().map(|n| chain.grandpa_set(n).id).collect();
    assert_eq!(grandpa, [0, 0, 1, 1, 2, 3]);
    let beefy: Vec<_> = [3, 4, 7, 8, 12, 16].into_iter().map(|n| chain.beefy_set(n).id()).collect();
    assert_eq!(beefy, [0, 1, 1, 2, 3, 4]);
    for number in 1..=17 {
        grandpa_is_valid(&devnet, number, &chain.justification(number).unwrap()).unwrap();
        beefy_is_valid(&devnet, number, &chain.commitment(number).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn validators_rotate_through_two_sessions() {
    let devnet = on_demand("rotation").await;
    let all: Vec<_> = devnet.authorities().iter().map(|authority| authority.account.clone()).collect();
    let (before, after) = (&all[..4], &all[2..6]);
    assert_ne!(before, after);
    let started = devnet.rotate(after).await.unwrap();
    let number = started.number();
    let chain = devnet.chain();
    let keys = |range: std::ops::Range<usize>| {
        devnet.authorities()[range].iter().map(|a| a.beefy.to_vec()).collect::<Vec<_>>()
    };
    let members = |number| {
        chain.beefy_set(number).validators().iter().map(|id| AsRef::<[u8]>::as_ref(id).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(members(number - 1), keys(0..4));
    assert_eq!(members(number), keys(2..6));
    // The block that hands over is finalized by the old set, the next by the new.
    let grandpa = |number| {
        chain
            .grandpa_set(number)
            .authorities
            .iter()
            .map(|(id, _)| AsRef::<[u8]>::as_ref(id).to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(grandpa(number)[0], devnet.authorities()[0].grandpa);
    assert_eq!(grandpa(number + 1)[0], devnet.authorities()[2].grandpa);
    assert_eq!(started.grandpa_handover().map(|set| set.len()), Some(4));
    devnet.mine_many(3).await;
    for number in 1..=chain.finalized() {
        grandpa_is_valid(&devnet, number, &chain.justification(number).unwrap()).unwrap();
        beefy_is_valid(&devnet, number, &chain.commitment(number).unwrap()).unwrap();
    }
    assert_eq!(chain.finalized(), devnet.head().number());
    assert_eq!(chain.beefy_finalized(), devnet.head().number());
}

#[tokio::test]
async fn the_first_leaf_of_a_session_names_the_set_after_next() {
    let devnet = Devnet::builder().on_demand().session_length(5).start().await.unwrap();
    devnet.mine_many(11).await;
    for number in [4u32, 5, 6, 9, 10, 11] {
        let block = devnet.chain().block(number).unwrap();
        let answer = ask(&devnet, "mmr_generateProof", json!([[number], number])).await;
        let leaves = <Vec<EncodableOpaqueLeaf>>::decode(&mut &bytes(&answer["leaves"])[..]).unwrap();
        let leaf: MmrLeaf = leaves[0].clone().into_opaque_leaf().try_decode().unwrap();
        assert_eq!(leaf.beefy_next_authority_set.id, devnet.chain().beefy_set(number).id() + 1, "{number}");
        assert_eq!(block.beefy_handover().is_some(), number % 5 == 0);
    }
}

#[tokio::test]
async fn withheld_finality_comes_back_one_handover_at_a_time() {
    let devnet = Devnet::builder().on_demand().session_length(5).start().await.unwrap();
    devnet.mine_many(2).await;
    devnet.withhold_grandpa(true);
    devnet.mine_many(21).await;
    let chain = devnet.chain();
    assert_eq!((chain.finalized(), chain.beefy_finalized(), devnet.head().number()), (2, 2, 23));
    assert!(chain.justification(3).is_none());
    devnet.withhold_beefy(true);
    devnet.withhold_grandpa(false);
    let justified: Vec<_> = (3..=23).filter(|number| chain.justification(*number).is_some()).collect();
    assert_eq!(justified, [10, 15, 20, 23]);
    assert_eq!((chain.finalized(), chain.beefy_finalized()), (23, 2));
    devnet.withhold_beefy(false);
    let committed: Vec<_> = (3..=23).filter(|number| chain.commitment(*number).is_some()).collect();
    assert_eq!(committed, [5, 10, 15, 20, 23]);
    for number in justified {
        grandpa_is_valid(&devnet, number, &chain.justification(number).unwrap()).unwrap();
    }
    for number in committed {
        beefy_is_valid(&devnet, number, &chain.commitment(number).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn votes_above_the_target_come_with_their_ancestry() {
    let devnet = on_demand("ancestry").await;
    devnet.mine_many(5).await;
    let plain = devnet.chain().justify(3, 7, 0).unwrap();
    let with = devnet.chain().justify(3, 7, 2).unwrap();
    assert!(with.len() > plain.len() + 2 * 100);
    grandpa_is_valid(&devnet, 3, &plain).unwrap();
    grandpa_is_valid(&devnet, 3, &with).unwrap();
    assert!(grandpa_is_valid(&devnet, 4, &with).is_err());
}

#[tokio::test]
async fn a_fork_is_signed_by_the_same_sets_and_proves_its_own_state() {
    let devnet = on_demand("fork").await;
    devnet.mine_many(6).await;
    let fork = devnet.fork(4, 2).await.unwrap();
    assert_eq!(devnet.head().number(), 6);
    for forked in fork.blocks() {
        let number = forked.block.number();
        let block = devnet.chain().block(number).unwrap();
        assert_ne!(forked.block.hash, block.hash);
        let set = devnet.chain().grandpa_set(number);
        let justification =
            sp_consensus_grandpa::GrandpaJustification::<lupu_substrate_devnet::runtime::Header>::decode(
                &mut &forked.justification[..],
            )
            .unwrap();
        assert_eq!(justification.commit.target_hash, forked.block.hash);
        for signed in &justification.commit.precommits {
            let message = finality_grandpa::Message::Precommit(signed.precommit.clone());
            let checked = sp_consensus_grandpa::check_message_signature(
                &message,
                &signed.id,
                &signed.signature,
                justification.round,
                set.id,
            );
            assert!(matches!(checked, sp_consensus_grandpa::SignatureResult::Valid));
        }
        let root = beefy_is_valid(&devnet, number, &forked.commitment).unwrap();
        assert_eq!(Some(root), forked.block.mmr_root());
        let (leaves, proof) = fork.mmr_proof(&[number], number).unwrap();
        let leaves = <Vec<EncodableOpaqueLeaf>>::decode(&mut &leaves[..]).unwrap();
        let proof = LeafProof::<H256>::decode(&mut &proof[..]).unwrap();
        let nodes = leaves.into_iter().map(|leaf| DataOrHash::Data(leaf.into_opaque_leaf())).collect();
        pallet_mmr::verify_leaves_proof::<Keccak256, _>(root, nodes, proof).unwrap();
        let keys = [item("Ibc", "Anchor")];
        let nodes = fork.read_proof(number, &keys).unwrap();
        let state_root = forked.block.header.state_root;
        let read =
            sp_state_machine::read_proof_check::<BlakeTwo256, _>(state_root, sp_trie::StorageProof::new(nodes), &keys);
        assert_eq!(read.unwrap()[&keys[0]].as_ref().map(Vec::len), Some(32));
    }
    // A leaf tells of the parent: the first roots are alike, from the second on they differ.
    let roots: Vec<_> =
        [4, 5].map(|n| devnet.chain().block(n).unwrap().mmr_root() == fork.block(n).unwrap().block.mmr_root()).into();
    assert_eq!(roots, [true, false]);
    // The chain's own MMR is untouched.
    let answer = ask(&devnet, "mmr_generateProof", json!([[5], 6])).await;
    assert_eq!(ask(&devnet, "mmr_verifyProof", json!([answer])).await, json!(true));
}

#[tokio::test]
async fn states_outside_the_window_are_gone_and_the_rest_is_whole() {
    let devnet = Devnet::builder().on_demand().state_window(8).start().await.unwrap();
    devnet.mine_many(40).await;
    let key = hex0x(&item("System", "Number"));
    for number in 0..=40u32 {
        let block = devnet.chain().block(number).unwrap();
        let answer = rpc(&devnet, "state_getStorage", json!([key, block.hash])).await;
        if number > 40 - 8 {
            assert_eq!(bytes(&answer["result"]), number.encode(), "{answer}");
        } else {
            assert_eq!(answer["error"]["code"], 4003, "{number}: {answer}");
        }
    }
    let kept = devnet.chain().state_nodes();
    devnet.mine_many(40).await;
    assert!(devnet.chain().state_nodes() < kept * 2, "{kept} nodes became {}", devnet.chain().state_nodes());
    devnet.keep_states(2);
    let old = devnet.chain().block(78).unwrap();
    assert!(devnet.chain().storage(&old, &item("System", "Number")).is_err());
    let pairs = ask(&devnet, "state_getKeys", json!(["0x"])).await;
    assert!(pairs.as_array().unwrap().len() > 40);
}

#[tokio::test]
async fn the_clock_can_be_moved() {
    let devnet = on_demand("clock").await;
    let before = devnet.mine().await.timestamp_ms;
    devnet.advance_time(Duration::from_secs(86_400));
    let after = devnet.mine().await.timestamp_ms;
    assert!(after >= before + 86_400_000);
    let stored = ask(&devnet, "state_getStorage", json!([hex0x(&item("Timestamp", "Now"))])).await;
    assert_eq!(bytes(&stored), after.encode());
}

#[tokio::test]
async fn set_code_raises_the_version_from_the_next_block_on() {
    let devnet = on_demand("upgrade").await;
    let alice = devnet.authorities()[0].account.clone();
    let old = ask(&devnet, "state_getRuntimeVersion", json!([])).await;
    let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: devnet.authorities()[1].account.clone().into(),
        value: UNIT,
    });
    let bob = devnet.authorities()[1].account.clone();
    let stale = devnet.sign(&bob, transfer.clone()).unwrap();
    let block = devnet.upgrade().await.unwrap();
    assert!(block.upgrades_runtime());
    let new = ask(&devnet, "state_getRuntimeVersion", json!([])).await;
    assert_eq!(new["specVersion"].as_u64(), old["specVersion"].as_u64().map(|version| version + 1));
    let refused = rpc(&devnet, "author_submitExtrinsic", json!([hex0x(&stale)])).await;
    assert_eq!(refused["error"]["code"], 1010, "{refused}");
    devnet.act(&alice, transfer).await.unwrap();
}

#[tokio::test]
async fn the_register_of_the_customs_office_keeps_who_ordered() {
    let devnet = on_demand("customs").await;
    let bob = devnet.authorities()[1].account.clone();
    let reference: customs::Reference = b"BL-2026-0042".to_vec().try_into().unwrap();
    let remark: customs::Remark = b"seal broken".to_vec().try_into().unwrap();
    let order = customs::Call::<Runtime>::record_inspection { reference: reference.clone(), remark };
    let block = devnet.act(&bob, RuntimeCall::CustomsRegistry(order.clone())).await.unwrap();
    let key = [
        &item("CustomsRegistry", "Inspections")[..],
        &sp_crypto_hashing::blake2_128(&reference.encode()),
        &reference.encode(),
    ]
    .concat();
    let stored = devnet.chain().storage(&block, &key).unwrap().unwrap();
    let stored = <customs::Inspection<sp_runtime::AccountId32, u32>>::decode(&mut &stored[..]).unwrap();
    assert_eq!((stored.ordered_by, stored.block), (bob.clone(), block.number()));
    let clear = customs::Call::<Runtime>::declare_clearance { reference, document: [7; 32] };
    devnet.act(&bob, RuntimeCall::CustomsRegistry(clear)).await.unwrap();
    devnet.act(&bob, RuntimeCall::CustomsRegistry(order)).await.unwrap();
    // The second order came too late: it is in a block, and has failed.
    let count = [&item("CustomsRegistry", "InspectionCount")[..], &key[32..]].concat();
    assert_eq!(devnet.chain().storage(&devnet.head(), &count).unwrap(), Some(1u32.encode()));
}

#[tokio::test]
async fn a_censored_account_waits() {
    let devnet = Devnet::builder().on_demand().start().await.unwrap();
    let dev = lupu_substrate_runtime::keys::DevKeys::default();
    let (alice, bob) = (dev.account("Alice"), dev.account("Bob"));
    let remark = || RuntimeCall::System(frame_system::Call::remark { remark: vec![1] });
    let censored = bob.clone();
    devnet.censor(move |who| *who == censored);
    assert!(matches!(devnet.act(&bob, remark()).await, Err(ActionError::NotIncluded(_))));
    devnet.act(&alice, remark()).await.unwrap();
    assert_eq!(devnet.mine().await.extrinsics.len(), 1, "an inherent, nothing else");
    devnet.uncensor();
    assert_eq!(devnet.mine().await.extrinsics.len(), 2, "what waited is in the next block");
    devnet.act(&bob, remark()).await.unwrap();
}
