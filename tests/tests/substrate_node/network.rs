//! Validators Alice to Dave, and nodes that only follow.

use crate::process::{Node, built};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];
/// How long the chain may take for what it does every second.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a chain begins.
pub struct Beginning {
    pub name: &'static str,
    /// Blocks in a session.
    pub session: u32,
    /// Milliseconds in a slot.
    pub slot: u64,
    /// Blocks whose states the nodes keep; Dave's keeps all in any case.
    pub states: Option<u32>,
}

impl Default for Beginning {
    fn default() -> Self {
        Self { name: "customs", session: 10, slot: 1_000, states: None }
    }
}

/// A chain of real nodes.
pub struct Network {
    pub nodes: Vec<Node>,
    spec: PathBuf,
    first: String,
    folder: TempDir,
}

impl Network {
    /// Four validators, once each has finalized its first blocks.
    pub async fn start(beginning: Beginning) -> Self {
        let folder = TempDir::new().unwrap();
        let spec = folder.path().join("chain.json");
        let mut command = Command::new(built("LUPU_SUBSTRATE_NODE"));
        command.args(["chain-spec", "--preset", "dev4", "--name", beginning.name]);
        command.arg("--wasm").arg(built("LUPU_SUBSTRATE_RUNTIME"));
        command.args(["--session-length", &beginning.session.to_string()]);
        command.args(["--slot-millis", &beginning.slot.to_string()]);
        let written = command.output().unwrap();
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        std::fs::write(&spec, written.stdout).unwrap();

        let names = VALIDATORS.into_iter().enumerate();
        let mut nodes: Vec<Node> = names.map(|(index, name)| Node::new(folder.path(), index, Some(name))).collect();
        if let Some(states) = beginning.states {
            nodes[..3].iter_mut().for_each(|node| node.pruning = states.to_string());
        }
        let first = nodes[0].address();
        let mut network = Self { nodes, spec, first, folder };
        let start = Instant::now();
        for index in 0..network.nodes.len() {
            network.spawn(index);
        }
        for node in &mut network.nodes {
            node.answers().await;
        }
        for index in 0..network.nodes.len() {
            network.finalizes(index, 3).await;
        }
        println!("four validators finalize {:.1} s after their start", start.elapsed().as_secs_f64());
        network
    }

    fn spawn(&mut self, index: usize) {
        self.nodes[index].spawn(&self.spec, &self.first);
    }

    /// Adds a node that only follows, and waits until it is where the others are.
    pub async fn follower(&mut self) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node::new(self.folder.path(), index, None));
        self.restart(index).await;
        index
    }

    /// Starts a node that was killed, and waits until it is where the others are.
    pub async fn restart(&mut self, index: usize) {
        self.spawn(index);
        self.nodes[index].answers().await;
        let there = self.nodes.iter().position(Node::runs).unwrap();
        let height = self.finalized(there).await;
        self.finalizes(index, height).await;
    }

    /// The newest block that a node calls final.
    pub async fn finalized(&self, index: usize) -> u64 {
        let hash = self.nodes[index].rpc("chain_getFinalizedHead", json!([])).await;
        let header = self.nodes[index].rpc("chain_getHeader", json!([hash])).await;
        number(&header)
    }

    /// Waits until a node calls a block final.
    pub async fn finalizes(&self, index: usize, height: u64) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.finalized(index).await >= height {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("node {index} has not finalized block {height}\n{}", self.nodes[index].said());
    }

    /// Waits until BEEFY has committed to a block, as a node tells.
    pub async fn commits(&self, index: usize, height: u64) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Ok(hash) = self.nodes[index].try_rpc("beefy_getFinalizedHead", json!([])).await {
                let header = self.nodes[index].rpc("chain_getHeader", json!([hash])).await;
                if number(&header) >= height {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("node {index}: BEEFY has not committed to block {height}\n{}", self.nodes[index].said());
    }

    /// The hash of block 0.
    pub async fn genesis(&self) -> String {
        let hash = self.nodes[0].rpc("chain_getBlockHash", json!([0])).await;
        hash.as_str().unwrap().to_owned()
    }
}

fn number(header: &Value) -> u64 {
    let text = header["number"].as_str().unwrap_or_else(|| panic!("no number: {header}"));
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}
