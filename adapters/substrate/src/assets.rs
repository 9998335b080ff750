//! The tokens of a chain: its native one, and those of the pallet `Assets`, vouchers among them.

use crate::{
    chain::SubstrateChain,
    wallet::{Receipt, Wallet},
};
use lupu_adapter::{AdapterError, ErrorKind};
use serde_json::{Value, json};
use subxt::{
    ext::{
        scale_decode::DecodeAsType,
        scale_encode::EncodeAsType,
        scale_value::{At, Value as ScaleValue},
    },
    utils::{AccountId32, MultiAddress},
};

/// A token, as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// For example `Demonstration e-CNY`; may be empty.
    pub name: String,
    /// For example `eCNY`; may be empty.
    pub symbol: String,
    /// Digits behind the point; `None` where nobody says.
    pub decimals: Option<u8>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Metadata {
    name: Vec<u8>,
    symbol: Vec<u8>,
    decimals: u8,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Create {
    id: u32,
    admin: MultiAddress<AccountId32, ()>,
    min_balance: u128,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SetMetadata {
    id: u32,
    name: Vec<u8>,
    symbol: Vec<u8>,
    decimals: u8,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Mint {
    id: u32,
    beneficiary: MultiAddress<AccountId32, ()>,
    amount: u128,
}

/// The native token as a node's `system_properties` describe it: the first, where there are several.
pub async fn native_info(chain: &SubstrateChain) -> Result<TokenInfo, AdapterError> {
    let read = |properties: Value| {
        let first = |name: &str| match properties.get(name) {
            Some(Value::Array(all)) => all.first().cloned(),
            other => other.cloned(),
        };
        let decimals = first("tokenDecimals").and_then(|v| v.as_u64()).and_then(|n| u8::try_from(n).ok());
        let symbol = first("tokenSymbol").and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Ok(TokenInfo { name: "native token".into(), symbol, decimals })
    };
    chain.endpoints.ask("system_properties", json!([]), read).await.map_err(|e| chain.fail(e))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An asset; `None` if there is none of that id. One without metadata has no decimals: its unit is
/// the smallest.
pub async fn asset_info(wallet: &Wallet, asset: u32) -> Result<Option<TokenInfo>, AdapterError> {
    let key = || vec![ScaleValue::u128(asset.into())];
    if wallet.chain().read::<ScaleValue>("Assets", "Asset", key()).await?.is_none() {
        return Ok(None);
    }
    let found: Option<Metadata> = wallet.chain().read("Assets", "Metadata", key()).await?;
    let none = Metadata { name: Vec::new(), symbol: Vec::new(), decimals: 0 };
    let Metadata { name, symbol, decimals } = found.unwrap_or(none);
    Ok(Some(TokenInfo { name: text(&name), symbol: text(&symbol), decimals: Some(decimals) }))
}

/// An account's balance of an asset of the pallet `Assets`, in its smallest unit, at the newest block.
pub async fn asset_balance(wallet: &Wallet, asset: u32, account: &[u8; 32]) -> Result<u128, AdapterError> {
    let keys = vec![ScaleValue::u128(asset.into()), ScaleValue::from_bytes(account)];
    let Some(found) = wallet.chain().read::<ScaleValue>("Assets", "Account", keys).await? else { return Ok(0) };
    let balance = found.at("balance").and_then(|b| b.as_u128());
    balance.ok_or_else(|| wallet.error(ErrorKind::Misconfigured, "Assets.Account has no balance"))
}

/// The lowest id from 1 that no asset has.
pub async fn free_asset_id(wallet: &Wallet) -> Result<u32, AdapterError> {
    const TRIED: u32 = 10_000;
    for id in 1..=TRIED {
        let key = vec![ScaleValue::u128(id.into())];
        if wallet.chain().read::<ScaleValue>("Assets", "Asset", key).await?.is_none() {
            return Ok(id);
        }
    }
    Err(wallet.error(ErrorKind::Rejected, format!("the first {TRIED} asset ids are taken")))
}

/// Creates an asset that the wallet owns and administers, and says what it is called.
pub async fn create_asset(wallet: &Wallet, asset: u32, info: &TokenInfo) -> Result<Receipt, AdapterError> {
    let admin = MultiAddress::Id(AccountId32(wallet.account()));
    wallet.call("Assets", "create", Create { id: asset, admin, min_balance: 1 }).await?;
    let named = SetMetadata {
        id: asset,
        name: info.name.clone().into_bytes(),
        symbol: info.symbol.clone().into_bytes(),
        decimals: info.decimals.unwrap_or_default(),
    };
    wallet.call("Assets", "set_metadata", named).await
}

/// Issues units of an asset; only its administrator can.
pub async fn mint_asset(wallet: &Wallet, asset: u32, to: [u8; 32], amount: u128) -> Result<Receipt, AdapterError> {
    let beneficiary = MultiAddress::Id(AccountId32(to));
    wallet.call("Assets", "mint", Mint { id: asset, beneficiary, amount }).await
}
