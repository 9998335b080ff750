//! Finalized events of a chain become packet states, together with the cursor.

use super::{
    Lane, PacketChange, Store, StoreError, Write, int, now_ms,
    packets::{EXPIRABLE, Head, advance, find},
    rows, uint,
};
use crate::{
    failpoints::Effect,
    packet::{Event, State, Step, next},
};
use alloy_primitives::B256;
use lupu_adapter::{PacketEvent, PacketEventKind};
use lupu_standard::{Acknowledgement, ChainId, ClientId, Height, TimestampSecs};
use sqlx::Row;

/// Up to where a chain's events are in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last block whose events are in.
    pub height: Height,
    /// Its hash, where it was a head.
    pub hash: Option<B256>,
    /// Its time, where it was a head.
    pub timestamp: Option<TimestampSecs>,
}

/// What a range of events changed.
#[derive(Debug, Default)]
pub struct Applied {
    /// Packets that moved.
    pub changes: Vec<PacketChange>,
    /// Events that contradict what is known; for the operator.
    pub warnings: Vec<String>,
}

impl Store {
    /// The number of a direction, made when it is new.
    pub async fn lane(
        &self,
        source: (&ChainId, &ClientId),
        destination: (&ChainId, &ClientId),
    ) -> Result<Lane, StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Status).await?;
            sqlx::query(
                "INSERT INTO lanes (source_chain, source_client, destination_chain, destination_client) \
                 VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(source.0.as_str())
            .bind(source.1.as_str())
            .bind(destination.0.as_str())
            .bind(destination.1.as_str())
            .execute(&mut *write.tx)
            .await?;
            let id: i64 = sqlx::query_scalar(
                "SELECT id FROM lanes WHERE source_chain = ? AND source_client = ? \
                 AND destination_chain = ? AND destination_client = ?",
            )
            .bind(source.0.as_str())
            .bind(source.1.as_str())
            .bind(destination.0.as_str())
            .bind(destination.1.as_str())
            .fetch_one(&mut *write.tx)
            .await?;
            write.commit().await?;
            Ok(Lane {
                id,
                source_chain: source.0.clone(),
                source_client: source.1.clone(),
                destination_chain: destination.0.clone(),
                destination_client: destination.1.clone(),
            })
        })
        .await
    }

    /// Up to where a chain was read, or `None` at first.
    pub async fn cursor(&self, chain: &ChainId) -> Result<Option<Cursor>, StoreError> {
        let row = sqlx::query("SELECT height, hash, timestamp FROM cursors WHERE chain = ?")
            .bind(chain.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| {
            let hash: Option<Vec<u8>> = row.try_get("hash")?;
            let timestamp: Option<i64> = row.try_get("timestamp")?;
            Ok(Cursor {
                height: Height(uint("height", row.try_get("height")?)?),
                hash: hash.map(|h| rows::hash(&h)).transpose()?,
                timestamp: timestamp.map(|t| uint("time", t).map(TimestampSecs)).transpose()?,
            })
        })
        .transpose()
    }

    /// Writes the events of a range of blocks and, unless it is a second look, the cursor at its end,
    /// in one database transaction. Events that are known already change nothing.
    ///
    /// `lanes` are the directions that touch this chain; events of other clients are not kept.
    pub async fn apply_events(
        &self,
        chain: &ChainId,
        lanes: &[Lane],
        events: &[PacketEvent],
        cursor: Option<Cursor>,
    ) -> Result<Applied, StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Scan).await?;
            let mut applied = Applied::default();
            for event in events {
                let received = matches!(event.kind, PacketEventKind::Received(_));
                let lane = lanes.iter().find(|lane| match received {
                    true => {
                        lane.destination_chain == *chain && lane.destination_client == event.packet.destination_client
                    }
                    false => lane.source_chain == *chain && lane.source_client == event.packet.source_client,
                });
                if let Some(lane) = lane {
                    apply(&mut write, lane, event, &mut applied).await?;
                }
            }
            if let Some(cursor) = cursor {
                sqlx::query(
                    "INSERT INTO cursors (chain, height, hash, timestamp) VALUES (?, ?, ?, ?) ON CONFLICT (chain) \
                     DO UPDATE SET height = excluded.height, hash = excluded.hash, timestamp = excluded.timestamp",
                )
                .bind(chain.as_str())
                .bind(int("height", cursor.height.0)?)
                .bind(cursor.hash.map(|h| h.to_vec()))
                .bind(cursor.timestamp.map(|t| int("time", t.0)).transpose()?)
                .execute(&mut *write.tx)
                .await?;
            }
            write.commit().await?;
            Ok(applied)
        })
        .await
    }

    /// Marks up to `limit` packets of a direction as expired: the destination's finalized time at
    /// `height` is `time`, and they are still on their way there.
    pub async fn expire(
        &self,
        lane: &Lane,
        height: Height,
        time: TimestampSecs,
        limit: u32,
    ) -> Result<Vec<PacketChange>, StoreError> {
        let due = self.expirable(lane, time, limit).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.run(async {
            let mut write = self.begin(Effect::Expire).await?;
            let mut changes = Vec::with_capacity(due.len());
            for id in due {
                let Some(head) = super::packets::head(&mut write, id).await? else { continue };
                if next(head.state, Event::Expire).is_err() {
                    continue;
                }
                let state = advance(&mut write, &head, Event::Expire, None).await?;
                sqlx::query("UPDATE packets SET ready_height = ?, next_try_at = ?, attempts = 0 WHERE id = ?")
                    .bind(int("height", height.0)?)
                    .bind(now_ms())
                    .bind(id)
                    .execute(&mut *write.tx)
                    .await?;
                changes.push(PacketChange { id, lane: lane.clone(), sequence: head.sequence, state, reason: None });
            }
            write.commit().await?;
            Ok(changes)
        })
        .await
    }

    async fn expirable(&self, lane: &Lane, time: TimestampSecs, limit: u32) -> Result<Vec<i64>, StoreError> {
        let mut due: Vec<i64> = Vec::new();
        for state in [State::Sent, State::Held(Step::Receive)] {
            let more: Vec<i64> = sqlx::query_scalar(EXPIRABLE)
                .bind(lane.id)
                .bind(state.name())
                .bind(i64::try_from(time.0).unwrap_or(i64::MAX))
                .bind(limit)
                .fetch_all(self.read())
                .await?;
            due.extend(more);
        }
        due.truncate(limit as usize);
        Ok(due)
    }

    /// Up to which sequence a client's packets are known to be complete, and at which height that was
    /// checked; zero at first.
    pub async fn sent_counter(&self, chain: &ChainId, client: &ClientId) -> Result<(u64, Height), StoreError> {
        let row = sqlx::query("SELECT sequence, height FROM sent_counters WHERE chain = ? AND client = ?")
            .bind(chain.as_str())
            .bind(client.as_str())
            .fetch_optional(self.read())
            .await?;
        match row {
            Some(row) => Ok((uint("sequence", row.try_get(0)?)?, Height(uint("height", row.try_get(1)?)?))),
            None => Ok((0, Height(0))),
        }
    }

    /// How many packets with sequences in `after+1..=last` this store has seen sent.
    pub async fn count_sent(&self, lane: &Lane, after: u64, last: u64) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM packets WHERE lane = ? AND sequence > ? AND sequence <= ? AND sent_height IS NOT NULL",
        )
        .bind(lane.id)
        .bind(int("sequence", after)?)
        .bind(int("sequence", last)?)
        .fetch_one(self.read())
        .await?;
        uint("count", count)
    }

    /// The highest sequence that this store has seen sent, 0 if none.
    pub async fn highest_sent(&self, lane: &Lane) -> Result<u64, StoreError> {
        let highest: Option<i64> = sqlx::query_scalar(
            "SELECT sequence FROM packets WHERE lane = ? AND sent_height IS NOT NULL ORDER BY sequence DESC LIMIT 1",
        )
        .bind(lane.id)
        .fetch_optional(self.read())
        .await?;
        highest.map_or(Ok(0), |h| uint("sequence", h))
    }

    /// Keeps that a client's packets are complete up to `sequence`, as proven at `height`.
    pub async fn set_sent_counter(
        &self,
        chain: &ChainId,
        client: &ClientId,
        sequence: u64,
        height: Height,
    ) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Counter).await?;
            sqlx::query(
                "INSERT INTO sent_counters (chain, client, sequence, height) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (chain, client) DO UPDATE SET sequence = excluded.sequence, height = excluded.height",
            )
            .bind(chain.as_str())
            .bind(client.as_str())
            .bind(int("sequence", sequence)?)
            .bind(int("height", height.0)?)
            .execute(&mut *write.tx)
            .await?;
            write.commit().await
        })
        .await
    }
}

