//! Embedded chains, connected as the relayer connects.
#![allow(dead_code, reason = "each test file uses its part")]

use alloy_primitives::B256;
use lupu_adapter::{
    AdapterError, Chain, ClientParameters, Message, Prover, SignedTransaction, TransactionStatus, TrustedState,
};
use lupu_light_client::Claim;
use lupu_standard::{ChainId, ClientId, Height, Packet, Path, commitment};
use lupu_substrate::{
    Anchor, BeefyProver, Endpoints, GrandpaProver, Key, Source, SubstrateChain, SubstrateConfig, Tuning, Wallet,
    governance::{BindClient, CreateClient, bind_client, create_client},
    keys::account_bytes,
    merkle_prefix, propose_anchor,
};
use lupu_substrate_devnet::{Builder, Devnet, runtime::AccountId};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// One embedded chain, as the tests know it.
pub struct Side {
    pub devnet: Devnet,
    pub chain: Arc<SubstrateChain>,
    /// Alice, who governs.
    pub wallet: Wallet,
    pub grandpa: GrandpaProver,
    pub beefy: BeefyProver,
}

pub fn key(name: &str) -> Key {
    Key::from_uri(&Zeroizing::new(format!("//{name}"))).unwrap()
}

pub fn account(name: &str) -> AccountId {
    AccountId::from(key(name).public())
}

pub fn id(s: &str) -> ClientId {
    ClientId::new(s).unwrap()
}

/// Blocks only when asked for, sessions of four.
pub fn on_demand() -> Builder {
    Devnet::builder().on_demand().session_length(4)
}

/// Blocks by themselves; no state is dropped while a test runs.
pub fn ticking() -> Builder {
    Devnet::builder().block_time(Duration::from_millis(120)).session_length(20).state_window(20_000)
}

pub fn urls(devnet: &Devnet) -> Vec<String> {
    (0..devnet.nodes()).map(|i| devnet.ws_url(i)).collect()
}

pub fn config(name: &str, devnet: &Devnet, anchor: Anchor) -> SubstrateConfig {
    SubstrateConfig {
        id: ChainId::new(name).unwrap(),
        endpoints: urls(devnet),
        genesis: B256::new(devnet.genesis_hash().0),
        anchor,
        keys: vec![key("Bob"), key("Charlie")],
        tip: 0,
        tuning: Tuning {
            request_timeout: Duration::from_secs(5),
            poll: Duration::from_millis(50),
            ..Tuning::default()
        },
    }
}

pub async fn anchor(devnet: &Devnet, height: Option<u64>) -> Anchor {
    let endpoints = Endpoints::new("anchor", &urls(devnet), Duration::from_secs(5)).unwrap();
    propose_anchor(&Source::new(Arc::new(endpoints)), height).await.unwrap()
}

