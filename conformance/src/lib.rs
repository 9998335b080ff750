//! The suite of attacks, run against every verifier.
