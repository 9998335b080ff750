//! The tasks that author and finalize.

use super::{
    Backend, Block, Client, Network, Pool,
    parts::{Import, Select, inherents, slot_duration},
};
use lupu_substrate_runtime::BlockNumber;
use sc_basic_authorship::ProposerFactory;
use sc_consensus_aura::{SlotProportion, StartAuraParams};
use sc_consensus_beefy::{
    BeefyNetworkParams, BeefyParams, BeefyVoterLinks,
    communication::{self as beefy_network, request_response::BeefyJustifsRequestHandler},
};
use sc_consensus_grandpa::{GrandpaParams, LinkHalf, SharedVoterState};
use sc_network::{
    NotificationService, ProtocolName,
    config::{FullNetworkConfiguration, Role},
    service::{NotificationMetrics, traits::NetworkService},
};
use sc_network_sync::SyncingService;
use sc_service::{Configuration, Error, TaskManager};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::sr25519::AuthorityPair as AuraPair;
use sp_consensus_beefy::{ecdsa_crypto::AuthorityId as BeefyId, mmr::MmrRootProvider};
use sp_core::H256;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// How many blocks apart BEEFY votes at least.
const BEEFY_DELTA: BlockNumber = 1;
/// How long a vote takes to reach every validator, at most: a consortium is small.
const GOSSIP: Duration = Duration::from_millis(333);

/// How the voters reach each other.
pub struct Protocols {
    grandpa: ProtocolName,
    grandpa_notifications: Box<dyn NotificationService>,
    beefy: ProtocolName,
    beefy_notifications: Box<dyn NotificationService>,
    beefy_requests: BeefyJustifsRequestHandler<Block, Client>,
}

impl Protocols {
    /// Adds GRANDPA's and BEEFY's protocols to a network that does not run yet.
    pub fn add_to(
        net: &mut FullNetworkConfiguration<Block, H256, Network>,
        client: &Arc<Client>,
        config: &Configuration,
        metrics: NotificationMetrics,
    ) -> Result<Self, Error> {
        let genesis: H256 = client.chain_info().genesis_hash;
        let peers = net.peer_store_handle();
        let grandpa = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
        let (protocol, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<Block, Network>(
            grandpa.clone(),
            metrics.clone(),
            peers.clone(),
        );
        net.add_notification_protocol(protocol);

        let fork = config.chain_spec.fork_id();
        let beefy = sc_consensus_beefy::gossip_protocol_name(genesis, fork);
        let (protocol, beefy_notifications) =
            beefy_network::beefy_peers_set_config::<Block, Network>(beefy.clone(), metrics, peers);
        net.add_notification_protocol(protocol);
        let registry = config.prometheus_config.as_ref().map(|prometheus| prometheus.registry.clone());
        let (beefy_requests, protocol) =
            BeefyJustifsRequestHandler::new::<_, Network>(genesis, fork, client.clone(), registry);
        net.add_request_response_protocol(protocol);
        Ok(Self { grandpa, grandpa_notifications, beefy, beefy_notifications, beefy_requests })
    }
}

/// What the tasks work with.
pub struct Voters {
    pub client: Arc<Client>,
    pub backend: Arc<Backend>,
    pub pool: Arc<Pool>,
    pub select_chain: Select,
    pub network: Arc<dyn NetworkService>,
    pub sync: Arc<SyncingService<Block>>,
    pub registry: Option<Registry>,
    pub role: Role,
    pub name: String,
}

impl Voters {
    /// Authors a block in each slot that is this node's.
    pub fn author(&self, tasks: &TaskManager, import: Import, keystore: KeystorePtr, force: bool) -> Result<(), Error> {
        let proposer = ProposerFactory::new(
            tasks.spawn_handle(),
            self.client.clone(),
            self.pool.clone(),
            self.registry.as_ref(),
            None,
        );
        let slot = slot_duration(&self.client)?;
        let aura = sc_consensus_aura::start_aura::<AuraPair, _, _, _, _, _, _, _, _, _, _>(StartAuraParams {
            slot_duration: slot,
            client: self.client.clone(),
            select_chain: self.select_chain.clone(),
            block_import: import,
            proposer_factory: proposer,
            create_inherent_data_providers: move |_, ()| async move { Ok(inherents(slot)) },
            force_authoring: force,
            backoff_authoring_blocks: None::<()>,
            keystore,
            sync_oracle: self.sync.clone(),
            justification_sync_link: self.sync.clone(),
            block_proposal_slot_portion: SlotProportion::new(2.0 / 3.0),
            max_block_proposal_slot_portion: None,
            telemetry: None,
            compatibility_mode: Default::default(),
        })?;
        tasks.spawn_essential_handle().spawn_blocking("aura", Some("block-authoring"), aura);
        Ok(())
    }

    /// Votes, or without a keystore follows the votes, and keeps the MMR's nodes of final blocks.
    pub fn finalize(
        self,
        tasks: &TaskManager,
        keystore: Option<KeystorePtr>,
        protocols: Protocols,
        grandpa_link: LinkHalf<Block, Client, Select>,
        voter_state: SharedVoterState,
        beefy_links: BeefyVoterLinks<Block, BeefyId>,
    ) -> Result<(), Error> {
        let spawn = tasks.spawn_essential_handle();
        let network_params = BeefyNetworkParams {
            network: Arc::new(self.network.clone()),
            sync: self.sync.clone(),
            gossip_protocol_name: protocols.beefy,
            justifications_protocol_name: protocols.beefy_requests.protocol_name(),
            notification_service: protocols.beefy_notifications,
            _phantom: std::marker::PhantomData,
        };
        let beefy = sc_consensus_beefy::start_beefy_gadget::<_, _, _, _, _, _, _, BeefyId>(BeefyParams {
            client: self.client.clone(),
            backend: self.backend.clone(),
            payload_provider: MmrRootProvider::new(self.client.clone()),
            runtime: self.client.clone(),
            key_store: keystore.clone(),
            network_params,
            min_block_delta: BEEFY_DELTA,
            prometheus_registry: self.registry.clone(),
            links: beefy_links,
            on_demand_justifications_handler: protocols.beefy_requests,
            is_authority: self.role.is_authority(),
        });
        spawn.spawn_blocking("beefy", None, beefy);
        let mmr = mmr_gadget::MmrGadget::start(
            self.client.clone(),
            self.backend.clone(),
            sp_mmr_primitives::INDEXING_PREFIX.to_vec(),
        );
        spawn.spawn_blocking("mmr", None, mmr);

        let grandpa = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
            config: sc_consensus_grandpa::Config {
                gossip_duration: GOSSIP,
                justification_generation_period: super::parts::JUSTIFICATION_PERIOD,
                name: Some(self.name),
                observer_enabled: false,
                keystore,
                local_role: self.role,
                telemetry: None,
                protocol_name: protocols.grandpa,
            },
            link: grandpa_link,
            network: self.network,
            sync: self.sync,
            notification_service: protocols.grandpa_notifications,
            // Without voting rules a block is final as soon as it can be.
            voting_rule: (),
            prometheus_registry: self.registry,
            shared_voter_state: voter_state,
            telemetry: None,
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(self.pool),
        })?;
        spawn.spawn_blocking("grandpa", None, grandpa);
        Ok(())
    }
}
