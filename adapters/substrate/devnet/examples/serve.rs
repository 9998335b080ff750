//! Starts a chain and prints where it is: `cargo run -p lupu-substrate-devnet --example serve --
//! [NAME] [PORT] [BLOCK_TIME_MS] [AUTHORITIES]`. It runs until it is interrupted.

use std::time::Duration;

use lupu_substrate_devnet::Devnet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "customs".into());
    let port = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let millis = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let authorities = arguments.next().map_or(Ok(4), |text| text.parse())?;
    let devnet = Devnet::builder()
        .name(name)
        .port(port)
        .block_time(Duration::from_millis(millis))
        .authorities(authorities)
        .start()
        .await?;
    println!("{}: {} {}", devnet.name(), devnet.http_url(0), devnet.ws_url(0));
    println!("genesis {:?}", devnet.genesis_hash());
    for authority in devnet.authorities() {
        println!("//{}: {}", authority.name, authority.account);
    }
    tokio::signal::ctrl_c().await?;
    devnet.shutdown().await;
    Ok(())
}
