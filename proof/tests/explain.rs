//! Explanations: of proofs that hold, of a failure at every place, of any mutant, and of the largest bundles.
#![allow(missing_docs)]

use lupu_proof::{
    AnchorClient, Bundle, Kind, Statement, Update,
    explain::{Explanation, Item, Status, explain, render_text},
    verify,
};
use lupu_standard::{Acknowledgement, Height, Packet, Sequence, TimestampSecs};

const TYPES: [&str; 4] = ["qbft", "ibft2", "beefy", "grandpa"];

fn fixture(name: &str) -> Bundle {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/fixtures");
    Bundle::decode(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn each<'a>(items: &'a [Item], visit: &mut impl FnMut(&'a Item)) {
    for item in items {
        visit(item);
        each(&item.children, visit);
    }
}

fn all(explanation: &Explanation) -> Vec<&Item> {
    let mut out = Vec::new();
    each(&explanation.steps, &mut |item| out.push(item));
    out
}

/// A later check than this one is not claimed to have passed.
#[track_caller]
fn fails(bundle: &Bundle, now: Option<u64>, number: &str, check: &str) -> Explanation {
    let now = now.map(TimestampSecs);
    let digest = bundle.anchor.digest();
    let error = verify(bundle, &[digest], now).unwrap_err();
    assert_eq!(error.check(), check, "{error}");
    let e = explain(bundle, Some(&[digest]), now);
    assert!(!e.is_true);
    assert!(e.verdict.contains(check), "{}", e.verdict);
    let failed = e.failed().unwrap();
    assert_eq!(failed.number, number, "{}", render_text(&e, 100));
    assert!(failed.checks.iter().any(|c| c == check) && failed.facts.iter().any(|f| f.value == check));
    let top: usize = number.split('.').next().unwrap().parse().unwrap();
    for (index, step) in e.steps.iter().enumerate() {
        match (index + 1).cmp(&top) {
            std::cmp::Ordering::Less => assert_eq!(step.status, Status::Passed, "{}", step.number),
            std::cmp::Ordering::Equal => assert_eq!(step.status, Status::Failed, "{}", step.number),
            std::cmp::Ordering::Greater => assert_eq!(step.status, Status::NotReached, "{}", step.number),
        }
    }
    // Beside the failed one: what comes before passed, what comes after was not reached.
    if let Some((parent, last)) = number.rsplit_once('.') {
        let last: usize = last.parse().unwrap();
        for (index, item) in e.step(parent).unwrap().children.iter().enumerate() {
            match (index + 1).cmp(&last) {
                std::cmp::Ordering::Less => assert_eq!(item.status, Status::Passed, "{}", item.number),
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => assert_eq!(item.status, Status::NotReached, "{}", item.number),
            }
        }
    }
    e
}

fn raw(update: &mut Update) -> &mut alloy_primitives::Bytes {
    match update {
        Update::Qbft { header } | Update::Beefy { header, .. } | Update::Grandpa { header, .. } => header,
    }
}

/// The update's header with the seals that `keep` leaves.
fn with_seals(bundle: &mut Bundle, update: usize, keep: impl Fn(usize) -> bool) {
    let AnchorClient::Qbft { state, .. } = &bundle.anchor.client else { panic!("qbft") };
    let header = lupu_qbft::Header::decode(state.kind, raw(&mut bundle.updates[update])).unwrap();
    let seals = header.seals().iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, s)| s.clone()).collect();
    *raw(&mut bundle.updates[update]) = header.with_seals(seals).encode().into();
}

fn flip(bytes: &mut alloy_primitives::Bytes, at: usize) {
    let mut changed = bytes.to_vec();
    changed[at] ^= 1;
    *bytes = changed.into();
}

