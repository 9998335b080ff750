//! One end of a link: a chain with our contracts on it, and the adapter connected to it.

use crate::{
    process::{KEYS, Node},
    sealed::Sealed,
};
use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use lupu_adapter::{
    Chain, ClientParameters, Included, Message, Prover, SignedTransaction, TransactionStatus, TrustedState,
};
use lupu_evm::{
    Anchor, Contracts, DeployConfig, Endpoints, EvmChain, EvmConfig, HeaderSource, Kind, QbftProver, Step, Tuning,
    Wallet, deploy, propose_anchor, send,
};
use lupu_evm_devnet::Devnet;
use lupu_standard::{ChainId, ClientId, Height};
use std::{sync::Arc, time::Duration};

pub struct End {
    pub wallet: Wallet,
    pub contracts: Contracts,
    /// What the deployment did.
    pub steps: Vec<Step>,
    pub chain: Arc<EvmChain>,
    pub prover: QbftProver,
}

pub fn keys() -> Vec<PrivateKeySigner> {
    KEYS.iter().map(|k| k.parse().unwrap()).collect()
}

pub fn endpoints(name: &str, url: &str) -> Arc<Endpoints> {
    Arc::new(Endpoints::new(name, &[url.to_owned()], Duration::from_secs(10)).unwrap())
}

pub fn id(text: &str) -> ClientId {
    ClientId::new(text).unwrap()
}

impl End {
    /// Deploys over `node` and connects the adapter over `shown`, which shows QBFT blocks. The
    /// first key deploys, all others sign for the relayer.
    async fn new(name: &str, chain_id: u64, node: &str, shown: &str, keys: Vec<PrivateKeySigner>) -> Self {
        let wallet = Wallet::connect(endpoints(name, node), chain_id, keys[0].clone(), None).await.unwrap();
        let mut steps = Vec::new();
        let contracts =
            deploy::deploy_core(&wallet, DeployConfig::default(), &mut |step| steps.push(step)).await.unwrap();
        let source = HeaderSource::new(endpoints(name, shown), Kind::Qbft);
        let header = propose_anchor(&source, None).await.unwrap();
        let config = EvmConfig {
            id: ChainId::new(name).unwrap(),
            endpoints: vec![shown.into()],
            websockets: Vec::new(),
            chain_id,
            kind: Kind::Qbft,
            contracts,
            anchor: Anchor { height: header.number().0, hash: header.block_hash() },
            gas_price: None,
            signers: keys[1..].to_vec(),
            tuning: Tuning { poll: Duration::from_millis(100), ..Tuning::default() },
        };
        let chain = Arc::new(EvmChain::connect(config).await.unwrap());
        Self { wallet, contracts, steps, prover: QbftProver::new(chain.clone()), chain }
    }

    /// On a real node, behind test seals.
    pub async fn on_node(name: &str, node: &Node, sealed: &Sealed) -> Self {
        let mut keys = keys();
        keys.push(PrivateKeySigner::from_slice(&[0x77; 32]).unwrap());
        Self::new(name, node.chain_id, &node.url, &sealed.url, keys).await
    }

    /// On the embedded chain.
    pub async fn on_devnet(name: &str, devnet: &Devnet) -> Self {
        let keys = devnet.dev_accounts().iter().take(3).map(|a| PrivateKeySigner::from_bytes(&a.key).unwrap());
        Self::new(name, devnet.chain_id(), &devnet.http_url(0), &devnet.http_url(0), keys.collect()).await
    }

    /// The newest verified block, once it is this one or a later one.
    pub async fn verified(&self, at_least: u64) -> Height {
        for _ in 0..200 {
            let head = self.chain.headers().advance().await.unwrap().height();
            if head >= at_least && self.chain.finalized().await.unwrap().height.0 >= at_least {
                return Height(head);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("block {at_least} does not become final");
    }

    /// Puts a client of `of` on this chain and binds it.
    pub async fn bind(&self, of: &End, client: &ClientId, counterparty: &ClientId) -> Address {
        let at = of.chain.finalized().await.unwrap().height;
        let initial = of.prover.initial_client(at, ClientParameters::default()).await.unwrap();
        let factory = self.contracts.factory;
        let light = deploy::create_client(&self.wallet, factory, "qbft", &initial, &mut |_| {}).await.unwrap();
        let router = self.contracts.router;
        deploy::bind_client(&self.wallet, router, client, counterparty, &[Vec::new()], light, &mut |_| {})
            .await
            .unwrap();
        light
    }

    /// A client here as it stands: its state, and its newest consensus state.
    pub async fn stored(&self, client: &ClientId) -> (Vec<u8>, TrustedState) {
        let bound = self.chain.client(client).await.unwrap().expect("bound");
        let preimage = self.chain.consensus_state(client, bound.latest_height).await.unwrap().expect("stored");
        (bound.state, TrustedState { height: bound.latest_height, consensus_state: preimage })
    }

    /// The updates that bring this chain's client of `of` to a height, and the state they lead to.
    pub async fn updates(&self, of: &End, client: &ClientId, target: Height) -> (Vec<Message>, TrustedState) {
        let (state, mut at) = self.stored(client).await;
        let mut messages = Vec::new();
        if target > at.height {
            for update in of.prover.updates(&state, &at, target).await.unwrap() {
                at = TrustedState { height: update.height, consensus_state: update.consensus_state };
                messages.push(Message::UpdateClient { client: client.clone(), message: update.message });
            }
        }
        (messages, at)
    }

    /// Simulates, signs and broadcasts.
    pub async fn submit(&self, messages: &[Message]) -> SignedTransaction {
        let account = self.chain.accounts()[0].clone();
        let simulation = self.chain.simulate(&account, messages).await.unwrap();
        let nonce = self.chain.next_nonce(&account).await.unwrap();
        let signed = self.chain.sign(&account, nonce, simulation.gas_limit, messages).await.unwrap();
        self.chain.broadcast(&signed).await.unwrap();
        signed
    }

    pub async fn included(&self, signed: &SignedTransaction) -> Included {
        for _ in 0..200 {
            match self.chain.transaction(signed).await.unwrap() {
                TransactionStatus::Included(included) => return included,
                TransactionStatus::Superseded => panic!("superseded"),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("not included");
    }

    /// A new token of which the wallet holds a million.
    pub async fn token(&self) -> Address {
        let token = send::create_demo_token(&self.wallet).await.unwrap();
        send::mint(&self.wallet, token, self.wallet.address(), U256::from(1_000_000)).await.unwrap();
        token
    }

    pub async fn transfer(&self, client: &ClientId, token: Address, amount: u64, to: Address) -> send::Sent {
        let request = send::TransferRequest {
            client: client.clone(),
            token,
            amount: U256::from(amount),
            receiver: to.to_string().to_lowercase(),
            timeout_timestamp: self.wallet.time().await.unwrap() + 3_600,
            memo: String::new(),
        };
        send::transfer(&self.wallet, self.contracts.transfer, request).await.unwrap()
    }
}
