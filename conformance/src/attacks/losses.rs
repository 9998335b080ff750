//! Real losses, made again: the same mistake in the terms of this standard.

use super::{
    Maker, beefy, grandpa,
    members::{Members, between, hexed, salt},
    qbft, states,
};
use crate::scenarios::{
    beefy as beefy_chain,
    grandpa::rng::Rng,
    qbft::{commitment, path, sorted, validators},
};
use alloy_primitives::B256;
use serde_json::json;

/// A loss.
pub struct Loss {
    /// As in the catalogue.
    pub id: &'static str,
    /// As in the catalogue.
    pub happened: &'static str,
    /// As in the catalogue.
    pub mistake: &'static str,
    /// As in the catalogue.
    pub rules: &'static [&'static str],
    /// As in the catalogue.
    pub checks: &'static [&'static str],
    /// As in the catalogue.
    pub tests: &'static [&'static str],
    /// What makes it again.
    pub makers: &'static [Maker],
}

/// All of them, oldest first.
pub const LOSSES: &[Loss] = &[
    Loss {
        id: "poly-2021",
        happened: "A message from another chain was carried to the contract that stores the signers of headers, and \
                   made its sender the only one; headers that he signed alone then released about 611 million US \
                   dollars.",
        mistake: "A header names its own signers and has a quorum of them. Signers are counted against the set that \
                  was trusted before, and a set is handed over only by what that set signed. And a message makes a \
                  call with power over the bridge: its call is made by an account of its sender's alone, which has no \
                  role at the router and its authority, and the pallet refuses calls of the host and what carries \
                  calls.",
        rules: &["LUPU-QBF-016", "LUPU-BFY-010", "LUPU-BFY-015", "LUPU-GRA-011", "LUPU-GMP-007", "LUPU-GMP-008"],
        checks: &["TooLittleOverlap", "AuthoritySetMismatch", "NextSetMismatch"],
        tests: &[
            "adapters/evm/contracts/test/PrivilegedCalls.t.sol#test_no_message_has_power_over_the_bridge",
            "adapters/substrate/pallets/gmp/src/tests/receiving.rs#no_call_is_privileged",
            "adapters/substrate/pallets/gmp/src/tests/filters.rs#what_is_forbidden_is_refused_by_name",
            "adapters/substrate/pallets/gmp/src/tests/filters.rs#a_forgotten_carrier_gains_nothing",
        ],
        makers: &[poly, beefy::list_swapped, grandpa::list_swapped],
    },
    Loss {
        id: "wormhole-2022",
        happened: "The program asked an account that the caller had named whether the guardians' signatures were \
                   good; it was not the system's, it said yes, and 120,000 wrapped ether were minted.",
        mistake: "The state of a block shows another account, or other code, where the client looks for the router. \
                  Address and code hash are pinned in the client, never taken from the message.",
        rules: &["LUPU-QBF-017", "LUPU-QBF-018", "LUPU-BFY-020", "LUPU-GRA-021"],
        checks: &[
            "RouterAbsent",
            "RouterCodeMismatch",
            "AnchorAbsent",
            "InvalidPath",
            "InvalidProof",
            "ConsensusStateMismatch",
        ],
        tests: &[],
        makers: &[qbft::other_contract, beefy::other_contract, grandpa::other_contract],
    },
    Loss {
        id: "ronin-2022",
        happened: "Five of nine validator keys, four of them with one company, signed withdrawals of about 620 \
                   million US dollars; nobody noticed for six days.",
        mistake: "Five of nine sign a block that never was. At least two thirds must: six seals here, seven \
                  signatures or votes there.",
        rules: &["LUPU-QBF-015", "LUPU-BFY-011", "LUPU-GRA-018"],
        checks: &["TooFewSeals", "TooFewSignatures", "TooLittleWeight"],
        tests: &[],
        makers: &[five_of_nine],
    },
    Loss {
        id: "harmony-2022",
        happened: "Two stolen keys of five were enough for withdrawals of about 100 million US dollars.",
        mistake: "Two of five sign a block that never was. Four must; and where the set shrinks to two, the trusted \
                  five are still asked.",
        rules: &["LUPU-QBF-015", "LUPU-QBF-016", "LUPU-BFY-011", "LUPU-GRA-018"],
        checks: &["TooFewSeals", "TooLittleOverlap", "TooFewSignatures", "TooLittleWeight"],
        tests: &[],
        makers: &[two_of_five],
    },
    Loss {
        id: "nomad-2022",
        happened: "An upgrade set the trusted root to zero, which is also what a message that was never proven has \
                   for its root; whoever copied the first theft took part in it, about 190 million US dollars.",
        mistake: "What was never stored reads as zero, and zero is taken for known. A stored hash of zero is nothing \
                  stored, and roots of zero or of an empty trie are refused.",
        rules: &[
            "LUPU-QBF-003",
            "LUPU-QBF-006",
            "LUPU-QBF-019",
            "LUPU-VER-002",
            "LUPU-BFY-019",
            "LUPU-BFY-027",
            "LUPU-GRA-006",
            "LUPU-GRA-030",
        ],
        checks: &[
            "ZeroStateRoot",
            "ZeroStorageRoot",
            "UnknownTrustedHeight",
            "UnknownHeight",
            "InvalidMmrProof",
            "NextSetMismatch",
            "ValueAbsent",
        ],
        tests: &[],
        makers: &[qbft::zero_roots, beefy::zero_roots, grandpa::zero_roots, never_proven],
    },
    Loss {
        id: "bnb-2022",
        happened: "A proof of the chain's old tree could carry a node with both children named, of which one was \
                   hashed and the other believed; two million BNB were made of one old proof.",
        mistake: "A good proof carries one node more, or a leaf with another value, and content that nothing is \
                  hashed against is believed. Every node must be needed and hash to what its parent names.",
        rules: &["LUPU-VER-005", "LUPU-PRF-002", "LUPU-SUB-010"],
        checks: &["InvalidProof", "ValueAbsent"],
        tests: &[],
        makers: &[qbft::unused_nodes, states::ethereum_nodes, states::substrate_nodes, beefy::node_as_value],
    },
    Loss {
        id: "hyperbridge-2026",
        happened: "A leaf index past the last leaf of a mountain range left nothing to compare, so a leaf that was \
                   in no tree was proven; about 2.5 million US dollars were lost.",
        mistake: "A forged leaf stands at an index that is not below the number of leaves. Index and number come \
                  from what was signed, and must need exactly the items given.",
        rules: &["LUPU-BFY-014", "LUPU-BFY-016"],
        checks: &["InvalidMmrProof", "LeafOutOfRange"],
        tests: &[],
        makers: &[past_the_last, beefy::leaf_index],
    },
];

