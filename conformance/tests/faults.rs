//! The suite is tested itself: for every check of every client type a verifier that lacks it, and
//! a case that notices.
#![allow(missing_docs)]

use lupu_conformance::{
    case::Case,
    fault::Faulty,
    suite,
    verifier::{Verifier, divergence},
    verifiers::Plain,
};
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
/// leaf is refused again by the mountain range. The anchors of other lengths in these files also name
/// another chain.
const BY_NAME_ONLY: [(&str, &str); 5] = [
    ("qbft", "ZeroStateRoot"),
    ("beefy", "ZeroStateRoot"),
    ("beefy", "LeafOutOfRange"),
    ("beefy", "MalformedAnchor"),
    ("grandpa", "ZeroStateRoot"),
];

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
    let mut whole = Faulty::without("");
    for case in suite::read(&suite::folder()).unwrap().iter().filter(|c| Plain.supports(c)) {
        let verdict = whole.verdict(case).unwrap();
        assert_eq!(divergence(case, &verdict, true), None, "{}", case.reference());
    }
}
