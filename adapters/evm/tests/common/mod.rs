//! Embedded chains with the contracts on them, connected as the relayer connects.
#![allow(dead_code, reason = "each test file uses its part")]

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use lupu_adapter::{AdapterError, Chain, ClientParameters, Message, Prover, TransactionStatus, TrustedState};
use lupu_evm::{
    Anchor, Contracts, DeployConfig, Endpoints, EvmChain, EvmConfig, HeaderSource, Kind, QbftProver, Tuning, Wallet,
    deploy, propose_anchor,
};
use lupu_evm_devnet::{Builder, Devnet};
use lupu_light_client::Claim;
use lupu_standard::{ChainId, ClientId, Height, Packet, Path, commitment};
use std::{sync::Arc, time::Duration};

/// One embedded chain, as the tests know it.
pub struct Side {
    pub devnet: Devnet,
    pub wallet: Wallet,
    pub contracts: Contracts,
    pub chain: Arc<EvmChain>,
    pub prover: Arc<QbftProver>,
}

pub fn fast() -> Builder {
    Devnet::builder().block_time(Duration::from_millis(60))
}

pub fn key(devnet: &Devnet, index: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&devnet.dev_accounts()[index].key).unwrap()
}

pub fn urls(devnet: &Devnet) -> Vec<String> {
    (0..devnet.nodes()).map(|i| devnet.http_url(i)).collect()
}

pub fn tuning() -> Tuning {
    Tuning { request_timeout: Duration::from_secs(2), poll: Duration::from_millis(50), ..Tuning::default() }
}

pub async fn wallet(name: &str, devnet: &Devnet, index: usize) -> Wallet {
    let endpoints = Arc::new(Endpoints::new(name, &[devnet.http_url(0)], Duration::from_secs(5)).unwrap());
    Wallet::connect(endpoints, devnet.chain_id(), key(devnet, index), None).await.unwrap()
}

pub fn config(name: &str, devnet: &Devnet, contracts: Contracts, anchor: Anchor, kind: Kind) -> EvmConfig {
    EvmConfig {
        id: ChainId::new(name).unwrap(),
        endpoints: urls(devnet),
        websockets: vec![devnet.ws_url(0)],
        chain_id: devnet.chain_id(),
        kind,
        contracts,
        anchor,
        gas_price: None,
        signers: vec![key(devnet, 1), key(devnet, 2)],
        tuning: tuning(),
    }
}

pub async fn anchor(name: &str, devnet: &Devnet, kind: Kind) -> Anchor {
    let endpoints = Arc::new(Endpoints::new(name, &urls(devnet), Duration::from_secs(5)).unwrap());
    let header = propose_anchor(&HeaderSource::new(endpoints, kind), None).await.unwrap();
    Anchor { height: header.number().0, hash: header.block_hash() }
}

pub async fn side_of(name: &str, devnet: Devnet, kind: Kind) -> Side {
    let wallet = wallet(name, &devnet, 0).await;
    let contracts = deploy::deploy_core(&wallet, DeployConfig::default(), &mut |_| {}).await.unwrap();
    let anchor = anchor(name, &devnet, kind).await;
    let chain = EvmChain::connect(config(name, &devnet, contracts, anchor, kind)).await.unwrap();
    let chain = Arc::new(chain);
    Side { devnet, wallet, contracts, prover: Arc::new(QbftProver::new(chain.clone())), chain }
}

pub async fn side(name: &str, builder: Builder) -> Side {
    side_of(name, builder.name(name).start().await.unwrap(), Kind::Qbft).await
}

pub fn id(s: &str) -> ClientId {
    ClientId::new(s).unwrap()
}

/// Two chains with bound clients of each other.
pub struct Pair {
    pub harbour: Side,
    pub bank: Side,
    /// On harbour, of bank.
    pub on_harbour: ClientId,
    /// On bank, of harbour.
    pub on_bank: ClientId,
}

pub async fn bind(on: &Side, of: &Side, client: &ClientId, counterparty: &ClientId) {
    let at = of.chain.finalized().await.unwrap().height;
    let initial = of.prover.initial_client(at, ClientParameters::default()).await.unwrap();
    let light = deploy::create_client(&on.wallet, on.contracts.factory, "qbft", &initial, &mut |_| {}).await.unwrap();
    deploy::bind_client(&on.wallet, on.contracts.router, client, counterparty, &[Vec::new()], light, &mut |_| {})
        .await
        .unwrap();
}

