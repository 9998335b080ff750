//! The IBC v2 host for FRAME: clients, packets, receipts.
//!
//! Light clients verify, governance binds, anyone relays, applications send and are called back.
//! Semantics are those of the EVM router (`docs/wire-formats.md`, sections 3 and 9); the rules of
//! send, receive, acknowledge and timeout are the pure functions of `lupu-standard`.
//!
//! State keys (section 6) count on the pallet's name in the runtime being `Ibc`.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod anchor;
pub mod api;
pub mod app;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod check;
mod clients;
mod light_client;
pub mod migrations;
#[cfg(test)]
mod mock;
mod outcome;
mod packets;
mod settlement;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod weights;
pub mod wire;

pub use anchor::anchor;
pub use app::{IbcApp, IbcApps};
pub use check::Check;
pub use clients::{Announcement, ClientRecord, Counterparty};
pub use light_client::{ConsensusEntry, HostEd25519, HostError, HostRecover, HostedClient};
pub use outcome::Outcome;
pub use pallet::*;
pub use weights::WeightInfo;
pub use wire::{RelayMessage, ScalePacket, ScalePayload};

#[allow(missing_docs, reason = "generated items")]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::{boxed::Box, vec, vec::Vec};
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use wire::{BatchAcknowledgements, IdentifierBytes, MAX_MESSAGES, MessageBytes, ScalePackets};

    /// The version of the storage layout; [`migrations`] leads to it.
    pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>> + pallet_timestamp::Config<Moment = u64>
    {
        /// Who creates, binds and migrates clients, and pauses.
        type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The applications and their ports.
        type Apps: IbcApps<Self::AccountId>;
        /// Seconds between the announcement of a client's migration and the migration. Not 0.
        #[pallet::constant]
        type MigrationDelay: Get<u64>;
        /// What the calls weigh, callbacks left out.
        type WeightInfo: WeightInfo;
    }

    /// By `keccak256(path)`: packet commitments, receipts and acknowledgement commitments. The
    /// state keys are what counterparties prove.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageMap<_, Identity, [u8; 32], [u8; 32], OptionQuery>;

    /// The newest block's time and chain: see [`anchor()`].
    #[pallet::storage]
    pub type Anchor<T: Config> = StorageValue<_, [u8; 32], OptionQuery>;

    /// By `keccak256(client id)`: the last sequence sent.
    #[pallet::storage]
    pub type Sequences<T: Config> = StorageMap<_, Identity, [u8; 32], u64, ValueQuery>;

    /// The clients.
    #[pallet::storage]
    pub type Clients<T: Config> = StorageMap<_, Blake2_128Concat, IdentifierBytes, ClientRecord, OptionQuery>;

    /// By client id and block number: keccak256 of the consensus state. The client id is the one
    /// in [`ClientRecord::states`].
    #[pallet::storage]
    pub type ConsensusStates<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, IdentifierBytes, Blake2_128Concat, u64, [u8; 32], OptionQuery>;

    /// By client id: the migration announced for it.
    #[pallet::storage]
    pub type Announcements<T: Config> = StorageMap<_, Blake2_128Concat, IdentifierBytes, Announcement, OptionQuery>;

    /// The hash of block 0.
    #[pallet::storage]
    pub type GenesisHash<T: Config> = StorageValue<_, [u8; 32], OptionQuery>;

    /// Whether sending and receiving are stopped.
    #[pallet::storage]
    pub type Paused<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// Set while packets settle, so that a callback cannot settle others. Never at the end of a
    /// call.
    #[pallet::storage]
    pub type Settling<T: Config> = StorageValue<_, bool, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A client was created. It carries nothing until it is bound.
        ClientCreated { client: IdentifierBytes, client_type: Vec<u8> },
        /// A client was bound to its counterparty.
        ClientBound { client: IdentifierBytes, counterparty: IdentifierBytes },
        /// A consensus state was stored; this is its preimage.
        ClientUpdated { client: IdentifierBytes, height: u64, consensus_state: Vec<u8> },
        /// Misbehaviour of the client's chain was proven.
        ClientFrozen { client: IdentifierBytes },
        /// A packet was committed.
        PacketSent { packet: ScalePacket },
        /// A packet was received and acknowledged.
        PacketReceived { packet: ScalePacket, acknowledgements: Vec<Vec<u8>> },
        /// The application took the acknowledgement of its packet.
        PacketAcknowledged { packet: ScalePacket, acknowledgements: Vec<Vec<u8>> },
        /// The application took the timeout of its packet.
        PacketTimedOut { packet: ScalePacket },
        /// A packet of a batch did not settle; `outcome` is a number of [`Outcome`].
        PacketOutcome { client: IdentifierBytes, sequence: u64, outcome: u8 },
        /// Why a packet was received with the universal error as its acknowledgement.
        ReceiveFailed { client: IdentifierBytes, sequence: u64, error: DispatchError },
        /// From `not_before` on, in UNIX seconds, governance may put the substitute in the
        /// client's place.
        MigrationAnnounced { client: IdentifierBytes, substitute: IdentifierBytes, not_before: u64 },
        /// The client goes on with the state of the substitute.
        ClientMigrated { client: IdentifierBytes, substitute: IdentifierBytes },
        /// Sending and receiving stopped.
        HostPaused,
        /// Sending and receiving go on.
        HostUnpaused,
    }

    #[pallet::error]
    #[derive(PartialEq, Eq)]
    pub enum Error<T> {
        /// The light client refused an initial state, a message, evidence or a proof.
        ClientRejected(Check),
        /// This host has no light client of that type.
        UnknownClientType,
        /// There is no client of that id.
        UnknownClient,
        /// The id is in use, or was.
        ClientExists,
        /// Not 4 to 128 of the characters of ICS-24, or reserved.
        InvalidClientId,
        /// The counterparty's id is not an identifier.
        InvalidCounterparty,
        /// Not the prefix under which such a client finds commitments.
        InvalidPrefix,
        /// The client has its counterparty.
        AlreadyBound,
        /// The client has no counterparty yet.
        NotBound,
        /// The client is expired or frozen.
        ClientNotActive,
        /// No such migration was announced.
        MigrationNotAnnounced,
        /// The delay of the announcement is not over.
        MigrationTooEarly,
        /// The substitute is of another chain or another host on it.
        MigrationChangesIdentity,
        /// The substitute is the client itself, or it is bound.
        InvalidSubstitute,
        /// Sending and receiving are stopped.
        HostPaused,
        /// Sending and receiving are not stopped.
        NotPaused,
        /// No messages, or a batch without packets.
        EmptyBatch,
        /// The packets of a batch are of several clients.
        MixedBatch,
        /// As many lists of acknowledgements as packets are needed.
        LengthMismatch,
        /// A callback cannot settle packets.
        Reentrant,
        /// The call is nested too deeply for applications to have the storage layers they need.
        TooDeeplyNested,
        /// There is no application at that port.
        UnknownPort,
        /// The value has more than 262,144 bytes.
        PayloadTooLarge,
        /// The payload's version or encoding is too long.
        MalformedPayload,
        /// The timeout is not after the block time.
        TimeoutElapsed,
        /// The timeout is more than 24 hours ahead.
        TimeoutTooFar,
        /// The counterparty is known to be past the timeout.
        TimeoutBeforeClient,
        /// The client has sent 2⁶⁴−1 packets.
        SequencesUsedUp,
        /// An application answered with nothing, too much, or the universal error.
        InvalidAcknowledgement,
        /// A stored client does not decode.
        CorruptClient,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::finalize_weight()
        }

        fn on_finalize(_: BlockNumberFor<T>) {
            Self::write_anchor();
        }

        fn integrity_test() {
            assert!(T::MigrationDelay::get() > 0, "a migration needs a delay");
            assert_eq!(T::Hash::default().as_ref().len(), 32, "anchors need hashes of 32 bytes");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Creates a client that trusts `consensus` at the latest height of `state`. It must be
        /// Active.
        #[pallet::call_index(0)]
        #[pallet::weight(<T as Config>::WeightInfo::create_client())]
        pub fn create_client(
            origin: OriginFor<T>,
            id: IdentifierBytes,
            client_type: BoundedVec<u8, ConstU32<16>>,
            state: BoundedVec<u8, ConstU32<1024>>,
            consensus: BoundedVec<u8, ConstU32<1024>>,
        ) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Ok(Self::do_create_client(id, &client_type, &state, &consensus)?)
        }

        /// Binds a client to its counterparty, once and for good. `prefix` has one element: where
        /// the counterparty keeps its commitments.
        #[pallet::call_index(1)]
        #[pallet::weight(<T as Config>::WeightInfo::bind_client())]
        pub fn bind_client(
            origin: OriginFor<T>,
            id: IdentifierBytes,
            counterparty: IdentifierBytes,
            prefix: Vec<Vec<u8>>,
        ) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Ok(Self::do_bind_client(id, counterparty, &prefix)?)
        }

        /// Announces that `substitute`, an unbound client of the same chain, shall take the place
        /// of `id`'s light client. A new announcement takes the place of an older one.
        #[pallet::call_index(2)]
        #[pallet::weight(<T as Config>::WeightInfo::announce_migration())]
        pub fn announce_migration(
            origin: OriginFor<T>,
            id: IdentifierBytes,
            substitute: IdentifierBytes,
        ) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Ok(Self::do_announce_migration(id, substitute)?)
        }

        /// Does what was announced. The counterparty stays, the substitute's id is used up.
        #[pallet::call_index(3)]
        #[pallet::weight(<T as Config>::WeightInfo::migrate_client())]
        pub fn migrate_client(
            origin: OriginFor<T>,
            id: IdentifierBytes,
            substitute: IdentifierBytes,
        ) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Ok(Self::do_migrate_client(id, substitute)?)
        }

        /// Stops sending and receiving; never acknowledging and timing out.
        #[pallet::call_index(4)]
        #[pallet::weight(<T as Config>::WeightInfo::pause())]
        pub fn pause(origin: OriginFor<T>) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            ensure!(!Paused::<T>::get(), Error::<T>::HostPaused);
            Paused::<T>::put(true);
            Self::deposit_event(Event::HostPaused);
            Ok(())
        }

        /// Lets sending and receiving go on.
        #[pallet::call_index(5)]
        #[pallet::weight(<T as Config>::WeightInfo::unpause())]
        pub fn unpause(origin: OriginFor<T>) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            ensure!(Paused::<T>::get(), Error::<T>::NotPaused);
            Paused::<T>::kill();
            Self::deposit_event(Event::HostUnpaused);
            Ok(())
        }

        /// Updates a client. A message that conflicts with what is stored freezes it.
        #[pallet::call_index(6)]
        #[pallet::weight(<T as Config>::WeightInfo::update_client(message.len() as u32))]
        pub fn update_client(origin: OriginFor<T>, id: IdentifierBytes, message: MessageBytes) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_update_client(&id, &message)?;
            Ok(())
        }

        /// Freezes a client by evidence.
        #[pallet::call_index(7)]
        #[pallet::weight(<T as Config>::WeightInfo::submit_misbehaviour(evidence.len() as u32))]
        pub fn submit_misbehaviour(
            origin: OriginFor<T>,
            id: IdentifierBytes,
            evidence: MessageBytes,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Ok(Self::do_submit_misbehaviour(&id, &evidence)?)
        }

        /// Receives packets of one destination client. The proof is of all their commitments and
        /// is verified before any packet settles. `callback_weight` is for all callbacks together.
        #[pallet::call_index(8)]
        #[pallet::weight(weights::receive::<T>(packets, proof).saturating_add(*callback_weight))]
        pub fn recv_packets(
            origin: OriginFor<T>,
            packets: ScalePackets,
            proof: MessageBytes,
            height: u64,
            callback_weight: Weight,
        ) -> DispatchResultWithPostInfo {
            let relayer = ensure_signed(origin)?;
            let base = weights::receive::<T>(&packets, &proof);
            let message = RelayMessage::Receive { packets, proof, height };
            Self::settle_all(&relayer, vec![message], callback_weight, base)
        }

        /// Acknowledges packets of one source client, as `recv_packets` receives them.
        #[pallet::call_index(9)]
        #[pallet::weight(
            weights::acknowledge::<T>(packets, acknowledgements, proof).saturating_add(*callback_weight)
        )]
        pub fn ack_packets(
            origin: OriginFor<T>,
            packets: ScalePackets,
            acknowledgements: BatchAcknowledgements,
            proof: MessageBytes,
            height: u64,
            callback_weight: Weight,
        ) -> DispatchResultWithPostInfo {
            let relayer = ensure_signed(origin)?;
            let base = weights::acknowledge::<T>(&packets, &acknowledgements, &proof);
            let message = RelayMessage::Acknowledge { packets, acknowledgements, proof, height };
            Self::settle_all(&relayer, vec![message], callback_weight, base)
        }

        /// Times out packets of one source client; the proof is that no receipt is there.
        #[pallet::call_index(10)]
        #[pallet::weight(weights::timeout::<T>(packets, proof).saturating_add(*callback_weight))]
        pub fn timeout_packets(
            origin: OriginFor<T>,
            packets: ScalePackets,
            proof: MessageBytes,
            height: u64,
            callback_weight: Weight,
        ) -> DispatchResultWithPostInfo {
            let relayer = ensure_signed(origin)?;
            let base = weights::timeout::<T>(&packets, &proof);
            let message = RelayMessage::Timeout { packets, proof, height };
            Self::settle_all(&relayer, vec![message], callback_weight, base)
        }

        /// Several messages in order. One that is refused fails all; an update that proves
        /// misbehaviour freezes its client and ends the call with success.
        #[pallet::call_index(11)]
        #[pallet::weight(weights::relay::<T>(messages).saturating_add(*callback_weight))]
        pub fn relay(
            origin: OriginFor<T>,
            messages: BoundedVec<RelayMessage, ConstU32<MAX_MESSAGES>>,
            callback_weight: Weight,
        ) -> DispatchResultWithPostInfo {
            let relayer = ensure_signed(origin)?;
            let base = weights::relay::<T>(&messages);
            Self::settle_all(&relayer, messages.into_inner(), callback_weight, base)
        }
    }

    /// The application at a port.
    pub(crate) type App<T> = Box<dyn IbcApp<<T as frame_system::Config>::AccountId>>;
}
