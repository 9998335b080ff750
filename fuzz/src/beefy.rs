//! BEEFY: commitments, finality proofs, leaves, Merkle mountain ranges, messages, updates,
//! evidence, membership. With the feature `upstream` every verdict is compared with the plain
//! checker's, which stands on upstream's own types.

#[cfg(feature = "upstream")]
use crate::references::beefy::reference;
use crate::{
    cached::Cached,
    client::{self, Claims, Draw, Family, change, family, name, one_encoding},
    edit::{edit, edits, replace},
    input::Input,
    keys::sign,
    proof::Trie,
    vectors::{load, load_all},
};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_beefy::{
    AuthoritySet, BeefyClient, ClientState, Commitment, ConsensusState, LeafProof, MembershipProof, Misbehaviour,
    MmrLeaf, ProvenLeaf, SignedCommitment, UpdateMessage, inspect, mmr, split_addresses, trim, unwrap_leaves,
    wrap_leaves,
};
use lupu_light_client::{LightClient, UpdateResult};
use lupu_standard::Height;
use lupu_substrate_state::{Header, blake2_256};
use std::sync::LazyLock;

/// A commitment: read and written as the same bytes; the plain checker reads the same one.
pub fn beefy_commitment(data: &[u8]) {
    let ours = Commitment::decode(data);
    if let Ok(commitment) = &ours {
        assert_eq!(commitment.encode(), data);
        assert_eq!(commitment.hash(), keccak256(data));
        assert!(data.len() <= 1024 && commitment.payloads.is_sorted_by(|a, b| a.id < b.id));
    }
    #[cfg(feature = "upstream")]
    {
        let ours = ours.ok().and_then(|c| Some((c.block_number, c.validator_set_id, c.mmr_root().ok()?.to_vec())));
        assert_eq!(ours, reference::commitment(data));
    }
}

/// A finality proof as nodes serve it. Both widths of the bitfield are read, one is written; what
/// is written reads as the same proof. Who signed is the same for a proof and for what is sent of it.
pub fn beefy_finality_proof(data: &[u8]) {
    let Ok(signed) = SignedCommitment::decode(data) else { return };
    let again = signed.encode();
    assert_eq!(SignedCommitment::decode(&again).as_ref(), Ok(&signed));
    assert!(again == data || again.len().abs_diff(data.len()) == 1, "{} {}", again.len(), data.len());
    assert!(signed.present() <= signed.signatures.len() && signed.signatures.len() <= 4096);
    if signed.present() > 8 {
        return;
    }
    let digest = signed.commitment.hash();
    let summary = inspect(&signed, None, &Cached);
    assert_eq!(summary.block_number, signed.commitment.block_number);
    for signer in &summary.signers {
        let signature = signed.signatures.get(signer.index).copied().flatten().expect("a signature");
        assert_eq!(signer.recovered, lupu_beefy::signature::signer(&digest, &signature, &Cached));
    }
}

/// A leaf, the list of leaves around it, and the proof that nodes serve with them.
pub fn beefy_leaf(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 3 {
        0 => {
            let raw = input.rest();
            let Ok(leaf) = MmrLeaf::decode(raw) else { return };
            assert_eq!(leaf.encode(), raw);
            assert_eq!(leaf.hash(), keccak256(raw));
        }
        1 => {
            let raw = input.rest();
            if let Ok(leaves) = unwrap_leaves(raw) {
                assert_eq!(wrap_leaves(&leaves), raw);
            }
            if let Ok(proof) = LeafProof::decode(raw) {
                assert_eq!(proof.encode(), raw);
            }
        }
        _ => {
            let len = input.below(4096);
            let (leaves, proof) = (input.bytes(len), input.rest());
            if let Ok(proven) = ProvenLeaf::decode(leaves, proof) {
                assert_eq!(wrap_leaves(&[proven.leaf.encode()]), leaves);
                assert_eq!(proven.proof.encode(), proof);
            }
        }
    }
}

