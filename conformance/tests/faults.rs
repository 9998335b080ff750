//! The suite is tested itself: for every check of every client type, and every rule of bundles, a
//! verifier that lacks it, and a case that notices.
#![allow(missing_docs)]

use lupu_conformance::{
    case::Case,
    fault::Faulty,
    kind::Kind,
    scenarios::{
        subjects::{hold, memo, packet, paths_of},
        world::{Chain, Plan, Shape},
    },
    suite,
    verifier::{Verifier, divergence},
    verifiers::{Crates, Plain},
};
use lupu_proof::Kind as Said;
use lupu_standard::{Acknowledgement, Height};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const QBFT: [&str; 29] = [
    "MalformedMessage",
    "ClientFrozen",
    "UnknownTrustedHeight",
    "TrustedStateMismatch",
    "MalformedHeader",
    "HeightNotNewer",
    "ZeroStateRoot",
    "TrustedStateExpired",
    "HeaderFromFuture",
    "TimeWentBack",
    "InvalidValidatorSet",
    "TrustedValidatorsMismatch",
    "InvalidSeal",
    "SealsNotSorted",
    "ForeignSeal",
    "TooFewSeals",
    "TooLittleOverlap",
    "InvalidProof",
    "RouterAbsent",
    "RouterCodeMismatch",
    "ZeroStorageRoot",
    "NotMisbehaviour",
    "ClientExpired",
    "UnknownHeight",
    "ConsensusStateMismatch",
    "InvalidPath",
    "ValueAbsent",
    "ValuePresent",
    "ValueMismatch",
];

const BEEFY: [&str; 31] = [
    "MalformedMessage",
    "ClientFrozen",
    "ClientExpired",
    "MalformedCommitment",
    "UnknownAuthoritySet",
    "AuthoritySetMismatch",
    "InvalidSignature",
    "TooFewSignatures",
    "SignaturesNotSorted",
    "WrongSigner",
    "MalformedLeaf",
    "LeafOutOfRange",
    "HandoverLeafNotBound",
    "NextSetMismatch",
    "InvalidMmrProof",
    "MalformedHeader",
    "HeaderMismatch",
    "ZeroStateRoot",
    "InvalidProof",
    "AnchorAbsent",
    "MalformedAnchor",
    "WrongChain",
    "HeaderFromFuture",
    "TimeWentBack",
    "NotMisbehaviour",
    "UnknownHeight",
    "ConsensusStateMismatch",
    "InvalidPath",
    "ValueAbsent",
    "ValuePresent",
    "ValueMismatch",
];

const GRANDPA: [&str; 34] = [
    "MalformedMessage",
    "ClientFrozen",
    "UnknownTrustedHeight",
    "TrustedStateMismatch",
    "TrustedStateExpired",
    "MalformedHeader",
    "HeightNotNewer",
    "ZeroStateRoot",
    "InvalidAuthoritySet",
    "AuthoritySetMismatch",
    "MalformedJustification",
    "TargetMismatch",
    "ForeignVoter",
    "DuplicateVoter",
    "InvalidSignature",
    "InvalidAncestry",
    "UnusedAncestry",
    "TooLittleWeight",
    "ForcedChange",
    "InvalidScheduledChange",
    "InvalidProof",
    "AnchorAbsent",
    "MalformedAnchor",
    "WrongChain",
    "HeaderFromFuture",
    "TimeWentBack",
    "NotMisbehaviour",
    "ClientExpired",
    "UnknownHeight",
    "ConsensusStateMismatch",
    "InvalidPath",
    "ValueAbsent",
    "ValuePresent",
    "ValueMismatch",
];

/// Faults that no verdict shows, because the next check stops the attack all the same: they are
/// noticed by the name of that next check. A zero root proves nothing, and an index past the last
/// leaf is refused again by the mountain range.
const BY_NAME_ONLY: [(&str, &str); 4] =
    [("qbft", "ZeroStateRoot"), ("beefy", "ZeroStateRoot"), ("beefy", "LeafOutOfRange"), ("grandpa", "ZeroStateRoot")];

