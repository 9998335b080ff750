//! Kept proofs, found again: where each statement about a packet was proven, and the updates of a
//! client on the way there.

use super::{Store, StoreError, int, rows, uint};
use lupu_standard::{ChainId, ClientId, Height};
use sqlx::Row;

/// Most numbers in one query.
const CHUNK: usize = 500;
/// How many updates are read at once.
const PAGE: i64 = 100;
/// Most update messages of one height that are of use: they prove the same.
const SAME_HEIGHT: i64 = 4;

/// Where something about a packet was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlace {
    /// The packet's number in the store.
    pub packet: i64,
    /// What was proven: the name of a step, or [`RECEIPT`](super::RECEIPT).
    pub kind: String,
    /// The proof's number in the store.
    pub proof: i64,
    /// The host of the client that it was made for.
    pub chain: ChainId,
    /// That client.
    pub client: ClientId,
    /// The height of the tracked chain at which it proves.
    pub height: Height,
}

/// A client as its host last had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenClient {
    /// The chain it tracks.
    pub tracks: ChainId,
    /// Its type.
    pub client_type: String,
    /// Its state, in the type's encoding.
    pub state: Vec<u8>,
    /// Its newest height.
    pub latest_height: Height,
}

impl Store {
    /// What was proven of these packets, and where, oldest first; without the updates.
    pub async fn proof_places(&self, packets: &[i64]) -> Result<Vec<ProofPlace>, StoreError> {
        let mut places = Vec::new();
        for chunk in packets.chunks(CHUNK) {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT pp.packet, f.kind, f.id, f.chain, f.client, f.height FROM packet_proofs pp \
                 JOIN proofs f ON f.id = pp.proof WHERE f.kind <> 'update' AND pp.packet IN (",
            );
            let mut list = query.separated(", ");
            for packet in chunk {
                list.push_bind(*packet);
            }
            query.push(") ORDER BY f.id");
            for row in &query.build().fetch_all(self.read()).await? {
                places.push(ProofPlace {
                    packet: row.try_get("packet")?,
                    kind: row.try_get("kind")?,
                    proof: row.try_get("id")?,
                    chain: rows::chain(row.try_get("chain")?)?,
                    client: rows::client(row.try_get("client")?)?,
                    height: Height(uint("height", row.try_get("height")?)?),
                });
            }
        }
        Ok(places)
    }

    /// One kept proof or update message, in the client type's encoding.
    pub async fn proof(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT proof FROM proofs WHERE id = ?").bind(id).fetch_optional(self.read()).await?)
    }

    /// Update messages that brought a client to a height.
    pub async fn updates_to(
        &self,
        chain: &ChainId,
        client: &ClientId,
        height: Height,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT proof FROM proofs WHERE chain = ? AND client = ? AND kind = 'update' AND height = ? \
             ORDER BY id LIMIT ?",
        )
        .bind(chain.as_str())
        .bind(client.as_str())
        .bind(int("height", height.0)?)
        .bind(SAME_HEIGHT)
        .fetch_all(self.read())
        .await?)
    }

    /// Update messages of a client to heights above `after`, ascending, one for each height; at most
    /// a page of them, with the height of the last.
    pub async fn updates_page(
        &self,
        chain: &ChainId,
        client: &ClientId,
        after: Height,
    ) -> Result<Option<(Vec<Vec<u8>>, Height)>, StoreError> {
        let found = sqlx::query(
            "SELECT proof, height, MIN(id) FROM proofs WHERE chain = ? AND client = ? AND kind = 'update' \
             AND height > ? GROUP BY height ORDER BY height LIMIT ?",
        )
        .bind(chain.as_str())
        .bind(client.as_str())
        .bind(int("height", after.0)?)
        .bind(PAGE)
        .fetch_all(self.read())
        .await?;
        let Some(last) = found.last() else { return Ok(None) };
        let last = Height(uint("height", last.try_get("height")?)?);
        let messages = found.iter().map(|row| Ok(row.try_get("proof")?)).collect::<Result<_, StoreError>>()?;
        Ok(Some((messages, last)))
    }

    /// A client as it was last seen on its host, with its state.
    pub async fn seen_client(&self, chain: &ChainId, client: &ClientId) -> Result<Option<SeenClient>, StoreError> {
        let row =
            sqlx::query("SELECT tracks, client_type, state, latest_height FROM clients WHERE chain = ? AND client = ?")
                .bind(chain.as_str())
                .bind(client.as_str())
                .fetch_optional(self.read())
                .await?;
        row.map(|row| {
            Ok(SeenClient {
                tracks: rows::chain(row.try_get("tracks")?)?,
                client_type: row.try_get("client_type")?,
                state: row.try_get("state")?,
                latest_height: Height(uint("height", row.try_get("latest_height")?)?),
            })
        })
        .transpose()
    }
}
