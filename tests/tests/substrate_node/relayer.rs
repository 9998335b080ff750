//! The relayer as a process of its own, which is killed where a test stops it.

use lupu_tests::RelayerProcess;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A relayer by its configuration, running or not.
pub struct Relayer {
    config: PathBuf,
    keys: [(&'static str, String); 2],
    process: Mutex<Option<RelayerProcess>>,
}

impl Relayer {
    /// One that does not run yet; the keys are its environment.
    pub fn new(config: &Path, keys: [(&'static str, String); 2]) -> Self {
        Self { config: config.into(), keys, process: Mutex::default() }
    }

    /// Starts it on the store that is there.
    pub fn start(&self) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_relayer"));
        command.arg(&self.config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "info");
        }
        command.envs(self.keys.iter().map(|(name, key)| (name, key)));
        let process = RelayerProcess(command.spawn().unwrap());
        *self.process.lock().unwrap() = Some(process);
    }

    /// Kills it.
    pub fn kill(&self) {
        self.process.lock().unwrap().take().expect("it runs");
    }

    /// Fails if it has ended by itself.
    pub fn must_run(&self) {
        let mut process = self.process.lock().unwrap();
        let ended = process.as_mut().and_then(|process| process.0.try_wait().unwrap());
        assert!(ended.is_none(), "the relayer has ended: {ended:?}");
    }

    fn log(&self) -> PathBuf {
        self.config.with_extension("log")
    }
}

impl Drop for Relayer {
    fn drop(&mut self) {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the relayer said last:\n{}\n", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
}
