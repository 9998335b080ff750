//! Bundles that are false for what they say about packets, for their nodes, their anchor or their
//! time. Each breaks one rule; all that can be made to fit it does.

use crate::{
    Case,
    common::{self, Chain, HERE, Plan, Shape, T0, THERE, subject},
    plan, world,
};
use lupu_proof::{AnchorClient, Bundle, Kind, Statement};
use lupu_standard::{Acknowledgement, Height, Packet, Sequence, TimestampSecs};
use serde_json::Value;

const PERIOD: u64 = 7 * 86_400;

/// The bundle with its statement's packet or acknowledgement changed, and path and value with it.
fn forged(bundle: &Bundle, change: impl FnOnce(&mut Statement)) -> Bundle {
    let mut bundle = bundle.clone();
    let s = &mut bundle.statements[0];
    change(s);
    *s = Statement::new(s.kind, s.height, s.packet.clone(), s.acknowledgement.clone());
    bundle
}

fn changed(bundle: &Bundle, change: impl FnOnce(&mut Bundle)) -> Bundle {
    let mut bundle = bundle.clone();
    change(&mut bundle);
    bundle.nodes.sort_unstable();
    bundle
}

/// A bundle of one statement, true or not, with the nodes for it.
fn claimed(chain: Chain, kind: Kind, packet: Packet, answer: Acknowledgement) -> Bundle {
    let paths = kind.paths(&packet).iter().map(lupu_standard::Path::to_bytes).collect();
    let world = Plan { paths, ..plan(chain, Shape::One) }.build();
    world.bundle_over(&[(kind, Height(120), packet, answer)])
}

pub fn cases(chain: Chain) -> Vec<Value> {
    let mut cases = statements(chain);
    cases.extend(receipts(chain));
    cases.extend(nodes(chain));
    cases.extend(anchors(chain));
    cases.extend(clocks(chain));
    cases.iter().map(Case::json).collect()
}

