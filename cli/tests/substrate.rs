//! The operator's way between families, by commands alone: an EVM chain `bank`, a Substrate chain
//! `customs`, a route, transfers and messages each way.
#![cfg(feature = "demo")]

mod common;

use alloy::signers::local::PrivateKeySigner;
use common::walk::{NO_PORT, PASSWORD, Running, chain, devnet, relayer, settled, text};
use common::{Place, Run};
use serde_json::{Value, json};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Who sends from bank.
const TREASURER: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";

/// Two chains with a bound route, and what is known of them.
struct Route {
    place: Place,
    customs: Value,
    /// The treasurer's address on bank.
    treasurer: String,
    _chains: (Running, Running),
}

impl Route {
    fn dev(&self, name: &str, field: &str) -> String {
        let accounts = self.customs["accounts"].as_array().unwrap();
        text(&accounts.iter().find(|a| a["name"] == name).unwrap()[field])
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let (alice, charlie) = (self.dev("Alice", "seed"), self.dev("Charlie", "seed"));
        let keys = [("ALICE", alice.as_str()), ("CHARLIE", charlie.as_str()), ("TREASURER", TREASURER)];
        let environment = [&[PASSWORD, NO_PORT], &keys[..]].concat();
        self.place.run_with(arguments, &environment, b"")
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
        run.json()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], words: &str) {
        let run = self.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words) && run.stderr.lines().count() == 1, "expected {words}: {}", run.stderr);
    }

    /// From two bare chains to a bound route.
    fn connect() -> Self {
        let place = Place::new();
        let (bank_process, bank) = devnet(&place, "bank", "2001", &[]);
        let (customs_process, customs) = chain(&place, &["devnet", "substrate", "--name", "customs"]);
        let treasurer = PrivateKeySigner::from_str(TREASURER).unwrap().address().to_string();
        let route = Self { place, customs, treasurer, _chains: (bank_process, customs_process) };
        let at_bank = format!("bank={},{}", text(&bank["rpc"][0]), text(&bank["ws"][0]));
        let at_customs = format!("customs={}", text(&route.customs["ws"][0]));
        let mistaken = route.run(&["init", "--chain", &format!("bank={}", text(&bank["ws"][0]))]);
        assert_eq!(mistaken.code, 1, "an EVM chain with ws alone");
        assert!(mistaken.stderr.contains("an EVM chain needs an http:// endpoint too"), "{}", mistaken.stderr);
        route.good(&["init", "--chain", &at_bank, "--chain", &at_customs]);
        let shown = route.good(&["config", "show"]);
        assert_eq!(shown["chains"]["customs"]["genesis"], route.customs["genesis"]);

        route.keys();
        route.good(&["deploy", "--chain", "bank"]);
        route.refused(&["deploy", "--chain", "customs"], "nothing is deployed there, its runtime has the pallets");
        let clients = [("bank", "customs", "bank-relayer"), ("customs", "bank", "env:ALICE")];
        for (on, of, key) in clients {
            let anchor = text(&route.good(&["client", "anchor", "--of", of])["anchor"]);
            route.good(&["client", "create", "--on", on, "--of", of, "--anchor", &anchor, "--key", key]);
        }
        route.good(&["client", "bind", "bank.beefy-customs"]);
        let bound = route.good(&["client", "bind", "customs.qbft-bank", "--key", "env:ALICE"]);
        assert_eq!(bound["route"], true);
        route
    }

    /// Keys of the chains: an EVM key, and Bob's, whose secret is a seed.
    fn keys(&self) {
        self.good(&["key", "add", "bank-relayer"]);
        let (seed, address) = (self.dev("Bob", "seed"), self.dev("Bob", "address"));
        let words = ["key", "add", "customs-relayer", "--import", "--json"];
        let added = self.place.run_with(&words, &[PASSWORD], format!("{seed}\n").as_bytes());
        assert_eq!(added.json()["account"], address.as_str(), "{}", added.stderr);
        let find = |list: Value| {
            let keys = list.as_array().unwrap().clone();
            keys.into_iter().find(|k| k["name"] == "customs-relayer").unwrap()
        };
        assert_eq!(find(self.good(&["key", "list"]))["account"], address.as_str());
        let shut = find(self.place.run(&["key", "list", "--json"]).json());
        assert_eq!((&shut["account"], &shut["chains"]), (&Value::Null, &json!(["customs"])));
    }

    fn held(&self, chain: &str, token: &str, account: &str) -> String {
        text(&self.good(&["token", "show", "--chain", chain, "--token", token, "--account", account])["base_units"])
    }

    fn send(&self, words: &[&str]) -> String {
        text(&self.good(words)["packet"])
    }

    #[track_caller]
    fn acknowledged(&self, words: &[&str]) -> String {
        let done = self.good(&[words, &["--wait"]].concat());
        assert_eq!(done["outcome"], "acknowledged");
        text(&done["packet"])
    }
}

