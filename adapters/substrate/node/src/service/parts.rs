//! The parts of a node that need no network.

use super::{Backend, Block, Client, Executor, Pool};
use lupu_substrate_runtime::apis::RuntimeApi;
use sc_consensus::{DefaultImportQueue, LongestChain};
use sc_consensus_aura::{ImportQueueParams, SlotDuration};
use sc_consensus_beefy::{BeefyRPCLinks, BeefyVoterLinks, import::BeefyBlockImport};
use sc_consensus_grandpa::{GrandpaBlockImport, LinkHalf, SharedVoterState};
use sc_service::{Configuration, Error, TaskManager};
use sp_api::ProvideRuntimeApi;
use sp_consensus_aura::{AuraApi, sr25519::AuthorityId as AuraId, sr25519::AuthorityPair as AuraPair};
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_core::H256;
use sp_keystore::KeystorePtr;
use std::sync::Arc;

/// Chooses the best block: the longest chain.
pub type Select = LongestChain<Backend, Block>;
/// Imports blocks for GRANDPA.
pub type GrandpaImport = GrandpaBlockImport<Backend, Block, Client, Select>;
/// Imports blocks: for BEEFY, then for GRANDPA.
pub type Import = BeefyBlockImport<Block, Backend, Client, GrandpaImport, BeefyId>;

/// At least one block in so many keeps its GRANDPA justification.
pub const JUSTIFICATION_PERIOD: u32 = 512;

/// What the voters are given.
pub struct Finality {
    pub import: Import,
    pub grandpa_link: LinkHalf<Block, Client, Select>,
    pub voter_state: SharedVoterState,
    pub beefy_links: BeefyVoterLinks<Block, BeefyId>,
    pub beefy_rpc: BeefyRPCLinks<Block, BeefyId>,
}

/// A node without its network.
pub struct Parts {
    pub client: Arc<Client>,
    pub backend: Arc<Backend>,
    pub tasks: TaskManager,
    pub queue: DefaultImportQueue<Block>,
    pub keystore: KeystorePtr,
    pub select_chain: Select,
    pub pool: Arc<Pool>,
    pub finality: Finality,
}

/// The slot and the time of a block to be made or checked.
pub type Inherents = (sp_consensus_aura::inherents::InherentDataProvider, sp_timestamp::InherentDataProvider);

/// Inherent data for now.
pub fn inherents(slot: SlotDuration) -> Inherents {
    let now = sp_timestamp::InherentDataProvider::from_system_time();
    let aura = sp_consensus_aura::inherents::InherentDataProvider::from_timestamp_and_slot_duration(*now, slot);
    (aura, now)
}

/// The length of a slot, which the runtime knows from block 0 on and never changes.
pub fn slot_duration(client: &Client) -> Result<SlotDuration, Error> {
    let api = client.runtime_api();
    let genesis: H256 = client.chain_info().genesis_hash;
    let slot = AuraApi::<Block, AuraId>::slot_duration(&*api, genesis);
    slot.map_err(|error| Error::Other(format!("the runtime does not say how long a slot is: {error}")))
}

/// Opens the database and builds what imports blocks.
pub fn build(config: &Configuration) -> Result<Parts, Error> {
    let executor: Executor = sc_service::new_wasm_executor(&config.executor);
    let (client, backend, keystore, tasks) =
        sc_service::new_full_parts::<Block, RuntimeApi, _>(config, None, executor, Vec::new())?;
    let client = Arc::new(client);
    let select_chain = LongestChain::new(backend.clone());
    let registry = config.prometheus_config.as_ref().map(|prometheus| &prometheus.registry);
    let pool = sc_transaction_pool::Builder::new(
        tasks.spawn_essential_handle(),
        client.clone(),
        config.role.is_authority().into(),
    )
    .with_options(config.transaction_pool.clone())
    .with_prometheus(registry)
    .build();

    let (grandpa, grandpa_link) =
        sc_consensus_grandpa::block_import(client.clone(), JUSTIFICATION_PERIOD, &client, select_chain.clone(), None)?;
    let (import, beefy_links, beefy_rpc) = sc_consensus_beefy::beefy_block_import_and_links(
        grandpa.clone(),
        backend.clone(),
        client.clone(),
        registry.cloned(),
    );
    let slot = slot_duration(&client)?;
    let queue = sc_consensus_aura::import_queue::<AuraPair, _, _, _, _, _>(ImportQueueParams {
        block_import: import.clone(),
        justification_import: Some(Box::new(grandpa)),
        client: client.clone(),
        create_inherent_data_providers: move |_, ()| async move { Ok(inherents(slot)) },
        spawner: &tasks.spawn_essential_handle(),
        registry,
        check_for_equivocation: Default::default(),
        telemetry: None,
        compatibility_mode: Default::default(),
    })?;
    let finality = Finality { import, grandpa_link, voter_state: SharedVoterState::empty(), beefy_links, beefy_rpc };
    Ok(Parts {
        client,
        backend,
        tasks,
        queue,
        keystore: keystore.keystore(),
        select_chain,
        pool: Arc::new(pool),
        finality,
    })
}