/// A Merkle mountain range of up to 64 leaves and a proof of one: items edited. What verifies is
/// what the leaves give; the plain checker and upstream agree.
pub fn beefy_mmr(data: &[u8]) {
    let mut input = Input::new(data);
    let leaves: Vec<B256> = (0..1 + input.u8() % 64).map(|i| keccak256([i])).collect();
    let count = leaves.len() as u64;
    let index = input.below(leaves.len());
    let leaf = leaves[index];
    let root = mmr::root(&leaves).expect("a root");
    let mut items = mmr::join_items(&mmr::prove(&leaves, index as u64).expect("a proof"));
    assert_eq!(
        mmr::split_items(&items).map(|items| mmr::verify(&root, &leaf, index as u64, count, &items)),
        Ok(Ok(()))
    );
    let good = items.clone();
    edits(&mut input, &mut items, &good);
    let said_index = if input.u8() % 4 == 1 { input.number(count) } else { index as u64 };
    let said_count = if input.u8() % 4 == 1 { input.number(count) } else { count };
    let said_root = if input.u8() % 4 == 1 { B256::right_padding_from(input.bytes(32)) } else { root };
    let split = mmr::split_items(&items);
    let verdict = split.as_ref().map(|items| mmr::verify(&said_root, &leaf, said_index, said_count, items));
    let accepted = verdict == Ok(Ok(()));
    if (said_index, said_count, said_root) == (index as u64, count, root) {
        assert_eq!(accepted, items == good, "one proof of one leaf");
    }
    if let Ok(items) = &split {
        assert_eq!(mmr::join_items(items).len(), items.len() * 32);
    }
    if accepted {
        let length = mmr::proof_length(said_index, said_count).expect("a place");
        assert_eq!(items.len(), length * 32);
        let by_root = mmr::root_from(&leaf, said_index, said_count, &split.expect("whole items"));
        assert_eq!(by_root, Ok(said_root));
    }
    #[cfg(feature = "upstream")]
    if said_count < 1 << 32 && said_index < said_count && !said_root.is_zero() {
        assert_eq!(accepted, reference::in_mmr(said_root.as_slice(), leaf, said_index, said_count, &items));
    }
}

/// What is sent to a client and what it keeps: one encoding each.
pub fn beefy_messages(data: &[u8]) {
    one_encoding!(data, UpdateMessage, Misbehaviour, MembershipProof, ConsensusState, ClientState)
}

family!(Beefy, BeefyClient, with_recover);

type Base = client::Base<Beefy>;

#[cfg(feature = "upstream")]
fn plain_client(case: &Base) -> reference::Client {
    reference::Client::new(&case.client.encode(), &case.plain_stored(), case.now)
}

/// Where the updates come from, in the order in which inputs count them.
pub const UPDATE_FILES: [&str; 4] =
    ["beefy/update", "beefy/update_headers", "beefy/update_leaves", "beefy/update_signatures"];

static UPDATES: LazyLock<Vec<Base>> =
    LazyLock::new(|| load_all(&UPDATE_FILES).iter().map(|c| Base::read(c, "message")).collect());

/// An update of a vector: as it is, with its bytes edited, or with its parts edited and what
/// follows from them made again: the anchor proof's root in the header, the header's hash in the
/// leaf, the range's root in the commitment, the signatures.
pub fn beefy_update(data: &[u8]) {
    let mut input = Input::new(data);
    let draw = Draw::new(&mut input, &UPDATES);
    let mut case = draw.base.clone();
    match (draw.mode, UpdateMessage::decode(&draw.base.raw), UpdateMessage::decode(&draw.other.raw)) {
        (2 | 3, Ok(mut message), Ok(other)) => {
            edit_message(&mut input, &mut case, &mut message, &other, draw.mode == 3);
            case.raw = message.encode();
        }
        _ => draw.edit_bytes(&mut input, &mut case),
    }
    draw.expects(check_update(&case));
}

