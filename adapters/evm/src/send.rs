//! What users ask of the applications: transfers and messages; and tokens.

use crate::{
    abi::{IERC20, IGmp, IRouter, ITransfer},
    artifacts::{Contract, init_code},
    deploy::TRANSFER_PORT,
    logs,
    wallet::{Receipt, Wallet},
};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolValue,
};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_standard::ClientId;

/// A packet that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its sequence.
    pub sequence: u64,
    /// The transaction.
    pub transaction: B256,
    /// The block.
    pub block: u64,
    /// Gas used by it.
    pub gas_used: u64,
}

/// A transfer to ask for.
#[derive(Clone, Debug)]
pub struct TransferRequest {
    /// The client here that stands for the destination.
    pub client: ClientId,
    /// The token here.
    pub token: Address,
    /// In the token's smallest unit.
    pub amount: U256,
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
    /// The contract to call there, 0x and 40 hex digits.
    pub receiver: String,
    /// Calldata.
    pub payload: Bytes,
    /// Chooses one of the sender's accounts there.
    pub salt: Bytes,
    /// UNIX seconds, by the destination's clock.
    pub timeout_timestamp: u64,
    /// Free text.
    pub memo: String,
}

fn sent(wallet: &Wallet, receipt: &Receipt) -> Result<Sent, AdapterError> {
    let sequence = receipt.logs.iter().find_map(|log| logs::event::<IRouter::SendPacket>(log).ok());
    let sequence = sequence.map(|e| e.packet.sequence);
    let missing = || wallet.error(ErrorKind::Lied, format!("transaction {} shows no packet", receipt.hash));
    Ok(Sent {
        sequence: sequence.ok_or_else(missing)?,
        transaction: receipt.hash,
        block: receipt.block,
        gas_used: receipt.gas_used,
    })
}

/// Sends tokens, after an approval if one is needed.
pub async fn transfer(wallet: &Wallet, app: Address, request: TransferRequest) -> Result<Sent, AdapterError> {
    let call = ITransfer::sendTransferCall {
        msg_: ITransfer::SendTransferMsg {
            denom: request.token,
            amount: request.amount,
            receiver: request.receiver,
            sourceClient: request.client.to_string(),
            destPort: TRANSFER_PORT.into(),
            timeoutTimestamp: request.timeout_timestamp,
            memo: request.memo,
        },
    };
    let allowance = IERC20::allowanceCall { owner: wallet.address(), spender: app };
    let allowed = wallet.read(request.token, allowance).await?;
    // A voucher that goes home is burned and needs no approval.
    if allowed < request.amount && wallet.would_fail(app, &call).await?.is_some() {
        let held = balance_of(wallet, request.token, wallet.address()).await?;
        if held < request.amount {
            let message =
                format!("{} holds {held} of token {}, not {}", wallet.address(), request.token, request.amount);
            return Err(wallet.error(ErrorKind::Funds, message));
        }
        wallet.call(request.token, IERC20::approveCall { spender: app, amount: request.amount }).await?;
    }
    let receipt = wallet.call(app, call).await?;
    sent(wallet, &receipt)
}

/// Sends a message.
pub async fn send_call(wallet: &Wallet, app: Address, request: CallRequest) -> Result<Sent, AdapterError> {
    let call = IGmp::sendCallCall {
        msg_: IGmp::SendCallMsg {
            sourceClient: request.client.to_string(),
            receiver: request.receiver,
            salt: request.salt,
            payload: request.payload,
            timeoutTimestamp: request.timeout_timestamp,
            memo: request.memo,
        },
    };
    let receipt = wallet.call(app, call).await?;
    sent(wallet, &receipt)
}

/// A token, as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// For example `Demonstration e-CNY`.
    pub name: String,
    /// For example `eCNY`.
    pub symbol: String,
    /// Digits behind the point.
    pub decimals: u8,
}

/// What a token says of itself.
pub async fn token_info(wallet: &Wallet, token: Address) -> Result<TokenInfo, AdapterError> {
    Ok(TokenInfo {
        name: wallet.read(token, IERC20::nameCall {}).await?,
        symbol: wallet.read(token, IERC20::symbolCall {}).await?,
        decimals: wallet.read(token, IERC20::decimalsCall {}).await?,
    })
}

/// An account's balance of a token, in its smallest unit.
pub async fn balance_of(wallet: &Wallet, token: Address, account: Address) -> Result<U256, AdapterError> {
    wallet.read(token, IERC20::balanceOfCall { account }).await
}

/// The token that stands for a denomination trace here, if it exists.
pub async fn voucher(wallet: &Wallet, app: Address, trace: &str) -> Result<Option<Address>, AdapterError> {
    let found = wallet.read(app, ITransfer::voucherCall { denomTrace: trace.into() }).await?;
    Ok((!found.is_zero()).then_some(found))
}

/// Creates a token for demonstrations, issued by the wallet.
pub async fn create_demo_token(wallet: &Wallet) -> Result<Address, AdapterError> {
    wallet.create(init_code(Contract::DemoToken, &wallet.address().abi_encode()), "demonstration token").await
}

/// Issues units of a demonstration token; only its creator can.
pub async fn mint(wallet: &Wallet, token: Address, to: Address, amount: U256) -> Result<Receipt, AdapterError> {
    wallet.call(token, IERC20::mintCall { to, amount }).await
}
