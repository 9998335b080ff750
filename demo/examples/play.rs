//! Plays the story with the relayer's logs on standard error: `RUST_LOG=lupu_relayer=debug cargo run --release -p lupu-demo --example play`.

use std::time::Duration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let options = lupu_demo::Options { json: false, color: false, keep: false, block_time: Duration::from_secs(1) };
    anyhow::ensure!(lupu_demo::run(options).await?, "the story did not end well");
    Ok(())
}
