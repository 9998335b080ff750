//! Which updates of a long history a way may need: where the signing set changes, and enough in
//! between that no step takes longer than the trusting period.

use crate::{
    anchor::AnchorClient,
    build::{BuildError, read},
    bundle::Update,
};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};
use lupu_qbft as qbft;
use lupu_standard::TimestampSecs;

/// Shares of the trusting period between updates that are kept.
const SHARES: u64 = 4;

/// Goes through the updates of one hosted client in ascending order and keeps few of them, however
/// many there are: those on both sides of a change of the set, and one in each quarter of the
/// trusting period.
#[derive(Clone, Debug)]
pub struct Turns<'a> {
    client: &'a AnchorClient,
    before: Option<(B256, Vec<u8>)>,
    time: TimestampSecs,
    kept: Vec<Vec<u8>>,
}

impl<'a> Turns<'a> {
    /// From this anchor on.
    pub fn new(client: &'a AnchorClient) -> Self {
        Self { client, before: None, time: client.timestamp(), kept: Vec::new() }
    }

    /// Looks at the next update message.
    ///
    /// # Errors
    /// [`BuildError::Malformed`].
    pub fn pass(&mut self, message: Vec<u8>) -> Result<(), BuildError> {
        let (height, candidate, _) = read(self.client, &message)?;
        if height <= self.client.height() {
            return Ok(());
        }
        // Who signs what follows: the list in a sealed header, the set's number elsewhere.
        let set = match (&candidate.update, self.client) {
            (Update::Qbft { header }, AnchorClient::Qbft { state, .. }) => {
                qbft::Header::decode(state.kind, header).map(|h| h.validators_hash()).unwrap_or_default()
            }
            _ => B256::from(U256::from(candidate.set_id)),
        };
        let share = self.client.trusting_period() / SHARES;
        let turned = self.before.as_ref().is_none_or(|(before, _)| *before != set);
        if turned {
            self.kept.extend(self.before.take().map(|(_, message)| message).filter(|m| !m.is_empty()));
        }
        if turned || candidate.time.0 >= self.time.0.saturating_add(share) {
            self.time = candidate.time;
            self.kept.push(message);
            self.before = Some((set, Vec::new()));
        } else {
            self.before = Some((set, message));
        }
        Ok(())
    }

    /// What was kept, and the last one seen.
    pub fn finish(mut self) -> Vec<Vec<u8>> {
        self.kept.extend(self.before.map(|(_, message)| message).filter(|m| !m.is_empty()));
        self.kept
    }
}
