//! A bare chain for a person or a tool to try things on.
//!
//! `cargo run --release -p lupu-evm-devnet --example devnet -- [port] [hardfork] [qbft|ibft2]`

use lupu_evm_devnet::{Devnet, Hardfork, Kind};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let port = args.next().map_or(Ok(8545), |port| port.parse())?;
    let hardfork = args.next().and_then(|name| Hardfork::parse(&name)).unwrap_or_default();
    let kind = match args.next().as_deref() {
        Some("ibft2") => Kind::Ibft2,
        _ => Kind::Qbft,
    };
    let devnet = Devnet::builder().name("example").port(port).hardfork(hardfork).kind(kind).start().await?;
    println!("{}  {}  chain {}", devnet.http_url(0), devnet.ws_url(0), devnet.chain_id());
    for account in devnet.dev_accounts() {
        println!("{}  {}", account.address, account.key);
    }
    tokio::signal::ctrl_c().await?;
    devnet.shutdown().await;
    Ok(())
}
