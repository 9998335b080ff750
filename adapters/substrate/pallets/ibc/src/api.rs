//! What a node answers to a relayer beside state.

use crate::RelayMessage;
use alloc::vec::Vec;
use codec::Codec;
use frame_support::weights::Weight;

sp_api::decl_runtime_apis! {
    /// Serve it with [`crate::Pallet::simulate`].
    pub trait IbcApi<AccountId> where AccountId: Codec {
        /// What `relay` by `who` would do on this block's state: an outcome for each packet of
        /// each message (nothing for client messages) and the weight that callbacks used; or the
        /// name of the pallet's error, and of the light client's check behind it.
        #[allow(clippy::type_complexity, reason = "the shape on the page")]
        fn simulate(
            who: AccountId,
            messages: Vec<RelayMessage>,
            callback_weight: Weight,
        ) -> Result<(Vec<Vec<u8>>, Weight), Vec<u8>>;
    }
}
