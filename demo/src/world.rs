//! The two chains of the story, the people on them, and what they can ask of each other.

use crate::{
    abi::{Gmp, Router, SendCallMsg, SendTransferMsg, Token, Transfer},
    report::Conservation,
    wallet::{Wallet, sent_sequence},
};
use alloy::primitives::{Address, Bytes, U256};
use anyhow::{Context, Result, bail};
use lupu_evm_devnet::Devnet;
use lupu_relayer::{
    config::Contracts,
    packet::State,
    store::{PacketFilter, PacketRow, Store},
};
use lupu_standard::{ChainId, ClientId, Path, PathKind, Sequence};
use std::time::{Duration, Instant};

/// One chain of the story.
pub struct Side {
    /// Its name.
    pub id: ChainId,
    /// The embedded chain.
    pub devnet: Devnet,
    /// Who lives there: a bank or a carrier.
    pub person: Wallet,
    /// What is deployed there.
    pub contracts: Contracts,
    /// The client here that stands for the other chain.
    pub client: ClientId,
}

/// Both chains and the relayer's store.
pub struct World {
    /// Shipping.
    pub harbour: Side,
    /// Finance.
    pub bank: Side,
    /// The relayer's store, to look at.
    pub store: Store,
    /// eCNY, on `bank`.
    pub token: Address,
    /// Bills of lading, on `bank`.
    pub registry: Address,
}

/// How long any packet may take before the story fails.
const PATIENCE: Duration = Duration::from_secs(45);

impl Side {
    /// Block time of the newest block, seconds.
    pub fn time(&self) -> u64 {
        self.devnet.head().header.timestamp
    }

    /// Asks for a transfer; several if `count` is above one. Returns their sequences.
    pub async fn transfer(
        &self,
        token: Address,
        amount: u128,
        to: &str,
        seconds: u64,
        count: usize,
    ) -> Result<Vec<u64>> {
        let message = SendTransferMsg {
            denom: token,
            amount: U256::from(amount),
            receiver: to.to_owned(),
            sourceClient: self.client.to_string(),
            destPort: "transfer".into(),
            timeoutTimestamp: self.time() + seconds,
            memo: String::new(),
        };
        let calls = vec![Transfer::sendTransferCall { msg_: message }; count];
        let receipts = self.person.send_all(self.contracts.transfer, calls).await?;
        receipts.iter().map(sent_sequence).collect()
    }

    /// Sends a message to a contract on the other chain. Returns its sequence.
    pub async fn message(&self, target: Address, call: Vec<u8>, seconds: u64) -> Result<u64> {
        let message = SendCallMsg {
            sourceClient: self.client.to_string(),
            receiver: lower(target),
            salt: Bytes::new(),
            payload: call.into(),
            timeoutTimestamp: self.time() + seconds,
            memo: String::new(),
        };
        let receipt = self.person.send(self.contracts.gmp, Gmp::sendCallCall { msg_: message }).await?;
        sent_sequence(&receipt)
    }

    /// A balance.
    pub async fn balance(&self, token: Address, account: Address) -> Result<u128> {
        u128::try_from(self.person.read(token, Token::balanceOfCall { account }).await?).context("balance above 2¹²⁸")
    }
}

/// An address as payloads spell it.
pub fn lower(address: Address) -> String {
    format!("{address:#x}")
}

impl World {
    /// The full trace of eCNY on `harbour`.
    pub fn trace(&self) -> String {
        format!("transfer/{}/{}", self.harbour.client, lower(self.token))
    }

    /// The voucher of eCNY on `harbour`, once there is one.
    pub async fn voucher(&self) -> Result<Address> {
        let call = Transfer::voucherCall { denomTrace: self.trace() };
        self.harbour.person.read(self.harbour.contracts.transfer, call).await
    }

    /// Waits until all packets are in a state that `wanted` accepts, and returns them.
    pub async fn wait(
        &self,
        from: &Side,
        sequences: &[u64],
        show: impl Fn(&str),
        wanted: impl Fn(State) -> bool,
    ) -> Result<Vec<PacketRow>> {
        let started = Instant::now();
        loop {
            let rows = self.rows(from, sequences).await?;
            let there = rows.iter().filter(|r| wanted(r.state)).count();
            if there == sequences.len() {
                return Ok(rows);
            }
            let slowest = rows.iter().filter(|r| !wanted(r.state)).map(|r| (r.state, r.reason.clone())).next();
            let (state, reason) = slowest.map_or(("sending", None), |(s, r)| (s.name(), r));
            match sequences.len() {
                1 => show(state),
                n => show(&format!("{there} of {n} there, others {state}")),
            }
            if started.elapsed() > PATIENCE {
                let reason = reason.map_or_else(String::new, |r| format!(" ({r})"));
                bail!("packet {}/{:?} is still {state}{reason} after {PATIENCE:?}", from.client, sequences);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn rows(&self, from: &Side, sequences: &[u64]) -> Result<Vec<PacketRow>> {
        let mut rows = Vec::with_capacity(sequences.len());
        if let [one] = sequences {
            let filter = PacketFilter { source_chain: Some(from.id.clone()), limit: 1_000, ..Default::default() };
            let wanted = Sequence::new(*one)?;
            rows.extend(self.store.packets(&filter).await?.into_iter().filter(|r| r.packet.sequence == wanted));
        } else {
            let filter = PacketFilter { source_chain: Some(from.id.clone()), limit: 1_000, ..Default::default() };
            let all = self.store.packets(&filter).await?;
            rows.extend(all.into_iter().filter(|r| sequences.contains(&r.packet.sequence.get())));
        }
        rows.sort_by_key(|r| r.packet.sequence);
        Ok(rows)
    }

    /// Whether the source still holds the commitment of a packet: it is neither acknowledged nor timed out.
    pub async fn is_committed(&self, from: &Side, sequence: u64) -> Result<bool> {
        let path = Path { client: from.client.clone(), kind: PathKind::Commitment, sequence: Sequence::new(sequence)? };
        let call = Router::getCommitmentCall { hashedPath: path.keccak() };
        Ok(!from.person.read(from.contracts.router, call).await?.is_zero())
    }

    /// Whether `harbour` has minted this many units to its carrier.
    pub async fn received(&self, units: usize) -> Result<bool> {
        let voucher = self.voucher().await?;
        Ok(!voucher.is_zero() && self.harbour.balance(voucher, self.harbour.person.address).await? >= units as u128)
    }

    /// The conservation equation of eCNY, from the state of both chains.
    pub async fn conservation(&self, outbound: u128, inbound: u128) -> Result<Conservation> {
        let escrow = Transfer::escrowedCall { clientId: self.bank.client.to_string(), token: self.token };
        let escrow = self.bank.person.read(self.bank.contracts.transfer, escrow).await?;
        let voucher = self.voucher().await?;
        let vouchers = match voucher.is_zero() {
            true => U256::ZERO,
            false => self.harbour.person.read(voucher, Token::totalSupplyCall {}).await?,
        };
        Ok(Conservation {
            what: "eCNY of bank on harbour".into(),
            escrow: u128::try_from(escrow)?,
            held: self.bank.balance(self.token, self.bank.contracts.transfer).await?,
            vouchers: u128::try_from(vouchers)?,
            outbound,
            inbound,
        })
    }
}
