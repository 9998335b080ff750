//! Tools that the checks need and that the project installs for itself.

use crate::run::{command, finish, in_ci, output, root, run};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Pinned version of cargo-deny.
const CARGO_DENY: &str = "0.20.2";

/// Where tools live outside the checkout: `$LUPU_CACHE` or `~/.cache/lupu`.
pub fn cache() -> PathBuf {
    if let Some(dir) = std::env::var_os("LUPU_CACHE") {
        return PathBuf::from(dir);
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_else(|| PathBuf::from("."));
    home.join(".cache/lupu")
}

/// Fails with a clear word if Node.js (18 or newer) with npm is missing.
pub fn node() -> Result<()> {
    let Some(version) = output(&["node", "--version"]) else {
        bail!(
            "Node.js is missing: the contracts are compiled by the npm package solc. Install Node.js 18 or newer with npm"
        );
    };
    let major: u32 = version.trim_start_matches('v').split('.').next().and_then(|m| m.parse().ok()).unwrap_or(0);
    if major < 18 {
        bail!("Node.js {version} is too old: 18 or newer is needed");
    }
    if output(&["npm", "--version"]).is_none() {
        bail!("npm is missing: it comes with Node.js");
    }
    Ok(())
}

/// Whether python3 is here; in CI it is installed where it is missing.
pub fn python() -> Result<bool> {
    if output(&["python3", "--version"]).is_none() && in_ci() {
        run(".", &["apt-get", "install", "-y", "-q", "--no-install-recommends", "python3"])?;
    }
    Ok(output(&["python3", "--version"]).is_some())
}

/// The path of cargo-deny at the pinned version, installed into the cache if need be.
pub fn cargo_deny() -> Result<PathBuf> {
    let root = cache().join("tools");
    let binary = root.join("bin/cargo-deny");
    let wanted = format!("cargo-deny {CARGO_DENY}");
    let has = |path: &str| output(&[path, "--version"]).is_some_and(|v| v == wanted);
    if has("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    if !has(&binary.to_string_lossy()) {
        let mut c = command(".", &["cargo", "install", "--locked", "--version", CARGO_DENY, "cargo-deny", "--root"]);
        c.arg(&root);
        finish(c, &format!("cargo install --locked --version {CARGO_DENY} cargo-deny"))?;
    }
    Ok(binary)
}

/// Whether installing system packages was allowed: by `--yes`, or because this is CI.
pub fn may_install(yes: bool) -> bool {
    yes || in_ci()
}

/// `npm ci` in a folder of the checkout, unless its packages already match its lock file.
pub fn npm_ci(folder: &str) -> Result<()> {
    node()?;
    let folder_path = root().join(folder);
    let lock =
        std::fs::read(folder_path.join("package-lock.json")).with_context(|| format!("{folder}/package-lock.json"))?;
    let mark = folder_path.join("node_modules/.lupu-lock");
    if std::fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(folder, &["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    std::fs::write(&mark, lock).with_context(|| format!("cannot write {}", mark.display()))
}
