//! Where trust in a chain starts: a block that a person vouches for, with the authorities that
//! finalize what follows it.

use crate::{
    endpoints::CallError,
    proofs::{plain_key, values},
    source::{RawHeader, Source},
};
use alloy_primitives::B256;
use codec::Decode;
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_grandpa::{Authority, AuthoritySet};

/// GRANDPA's authorities with the number of their set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voters {
    /// Number of the set; each change counts one up.
    pub id: u64,
    /// Keys and weights.
    pub set: AuthoritySet,
}

/// A block that a person vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Block number.
    pub height: u64,
    /// Block hash.
    pub hash: B256,
    /// Who finalizes what follows the block.
    pub voters: Voters,
}

/// Reads the authorities that finalize what follows a block, proven in its state. Whether to trust
/// the block is for whoever has its hash from elsewhere.
pub async fn voters_at(source: &Source, header: &RawHeader) -> Result<Voters, CallError> {
    let id_key = plain_key("Grandpa", "CurrentSetId");
    let list_key = plain_key("Grandpa", "Authorities");
    let found = values(&source.endpoints, header, &[&id_key, &list_key]).await?;
    let missing = |what: &str| CallError::Missing(format!("block {} has no Grandpa.{what}", header.height()));
    let mut found = found.into_iter();
    // The number of the first set is 0, which the pallet does not store.
    let id = match found.next().flatten() {
        Some(bytes) => u64::decode(&mut bytes.as_slice()).map_err(|_| missing("CurrentSetId"))?,
        None => 0,
    };
    let list = found.next().flatten().ok_or_else(|| missing("Authorities"))?;
    let list = Vec::<([u8; 32], u64)>::decode(&mut list.as_slice()).map_err(|_| missing("Authorities"))?;
    let list = list.into_iter().map(|(key, weight)| Authority { key: key.into(), weight }).collect();
    let set = AuthoritySet::new(list).map_err(|e| CallError::Lied(format!("authorities: {e}")))?;
    Ok(Voters { id, set })
}

/// A block to be proposed as an anchor: the newest that all endpoints that are up call final, or
/// the one at `height`. Whether to trust it is for a person to say.
pub async fn propose_anchor(source: &Source, height: Option<u64>) -> Result<Anchor, AdapterError> {
    let chain = source.endpoints.chain().to_string();
    let fail = |e: CallError| e.into_adapter(&chain);
    let finalized = source.finalized().await.map_err(fail)?;
    let mut lowest: Option<RawHeader> = None;
    for (_, hash) in &finalized {
        let header = source.header(*hash).await.map_err(fail)?;
        if lowest.as_ref().is_none_or(|l| header.height() < l.height()) {
            lowest = Some(header);
        }
    }
    let missing = || AdapterError::new(&chain, ErrorKind::Unavailable, "no endpoint showed a finalized block");
    let lowest = lowest.ok_or_else(missing)?;
    let height = height.unwrap_or(lowest.height());
    if height > lowest.height() {
        let message = format!("block {height} is not final yet, {} is", lowest.height());
        return Err(AdapterError::new(&chain, ErrorKind::NotFound, message));
    }
    let hash = agreed_hash(source, height).await?;
    let header = source.header(hash).await.map_err(fail)?;
    let voters = voters_at(source, &header).await.map_err(fail)?;
    Ok(Anchor { height, hash, voters })
}

/// The hash of a block, the same on every endpoint that is up.
async fn agreed_hash(source: &Source, height: u64) -> Result<B256, AdapterError> {
    let endpoints = &source.endpoints;
    let read = |v: serde_json::Value| {
        crate::json::hash(&v, "block hash").map_err(|e| crate::endpoints::Bad::Missing(e.to_string()))
    };
    let answers = endpoints.ask_all("chain_getBlockHash", serde_json::json!([height]), read).await;
    let mut agreed: Option<(usize, B256)> = None;
    let mut failure = CallError::Unavailable("no endpoint answered".into());
    for (endpoint, answer) in answers {
        match (answer, agreed) {
            (Ok(hash), None) => agreed = Some((endpoint, hash)),
            (Ok(hash), Some((first, other))) if hash != other => {
                let message = format!(
                    "{} says block {height} is {other}, {} says {hash}",
                    endpoints.name(first),
                    endpoints.name(endpoint)
                );
                return Err(AdapterError::new(endpoints.chain(), ErrorKind::Lied, message));
            }
            (Ok(_), Some(_)) => {}
            (Err(error), _) => failure = error,
        }
    }
    agreed.map(|(_, hash)| hash).ok_or_else(|| failure.into_adapter(endpoints.chain()))
}
