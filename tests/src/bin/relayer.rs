//! A relayer process for the kill tests: `relayer CONFIG`, keys from the environment, until it is
//! killed or interrupted. The same parts as `lupu start`, built with the failpoints in.

use anyhow::{Context, Result};
use lupu_relayer::{
    Engine, Store,
    config::Config,
    keys::KeyError,
    setup::{self, Connected},
};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let path: PathBuf = std::env::args_os().nth(1).context("usage: relayer CONFIG")?.into();
    let config = Config::load(&path)?;
    let chains = setup::connect_routes(&config, &mut || Err(KeyError::NoPassword)).await?;
    let store = Store::open(&config.relayer.store).await?;
    let for_engine = chains.iter().map(Connected::for_engine).collect();
    let engine = Engine::new(setup::engine_config(&config), store, for_engine, setup::routes(&config))?
        .with_metrics(setup::metrics(&chains));
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    Ok(engine.run(token).await?)
}
