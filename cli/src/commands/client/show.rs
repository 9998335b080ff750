//! `lupu client list` and `lupu client show`.

use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::host;
use crate::links;
use crate::output::{Output, duration, time};
use lupu_light_client::Status;
use lupu_relayer::config::{ClientConfig, Config};
use lupu_standard::ClientId;
use lupu_standard::TimestampSecs;
use serde::Serialize;

/// Options of `client show`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lupu client show harbour.qbft-bank\n\nExit code 0: active; 1: expired, frozen, or not to be read."
)]
pub struct Args {
    /// The client.
    client: ClientId,
}

/// A client, as configuration and chain have it.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// From the configuration.
    #[serde(flatten)]
    pub client: ClientConfig,
    /// `active`, `expired`, `frozen`, or `unknown`.
    pub status: &'static str,
    /// Newest height it knows of the chain it tracks.
    pub latest_height: Option<u64>,
    /// Block time there, UNIX seconds.
    pub latest_timestamp: Option<u64>,
    /// Seconds, by the host's clock, since then.
    pub age: Option<u64>,
    /// Seconds until it expires.
    pub expires_in: Option<u64>,
    /// Why it could not be read.
    pub problem: Option<String>,
}

/// Asks the host chain about a client.
pub async fn look(config: &Config, client: &ClientConfig) -> Found {
    let mut found = Found {
        client: client.clone(),
        status: "unknown",
        latest_height: None,
        latest_timestamp: None,
        age: None,
        expires_in: None,
        problem: None,
    };
    let answer = host::state(config, client).await;
    match answer.and_then(|(state, now)| Ok((host::read(&client.id, &state)?, now))) {
        Ok((state, now)) => {
            let age = now.saturating_sub(state.latest_timestamp().0);
            let left = state.trusting_period().saturating_sub(age);
            found.status = match state.status(TimestampSecs(now)) {
                Status::Frozen => "frozen",
                Status::Expired => "expired",
                Status::Active => "active",
            };
            found.latest_height = Some(state.latest_height().0);
            found.latest_timestamp = Some(state.latest_timestamp().0);
            found.age = Some(age);
            found.expires_in = Some(left);
        }
        Err(failure) => found.problem = Some(failure.line),
    }
    found
}

/// Runs `client list`.
pub async fn list(context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let mut found = Vec::new();
    for client in &config.clients {
        found.push(look(&config, client).await);
    }
    context.out.print(&found, |out| {
        if found.is_empty() {
            return "no clients; `lupu client create --on CHAIN --of CHAIN` makes one".into();
        }
        table(&found, out)
    })?;
    Ok(OK)
}

/// The clients as a table.
pub fn table(found: &[Found], out: &Output) -> String {
    let rows = found.iter().map(|f| {
        let status = match (&f.problem, f.client.bound) {
            (Some(problem), _) => problem.clone(),
            (None, true) => f.status.to_owned(),
            (None, false) => format!("{}, not bound", f.status),
        };
        vec![
            f.client.id.to_string(),
            f.client.on.to_string(),
            f.client.of.to_string(),
            f.client.counterparty.to_string(),
            status,
            f.latest_height.map(|h| h.to_string()).unwrap_or_default(),
            f.age.map(duration).unwrap_or_default(),
            f.expires_in.map(duration).unwrap_or_default(),
        ]
    });
    out.table(&["client", "on", "of", "counterparty", "status", "height", "age", "expires in"], rows)
}

/// Runs `client show`.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let found = look(&config, links::client(&config, &args.client)?).await;
    context.out.print(&found, |out| text(&found, &config, out))?;
    Ok(if found.status == "active" { OK } else { NEGATIVE })
}

/// The contract that is the client, or what keeps it.
fn kept(client: &ClientConfig, config: &Config) -> String {
    match (client.light_client, config.chain(&client.on)) {
        (Some(address), _) => address.to_string(),
        (None, Some(chain)) if chain.evm().is_none() => "none: the runtime keeps it, in Ibc.Clients".into(),
        (None, _) => "none yet".into(),
    }
}

fn text(found: &Found, config: &Config, out: &Output) -> String {
    let client = &found.client;
    let status = match found.status {
        "active" => out.good("active"),
        other => out.bad(other),
    };
    let parameters = &client.parameters;
    let anchor = config.chain(&client.of).and_then(|c| c.anchor);
    let mut pairs = vec![
        ("client", out.bold(client.id.as_str())),
        ("on", client.on.to_string()),
        ("of", client.of.to_string()),
        ("counterparty", client.counterparty.to_string()),
        ("contract", kept(client, config)),
        ("bound", if client.bound { "yes".into() } else { "no".into() }),
        ("status", status),
    ];
    if let (Some(height), Some(timestamp), Some(age)) = (found.latest_height, found.latest_timestamp, found.age) {
        pairs.push(("newest block", format!("{height}, {} old, {}", duration(age), time(timestamp))));
    }
    if let Some(left) = found.expires_in {
        pairs.push(("expires in", duration(left)));
    }
    pairs.push(("trusting period", duration(parameters.trusting_period)));
    pairs.push(("clock drift", duration(parameters.max_clock_drift)));
    pairs.push((
        "trust",
        format!("{}/{} of the trusted validators", parameters.trust_numerator, parameters.trust_denominator),
    ));
    if let Some(anchor) = anchor {
        pairs.push(("trust anchor", format!("block {} of {}\n{}", anchor.height, client.of, anchor.hash)));
    }
    if let Some(problem) = &found.problem {
        pairs.push(("problem", out.bad(problem)));
    }
    out.pairs(&pairs)
}