fn statements(chain: Chain) -> Vec<Case> {
    let one = world(chain, Shape::One);
    let sent = one.bundle(&[Kind::Sent]);
    let received = one.bundle(&[Kind::Received]);
    let minted = one.bundle(&[Kind::Minted]);
    let (home, none) =
        (common::packet(true, 2, common::transfer(&format!("transfer/{HERE}/x"), 1)), Acknowledgement(Vec::new()));
    let mut never = subject(Kind::NeverReceived).0;
    never.timeout_timestamp = TimestampSecs(T0 + 61);
    let missing = common::packet(false, 77, common::memo("nobody"));
    let cut = |text: &str| text[..text.len() - 1].parse().unwrap();
    let two = |s: &mut Statement| s.acknowledgement.0.push(b"more".into());
    vec![
        Case::new(
            "another-payload",
            "The packet was sent with another payload.",
            forged(&sent, |s| {
                s.packet.payloads[0] = common::memo("paid");
            }),
            "ValueMismatch",
        ),
        Case::new(
            "another-timeout",
            "The packet was sent with another timeout.",
            forged(&sent, |s| {
                s.packet.timeout_timestamp.0 += 1;
            }),
            "ValueMismatch",
        ),
        Case::new(
            "another-destination",
            "The packet was sent to another client.",
            forged(&sent, |s| {
                s.packet.destination_client = "harbour.there".parse().unwrap();
            }),
            "ValueMismatch",
        ),
        Case::new(
            "client-is-a-prefix",
            "The source client without its last letter.",
            claimed(
                chain,
                Kind::Sent,
                {
                    let mut packet = subject(Kind::Sent).0;
                    packet.source_client = cut(HERE);
                    packet
                },
                none.clone(),
            ),
            "ValueAbsent",
        ),
        Case::new(
            "another-sequence",
            "The same packet under a sequence that was not used.",
            claimed(
                chain,
                Kind::Sent,
                {
                    let mut packet = subject(Kind::Sent).0;
                    packet.sequence = Sequence::new(99).unwrap();
                    packet
                },
                none.clone(),
            ),
            "ValueAbsent",
        ),
        Case::new(
            "not-received",
            "A packet that is not there.",
            claimed(chain, Kind::Received, missing, none.clone()),
            "ValueAbsent",
        ),
        Case::new(
            "received-told-as-never-received",
            "The receipt is there.",
            {
                let mut packet = subject(Kind::Received).0;
                packet.timeout_timestamp = TimestampSecs(T0);
                claimed(chain, Kind::NeverReceived, packet, none.clone())
            },
            "ValuePresent",
        ),
        Case::new(
            "one-second-before-the-timeout",
            "The packet could still be received.",
            claimed(chain, Kind::NeverReceived, never, none.clone()),
            "NotExpired",
        ),
        Case::new(
            "path-of-another-sequence",
            "The path is left as it was, the packet is another.",
            changed(&sent, |b| {
                b.statements[0].packet.sequence = Sequence::new(2).unwrap();
            }),
            "PathMismatch",
        ),
        Case::new(
            "value-of-another-packet",
            "The value is left as it was, the packet is another.",
            changed(&sent, |b| {
                b.statements[0].packet.payloads[0] = common::memo("paid");
            }),
            "ValueMismatch",
        ),
        Case::new(
            "sent-told-as-received",
            "One's own commitment told as a receipt.",
            changed(&sent, |b| {
                b.statements[0].kind = Kind::Received;
            }),
            "PathMismatch",
        ),
        Case::new(
            "unknown-height",
            "No update proves the height.",
            {
                let packet = subject(Kind::Sent).0;
                changed(&sent, |b| {
                    b.statements.insert(0, Statement::new(Kind::Sent, Height(119), packet, Acknowledgement(Vec::new())))
                })
            },
            "UnknownHeight",
        ),
        Case::new(
            "two-answers-for-one-payload",
            "One acknowledgement too many.",
            forged(&minted, two),
            "MalformedAcknowledgement",
        ),
        Case::new(
            "empty-answer",
            "An acknowledgement without a byte.",
            forged(&one.bundle(&[Kind::Acknowledged]), |s| {
                s.acknowledgement.0[0] = Default::default();
            }),
            "MalformedAcknowledgement",
        ),
        Case::new(
            "answer-of-another-application",
            "Minted, with an acknowledgement that is not a transfer's.",
            forged(&minted, |s| {
                s.acknowledgement.0[0] = b"ok".into();
            }),
            "MalformedAcknowledgement",
        )
        .accept(&["ValueMismatch"]),
        Case::new(
            "minted-of-a-note",
            "The packet is no transfer.",
            forged(&received, |s| {
                s.kind = Kind::Minted;
                s.acknowledgement = subject(Kind::Minted).1;
            }),
            "NotATransfer",
        ),
        Case::new(
            "locked-of-zero",
            "A transfer of nothing.",
            forged(&one.bundle(&[Kind::Locked]), |s| {
                s.packet.payloads[0] = common::transfer(common::TOKEN, 0);
            }),
            "NotATransfer",
        ),
        Case::new(
            "locked-of-a-burn",
            "Tokens that go home are burned, not locked.",
            claimed(chain, Kind::Locked, home, none),
            "OtherDirection",
        ),
        Case::new(
            "released-of-a-mint",
            "Tokens of the other chain are minted, not released.",
            forged(&minted, |s| {
                s.kind = Kind::Released;
            }),
            "OtherDirection",
        ),
        Case::new(
            "minted-of-a-refusal",
            "The acknowledgement is the universal error.",
            {
                let (packet, answer) = common::refused();
                claimed(chain, Kind::Minted, packet, answer)
            },
            "Refused",
        ),
        Case::new(
            "refusal-told-as-success",
            "The packet was refused.",
            {
                let (packet, _) = common::refused();
                claimed(chain, Kind::Minted, packet, subject(Kind::Minted).1)
            },
            "ValueMismatch",
        ),
    ]
}

