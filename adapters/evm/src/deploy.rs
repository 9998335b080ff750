//! Putting the contracts on a chain. Everything stands at an address that is known beforehand
//! (CREATE2), so that a deployment that was interrupted goes on where it stopped.

use crate::{
    abi::{CounterpartyInfo, IFactory, IRouter},
    artifacts::{Contract, init_code},
    config::Contracts,
    endpoints::CallError,
    errors, hosted,
    identity::{ROUTER_SALT, router_address, router_init_code},
    messages::counterparty,
    wallet::{Receipt, Wallet},
};
use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol_types::SolValue,
};
use lupu_adapter::{AdapterError, ErrorKind, InitialClient};
use lupu_standard::ClientId;

/// Ports of the applications.
pub const TRANSFER_PORT: &str = "transfer";
/// See [`TRANSFER_PORT`].
pub const GMP_PORT: &str = "gmpport";

/// One step of a deployment, done or found done.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is about, in words.
    pub what: String,
    /// The contract concerned.
    pub address: Address,
    /// The transaction; `None` if it stood already.
    pub transaction: Option<B256>,
    /// Gas used, if there was a transaction.
    pub gas_used: Option<u64>,
}

/// What is chosen about a deployment.
#[derive(Clone, Copy, Debug)]
pub struct DeployConfig {
    /// Seconds between the announcement of a client migration and the migration; not zero.
    pub migration_delay: u64,
    /// The factory of an earlier, perhaps interrupted, deployment.
    pub factory: Option<Address>,
    /// The governance contract to use; `None` creates an AccessManager that the wallet administers.
    pub authority: Option<Address>,
    /// The block at which an earlier run started.
    pub deployed_at: Option<u64>,
}

impl Default for DeployConfig {
    /// A new deployment; a migration is announced seven days ahead.
    fn default() -> Self {
        Self { migration_delay: 7 * 86_400, factory: None, authority: None, deployed_at: None }
    }
}

fn done(what: &str, address: Address, receipt: &Receipt) -> Step {
    Step { what: what.into(), address, transaction: Some(receipt.hash), gas_used: Some(receipt.gas_used) }
}

fn stood(what: &str, address: Address) -> Step {
    Step { what: what.into(), address, transaction: None, gas_used: None }
}

