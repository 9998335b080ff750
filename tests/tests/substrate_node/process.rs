//! A Substrate node as a process of its own, gone when dropped.

use alloy::transports::http::reqwest;
use serde_json::{Value, json};
use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a node may take to answer: it compiles its runtime first.
const START: Duration = Duration::from_secs(120);
/// The identity of a node whose network key is 1.
const FIRST_PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

/// What `cargo xtask e2e` built, by the name of its variable.
pub fn built(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask e2e`, which builds the node"))
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A node, running or not.
pub struct Node {
    /// `//Name` of a validator; `None` for a node that only follows.
    validator: Option<&'static str>,
    index: usize,
    folder: PathBuf,
    p2p: u16,
    rpc: u16,
    /// `--state-pruning`.
    pub pruning: String,
    child: Option<Child>,
}

impl Node {
    /// A node that does not run yet. The first of a network has index 0.
    pub fn new(folder: &Path, index: usize, validator: Option<&'static str>) -> Self {
        let folder = folder.join(format!("node-{index}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self { validator, index, folder, p2p: free_port(), rpc: free_port(), pruning: "archive".into(), child: None }
    }

    /// Where others find the first node.
    pub fn address(&self) -> String {
        assert_eq!(self.index, 0, "the others have no known identity");
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{FIRST_PEER}", self.p2p)
    }

    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc)
    }

    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc)
    }

    /// Starts the process, on the data that it has.
    pub fn spawn(&mut self, spec: &Path, first: &str) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(built("LUPU_SUBSTRATE_NODE"));
        command.arg("--chain").arg(spec).arg("--base-path").arg(&self.folder);
        command.args(["--listen-addr", &format!("/ip4/127.0.0.1/tcp/{}", self.p2p)]);
        command.args(["--rpc-port", &self.rpc.to_string(), "--rpc-methods", "unsafe", "--rpc-cors", "all"]);
        command.args(["--node-key", &format!("{:064x}", self.index + 1)]);
        command.args(["--no-mdns", "--no-prometheus", "--no-telemetry", "--database", "paritydb"]);
        command.args(["--state-pruning", &self.pruning, "--blocks-pruning", "archive"]);
        if self.index > 0 {
            command.args(["--bootnodes", first]);
        }
        match self.validator {
            Some(name) => command.arg(format!("--{name}")),
            None => command.args(["--name", &format!("follower-{}", self.index)]),
        };
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|e| panic!("cannot start the node: {e}")));
    }

    /// Waits until it answers.
    pub async fn answers(&mut self) {
        let start = Instant::now();
        while start.elapsed() < START {
            if self.try_rpc("system_health", json!([])).await.is_ok() {
                return;
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("node {} ended: {status}\n{}", self.index, self.said());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("node {} does not answer\n{}", self.index, self.said());
    }

    /// Kills the process; it has no time to say goodbye.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The end of its log.
    pub fn said(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Memory in use, KiB, as Linux tells it.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.as_ref()?.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Calls the node itself. `Err` is its error object, or null if it did not answer.
    pub async fn try_rpc(&self, method: &str, params: Value) -> Result<Value, Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let client = reqwest::Client::new();
        let request = client.post(self.http_url()).header("content-type", "application/json").body(body);
        let answer = request.timeout(Duration::from_secs(10)).send().await.map_err(|_| Value::Null)?;
        let bytes = answer.bytes().await.map_err(|_| Value::Null)?;
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| Value::Null)?;
        match answer.get("error") {
            Some(error) if !error.is_null() => Err(error.clone()),
            _ => Ok(answer["result"].take()),
        }
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        self.try_rpc(method, params).await.unwrap_or_else(|e| panic!("{method}: {e}\n{}", self.said()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("node {} said last:\n{}\n", self.index, self.said());
        }
    }
}
