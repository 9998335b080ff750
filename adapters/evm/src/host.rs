//! [`Chain`] for an EVM chain.

use crate::{chain::EvmChain, messages::multicall, status::balance, transactions::Unsigned};
use alloy::primitives::U256;
use async_trait::async_trait;
use futures::stream::BoxStream;
use lupu_adapter::{
    AccountId, AdapterError, BoundClient, Chain, ErrorKind, Head, Message, PacketEvent, SignedTransaction, Simulation,
    TransactionStatus,
};
use lupu_standard::{ChainId, ClientId, Height, Path};
use std::sync::PoisonError;

/// Gas that a received packet takes with its share of the proof, at most, and what a transaction
/// takes besides.
const PACKET_GAS: u64 = 220_000;
const FIXED_GAS: u64 = 1_600_000;

#[async_trait]
impl Chain for EvmChain {
    fn id(&self) -> &ChainId {
        &self.config.id
    }

    async fn finalized(&self) -> Result<Head, AdapterError> {
        self.follower.head().await
    }

    fn heads(&self) -> BoxStream<'static, Result<Head, AdapterError>> {
        self.follower.heads()
    }

    async fn events(&self, from: Height, to: Height) -> Result<Vec<PacketEvent>, AdapterError> {
        self.packet_events(from.0, to.0).await
    }

    async fn last_sequence_sent(&self, client: &ClientId, at: Height) -> Result<u64, AdapterError> {
        self.proven_sequence(client, at).await
    }

    async fn is_stored(&self, paths: &[Path]) -> Result<Vec<bool>, AdapterError> {
        self.stored(paths).await
    }

    async fn client(&self, id: &ClientId) -> Result<Option<BoundClient>, AdapterError> {
        self.bound_client(id).await
    }

    async fn consensus_state(&self, client: &ClientId, height: Height) -> Result<Option<Vec<u8>>, AdapterError> {
        self.preimage(client, height).await
    }

    fn accounts(&self) -> Vec<AccountId> {
        self.config.signers.iter().map(|s| AccountId(s.address().to_string())).collect()
    }

    async fn balance(&self, account: &AccountId) -> Result<Option<u128>, AdapterError> {
        if self.limits().await?.price.most() == 0 {
            return Ok(None);
        }
        let address = self.signer(account)?.address();
        Ok(Some(balance(&self.endpoints, address).await.map_err(|e| self.fail(e))?))
    }

    async fn next_nonce(&self, account: &AccountId) -> Result<u64, AdapterError> {
        self.nonce(account).await
    }

    async fn simulate(&self, account: &AccountId, messages: &[Message]) -> Result<Simulation, AdapterError> {
        self.dry_run(account, messages).await
    }

    async fn sign(
        &self,
        account: &AccountId,
        nonce: u64,
        gas_limit: u64,
        messages: &[Message],
    ) -> Result<SignedTransaction, AdapterError> {
        let signer = self.signer(account)?;
        let unsigned = Unsigned {
            chain_id: self.config.chain_id,
            nonce,
            gas_limit,
            price: self.limits().await?.price,
            to: Some(self.config.contracts.router),
            value: U256::ZERO,
            input: multicall(messages),
        };
        let (hash, raw) = unsigned.sign(signer).map_err(|e| self.error(ErrorKind::Rejected, e.to_string()))?;
        Ok(SignedTransaction { hash, account: account.clone(), nonce, raw })
    }

    async fn broadcast(&self, transaction: &SignedTransaction) -> Result<(), AdapterError> {
        self.send(transaction.hash, &transaction.raw).await
    }

    async fn transaction(&self, transaction: &SignedTransaction) -> Result<TransactionStatus, AdapterError> {
        self.status_of(transaction).await
    }

    async fn replace(&self, transaction: &SignedTransaction) -> Result<SignedTransaction, AdapterError> {
        self.replacement(transaction).await
    }

    fn max_packets_per_transaction(&self) -> usize {
        let block_gas = self.limits.lock().unwrap_or_else(PoisonError::into_inner).block_gas;
        let room = (block_gas / 10 * 9).saturating_sub(FIXED_GAS) / PACKET_GAS;
        usize::try_from(room).unwrap_or(usize::MAX).clamp(1, self.config.tuning.max_packets.max(1))
    }
}
