//! Clients as last seen, the consensus states that we confirmed, and how the workers are doing.

use super::{Store, StoreError, int, now_ms, uint};
use crate::failpoints::Effect;
use lupu_adapter::{BoundClient, TrustedState};
use lupu_light_client::Status;
use lupu_standard::{ChainId, ClientId, Height, TimestampSecs};
use serde::{Serialize, Serializer};
use sqlx::Row;

/// How a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerState {
    /// Not checked yet.
    Starting,
    /// Serving.
    Running,
    /// A call failed; trying again.
    Waiting,
    /// The client is expired or frozen: nothing can be done here.
    Stopped,
    /// The start-up check found a mismatch: refused.
    Refused,
}

impl WorkerState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Running, Self::Waiting, Self::Stopped, Self::Refused];

    /// The name in the store and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
        }
    }
}

impl Serialize for WorkerState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How the worker of a client was last doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerRow {
    /// The client's host.
    pub chain: String,
    /// The client.
    pub client: String,
    /// How it is doing.
    pub state: WorkerState,
    /// Why.
    pub reason: Option<String>,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

/// A client as it was last seen on its host.
#[derive(Clone, Debug, Serialize)]
pub struct ClientRow {
    /// The host.
    pub chain: String,
    /// The client.
    pub client: String,
    /// The chain it tracks.
    pub tracks: String,
    /// Its type.
    pub client_type: String,
    /// The client on the other side.
    pub counterparty: String,
    /// Where it lives, in the host's notation.
    pub location: String,
    /// `active`, `expired` or `frozen`.
    pub status: String,
    /// Newest height with a consensus state.
    pub latest_height: u64,
    /// Block time there, seconds.
    pub latest_timestamp: u64,
    /// Seconds after which it expires.
    pub trusting_period: u64,
    /// The host's time when it was seen, seconds.
    pub host_timestamp: u64,
    /// When it was seen, milliseconds since 1970.
    pub seen_at: i64,
}

/// The name of a client status in the store and in metrics.
pub(crate) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Expired => "expired",
        Status::Frozen => "frozen",
    }
}

impl Store {
    /// Keeps a client as seen on its host.
    pub async fn client_seen(
        &self,
        chain: &ChainId,
        tracks: &ChainId,
        client: &BoundClient,
        trusting_period: u64,
        host_time: TimestampSecs,
    ) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Status).await?;
            sqlx::query(
                "INSERT OR REPLACE INTO clients (chain, client, tracks, client_type, counterparty, location, state, status, \
                 latest_height, latest_timestamp, trusting_period, host_timestamp, seen_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(chain.as_str())
            .bind(client.id.as_str())
            .bind(tracks.as_str())
            .bind(&client.client_type)
            .bind(client.counterparty.as_str())
            .bind(&client.location)
            .bind(client.state.as_slice())
            .bind(status_name(client.status))
            .bind(int("height", client.latest_height.0)?)
            .bind(int("time", client.latest_timestamp.0)?)
            .bind(i64::try_from(trusting_period).unwrap_or(i64::MAX))
            .bind(int("time", host_time.0)?)
            .bind(now_ms())
            .execute(&mut *write.tx)
            .await?;
            write.commit().await
        })
        .await
    }

    /// Clients as last seen.
    pub async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        let found = sqlx::query("SELECT * FROM clients ORDER BY chain, client").fetch_all(self.read()).await?;
        found
            .iter()
            .map(|row| {
                Ok(ClientRow {
                    chain: row.try_get("chain")?,
                    client: row.try_get("client")?,
                    tracks: row.try_get("tracks")?,
                    client_type: row.try_get("client_type")?,
                    counterparty: row.try_get("counterparty")?,
                    location: row.try_get("location")?,
                    status: row.try_get("status")?,
                    latest_height: uint("height", row.try_get("latest_height")?)?,
                    latest_timestamp: uint("time", row.try_get("latest_timestamp")?)?,
                    trusting_period: uint("period", row.try_get("trusting_period")?)?,
                    host_timestamp: uint("time", row.try_get("host_timestamp")?)?,
                    seen_at: row.try_get("seen_at")?,
                })
            })
            .collect()
    }

    /// Keeps how a worker is doing, if that changed.
    pub async fn worker_is(
        &self,
        chain: &ChainId,
        client: &ClientId,
        state: WorkerState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Status).await?;
            sqlx::query(
                "INSERT INTO workers (chain, client, state, reason, since) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT (chain, client) DO UPDATE SET \
                 since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END, \
                 state = excluded.state, reason = excluded.reason",
            )
            .bind(chain.as_str())
            .bind(client.as_str())
            .bind(state.name())
            .bind(reason)
            .bind(now_ms())
            .execute(&mut *write.tx)
            .await?;
            write.commit().await
        })
        .await
    }

    /// How the workers were last doing.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, StoreError> {
        let found = sqlx::query("SELECT * FROM workers ORDER BY chain, client").fetch_all(self.read()).await?;
        found
            .iter()
            .map(|row| {
                let state: &str = row.try_get("state")?;
                Ok(WorkerRow {
                    chain: row.try_get("chain")?,
                    client: row.try_get("client")?,
                    state: WorkerState::ALL
                        .into_iter()
                        .find(|s| s.name() == state)
                        .ok_or_else(|| StoreError::data("worker state", state))?,
                    reason: row.try_get("reason")?,
                    since: row.try_get("since")?,
                })
            })
            .collect()
    }

    /// Keeps a consensus state that a client stores and that our own headers confirm.
    pub async fn trust(&self, chain: &ChainId, client: &ClientId, state: &TrustedState) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Trust).await?;
            sqlx::query(
                "INSERT OR REPLACE INTO consensus_states (chain, client, height, preimage) VALUES (?, ?, ?, ?)",
            )
            .bind(chain.as_str())
            .bind(client.as_str())
            .bind(int("height", state.height.0)?)
            .bind(state.consensus_state.as_slice())
            .execute(&mut *write.tx)
            .await?;
            write.commit().await
        })
        .await
    }

    /// The newest confirmed consensus state below a height.
    pub async fn trusted_below(
        &self,
        chain: &ChainId,
        client: &ClientId,
        height: Height,
    ) -> Result<Option<TrustedState>, StoreError> {
        let row = sqlx::query(
            "SELECT height, preimage FROM consensus_states WHERE chain = ? AND client = ? AND height < ? \
             ORDER BY height DESC LIMIT 1",
        )
        .bind(chain.as_str())
        .bind(client.as_str())
        .bind(int("height", height.0)?)
        .fetch_optional(self.read())
        .await?;
        row.map(|row| {
            Ok(TrustedState {
                height: Height(uint("height", row.try_get("height")?)?),
                consensus_state: row.try_get("preimage")?,
            })
        })
        .transpose()
    }

    /// A consensus state that was confirmed before.
    pub async fn trusted(
        &self,
        chain: &ChainId,
        client: &ClientId,
        height: Height,
    ) -> Result<Option<TrustedState>, StoreError> {
        let preimage: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT preimage FROM consensus_states WHERE chain = ? AND client = ? AND height = ?")
                .bind(chain.as_str())
                .bind(client.as_str())
                .bind(int("height", height.0)?)
                .fetch_optional(self.read())
                .await?;
        Ok(preimage.map(|consensus_state| TrustedState { height, consensus_state }))
    }
}