fn poly(rng: &mut Rng, m: &mut Members) {
    let mut s = qbft::sized(rng, 4);
    qbft::put(m, "by_the_keepers", &s, "Update");
    s.header_lists(sorted(validators(&salt(rng), 1)));
    qbft::put(m, "one_keeper_of_his_own", &s, "TooLittleOverlap");
}

fn five_of_nine(rng: &mut Rng, m: &mut Members) {
    let mut s = qbft::sized(rng, 9);
    qbft::put(m, "six_seals_of_nine", &s, "Update");
    s.signers.truncate(5);
    qbft::put(m, "five_seals_of_nine", &s, "TooFewSeals");
    let mut s = beefy::sized(rng, 9);
    beefy::put(m, "seven_signatures_of_nine", &s, "Update");
    s.signers.truncate(5);
    beefy::put(m, "five_signatures_of_nine", &s, "TooFewSignatures");
    let mut s = grandpa::sized(rng, 9);
    grandpa::put(m, "seven_votes_of_nine", &s, "Update");
    s.ballots.truncate(5);
    grandpa::put(m, "five_votes_of_nine", &s, "TooLittleWeight");
}

fn two_of_five(rng: &mut Rng, m: &mut Members) {
    let mut s = qbft::sized(rng, 5);
    qbft::put(m, "four_seals_of_five", &s, "Update");
    let two = s.signers[..2].to_vec();
    s.signers.truncate(2);
    qbft::put(m, "two_seals_of_five", &s, "TooFewSeals");
    s.header_lists(two.clone());
    s.signers = two;
    qbft::put(m, "two_as_the_whole_set", &s, "TooLittleOverlap");
    let mut s = beefy::sized(rng, 5);
    s.signers.truncate(2);
    beefy::put(m, "two_signatures_of_five", &s, "TooFewSignatures");
    let mut s = grandpa::sized(rng, 5);
    s.ballots.truncate(2);
    grandpa::put(m, "two_votes_of_five", &s, "TooLittleWeight");
}

/// A message that nobody sent, under the root that nothing has.
fn never_proven(rng: &mut Rng, m: &mut Members) {
    let s = qbft::accepted(&qbft::fresh(rng));
    let i = 900 + rng.next() % 100;
    let never = path(qbft::CLIENT, 1, i);
    let nodes = s.state.storage_proof(std::slice::from_ref(&never));
    qbft::membership(m, "never_sent", &s, &[(never.clone(), commitment(i))], nodes.clone(), "ValueAbsent");
    qbft::membership(m, "absent_as_it_is", &s, &[(never, B256::ZERO)], nodes, "ok");
}

fn past_the_last(rng: &mut Rng, m: &mut Members) {
    let count = between(rng, 1, 40);
    let salt = salt(rng);
    let leaves: Vec<B256> = (0..count).map(|i| beefy_chain::state_trie::seeded(&salt, i)).collect();
    let (root, items) = beefy_chain::mmr(&leaves, 0);
    let forged = beefy_chain::state_trie::seeded(&salt, 1_000);
    let joined = |items: &[B256]| hexed(items.iter().flat_map(|item| item.0).collect::<Vec<u8>>());
    let mut put = |what: &str, expect: &str, leaf: B256, index: usize, items: &[B256]| {
        let fields = json!({"root": root, "leaf": leaf, "index": index, "count": count, "items": joined(items)});
        m.put("beefy/mmr", what, expect, fields);
    };
    put("first_of_its_range", "ok", leaves[0], 0, &items);
    put("forged_at_the_count", "InvalidMmrProof", forged, count, &items);
    put("forged_past_the_count", "InvalidMmrProof", forged, count + 1, &[root]);
    put("forged_far_past_it", "InvalidMmrProof", forged, 1 << 40, &[root]);
}
