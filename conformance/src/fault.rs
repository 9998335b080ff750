//! The plain references with one check left out: faulty verifiers, to test the suite.

use crate::{
    case::Case,
    scenarios::{beefy, grandpa, plain, qbft},
    verifier::{Verdict, Verifier},
    verifiers::Plain,
};
use anyhow::Result;

/// [`Plain`] without the check of this name: it is really left out, and what comes after it goes
/// on. Where nothing could go on (bytes that do not decode), the nearest leniency stands for it:
/// trailing bytes, a value out of range. Of bundles a rule of `SPEC.md` is left out by its id.
pub struct Faulty {
    check: &'static str,
}

impl Faulty {
    /// The checker without this check.
    pub fn without(check: &'static str) -> Self {
        Self { check }
    }

    fn plant(check: &'static str) {
        qbft::state_trie::reference::fault::leave_out(check);
        beefy::state_trie::reference::fault::leave_out(check);
        grandpa::reference::fault::leave_out(check);
        plain::fault::leave_out(check);
    }
}

impl Verifier for Faulty {
    fn name(&self) -> &str {
        self.check
    }

    fn names_checks(&self, case: &Case) -> bool {
        Plain.names_checks(case)
    }

    fn supports(&self, case: &Case) -> bool {
        Plain.supports(case)
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        Self::plant(self.check);
        let verdict = Plain.verdict(case);
        Self::plant("");
        verdict
    }
}