#[test]
fn an_evm_chain_and_a_substrate_chain_by_commands_alone() {
    let route = Route::connect();
    let _relaying = relayer(&route.place);
    let created = route.good(&["token", "create", "--chain", "bank", "--amount", "5,000.00", "--key", "env:TREASURER"]);
    let token = text(&created["token"]);
    bad_transfers(&route, &token);
    bad_messages(&route);
    let back_and_forth = transfers(&route, &token);
    let calls = messages(&route);
    settled(&route.place);

    for packet in back_and_forth.iter().chain(&calls) {
        assert_eq!(route.good(&["packet", "show", packet])["state"], "acknowledged");
    }
    let shown = route.run(&["packet", "show", &back_and_forth[0]]).stdout;
    assert!(shown.contains("ps of weight") && shown.contains("gas, "), "{shown}");
    let listed = route.run(&["packet", "list"]).stdout;
    assert!(listed.contains("customs/customs.qbft-bank/1"), "{listed}");
    let retried = route.run(&["packet", "retry", &calls[1]]);
    assert!(retried.stdout.contains("nothing is left to do"), "{}{}", retried.stdout, retried.stderr);

    let status = route.good(&["status"]);
    assert_eq!(status["problems"], json!([]));
    let customs = status["chains"].as_array().unwrap().iter().find(|c| c["chain"] == "customs").unwrap().clone();
    assert_eq!(customs["keys"][0]["address"], route.dev("Bob", "address").as_str());
    assert!(customs["timestamp"].as_u64().unwrap() > 1_600_000_000, "{customs}");
    assert_eq!(route.good(&["client", "show", "bank.beefy-customs"])["status"], "active");
    assert_eq!(route.good(&["client", "show", "customs.qbft-bank"])["status"], "active");
}

/// A token of bank there and back, and the native token of customs.
fn transfers(route: &Route, token: &str) -> Vec<String> {
    let (charlie, treasurer) = (route.dev("Charlie", "address"), route.treasurer.as_str());
    let there = ["transfer", "--from", "bank", "--to", "customs", "--key", "env:TREASURER", "--token", token];
    let back = ["transfer", "--from", "customs", "--to", "bank", "--key", "env:CHARLIE", "--receiver", treasurer];
    let find = ["token", "voucher", "--chain", "customs", "--of", "bank", "--token", token];
    let none = route.run(&find);
    assert_eq!(none.code, 1, "nothing has arrived yet: {}", none.stderr);

    let first = route.acknowledged(&[&there[..], &["--amount", "1000.00", "--receiver", &charlie]].concat());
    assert_eq!(first, "bank/bank.beefy-customs/1");
    let found = route.good(&find);
    let trace = format!("transfer/customs.qbft-bank/{}", token.to_lowercase());
    assert_eq!((text(&found["voucher"]), text(&found["trace"])), ("asset:2147483648".into(), trace.clone()));
    let voucher =
        route.good(&["token", "show", "--chain", "customs", "--token", "asset:2147483648", "--account", &charlie]);
    assert_eq!((text(&voucher["base_units"]), text(&voucher["trace"])), ("100000".into(), trace.clone()));
    assert_eq!(voucher["decimals"], 0);

    // Home by the asset's number, and by its trace; and a token of customs' own.
    let second = route.send(&[&back[..], &["--token", "asset:2147483648", "--amount", "25000"]].concat());
    let third = route.send(&[&back[..], &["--token", &trace, "--amount", "500"]].concat());
    let native = route.acknowledged(&[&back[..], &["--token", "native", "--amount", "1.5"]].concat());
    settled(&route.place);
    assert_eq!(route.held("customs", &trace, &charlie), "74500");
    assert_eq!(route.held("bank", token, treasurer), "425500");
    let on_bank = route.good(&["token", "voucher", "--chain", "bank", "--of", "customs", "--token", "native"]);
    assert_eq!(route.held("bank", &text(&on_bank["voucher"]), treasurer), "1500000000000");
    let itself = ["token", "voucher", "--chain", "bank", "--of", "customs", "--token", "asset:2147483648"];
    route.refused(&itself, &format!("it goes home as {}", token.to_lowercase()));

    let made = route.good(&["token", "create", "--chain", "customs", "--key", "env:ALICE"]);
    assert_eq!((text(&made["token"]), text(&made["symbol"])), ("asset:1".into(), "eCNY".into()));
    assert_eq!(text(&made["balance"]), "1,000,000.00");
    let alice = route.dev("Alice", "account");
    assert_eq!(route.held("customs", "asset:1", &alice), "100000000");
    let asset = ["transfer", "--from", "customs", "--to", "bank", "--key", "env:ALICE", "--token", "asset:1"];
    let fourth = route.send(&[&asset[..], &["--amount", "12.34", "--receiver", treasurer]].concat());
    vec![first, second, third, native, fourth]
}

