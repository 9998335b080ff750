//! Many packets at once between the families, while validators change or a block is too small.

use crate::{
    flight::{Flight, by_block, most_at_once},
    hex_account,
    route::{Route, Setting},
};
use alloy::primitives::{Address, U256};
use codec::Decode;
use lupu_demo::{
    abi::{Gmp, SendCallMsg, SendTransferMsg, Token, Transfer},
    wallet::{self, sent_sequence},
};
use lupu_evm::send as evm;
use lupu_substrate::{governance::named, send as substrate};
use lupu_substrate_devnet::runtime::{RuntimeCall, keys::DevKeys};
use std::time::Duration;
use subxt::{
    ext::scale_value::Value,
    rpcs::{RpcClient, client::rpc_params},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Receives on customs.
const RECEIVER: [u8; 32] = [0x42; 32];
/// Of the native token, in each transfer.
const AMOUNT: u128 = 1_000_000_000_000;
/// Work that a block of the runtime has for transactions, picoseconds.
const BLOCK_WEIGHT: u64 = 1_500_000_000_000;

impl Route {
    fn sender(&self) -> wallet::Wallet {
        let url = self.bank.devnet.http_url(0);
        wallet::Wallet::new("bank", &url, self.owner()).unwrap()
    }

    fn sent_by_bank(&self, sequences: impl IntoIterator<Item = u64>) -> Flight {
        Flight {
            client: self.on_bank.clone(),
            sequences: sequences.into_iter().collect(),
            from: self.bank.seen.chain(),
            to: self.customs.seen.chain(),
        }
    }

    /// A token of bank of which the owner has this much and the application may take it.
    async fn token(&self, minted: u64) -> Address {
        let token = evm::create_demo_token(&self.bank.wallet).await.unwrap();
        evm::mint(&self.bank.wallet, token, self.bank.wallet.address(), U256::from(minted)).await.unwrap();
        let (spender, amount) = (self.bank.contracts.transfer, U256::from(minted));
        self.bank.wallet.call(token, Token::approveCall { spender, amount }).await.unwrap();
        token
    }

    /// So many transfers of one unit of a token to [`RECEIVER`].
    async fn units(&self, token: Address, count: usize) -> Flight {
        let message = SendTransferMsg {
            denom: token,
            amount: U256::from(1),
            receiver: hex_account(RECEIVER),
            sourceClient: self.on_bank.to_string(),
            destPort: "transfer".into(),
            timeoutTimestamp: self.timeout().await,
            memo: String::new(),
        };
        let calls = vec![Transfer::sendTransferCall { msg_: message }; count];
        let receipts = self.sender().send_all(self.bank.contracts.transfer, calls).await.unwrap();
        self.sent_by_bank(receipts.iter().map(|r| sent_sequence(r).unwrap()))
    }

    /// So many orders of an inspection; the call of each may take a tenth of a second.
    async fn orders(&self, count: usize) -> Flight {
        let runtime = self.customs.seen.substrate().unwrap().runtime().await.unwrap();
        let timeout = self.timeout().await;
        let order = |i: usize| {
            let reference = format!("BANK-{i}");
            let arguments = named([
                ("reference", Value::from_bytes(reference)),
                ("remark", Value::from_bytes("count the containers")),
            ]);
            let payload = substrate::call_payload(&runtime, "CustomsRegistry", "record_inspection", arguments);
            let message = SendCallMsg {
                sourceClient: self.on_bank.to_string(),
                receiver: substrate::MESSAGE_RECEIVER.into(),
                salt: Default::default(),
                payload: payload.unwrap().into(),
                timeoutTimestamp: timeout,
                memo: String::new(),
            };
            Gmp::sendCallCall { msg_: message }
        };
        let receipts = self.sender().send_all(self.bank.contracts.gmp, (0..count).map(order).collect()).await.unwrap();
        self.sent_by_bank(receipts.iter().map(|r| sent_sequence(r).unwrap()))
    }

    /// So many transfers of the native token, all of which wait in the pool together.
    async fn natives(&self, count: u64) -> Flight {
        let customs = self.customs.seen.chain();
        let runtime = self.customs.seen.substrate().unwrap().runtime().await.unwrap();
        let arguments = named([
            ("client", Value::from_bytes(self.on_customs.as_str())),
            ("denom", Value::from_bytes("native")),
            ("amount", Value::u128(AMOUNT)),
            ("receiver", Value::from_bytes(format!("{:#x}", self.bank.wallet.address()))),
            ("timeout", Value::u128(self.timeout().await.into())),
            ("memo", Value::from_bytes("")),
        ]);
        let call = runtime.call("IbcTransfer", "transfer", arguments).unwrap();
        let call = RuntimeCall::decode(&mut &call[..]).unwrap();
        let node = RpcClient::from_insecure_url(self.customs.devnet.ws_url(0)).await.unwrap();
        let before = customs.last_sequence_sent(&self.on_customs, customs.finalized().await.unwrap().height);
        let before = before.await.unwrap();
        for _ in 0..count {
            let raw = self.customs.devnet.sign(&DevKeys::default().account("Alice"), call.clone()).unwrap();
            let params = rpc_params![format!("0x{}", hex::encode(raw))];
            node.request::<String>("author_submitExtrinsic", params).await.unwrap();
        }
        let sequences = before + 1..=before + count;
        let start = std::time::Instant::now();
        while {
            let head = customs.finalized().await.unwrap().height;
            customs.last_sequence_sent(&self.on_customs, head).await.unwrap() < before + count
        } {
            assert!(start.elapsed() < PATIENCE, "the pool keeps transfers");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Flight {
            client: self.on_customs.clone(),
            sequences: sequences.collect(),
            from: customs,
            to: self.bank.seen.chain(),
        }
    }

    /// Nothing is on its way: what is escrowed on each side is what vouchers on the other stand for.
    /// Returns both supplies: of the token on customs, of the native token on bank.
    async fn conserved(&self, token: Address) -> (u128, u128) {
        let (bank, app) = (&self.bank.wallet, self.bank.contracts.transfer);
        let escrowed = Transfer::escrowedCall { clientId: self.on_bank.to_string(), token };
        let escrowed: u128 = bank.read(app, escrowed).await.unwrap().to();
        assert!(evm::balance_of(bank, token, app).await.unwrap() >= U256::from(escrowed));
        let trace = format!("transfer/{}/{token:#x}", self.on_customs);
        let chain = self.customs.seen.substrate().unwrap();
        let vouchers = match substrate::voucher(&self.customs.wallet, &trace).await.unwrap() {
            Some(asset) => chain.read("IbcTransfer", "Supply", vec![Value::u128(asset.into())]).await.unwrap(),
            None => None,
        };
        assert_eq!(vouchers.unwrap_or(0), escrowed, "the token");

        let key = vec![Value::from_bytes(self.on_customs.as_str()), Value::unnamed_variant("Native", [])];
        let held: Option<u128> = chain.read("IbcTransfer", "Escrowed", key).await.unwrap();
        let trace = format!("transfer/{}/native", self.on_bank);
        let native = match evm::voucher(bank, app, &trace).await.unwrap() {
            Some(voucher) => bank.read(voucher, Token::totalSupplyCall {}).await.unwrap().to(),
            None => 0_u128,
        };
        assert_eq!(native, held.unwrap_or(0), "the native token");
        (escrowed, native)
    }
}

/// Packets both ways in transactions of two; in the middle of them the runtime's validators hand
/// over to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_changes_its_validators_in_the_middle_of_a_batch() {
    let route = Route::with(Setting { max_packets: 2, ..Setting::default() }).await;
    let token = route.token(1_000).await;
    let paused = route.pause().await;
    let (there, back) = tokio::join!(route.units(token, 24), route.natives(24));
    paused.resume().await;
    tokio::join!(there.begun(PATIENCE), back.begun(PATIENCE));

    let (customs, head) = (&route.customs.devnet, route.customs.devnet.head().number());
    let before = customs.chain().beefy_set(head);
    let members: Vec<_> = customs.authorities().iter().skip(2).take(3).map(|a| a.account.clone()).collect();
    let first = customs.rotate(&members).await.unwrap().number();
    let after = customs.chain().beefy_set(first);
    assert_eq!((before.len(), after.len()), (4, 3));
    assert!(there.open().await > 0 && back.open().await > 0, "all settled before the validators changed");

    tokio::join!(there.settled(PATIENCE), back.settled(PATIENCE));
    let client = route.bank.seen.chain().client(&route.on_bank).await.unwrap().unwrap();
    let trusted = lupu_beefy::ClientState::decode(&client.state).unwrap().current;
    assert!(trusted.id >= after.id(), "the client is at set {}, the change is to {}", trusted.id, after.id());
    assert_eq!(trusted.len, 3);
    assert_eq!(route.conserved(token).await, (24, 24 * AMOUNT));
    route.stop().await;
}

/// The same when the EVM chain goes from four validators to three: seals of several of its nodes
/// are joined on the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_chain_loses_a_validator_in_the_middle_of_a_batch() {
    let route = Route::with(Setting { max_packets: 2, bank_nodes: 3 }).await;
    let token = route.token(1_000).await;
    let paused = route.pause().await;
    let (there, back) = tokio::join!(route.units(token, 24), route.natives(24));
    let bank = &route.bank.devnet;
    assert_eq!(bank.validators().len(), 4);
    paused.resume().await;
    tokio::join!(there.begun(PATIENCE), back.begun(PATIENCE));
    bank.vote_out(bank.validators()[0]);
    while bank.validators().len() != 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let changed = bank.head().header.number;
    assert!(there.open().await > 0 && back.open().await > 0, "all settled before the validators changed");

    tokio::join!(there.settled(PATIENCE), back.settled(PATIENCE));
    let client = route.customs.seen.chain().client(&route.on_customs).await.unwrap().unwrap();
    assert!(client.latest_height.0 > changed, "the client is at {}, before the change", client.latest_height);
    assert_eq!(route.conserved(token).await, (24, 24 * AMOUNT));
    route.stop().await;
}

