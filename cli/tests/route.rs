//! The operator's way, by commands alone: two bare chains, a route, transfers both ways, and a
//! relayer that is killed meanwhile.
#![cfg(feature = "demo")]

mod common;

use common::Place;
use common::walk::{Running, devnet, good, refused, relayer, run, seen, settled, text};
use serde_json::Value;
use std::time::Duration;

/// From two bare chains to a bound route.
fn connect(place: &Place) -> (Running, Running) {
    let (harbour, at_harbour) = devnet(place, "harbour", "1001", &[]);
    let (bank, at_bank) = devnet(place, "bank", "2001", &["--hardfork", "cancun", "--kind", "qbft"]);
    let chain = |name: &str, at: &Value| format!("{name}={},{}", text(&at["rpc"][0]), text(&at["ws"][0]));
    good(place, &["init", "--chain", &chain("harbour", &at_harbour), "--chain", &chain("bank", &at_bank)]);
    for key in ["harbour-relayer", "bank-relayer", "treasurer"] {
        good(place, &["key", "add", key]);
    }
    for chain in ["harbour", "bank"] {
        let first = good(place, &["deploy", "--chain", chain]);
        let again = good(place, &["deploy", "--chain", chain]);
        assert_eq!(first["contracts"], again["contracts"], "deploying twice changes nothing");
        assert!(again["steps"].as_array().unwrap().iter().all(|s| s["transaction"].is_null()));
    }
    create(place, "harbour", "bank");
    let early = run(place, &["client", "bind", "harbour.qbft-bank"]);
    assert_eq!(early.code, 2, "the counterparty is missing: {}", early.stderr);
    assert!(early.stderr.contains("lupu client create --on bank --of harbour"), "{}", early.stderr);
    create(place, "bank", "harbour");
    good(place, &["client", "bind", "harbour.qbft-bank"]);
    assert_eq!(good(place, &["client", "bind", "bank.qbft-harbour"])["route"], true);
    (harbour, bank)
}

fn create(place: &Place, on: &str, of: &str) {
    let unconfirmed = run(place, &["client", "create", "--on", on, "--of", of]);
    assert_eq!(unconfirmed.code, 2, "nobody confirmed the anchor");
    assert!(unconfirmed.stderr.contains("--anchor HEIGHT:0xHASH"), "{}", unconfirmed.stderr);
    let anchor = text(&good(place, &["client", "anchor", "--of", of])["anchor"]);
    let wrong = format!("{}:0x{}", anchor.split(':').next().unwrap(), "11".repeat(32));
    let refused = run(place, &["client", "create", "--on", on, "--of", of, "--anchor", &wrong]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("the anchor given says"), "{}", refused.stderr);
    good(place, &["client", "create", "--on", on, "--of", of, "--anchor", &anchor]);
    let twice = run(place, &["client", "create", "--on", on, "--of", of, "--anchor", &anchor]);
    assert_eq!(twice.code, 2, "created before: {}", twice.stderr);
}

