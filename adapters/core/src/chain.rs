//! What happens on a chain, and how to act on it.

use crate::{AccountId, AdapterError, Message, PacketEvent, SignedTransaction, Simulation, TransactionStatus};
use alloy_primitives::B256;
use async_trait::async_trait;
use futures::stream::BoxStream;
use lupu_light_client::Status;
use lupu_standard::{ChainId, ClientId, Height, Path, TimestampSecs};

/// A finalized block: our own light client accepted its header, rebuilt byte for byte and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Block number.
    pub height: Height,
    /// Block hash.
    pub hash: B256,
    /// Block time.
    pub timestamp: TimestampSecs,
}

/// A light client that a chain hosts and has bound to a counterparty.
#[derive(Clone, Debug)]
pub struct BoundClient {
    /// Its identifier on this chain.
    pub id: ClientId,
    /// Its type, for example `qbft`.
    pub client_type: String,
    /// The client on the other chain that stands for this one.
    pub counterparty: ClientId,
    /// The merkle prefix of the counterparty's store; EVM: one empty element.
    pub merkle_prefix: Vec<Vec<u8>>,
    /// Client state in the type's own encoding.
    pub state: Vec<u8>,
    /// Active, Expired or Frozen, by this chain's clock.
    pub status: Status,
    /// Newest height with a consensus state.
    pub latest_height: Height,
    /// Block time there.
    pub latest_timestamp: TimestampSecs,
    /// Where it lives on this chain, in the chain's own notation (EVM: contract address).
    pub location: String,
}

/// A chain that carries IBC v2 packets.
///
/// Reads answer for finalized blocks unless said otherwise. Nothing read here is trusted with
/// value: what matters is proven through a [`crate::Prover`] and verified before money is spent on it.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
    /// The chain's name in the configuration.
    fn id(&self) -> &ChainId;

    /// The newest finalized block.
    async fn finalized(&self) -> Result<Head, AdapterError>;

    /// Finalized blocks as they come; may skip some, never goes back. Survives endpoint failures
    /// (they appear as errors in the stream) and ends only when dropped.
    fn heads(&self) -> BoxStream<'static, Result<Head, AdapterError>>;

    /// All packet events of the router in the blocks `from..=to`, in order.
    async fn events(&self, from: Height, to: Height) -> Result<Vec<PacketEvent>, AdapterError>;

    /// The last sequence that `client` sent, proven in state at a finalized height.
    async fn last_sequence_sent(&self, client: &ClientId, at: Height) -> Result<u64, AdapterError>;

    /// Whether something is stored under each path at the newest block. Unproven: for planning.
    async fn is_stored(&self, paths: &[Path]) -> Result<Vec<bool>, AdapterError>;

    /// A client bound on this chain, or `None`.
    async fn client(&self, id: &ClientId) -> Result<Option<BoundClient>, AdapterError>;

    /// The preimage of the consensus state that a client stores at a height, checked against the
    /// stored hash.
    async fn consensus_state(&self, client: &ClientId, height: Height) -> Result<Option<Vec<u8>>, AdapterError>;

    /// The accounts that sign, in order of preference.
    fn accounts(&self) -> Vec<AccountId>;

    /// An account's balance in the smallest unit; `None` where transactions are free.
    async fn balance(&self, account: &AccountId) -> Result<Option<u128>, AdapterError>;

    /// The first nonce of an account that no included or pending transaction uses.
    async fn next_nonce(&self, account: &AccountId) -> Result<u64, AdapterError>;

    /// Runs the messages as one transaction on the newest state, without sending it.
    ///
    /// `Err` of kind [`crate::ErrorKind::Rejected`]: the transaction as a whole would fail, with the reason.
    async fn simulate(&self, account: &AccountId, messages: &[Message]) -> Result<Simulation, AdapterError>;

    /// Signs the messages as one transaction. Does not send it.
    async fn sign(
        &self,
        account: &AccountId,
        nonce: u64,
        gas_limit: u64,
        messages: &[Message],
    ) -> Result<SignedTransaction, AdapterError>;

    /// Sends a signed transaction; harmless if it was sent before.
    async fn broadcast(&self, transaction: &SignedTransaction) -> Result<(), AdapterError>;

    /// Where a signed transaction is.
    async fn transaction(&self, transaction: &SignedTransaction) -> Result<TransactionStatus, AdapterError>;

    /// The same transaction, same nonce, with a fee high enough to replace it.
    async fn replace(&self, transaction: &SignedTransaction) -> Result<SignedTransaction, AdapterError>;

    /// How many packets fit one transaction, as far as the chain's limits tell.
    fn max_packets_per_transaction(&self) -> usize;
}
