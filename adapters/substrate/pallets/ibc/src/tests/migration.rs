//! The storage version and the way to it.

use super::*;
use crate::{Anchor, GenesisHash, migrations::ToV1};
use frame_support::traits::{GetStorageVersion, Hooks, OnRuntimeUpgrade, StorageVersion};

#[test]
fn genesis_has_the_version() {
    externalities().execute_with(|| {
        assert_eq!(Ibc::on_chain_storage_version(), StorageVersion::new(1));
        assert_eq!(Ibc::in_code_storage_version(), StorageVersion::new(1));
        assert!(!GenesisHash::<Test>::exists());
    });
}

#[test]
fn added_to_a_running_chain() {
    externalities().execute_with(|| {
        StorageVersion::new(0).put::<Ibc>();
        System::set_block_number(5_000);
        frame_system::BlockHash::<Test>::insert(0, sp_core::H256::repeat_byte(0xaa));
        ToV1::<Test>::on_runtime_upgrade();
        assert_eq!(Ibc::on_chain_storage_version(), StorageVersion::new(1));
        assert_eq!(GenesisHash::<Test>::get(), Some([0xaa; 32]));
        Ibc::on_finalize(5_000);
        assert_eq!(Anchor::<Test>::get(), Some(crate::anchor(TimestampSecs(START), &[0xaa; 32])));
        // Once only.
        frame_system::BlockHash::<Test>::insert(0, sp_core::H256::repeat_byte(0xbb));
        ToV1::<Test>::on_runtime_upgrade();
        assert_eq!(GenesisHash::<Test>::get(), Some([0xaa; 32]));
    });
}
