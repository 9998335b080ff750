//! What every verified and submitted proof was made of, each piece once.

use super::{Store, StoreError, Write, int, rows, uint};
use crate::packet::Step;
use alloy_primitives::{B256, keccak256};
use lupu_adapter::Material;
use lupu_standard::{ChainId, ClientId, Height};
use sqlx::Row;

/// The kind of a proof of receipts: in no transaction, kept for proof files.
pub const RECEIPT: &str = "receipt";

/// A proof that goes into a transaction: an update message, or the shared proof of one message; or
/// one that is kept beside it.
#[derive(Clone, Debug)]
pub struct NewProof {
    /// `update`, the name of the step, or [`RECEIPT`].
    pub kind: &'static str,
    /// The height it proves, or proves at.
    pub height: Height,
    /// Update message or proof, in the client type's encoding.
    pub proof: Vec<u8>,
    /// What it was made of.
    pub material: Vec<Material>,
    /// The packets it serves.
    pub packets: Vec<(i64, Step)>,
}

/// A proof as it was kept.
#[derive(Clone, Debug)]
pub struct StoredProof {
    /// `update`, the name of the step, or [`RECEIPT`].
    pub kind: String,
    /// The host of the client.
    pub chain: ChainId,
    /// The client it was made for.
    pub client: ClientId,
    /// The height it proves, or proves at.
    pub height: Height,
    /// Update message or proof, in the client type's encoding.
    pub proof: Vec<u8>,
    /// What it was made of.
    pub material: Vec<Material>,
}

pub(super) async fn keep(
    write: &mut Write,
    root: B256,
    chain: &ChainId,
    client: &ClientId,
    proof: &NewProof,
) -> Result<(), StoreError> {
    let id = sqlx::query("INSERT INTO proofs (root, chain, client, kind, height, proof) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(root.to_vec())
        .bind(chain.as_str())
        .bind(client.as_str())
        .bind(proof.kind)
        .bind(int("height", proof.height.0)?)
        .bind(proof.proof.as_slice())
        .execute(&mut *write.tx)
        .await?
        .last_insert_rowid();
    for (position, piece) in (0i64..).zip(&proof.material) {
        let material = keep_material(write, piece).await?;
        sqlx::query("INSERT INTO proof_nodes (proof, position, material) VALUES (?, ?, ?)")
            .bind(id)
            .bind(position)
            .bind(material)
            .execute(&mut *write.tx)
            .await?;
    }
    for (packet, step) in &proof.packets {
        sqlx::query("INSERT INTO packet_proofs (packet, step, proof) VALUES (?, ?, ?)")
            .bind(packet)
            .bind(step.name())
            .bind(id)
            .execute(&mut *write.tx)
            .await?;
    }
    Ok(())
}

async fn keep_material(write: &mut Write, piece: &Material) -> Result<i64, StoreError> {
    let (kind, height, raw) = match piece {
        Material::Header { height, raw } => ("header", Some(int("height", height.0)?), raw),
        Material::Node(raw) => ("node", None, raw),
    };
    let hash = keccak256(raw);
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM material WHERE hash = ?")
        .bind(hash.to_vec())
        .fetch_optional(&mut *write.tx)
        .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    let inserted = sqlx::query("INSERT INTO material (hash, kind, height, raw) VALUES (?, ?, ?, ?)")
        .bind(hash.to_vec())
        .bind(kind)
        .bind(height)
        .bind(raw.as_ref())
        .execute(&mut *write.tx)
        .await?;
    Ok(inserted.last_insert_rowid())
}

impl Store {
    /// The proofs that were used for a packet, updates included, oldest first.
    pub async fn proofs_of(&self, packet: i64) -> Result<Vec<StoredProof>, StoreError> {
        let found = sqlx::query(
            "SELECT f.id, f.kind, f.chain, f.client, f.height, f.proof FROM packet_proofs pp \
             JOIN proofs f ON f.id = pp.proof WHERE pp.packet = ? ORDER BY f.id",
        )
        .bind(packet)
        .fetch_all(self.read())
        .await?;
        let mut proofs = Vec::with_capacity(found.len());
        for row in &found {
            let id: i64 = row.try_get("id")?;
            proofs.push(StoredProof {
                kind: row.try_get("kind")?,
                chain: rows::chain(row.try_get("chain")?)?,
                client: rows::client(row.try_get("client")?)?,
                height: Height(uint("height", row.try_get("height")?)?),
                proof: row.try_get("proof")?,
                material: self.material_of(id).await?,
            });
        }
        Ok(proofs)
    }

    async fn material_of(&self, proof: i64) -> Result<Vec<Material>, StoreError> {
        let found = sqlx::query(
            "SELECT m.kind, m.height, m.raw FROM proof_nodes n JOIN material m ON m.id = n.material \
             WHERE n.proof = ? ORDER BY n.position",
        )
        .bind(proof)
        .fetch_all(self.read())
        .await?;
        found
            .iter()
            .map(|row| {
                let raw: Vec<u8> = row.try_get("raw")?;
                Ok(match row.try_get::<&str, _>("kind")? {
                    "header" => {
                        Material::Header { height: Height(uint("height", row.try_get("height")?)?), raw: raw.into() }
                    }
                    _ => Material::Node(raw.into()),
                })
            })
            .collect()
    }
}
