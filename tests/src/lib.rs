//! What the end-to-end tests and the throughput harness share.

pub mod proofs;

use anyhow::{Context, Result};
use lupu_demo::stage::{Stage, key_variable};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A relayer process; killed when dropped.
pub struct RelayerProcess(pub Child);

impl Drop for RelayerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What may differ between relayer processes on one stage.
#[derive(Clone, Copy, Debug)]
pub struct RelayerOptions<'a> {
    /// The binary: `relayer` of this crate.
    pub binary: &'a str,
    /// Which of the stage's accounts signs.
    pub account: usize,
    /// Its store.
    pub store: &'a Path,
    /// Where its metrics are served.
    pub listen: &'a str,
    /// Where it kills itself, in a build with the failpoints in.
    pub failpoint: Option<&'a str>,
}

/// Starts a relayer as a process of its own. Quiet, unless `RUST_LOG` is set.
pub fn start_relayer(stage: &Stage, options: RelayerOptions<'_>) -> Result<RelayerProcess> {
    let mut command = Command::new(options.binary);
    command
        .arg(&stage.config.path)
        .env("LUPU__RELAYER__STORE", options.store)
        .env("LUPU__RELAYER__LISTEN", options.listen)
        .env_remove("LUPU_FAILPOINT")
        .stdout(Stdio::null());
    if std::env::var_os("RUST_LOG").is_none() {
        command.env("RUST_LOG", "off").stderr(Stdio::null());
    }
    for (chain, keys) in &stage.keys {
        let key = keys.get(options.account).context("too few accounts")?;
        command.env(key_variable(chain), hex::encode(key.to_bytes()));
    }
    if let Some(name) = options.failpoint {
        command.env("LUPU_FAILPOINT", name);
    }
    Ok(RelayerProcess(command.spawn().context("cannot start the relayer")?))
}
