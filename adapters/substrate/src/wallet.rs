//! An account that acts on a chain by itself, apart from the relayer's journal: for the command
//! line, for governance, for tests.

use crate::{
    chain::SubstrateChain,
    events::Event,
    keys::{Key, address},
    runtime::{CodecError, Runtime},
    source::RawHeader,
    status::{next_nonce, send},
    transactions::{self, Terms},
};
use alloy_primitives::B256;
use futures::future::BoxFuture;
use lupu_adapter::{AdapterError, ErrorKind, Included};
use lupu_standard::Height;
use lupu_substrate_state::blake2_256;
use std::{sync::Arc, time::Duration};
use subxt::{ext::scale_encode::EncodeAsFields, tx::dynamic};

/// How long a transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);

/// An account with its key, on a connected chain.
#[derive(Clone)]
pub struct Wallet {
    chain: Arc<SubstrateChain>,
    key: Key,
}

/// A transaction of the wallet in a final block.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Its hash.
    pub hash: B256,
    /// The block, and what the transaction did.
    pub included: Included,
    /// Its events.
    pub events: Vec<Event>,
}

impl Wallet {
    /// An account on this chain.
    pub fn new(chain: Arc<SubstrateChain>, key: Key) -> Self {
        Self { chain, key }
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<SubstrateChain> {
        &self.chain
    }

    /// The account's 32 bytes.
    pub fn account(&self) -> [u8; 32] {
        self.key.public()
    }

    /// The account's free balance at the newest block, in the smallest unit.
    pub async fn balance(&self) -> Result<u128, AdapterError> {
        self.chain.free_balance(&self.key.account()).await
    }

    /// Signs a call, sends it, and waits until it is in a final block. A failure is told in words.
    pub async fn call<D: EncodeAsFields + Send + Sync>(
        &self,
        pallet: &str,
        call: &str,
        arguments: D,
    ) -> Result<Receipt, AdapterError> {
        let what = format!("{pallet}.{call}");
        let chain = &self.chain;
        let runtime = chain.runtime().await?;
        let nonce = next_nonce(&chain.endpoints, &address(&self.account())).await?;
        let terms: Terms = chain.terms(nonce, chain.config.tip, chain.config.tuning.mortality).await?;
        let payload = dynamic(pallet, call, arguments);
        let signed = transactions::sign(&runtime, &payload, &terms, &self.key);
        let signed = signed.map_err(|e: CodecError| chain.codec(e))?;
        self.settle(signed, terms.from.0, what).await
    }

    /// Sends a signed transaction and waits until it is in a final block.
    fn settle(&self, signed: (B256, Vec<u8>), from: u64, what: String) -> BoxFuture<'_, Result<Receipt, AdapterError>> {
        Box::pin(async move {
            let (hash, raw) = signed;
            send(&self.chain.endpoints, hash, &raw).await.map_err(|mut error| {
                error.message = format!("{what}: {}", error.message);
                error
            })?;
            let receipt = self.wait(hash, from, &what).await?;
            match &receipt.included.reason {
                None => Ok(receipt),
                Some(reason) => {
                    let message = format!("{what}: transaction {hash} failed: {reason}");
                    Err(self.error(ErrorKind::Rejected, message))
                }
            }
        })
    }

    /// Looks for a transaction in the blocks after `from` as they become final.
    async fn wait(&self, hash: B256, from: u64, what: &str) -> Result<Receipt, AdapterError> {
        let chain = &self.chain;
        let start = tokio::time::Instant::now();
        let mut next = from.saturating_add(1);
        while start.elapsed() < PATIENCE {
            let head = chain.headers.advance().await?;
            if next <= head.height() {
                for header in chain.headers.headers(next, head.height()).await? {
                    if let Some(receipt) = self.look(hash, &header).await? {
                        return Ok(receipt);
                    }
                }
                next = head.height().saturating_add(1);
            } else {
                tokio::time::sleep(POLL).await;
            }
        }
        let message = format!("{what}: transaction {hash} is not in a final block after {} s", PATIENCE.as_secs());
        Err(chain.error(ErrorKind::Unavailable, message))
    }

    async fn look(&self, hash: B256, header: &RawHeader) -> Result<Option<Receipt>, AdapterError> {
        let extrinsics = self.chain.extrinsics(header).await?;
        let found = extrinsics.iter().position(|raw| blake2_256(raw) == hash);
        let Some(index) = found.and_then(|i| u32::try_from(i).ok()) else { return Ok(None) };
        let runtime: Arc<Runtime> = self.chain.runtime_after(header.header.parent_hash).await?;
        let included = self.chain.included(header, index, &runtime).await?;
        let mut events = self.chain.block_events(header, &runtime).await?;
        events.retain(|e| e.extrinsic == Some(index));
        Ok(Some(Receipt { hash, included, events }))
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> AdapterError {
        self.chain.error(kind, message)
    }
}

impl Receipt {
    /// The block.
    pub fn block(&self) -> Height {
        self.included.height
    }
}