#[test]
fn a_true_bundle_is_told_in_full() {
    for name in TYPES {
        let bundle = fixture(name);
        let e = explain(&bundle, None, None);
        assert!(e.is_true && e.failed().is_none(), "{name}");
        assert_eq!(e.claims.len(), Kind::ALL.len());
        assert_eq!(e.trust, verify(&bundle, &[bundle.anchor.digest()], None).unwrap().trust);
        for item in all(&e) {
            assert_eq!(item.status, Status::Passed, "{name} {}", item.number);
            assert_eq!(e.step(&item.number).unwrap(), item);
        }
        let text = render_text(&e, 100);
        for part in [
            "Keys that leak later void old anchors",
            "No clock was used",
            "token transfer",
            "250",
            "Root: branch",
            "trusting period",
            "added, 1 removed",
            &bundle.anchor.digest().to_string(),
        ] {
            let absent = part == "added, 1 removed" && !matches!(bundle.anchor.client, AnchorClient::Qbft { .. });
            assert!(absent || text.contains(part), "{name}: {part}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{name}");
        // Every node of the bundle is on a way that is shown.
        let shown = all(&e).iter().flat_map(|i| &i.facts).filter(|f| f.name == "hash").count();
        assert!(shown >= bundle.nodes.len(), "{name}");
    }
}

#[test]
fn quorums_and_changes_are_counted() {
    let text = |name: &str, step: &str| {
        let e = explain(&fixture(name), None, None);
        e.step(step).unwrap().render(100, &|_, text| text.into())
    };
    let seals = text("qbft", "2.1");
    assert!(seals.contains("3 of 4 sealed, ceil(2·4/3) = 3 needed"), "{seals}");
    assert!(seals.contains("1 added, 1 removed, 3 stay"), "{seals}");
    assert!(seals.contains("3 of 4, 3 needed: the larger of ceil(4·2/3) and floor(4/3)+1"), "{seals}");
    let signed = text("beefy", "2.1");
    assert!(signed.contains("3 of 4 signed, 4 - floor((4-1)/3) = 3 needed"), "{signed}");
    assert!(signed.contains("the next set takes office") && signed.contains("leaf 110 of 111"), "{signed}");
    let voted = text("grandpa", "2.1");
    assert!(voted.contains("weight 3 of 4, 4 - floor((4-1)/3) = 3 needed"), "{voted}");
    assert!(voted.contains("4 added, 4 removed, 0 stay"), "{voted}");
}

#[test]
fn an_anchor_that_was_not_named_is_said_and_the_rest_told() {
    let bundle = fixture("qbft");
    let e = explain(&bundle, Some(&[]), None);
    assert!(!e.is_true && e.verdict.starts_with("Not known to be true"), "{}", e.verdict);
    assert_eq!(e.failed().unwrap().number, "1");
    assert!(e.steps.iter().skip(1).all(|step| step.status == Status::Passed));
}

#[test]
fn a_failure_at_every_place_of_an_evm_bundle() {
    let good = fixture("qbft");
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        bundle
    };
    let unsorted = with(&|b| {
        let AnchorClient::Qbft { validators, .. } = &mut b.anchor.client else { panic!() };
        validators.swap(0, 1);
    });
    fails(&unsorted, None, "1", "InvalidValidatorSet");
    let short = with(&|b| {
        let short = &raw(&mut b.updates[0])[1..];
        *raw(&mut b.updates[0]) = short.to_vec().into();
    });
    fails(&short, None, "2.1.1", "MalformedHeader");
    fails(&with(&|b| b.updates.swap(0, 1)), None, "2.1.5", "TooLittleOverlap");
    let again = with(&|b| b.updates.insert(1, b.updates[0].clone()));
    fails(&again, None, "2.2.1", "HeightNotNewer");
    let late = with(&|b| {
        let AnchorClient::Qbft { state, .. } = &mut b.anchor.client else { panic!() };
        state.latest_timestamp = TimestampSecs(1_600_000_000);
    });
    fails(&late, None, "2.1.2", "TrustedStateExpired");
    let few = with(&|b| with_seals(b, 1, |i| i > 0));
    let e = fails(&few, None, "2.2.4", "TooFewSeals");
    let text = e.step("2.2.4").unwrap().render(100, &|_, t| t.into());
    assert!(text.contains("2 of 4 sealed, ceil(2·4/3) = 3 needed") && text.contains("FAILED"), "{text}");
    let skipped = with(&|b| drop(b.updates.remove(0)));
    fails(&skipped, None, "2.1.5", "TooLittleOverlap");
    let code = with(&|b| {
        let AnchorClient::Qbft { state, .. } = &mut b.anchor.client else { panic!() };
        state.router_code_hash.0[0] ^= 1;
    });
    fails(&code, None, "2.1.6", "RouterCodeMismatch");
    let unused = with(&|b| b.statements.iter_mut().for_each(|s| s.height = Height(110)));
    let e = fails(&unused, None, "2.2", "UnusedUpdate");
    assert!(e.step("2.2").unwrap().children.iter().all(|part| part.status == Status::Passed));
    fails(&with(&|b| b.statements[2].height = Height(119)), None, "3.3.2", "UnknownHeight");
    let e = fails(&with(&|b| flip(&mut b.statements[1].value, 3)), None, "3.2.2", "ValueMismatch");
    assert_eq!(e.step("3.1.2").unwrap().status, Status::Passed, "the one before fits");
    assert_eq!(e.step("3.3.2").unwrap().status, Status::NotReached);
    let other = with(&|b| {
        let s = &b.statements[0];
        let packet = Packet { timeout_timestamp: TimestampSecs(1), ..s.packet.clone() };
        b.statements[0] = Statement::new(s.kind, s.height, packet, Acknowledgement(Vec::new()));
    });
    let e = fails(&other, None, "3.1.3", "ValueMismatch");
    assert_eq!(e.step("3.2.2").unwrap().status, Status::Passed, "the others were found to fit");
    assert_eq!(e.step("3.2.3").unwrap().status, Status::NotReached);
    // The same for what was never received: its time.
    let soon = with(&|b| {
        let at = b.statements.iter().position(|s| s.kind == Kind::NeverReceived).unwrap();
        b.statements[at].packet.timeout_timestamp = TimestampSecs(1_800_000_000);
    });
    let at = good.statements.iter().position(|s| s.kind == Kind::NeverReceived).unwrap() + 1;
    fails(&soon, None, &format!("3.{at}.4"), "NotExpired");
    let more = with(&|b| b.nodes.push(vec![0xff; 40].into()));
    fails(&more, None, "4", "UnusedNodes");
    fails(&good, Some(1_800_000_000), "5", "ClientExpired");
    fails(&good, Some(1_600_000_000), "5", "HeaderFromFuture");
}

