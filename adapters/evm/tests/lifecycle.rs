//! Packets from one chain to the other and back, by the two traits alone.

mod common;

use alloy::primitives::U256;
use common::*;
use lupu_adapter::{Chain, Message, Outcome, PacketEvent, PacketEventKind, Prover};
use lupu_evm::send;
use lupu_light_client::{Claim, Status};
use lupu_standard::{Acknowledgement, Height, Packet, Path, commitment};
use std::time::Duration;

async fn events(side: &Side, wanted: impl Fn(&PacketEventKind) -> bool) -> Vec<PacketEvent> {
    let head = settle(side).await;
    let from = Height(side.contracts.deployed_at);
    side.chain.events(from, head).await.unwrap().into_iter().filter(|e| wanted(&e.kind)).collect()
}

async fn sent(side: &Side) -> Vec<Packet> {
    events(side, |k| *k == PacketEventKind::Sent).await.into_iter().map(|e| e.packet).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_received_acknowledged_and_seen() {
    let Pair { harbour, bank, on_harbour, on_bank } = pair(1).await;
    let client = bank.chain.client(&on_bank).await.unwrap().unwrap();
    assert_eq!((client.status, client.counterparty), (Status::Active, on_harbour.clone()));
    assert_eq!(client.merkle_prefix, [Vec::<u8>::new()]);
    assert!(bank.chain.client(&id("bank.qbft-nobody")).await.unwrap().is_none());

    let token = token(&harbour).await;
    let to = bank.wallet.address().to_string().to_lowercase();
    assert_eq!(transfer(&harbour, &on_harbour, token, 1_000, &to, 3_600).await, 1);
    let packets = sent(&harbour).await;
    assert_eq!(packets.len(), 1);
    let head = harbour.chain.finalized().await.unwrap().height;
    assert_eq!(harbour.chain.last_sequence_sent(&on_harbour, head).await.unwrap(), 1);

    let paths = [Path::commitment(&packets[0]), Path::receipt(&packets[0])];
    assert_eq!(harbour.chain.is_stored(&paths).await.unwrap(), [true, false]);
    let messages = receive(&harbour, &bank, &on_bank, packets.clone()).await;
    let simulation = bank.chain.simulate(&bank.chain.accounts()[0], &messages).await.unwrap();
    assert_eq!(simulation.outcomes.last().unwrap(), &[Outcome::Received]);
    let included = submit(&bank, &messages).await;
    assert!(included.success, "{:?}", included.reason);
    assert_eq!(included.outcomes.len(), 1);
    assert_eq!(
        (included.outcomes[0].client.as_str(), included.outcomes[0].outcome),
        (on_bank.as_str(), Outcome::Received)
    );
    assert!(included.gas_used > 0 && included.gas_used < simulation.gas_limit);
    assert_eq!(bank.chain.is_stored(&paths).await.unwrap(), [false, true]);
    let trace = format!("transfer/{on_bank}/{}", token.to_string().to_lowercase());
    let voucher = send::voucher(&bank.wallet, bank.contracts.transfer, &trace).await.unwrap().expect("voucher");
    let held = send::balance_of(&bank.wallet, voucher, bank.wallet.address()).await.unwrap();
    assert_eq!(held, U256::from(1_000));

    // The same again is a duplicate, and named by client although the event has only its hash.
    let again = receive(&harbour, &bank, &on_bank, packets.clone()).await;
    let included = submit(&bank, &again).await;
    assert_eq!(
        (included.outcomes[0].client.as_str(), included.outcomes[0].outcome),
        (on_bank.as_str(), Outcome::Duplicate)
    );

    // The acknowledgement, back.
    let received = events(&bank, |k| matches!(k, PacketEventKind::Received(_))).await;
    let PacketEventKind::Received(ack) = received[0].kind.clone() else { unreachable!() };
    assert_eq!(ack, Acknowledgement(vec![br#"{"result":"AQ=="}"#.to_vec().into()]));
    let target = settle(&bank).await;
    let (mut messages, at) = update(&bank, &harbour, &on_harbour, target).await.unwrap();
    let claim = (Path::acknowledgement(&packets[0]), Claim::Present(commitment::commit_acknowledgement(&ack)));
    let proof = bank.prover.prove(&at, &[vec![]], &[claim]).await.unwrap().proof;
    let packets: Vec<_> = packets.into_iter().map(|p| (p, ack.clone())).collect();
    messages.push(Message::Acknowledge { client: on_harbour.clone(), packets, proof, height: at.height });
    let included = submit(&harbour, &messages).await;
    assert_eq!(included.outcomes[0].outcome, Outcome::Acknowledged);
    assert_eq!(events(&harbour, |k| matches!(k, PacketEventKind::Acknowledged(_))).await.len(), 1);

    // What is false is refused before it is sent.
    let lie = (paths[0].clone(), Claim::Present(alloy::primitives::B256::repeat_byte(7)));
    let error = harbour.prover.prove(&newest(&bank, &on_bank).await.1, &[vec![]], &[lie]).await.unwrap_err();
    assert_eq!(error.kind, lupu_adapter::ErrorKind::Unproven);
    assert!(error.message.contains("ValueMismatch"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_packet_is_timed_out_and_refunded() {
    let Pair { harbour, bank, on_harbour, .. } = pair(1).await;
    let token = token(&harbour).await;
    transfer(&harbour, &on_harbour, token, 1_000, "0x0000000000000000000000000000000000000001", 2).await;
    let packets = sent(&harbour).await;
    // Until the other chain's clock is past it.
    while bank.chain.finalized().await.unwrap().timestamp < packets[0].timeout_timestamp {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let target = bank.chain.finalized().await.unwrap().height;
    let (mut messages, at) = update(&bank, &harbour, &on_harbour, target).await.unwrap();
    let claim = (Path::receipt(&packets[0]), Claim::Absent);
    let proof = bank.prover.prove(&at, &[vec![]], &[claim]).await.unwrap().proof;
    messages.push(Message::Timeout { client: on_harbour.clone(), packets, proof, height: at.height });
    let included = submit(&harbour, &messages).await;
    assert_eq!(included.outcomes[0].outcome, Outcome::TimedOut);
    let held = send::balance_of(&harbour.wallet, token, harbour.wallet.address()).await.unwrap();
    assert_eq!(held, U256::from(1_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_shares_one_update_and_one_proof() {
    let Pair { harbour, bank, on_harbour, on_bank } = pair(1).await;
    let token = token(&harbour).await;
    let to = bank.wallet.address().to_string().to_lowercase();
    for _ in 0..20 {
        transfer(&harbour, &on_harbour, token, 10, &to, 3_600).await;
    }
    let mut packets = sent(&harbour).await;
    assert_eq!(packets.len(), 20);
    let paths: Vec<Path> = packets.iter().map(Path::commitment).collect();
    let order = harbour.prover.proof_order(&paths);
    let unsorted = receive(&harbour, &bank, &on_bank, packets.clone()).await;
    packets = order.into_iter().map(|i| packets[i].clone()).collect();
    let messages = receive(&harbour, &bank, &on_bank, packets).await;
    let proof_of = |messages: &[Message]| match messages.last() {
        Some(Message::Receive { proof, .. }) => proof.len(),
        _ => 0,
    };
    assert!(proof_of(&messages) < proof_of(&unsorted), "{} {}", proof_of(&messages), proof_of(&unsorted));
    let before: u64 = harbour.chain.endpoints().counts().values().map(|c| c.calls).sum();
    let included = submit(&bank, &messages).await;
    assert!(included.outcomes.iter().all(|o| o.outcome == Outcome::Received), "{:?}", included.outcomes);
    assert_eq!(included.outcomes.len(), 20);
    let after: u64 = harbour.chain.endpoints().counts().values().map(|c| c.calls).sum();
    assert!(after - before < 100);
    println!("gas per packet: {}", included.gas_used / 20);
}
