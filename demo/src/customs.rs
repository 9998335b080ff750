//! The Substrate chain of the story, the people on it, and what they ask of other chains.

use anyhow::{Context, Result};
use lupu_standard::{ChainId, ClientId};
use lupu_substrate::{
    Wallet, governance,
    keys::account_id,
    send::{self, CallRequest, TransferRequest},
};
use lupu_substrate_devnet::{
    Devnet,
    runtime::{AccountId, IbcGmp, IbcTransfer},
};
use std::collections::BTreeMap;
use subxt::ext::scale_value::{At, Value};

/// A chain whose runtime has the IBC pallets.
pub struct Customs {
    /// Its name.
    pub id: ChainId,
    /// The embedded chain.
    pub devnet: Devnet,
    /// Who lives there; each acts alone, so that nonces are in order.
    pub people: Vec<Wallet>,
    /// Who signs for the relayer there.
    pub relayers: Vec<[u8; 32]>,
    /// The clients here, by the chain they stand for.
    pub clients: BTreeMap<ChainId, ClientId>,
}

/// A transfer to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// `native`, or the trace of a voucher.
    pub denom: &'a str,
    /// In its smallest unit.
    pub amount: u128,
    /// The receiver, as the destination writes it.
    pub to: &'a str,
    /// Seconds until it is too late.
    pub seconds: u64,
}

/// An account as payloads spell it.
pub fn text(account: &[u8; 32]) -> String {
    account_id(account).0
}

/// The destination's accounts of a call that names them.
fn address(account: &[u8; 32]) -> Value {
    Value::unnamed_variant("Id", [Value::from_bytes(account)])
}

impl Customs {
    /// Somebody who lives here.
    pub fn person(&self, index: usize) -> Result<&Wallet> {
        self.people.get(index).with_context(|| format!("fewer than {} people on {}", index + 1, self.id))
    }

    /// The client here that stands for another chain.
    pub fn client(&self, of: &ChainId) -> Result<&ClientId> {
        self.clients.get(of).with_context(|| format!("{} has no client of {of}", self.id))
    }

    /// Time of the newest block, seconds.
    pub fn time(&self) -> u64 {
        self.devnet.head().timestamp_ms / 1_000
    }

    /// Asks for a transfer. Returns its sequence.
    pub async fn transfer(&self, who: &Wallet, to: &ChainId, order: Order<'_>) -> Result<u64> {
        let request = TransferRequest {
            client: self.client(to)?.clone(),
            denom: order.denom.to_owned(),
            amount: order.amount,
            receiver: order.to.to_owned(),
            timeout_timestamp: self.time() + order.seconds,
            memo: String::new(),
        };
        Ok(send::transfer(who, request).await?.sequence)
    }

    /// Sends a message to a contract of another chain. Returns its sequence.
    pub async fn message(&self, who: &Wallet, to: &ChainId, receiver: &str, payload: Vec<u8>) -> Result<u64> {
        let request = CallRequest {
            client: self.client(to)?.clone(),
            receiver: receiver.to_owned(),
            payload,
            salt: Vec::new(),
            timeout_timestamp: self.time() + crate::scenes::HOUR,
            memo: String::new(),
        };
        Ok(send::send_call(who, request).await?.sequence)
    }

    /// The payload of a message that orders an inspection here.
    pub async fn inspection_order(&self, reference: &str, remark: &str) -> Result<Vec<u8>> {
        let runtime = self.person(0)?.chain().runtime().await?;
        let arguments =
            governance::named([("reference", Value::from_bytes(reference)), ("remark", Value::from_bytes(remark))]);
        Ok(send::call_payload(&runtime, "CustomsRegistry", "record_inspection", arguments)?)
    }

    /// Who ordered the inspection of a consignment, if anybody did.
    pub async fn inspection_of(&self, reference: &str) -> Result<Option<[u8; 32]>> {
        let keys = vec![Value::from_bytes(reference)];
        let Some(found) = self.person(0)?.chain().read::<Value>("CustomsRegistry", "Inspections", keys).await? else {
            return Ok(None);
        };
        let ordered_by = found.at("ordered_by").context("an inspection that nobody ordered")?;
        Ok(Some(bytes(ordered_by).context("ordered by no account")?))
    }

    /// The account here that acts for a sender on another chain.
    pub fn account_of(&self, of: &ChainId, sender: &str) -> Result<[u8; 32]> {
        Ok(IbcGmp::account(self.client(of)?.as_str().as_bytes(), sender.as_bytes(), &[]).into())
    }

    /// The asset that stands for a full trace here, once there is one.
    pub async fn voucher(&self, trace: &str) -> Result<Option<u32>> {
        Ok(send::voucher(self.person(0)?, trace).await?)
    }

    /// What an account has of a voucher.
    pub async fn balance(&self, trace: &str, account: &[u8; 32]) -> Result<u128> {
        match self.voucher(trace).await? {
            Some(asset) => Ok(send::asset_balance(self.person(0)?, asset, account).await?),
            None => Ok(0),
        }
    }

    /// Pays in vouchers, to somebody here.
    pub async fn pay(&self, who: &Wallet, trace: &str, amount: u128, to: &[u8; 32]) -> Result<()> {
        let asset = self.voucher(trace).await?.with_context(|| format!("no voucher of {trace}"))?;
        let arguments = governance::named([
            ("id", Value::u128(asset.into())),
            ("target", address(to)),
            ("amount", Value::u128(amount)),
        ]);
        who.call("Assets", "transfer", arguments).await?;
        Ok(())
    }

    /// What is accounted as escrowed towards another chain.
    pub async fn escrowed(&self, towards: &ChainId, denom: &str) -> Result<u128> {
        let token = match self.asset(denom).await? {
            Some(asset) => Value::unnamed_variant("Asset", [Value::u128(asset.into())]),
            None if denom == "native" => Value::unnamed_variant("Native", []),
            None => return Ok(0),
        };
        let keys = vec![Value::from_bytes(self.client(towards)?.as_str()), token];
        Ok(self.person(0)?.chain().read("IbcTransfer", "Escrowed", keys).await?.unwrap_or(0))
    }

    /// What the escrow account towards another chain really has.
    pub async fn held(&self, towards: &ChainId, denom: &str) -> Result<u128> {
        let account: AccountId = IbcTransfer::escrow_account(self.client(towards)?);
        let account: [u8; 32] = account.into();
        match self.asset(denom).await? {
            Some(asset) => Ok(send::asset_balance(self.person(0)?, asset, &account).await?),
            None if denom == "native" => Ok(self.person(0)?.chain().free_balance(&account_id(&account)).await?),
            None => Ok(0),
        }
    }

    /// How many vouchers of a full trace there are.
    pub async fn supply(&self, trace: &str) -> Result<u128> {
        let Some(asset) = self.voucher(trace).await? else { return Ok(0) };
        let keys = vec![Value::u128(asset.into())];
        Ok(self.person(0)?.chain().read("IbcTransfer", "Supply", keys).await?.unwrap_or(0))
    }

    async fn asset(&self, denom: &str) -> Result<Option<u32>> {
        match denom.strip_prefix("asset:") {
            Some(id) => Ok(Some(id.parse()?)),
            None => self.voucher(denom).await,
        }
    }
}

/// The 32 bytes of an account in a decoded value: a list of numbers, however deep.
fn bytes<T>(value: &Value<T>) -> Option<[u8; 32]> {
    let mut value = value;
    while let (Some(inner), None) = (value.at(0), value.at(1)) {
        value = inner;
    }
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::try_from(value.at(i)?.as_u128()?).ok()?;
    }
    Some(out)
}
