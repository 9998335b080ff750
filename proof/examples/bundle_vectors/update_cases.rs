//! Bundles that are false for their updates: who signed, what, and of which chain.

use crate::{
    Case,
    common::{Chain, Plan, Shape, T0, beefy, grandpa, qbft, subject},
    plan, world,
};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_proof::{AnchorClient, Bundle, Kind, Update};
use lupu_standard::{Acknowledgement, Height};
use serde_json::Value;

pub fn cases(chain: Chain) -> Vec<Value> {
    let cases = match chain {
        Chain::Qbft | Chain::Ibft2 => sealed(chain),
        Chain::Beefy => signed(),
        Chain::Grandpa => voted(),
    };
    cases.into_iter().chain(common_cases(chain)).map(|case| case.json()).collect()
}

/// A bundle of a plan that may be wrong.
fn made(plan: &Plan) -> Bundle {
    let (packet, _) = subject(Kind::Sent);
    let path = lupu_standard::Path::commitment(&packet).to_bytes();
    let plan = Plan { paths: vec![path], ..plan.clone() };
    plan.build().bundle_over(&[(Kind::Sent, Height(120), packet, Acknowledgement(Vec::new()))])
}

fn with_update(bundle: &Bundle, change: impl FnOnce(&mut Update)) -> Bundle {
    let mut bundle = bundle.clone();
    change(&mut bundle.updates[0]);
    bundle
}

fn common_cases(chain: Chain) -> Vec<Case> {
    let sent = world(chain, Shape::One).bundle(&[Kind::Sent]);
    let mut twice = sent.clone();
    twice.updates.push(sent.updates[0].clone());
    let mut skipped = world(chain, Shape::Change).bundle(&[Kind::Sent]);
    skipped.updates.remove(0);
    let longer = |raw: &mut Bytes| *raw = [&raw[..], &[0]].concat().into();
    let trailing = with_update(&sent, |update| match update {
        Update::Qbft { header } | Update::Grandpa { header, .. } | Update::Beefy { header, .. } => longer(header),
    });
    let mut cases = vec![
        Case::new("update-twice", "The second time it proves nothing new.", twice, "HeightNotNewer"),
        Case::new("header-with-a-byte-more", "A byte behind the header.", trailing, "MalformedHeader"),
    ];
    match chain {
        Chain::Qbft | Chain::Ibft2 => {
            let text = "Two of the anchor's four validators are among those who sealed.";
            cases.push(Case::new("handover-skipped", text, skipped, "TooLittleOverlap"));
        }
        Chain::Grandpa => {
            let text = "The votes are of a set that the anchor does not know.";
            cases.push(Case::new("handover-skipped", text, skipped, "ForeignVoter").accept(&["InvalidSignature"]));
        }
        // The next set may sign at once; the set after it may not.
        Chain::Beefy => {
            let far = made(&Plan {
                beefy: |s| {
                    (s.set_id, s.signing) = (9, s.heirs.clone());
                    s.leaf_next.id = 10;
                },
                ..plan(chain, Shape::One)
            });
            cases.push(Case::new("handover-skipped", "Signed by the set after the next.", far, "UnknownAuthoritySet"));
        }
    }
    cases
}

