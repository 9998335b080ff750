//! Where proof files begin: clients as they were first seen and confirmed.

use super::{Store, StoreError, int, now_ms, rows, uint};
use crate::failpoints::Effect;
use lupu_standard::{ChainId, ClientId, Height};
use sqlx::Row;

/// A client as this relayer first saw it on its host, confirmed by our own headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnchor {
    /// The host.
    pub chain: ChainId,
    /// The client.
    pub client: ClientId,
    /// The chain it tracks.
    pub tracks: ChainId,
    /// Its type.
    pub client_type: String,
    /// Its state, in the type's encoding.
    pub state: Vec<u8>,
    /// Its newest height then.
    pub height: Height,
    /// Its consensus state there, in the type's encoding.
    pub consensus: Vec<u8>,
    /// The validators after that height, as the type joins them.
    pub validators: Vec<u8>,
}

impl Store {
    /// Whether there is an anchor of a client.
    pub async fn has_anchor(&self, chain: &ChainId, client: &ClientId) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT height FROM anchors WHERE chain = ? AND client = ?")
            .bind(chain.as_str())
            .bind(client.as_str())
            .fetch_optional(self.read())
            .await?;
        Ok(found.is_some())
    }

    /// Keeps an anchor, unless there is one of this client already: the first one stays.
    pub async fn keep_anchor(&self, anchor: &KeptAnchor) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Trust).await?;
            sqlx::query(
                "INSERT OR IGNORE INTO anchors (chain, client, tracks, client_type, state, height, consensus, \
                 validators, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(anchor.chain.as_str())
            .bind(anchor.client.as_str())
            .bind(anchor.tracks.as_str())
            .bind(&anchor.client_type)
            .bind(anchor.state.as_slice())
            .bind(int("height", anchor.height.0)?)
            .bind(anchor.consensus.as_slice())
            .bind(anchor.validators.as_slice())
            .bind(now_ms())
            .execute(&mut *write.tx)
            .await?;
            write.commit().await
        })
        .await
    }

    /// Every anchor, by host and client. None in a store that only earlier versions have opened.
    pub async fn anchors(&self) -> Result<Vec<KeptAnchor>, StoreError> {
        let there: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'anchors'")
                .fetch_optional(self.read())
                .await?;
        if there.is_none() {
            return Ok(Vec::new());
        }
        let found = sqlx::query("SELECT * FROM anchors ORDER BY chain, client").fetch_all(self.read()).await?;
        found
            .iter()
            .map(|row| {
                Ok(KeptAnchor {
                    chain: rows::chain(row.try_get("chain")?)?,
                    client: rows::client(row.try_get("client")?)?,
                    tracks: rows::chain(row.try_get("tracks")?)?,
                    client_type: row.try_get("client_type")?,
                    state: row.try_get("state")?,
                    height: Height(uint("height", row.try_get("height")?)?),
                    consensus: row.try_get("consensus")?,
                    validators: row.try_get("validators")?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_standard::{ChainId, ClientId, Height};

    fn anchor(height: u64) -> KeptAnchor {
        KeptAnchor {
            chain: ChainId::new("harbour").unwrap(),
            client: ClientId::new("harbour.qbft-bank").unwrap(),
            tracks: ChainId::new("bank").unwrap(),
            client_type: "qbft".into(),
            state: vec![1, 2],
            height: Height(height),
            consensus: vec![3],
            validators: vec![4, 5, 6],
        }
    }

    #[tokio::test]
    async fn the_first_anchor_of_a_client_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("s.sqlite")).await.unwrap();
        let first = anchor(7);
        assert!(!store.has_anchor(&first.chain, &first.client).await.unwrap());
        store.keep_anchor(&first).await.unwrap();
        store.keep_anchor(&anchor(8)).await.unwrap();
        let other = KeptAnchor { chain: ChainId::new("customs").unwrap(), ..anchor(9) };
        store.keep_anchor(&other).await.unwrap();
        assert!(store.has_anchor(&first.chain, &first.client).await.unwrap());
        assert_eq!(store.anchors().await.unwrap(), [other, first]);
    }

    /// A store as version 0.1 left it: to look at it shows no anchors, to open it makes room for them.
    #[tokio::test]
    async fn a_store_of_an_earlier_version_gets_room_for_anchors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite");
        let store = Store::open(&path).await.unwrap();
        let (chain, client) = (ChainId::new("bank").unwrap(), ClientId::new("bank.qbft-harbour").unwrap());
        let trusted = lupu_adapter::TrustedState { height: Height(3), consensus_state: vec![9] };
        store.trust(&chain, &client, &trusted).await.unwrap();
        for undo in ["DROP TABLE anchors", "DROP INDEX proofs_client", "DELETE FROM _sqlx_migrations WHERE version = 2"]
        {
            sqlx::query(undo).execute(&store.inner.write).await.unwrap();
        }
        store.close().await;
        drop(store);

        let shared = Store::open_shared(&path).await.unwrap();
        assert_eq!(shared.anchors().await.unwrap(), []);
        shared.close().await;
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.anchors().await.unwrap(), []);
        store.keep_anchor(&anchor(1)).await.unwrap();
        assert_eq!(store.trusted(&chain, &client, Height(3)).await.unwrap(), Some(trusted));
    }
}
