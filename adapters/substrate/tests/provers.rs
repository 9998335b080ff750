//! Both provers against fresh light clients, which know nothing but what they are sent.

mod common;

use common::*;
use lupu_adapter::{Chain, ClientParameters, ErrorKind, Prover, TrustedState};
use lupu_beefy::BeefyClient;
use lupu_grandpa::GrandpaClient;
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, Path, PathKind, Sequence, TimestampSecs};
use lupu_substrate::merkle_prefix;
use lupu_substrate_devnet::{Devnet, faults::Fault, lies};
use lupu_substrate_state::{anchor_key, pallet_prefix};
use std::{sync::Arc, time::Duration};

/// A light client on some other chain, with what it trusts.
struct Hosted {
    client: Box<dyn LightClient>,
    trusted: TrustedState,
}

impl Hosted {
    async fn new(prover: &dyn Prover, at: Height) -> Self {
        let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
        let client: Box<dyn LightClient> = match prover.client_type() {
            "grandpa" => {
                let state = lupu_grandpa::ClientState::decode(&initial.state).unwrap();
                let consensus = lupu_grandpa::ConsensusState::decode(&initial.consensus_state).unwrap();
                Box::new(GrandpaClient::new(state, consensus).unwrap())
            }
            "beefy" => {
                let state = lupu_beefy::ClientState::decode(&initial.state).unwrap();
                let consensus = lupu_beefy::ConsensusState::decode(&initial.consensus_state).unwrap();
                Box::new(BeefyClient::new(state, consensus).unwrap())
            }
            other => panic!("{other}"),
        };
        Self { client, trusted: TrustedState { height: at, consensus_state: initial.consensus_state } }
    }

    /// Takes the updates to a height; returns how many there were.
    async fn update(&mut self, prover: &dyn Prover, target: Height) -> usize {
        let updates = prover.updates(&self.client.state_bytes(), &self.trusted, target).await.unwrap();
        let count = updates.len();
        for update in updates {
            let now = lupu_standard::TimestampSecs(self.client.latest_timestamp().0 + 60);
            let result = self.client.update(&update.message, now).unwrap();
            assert!(matches!(result, UpdateResult::Update | UpdateResult::NoOp), "{result:?}");
            assert!(!update.material.is_empty());
            self.trusted = TrustedState { height: update.height, consensus_state: update.consensus_state };
        }
        count
    }

    /// Proves that nothing is stored under some paths.
    async fn prove_absence(&self, prover: &dyn Prover) {
        let path = |n| Path {
            client: id("customs.grandpa-port"),
            kind: PathKind::Receipt,
            sequence: Sequence::new(n).unwrap(),
        };
        let paths: Vec<Path> = (1..6).map(path).collect();
        let order = prover.proof_order(&paths);
        let claims: Vec<_> = order.iter().map(|i| (paths[*i].clone(), Claim::Absent)).collect();
        let proof = prover.prove(&self.trusted, &merkle_prefix(), &claims).await.unwrap();
        let prefix = merkle_prefix().concat();
        let raw: Vec<_> =
            claims.iter().map(|(path, claim)| ([prefix.clone(), path.to_bytes()].concat(), claim.clone())).collect();
        let now = self.client.latest_timestamp();
        let time = self.client.verify(self.trusted.height, &raw, &proof.proof, now).unwrap();
        assert!(time <= now);
    }
}

async fn after(side: &Side) -> Height {
    tokio::time::sleep(Duration::from_millis(120)).await;
    side.chain.finalized().await.unwrap().height
}

