//! Packets: what is due, what is put off, and what people ask about.

use super::{Lane, PacketChange, PacketRow, Store, StoreError, TransitionRow, Write, int, now_ms, rows, uint};
use crate::{
    engine::Backoff,
    failpoint,
    failpoints::Effect,
    packet::{Event, State, Step, Transition, next},
};
use lupu_standard::{Acknowledgement, ChainId, ClientId, Height, Packet};
use sqlx::{Row, sqlite::SqliteRow};

/// A packet that waits for a step.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its number in the store.
    pub id: i64,
    /// The step.
    pub step: Step,
    /// The packet.
    pub packet: Packet,
    /// What the destination wrote, where the step is to bring it back.
    pub acknowledgement: Option<Acknowledgement>,
    /// First height at which the step can be proven.
    pub ready_height: Height,
    /// Height of the destination when the packet was first heard of.
    pub destination_height: Height,
    /// Height of the source at which it was sent, where that was seen.
    pub sent_height: Option<Height>,
    /// Failed tries so far.
    pub attempts: u32,
    /// When it became due, milliseconds since 1970.
    pub since: i64,
}

/// Which packets a list shows.
#[derive(Clone, Debug, Default)]
pub struct PacketFilter {
    /// Sent on this chain.
    pub source_chain: Option<ChainId>,
    /// Sent by this client.
    pub source_client: Option<ClientId>,
    /// In this state.
    pub state: Option<State>,
    /// Only those that are not done.
    pub open: bool,
    /// At most so many; 0 means 100.
    pub limit: u32,
    /// Only packets older than this one, for paging.
    pub before: Option<i64>,
}

/// The part of a packet that decides what may happen to it.
pub(super) struct Head {
    pub(super) id: i64,
    pub(super) sequence: u64,
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) packet: Packet,
    pub(super) acknowledgement: Option<Acknowledgement>,
}

/// What is due; read off `packets_due` in its own order, so that it costs the same at any backlog.
pub(super) const DUE: &str = "SELECT id, packet, acknowledgement, ready_height, destination_height, sent_height, \
    attempts, next_try_at FROM packets WHERE lane = ? AND state = ? AND next_try_at <= ? \
    ORDER BY next_try_at, sequence LIMIT ?";

/// What is past its timeout, off `packets_timeout`.
pub(super) const EXPIRABLE: &str =
    "SELECT id FROM packets WHERE lane = ? AND state = ? AND timeout <= ? ORDER BY timeout LIMIT ?";

const HEAD: &str = "id, sequence, state, attempts, packet, acknowledgement";

fn read_head(row: &SqliteRow) -> Result<Head, StoreError> {
    Ok(Head {
        id: row.try_get("id")?,
        sequence: uint("sequence", row.try_get("sequence")?)?,
        state: rows::state(row.try_get::<&str, _>("state")?)?,
        attempts: row.try_get("attempts")?,
        packet: rows::packet(row.try_get::<&str, _>("packet")?)?,
        acknowledgement: rows::acknowledgement(row.try_get("acknowledgement")?)?,
    })
}

pub(super) async fn find(write: &mut Write, lane: &Lane, sequence: u64) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {HEAD} FROM packets WHERE lane = ? AND sequence = ?")))
        .bind(lane.id)
        .bind(int("sequence", sequence)?)
        .fetch_optional(&mut *write.tx)
        .await?;
    row.as_ref().map(read_head).transpose()
}

pub(super) async fn head(write: &mut Write, id: i64) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {HEAD} FROM packets WHERE id = ?")))
        .bind(id)
        .fetch_optional(&mut *write.tx)
        .await?;
    row.as_ref().map(read_head).transpose()
}

