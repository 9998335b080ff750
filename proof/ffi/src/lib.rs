//! The verifier of proof bundles behind a C ABI.
