//! The portable proof bundle: build, verify, explain.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
