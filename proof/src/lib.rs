//! The portable proof bundle: one file that proves statements about packets, to anyone who trusts
//! one anchor, without a network.
//!
//! [`Bundle::decode`] reads a file in either of its forms, [`verify()`] recomputes everything in it
//! with the light clients that run in the relayer and on the chains, and [`Builder`] makes bundles
//! from what a relayer has proven. The format is `standard/SPEC.md`, "Proof bundle".
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod anchor;
pub mod build;
pub mod bundle;
pub mod caip;
pub mod codec;
pub mod derive;
pub mod explain;
pub mod failure;
pub mod html;
pub mod statement;
pub mod turns;
pub mod verify;

pub use anchor::{Anchor, AnchorClient};
pub use build::{BuildError, Builder};
pub use bundle::{Bundle, Update};
pub use codec::{FormatError, Problem};
pub use derive::{DeriveError, Hosted};
pub use failure::{Failure, Place, VerifyError};
pub use statement::{Kind, Statement, StatementError};
pub use turns::Turns;
pub use verify::{Report, Step, Trace, verify};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
