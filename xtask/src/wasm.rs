//! A Rust toolchain that compiles for a chain's virtual machine.

use crate::{
    run::{self, command, output},
    tools::{cache, may_install},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The target of runtimes.
pub const TARGET: &str = "wasm32v1-none";
/// Where cargo reads the flags for it; what is compiled for the host has none of them.
const FLAGS: &str = "CARGO_TARGET_WASM32V1_NONE_RUSTFLAGS";
/// Debian's compiler, with the sources of its standard library.
const DEBIAN: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// Who compiles.
pub enum Toolchain {
    /// The toolchain in use, with the target installed by rustup.
    Rustup,
    /// Debian's, where rustup's server is out of reach: the standard library for the target is
    /// built once, from Debian's sources, into a folder of the cache.
    Debian { sysroot: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// The first that is there, or can be had.
    pub fn find(yes: bool) -> Result<Self> {
        if installed() || add_target() {
            return Ok(Self::Rustup);
        }
        let here = |program: &str| Path::new("/usr/bin").join(program).exists();
        if !(here("rustc") && here("cargo")) {
            if !may_install(yes) {
                bail!("the Rust target {TARGET} is missing: `rustup target add {TARGET}`");
            }
            run::run(".", &["apt-get", "update", "-q"])?;
            let install = ["apt-get", "install", "-y", "-q", "--no-install-recommends"];
            run::run(".", &[install.as_slice(), DEBIAN].concat())?;
        }
        let sysroot = cache().join("debian-sysroot");
        if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
            build_sysroot(&sysroot)?;
        }
        Ok(Self::Debian { sysroot, linker: linker()? })
    }

    /// The name of a build folder: what one compiler made, another cannot use.
    pub fn folder(&self) -> &'static str {
        match self {
            Self::Rustup => "wasm",
            Self::Debian { .. } => "wasm-debian",
        }
    }

    /// Cargo in the checkout's root, with flags for what is compiled for the target.
    pub fn cargo(&self, words: &[&str], flags: &str) -> Command {
        match self {
            Self::Rustup => {
                let mut c = command(".", &[&["cargo"], words].concat());
                c.env_remove("RUSTFLAGS").env(FLAGS, flags);
                c
            }
            Self::Debian { sysroot, linker } => {
                let mut c = debian(words);
                let flags = format!("{flags} --sysroot {} -C linker={}", sysroot.display(), linker.display());
                c.env_remove("RUSTFLAGS").env(FLAGS, flags).env("CARGO_TARGET_DIR", cache().join(self.folder()));
                c
            }
        }
    }
}

fn debian(words: &[&str]) -> Command {
    let mut c = command(".", &[&["/usr/bin/cargo"], words].concat());
    c.env("RUSTC", "/usr/bin/rustc").env_remove("RUSTUP_TOOLCHAIN");
    c
}

fn installed() -> bool {
    output(&["rustc", "--print", "sysroot"])
        .is_some_and(|sysroot| Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Adds the target through rustup; it changes nothing but rustup's own toolchain.
fn add_target() -> bool {
    output(&["rustup", "--version"]).is_some()
        && run::run(".", &["rustup", "target", "add", TARGET]).is_ok()
        && installed()
}

/// Compiles core and alloc for the target from Debian's sources.
fn build_sysroot(sysroot: &Path) -> Result<()> {
    let empty = cache().join("debian-sysroot-build");
    fs::create_dir_all(empty.join("src"))?;
    fs::write(
        empty.join("Cargo.toml"),
        "[workspace]\n[package]\nname = \"empty\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    )?;
    fs::write(empty.join("src/lib.rs"), "#![no_std]\nextern crate alloc;\n")?;
    let words = ["build", "--release", "--target", TARGET, "-Zbuild-std=core,alloc"];
    let mut c = debian(&words);
    c.current_dir(&empty).env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", empty.join("target"));
    run::finish(c, &format!("cargo {}", words.join(" ")))?;
    let built = empty.join("target").join(TARGET).join("release/deps");
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let partial = sysroot.with_extension("partial");
    fs::create_dir_all(&partial)?;
    for entry in fs::read_dir(&built).with_context(|| built.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.ends_with(".rlib")
            && ["libcore-", "liballoc-", "libcompiler_builtins-"].iter().any(|p| name.starts_with(p))
        {
            fs::copy(&path, partial.join(name))?;
        }
    }
    fs::create_dir_all(library.parent().context("a folder above")?)?;
    fs::rename(&partial, &library).with_context(|| library.display().to_string())
}

/// The linker that ships with a Rust toolchain, or LLVM's.
fn linker() -> Result<PathBuf> {
    let bundled = "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld";
    let of = |rustc: &str| output(&[rustc, "--print", "sysroot"]).map(|sysroot| Path::new(&sysroot).join(bundled));
    let found = [of("rustc"), of("/usr/bin/rustc")].into_iter().flatten().find(|path| path.exists());
    let lld = || {
        let folder = fs::read_dir("/usr/bin").ok()?;
        let names = folder.filter_map(|e| e.ok()).map(|e| e.path());
        names.filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("wasm-ld"))).max()
    };
    found.or_else(lld).with_context(|| format!("no linker for {TARGET}: install Debian's package lld"))
}
