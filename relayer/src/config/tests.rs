use super::*;
use alloy_primitives::{Address, B256};
use lupu_adapter::ClientParameters;
use lupu_standard::{ChainId, ClientId, Height};

const TEXT: &str = r#"# the consortium
[relayer]
store = "state/lupu.sqlite"
listen = "127.0.0.1:9464" # metrics

[chains.harbour]
family = "evm"
chain_id = 1001
consensus = "qbft"
rpc = ["http://127.0.0.1:8545"]
ws = ["ws://127.0.0.1:8546"]
keys = ["harbour-relayer", "env:KEY_HARBOUR"]
gas_price = 0 # free

[chains.harbour.contracts]
factory = "0x1000000000000000000000000000000000000001"
authority = "0x1000000000000000000000000000000000000002"
router = "0x1000000000000000000000000000000000000003"
transfer = "0x1000000000000000000000000000000000000004"
gmp = "0x1000000000000000000000000000000000000005"
deployed_at = 7
migration_delay = 86400

[chains.bank]
family = "evm"
chain_id = 2001
consensus = "ibft2"
rpc = ["http://127.0.0.1:9545"]

[[clients]]
id = "harbour.qbft-bank"
on = "harbour"
of = "bank"
counterparty = "bank.qbft-harbour" # named by both
light_client = "0x1000000000000000000000000000000000000006"
bound = true
[clients.parameters]
trusting_period = 604800
max_clock_drift = 30
trust = "2/3"

[[clients]]
id = "bank.qbft-harbour"
on = "bank"
of = "harbour"
counterparty = "harbour.qbft-bank"
light_client = "0x1000000000000000000000000000000000000007"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/etc/lupu/lupu.toml"), text, Some(HashMap::new()))
}

fn chain(name: &str) -> ChainId {
    ChainId::new(name).unwrap()
}