async fn apply(write: &mut Write, lane: &Lane, event: &PacketEvent, applied: &mut Applied) -> Result<(), StoreError> {
    let sequence = event.packet.sequence.get();
    if i64::try_from(sequence).is_err() {
        applied.warnings.push(format!("sequence {sequence} cannot be: event ignored"));
        return Ok(());
    }
    let known = find(write, lane, sequence).await?;
    let id = match &known {
        Some(head) => head.id,
        None => insert(write, lane, event).await?,
    };
    let (stamp, settles) = match &event.kind {
        PacketEventKind::Sent => ("sent", None),
        PacketEventKind::Received(_) => ("received", None),
        PacketEventKind::Acknowledged(ack) if ack.is_error() => ("settled", Some(Event::Refused)),
        PacketEventKind::Acknowledged(_) => ("settled", Some(Event::Acknowledged)),
        PacketEventKind::TimedOut => ("settled", Some(Event::TimedOut)),
    };
    set_stamp(write, id, stamp, event).await?;
    let Some(head) = known else {
        let state = first_state(lane, event);
        applied.changes.push(PacketChange { id, lane: lane.clone(), sequence, state, reason: None });
        return Ok(());
    };
    match &event.kind {
        PacketEventKind::Sent => sent_again(write, lane, &head, event, applied).await,
        PacketEventKind::Received(ack) => received(write, lane, &head, ack, event, applied).await,
        PacketEventKind::Acknowledged(ack) => {
            keep_acknowledgement(write, head.id, ack).await?;
            settle(write, lane, &head, settles, applied).await
        }
        PacketEventKind::TimedOut => settle(write, lane, &head, settles, applied).await,
    }
}

