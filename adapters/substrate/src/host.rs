//! [`Chain`] for a Substrate chain.

use crate::{
    chain::SubstrateChain,
    keys::account_bytes,
    status::{next_nonce, send},
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use lupu_adapter::{
    AccountId, AdapterError, BoundClient, Chain, ErrorKind, Head, Message, PacketEvent, SignedTransaction, Simulation,
    TransactionStatus,
};
use lupu_standard::{ChainId, ClientId, Height, Path};

#[async_trait]
impl Chain for SubstrateChain {
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
        self.config.keys.iter().map(|key| key.account()).collect()
    }

    async fn balance(&self, account: &AccountId) -> Result<Option<u128>, AdapterError> {
        let runtime = self.runtime().await?;
        if runtime.metadata().pallet_by_name("TransactionPayment").is_none() {
            return Ok(None);
        }
        self.free_balance(account).await.map(Some)
    }

    async fn next_nonce(&self, account: &AccountId) -> Result<u64, AdapterError> {
        let public = account_bytes(&account.0).map_err(|e| self.error(ErrorKind::Misconfigured, e.to_string()))?;
        next_nonce(&self.endpoints, &crate::keys::address(&public)).await
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
        self.signed(account, nonce, gas_limit, messages).await
    }

    async fn broadcast(&self, transaction: &SignedTransaction) -> Result<(), AdapterError> {
        match send(&self.endpoints, transaction.hash, &transaction.raw).await {
            // Outdated is also what is in a block already.
            Err(error) if error.kind == ErrorKind::NonceTaken => match self.status_of(transaction).await? {
                TransactionStatus::Superseded => Err(error),
                _ => Ok(()),
            },
            result => result,
        }
    }

    async fn transaction(&self, transaction: &SignedTransaction) -> Result<TransactionStatus, AdapterError> {
        self.status_of(transaction).await
    }

    async fn replace(&self, transaction: &SignedTransaction) -> Result<SignedTransaction, AdapterError> {
        self.replacement(transaction).await
    }

    fn max_packets_per_transaction(&self) -> usize {
        self.config.tuning.max_packets.max(1)
    }
}