async fn rotations(devnet: &Devnet) {
    devnet.rotate(&[account("Alice"), account("Bob"), account("Charlie")]).await.unwrap();
    devnet.mine_many(6).await;
    devnet.rotate(&[account("Dave"), account("Eve"), account("Alice"), account("Ferdie")]).await.unwrap();
    devnet.mine_many(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grandpa_clients_pass_every_handover() {
    let side = side("customs", on_demand()).await;
    side.devnet.mine_many(2).await;
    let start = after(&side).await;
    let prover: &dyn Prover = &side.grandpa;
    assert_eq!(prover.provable_height().await.unwrap(), start);
    let mut hosted = Hosted::new(prover, start).await;
    prover.check_trusted(&hosted.trusted).await.unwrap();
    hosted.prove_absence(prover).await;

    rotations(&side.devnet).await;
    let target = after(&side).await;
    let handovers = side.chain.headers().handovers(start.0 + 1, target.0);
    assert!(handovers.len() >= 4);
    let count = hosted.update(prover, target).await;
    assert!((handovers.len()..=handovers.len() + 1).contains(&count), "{count} updates, {} handovers", handovers.len());
    assert_eq!(hosted.trusted.height, target);
    prover.check_trusted(&hosted.trusted).await.unwrap();
    hosted.prove_absence(prover).await;

    // Nothing to do, and nothing that is not final.
    assert_eq!(hosted.update(prover, target).await, 0);
    let state = hosted.client.state_bytes();
    let error = prover.updates(&state, &hosted.trusted, Height(target.0 + 50)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beefy_clients_pass_every_session() {
    let side = side("customs", on_demand()).await;
    side.devnet.mine_many(2).await;
    after(&side).await;
    let prover: &dyn Prover = &side.beefy;
    let start = prover.provable_height().await.unwrap();
    assert_eq!(start.0 + 1, u64::from(side.devnet.chain().beefy_finalized()));
    let mut hosted = Hosted::new(prover, start).await;
    prover.check_trusted(&hosted.trusted).await.unwrap();
    hosted.prove_absence(prover).await;

    rotations(&side.devnet).await;
    after(&side).await;
    let target = prover.provable_height().await.unwrap();
    let count = hosted.update(prover, target).await;
    assert!(count >= 4, "{count}");
    assert_eq!(hosted.trusted.height, target);
    prover.check_trusted(&hosted.trusted).await.unwrap();
    hosted.prove_absence(prover).await;

    // An older block than the newest commitment proves, by its own leaf.
    side.devnet.withhold_beefy(true);
    side.devnet.mine_many(3).await;
    side.devnet.withhold_beefy(false);
    after(&side).await;
    let target = Height(prover.provable_height().await.unwrap().0 - 1);
    hosted.update(prover, target).await;
    assert_eq!(hosted.trusted.height, target);
    hosted.prove_absence(prover).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handovers_are_proven_after_nodes_have_pruned() {
    let side = side("customs", on_demand()).await;
    side.devnet.mine_many(2).await;
    let start = after(&side).await;
    let mut by_grandpa = Hosted::new(&side.grandpa, start).await;
    let mut by_beefy = Hosted::new(&side.beefy, Height(start.0 - 1)).await;
    // Followed all the way: what the handovers need is kept as they pass by.
    for _ in 0..4 {
        side.devnet.mine_many(3).await;
        after(&side).await;
    }
    let target = after(&side).await;
    side.devnet.keep_states(3);
    assert!(by_grandpa.update(&side.grandpa, target).await >= 2);
    assert!(by_beefy.update(&side.beefy, Height(target.0 - 1)).await >= 2);

    // Whoever was not there needs a node that was: the error says so.
    let late = connect("customs", &side.devnet, {
        let headers = side.chain.headers();
        let hash = headers.hash(start.0).await.unwrap();
        let voters = (*headers.voters_after(start.0).unwrap()).clone();
        lupu_substrate::Anchor { height: start.0, hash, voters }
    });
    let late = side_of(on_demand().name("unused").start().await.unwrap(), late.await.unwrap());
    let again = Hosted { client: by_grandpa.client, trusted: by_grandpa.trusted };
    late.grandpa.check_trusted(&again.trusted).await.unwrap();
    side.devnet.mine_many(20).await;
    let target = after(&late).await;
    let state = again.client.state_bytes();
    let error = late.grandpa.updates(&state, &again.trusted, target).await.err();
    if let Some(error) = error {
        assert_eq!(error.kind, ErrorKind::Pruned, "{error}");
        assert!(error.message.contains("archive"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn false_leaves_and_proofs_are_caught() {
    for lie in [lies::altered_mmr_item(), lies::altered_mmr_leaf(), lies::wrong_mmr_leaf_index()] {
        let side = side("customs", on_demand().nodes(2)).await;
        side.devnet.mine_many(3).await;
        after(&side).await;
        let start = side.beefy.provable_height().await.unwrap();
        let mut hosted = Hosted::new(&side.beefy, start).await;
        side.devnet.mine_many(3).await;
        after(&side).await;
        side.devnet.node(0).inject(lie);
        let target = side.beefy.provable_height().await.unwrap();
        assert!(hosted.update(&side.beefy, target).await >= 1);
        let status = side.chain.endpoints().status();
        assert!(status[0].lies > 0 && status[1].lies == 0, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_lies_everywhere_nothing_is_proven() {
    let side = side("customs", on_demand()).await;
    side.devnet.mine_many(3).await;
    let start = after(&side).await;
    let hosted = Hosted::new(&side.beefy, Height(start.0 - 1)).await;
    side.devnet.mine_many(3).await;
    after(&side).await;
    side.devnet.node(0).inject(lies::altered_mmr_item());
    let target = side.beefy.provable_height().await.unwrap();
    let error = side.beefy.updates(&hosted.client.state_bytes(), &hosted.trusted, target).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lied, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_other_chains_are_refused() {
    let customs = side("customs", on_demand()).await;
    let port = side("port", on_demand()).await;
    customs.devnet.mine_many(2).await;
    let at = after(&customs).await;
    let of_customs = Hosted::new(&customs.grandpa, at).await;
    let error = port.grandpa.updates(&of_customs.client.state_bytes(), &of_customs.trusted, Height(99)).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Misconfigured);
    assert_eq!(
        port.grandpa.light_client(&of_customs.client.state_bytes(), &[]).err().unwrap().kind,
        ErrorKind::Misconfigured
    );
    let error = port.grandpa.check_trusted(&of_customs.trusted).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unproven | ErrorKind::NotFound), "{error}");
    // Another prefix than the pallet's.
    let claims = [(
        Path { client: id("customs.x"), kind: PathKind::Receipt, sequence: Sequence::new(1).unwrap() },
        Claim::Absent,
    )];
    let error = customs.grandpa.prove(&of_customs.trusted, &[vec![]], &claims).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_justified_fork_freezes_a_grandpa_client() {
    let side = side("customs", on_demand().session_length(50).nodes(2)).await;
    side.devnet.mine_many(3).await;
    let start = after(&side).await;
    let mut hosted = Hosted::new(&side.grandpa, start).await;
    assert_eq!(side.grandpa.evidence(&hosted.client.state_bytes(), &hosted.trusted).await.unwrap(), None);
    side.devnet.mine_many(3).await;
    let head = after(&side).await;
    let fork = side.devnet.fork(head.0 as u32, 1).await.unwrap();
    let other = &fork.blocks()[0];
    let hash = format!("0x{}", hex::encode(other.block.hash.0));
    let header = serde_json::to_value(&other.block.header).unwrap();
    let justification = other.justification.clone();
    let block = serde_json::json!({
        "block": {"header": header, "extrinsics": []},
        "justifications": [[[70, 82, 78, 75], justification]],
    });
    side.devnet.node(1).inject(Fault::Edit(Arc::new(move |method, params, result| match method {
        "chain_getFinalizedHead" => *result = serde_json::json!(hash),
        "chain_getHeader" if params[0] == hash => *result = header.clone(),
        "chain_getBlock" if params[0] == hash => *result = block.clone(),
        _ => {}
    })));
    side.chain.headers().advance().await.unwrap();
    let seen = side.chain.headers().fork().unwrap();
    // The state of the other block, from whoever follows it.
    let of_fork = if seen.ours.header.hash.0 == other.block.hash.0 { &seen.ours } else { &seen.other };
    let key = anchor_key(&pallet_prefix("Ibc")).to_vec();
    let nodes = fork.read_proof(head.0 as u32, &[key]).unwrap();
    side.chain.anchors().learn(&of_fork.header, nodes.into_iter().collect()).unwrap();
    let evidence = side.grandpa.evidence(&hosted.client.state_bytes(), &hosted.trusted).await.unwrap().unwrap();
    let now = hosted.client.latest_timestamp();
    hosted.client.misbehaviour(&evidence, TimestampSecs(now.0 + 60)).unwrap();
    assert_eq!(hosted.client.status(now), Status::Frozen);
    // A client that is frozen needs no more.
    assert_eq!(side.grandpa.evidence(&hosted.client.state_bytes(), &hosted.trusted).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signed_histories_freeze_a_beefy_client() {
    let side = side("customs", on_demand().session_length(50).nodes(2)).await;
    side.devnet.mine_many(3).await;
    after(&side).await;
    let start = side.beefy.provable_height().await.unwrap();
    let mut hosted = Hosted::new(&side.beefy, start).await;
    side.devnet.mine_many(3).await;
    let head = after(&side).await.0 as u32;
    // From two blocks on the histories differ in what the second commits to.
    let fork = side.devnet.fork(head - 1, 2).await.unwrap();
    let commitment = fork.block(head).unwrap().commitment.clone();
    let (leaves, proof) = fork.mmr_proof(&[start.0 as u32 + 1], head).unwrap();
    let ours = format!("0x{}", hex::encode(side.devnet.chain().block(head).unwrap().hash.0));
    side.devnet.node(1).inject(Fault::Edit(Arc::new(move |method, params, result| match method {
        "chain_getBlock" if params[0] == ours => {
            result["justifications"] = serde_json::json!([[[66, 69, 69, 70], commitment]]);
        }
        "mmr_generateProof" => {
            result["leaves"] = serde_json::json!(format!("0x{}", hex::encode(&leaves)));
            result["proof"] = serde_json::json!(format!("0x{}", hex::encode(&proof)));
        }
        _ => {}
    })));
    side.beefy.provable_height().await.unwrap();
    let conflict = side.chain.beefy_conflict().expect("two roots of one block are signed");
    assert_eq!(conflict.block, u64::from(head));
    let evidence = side.beefy.evidence(&hosted.client.state_bytes(), &hosted.trusted).await.unwrap().unwrap();
    let now = hosted.client.latest_timestamp();
    hosted.client.misbehaviour(&evidence, TimestampSecs(now.0 + 60)).unwrap();
    assert_eq!(hosted.client.status(now), Status::Frozen);
    assert_eq!(side.chain.endpoints().status()[0].lies, 0, "the honest node is not blamed");
}
