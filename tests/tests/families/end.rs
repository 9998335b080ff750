//! Waiting for a packet's end.

use lupu_adapter::{Chain, PacketEventKind};
use lupu_standard::{ClientId, Height};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Waits until the chain that sent a packet tells its end, and compares it: `acknowledged`,
/// `refused` or `timed-out`.
pub async fn reached(chain: Arc<dyn Chain>, client: &ClientId, sequence: u64, wanted: &str, patience: Duration) {
    let started = Instant::now();
    while started.elapsed() < patience {
        let head = chain.finalized().await.unwrap().height;
        for event in chain.events(Height(1), head).await.unwrap() {
            let its = event.packet.source_client == *client && event.packet.sequence.get() == sequence;
            let end = match &event.kind {
                PacketEventKind::Acknowledged(answer) if answer.is_error() => "refused",
                PacketEventKind::Acknowledged(_) => "acknowledged",
                PacketEventKind::TimedOut => "timed-out",
                _ => continue,
            };
            if its {
                assert_eq!(end, wanted, "packet {client}/{sequence}");
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("packet {client}/{sequence} has not ended after {patience:?}");
}