fn sealed(chain: Chain) -> Vec<Case> {
    let base = plan(chain, Shape::One);
    let of = |change: fn(&mut qbft::Scenario)| made(&Plan { qbft: change, ..base.clone() });
    let good = of(|_| ());
    let seals = |bundle: &Bundle| {
        let (Update::Qbft { header }, AnchorClient::Qbft { state, .. }) = (&bundle.updates[0], &bundle.anchor.client)
        else {
            unreachable!()
        };
        let header = lupu_qbft::Header::decode(state.kind, header).unwrap();
        (header.seals().to_vec(), header)
    };
    let resealed = |change: &dyn Fn(&mut Vec<Bytes>)| {
        with_update(&good, |update| {
            let (mut list, header) = seals(&good);
            change(&mut list);
            *update = Update::Qbft { header: header.with_seals(list).encode().into() };
        })
    };
    let another_round = of(|s| s.block.round = 1);
    let (of_update, _) = base.build().split_nodes(&good);
    let mut few_and_missing = of(|s| drop(s.signers.pop()));
    few_and_missing.nodes.retain(|node| node != of_update.last().unwrap());
    vec![
        Case::new("one-seal-too-few", "Two of four sealed.", of(|s| drop(s.signers.pop())), "TooFewSeals")
            .accept(&["TooLittleOverlap"]),
        Case::new(
            "node-missing-and-too-few-signers",
            "What is wrong first is said first.",
            few_and_missing,
            "TooFewSeals",
        )
        .accept(&["TooLittleOverlap"]),
        Case::new(
            "seal-twice",
            "Two sealed, one of them twice.",
            resealed(&|list| list[2] = list[1].clone()),
            "SealsNotSorted",
        )
        .accept(&["TooFewSeals"]),
        Case::new(
            "seals-not-in-order",
            "The seals of a quorum, swapped.",
            resealed(&|list| list.swap(0, 1)),
            "SealsNotSorted",
        ),
        Case::new(
            "seal-of-a-stranger",
            "A quorum, and somebody else.",
            of(|s| {
                let stranger = qbft::validators("stranger", 1);
                s.signers = qbft::sorted([s.signers.clone(), stranger].concat());
            }),
            "ForeignSeal",
        ),
        Case::new(
            "seals-of-another-round",
            "The seals are over the digest of the same block in round 1.",
            resealed(&|list| *list = seals(&another_round).0),
            "SealsNotSorted",
        )
        .accept(&["ForeignSeal", "InvalidSeal"]),
        Case::new(
            "seal-in-the-upper-half",
            "A seal's other form, of the same signer.",
            resealed(&|list| list[0] = qbft::high_s(&list[0]).into()),
            "InvalidSeal",
        ),
        Case::new(
            "another-set-altogether",
            "A header with a list of its own, sealed by all of it.",
            of(|s| {
                let set = qbft::validators("attacker", 4);
                s.header_lists(set.clone());
                s.signers = set;
            }),
            "TooLittleOverlap",
        ),
        Case::new(
            "list-not-ascending",
            "The header's validators swapped.",
            of(|s| s.block.validators.swap(0, 1)),
            "InvalidValidatorSet",
        ),
        Case::new("no-state", "A state root of zero.", of(|s| s.block.state_root = B256::ZERO), "ZeroStateRoot"),
        Case::new(
            "empty-state",
            "The root of an empty trie.",
            of(|s| s.block.state_root = keccak256([0x80])),
            "ZeroStateRoot",
        ),
        Case::new(
            "sister-chain-with-the-same-keys",
            "The same validators seal another network, which has no such router.",
            of(|s| s.change_state(|state| state.router_present = false)),
            "RouterAbsent",
        ),
        Case::new(
            "router-with-other-code",
            "Other code at the router's address.",
            of(|s| s.change_state(|state| state.code_hash = B256::repeat_byte(7))),
            "RouterCodeMismatch",
        ),
        Case::new(
            "router-without-storage",
            "A storage root of zero.",
            of(|s| s.change_state(|state| state.storage_root = Some(B256::ZERO))),
            "ZeroStorageRoot",
        ),
    ]
}

/// Changes signatures, given the commitment.
type Entries<'a> = &'a dyn Fn(&mut [Vec<u8>], &[u8]);

