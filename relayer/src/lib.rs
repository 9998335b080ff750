//! The relayer as a library.

pub mod config;
pub mod keys;
