//! `lupu init`, `lupu config`, `lupu key`: what an operator does before a chain is asked anything.

mod common;

use common::Place;
use std::io::{Read, Write};
use std::net::TcpListener;

const KEY: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const ADDRESS: &str = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
const PASSWORD: [(&str, &str); 1] = [("LUPU_KEYSTORE_PASSWORD", "correct horse")];

#[test]
fn init_writes_a_good_file_once() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    let first = place.read("lupu.toml");
    assert!(first.contains("# Configuration of the Lupu relayer."));
    let check = place.run(&["config", "check", "--json"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert_eq!(check.json()["chains"], 2);
    let to_do = check.json()["missing"].to_string();
    assert!(to_do.contains("lupu deploy --chain bank") && to_do.contains("lupu key add harbour-relayer"), "{to_do}");

    place.run(&["init"]).refused_with(
        "lupu.toml exists already and is not overwritten; choose another place with --config or remove it",
    );
    assert_eq!(place.read("lupu.toml"), first);
}

/// A node that says one chain id to everyone.
fn node(chain_id: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0u8; 4096];
            let _ = stream.read(&mut request);
            let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"{chain_id}\"}}");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
            let _ = write!(stream, "{head} {}\r\n\r\n{body}", body.len());
        }
    });
    url
}

