//! A running node: its parts, its network, and the tasks that author and finalize.

mod consensus;
mod parts;

use crate::rpc;
use consensus::{Protocols, Voters};
use lupu_substrate_runtime::{apis::RuntimeApi, opaque};
use parts::{Finality, Parts};
use sc_consensus_grandpa::FinalityProofProvider;
use sc_executor::WasmExecutor;
use sc_network::{Litep2pNetworkBackend, config::FullNetworkConfiguration, service::NotificationMetrics};
use sc_service::{
    BuildNetworkParams, Configuration, Error, SpawnTasksParams, TFullBackend, TFullClient, TaskManager, WarpSyncConfig,
};
use std::sync::Arc;

pub use lupu_substrate_runtime::{AccountId, Nonce};

/// Blocks whose extrinsics are bytes: the node knows no call.
pub type Block = opaque::Block;
/// The host functions that the runtime may call.
pub type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;
/// What asks the runtime.
pub type Client = TFullClient<Block, RuntimeApi, Executor>;
/// The database.
pub type Backend = TFullBackend<Block>;
/// The transaction pool.
pub type Pool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
type Network = Litep2pNetworkBackend;

/// Starts every task of a node.
pub async fn start(mut config: Configuration) -> Result<TaskManager, Error> {
    // The nodes of the MMR are offchain data, which `mmr_generateProof` reads.
    config.offchain_worker.indexing_enabled = true;
    let Parts { client, backend, mut tasks, queue, keystore, select_chain, pool, finality } = parts::build(&config)?;
    let Finality { import, grandpa_link, voter_state, beefy_links, beefy_rpc } = finality;

    let registry = config.prometheus_config.as_ref().map(|prometheus| prometheus.registry.clone());
    let metrics = NotificationMetrics::new(registry.as_ref());
    let mut net = FullNetworkConfiguration::<_, _, Network>::new(&config.network, registry.clone());
    let protocols = Protocols::add_to(&mut net, &client, &config, metrics.clone())?;
    let proofs =
        Arc::new(FinalityProofProvider::new(backend.clone(), Some(grandpa_link.shared_authority_set().clone())));
    let warp = sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    );
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(BuildNetworkParams {
            config: &config,
            net_config: net,
            client: client.clone(),
            transaction_pool: pool.clone(),
            spawn_handle: tasks.spawn_handle(),
            spawn_essential_handle: tasks.spawn_essential_handle(),
            import_queue: queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp))),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    let (role, force_authoring, name) = (config.role, config.force_authoring, config.network.node_name.clone());
    let links = rpc::Links {
        client: client.clone(),
        backend: backend.clone(),
        pool: pool.clone(),
        grandpa: rpc::GrandpaLinks {
            authorities: grandpa_link.shared_authority_set().clone(),
            voter: voter_state.clone(),
            justifications: grandpa_link.justification_stream(),
            proofs,
        },
        beefy: beefy_rpc,
    };
    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: client.clone(),
        backend: backend.clone(),
        task_manager: &mut tasks,
        keystore: keystore.clone(),
        transaction_pool: pool.clone(),
        rpc_builder: Box::new(move |executor| rpc::methods(&links, executor).map_err(Error::Application)),
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: None,
        tracing_execute_block: None,
    })?;

    let voters = Voters { client, backend, pool, select_chain, network, sync: sync_service, registry, role, name };
    if role.is_authority() {
        voters.author(&tasks, import, keystore.clone(), force_authoring)?;
    }
    let keystore = role.is_authority().then_some(keystore);
    voters.finalize(&tasks, keystore, protocols, grandpa_link, voter_state, beefy_links)?;
    Ok(tasks)
}
