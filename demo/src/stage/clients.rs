//! Light clients of each chain on the others, created and bound by whoever governs.

use super::{evm::EvmHalf, substrate::SubstrateHalf};
use anyhow::{Context, Result};
use lupu_adapter::ClientParameters;
use lupu_evm::deploy;
use lupu_relayer::{
    config::{ChainConfig, ClientConfig, Config, Contracts},
    setup::{self, Connected},
};
use lupu_standard::{ChainId, ClientId};
use lupu_substrate::governance;

/// A chain that will host clients.
pub enum Host<'a> {
    Evm(&'a EvmHalf, &'a Contracts),
    Substrate(&'a SubstrateHalf, &'a Connected),
}

impl Host<'_> {
    fn id(&self) -> &ChainId {
        match self {
            Self::Evm(half, _) => &half.id,
            Self::Substrate(half, _) => &half.id,
        }
    }
}

/// What a client is called, on both sides.
fn id(on: &ChainConfig, of: &ChainConfig, seen: &Connected) -> Result<ClientId> {
    Ok(ClientId::new(format!("{}.{}-{}", on.name, seen.prover_for(on).client_type(), of.name))?)
}

/// Creates and binds the clients that `host` needs: one of each of the others.
pub async fn create(config: &Config, host: Host<'_>, seen: &[Connected]) -> Result<Vec<ClientConfig>> {
    let on = setup::chain(config, host.id())?;
    let own = seen.iter().find(|s| s.chain().id() == host.id()).context("the host is not connected")?;
    let mut clients = Vec::new();
    for other in seen.iter().filter(|s| s.chain().id() != host.id()) {
        let of = setup::chain(config, other.chain().id())?;
        let client = ClientConfig {
            id: id(on, of, other)?,
            on: on.name.clone(),
            of: of.name.clone(),
            counterparty: id(of, on, own)?,
            light_client: None,
            bound: true,
            parameters: ClientParameters::default(),
        };
        clients.push(create_one(&host, client, on, of, other).await?);
    }
    Ok(clients)
}

async fn create_one(
    host: &Host<'_>,
    mut client: ClientConfig,
    on: &ChainConfig,
    of: &ChainConfig,
    seen: &Connected,
) -> Result<ClientConfig> {
    let prover = seen.prover_for(on);
    let initial = prover.initial_client(prover.provable_height().await?, client.parameters).await?;
    let (prefix, here, there) = (setup::merkle_prefix(of), &client.id, &client.counterparty);
    match host {
        Host::Evm(half, contracts) => {
            let governor = half.governor().await?;
            let (factory, kind) = (contracts.factory, prover.client_type());
            let at = deploy::create_client(&governor, factory, kind, &initial, &mut |_| {}).await?;
            deploy::bind_client(&governor, contracts.router, here, there, &prefix, at, &mut |_| {}).await?;
            client.light_client = Some(at);
        }
        Host::Substrate(half, own) => {
            let governor = half.governor(own.substrate().context("another family")?)?;
            let created = governance::CreateClient {
                id: here.clone(),
                client_type: prover.client_type().into(),
                state: initial.state,
                consensus_state: initial.consensus_state,
            };
            governance::create_client(&governor, &created).await?;
            let binding =
                governance::BindClient { id: here.clone(), counterparty: there.clone(), merkle_prefix: prefix };
            governance::bind_client(&governor, &binding).await?;
        }
    }
    Ok(client)
}
