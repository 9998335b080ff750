#![cfg_attr(not(feature = "std"), no_std)]
//! placeholder
extern crate alloc;