#[test]
fn two_bare_chains_a_route_and_transfers_both_ways() {
    let place = Place::new();
    let (_harbour, _bank) = connect(&place);
    let keys = good(&place, &["key", "list"]);
    let treasurer = text(&keys.as_array().unwrap().iter().find(|k| k["name"] == "treasurer").unwrap()["address"]);
    let created = good(&place, &["token", "create", "--chain", "bank", "--amount", "5,000.00", "--key", "treasurer"]);
    let token = text(&created["token"]);
    let to_harbour = [
        "transfer",
        "--from",
        "bank",
        "--to",
        "harbour",
        "--key",
        "treasurer",
        "--token",
        &token,
        "--receiver",
        &treasurer,
    ];
    let send = |amount: &str| text(&good(&place, &[&to_harbour[..], &["--amount", amount]].concat())["packet"]);

    assert_eq!(run(&place, &["packet", "list"]).code, 1, "no relayer has run yet");
    let first = send("1000.00");
    assert_eq!(first, "bank/bank.qbft-harbour/1");

    // Killed while it may be anywhere, then started again.
    let killed = relayer(&place);
    std::thread::sleep(Duration::from_millis(1_700));
    drop(killed);
    let second = send("0.05");
    let running = relayer(&place);
    seen(&place, &second);
    settled(&place);
    for packet in [&first, &second] {
        assert_eq!(good(&place, &["packet", "show", packet])["state"], "acknowledged");
    }

    let voucher =
        text(&good(&place, &["token", "voucher", "--chain", "harbour", "--of", "bank", "--token", &token])["voucher"]);
    let arrived = good(&place, &["token", "show", "--chain", "harbour", "--token", &voucher, "--account", &treasurer]);
    assert_eq!(arrived["base_units"], "100005", "each exactly once");
    assert_eq!(arrived["trace"], format!("transfer/harbour.qbft-bank/{}", token.to_lowercase()));

    let home = good(
        &place,
        &[
            "transfer",
            "--from",
            "harbour",
            "--to",
            "bank",
            "--key",
            "treasurer",
            "--token",
            &voucher,
            "--receiver",
            &treasurer,
        ]
        .into_iter()
        .chain(["--amount", "100005", "--base", "--wait"])
        .collect::<Vec<_>>(),
    );
    assert_eq!(home["outcome"], "acknowledged");
    let back = good(&place, &["token", "show", "--chain", "bank", "--token", &token, "--account", &treasurer]);
    assert_eq!(back["balance"], "5,000.00", "all of it is back");

    let status = good(&place, &["status"]);
    assert_eq!(status["problems"], serde_json::json!([]));
    assert!(run(&place, &["status"]).stdout.contains("all is well"));
    refusals(&place, &token, &treasurer);
    std::thread::sleep(Duration::from_secs(2));
    let updated = good(&place, &["client", "update", "harbour.qbft-bank", "--key", "treasurer"]);
    assert_eq!(updated["updates"].as_array().unwrap().len(), 1, "{updated}");
    assert_eq!(good(&place, &["client", "show", "harbour.qbft-bank"])["status"], "active");
    drop(running);
}

/// What a sender does wrong is told before anything is sent.
fn refusals(place: &Place, token: &str, receiver: &str) {
    let refused = |arguments: &[&str], code: i32, words: &str| refused(place, arguments, code, words);
    let transfer = ["transfer", "--from", "bank", "--to", "harbour", "--key", "treasurer", "--receiver", receiver];
    let with =
        |token: &'static str, amount: &'static str| [&transfer[..], &["--token", token, "--amount", amount]].concat();
    let own = |amount: &'static str| [&transfer[..], &["--token", token, "--amount", amount]].concat();
    refused(&own("1.005"), 2, "has 3 decimals, the token has 2");
    refused(&own("999999.00"), 1, "holds");
    refused(&with("0x00000000000000000000000000000000000000aa", "1"), 2, "there is no contract at");
    refused(&[&own("1")[..], &["--timeout", "2d"]].concat(), 2, "--timeout must be between 1s and 1d");
    let elsewhere =
        ["transfer", "--from", "bank", "--to", "harbor", "--token", token, "--amount", "1", "--receiver", receiver];
    refused(&elsewhere, 2, "there is no chain \"harbor\"; there are: bank, harbour");
    refused(&["client", "show", "bank.qbft-nobody"], 2, "there is no client \"bank.qbft-nobody\"");
    refused(
        &["packet", "retry", "bank/bank.qbft-harbour/99"],
        1,
        "the relayer has not seen packet bank/bank.qbft-harbour/99",
    );
}

#[test]
fn a_message_is_executed_refused_or_comes_too_late() {
    let place = Place::new();
    let (_harbour, _bank) = connect(&place);
    good(&place, &["key", "add", "captain"]);
    let config = good(&place, &["config", "show"]);
    let router = text(&config["chains"]["bank"]["contracts"]["router"]);
    let message =
        ["message", "--from", "harbour", "--to", "bank", "--key", "captain", "--target", &router, "--wait", "--json"];
    let running = relayer(&place);
    let executed = run(&place, &[&message[..], &["--signature", "getNextClientSeq()"]].concat());
    assert_eq!((executed.code, executed.json()["outcome"].as_str()), (0, Some("acknowledged")), "{}", executed.stderr);
    let refused = run(&place, &[&message[..], &["--signature", "pause()"]].concat());
    assert_eq!((refused.code, refused.json()["outcome"].as_str()), (1, Some("refused")), "{}", refused.stderr);
    drop(running);

    // Nobody carries it until its time is over.
    let sent = good(&place, &[&message[..9], &["--timeout", "2s", "--signature", "getNextClientSeq()"]].concat());
    std::thread::sleep(Duration::from_secs(3));
    let running = relayer(&place);
    seen(&place, &text(&sent["packet"]));
    settled(&place);
    assert_eq!(good(&place, &["packet", "show", &text(&sent["packet"])])["state"], "timed-out");
    drop(running);
}
