//! An EVM chain of the story, the people on it, and what they ask of other chains.

use crate::{
    abi::{Gmp, Router, SendCallMsg, SendTransferMsg, Token, Transfer},
    wallet::{Wallet, sent_sequence},
};
use alloy::primitives::{Address, Bytes, U256};
use anyhow::{Context, Result};
use lupu_evm_devnet::Devnet;
use lupu_relayer::config::Contracts;
use lupu_standard::{ChainId, ClientId, Path, PathKind, Sequence};
use std::collections::BTreeMap;

/// A chain with contracts.
pub struct Side {
    /// Its name.
    pub id: ChainId,
    /// The embedded chain.
    pub devnet: Devnet,
    /// Who lives there; each acts alone, so that nonces are in order.
    pub people: Vec<Wallet>,
    /// Who signs for the relayer there.
    pub relayers: Vec<Address>,
    /// What is deployed there.
    pub contracts: Contracts,
    /// The clients here, by the chain they stand for.
    pub clients: BTreeMap<ChainId, ClientId>,
}

/// A transfer to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The token here.
    pub token: Address,
    /// In its smallest unit.
    pub amount: u128,
    /// The receiver, as the destination writes it.
    pub to: &'a str,
    /// Seconds until it is too late.
    pub seconds: u64,
}

/// An address as payloads spell it.
pub fn lower(address: Address) -> String {
    format!("{address:#x}")
}

impl Side {
    /// Somebody who lives here.
    pub fn person(&self, index: usize) -> Result<&Wallet> {
        self.people.get(index).with_context(|| format!("fewer than {} people on {}", index + 1, self.id))
    }

    /// The client here that stands for another chain.
    pub fn client(&self, of: &ChainId) -> Result<&ClientId> {
        self.clients.get(of).with_context(|| format!("{} has no client of {of}", self.id))
    }

    /// Block time of the newest block, seconds.
    pub fn time(&self) -> u64 {
        self.devnet.head().header.timestamp
    }

    /// Asks for a transfer `count` times. Returns the sequences.
    pub async fn transfer(&self, who: &Wallet, to: &ChainId, order: Order<'_>, count: usize) -> Result<Vec<u64>> {
        let message = SendTransferMsg {
            denom: order.token,
            amount: U256::from(order.amount),
            receiver: order.to.to_owned(),
            sourceClient: self.client(to)?.to_string(),
            destPort: "transfer".into(),
            timeoutTimestamp: self.time() + order.seconds,
            memo: String::new(),
        };
        let calls = vec![Transfer::sendTransferCall { msg_: message }; count];
        let receipts = who.send_all(self.contracts.transfer, calls).await?;
        receipts.iter().map(sent_sequence).collect()
    }

    /// Sends a message: `receiver` and `call` as the destination understands them. Returns its sequence.
    pub async fn message(
        &self,
        who: &Wallet,
        to: &ChainId,
        receiver: &str,
        call: Vec<u8>,
        seconds: u64,
    ) -> Result<u64> {
        let message = SendCallMsg {
            sourceClient: self.client(to)?.to_string(),
            receiver: receiver.to_owned(),
            salt: Bytes::new(),
            payload: call.into(),
            timeoutTimestamp: self.time() + seconds,
            memo: String::new(),
        };
        let receipt = who.send(self.contracts.gmp, Gmp::sendCallCall { msg_: message }).await?;
        sent_sequence(&receipt)
    }

    async fn read<C: alloy::sol_types::SolCall>(&self, to: Address, call: C) -> Result<C::Return> {
        self.person(0)?.read(to, call).await
    }

    /// A balance.
    pub async fn balance(&self, token: Address, account: Address) -> Result<u128> {
        u128::try_from(self.read(token, Token::balanceOfCall { account }).await?).context("balance above 2¹²⁸")
    }

    /// The voucher of a full trace, once there is one.
    pub async fn voucher(&self, trace: &str) -> Result<Option<Address>> {
        let call = Transfer::voucherCall { denomTrace: trace.to_owned() };
        let found = self.read(self.contracts.transfer, call).await?;
        Ok((!found.is_zero()).then_some(found))
    }

    /// The token that a denomination means here: an address, or the voucher of a trace.
    async fn token(&self, denom: &str) -> Result<Option<Address>> {
        match denom.parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => self.voucher(denom).await,
        }
    }

    /// What is accounted as escrowed towards another chain.
    pub async fn escrowed(&self, towards: &ChainId, denom: &str) -> Result<u128> {
        let Some(token) = self.token(denom).await? else { return Ok(0) };
        let call = Transfer::escrowedCall { clientId: self.client(towards)?.to_string(), token };
        Ok(u128::try_from(self.read(self.contracts.transfer, call).await?)?)
    }

    /// What the transfer application really has of a token, for all clients.
    pub async fn held(&self, denom: &str) -> Result<u128> {
        match self.token(denom).await? {
            Some(token) => self.balance(token, self.contracts.transfer).await,
            None => Ok(0),
        }
    }

    /// How many vouchers of a full trace there are.
    pub async fn supply(&self, trace: &str) -> Result<u128> {
        match self.voucher(trace).await? {
            Some(voucher) => Ok(u128::try_from(self.read(voucher, Token::totalSupplyCall {}).await?)?),
            None => Ok(0),
        }
    }

    /// Whether the commitment of a packet is still here: it is neither acknowledged nor timed out.
    pub async fn is_committed(&self, towards: &ChainId, sequence: u64) -> Result<bool> {
        let client = self.client(towards)?.clone();
        let path = Path { client, kind: PathKind::Commitment, sequence: Sequence::new(sequence)? };
        let call = Router::getCommitmentCall { hashedPath: path.keccak() };
        Ok(!self.read(self.contracts.router, call).await?.is_zero())
    }
}