/// More than one transaction and one block of the runtime can take, by weight: the relayer may put
/// everything into one transaction and finds that it has to split.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_block_has_no_weight_for_is_split() {
    let route = Route::with(Setting { max_packets: 1_000, ..Setting::default() }).await;
    let token = route.token(1_000).await;

    // Orders are few and heavy: fifteen fill a block, if nothing else is in it.
    let paused = route.pause().await;
    let orders = route.orders(20).await;
    paused.resume().await;
    orders.settled(PATIENCE).await;
    let received = orders.received().await;
    let blocks = by_block(&received);
    println!("orders in a block: {blocks:?}, in a transaction: {}", most_at_once(&received));
    let call = 100_000_000_000;
    assert!(20 * call > BLOCK_WEIGHT && blocks.values().all(|n| *n as u64 * call <= BLOCK_WEIGHT), "{blocks:?}");

    // Transfers are many and light. A message holds up to 256.
    let paused = route.pause().await;
    let transfers = route.units(token, 250).await;
    paused.resume().await;
    transfers.settled(PATIENCE).await;
    let received = transfers.received().await;
    let (blocks, most) = (by_block(&received), most_at_once(&received));
    println!("transfers in a block: {blocks:?}, in a transaction: {most}");
    assert!(blocks.len() > 1 && most < 250, "{blocks:?}");
    assert_eq!(route.voucher_balance(token, RECEIVER).await, 250);
    assert_eq!(route.conserved(token).await, (250, 0));
    route.stop().await;
}
