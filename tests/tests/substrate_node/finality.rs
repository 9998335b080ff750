//! What the node shows of its finality, to the provers and to polkadot.js.

use crate::network::{Beginning, Network};
use alloy_primitives::B256;
use lupu_adapter::{Chain, ClientParameters, Prover, TrustedState};
use lupu_beefy::BeefyClient;
use lupu_grandpa::GrandpaClient;
use lupu_light_client::{LightClient, UpdateResult};
use lupu_proof::{Bundle, Kind};
use lupu_standard::{Acknowledgement, ChainId, ClientId, Height, Packet, Payload, PortId, Sequence, TimestampSecs};
use lupu_substrate::{
    Anchor, BeefyProver, Endpoints, GrandpaProver, Source, SubstrateChain, SubstrateConfig, Tuning, merkle_prefix,
    propose_anchor,
};
use lupu_tests::proofs::bundle_of;
use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

async fn anchor(network: &Network) -> Anchor {
    let endpoints = Endpoints::new("anchor", &[network.nodes[0].ws_url()], Duration::from_secs(10)).unwrap();
    propose_anchor(&Source::new(Arc::new(endpoints)), None).await.unwrap()
}

async fn connect(network: &Network, anchor: Anchor) -> Arc<SubstrateChain> {
    let config = SubstrateConfig {
        id: ChainId::new("customs").unwrap(),
        endpoints: vec![network.nodes[0].ws_url()],
        genesis: network.genesis().await.parse::<B256>().unwrap(),
        anchor,
        keys: Vec::new(),
        tip: 0,
        tuning: Tuning::default(),
    };
    Arc::new(SubstrateChain::connect(config).await.unwrap())
}

/// A packet that nobody sent, whose timeout has passed.
fn never_sent() -> Packet {
    let payload = Payload {
        source_port: PortId::new("transfer").unwrap(),
        destination_port: PortId::new("transfer").unwrap(),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: vec![1].into(),
    };
    Packet {
        sequence: Sequence::new(7).unwrap(),
        source_client: ClientId::new("bank.beefy-customs").unwrap(),
        destination_client: ClientId::new("customs.qbft-bank").unwrap(),
        timeout_timestamp: TimestampSecs(1_700_000_000),
        payloads: vec![payload],
    }
}

/// Makes the light client of a prover at the newest block it can prove.
async fn client(prover: &dyn Prover) -> (Box<dyn LightClient>, TrustedState) {
    let at = prover.provable_height().await.unwrap();
    let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
    let (state, consensus) = (&initial.state, &initial.consensus_state);
    let client: Box<dyn LightClient> = if prover.client_type() == "grandpa" {
        let state = lupu_grandpa::ClientState::decode(state).unwrap();
        Box::new(GrandpaClient::new(state, lupu_grandpa::ConsensusState::decode(consensus).unwrap()).unwrap())
    } else {
        let state = lupu_beefy::ClientState::decode(state).unwrap();
        Box::new(BeefyClient::new(state, lupu_beefy::ConsensusState::decode(consensus).unwrap()).unwrap())
    };
    (client, TrustedState { height: at, consensus_state: initial.consensus_state })
}

/// Takes the prover's updates to the newest block it can prove; returns how many there were.
async fn follow(prover: &dyn Prover, client: &mut dyn LightClient, trusted: &mut TrustedState) -> usize {
    let target = prover.provable_height().await.unwrap();
    let updates = prover.updates(&client.state_bytes(), trusted, target).await.unwrap();
    let count = updates.len();
    for update in updates {
        let now = TimestampSecs(client.latest_timestamp().0 + 60);
        assert_eq!(client.update(&update.message, now).unwrap(), UpdateResult::Update);
        *trusted = TrustedState { height: update.height, consensus_state: update.consensus_state };
    }
    prover.check_trusted(trusted).await.unwrap();
    assert!(trusted.height >= target, "{:?} is short of {target:?}", trusted.height);
    count
}

/// GRANDPA's and BEEFY's light clients follow the node through every session, block by block and
/// after a long time away.
#[tokio::test(flavor = "multi_thread")]
async fn light_clients_follow_a_node() {
    let network = Network::start(Beginning { name: "finality", session: 6, ..Beginning::default() }).await;
    let anchor = anchor(&network).await;
    let chain = connect(&network, anchor.clone()).await;
    for prover in [&GrandpaProver::new(chain.clone()) as &dyn Prover, &BeefyProver::new(chain.clone())] {
        let (mut client, mut trusted) = client(prover).await;
        let (first, state) = (trusted.clone(), client.state_bytes());
        let start = trusted.height;
        // Closely behind, through at least one handover.
        let mut updates = 0;
        while trusted.height.0 < start.0 + 9 {
            updates += follow(prover, &mut *client, &mut trusted).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        assert!(updates >= 2, "{updates} updates");
        // Then not at all for three sessions.
        let head = network.finalized(0).await;
        network.finalizes(0, head + 20).await;
        let updates = follow(prover, &mut *client, &mut trusted).await;
        assert!(updates >= 3, "{updates} updates over three sessions");
        println!("  {}: from block {start} to {}", prover.client_type(), trusted.height);
        // The whole way in a file, and what it shows at its end.
        let absent = [(Kind::NeverReceived, never_sent(), Acknowledgement(Vec::new()))];
        let bundle = bundle_of(prover, &merkle_prefix(), &state, &first, &absent).await;
        let read = Bundle::decode(&bundle.to_cbor()).unwrap();
        let report = lupu_proof::verify(&read, &[bundle.anchor.digest()], None).unwrap();
        assert!(bundle.updates.len() >= 3 && report.trust.contains("change"), "{}", report.trust);
        println!("  {} B: {}", bundle.to_cbor().len(), report.trust);
        let mut cut = read.clone();
        cut.updates.remove(0);
        lupu_proof::verify(&cut, &[bundle.anchor.digest()], None).unwrap_err();
    }

    // Whoever begins at the old anchor much later finds the way by what the node kept of each handover.
    let late = connect(&network, anchor.clone()).await;
    let head = late.finalized().await.unwrap().height;
    let handovers = late.headers().handovers(anchor.height + 1, head.0).len() as u64;
    assert!(head > Height(anchor.height + 40) && handovers >= (head.0 - anchor.height) / 6 - 1, "{handovers}");
}

/// polkadot.js connects, reads state and proofs, follows finality and sends a transaction.
#[tokio::test(flavor = "multi_thread")]
async fn polkadot_js_reads_follows_and_sends() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../adapters/substrate/devnet/js");
    assert!(folder.join("node_modules").exists(), "run `cargo xtask e2e`, which installs polkadot.js");
    let network = Network::start(Beginning { name: "polkadot-js", ..Beginning::default() }).await;
    let run = tokio::process::Command::new("node")
        .args(["check.mjs", &network.nodes[1].ws_url()])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    println!("{out}");
    assert!(run.status.success(), "{out}\n{err}");
    for step in ["connected", "state", "proof", "finality", "block", "justifications", "transfer", "http"] {
        assert!(out.contains(&format!("\"step\":\"{step}\"")), "no {step}: {out}\n{err}");
    }
}
