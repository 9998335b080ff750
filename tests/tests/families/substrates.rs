//! Two Substrate chains, each verifying the other by GRANDPA in a pallet, and the relayer between
//! them: the same route as between families, with the other client.

use crate::{end, route::seed};
use lupu_adapter::ClientParameters;
use lupu_relayer::{
    config::{Anchor, ClientConfig, Config, ConfigFile},
    engine::Engine,
    setup::{self, Connected},
    store::Store,
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{
    Endpoints, Key, Source, Wallet, governance, propose_anchor,
    send::{self, CallRequest, TransferRequest},
};
use lupu_substrate_devnet::{Devnet, runtime::IbcGmp};
use std::{path::Path, sync::Arc, time::Duration};
use subxt::ext::scale_value::{At, Value};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

const BLOCK: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);
const HOME: [u8; 32] = [0x51; 32];

struct Side {
    id: ChainId,
    devnet: Devnet,
    seen: Connected,
    /// Alice, who governs.
    wallet: Wallet,
    /// The client here that stands for the other chain.
    client: ClientId,
}

fn id(name: &str) -> ChainId {
    ChainId::new(name).unwrap()
}

async fn devnet(name: &str) -> Devnet {
    Devnet::builder().name(name).block_time(BLOCK).session_length(20).start().await.unwrap()
}

fn text(devnets: [&Devnet; 2]) -> String {
    let mut text = "[relayer]\nstore = \"store.sqlite\"\n[relayer.batch]\nmax_wait_ms = 100\n".to_owned();
    for devnet in devnets {
        text += &format!(
            "[chains.{}]\nfamily = \"substrate\"\ngenesis = \"{:?}\"\nws = [{:?}]\n",
            devnet.name(),
            devnet.genesis_hash(),
            devnet.ws_url(0)
        );
    }
    text
}

async fn anchor(devnet: &Devnet) -> Anchor {
    while devnet.chain().finalized() < 2 {
        tokio::time::sleep(BLOCK).await;
    }
    let endpoints = Endpoints::new(devnet.name(), &[devnet.ws_url(0)], Duration::from_secs(10)).unwrap();
    let found = propose_anchor(&Source::new(Arc::new(endpoints)), None).await.unwrap();
    Anchor { height: Height(found.height), hash: found.hash }
}

/// A client of `of` on `on`, created and bound.
async fn client(config: &Config, on: &Side, of: &Side) -> ClientConfig {
    let (host, tracked) = (config.chain(&on.id).unwrap(), config.chain(&of.id).unwrap());
    let prover = of.seen.prover_for(host);
    assert_eq!(prover.client_type(), "grandpa");
    let at = prover.provable_height().await.unwrap();
    let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
    let created = governance::CreateClient {
        id: on.client.clone(),
        client_type: prover.client_type().into(),
        state: initial.state,
        consensus_state: initial.consensus_state,
    };
    governance::create_client(&on.wallet, &created).await.unwrap();
    let merkle_prefix = setup::merkle_prefix(tracked);
    let binding = governance::BindClient { id: on.client.clone(), counterparty: of.client.clone(), merkle_prefix };
    governance::bind_client(&on.wallet, &binding).await.unwrap();
    ClientConfig {
        id: on.client.clone(),
        on: on.id.clone(),
        of: of.id.clone(),
        counterparty: of.client.clone(),
        light_client: None,
        bound: true,
        parameters: ClientParameters::default(),
    }
}

async fn side(config: &Config, devnet: Devnet, client: &str) -> Side {
    let id = id(devnet.name());
    let seen = setup::connect(config, setup::chain(config, &id).unwrap(), Vec::new()).await.unwrap();
    let alice = Key::from_uri(&Zeroizing::new("//Alice".into())).unwrap();
    let wallet = Wallet::new(seen.substrate().unwrap().clone(), alice);
    Side { id, devnet, seen, wallet, client: ClientId::new(client).unwrap() }
}

async fn bound(path: &Path, customs: Devnet, port: Devnet) -> (Config, Side, Side) {
    ConfigFile::create(path, &text([&customs, &port])).unwrap();
    let mut file = ConfigFile::open(path).unwrap();
    for devnet in [&customs, &port] {
        file.set_anchor(&id(devnet.name()), &anchor(devnet).await).unwrap();
    }
    file.save().unwrap();
    let config = Config::load(path).unwrap();
    let (customs, port) =
        (side(&config, customs, "customs.grandpa-port").await, side(&config, port, "port.grandpa-customs").await);
    let (a, b) = tokio::join!(client(&config, &customs, &port), client(&config, &port, &customs));
    file.put_client(&a);
    file.put_client(&b);
    file.save().unwrap();
    (Config::load(path).unwrap(), customs, port)
}