/// An acknowledgement's commitment does not say which packet it answers.
fn receipts(chain: Chain) -> Vec<Case> {
    let (packet, answer) = subject(Kind::Minted);
    let rich = Packet { payloads: vec![common::transfer(common::TOKEN, 7_000_000)], ..packet };
    let (released, success) = subject(Kind::Released);
    let stranger = Packet { source_client: "harbour.another".parse().unwrap(), ..released };
    let one = world(chain, Shape::One);
    let minted = one.bundle(&[Kind::Minted]);
    let received = one.bundle(&[Kind::Received]);
    let no_receipt = {
        let (packet, answer) = subject(Kind::Minted);
        let path = lupu_standard::Path::receipt(&packet).to_bytes();
        let mut plan = plan(chain, Shape::One);
        plan.stored.remove(&path);
        plan.paths = common::paths_of(&packet);
        plan.build().bundle_over(&[(Kind::Minted, Height(120), packet, answer)])
    };
    let shown = |kind: Kind, packet: Packet, answer| claimed(chain, kind, packet, answer);
    vec![
        Case::new(
            "minted-of-another-packet",
            "A true answer, under a packet with ten thousand times the amount.",
            shown(Kind::Minted, rich.clone(), answer.clone()),
            "ValueMismatch",
        ),
        Case::new(
            "acknowledged-of-another-packet",
            "The same, without tokens.",
            shown(Kind::Acknowledged, rich, answer),
            "ValueMismatch",
        ),
        Case::new(
            "minted-told-of-a-release",
            "A release: with another source client its tokens would be foreign.",
            shown(Kind::Minted, stranger, success),
            "ValueMismatch",
        ),
        Case::new(
            "received-of-another-source",
            "The source client is in the receipt alone.",
            forged(&received, |s| {
                s.packet.source_client = "harbour.another".parse().unwrap();
            }),
            "ValueMismatch",
        ),
        Case::new("no-receipt", "An answer without a receipt.", no_receipt, "ValueAbsent"),
        Case::new(
            "receipt-not-shown",
            "The nodes of the acknowledgement alone.",
            {
                let (packet, _) = subject(Kind::Minted);
                let answer = lupu_standard::Path::acknowledgement(&packet).to_bytes();
                let world = Plan { paths: vec![answer], ..plan(chain, Shape::One) }.build();
                let (packet, answer) = subject(Kind::Minted);
                let bundle = world.bundle_over(&[(Kind::Minted, Height(120), packet, answer)]);
                assert!(bundle.nodes.len() < minted.nodes.len());
                bundle
            },
            "InvalidProof",
        ),
        Case::new(
            "clients-swapped",
            "A packet that was received, told as sent.",
            {
                let mut packet = subject(Kind::Received).0;
                packet.source_client = HERE.parse().unwrap();
                packet.destination_client = THERE.parse().unwrap();
                claimed(chain, Kind::Sent, packet, Acknowledgement(Vec::new()))
            },
            "ValueAbsent",
        ),
    ]
}

fn nodes(chain: Chain) -> Vec<Case> {
    let one = world(chain, Shape::One);
    let sent = one.bundle(&[Kind::Sent]);
    let other = Plan { salt: "other ".into(), ..plan(chain, Shape::One) }.build().bundle(&[Kind::Received]);
    // What the update needs is what a statement about nothing else leaves.
    let (of_update, of_state) = one.split_nodes(&sent);
    let without = |node: &alloy_primitives::Bytes| changed(&sent, |b| b.nodes.retain(|n| n != node));
    let last = |nodes: &[alloy_primitives::Bytes]| nodes.iter().max_by_key(|n| n.len()).unwrap().clone();
    let stranger = other.nodes.iter().find(|n| !sent.nodes.contains(n)).unwrap().clone();
    vec![
        Case::new(
            "node-of-the-update-missing",
            "A node on the way to the router's account, or to the block's time.",
            without(&last(&of_update)),
            "InvalidProof",
        ),
        Case::new(
            "node-of-the-state-missing",
            "A node on the way to the commitment.",
            without(&last(&of_state)),
            "InvalidProof",
        ),
        Case::new(
            "node-changed",
            "One bit of a node on the way to the commitment.",
            changed(&sent, |b| {
                let node = last(&of_state);
                let at = b.nodes.iter().position(|n| *n == node).unwrap();
                let mut raw = node.to_vec();
                let middle = raw.len() / 2;
                raw[middle] ^= 1;
                b.nodes[at] = raw.into();
            }),
            "InvalidProof",
        ),
        Case::new(
            "node-too-many",
            "A node of another chain.",
            changed(&sent, |b| b.nodes.push(stranger)),
            "UnusedNodes",
        ),
        Case::new(
            "one-byte-node-too-many",
            "The one byte that is the root of an empty trie.",
            changed(&sent, |b| {
                b.nodes.push(vec![if matches!(chain, Chain::Qbft | Chain::Ibft2) { 0x80 } else { 0 }].into());
            }),
            "UnusedNodes",
        ),
        Case::new(
            "state-of-another-chain",
            "A statement with the nodes of another chain's state.",
            changed(&sent, |b| {
                b.nodes.retain(|n| !of_state.contains(n) || of_update.contains(n));
                b.nodes.extend(other.nodes.iter().filter(|n| !of_update.contains(n)).cloned());
                b.nodes.sort_unstable();
                b.nodes.dedup();
            }),
            "InvalidProof",
        ),
        Case::new(
            "last-update-unused",
            "No statement needs the last update.",
            {
                let two = world(chain, Shape::Two);
                let (packet, none) = subject(Kind::Sent);
                let heights = [110, 120].map(|h| (Kind::Sent, Height(h), packet.clone(), none.clone()));
                let both = two.bundle_of(&heights);
                changed(&both, |b| drop(b.statements.pop()))
            },
            "UnusedUpdate",
        ),
    ]
}