#[test]
fn init_asks_the_nodes_for_their_chain_ids() {
    let place = Place::new();
    let (harbour, bank) = (node("0x3e9"), node("0x7d1"));
    let run = place.run(&[
        "init",
        "--chain",
        &format!("harbour={harbour}"),
        "--chain",
        &format!("bank={bank},ws://127.0.0.1:1"),
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = place.read("lupu.toml");
    assert!(
        text.contains("chain_id = 1001")
            && text.contains("chain_id = 2001")
            && text.contains("ws = [\"ws://127.0.0.1:1\"]"),
        "{text}"
    );

    let twin = place.run(&["init", "-c", "other.toml", "--chain", &format!("harbour={harbour},{bank}")]);
    assert_eq!(twin.code, 2);
    assert!(twin.stderr.contains("serves chain 2001, the endpoints before it chain 1001"), "{}", twin.stderr);
    let down = place.run(&["init", "-c", "other.toml", "--chain", "harbour=http://127.0.0.1:9"]);
    assert_eq!(down.code, 1);
    assert!(down.stderr.contains("http://127.0.0.1:9") && down.stderr.contains("is the node up?"), "{}", down.stderr);
    assert!(!place.path("other.toml").exists());
}

#[test]
fn config_check_names_line_and_column() {
    let place = Place::new();
    place.run(&["init"]);
    let text = place.read("lupu.toml");
    place.write(
        "lupu.toml",
        text.replacen("consensus = \"qbft\"", "consensus = \"qbtf\"", 1).replacen("listen =", "lisen =", 1),
    );
    let run = place.run(&["config", "check"]);
    assert_eq!(run.code, 2);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    let line_of = |found: &str| place.read("lupu.toml").lines().position(|l| l.contains(found)).unwrap() + 1;
    assert_eq!(
        lines[0],
        format!("error: lupu.toml:{}:1: relayer.lisen: unknown field; did you mean `listen`?", line_of("lisen"))
    );
    assert!(lines[1].starts_with(&format!(
        "error: lupu.toml:{}:13: chains.harbour.consensus: \"qbtf\" is not known; did you mean",
        line_of("qbtf")
    )));
}

#[test]
fn a_missing_config_says_what_to_do() {
    let place = Place::new();
    place
        .run(&["config", "check", "--config", "nowhere.toml"])
        .refused_with("nowhere.toml: there is no such file; write one with `lupu init`, or name another with --config");
}

#[test]
fn a_key_in_the_config_is_refused_and_not_repeated() {
    let place = Place::new();
    place.run(&["init"]);
    place.write("lupu.toml", place.read("lupu.toml").replacen("harbour-relayer", KEY, 1));
    let run = place.run(&["config", "check", "-v"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("chains.harbour.keys[0]: looks like a private key"), "{}", run.stderr);
    assert!(!run.stderr.contains(&KEY[..8]) && !run.stdout.contains(&KEY[..8]));
}

#[test]
fn the_environment_reaches_the_configuration() {
    let place = Place::new();
    place.run(&["init"]);
    let run = place.run_with(&["config", "show", "--json"], &[("LUPU__RELAYER__BATCH__MAX_PACKETS", "7")], b"");
    assert_eq!(run.json()["relayer"]["batch"]["max_packets"], 7);
    let bad = place.run_with(&["config", "check"], &[("LUPU__RELAYER__LISTEN", "everywhere")], b"");
    assert_eq!(bad.code, 2);
    assert!(
        bad.stderr.starts_with("error: environment variable LUPU__RELAYER__LISTEN: relayer.listen:"),
        "{}",
        bad.stderr
    );
}

#[test]
fn keys_are_made_imported_and_listed() {
    let place = Place::new();
    place.run(&["init"]);
    let made = place.run_with(&["key", "add", "harbour-relayer", "--json"], &PASSWORD, b"");
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.json()["address"].as_str().unwrap().starts_with("0x"));

    let piped = place.run_with(
        &["key", "add", "bank-relayer", "--import", "--json"],
        &PASSWORD,
        format!("0x{KEY}\n").as_bytes(),
    );
    assert_eq!(piped.json()["address"].as_str().unwrap().to_lowercase(), ADDRESS.to_lowercase());
    let from_variable =
        place.run_with(&["key", "add", "third", "--import-env", "MY_KEY"], &[PASSWORD[0], ("MY_KEY", KEY)], b"");
    assert!(from_variable.stdout.contains(ADDRESS), "{}", from_variable.stdout);

    let list = place.run(&["key", "list", "--json"]).json();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bank-relayer", "harbour-relayer", "third"]);
    assert_eq!(list[0]["chains"], serde_json::json!(["bank"]));
    let everything =
        format!("{}{}{}", place.read("keys/bank-relayer"), piped.stdout, place.run(&["key", "list"]).stdout);
    assert!(!everything.contains(&KEY[..8]), "the key itself is nowhere");

    let again = place.run_with(&["key", "add", "third"], &PASSWORD, b"");
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("a key of this name exists already"), "{}", again.stderr);
}

#[test]
fn key_add_refuses_what_is_not_good() {
    let place = Place::new();
    let locked = place.run(&["key", "add", "one"]);
    assert_eq!(locked.code, 2);
    assert!(locked.stderr.contains("set LUPU_KEYSTORE_PASSWORD, or give --password-file FILE"), "{}", locked.stderr);

    let bad = place.run_with(&["key", "add", "one", "--import"], &PASSWORD, b"not a key");
    assert_eq!(
        bad.stderr.trim_end(),
        "error: the input holds no private key: 64 hex digits are needed, with or without 0x"
    );
    assert!(!place.path("keys").join("one").exists());

    place.write("password", "from a file\nsecond line\n");
    assert_eq!(place.run(&["key", "add", "one", "--password-file", "password"]).code, 0);
    assert_eq!(place.run_with(&["key", "add", "../one"], &PASSWORD, b"").code, 2);
}

#[test]
fn a_named_variable_that_is_not_set_shows_in_the_list() {
    let place = Place::new();
    place.run(&["init"]);
    place.write("lupu.toml", place.read("lupu.toml").replacen("\"harbour-relayer\"", "\"env:LUPU_TEST_HARBOUR\"", 1));
    let list = place.run(&["key", "list"]);
    assert!(list.stdout.contains("environment variable LUPU_TEST_HARBOUR is not set"), "{}", list.stdout);
    let set = place.run_with(&["key", "list", "--json"], &[("LUPU_TEST_HARBOUR", KEY)], b"").json();
    let entry = set.as_array().unwrap().iter().find(|k| k["source"] == "environment").unwrap().clone();
    assert_eq!(entry["address"], ADDRESS);
}

#[test]
fn completions_and_help() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&["completions", shell]).stdout.contains("lupu"));
    }
    let help = place.run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("lupu client bind") && help.stdout.contains("Exit codes"), "{}", help.stdout);
    assert_eq!(place.run(&["no-such-command"]).code, 2);
    assert_eq!(place.run(&[]).code, 2);
}

#[test]
fn the_examples_of_configurations_are_right() {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../config");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let run = Place::new().run(&["config", "check", "--config", path.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{}: {}", path.display(), run.stderr);
        seen += 1;
    }
    assert!(seen >= 4);
}