fn check_update(case: &Base) -> &'static str {
    let mut client = case.client();
    let fast = client.apply(&case.raw, case.now());
    #[cfg(feature = "upstream")]
    match (&fast, reference::update_client(&plain_client(case), &case.raw)) {
        (Ok((v, result)), Ok(o)) => {
            assert_eq!((name(*result), v.height.0), (o.result, o.height));
            assert_eq!(client.state().encode(), o.after);
            assert_eq!(v.consensus.encode(), o.consensus);
        }
        (Err(e), Err(name)) => assert_eq!(e.check, name, "{}", e.detail),
        (fast, slow) => panic!("{fast:?} {slow:?}"),
    }
    let (v, result) = match fast {
        Ok(accepted) => accepted,
        Err(e) => {
            assert_eq!(*client.state(), case.client);
            return e.check;
        }
    };
    // What was accepted can be derived again from the message.
    let m = UpdateMessage::decode(&case.raw).expect("it was accepted");
    assert_eq!(v.commitment.encode(), m.commitment.as_ref());
    assert_eq!(v.leaf.encode(), m.leaf.as_ref());
    let header = Header::decode(&m.header).expect("it was accepted");
    assert_eq!((header.encode(), header.hash()), (m.header.to_vec(), v.block_hash));
    assert_eq!((v.leaf.parent_hash, u64::from(header.number)), (blake2_256(&m.header), v.height.0));
    assert_eq!(v.consensus.state_root, header.state_root);
    let set = if v.handover.is_some() { case.client.next } else { case.client.current };
    let signers = split_addresses(&m.authorities).expect("whole addresses");
    assert_eq!(AuthoritySet::new(set.id, &signers), set);
    assert!(v.signers.len() * 3 > signers.len() * 2 && v.signers.is_sorted_by(|a, b| a < b));
    assert_eq!(client.state().frozen, result == UpdateResult::Misbehaviour);
    if result != UpdateResult::Misbehaviour && v.handover.is_some() {
        assert_eq!(Some(client.state().next), v.handover);
    }
    if result == UpdateResult::Update {
        assert_eq!(client.consensus_hash(v.height), Some(v.consensus.hash()));
    }
    name(result)
}

fn edit_bytes(input: &mut Input<'_>, bytes: &mut Bytes, other: &[u8]) {
    change(bytes, |data| edit(input, data, other));
}

fn set<const N: usize>(bytes: &mut Bytes, at: usize, new: [u8; N]) {
    change(bytes, |data| {
        if let Some(slot) = data.get_mut(at..at.saturating_add(N)) {
            slot.copy_from_slice(&new);
        }
    });
}

fn edit_message(input: &mut Input<'_>, case: &mut Base, m: &mut UpdateMessage, other: &UpdateMessage, more: bool) {
    let before = m.clone();
    let flags = input.u8();
    for _ in 0..1 + input.u8() % 4 {
        match input.u8() % 14 {
            0 => edit_bytes(input, &mut m.commitment, &other.commitment),
            1 => edit_bytes(input, &mut m.authorities, &other.authorities),
            2 => edit_bytes(input, &mut m.signatures, &other.signatures),
            3 | 4 => edit_bytes(input, &mut m.leaf, &other.leaf),
            5 => edit_bytes(input, &mut m.mmr_items, &other.mmr_items),
            6 | 7 => edit_bytes(input, &mut m.header, &other.header),
            8 => edit_bytes(input, &mut m.anchor_proof, &other.anchor_proof),
            9 => case.now = input.number(case.now),
            10 => case.client.frozen = input.u8() & 1 == 1,
            11 => std::mem::swap(&mut case.client.current, &mut case.client.next),
            12 => {
                // The number, in header (where its width allows) and leaf.
                let number = input.number(case.client.latest_height.0) as u32;
                set(&mut m.leaf, 1, number.to_le_bytes());
            }
            _ => {
                let number = input.number(case.client.latest_height.0) as u32;
                let at = m.commitment.len().saturating_sub(12);
                set(&mut m.commitment, at, number.to_le_bytes());
            }
        }
    }
    if more && let Some(mut parts) = Trie::Substrate.split(&m.anchor_proof) {
        let root = Header::decode(&before.header).map(|h| h.state_root).unwrap_or_default();
        let new = Trie::Substrate.edit(input, root, &mut parts);
        m.anchor_proof = Trie::Substrate.join(&parts).into();
        change(&mut m.header, |data| replace(data, root.as_slice(), new.as_slice()));
    }
    if flags & 1 == 0 {
        change(&mut m.leaf, |data| {
            replace(data, blake2_256(&before.header).as_slice(), blake2_256(&m.header).as_slice())
        });
    }
    if flags & 2 == 0 {
        follow_root(case, m, &before);
    }
    if flags & 4 == 0 {
        sign_again(m);
    }
    if flags & 8 == 8 {
        let list = split_addresses(&m.authorities).unwrap_or_default();
        let id = case.client.current.id;
        case.client.current = AuthoritySet::new(id, &list);
    }
}

