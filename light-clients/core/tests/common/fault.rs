//! A check of a plain reference left out, to see whether the vectors notice
//! (`conformance/tests/faults.rs`). Nothing else leaves one out.

use std::cell::Cell;

thread_local! {
    static LEFT_OUT: Cell<&'static str> = const { Cell::new("") };
}

/// From now on this thread leaves out the check of this name; none for an empty one.
pub fn leave_out(check: &'static str) {
    LEFT_OUT.set(check);
}

/// Whether this check is left out.
pub fn left_out(check: &str) -> bool {
    LEFT_OUT.get() == check
}

/// A check, by its name.
pub fn need(good: bool, check: &'static str) -> Result<(), &'static str> {
    if good || left_out(check) { Ok(()) } else { Err(check) }
}
