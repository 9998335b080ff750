//! What is due for one client's host, and what of it is worth proving now.

use super::{client::HostedClient, context::ChainContext};
use crate::{
    packet::Step,
    store::{Due, Lane, Store, StoreError},
};
use lupu_adapter::AdapterError;
use lupu_standard::{Height, Path};

/// After so many failed tries the chain whose event is missing is read again.
const LOOK_AGAIN_AFTER: u32 = 3;

/// Up to `limit` packets that wait for a transaction on the host, oldest first; or of those that are
/// held, whose turn comes apart, so that what does not work never delays what does.
///
/// `inbound` ends at the host, `outbound` starts there.
pub(crate) async fn due(
    store: &Store,
    inbound: &Lane,
    outbound: &Lane,
    held: bool,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let mut all = Vec::new();
    for (lane, step) in [(inbound, Step::Receive), (outbound, Step::Acknowledge), (outbound, Step::Timeout)] {
        all.extend(match held {
            true => store.due_held(lane, step, limit).await?,
            false => store.due(lane, step, limit).await?,
        });
    }
    all.sort_by_key(|d| (d.since, d.packet.sequence));
    all.truncate(limit);
    Ok(all)
}

/// The newest height that any of these needs.
pub(crate) fn needed(items: &[Due]) -> Height {
    items.iter().map(|d| d.ready_height).max().unwrap_or_default()
}

/// Where the host shows that the step was done already, by anyone.
fn done_path(item: &Due) -> Path {
    match item.step {
        Step::Receive => Path::receipt(&item.packet),
        Step::Acknowledge | Step::Timeout => Path::commitment(&item.packet),
    }
}

/// Where the tracked chain shows what the step proves.
pub(crate) fn proven_path(item: &Due) -> Path {
    match item.step {
        Step::Receive => Path::commitment(&item.packet),
        Step::Acknowledge => Path::acknowledgement(&item.packet),
        Step::Timeout => Path::receipt(&item.packet),
    }
}

/// What a cheap look at both chains leaves to do.
#[derive(Default)]
pub(crate) struct Sifted {
    /// Worth proving.
    pub(crate) keep: Vec<Due>,
    /// Done already, or not provable: packet and reason.
    pub(crate) defer: Vec<(i64, &'static str)>,
    /// Reported as received, but neither receipt nor acknowledgement is there.
    pub(crate) retract: Vec<i64>,
}

/// Asks both chains, one call each, what is stored now. Nothing of the answer is trusted: it only
/// spares proofs that would come to nothing.
pub(crate) async fn sift(client: &HostedClient, items: Vec<Due>) -> Result<Sifted, AdapterError> {
    let (host, tracked) = (&client.host, &client.tracked);
    let done = stored(host, items.iter().map(done_path).collect()).await?;
    let provable = stored(tracked, items.iter().map(proven_path).collect()).await?;
    let mut sifted = Sifted::default();
    let mut missing = Vec::new();
    for ((item, done), provable) in items.into_iter().zip(done).zip(provable) {
        let done = if item.step == Step::Receive { done } else { !done };
        let again = item.attempts >= LOOK_AGAIN_AFTER;
        match (item.step, done, provable) {
            (_, true, _) => {
                sifted.defer.push((item.id, "done already by another relayer; its event is awaited"));
                if again {
                    let from = if item.step == Step::Receive {
                        item.destination_height
                    } else {
                        item.sent_height.unwrap_or_default()
                    };
                    host.rescan(from);
                }
            }
            (Step::Receive, _, false) => {
                sifted.defer.push((item.id, "its commitment is not on the source; its end is awaited"));
                if again {
                    tracked.rescan(item.ready_height);
                }
            }
            (Step::Acknowledge, _, false) => missing.push(item),
            (Step::Timeout, _, true) => {
                sifted.defer.push((item.id, "a receipt is on the destination; its event is awaited"));
                tracked.rescan(item.destination_height);
            }
            _ => sifted.keep.push(item),
        }
    }
    if !missing.is_empty() {
        let receipts = stored(tracked, missing.iter().map(|d| Path::receipt(&d.packet)).collect()).await?;
        for (item, receipt) in missing.into_iter().zip(receipts) {
            match receipt {
                true => sifted.defer.push((item.id, "its acknowledgement is not on the destination yet")),
                false => sifted.retract.push(item.id),
            }
        }
    }
    Ok(sifted)
}

async fn stored(chain: &ChainContext, paths: Vec<Path>) -> Result<Vec<bool>, AdapterError> {
    let found = chain.chain.is_stored(&paths).await?;
    if found.len() != paths.len() {
        return Err(AdapterError::new(
            &chain.id,
            lupu_adapter::ErrorKind::Lied,
            format!("{} answers to {} paths", found.len(), paths.len()),
        ));
    }
    Ok(found)
}
