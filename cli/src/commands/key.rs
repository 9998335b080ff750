//! `lupu key`: the relayer's signing keys.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::output::Output;
use clap::Subcommand;
use lupu_relayer::config::KeyRef;
use lupu_relayer::keys::{self, KeyEntry, Keystore};
use serde::Serialize;
use std::path::PathBuf;

const ADD_EXAMPLES: &str = "\
Examples:
  lupu key add harbour-relayer                     a new random key
  lupu key add harbour-relayer --import            a key that you have: typed in, or piped into standard input
  lupu key add harbour-relayer --import-env MY_KEY a key that stands in an environment variable

The file is Web3 secret storage, version 3, readable by its owner only; geth and cast read it too.
The password comes from LUPU_KEYSTORE_PASSWORD, --password-file, or is asked for.
Keys can also stay in environment variables: write keys = [\"env:NAME\"] in lupu.toml.";

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Put a key into the keystore, encrypted.
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddArgs),
    /// Show the keys: name, address, which chains use it.
    List(FolderArgs),
}

/// Options of `key add`.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// The key's name, as it will stand in lupu.toml.
    name: String,
    /// Take a key that exists instead of making a new one; it is typed in, or read from standard input.
    #[arg(long, conflicts_with = "import_env")]
    import: bool,
    /// Take the key from this environment variable.
    #[arg(long, value_name = "VARIABLE")]
    import_env: Option<String>,
    #[command(flatten)]
    folder: FolderArgs,
}

/// Which keystore.
#[derive(Debug, clap::Args)]
pub struct FolderArgs {
    /// Keystore folder; default: the one of the configuration, or ./keys without one.
    #[arg(long, value_name = "FOLDER")]
    keystore: Option<PathBuf>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    address: Option<String>,
    source: &'static str,
    chains: Vec<String>,
    problem: Option<String>,
}

impl KeyCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::Add(args) => add(args, context),
            Self::List(args) => list(args, context),
        }
    }
}

impl FolderArgs {
    fn open(&self, context: &Context) -> Result<Keystore, Failure> {
        match &self.keystore {
            Some(folder) => Ok(Keystore::new(folder)),
            None if context.config_path.exists() => Ok(Keystore::new(context.config()?.relayer.keystore)),
            None => Ok(Keystore::new("keys")),
        }
    }
}

fn add(args: &AddArgs, context: &Context) -> Result<u8, Failure> {
    let keystore = args.folder.open(context)?;
    if keystore.entry(&args.name).is_ok() {
        return Err(keys::KeyError::Exists(keystore.folder().join(&args.name)).into());
    }
    let key = if let Some(variable) = &args.import_env {
        Some(keys::from_environment(variable)?)
    } else if args.import {
        let text = context.ask_secret("private key (64 hex digits): ")?;
        Some(keys::parse(&text, "the input")?)
    } else {
        None
    };
    let password = context.new_password()?;
    let entry = match key {
        Some(key) => keystore.add(&args.name, &key, &password)?,
        None => keystore.create(&args.name, &password)?,
    };
    context.out.print(&entry, |out| added(&entry, out))?;
    Ok(OK)
}

fn added(entry: &KeyEntry, out: &Output) -> String {
    let address = entry.address.map(|a| a.to_string()).unwrap_or_default();
    format!(
        "{} {address}\n{}",
        out.bold(&entry.name),
        out.dim(&format!("kept in {}; there is no copy: keep file and password safe", entry.path.display()))
    )
}

fn list(args: &FolderArgs, context: &Context) -> Result<u8, Failure> {
    let keystore = args.open(context)?;
    let config = if context.config_path.exists() { Some(context.config()?) } else { None };
    let users = |key: &KeyRef| -> Vec<String> {
        let chains = config.iter().flat_map(|c| c.chains.values());
        chains.filter(|c| c.keys.contains(key)).map(|c| c.name.to_string()).collect()
    };
    let mut rows: Vec<Listed> = keystore
        .list()?
        .into_iter()
        .map(|entry| Listed {
            chains: users(&KeyRef::Keystore(entry.name.clone())),
            name: entry.name,
            address: entry.address.map(|a| a.to_string()),
            source: "keystore",
            problem: None,
        })
        .collect();
    let mut named: Vec<&KeyRef> = config.iter().flat_map(|c| c.chains.values()).flat_map(|c| &c.keys).collect();
    named.sort_by_key(|k| k.to_string());
    named.dedup();
    for key in named {
        if matches!(key, KeyRef::Keystore(name) if rows.iter().any(|r| r.source == "keystore" && &r.name == name)) {
            continue;
        }
        let address = keys::address(key, &keystore);
        rows.push(Listed {
            name: key.to_string(),
            source: if matches!(key, KeyRef::Environment(_)) { "environment" } else { "keystore" },
            chains: users(key),
            problem: address.as_ref().err().map(ToString::to_string),
            address: address.ok().flatten().map(|a| a.to_string()),
        });
    }
    context.out.print(&rows, |out| {
        if rows.is_empty() {
            return format!("no keys in {}; `lupu key add NAME` makes one", keystore.folder().display());
        }
        let cells = rows.iter().map(|r| {
            let address = r.address.clone().or_else(|| r.problem.clone()).unwrap_or_else(|| "not in the file".into());
            vec![r.name.clone(), address, r.source.to_owned(), r.chains.join(", ")]
        });
        out.table(&["name", "address", "kept in", "signs on"], cells)
    })?;
    Ok(OK)
}