/// The commitment's root becomes the one that leaf and items give.
fn follow_root(case: &Base, m: &mut UpdateMessage, before: &UpdateMessage) {
    let (Ok(old), Ok(commitment)) = (Commitment::decode(&before.commitment), Commitment::decode(&m.commitment)) else {
        return;
    };
    let (Ok(old), Ok(leaf), Ok(items)) = (old.mmr_root(), MmrLeaf::decode(&m.leaf), mmr::split_items(&m.mmr_items))
    else {
        return;
    };
    let first = case.client.first_mmr_block;
    let index = u64::from(leaf.parent_number).saturating_add(1).checked_sub(first);
    let count = u64::from(commitment.block_number).saturating_add(1).checked_sub(first);
    let (Some(index), Some(count)) = (index, count) else { return };
    if let Ok(root) = mmr::root_from(&keccak256(&m.leaf), index, count, &items) {
        change(&mut m.commitment, |data| replace(data, old.as_slice(), root.as_slice()));
    }
}

/// Every signature is made again by the authority that its index names.
fn sign_again(m: &mut UpdateMessage) {
    let Some(list) = split_addresses(&m.authorities) else { return };
    let digest = keccak256(&m.commitment);
    let mut signatures = m.signatures.to_vec();
    for entry in signatures.chunks_exact_mut(66) {
        if let Some(new) = list.get(usize::from(entry[0])).and_then(|who| sign(who, &digest)) {
            entry[1..].copy_from_slice(&new);
        }
    }
    m.signatures = signatures.into();
}

static EVIDENCE: LazyLock<Vec<Base>> =
    LazyLock::new(|| load("beefy/misbehaviour").iter().map(|c| Base::read(c, "evidence")).collect());

/// Evidence of a vector, as [`beefy_update`].
pub fn beefy_misbehaviour(data: &[u8]) {
    let mut input = Input::new(data);
    let draw = Draw::new(&mut input, &EVIDENCE);
    let mut case = draw.base.clone();
    match (draw.mode, Misbehaviour::decode(&draw.base.raw), Misbehaviour::decode(&draw.other.raw)) {
        (2 | 3, Ok(mut evidence), Ok(other)) => {
            if input.u8() & 1 == 0 {
                edit_message(&mut input, &mut case, &mut evidence.a, &other.b, draw.mode == 3);
            }
            edit_message(&mut input, &mut case, &mut evidence.b, &other.a, draw.mode == 3);
            case.raw = evidence.encode();
        }
        _ => draw.edit_bytes(&mut input, &mut case),
    }
    let mut client = case.client();
    let fast = client.misbehaviour(&case.raw, case.now());
    let verdict = fast.as_ref().map_or_else(|e| e.check, |()| "Misbehaviour");
    #[cfg(feature = "upstream")]
    {
        let slow = reference::misbehaviour(&plain_client(&case), &case.raw);
        assert_eq!(verdict, slow.err().unwrap_or("Misbehaviour"), "{fast:?}");
    }
    assert_eq!(client.state().frozen, fast.is_ok() || case.client.frozen);
    if fast.is_ok() {
        let evidence = Misbehaviour::decode(&case.raw).expect("it was accepted");
        let [a, b] = [evidence.a, evidence.b].map(|m| Commitment::decode(&m.commitment).expect("it was accepted"));
        assert_eq!(a.block_number, b.block_number);
        assert_ne!(a.mmr_root(), b.mmr_root());
    }
    draw.expects(verdict);
}

