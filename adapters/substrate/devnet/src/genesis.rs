//! Block 0.

use lupu_substrate_runtime::genesis::Development;
use lupu_substrate_runtime::{Header, VERSION, keys, version};
use sp_core::H256;
use sp_core::storage::well_known_keys::CODE;
use sp_runtime::generic::Digest;
use sp_runtime::traits::{BlakeTwo256, Hash, Header as _};
use sp_runtime::{BuildStorage, StateVersion};
use sp_state_machine::OverlayedChanges;

use crate::author::AuthorError;
use crate::block::Block;
use crate::config::Config;
use crate::world::World;

/// Block 0.
pub(crate) fn genesis(config: &Config, world: &World) -> Result<Block, AuthorError> {
    let mut development = Development::new(config.authorities + config.candidates);
    let spare = development.authorities.split_off(config.authorities.min(development.authorities.len()));
    development.candidates.splice(0..0, spare);
    development.name.clone_from(&config.name);
    development.balances.clone_from(&config.balances);
    development.sudo = keys::DevKeys::default().account(&config.sudo);
    development.session_length = config.session_length;
    development.slot_millis = config.slot_millis();
    let mut storage = development.config().build_storage().map_err(AuthorError::State)?;
    storage.top.insert(CODE.to_vec(), version::native_code(VERSION.spec_version));

    let empty = world.nodes.at(sp_trie::empty_trie_root::<sp_trie::LayoutV1<BlakeTwo256>>());
    let mut overlay = OverlayedChanges::<BlakeTwo256>::default();
    storage.top.into_iter().for_each(|(key, value)| overlay.set_storage(key, Some(value)));
    let changes = overlay.drain_storage_changes(&empty, StateVersion::V1).map_err(AuthorError::State)?;
    world.nodes.commit(changes.transaction);
    let extrinsics_root = BlakeTwo256::trie_root(Vec::new(), StateVersion::V1);
    let header = Header::new(0, extrinsics_root, changes.transaction_storage_root, H256::zero(), Digest::default());
    Ok(Block { hash: header.hash(), header, extrinsics: Vec::new(), timestamp_ms: 0, slot: 0, changes: Vec::new() })
}
