//! One module for each command.

pub mod client;
pub mod completions;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod deploy;
#[cfg(feature = "demo")]
pub mod devnet;
pub mod init;
pub mod inspect;
pub mod key;
pub mod message;
pub mod packet;
pub mod proof;
pub mod send;
pub mod start;
pub mod status;
pub mod token;
pub mod transfer;