static MEMBERSHIP: LazyLock<Vec<Claims<Beefy>>> = LazyLock::new(|| Claims::load("beefy/membership"));

/// A verify call of a vector: claims, height, clock and proof edited, the stored hash made again.
pub fn beefy_membership(data: &[u8]) {
    let mut input = Input::new(data);
    let from = &MEMBERSHIP[input.below(MEMBERSHIP.len())];
    let untouched = input.is_empty();
    let call = from.edited(&mut input, |input, raw| {
        let mut proof = MembershipProof::decode(raw).ok()?;
        let mut parts = Trie::Substrate.split(&proof.nodes)?;
        proof.consensus.state_root = Trie::Substrate.edit(input, proof.consensus.state_root, &mut parts);
        proof.nodes = Trie::Substrate.join(&parts).into();
        Some((proof.encode(), proof.consensus.hash()))
    });
    let fast = call.verify();
    let (case, height) = (&call.base, call.height);
    if let Ok(time) = fast {
        let proof = MembershipProof::decode(&case.raw).expect("it was accepted");
        assert_eq!(proof.consensus.timestamp, time);
        assert!(case.stored.contains(&(height, proof.consensus.hash())));
        let prefix = case.client.pallet_prefix.0;
        let state =
            lupu_substrate_state::check_membership(&proof.consensus.state_root, &prefix, &call.claims, &proof.nodes);
        assert_eq!(state, Ok(()));
    }
    #[cfg(feature = "upstream")]
    if let Some(words) = client::words(&call.claims) {
        let slow = reference::membership(&plain_client(case), height.0, &words, &case.raw);
        assert_eq!(fast.as_ref().ok().map(|t| t.0), slow.ok(), "{fast:?}");
    }
    if untouched && from.base.expect == "ok" {
        assert!(fast.is_ok());
    }
}

/// What a relayer makes of a node's finality proof: sorted, trimmed signatures are what the client
/// accepts, whatever else the proof holds.
pub fn beefy_relay(data: &[u8]) {
    let mut input = Input::new(data);
    let base = &UPDATES[input.below(UPDATES.len())];
    let Ok(m) = UpdateMessage::decode(&base.raw) else { return };
    let (Some(list), Ok(commitment)) = (split_addresses(&m.authorities), Commitment::decode(&m.commitment)) else {
        return;
    };
    let mut signatures = vec![None; list.len().min(255)];
    for entry in m.signatures.chunks_exact(66) {
        if let Some(slot) = signatures.get_mut(usize::from(entry[0])) {
            *slot = entry[1..].try_into().ok();
        }
    }
    let mut raw = SignedCommitment { commitment, signatures }.encode();
    edits(&mut input, &mut raw, &[]);
    let Ok(signed) = SignedCommitment::decode(&raw) else { return };
    let digest = signed.commitment.hash();
    if let Ok(trimmed) = trim(&signed, &list, &Cached) {
        let entries = trimmed.chunks_exact(66);
        assert!(entries.remainder().is_empty());
        let mut last = None;
        for entry in entries {
            let signer = lupu_beefy::signature::signer(&digest, &entry[1..], &Cached);
            assert_eq!(signer.ok().as_ref(), list.get(usize::from(entry[0])));
            assert!(last < Some(entry[0]));
            last = Some(entry[0]);
        }
    }
}
