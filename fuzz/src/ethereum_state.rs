//! Ethereum state: RLP, trie nodes, packed proofs, accounts and words.

use crate::{
    edit::edits,
    input::Input,
    proof::Trie,
    references::qbft::state_trie::reference,
    vectors::{Case, load},
};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{
    Nibbles, TrieAccount,
    nodes::{RlpNode, TrieNode},
    proof::{ProofVerificationError, verify_proof},
};
use lupu_ethereum_state::{
    Account, NodeSet,
    account::{encode_storage_value, storage_value},
    node::Node,
    packed,
    rlp::{self, Item, put_bytes, put_list_header},
};
use std::sync::LazyLock;

/// Writes an item again from its payload, lists item by item down to the strings.
fn write(item: &Item<'_>, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    if !item.is_list {
        put_bytes(out, item.payload);
        return Some(());
    }
    let mut items = item.list().ok()?;
    let mut body = Vec::new();
    while !items.is_empty() {
        let inner = items.item().ok()?;
        if depth == 0 { body.extend_from_slice(inner.raw) } else { write(&inner, depth - 1, &mut body)? }
    }
    put_list_header(out, body.len());
    out.extend(body);
    Some(())
}

/// RLP has one encoding of a value: what is read is written as the same bytes. alloy-rlp agrees
/// on the outermost item.
pub fn eth_rlp(data: &[u8]) {
    let single = rlp::single(data);
    let mut rest = data;
    let header = alloy_rlp::Header::decode(&mut rest);
    let whole = header.as_ref().is_ok_and(|h| h.payload_length == rest.len());
    assert_eq!(single.is_ok(), whole, "{single:?} {header:?}");
    let Ok(item) = single else { return };
    assert_eq!((item.raw, item.payload), (data, rest));
    assert_eq!(Some(item.is_list), header.ok().map(|h| h.list));
    let mut again = Vec::new();
    if write(&item, 64, &mut again).is_some() {
        assert_eq!(again, data);
    }
    let mut slice = data;
    let number = u64::decode(&mut slice).ok().filter(|_| slice.is_empty());
    assert_eq!(item.u64().ok(), number);
}

/// A node, and one step of a walk: the plain checker reads the same nodes.
pub fn eth_node(data: &[u8]) {
    let mut input = Input::new(data);
    let key = B256::right_padding_from(input.bytes(32));
    let raw = input.rest();
    // As the only node of a proof under its own hash.
    let root = keccak256(raw);
    let proof = [&[0, 1], raw].concat();
    let ours = packed::verify(&root, &[key], &proof);
    let plain = reference::packed(&root, &[key], &proof);
    let values = ours.as_ref().ok().map(|v| v.iter().map(|v| v.map(<[u8]>::to_vec)).collect::<Vec<_>>());
    assert_eq!(values, plain, "{ours:?}");
    if let Ok(Node::Leaf { path, value }) = Node::decode(raw) {
        assert!(!value.is_empty() && path.len() < 1 << 12);
    }
}

static PACKED: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let split = |c: &Case| Trie::Ethereum.split(&c.bytes("proof")).is_some();
    load("ethereum-state/packed").into_iter().filter(split).collect()
});

/// A case of `packed.json` with its keys and nodes edited, hashes made again; or, where the first
/// byte is 0, a proof as it is under the root that its first node has. The verdict and the values
/// are the plain checker's, and what verifies is proven by alloy-trie too.
pub fn eth_packed(data: &[u8]) {
    let mut input = Input::new(data);
    let (root, keys, proof) = if input.u8() == 0 {
        let count = 1 + usize::from(input.u8() % 3);
        let keys: Vec<B256> = (0..count).map(|_| B256::right_padding_from(input.bytes(32))).collect();
        let proof = input.rest().to_vec();
        let first = Trie::Ethereum.split(&proof).and_then(|parts| parts.first()?.items.first().map(keccak256));
        (first.unwrap_or(lupu_ethereum_state::EMPTY_ROOT), keys, proof)
    } else {
        let case = &PACKED[input.below(PACKED.len())];
        let mut keys: Vec<B256> = case.list("keys").iter().map(|k| B256::from_slice(k)).collect();
        for _ in 0..input.u8() % 4 {
            edit_key(&mut input, &mut keys);
        }
        let mut parts = Trie::Ethereum.split(&case.bytes("proof")).expect("a proof in parts");
        let root = Trie::Ethereum.edit(&mut input, case.hash("root"), &mut parts);
        let mut proof = Trie::Ethereum.join(&parts);
        edits(&mut input, &mut proof, &[]);
        (root, keys, proof)
    };
    check_packed(&root, &keys, &proof);
}

