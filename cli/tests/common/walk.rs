//! Chains and a relayer as processes of their own, and commands against them.

use super::{Place, Run};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub const PASSWORD: (&str, &str) = ("LUPU_KEYSTORE_PASSWORD", "correct horse");
pub const NO_PORT: (&str, &str) = ("LUPU__RELAYER__LISTEN", "127.0.0.1:0");

/// A process that is killed when the test ends.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a chain; returns its description.
pub fn chain(place: &Place, arguments: &[&str]) -> (Running, Value) {
    let arguments = [arguments, &["--json", "--port", "0", "--block-time", "500ms"]].concat();
    let mut child = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(child), serde_json::from_str(&line).unwrap())
}

/// Starts an EVM chain; returns its description.
pub fn devnet(place: &Place, name: &str, chain_id: &str, more: &[&str]) -> (Running, Value) {
    chain(place, &[&["devnet", "--name", name, "--chain-id", chain_id], more].concat())
}

/// Starts the relayer; its log is in `relayer.log`.
pub fn relayer(place: &Place) -> Running {
    let mut command = place.command(&["start"]);
    let log = std::fs::OpenOptions::new().create(true).append(true).open(place.path("relayer.log")).unwrap();
    Running(command.envs([PASSWORD, NO_PORT]).stderr(log).spawn().unwrap())
}

pub fn run(place: &Place, arguments: &[&str]) -> Run {
    place.run_with(arguments, &[PASSWORD, NO_PORT], b"")
}

/// Runs a command that must succeed; its JSON.
#[track_caller]
pub fn good(place: &Place, arguments: &[&str]) -> Value {
    let run = run(place, &[arguments, &["--json"]].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
    run.json()
}

/// Runs a command that must fail with this code, and these words on one line.
#[track_caller]
pub fn refused(place: &Place, arguments: &[&str], code: i32, words: &str) {
    let run = run(place, arguments);
    assert_eq!(run.code, code, "{arguments:?}: {}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(words) && run.stderr.lines().count() == 1, "expected {words}: {}", run.stderr);
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Waits until the relayer has seen a packet.
pub fn seen(place: &Place, packet: &str) {
    let started = Instant::now();
    while run(place, &["packet", "show", packet]).code != 0 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{}",
            std::fs::read_to_string(place.path("relayer.log")).unwrap()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until every packet has ended.
pub fn settled(place: &Place) {
    let started = Instant::now();
    while good(place, &["packet", "list", "--open"]).as_array().unwrap().iter().any(|_| true) {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{}",
            std::fs::read_to_string(place.path("relayer.log")).unwrap()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}