struct Caught {
    case: String,
    how: String,
}

/// The first case that an attack gets past the fault, or else that the named check is missed on.
fn caught(cases: &[&Case], check: &'static str) -> (Option<Caught>, Option<Caught>) {
    let mut faulty = Faulty::without(check);
    let (mut accepted, mut named) = (None, None);
    // Cases that this check stops come first: the others cost time.
    let (own, others): (Vec<&&Case>, Vec<&&Case>) = cases.iter().partition(|case| case.expect == check);
    for case in own.into_iter().chain(others) {
        let verdict = faulty.verdict(case).unwrap();
        let Some(how) = divergence(case, &verdict, true) else { continue };
        let wrong = verdict.accept != case.accepts();
        let found = Caught { case: case.reference(), how };
        if wrong {
            accepted = Some(found);
            break;
        }
        named.get_or_insert(found);
    }
    (accepted, named)
}

#[test]
fn every_fault_is_caught() {
    let all = suite::read(&suite::folder()).unwrap();
    let mut missed = Vec::new();
    for (family, checks) in [("qbft", &QBFT[..]), ("beefy", &BEEFY[..]), ("grandpa", &GRANDPA[..])] {
        let cases: Vec<&Case> = all.iter().filter(|c| c.kind.family() == family && Plain.supports(c)).collect();
        for check in checks {
            let only_by_name = BY_NAME_ONLY.contains(&(family, check));
            match caught(&cases, check) {
                (Some(c), _) => println!("{family} without {check}: {} ({})", c.case, c.how),
                (None, Some(c)) if only_by_name => {
                    println!("{family} without {check}, by name: {} ({})", c.case, c.how)
                }
                (None, Some(c)) => missed.push(format!("{family} without {check}: only by name, on {}", c.case)),
                (None, None) => missed.push(format!("{family} without {check}: not at all")),
            }
        }
    }
    assert!(missed.is_empty(), "faults that no case catches:\n{}", missed.join("\n"));
}

/// The rules of bundles and anchors, and checks of the light clients that stand for LUPU-BUN-013.
const BUNDLES: [&str; 35] = [
    "LUPU-ANC-001",
    "LUPU-ANC-002",
    "LUPU-ANC-003",
    "LUPU-ANC-004",
    "LUPU-ANC-005",
    "LUPU-ANC-006",
    "LUPU-BUN-001",
    "LUPU-BUN-002",
    "LUPU-BUN-003",
    "LUPU-BUN-004",
    "LUPU-BUN-005",
    "LUPU-BUN-006",
    "LUPU-BUN-007",
    "LUPU-BUN-008",
    "LUPU-BUN-009",
    "LUPU-BUN-010",
    "LUPU-BUN-011",
    "ForeignSeal",
    "WrongSigner",
    "ForeignVoter",
    "WrongChain",
    "LUPU-BUN-014",
    "LUPU-BUN-016",
    "LUPU-BUN-017",
    "LUPU-BUN-018",
    "LUPU-BUN-019",
    "LUPU-BUN-020",
    "LUPU-BUN-021",
    "LUPU-BUN-022",
    "LUPU-BUN-023",
    "LUPU-BUN-024",
    "LUPU-BUN-025",
    "LUPU-BUN-026",
    "LUPU-BUN-027",
    "LUPU-BUN-028",
];

/// Rules that no verdict shows: 012 is two others, 013 stands here by its checks, a verifier cannot
/// go on without the node of 015, and 029 and 030 are about words.
const NOT_PLANTED: [&str; 5] = ["LUPU-BUN-012", "LUPU-BUN-013", "LUPU-BUN-015", "LUPU-BUN-029", "LUPU-BUN-030"];

