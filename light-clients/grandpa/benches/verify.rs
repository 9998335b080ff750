//! Verifying an update against verifying as many bare signatures.
fn main() {}
