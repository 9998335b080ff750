//! Changes of one update of a bundle, or of their order.

use super::{
    super::rng::Rng,
    bytes::{field, pieces, reorder},
};
use alloy_primitives::Bytes;
use lupu_proof::{AnchorClient, Bundle, Update};
use lupu_qbft::{Header, Kind};

pub fn update(rng: &mut Rng, bundle: &mut Bundle, other: &Bundle) -> &'static str {
    if bundle.updates.is_empty() {
        bundle.updates.clone_from(&other.updates);
        return "updates of another bundle";
    }
    if rng.below(5) == 0 {
        return match reorder(rng, &mut bundle.updates, &other.updates) {
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
    let donor = other.updates.first();
    let at = rng.below(bundle.updates.len());
    match (&mut bundle.updates[at], donor) {
        (Update::Qbft { header }, donor) => {
            let donor = if let Some(Update::Qbft { header }) = donor { header.clone() } else { Bytes::new() };
            match kind.and_then(|kind| Some((kind, Header::decode(kind, header).ok()?))) {
                Some((kind, decoded)) if rng.below(2) == 0 => {
                    *header = seals(rng, kind, decoded, &donor);
                    "seals changed"
                }
                _ => {
                    field(rng, header, &donor);
                    "header changed"
                }
            }
        }
        (Update::Beefy { .. }, donor) => {
            let none = std::array::from_fn(|_| Bytes::new());
            let donor = donor.and_then(beefy).unwrap_or(none);
            commitment(rng, &mut bundle.updates[at], donor)
        }
        (Update::Grandpa { header, justification }, donor) => {
            let (h, j) = match donor {
                Some(Update::Grandpa { header, justification }) => (header.clone(), justification.clone()),
                _ => (Bytes::new(), Bytes::new()),
            };
            match rng.below(6) {
                0 | 1 => {
                    field(rng, header, &h);
                    "header changed"
                }
                2 => {
                    *justification = j;
                    "justification of another bundle"
                }
                3 | 4 => {
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

/// The header with a seal changed, or the seals in another order or number.
fn seals(rng: &mut Rng, kind: Kind, header: Header, donor: &[u8]) -> Bytes {
    let mut seals = header.seals().to_vec();
    if rng.below(3) > 0 && !seals.is_empty() {
        let at = rng.below(seals.len());
        field(rng, &mut seals[at], &[0; 65]);
    } else {
        let others = Header::decode(kind, donor).map_or(Vec::new(), |h| h.seals().to_vec());
        reorder(rng, &mut seals, &others);
    }
    header.with_seals(seals).encode().into()
}

fn beefy(update: &Update) -> Option<[Bytes; 6]> {
    let Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } = update else { return None };
    Some([commitment, authorities, signatures, leaf, mmr_items, header].map(Bytes::clone))
}

fn commitment(rng: &mut Rng, update: &mut Update, [c, a, s, l, m, h]: [Bytes; 6]) -> &'static str {
    let Update::Beefy { commitment, authorities, signatures, leaf, mmr_items, header } = update else {
        unreachable!("asked for BEEFY alone")
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
            if rng.below(2) == 0 {
                pieces(rng, authorities, 20, &a)
            } else {
                field(rng, authorities, &a)
            }
            "authorities changed"
        }
        4 => {
            pieces(rng, mmr_items, 32, &m);
            "range proof reordered"
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
