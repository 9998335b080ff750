//! Changes of one statement of a bundle, or of their number.

use super::{super::rng::Rng, bytes::field};
use lupu_proof::{Bundle, Kind, Statement};
use lupu_standard::{Acknowledgement, ClientId, Height, Sequence, TimestampSecs};

pub fn statement(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    if other.statements.is_empty() {
        return "nothing";
    }
    let taken = rng.pick(&other.statements).clone();
    if bundle.statements.is_empty() || rng.below(8) == 0 {
        if rng.below(2) == 0 && !bundle.statements.is_empty() {
            let at = rng.below(bundle.statements.len());
            bundle.statements[at] = taken;
            return "statement of another bundle";
        }
        bundle.statements.push(taken);
        return "statement added";
    }
    let at = rng.below(bundle.statements.len());
    if rng.below(16) == 0 {
        bundle.statements.remove(at);
        return "statement dropped";
    }
    let heights: Vec<Height> = bundle.statements.iter().map(|s| s.height).collect();
    let client = bundle.anchor.client.height();
    let s = &mut bundle.statements[at];
    let what = match rng.below(20) {
        0 => {
            s.kind = *rng.pick(&Kind::ALL);
            "kind changed"
        }
        1 => {
            let n = s.height.0;
            let near =
                [n.wrapping_add(1), n.saturating_sub(1), client.0, rng.pick(&heights).0, rng.next(), rng.bit() ^ n];
            s.height = Height(*rng.pick(&near));
            "height changed"
        }
        2 | 3 => {
            if rng.below(4) == 0 {
                field(rng, &mut s.path, &taken.path);
            } else {
                field(rng, &mut s.value, &taken.value);
            }
            return "path or value changed";
        }
        4.. => inner(rng, s, &taken),
    };
    if !s.kind.has_acknowledgement() {
        s.acknowledgement.0.clear();
    } else if s.acknowledgement.0.is_empty() {
        s.acknowledgement = Acknowledgement(vec![b"seen".into()]);
    }
    if rng.below(5) > 0 {
        *s = Statement::new(s.kind, s.height, s.packet.clone(), s.acknowledgement.clone());
    }
    what
}

/// Another client's id, near to this one.
fn client(rng: &mut Rng, id: &mut ClientId) {
    let text = id.to_string();
    let mut raw = text.clone().into_bytes();
    let at = rng.below(raw.len());
    raw[at] = *rng.pick(b"abcdefghijklmnopqrstuvwxyz0123456789.-_+");
    let near = [
        format!("{text}-"),
        text[..text.len() - 1].into(),
        text.to_uppercase(),
        "another.client".into(),
        String::from_utf8(raw).expect("ASCII"),
    ];
    if let Ok(other) = rng.pick(&near).parse() {
        *id = other;
    }
}

/// Changes what the statement is about.
fn inner(rng: &mut Rng, s: &mut Statement, donor: &Statement) -> &'static str {
    let packet = &mut s.packet;
    let first = rng.below(packet.payloads.len());
    match rng.below(16) {
        0 | 1 => {
            let n = packet.sequence.get();
            let near = [n.wrapping_add(1), n.saturating_sub(1), n << 8, 1, u64::MAX, rng.bit() ^ n, rng.next()];
            if let Ok(sequence) = Sequence::new(*rng.pick(&near)) {
                packet.sequence = sequence;
            }
            "sequence changed"
        }
        2 => {
            core::mem::swap(&mut packet.source_client, &mut packet.destination_client);
            "clients swapped"
        }
        3 => {
            client(rng, &mut packet.destination_client);
            "destination client changed"
        }
        4 => {
            client(rng, &mut packet.source_client);
            "source client changed"
        }
        5 | 6 => {
            let t = packet.timeout_timestamp.0;
            let near = [t.wrapping_add(1), t.wrapping_sub(1), 0, u64::MAX, rng.bit() ^ t, rng.next()];
            packet.timeout_timestamp = TimestampSecs(*rng.pick(&near));
            "timeout changed"
        }
        7..=9 => {
            let from = donor.packet.payloads.first().map(|p| p.value.clone()).unwrap_or_default();
            if let Some(payload) = packet.payloads.get_mut(first) {
                field(rng, &mut payload.value, &from);
            }
            "payload changed"
        }
        10 => {
            packet.payloads.clone_from(&donor.packet.payloads);
            "payloads of another packet"
        }
        11 => {
            let text =
                rng.pick(&["", "ics20-1", "memo-2", "application/json", "application/x-solidity-abi"]).to_string();
            if let Some(payload) = packet.payloads.get_mut(first) {
                let ports = ["transfer", "notes", "gmpport"];
                match rng.below(4) {
                    0 => payload.version = text,
                    1 => payload.encoding = text,
                    2 => payload.source_port = rng.pick(&ports).parse().expect("a port"),
                    _ => payload.destination_port = rng.pick(&ports).parse().expect("a port"),
                }
            }
            "payload's type changed"
        }
        12 => {
            if let Some(payload) = packet.payloads.get(first).cloned() {
                packet.payloads.push(payload);
            }
            "payload duplicated"
        }
        _ => {
            acknowledgement(rng, &mut s.acknowledgement, &donor.acknowledgement);
            "acknowledgement changed"
        }
    }
}

fn acknowledgement(rng: &mut Rng, own: &mut Acknowledgement, donor: &Acknowledgement) {
    let others = [donor.clone(), Acknowledgement::error(), Acknowledgement(vec![b"seen".into()])];
    match rng.below(3) {
        0 => own.clone_from(rng.pick(&others)),
        1 => own.0.push(b"more".into()),
        _ => {
            let at = rng.below(own.0.len());
            if let Some(ack) = own.0.get_mut(at) {
                field(rng, ack, b"{\"result\":\"AQ==\"}");
            }
        }
    }
}
