//! Where the runtime runs: states, the off-chain database, the authorities' keys.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use codec::{Decode, Encode};
use lupu_substrate_runtime::apis::api;
use lupu_substrate_runtime::version;
use sp_core::H256;
use sp_core::offchain::OffchainDbExt;
use sp_core::traits::{ReadRuntimeVersion, ReadRuntimeVersionExt};
use sp_externalities::{Extensions, Externalities, set_and_run_with_externalities};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{Backend, Ext, OverlayedChanges};

use crate::block::Block;
use crate::keys::Keystore;
use crate::offchain::OffchainDb;
use crate::state::{Nodes, State};

/// Why a runtime call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The runtime has no such function.
    #[error("Exported method {0} is not found")]
    UnknownFunction(String),
    /// The runtime panicked: its arguments do not decode, or it cannot do what was asked.
    #[error("{0}: the runtime panicked: {1}")]
    Panicked(String, String),
    /// The answer is not of the type expected.
    #[error("{0}: {1}")]
    Undecodable(String, codec::Error),
    /// The state is not kept any more.
    #[error("State already discarded for {0:?}")]
    Discarded(H256),
}

/// Everything a block is made from and a call runs in. Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) nodes: Nodes,
    pub(crate) offchain: OffchainDb,
    pub(crate) keys: Arc<Keystore>,
}

/// Tells the version of what `set_code` is given.
struct NativeVersion;

impl ReadRuntimeVersion for NativeVersion {
    fn read_runtime_version(&self, code: &[u8], _: &mut dyn Externalities) -> Result<Vec<u8>, String> {
        version::version_of_native_code(code)
            .map(|version| version.encode())
            .ok_or_else(|| "an embedded chain runs no WASM: not a native runtime's note".to_owned())
    }
}

impl World {
    /// The same world, no longer shared with others but for the keys.
    pub(crate) fn copy(&self) -> Self {
        Self { nodes: self.nodes.copy(), offchain: self.offchain.copy(), keys: self.keys.clone() }
    }

    /// Runs something on a state with changes on top.
    pub(crate) fn run<R>(
        state: &State,
        overlay: &mut OverlayedChanges<BlakeTwo256>,
        extensions: &mut Extensions,
        what: &str,
        f: impl FnOnce() -> R,
    ) -> Result<R, CallError> {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut ext = Ext::new(overlay, state, Some(extensions));
            set_and_run_with_externalities(&mut ext, f)
        }));
        ran.map_err(|panic| CallError::Panicked(what.to_owned(), words(panic.as_ref())))
    }

    /// What a runtime needs around it when it makes a block.
    pub(crate) fn block_extensions() -> Extensions {
        let mut extensions = Extensions::new();
        extensions.register(ReadRuntimeVersionExt::new(NativeVersion));
        extensions
    }

    /// Calls a function of the runtime API on a state, as `state_call` does; changes are dropped.
    pub(crate) fn call(&self, root: H256, function: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
        let state = self.state(root)?;
        let mut overlay = OverlayedChanges::default();
        let mut extensions = Self::block_extensions();
        extensions.register(OffchainDbExt::new(self.offchain.clone()));
        let answer = Self::run(&state, &mut overlay, &mut extensions, function, || api::dispatch(function, arguments))?;
        answer.ok_or_else(|| CallError::UnknownFunction(function.to_owned()))
    }

    /// [`Self::call`] with the answer decoded.
    pub(crate) fn ask<R: Decode>(&self, root: H256, function: &str, arguments: &impl Encode) -> Result<R, CallError> {
        let answer = self.call(root, function, &arguments.encode())?;
        R::decode(&mut &answer[..]).map_err(|e| CallError::Undecodable(function.to_owned(), e))
    }

    /// The state at a root, if it is kept.
    pub(crate) fn state(&self, root: H256) -> Result<State, CallError> {
        let state = self.nodes.at(root);
        // The root node itself stands for the whole: states are dropped one by one, oldest first.
        match state.storage(sp_core::storage::well_known_keys::CODE) {
            Ok(Some(_)) => Ok(state),
            _ => Err(CallError::Discarded(root)),
        }
    }
}

impl World {
    /// Nodes that prove keys present or absent in a block's state.
    pub(crate) fn read_proof(&self, block: &Block, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CallError> {
        let state = self.state(block.header.state_root)?;
        let proof = sp_state_machine::prove_read(state, keys).map_err(|_| CallError::Discarded(block.hash))?;
        Ok(proof.into_iter_nodes().collect())
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no reason given".to_owned())
}