pub async fn pair_of(harbour: Side, bank: Side) -> Pair {
    let (on_harbour, on_bank) = (id("harbour.qbft-bank"), id("bank.qbft-harbour"));
    bind(&harbour, &bank, &on_harbour, &on_bank).await;
    bind(&bank, &harbour, &on_bank, &on_harbour).await;
    Pair { harbour, bank, on_harbour, on_bank }
}

pub async fn pair(nodes: usize) -> Pair {
    let harbour = side("harbour", fast().chain_id(1001).seed(1).nodes(nodes)).await;
    let bank = side("bank", fast().chain_id(1002).seed(2).nodes(nodes)).await;
    pair_of(harbour, bank).await
}

/// The newest trusted state of a client, as its host stores it.
pub async fn newest(host: &Side, client: &ClientId) -> (Vec<u8>, TrustedState) {
    let bound = host.chain.client(client).await.unwrap().expect("bound");
    let preimage = host.chain.consensus_state(client, bound.latest_height).await.unwrap().expect("stored");
    (bound.state, TrustedState { height: bound.latest_height, consensus_state: preimage })
}

/// Client updates and the state they lead to.
pub async fn update(
    source: &Side,
    host: &Side,
    client: &ClientId,
    target: Height,
) -> Result<(Vec<Message>, TrustedState), AdapterError> {
    let (state, trusted) = newest(host, client).await;
    let updates = source.prover.updates(&state, &trusted, target).await?;
    let last = updates.last().map(|u| TrustedState { height: u.height, consensus_state: u.consensus_state.clone() });
    let message = |message: Vec<u8>| Message::UpdateClient { client: client.clone(), message };
    Ok((updates.into_iter().map(|u| message(u.message)).collect(), last.unwrap_or(trusted)))
}

pub async fn receive(source: &Side, host: &Side, client: &ClientId, packets: Vec<Packet>) -> Vec<Message> {
    let target = source.chain.finalized().await.unwrap().height;
    let (mut messages, at) = update(source, host, client, target).await.unwrap();
    let claims: Vec<(Path, Claim)> =
        packets.iter().map(|p| (Path::commitment(p), Claim::Present(commitment::commit_packet(p)))).collect();
    let proof = source.prover.prove(&at, &[vec![]], &claims).await.unwrap().proof;
    messages.push(Message::Receive { client: client.clone(), packets, proof, height: at.height });
    messages
}

/// Simulates, signs, sends, waits until it is final.
pub async fn submit(host: &Side, messages: &[Message]) -> lupu_adapter::Included {
    let account = host.chain.accounts()[0].clone();
    let simulation = host.chain.simulate(&account, messages).await.unwrap();
    let nonce = host.chain.next_nonce(&account).await.unwrap();
    let signed = host.chain.sign(&account, nonce, simulation.gas_limit, messages).await.unwrap();
    host.chain.broadcast(&signed).await.unwrap();
    host.chain.broadcast(&signed).await.unwrap();
    included(host, &signed).await
}

pub async fn included(host: &Side, signed: &lupu_adapter::SignedTransaction) -> lupu_adapter::Included {
    for _ in 0..200 {
        match host.chain.transaction(signed).await.unwrap() {
            TransactionStatus::Included(included) => return included,
            TransactionStatus::Superseded => panic!("superseded"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("not included");
}

/// Waits until the chain's verified head is past the blocks there are now.
pub async fn settle(side: &Side) -> Height {
    let wanted = side.devnet.head().number() + 1;
    loop {
        let head = side.chain.finalized().await.unwrap().height;
        if head.0 >= wanted {
            return head;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn token(side: &Side) -> Address {
    let token = lupu_evm::send::create_demo_token(&side.wallet).await.unwrap();
    let amount = alloy::primitives::U256::from(1_000_000);
    lupu_evm::send::mint(&side.wallet, token, side.wallet.address(), amount).await.unwrap();
    token
}

pub async fn transfer(side: &Side, client: &ClientId, token: Address, amount: u64, to: &str, seconds: u64) -> u64 {
    let timeout_timestamp = side.wallet.time().await.unwrap() + seconds;
    let request = lupu_evm::send::TransferRequest {
        client: client.clone(),
        token,
        amount: alloy::primitives::U256::from(amount),
        receiver: to.into(),
        timeout_timestamp,
        memo: String::new(),
    };
    lupu_evm::send::transfer(&side.wallet, side.contracts.transfer, request).await.unwrap().sequence
}
