//! The bundle: what it holds, and its two forms.

use crate::{
    anchor::{Anchor, VERSION, constant, version, write_bytes, write_number, write_text},
    codec::{CborWriter, FormatError, JsonWriter, Problem, Read, Write, read_file, read_list, write_list},
    statement::{Kind, Statement},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{B256, Bytes};
use lupu_beefy as beefy;
use lupu_grandpa as grandpa;
use lupu_qbft as qbft;
use lupu_standard::{Acknowledgement, ClientId, Height, Packet, Payload, PortId, Sequence, TimestampSecs};
use sha2::{Digest, Sha256};

/// How a bundle's file names itself.
pub const BUNDLE_FORMAT: &str = "lupu-proof-bundle";
/// Most bytes of a bundle's file, in either form.
pub const MAX_BUNDLE_BYTES: usize = 8 << 20;
/// Most steps from the anchor to the newest header.
pub const MAX_UPDATES: usize = 4_096;
/// Most statements of a bundle.
pub const MAX_STATEMENTS: usize = 4_096;
/// Most trie nodes and values of a bundle.
pub const MAX_NODES: usize = 65_536;

const MAX_HEADER: usize = 65_535;
const MAX_FINALITY: usize = 1 << 20;
const MAX_NODE: usize = 65_535;
const MAX_VALUE: usize = 262_144;
const MAX_TEXT: usize = 1_024;
const MAX_PAYLOADS: usize = 8;
const MAX_ACKNOWLEDGEMENT: usize = 65_536;

/// One step of trust: a header that the client at the step before accepts, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A sealed header of an EVM chain.
    Qbft {
        /// Raw header RLP with its seals, ascending by signer.
        header: Bytes,
    },
    /// A BEEFY commitment, and the way from it to a header.
    Beefy {
        /// SCALE commitment, as signed.
        commitment: Bytes,
        /// The signing set's 20-byte addresses joined, in their order.
        authorities: Bytes,
        /// Of each signature: index (one byte) ‖ r ‖ s ‖ v, ascending.
        signatures: Bytes,
        /// SCALE leaf of the Merkle mountain range.
        leaf: Bytes,
        /// Its proof: 32-byte hashes joined.
        mmr_items: Bytes,
        /// SCALE header of the block that the leaf is about.
        header: Bytes,
    },
    /// A header that GRANDPA finalized.
    Grandpa {
        /// SCALE header.
        header: Bytes,
        /// SCALE justification.
        justification: Bytes,
    },
}

/// A self-contained proof of statements about packets at heights of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Where trust begins.
    pub anchor: Anchor,
    /// From the anchor to the newest height, ascending.
    pub updates: Vec<Update>,
    /// What is proven, ascending by height, path and kind.
    pub statements: Vec<Statement>,
    /// Trie nodes (and, on Substrate, hashed values), each once, ascending by their bytes.
    pub nodes: Vec<Bytes>,
}

impl Bundle {
    /// SHA-256 of the CBOR file.
    pub fn digest(&self) -> B256 {
        B256::new(Sha256::digest(self.to_cbor()).into())
    }

    /// The canonical JSON file.
    pub fn to_json(&self) -> String {
        let mut w = JsonWriter::default();
        self.write(&mut w);
        w.finish()
    }

