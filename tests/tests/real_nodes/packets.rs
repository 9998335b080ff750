//! Contracts on real nodes, and packets between the embedded chain and a real node, each
//! direction proven to the other's light client.

use crate::{
    end::{End, id},
    process::{Node, Software},
    sealed::Sealed,
};
use alloy::primitives::{B256, Bytes, U256, keccak256};
use lupu_adapter::{Chain, Message, Outcome, PacketEventKind, Prover, TrustedState};
use lupu_ethereum_state::{Account, NodeSet, account_key, slot_key, storage_value};
use lupu_evm::{identity::router_address, raw_header, send};
use lupu_evm_devnet::Devnet;
use lupu_light_client::{Claim, Status};
use lupu_proof::{Bundle, Kind};
use lupu_standard::{Acknowledgement, Height, Packet, Path, commitment, evm::path_slot};
use lupu_tests::proofs::bundle_of;
use serde_json::{Value, json};
use std::time::Duration;

const TRANSFERS: u64 = 3;

async fn link(software: Software, hardfork: &str) {
    let devnet = Devnet::builder().chain_id(1001).block_time(Duration::from_millis(250)).start().await.unwrap();
    let node = Node::start(software, hardfork, 1002).await;
    let sealed = Sealed::start(&node.url).await;
    let harbour = End::on_devnet("harbour", &devnet).await;
    let bank = End::on_node("bank", &node, &sealed).await;
    contracts_stand(&bank, &node).await;

    let (on_harbour, on_bank) = (id("harbour.qbft-bank"), id("bank.qbft-harbour"));
    harbour.bind(&bank, &on_harbour, &on_bank).await;
    bank.bind(&harbour, &on_bank, &on_harbour).await;
    let client = bank.chain.client(&on_bank).await.unwrap().expect("bound");
    assert_eq!((client.status, client.counterparty), (Status::Active, on_harbour.clone()));

    // Embedded chain → real node: one update and one batch in one transaction.
    let token = harbour.token().await;
    let mut last = 0;
    for amount in 1..=TRANSFERS {
        last = harbour.transfer(&on_harbour, token, amount * 100, bank.wallet.address()).await.block;
    }
    let head = harbour.verified(last).await;
    let events = harbour.chain.events(Height(harbour.contracts.deployed_at), head).await.unwrap();
    let packets: Vec<Packet> =
        events.into_iter().filter(|e| e.kind == PacketEventKind::Sent).map(|e| e.packet).collect();
    assert_eq!(packets.len() as u64, TRANSFERS);
    assert_eq!(harbour.chain.last_sequence_sent(&on_harbour, head).await.unwrap(), TRANSFERS);
    let (mut messages, at) = bank.updates(&harbour, &on_bank, head).await;
    let claim = |p: &Packet| (Path::commitment(p), Claim::Present(commitment::commit_packet(p)));
    let claims: Vec<_> = packets.iter().map(claim).collect();
    let proof = harbour.prover.prove(&at, &[vec![]], &claims).await.unwrap().proof;
    messages.push(Message::Receive { client: on_bank.clone(), packets: packets.clone(), proof, height: at.height });
    node.rpc("evm_mine", json!([])).await;
    let included = bank.included(&bank.submit(&messages).await).await;
    assert!(included.success, "{:?}", included.reason);
    let outcomes: Vec<Outcome> = included.outcomes.iter().map(|o| o.outcome).collect();
    assert_eq!(outcomes, vec![Outcome::Received; TRANSFERS as usize]);
    println!(
        "{software:?} {hardfork}: update and {TRANSFERS} packets received, {} gas, {} wei of fee",
        included.gas_used, included.fee_paid
    );
    let trace = format!("transfer/{on_bank}/{}", token.to_string().to_lowercase());
    let voucher = send::voucher(&bank.wallet, bank.contracts.transfer, &trace).await.unwrap().expect("voucher");
    let held = send::balance_of(&bank.wallet, voucher, bank.wallet.address()).await.unwrap();
    assert_eq!(held, U256::from(100 + 200 + 300));

    // Real node → embedded chain: the acknowledgements.
    let (created, start) = harbour.stored(&on_harbour).await;
    let head = bank.verified(included.height.0).await;
    let events = bank.chain.events(Height(bank.contracts.deployed_at), head).await.unwrap();
    let received: Vec<_> = events
        .into_iter()
        .filter_map(|e| match e.kind {
            PacketEventKind::Received(ack) => Some((e.packet, ack)),
            _ => None,
        })
        .collect();
    assert_eq!(received.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>(), packets);
    for (packet, ack) in &received {
        let slot = path_slot(&Path::acknowledgement(packet));
        proven_by_the_node(&node, &bank, slot, commitment::commit_acknowledgement(ack)).await;
    }
    proven_offline(&bank, &created, &start, &received).await;
    let (mut messages, at) = harbour.updates(&bank, &on_harbour, head).await;
    let claim =
        |(p, ack): &(Packet, _)| (Path::acknowledgement(p), Claim::Present(commitment::commit_acknowledgement(ack)));
    let claims: Vec<_> = received.iter().map(claim).collect();
    let proof = bank.prover.prove(&at, &[vec![]], &claims).await.unwrap().proof;
    messages.push(Message::Acknowledge { client: on_harbour, packets: received, proof, height: at.height });
    let included = harbour.included(&harbour.submit(&messages).await).await;
    assert!(included.success, "{:?}", included.reason);
    assert!(included.outcomes.iter().all(|o| o.outcome == Outcome::Acknowledged));
    assert_eq!(included.outcomes.len() as u64, TRANSFERS);

    // And a transfer home from the real node.
    let sent = bank.transfer(&on_bank, voucher, 150, harbour.wallet.address()).await;
    let head = bank.verified(sent.block).await;
    assert_eq!(bank.chain.last_sequence_sent(&on_bank, head).await.unwrap(), 1);
    devnet.shutdown().await;
}

