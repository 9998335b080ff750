//! A consortium's runtime: Aura, GRANDPA and BEEFY finality over an MMR, balances and assets, a
//! validator set that governance chooses, and the IBC v2 host with its two applications.
//!
//! It compiles natively, for the embedded chain, and without `std` for `wasm32v1-none`, for a node.

#![cfg_attr(not(feature = "std"), no_std)]
// What the macros of FRAME write has no documentation.
#![allow(missing_docs)]

extern crate alloc;

use alloc::vec::Vec;

pub mod apis;
mod config;
pub mod customs;
pub mod genesis;
mod ibc;
pub mod keys;
pub mod validators;
pub mod version;

use sp_runtime::traits::{BlakeTwo256, IdentifyAccount, Verify};
use sp_runtime::{generic, impl_opaque_keys, MultiAddress, MultiSignature};

pub use config::{EXISTENTIAL_DEPOSIT, UNIT};
pub use version::VERSION;

/// A signature of any of the three schemes.
pub type Signature = MultiSignature;
/// An account: 32 bytes, the public key or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of the native token, in its smallest unit.
pub type Balance = u128;
/// A count of an account's transactions.
pub type Nonce = u32;
/// BLAKE2b-256.
pub type Hash = sp_core::H256;
/// Blocks since block 0.
pub type BlockNumber = u32;
/// Whom a call names.
pub type Address = MultiAddress<AccountId, ()>;
/// The header light clients hash.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// What every signed transaction carries beside its call. There are no fees.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
);
/// A transaction or an inherent.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// A block with its extrinsics decoded.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// What is signed.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Runs blocks.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// Types a node needs that does not know the calls.
pub mod opaque {
    use super::{generic, BlakeTwo256};

    pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

    /// A header.
    pub type Header = generic::Header<super::BlockNumber, BlakeTwo256>;
    /// A block whose extrinsics are bytes.
    pub type Block = generic::Block<Header, UncheckedExtrinsic>;
}

impl_opaque_keys! {
    /// The keys with which a validator works, one for each protocol.
    pub struct SessionKeys {
        pub aura: Aura,
        pub grandpa: Grandpa,
        pub beefy: Beefy,
    }
}

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    // Hooks and genesis run in this order: Validators before Session, which asks it for the first
    // sets; Session before Grandpa, Beefy and Mmr, so that the first block of a session already
    // announces its sets in its digest and in its MMR leaf; Mmr before BeefyMmr.
    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Aura = pallet_aura;
    #[runtime::pallet_index(3)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(4)]
    pub type Assets = pallet_assets;
    #[runtime::pallet_index(5)]
    pub type Validators = crate::validators;
    #[runtime::pallet_index(6)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(7)]
    pub type Grandpa = pallet_grandpa;
    #[runtime::pallet_index(8)]
    pub type Beefy = pallet_beefy;
    #[runtime::pallet_index(9)]
    pub type Mmr = pallet_mmr;
    #[runtime::pallet_index(10)]
    pub type BeefyMmr = pallet_beefy_mmr;
    #[runtime::pallet_index(11)]
    pub type Sudo = pallet_sudo;
    // Storage keys depend on this name.
    #[runtime::pallet_index(12)]
    pub type Ibc = pallet_lupu_ibc;
    #[runtime::pallet_index(13)]
    pub type IbcTransfer = pallet_lupu_transfer;
    #[runtime::pallet_index(14)]
    pub type IbcGmp = pallet_lupu_gmp;
    #[runtime::pallet_index(15)]
    pub type CustomsRegistry = crate::customs;
}
