//! What `System.Events` of a block says, decoded by the metadata of the runtime that made it.

use crate::{
    runtime::{CodecError, Runtime, codec_error},
    wire::{ClientUpdated, OutcomeEvent, PacketAcknowledgements, PacketError, PacketOnly, ScalePacket, Weight},
};
use lupu_adapter::{Outcome, PacketEventKind, transaction::PacketOutcome};
use lupu_standard::Packet;
use scale_info::TypeDef;
use subxt::{
    SubstrateConfig,
    events::{Event as RawEvent, Phase},
    ext::{
        scale_decode::{DecodeAsFields, DecodeAsType},
        scale_value::{At, Composite, Primitive, Value, ValueDef},
    },
    metadata::Metadata,
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A packet was sent, received, acknowledged or timed out.
    Packet(PacketEventKind, Box<Packet>),
    /// A packet that breaks the standard's rules: nobody can relay it.
    UnusablePacket(PacketError),
    /// A packet of a batch did not settle.
    Outcome(PacketOutcome),
    /// A client stored a consensus state.
    ClientUpdated {
        /// The client.
        client: Vec<u8>,
        /// The height.
        height: u64,
        /// The preimage.
        consensus_state: Vec<u8>,
    },
    /// The extrinsic succeeded, using this weight.
    Succeeded(Weight),
    /// The extrinsic failed, using this weight.
    Failed(Weight, String),
    /// A fee was paid, tip included.
    FeePaid(u128),
    /// A call was dispatched as root; the reason if it failed.
    Sudid(Option<String>),
}

