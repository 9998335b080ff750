//! Storage migrations, by version.

use crate::{Config, GenesisHash, Pallet};
use frame_support::{
    migrations::VersionedMigration, pallet_prelude::Weight, traits::Get, traits::UncheckedOnRuntimeUpgrade,
};

/// From nothing to version 1: the pallet on a chain that is already running. Put it among the
/// runtime's migrations with the upgrade that adds the pallet.
pub type ToV1<T> = VersionedMigration<0, 1, SetGenesisHash<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Keeps the genesis hash, which anchors need, and writes the first anchor.
pub struct SetGenesisHash<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for SetGenesisHash<T> {
    fn on_runtime_upgrade() -> Weight {
        if let Some(hash) = Pallet::<T>::system_genesis_hash() {
            GenesisHash::<T>::put(hash);
        }
        T::DbWeight::get().reads_writes(2, 1)
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(_: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        frame_support::ensure!(GenesisHash::<T>::exists(), "the genesis hash is not known");
        Ok(())
    }
}
