//! How the IBC host and its applications are set up.

use alloc::boxed::Box;

use frame_support::traits::{ConstU32, ConstU64, Contains};
use frame_support::weights::constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND};
use frame_support::weights::Weight;
use frame_support::{parameter_types, PalletId};
use frame_system::EnsureRoot;
use lupu_standard::{ics20, ics27};
use pallet_lupu_gmp::{GmpApp, NestedCalls};
use pallet_lupu_ibc::{IbcApp, IbcApps};
use pallet_lupu_transfer::TransferApp;

use crate::{AccountId, Assets, Balances, Runtime, RuntimeCall};

/// The asset id of the first voucher; those below are for assets of this chain.
pub const FIRST_VOUCHER: u32 = 1 << 31;

/// Seconds between the announcement of a client's migration and the migration: a day.
const MIGRATION_DELAY: u64 = 86_400;

/// The applications by port.
pub struct Apps;

impl IbcApps<AccountId> for Apps {
    fn app(port: &[u8]) -> Option<Box<dyn IbcApp<AccountId>>> {
        if port == ics20::PORT.as_bytes() {
            Some(Box::new(TransferApp::<Runtime>::default()))
        } else if port == ics27::PORT.as_bytes() {
            Some(Box::new(GmpApp::<Runtime>::default()))
        } else {
            None
        }
    }
}

impl pallet_lupu_ibc::Config for Runtime {
    type GovernanceOrigin = EnsureRoot<AccountId>;
    type Apps = Apps;
    type MigrationDelay = ConstU64<MIGRATION_DELAY>;
    type WeightInfo = pallet_lupu_ibc::weights::ByHand;
}

parameter_types! {
    pub const TransferPalletId: PalletId = PalletId(*b"lupu/trf");
    /// A tenth of a second of work, and half a MiB of state.
    pub const MaxCallWeight: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND / 10, 512 * 1024);
}

impl pallet_lupu_transfer::Config for Runtime {
    type Native = Balances;
    type Assets = Assets;
    type PalletId = TransferPalletId;
    type FirstVoucher = ConstU32<FIRST_VOUCHER>;
    type WeightInfo = pallet_lupu_transfer::weights::StorageWeight<RocksDbWeight>;
}

/// The pallets whose calls a message from another chain may make.
pub struct ForMessages;

impl Contains<RuntimeCall> for ForMessages {
    fn contains(call: &RuntimeCall) -> bool {
        matches!(
            call,
            RuntimeCall::CustomsRegistry(_)
                | RuntimeCall::Balances(_)
                | RuntimeCall::Assets(_)
                | RuntimeCall::IbcTransfer(_)
        )
    }
}

/// The calls of this runtime that carry others: those of `Sudo`.
pub struct Carriers;

impl NestedCalls<RuntimeCall> for Carriers {
    fn is_carrier(call: &RuntimeCall) -> bool {
        matches!(call, RuntimeCall::Sudo(_))
    }
}

impl pallet_lupu_gmp::Config for Runtime {
    type CallFilter = ForMessages;
    type Nested = Carriers;
    type MaxCallWeight = MaxCallWeight;
    type MaxCallLength = ConstU32<16_384>;
    type WeightInfo = pallet_lupu_gmp::weights::StorageWeight<RocksDbWeight>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_outside_sudo_carries_others() {
        let found = pallet_lupu_gmp::carriers::carriers::<RuntimeCall>();
        assert!(found.iter().any(|(pallet, call)| pallet == "Sudo" && call == "sudo"), "{found:?}");
        assert!(found.iter().all(|(pallet, _)| pallet == "Sudo"), "{found:?}");
    }

    #[test]
    fn both_ports_have_an_application() {
        assert!(Apps::app(b"transfer").is_some());
        assert!(Apps::app(b"gmpport").is_some());
        assert!(Apps::app(b"Transfer").is_none());
    }
}