fn anchors(chain: Chain) -> Vec<Case> {
    let sent = world(chain, Shape::One).bundle(&[Kind::Sent]);
    let with = |change: &dyn Fn(&mut AnchorClient)| changed(&sent, |b| change(&mut b.anchor.client));
    let mut named = sent.clone();
    named.anchor.name = "another".into();
    let mut cases = vec![
        Case::new("another-anchor", "The same in all but the name, which is in the digest.", named, "AnchorUnknown")
            .trusting(sent.anchor.digest()),
        Case::new("no-such-anchor", "An anchor that nobody vouched for.", sent.clone(), "AnchorUnknown")
            .trusting(Default::default()),
        Case::new(
            "anchor-of-the-bundle-itself",
            "The digest of the bundle is not that of its anchor.",
            sent.clone(),
            "AnchorUnknown",
        )
        .trusting(sent.digest()),
        Case::new(
            "trusting-period-of-a-day",
            "A packet could outlive the trust.",
            with(&|c| match c {
                AnchorClient::Qbft { state, .. } => state.rules.trusting_period = 86_400,
                AnchorClient::Beefy { state, .. } => state.rules.trusting_period = 86_400,
                AnchorClient::Grandpa { state, .. } => state.rules.trusting_period = 86_400,
            }),
            "InvalidTrustingPeriod",
        ),
        Case::new(
            "anchor-without-a-root",
            "A root of zero.",
            with(&|c| match c {
                AnchorClient::Qbft { storage_root, .. } => *storage_root = Default::default(),
                AnchorClient::Beefy { state_root, .. } | AnchorClient::Grandpa { state_root, .. } => {
                    *state_root = Default::default();
                }
            }),
            "InvalidInitialState",
        ),
    ];
    match chain {
        Chain::Qbft | Chain::Ibft2 => {
            cases.push(Case::new(
                "trust-in-one-third",
                "A share that one third of the validators has.",
                with(&|c| {
                    if let AnchorClient::Qbft { state, .. } = c {
                        (state.rules.trust_numerator, state.rules.trust_denominator) = (1, 3);
                    }
                }),
                "InvalidTrustLevel",
            ));
            cases.push(Case::new(
                "validators-not-ascending",
                "Two validators swapped.",
                with(&|c| {
                    if let AnchorClient::Qbft { validators, .. } = c {
                        validators.swap(0, 1);
                    }
                }),
                "InvalidValidatorSet",
            ));
            cases.push(Case::new(
                "the-other-consensus",
                "An anchor of the other kind of consensus.",
                with(&|c| {
                    if let AnchorClient::Qbft { state, .. } = c {
                        state.kind = match state.kind {
                            lupu_qbft::Kind::Qbft => lupu_qbft::Kind::Ibft2,
                            lupu_qbft::Kind::Ibft2 => lupu_qbft::Kind::Qbft,
                        };
                    }
                }),
                "MalformedHeader",
            ));
        }
        Chain::Beefy => cases.push(Case::new(
            "next-set-does-not-follow",
            "The next set has not the next id.",
            with(&|c| {
                if let AnchorClient::Beefy { state, .. } = c {
                    state.next.id += 1;
                }
            }),
            "InvalidAuthoritySet",
        )),
        Chain::Grandpa => cases.push(Case::new(
            "anchor-without-a-header",
            "A header hash of zero.",
            with(&|c| {
                if let AnchorClient::Grandpa { header_hash, .. } = c {
                    *header_hash = Default::default();
                }
            }),
            "InvalidInitialState",
        )),
    }
    cases
}

fn clocks(chain: Chain) -> Vec<Case> {
    let sent = world(chain, Shape::One).bundle(&[Kind::Sent]);
    let at = |time: u64| {
        Plan { time, ..plan(chain, Shape::One) }.build().bundle_over(&[(
            Kind::Sent,
            Height(120),
            subject(Kind::Sent).0,
            Acknowledgement(Vec::new()),
        )])
    };
    let expired = if chain == Chain::Beefy { "ClientExpired" } else { "TrustedStateExpired" };
    vec![
        Case::new("clock-after-the-end", "The first second after the trusting period.", sent.clone(), "ClientExpired")
            .now(T0 + 60 + PERIOD),
        Case::new(
            "clock-behind",
            "The block is one second farther ahead than clocks may differ.",
            sent,
            "HeaderFromFuture",
        )
        .now(T0 + 29),
        Case::new(
            "update-too-late",
            "The update is as far from the anchor as the trusting period.",
            at(T0 + PERIOD),
            expired,
        ),
        Case::new("time-goes-back", "The update is one second older than the anchor.", at(T0 - 1), "TimeWentBack"),
    ]
}
