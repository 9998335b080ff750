//! What users ask of the applications: transfers and messages; vouchers.

use crate::{
    events::Happened,
    runtime::{CodecError, Runtime},
    wallet::{Receipt, Wallet},
};
use alloy_primitives::B256;
use lupu_adapter::{AdapterError, ErrorKind, PacketEventKind};
use lupu_standard::{ClientId, denom::voucher_id};
use subxt::ext::{
    scale_encode::{EncodeAsFields, EncodeAsType},
    scale_value::Value as ScaleValue,
};

pub use crate::assets::asset_balance;

/// The receiver of a message to a Substrate chain: the call in it says what is meant.
pub const MESSAGE_RECEIVER: &str = "runtime";

/// A packet that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its sequence.
    pub sequence: u64,
    /// The transaction.
    pub transaction: B256,
    /// The block.
    pub block: u64,
    /// Weight used by it, picoseconds.
    pub weight_used: u64,
}

/// A transfer to ask for.
#[derive(Clone, Debug)]
pub struct TransferRequest {
    /// The client here that stands for the destination.
    pub client: ClientId,
    /// `native`, `asset:<id>`, or the trace of a voucher.
    pub denom: String,
    /// In the smallest unit.
    pub amount: u128,
    /// On the destination, in its notation.
    pub receiver: String,
    /// UNIX seconds, by the destination's clock.
    pub timeout_timestamp: u64,
    /// Free text.
    pub memo: String,
}

/// A message to ask for.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// The client here that stands for the destination.
    pub client: ClientId,
    /// Whom to call there, in its notation.
    pub receiver: String,
    /// What to call it with.
    pub payload: Vec<u8>,
    /// Chooses one of the sender's accounts there.
    pub salt: Vec<u8>,
    /// UNIX seconds, by the destination's clock.
    pub timeout_timestamp: u64,
    /// Free text.
    pub memo: String,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Transfer {
    client: Vec<u8>,
    denom: Vec<u8>,
    amount: u128,
    receiver: Vec<u8>,
    timeout: u64,
    memo: Vec<u8>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SendCall {
    client: Vec<u8>,
    receiver: Vec<u8>,
    salt: Vec<u8>,
    payload: Vec<u8>,
    memo: Vec<u8>,
    timeout: u64,
}

fn sent(wallet: &Wallet, receipt: &Receipt) -> Result<Sent, AdapterError> {
    let sequence = receipt.events.iter().find_map(|event| match &event.happened {
        Happened::Packet(PacketEventKind::Sent, packet) => Some(packet.sequence.get()),
        _ => None,
    });
    let missing = || wallet.error(ErrorKind::Lied, format!("transaction {} shows no packet", receipt.hash));
    Ok(Sent {
        sequence: sequence.ok_or_else(missing)?,
        transaction: receipt.hash,
        block: receipt.block().0,
        weight_used: receipt.included.gas_used,
    })
}

/// Sends the native token, an asset or a voucher.
pub async fn transfer(wallet: &Wallet, request: TransferRequest) -> Result<Sent, AdapterError> {
    let arguments = Transfer {
        client: request.client.as_str().into(),
        denom: request.denom.into_bytes(),
        amount: request.amount,
        receiver: request.receiver.into_bytes(),
        timeout: request.timeout_timestamp,
        memo: request.memo.into_bytes(),
    };
    let receipt = wallet.call("IbcTransfer", "transfer", arguments).await?;
    sent(wallet, &receipt)
}

/// Sends a message.
pub async fn send_call(wallet: &Wallet, request: CallRequest) -> Result<Sent, AdapterError> {
    let arguments = SendCall {
        client: request.client.as_str().into(),
        receiver: request.receiver.into_bytes(),
        salt: request.salt,
        payload: request.payload,
        memo: request.memo.into_bytes(),
        timeout: request.timeout_timestamp,
    };
    let receipt = wallet.call("IbcGmp", "send_call", arguments).await?;
    sent(wallet, &receipt)
}

/// The payload of a message to a Substrate chain: what it is to call, for the runtime that it has
/// now. `transaction_version u32 LE ‖ SCALE call`.
pub fn call_payload<D: EncodeAsFields>(
    runtime: &Runtime,
    pallet: &str,
    call: &str,
    arguments: D,
) -> Result<Vec<u8>, CodecError> {
    let mut payload = runtime.version.transaction.to_le_bytes().to_vec();
    payload.extend(runtime.call(pallet, call, arguments)?);
    Ok(payload)
}

/// The asset that stands for a denomination trace here; `None` before the first unit arrived.
pub async fn voucher(wallet: &Wallet, trace: &str) -> Result<Option<u32>, AdapterError> {
    let key = ScaleValue::from_bytes(voucher_id(trace));
    wallet.chain().read("IbcTransfer", "Vouchers", vec![key]).await
}

/// The denomination trace that an asset here stands for, if it is a voucher.
pub async fn trace(wallet: &Wallet, asset: u32) -> Result<Option<String>, AdapterError> {
    let key = ScaleValue::u128(asset.into());
    let found: Option<Vec<u8>> = wallet.chain().read("IbcTransfer", "Traces", vec![key]).await?;
    let text = |bytes| String::from_utf8(bytes).map_err(|e| wallet.error(ErrorKind::Misconfigured, e.to_string()));
    found.map(text).transpose()
}
