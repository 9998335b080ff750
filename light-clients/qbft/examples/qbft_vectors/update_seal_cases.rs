//! Seals: each rule violated alone.

use crate::{
    common::{Scenario, high_s, state_trie::seeded, validators},
    update_cases::Cases,
};
use alloy_primitives::B256;
use lupu_qbft::Kind::{Ibft2, Qbft};
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut cases = Cases(Vec::new());
    let c = &mut cases;
    let digest_case = |kind, f: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let s = Scenario::new(kind, 4);
        let mut seals = s.block.seals(&s.signers);
        f(&mut seals);
        let message = s.message_with(s.block.raw(&seals)).encode();
        (s, message)
    };
    let mut put = |name: &str, what: &str, expect: &str, f: &dyn Fn(&mut Vec<Vec<u8>>)| {
        for kind in [Qbft, Ibft2] {
            let (s, message) = digest_case(kind, f);
            c.raw(&format!("{name}_{}", kind.name()), what, &s, message, expect);
        }
    };
    let order = alloy_primitives::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    put("seal_short", "64 bytes", "InvalidSeal", &|s| s[1].truncate(64));
    put("seal_long", "66 bytes", "InvalidSeal", &|s| s[1].push(0));
    put("seal_empty", "no bytes", "InvalidSeal", &|s| s[1].clear());
    put("seal_v_27", "v as in transactions", "InvalidSeal", &|s| s[0][64] += 27);
    put("seal_v_2", "v of 2", "InvalidSeal", &|s| s[0][64] = 2);
    put("seal_r_zero", "r of zero", "InvalidSeal", &|s| s[2][..32].fill(0));
    put("seal_s_zero", "s of zero", "InvalidSeal", &|s| s[2][32..64].fill(0));
    put("seal_r_order", "r is the order", "InvalidSeal", &|s| s[2][..32].copy_from_slice(&order));
    put("seal_s_order", "s is the order", "InvalidSeal", &|s| s[2][32..64].copy_from_slice(&order));
    put("seal_r_off_curve", "no point has this r", "InvalidSeal", &|s| {
        s[2][..32].copy_from_slice(B256::with_last_byte(5).as_slice());
    });
    put("seal_high_s", "the other signature of the same signer", "InvalidSeal", &|s| {
        s[0] = high_s(&s[0]);
    });
    put("seal_s_half_plus_one", "s just above half the order", "InvalidSeal", &|s| {
        let half = alloy_primitives::hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1");
        s[2][32..64].copy_from_slice(&half);
    });
    put("seal_twice", "one seal is listed twice", "SealsNotSorted", &|s| s[1] = s[0].clone());
    put("seals_swapped", "signers descend", "SealsNotSorted", &|s| s.swap(0, 1));
    put("seals_reversed", "signers descend", "SealsNotSorted", &|s| s.reverse());
    put("seals_too_few", "one below the quorum", "TooFewSeals", &|s| drop(s.pop()));
    put("seals_none", "no seals", "TooFewSeals", &|s| s.clear());
    put("seals_too_many", "more seals than validators", "InvalidSeal", &|s| {
        let more = s[2].clone();
        s.extend([more.clone(), more]);
    });

    for n in 1..=10 {
        let mut s = Scenario::new(Qbft, n);
        s.signers.pop();
        let name = format!("quorum_minus_one_{n}");
        c.put(&name, "one seal below the quorum", &s, "TooFewSeals");
    }
    let foreign = |with: &[usize]| {
        let mut s = Scenario::new(Qbft, 4);
        let mut set: Vec<_> = with.iter().map(|i| s.header_set[*i].clone()).collect();
        set.extend(validators("stranger", 1));
        s.signers = crate::common::sorted(set);
        s
    };
    c.put("seal_foreign", "one seal of a stranger", &foreign(&[0, 1]), "ForeignSeal");
    let s = foreign(&[0, 1, 2]);
    c.put("seal_foreign_beside_quorum", "a quorum, and a stranger's seal", &s, "ForeignSeal");

    for kind in [Qbft, Ibft2] {
        let mut s = Scenario::new(kind, 4);
        s.block.round = 3;
        let mut other = s.block.clone();
        other.round = 2;
        let header = s.block.raw(&other.seals(&s.signers));
        let name = format!("wrong_round_digest_{}", kind.name());
        rejected_seals(c, &name, "sealed over another round's digest", &s, header);
        let header = s.block.raw(&s.signers.iter().map(|v| v.seal(&s.block.hash())).collect::<Vec<_>>());
        let name = format!("sealed_block_hash_{}", kind.name());
        rejected_seals(c, &name, "sealed over the block hash, not the digest", &s, header);
    }
    let mut s = Scenario::new(Qbft, 4);
    let mut other = s.block.clone();
    other.state_root = seeded("forged", 0);
    s.block = other.clone();
    let seals = Scenario::new(Qbft, 4).block.seals(&s.signers);
    rejected_seals(c, "forged_state_root", "seals of the true block", &s, other.raw(&seals));
    cases.0
}

/// Seals over another digest recover to addresses that no one chose. Which check they fail
/// depends on these; the plain checker says.
fn rejected_seals(c: &mut Cases, name: &str, what: &str, s: &Scenario, header: Vec<u8>) {
    let message = s.message_with(header).encode();
    let verdict = crate::common::reference::update(s, &message);
    let verdict = verdict.expect_err("seals over another digest");
    c.raw(name, what, s, message, verdict);
}
