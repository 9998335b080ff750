//! Following a chain: through changes of the authorities, after downtime, past nodes that fail or lie.

mod common;

use alloy_primitives::B256;
use common::*;
use futures::StreamExt;
use lupu_adapter::{Chain, ErrorKind};
use lupu_standard::Height;
use lupu_substrate_devnet::{
    Devnet,
    faults::{Fault, rate_limit},
    lies,
};
use std::time::Duration;

fn hash_of(devnet: &Devnet, number: u64) -> B256 {
    B256::new(devnet.chain().block(number as u32).unwrap().hash.0)
}

/// The verified head is the chain's, and so is who comes next.
async fn assert_followed(side: &Side) {
    let head = side.chain.finalized().await.unwrap();
    let number = side.devnet.chain().finalized();
    assert_eq!(head.height.0, u64::from(number));
    assert_eq!(head.hash, hash_of(&side.devnet, head.height.0));
    let set = side.devnet.chain().grandpa_set(number + 1);
    let voters = side.chain.headers().voters_after(head.height.0).unwrap();
    assert_eq!(voters.id, set.id);
    assert_eq!(voters.set.authorities().len(), set.authorities.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_change_and_through_rotations() {
    let side = side("customs", on_demand()).await;
    assert_followed(&side).await;
    side.devnet.mine().await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_followed(&side).await;
    let one = [account("Alice"), account("Bob"), account("Charlie")];
    let two = [account("Charlie"), account("Dave"), account("Eve"), account("Ferdie"), account("Alice")];
    for members in [&one[..], &two[..], &one[..]] {
        side.devnet.rotate(members).await.unwrap();
        side.devnet.mine_many(3).await;
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert_followed(&side).await;
    }
    let head = side.chain.headers().head().height();
    let handovers = side.chain.headers().handovers(0, head);
    assert!(handovers.len() >= 6, "{}", handovers.len());
    for pair in handovers.windows(2) {
        assert_eq!(pair[0].voters_after().id, pair[1].voters.id);
        assert_eq!(pair[0].voters.id + 1, pair[1].voters.id);
    }
    // Every block is linked, also those that nobody voted for alone.
    let headers = side.chain.headers().headers(1, head).await.unwrap();
    assert_eq!(headers.len() as u64, head);
    assert!(headers.iter().all(|h| h.hash == hash_of(&side.devnet, h.height())));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_downtime_no_handover_is_skipped() {
    let devnet = on_demand().name("customs").start().await.unwrap();
    devnet.mine_many(2).await;
    let start = anchor(&devnet, None).await;
    devnet.mine_many(120).await;
    devnet.rotate(&[account("Alice"), account("Eve")]).await.unwrap();
    devnet.mine_many(300).await;
    let chain = connect("customs", &devnet, start).await.unwrap();
    let side = side_of(devnet, chain);
    assert_followed(&side).await;
    let head = side.chain.headers().head().height();
    let ids: Vec<u64> = side.chain.headers().handovers(0, head).iter().map(|h| h.voters.id).collect();
    let first = ids[0];
    assert_eq!(ids, (first..first + ids.len() as u64).collect::<Vec<_>>());
    assert!(ids.len() > 100, "{}", ids.len());
    // A block in the middle is found by the parents of a justified one.
    let middle = side.chain.headers().header(200).await.unwrap();
    assert_eq!(middle.hash, hash_of(&side.devnet, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn withheld_finality_is_waited_for_and_caught_up() {
    let side = side("customs", on_demand()).await;
    let before = side.chain.finalized().await.unwrap();
    side.devnet.withhold_grandpa(true);
    side.devnet.mine_many(13).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(side.chain.finalized().await.unwrap(), before);
    let mut heads = side.chain.heads();
    assert_eq!(heads.next().await.unwrap().unwrap(), before);
    side.devnet.withhold_grandpa(false);
    let next = tokio::time::timeout(Duration::from_secs(10), heads.next()).await.unwrap().unwrap().unwrap();
    assert!(next.height > before.height);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_followed(&side).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_or_a_wrong_anchor_is_refused() {
    let devnet = on_demand().name("customs").start().await.unwrap();
    devnet.mine_many(3).await;
    let right = anchor(&devnet, None).await;
    let mut wrong = config("customs", &devnet, right.clone());
    wrong.genesis = B256::repeat_byte(1);
    let error = lupu_substrate::SubstrateChain::connect(wrong).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.message.contains("genesis hash"), "{error}");

    let mut other = right.clone();
    other.hash = B256::repeat_byte(2);
    let error = connect("customs", &devnet, other).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(error.message.contains("anchor"), "{error}");

    let mut other = right.clone();
    other.height += 1;
    let error = connect("customs", &devnet, other).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Misconfigured);

    // Strangers as voters: nothing that this chain's authorities sign is believed.
    let mut other = right;
    other.voters.id += 5;
    devnet.mine_many(3).await;
    let error = connect("customs", &devnet, other).await.err().unwrap();
    assert!(matches!(error.kind, ErrorKind::Lied | ErrorKind::NotFound), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lies_is_put_aside_and_another_asked() {
    for lie in [lies::state_root(), lies::altered_proof_node(), lies::missing_proof_node()] {
        let side = side("customs", on_demand().nodes(2)).await;
        side.devnet.node(0).inject(lie);
        for _ in 0..3 {
            side.devnet.mine_many(2).await;
            tokio::time::sleep(Duration::from_millis(120)).await;
            assert_followed(&side).await;
        }
        let status = side.chain.endpoints().status();
        assert!(status[0].lies > 0, "{status:?}");
        assert_eq!(status[1].lies, 0, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn false_votes_do_not_finalize() {
    // No handover yet: there is no other proof of finality than the votes themselves.
    let side = side("customs", on_demand().session_length(50)).await;
    let before = side.chain.finalized().await.unwrap();
    side.devnet.node(0).inject(lies::justifications());
    side.devnet.mine_many(6).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let error = side.chain.finalized().await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Lied | ErrorKind::NotFound), "{error}");
    assert_eq!(side.chain.headers().head().hash, before.hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_fails_is_passed_over() {
    for fault in [Fault::Drop, Fault::Error { code: -32603, message: "Internal error".into() }, rate_limit()] {
        let side = side("customs", on_demand().nodes(2)).await;
        side.devnet.node(0).inject(fault);
        side.devnet.node(0).drop_connections();
        followed_as_it_goes_on(&side).await;
        // Back again, it is used again.
        side.devnet.node(0).clear();
        side.devnet.node(1).inject(Fault::Drop);
        side.devnet.node(1).drop_connections();
        followed_as_it_goes_on(&side).await;
    }
}

/// Blocks are made until the newest is followed: votes that nobody listened to, no node keeps.
async fn followed_as_it_goes_on(side: &Side) {
    for _ in 0..40 {
        let newest = u64::from(side.devnet.mine().await.number());
        tokio::time::sleep(Duration::from_millis(120)).await;
        let head = tokio::time::timeout(Duration::from_millis(400), side.chain.finalized()).await;
        if matches!(head, Ok(Ok(head)) if head.height.0 == newest) {
            return assert_followed(side).await;
        }
    }
    panic!("block {} is not followed", side.devnet.head().number());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_proven_whatever_a_node_says() {
    let side = side("customs", on_demand().nodes(1)).await;
    side.devnet.node(0).inject(lies::no_events());
    side.devnet.mine_many(2).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let head = side.chain.finalized().await.unwrap().height;
    // The lie is in methods that this adapter does not believe.
    assert_eq!(side.chain.events(Height(1), head).await.unwrap(), []);
    side.devnet.node(0).inject(lies::altered_proof_node());
    let error = side.chain.events(Height(1), head).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lied, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_are_gone_are_called_pruned() {
    let side = side("customs", on_demand()).await;
    side.devnet.mine_many(10).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_followed(&side).await;
    side.devnet.keep_states(2);
    let error = side.chain.events(Height(3), Height(5)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Pruned, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_seen_whichever_block_was_followed() {
    let side = side("customs", on_demand().nodes(2)).await;
    side.devnet.mine_many(2).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let ours = side.chain.finalized().await.unwrap();
    let fork = side.devnet.fork(ours.height.0 as u32, 1).await.unwrap();
    let other = &fork.blocks()[0];
    let hash = format!("0x{}", hex::encode(other.block.hash.0));
    let header = serde_json::to_value(&other.block.header).unwrap();
    let justification = other.justification.clone();
    let block = serde_json::json!({
        "block": {"header": header, "extrinsics": []},
        "justifications": [[[70, 82, 78, 75], justification]],
    });
    let shown = hash.clone();
    side.devnet.node(1).inject(Fault::Edit(std::sync::Arc::new(move |method, params, result| {
        match method {
            "chain_getFinalizedHead" => *result = serde_json::json!(shown),
            "chain_getHeader" if params[0] == shown => *result = header.clone(),
            "chain_getBlock" if params[0] == shown => *result = block.clone(),
            _ => {}
        };
    })));
    side.chain.headers().advance().await.unwrap();
    let seen = side.chain.headers().fork().expect("two blocks of one height are justified");
    let mut hashes = [seen.ours.header.hash, seen.other.header.hash];
    hashes.sort();
    let mut expected = [ours.hash, B256::new(other.block.hash.0)];
    expected.sort();
    assert_eq!(hashes, expected);
    assert!(seen.ancestry.is_empty());
    assert_eq!(side.chain.headers().head().hash, ours.hash, "what was followed stays");
    assert_eq!(side.chain.endpoints().status()[1].lies, 0, "that node is not the one that lied");
}

/// Replaces words of the metadata by others of the same length.
fn other_words(from: &'static str, to: &'static str) -> Fault {
    let (from, to) = (hex::encode(from), hex::encode(to));
    Fault::Edit(std::sync::Arc::new(move |method, params, result| {
        let asked = method == "state_call" && params[0] == "Metadata_metadata_at_version";
        if let (true, Some(text)) = (asked, result.as_str()) {
            *result = serde_json::json!(text.replace(&from, &to));
        }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_does_not_fit_is_refused_with_words() {
    let devnet = on_demand().name("customs").start().await.unwrap();
    devnet.mine_many(3).await;
    let start = anchor(&devnet, None).await;
    for (from, to, words) in [
        ("IbcTransfer", "IbcTransfur", "IbcTransfer.*: there is no such pallet (there are: System, "),
        ("acknowledgements", "acknowledgemants", "acknowledgements"),
        ("ConsensusStates", "ConsensusStatus", "Ibc.storage ConsensusStates: there is no such item"),
        ("PacketTimedOut", "PacketTimedAut", "Ibc.event PacketTimedOut: there is no such event"),
    ] {
        let fault = devnet.node(0).inject(other_words(from, to));
        let error = connect("customs", &devnet, start.clone()).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Misconfigured, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(devnet.node(0).remove(fault));
    }
    connect("customs", &devnet, start).await.unwrap();
}
