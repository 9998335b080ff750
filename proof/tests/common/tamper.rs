//! Tampers with bundles: at the bytes of a file, or at a field with everything after it encoded
//! again, so that the file still reads. The same seed gives the same files.

use super::rng::Rng;
use alloy_primitives::Bytes;
use lupu_proof::{AnchorClient, Bundle, Kind, Statement, Update};
use lupu_qbft::Header;
use lupu_standard::{Acknowledgement, Height, Sequence, TimestampSecs};

/// A file that has been tampered with, and how.
#[derive(Clone, Debug)]
pub struct Tampered {
    pub what: &'static str,
    pub file: Vec<u8>,
}

/// Tampers with one of these bundles, which may be given parts of the others. Returns which.
pub fn tamper(rng: &mut Rng, bundles: &[Bundle]) -> (usize, Tampered) {
    let index = rng.below(bundles.len());
    let mut bundle = bundles[index].clone();
    let other = rng.pick(bundles);
    let what = match rng.below(10) {
        0 | 1 => {
            let mut file = write(rng, &bundle);
            let donor = write(rng, other);
            let what = bytes(rng, &mut file, &donor, true);
            return (index, Tampered { what, file });
        }
        2 | 3 => node(rng, &mut bundle, other),
        4..=6 => update(rng, &mut bundle, other),
        _ => statement(rng, &mut bundle, other),
    };
    bundle.nodes.sort_unstable();
    bundle.nodes.dedup();
    bundle.statements.sort_by_key(place);
    bundle.statements.dedup_by_key(|s| place(s));
    let file = write(rng, &bundle);
    (index, Tampered { what, file })
}

fn place(s: &Statement) -> (Height, Bytes, Kind) {
    (s.height, s.path.clone(), s.kind)
}

fn write(rng: &mut Rng, bundle: &Bundle) -> Vec<u8> {
    if rng.below(2) == 0 { bundle.to_cbor() } else { bundle.to_json().into_bytes() }
}

/// Changes bytes. `whole`: of a file, of which more than a little may go.
fn bytes(rng: &mut Rng, data: &mut Vec<u8>, donor: &[u8], whole: bool) -> &'static str {
    if data.is_empty() {
        data.push(rng.next() as u8);
        return "byte added";
    }
    let at = rng.below(data.len());
    let some = rng.below(if whole { 200 } else { 33 }) + 1;
    let end = (at + some).min(data.len());
    match rng.below(9) {
        0 | 1 => {
            data[at] ^= 1 << rng.below(8);
            "bit flipped"
        }
        2 => {
            data[at] = *rng.pick(&[0, 1, 0x7f, 0x80, 0xff, b'0', b'"', b'}']);
            "byte set"
        }
        3 => {
            data.insert(at, rng.next() as u8);
            "byte added"
        }
        4 => {
            data.drain(at..end);
            "bytes dropped"
        }
        5 => {
            let copy = data[at..end].to_vec();
            data.splice(at..at, copy);
            "bytes duplicated"
        }
        6 => {
            let copy = data[at..end].to_vec();
            let to = rng.below(data.len() - copy.len() + 1);
            data[to..to + copy.len()].copy_from_slice(&copy);
            "bytes copied over others"
        }
        7 => {
            let from = rng.below(donor.len());
            let piece = donor[from..(from + some).min(donor.len())].to_vec();
            let end = (at + piece.len()).min(data.len());
            data.splice(at..end, piece);
            "bytes spliced from another bundle"
        }
        _ => {
            data.truncate(at);
            "cut off"
        }
    }
}

fn field(rng: &mut Rng, data: &mut Bytes, donor: &[u8]) {
    let mut raw = data.to_vec();
    bytes(rng, &mut raw, donor, false);
    *data = raw.into();
}

/// Drops, doubles, swaps or replaces pieces of one size.
fn pieces(rng: &mut Rng, data: &mut Bytes, size: usize, donor: &[u8]) -> &'static str {
    let mut list: Vec<Vec<u8>> = data.chunks(size).map(<[u8]>::to_vec).collect();
    let others: Vec<&[u8]> = donor.chunks(size).collect();
    let pick = Some(rng.next() as usize);
    let what = reorder(rng, &mut list, pick, &others);
    *data = list.concat().into();
    what
}

