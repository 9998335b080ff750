//! Substrate state: headers, trie nodes, packed proofs, the anchor, claims about paths.

#[cfg(feature = "upstream")]
use crate::references::beefy::state_trie::{lookup, reference};
use crate::{
    edit::edits,
    input::Input,
    proof::Trie,
    vectors::{Case, load},
};
use alloy_primitives::{B256, Bytes};
use lupu_light_client::Claim;
use lupu_substrate_state::{
    Anchor, EMPTY_ROOT, Header, NodeSet, anchor_key, blake2_256, check_anchor, check_membership, commitment_prefix,
    membership::MIN_PATH, node::Node, packed, scale::Reader, verify,
};
use std::sync::LazyLock;

/// A header that is read is written as the same bytes, and sp-runtime reads the same header.
pub fn sub_header(data: &[u8]) {
    let ours = Header::decode(data);
    if let Ok(header) = &ours {
        assert_eq!(header.encode(), data);
        assert_eq!(header.hash(), blake2_256(data));
        let mut reader = Reader::new(data);
        assert_eq!(Header::read(&mut reader).as_ref(), Ok(header));
        assert_eq!(reader.left(), 0);
    }
    #[cfg(feature = "upstream")]
    {
        use crate::references::grandpa::{header_hash, reference};
        let plain = reference::header(data);
        assert_eq!(ours.is_ok(), plain.is_some(), "{ours:?}");
        if let (Ok(header), Some(plain)) = (ours, plain) {
            assert_eq!((header.hash(), header.number), (header_hash(&plain), plain.number));
            assert_eq!(header.state_root.0, plain.state_root.0);
        }
    }
}

/// A node, alone and as the only one of a proof under its own hash.
pub fn sub_node(data: &[u8]) {
    let mut input = Input::new(data);
    let key = input.short();
    let raw = input.rest();
    let node = Node::decode(raw);
    #[cfg(feature = "upstream")]
    assert_eq!(node.is_ok(), reference::node(raw).is_some(), "{node:?}");
    let Ok(len) = u16::try_from(raw.len()) else { return };
    let proof = [&[0, 1], &len.to_be_bytes()[..], raw].concat();
    let values = check_packed(&blake2_256(raw), &[key], &proof);
    assert!(values.is_none() || node.is_ok());
}

static PACKED: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let split = |c: &Case| Trie::Substrate.split(&c.bytes("proof")).is_some();
    load("substrate-state/packed").into_iter().filter(split).collect()
});

/// A case of `packed.json` with its keys and items edited, hashes made again; or, where the first
/// byte is 0, a proof as it is under the root that its first item has. The verdict and the values
/// are the plain checker's and trie-db's.
pub fn sub_packed(data: &[u8]) {
    let mut input = Input::new(data);
    let (root, keys, proof) = if input.u8() == 0 {
        let keys: Vec<Vec<u8>> = (0..1 + input.u8() % 3).map(|_| input.short().to_vec()).collect();
        let proof = input.rest().to_vec();
        let first = Trie::Substrate.split(&proof).and_then(|parts| parts.first()?.items.first().map(|i| blake2_256(i)));
        (first.unwrap_or(EMPTY_ROOT), keys, proof)
    } else {
        let case = &PACKED[input.below(PACKED.len())];
        let mut keys = case.list("keys");
        for _ in 0..input.u8() % 4 {
            edit_key(&mut input, &mut keys);
        }
        let mut parts = Trie::Substrate.split(&case.bytes("proof")).expect("a proof in parts");
        let root = Trie::Substrate.edit(&mut input, case.hash("root"), &mut parts);
        let mut proof = Trie::Substrate.join(&parts);
        edits(&mut input, &mut proof, &[]);
        (root, keys, proof)
    };
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    check_packed(&root, &keys, &proof);
}

fn edit_key(input: &mut Input<'_>, keys: &mut Vec<Vec<u8>>) {
    let (kind, at) = (input.u8() % 4, input.below(keys.len()));
    let other = keys.get(input.below(keys.len())).cloned().unwrap_or_default();
    match kind {
        0 => keys.push(other),
        1 if at < keys.len() => drop(keys.remove(at)),
        2 if at < keys.len() => keys.swap(0, at),
        _ => {
            if let Some(key) = keys.get_mut(at) {
                edits(input, key, &other);
            }
        }
    }
}

/// Verifies a proof and checks what it says, by every way there is. The values, if it is good.
fn check_packed(root: &B256, keys: &[&[u8]], proof: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let ours = verify(root, keys, proof);
    let values = ours.as_ref().ok().map(|v| v.iter().map(|v| v.map(<[u8]>::to_vec)).collect::<Vec<_>>());
    #[cfg(feature = "upstream")]
    match (&values, reference::packed(root, keys, proof)) {
        (Some(ours), Ok(plain)) => assert_eq!(*ours, plain),
        (None, Err(check)) => assert_eq!(ours.unwrap_err().kind.name(), check),
        (ours, plain) => panic!("{ours:?} {plain:?}"),
    }
    let items = packed::items(proof);
    let values = values?;
    let items = items.expect("a good proof has items");
    let set: NodeSet = items.iter().map(|item| Bytes::copy_from_slice(item)).collect();
    if *root != EMPTY_ROOT {
        assert_eq!(set.pack(root, keys).as_deref(), Ok(proof), "a proof has one encoding");
        assert_eq!(set.unused(root, keys), Ok(0));
    }
    for (key, value) in keys.iter().zip(&values) {
        if *root != EMPTY_ROOT || !items.is_empty() {
            assert_eq!(set.get(root, key), Ok(value.as_deref()));
        }
        #[cfg(feature = "upstream")]
        if *root != EMPTY_ROOT {
            let items: Vec<Vec<u8>> = items.iter().map(|item| item.to_vec()).collect();
            assert_eq!(lookup(root, &items, key).as_ref(), Ok(value));
        }
    }
    Some(values)
}