/// Moves a packet by one event and logs it. The reason becomes the packet's, or is cleared.
pub(super) async fn advance(
    write: &mut Write,
    head: &Head,
    event: Event,
    reason: Option<&str>,
) -> Result<State, StoreError> {
    let to = next(head.state, event).map_err(|source| StoreError::Stale { packet: head.id, source })?;
    let transition = Transition { from: head.state, event, to };
    failpoint!(transition.name(), "before");
    sqlx::query("UPDATE packets SET state = ?, reason = ? WHERE id = ?")
        .bind(to.name())
        .bind(reason)
        .bind(head.id)
        .execute(&mut *write.tx)
        .await?;
    sqlx::query("INSERT INTO transitions (packet, at, from_state, event, to_state, reason) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(head.id)
        .bind(now_ms())
        .bind(head.state.name())
        .bind(event.name())
        .bind(to.name())
        .bind(reason)
        .execute(&mut *write.tx)
        .await?;
    write.moved.push(transition);
    Ok(to)
}

/// Moves a packet back or aside after a failed try: later next time, with the reason kept.
pub(super) async fn set_back(
    write: &mut Write,
    head: &Head,
    event: Event,
    reason: &str,
    backoff: &Backoff,
) -> Result<State, StoreError> {
    let state = advance(write, head, event, Some(reason)).await?;
    put_off(write, head, backoff.delay_ms(head.attempts)).await?;
    Ok(state)
}

async fn put_off(write: &mut Write, head: &Head, delay_ms: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE packets SET attempts = attempts + 1, next_try_at = ? WHERE id = ?")
        .bind(now_ms().saturating_add(delay_ms))
        .bind(head.id)
        .execute(&mut *write.tx)
        .await?;
    Ok(())
}

impl Store {
    /// Up to `limit` packets of a direction that wait for a step, in the order in which they became due.
    pub async fn due(&self, lane: &Lane, step: Step, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.due_in(lane, step.waiting(), step, limit).await
    }

    /// The same of those for which the step did not work before, and whose time has come again.
    pub async fn due_held(&self, lane: &Lane, step: Step, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.due_in(lane, State::Held(step), step, limit).await
    }

    async fn due_in(&self, lane: &Lane, state: State, step: Step, limit: usize) -> Result<Vec<Due>, StoreError> {
        let rows = sqlx::query(DUE)
            .bind(lane.id)
            .bind(state.name())
            .bind(now_ms())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| {
                let sent: Option<i64> = row.try_get("sent_height")?;
                Ok(Due {
                    id: row.try_get("id")?,
                    step,
                    packet: rows::packet(row.try_get::<&str, _>("packet")?)?,
                    acknowledgement: rows::acknowledgement(row.try_get("acknowledgement")?)?,
                    ready_height: Height(uint("height", row.try_get("ready_height")?)?),
                    destination_height: Height(uint("height", row.try_get("destination_height")?)?),
                    sent_height: sent.map(|h| uint("height", h).map(Height)).transpose()?,
                    attempts: row.try_get("attempts")?,
                    since: row.try_get("next_try_at")?,
                })
            })
            .collect()
    }

    /// Holds packets: the step was found not to work for them. Returns those that moved; one that an
    /// event moved on meanwhile is left alone. After `give_up_after` failures a packet waits for
    /// [`Store::retry`].
    pub async fn hold(
        &self,
        packets: &[(i64, Step, String)],
        backoff: &Backoff,
        give_up_after: Option<u32>,
    ) -> Result<Vec<PacketChange>, StoreError> {
        let moves = packets.iter().map(|(id, step, reason)| (*id, Event::Hold(*step), reason.as_str())).collect();
        let changes = self.move_all(moves, backoff).await?;
        if let Some(most) = give_up_after {
            for change in &changes {
                self.rest_if_tried(change.id, most).await?;
            }
        }
        Ok(changes)
    }

    async fn rest_if_tried(&self, packet: i64, most: u32) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Defer).await?;
            sqlx::query("UPDATE packets SET next_try_at = ? WHERE id = ? AND attempts >= ?")
                .bind(i64::MAX)
                .bind(packet)
                .bind(most)
                .execute(&mut *write.tx)
                .await?;
            write.commit().await
        })
        .await
    }

    /// Takes back a receipt that is not there.
    pub async fn retract(
        &self,
        packets: &[i64],
        reason: &str,
        backoff: &Backoff,
    ) -> Result<Vec<PacketChange>, StoreError> {
        self.move_all(packets.iter().map(|id| (*id, Event::Retract, reason)).collect(), backoff).await
    }

    /// Takes packets back from a transaction that ended without moving them.
    pub async fn take_back(
        &self,
        packets: &[(i64, Step)],
        reason: &str,
        backoff: &Backoff,
    ) -> Result<Vec<PacketChange>, StoreError> {
        self.move_all(packets.iter().map(|(id, step)| (*id, Event::Return(*step), reason)).collect(), backoff).await
    }

    async fn move_all(
        &self,
        moves: Vec<(i64, Event, &str)>,
        backoff: &Backoff,
    ) -> Result<Vec<PacketChange>, StoreError> {
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        self.run(async {
            let mut write = self.begin(Effect::Defer).await?;
            let mut changes = Vec::new();
            for (id, event, reason) in moves {
                let Some(head) = head(&mut write, id).await? else { continue };
                if next(head.state, event).is_ok() {
                    let state = set_back(&mut write, &head, event, reason, backoff).await?;
                    if event == Event::Retract {
                        sqlx::query("UPDATE packets SET ready_height = COALESCE(sent_height, 0) WHERE id = ?")
                            .bind(id)
                            .execute(&mut *write.tx)
                            .await?;
                    }
                    let lane = lane_of(&mut write, id).await?;
                    changes.push(PacketChange {
                        id,
                        lane,
                        sequence: head.sequence,
                        state,
                        reason: Some(reason.into()),
                    });
                }
            }
            write.commit().await?;
            Ok(changes)
        })
        .await
    }

    /// Puts packets off without moving them, with a reason for people to read.
    pub async fn defer(&self, packets: &[i64], reason: &str, backoff: &Backoff) -> Result<(), StoreError> {
        if packets.is_empty() {
            return Ok(());
        }
        self.run(async {
            let mut write = self.begin(Effect::Defer).await?;
            for id in packets {
                let Some(head) = head(&mut write, *id).await? else { continue };
                if head.state.due().is_none() {
                    continue;
                }
                put_off(&mut write, &head, backoff.delay_ms(head.attempts)).await?;
                sqlx::query("UPDATE packets SET reason = ? WHERE id = ?")
                    .bind(reason)
                    .bind(id)
                    .execute(&mut *write.tx)
                    .await?;
            }
            write.commit().await
        })
        .await
    }

    /// Makes a packet due at once, as an operator asks.
    ///
    /// # Errors
    /// [`StoreError::NoPacket`].
    pub async fn retry(&self, chain: &ChainId, client: &ClientId, sequence: u64) -> Result<PacketRow, StoreError> {
        let row = self.packet(chain, client, sequence).await?;
        self.run(async {
            let mut write = self.begin(Effect::Defer).await?;
            sqlx::query("UPDATE packets SET next_try_at = ?, attempts = 0 WHERE id = ?")
                .bind(now_ms())
                .bind(row.id)
                .execute(&mut *write.tx)
                .await?;
            write.commit().await
        })
        .await?;
        self.packet(chain, client, sequence).await
    }

    /// One packet.
    ///
    /// # Errors
    /// [`StoreError::NoPacket`].
    pub async fn packet(&self, chain: &ChainId, client: &ClientId, sequence: u64) -> Result<PacketRow, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {} FROM packets p JOIN lanes l ON l.id = p.lane \
             WHERE l.source_chain = ? AND l.source_client = ? AND p.sequence = ? ORDER BY p.id DESC LIMIT 1",
            rows::PACKET_COLUMNS
        )))
        .bind(chain.as_str())
        .bind(client.as_str())
        .bind(int("sequence", sequence)?)
        .fetch_optional(self.read())
        .await?;
        match row {
            Some(row) => rows::packet_row(&row),
            None => Err(StoreError::NoPacket { chain: chain.to_string(), client: client.to_string(), sequence }),
        }
    }

    /// Packets, newest first.
    pub async fn packets(&self, filter: &PacketFilter) -> Result<Vec<PacketRow>, StoreError> {
        let mut query = sqlx::QueryBuilder::new(format!(
            "SELECT {} FROM packets p JOIN lanes l ON l.id = p.lane WHERE 1",
            rows::PACKET_COLUMNS
        ));
        if let Some(chain) = &filter.source_chain {
            query.push(" AND l.source_chain = ").push_bind(chain.as_str().to_owned());
        }
        if let Some(client) = &filter.source_client {
            query.push(" AND l.source_client = ").push_bind(client.as_str().to_owned());
        }
        if let Some(state) = filter.state {
            query.push(" AND p.state = ").push_bind(state.name());
        }
        if filter.open {
            query.push(" AND p.state NOT IN ('acknowledged', 'refused', 'timed-out')");
        }
        if let Some(before) = filter.before {
            query.push(" AND p.id < ").push_bind(before);
        }
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        query.push(" ORDER BY p.id DESC LIMIT ").push_bind(limit);
        let found = query.build().fetch_all(self.read()).await?;
        found.iter().map(rows::packet_row).collect()
    }

    /// What happened to a packet, in order.
    pub async fn history(&self, packet: &PacketRow) -> Result<Vec<TransitionRow>, StoreError> {
        let found =
            sqlx::query("SELECT at, from_state, event, to_state, reason FROM transitions WHERE packet = ? ORDER BY id")
                .bind(packet.id)
                .fetch_all(self.read())
                .await?;
        found
            .iter()
            .map(|row| {
                Ok(TransitionRow {
                    at: row.try_get("at")?,
                    from: row.try_get("from_state")?,
                    event: row.try_get("event")?,
                    to: row.try_get("to_state")?,
                    reason: row.try_get("reason")?,
                })
            })
            .collect()
    }
}

pub(super) async fn lane_of(write: &mut Write, packet: i64) -> Result<Lane, StoreError> {
    let row = sqlx::query(
        "SELECT l.id AS lane_id, l.source_chain, l.source_client, l.destination_chain, l.destination_client \
         FROM packets p JOIN lanes l ON l.id = p.lane WHERE p.id = ?",
    )
    .bind(packet)
    .fetch_one(&mut *write.tx)
    .await?;
    rows::lane(&row)
}
