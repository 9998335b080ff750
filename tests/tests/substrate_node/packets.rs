//! Packets on a route, and what became of the value in them.

use crate::route::{MINTED, Route};
use alloy::primitives::U256;
use lupu_adapter::{Chain, PacketEventKind};
use lupu_evm::send as evm;
use lupu_standard::{ClientId, Height};
use lupu_substrate::send as substrate;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Longest time until a packet has come to its end.
const PATIENCE: Duration = Duration::from_secs(240);
/// Receives on customs.
const RECEIVER: [u8; 32] = [0x42; 32];

impl Route {
    /// An hour from now, by the EVM chain's clock.
    async fn timeout(&self) -> u64 {
        self.bank.wallet.time().await.unwrap() + 3_600
    }

    /// Sends the token to [`RECEIVER`].
    pub async fn send_from_bank(&self, amount: u64) -> evm::Sent {
        let request = evm::TransferRequest {
            client: self.on_bank.clone(),
            token: self.token,
            amount: U256::from(amount),
            receiver: format!("0x{}", hex::encode(RECEIVER)),
            timeout_timestamp: self.timeout().await,
            memo: String::new(),
        };
        evm::transfer(&self.bank.wallet, self.bank.contracts.transfer, request).await.unwrap()
    }

    /// Sends the native token to the owner of the contracts.
    pub async fn send_from_customs(&self, amount: u128) -> substrate::Sent {
        let request = substrate::TransferRequest {
            client: self.on_customs.clone(),
            denom: "native".into(),
            amount,
            receiver: format!("{:#x}", self.bank.wallet.address()),
            timeout_timestamp: self.timeout().await,
            memo: String::new(),
        };
        substrate::transfer(&self.customs.governor, request).await.unwrap()
    }

    /// Waits until packets of bank are acknowledged there.
    pub async fn settled_on_bank(&self, sent: &evm::Sent) {
        self.settled(self.bank.seen.chain(), &self.on_bank, sent.sequence, sent.block).await;
    }

    /// Waits until packets of customs are acknowledged there.
    pub async fn settled_on_customs(&self, sent: &substrate::Sent) {
        self.settled(self.customs.seen.chain(), &self.on_customs, sent.sequence, sent.block).await;
    }

    async fn settled(&self, chain: Arc<dyn Chain>, client: &ClientId, sequence: u64, block: u64) {
        let start = Instant::now();
        let mut next = Height(block);
        while start.elapsed() < PATIENCE {
            self.relayer.must_run();
            // One node of several may have just died: that is told, and the next answer is another's.
            let Ok(head) = chain.finalized().await else {
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            };
            if head.height >= next
                && let Ok(events) = chain.events(next, head.height).await
            {
                for event in events {
                    if event.packet.source_client != *client || event.packet.sequence.get() != sequence {
                        continue;
                    }
                    match &event.kind {
                        PacketEventKind::Acknowledged(answer) => {
                            assert!(!answer.is_error(), "packet {client}/{sequence} was refused");
                            println!("  {client}/{sequence}: {:.1} s", start.elapsed().as_secs_f64());
                            return;
                        }
                        PacketEventKind::TimedOut => panic!("packet {client}/{sequence} timed out"),
                        _ => {}
                    }
                }
                next = Height(head.height.0 + 1);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        panic!("packet {client}/{sequence} has not settled after {PATIENCE:?}");
    }

    /// A transfer each way, settled; what arrived is counted.
    pub async fn both_ways(&self) {
        let before = self.arrived().await;
        let (there, back) = (self.send_from_bank(10).await, self.send_from_customs(7_000_000_000).await);
        tokio::join!(self.settled_on_bank(&there), self.settled_on_customs(&back));
        let after = self.arrived().await;
        assert_eq!((after.0 - before.0, after.1 - before.1), (10, 7_000_000_000));
    }

    /// Nothing is lost and nothing made, once every packet has settled: what the senders had is with
    /// them or stands as vouchers on the other side. The runtime takes no fees.
    pub async fn conserved(&self) {
        let (vouchers, native) = self.arrived().await;
        let owner = self.bank.wallet.address();
        let left: u128 = evm::balance_of(&self.bank.wallet, self.token, owner).await.unwrap().to();
        assert_eq!(left + vouchers, MINTED.into(), "the token");
        let left = self.customs.governor.balance().await.unwrap();
        assert_eq!(left + native, self.endowment, "the native token");
    }

    /// Vouchers of the token on customs, and of the native token on bank.
    pub async fn arrived(&self) -> (u128, u128) {
        let trace = format!("transfer/{}/{:#x}", self.on_customs, self.token);
        let vouchers = match substrate::voucher(&self.customs.governor, &trace).await.unwrap() {
            Some(asset) => substrate::asset_balance(&self.customs.governor, asset, &RECEIVER).await.unwrap(),
            None => 0,
        };
        let trace = format!("transfer/{}/native", self.on_bank);
        let (wallet, app) = (&self.bank.wallet, self.bank.contracts.transfer);
        let native = match evm::voucher(wallet, app, &trace).await.unwrap() {
            Some(voucher) => evm::balance_of(wallet, voucher, wallet.address()).await.unwrap().to(),
            None => 0,
        };
        (vouchers, native)
    }
}
