//! `lupu.toml`: what an operator tells the relayer.
//!
//! [`Config::load`] reads the file, lays `LUPU__…` environment variables over it and checks
//! everything that can be checked without a chain. It reports every mistake at once, each with file,
//! line, column, field and what to do. [`ConfigFile`] edits the file and keeps its comments.

mod check;
mod cursor;
mod edit;
mod error;
mod node;
mod read;
mod template;
mod types;

pub use edit::ConfigFile;
pub use error::{ConfigError, Finding};
pub use read::trust_fraction;
pub use template::{ChainSketch, FamilySketch, template};
pub use types::{
    Anchor, BatchConfig, ChainConfig, ClientConfig, Config, Consensus, Contracts, EvmSettings, Family, KeyRef,
    RelayerConfig, RetryConfig, Route, SubstrateSettings, Voters,
};

use std::collections::HashMap;
use std::path::Path;

/// Environment variables that start with this, with `__` between the levels, replace values of the
/// file: `LUPU__RELAYER__LISTEN=0.0.0.0:9464`. Lists are separated by commas.
pub const ENVIRONMENT_PREFIX: &str = "LUPU";

impl Config {
    /// Reads and checks a configuration file, with the process's environment laid over it.
    ///
    /// # Errors
    /// [`ConfigError::Read`] if there is no such file, [`ConfigError::Invalid`] with every finding.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text, None)
    }

    /// Checks a text as if it stood at `path`. `environment` replaces the process's environment.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every finding.
    pub fn parse(path: &Path, text: &str, environment: Option<HashMap<String, String>>) -> Result<Self, ConfigError> {
        let report = error::Report::new(path, text);
        let config = node::parse(&report).and_then(|mut root| {
            node::lay_environment_over(&mut root, environment, &report);
            let config = read::config(&root, path, &report);
            if let Some(config) = &config {
                check::config(config, &root, &report);
            }
            config
        });
        match (config, report.into_findings()) {
            (Some(config), findings) if findings.is_empty() => Ok(config),
            (_, findings) => Err(ConfigError::Invalid { path: path.to_owned(), findings }),
        }
    }
}

#[cfg(test)]
mod tests;
