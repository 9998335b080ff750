//! `lupu inspect`: what a packet, an acknowledgement or a header says. Needs no chain and no configuration.

pub mod acknowledgement;
pub mod header;
pub mod packet;

use crate::failure::Failure;
use crate::output::Output;
use clap::Subcommand;

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum Inspect {
    /// Commitment, payload hashes, store paths and EVM storage slots of a packet.
    Packet(packet::Args),
    /// Commitment of an acknowledgement.
    #[command(visible_alias = "ack")]
    Acknowledgement(acknowledgement::Args),
    /// Hash, seal digest, validators and signers of a QBFT or IBFT 2.0 header.
    Header(header::Args),
}

impl Inspect {
    /// Runs it.
    pub fn run(&self, out: &Output) -> Result<u8, Failure> {
        match self {
            Self::Packet(args) => packet::run(args, out),
            Self::Acknowledgement(args) => acknowledgement::run(args, out),
            Self::Header(args) => header::run(args, out),
        }
    }
}
