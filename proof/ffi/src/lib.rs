//! The verifier of proof bundles behind a C ABI, `include/lupu_proof.h`: a static or shared
//! library for programs in any language, and, built for `wasm32v1-none`, the module of the page
//! in `proof/page`.
//!
//! [`answer`] is all there is to it, in safe Rust; [`abi`] reads the caller's pointers and hands
//! text back. Nothing panics on any input, and if something did, it would not cross the border.
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

pub mod abi;
pub mod answer;
#[cfg(target_os = "none")]
mod wasm;

pub use answer::{Answer, Code};
