//! Nodes as processes of their own, on loopback, gone when dropped.

use alloy::transports::http::reqwest;
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Keys of the first accounts that anvil and Hardhat fund (their public test mnemonic).
pub const KEYS: [&str; 3] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
];

/// Which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    Anvil,
    Hardhat,
}

/// A running node.
pub struct Node {
    pub software: Software,
    pub hardfork: String,
    pub chain_id: u64,
    pub url: String,
    child: Child,
}

pub fn packages() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("nodes/node_modules")
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Node {
    /// Starts a node and waits until it answers.
    pub async fn start(software: Software, hardfork: &str, chain_id: u64) -> Self {
        let port = free_port().to_string();
        let id = chain_id.to_string();
        let mut command = match software {
            Software::Anvil => {
                let mut command = Command::new(packages().join("@foundry-rs/anvil-linux-amd64/bin/anvil"));
                command.args(["--host", "127.0.0.1", "--port", &port, "--chain-id", &id, "--hardfork", hardfork]);
                command.args(["--gas-limit", "60000000", "--silent"]);
                command
            }
            Software::Hardhat => {
                let mut command = Command::new(packages().join(".bin/node"));
                command.arg(packages().join("hardhat/dist/src/cli.js"));
                command.args(["--config", "hardhat.config.js", "node", "--network", "node"]);
                command.args(["--hostname", "127.0.0.1", "--port", &port]);
                command.current_dir(packages().join(".."));
                command.env("LUPU_CHAIN_ID", &id).env("LUPU_HARDFORK", hardfork);
                command.env("HARDHAT_DISABLE_TELEMETRY_PROMPT", "true");
                command
            }
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{software:?}: {e}; run `cargo xtask e2e`, which installs it"));
        let url = format!("http://127.0.0.1:{port}");
        let mut node = Self { software, hardfork: hardfork.into(), chain_id, url, child };
        for _ in 0..300 {
            if let Ok(found) = node.try_rpc("eth_chainId", json!([])).await {
                assert_eq!(found, json!(format!("0x{chain_id:x}")));
                return node;
            }
            if let Some(status) = node.child.try_wait().unwrap() {
                panic!("{software:?} {hardfork} ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{software:?} {hardfork} does not answer at {}", node.url);
    }

    /// Calls the node itself. `Err` is its error object, or null if it did not answer.
    pub async fn try_rpc(&self, method: &str, params: Value) -> Result<Value, Value> {
        rpc(&self.url, method, params).await
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        self.try_rpc(method, params).await.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    /// The newest block as the node shows it.
    pub async fn latest(&self) -> Value {
        self.rpc("eth_getBlockByNumber", json!(["latest", false])).await
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One JSON-RPC call over HTTP.
pub async fn rpc(url: &str, method: &str, params: Value) -> Result<Value, Value> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut answer = post(url, &body).await.ok_or(Value::Null)?;
    match answer.get("error") {
        Some(error) if !error.is_null() => Err(error.clone()),
        _ => Ok(answer["result"].take()),
    }
}

/// Posts JSON and reads JSON.
pub async fn post(url: &str, body: &Value) -> Option<Value> {
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(body.to_string());
    let bytes = request.send().await.ok()?.bytes().await.ok()?;
    serde_json::from_slice(&bytes).ok()
}
