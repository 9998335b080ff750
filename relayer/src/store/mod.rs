//! The durable store: packets and their states, the journal of signed transactions, cursors, trusted
//! consensus states and proof material, in one SQLite file.
//!
//! Every state change and the rows that explain it are written in one database transaction, synced
//! to disk before its effect is attempted. One process writes as the relayer ([`Store::open`], which
//! holds a lock file); others may look and ask for retries ([`Store::open_shared`]).

mod anchors;
mod clients;
mod error;
mod events;
mod evidence;
mod journal;
mod lock;
mod outcomes;
mod packets;
mod proofs;
mod rows;
mod summary;
#[cfg(test)]
mod tests;
mod transactions;

pub use anchors::KeptAnchor;
pub(crate) use clients::status_name;
pub use clients::{ClientRow, WorkerRow, WorkerState};
pub use error::StoreError;
pub use events::{Applied, Cursor};
pub use evidence::{ProofPlace, SeenClient};
pub use journal::{Ended, JournalTransaction, NewTransaction, TransactionKind, TransactionRow, TransactionState};
pub(crate) use outcomes::{success, verdict};
pub use packets::{Due, PacketFilter};
pub use proofs::{NewProof, RECEIPT, StoredProof};
pub use rows::{Lane, PacketChange, PacketRow, Stamp, TransitionRow};
pub use summary::{LaneCount, TransactionTotals};

use crate::{failpoint, failpoints::Effect, packet::Transition};
use futures::future::BoxFuture;
use lock::StoreLock;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long a write waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    write: SqlitePool,
    read: SqlitePool,
    outage: Mutex<Option<String>>,
    _lock: Option<StoreLock>,
}

impl Store {
    /// Opens the store for a relayer, creating it if it does not exist, and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another relayer has it open; otherwise what the file or the disk says.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::create(path.as_ref()).await
    }

    fn create(path: &Path) -> BoxFuture<'_, Result<Self, StoreError>> {
        Box::pin(async move {
            let lock = StoreLock::take(path)?;
            let store = Self::connect(path, true, Some(lock)).await?;
            sqlx::migrate!("./migrations").run(&store.inner.write).await?;
            Ok(store)
        })
    }

    /// Opens an existing store beside a running relayer: to look, and to ask for retries.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn open_shared(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if !path.is_file() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Self::connect(path, false, None).await
    }

    fn connect(path: &Path, create: bool, lock: Option<StoreLock>) -> BoxFuture<'_, Result<Self, StoreError>> {
        Box::pin(Self::pools(path, create, lock))
    }

    async fn pools(path: &Path, create: bool, lock: Option<StoreLock>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .min_connections(0)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(Duration::from_secs(30))
        };
        let write = pool(1).connect_with(options.clone()).await?;
        let read = pool(4).connect_with(options).await?;
        Ok(Self {
            inner: Arc::new(Inner { path: path.to_owned(), write, read, outage: Mutex::new(None), _lock: lock }),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Why the last write failed, if it did. Nothing may be submitted while this says anything.
    pub fn outage(&self) -> Option<String> {
        self.inner.outage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes every connection; what was written stays.
    pub async fn close(&self) {
        self.inner.write.close().await;
        self.inner.read.close().await;
    }

    fn read(&self) -> &SqlitePool {
        &self.inner.read
    }

    fn note(&self, outage: Option<String>) {
        *self.inner.outage.lock().unwrap_or_else(PoisonError::into_inner) = outage;
    }

    /// Runs a write, and remembers whether the store is well.
    async fn run<T>(&self, write: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let result = write.await;
        match &result {
            Ok(_) => self.note(None),
            Err(e) if e.is_outage() => self.note(Some(e.to_string())),
            Err(_) => {}
        }
        result
    }

    /// Begins a write whose failpoints are those of `effect`.
    async fn begin(&self, effect: Effect) -> Result<Write, StoreError> {
        failpoint!(effect.name(), "before");
        let tx = match self.inner.write.begin_with("BEGIN IMMEDIATE").await {
            // SQLite rolls back by itself when the disk is full, and the connection does not notice:
            // it is thrown away.
            Err(sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed) => {
                self.inner.write.acquire().await?.close().await?;
                self.inner.write.begin_with("BEGIN IMMEDIATE").await?
            }
            begun => begun?,
        };
        Ok(Write { tx, effect, moved: Vec::new() })
    }
}

/// One database transaction. Rolled back unless committed.
struct Write {
    tx: Transaction<'static, Sqlite>,
    effect: Effect,
    moved: Vec<Transition>,
}

impl Write {
    async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        failpoint!(self.effect.name(), "after");
        for transition in self.moved {
            failpoint!(transition.name(), "after");
        }
        Ok(())
    }
}

/// Milliseconds since 1970 by this machine's clock.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number as SQLite keeps it.
fn int(what: &'static str, n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::data(what, format!("{n} is too large")))
}

/// A number as it was kept.
fn uint(what: &'static str, n: i64) -> Result<u64, StoreError> {
    u64::try_from(n).map_err(|_| StoreError::data(what, format!("{n} is negative")))
}
