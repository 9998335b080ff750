//! The same between two Substrate chains, each proven to the other's runtime by GRANDPA.

use alloy::signers::local::PrivateKeySigner;
use lupu_adapter::ClientParameters;
use lupu_proof::Kind;
use lupu_relayer::{
    config::{Anchor, ClientConfig, Config, ConfigFile},
    engine::Engine,
    packet::State,
    proof::{Source, Wanted},
    setup::{self, Connected},
    store::Store,
};
use lupu_standard::{ChainId, ClientId, Height};
use lupu_substrate::{
    Endpoints, Key, Source as Nodes, Wallet, governance, propose_anchor,
    send::{self, CallRequest, TransferRequest},
};
use lupu_substrate_devnet::Devnet;
use lupu_tests::proofs::{Seen, all_rows, assert_missing, covered};
use std::{
    path::Path,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};
use subxt::ext::scale_value::Value;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

const BLOCK: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(40);
const UNIT: u128 = 1_000_000_000_000;
/// Seconds that the packet lives that shall time out.
const LIFE: u64 = 4;
/// The seed of //Bob, who relays.
const BOB: &str = "398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89";

struct Side {
    id: ChainId,
    devnet: Devnet,
    seen: Connected,
    /// Alice, who governs.
    wallet: Wallet,
    /// The client here that stands for the other chain.
    client: ClientId,
}

impl Side {
    fn time(&self) -> u64 {
        self.devnet.head().timestamp_ms / 1_000
    }

    async fn transfer(&self, to: &Side, denom: &str, receiver: &str, seconds: u64) -> u64 {
        let request = TransferRequest {
            client: self.client.clone(),
            denom: denom.into(),
            amount: UNIT,
            receiver: receiver.into(),
            timeout_timestamp: to.time() + seconds,
            memo: String::new(),
        };
        send::transfer(&self.wallet, request).await.unwrap().sequence
    }

    async fn call(&self, to: &Side) -> u64 {
        let runtime = to.seen.substrate().unwrap().runtime().await.unwrap();
        let arguments =
            governance::named([("reference", Value::from_bytes("PORT-2")), ("remark", Value::from_bytes("opened"))]);
        let request = CallRequest {
            client: self.client.clone(),
            receiver: "runtime".into(),
            payload: send::call_payload(&runtime, "CustomsRegistry", "record_inspection", arguments).unwrap(),
            salt: Vec::new(),
            timeout_timestamp: to.time() + 3_600,
            memo: String::new(),
        };
        send::send_call(&self.wallet, request).await.unwrap().sequence
    }

    async fn side(config: &Config, devnet: Devnet, client: &str) -> Self {
        let id = ChainId::new(devnet.name()).unwrap();
        let seen = setup::connect(config, setup::chain(config, &id).unwrap(), Vec::new()).await.unwrap();
        let alice = Key::from_uri(&Zeroizing::new("//Alice".into())).unwrap();
        let wallet = Wallet::new(seen.substrate().unwrap().clone(), alice);
        Self { id, devnet, seen, wallet, client: ClientId::new(client).unwrap() }
    }

    fn account(&self) -> String {
        format!("0x{}", hex::encode(self.wallet.account()))
    }
}

async fn devnet(name: &str) -> Devnet {
    Devnet::builder().name(name).block_time(BLOCK).session_length(20).start().await.unwrap()
}

fn text(devnets: [&Devnet; 2]) -> String {
    let mut text = "[relayer]\nstore = \"store.sqlite\"\n[relayer.batch]\nmax_wait_ms = 100\n".to_owned();
    for devnet in devnets {
        let (name, genesis, url) = (devnet.name(), devnet.genesis_hash(), devnet.ws_url(0));
        text += &format!("[chains.{name}]\nfamily = \"substrate\"\ngenesis = \"{genesis:?}\"\nws = [{url:?}]\n");
    }
    text
}

async fn anchor(devnet: &Devnet) -> Anchor {
    while devnet.chain().finalized() < 2 {
        tokio::time::sleep(BLOCK).await;
    }
    let endpoints = Endpoints::new(devnet.name(), &[devnet.ws_url(0)], Duration::from_secs(10)).unwrap();
    let found = propose_anchor(&Nodes::new(Arc::new(endpoints)), None).await.unwrap();
    Anchor { height: Height(found.height), hash: found.hash }
}