/// The one finding of a changed text.
#[track_caller]
fn finding(from: &str, to: &str) -> String {
    assert!(TEXT.contains(from), "{from}");
    match parse(&TEXT.replacen(from, to, 1)) {
        Err(ConfigError::Invalid { findings, .. }) => {
            assert_eq!(findings.len(), 1, "{findings:#?}");
            findings[0].to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_file_is_read() {
    let config = parse(TEXT).unwrap();
    assert_eq!(config.relayer.store, Path::new("/etc/lupu/state/lupu.sqlite"));
    assert_eq!(config.relayer.keystore, Path::new("/etc/lupu/keys"));
    assert_eq!(config.relayer.batch, BatchConfig::default());
    let harbour = config.chain(&chain("harbour")).unwrap();
    assert_eq!(harbour.evm().unwrap().gas_price, Some(0));
    assert_eq!(harbour.keys, [KeyRef::Keystore("harbour-relayer".into()), KeyRef::Environment("KEY_HARBOUR".into())]);
    assert_eq!(harbour.contracts().unwrap().deployed_at, Height(7));
    assert_eq!(config.chain(&chain("bank")).unwrap().evm().unwrap().consensus, Consensus::Ibft2);
    assert_eq!(config.clients[0].parameters, ClientParameters::default());
    assert!(config.routes().is_empty(), "only one side is bound");
    assert_eq!(config.counterparty(&config.clients[0]), Some(&config.clients[1]));
}

#[test]
fn a_route_is_two_bound_clients_that_name_each_other() {
    let contracts = TEXT.split("[chains.harbour.contracts]").nth(1).unwrap().split("[chains.bank]").next().unwrap();
    let text = TEXT.replace(
        "rpc = [\"http://127.0.0.1:9545\"]\n",
        &format!("rpc = [\"http://127.0.0.1:9545\"]\n[chains.bank.contracts]{contracts}"),
    ) + "bound = true\n";
    let config = parse(&text).unwrap();
    assert_eq!(config.routes().len(), 1);
    assert_eq!(config.client_towards(&chain("bank"), &chain("harbour")).unwrap().id.as_str(), "bank.qbft-harbour");
}

#[test]
fn findings_say_where_what_and_what_to_do() {
    let cases = [
        (
            "listen = \"127.0.0.1:9464\"",
            "lisen = \"127.0.0.1:9464\"",
            "lupu.toml:4:1: relayer.lisen: unknown field; did you mean `listen`?",
        ),
        (
            "127.0.0.1:9464",
            "localhost",
            "lupu.toml:4:10: relayer.listen: \"localhost\" is not an address with a port; write for example",
        ),
        (
            "chain_id = 1001",
            "chain_id = \"1001\"",
            "lupu.toml:8:12: chains.harbour.chain_id: must be an integer, is a string",
        ),
        ("chain_id = 1001", "chain_id = 0", "lupu.toml:8:12: chains.harbour.chain_id: must be at least 1, is 0"),
        (
            "chain_id = 1001\n",
            "",
            "lupu.toml:6:1: chains.harbour.chain_id: is missing; the number that eth_chainId answers",
        ),
        ("chain_id = 2001", "chain_id = 1001", "chains.harbour.chain_id: 1001 is the chain id of `bank` too"),
        (
            "\"qbft\"",
            "\"qbtf\"",
            "lupu.toml:9:13: chains.harbour.consensus: \"qbtf\" is not known; did you mean \"qbft\"?",
        ),
        (
            "\"http://127.0.0.1:8545\"",
            "\"127.0.0.1:8545\"",
            "lupu.toml:10:8: chains.harbour.rpc[0]: is not a URL that starts with http:// or https://",
        ),
        ("[\"http://127.0.0.1:8545\"]", "[]", "chains.harbour.rpc: needs at least one endpoint"),
        ("env:KEY_HARBOUR", "env:", "lupu.toml:12:28: chains.harbour.keys[1]: is neither a keystore name nor env:NAME"),
        ("of = \"bank\"", "of = \"bnak\"", "clients[0].of: there is no chain \"bnak\"; did you mean \"bank\"?"),
        (
            "0x1000000000000000000000000000000000000003",
            "0x10",
            "chains.harbour.contracts.router: is not an address: has 2 hex digits, needs 40",
        ),
        (
            "0x1000000000000000000000000000000000000003",
            "0x2c7536E3605D9C16a7a3D7b1898e529396a65c24",
            "chains.harbour.contracts.router: has a wrong checksum",
        ),
        (
            "trusting_period = 604800",
            "trusting_period = 86400",
            "clients[0].parameters.trusting_period: must be longer than 86400 seconds",
        ),
        ("\"2/3\"", "\"1/3\"", "clients[0].parameters.trust: 1/3 is not more than 1/3; write for example \"2/3\""),
        ("\"2/3\"", "\"4/3\"", "clients[0].parameters.trust: 4/3 is more than 1"),
        ("\"2/3\"", "\"2/0\"", "clients[0].parameters.trust: \"2/0\" is not a fraction"),
        ("[relayer]", "[relayer", "lupu.toml:2:9: not valid TOML"),
        (
            "counterparty = \"harbour.qbft-bank\"",
            "counterparty = \"harbour.qbft-other\"",
            "\"bank.qbft-harbour\" is on bank, tracks harbour",
        ),
        (
            "counterparty = \"bank.qbft-harbour\"",
            "counterparty = \"bank.qbft-harbor\"",
            "there is no client \"bank.qbft-harbor\"; did you mean \"bank.qbft-harbour\"?",
        ),
    ];
    for (from, to, expected) in cases {
        let found = match parse(&TEXT.replacen(from, to, 1)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted: {to}"),
        };
        assert!(found.contains(expected), "expected {expected}\nfound {found}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let text = TEXT.replacen("\"qbft\"", "\"pow\"", 1).replacen("trust = \"2/3\"", "trust = 7", 1);
    let Err(ConfigError::Invalid { findings, .. }) = parse(&text) else { panic!() };
    assert_eq!(findings.len(), 2, "{findings:#?}");
}

#[test]
fn a_private_key_is_refused_and_not_repeated() {
    let secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    for text in [secret.to_owned(), format!("0x{secret}")] {
        let found = finding("harbour-relayer", &text);
        assert!(found.contains("chains.harbour.keys[0]: looks like a private key"), "{found}");
        assert!(!found.contains(&secret[..8]), "{found}");
    }
    let Err(error) = parse(&TEXT.replacen("[chains.bank]", &format!("[chains.bank]\nprivate_key = \"{secret}\""), 1))
    else {
        panic!()
    };
    assert!(error.to_string().contains("chains.bank.private_key: looks like a private key"), "{error}");
    assert!(!error.to_string().contains(&secret[..8]));
}

#[test]
fn duplicate_client_ids_are_found() {
    let text =
        TEXT.replacen("id = \"bank.qbft-harbour\"\non = \"bank\"", "id = \"harbour.qbft-bank\"\non = \"bank\"", 1);
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.contains("clients[1].id: \"harbour.qbft-bank\" is the id of another client; ids are unique"),
        "{error}"
    );
}

#[test]
fn a_bound_client_needs_contracts() {
    let start = TEXT.find("[chains.harbour.contracts]").unwrap();
    let end = TEXT.find("[chains.bank]").unwrap();
    let text = format!("{}{}", &TEXT[..start], &TEXT[end..]);
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.contains(
            "clients[0].bound: is true, but chain harbour has no contracts; run `lupu deploy --chain harbour`"
        ),
        "{error}"
    );
}

fn with_environment(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Config::parse(Path::new("/etc/lupu/lupu.toml"), TEXT, Some(environment))
}

#[test]
fn the_environment_goes_over_the_file() {
    let config = with_environment(&[
        ("LUPU__RELAYER__LISTEN", "0.0.0.0:1"),
        ("LUPU__RELAYER__BATCH__MAX_PACKETS", "7"),
        ("LUPU__CHAINS__HARBOUR__RPC", "http://a:1, http://b:2"),
        ("LUPU_KEYSTORE_PASSWORD", "not ours"),
    ])
    .unwrap();
    assert_eq!(config.relayer.listen.unwrap().to_string(), "0.0.0.0:1");
    assert_eq!(config.relayer.batch.max_packets, 7);
    assert_eq!(config.chain(&chain("harbour")).unwrap().evm().unwrap().rpc, ["http://a:1", "http://b:2"]);

    let error = with_environment(&[("LUPU__RELAYER__LISTN", "x")]).unwrap_err().to_string();
    assert_eq!(
        error,
        "environment variable LUPU__RELAYER__LISTN: relayer.listn: unknown field; did you mean `listen`?"
    );
    let error = with_environment(&[("LUPU__RELAYER__BATCH__MAX_PACKETS", "many")]).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "environment variable LUPU__RELAYER__BATCH__MAX_PACKETS: relayer.batch.max_packets: must be an integer"
        ),
        "{error}"
    );
}