    /// The CBOR file with the same content.
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut w = CborWriter::default();
        self.write(&mut w);
        w.finish()
    }

    /// Reads a file in either form. The forms are canonical: writing gives the same bytes again.
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        read_file(file, MAX_BUNDLE_BYTES, Self::read, Self::read)
    }

    fn write<W: Write>(&self, w: &mut W) {
        w.begin_object(6);
        write_text(w, "format", BUNDLE_FORMAT);
        write_number(w, "version", VERSION);
        w.field("anchor");
        self.anchor.write(w);
        w.field("updates");
        write_list(w, &self.updates, write_update);
        w.field("statements");
        write_list(w, &self.statements, write_statement);
        w.field("nodes");
        write_list(w, &self.nodes, |w, node| w.bytes(node));
        w.end_object();
    }

    fn read<R: Read>(r: &mut R) -> Result<Self, FormatError> {
        r.begin_object(6)?;
        constant(r, "format", BUNDLE_FORMAT)?;
        version(r)?;
        r.field("anchor")?;
        let anchor = Anchor::read(r)?;
        r.field("updates")?;
        let client_type = anchor.client.client_type();
        let updates = read_list(r, 0, MAX_UPDATES, |r| read_update(r, client_type))?;
        r.field("statements")?;
        let mut last = None;
        let statements = read_list(r, 1, MAX_STATEMENTS, |r| {
            let statement = read_statement(r)?;
            ascending(r, &mut last, statement.order(), "statements ascend by height, path and kind")?;
            Ok(statement)
        })?;
        r.field("nodes")?;
        let mut last = None;
        let nodes = read_list(r, 0, MAX_NODES, |r| {
            let node = read_bytes(r, MAX_NODE)?;
            ascending(r, &mut last, node.clone(), "nodes ascend by their bytes")?;
            Ok(node)
        })?;
        r.end_object()?;
        Ok(Self { anchor, updates, statements, nodes })
    }
}

fn ascending<R: Read, T: Ord>(r: &R, last: &mut Option<T>, item: T, rule: &'static str) -> Result<(), FormatError> {
    if last.as_ref().is_some_and(|last| *last >= item) {
        return Err(r.problem(Problem::NotCanonical(rule)));
    }
    *last = Some(item);
    Ok(())
}

fn read_bytes<R: Read>(r: &mut R, max: usize) -> Result<Bytes, FormatError> {
    Ok(r.bytes(max)?.into())
}

fn bytes_field<R: Read>(r: &mut R, name: &'static str, max: usize) -> Result<Bytes, FormatError> {
    r.field(name)?;
    read_bytes(r, max)
}

fn write_update<W: Write>(w: &mut W, update: &Update) {
    match update {
        Update::Qbft { header } => {
            w.begin_object(1);
            write_bytes(w, "header", header);
        }
        Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } => {
            w.begin_object(6);
            write_bytes(w, "commitment", commitment);
            write_bytes(w, "authorities", authorities);
            write_bytes(w, "signatures", signatures);
            write_bytes(w, "leaf", leaf);
            write_bytes(w, "mmr_items", mmr_items);
            write_bytes(w, "header", header);
        }
        Update::Grandpa { header, justification } => {
            w.begin_object(2);
            write_bytes(w, "header", header);
            write_bytes(w, "justification", justification);
        }
    }
    w.end_object();
}

/// Every update of a bundle is of the anchor's client type.
fn read_update<R: Read>(r: &mut R, client_type: &str) -> Result<Update, FormatError> {
    let update = match client_type {
        qbft::CLIENT_TYPE => {
            r.begin_object(1)?;
            Update::Qbft { header: bytes_field(r, "header", MAX_HEADER)? }
        }
        beefy::CLIENT_TYPE => {
            r.begin_object(6)?;
            Update::Beefy {
                commitment: bytes_field(r, "commitment", MAX_FINALITY)?,
                authorities: bytes_field(r, "authorities", MAX_FINALITY)?,
                signatures: bytes_field(r, "signatures", MAX_FINALITY)?,
                leaf: bytes_field(r, "leaf", MAX_FINALITY)?,
                mmr_items: bytes_field(r, "mmr_items", MAX_FINALITY)?,
                header: bytes_field(r, "header", MAX_HEADER)?,
            }
        }
        grandpa::CLIENT_TYPE => {
            r.begin_object(2)?;
            Update::Grandpa {
                header: bytes_field(r, "header", MAX_HEADER)?,
                justification: bytes_field(r, "justification", MAX_FINALITY)?,
            }
        }
        other => return Err(r.problem(Problem::Invalid(alloc::format!("no updates of client type {other}")))),
    };
    r.end_object()?;
    Ok(update)
}

