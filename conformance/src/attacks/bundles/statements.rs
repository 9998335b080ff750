//! What is said of a packet, and what the state at the height holds.

use super::{Fresh, NEWEST, changed, forged, none, one, put};
use crate::{
    attacks::members::{Members, salt},
    scenarios::{
        grandpa::rng::Rng,
        subjects::{HERE, TOKEN, memo, transfer},
        world::{Chain, Plan, Shape},
    },
};
use alloy_primitives::Bytes;
use lupu_proof::{Kind, Statement};
use lupu_standard::{
    Acknowledgement, Height, Packet, Path, TimestampSecs, commitment::commit_acknowledgement,
    ics20::SUCCESS_ACKNOWLEDGEMENT,
};

/// A statement at a height that no update proves.
pub fn other_height(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let bundle = fresh.bundle(&[Kind::Sent]);
        let mut also = |what: &str, height: u64| {
            let more = changed(&bundle, |b| {
                b.statements.push(Statement { height: Height(height), ..b.statements[0].clone() });
                b.statements.sort_by_key(|s| s.height);
            });
            put(m, chain, what, &more, "UnknownHeight");
        };
        also("between_anchor_and_update", 101 + rng.next() % 19);
        also("after_the_update", 121 + rng.next() % 1_000);
        also("before_the_anchor", rng.next() % 100);
    }
}

/// Another kind than that of what is there.
pub fn kinds(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let mut as_kind = |of: Kind, kind: Kind, expect: &str| {
            let what = format!("{}_called_{}", of.name(), kind.name());
            let answer = if kind.has_acknowledgement() { one(SUCCESS_ACKNOWLEDGEMENT) } else { none() };
            let told = forged(&fresh.bundle(&[of]), |s| (s.kind, s.acknowledgement) = (kind, answer));
            put(m, chain, &what, &told, expect);
        };
        as_kind(Kind::Received, Kind::Minted, "NotATransfer");
        as_kind(Kind::Sent, Kind::Locked, "NotATransfer");
        as_kind(Kind::Minted, Kind::Released, "OtherDirection");
        as_kind(Kind::Released, Kind::Minted, "OtherDirection");
        put(m, chain, "all_as_they_are", &fresh.bundle(&Kind::ALL), "ok");
        let told = fresh.told(Kind::Received, fresh.packet(Kind::NeverReceived), none());
        put(m, chain, "never-received_called_received", &told, "ValueAbsent");
        // Of these the chain holds all that is told.
        let with = |of: Kind, payload| Packet { payloads: vec![payload], ..fresh.packet(of) };
        let mut held = |what: &str, kind: Kind, packet: Packet, answer: Acknowledgement, expect: &str| {
            put(m, chain, what, &fresh.held(kind, packet, answer), expect);
        };
        let burn = with(Kind::Locked, transfer(&format!("transfer/{HERE}/{TOKEN}"), 1 + rng.next() % 1_000));
        held("burned_called_locked", Kind::Locked, burn, none(), "OtherDirection");
        held("nothing_called_locked", Kind::Locked, with(Kind::Locked, transfer(TOKEN, 0)), none(), "NotATransfer");
        let mint = fresh.packet(Kind::Minted);
        held("refusal_called_minted", Kind::Minted, mint.clone(), Acknowledgement::error(), "Refused");
        let other = one(salt(rng).into_bytes());
        held("other_answer_called_minted", Kind::Minted, mint, other, "MalformedAcknowledgement");
        let note = fresh.packet(Kind::Acknowledged);
        let two = Acknowledgement(vec![Bytes::from_static(b"one"), Bytes::from_static(b"more")]);
        held("two_answers_of_one_payload", Kind::Acknowledged, note.clone(), two, "MalformedAcknowledgement");
        held("empty_answer", Kind::Acknowledged, note, one(Vec::new()), "MalformedAcknowledgement");
    }
}

