//! Which calls a message may make.

use crate::{Call, Config, Error};
use frame_support::{
    ensure,
    traits::{Contains, IsSubType},
};

/// What a runtime knows of its calls: which carry others.
///
/// A carrier is a call with a call in it (batch, proxy, multisig, sudo, scheduler), whether as a
/// value or as bytes that are dispatched in the same block or later. Carriers are refused
/// altogether, so nothing nested in one is ever made, however deep. `carriers` (with feature
/// `std`) finds those of a runtime by their types, for a test of an implementation.
pub trait NestedCalls<RuntimeCall> {
    /// Whether a call carries others.
    fn is_carrier(call: &RuntimeCall) -> bool;
}

/// The check that a call must pass before it is decoded any further into deeds.
pub(crate) fn check<T: Config>(call: &T::RuntimeCall) -> Result<(), Error<T>> {
    ensure!(!T::Nested::is_carrier(call), Error::<T>::CarrierCall);
    let own: Option<&Call<T>> = call.is_sub_type();
    let host: Option<&pallet_lupu_ibc::Call<T>> = call.is_sub_type();
    ensure!(own.is_none() && host.is_none(), Error::<T>::IbcCall);
    ensure!(T::CallFilter::contains(call), Error::<T>::FilteredCall);
    Ok(())
}

/// The same as a filter of the origin: whatever is dispatched with it passes the check again.
pub(crate) fn permitted<T: Config>(call: &T::RuntimeCall) -> bool {
    check::<T>(call).is_ok()
}
