//! Foundry's `cast`, as it comes, against the chain.
//!
//! `npm i @foundry-rs/cast@1.7.1`, then
//! `LUPU_CAST=node_modules/@foundry-rs/cast-linux-amd64/bin/cast cargo test --release -p
//! lupu-evm-devnet --test cast -- --ignored`.

mod common;

use std::time::Duration;

use common::*;
use lupu_evm_devnet::{Devnet, Hardfork};
use serde_json::Value;

/// Runs `cast` and returns what it prints; fails with its complaint.
async fn cast(devnet: &Devnet, args: &[&str]) -> String {
    let program = std::env::var("LUPU_CAST").expect("LUPU_CAST names the binary");
    let run = tokio::process::Command::new(program)
        .args(args)
        .env("ETH_RPC_URL", devnet.http_url(0))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cast {args:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
#[ignore = "needs cast: set LUPU_CAST"]
async fn reads_sends_proves_and_estimates() {
    // Before London cast must be told not to ask for a base fee, as with any such node.
    for (hardfork, legacy) in [(Hardfork::Berlin, true), (Hardfork::London, false), (Hardfork::Prague, false)] {
        let devnet = Devnet::builder().hardfork(hardfork).block_time(Duration::from_millis(200)).start().await.unwrap();
        let key = devnet.dev_accounts()[0].key.to_string();
        let send = |args: &[&str]| {
            let mut all = vec!["send", "--json", "--private-key", &key];
            all.extend(legacy.then_some("--legacy"));
            all.extend(args);
            all.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let sent = |args: Vec<String>| {
            let devnet = &devnet;
            async move {
                let args: Vec<_> = args.iter().map(String::as_str).collect();
                serde_json::from_str::<Value>(&cast(devnet, &args).await).unwrap()
            }
        };
        assert_eq!(cast(&devnet, &["chain-id"]).await, "1337");
        let block: Value = serde_json::from_str(&cast(&devnet, &["block", "0", "--json"]).await).unwrap();
        assert_eq!(block["hash"], Value::String(devnet.chain().block(0).unwrap().hash.to_string()));

        let to = "0x00000000000000000000000000000000000000aa";
        assert_eq!(sent(send(&[to, "--value", "5"])).await["status"], "0x1");
        assert_eq!(cast(&devnet, &["balance", to]).await, "5");

        let code = init_code(STORE).to_string();
        let receipt = sent(send(&["--create", &code])).await;
        let contract = receipt["contractAddress"].as_str().unwrap().to_owned();
        let data = store_call(7, 99).to_string();
        let gas: u64 = cast(&devnet, &["estimate", &contract, &data]).await.parse().unwrap();
        let receipt = sent(send(&[&contract, &data])).await;
        assert_eq!(receipt["status"], "0x1");
        let used = u64::from_str_radix(&receipt["gasUsed"].as_str().unwrap()[2..], 16).unwrap();
        assert!((used..used + used / 20).contains(&gas), "{gas} for {used}");
        assert_eq!(cast(&devnet, &["call", &contract, &data]).await, "0x");
        assert!(cast(&devnet, &["storage", &contract, "7"]).await.ends_with("63"));
        let logs = ["logs", "--json", "--from-block", "0", "--address", &contract];
        let logs: Value = serde_json::from_str(&cast(&devnet, &logs).await).unwrap();
        assert_eq!(logs.as_array().unwrap().len(), 1);
        let proof: Value = serde_json::from_str(&cast(&devnet, &["proof", &contract, "7", "8"]).await).unwrap();
        assert_eq!(proof["storageProof"][0]["value"], "0x63");
        assert_eq!(proof["storageProof"][1]["value"], "0x0");
        devnet.shutdown().await;
    }
}