#[test]
fn a_missing_node_is_where_the_way_breaks_off() {
    for name in TYPES {
        let good = fixture(name);
        for at in 0..good.nodes.len() {
            let mut bundle = good.clone();
            bundle.nodes.remove(at);
            let e = explain(&bundle, None, None);
            let failed = e.failed().unwrap();
            assert_eq!(failed.title, "The way breaks off", "{name} {at}: {}", failed.number);
            assert!(failed.facts.iter().any(|f| f.value.contains("is missing")), "{:?}", failed.facts);
        }
    }
}

#[test]
fn a_failure_at_every_place_of_a_beefy_bundle() {
    let good = fixture("beefy");
    let with = |change: &dyn Fn(&mut [&mut alloy_primitives::Bytes; 6])| {
        let mut bundle = good.clone();
        let Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } = &mut bundle.updates[1]
        else {
            panic!("beefy")
        };
        change(&mut [commitment, authorities, signatures, leaf, mmr_items, header]);
        bundle
    };
    let cut = |bytes: &mut alloy_primitives::Bytes, by: usize| *bytes = bytes.slice(..bytes.len() - by);
    fails(&with(&|p| cut(p[0], 1)), None, "2.2.1", "MalformedCommitment");
    fails(&with(&|p| flip(p[1], 0)), None, "2.2.2", "AuthoritySetMismatch");
    let e = fails(&with(&|p| cut(p[2], 66)), None, "2.2.3", "TooFewSignatures");
    let text = e.step("2.2.3").unwrap().render(100, &|_, t| t.into());
    assert!(text.contains("2 of 4 signed"), "{text}");
    fails(
        &with(&|p| *p[2] = [&p[2][66..132], &p[2][..66], &p[2][132..]].concat().into()),
        None,
        "2.2.3",
        "SignaturesNotSorted",
    );
    fails(&with(&|p| cut(p[3], 40)), None, "2.2.4", "MalformedLeaf");
    fails(&with(&|p| flip(p[4], 5)), None, "2.2.6", "InvalidMmrProof");
    fails(&with(&|p| flip(p[5], 0)), None, "2.2.7", "HeaderMismatch");
    let mut again = good.clone();
    again.updates.push(again.updates[1].clone());
    fails(&again, None, "2.3.10", "HeightNotNewer");
    let mut skipped = good.clone();
    skipped.updates.remove(0);
    // The second update hands over as well as the first; what the first proved is then left over.
    fails(&skipped, None, "4", "UnusedNodes");
}

#[test]
fn a_failure_at_every_place_of_a_grandpa_bundle() {
    let good = fixture("grandpa");
    let with = |change: &dyn Fn(&mut lupu_grandpa::Justification)| {
        let mut bundle = good.clone();
        let Update::Grandpa { justification, .. } = &mut bundle.updates[1] else { panic!("grandpa") };
        let mut decoded = lupu_grandpa::Justification::decode(justification).unwrap();
        change(&mut decoded);
        *justification = decoded.encode().into();
        bundle
    };
    fails(&with(&|j| j.target.number += 1), None, "2.2.4", "TargetMismatch");
    fails(&with(&|j| j.votes[0].key.0[0] ^= 1), None, "2.2.5", "ForeignVoter");
    fails(&with(&|j| j.votes[1] = j.votes[0].clone()), None, "2.2.5", "DuplicateVoter");
    fails(&with(&|j| j.votes[0].signature[0] ^= 1), None, "2.2.5", "InvalidSignature");
    fails(&with(&|j| j.round += 1), None, "2.2.5", "InvalidSignature");
    let e = fails(&with(&|j| j.votes.truncate(2)), None, "2.2.7", "TooLittleWeight");
    let text = e.step("2.2.7").unwrap().render(100, &|_, t| t.into());
    assert!(text.contains("weight 2 of 4"), "{text}");
    let mut skipped = good.clone();
    skipped.updates.remove(0);
    fails(&skipped, None, "2.1.5", "ForeignVoter");
    let mut header = good.clone();
    *raw(&mut header.updates[1]) = raw(&mut header.updates[1]).slice(1..);
    fails(&header, None, "2.2.2", "MalformedHeader");
}

