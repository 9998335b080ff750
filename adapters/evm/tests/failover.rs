//! Nodes that lie, hang, drop, lag or ask for patience, beside one that does not.

mod common;

use common::*;
use futures::StreamExt;
use lupu_adapter::{Chain, ErrorKind, PacketEventKind, Prover};
use lupu_evm::{EvmChain, Kind};
use lupu_evm_devnet::{
    faults::{Fault, rate_limit},
    lies,
};
use lupu_light_client::Claim;
use lupu_standard::{Height, Path, PathKind, Sequence};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Connects anew, so that nothing is remembered.
async fn connect(side: &Side) -> Arc<EvmChain> {
    let anchor = anchor("fresh", &side.devnet, Kind::Qbft).await;
    let mut config = config(side.devnet.name(), &side.devnet, side.contracts, anchor, Kind::Qbft);
    config.websockets.clear();
    Arc::new(EvmChain::connect(config).await.unwrap())
}

/// Makes the honest node the slower one, so that the other is asked first.
fn slow_down(side: &Side) {
    side.devnet.node(1).inject(Fault::Delay(Duration::from_millis(150)));
}

fn lies_of(chain: &EvmChain, node: usize) -> u32 {
    chain.endpoints().status()[node].lies
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_headers_are_found_out() {
    let side = side("harbour", fast().nodes(2)).await;
    for lie in [lies::state_root(), lies::timestamp(5)] {
        let chain = connect(&side).await;
        let from = chain.finalized().await.unwrap().height;
        side.devnet.node(0).inject(lie);
        settle(&side).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let head = chain.finalized().await.unwrap();
        assert!(head.height > from);
        assert_eq!(head.hash, side.devnet.chain().block(head.height.0).unwrap().hash);
        assert!(lies_of(&chain, 0) > 0, "{:?}", chain.endpoints().status());
        assert_eq!(lies_of(&chain, 1), 0);
        side.devnet.node(0).clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_in_proofs_are_found_out() {
    let Pair { harbour, on_harbour, .. } = pair(2).await;
    let token = token(&harbour).await;
    transfer(&harbour, &on_harbour, token, 5, "0x0000000000000000000000000000000000000001", 600).await;
    slow_down(&harbour);
    let cases = [
        (lies::altered_proof_node(), true),
        (lies::missing_proof_node(), true),
        (lies::extra_proof_node(), false),
        (lies::proof_values(), false),
    ];
    for (index, (lie, found_out)) in cases.into_iter().enumerate() {
        let chain = connect(&harbour).await;
        harbour.devnet.node(0).inject(lie);
        let head = chain.finalized().await.unwrap().height;
        assert_eq!(chain.last_sequence_sent(&on_harbour, head).await.unwrap(), 1);
        assert_eq!(lies_of(&chain, 0) > 0, found_out, "case {index}");
        assert_eq!(lies_of(&chain, 1), 0);
        harbour.devnet.node(0).clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_in_logs_are_found_out_or_made_good() {
    let Pair { harbour, on_harbour, .. } = pair(2).await;
    let token = token(&harbour).await;
    for _ in 0..3 {
        transfer(&harbour, &on_harbour, token, 5, "0x0000000000000000000000000000000000000001", 600).await;
    }
    let head = settle(&harbour).await;
    let from = Height(harbour.contracts.deployed_at);
    slow_down(&harbour);
    let truth = connect(&harbour).await.events(from, head).await.unwrap();
    assert_eq!(truth.iter().filter(|e| e.kind == PacketEventKind::Sent).count(), 3);
    let chain = connect(&harbour).await;
    harbour.devnet.node(0).inject(lies::invented_log());
    assert_eq!(chain.events(from, head).await.unwrap(), truth);
    assert_eq!(lies_of(&chain, 0), 1);
    harbour.devnet.node(0).clear();
    // A payload changed in one byte looks like a packet; only the proven commitment tells. Asked
    // again, it is what settles which endpoint's log counts.
    let chain = connect(&harbour).await;
    harbour.devnet.node(0).inject(lies::altered_logs());
    assert_ne!(chain.events(from, head).await.unwrap(), truth);
    assert_eq!(chain.events(from, head).await.unwrap(), truth);
    harbour.devnet.node(0).clear();
    // A log left out looks like none; the proven counter tells, and asking again asks everyone.
    for lie in [lies::no_logs(), lies::missing_log()] {
        let chain = connect(&harbour).await;
        harbour.devnet.node(0).inject(lie);
        let first = chain.events(from, head).await.unwrap();
        assert!(first.len() < 3);
        assert_eq!(chain.last_sequence_sent(&on_harbour, head).await.unwrap(), 3);
        assert_eq!(chain.events(from, head).await.unwrap().len(), 3);
        harbour.devnet.node(0).clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_fail_are_passed_over() {
    let side = side("harbour", fast().nodes(2)).await;
    let faults = [
        Fault::Hang,
        Fault::Drop,
        Fault::Http(500),
        Fault::Http(429),
        rate_limit(),
        Fault::Error { code: -32603, message: "internal error".into() },
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let chain = connect(&side).await;
        side.devnet.node(0).inject(fault);
        let start = Instant::now();
        for _ in 0..3 {
            settle(&side).await;
            chain.finalized().await.unwrap();
            chain.next_nonce(&chain.accounts()[0]).await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(10), "fault {index} cost {:?}", start.elapsed());
        side.devnet.node(0).clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let side = side("harbour", fast()).await;
    let chain = connect(&side).await;
    side.devnet.node(0).inject(Fault::Http(500));
    assert_eq!(chain.finalized().await.unwrap_err().kind, ErrorKind::Unavailable);
    side.devnet.node(0).clear();
    tokio::time::sleep(Duration::from_millis(200)).await;
    side.devnet.node(0).inject(rate_limit());
    let error = chain.finalized().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited, "{error}");
    side.devnet.node(0).clear();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_does_not_stop_us() {
    let Pair { harbour, on_harbour, .. } = pair(2).await;
    let chain = connect(&harbour).await;
    let frozen = harbour.devnet.head().number();
    harbour.devnet.node(0).freeze_head(frozen);
    let token = {
        // The wallet talks to the node that stands still; this one must not.
        harbour.devnet.node(0).unfreeze_head();
        token(&harbour).await
    };
    transfer(&harbour, &on_harbour, token, 5, "0x0000000000000000000000000000000000000001", 600).await;
    harbour.devnet.node(0).freeze_head(frozen);
    let wanted = harbour.devnet.head().number();
    let mut head = chain.finalized().await.unwrap().height;
    while head.0 < wanted {
        tokio::time::sleep(Duration::from_millis(30)).await;
        head = chain.finalized().await.unwrap().height;
    }
    let events = chain.events(Height(harbour.contracts.deployed_at), head).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(chain.last_sequence_sent(&on_harbour, head).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_come_by_websocket_and_without() {
    let side = side("harbour", fast()).await;
    let mut heads = side.chain.heads();
    let mut last = 0;
    for _ in 0..5 {
        let head = heads.next().await.unwrap().unwrap();
        assert!(head.height.0 > last);
        last = head.height.0;
    }
    let start = Instant::now();
    while !side.chain.is_listening() {
        assert!(start.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // An error is an item of the stream, not its end.
    side.devnet.node(0).drop_connections();
    side.devnet.node(0).inject_times(&["eth_getBlockByNumber"], Fault::Http(500), 2);
    let mut seen = 0;
    while seen < 3 {
        if let Ok(head) = heads.next().await.unwrap() {
            assert!(head.height.0 > last);
            last = head.height.0;
            seen += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_small_ranges_and_pruned_states() {
    let builder = fast().nodes(1).max_log_range(7).state_window(40);
    let harbour = side("harbour", builder.chain_id(1001).seed(1)).await;
    let bank = side("bank", fast().chain_id(1002).seed(2)).await;
    let Pair { harbour, bank, on_harbour, on_bank } = pair_of(harbour, bank).await;
    let token = token(&harbour).await;
    for _ in 0..3 {
        transfer(&harbour, &on_harbour, token, 5, "0x0000000000000000000000000000000000000001", 600).await;
    }
    let head = settle(&harbour).await;
    let events = harbour.chain.events(Height(harbour.contracts.deployed_at), head).await.unwrap();
    let sequences: Vec<u64> = events.iter().map(|e| e.packet.sequence.get()).collect();
    assert_eq!(sequences, [1, 2, 3]);

    // 700 absent keys and three present ones, in the order that packs best.
    let path = |n| Path { client: on_harbour.clone(), kind: PathKind::Commitment, sequence: Sequence::new(n).unwrap() };
    let paths: Vec<Path> = (1..=703).map(path).collect();
    let claims: Vec<(Path, Claim)> = harbour
        .prover
        .proof_order(&paths)
        .into_iter()
        .map(|i| {
            let claim = match events.iter().find(|e| e.packet.sequence == paths[i].sequence) {
                Some(e) => Claim::Present(lupu_standard::commitment::commit_packet(&e.packet)),
                None => Claim::Absent,
            };
            (paths[i].clone(), claim)
        })
        .collect();
    let target = harbour.chain.finalized().await.unwrap().height;
    let (_, at) = update(&harbour, &bank, &on_bank, target).await.unwrap();
    let before = harbour.chain.endpoints().counts()["eth_getProof"].calls;
    let proof = harbour.prover.prove(&at, &[vec![]], &claims).await.unwrap();
    assert_eq!(harbour.chain.endpoints().counts()["eth_getProof"].calls - before, 2);
    assert!(!proof.material.is_empty());
    let refused = harbour.prover.prove(&at, &[b"ibc".to_vec(), vec![]], &claims).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Misconfigured);

    // Forty blocks later that state is gone, and the answer says so.
    while harbour.devnet.head().number() < at.height.0 + 60 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = harbour.prover.prove(&at, &[vec![]], &claims[..1]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Pruned, "{error}");
    // The next update jumps over it.
    let target = settle(&harbour).await;
    let (messages, _) = update(&harbour, &bank, &on_bank, target).await.unwrap();
    assert!(submit(&bank, &messages).await.success);
}
