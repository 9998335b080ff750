//! Which outcome of a transaction belongs to which packet, and what it means for it.

use super::{StoreError, Write, uint};
use crate::packet::{Event, Step};
use alloy_primitives::B256;
use lupu_adapter::{Included, Outcome};
use sqlx::Row;

/// A packet of a transaction.
pub(super) struct Carried {
    pub(super) id: i64,
    pub(super) step: Step,
    sequence: u64,
    client: String,
}

/// The packets of a transaction in the order of its messages: receive, acknowledge, timeout.
pub(super) async fn carried(write: &mut Write, root: B256) -> Result<Vec<Carried>, StoreError> {
    let found = sqlx::query(
        "SELECT tp.packet, tp.step, p.sequence, l.source_client, l.destination_client FROM transaction_packets tp \
         JOIN packets p ON p.id = tp.packet JOIN lanes l ON l.id = p.lane WHERE tp.root = ?",
    )
    .bind(root.to_vec())
    .fetch_all(&mut *write.tx)
    .await?;
    let mut all = found
        .iter()
        .map(|row| {
            let step: Step = row.try_get::<&str, _>("step")?.parse().map_err(|e| StoreError::data("step", e))?;
            let client = if step == Step::Receive { "destination_client" } else { "source_client" };
            Ok(Carried {
                id: row.try_get("packet")?,
                step,
                sequence: uint("sequence", row.try_get("sequence")?)?,
                client: row.try_get(client)?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    all.sort_by_key(|c| (c.step, c.sequence));
    Ok(all)
}

/// Which outcome belongs to which packet. One client has packets in both directions, so a sequence
/// may stand twice: a success names its step by itself, the rest goes in the order of the messages.
pub(super) fn assign(carried: &[Carried], included: &Included) -> Vec<Option<Outcome>> {
    let mut left: Vec<_> = included.outcomes.iter().collect();
    let mut take = |packet: &Carried, fits: &dyn Fn(Outcome) -> bool| {
        let at =
            left.iter().position(|o| o.sequence == packet.sequence && o.client == packet.client && fits(o.outcome))?;
        Some(left.remove(at).outcome)
    };
    let mut found: Vec<Option<Outcome>> = carried.iter().map(|p| take(p, &|o| o == success(p.step))).collect();
    for (packet, slot) in carried.iter().zip(found.iter_mut()).filter(|(_, slot)| slot.is_none()) {
        *slot = take(packet, &|o| !matches!(o, Outcome::Received | Outcome::Acknowledged | Outcome::TimedOut));
    }
    found
}

/// The outcome that a step is for.
pub(crate) fn success(step: Step) -> Outcome {
    match step {
        Step::Receive => Outcome::Received,
        Step::Acknowledge => Outcome::Acknowledged,
        Step::Timeout => Outcome::TimedOut,
    }
}

/// What an outcome means for the packet; `None` when its event decides.
pub(crate) fn verdict(step: Step, outcome: Outcome) -> Option<(Event, String)> {
    let text = |what: &str| format!("{step} came out as {outcome:?}: {what}", step = step.name());
    match outcome {
        Outcome::Received | Outcome::Acknowledged | Outcome::TimedOut | Outcome::Duplicate => None,
        Outcome::None => None,
        Outcome::Expired => Some((Event::Return(step), text("past its timeout"))),
        Outcome::NotExpired => Some((Event::Return(step), text("the proof's time is before the timeout"))),
        Outcome::InsufficientGas => {
            Some((Event::Return(step), text("too little gas was left for the application's limit")))
        }
        Outcome::AppFailed => Some((Event::Hold(step), text("the application's callback failed"))),
        Outcome::UnknownPort => Some((Event::Hold(step), text("no application at this port"))),
        Outcome::NotOurs => Some((Event::Hold(step), text("not what the chains committed to"))),
        Outcome::Malformed => Some((Event::Hold(step), text("the packet breaks a rule of the standard"))),
    }
}

pub(super) async fn record_outcome(
    write: &mut Write,
    root: B256,
    packet: &Carried,
    outcome: Option<Outcome>,
    gas: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE transaction_packets SET outcome = ? WHERE root = ? AND packet = ? AND step = ?")
        .bind(outcome.map(|o| format!("{o:?}")))
        .bind(root.to_vec())
        .bind(packet.id)
        .bind(packet.step.name())
        .execute(&mut *write.tx)
        .await?;
    if outcome == Some(success(packet.step)) {
        let sql = match packet.step {
            Step::Receive => "UPDATE packets SET receive_gas = ? WHERE id = ?",
            _ => "UPDATE packets SET settle_gas = ? WHERE id = ?",
        };
        sqlx::query(sql).bind(gas).bind(packet.id).execute(&mut *write.tx).await?;
    }
    Ok(())
}
