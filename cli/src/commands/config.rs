//! `lupu config`: is the configuration right, and what is still missing?

use crate::context::Context;
use crate::failure::{Failure, OK};
use clap::Subcommand;
use lupu_relayer::config::Config;
use lupu_relayer::keys::{self, Keystore};
use serde::Serialize;

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the file, name every mistake with its line, and say what is still to be done. Asks no chain.
    #[command(after_help = "Exit code 0: the file is right (things may still be to do); 2: it has mistakes.")]
    Check,
    /// Print the configuration as it is understood: defaults filled in, environment laid over it.
    Show,
}

#[derive(Serialize)]
struct Report<'a> {
    config: &'a std::path::Path,
    chains: usize,
    clients: usize,
    routes: usize,
    missing: Vec<String>,
}

impl ConfigCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        match self {
            Self::Check => {
                tracing_subscriber::EnvFilter::try_new(&config.relayer.log).map_err(|e| {
                    Failure::usage(format!("{}: relayer.log: {e}; write for example \"info\"", config.path.display()))
                })?;
                let report = Report {
                    config: &config.path,
                    chains: config.chains.len(),
                    clients: config.clients.len(),
                    routes: config.routes().len(),
                    missing: missing(&config),
                };
                context.out.print(&report, |out| {
                    let mut text = format!(
                        "{}: right; {} chains, {} clients, {} routes\n",
                        out.bold(&report.config.display().to_string()),
                        report.chains,
                        report.clients,
                        report.routes
                    );
                    for line in &report.missing {
                        text.push_str(&format!("{} {line}\n", out.dim("to do:")));
                    }
                    text
                })?;
            }
            Self::Show => {
                context.out.print(&config, |_| serde_json::to_string_pretty(&config).unwrap_or_default())?;
            }
        }
        Ok(OK)
    }
}

/// What stands between this configuration and packets that travel, in the order to do it.
fn missing(config: &Config) -> Vec<String> {
    let mut out = Vec::new();
    if config.chains.is_empty() {
        out.push("add a chain: [chains.NAME]".into());
    }
    let keystore = Keystore::new(&config.relayer.keystore);
    for (name, chain) in &config.chains {
        if chain.keys.is_empty() {
            out.push(format!(
                "chain {name} has no keys: `lupu key add {name}-relayer`, then keys = [\"{name}-relayer\"]"
            ));
        }
        out.extend(
            chain
                .keys
                .iter()
                .filter_map(|key| keys::address(key, &keystore).err())
                .map(|e| format!("chain {name}: {e}")),
        );
        if chain.needs_contracts() {
            out.push(format!("chain {name} has no contracts: `lupu deploy --chain {name}`"));
        }
    }
    let names: Vec<_> = config.chains.keys().collect();
    if config.clients.is_empty()
        && let [a, b, ..] = names.as_slice()
    {
        out.push(format!(
            "there are no clients: `lupu client create --on {a} --of {b}` and `lupu client create --on {b} --of {a}`"
        ));
    }
    for client in &config.clients {
        if !config.clients.iter().any(|c| c.id == client.counterparty) {
            out.push(format!(
                "{} has no counterparty: `lupu client create --on {} --of {}`",
                client.id, client.of, client.on
            ));
        } else if !client.bound {
            out.push(format!("{} is not bound: `lupu client bind {}`", client.id, client.id));
        }
        if config.chains.get(&client.of).is_none_or(|c| c.anchor.is_none()) {
            out.push(format!(
                "chain {} has no trust anchor: `lupu client create --of {}` confirms and writes one",
                client.of, client.of
            ));
        }
    }
    out
}
