//! `lupu inspect`: what a packet, an acknowledgement, a header or a proof says. Needs no chain and no
//! configuration.

pub mod acknowledgement;
mod authorities;
pub mod beefy;
pub mod grandpa;
pub mod header;
pub mod packet;
pub mod state_proof;
pub mod substrate_header;

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
    /// Root, signed hash and signers of a BEEFY finality proof.
    Beefy(beefy::Args),
    /// Whether a GRANDPA justification finalizes its block, and by whose votes.
    Grandpa(grandpa::Args),
    /// Hash, state root and digest of a Substrate header.
    SubstrateHeader(substrate_header::Args),
    /// What a proof of a Substrate state trie says of storage keys.
    StateProof(state_proof::Args),
}

impl Inspect {
    /// Runs it.
    pub fn run(&self, out: &Output) -> Result<u8, Failure> {
        match self {
            Self::Packet(args) => packet::run(args, out),
            Self::Acknowledgement(args) => acknowledgement::run(args, out),
            Self::Header(args) => header::run(args, out),
            Self::Beefy(args) => beefy::run(args, out),
            Self::Grandpa(args) => grandpa::run(args, out),
            Self::SubstrateHeader(args) => substrate_header::run(args, out),
            Self::StateProof(args) => state_proof::run(args, out),
        }
    }
}
