//! polkadot.js on the chain. It needs Node.js and what `npm ci` brings, so it is run by name:
//! `cargo test -p lupu-substrate-devnet --test js -- --ignored`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lupu_substrate_devnet::Devnet;

#[tokio::test]
#[ignore = "needs Node.js and npm"]
async fn polkadot_js_reads_follows_and_sends() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");
    if !folder.join("node_modules").exists() {
        let installed = tokio::process::Command::new("npm").arg("ci").current_dir(&folder).status().await.unwrap();
        assert!(installed.success(), "npm ci");
    }
    let devnet = Devnet::builder().name("js").block_time(Duration::from_millis(500)).start().await.unwrap();
    let run = tokio::process::Command::new("node")
        .args(["check.mjs", &devnet.ws_url(0)])
        .current_dir(&folder)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    for step in ["connected", "state", "proof", "finality", "block", "justifications", "transfer", "http"] {
        assert!(out.contains(&format!("\"step\":\"{step}\"")), "no {step}: {out}");
    }
}
