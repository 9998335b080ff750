//! BEEFY's sessions: in which blocks another set of authorities begins, and who they are.
//!
//! The first block of a session says it in its digest: `01 ‖ keys (33 bytes each) ‖ id u64` of the
//! engine `BEEF`. Every session has a new id, whether the authorities change or not, and a
//! commitment to its first block must be made.

use crate::{
    chain::SubstrateChain,
    proofs::{self, plain_key},
    source::{BEEFY_ENGINE, RawHeader},
};
use alloy_primitives::{Address, B256, keccak256};
use codec::Decode;
use k256::elliptic_curve::sec1::ToSec1Point;
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_substrate_state::DigestItem;
use std::{collections::BTreeMap, sync::Arc};

/// Headers looked through at once.
const PART: u64 = 512;
/// Most blocks looked back for the beginning of a session.
const MAX_BACK: u64 = 100_000;

/// A set of authorities, from its first block on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The set's id.
    pub id: u64,
    /// The session's first block.
    pub start: u64,
    /// The authorities as a BEEFY client knows them, in their order.
    pub authorities: Vec<Address>,
}

/// What was found out so far: which blocks were looked through, and the sessions that begin there.
#[derive(Default)]
pub(crate) struct Sessions {
    /// First and last block looked through.
    seen: Option<(u64, u64)>,
    by_start: BTreeMap<u64, Arc<Session>>,
}

/// The address of a compressed public key; twenty zeros for one that is no point, as the pallet
/// has it.
fn address(key: &[u8; 33]) -> Address {
    match k256::PublicKey::from_sec1_bytes(key) {
        Ok(key) => {
            let point = key.to_sec1_point(false);
            let hash = keccak256(point.as_bytes().get(1..).unwrap_or_default());
            Address::from_slice(hash.get(12..).unwrap_or(&[0; 20]))
        }
        Err(_) => Address::ZERO,
    }
}

/// The session that a header begins, if it does.
pub fn session_begun(header: &RawHeader) -> Result<Option<Session>, String> {
    for item in &header.header.digest {
        let DigestItem::Consensus(BEEFY_ENGINE, data) = item else { continue };
        let Some((1, rest)) = data.split_first() else { continue };
        let rest = &mut &*rest;
        let keys = Vec::<[u8; 33]>::decode(rest).map_err(|e| format!("authorities: {e}"))?;
        let id = u64::decode(rest).map_err(|e| format!("set id: {e}"))?;
        if !rest.is_empty() {
            return Err("bytes after the set id".into());
        }
        let authorities = keys.iter().map(address).collect();
        return Ok(Some(Session { id, start: header.height(), authorities }));
    }
    Ok(None)
}

/// The root of the chain's history that a header's digest commits to, if it does.
pub fn mmr_root_in(header: &RawHeader) -> Option<B256> {
    header.header.digest.iter().find_map(|item| match item {
        DigestItem::Consensus(BEEFY_ENGINE, data) => match data.split_first() {
            Some((3, root)) => B256::try_from(root).ok(),
            _ => None,
        },
        _ => None,
    })
}

impl SubstrateChain {
    /// The sessions that begin in `from..=to`, ascending, by the verified headers.
    pub(crate) async fn sessions(&self, from: u64, to: u64) -> Result<Vec<Arc<Session>>, AdapterError> {
        let mut sessions = self.sessions.lock().await;
        // One stretch of blocks is remembered; it grows upwards and downwards.
        let (low, high) = sessions.seen.unwrap_or((from, from.saturating_sub(1)));
        if from < low {
            self.look_through(&mut sessions, from, low.saturating_sub(1)).await?;
        }
        if to > high {
            self.look_through(&mut sessions, high.saturating_add(1), to).await?;
        }
        Ok(sessions.by_start.range(from..=to.max(from)).map(|(_, s)| s.clone()).collect())
    }

    async fn look_through(&self, sessions: &mut Sessions, from: u64, to: u64) -> Result<(), AdapterError> {
        let mut end = to;
        // Downwards: each part is linked to what stands above it.
        loop {
            let start = end.saturating_sub(PART - 1).max(from);
            for header in self.headers.headers(start, end).await? {
                let begun = session_begun(&header).map_err(|why| {
                    self.error(ErrorKind::Unproven, format!("block {}: BEEFY session: {why}", header.height()))
                })?;
                if let Some(session) = begun {
                    sessions.by_start.insert(header.height(), Arc::new(session));
                }
            }
            if start == from {
                break;
            }
            end = start.saturating_sub(1);
        }
        let (low, high) = sessions.seen.unwrap_or((from, to));
        sessions.seen = Some((low.min(from), high.max(to)));
        Ok(())
    }