#[test]
fn what_is_public_is_not_taken_for_a_secret() {
    let hex = format!("0x{}", "7a".repeat(32));
    let text = format!(
        "[chains.customs]\nfamily = \"substrate\"\ngenesis = \"{hex}\"\nws = [\"ws://127.0.0.1:9944\"]\nkeys = [\"a\"]\n\
         [chains.customs.anchor]\nheight = 7\nhash = \"{hex}\"\n\
         [chains.customs.voters]\nset_id = 3\nauthorities = [\"{hex}\", \"{hex}:2\"]\n"
    );
    parse(&text).unwrap();
    let error = parse(&text.replace("keys = [\"a\"]", &format!("keys = [\"{hex}\"]"))).unwrap_err().to_string();
    assert!(error.contains("chains.customs.keys[0]: looks like a private key"), "{error}");
    assert!(!error.contains(&hex), "the text of a secret is not repeated");
}

#[test]
fn the_template_is_a_good_file() {
    let sketch = |name: &str, chain_id| ChainSketch {
        name: chain(name),
        family: FamilySketch::Evm { chain_id, consensus: Consensus::Qbft, rpc: vec!["http://127.0.0.1:8545".into()] },
        ws: Vec::new(),
        keys: vec![format!("{name}-relayer")],
    };
    let customs = ChainSketch {
        name: chain("customs"),
        family: FamilySketch::Substrate { genesis: B256::repeat_byte(7) },
        ws: vec!["ws://127.0.0.1:9944".into()],
        keys: vec!["env:KEY".into()],
    };
    let config = parse(&template(&[sketch("harbour", 1001), sketch("odd.name", 2001), customs])).unwrap();
    assert_eq!(config.chains.len(), 3);
    let Family::Substrate(read) = &config.chains[&chain("customs")].family else { panic!("another family") };
    assert_eq!((read.genesis, read.tip), (B256::repeat_byte(7), 0));
    assert!(parse(&template(&[])).unwrap().chains.is_empty());
}

