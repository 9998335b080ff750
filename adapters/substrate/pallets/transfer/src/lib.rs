//! ICS-20 transfer for FRAME (version `ics20-1`, port `transfer`, encoding `application/x-solidity-abi`).
//!
//! Tokens of this chain (`native`, `asset:<id>`) are escrowed in one account per client, accounted
//! per client and token, and released only against that client's account. Tokens of other chains
//! are vouchers: assets of this pallet's own, one for each full trace, found by keccak256 of the
//! trace. A voucher sent back the way it came is burned, one sent on is escrowed. What the
//! counterparty refuses, or does not receive in time, is given back.
//!
//! What does not arrive exactly as the packet says is an error, which the host turns into the
//! universal error acknowledgement: a zero amount, one above u128 or below what the token lets an
//! account hold, an account that is not `0x` and 64 lower-case hexadecimal digits, an unknown
//! asset. Amounts are in a token's smallest unit; decimals are never converted.
//!
//! # What a runtime must see to
//!
//! - Nobody else creates assets with ids from `FirstVoucher` on: [`BelowVouchers`] around the
//!   origin that creates assets.
//! - An escrow account can be sent a token's minimum by anyone. One that was never loses a release
//!   that would leave it with less than the minimum, more than nothing: the release is refused and
//!   can be tried again once the account has been topped up.
//! - An asset whose accounts do not exist by themselves takes a consumer reference of the escrow
//!   account: `frame_system::Config::MaxConsumers` bounds how many such assets go through a client.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod account;
mod app;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod conservation;
mod escrow;
mod origin;
mod token;
mod voucher;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use app::TransferApp;
pub use origin::BelowVouchers;
pub use pallet::*;
pub use token::Token;
pub use weights::WeightInfo;

use frame_support::{BoundedVec, traits::ConstU32};

/// The longest memo, in bytes.
pub const MAX_MEMO: usize = 32_768;
/// The longest receiver a transfer may be sent to, in bytes.
pub const MAX_RECEIVER: usize = 2048;
/// The longest trace of a voucher, in bytes.
pub const MAX_TRACE: u32 = 512;
/// The longest payload value that is decoded, in bytes: more than the longest transfer has.
pub const MAX_VALUE: usize = 65_536;
/// The longest denomination in a packet: a trace of this chain, and the sender's hop in front.
pub(crate) const MAX_DENOM: usize = MAX_TRACE as usize + PREFIX;
/// `transfer/<client>/` at its longest.
const PREFIX: usize = "transfer/".len() + 128 + 1;

/// A client's identifier as the pallet's maps have it.
pub type ClientName = BoundedVec<u8, ConstU32<128>>;
/// The full trace of a voucher, UTF-8.
pub type Trace = BoundedVec<u8, ConstU32<MAX_TRACE>>;

/// What the pallet's work costs in a runtime.
pub(crate) type WeightInfoOf<T> = <T as pallet::Config>::WeightInfo;