async fn relay(config: &Config, sides: [&Side; 2], token: CancellationToken) {
    let mut chains = Vec::new();
    for side in sides {
        let chain = setup::chain(config, &side.id).unwrap();
        chains.push(setup::connect(config, chain, vec![seed("//Bob")]).await.unwrap().for_engine());
    }
    let store = Store::open(&config.relayer.store).await.unwrap();
    let engine = Engine::new(setup::engine_config(config), store, chains, setup::routes(config)).unwrap();
    tokio::spawn(engine.run(token));
}

fn order(from: &Side, to: &Side, denom: &str, amount: u128, receiver: [u8; 32]) -> TransferRequest {
    TransferRequest {
        client: from.client.clone(),
        denom: denom.into(),
        amount,
        receiver: format!("0x{}", hex::encode(receiver)),
        timeout_timestamp: to.devnet.head().timestamp_ms / 1_000 + 3_600,
        memo: String::new(),
    }
}

/// The native token goes to another runtime and home, a call is made there, and all of it goes on
/// after the validators of the one have handed over to others.
#[tokio::test(flavor = "multi_thread")]
async fn grandpa_proves_one_runtime_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let (customs, port) = tokio::join!(devnet("customs"), devnet("port"));
    let (config, customs, port) = bound(&folder.path().join("lupu.toml"), customs, port).await;
    let token = CancellationToken::new();
    relay(&config, [&customs, &port], token.clone()).await;

    let sent =
        send::transfer(&customs.wallet, order(&customs, &port, "native", 7_000_000_000_000, port.wallet.account()));
    let sequence = sent.await.unwrap().sequence;
    end::reached(customs.seen.chain(), &customs.client, sequence, "acknowledged", PATIENCE).await;
    let trace = format!("transfer/{}/native", port.client);
    let asset = send::voucher(&port.wallet, &trace).await.unwrap().expect("a voucher of the native token");
    let balance = async || send::asset_balance(&port.wallet, asset, &port.wallet.account()).await.unwrap();
    assert_eq!(balance().await, 7_000_000_000_000);

    let members: Vec<_> = customs.devnet.authorities().iter().skip(1).take(3).map(|a| a.account.clone()).collect();
    customs.devnet.rotate(&members).await.unwrap();

    let back = order(&port, &customs, &trace, 5_000_000_000_000, HOME);
    let sequence = send::transfer(&port.wallet, back).await.unwrap().sequence;
    end::reached(port.seen.chain(), &port.client, sequence, "acknowledged", PATIENCE).await;
    assert_eq!(balance().await, 2_000_000_000_000);
    let account = lupu_substrate::keys::account_id(&HOME);
    let chain = customs.seen.substrate().unwrap();
    assert_eq!(chain.free_balance(&account).await.unwrap(), 5_000_000_000_000, "released from escrow");

    let runtime = chain.runtime().await.unwrap();
    let arguments =
        governance::named([("reference", Value::from_bytes("PORT-1")), ("remark", Value::from_bytes("seal broken"))]);
    let request = CallRequest {
        client: port.client.clone(),
        receiver: "runtime".into(),
        payload: send::call_payload(&runtime, "CustomsRegistry", "record_inspection", arguments).unwrap(),
        salt: Vec::new(),
        timeout_timestamp: customs.devnet.head().timestamp_ms / 1_000 + 3_600,
        memo: String::new(),
    };
    let sequence = send::send_call(&port.wallet, request).await.unwrap().sequence;
    end::reached(port.seen.chain(), &port.client, sequence, "acknowledged", PATIENCE).await;
    let keys = vec![Value::from_bytes("PORT-1")];
    let found: Option<Value> = chain.read("CustomsRegistry", "Inspections", keys).await.unwrap();
    let sender = lupu_substrate::keys::account_id(&port.wallet.account()).0;
    let acting = IbcGmp::account(customs.client.as_str().as_bytes(), sender.as_bytes(), &[]);
    let acting: &[u8; 32] = acting.as_ref();
    let ordered_by = found.expect("an inspection").at("ordered_by").map(ToString::to_string).unwrap();
    let expected: Vec<_> = acting.iter().map(ToString::to_string).collect();
    assert!(ordered_by.contains(&expected.join(", ")), "{ordered_by}");

    let nowhere = order(&port, &customs, &trace, 1_000_000_000_000, HOME);
    let nowhere = TransferRequest { receiver: "nobody".into(), ..nowhere };
    let sequence = send::transfer(&port.wallet, nowhere).await.unwrap().sequence;
    end::reached(port.seen.chain(), &port.client, sequence, "refused", PATIENCE).await;
    assert_eq!(balance().await, 2_000_000_000_000, "what is refused is given back");
    token.cancel();
}
