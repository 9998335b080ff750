//! Nodes that die: a validator that comes back, and endpoints of which one is left.

use crate::{
    network::{Beginning, Network},
    process::Node,
    route::Route,
};
use codec::Decode;
use serde_json::json;

/// The runtime's version at the newest block of a node.
pub async fn spec_version(node: &Node) -> u64 {
    node.rpc("state_getRuntimeVersion", json!([])).await["specVersion"].as_u64().unwrap()
}

/// GRANDPA's authorities at the newest final block of a node: their keys.
pub async fn authorities(node: &Node) -> Vec<String> {
    let head = node.rpc("chain_getFinalizedHead", json!([])).await;
    let answer = node.rpc("state_call", json!(["GrandpaApi_grandpa_authorities", "0x", head])).await;
    let bytes = hex::decode(answer.as_str().unwrap().trim_start_matches("0x")).unwrap();
    let list = Vec::<([u8; 32], u64)>::decode(&mut bytes.as_slice()).unwrap();
    list.into_iter().map(|(key, _)| hex::encode(key)).collect()
}

/// Three of four validators finalize. The one that died comes back and catches up, on both finality
/// protocols; then another may die.
#[tokio::test(flavor = "multi_thread")]
async fn packets_flow_while_validators_die_and_come_back() {
    let network = Network::start(Beginning { name: "outages", ..Beginning::default() }).await;
    let mut route = Route::start(network, &[0, 1]).await;
    route.both_ways().await;

    route.customs.network.nodes[3].kill();
    route.both_ways().await;
    route.customs.network.restart(3).await;
    let head = route.customs.network.finalized(0).await;
    route.customs.network.commits(3, head).await;

    // Without this one finality now needs the one that came back.
    route.customs.network.nodes[2].kill();
    route.both_ways().await;
    route.customs.network.restart(2).await;
    route.both_ways().await;
    for node in &route.customs.network.nodes {
        println!("  memory of a validator: {} MiB", node.memory().unwrap_or_default() / 1024);
    }
    route.conserved().await;
}

/// Of three endpoints in the configuration two die, the second of them in the middle of packets.
#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_of_three_is_enough() {
    let mut network = Network::start(Beginning { name: "failover", ..Beginning::default() }).await;
    let follower = network.follower().await;
    let mut route = Route::start(network, &[3, follower, 0]).await;
    route.both_ways().await;

    route.customs.network.nodes[3].kill();
    route.both_ways().await;
    let (there, back) = (route.send_from_bank(20).await, route.send_from_customs(8_000_000_000).await);
    route.customs.network.nodes[follower].kill();
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    route.both_ways().await;
    assert_eq!(route.arrived().await, (20 + 3 * 10, 8_000_000_000 + 3 * 7_000_000_000));
    route.conserved().await;
}

/// The relayer is away for longer than nodes keep states, over several handovers. One endpoint that
/// keeps them all is enough to catch up.
#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_was_away_catches_up_with_nodes_that_prune() {
    let beginning = Beginning { name: "pruning", session: 8, states: Some(32), ..Beginning::default() };
    let network = Network::start(beginning).await;
    let route = Route::start(network, &[1, 3]).await;
    route.both_ways().await;

    let (there, back) = (route.send_from_bank(30).await, route.send_from_customs(9_000_000_000).await);
    route.relayer.kill();
    let network = &route.customs.network;
    let head = network.finalized(1).await;
    network.finalizes(1, head + 48).await;
    let old = network.nodes[1].rpc("chain_getBlockHash", json!([head])).await;
    let state = network.nodes[1].try_rpc("state_getReadProof", json!([["0x26aa"], old])).await;
    assert!(state.is_err(), "the state of block {head} is pruned: {state:?}");

    route.relayer.start();
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    route.both_ways().await;
    route.conserved().await;
}
