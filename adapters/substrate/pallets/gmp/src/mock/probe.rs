//! A pallet that notes who called it, and whose other calls are attacks.

pub use pallet::*;

#[allow(missing_docs, reason = "only for tests")]
#[frame_support::pallet(dev_mode)]
pub mod pallet {
    use alloc::{boxed::Box, vec::Vec};
    use codec::DecodeAll;
    use frame_support::{dispatch::PostDispatchInfo, pallet_prelude::*};
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::Dispatchable;

    /// A value that may be nested as deep as one likes.
    #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
    pub enum Nest {
        End,
        More(Box<Nest>),
    }

    /// Bytes that are said to be a call.
    #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
    pub struct Opaque<Call> {
        pub bytes: Vec<u8>,
        pub is: PhantomData<Call>,
    }

    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeCall: Dispatchable<PostInfo = PostDispatchInfo> + IsType<<Self as Config>::Call>>
    {
        type Call: Parameter;
    }

    /// Who noted what, in order.
    #[pallet::storage]
    pub type Notes<T: Config> = StorageValue<_, Vec<(T::AccountId, u32)>, ValueQuery>;

    #[pallet::error]
    pub enum Error<T> {
        ToldToFail,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        #[pallet::call_index(0)]
        pub fn note(origin: OriginFor<T>, value: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Notes::<T>::append((who, value));
            Ok(())
        }

        #[pallet::call_index(1)]
        pub fn note_and_fail(origin: OriginFor<T>, value: u32) -> DispatchResult {
            Self::note(origin, value)?;
            Err(Error::<T>::ToldToFail.into())
        }

        #[pallet::call_index(2)]
        #[pallet::weight(*weight)]
        pub fn heavy(origin: OriginFor<T>, weight: Weight) -> DispatchResult {
            Self::note(origin, weight.ref_time() as u32)
        }

        #[pallet::call_index(3)]
        pub fn govern(origin: OriginFor<T>) -> DispatchResult {
            ensure_root(origin)?;
            Notes::<T>::kill();
            Ok(())
        }

        #[pallet::call_index(4)]
        pub fn nested(origin: OriginFor<T>, _value: Nest) -> DispatchResult {
            Self::note(origin, 4)
        }

        #[pallet::call_index(5)]
        pub fn bytes(origin: OriginFor<T>, _value: Vec<u8>) -> DispatchResult {
            Self::note(origin, 5)
        }

        /// A carrier that its type tells.
        #[pallet::call_index(6)]
        pub fn batch(origin: OriginFor<T>, calls: Vec<<T as Config>::Call>) -> DispatchResult {
            for call in calls {
                let call = <T as frame_system::Config>::RuntimeCall::from(call);
                call.dispatch(origin.clone()).map_err(|e| e.error)?;
            }
            Ok(())
        }

        /// A carrier that a parameter of a type tells.
        #[pallet::call_index(7)]
        pub fn opaque(origin: OriginFor<T>, call: Opaque<<T as Config>::Call>) -> DispatchResult {
            Self::hidden(origin, call.bytes)
        }

        /// A carrier that nothing tells.
        #[pallet::call_index(8)]
        pub fn hidden(origin: OriginFor<T>, call: Vec<u8>) -> DispatchResult {
            let call = <T as frame_system::Config>::RuntimeCall::decode_all(&mut &call[..])
                .map_err(|_| Error::<T>::ToldToFail)?;
            call.dispatch(origin).map(|_| ()).map_err(|e| e.error)
        }
    }
}