    /// The authorities that sign a commitment to the block at `height`: of the session that it is in.
    pub(crate) async fn session_at(&self, height: u64) -> Result<Arc<Session>, AdapterError> {
        let header = self.headers.header(height).await?;
        if let Ok(Some(session)) = session_begun(&header) {
            return Ok(Arc::new(session));
        }
        let known = {
            let sessions = self.sessions.lock().await;
            let known = sessions.by_start.range(..=height).next_back().map(|(_, s)| s.clone());
            // Only if no block between was left out.
            known.filter(|s| sessions.seen.is_some_and(|(low, high)| low <= s.start && height <= high))
        };
        if let Some(known) = known {
            return Ok(known);
        }
        match self.session_in_state(&header).await {
            Ok(session) => Ok(Arc::new(session)),
            Err(error) if error.kind == ErrorKind::Pruned => self.session_before(height, error).await,
            Err(error) => Err(error),
        }
    }

    /// The set in the state of a block, proven.
    async fn session_in_state(&self, header: &RawHeader) -> Result<Session, AdapterError> {
        let (id_key, list_key) = (plain_key("Beefy", "ValidatorSetId"), plain_key("Beefy", "Authorities"));
        let found = proofs::values(&self.endpoints, header, &[&id_key, &list_key]).await.map_err(|e| self.fail(e))?;
        let wrong =
            |what: &str| self.error(ErrorKind::Misconfigured, format!("block {} has no Beefy.{what}", header.height()));
        let mut found = found.into_iter();
        let id = match found.next().flatten() {
            Some(bytes) => u64::decode(&mut bytes.as_slice()).map_err(|_| wrong("ValidatorSetId"))?,
            None => 0,
        };
        let list = found.next().flatten().ok_or_else(|| wrong("Authorities"))?;
        let keys = Vec::<[u8; 33]>::decode(&mut list.as_slice()).map_err(|_| wrong("Authorities"))?;
        Ok(Session { id, start: header.height(), authorities: keys.iter().map(address).collect() })
    }

    /// The session that a block is in, by the digest of its first block.
    async fn session_before(&self, height: u64, pruned: AdapterError) -> Result<Arc<Session>, AdapterError> {
        let mut to = height;
        let lowest = height.saturating_sub(MAX_BACK).max(1);
        while to >= lowest {
            let from = to.saturating_sub(PART - 1).max(lowest);
            if let Some(session) = self.sessions(from, height).await?.pop() {
                return Ok(session);
            }
            if from == lowest {
                break;
            }
            to = from.saturating_sub(1);
        }
        Err(pruned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address as addr, hex};
    use lupu_substrate_state::Header;

    // The well-known keys of Alice, ECDSA.
    const ALICE: [u8; 33] = hex!("020a1091341fe5664bfa1782d5e04779689068c916b04cb365ec3153755684d9a1");

    fn header(digest: Vec<DigestItem>) -> RawHeader {
        let header = Header {
            parent_hash: B256::repeat_byte(1),
            number: 10,
            state_root: B256::repeat_byte(2),
            extrinsics_root: B256::repeat_byte(3),
            digest,
        };
        RawHeader::decode(header.encode()).unwrap()
    }

    #[test]
    fn keys_have_addresses() {
        assert_eq!(address(&ALICE), addr!("e04cc55ebee1cbce552f250e85c57b70b2e2625b"));
        assert_eq!(address(&[0; 33]), Address::ZERO);
    }

    #[test]
    fn a_digest_begins_a_session() {
        let mut data = vec![1, 4];
        data.extend(ALICE);
        data.extend(7u64.to_le_bytes());
        let begun = session_begun(&header(vec![DigestItem::Consensus(BEEFY_ENGINE, data.clone())]));
        let session = begun.unwrap().unwrap();
        assert_eq!((session.id, session.start, session.authorities.len()), (7, 10, 1));
        data.push(0);
        assert!(session_begun(&header(vec![DigestItem::Consensus(BEEFY_ENGINE, data)])).is_err());
        let root = [vec![3], vec![9; 32]].concat();
        let other = header(vec![DigestItem::Consensus(BEEFY_ENGINE, root)]);
        assert_eq!(session_begun(&other), Ok(None));
        assert_eq!(mmr_root_in(&other), Some(B256::repeat_byte(9)));
    }
}
