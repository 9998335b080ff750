//! BEEFY and Substrate state: cases that the crates and the contracts judge.

pub mod case;
pub mod contract;
pub mod vectors;