fn reorder<T: Clone>(
    rng: &mut Rng,
    list: &mut Vec<T>,
    pick: Option<usize>,
    others: &[impl Clone + Into<T>],
) -> &'static str {
    if list.is_empty() {
        return "nothing";
    }
    let (a, b) = (rng.below(list.len()), rng.below(list.len()));
    match (rng.below(4), pick) {
        (0, _) => {
            list.remove(a);
            "dropped"
        }
        (1, _) => {
            let copy = list[a].clone();
            list.insert(b, copy);
            "duplicated"
        }
        (2, Some(pick)) if !others.is_empty() => {
            list[a] = others[pick % others.len()].clone().into();
            "taken from another bundle"
        }
        _ => {
            list.swap(a, b);
            "swapped"
        }
    }
}

fn node(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    if bundle.nodes.is_empty() || rng.below(6) == 0 {
        match other.nodes.is_empty() {
            true => bundle.nodes.push(rng.next().to_be_bytes().to_vec().into()),
            false => bundle.nodes.push(rng.pick(&other.nodes).clone()),
        }
        return "node added";
    }
    let at = rng.below(bundle.nodes.len());
    match rng.below(4) {
        0 => {
            bundle.nodes.remove(at);
            "node dropped"
        }
        1 if !other.nodes.is_empty() => {
            bundle.nodes[at] = rng.pick(&other.nodes).clone();
            "node of another bundle"
        }
        _ => {
            let donor = other.nodes.first().cloned().unwrap_or_default();
            field(rng, &mut bundle.nodes[at], &donor);
            "node changed"
        }
    }
}

fn update(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    let same = other.anchor.client.client_type() == bundle.anchor.client.client_type();
    if bundle.updates.is_empty() {
        if same {
            bundle.updates.clone_from(&other.updates);
        }
        return "updates of another bundle";
    }
    if rng.below(3) == 0 {
        let others: &[Update] = if same { &other.updates } else { &[] };
        let pick = Some(rng.next() as usize);
        return match reorder(rng, &mut bundle.updates, pick, others) {
            "dropped" => "update dropped",
            "duplicated" => "update duplicated",
            "swapped" => "updates swapped",
            _ => "update of another bundle",
        };
    }
    let kind = match &bundle.anchor.client {
        AnchorClient::Qbft { state, .. } => Some(state.kind),
        _ => None,
    };
    let donor = other.updates.first().cloned();
    let at = rng.below(bundle.updates.len());
    match (&mut bundle.updates[at], donor) {
        (Update::Qbft { header }, donor) => {
            let donor = if let Some(Update::Qbft { header }) = donor { header } else { Bytes::new() };
            let decoded = kind.and_then(|kind| Header::decode(kind, header).ok());
            match decoded {
                Some(decoded) if rng.below(2) == 0 => {
                    let seals_of = |raw: &Bytes| Some(Header::decode(kind?, raw).ok()?.seals().to_vec());
                    let mut seals = decoded.seals().to_vec();
                    let others = seals_of(&donor).unwrap_or_default();
                    if rng.below(4) == 0 && !seals.is_empty() {
                        let at = rng.below(seals.len());
                        field(rng, &mut seals[at], &[0; 65]);
                    } else {
                        let pick = Some(rng.next() as usize);
                        reorder(rng, &mut seals, pick, &others);
                    }
                    *header = decoded.with_seals(seals).encode().into();
                    "seals changed"
                }
                _ => {
                    field(rng, header, &donor);
                    "header changed"
                }
            }
        }
        (Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header }, donor) => {
            let empty = || std::array::from_fn(|_| Bytes::new());
            let [c, a, s, l, m, h]: [Bytes; 6] = match donor {
                Some(Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header }) => {
                    [commitment, authorities, signatures, leaf, mmr_items, header]
                }
                _ => empty(),
            };
            match rng.below(9) {
                0 => {
                    field(rng, commitment, &c);
                    "commitment changed"
                }
                1 => {
                    field(rng, signatures, &s);
                    "signatures changed"
                }
                2 => {
                    pieces(rng, signatures, 66, &s);
                    "signatures reordered"
                }
                3 => {
                    pieces(rng, authorities, 20, &a);
                    "authorities changed"
                }
                4 => {
                    pieces(rng, mmr_items, 32, &m);
                    "range proof changed"
                }
                5 => {
                    field(rng, leaf, &l);
                    "leaf changed"
                }
                6 => {
                    field(rng, mmr_items, &m);
                    "range proof changed"
                }
                7 => {
                    field(rng, header, &h);
                    "header changed"
                }
                _ => {
                    (*commitment, *signatures, *authorities) = (c, s, a);
                    "commitment of another bundle"
                }
            }
        }
        (Update::Grandpa { header, justification }, donor) => {
            let (h, j) = match donor {
                Some(Update::Grandpa { header, justification }) => (header, justification),
                _ => (Bytes::new(), Bytes::new()),
            };
            match rng.below(5) {
                0 => {
                    field(rng, header, &h);
                    "header changed"
                }
                1 => {
                    *justification = j;
                    "justification of another bundle"
                }
                2 | 3 => {
                    votes(rng, justification, &j);
                    "votes changed"
                }
                _ => {
                    field(rng, justification, &j);
                    "justification changed"
                }
            }
        }
    }
}