/// What a node holds and the seals over it, in a file: each packet received, its tokens minted.
async fn proven_offline(end: &End, state: &[u8], from: &TrustedState, received: &[(Packet, Acknowledgement)]) {
    let of = |kind: Kind| received.iter().map(move |(packet, ack)| (kind, packet.clone(), ack.clone()));
    let statements: Vec<_> = of(Kind::Received).chain(of(Kind::Acknowledged)).chain(of(Kind::Minted)).collect();
    let statements: Vec<_> = statements
        .into_iter()
        .map(|(kind, packet, ack)| {
            (kind, packet, if kind.has_acknowledgement() { ack } else { Acknowledgement(Vec::new()) })
        })
        .collect();
    let bundle = bundle_of(&end.prover, &[vec![]], state, from, &statements).await;
    let read = Bundle::decode(bundle.to_json().as_bytes()).unwrap();
    let report = lupu_proof::verify(&read, &[bundle.anchor.digest()], None).unwrap();
    assert_eq!(read.statements.len(), 3 * received.len());
    println!("  {} B: {}", bundle.to_cbor().len(), report.trust);
    let mut other = read.clone();
    other.nodes[0] = [&other.nodes[0][..], &[0]].concat().into();
    other.nodes.sort_unstable();
    lupu_proof::verify(&other, &[bundle.anchor.digest()], None).unwrap_err();
}

/// Every contract is where CREATE2 puts it, with the code that was committed.
async fn contracts_stand(end: &End, node: &Node) {
    let c = &end.contracts;
    assert_eq!(c.router, router_address(c.factory, node.chain_id, c.authority, c.migration_delay));
    for address in [c.factory, c.authority, c.router, c.transfer, c.gmp] {
        assert!(end.wallet.has_code(address).await.unwrap(), "{address}");
    }
    assert!(end.steps.iter().all(|s| s.transaction.is_some()), "{:?}", end.steps);
    let gas: u64 = end.steps.iter().filter_map(|s| s.gas_used).sum();
    println!("{:?} {}: {} steps of deployment, {gas} gas", node.software, node.hardfork, end.steps.len());
    // Another run finds everything done.
    let again = lupu_evm::DeployConfig { factory: Some(c.factory), ..Default::default() };
    let mut steps = Vec::new();
    let found = lupu_evm::deploy::deploy_core(&end.wallet, again, &mut |s| steps.push(s)).await.unwrap();
    assert_eq!((found.router, found.transfer, found.gmp), (c.router, c.transfer, c.gmp));
    assert!(steps.iter().all(|s| s.transaction.is_none()), "{steps:?}");
}

/// The node's own header, hash and proof, without the adapter: the slot holds the value.
async fn proven_by_the_node(node: &Node, end: &End, slot: B256, value: B256) {
    let block = node.latest().await;
    let raw = raw_header::rebuild(&block).unwrap();
    assert_eq!(json!(keccak256(&raw)), block["hash"], "the header is not rebuilt");
    let root: B256 = serde_json::from_value(block["stateRoot"].clone()).unwrap();
    let router = end.contracts.router;
    let proof = node.rpc("eth_getProof", json!([router, [slot], block["number"]])).await;
    let nodes =
        |list: &Value| -> NodeSet { serde_json::from_value::<Vec<Bytes>>(list.clone()).unwrap().into_iter().collect() };
    let leaf = nodes(&proof["accountProof"]).verify(&root, &account_key(&router)).unwrap().expect("router");
    let account = Account::decode(&leaf).unwrap();
    assert_eq!(account.code_hash, end.chain.router_code_hash());
    let word = nodes(&proof["storageProof"][0]["proof"]).verify(&account.storage_root, &slot_key(&slot)).unwrap();
    assert_eq!(storage_value(&word.expect("a word")).unwrap(), value);
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_to_and_from_anvil_berlin() {
    link(Software::Anvil, "berlin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_to_and_from_anvil_prague() {
    link(Software::Anvil, "prague").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_to_and_from_hardhat_berlin() {
    link(Software::Hardhat, "berlin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_to_and_from_hardhat_prague() {
    link(Software::Hardhat, "prague").await;
}
