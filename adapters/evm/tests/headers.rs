//! Following a chain by its seals: every header form, changing validators, too few seals, forks.

mod common;

use common::*;
use lupu_adapter::{Chain, ErrorKind, Message, Prover};
use lupu_evm::{Anchor, Endpoints, HeaderChain, HeaderSource, Kind};
use lupu_evm_devnet::{
    Devnet, ForkPlan, Hardfork,
    faults::{Fault, Seals},
    lies,
};
use lupu_light_client::Status;
use lupu_standard::Height;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

fn source(devnet: &Devnet, kind: Kind) -> HeaderSource {
    let endpoints = Endpoints::new(devnet.name(), &urls(devnet), Duration::from_secs(2)).unwrap();
    HeaderSource::new(Arc::new(endpoints), kind)
}

async fn follow(devnet: &Devnet, kind: Kind) -> HeaderChain {
    let genesis = devnet.chain().block(0).unwrap();
    let anchor = Anchor { height: 0, hash: genesis.hash };
    HeaderChain::connect(source(devnet, kind), anchor, tuning().rules).await.unwrap()
}

#[tokio::test]
async fn headers_of_every_fork_and_kind_are_rebuilt_and_verified() {
    use Hardfork::*;
    for (kind, theirs) in [(Kind::Qbft, lupu_evm_devnet::Kind::Qbft), (Kind::Ibft2, lupu_evm_devnet::Kind::Ibft2)] {
        for (fork, fields) in [(Berlin, 15), (London, 16), (Shanghai, 17), (Cancun, 20), (Prague, 21)] {
            let devnet = fast().on_demand().kind(theirs).hardfork(fork).start().await.unwrap();
            devnet.next_rounds(3, 2);
            devnet.mine_many(5).await;
            let chain = follow(&devnet, kind).await;
            for height in (1..=5).rev() {
                let verified = chain.header(height).await.unwrap();
                assert_eq!(verified.hash, devnet.chain().block(height).unwrap().hash, "{kind:?} {fork:?} {height}");
                assert_eq!(verified.header.fields(), fields, "{fork:?}");
                assert_eq!(verified.header.round(), if height <= 3 { 2 } else { 0 });
            }
            assert_eq!(chain.advance().await.unwrap().height(), 5);
            let error = chain.header(6).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        }
    }
}

#[tokio::test]
async fn a_false_anchor_and_heights_below_it() {
    let devnet = fast().on_demand().start().await.unwrap();
    devnet.mine_many(60).await;
    let genesis = devnet.chain().block(0).unwrap().hash;
    let wrong = HeaderChain::connect(source(&devnet, Kind::Qbft), Anchor { height: 3, hash: genesis }, tuning().rules);
    assert_eq!(wrong.await.err().unwrap().kind, ErrorKind::Misconfigured);
    let hash = devnet.chain().block(58).unwrap().hash;
    let chain = HeaderChain::connect(source(&devnet, Kind::Qbft), Anchor { height: 58, hash }, tuning().rules);
    let chain = chain.await.unwrap();
    assert_eq!(chain.header(2).await.unwrap().hash, devnet.chain().block(2).unwrap().hash);
    assert_eq!(chain.header(60).await.unwrap().hash, devnet.chain().block(60).unwrap().hash);
}

/// One validator fewer, with as many nodes as it takes to see all seals.
#[tokio::test]
async fn a_validator_leaves_and_seals_of_several_nodes_are_joined() {
    for validators in [4, 5, 7] {
        let devnet = fast().on_demand().validators(validators).nodes(3).start().await.unwrap();
        let chain = follow(&devnet, Kind::Qbft).await;
        devnet.mine_many(2).await;
        assert_eq!(chain.advance().await.unwrap().height(), 2);
        devnet.vote_out(devnet.validators()[0]);
        devnet.mine_many(validators as u64 + 3).await;
        assert_eq!(devnet.validators().len(), validators - 1);
        let head = chain.advance().await.unwrap();
        assert_eq!(head.hash, devnet.head().hash, "{validators} validators");
        assert_eq!(head.header.validators().len(), validators - 1);
    }
}

/// The blocks of a node as it shows them now, to be shown again later.
async fn stash(devnet: &Devnet, to: u64) -> HashMap<String, Value> {
    let endpoints = Endpoints::new("stash", &urls(devnet), Duration::from_secs(2)).unwrap();
    let mut blocks = HashMap::new();
    for height in 0..=to {
        let number = format!("0x{height:x}");
        let block = endpoints.ask("eth_getBlockByNumber", json!([number, false]), Ok).await.unwrap();
        blocks.insert(number, block);
    }
    blocks
}

#[tokio::test]
async fn one_node_with_minimal_seals_waits_for_a_block_with_more() {
    let devnet = fast().on_demand().start().await.unwrap();
    let chain = follow(&devnet, Kind::Qbft).await;
    devnet.vote_out(devnet.validators()[0]);
    devnet.mine_many(8).await;
    assert_eq!(devnet.validators().len(), 3);
    let error = chain.advance().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unproven);
    assert!(error.message.contains("create the client anew"), "{error}");
    // From block 9 on the node shows all three seals.
    let old = stash(&devnet, 8).await;
    devnet.node(0).show_seals(Seals::Count(3));
    devnet.node(0).inject(Fault::Edit(Arc::new(move |method, _, result| {
        let number = result.get("number").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let ("eth_getBlockByNumber", Some(block)) = (method, old.get(&number)) {
            *result = block.clone();
        }
    })));
    devnet.mine_many(4).await;
    let head = chain.advance().await.unwrap();
    assert_eq!(head.hash, devnet.head().hash);
    // Blocks that no seals lead to are reached by parent hashes.
    assert_eq!(chain.header(7).await.unwrap().hash, devnet.chain().block(7).unwrap().hash);
}