/// Connected, and listening where a node lets it: votes that are missed no node shows again.
pub async fn connect(name: &str, devnet: &Devnet, anchor: Anchor) -> Result<Arc<SubstrateChain>, AdapterError> {
    let chain = SubstrateChain::connect(config(name, devnet, anchor)).await?;
    for _ in 0..100 {
        if chain.is_listening() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(Arc::new(chain))
}

pub fn side_of(devnet: Devnet, chain: Arc<SubstrateChain>) -> Side {
    Side {
        wallet: Wallet::new(chain.clone(), key("Alice")),
        grandpa: GrandpaProver::new(chain.clone()),
        beefy: BeefyProver::new(chain.clone()),
        chain,
        devnet,
    }
}

/// A chain that is followed from its newest block.
pub async fn side(name: &str, builder: Builder) -> Side {
    let devnet = builder.name(name).start().await.unwrap();
    devnet.mine_many(2).await;
    let anchor = anchor(&devnet, None).await;
    let chain = connect(name, &devnet, anchor).await.unwrap();
    side_of(devnet, chain)
}

/// Two chains with bound GRANDPA clients of each other.
pub struct Pair {
    pub customs: Side,
    pub port: Side,
    /// On customs, of port.
    pub on_customs: ClientId,
    /// On port, of customs.
    pub on_port: ClientId,
}

pub async fn bind(on: &Side, of: &Side, client: &ClientId, counterparty: &ClientId) {
    let at = of.grandpa.provable_height().await.unwrap();
    let initial = of.grandpa.initial_client(at, ClientParameters::default()).await.unwrap();
    let create = CreateClient {
        id: client.clone(),
        client_type: "grandpa".into(),
        state: initial.state,
        consensus_state: initial.consensus_state,
    };
    create_client(&on.wallet, &create).await.unwrap();
    let binding = BindClient { id: client.clone(), counterparty: counterparty.clone(), merkle_prefix: merkle_prefix() };
    bind_client(&on.wallet, &binding).await.unwrap();
}

pub async fn pair() -> Pair {
    let customs = side("customs", ticking()).await;
    let port = side("port", ticking()).await;
    let (on_customs, on_port) = (id("customs.grandpa-port"), id("port.grandpa-customs"));
    bind(&customs, &port, &on_customs, &on_port).await;
    bind(&port, &customs, &on_port, &on_customs).await;
    Pair { customs, port, on_customs, on_port }
}

/// The newest trusted state of a client, as its host stores it.
pub async fn newest(host: &Side, client: &ClientId) -> (Vec<u8>, TrustedState) {
    let bound = host.chain.client(client).await.unwrap().expect("bound");
    // What is stored in the newest block may not be final yet.
    for _ in 0..100 {
        match host.chain.consensus_state(client, bound.latest_height).await {
            Ok(Some(preimage)) => {
                return (bound.state, TrustedState { height: bound.latest_height, consensus_state: preimage });
            }
            Ok(None) => panic!("not stored"),
            Err(error) if error.kind == lupu_adapter::ErrorKind::NotFound => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never final");
}

/// Client updates and the state they lead to.
pub async fn update(
    source: &Side,
    host: &Side,
    client: &ClientId,
    target: Height,
) -> Result<(Vec<Message>, TrustedState), AdapterError> {
    let (state, trusted) = newest(host, client).await;
    let updates = source.grandpa.updates(&state, &trusted, target).await?;
    let last = updates.last().map(|u| TrustedState { height: u.height, consensus_state: u.consensus_state.clone() });
    let message = |message: Vec<u8>| Message::UpdateClient { client: client.clone(), message };
    Ok((updates.into_iter().map(|u| message(u.message)).collect(), last.unwrap_or(trusted)))
}

pub async fn receive(source: &Side, host: &Side, client: &ClientId, packets: Vec<Packet>) -> Vec<Message> {
    let target = source.chain.finalized().await.unwrap().height;
    let (mut messages, at) = update(source, host, client, target).await.unwrap();
    let claims: Vec<(Path, Claim)> =
        packets.iter().map(|p| (Path::commitment(p), Claim::Present(commitment::commit_packet(p)))).collect();
    let proof = source.grandpa.prove(&at, &merkle_prefix(), &claims).await.unwrap().proof;
    messages.push(Message::Receive { client: client.clone(), packets, proof, height: at.height });
    messages
}

pub async fn signed(host: &Side, messages: &[Message]) -> SignedTransaction {
    let account = host.chain.accounts()[0].clone();
    let simulation = host.chain.simulate(&account, messages).await.unwrap();
    let nonce = host.chain.next_nonce(&account).await.unwrap();
    host.chain.sign(&account, nonce, simulation.gas_limit, messages).await.unwrap()
}

/// Simulates, signs, sends, waits until it is final.
pub async fn submit(host: &Side, messages: &[Message]) -> lupu_adapter::Included {
    let signed = signed(host, messages).await;
    host.chain.broadcast(&signed).await.unwrap();
    host.chain.broadcast(&signed).await.unwrap();
    included(host, &signed).await
}

pub async fn included(host: &Side, signed: &SignedTransaction) -> lupu_adapter::Included {
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
    let wanted = u64::from(side.devnet.head().number()) + 1;
    loop {
        let head = side.chain.finalized().await.unwrap().height;
        if head.0 >= wanted {
            return head;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn transfer(side: &Side, client: &ClientId, amount: u128, to: &str, seconds: u64) -> u64 {
    let now = side.chain.finalized().await.unwrap().timestamp.0;
    let request = lupu_substrate::send::TransferRequest {
        client: client.clone(),
        denom: "native".into(),
        amount,
        receiver: to.into(),
        timeout_timestamp: now + seconds,
        memo: String::new(),
    };
    lupu_substrate::send::transfer(&side.wallet, request).await.unwrap().sequence
}

/// An account that nobody has a key of here.
pub fn stranger() -> String {
    format!("0x{}", "42".repeat(32))
}

pub fn bytes_of(account: &str) -> [u8; 32] {
    account_bytes(account).unwrap()
}
