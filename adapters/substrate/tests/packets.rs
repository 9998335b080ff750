//! Packets from one Substrate chain to another and back, by the two traits alone.

mod common;

use common::*;
use lupu_adapter::{Chain, ErrorKind, Message, Outcome, PacketEvent, PacketEventKind, Prover, TransactionStatus};
use lupu_light_client::{Claim, Status};
use lupu_standard::{Height, Packet, Path, commitment};
use lupu_substrate::{
    governance::named,
    merkle_prefix,
    send::{self, CallRequest},
};
use std::time::Duration;
use subxt::dynamic::Value;

async fn events(side: &Side, wanted: impl Fn(&PacketEventKind) -> bool) -> Vec<PacketEvent> {
    let head = settle(side).await;
    side.chain.events(Height(1), head).await.unwrap().into_iter().filter(|e| wanted(&e.kind)).collect()
}

async fn sent(side: &Side) -> Vec<Packet> {
    events(side, |k| *k == PacketEventKind::Sent).await.into_iter().map(|e| e.packet).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_received_acknowledged_and_seen() {
    let Pair { customs, port, on_customs, on_port } = pair().await;
    let client = port.chain.client(&on_port).await.unwrap().unwrap();
    assert_eq!((client.status, client.counterparty), (Status::Active, on_customs.clone()));
    assert_eq!((client.client_type.as_str(), client.merkle_prefix), ("grandpa", merkle_prefix()));
    assert!(port.chain.client(&id("port.nobody")).await.unwrap().is_none());

    assert_eq!(transfer(&customs, &on_customs, 1_000_000_000_000, &stranger(), 3_600).await, 1);
    let packets = sent(&customs).await;
    assert_eq!(packets.len(), 1);
    let head = customs.chain.finalized().await.unwrap().height;
    assert_eq!(customs.chain.last_sequence_sent(&on_customs, head).await.unwrap(), 1);
    assert_eq!(customs.chain.last_sequence_sent(&id("customs.other"), head).await.unwrap(), 0);

    let paths = [Path::commitment(&packets[0]), Path::receipt(&packets[0])];
    assert_eq!(customs.chain.is_stored(&paths).await.unwrap(), [true, false]);
    let messages = receive(&customs, &port, &on_port, packets.clone()).await;
    let simulation = port.chain.simulate(&port.chain.accounts()[0], &messages).await.unwrap();
    assert_eq!(simulation.outcomes.last().unwrap(), &[Outcome::Received]);
    let included = submit(&port, &messages).await;
    assert!(included.success, "{:?}", included.reason);
    assert_eq!(included.outcomes.len(), 1);
    assert_eq!(
        (included.outcomes[0].client.as_str(), included.outcomes[0].outcome),
        (on_port.as_str(), Outcome::Received)
    );
    assert!(included.gas_used > 0);
    assert_eq!(port.chain.is_stored(&paths).await.unwrap(), [false, true]);

    let trace = format!("transfer/{on_port}/native");
    let asset = send::voucher(&port.wallet, &trace).await.unwrap().expect("a voucher");
    assert_eq!(send::trace(&port.wallet, asset).await.unwrap(), Some(trace));
    let held = send::asset_balance(&port.wallet, asset, &bytes_of(&stranger())).await.unwrap();
    assert_eq!(held, 1_000_000_000_000);
    assert_eq!(send::voucher(&port.wallet, "transfer/port.nobody/native").await.unwrap(), None);

    // The same again is a duplicate.
    let again = receive(&customs, &port, &on_port, packets.clone()).await;
    let simulation = port.chain.simulate(&port.chain.accounts()[0], &again).await.unwrap();
    assert_eq!(simulation.outcomes.last().unwrap(), &[Outcome::Duplicate]);
    let included = submit(&port, &again).await;
    assert_eq!(
        (included.outcomes[0].client.as_str(), included.outcomes[0].outcome),
        (on_port.as_str(), Outcome::Duplicate)
    );

    // The acknowledgement, back.
    let received = events(&port, |k| matches!(k, PacketEventKind::Received(_))).await;
    assert_eq!(received.len(), 1);
    let PacketEventKind::Received(ack) = received[0].kind.clone() else { unreachable!() };
    assert!(!ack.is_error());
    let target = settle(&port).await;
    let (mut messages, at) = update(&port, &customs, &on_customs, target).await.unwrap();
    let claim = (Path::acknowledgement(&packets[0]), Claim::Present(commitment::commit_acknowledgement(&ack)));
    let proof = port.grandpa.prove(&at, &merkle_prefix(), &[claim]).await.unwrap().proof;
    let acknowledged: Vec<_> = packets.iter().map(|p| (p.clone(), ack.clone())).collect();
    messages.push(Message::Acknowledge { client: on_customs.clone(), packets: acknowledged, proof, height: at.height });
    let included = submit(&customs, &messages).await;
    assert_eq!(included.outcomes[0].outcome, Outcome::Acknowledged);
    let seen = events(&customs, |k| matches!(k, PacketEventKind::Acknowledged(_))).await;
    assert_eq!(seen.len(), 1);

    // What is false is refused before it is sent.
    let lie = (paths[0].clone(), Claim::Present(alloy_primitives::B256::repeat_byte(7)));
    let trusted = newest(&port, &on_port).await.1;
    let error = customs.grandpa.prove(&trusted, &merkle_prefix(), &[lie]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unproven);
    assert!(error.message.contains("ValueMismatch"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_packet_is_timed_out_and_refunded() {
    let Pair { customs, port, on_customs, .. } = pair().await;
    let amount = 5_000_000_000_000;
    transfer(&customs, &on_customs, amount, &stranger(), 12).await;
    let held = customs.wallet.balance().await.unwrap();
    let packets = sent(&customs).await;
    while port.chain.finalized().await.unwrap().timestamp < packets[0].timeout_timestamp {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let target = port.chain.finalized().await.unwrap().height;
    let (mut messages, at) = update(&port, &customs, &on_customs, target).await.unwrap();
    let claim = (Path::receipt(&packets[0]), Claim::Absent);
    let proof = port.grandpa.prove(&at, &merkle_prefix(), &[claim]).await.unwrap().proof;
    messages.push(Message::Timeout { client: on_customs.clone(), packets, proof, height: at.height });
    let included = submit(&customs, &messages).await;
    assert_eq!(included.outcomes[0].outcome, Outcome::TimedOut, "{:?}", included.reason);
    assert_eq!(customs.wallet.balance().await.unwrap(), held + amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_fails_the_whole_and_says_why() {
    let Pair { customs, port, on_customs, on_port } = pair().await;
    transfer(&customs, &on_customs, 1_000_000_000_000, &stranger(), 3_600).await;
    let packets = sent(&customs).await;
    let mut messages = receive(&customs, &port, &on_port, packets).await;
    if let Some(Message::Receive { proof, .. }) = messages.last_mut() {
        let last = proof.len() - 40;
        proof[last] ^= 1;
    }
    let account = port.chain.accounts()[0].clone();
    let error = port.chain.simulate(&account, &messages).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");

    // Sent all the same, it is in a block, did nothing, and its reason is told in the pallet's words.
    let nonce = port.chain.next_nonce(&account).await.unwrap();
    let signed = port.chain.sign(&account, nonce, 1_000_000_000, &messages).await.unwrap();
    port.chain.broadcast(&signed).await.unwrap();
    let included = included(&port, &signed).await;
    assert!(!included.success && included.outcomes.is_empty());
    assert!(included.reason.unwrap().contains("Ibc."), "the pallet's name");
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_found_superseded_replaced() {
    let Pair { customs, port, on_customs, on_port } = pair().await;
    transfer(&customs, &on_customs, 1_000_000_000_000, &stranger(), 3_600).await;
    let packets = sent(&customs).await;
    let messages = receive(&customs, &port, &on_port, packets).await;
    let first = signed(&port, &messages).await;
    assert!(matches!(port.chain.transaction(&first).await.unwrap(), TransactionStatus::Unknown));
    // What is journalled is enough to make another of it.
    let second = port.chain.replace(&first).await.unwrap();
    assert_ne!(second.hash, first.hash);
    assert_eq!((second.nonce, &second.account), (first.nonce, &first.account));
    port.chain.broadcast(&second).await.unwrap();
    let done = included(&port, &second).await;
    assert_eq!(done.outcomes[0].outcome, Outcome::Received);
    assert!(matches!(port.chain.transaction(&first).await.unwrap(), TransactionStatus::Superseded));
    let error = port.chain.broadcast(&first).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NonceTaken, "{error}");
    // Much later it is still found.
    for _ in 0..5 {
        settle(&port).await;
    }
    let TransactionStatus::Included(again) = port.chain.transaction(&second).await.unwrap() else { panic!() };
    assert_eq!(again.height, done.height);
    assert!(port.chain.balance(&second.account).await.unwrap().is_none(), "transactions are free here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_upgrade_is_survived() {
    let Pair { customs, port, on_customs, on_port } = pair().await;
    transfer(&customs, &on_customs, 1_000_000_000_000, &stranger(), 3_600).await;
    let packets = sent(&customs).await;
    let messages = receive(&customs, &port, &on_port, packets).await;
    let before = port.chain.runtime().await.unwrap().version;
    let old = signed(&port, &messages).await;
    customs.devnet.upgrade().await.unwrap();
    port.devnet.upgrade().await.unwrap();
    settle(&port).await;
    let after = port.chain.runtime().await.unwrap().version;
    assert!(after.spec > before.spec, "{before:?} {after:?}");
    // What was signed for the old runtime is no longer valid; its replacement is.
    let error = port.chain.broadcast(&old).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert!(port.chain.validity(&old.raw).await.unwrap().is_some());
    let new = port.chain.replace(&old).await.unwrap();
    port.chain.broadcast(&new).await.unwrap();
    assert_eq!(included(&port, &new).await.outcomes[0].outcome, Outcome::Received);
    // Events of before and after are read, each by its own metadata.
    transfer(&customs, &on_customs, 1_000_000_000_000, &stranger(), 3_600).await;
    assert_eq!(sent(&customs).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_made_a_call() {
    let Pair { customs, port, on_customs, on_port } = pair().await;
    let runtime = port.chain.runtime().await.unwrap();
    let arguments = named([("reference", Value::from_bytes("BL-7")), ("remark", Value::from_bytes("open it"))]);
    let payload = send::call_payload(&runtime, "CustomsRegistry", "record_inspection", arguments).unwrap();
    let request = CallRequest {
        client: on_customs.clone(),
        receiver: "runtime".into(),
        payload,
        salt: vec![],
        timeout_timestamp: customs.chain.finalized().await.unwrap().timestamp.0 + 3_600,
        memo: String::new(),
    };
    assert_eq!(send::send_call(&customs.wallet, request).await.unwrap().sequence, 1);
    let packets = sent(&customs).await;
    let messages = receive(&customs, &port, &on_port, packets).await;
    let included = submit(&port, &messages).await;
    assert_eq!(included.outcomes[0].outcome, Outcome::Received, "{:?}", included.reason);
    let received = events(&port, |k| matches!(k, PacketEventKind::Received(_))).await;
    let PacketEventKind::Received(ack) = &received[0].kind else { unreachable!() };
    assert!(!ack.is_error());
    let count: Option<u32> =
        port.chain.read("CustomsRegistry", "InspectionCount", vec![Value::from_bytes("BL-7")]).await.unwrap();
    assert_eq!(count, Some(1));
}
