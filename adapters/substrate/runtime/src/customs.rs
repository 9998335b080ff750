//! A customs office's register of consignments: what has been ordered to be inspected, and by whom,
//! and what has been cleared. An application for calls that come from other chains.

pub use pallet::*;

/// See the module.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// The reference of a consignment: at most 64 bytes.
    pub type Reference = BoundedVec<u8, ConstU32<64>>;
    /// A remark: at most 256 bytes.
    pub type Remark = BoundedVec<u8, ConstU32<256>>;

    /// An order to inspect a consignment.
    #[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
    pub struct Inspection<AccountId, BlockNumber> {
        /// Who ordered it.
        pub ordered_by: AccountId,
        /// In which block.
        pub block: BlockNumber,
        /// What to look for.
        pub remark: Remark,
    }

    /// A consignment let through.
    #[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
    pub struct Clearance<AccountId, BlockNumber> {
        /// Who declared it cleared.
        pub declared_by: AccountId,
        /// In which block.
        pub block: BlockNumber,
        /// Hash of the clearance document.
        pub document: [u8; 32],
    }

    type InspectionOf<T> = Inspection<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
    type ClearanceOf<T> = Clearance<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {}

    /// The newest order to inspect a consignment.
    #[pallet::storage]
    pub type Inspections<T: Config> = StorageMap<_, Blake2_128Concat, Reference, InspectionOf<T>, OptionQuery>;

    /// How many orders there were for a consignment.
    #[pallet::storage]
    pub type InspectionCount<T: Config> = StorageMap<_, Blake2_128Concat, Reference, u32, ValueQuery>;

    /// The clearance of a consignment, given once.
    #[pallet::storage]
    pub type Clearances<T: Config> = StorageMap<_, Blake2_128Concat, Reference, ClearanceOf<T>, OptionQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody ordered an inspection.
        InspectionRecorded { reference: Reference, ordered_by: T::AccountId },
        /// A consignment is cleared.
        ClearanceDeclared { reference: Reference, declared_by: T::AccountId, document: [u8; 32] },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// A consignment without a reference.
        NoReference,
        /// The consignment is cleared already.
        AlreadyCleared,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Orders the inspection of a consignment that is not cleared yet.
        #[pallet::call_index(0)]
        #[pallet::weight(Weight::from_parts(10_000_000, 1024) + T::DbWeight::get().reads_writes(2, 2))]
        pub fn record_inspection(origin: OriginFor<T>, reference: Reference, remark: Remark) -> DispatchResult {
            let ordered_by = ensure_signed(origin)?;
            ensure!(!reference.is_empty(), Error::<T>::NoReference);
            ensure!(!Clearances::<T>::contains_key(&reference), Error::<T>::AlreadyCleared);
            let block = frame_system::Pallet::<T>::block_number();
            let order = Inspection { ordered_by: ordered_by.clone(), block, remark };
            Inspections::<T>::insert(&reference, order);
            InspectionCount::<T>::mutate(&reference, |count| *count = count.saturating_add(1));
            Self::deposit_event(Event::InspectionRecorded { reference, ordered_by });
            Ok(())
        }

        /// Declares a consignment cleared, for good.
        #[pallet::call_index(1)]
        #[pallet::weight(Weight::from_parts(10_000_000, 1024) + T::DbWeight::get().reads_writes(1, 1))]
        pub fn declare_clearance(origin: OriginFor<T>, reference: Reference, document: [u8; 32]) -> DispatchResult {
            let declared_by = ensure_signed(origin)?;
            ensure!(!reference.is_empty(), Error::<T>::NoReference);
            ensure!(!Clearances::<T>::contains_key(&reference), Error::<T>::AlreadyCleared);
            let block = frame_system::Pallet::<T>::block_number();
            let clearance = Clearance { declared_by: declared_by.clone(), block, document };
            Clearances::<T>::insert(&reference, clearance);
            Self::deposit_event(Event::ClearanceDeclared { reference, declared_by, document });
            Ok(())
        }
    }
}