struct State {
    root: B256,
    prefix: [u8; 16],
    genesis: [u8; 24],
    proof: Vec<u8>,
}

static ANCHORS: LazyLock<Vec<State>> = LazyLock::new(|| {
    let state = |c: &Case| State {
        root: c.hash("state_root"),
        prefix: c.bytes("pallet_prefix").try_into().expect("16 bytes"),
        genesis: c.bytes("genesis").try_into().expect("24 bytes"),
        proof: c.bytes("proof"),
    };
    load("substrate-state/anchor").iter().map(state).collect()
});

/// The anchor in an edited state: a good one is what the proof holds under the anchor's key.
pub fn sub_anchor(data: &[u8]) {
    let mut input = Input::new(data);
    let case = &ANCHORS[input.below(ANCHORS.len())];
    let (mut prefix, mut genesis) = (case.prefix, case.genesis);
    if input.u8() % 8 == 1 {
        prefix[usize::from(input.u8() % 16)] ^= input.u8();
    }
    if input.u8() % 8 == 1 {
        genesis[usize::from(input.u8() % 24)] ^= input.u8();
    }
    let (mut root, mut proof) = (case.root, case.proof.clone());
    if let Some(mut parts) = Trie::Substrate.split(&proof) {
        root = Trie::Substrate.edit(&mut input, root, &mut parts);
        proof = Trie::Substrate.join(&parts);
    }
    edits(&mut input, &mut proof, &[]);
    let found = check_anchor(&root, &prefix, &genesis, &proof);
    let value = verify(&root, &[&anchor_key(&prefix)], &proof);
    match (&found, value.as_deref()) {
        (Ok(anchor), Ok([Some(value)])) => {
            assert_eq!(anchor.encode(), *value);
            assert_eq!(anchor.genesis, genesis);
        }
        (Err(e), Ok([Some(value)])) => {
            let other = Anchor::decode(value).is_none_or(|a| a.genesis != genesis);
            assert!(other && ["MalformedAnchor", "WrongChain"].contains(&e.name()), "{e}");
        }
        (Err(e), Ok([None])) => assert_eq!(e.name(), "AnchorAbsent"),
        (Err(e), Err(_)) => assert_eq!(e.name(), "InvalidProof"),
        (found, value) => panic!("{found:?} {value:?}"),
    }
}

static MEMBERSHIP: LazyLock<Vec<Case>> = LazyLock::new(|| load("substrate-state/membership"));

/// Claims about paths in an edited state: they hold if and only if the proof's values say so.
pub fn sub_membership(data: &[u8]) {
    let mut input = Input::new(data);
    let case = &MEMBERSHIP[input.below(MEMBERSHIP.len())];
    let prefix: [u8; 16] = case.bytes("pallet_prefix").try_into().expect("16 bytes");
    let (mut root, mut proof) = (case.hash("state_root"), case.bytes("proof"));
    let mut claims: Vec<(Vec<u8>, Claim)> =
        case.list("paths").into_iter().zip(case.list("values")).map(claim).collect();
    edit_claims(&mut input, &mut claims);
    if let Some(mut parts) = Trie::Substrate.split(&proof) {
        root = Trie::Substrate.edit(&mut input, root, &mut parts);
        proof = Trie::Substrate.join(&parts);
    }
    edits(&mut input, &mut proof, &[]);
    let verdict = check_membership(&root, &prefix, &claims, &proof);
    let start = commitment_prefix(&prefix);
    let paths_fit = !claims.is_empty()
        && claims.iter().all(|(path, _)| path.starts_with(&start) && (MIN_PATH..=169).contains(&path.len()));
    let keys: Vec<Vec<u8>> = claims
        .iter()
        .map(|(path, _)| {
            [&start[..], alloy_primitives::keccak256(path.get(32..).unwrap_or_default()).as_slice()].concat()
        })
        .collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let holds = verify(&root, &keys, &proof).is_ok_and(|values| {
        claims.iter().zip(values).all(|((_, claim), value)| match claim {
            Claim::Absent => value.is_none(),
            Claim::Present(claimed) => !claimed.is_zero() && value == Some(claimed.as_slice()),
        })
    });
    assert_eq!(verdict.is_ok(), paths_fit && holds, "{verdict:?}");
}

/// A claim as vectors write it: zero is absent.
pub fn claim((path, value): (Vec<u8>, Vec<u8>)) -> (Vec<u8>, Claim) {
    let value = B256::right_padding_from(value.get(..32).unwrap_or(&value));
    (path, if value.is_zero() { Claim::Absent } else { Claim::Present(value) })
}

/// Up to three changes of what is claimed.
pub fn edit_claims(input: &mut Input<'_>, claims: &mut Vec<(Vec<u8>, Claim)>) {
    for _ in 0..input.u8() % 4 {
        let (kind, at) = (input.u8() % 6, input.below(claims.len()));
        let other = claims.get(input.below(claims.len())).cloned();
        let Some((path, value)) = claims.get_mut(at) else { return };
        match kind {
            0 => edits(input, path, &other.map(|o| o.0).unwrap_or_default()),
            1 => *value = Claim::Absent,
            2 => *value = Claim::Present(B256::right_padding_from(input.bytes(32))),
            3 => claims.extend(other),
            4 => drop(claims.remove(at)),
            _ => claims.swap(0, at),
        }
    }
}