/// Every rule of anchors and bundles has its fault above, or a reason.
#[test]
fn every_rule_of_bundles_has_a_fault() {
    let spec = std::fs::read_to_string(suite::folder().join("../SPEC.md")).unwrap();
    let bold = spec.split("**").skip(1).step_by(2);
    let mut rules: Vec<&str> = bold.filter(|id| id.starts_with("LUPU-ANC-") || id.starts_with("LUPU-BUN-")).collect();
    let mut known: Vec<&str> =
        BUNDLES.into_iter().filter(|fault| fault.starts_with("LUPU-")).chain(NOT_PLANTED).collect();
    rules.sort_unstable();
    known.sort_unstable();
    assert_eq!(rules, known);
}

/// A true bundle, larger than any may be; too large for a file of vectors.
fn large() -> Case {
    let mut plan = Plan::new(Chain::Qbft, Shape::One);
    let mut claims = Vec::new();
    for sequence in 100..117 {
        let mut packet = packet(true, sequence, memo(""));
        packet.payloads[0].value = vec![7; 262_144].into();
        hold(&mut plan.stored, &packet, &Acknowledgement(Vec::new()));
        plan.paths.extend(paths_of(&packet));
        claims.push((Said::Sent, Height(120), packet, Acknowledgement(Vec::new())));
    }
    let bundle = plan.build().bundle_of(&claims);
    let (json, anchor) = (bundle.to_json(), bundle.anchor.digest());
    assert!(json.len() > 8 << 20);
    let fields = json!({"name": "large", "json": json, "anchor": anchor, "now": null, "expect": "Malformed"});
    let Value::Object(fields) = fields else { unreachable!() };
    Case::new("large", Kind::of("bundles/qbft").unwrap(), fields).unwrap()
}

/// Of bundles the checker names no check: each fault shows in a verdict, or in the digest.
#[test]
fn every_fault_of_bundles_is_caught() {
    let mut all = suite::read(&suite::folder()).unwrap();
    all.push(large());
    let bundles = all.iter().filter(|case| case.kind.family() == "bundles");
    let (valid, attacks): (Vec<&Case>, Vec<&Case>) = bundles.partition(|case| case.accepts());
    let mut missed = Vec::new();
    for rule in BUNDLES {
        let mut faulty = Faulty::without(rule);
        let wrong = attacks.iter().chain(&valid).find_map(|case| {
            let how = divergence(case, &faulty.verdict(case).unwrap(), false)?;
            Some((case.reference(), how))
        });
        match wrong {
            Some((case, how)) => println!("bundles without {rule}: {case} ({how})"),
            None => missed.push(rule),
        }
    }
    assert!(missed.is_empty(), "faults that no bundle catches: {missed:?}");
}

/// Every check that a case of the three client types expects has its fault above.
#[test]
fn every_check_has_a_fault() {
    let all = suite::read(&suite::folder()).unwrap();
    let mut checks: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for case in all.iter().filter(|c| Plain.supports(c) && !c.accepts()) {
        *checks.entry((case.kind.family(), case.expect.clone())).or_default() += 1;
    }
    for (family, list) in [("qbft", &QBFT[..]), ("beefy", &BEEFY[..]), ("grandpa", &GRANDPA[..])] {
        let missing: Vec<_> =
            checks.keys().filter(|(of, check)| *of == family && !list.contains(&check.as_str())).collect();
        assert!(missing.is_empty(), "no fault planted for {missing:?}");
    }
}

/// Without a fault the checker is right on every case.
#[test]
fn no_fault_no_divergence() {
    let large = large();
    assert_eq!(divergence(&large, &Crates.verdict(&large).unwrap(), true), None);
    assert_eq!(divergence(&large, &Plain.verdict(&large).unwrap(), false), None);
    let mut whole = Faulty::without("");
    for case in suite::read(&suite::folder()).unwrap().iter().filter(|c| Plain.supports(c)) {
        let verdict = whole.verdict(case).unwrap();
        let named = whole.names_checks(case);
        assert_eq!(divergence(case, &verdict, named), None, "{}", case.reference());
    }
}