fn signed() -> Vec<Case> {
    let base = plan(Chain::Beefy, Shape::One);
    let of = |change: fn(&mut beefy::Scenario)| made(&Plan { beefy: change, ..base.clone() });
    let good = of(|_| ());
    let later = made(&Plan { time: T0 + 66, ..base.clone() });
    let entries = |change: Entries<'_>| {
        with_update(&good, |update| {
            let Update::Beefy { signatures, commitment, .. } = update else { unreachable!() };
            let mut list: Vec<Vec<u8>> = signatures.chunks(66).map(<[u8]>::to_vec).collect();
            change(&mut list, commitment);
            *signatures = list.concat().into();
        })
    };
    let part = |change: &dyn Fn(&mut [&mut Bytes; 6])| {
        with_update(&good, |update| {
            let Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } = update else {
                unreachable!()
            };
            change(&mut [commitment, authorities, signatures, leaf, mmr_items, header]);
        })
    };
    let Update::Beefy { signatures: of_later, header: header_of_later, .. } = later.updates[0].clone() else {
        unreachable!()
    };
    let flipped = |raw: &mut Bytes, at: usize| {
        let mut bytes = raw.to_vec();
        bytes[at] ^= 1;
        *raw = bytes.into();
    };
    let (packet, none) = subject(Kind::Sent);
    let at = |heights: [u64; 2]| heights.map(|h| (Kind::Sent, Height(h), packet.clone(), none.clone()));
    let mut descending = world(Chain::Beefy, Shape::Two).bundle_of(&at([110, 120]));
    descending.updates.swap(0, 1);
    let mut fork = good.clone();
    fork.updates.push(later.updates[0].clone());
    fork.nodes.extend(later.nodes.iter().cloned());
    fork.nodes.sort_unstable();
    fork.nodes.dedup();
    // Block 110 twice: signed by the set that is leaving, then by the one that comes.
    let change = world(Chain::Beefy, Shape::Change).bundle_of(&at([110, 120]));
    let before = world(Chain::Beefy, Shape::Two).bundle_of(&at([110, 120]));
    let mut known = change.clone();
    known.updates.insert(0, before.updates[0].clone());
    let (of_update, _) = base.build().split_nodes(&good);
    let mut few_and_missing = of(|s| s.signers.truncate(2));
    few_and_missing.nodes.retain(|node| node != of_update.last().unwrap());
    vec![
        Case::new(
            "handover-at-a-known-height",
            "The new set signs a block that the old one has signed already.",
            known,
            "ok",
        ),
        Case::new("one-signature-too-few", "Two of four signed.", of(|s| s.signers.truncate(2)), "TooFewSignatures"),
        Case::new(
            "node-missing-and-too-few-signers",
            "What is wrong first is said first.",
            few_and_missing,
            "TooFewSignatures",
        ),
        Case::new(
            "signature-twice",
            "Two signed, one of them twice.",
            entries(&|list, _| list[2] = list[1].clone()),
            "SignaturesNotSorted",
        )
        .accept(&["TooFewSignatures"]),
        Case::new(
            "signature-of-a-stranger",
            "A good signature, of somebody who is not in the set.",
            entries(&|list, commitment| {
                let stranger = beefy::Authority::new("stranger", 0);
                list[2] = [&list[2][..1], &stranger.sign(&keccak256(commitment))].concat();
            }),
            "WrongSigner",
        ),
        Case::new(
            "signatures-of-another-commitment",
            "Good signatures over something else.",
            part(&|p| *p[2] = of_later.clone()),
            "WrongSigner",
        )
        .accept(&["InvalidSignature"]),
        Case::new(
            "authorities-swapped",
            "The list in another order.",
            part(&|p| {
                let mut list: Vec<Vec<u8>> = p[1].chunks(20).map(<[u8]>::to_vec).collect();
                list.swap(0, 1);
                *p[1] = list.concat().into();
            }),
            "AuthoritySetMismatch",
        ),
        Case::new("range-proof-changed", "One bit of the proof.", part(&|p| flipped(p[4], 0)), "InvalidMmrProof"),
        Case::new("leaf-changed", "One bit of the leaf's extra data.", part(&|p| flipped(p[3], 90)), "InvalidMmrProof"),
        Case::new(
            "header-of-another-block",
            "A header that the leaf is not about.",
            part(&|p| *p[5] = header_of_later.clone()),
            "HeaderMismatch",
        ),
        Case::new(
            "handover-by-an-older-leaf",
            "The next set signed, and the leaf is of an older block.",
            of(|s| {
                s.signed_by_next();
                s.committed = 130;
            }),
            "HandoverLeafNotBound",
        ),
        Case::new(
            "next-set-swapped",
            "The leaf names another next set.",
            of(|s| s.leaf_next = beefy::set_of(8, &beefy::authorities("attacker", 4))),
            "NextSetMismatch",
        ),
        Case::new(
            "no-state",
            "A state root of zero.",
            of(|s| s.change_header(|h| h.state_root = B256::ZERO)),
            "ZeroStateRoot",
        ),
        Case::new(
            "sister-chain-with-the-same-keys",
            "The same authorities sign another network.",
            of(|s| s.change_state(|state| state.set_anchor(T0 + 60, &[7; 24]))),
            "WrongChain",
        ),
        Case::new(
            "no-time",
            "Nothing is stored where the block's time belongs.",
            of(|s| {
                s.change_state(|state| {
                    let key = state.anchor_key();
                    state.entries.remove(&key);
                });
            }),
            "AnchorAbsent",
        ),
        Case::new(
            "updates-descending",
            "Two updates of one set in the other order.",
            descending,
            "UpdatesNotAscending",
        ),
        Case::new("fork", "Two blocks of one height.", fork, "Misbehaviour"),
    ]
}