fn write_statement<W: Write>(w: &mut W, s: &Statement) {
    w.begin_object(6);
    write_text(w, "kind", s.kind.name());
    write_number(w, "height", s.height.0);
    w.field("packet");
    write_packet(w, &s.packet);
    w.field("acknowledgements");
    write_list(w, &s.acknowledgement.0, |w, ack| w.bytes(ack));
    write_bytes(w, "path", &s.path);
    write_bytes(w, "value", &s.value);
    w.end_object();
}

fn read_statement<R: Read>(r: &mut R) -> Result<Statement, FormatError> {
    r.begin_object(6)?;
    r.field("kind")?;
    let kind = Kind::from_name(&r.text(32)?);
    let kind = kind.ok_or_else(|| r.problem(Problem::Invalid("no kind of statement that is known".into())))?;
    r.field("height")?;
    let height = Height(r.number()?);
    r.field("packet")?;
    let packet = read_packet(r)?;
    r.field("acknowledgements")?;
    let most = if kind.has_acknowledgement() { MAX_PAYLOADS } else { 0 };
    let acks = read_list(r, most.min(1), most, |r| read_bytes(r, MAX_ACKNOWLEDGEMENT))?;
    let path = bytes_field(r, "path", 256)?;
    let value = bytes_field(r, "value", 32)?;
    r.end_object()?;
    Ok(Statement { kind, height, packet, acknowledgement: Acknowledgement(acks), path, value })
}

fn write_packet<W: Write>(w: &mut W, p: &Packet) {
    w.begin_object(5);
    write_number(w, "sequence", p.sequence.get());
    write_text(w, "source_client", p.source_client.as_str());
    write_text(w, "destination_client", p.destination_client.as_str());
    write_number(w, "timeout_timestamp", p.timeout_timestamp.0);
    w.field("payloads");
    write_list(w, &p.payloads, |w, p| {
        w.begin_object(5);
        write_text(w, "source_port", p.source_port.as_str());
        write_text(w, "destination_port", p.destination_port.as_str());
        write_text(w, "version", &p.version);
        write_text(w, "encoding", &p.encoding);
        write_bytes(w, "value", &p.value);
        w.end_object();
    });
    w.end_object();
}

fn identifier<R: Read, T, E: core::fmt::Display>(
    r: &mut R,
    name: &'static str,
    new: impl Fn(String) -> Result<T, E>,
) -> Result<T, FormatError> {
    r.field(name)?;
    let text = r.text(MAX_TEXT)?;
    new(text).map_err(|e| r.problem(Problem::Invalid(e.to_string())))
}

fn read_packet<R: Read>(r: &mut R) -> Result<Packet, FormatError> {
    r.begin_object(5)?;
    r.field("sequence")?;
    let sequence = Sequence::new(r.number()?).map_err(|e| r.problem(Problem::Invalid(e.to_string())))?;
    let source_client = identifier(r, "source_client", ClientId::new)?;
    let destination_client = identifier(r, "destination_client", ClientId::new)?;
    r.field("timeout_timestamp")?;
    let timeout_timestamp = TimestampSecs(r.number()?);
    r.field("payloads")?;
    let payloads = read_list(r, 1, MAX_PAYLOADS, |r| {
        r.begin_object(5)?;
        let source_port = identifier(r, "source_port", PortId::new)?;
        let destination_port = identifier(r, "destination_port", PortId::new)?;
        r.field("version")?;
        let version = r.text(MAX_TEXT)?;
        r.field("encoding")?;
        let encoding = r.text(MAX_TEXT)?;
        let value = bytes_field(r, "value", MAX_VALUE)?;
        r.end_object()?;
        Ok(Payload { source_port, destination_port, version, encoding, value })
    })?;
    r.end_object()?;
    Ok(Packet { sequence, source_client, destination_client, timeout_timestamp, payloads })
}
