//! What can go wrong with the store, in words for an operator.

use crate::packet::IllegalTransition;
use std::path::PathBuf;

/// A failure of the store. While writes fail the engine submits nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A second relayer on one store would spend nonces twice.
    #[error("another relayer (pid {pid}) uses this store: {path}")]
    InUse {
        /// The store.
        path: PathBuf,
        /// The process that holds it, as it wrote itself down.
        pid: String,
    },
    /// There is no file, and this call does not make one.
    #[error("there is no store at {0}; `lupu start` creates it")]
    Missing(PathBuf),
    /// The disk, or the file's page limit.
    #[error("the store cannot grow: disk full ({0})")]
    Full(String),
    /// Another process holds a lock for longer than the busy timeout.
    #[error("the store is locked by another process ({0})")]
    Locked(String),
    /// Not a database, or a damaged one.
    #[error("the store is damaged or not a lupu store ({0}); move it away or restore a copy")]
    Corrupt(String),
    /// No permission to write.
    #[error("the store cannot be written ({0})")]
    ReadOnly(String),
    /// Reading or writing the file failed.
    #[error("reading or writing the store failed ({0})")]
    Io(String),
    /// Made by a version with other migrations.
    #[error("the store belongs to another version of lupu ({0})")]
    Version(String),
    /// A value that no version of this program writes.
    #[error("the store holds an unreadable {what}: {detail}")]
    Data {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The packet moved on meanwhile: what was planned for it is out of date.
    #[error("packet {packet} moved on: {source}")]
    Stale {
        /// Its number in the store.
        packet: i64,
        /// What was tried.
        source: IllegalTransition,
    },
    /// No such packet.
    #[error("there is no packet {sequence} of client {client} on {chain}")]
    NoPacket {
        /// Source chain.
        chain: String,
        /// Source client.
        client: String,
        /// Sequence.
        sequence: u64,
    },
    /// Anything else that SQLite reports.
    #[error("the store refused: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the store itself is unwell, so that nothing may be submitted.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Full(_) | Self::Locked(_) | Self::Corrupt(_) | Self::ReadOnly(_) | Self::Io(_) | Self::Database(_)
        )
    }

    pub(crate) fn data(what: &'static str, detail: impl ToString) -> Self {
        Self::Data { what, detail: detail.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Database(db) => {
                let code = db.code().and_then(|c| c.parse::<i64>().ok()).unwrap_or(1);
                match code & 0xff {
                    5 | 6 => Self::Locked(text),
                    8 => Self::ReadOnly(text),
                    10 | 14 => Self::Io(text),
                    11 | 26 => Self::Corrupt(text),
                    13 => Self::Full(text),
                    _ => Self::Database(text),
                }
            }
            sqlx::Error::PoolTimedOut => Self::Locked("no connection became free".into()),
            sqlx::Error::Io(_) => Self::Io(text),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::data("column", text),
            _ => Self::Database(text),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(e) => e.into(),
            sqlx::migrate::MigrateError::ExecuteMigration(e, _) => e.into(),
            other => Self::Version(other.to_string()),
        }
    }
}
