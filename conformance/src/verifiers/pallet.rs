//! The pallet in the runtime, natively: clients in its storage, calls dispatched, errors as a
//! relayer reads them.

use super::crates::{at, claims, updated};
use crate::{
    case::Case,
    verifier::{Verdict, Verifier},
};
use alloy_primitives::B256;
use anyhow::{Result, anyhow, bail};
use codec::Decode;
use frame_support::{BoundedVec, storage::with_storage_layer, traits::Get};
use lupu_light_client::{Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_runtime::{AccountId, Ibc, Runtime, RuntimeEvent, RuntimeOrigin, System};
use pallet_lupu_ibc::{
    Check, ClientRecord, Clients, ConsensusStates, Error, Event, HostError, HostedClient, wire::IdentifierBytes,
};
use sp_io::TestExternalities;
use sp_runtime::DispatchError;

/// The pallet of `adapters/substrate`, with the light clients as its host runs them.
pub struct Pallet;

impl Verifier for Pallet {
    fn name(&self) -> &str {
        "pallet"
    }

    fn supports(&self, case: &Case) -> bool {
        let what = case.kind.name.rsplit('/').next().unwrap_or_default();
        ["qbft", "grandpa"].contains(&case.kind.family())
            && ["update", "misbehaviour", "membership", "creation"].contains(&what)
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        let (family, what) = case.kind.name.split_once('/').unwrap_or_default();
        let state = case.bytes("client_state")?;
        if what == "creation" {
            let created = HostedClient::create(family.as_bytes(), &state, &case.bytes("consensus_state")?);
            return match created {
                Ok(_) => Ok(Verdict::named("ok")),
                Err(HostError::Rejected(check)) => Ok(Verdict::named(check.name())),
                Err(e) => bail!("{e:?}"),
            };
        }
        let now = case.number("now")?;
        if now >= u64::MAX / 1_000 {
            return beyond_the_clock(family, what, case, TimestampSecs(now));
        }
        let stored = case.stored()?;
        TestExternalities::default().execute_with(|| {
            install(family, &state, &stored)?;
            System::set_block_number(1);
            pallet_timestamp::Now::<Runtime>::put(now * 1_000 + 999);
            match what {
                "update" => update(case),
                "misbehaviour" => misbehaviour(case),
                _ => membership(case, TimestampSecs(now)),
            }
        })
    }
}

fn bounded<S: Get<u32>>(bytes: &[u8]) -> Result<BoundedVec<u8, S>> {
    BoundedVec::try_from(bytes.to_vec()).map_err(|_| anyhow!("{} bytes are too many for the call", bytes.len()))
}

fn id() -> Result<IdentifierBytes> {
    bounded(b"harbour.client")
}

fn caller() -> RuntimeOrigin {
    RuntimeOrigin::signed(AccountId::new([7; 32]))
}

/// Puts a client into storage as it is. Zero is nothing stored.
fn install(kind: &str, state: &[u8], stored: &[(u64, B256)]) -> Result<()> {
    let record = ClientRecord {
        client_type: bounded(kind.as_bytes())?,
        state: bounded(state)?,
        counterparty: None,
        states: id()?,
    };
    Clients::<Runtime>::insert(id()?, record);
    for (height, hash) in stored.iter().filter(|(_, hash)| !hash.is_zero()) {
        ConsensusStates::<Runtime>::insert(id()?, height, hash.0);
    }
    Ok(())
}

/// The name of the check in the error of a call: the module error's bytes.
fn check_of(error: DispatchError) -> Result<Verdict> {
    let DispatchError::Module(module) = error else { bail!("{error:?}") };
    let Ok(Error::<Runtime>::ClientRejected(check)) = Error::decode(&mut &module.error[..]) else {
        bail!("{module:?}")
    };
    Ok(Verdict::named(check.name()))
}

fn events() -> Vec<Event<Runtime>> {
    let ours = |event| match event {
        RuntimeEvent::Ibc(event) => Some(event),
        _ => None,
    };
    System::events().into_iter().filter_map(|record| ours(record.event)).collect()
}

fn update(case: &Case) -> Result<Verdict> {
    let message = bounded(&case.bytes("message")?)?;
    if let Err(error) = with_storage_layer(|| Ibc::update_client(caller(), id().unwrap_or_default(), message)) {
        return check_of(error);
    }
    let name = match events().as_slice() {
        [] => "NoOp",
        [Event::ClientFrozen { .. }] => "Misbehaviour",
        [Event::ClientUpdated { .. }] => "Update",
        other => bail!("{other:?}"),
    };
    let id = id()?;
    updated(case, name, |height| ConsensusStates::<Runtime>::get(&id, height.0).map(B256::new))
}

fn misbehaviour(case: &Case) -> Result<Verdict> {
    let evidence = bounded(&case.bytes("evidence")?)?;
    match with_storage_layer(|| Ibc::submit_misbehaviour(caller(), id().unwrap_or_default(), evidence)) {
        Err(error) => check_of(error),
        Ok(()) => match events().as_slice() {
            [Event::ClientFrozen { .. }] => Ok(Verdict::named("Misbehaviour")),
            other => bail!("{other:?}"),
        },
    }
}

fn membership(case: &Case, now: TimestampSecs) -> Result<Verdict> {
    let record = Clients::<Runtime>::get(id()?).ok_or_else(|| anyhow!("no client"))?;
    let height = case.number("height")?;
    let stored = record.consensus_hash::<Runtime>(Height(height));
    let client = record.open::<Runtime>().map_err(|e| anyhow!("{e:?}"))?;
    let verdict = client.verify(stored, height, &claims(case)?, &case.bytes("proof")?, now);
    Ok(verdict.map_or_else(|check: Check| Verdict::named(check.name()), |time| at(time.0)))
}

/// Times that the clock, in milliseconds, cannot show are given to the client itself.
fn beyond_the_clock(kind: &str, what: &str, case: &Case, now: TimestampSecs) -> Result<Verdict> {
    let stored = case.stored()?;
    let hash =
        |h: Height| stored.iter().find(|(height, hash)| *height == h.0 && !hash.is_zero()).map(|(_, hash)| *hash);
    let client = HostedClient::decode(kind.as_bytes(), &case.bytes("client_state")?);
    let mut client = client.map_err(|e| anyhow!("{e:?}"))?;
    match what {
        "update" => match client.update(hash, &case.bytes("message")?, now) {
            Err(check) => Ok(Verdict::named(check.name())),
            Ok((UpdateResult::Misbehaviour, _)) => Ok(Verdict::named("Misbehaviour")),
            Ok((UpdateResult::NoOp, entry)) => Ok(Verdict::proving("NoOp", entry.hash)),
            Ok((UpdateResult::Update, entry)) => Ok(Verdict::proving("Update", entry.hash)),
        },
        "misbehaviour" => {
            let result = client.misbehaviour(hash, &case.bytes("evidence")?, now);
            let frozen = client.status(now) == Status::Frozen;
            Ok(Verdict::named(match result {
                Err(check) => check.name(),
                Ok(()) if frozen => "Misbehaviour",
                Ok(()) => bail!("taken, but not frozen"),
            }))
        }
        _ => {
            let height = case.number("height")?;
            let verdict = client.verify(hash(Height(height)), height, &claims(case)?, &case.bytes("proof")?, now);
            Ok(verdict.map_or_else(|check| Verdict::named(check.name()), |time| at(time.0)))
        }
    }
}