fn edit_key(input: &mut Input<'_>, keys: &mut Vec<B256>) {
    let (kind, at, byte) = (input.u8() % 5, input.below(keys.len()), input.u8());
    let Some(key) = keys.get_mut(at) else { return keys.push(B256::repeat_byte(byte)) };
    match kind {
        0 => key.0[usize::from(byte) % 32] ^= 1 << (input.u8() % 8),
        1 => key.0[usize::from(byte) % 32] = input.u8(),
        2 => {
            let copy = *key;
            keys.push(copy);
        }
        3 => drop(keys.remove(at)),
        _ => keys.swap(0, at),
    }
}

fn check_packed(root: &B256, keys: &[B256], proof: &[u8]) {
    let ours = packed::verify(root, keys, proof);
    let plain = reference::packed(root, keys, proof);
    let values = ours.as_ref().ok().map(|v| v.iter().map(|v| v.map(<[u8]>::to_vec)).collect::<Vec<_>>());
    assert_eq!(values, plain, "{ours:?}");
    let words = packed::verify_storage(root, keys, proof);
    let plain_words = plain.and_then(|values| {
        values
            .iter()
            .map(|v| v.as_ref().map(|leaf| reference::word(leaf)).map_or(Some(None), |w| w.map(Some)))
            .collect()
    });
    assert_eq!(words.ok(), plain_words);
    let Some(values) = values else { return };
    let items = packed::items(proof).expect("a good proof has items");
    let set: NodeSet = items.iter().map(|item| Bytes::copy_from_slice(item)).collect();
    if *root != lupu_ethereum_state::EMPTY_ROOT {
        assert_eq!(set.pack(root, keys).as_deref(), Ok(proof), "a proof has one encoding");
        assert_eq!(set.unused(root, keys), Ok(0));
    }
    for (key, value) in keys.iter().zip(&values) {
        assert_eq!(set.verify(root, key).as_ref(), Ok(value));
        by_alloy(root, key, value.as_ref(), &set);
    }
}

/// Nibbles of the longest way through a node and the nodes inside it, as alloy-trie reads them.
fn longest(node: &[u8]) -> usize {
    let Ok(node) = TrieNode::decode(&mut &*node) else { return 0 };
    let inner = |child: &RlpNode| if child.is_hash() { 0 } else { longest(child) };
    match node {
        TrieNode::EmptyRoot => 0,
        TrieNode::Branch(branch) => 1 + branch.stack.iter().map(inner).max().unwrap_or(0),
        TrieNode::Extension(extension) => extension.key.len() + inner(&extension.child),
        TrieNode::Leaf(leaf) => leaf.key.len(),
    }
}

/// alloy-trie takes the nodes of one key's path in their order, and does not find another value. It
/// cannot read values in branches, which secure tries do not have; and it panics at paths longer than
/// a key, which lead to no value: it is not asked about them.
fn by_alloy(root: &B256, key: &B256, value: Option<&Vec<u8>>, set: &NodeSet) {
    let packed = set.pack(root, &[*key]).expect("a walk that was made");
    let parts = Trie::Ethereum.split(&packed).expect("a proof in parts");
    let path: Vec<Bytes> = parts.into_iter().flat_map(|p| p.items).map(Bytes::from).collect();
    if path.iter().map(|node| longest(node)).sum::<usize>() > 64 {
        return;
    }
    match verify_proof(*root, Nibbles::unpack(key), value.cloned(), &path) {
        Ok(()) | Err(ProofVerificationError::Rlp(_)) => {}
        Err(e) => panic!("{e} {key} {value:?}"),
    }
}

/// An account leaf, as alloy-trie reads it; and a storage word.
pub fn eth_account(data: &[u8]) {
    let ours = Account::decode(data);
    let mut rest = data;
    let theirs = TrieAccount::decode(&mut rest).ok().filter(|_| rest.is_empty());
    let same = theirs.map(|a| Account {
        nonce: a.nonce,
        balance: a.balance,
        storage_root: a.storage_root,
        code_hash: a.code_hash,
    });
    assert_eq!(ours.ok(), same);
    if let Ok(account) = ours {
        assert_eq!(account.encode(), data);
    }
    let word = storage_value(data);
    let mut rest = data;
    let number = U256::decode(&mut rest).ok().filter(|n| rest.is_empty() && !n.is_zero());
    assert_eq!(word.ok(), number.map(B256::from));
    if let Ok(word) = word {
        assert_eq!(encode_storage_value(&word).as_deref(), Some(data));
    }
}