#[test]
fn edits_keep_comments_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lupu.toml");
    ConfigFile::create(&path, TEXT).unwrap();
    assert!(matches!(ConfigFile::create(&path, TEXT), Err(ConfigError::Exists { .. })));

    let mut file = ConfigFile::open(&path).unwrap();
    let contracts = Contracts {
        factory: Address::repeat_byte(1),
        authority: Address::repeat_byte(2),
        router: Address::repeat_byte(3),
        transfer: Address::repeat_byte(4),
        gmp: Address::repeat_byte(5),
        deployed_at: Height(12),
        migration_delay: 60,
    };
    let anchor = Anchor { height: Height(9), hash: B256::repeat_byte(9) };
    file.set_contracts(&chain("bank"), &contracts).unwrap();
    file.set_anchor(&chain("harbour"), &anchor).unwrap();
    assert!(matches!(file.set_anchor(&chain("nowhere"), &anchor), Err(ConfigError::NoSuchChain { .. })));
    let mut known = parse(TEXT).unwrap().clients[1].clone();
    known.bound = true;
    file.put_client(&known);
    file.save().unwrap();

    let config = Config::parse(&path, &std::fs::read_to_string(&path).unwrap(), Some(HashMap::new())).unwrap();
    assert_eq!(config.chain(&chain("bank")).unwrap().contracts(), Some(contracts));
    assert_eq!(config.chain(&chain("harbour")).unwrap().anchor, Some(anchor));
    assert_eq!(config.clients.len(), 2);
    assert_eq!(config.routes().len(), 1);
    let text = file.text();
    for comment in ["# the consortium", "# metrics", "# free", "# named by both"] {
        assert!(text.contains(comment), "{comment} is gone:\n{text}");
    }

    let mut third = known.clone();
    third.id = ClientId::new("bank.qbft-third").unwrap();
    third.of = chain("third");
    third.bound = false;
    let mut broken = ConfigFile::open(&path).unwrap();
    broken.put_client(&third);
    assert!(matches!(broken.save(), Err(ConfigError::Invalid { .. })), "there is no chain `third`");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "the file is as it was");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn the_ready_made_files_are_good() {
    let folder =
        std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../config");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let config = Config::parse(&path, &std::fs::read_to_string(&path).unwrap(), Some(HashMap::new())).unwrap();
            assert_eq!(config.chains.len(), 2, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 3);
}

const SUBSTRATE: &str = r#"
[chains.customs]
family = "substrate"
genesis = "0x7777777777777777777777777777777777777777777777777777777777777777"
ws = ["ws://127.0.0.1:9944", "wss://two:443"]
keys = ["customs-relayer"]
tip = 5

[chains.customs.anchor]
height = 12
hash = "0x8888888888888888888888888888888888888888888888888888888888888888"
"#;

#[test]
fn a_substrate_chain_is_read() {
    let config = parse(SUBSTRATE).unwrap();
    let customs = config.chain(&chain("customs")).unwrap();
    let Family::Substrate(settings) = &customs.family else { panic!("another family") };
    assert_eq!((settings.ws.len(), settings.tip, settings.first_mmr_block), (2, 5, 1));
    assert_eq!(customs.anchor.unwrap().height, Height(12));
    assert!(customs.evm().is_none() && !customs.needs_contracts());
    let shown = serde_json::to_value(customs).unwrap();
    assert_eq!((shown["family"].as_str(), shown["tip"].as_u64()), (Some("substrate"), Some(5)));
}

#[test]
fn a_chain_has_the_fields_of_its_family() {
    let finding = |from: &str, to: &str| match parse(&SUBSTRATE.replace(from, to)) {
        Err(ConfigError::Invalid { findings, .. }) => findings.iter().map(|f| f.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert!(finding("tip = 5", "chain_id = 5")[0].contains("chains.customs.chain_id: unknown field"));
    assert!(finding("genesis", "genes")[0].contains("chains.customs.gene"));
    assert!(finding("substrate", "subtrate")[0].contains("did you mean \"substrate\"?"));
    assert!(finding("[\"ws://127.0.0.1:9944\", \"wss://two:443\"]", "[]")[0].contains("needs at least one endpoint"));
    let twice = format!("{SUBSTRATE}{}", SUBSTRATE.replace("customs", "tax"));
    let Err(ConfigError::Invalid { findings, .. }) = parse(&twice) else { panic!("two chains of one genesis") };
    assert!(findings[0].to_string().contains("is the genesis hash of `customs` too"), "{}", findings[0]);
}
