//! Edits of the configuration file that keep its comments and order.

use super::error::ConfigError;
use super::types::{Anchor, ClientConfig, Config, Contracts, Voters};
use lupu_standard::{ChainId, ClientId};
use std::io::Write;
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// A configuration file open for editing. Nothing is written before [`ConfigFile::save`].
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Opens a file that [`Config::load`] accepts.
    ///
    /// # Errors
    /// As [`Config::load`], without the environment.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::from_text(path, &text)
    }

    /// Opens a text as if it stood at `path`.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Config::parse(path, text, Some(Default::default()))?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| ConfigError::Invalid {
            path: path.to_owned(),
            findings: vec![super::Finding {
                place: path.display().to_string(),
                field: String::new(),
                problem: error.message().to_owned(),
                help: String::new(),
            }],
        })?;
        Ok(Self { path: path.to_owned(), document })
    }

    /// Creates a new file; refuses to overwrite one.
    ///
    /// # Errors
    /// [`ConfigError::Exists`], [`ConfigError::Write`].
    pub fn create(path: &Path, text: &str) -> Result<(), ConfigError> {
        Config::parse(path, text, Some(Default::default()))?;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::AlreadyExists {
                ConfigError::Exists { path: path.to_owned() }
            } else {
                ConfigError::Write { path: path.to_owned(), source }
            }
        })?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|source| ConfigError::Write { path: path.to_owned(), source })
    }

    /// Writes down where a chain's contracts are.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchChain`].
    pub fn set_contracts(&mut self, chain: &ChainId, contracts: &Contracts) -> Result<(), ConfigError> {
        let table = self.subtable(chain, "contracts")?;
        for (key, address) in [
            ("factory", contracts.factory),
            ("authority", contracts.authority),
            ("router", contracts.router),
            ("transfer", contracts.transfer),
            ("gmp", contracts.gmp),
        ] {
            set(table, key, value(address.to_string()));
        }
        set(table, "deployed_at", integer(contracts.deployed_at.0));
        set(table, "migration_delay", integer(contracts.migration_delay));
        Ok(())
    }

    /// Writes down a chain's trust anchor.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchChain`].
    pub fn set_anchor(&mut self, chain: &ChainId, anchor: &Anchor) -> Result<(), ConfigError> {
        let table = self.subtable(chain, "anchor")?;
        set(table, "height", integer(anchor.height.0));
        set(table, "hash", value(anchor.hash.to_string()));
        Ok(())
    }

    /// Writes down who finalizes what follows a Substrate chain's anchor.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchChain`].
    pub fn set_voters(&mut self, chain: &ChainId, voters: &Voters) -> Result<(), ConfigError> {
        let table = self.subtable(chain, "voters")?;
        set(table, "set_id", integer(voters.set_id));
        let written = voters.authorities.iter().map(|(key, weight)| match weight {
            1 => key.to_string(),
            weight => format!("{key}:{weight}"),
        });
        set(table, "authorities", value(written.collect::<toml_edit::Array>()));
        Ok(())
    }

    /// Adds a client, or replaces the values of the one with its id.
    pub fn put_client(&mut self, client: &ClientConfig) {
        let item = self.document.entry("clients").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if let Item::Value(v) = item
            && let Ok(tables) = Item::Value(v.clone()).into_array_of_tables()
        {
            *item = Item::ArrayOfTables(tables);
        }
        let Some(tables) = item.as_array_of_tables_mut() else { return };
        let at = tables.iter().position(|t| is_client(t, &client.id));
        match at.and_then(|i| tables.get_mut(i)) {
            Some(table) => write_client(table, client),
            None => {
                let mut table = Table::new();
                write_client(&mut table, client);
                tables.push(table);
            }
        }
    }

    /// The text as it would be saved.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// Checks the result, then replaces the file in one step: a reader sees the old text or the new one.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if the edits contradict the rest, [`ConfigError::Write`].
    pub fn save(&self) -> Result<(), ConfigError> {
        let text = self.text();
        Config::parse(&self.path, &text, Some(Default::default()))?;
        replace(&self.path, text.as_bytes()).map_err(|source| ConfigError::Write { path: self.path.clone(), source })
    }

    fn subtable(&mut self, chain: &ChainId, key: &str) -> Result<&mut Table, ConfigError> {
        let missing = || ConfigError::NoSuchChain { path: self.path.clone(), chain: chain.to_string() };
        let missing = missing();
        let Some(table) =
            self.document.get_mut("chains").and_then(|c| c.get_mut(chain.as_str())).and_then(Item::as_table_mut)
        else {
            return Err(missing);
        };
        let item = table.entry(key).or_insert_with(|| Item::Table(Table::new()));
        if let Item::Value(v) = item
            && let Ok(inner) = Item::Value(v.clone()).into_table()
        {
            *item = Item::Table(inner);
        }
        item.as_table_mut().ok_or(missing)
    }
}

fn is_client(table: &Table, id: &ClientId) -> bool {
    table.get("id").and_then(Item::as_str) == Some(id.as_str())
}

fn write_client(table: &mut Table, client: &ClientConfig) {
    set(table, "id", value(client.id.as_str()));
    set(table, "on", value(client.on.as_str()));
    set(table, "of", value(client.of.as_str()));
    set(table, "counterparty", value(client.counterparty.as_str()));
    if let Some(address) = client.light_client {
        set(table, "light_client", value(address.to_string()));
    }
    set(table, "bound", value(client.bound));
    let p = &client.parameters;
    let item = table.entry("parameters").or_insert_with(|| Item::Table(Table::new()));
    let inner: &mut dyn toml_edit::TableLike = match item.as_table_like_mut() {
        Some(inner) => inner,
        None => return,
    };
    set(inner, "trusting_period", integer(p.trusting_period));
    set(inner, "max_clock_drift", integer(p.max_clock_drift));
    set(inner, "trust", value(format!("{}/{}", p.trust_numerator, p.trust_denominator)));
}

/// Replaces a value and keeps the comment behind it.
fn set(table: &mut dyn toml_edit::TableLike, key: &str, mut new: Item) {
    match table.get_mut(key) {
        Some(old) => {
            if let (Some(old), Some(new)) = (old.as_value(), new.as_value_mut()) {
                *new.decor_mut() = old.decor().clone();
            }
            *old = new;
        }
        None => {
            table.insert(key, new);
        }
    }
}

/// TOML integers are signed: block numbers and seconds past 2⁶³ do not occur.
fn integer(n: u64) -> Item {
    value(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Writes a temporary file beside `path`, with its permissions, and renames it over it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let result = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        if let Ok(meta) = std::fs::metadata(&target) {
            file.set_permissions(meta.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &target)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    result
}