fn messages(route: &Route) -> Vec<String> {
    let config = route.good(&["config", "show"]);
    let router = text(&config["chains"]["bank"]["contracts"]["router"]);
    let to_customs = ["message", "--from", "bank", "--to", "customs", "--key", "env:TREASURER"];
    let order = ["--call", "CustomsRegistry.record_inspection", "SHPU-2026-000117", "seal broken"];
    let ordered = route.acknowledged(&[&to_customs[..], &order].concat());
    let to_bank = ["message", "--from", "customs", "--to", "bank", "--key", "env:CHARLIE", "--target", &router];
    let read = route.acknowledged(&[&to_bank[..], &["--signature", "getNextClientSeq()"]].concat());

    // Allowed to nobody from outside: the acknowledgement is the error.
    let sudo = route.run(&[&to_customs[..], &["--call", "Sudo.remove_key", "--wait", "--json"]].concat());
    assert_eq!((sudo.code, sudo.json()["outcome"].as_str()), (1, Some("refused")), "{}", sudo.stderr);
    // CustomsRegistry.record_inspection("A", ""), encoded already.
    let encoded = route.send(&[&to_customs[..], &["--data", "0x0f00044100"]].concat());
    vec![ordered, read, encoded]
}

/// What a sender does wrong is told before anything is sent.
fn bad_transfers(route: &Route, token: &str) {
    let (charlie, treasurer) = (route.dev("Charlie", "address"), route.treasurer.as_str());
    let there = ["transfer", "--from", "bank", "--to", "customs", "--key", "env:TREASURER", "--token", token];
    let there = |receiver: &str, words: &str| {
        route.refused(&[&there[..], &["--amount", "1", "--receiver", receiver]].concat(), words);
    };
    there(treasurer, "--receiver is an address of an EVM chain, but customs is a Substrate chain");
    there(&charlie.replace(&charlie[20..21], "0"), "not an SS58 address");
    there(&format!("0x{}", "0".repeat(64)), "--receiver is the zero account of customs");
    let back = ["transfer", "--from", "customs", "--to", "bank", "--key", "env:CHARLIE"];
    let back = |receiver: &str, token: &str, amount: &str, words: &str| {
        let more = ["--receiver", receiver, "--token", token, "--amount", amount];
        route.refused(&[&back[..], &more].concat(), words);
    };
    back(&charlie, "native", "1", "--receiver is an account of a Substrate chain, but bank is an EVM chain");
    back(treasurer, "native", "1.0000000000001", "has 13 decimals, the token has 12");
    back(treasurer, "native", &"9".repeat(60), "more than a Substrate chain can hold");
    back(treasurer, "asset:99", "1", "there is no asset 99 on customs");
    back(treasurer, "asset:07", "1", "--token names no asset: on customs, a Substrate chain, write native");
    back(treasurer, "gold", "1", "--token is none: on customs");
    back(treasurer, "transfer/customs.qbft-bank/gold", "1", "there is no voucher of transfer/customs.qbft-bank/gold");
    let more = ["--receiver", treasurer, "--token", "native", "--amount", "2_000_000"];
    let poor =
        route.run(&[&["transfer", "--from", "customs", "--to", "bank", "--key", "env:CHARLIE"], &more[..]].concat());
    assert_eq!(poor.code, 1, "{}", poor.stderr);
    assert!(poor.stderr.contains("holds 1,000,000.000000000000 UNIT on customs, not 2,000,000.0"), "{}", poor.stderr);
    let address = ["token", "show", "--chain", "bank", "--token", "native"];
    route.refused(&address, "--token is no address, but bank is an EVM chain");
}