async fn client(config: &Config, on: &Side, of: &Side) -> ClientConfig {
    let prover = of.seen.prover_for(config.chain(&on.id).unwrap());
    let at = prover.provable_height().await.unwrap();
    let initial = prover.initial_client(at, ClientParameters::default()).await.unwrap();
    let created = governance::CreateClient {
        id: on.client.clone(),
        client_type: prover.client_type().into(),
        state: initial.state,
        consensus_state: initial.consensus_state,
    };
    governance::create_client(&on.wallet, &created).await.unwrap();
    let merkle_prefix = setup::merkle_prefix(config.chain(&of.id).unwrap());
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

async fn bound(path: &Path) -> (Config, Side, Side) {
    let (customs, port) = tokio::join!(devnet("customs"), devnet("port"));
    ConfigFile::create(path, &text([&customs, &port])).unwrap();
    let mut file = ConfigFile::open(path).unwrap();
    for devnet in [&customs, &port] {
        file.set_anchor(&ChainId::new(devnet.name()).unwrap(), &anchor(devnet).await).unwrap();
    }
    file.save().unwrap();
    let config = Config::load(path).unwrap();
    let customs = Side::side(&config, customs, "customs.grandpa-port").await;
    let port = Side::side(&config, port, "port.grandpa-customs").await;
    let (a, b) = tokio::join!(client(&config, &customs, &port), client(&config, &port, &customs));
    file.put_client(&a);
    file.put_client(&b);
    file.save().unwrap();
    (Config::load(path).unwrap(), customs, port)
}

async fn relay(config: &Config, sides: [&Side; 2], token: CancellationToken) -> Store {
    let mut chains = Vec::new();
    for side in sides {
        let bob = PrivateKeySigner::from_str(BOB).unwrap();
        let chain = setup::chain(config, &side.id).unwrap();
        chains.push(setup::connect(config, chain, vec![bob]).await.unwrap().for_engine());
    }
    let store = Store::open(&config.relayer.store).await.unwrap();
    let engine = Engine::new(setup::engine_config(config), store, chains, setup::routes(config)).unwrap();
    tokio::spawn(engine.run(token));
    Store::open_shared(&config.relayer.store).await.unwrap()
}

/// Waits until a packet has come to its end.
async fn ended(store: &Store, from: &Side, sequence: u64, wanted: State) {
    let started = Instant::now();
    loop {
        match store.packet(&from.id, &from.client, sequence).await {
            Ok(row) if row.state == wanted => return,
            Ok(row) if row.state.is_final() => panic!("{}/{sequence} is {}, not {wanted}", from.client, row.state),
            _ => assert!(started.elapsed() < PATIENCE, "{}/{sequence} is not {wanted}", from.client),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grandpa_proves_every_statement_of_every_packet() {
    let folder = tempfile::tempdir().unwrap();
    let (config, customs, port) = bound(&folder.path().join("lupu.toml")).await;
    let token = CancellationToken::new();
    let store = relay(&config, [&customs, &port], token.clone()).await;

    let sequence = customs.transfer(&port, "native", &port.account(), 3_600).await;
    ended(&store, &customs, sequence, State::Acknowledged).await;
    let members: Vec<_> = customs.devnet.authorities().iter().skip(1).take(3).map(|a| a.account.clone()).collect();
    customs.devnet.rotate(&members).await.unwrap();

    let trace = format!("transfer/{}/native", port.client);
    let back = port.transfer(&customs, &trace, &customs.account(), 3_600).await;
    ended(&store, &port, back, State::Acknowledged).await;
    let call = port.call(&customs).await;
    ended(&store, &port, call, State::Acknowledged).await;
    let refused = customs.transfer(&port, "native", "nobody", 3_600).await;
    ended(&store, &customs, refused, State::Refused).await;

    // Each keeps the relayer out until it is too late.
    let bob = Key::from_uri(&Zeroizing::new("//Bob".into())).unwrap().public();
    for side in [&customs, &port] {
        side.devnet.censor(move |who| AsRef::<[u8; 32]>::as_ref(who) == &bob);
    }
    let there = customs.transfer(&port, "native", &port.account(), LIFE).await;
    let here = port.transfer(&customs, "native", &customs.account(), LIFE).await;
    let late = customs.time().max(port.time()) + LIFE;
    while customs.time() <= late || port.time() <= late {
        tokio::time::sleep(BLOCK).await;
    }
    for side in [&customs, &port] {
        side.devnet.uncensor();
    }
    ended(&store, &customs, there, State::TimedOut).await;
    ended(&store, &port, here, State::TimedOut).await;

    let rows = all_rows(&store).await;
    let seen = Seen { config: &config, store: &store };
    let kept = seen.export(rows.clone(), Wanted::Every, Source::Store, false).await;
    let asked = seen.export(rows.clone(), Wanted::Every, Source::Nodes, false).await;
    let each = seen.export(rows.clone(), Wanted::Every, Source::Any, true).await;
    for bundles in [&kept, &asked, &each] {
        bundles.verify();
        bundles.tamper();
    }
    assert_missing(&kept.missing, &[Kind::Received, Kind::Sent, Kind::Locked]);
    assert_missing(&asked.missing, &[Kind::Sent, Kind::Locked]);
    assert_missing(&each.missing, &[Kind::Sent, Kind::Locked]);
    for kind in Kind::ALL {
        assert!(covered(&each.made, "grandpa", kind), "{kind:?}");
    }
    assert_eq!(kept.anchors().len(), 2);
    assert_eq!(each.anchors(), kept.anchors());
    for row in &rows {
        let strongest = match row.state {
            State::TimedOut => Kind::NeverReceived,
            _ => Kind::Acknowledged,
        };
        assert!(kept.says(row, strongest) && asked.says(row, strongest), "{row:?}");
    }
    token.cancel();
}
