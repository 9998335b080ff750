//! The real Substrate node and the runtime as WASM: built into the cache, again only after changes.

use crate::{
    run::{self, command, finish, output},
    tools::{cache, may_install},
    wasm::Toolchain,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RUNTIME: &str = "lupu-substrate-runtime";
/// What the WASM of a runtime must export and import to be run by a node.
const LINK: &str = "-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory \
                    --cfg substrate_runtime";
/// What the node's build asks of the system: a command that shows it is there, and Debian's packages.
const SYSTEM: [(&[&str], &[&str]); 3] = [
    (&["cc", "--version"], &["gcc", "libc6-dev"]),
    (&["protoc", "--version"], &["protobuf-compiler"]),
    (&["pkg-config", "--exists", "openssl"], &["pkg-config", "libssl-dev"]),
];

/// Where everything is built.
fn folder() -> PathBuf {
    cache().join("node")
}

/// The node's binary.
pub fn binary() -> PathBuf {
    folder().join("fastbuild/lupu-substrate-node")
}

/// The runtime: as it is, or the version to upgrade to.
pub fn runtime(next: bool) -> PathBuf {
    folder().join(if next { "next-runtime.wasm" } else { "runtime.wasm" })
}

/// Checks for what the build needs from the system; installs it where that is allowed.
pub fn system_packages(yes: bool) -> Result<()> {
    let missing: Vec<&str> = SYSTEM
        .iter()
        .filter(|(probe, _)| output(probe).is_none())
        .flat_map(|(_, packages)| *packages)
        .copied()
        .collect();
    if missing.is_empty() {
        println!("needed from the system: a C compiler, protoc, OpenSSL's headers with pkg-config (found)");
        return Ok(());
    }
    let list = missing.join(" ");
    if !may_install(yes) {
        bail!(
            "missing for the Substrate node: `apt-get install {list}` or the like; `cargo xtask e2e --yes` does it with apt-get"
        );
    }
    run::run(".", &["apt-get", "update", "-q"])?;
    let install = ["apt-get", "install", "-y", "-q", "--no-install-recommends"];
    run::run(".", &[install.as_slice(), &missing].concat())
}

/// Builds the node by its own lock file.
pub fn build_node() -> Result<()> {
    let words = [
        "cargo",
        "build",
        "--locked",
        "--profile",
        "fastbuild",
        "--manifest-path",
        "adapters/substrate/node/Cargo.toml",
    ];
    let mut c = command(".", &words);
    // OpenSSL's own sources would be compiled for minutes; the system has it.
    c.env("CARGO_TARGET_DIR", folder()).env("OPENSSL_NO_VENDOR", "1");
    finish(c, &words.join(" "))
}

/// Builds both versions of the runtime as WASM.
pub fn build_runtimes(yes: bool) -> Result<()> {
    let toolchain = Toolchain::find(yes)?;
    for next in [false, true] {
        let mut words = vec!["rustc", "--release", "-p", RUNTIME, "--lib", "--crate-type", "cdylib"];
        words.extend(["--no-default-features", "--target", crate::wasm::TARGET]);
        if next {
            words.extend(["--features", "next-version"]);
        }
        let target = folder().join(toolchain.folder());
        let mut c = toolchain.cargo(&words, LINK);
        optimize(&mut c).env("CARGO_TARGET_DIR", &target);
        finish(c, &format!("cargo {}", words.join(" ")))?;
        let built = target.join(crate::wasm::TARGET).join("release/lupu_substrate_runtime.wasm");
        place(&built, &runtime(next))?;
    }
    Ok(())
}

/// Small enough for a transaction, fast enough for a block, and no time lost on linking.
fn optimize(c: &mut Command) -> &mut Command {
    c.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}

/// Copies a blob if it is another one, so that what is unchanged keeps its time.
fn place(from: &Path, to: &Path) -> Result<()> {
    let blob = fs::read(from).with_context(|| format!("no WASM at {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == blob) {
        return Ok(());
    }
    println!("{}: {} bytes", to.display(), blob.len());
    fs::write(to, blob).with_context(|| format!("cannot write {}", to.display()))
}

/// Tells a test where everything is.
pub fn tell(c: &mut Command) -> &mut Command {
    c.env("LUPU_SUBSTRATE_NODE", binary())
        .env("LUPU_SUBSTRATE_RUNTIME", runtime(false))
        .env("LUPU_SUBSTRATE_NEXT_RUNTIME", runtime(true))
}
