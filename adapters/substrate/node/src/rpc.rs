//! The JSON-RPC methods that come on top of a node's own: finality and its proofs.

use crate::service::{AccountId, Backend, Block, Client, Nonce, Pool};
use jsonrpsee::RpcModule;
use mmr_rpc::{Mmr, MmrApiServer};
use sc_client_api::Backend as _;
use sc_consensus_beefy::BeefyRPCLinks;
use sc_consensus_beefy_rpc::{Beefy, BeefyApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_core::H256;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// Why the methods cannot be served.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What GRANDPA's methods read.
pub struct GrandpaLinks {
    pub authorities: SharedAuthoritySet<H256, u32>,
    pub voter: SharedVoterState,
    pub justifications: GrandpaJustificationStream<Block>,
    pub proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

/// What the methods read.
pub struct Links {
    pub client: Arc<Client>,
    pub backend: Arc<Backend>,
    pub pool: Arc<Pool>,
    pub grandpa: GrandpaLinks,
    pub beefy: BeefyRPCLinks<Block, BeefyId>,
}

/// `system_accountNextIndex`, `grandpa_*`, `beefy_*` and `mmr_*`.
pub fn methods(links: &Links, executor: SubscriptionTaskExecutor) -> Result<RpcModule<()>, Error> {
    let mut module = RpcModule::new(());
    module.merge(SystemApiServer::<H256, AccountId, Nonce>::into_rpc(System::new(
        links.client.clone(),
        links.pool.clone(),
    )))?;

    let grandpa = &links.grandpa;
    let grandpa = Grandpa::new(
        executor.clone(),
        grandpa.authorities.clone(),
        grandpa.voter.clone(),
        grandpa.justifications.clone(),
        grandpa.proofs.clone(),
    );
    module.merge(GrandpaApiServer::into_rpc(grandpa))?;

    let beefy = &links.beefy;
    let justifications = beefy.from_voter_justif_stream.clone();
    let best = beefy.from_voter_best_beefy_stream.clone();
    module.merge(BeefyApiServer::into_rpc(Beefy::<Block, BeefyId>::new(justifications, best, executor)?))?;

    let offchain = links.backend.offchain_storage().ok_or("the backend keeps no offchain storage")?;
    module.merge(MmrApiServer::<H256, u32, H256>::into_rpc(Mmr::new(links.client.clone(), offchain)))?;
    Ok(module)
}