/// An event with the extrinsic that caused it; `None` for what a block does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position of the extrinsic in the block.
    pub extrinsic: Option<u32>,
    /// What happened.
    pub happened: Happened,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Dispatch {
    weight: Weight,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Success {
    dispatch_info: Dispatch,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Failure {
    dispatch_info: Dispatch,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Fee {
    actual_fee: u128,
}

type Raw<'a> = RawEvent<'a, SubstrateConfig>;

fn fields<T: DecodeAsFields>(event: &Raw<'_>) -> Result<T, CodecError> {
    event.decode_fields_unchecked_as().map_err(|e| codec_error(format!("event {}", event.event_name()), e))
}

fn packet(kind: PacketEventKind, packet: ScalePacket) -> Happened {
    match packet.read() {
        Ok(packet) => Happened::Packet(kind, Box::new(packet)),
        Err(error) => Happened::UnusablePacket(error),
    }
}

fn outcome(event: OutcomeEvent) -> Option<Happened> {
    let client = String::from_utf8(event.client).ok()?;
    let outcome = Outcome::from_u8(event.outcome)?;
    Some(Happened::Outcome(PacketOutcome { client, sequence: event.sequence, outcome }))
}

fn happened(event: &Raw<'_>, metadata: &Metadata) -> Result<Option<Happened>, CodecError> {
    Ok(Some(match (event.pallet_name(), event.event_name()) {
        ("Ibc", "PacketSent") => packet(PacketEventKind::Sent, fields::<PacketOnly>(event)?.packet),
        ("Ibc", "PacketReceived") => {
            let (sent, acknowledgement) = fields::<PacketAcknowledgements>(event)?.split();
            packet(PacketEventKind::Received(acknowledgement), sent)
        }
        ("Ibc", "PacketAcknowledged") => {
            let (sent, acknowledgement) = fields::<PacketAcknowledgements>(event)?.split();
            packet(PacketEventKind::Acknowledged(acknowledgement), sent)
        }
        ("Ibc", "PacketTimedOut") => packet(PacketEventKind::TimedOut, fields::<PacketOnly>(event)?.packet),
        ("Ibc", "PacketOutcome") => return Ok(outcome(fields(event)?)),
        ("Ibc", "ClientUpdated") => {
            let ClientUpdated { client, height, consensus_state } = fields(event)?;
            Happened::ClientUpdated { client, height, consensus_state }
        }
        ("System", "ExtrinsicSuccess") => Happened::Succeeded(fields::<Success>(event)?.dispatch_info.weight),
        ("System", "ExtrinsicFailed") => {
            let weight = fields::<Failure>(event)?.dispatch_info.weight;
            let all: Composite<()> = fields(event)?;
            let reason = all.at("dispatch_error").map_or_else(|| "failed".into(), |e| dispatch_error(metadata, e));
            Happened::Failed(weight, reason)
        }
        ("Sudo", "Sudid") => {
            let all: Composite<()> = fields(event)?;
            Happened::Sudid(all.at("sudo_result").and_then(|result| failure(metadata, result)))
        }
        ("TransactionPayment", "TransactionFeePaid") => Happened::FeePaid(fields::<Fee>(event)?.actual_fee),
        _ => return Ok(None),
    }))
}

/// All events of a block that matter here. `bytes` is the value of `System.Events`; none at all
/// means no events.
pub fn decode(runtime: &Runtime, bytes: Vec<u8>) -> Result<Vec<Event>, CodecError> {
    let expected = subxt::ext::codec::Compact::<u32>::decode_prefix(&bytes);
    let events = runtime.subxt().events().from_bytes(bytes);
    let metadata = runtime.metadata();
    let mut out = Vec::new();
    let mut seen = 0u32;
    for event in events.iter() {
        let event = event.map_err(|e| codec_error("System.Events", e))?;
        seen = seen.saturating_add(1);
        let Some(happened) = happened(&event, &metadata)? else { continue };
        let extrinsic = match event.phase() {
            Phase::ApplyExtrinsic(index) => Some(index),
            Phase::Finalization | Phase::Initialization => None,
        };
        out.push(Event { extrinsic, happened });
    }
    if seen != expected {
        return Err(codec_error("System.Events", format!("{seen} of {expected} events")));
    }
    Ok(out)
}

trait DecodePrefix {
    fn decode_prefix(bytes: &[u8]) -> u32;
}

impl DecodePrefix for subxt::ext::codec::Compact<u32> {
    fn decode_prefix(mut bytes: &[u8]) -> u32 {
        <Self as codec::Decode>::decode(&mut bytes).map_or(0, |n| n.0)
    }
}

fn number(value: &Value<()>) -> Option<u8> {
    match &value.value {
        ValueDef::Primitive(Primitive::U128(n)) => u8::try_from(*n).ok(),
        ValueDef::Composite(all) => number(all.values().next()?),
        _ => None,
    }
}

fn numbers(value: &Value<()>) -> Vec<u8> {
    match &value.value {
        ValueDef::Composite(all) => all.values().flat_map(numbers).collect(),
        _ => number(value).into_iter().collect(),
    }
}

/// Why a result is an error; `None` if it is not.
fn failure(metadata: &Metadata, result: &Value<()>) -> Option<String> {
    let ValueDef::Variant(variant) = &result.value else { return None };
    (variant.name == "Err").then(|| match variant.values.values().next() {
        Some(error) => dispatch_error(metadata, error),
        None => "failed".into(),
    })
}

/// A dispatch error in words: the pallet's own name for it and what it says of it.
fn dispatch_error(metadata: &Metadata, error: &Value<()>) -> String {
    let ValueDef::Variant(variant) = &error.value else { return "failed".into() };
    if variant.name == "Module" {
        let inner = variant.values.values().next();
        let index = inner.and_then(|v| v.at("index")).and_then(number);
        let code: Vec<u8> = inner.and_then(|v| v.at("error")).map(numbers).unwrap_or_default();
        if let (Some(index), Some((code, more))) = (index, code.split_first()) {
            return module_error(metadata, index, *code, more);
        }
    }
    match variant.values.values().next().map(|v| &v.value) {
        Some(ValueDef::Variant(inner)) => format!("{}.{}", variant.name, inner.name),
        _ => variant.name.clone(),
    }
}

/// An error of a pallet by its numbers: its name, the name of what it holds, what it says.
fn module_error(metadata: &Metadata, pallet: u8, error: u8, more: &[u8]) -> String {
    let Some(pallet) = metadata.pallet_by_error_index(pallet) else {
        return format!("error {error} of unknown pallet {pallet}");
    };
    let Some(variant) = pallet.error_variant_by_index(error) else {
        return format!("unknown error {error} of {}", pallet.name());
    };
    let mut text = format!("{}.{}", pallet.name(), variant.name);
    let inner = variant.fields.first().and_then(|f| metadata.types().resolve(f.ty.id));
    if let (Some(TypeDef::Variant(inner)), Some(index)) = (inner.map(|t| &t.type_def), more.first())
        && let Some(found) = inner.variants.iter().find(|v| v.index == *index)
    {
        text = format!("{text}({})", found.name);
    }
    match variant.docs.iter().map(|d| d.trim()).find(|d| !d.is_empty()) {
        Some(says) => format!("{text}: {says}"),
        None => text,
    }
}

/// What a transaction did to each packet it touched.
pub(crate) fn outcomes<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<PacketOutcome> {
    let mut out = Vec::new();
    for event in events {
        let (client, sequence, outcome) = match &event.happened {
            Happened::Outcome(outcome) => {
                out.push(outcome.clone());
                continue;
            }
            Happened::Packet(kind, packet) => match kind {
                PacketEventKind::Received(_) => (&packet.destination_client, packet.sequence, Outcome::Received),
                PacketEventKind::Acknowledged(_) => (&packet.source_client, packet.sequence, Outcome::Acknowledged),
                PacketEventKind::TimedOut => (&packet.source_client, packet.sequence, Outcome::TimedOut),
                PacketEventKind::Sent => continue,
            },
            _ => continue,
        };
        out.push(PacketOutcome { client: client.to_string(), sequence: sequence.get(), outcome });
    }
    out
}