/// Where a packet starts that was first heard of by this event.
fn first_state(lane: &Lane, event: &PacketEvent) -> State {
    match &event.kind {
        PacketEventKind::Sent if event.packet.destination_client == lane.destination_client => State::Sent,
        PacketEventKind::Sent => State::Held(Step::Receive),
        PacketEventKind::Received(_) => State::Received,
        PacketEventKind::Acknowledged(ack) if ack.is_error() => State::Refused,
        PacketEventKind::Acknowledged(_) => State::Acknowledged,
        PacketEventKind::TimedOut => State::TimedOut,
    }
}

async fn insert(write: &mut Write, lane: &Lane, event: &PacketEvent) -> Result<i64, StoreError> {
    let state = first_state(lane, event);
    let reason = (state == State::Held(Step::Receive)).then(|| {
        format!(
            "addressed to client {}, not to {} of this route",
            event.packet.destination_client, lane.destination_client
        )
    });
    let ack = match &event.kind {
        PacketEventKind::Received(ack) | PacketEventKind::Acknowledged(ack) => Some(rows::acknowledgement_json(ack)?),
        PacketEventKind::Sent | PacketEventKind::TimedOut => None,
    };
    let destination: Option<i64> = sqlx::query_scalar("SELECT height FROM cursors WHERE chain = ?")
        .bind(lane.destination_chain.as_str())
        .fetch_optional(&mut *write.tx)
        .await?;
    let now = now_ms();
    let row = sqlx::query(
        "INSERT INTO packets (lane, sequence, packet, timeout, state, ready_height, next_try_at, reason, \
         acknowledgement, destination_height, first_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(lane.id)
    .bind(int("sequence", event.packet.sequence.get())?)
    .bind(rows::packet_json(&event.packet)?)
    .bind(i64::try_from(event.packet.timeout_timestamp.0).unwrap_or(i64::MAX))
    .bind(state.name())
    .bind(int("height", event.height.0)?)
    .bind(now)
    .bind(reason)
    .bind(ack)
    .bind(destination.unwrap_or_default())
    .bind(now)
    .execute(&mut *write.tx)
    .await?;
    Ok(row.last_insert_rowid())
}

async fn set_stamp(write: &mut Write, id: i64, which: &str, event: &PacketEvent) -> Result<(), StoreError> {
    let sql = match which {
        "sent" => "UPDATE packets SET sent_height = ?, sent_tx = ?, sent_at = COALESCE(sent_at, ?) WHERE id = ?",
        "received" => {
            "UPDATE packets SET received_height = ?, received_tx = ?, received_at = COALESCE(received_at, ?) WHERE id = ?"
        }
        _ => "UPDATE packets SET settled_height = ?, settled_tx = ?, settled_at = COALESCE(settled_at, ?) WHERE id = ?",
    };
    sqlx::query(sql)
        .bind(int("height", event.height.0)?)
        .bind(event.transaction.to_vec())
        .bind(now_ms())
        .bind(id)
        .execute(&mut *write.tx)
        .await?;
    Ok(())
}

/// A second look showed other contents: the proof decides in the end which are real, so the newest
/// word replaces one that did not work yet.
async fn sent_again(
    write: &mut Write,
    lane: &Lane,
    head: &Head,
    event: &PacketEvent,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    if head.packet == event.packet {
        return Ok(());
    }
    applied.warnings.push(format!(
        "packet {} of {} was reported with two different contents by {}",
        head.sequence, lane.source_client, lane.source_chain
    ));
    if head.state.due().is_some() {
        sqlx::query("UPDATE packets SET packet = ?, timeout = ?, next_try_at = ? WHERE id = ?")
            .bind(rows::packet_json(&event.packet)?)
            .bind(i64::try_from(event.packet.timeout_timestamp.0).unwrap_or(i64::MAX))
            .bind(now_ms())
            .bind(head.id)
            .execute(&mut *write.tx)
            .await?;
    }
    Ok(())
}

async fn received(
    write: &mut Write,
    lane: &Lane,
    head: &Head,
    ack: &Acknowledgement,
    event: &PacketEvent,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    let ready = int("height", event.height.0)?;
    match next(head.state, Event::Received) {
        Ok(_) => {
            let state = advance(write, head, Event::Received, None).await?;
            sqlx::query(
                "UPDATE packets SET ready_height = ?, next_try_at = ?, attempts = 0, acknowledgement = ? WHERE id = ?",
            )
            .bind(ready)
            .bind(now_ms())
            .bind(rows::acknowledgement_json(ack)?)
            .bind(head.id)
            .execute(&mut *write.tx)
            .await?;
            applied.changes.push(PacketChange {
                id: head.id,
                lane: lane.clone(),
                sequence: head.sequence,
                state,
                reason: None,
            });
        }
        Err(illegal) if head.state == State::TimingOut => {
            applied.warnings.push(format!("{}, packet {}: {illegal}", lane.destination_chain, head.sequence));
        }
        Err(_) if head.state.due() == Some(Step::Acknowledge) && head.acknowledgement.as_ref() != Some(ack) => {
            applied.warnings.push(format!(
                "packet {} of {} was reported with two different acknowledgements by {}",
                head.sequence, lane.source_client, lane.destination_chain
            ));
            sqlx::query("UPDATE packets SET ready_height = ?, next_try_at = ?, acknowledgement = ? WHERE id = ?")
                .bind(ready)
                .bind(now_ms())
                .bind(rows::acknowledgement_json(ack)?)
                .bind(head.id)
                .execute(&mut *write.tx)
                .await?;
        }
        Err(_) => keep_acknowledgement(write, head.id, ack).await?,
    }
    Ok(())
}

async fn keep_acknowledgement(write: &mut Write, id: i64, ack: &Acknowledgement) -> Result<(), StoreError> {
    sqlx::query("UPDATE packets SET acknowledgement = ? WHERE id = ? AND acknowledgement IS NULL")
        .bind(rows::acknowledgement_json(ack)?)
        .bind(id)
        .execute(&mut *write.tx)
        .await?;
    Ok(())
}

async fn settle(
    write: &mut Write,
    lane: &Lane,
    head: &Head,
    event: Option<Event>,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    let Some(event) = event else { return Ok(()) };
    match next(head.state, event) {
        Ok(_) => {
            let state = advance(write, head, event, None).await?;
            applied.changes.push(PacketChange {
                id: head.id,
                lane: lane.clone(),
                sequence: head.sequence,
                state,
                reason: None,
            });
        }
        Err(illegal) if head.state.name() != event.name() => {
            applied.warnings.push(format!("{}, packet {}: {illegal}", lane.source_chain, head.sequence));
        }
        Err(_) => {}
    }
    Ok(())
}
