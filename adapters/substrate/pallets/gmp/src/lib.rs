//! ICS-27 general messages for FRAME (version `ics27-2`, port `gmpport`, encoding `application/x-solidity-abi`).
//!
//! A message from another chain is a call of this runtime: `transaction_version u32 LE ‖ SCALE call`.
//! It is made by an account that belongs to (client, sender, salt) alone ([`account::derive`]), signed
//! and without any privilege, all of it or nothing. The acknowledgement is `abi.encode((bytes result))`
//! with an empty result, for a call of FRAME returns nothing; a call that fails or may not be made is
//! the universal error.
//!
//! A call may not be made if the payload is of another transaction version, does not decode within
//! [`MAX_DEPTH`], has bytes left over, is longer or heavier than the runtime allows, carries other
//! calls, is of this pallet or the host, or is not in the runtime's filter. The origin carries the
//! same filter, so a call that dispatches others with it gains nothing.
//!
//! `receiver` names no contract here, for the payload names the call: it is [`RECEIVER`] or empty.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod account;
mod app;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(feature = "std")]
pub mod carriers;
mod filter;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use app::GmpApp;
pub use filter::NestedCalls;
pub use pallet::*;
pub use weights::WeightInfo;

/// The receiver of a message to a Substrate chain.
pub const RECEIVER: &str = "runtime";
/// How deep a call may be nested: lists, boxes and other types of unknown size in each other.
pub const MAX_DEPTH: u32 = 32;
/// The longest memo, in bytes.
pub const MAX_MEMO: usize = 32_768;
/// The longest payload value that is decoded, in bytes, the call in it aside: more than a message has.
pub const MAX_AROUND_CALL: usize = 65_536;
/// The longest receiver a message may be sent to, in bytes.
pub const MAX_RECEIVER: usize = 2048;

/// What the pallet's work costs in a runtime.
pub(crate) type WeightInfoOf<T> = <T as pallet::Config>::WeightInfo;

#[allow(missing_docs, reason = "generated items")]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{
        dispatch::PostDispatchInfo,
        pallet_prelude::*,
        traits::{Contains, IsSubType},
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::Dispatchable;

    /// The layout of the pallet's storage, which is empty.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<
            AccountId: From<[u8; 32]> + Into<[u8; 32]>,
            RuntimeCall: Dispatchable<PostInfo = PostDispatchInfo>
                             + IsSubType<Call<Self>>
                             + IsSubType<pallet_lupu_ibc::Call<Self>>,
        > + pallet_lupu_ibc::Config
    {
        /// The calls that messages may make. Carriers, this pallet and the host are refused whatever it says.
        type CallFilter: Contains<Self::RuntimeCall>;
        /// Which calls carry others.
        type Nested: NestedCalls<Self::RuntimeCall>;
        /// The heaviest call that a message may make.
        #[pallet::constant]
        type MaxCallWeight: Get<Weight>;
        /// The longest call that a message may make, in bytes of SCALE.
        #[pallet::constant]
        type MaxCallLength: Get<u32>;
        /// What the pallet's work costs.
        type WeightInfo: WeightInfo;
    }

    /// What the pallet tells. `client` is the client on this chain, `sequence` the packet's.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A call was asked for on another chain.
        CallSent {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Who asked.
            sender: T::AccountId,
            /// Whom the other chain is to call, in its own form.
            receiver: Vec<u8>,
            /// What it is to be called with.
            payload: Vec<u8>,
        },
        /// A call was made for a sender on another chain.
        CallExecuted {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Who asked, in the other chain's form.
            sender: Vec<u8>,
            /// The account that made the call.
            account: T::AccountId,
            /// What it returned.
            result: Vec<u8>,
        },
        /// What became of a call on another chain.
        CallAcknowledged {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Who asked.
            sender: T::AccountId,
            /// Whether the call was made.
            success: bool,
            /// What it returned; empty if it was not made.
            result: Vec<u8>,
        },
        /// A call was not made in time.
        CallTimedOut {
            /// Client on this chain.
            client: Vec<u8>,
            /// The packet's.
            sequence: u64,
            /// Who asked.
            sender: T::AccountId,
        },
    }

    /// The check that failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The client's identifier is not one.
        InvalidClient,
        /// The receiver is empty or too long (sent), or neither empty nor `runtime` (received).
        InvalidReceiver,
        /// The memo is too long or not UTF-8.
        InvalidMemo,
        /// The payload is not between two ports `gmpport`.
        WrongPort,
        /// The payload is not of version `ics27-2`.
        WrongVersion,
        /// The payload's encoding is not `application/x-solidity-abi`.
        WrongEncoding,
        /// The payload is longer than any message.
        PayloadTooLong,
        /// The payload is not a message.
        MalformedPayload,
        /// The call was made for another transaction version.
        WrongTransactionVersion,
        /// The call is longer than the runtime allows.
        CallTooLong,
        /// The call does not decode, is nested too deep, or has bytes left over.
        MalformedCall,
        /// The call carries other calls.
        CarrierCall,
        /// The call is of this pallet or the host.
        IbcCall,
        /// The call is not in the runtime's filter.
        FilteredCall,
        /// The call is heavier than the runtime allows.
        CallTooHeavy,
        /// The acknowledgement is neither a result nor the universal error.
        UnexpectedAcknowledgement,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Has `payload` called on `receiver` on the chain of `client`, by the account that the caller has there.
        ///
        /// `receiver` and `payload` are in the other chain's form, `salt` tells several accounts of one sender
        /// apart; `timeout` is in seconds since 1970, after now and at most a day ahead.
        #[pallet::call_index(0)]
        #[pallet::weight(WeightInfoOf::<T>::send_call(
            [&receiver, &salt, &payload, &memo].iter().fold(0u32, |sum, part| sum.saturating_add(part.len() as u32))
        ))]
        pub fn send_call(
            origin: OriginFor<T>,
            client: Vec<u8>,
            receiver: Vec<u8>,
            salt: Vec<u8>,
            payload: Vec<u8>,
            memo: Vec<u8>,
            timeout: u64,
        ) -> DispatchResult {
            let sender = ensure_signed(origin)?;
            Self::send(&sender, app::Message { client: &client, receiver, salt, payload, memo, timeout })?;
            Ok(())
        }
    }
}