/// A small generator of numbers, so that the mutants are always the same.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Whatever is changed, the explanation ends without a panic and says what the verifier says.
#[test]
fn explanation_and_verifier_agree_on_mutants() {
    let mut rng = Rng(0x5eed);
    let mut checks = std::collections::BTreeMap::<String, usize>::new();
    for round in 0..160 {
        let mut bundle = fixture(TYPES[round % 4]);
        for _ in 0..=rng.below(2) {
            let (updates, statements, nodes) = (bundle.updates.len(), bundle.statements.len(), bundle.nodes.len());
            let mut bytes: Vec<&mut alloy_primitives::Bytes> = Vec::new();
            match rng.below(4) {
                0 => match &mut bundle.updates[rng.below(updates)] {
                    Update::Qbft { header } => bytes.push(header),
                    Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } => {
                        bytes.extend([commitment, authorities, signatures, leaf, mmr_items, header]);
                    }
                    Update::Grandpa { header, justification } => bytes.extend([header, justification]),
                },
                1 => bytes.push(&mut bundle.nodes[rng.below(nodes)]),
                2 => {
                    let s = &mut bundle.statements[rng.below(statements)];
                    bytes.extend([&mut s.path, &mut s.value, &mut s.packet.payloads[0].value]);
                }
                _ => {
                    let (a, b) = (rng.below(nodes), rng.below(nodes));
                    let (x, y) = (bundle.nodes[a].clone(), bundle.nodes[b].clone());
                    bundle.nodes[a] = [&x[..x.len() / 2], &y[y.len() / 2..]].concat().into();
                }
            }
            if !bytes.is_empty() {
                let which = rng.below(bytes.len());
                let target = &mut *bytes[which];
                let mut changed = target.to_vec();
                match rng.below(3) {
                    0 if !changed.is_empty() => changed.truncate(rng.below(target.len())),
                    1 => changed.insert(rng.below(target.len()), rng.below(256) as u8),
                    _ if !changed.is_empty() => {
                        let at = rng.below(target.len());
                        changed[at] ^= 1 << rng.below(8);
                    }
                    _ => {}
                }
                *target = changed.into();
            }
        }
        let digest = bundle.anchor.digest();
        let verdict = verify(&bundle, &[digest], None);
        let e = explain(&bundle, Some(&[digest]), None);
        assert_eq!(e.is_true, verdict.is_ok());
        assert!(!render_text(&e, 80).contains('\u{1b}'));
        if let Err(error) = verdict {
            let number = &e.failed().expect("a failed step").number;
            let named = all(&e)
                .iter()
                .any(|item| item.status == Status::Failed && item.checks.iter().any(|check| check == error.check()));
            assert!(named, "{error}: step {number} fails");
            *checks.entry(error.check().into()).or_default() += 1;
        }
    }
    assert!(checks.len() >= 12, "{checks:?}");
}

#[test]
fn the_largest_bundles_are_told_in_bounded_size() {
    let good = fixture("qbft");
    let mut bundle = good.clone();
    let template = good.statements[0].packet.clone();
    bundle.statements = (1..=4_096u64)
        .map(|n| {
            let packet = Packet { sequence: Sequence::new(n).unwrap(), ..template.clone() };
            Statement::new(Kind::Sent, Height(120), packet, Acknowledgement(Vec::new()))
        })
        .collect();
    let e = explain(&bundle, None, None);
    assert_eq!(e.steps[2].children.len(), 4_096);
    let told = all(&e).iter().filter(|i| i.title == "Trie nodes not shown").count();
    assert_eq!(told, 4_096 - 50);
    let file = bundle.to_json().len();
    let text = render_text(&e, 100).len();
    assert!(text < 10 * file, "{text} of {file}");

    let mut bundle = good.clone();
    bundle.updates = vec![good.updates[0].clone(); 1_024];
    let e = explain(&bundle, None, None);
    assert_eq!(e.failed().unwrap().number, "2.2.1");
    let file = bundle.to_json().len();
    let text = render_text(&e, 100).len();
    assert!(text < 10 * file, "{text} of {file}");
}