/// Deploys through the factory, unless it stands already.
async fn create2(
    wallet: &Wallet,
    factory: Address,
    salt: B256,
    init_code: Bytes,
    what: &str,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<(Address, Option<u64>), AdapterError> {
    let address = factory.create2(salt, keccak256(&init_code));
    if wallet.has_code(address).await? {
        report(stood(what, address));
        return Ok((address, None));
    }
    let receipt = wallet.call(factory, IFactory::deployCall { salt, initCode: init_code }).await.map_err(|mut e| {
        e.message = format!("{what}: {}", e.message);
        e
    })?;
    if !wallet.has_code(address).await? {
        let message = format!("{what}: nothing stands at {address}, where CREATE2 should have put it");
        return Err(wallet.error(ErrorKind::Lied, message));
    }
    report(done(what, address, &receipt));
    Ok((address, Some(receipt.block)))
}

/// Deploys factory, AccessManager, router, ICS-20 and GMP, and registers both at their ports.
/// `report` hears of every step as it is done.
pub async fn deploy_core(
    wallet: &Wallet,
    config: DeployConfig,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Contracts, AdapterError> {
    let mut first_block = config.deployed_at;
    let mut note = |block: Option<u64>| first_block = first_block.min(block).or(first_block).or(block);
    let factory = match config.factory {
        Some(factory) if wallet.has_code(factory).await? => {
            report(stood("CREATE2 factory", factory));
            factory
        }
        _ => {
            let receipt = wallet.send(None, init_code(Contract::Create2Factory, &[]), "CREATE2 factory").await?;
            let missing = || wallet.error(ErrorKind::Lied, "CREATE2 factory: the receipt names no contract");
            let factory = receipt.created.ok_or_else(missing)?;
            report(done("CREATE2 factory", factory, &receipt));
            note(Some(receipt.block));
            factory
        }
    };
    let authority = match config.authority {
        Some(authority) => {
            if !wallet.has_code(authority).await? {
                let message = format!("no contract at the authority's address {authority}");
                return Err(wallet.error(ErrorKind::Misconfigured, message));
            }
            report(stood("authority", authority));
            authority
        }
        None => {
            let code = init_code(Contract::AccessManager, &wallet.address().abi_encode());
            let (address, block) = create2(wallet, factory, B256::ZERO, code, "authority", report).await?;
            note(block);
            address
        }
    };
    let code = router_init_code(wallet.chain_id(), authority, config.migration_delay);
    let (router, block) = create2(wallet, factory, ROUTER_SALT, code, "router", report).await?;
    note(block);
    let expected = router_address(factory, wallet.chain_id(), authority, config.migration_delay);
    if router != expected {
        let message = format!("the router stands at {router}, its identity says {expected}");
        return Err(wallet.error(ErrorKind::Misconfigured, message));
    }
    let arguments = router.abi_encode();
    let code = init_code(Contract::Transfer, &arguments);
    let (transfer, _) = create2(wallet, factory, B256::ZERO, code, "ICS-20 transfer", report).await?;
    let code = init_code(Contract::Gmp, &arguments);
    let (gmp, _) = create2(wallet, factory, B256::ZERO, code, "ICS-27 GMP", report).await?;
    register(wallet, router, TRANSFER_PORT, transfer, report).await?;
    register(wallet, router, GMP_PORT, gmp, report).await?;
    Ok(Contracts {
        factory,
        authority,
        router,
        transfer,
        gmp,
        deployed_at: first_block.unwrap_or_default(),
        migration_delay: config.migration_delay,
    })
}

/// Registers an application at a port, unless it is registered there.
async fn register(
    wallet: &Wallet,
    router: Address,
    port: &str,
    app: Address,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<(), AdapterError> {
    let what = format!("port {port}");
    match wallet.try_read(router, IRouter::getIBCAppCall { portId: port.into() }).await {
        Ok(found) if found == app => {
            report(stood(&what, app));
            return Ok(());
        }
        Ok(other) => {
            let message = format!("{what} belongs to {other} already");
            return Err(wallet.error(ErrorKind::Misconfigured, message));
        }
        Err(CallError::Node(error)) if error.data.as_deref().and_then(errors::name) == Some("AppNotFound") => {}
        Err(error) => return Err(wallet.fail(&what, error)),
    }
    let receipt = wallet.call(router, IRouter::addIBCAppCall { portId: port.into(), app }).await?;
    report(done(&what, app, &receipt));
    Ok(())
}

/// Creates a light client with its initial state, unless the same one stands already. It carries
/// nothing until it is bound.
pub async fn create_client(
    wallet: &Wallet,
    factory: Address,
    client_type: &str,
    initial: &InitialClient,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Address, AdapterError> {
    let unknown = || wallet.error(ErrorKind::Misconfigured, format!("no contract is a client of type {client_type}"));
    let contract = hosted::contract(client_type).ok_or_else(unknown)?;
    // Both structs are static: the constructor's arguments are their encodings, one after the other.
    let arguments = [initial.state.as_slice(), &initial.consensus_state].concat();
    let code = init_code(contract, &arguments);
    let (address, _) = create2(wallet, factory, B256::ZERO, code, "light client", report).await?;
    Ok(address)
}

/// Binds a light client and its counterparty, under whose merkle prefix packets are proven, to an
/// identifier, unless just this is bound already.
pub async fn bind_client(
    wallet: &Wallet,
    router: Address,
    client: &ClientId,
    counterparty_client: &ClientId,
    merkle_prefix: &[Vec<u8>],
    light_client: Address,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<(), AdapterError> {
    let what = format!("client {client}");
    let info = counterparty(counterparty_client, merkle_prefix);
    if let Some((bound, found)) = binding(wallet, router, client).await? {
        if bound == light_client && found == info {
            report(stood(&what, light_client));
            return Ok(());
        }
        let message = format!("{what} is bound to {bound} with counterparty {} already", found.clientId);
        return Err(wallet.error(ErrorKind::Misconfigured, message));
    }
    let call = IRouter::addClientCall { clientId: client.to_string(), counterpartyInfo: info, client: light_client };
    let receipt = wallet.call(router, call).await?;
    report(done(&what, light_client, &receipt));
    Ok(())
}

/// What is bound to an identifier.
pub async fn binding(
    wallet: &Wallet,
    router: Address,
    client: &ClientId,
) -> Result<Option<(Address, CounterpartyInfo)>, AdapterError> {
    match wallet.try_read(router, IRouter::getClientCall { clientId: client.to_string() }).await {
        Ok(bound) => {
            let call = IRouter::getCounterpartyCall { clientId: client.to_string() };
            Ok(Some((bound, wallet.read(router, call).await?)))
        }
        Err(CallError::Node(error)) if error.data.as_deref().and_then(errors::name) == Some("UnknownClient") => {
            Ok(None)
        }
        Err(error) => Err(wallet.fail("getClient", error)),
    }
}