#[allow(missing_docs, reason = "generated items")]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{
        PalletId,
        pallet_prelude::*,
        traits::tokens::{fungible, fungibles},
    };
    use frame_system::pallet_prelude::*;
    use sp_core::H256;

    /// The layout of the pallet's storage; raise it with a migration.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId: From<[u8; 32]> + Into<[u8; 32]>> + pallet_lupu_ibc::Config
    {
        /// The native balance.
        type Native: fungible::Mutate<Self::AccountId, Balance = u128>;
        /// The assets, vouchers included.
        type Assets: fungibles::Create<Self::AccountId, AssetId = u32, Balance = u128>
            + fungibles::Mutate<Self::AccountId, AssetId = u32, Balance = u128>;
        /// What the pallet's account and the escrow accounts are derived from.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// The id of the first voucher. Ids from here on are this pallet's.
        #[pallet::constant]
        type FirstVoucher: Get<u32>;
        /// What the pallet's work costs.
        type WeightInfo: WeightInfo;
    }

    /// What is accounted as escrowed, by client and token. Never zero.
    #[pallet::storage]
    pub type Escrowed<T> = StorageDoubleMap<_, Blake2_128Concat, ClientName, Blake2_128Concat, Token, u128, ValueQuery>;

    /// The escrow accounts that this pallet keeps alive, by client.
    #[pallet::storage]
    pub type EscrowAccounts<T: Config> = StorageMap<_, Blake2_128Concat, ClientName, T::AccountId>;

    /// Asset ids of vouchers, by keccak256 of the full trace.
    #[pallet::storage]
    pub type Vouchers<T> = StorageMap<_, Identity, H256, u32>;

    /// Full traces of vouchers, by asset id.
    #[pallet::storage]
    pub type Traces<T> = StorageMap<_, Blake2_128Concat, u32, Trace>;

    /// What this pallet minted of a voucher and did not burn, by asset id.
    #[pallet::storage]
    pub type Supply<T> = StorageMap<_, Blake2_128Concat, u32, u128, ValueQuery>;

    /// The id of the next voucher; zero before the first.
    #[pallet::storage]
    pub type NextVoucher<T> = StorageValue<_, u32, ValueQuery>;

    /// What the pallet tells. `client` is the client on this chain, `sequence` the packet's; denominations are as
    /// this chain writes them; amounts are in the token's smallest unit.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A token was escrowed or burned, and a packet sent.
        TransferSent {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Full denomination.
            denom: Vec<u8>,
            /// The token here.
            token: Token,
            /// Whether it was burned; escrowed otherwise.
            burned: bool,
            /// Amount.
            amount: u128,
            /// Who sent it.
            sender: T::AccountId,
            /// Who gets it, in the other chain's form.
            receiver: Vec<u8>,
        },
        /// A token was released or minted.
        TransferReceived {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Full denomination.
            denom: Vec<u8>,
            /// The token here.
            token: Token,
            /// Whether it was minted; released otherwise.
            minted: bool,
            /// Amount.
            amount: u128,
            /// Who sent it, in the other chain's form.
            sender: Vec<u8>,
            /// Who got it.
            receiver: T::AccountId,
        },
        /// A token was given back: the counterparty refused it, or did not receive it in time.
        TransferRefunded {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Full denomination.
            denom: Vec<u8>,
            /// The token here.
            token: Token,
            /// Whether it was minted; released otherwise.
            minted: bool,
            /// Amount.
            amount: u128,
            /// Who sent it, and has it again.
            sender: T::AccountId,
        },
        /// A token came for the first time.
        VoucherCreated {
            /// Asset id.
            id: u32,
            /// Full trace.
            trace: Vec<u8>,
        },
    }

    /// The check that failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The amount is zero.
        ZeroAmount,
        /// An amount, or a sum of amounts, is above u128.
        AmountTooLarge,
        /// The client's identifier is not one.
        InvalidClient,
        /// The receiver is empty, too long, not an account of this chain, or an account of this pallet.
        InvalidReceiver,
        /// The memo is too long or not UTF-8.
        InvalidMemo,
        /// The denomination is not one of this chain, or not well formed.
        InvalidDenomination,
        /// There is no such asset.
        UnknownAsset,
        /// No voucher has this trace.
        UnknownVoucher,
        /// The trace is longer than 512 bytes.
        TraceTooLong,
        /// The next voucher ids are taken.
        NoVoucherId,
        /// The account has less.
        InsufficientBalance,
        /// Less is accounted as escrowed for this client.
        InsufficientEscrow,
        /// What stays on the account would be more than nothing and below the token's minimum.
        LeavesDust,
        /// Another amount than the packet's moved.
        NotTheAmount,
        /// The payload is not between two ports `transfer`.
        WrongPort,
        /// The payload is not of version `ics20-1`.
        WrongVersion,
        /// The payload's encoding is not `application/x-solidity-abi`.
        WrongEncoding,
        /// The payload is longer than any transfer.
        PayloadTooLong,
        /// The payload is not a transfer.
        MalformedPayload,
        /// The acknowledgement is neither success nor the universal error.
        UnexpectedAcknowledgement,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::FirstVoucher::get() > 0, "voucher ids begin above zero");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_conservation()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Sends `amount` of a token to `receiver` on the chain of `client`.
        ///
        /// `denom` is `native`, `asset:<id>` or the full trace of a voucher; `receiver` is in the other chain's
        /// form; `timeout` is in seconds since 1970, after now and at most a day ahead. Tokens of this chain and
        /// vouchers of other clients are escrowed, vouchers of this client burned. The sender keeps either nothing
        /// or at least the token's minimum.
        #[pallet::call_index(0)]
        #[pallet::weight(WeightInfoOf::<T>::transfer((receiver.len() as u32).saturating_add(memo.len() as u32)))]
        pub fn transfer(
            origin: OriginFor<T>,
            client: Vec<u8>,
            denom: Vec<u8>,
            amount: u128,
            receiver: Vec<u8>,
            timeout: u64,
            memo: Vec<u8>,
        ) -> DispatchResult {
            let sender = ensure_signed(origin)?;
            let order =
                app::Order { client: &client, denom: &denom, amount, receiver: &receiver, timeout, memo: &memo };
            Self::send(&sender, order)?;
            Ok(())
        }
    }
}
