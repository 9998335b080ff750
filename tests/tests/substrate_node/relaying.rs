//! Packets both ways, while the chain lives its life: its runtime is upgraded, its validators change
//! their keys and hand over, the relayer restarts.

use crate::{
    calls::{rotate_keys, set_code, set_validators},
    network::{Beginning, Network},
    process::built,
    route::{Route, key},
    standing::{authorities, spec_version},
};
use std::time::Duration;

/// Transfers settle, before and after an upgrade of the runtime by `set_code`.
#[tokio::test(flavor = "multi_thread")]
async fn packets_flow_through_a_runtime_upgrade() {
    let network = Network::start(Beginning::default()).await;
    let route = Route::start(network, &[0, 1]).await;
    route.both_ways().await;

    // Packets are on their way while the runtime changes under them.
    let node = &route.customs.network.nodes[2];
    let before = spec_version(node).await;
    let next = std::fs::read(built("LUPU_SUBSTRATE_NEXT_RUNTIME")).unwrap();
    let (there, back) = (route.send_from_bank(100).await, route.send_from_customs(50_000_000_000).await);
    set_code(&route.customs.governor, next).await;
    assert_eq!(spec_version(node).await, before + 1);
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    route.both_ways().await;

    // And nothing is lost when the relayer is killed: of what it has seen, and of what it has not.
    let (there, back) = (route.send_from_bank(3).await, route.send_from_customs(4_000_000_000).await);
    route.relayer.kill();
    let (after, more) = (route.send_from_bank(5).await, route.send_from_customs(6_000_000_000).await);
    route.relayer.start();
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    tokio::join!(route.settled_on_bank(&after), route.settled_on_customs(&more));
    assert_eq!(route.arrived().await, (100 + 2 * 10 + 8, 50_000_000_000 + 2 * 7_000_000_000 + 10_000_000_000));
    route.conserved().await;
    route.proven().await;
}

/// A validator's new keys, then another set of validators: both finality protocols hand over, and
/// clients follow.
#[tokio::test(flavor = "multi_thread")]
async fn packets_flow_through_handovers() {
    let network = Network::start(Beginning { name: "handovers", session: 8, ..Beginning::default() }).await;
    let route = Route::start(network, &[0, 1]).await;
    route.both_ways().await;
    let first = authorities(&route.customs.network.nodes[0]).await;
    assert_eq!(first.len(), 4);

    rotate_keys(&route.account("Dave"), &route.customs.network.nodes[3]).await;
    let (there, back) = (route.send_from_bank(1_000).await, route.send_from_customs(900_000_000_000).await);
    let second = changed(&route, &first).await;
    assert_eq!((second.len(), second.iter().filter(|k| first.contains(k)).count()), (4, 3));
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    route.both_ways().await;

    let three: Vec<_> = ["Alice", "Bob", "Dave"].into_iter().map(|name| key(name).public()).collect();
    set_validators(&route.customs.governor, &three).await;
    let (there, back) = (route.send_from_bank(1_000).await, route.send_from_customs(900_000_000_000).await);
    let third = changed(&route, &second).await;
    assert_eq!((third.len(), third.iter().filter(|k| second.contains(k)).count()), (3, 3));
    tokio::join!(route.settled_on_bank(&there), route.settled_on_customs(&back));
    route.both_ways().await;
    route.conserved().await;
    route.proven().await;
}

/// Waits for other GRANDPA authorities.
async fn changed(route: &Route, from: &[String]) -> Vec<String> {
    for _ in 0..240 {
        let now = authorities(&route.customs.network.nodes[0]).await;
        if now != from {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the authorities do not change");
}