fn voted() -> Vec<Case> {
    let base = plan(Chain::Grandpa, Shape::One);
    let of = |change: fn(&mut grandpa::Scenario)| made(&Plan { grandpa: change, ..base.clone() });
    let good = of(|_| ());
    let later = made(&Plan { time: T0 + 66, ..base.clone() });
    let Update::Grandpa { header: header_of_later, .. } = later.updates[0].clone() else { unreachable!() };
    let part = |change: &dyn Fn(&mut Bytes, &mut Bytes)| {
        with_update(&good, |update| {
            let Update::Grandpa { header, justification } = update else { unreachable!() };
            change(header, justification);
        })
    };
    let (of_update, _) = base.build().split_nodes(&good);
    let mut few_and_missing = of(|s| s.ballots.truncate(2));
    few_and_missing.nodes.retain(|node| node != of_update.last().unwrap());
    vec![
        Case::new("one-vote-too-few", "Two of four voted.", of(|s| s.ballots.truncate(2)), "TooLittleWeight"),
        Case::new(
            "node-missing-and-too-few-signers",
            "What is wrong first is said first.",
            few_and_missing,
            "TooLittleWeight",
        ),
        Case::new(
            "vote-twice",
            "Two voted, one of them twice.",
            of(|s| s.ballots[2] = s.ballots[1].clone()),
            "DuplicateVoter",
        )
        .accept(&["TooLittleWeight"]),
        Case::new(
            "vote-of-a-stranger",
            "A quorum, and somebody else.",
            of(|s| s.ballots.push((grandpa::Voter::new("stranger", 0), 0))),
            "ForeignVoter",
        ),
        Case::new(
            "votes-of-another-set",
            "The votes are signed for the next set's id.",
            of(|s| s.signed_set += 1),
            "InvalidSignature",
        ),
        Case::new(
            "votes-of-another-round",
            "The votes are signed for round 3, the justification says 2.",
            part(&|_, justification| {
                let mut raw = justification.to_vec();
                raw[0] ^= 1;
                *justification = raw.into();
            }),
            "InvalidSignature",
        ),
        Case::new(
            "header-of-another-block",
            "A header that was not voted for.",
            part(&|header, _| *header = header_of_later.clone()),
            "TargetMismatch",
        ),
        Case::new(
            "justification-with-a-byte-more",
            "A byte behind the justification.",
            part(&|_, justification| *justification = [&justification[..], &[0]].concat().into()),
            "MalformedJustification",
        ),
        Case::new("no-state", "A state root of zero.", of(|s| s.state_root = Some(B256::ZERO)), "ZeroStateRoot"),
        Case::new(
            "sister-chain-with-the-same-keys",
            "The same authorities finalize another network.",
            of(|s| s.state.anchor = Some([&(T0 + 60).to_be_bytes()[..], &[7; 24]].concat())),
            "WrongChain",
        ),
        Case::new(
            "no-time",
            "Nothing is stored where the block's time belongs.",
            of(|s| s.state.anchor = None),
            "AnchorAbsent",
        ),
        Case::new(
            "time-of-31-bytes",
            "What is stored there is too short.",
            of(|s| s.state.anchor = Some(vec![1; 31])),
            "MalformedAnchor",
        ),
        Case::new(
            "change-with-a-delay",
            "The header schedules a change, but not at once.",
            of(|s| s.digest.push(grandpa::change(&grandpa::voters("heir", 4), 5))),
            "InvalidScheduledChange",
        ),
    ]
}
