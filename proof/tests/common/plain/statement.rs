//! What a statement needs of a chain's state, from the definitions.

use super::{
    fault::{left_out, need},
    tree::Node,
};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolValue, sol};
use sha2::{Digest, Sha256};

sol! {
    struct Payload { string sourcePort; string destPort; string version; string encoding; bytes value; }
    struct Packet {
        uint64 sequence; string sourceClient; string destClient; uint64 timeoutTimestamp; Payload[] payloads;
    }
    struct Transfer { string denom; string sender; string receiver; uint256 amount; string memo; }
}

pub struct Statement {
    pub kind: String,
    pub height: u64,
    pub timeout: u64,
    packet: Packet,
    acknowledgements: Vec<Vec<u8>>,
    path: Vec<u8>,
    value: Vec<u8>,
}

const KINDS: [&str; 7] = ["sent", "locked", "received", "acknowledged", "minted", "released", "never-received"];

fn identifier(node: &Node) -> Option<String> {
    let text = node.text()?;
    let good = |c: char| c.is_ascii_alphanumeric() || "._+-#[]<>".contains(c);
    ((2..=128).contains(&text.len()) && text.chars().all(good)).then_some(text)
}

fn payload(node: &Node) -> Option<Payload> {
    let fields = node.object(&["source_port", "destination_port", "version", "encoding", "value"])?;
    let [source, destination, version, encoding, value] = fields.try_into().ok()?;
    Some(Payload {
        sourcePort: identifier(&source)?,
        destPort: identifier(&destination)?,
        version: version.text().filter(|t| t.len() <= 1024)?,
        encoding: encoding.text().filter(|t| t.len() <= 1024)?,
        value: Bytes::from(value.bytes()?),
    })
}

pub fn read(node: &Node) -> Option<Statement> {
    let fields = node.object(&["kind", "height", "packet", "acknowledgements", "path", "value"])?;
    let [kind, height, packet, acknowledgements, path, value] = fields.try_into().ok()?;
    let fields =
        packet.object(&["sequence", "source_client", "destination_client", "timeout_timestamp", "payloads"])?;
    let [sequence, source, destination, timeout, payloads] = fields.try_into().ok()?;
    let payloads: Option<Vec<_>> = payloads.list()?.iter().map(payload).collect();
    let payloads = payloads.filter(|p| (1..=8).contains(&p.len()))?;
    let packet = Packet {
        sequence: sequence.number().filter(|n| *n > 0)?,
        sourceClient: identifier(&source)?,
        destClient: identifier(&destination)?,
        timeoutTimestamp: timeout.number()?,
        payloads,
    };
    let acknowledgements: Option<Vec<_>> = acknowledgements.list()?.iter().map(Node::bytes).collect();
    let kind = kind.text().filter(|kind| KINDS.contains(&kind.as_str()))?;
    Some(Statement {
        kind,
        height: height.number()?,
        timeout: packet.timeoutTimestamp,
        packet,
        acknowledgements: acknowledgements?,
        path: path.bytes()?,
        value: value.bytes()?,
    })
}

fn sha(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

impl Statement {
    /// The rule that says what must be under the path.
    pub fn rule(&self) -> &'static str {
        match self.kind.as_str() {
            "sent" | "locked" => "LUPU-BUN-022",
            "received" => "LUPU-BUN-023",
            _ => "LUPU-BUN-026",
        }
    }

    pub fn order(&self) -> (u64, Vec<u8>, usize) {
        (self.height, self.path.clone(), KINDS.iter().position(|kind| *kind == self.kind).unwrap())
    }

    fn path(&self, kind: u8) -> Vec<u8> {
        let client = if kind == 1 { &self.packet.sourceClient } else { &self.packet.destClient };
        [client.as_bytes(), &[kind], &self.packet.sequence.to_be_bytes()].concat()
    }

    fn commitment(&self) -> Vec<u8> {
        let p = &self.packet;
        let payload = |p: &Payload| {
            let parts = [p.sourcePort.as_bytes(), p.destPort.as_bytes(), p.version.as_bytes(), p.encoding.as_bytes()];
            let mut hashes: Vec<u8> = parts.into_iter().flat_map(sha).collect();
            hashes.extend(sha(&p.value));
            sha(&hashes)
        };
        let payloads: Vec<u8> = p.payloads.iter().flat_map(payload).collect();
        let timeout = sha(&p.timeoutTimestamp.to_be_bytes());
        sha(&[&[2][..], &sha(p.destClient.as_bytes()), &timeout, &sha(&payloads)].concat())
    }

    /// Raw paths with what they must hold; nothing for absence. `None` where the statement is none.
    pub fn claims(&self) -> Option<Vec<(Vec<u8>, Option<B256>)>> {
        let size: usize = self.packet.payloads.iter().map(|p| p.value.len()).sum();
        let answered = ["acknowledged", "minted", "released"].contains(&self.kind.as_str());
        if size > 262_144 || answered && self.acknowledgements.is_empty() {
            return None;
        }
        need(answered || self.acknowledgements.is_empty(), "LUPU-BUN-011").ok()?;
        need(self.tokens(), "LUPU-BUN-020").ok()?;
        let error = sha(b"UNIVERSAL_ERROR_ACKNOWLEDGEMENT");
        let refused = self.acknowledgements == [error.clone()];
        let one_each = self.acknowledgements.len() == self.packet.payloads.len()
            && self.acknowledgements.iter().all(|ack| !ack.is_empty() && *ack != error);
        need(!answered || refused || one_each, "LUPU-BUN-019").ok()?;
        let receipt = B256::new(keccak256(self.packet.abi_encode()).0);
        let hashes: Vec<u8> = self.acknowledgements.iter().flat_map(|ack| sha(ack)).collect();
        let answer = B256::from_slice(&sha(&[&[2][..], &hashes].concat()));
        let mut claims = match self.kind.as_str() {
            "sent" | "locked" => vec![(self.path(1), Some(B256::from_slice(&self.commitment())))],
            "received" => vec![(self.path(2), Some(receipt))],
            "never-received" => vec![(self.path(2), None)],
            _ => vec![(self.path(2), Some(receipt)), (self.path(3), Some(answer))],
        };
        let (path, value) = claims.last()?;
        let written = value.map_or(Vec::new(), |v| v.to_vec());
        need(*path == self.path && written == self.value, "LUPU-BUN-021").ok()?;
        if answered && left_out("LUPU-BUN-024") {
            claims.remove(0);
        }
        Some(claims)
    }

    /// Whether a statement about tokens is about a transfer, taken, in the right direction. Reads
    /// the ABI encoding alone.
    fn tokens(&self) -> bool {
        let home = match self.kind.as_str() {
            "locked" | "minted" => false,
            "released" => true,
            _ => return true,
        };
        let [payload] = &self.packet.payloads[..] else { return false };
        let (version, encoding) = (&payload.version, &payload.encoding);
        if version != "ics20-1" || encoding != "application/x-solidity-abi" {
            return false;
        }
        if payload.sourcePort != "transfer" || payload.destPort != "transfer" {
            return false;
        }
        let Ok(transfer) = Transfer::abi_decode(&payload.value) else { return false };
        let canonical = transfer.abi_encode() == payload.value[..];
        let named = !transfer.denom.is_empty() && !transfer.sender.is_empty() && !transfer.receiver.is_empty();
        let answer = self.kind == "locked" || self.acknowledgements == [br#"{"result":"AQ=="}"#.to_vec()];
        let back = transfer.denom.starts_with(&format!("transfer/{}/", self.packet.sourceClient));
        canonical && named && transfer.amount > U256::ZERO && answer && back == home
    }
}
