//! Transactions that do not go as planned.

mod common;

use common::*;
use lupu_adapter::{AccountId, Chain, ErrorKind, Message, TransactionStatus};
use lupu_evm::{DeployConfig, EvmChain, deploy};

const GWEI: u128 = 1_000_000_000;

/// A harmless message: an update for a client that is not there. Signed without simulation.
fn nonsense(name: &str) -> [Message; 1] {
    [Message::UpdateClient { client: id(name), message: vec![1, 2, 3] }]
}

async fn paying(hardfork: lupu_evm_devnet::Hardfork) -> Side {
    let builder = fast().hardfork(hardfork).min_gas_price(GWEI);
    side("harbour", builder.base_fee(7)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_nonce_is_named_and_the_loser_is_superseded() {
    let side = side("harbour", fast().nodes(2)).await;
    let account = side.chain.accounts()[0].clone();
    let nonce = side.chain.next_nonce(&account).await.unwrap();
    let mine = side.chain.sign(&account, nonce, 300_000, &nonsense("harbour.lost")).await.unwrap();
    assert!(matches!(side.chain.transaction(&mine).await.unwrap(), TransactionStatus::Unknown));
    // Another process with the same key is faster.
    let theirs = side.chain.sign(&account, nonce, 300_000, &nonsense("harbour.won")).await.unwrap();
    side.chain.broadcast(&theirs).await.unwrap();
    let won = included(&side, &theirs).await;
    assert!(!won.success);
    assert_eq!(won.reason.as_deref(), Some("UnknownClient(clientId: \"harbour.won\")"));
    let error = side.chain.broadcast(&mine).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NonceTaken, "{error}");
    settle(&side).await;
    assert!(matches!(side.chain.transaction(&mine).await.unwrap(), TransactionStatus::Superseded));
    assert_eq!(side.chain.next_nonce(&account).await.unwrap(), nonce + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_transaction_is_replaced() {
    for fork in [lupu_evm_devnet::Hardfork::Berlin, lupu_evm_devnet::Hardfork::London] {
        let side = paying(fork).await;
        let account = side.chain.accounts()[0].clone();
        assert!(side.chain.balance(&account).await.unwrap().unwrap() > 0);
        side.devnet.pause();
        let nonce = side.chain.next_nonce(&account).await.unwrap();
        let stuck = side.chain.sign(&account, nonce, 300_000, &nonsense("harbour.stuck")).await.unwrap();
        side.chain.broadcast(&stuck).await.unwrap();
        assert!(matches!(side.chain.transaction(&stuck).await.unwrap(), TransactionStatus::Pending));
        assert_eq!(side.chain.next_nonce(&account).await.unwrap(), nonce + 1);
        // Another one at the same price does not get in.
        let same = side.chain.sign(&account, nonce, 300_000, &nonsense("harbour.other")).await.unwrap();
        assert_eq!(side.chain.broadcast(&same).await.unwrap_err().kind, ErrorKind::Underpriced);
        let replacement = side.chain.replace(&stuck).await.unwrap();
        assert_ne!(replacement.hash, stuck.hash);
        assert_eq!(replacement.nonce, nonce);
        side.chain.broadcast(&replacement).await.unwrap();
        side.devnet.resume();
        let done = included(&side, &replacement).await;
        assert!(done.fee_paid >= u128::from(done.gas_used) * GWEI);
        settle(&side).await;
        assert!(matches!(side.chain.transaction(&stuck).await.unwrap(), TransactionStatus::Superseded));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_gas_is_free_a_replacement_is_the_same_transaction() {
    let side = side("harbour", fast()).await;
    let account = side.chain.accounts()[0].clone();
    assert_eq!(side.chain.balance(&account).await.unwrap(), None);
    let nonce = side.chain.next_nonce(&account).await.unwrap();
    let signed = side.chain.sign(&account, nonce, 300_000, &nonsense("harbour.x")).await.unwrap();
    assert_eq!(side.chain.replace(&signed).await.unwrap(), signed);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_funds_without_a_key_without_gas() {
    let side = paying(lupu_evm_devnet::Hardfork::Berlin).await;
    let mut poor = side.chain.config().clone();
    let beggar = alloy::signers::local::PrivateKeySigner::from_slice(&[77; 32]).unwrap();
    poor.signers = vec![beggar.clone()];
    let chain = EvmChain::connect(poor).await.unwrap();
    let account = chain.accounts()[0].clone();
    assert_eq!(chain.balance(&account).await.unwrap(), Some(0));
    let signed = chain.sign(&account, 0, 300_000, &nonsense("harbour.x")).await.unwrap();
    assert_eq!(chain.broadcast(&signed).await.unwrap_err().kind, ErrorKind::Funds);
    let nobody = AccountId("0x0000000000000000000000000000000000000009".into());
    let error = chain.sign(&nobody, 0, 300_000, &nonsense("harbour.x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    // Less gas than the calldata costs.
    let account = side.chain.accounts()[0].clone();
    let nonce = side.chain.next_nonce(&account).await.unwrap();
    let signed = side.chain.sign(&account, nonce, 21_000, &nonsense("harbour.x")).await.unwrap();
    assert_eq!(side.chain.broadcast(&signed).await.unwrap_err().kind, ErrorKind::Rejected);
    // Refused as a whole, in the contract's words.
    let error = side.chain.simulate(&account, &nonsense("harbour.x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.message, "UnknownClient(clientId: \"harbour.x\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_goes_on_where_it_stopped_and_another_chain_is_refused() {
    let side = side("harbour", fast().chain_id(1001)).await;
    let contracts = side.contracts;
    let mut sent = 0;
    let config = DeployConfig {
        factory: Some(contracts.factory),
        deployed_at: Some(contracts.deployed_at),
        ..DeployConfig::default()
    };
    let mut count = |step: lupu_evm::Step| sent += usize::from(step.transaction.is_some());
    assert_eq!(deploy::deploy_core(&side.wallet, config, &mut count).await.unwrap(), contracts);
    assert_eq!(sent, 0, "everything stands");
    let mut steps = Vec::new();
    let config = DeployConfig { migration_delay: 60, ..config };
    let other = deploy::deploy_core(&side.wallet, config, &mut |step| steps.push(step)).await.unwrap();
    assert_ne!(other.router, contracts.router, "the delay is part of the identity");
    assert_eq!(other.authority, contracts.authority);
    assert!(steps.iter().any(|s| s.what == "router" && s.gas_used.unwrap() > 1_000_000));

    let good = side.chain.config().clone();
    let refused = async |change: &dyn Fn(&mut lupu_evm::EvmConfig)| {
        let mut config = good.clone();
        change(&mut config);
        let error = EvmChain::connect(config).await.err().expect("refused");
        assert_eq!(error.kind, ErrorKind::Misconfigured, "{error}");
        error.message
    };
    assert!(refused(&|c| c.chain_id = 1002).await.contains("chain id"));
    assert!(refused(&|c| c.contracts.router = other.router).await.contains("would be at"));
    assert!(refused(&|c| c.contracts.migration_delay += 1).await.contains("would be at"));
    assert!(refused(&|c| c.anchor.hash = alloy::primitives::B256::ZERO).await.contains("anchor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn binding_is_governance_and_happens_once() {
    let Pair { harbour, on_harbour, on_bank, .. } = pair(1).await;
    // The same binding again is no transaction; another one is refused.
    let client = harbour.chain.client(&on_harbour).await.unwrap().unwrap();
    let light = client.location.parse().unwrap();
    let router = harbour.contracts.router;
    let mut sent = 0;
    let mut count = |step: lupu_evm::Step| sent += usize::from(step.transaction.is_some());
    deploy::bind_client(&harbour.wallet, router, &on_harbour, &on_bank, &[Vec::new()], light, &mut count)
        .await
        .unwrap();
    assert_eq!(sent, 0);
    let error =
        deploy::bind_client(&harbour.wallet, router, &on_harbour, &id("bank.other"), &[Vec::new()], light, &mut |_| {})
            .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Misconfigured);
    let stranger = wallet("harbour", &harbour.devnet, 3).await;
    let error =
        deploy::bind_client(&stranger, router, &id("harbour.mine"), &on_bank, &[Vec::new()], light, &mut |_| {}).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("AccessManagedUnauthorized"), "{error}");
}