#[tokio::test]
async fn a_whole_new_set_needs_a_new_anchor() {
    let devnet = fast().on_demand().nodes(3).start().await.unwrap();
    let chain = follow(&devnet, Kind::Qbft).await;
    devnet.mine_many(3).await;
    assert_eq!(chain.advance().await.unwrap().height(), 3);
    devnet.replace_validators((0..4).map(|i| devnet.new_validator_key(i)).collect());
    devnet.mine_many(3).await;
    let error = chain.advance().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unproven, "{error}");
    assert_eq!(chain.head().unwrap().height(), 3);
}

#[tokio::test]
async fn too_few_seals_are_not_believed_but_joined() {
    let devnet = fast().on_demand().nodes(2).start().await.unwrap();
    let chain = follow(&devnet, Kind::Qbft).await;
    devnet.mine_many(2).await;
    for node in 0..2 {
        devnet.node(node).show_seals(Seals::Count(1));
    }
    let error = chain.advance().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unproven, "{error}");
    for bad in [Seals::WrongRound, Seals::Repeated] {
        (0..2).for_each(|node| devnet.node(node).show_seals(bad));
        assert_eq!(chain.advance().await.unwrap_err().kind, ErrorKind::Unproven);
    }
    // Two of three at each of two nodes, next to each other: three.
    (0..2).for_each(|node| devnet.node(node).show_seals(Seals::Count(2)));
    assert_eq!(chain.advance().await.unwrap().height(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_follow_validator_changes_step_by_step() {
    let harbour = side("harbour", fast().chain_id(1001).seed(1).nodes(4)).await;
    let bank = side("bank", fast().chain_id(1002).seed(2)).await;
    let Pair { harbour, bank, on_bank, .. } = pair_of(harbour, bank).await;
    let (_, start) = newest(&bank, &on_bank).await;
    // Two in, two out: half of the first set is left.
    let first = harbour.devnet.validators();
    for step in 0..2u64 {
        harbour.devnet.vote_in(step);
        while harbour.devnet.validators().len() != 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        settle(&harbour).await;
        harbour.devnet.vote_out(first[step as usize]);
        while harbour.devnet.validators().len() != 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        settle(&harbour).await;
    }
    let target = settle(&harbour).await;
    let (messages, at) = update(&harbour, &bank, &on_bank, target).await.unwrap();
    assert!(messages.len() >= 2, "one jump cannot be enough");
    assert!(at.height >= target);
    let included = submit(&bank, &messages).await;
    assert!(included.success, "{:?}", included.reason);
    let client = bank.chain.client(&on_bank).await.unwrap().unwrap();
    assert_eq!((client.latest_height, client.status), (at.height, Status::Active));
    assert_eq!(bank.chain.consensus_state(&on_bank, at.height).await.unwrap().unwrap(), at.consensus_state);
    harbour.prover.check_trusted(&at).await.unwrap();
    harbour.prover.check_trusted(&start).await.unwrap();
    assert_eq!(bank.chain.consensus_state(&on_bank, Height(1)).await.unwrap(), None);
    let mut other = at.clone();
    let last = other.consensus_state.len() - 40;
    other.consensus_state[last] ^= 1;
    assert_eq!(harbour.prover.check_trusted(&other).await.unwrap_err().kind, ErrorKind::Unproven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_reported_and_freezes_the_client() {
    let harbour = side("harbour", fast().chain_id(1001).seed(1).nodes(2)).await;
    let bank = side("bank", fast().chain_id(1002).seed(2)).await;
    let Pair { harbour, bank, on_bank, .. } = pair_of(harbour, bank).await;
    let (state, trusted) = newest(&bank, &on_bank).await;
    assert!(harbour.prover.evidence(&state, &trusted).await.unwrap().is_none());
    settle(&harbour).await;
    harbour.devnet.pause();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let height = harbour.devnet.head().number();
    let fork = harbour.devnet.chain().fork(height, &ForkPlan::default()).unwrap();
    let proof = serde_json::to_value(fork.proof(harbour.contracts.router, &[])).unwrap();
    harbour.devnet.node(1).inject(lies::forked(&fork));
    harbour.devnet.node(1).inject(Fault::Edit(Arc::new(move |method, _, result| {
        if method == "eth_getProof" {
            *result = proof.clone();
        }
    })));
    harbour.chain.finalized().await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    harbour.chain.finalized().await.unwrap();
    let seen = harbour.chain.headers().fork().expect("seen");
    assert_eq!(seen.ours.number(), seen.other.number());
    let evidence = harbour.prover.evidence(&state, &trusted).await.unwrap().expect("evidence");
    let message = Message::Misbehaviour { client: on_bank.clone(), evidence };
    let included = submit(&bank, &[message]).await;
    assert!(included.success, "{:?}", included.reason);
    assert_eq!(bank.chain.client(&on_bank).await.unwrap().unwrap().status, Status::Frozen);
}
