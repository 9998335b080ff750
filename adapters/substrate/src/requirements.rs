//! What a chain's runtime must have for the relayer to work with it, checked against its metadata.

use crate::shape::{BYTE_LISTS, BYTES, Shape, fits, top_fields};
use subxt::metadata::{Metadata, PalletMetadata};

type Fields = &'static [(&'static str, Shape)];

const PAYLOAD: Shape = Shape::Fields(&[
    ("source_port", BYTES),
    ("dest_port", BYTES),
    ("version", BYTES),
    ("encoding", BYTES),
    ("value", BYTES),
]);
const PACKET: Shape = Shape::Fields(&[
    ("sequence", Shape::Uint(64)),
    ("source_client", BYTES),
    ("dest_client", BYTES),
    ("timeout", Shape::Uint(64)),
    ("payloads", Shape::List(&PAYLOAD)),
]);
const PACKETS: Shape = Shape::List(&PACKET);
const WEIGHT: Shape = Shape::Fields(&[("ref_time", Shape::Uint(64)), ("proof_size", Shape::Uint(64))]);
const MESSAGE: Shape = Shape::Variants(&[
    ("UpdateClient", &[("client", BYTES), ("message", BYTES)]),
    ("Misbehaviour", &[("client", BYTES), ("evidence", BYTES)]),
    ("Receive", &[("packets", PACKETS), ("proof", BYTES), ("height", Shape::Uint(64))]),
    (
        "Acknowledge",
        &[
            ("packets", PACKETS),
            ("acknowledgements", Shape::List(&BYTE_LISTS)),
            ("proof", BYTES),
            ("height", Shape::Uint(64)),
        ],
    ),
    ("Timeout", &[("packets", PACKETS), ("proof", BYTES), ("height", Shape::Uint(64))]),
]);
const CLIENT: Shape = Shape::Fields(&[
    ("client_type", BYTES),
    ("state", BYTES),
    ("counterparty", Shape::Maybe(&Shape::Fields(&[("client", BYTES), ("prefix", BYTE_LISTS)]))),
    ("states", BYTES),
]);

const CALLS: &[(&str, &str, Fields)] = &[
    ("Ibc", "relay", &[("messages", Shape::List(&MESSAGE)), ("callback_weight", WEIGHT)]),
    ("Ibc", "create_client", &[]),
    ("Ibc", "bind_client", &[]),
    (
        "IbcTransfer",
        "transfer",
        &[
            ("client", BYTES),
            ("denom", BYTES),
            ("amount", Shape::Uint(128)),
            ("receiver", BYTES),
            ("timeout", Shape::Uint(64)),
            ("memo", BYTES),
        ],
    ),
    (
        "IbcGmp",
        "send_call",
        &[
            ("client", BYTES),
            ("receiver", BYTES),
            ("salt", BYTES),
            ("payload", BYTES),
            ("memo", BYTES),
            ("timeout", Shape::Uint(64)),
        ],
    ),
];

const EVENTS: &[(&str, &str, Fields)] = &[
    ("Ibc", "ClientUpdated", &[("client", BYTES), ("height", Shape::Uint(64)), ("consensus_state", BYTES)]),
    ("Ibc", "ClientFrozen", &[("client", BYTES)]),
    ("Ibc", "PacketSent", &[("packet", PACKET)]),
    ("Ibc", "PacketReceived", &[("packet", PACKET), ("acknowledgements", BYTE_LISTS)]),
    ("Ibc", "PacketAcknowledged", &[("packet", PACKET), ("acknowledgements", BYTE_LISTS)]),
    ("Ibc", "PacketTimedOut", &[("packet", PACKET)]),
    ("Ibc", "PacketOutcome", &[("client", BYTES), ("sequence", Shape::Uint(64)), ("outcome", Shape::Any)]),
    ("System", "ExtrinsicSuccess", &[("dispatch_info", Shape::Any)]),
    ("System", "ExtrinsicFailed", &[("dispatch_error", Shape::Any), ("dispatch_info", Shape::Any)]),
];

/// Pallet, item, number of keys, value.
const STORAGE: &[(&str, &str, usize, Shape)] = &[
    ("Ibc", "Commitments", 1, Shape::Hash),
    ("Ibc", "Sequences", 1, Shape::Uint(64)),
    ("Ibc", "Anchor", 0, Shape::Any),
    ("Ibc", "Clients", 1, CLIENT),
    ("Ibc", "ConsensusStates", 2, Shape::Hash),
    ("System", "Account", 1, Shape::Fields(&[("nonce", Shape::Uint(32)), ("data", Shape::Any)])),
    ("System", "Events", 0, Shape::Any),
];

/// Something that the runtime lacks or has in another form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not fit: {pallet}.{item}: {why}")]
pub struct RuntimeMismatch {
    /// Which pallet.
    pub pallet: &'static str,
    /// Which of its calls, events or storage items.
    pub item: String,
    /// What was expected, and what is there.
    pub why: String,
}

fn mismatch(pallet: &'static str, item: impl Into<String>, why: impl Into<String>) -> RuntimeMismatch {
    RuntimeMismatch { pallet, item: item.into(), why: why.into() }
}

fn pallet<'m>(metadata: &'m Metadata, name: &'static str) -> Result<PalletMetadata<'m>, RuntimeMismatch> {
    metadata.pallet_by_name(name).ok_or_else(|| {
        let there: Vec<&str> = metadata.pallets().map(|p| p.name()).collect();
        mismatch(name, "*", format!("there is no such pallet (there are: {})", there.join(", ")))
    })
}

/// Checks everything that this adapter calls, reads and decodes.
pub(crate) fn check(metadata: &Metadata) -> Result<(), RuntimeMismatch> {
    let types = metadata.types();
    for (name, call, wanted) in CALLS {
        let what = format!("call {call}");
        let variant = pallet(metadata, name)?.call_variant_by_name(call);
        let variant = variant.ok_or_else(|| mismatch(name, &what, "there is no such call"))?;
        top_fields(types, &variant.fields, wanted).map_err(|why| mismatch(name, &what, why))?;
        if !wanted.is_empty() && variant.fields.len() != wanted.len() {
            let there: Vec<&str> = variant.fields.iter().filter_map(|f| f.name.as_deref()).collect();
            return Err(mismatch(name, &what, format!("it takes {}", there.join(", "))));
        }
    }
    for (name, event, wanted) in EVENTS {
        let what = format!("event {event}");
        let events = pallet(metadata, name)?.event_variants().unwrap_or_default();
        let variant = events.iter().find(|v| v.name == *event);
        let variant = variant.ok_or_else(|| mismatch(name, &what, "there is no such event"))?;
        top_fields(types, &variant.fields, wanted).map_err(|why| mismatch(name, &what, why))?;
    }
    for (name, item, keys, shape) in STORAGE {
        let what = format!("storage {item}");
        let entry = pallet(metadata, name)?.storage().and_then(|s| s.entry_by_name(item));
        let entry = entry.ok_or_else(|| mismatch(name, &what, "there is no such item"))?;
        let found = entry.keys().len();
        if found != *keys {
            return Err(mismatch(name, &what, format!("expected {keys} keys, found {found}")));
        }
        fits(types, entry.value_ty(), shape).map_err(|why| mismatch(name, &what, why))?;
    }
    Ok(())
}
