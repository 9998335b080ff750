//! The router's account: absent, other code, malformed, badly proven.

use crate::{
    common::{Scenario, number, state_trie::seeded, string},
    update_cases::Cases,
};
use alloy_primitives::B256;
use lupu_qbft::Kind::Qbft;
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut cases = Cases(Vec::new());
    let c = &mut cases;
    let mut s = Scenario::new(Qbft, 4);
    s.change_state(|state| state.router_present = false);
    let what = "another chain of the same validators: no router at this address";
    c.put("sister_network", what, &s, "RouterAbsent");
    let mut s = Scenario::new(Qbft, 4);
    s.change_state(|state| state.code_hash = seeded("other code", 0));
    c.put("other_code", "the account holds other code", &s, "RouterCodeMismatch");
    let mut s = Scenario::new(Qbft, 4);
    s.change_state(|state| state.storage_root = Some(B256::ZERO));
    c.put("zero_storage_root", "no trie has this root", &s, "ZeroStorageRoot");

    let s = Scenario::new(Qbft, 4);
    let good = s.message();
    let proof = good.account_proof.to_vec();
    let mut put = |name: &str, what: &str, proof: Vec<u8>| {
        let mut message = good.clone();
        message.account_proof = proof.into();
        c.raw(&format!("account_{name}"), what, &s, message.encode(), "InvalidProof");
    };
    put("proof_empty", "no bytes", Vec::new());
    put("proof_no_nodes", "no nodes", vec![0, 0]);
    put("proof_truncated", "the last byte is missing", proof[..proof.len() - 1].to_vec());
    put("proof_extended", "one byte too many", [&proof[..], &[0]].concat());
    let mut fewer = proof.clone();
    fewer[1] -= 1;
    put("proof_count_low", "one node is not counted", fewer);
    let mut more = proof.clone();
    more[1] += 1;
    put("proof_count_high", "one node is missing", more);
    let mut restart = proof.clone();
    restart[0] = 1;
    put("proof_restart", "the first key keeps a path", restart);
    for at in [2, 3, 40, proof.len() / 2, proof.len() - 1] {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        put(&format!("proof_bit_{at}"), "one bit is flipped", flipped);
    }
    let mut other = Scenario::new(Qbft, 4);
    other.change_state(|state| state.neighbours = 59);
    put("proof_other_root", "a proof in another state", other.state.account_proof().to_vec());

    for (name, account) in malformed_accounts(&s) {
        let mut s = Scenario::new(Qbft, 4);
        let key = alloy_primitives::keccak256(s.state.router);
        let mut trie = s.state.trie();
        trie.0.insert(key, account);
        s.block.state_root = trie.root();
        let set: lupu_ethereum_state::NodeSet = trie.nodes(&[key]).into_iter().collect();
        let mut message = s.message();
        message.account_proof = set.pack(&trie.root(), &[key]).unwrap().into();
        c.raw(&name, "the proven account is malformed", &s, message.encode(), "InvalidProof");
    }
    cases.0
}

fn malformed_accounts(s: &Scenario) -> Vec<(String, Vec<u8>)> {
    use crate::common::list;
    let root = string(s.state.storage_trie().root().as_slice());
    let code = string(s.state.code_hash.as_slice());
    let (one, zero) = (number(1), vec![0x80]);
    [
        ("three_items", list(&[one.clone(), zero.clone(), root.clone()])),
        ("five_items", list(&[one.clone(), zero.clone(), root.clone(), code.clone(), zero.clone()])),
        ("nonce_leading_zero", list(&[vec![0x00], zero.clone(), root.clone(), code.clone()])),
        ("nonce_9_bytes", list(&[string(&[1; 9]), zero.clone(), root.clone(), code.clone()])),
        ("balance_33_bytes", list(&[one.clone(), string(&[1; 33]), root.clone(), code.clone()])),
        ("balance_leading_zero", list(&[one.clone(), string(&[0, 1]), root.clone(), code.clone()])),
        ("short_root", list(&[one.clone(), zero.clone(), string(&[7; 31]), code.clone()])),
        ("long_code_hash", list(&[one.clone(), zero.clone(), root.clone(), string(&[7; 33])])),
        ("not_a_list", string(&[7; 70])),
        ("trailing_byte", [list(&[one, zero, root, code]), vec![0]].concat()),
    ]
    .map(|(name, account)| (format!("account_{name}"), account))
    .to_vec()
}
