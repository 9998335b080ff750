//! Who may create assets: not with the ids of vouchers.

use crate::Config;
use core::marker::PhantomData;
use frame_support::traits::{EnsureOriginWithArg, Get};

/// The origin `O`, except for asset ids from [`Config::FirstVoucher`] on, which nobody may create.
pub struct BelowVouchers<T, O>(PhantomData<(T, O)>);

impl<T, O> EnsureOriginWithArg<T::RuntimeOrigin, u32> for BelowVouchers<T, O>
where
    T: Config,
    O: EnsureOriginWithArg<T::RuntimeOrigin, u32>,
{
    type Success = O::Success;

    fn try_origin(origin: T::RuntimeOrigin, id: &u32) -> Result<Self::Success, T::RuntimeOrigin> {
        if *id >= T::FirstVoucher::get() { Err(origin) } else { O::try_origin(origin, id) }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin(id: &u32) -> Result<T::RuntimeOrigin, ()> {
        O::try_successful_origin(id)
    }
}
