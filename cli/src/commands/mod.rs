//! One module for each command.

pub mod completions;
pub mod config;
pub mod init;
pub mod inspect;
pub mod key;