/// Votes of 132 bytes behind round, target and their number, which is below 64.
fn votes(rng: &mut Rng, justification: &mut Bytes, donor: &Bytes) {
    const HEAD: usize = 44;
    let split = |raw: &Bytes| -> Option<(Vec<u8>, Bytes, Vec<u8>)> {
        let count = usize::from(*raw.get(HEAD)? >> 2);
        let end = HEAD + 1 + 132 * count;
        Some((raw.get(..HEAD)?.to_vec(), raw.get(HEAD + 1..end)?.to_vec().into(), raw.get(end..)?.to_vec()))
    };
    let Some((head, mut list, tail)) = split(justification) else { return };
    let others = split(donor).map(|(_, list, _)| list).unwrap_or_default();
    pieces(rng, &mut list, 132, &others);
    let count = (list.len() / 132).min(63) as u8;
    *justification = [head, vec![count << 2], list.to_vec(), tail].concat().into();
}

fn statement(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    let at = rng.below(bundle.statements.len());
    if rng.below(6) == 0 {
        let taken = rng.pick(&other.statements).clone();
        if rng.below(2) == 0 {
            bundle.statements[at] = taken;
            return "statement of another bundle";
        }
        bundle.statements.push(taken);
        return "statement added";
    }
    let heights: Vec<Height> = bundle.statements.iter().map(|s| s.height).collect();
    let client = bundle.anchor.client.height();
    let s = &mut bundle.statements[at];
    let donor = rng.pick(&other.statements).clone();
    let packet = &mut s.packet;
    let what = match rng.below(14) {
        0 => {
            s.kind = *rng.pick(&Kind::ALL);
            "kind changed"
        }
        1 => {
            let near = [Height(s.height.0 + 1), Height(s.height.0.saturating_sub(1)), client, *rng.pick(&heights)];
            s.height = *rng.pick(&near);
            "height changed"
        }
        2 => {
            let n = packet.sequence.get();
            packet.sequence = Sequence::new(*rng.pick(&[n + 1, n.max(2) - 1, n << 8, 1, u64::MAX])).unwrap();
            "sequence changed"
        }
        3 => {
            core::mem::swap(&mut packet.source_client, &mut packet.destination_client);
            "clients swapped"
        }
        4 => {
            let text = packet.destination_client.to_string();
            let near = [format!("{text}-"), text[..text.len() - 1].into(), text.to_uppercase()];
            packet.destination_client = rng.pick(&near).parse().unwrap();
            "destination client changed"
        }
        5 => {
            let text = packet.source_client.to_string();
            let near = [format!("{text}-"), text[..text.len() - 1].into(), "another.client".into()];
            packet.source_client = rng.pick(&near).parse().unwrap();
            "source client changed"
        }
        6 => {
            let t = packet.timeout_timestamp.0;
            packet.timeout_timestamp = TimestampSecs(*rng.pick(&[t + 1, t - 1, 0, u64::MAX, t ^ 1 << 32]));
            "timeout changed"
        }
        7 => {
            field(rng, &mut packet.payloads[0].value, &donor.packet.payloads[0].value);
            "payload changed"
        }
        8 => {
            packet.payloads.clone_from(&donor.packet.payloads);
            "payloads of another packet"
        }
        9 => {
            let text = rng.pick(&["", "ics20-1", "memo-2", "application/json"]).to_string();
            if rng.below(2) == 0 {
                packet.payloads[0].version = text
            } else {
                packet.payloads[0].encoding = text
            }
            "payload's type changed"
        }
        10 => {
            let more = packet.payloads[0].clone();
            packet.payloads.push(more);
            "payload duplicated"
        }
        11 | 12 => {
            let acks = [donor.acknowledgement, Acknowledgement::error(), Acknowledgement(vec![b"seen".into()])];
            s.acknowledgement = rng.pick(&acks).clone();
            if rng.below(3) == 0 {
                s.acknowledgement.0.push(b"more".into());
            }
            "acknowledgement changed"
        }
        _ => {
            if rng.below(2) == 0 {
                field(rng, &mut s.path, &donor.path)
            } else {
                field(rng, &mut s.value, &donor.value)
            }
            return "path or value changed";
        }
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
