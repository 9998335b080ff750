//! The anchor: one value in state that proves a block's time and which chain it is of.

use crate::{Anchor, Config, GenesisHash, Pallet};
use frame_support::{pallet_prelude::Zero, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use lupu_standard::TimestampSecs;

/// Bytes of the genesis hash in the anchor.
const GENESIS_BYTES: usize = 24;

/// Block time in seconds, 8 bytes big-endian, and the first 24 bytes of the genesis hash.
pub fn anchor(time: TimestampSecs, genesis: &[u8; 32]) -> [u8; 32] {
    let mut out = [0u8; 32];
    let (seconds, chain) = out.split_at_mut(32 - GENESIS_BYTES);
    seconds.copy_from_slice(&time.0.to_be_bytes());
    for (to, from) in chain.iter_mut().zip(genesis) {
        *to = *from;
    }
    out
}

impl<T: Config> Pallet<T> {
    /// The hash of block 0, as the system pallet keeps it from block 1 on.
    pub(crate) fn system_genesis_hash() -> Option<[u8; 32]> {
        if frame_system::Pallet::<T>::block_number().is_zero() {
            return None;
        }
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
        hash.as_ref().try_into().ok().filter(|hash| *hash != [0; 32])
    }

    /// Writes the anchor of this block. Without a genesis hash there is none, and no client of
    /// this chain can go on.
    pub(crate) fn write_anchor() {
        let genesis = GenesisHash::<T>::get().or_else(|| {
            let hash = Self::system_genesis_hash()?;
            GenesisHash::<T>::put(hash);
            Some(hash)
        });
        if let Some(genesis) = genesis {
            Anchor::<T>::put(anchor(Self::now(), &genesis));
        }
    }

    /// The host's clock: ⌊milliseconds / 1000⌋ of the timestamp pallet.
    pub fn now() -> TimestampSecs {
        TimestampSecs(pallet_timestamp::Now::<T>::get() / 1_000)
    }

    pub(crate) fn finalize_weight() -> frame_support::weights::Weight {
        T::DbWeight::get().reads_writes(4, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout() {
        let genesis: [u8; 32] = core::array::from_fn(|i| i as u8);
        let mut expected = [0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00].to_vec();
        expected.extend(0u8..24);
        assert_eq!(anchor(TimestampSecs(1_700_000_000), &genesis).to_vec(), expected);
    }
}
