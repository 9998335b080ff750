//! Who validates: a list that governance sets, handed over at the next session but one.
//!
//! Every session installs a list, changed or not, so that the GRANDPA and BEEFY set ids move with
//! every session and light clients can follow the chain by its session changes.

pub use pallet::*;

/// See the module.
#[frame_support::pallet]
pub mod pallet {
    use alloc::string::String;
    use alloc::vec::Vec;

    use frame_support::pallet_prelude::*;
    use frame_support::traits::{ConstU64, Contains, EstimateNextSessionRotation};
    use frame_system::pallet_prelude::*;
    use sp_runtime::{Permill, SaturatedConversion, Saturating};

    /// Most validators a consortium can have: what a BEEFY client's set can hold.
    pub const MAX_VALIDATORS: u32 = 255;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Who may choose the validators.
        type Governance: EnsureOrigin<Self::RuntimeOrigin>;
        /// Says whether an account has session keys.
        type HasKeys: Contains<Self::AccountId>;
    }

    /// The consortium's name, so that no two chains with the same members have one genesis hash.
    #[pallet::storage]
    pub type Name<T: Config> = StorageValue<_, BoundedVec<u8, ConstU32<64>>, ValueQuery>;

    /// The validators of the sessions to come.
    #[pallet::storage]
    pub type Members<T: Config> = StorageValue<_, BoundedVec<T::AccountId, ConstU32<MAX_VALIDATORS>>, ValueQuery>;

    /// Blocks in a session.
    #[pallet::storage]
    pub type SessionLength<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<10>>;

    /// Milliseconds in an Aura slot.
    #[pallet::storage]
    pub type SlotMillis<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1000>>;

    /// The first block of this session.
    #[pallet::storage]
    pub type SessionStart<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// Whether the next block begins a session whatever the length of this one.
    #[pallet::storage]
    pub type EndNow<T: Config> = StorageValue<_, bool, ValueQuery>;

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The consortium's name, at most 64 bytes.
        pub name: String,
        /// The first validators; each needs session keys in the genesis of `Session`.
        pub members: Vec<T::AccountId>,
        /// Blocks in a session, at least 2.
        pub session_length: u32,
        /// Milliseconds in an Aura slot, at least 2.
        pub slot_millis: u64,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { name: String::new(), members: Vec::new(), session_length: 10, slot_millis: 1000 }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let name = self.name.as_bytes().to_vec();
            Name::<T>::put(BoundedVec::try_from(name).expect("a name of at most 64 bytes"));
            let members = BoundedVec::try_from(self.members.clone()).expect("at most 255 validators");
            assert!(self.session_length >= 2 && self.slot_millis >= 2, "session or slot too short");
            Members::<T>::put(members);
            SessionLength::<T>::put(self.session_length);
            SlotMillis::<T>::put(self.slot_millis);
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// These accounts validate from the next session but one.
        ValidatorsSet { validators: Vec<T::AccountId> },
        /// The next block begins a session.
        SessionEnds,
    }

    #[pallet::error]
    pub enum Error<T> {
        /// A chain needs a validator.
        NoValidator,
        /// More than a set can hold.
        TooManyValidators,
        /// An account is named twice.
        DuplicateValidator,
        /// An account has not registered session keys.
        NoSessionKeys,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Chooses the validators from the next session but one on. Each must have registered its
        /// session keys.
        #[pallet::call_index(0)]
        #[pallet::weight(T::DbWeight::get().reads_writes(validators.len() as u64 + 1, 1))]
        pub fn set_validators(origin: OriginFor<T>, validators: Vec<T::AccountId>) -> DispatchResult {
            T::Governance::ensure_origin(origin)?;
            ensure!(!validators.is_empty(), Error::<T>::NoValidator);
            let members = BoundedVec::try_from(validators.clone()).map_err(|_| Error::<T>::TooManyValidators)?;
            let mut sorted = validators.clone();
            sorted.sort();
            sorted.dedup();
            ensure!(sorted.len() == validators.len(), Error::<T>::DuplicateValidator);
            ensure!(validators.iter().all(T::HasKeys::contains), Error::<T>::NoSessionKeys);
            Members::<T>::put(members);
            Self::deposit_event(Event::ValidatorsSet { validators });
            Ok(())
        }

        /// Begins a session in the next block.
        #[pallet::call_index(1)]
        #[pallet::weight(T::DbWeight::get().reads_writes(0, 1))]
        pub fn end_session(origin: OriginFor<T>) -> DispatchResult {
            T::Governance::ensure_origin(origin)?;
            EndNow::<T>::put(true);
            Self::deposit_event(Event::SessionEnds);
            Ok(())
        }
    }

    /// The length of an Aura slot in milliseconds.
    pub struct SlotDuration<T>(PhantomData<T>);
    impl<T: Config> Get<u64> for SlotDuration<T> {
        fn get() -> u64 {
            SlotMillis::<T>::get().max(2)
        }
    }

    /// The least time between two blocks, half a slot, in milliseconds.
    pub struct MinimumPeriod<T>(PhantomData<T>);
    impl<T: Config> Get<u64> for MinimumPeriod<T> {
        fn get() -> u64 {
            SlotDuration::<T>::get() / 2
        }
    }

    impl<T: Config> pallet_session::ShouldEndSession<BlockNumberFor<T>> for Pallet<T> {
        fn should_end_session(now: BlockNumberFor<T>) -> bool {
            let length: BlockNumberFor<T> = SessionLength::<T>::get().into();
            let ends = EndNow::<T>::take() || now.saturating_sub(SessionStart::<T>::get()) >= length;
            if ends {
                SessionStart::<T>::put(now);
            }
            ends
        }
    }

    impl<T: Config> EstimateNextSessionRotation<BlockNumberFor<T>> for Pallet<T> {
        fn average_session_length() -> BlockNumberFor<T> {
            SessionLength::<T>::get().into()
        }

        fn estimate_current_session_progress(now: BlockNumberFor<T>) -> (Option<Permill>, Weight) {
            let done: u32 = now.saturating_sub(SessionStart::<T>::get()).saturated_into();
            let length = SessionLength::<T>::get().max(1);
            (Some(Permill::from_rational(done.min(length), length)), T::DbWeight::get().reads(2))
        }

        fn estimate_next_session_rotation(_now: BlockNumberFor<T>) -> (Option<BlockNumberFor<T>>, Weight) {
            let next = SessionStart::<T>::get().saturating_add(SessionLength::<T>::get().into());
            (Some(next), T::DbWeight::get().reads(2))
        }
    }

    impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
        fn new_session(_: u32) -> Option<Vec<T::AccountId>> {
            let members = Members::<T>::get();
            (!members.is_empty()).then(|| members.into_inner())
        }
        fn end_session(_: u32) {}
        fn start_session(_: u32) {}
    }
}
