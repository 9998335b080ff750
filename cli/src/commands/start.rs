//! `lupu start`: the relayer.

use crate::context::Context;
use crate::failure::{Failure, OK};
use lupu_relayer::keys::{KeyError, Password};
use lupu_relayer::{Engine, Store, setup};
use std::io::IsTerminal;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  lupu start
  LUPU_KEYSTORE_PASSWORD=… lupu start --json          logs as JSON lines
  curl http://127.0.0.1:9464/healthz; curl http://127.0.0.1:9464/metrics

Runs until Ctrl-C or SIGTERM. It can be killed at any time: everything it knows is in its store, and
a transaction is written down before it is sent. Two relayers may serve one route; each needs a store
of its own.";

/// Options of `start`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs it.
pub async fn run(_: &Args, verbosity: u8, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    logs(&config.relayer.log, verbosity, context)?;
    let mut known: Option<Password> = None;
    let mut ask = || {
        if known.is_none() {
            known = Some(context.password()?);
        }
        known.clone().ok_or(KeyError::NoPassword)
    };
    let connected = setup::connect_routes(&config, &mut ask).await?;
    let store = Store::open(&config.relayer.store).await?;
    let chains = connected.iter().map(setup::Connected::for_engine).collect();
    let engine = Engine::new(setup::engine_config(&config), store.clone(), chains, setup::routes(&config))
        .map_err(|e| Failure::usage(e.to_string()))?
        .with_metrics(setup::metrics(&connected));
    for route in config.routes() {
        tracing::info!(a = %route.a.id, b = %route.b.id, "route {} ↔ {}", route.a.on, route.b.on);
    }
    if let Some(listen) = config.relayer.listen {
        tracing::info!("health at http://{listen}/healthz, metrics at http://{listen}/metrics");
    }
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        crate::shutdown::requested().await;
        tracing::info!("stopping: finishing what is under way");
        stop.cancel();
        crate::shutdown::requested().await;
        tracing::warn!("stopping at once; the journal has what was under way");
        std::process::exit(1);
    });
    let ended = engine.run(token).await;
    store.close().await;
    ended.map_err(|e| Failure::failed(e.to_string()))?;
    Ok(OK)
}

/// Logs to standard error; JSON lines to standard output with `--json`.
fn logs(filter: &str, verbosity: u8, context: &Context) -> Result<(), Failure> {
    let filter = if verbosity >= 2 { "debug,hyper=info,sqlx=info" } else { filter };
    let filter = EnvFilter::try_new(filter).map_err(|e| Failure::usage(format!("relayer.log: {e}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    let done = if context.out.json {
        builder.json().with_writer(std::io::stdout).try_init()
    } else {
        let ansi = context.out.color() && std::io::stderr().is_terminal();
        builder.with_target(false).with_ansi(ansi).with_writer(std::io::stderr).try_init()
    };
    done.map_err(|e| Failure::failed(format!("cannot log: {e}")))
}
