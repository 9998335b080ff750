//! What a verifier is to the suite.

use crate::case::{Case, is_accepted};
use alloy_primitives::B256;

/// What a verifier says of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it takes the bytes for true.
    pub accept: bool,
    /// The result, or the check that failed. Empty where the verifier does not name checks.
    pub check: String,
    /// What was proven, as [`Case::proves`] has it, where the verifier tells.
    pub proves: Option<B256>,
}

impl Verdict {
    /// The verdict with this name, of a result or a check.
    pub fn named(check: impl Into<String>) -> Self {
        let check = check.into();
        Self { accept: is_accepted(&check), check, proves: None }
    }

    /// The verdict, and what was proven.
    pub fn proving(check: &str, proves: B256) -> Self {
        Self { proves: Some(proves), ..Self::named(check) }
    }

    /// A refusal by this check.
    pub fn refused(check: impl Into<String>) -> Self {
        Self { accept: false, check: check.into(), proves: None }
    }

    /// `ok`, or a check's name.
    pub fn of<T, E: Into<String>>(result: Result<T, E>) -> Self {
        result.map_or_else(Self::named, |_| Self::named("ok"))
    }
}

/// Something that judges cases.
pub trait Verifier {
    /// The column's name.
    fn name(&self) -> &str;

    /// Whether it names checks of this case by the suite's names: ours do, and must name the right
    /// one.
    fn names_checks(&self, _: &Case) -> bool {
        true
    }

    /// Whether a verifier for this case exists here.
    fn supports(&self, case: &Case) -> bool;

    /// Judges a case.
    ///
    /// # Errors
    /// If it could not: the case lacks a field, the verifier broke. That fails the run.
    fn verdict(&mut self, case: &Case) -> anyhow::Result<Verdict>;
}

/// Why a verdict on a case is wrong; `None` if it is right. `named`: the verifier owes the check.
pub fn divergence(case: &Case, verdict: &Verdict, named: bool) -> Option<String> {
    let word = |accept: bool| if accept { "accepted" } else { "refused" };
    if verdict.accept != case.accepts() {
        return Some(format!(
            "{} by {}, must be {} by {}",
            word(verdict.accept),
            verdict.check,
            word(case.accepts()),
            case.expect
        ));
    }
    if named && verdict.check != case.expect {
        return Some(format!("{} by {}, must be by {}", word(verdict.accept), verdict.check, case.expect));
    }
    match (verdict.proves, case.proves()) {
        (Some(found), Some(truth)) if found != truth => Some(format!("proves {found}, must prove {truth}")),
        _ => None,
    }
}
