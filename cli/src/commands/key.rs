//! `lupu key`: the relayer's signing keys.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::known::{account, account_of};
use crate::output::Output;
use alloy::signers::local::PrivateKeySigner;
use clap::Subcommand;
use lupu_relayer::config::KeyRef;
use lupu_relayer::keys::{self, KeyEntry, Keystore};
use lupu_substrate::keys::address;
use serde::Serialize;
use std::path::PathBuf;

const ADD_EXAMPLES: &str = "\
Examples:
  lupu key add harbour-relayer                     a new random key
  lupu key add harbour-relayer --import            a key that you have: typed in, or piped into standard input
  lupu key add harbour-relayer --import-env MY_KEY a key that stands in an environment variable

The file is Web3 secret storage, version 3, readable by its owner only; geth and cast read it too.
The password comes from LUPU_KEYSTORE_PASSWORD, --password-file, or is asked for.
Keys can also stay in environment variables: write keys = [\"env:NAME\"] in lupu.toml.

On an EVM chain the key signs for its address; on a Substrate chain the same 32 bytes are the seed of an
sr25519 key, with the account that is shown too. Give each account something to pay with.";

/// Commands about keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Put a key into the keystore, encrypted.
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddArgs),
    /// Show the keys: name, address, account, which chains use it.
    #[command(
        after_help = "Examples:\n  lupu key list\n  LUPU_KEYSTORE_PASSWORD=… lupu key list     opens the files too: accounts on Substrate chains follow from the secret"
    )]
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
struct Added {
    #[serde(flatten)]
    entry: KeyEntry,
    /// On Substrate chains, SS58.
    account: String,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    /// On EVM chains.
    address: Option<String>,
    /// On Substrate chains, SS58; nothing where the file was not opened.
    account: Option<String>,
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
        keys::from_environment(variable)?
    } else if args.import {
        let text = context.ask_secret("private key (64 hex digits): ")?;
        keys::parse(&text, "the input")?
    } else {
        PrivateKeySigner::random()
    };
    let password = context.new_password()?;
    let entry = keystore.add(&args.name, &key, &password)?;
    let added = Added { entry, account: address(&account_of(&key)?) };
    context.out.print(&added, |out| text(&added, out))?;
    Ok(OK)
}

fn text(added: &Added, out: &Output) -> String {
    let entry = &added.entry;
    let pairs = out.pairs(&[
        ("key", out.bold(&entry.name)),
        ("on EVM chains", entry.address.map(|a| a.to_string()).unwrap_or_default()),
        ("on Substrate", added.account.clone()),
    ]);
    let kept = format!("kept in {}; there is no copy: keep file and password safe", entry.path.display());
    format!("{pairs}{}", out.dim(&kept))
}

fn list(args: &FolderArgs, context: &Context) -> Result<u8, Failure> {
    let keystore = args.open(context)?;
    let config = if context.config_path.exists() { Some(context.config()?) } else { None };
    let password = context.given_password()?;
    let on_substrate = |key: &KeyRef| account(key, &keystore, password.as_ref()).map(|public| address(&public));
    let users = |key: &KeyRef| -> Vec<String> {
        let chains = config.iter().flat_map(|c| c.chains.values());
        chains.filter(|c| c.keys.contains(key)).map(|c| c.name.to_string()).collect()
    };
    let mut rows: Vec<Listed> = keystore
        .list()?
        .into_iter()
        .map(|entry| Listed {
            chains: users(&KeyRef::Keystore(entry.name.clone())),
            account: on_substrate(&KeyRef::Keystore(entry.name.clone())),
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
        let of_key = keys::address(key, &keystore);
        rows.push(Listed {
            name: key.to_string(),
            source: if matches!(key, KeyRef::Environment(_)) { "environment" } else { "keystore" },
            chains: users(key),
            account: on_substrate(key),
            problem: of_key.as_ref().err().map(ToString::to_string),
            address: of_key.ok().flatten().map(|a| a.to_string()),
        });
    }
    context.out.print(&rows, |out| {
        if rows.is_empty() {
            return format!("no keys in {}; `lupu key add NAME` makes one", keystore.folder().display());
        }
        let cells = rows.iter().map(|r| {
            let address = r.address.clone().or_else(|| r.problem.clone()).unwrap_or_else(|| "not in the file".into());
            let account = match (&r.account, &r.problem) {
                (Some(account), _) => account.clone(),
                (None, Some(_)) => String::new(),
                (None, None) => "needs the password".into(),
            };
            vec![r.name.clone(), address, account, r.source.to_owned(), r.chains.join(", ")]
        });
        out.table(&["name", "on EVM chains", "on Substrate", "kept in", "signs on"], cells)
    })?;
    Ok(OK)
}