fn bad_messages(route: &Route) {
    let to_customs = |words: &[&str], expected: &str| {
        let way = ["message", "--from", "bank", "--to", "customs", "--key", "env:TREASURER"];
        route.refused(&[&way[..], words].concat(), expected);
    };
    to_customs(&["--call", "Customs.inspect"], "no calls of a pallet \"Customs\"; there are those of: System, ");
    to_customs(&["--call", "CustomsRegistry.inspect"], "it has: record_inspection, declare_clearance");
    to_customs(&["--call", "inspect"], "write PALLET.CALL");
    let order = "CustomsRegistry.record_inspection";
    to_customs(&["--call", order, "A"], "takes 2 arguments (reference: Reference, remark: Remark), 1 is given");
    to_customs(&["--call", order, "0xabc", "B"], "argument 1, reference: Reference: not hex");
    let clear = "CustomsRegistry.declare_clearance";
    to_customs(&["--call", clear, "A", "0x1234"], "argument 2, document: [u8; 32]: has 2 bytes, 32 are needed");
    to_customs(&["--data", "0xff00"], "--data is no call of customs: its first byte is the number of no pallet");
    to_customs(&["--data", "0x0f0004410000"], "1 bytes are left over");
    to_customs(&["--target", &route.treasurer, "--data", "0x0f00044100"], "--target is for EVM chains");
    to_customs(&["--signature", "pause()"], "--signature is for EVM chains");
    let to_bank = |words: &[&str], expected: &str| {
        let way = ["message", "--from", "customs", "--to", "bank", "--key", "env:CHARLIE"];
        route.refused(&[&way[..], words].concat(), expected);
    };
    to_bank(&["--call", order, "A", "B"], "--call is for Substrate chains, but bank is an EVM chain");
    to_bank(&["--data", "0x00"], "--target is missing");
    to_bank(&["--data", "0x00", "--target", &route.dev("Bob", "address")], "--target is an account of a Substrate");
}

#[test]
fn a_substrate_chain_that_is_funded_and_one_that_is_down() {
    let place = Place::new();
    let eve = "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw";
    let mine = format!("0x{}", "42".repeat(32));
    let fund = format!("{eve},{mine}");
    let words = ["devnet", "substrate", "--name", "port", "--authorities", "1", "--nodes", "2", "--fund", &fund];
    let (_running, port) = chain(&place, &words);
    assert_eq!((port["ws"].as_array().unwrap().len(), port["authorities"].clone()), (2, json!(["Alice"])));
    let both = format!("port={},{}", text(&port["ws"][0]), text(&port["ws"][1]));
    assert_eq!(place.run(&["init", "--chain", &both]).code, 0);

    let started = Instant::now();
    let shown = loop {
        let words = ["token", "show", "--chain", "port", "--token", "native", "--account", &mine, "--json"];
        let run = place.run(&words);
        if run.code == 0 {
            break run.json();
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{}", run.stderr);
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!((text(&shown["balance"]), text(&shown["symbol"])), ("1,000,000.000000000000".into(), "UNIT".into()));

    let down = place.run(&["init", "-c", "other.toml", "--chain", "port=ws://127.0.0.1:9"]);
    assert_eq!(down.code, 1, "{}", down.stderr);
    assert!(down.stderr.contains("port: ws://127.0.0.1:9 does not answer"), "{}", down.stderr);
    assert_eq!(place.run(&["devnet", "--name", "x", "substrate"]).code, 2);
    let nobody = place.run(&["devnet", "substrate", "--fund", "alice"]);
    assert!(nobody.code == 2 && nobody.stderr.contains("not an SS58 address"), "{}", nobody.stderr);
}