/// An answer that was given to another packet, or to none.
pub fn answers(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let (mint, success) = (fresh.packet(Kind::Minted), fresh.answer(Kind::Minted));
        put(m, chain, "its_own", &fresh.bundle(&[Kind::Minted]), "ok");
        let rich = Packet { payloads: vec![transfer(TOKEN, 1 << 40)], ..mint.clone() };
        let told = fresh.told(Kind::Minted, rich, success.clone());
        put(m, chain, "of_another_packet_of_its_sequence", &told, "ValueMismatch");
        let note = fresh.packet(Kind::Acknowledged);
        let told = fresh.told(Kind::Acknowledged, note.clone(), one(salt(rng).into_bytes()));
        put(m, chain, "another_answer", &told, "ValueMismatch");
        let [receipt, answer] = [Path::receipt(&mint), Path::acknowledgement(&mint)].map(|path| path.to_bytes());
        let claim = [(Kind::Minted, NEWEST, mint, success.clone())];
        let plan = Plan { paths: vec![answer.clone()], ..fresh.plan.clone() };
        put(m, chain, "receipt_not_shown", &plan.build().bundle_over(&claim), "InvalidProof");
        let mut plan = Plan { paths: vec![receipt.clone(), answer], ..fresh.plan.clone() };
        plan.stored.remove(&receipt);
        put(m, chain, "without_a_receipt", &plan.build().bundle_over(&claim), "ValueAbsent");
        // Received and not answered yet.
        let mut plan = fresh.plan.clone();
        let unanswered = Path::acknowledgement(&note).to_bytes();
        plan.stored.remove(&unanswered);
        plan.paths = vec![Path::receipt(&note).to_bytes(), unanswered];
        let claim = [(Kind::Acknowledged, NEWEST, note, fresh.answer(Kind::Acknowledged))];
        put(m, chain, "not_answered", &plan.build().bundle_over(&claim), "ValueAbsent");
        // The commitment of an answer, where the receipt belongs.
        let mut swapped = fresh.plan.clone();
        let released = fresh.packet(Kind::Released);
        swapped.stored.insert(Path::receipt(&released).to_bytes(), commit_acknowledgement(&success));
        let swapped = Fresh { plan: swapped, subjects: Default::default() };
        put(m, chain, "answer_as_receipt", &swapped.told(Kind::Released, released, success), "ValueMismatch");
    }
}

/// Never received, where it still may be, or has been.
pub fn early(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let mut until = |what: &str, of: Kind, timeout: u64, expect: &str| {
            let packet = Packet { timeout_timestamp: TimestampSecs(timeout), ..fresh.packet(of) };
            put(m, chain, what, &fresh.told(Kind::NeverReceived, packet, none()), expect);
        };
        let time = fresh.plan.time;
        until("at_the_timeout", Kind::NeverReceived, time, "ok");
        until("a_second_before", Kind::NeverReceived, time + 1, "NotExpired");
        until("long_before", Kind::NeverReceived, time + 2 + rng.next() % 1_000_000, "NotExpired");
        until("no_timeout_ever", Kind::NeverReceived, u64::MAX, "NotExpired");
        until("received", Kind::Received, time - rng.next() % 1_000, "ValuePresent");
    }
}

/// Path and value as the file says, not as they follow.
pub fn written(rng: &mut Rng, m: &mut Members) {
    for chain in Chain::ALL {
        let fresh = Fresh::new(rng, chain, Shape::One);
        let kind = Kind::ALL[rng.below(6)];
        let bundle = fresh.bundle(&[kind]);
        put(m, chain, "as_they_follow", &bundle, "ok");
        let mut with = |what: &str, expect: &str, change: &dyn Fn(&mut Statement)| {
            put(m, chain, what, &changed(&bundle, |b| change(&mut b.statements[0])), expect);
        };
        let flip = |raw: &mut Bytes, at: usize, bit: usize| {
            let mut bytes = raw.to_vec();
            bytes[at] ^= 1 << bit;
            *raw = bytes.into();
        };
        let (last, bit) = (bundle.statements[0].path.len() - 1, rng.below(8));
        with("path_of_another_sequence", "PathMismatch", &|s| flip(&mut s.path, last, bit));
        with("path_of_another_kind", "PathMismatch", &|s| flip(&mut s.path, last - 8, 2));
        with("path_empty", "PathMismatch", &|s| s.path = Bytes::new());
        let at = rng.below(32);
        with("value_changed", "ValueMismatch", &|s| flip(&mut s.value, at, bit));
        with("value_empty", "ValueMismatch", &|s| s.value = Bytes::new());
        let content = memo(&salt(rng));
        with("value_of_another_packet", "ValueMismatch", &|s| {
            s.kind = Kind::Acknowledged;
            s.acknowledgement = one(content.value.clone());
            s.path = Path::acknowledgement(&s.packet).to_bytes().into();
        });
        let mut never = fresh.bundle(&[Kind::NeverReceived]);
        never.statements[0].value = bundle.statements[0].value.clone();
        put(m, chain, "value_of_nothing", &never, "ValueMismatch");
    }
}
