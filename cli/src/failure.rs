//! How a command ends when it does not succeed.

use lupu_adapter::{AdapterError, ErrorKind};
use lupu_relayer::config::ConfigError;
use lupu_relayer::keys::KeyError;
use lupu_relayer::store::StoreError;
use std::process::ExitCode;

/// Success.
pub const OK: u8 = 0;
/// Something failed, or what was looked at is not good.
pub const NEGATIVE: u8 = 1;
/// The input, the arguments or the configuration are wrong.
pub const USAGE: u8 = 2;

/// A failure: one line for a person, an exit code for a script.
#[derive(Debug)]
pub struct Failure {
    /// [`NEGATIVE`] or [`USAGE`].
    pub code: u8,
    /// What failed, where, and what to do.
    pub line: String,
    /// What stands behind it; shown with `-v`.
    pub causes: Vec<String>,
}

impl Failure {
    /// Wrong input: exit code 2.
    pub fn usage(line: impl Into<String>) -> Self {
        Self { code: USAGE, line: line.into(), causes: Vec::new() }
    }

    /// Something failed: exit code 1.
    pub fn failed(line: impl Into<String>) -> Self {
        Self { code: NEGATIVE, line: line.into(), causes: Vec::new() }
    }

    /// The exit code.
    pub fn exit(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let line = match &error {
            ConfigError::Read { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                format!(
                    "{}: there is no such file; write one with `lupu init`, or name another with --config",
                    path.display()
                )
            }
            other => other.to_string(),
        };
        Self::usage(line)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<lupu_relayer::setup::SetupError> for Failure {
    fn from(error: lupu_relayer::setup::SetupError) -> Self {
        use lupu_relayer::setup::SetupError;
        match error {
            SetupError::Chain(error) => error.into(),
            SetupError::Key(error) => error.into(),
            missing => Self::usage(missing.to_string()),
        }
    }
}

impl From<AdapterError> for Failure {
    fn from(error: AdapterError) -> Self {
        let code = if error.kind == ErrorKind::Misconfigured { USAGE } else { NEGATIVE };
        let help = match error.kind {
            ErrorKind::Unavailable => "; is the node up and reachable?",
            ErrorKind::Funds => "; give the account more",
            ErrorKind::Pruned => "; the node has forgotten that state: ask one that keeps more, or a newer height",
            ErrorKind::Lied => "; do not trust this endpoint",
            _ => "",
        };
        Self { code, line: format!("{error}{help}"), causes: vec![format!("kind of failure: {:?}", error.kind)] }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let mut chain = error.chain().map(ToString::to_string);
        let line = chain.next().unwrap_or_default();
        Self { code: NEGATIVE, line, causes: chain.collect() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
