//! The slow, plain references of the light clients' tests, which share no code with the crates.

use super::crates::{at, bundle_file};
use crate::{
    case::Case,
    scenarios::{beefy, grandpa, plain, qbft},
    verifier::{Verdict, Verifier},
};
use alloy_primitives::{B256, Bytes, keccak256};
use anyhow::{Result, bail};
use codec::Decode;

/// Plain checkers: RLP by alloy-rlp, SCALE and headers by upstream's codecs, trie nodes by
/// sp-trie's, mountain ranges and key sets by upstream's crates, signatures by k256, libsecp256k1
/// and the equation of ZIP 215. Bundles are read by serde_json and ciborium.
pub struct Plain;

const KINDS: [&str; 17] = [
    "qbft/update",
    "qbft/misbehaviour",
    "qbft/membership",
    "qbft/header",
    "ethereum-state/packed",
    "ethereum-state/storage",
    "ethereum-state/account",
    "beefy/update",
    "beefy/misbehaviour",
    "beefy/membership",
    "beefy/commitment",
    "beefy/keyset",
    "beefy/mmr",
    "grandpa/update",
    "grandpa/misbehaviour",
    "grandpa/membership",
    "grandpa/justification",
];
const SUBSTRATE: [&str; 2] = ["substrate-state/packed", "substrate-state/header"];
const BUNDLES: &str = "bundles";

impl Verifier for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn supports(&self, case: &Case) -> bool {
        case.kind.family() == BUNDLES || KINDS.contains(&case.kind.name) || SUBSTRATE.contains(&case.kind.name)
    }

    /// Of a bundle it says only whether it is to be accepted.
    fn names_checks(&self, case: &Case) -> bool {
        case.kind.family() != BUNDLES
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        match case.kind.family() {
            "qbft" => of_qbft(case),
            "ethereum-state" => of_ethereum_state(case),
            "beefy" => of_beefy(case),
            "grandpa" => of_grandpa(case),
            BUNDLES => of_bundles(case),
            _ => of_substrate_state(case),
        }
    }
}

type Asked = (Bytes, Vec<(u64, B256)>, u64);

fn asked(case: &Case) -> Result<Asked> {
    Ok((case.bytes("client_state")?, case.stored()?, case.number("now")?))
}

fn claims(case: &Case) -> Result<Vec<(Vec<u8>, B256)>> {
    let (paths, values): (Vec<Bytes>, Vec<B256>) = (case.get("paths")?, case.get("values")?);
    Ok(paths.into_iter().map(|p| p.to_vec()).zip(values).collect())
}

fn outcome(result: &str, consensus: &[u8]) -> Verdict {
    match result {
        "Misbehaviour" => Verdict::named(result),
        _ => Verdict::proving(result, keccak256(consensus)),
    }
}

fn evidence(result: Result<(), &'static str>) -> Verdict {
    Verdict::named(result.map_or_else(|check| check, |()| "Misbehaviour"))
}

fn time(result: Result<u64, &'static str>) -> Verdict {
    result.map_or_else(Verdict::named, at)
}

fn or(good: bool, check: &str) -> Verdict {
    Verdict::named(if good { "ok" } else { check })
}

fn of_qbft(case: &Case) -> Result<Verdict> {
    use qbft::reference;
    if case.kind.name == "qbft/header" {
        let kind = u64::from(case.text("kind")? != "qbft");
        return Ok(or(reference::header(kind, &case.bytes("header")?).is_some(), "MalformedHeader"));
    }
    let (state, stored, now) = asked(case)?;
    let client = reference::Client::new(&state, &stored, now);
    Ok(match case.kind.name {
        "qbft/update" => match reference::update_client(&client, &case.bytes("message")?) {
            Ok(done) => outcome(done.result, &done.consensus),
            Err(check) => Verdict::named(check),
        },
        "qbft/misbehaviour" => evidence(reference::misbehaviour(&client, &case.bytes("evidence")?)),
        _ => time(reference::membership(&client, case.number("height")?, &claims(case)?, &case.bytes("proof")?)),
    })
}

fn of_ethereum_state(case: &Case) -> Result<Verdict> {
    use qbft::state_trie::reference;
    if case.kind.name == "ethereum-state/account" {
        return Ok(or(qbft::reference::account_fields(&case.bytes("account")?).is_some(), "InvalidProof"));
    }
    let (root, keys, proof): (B256, Vec<B256>, Bytes) = (case.hash("root")?, case.get("keys")?, case.bytes("proof")?);
    let values = reference::packed(&root, &keys, &proof);
    let words = case.kind.name == "ethereum-state/storage";
    let good =
        |values: Vec<Option<Vec<u8>>>| !words || values.iter().flatten().all(|leaf| reference::word(leaf).is_some());
    Ok(or(values.is_some_and(good), "InvalidProof"))
}

fn of_beefy(case: &Case) -> Result<Verdict> {
    use beefy::reference;
    match case.kind.name {
        "beefy/commitment" => {
            return Ok(or(reference::commitment(&case.bytes("commitment")?).is_some(), "MalformedCommitment"));
        }
        "beefy/keyset" => {
            let joined = case.bytes("authorities")?;
            let list: Vec<&[u8]> = joined.chunks(20).collect();
            let same = list.len() as u64 == case.number("len")?
                && reference::keyset_root(&list) == case.hash("root")?.as_slice();
            return Ok(or(same, "AuthoritySetMismatch"));
        }
        "beefy/mmr" => {
            let (root, leaf, items) = (case.hash("root")?, case.hash("leaf")?, case.bytes("items")?);
            let (index, count) = (case.number("index")?, case.number("count")?);
            return Ok(or(reference::in_mmr(root.as_slice(), leaf, index, count, &items), "InvalidMmrProof"));
        }
        _ => {}
    }
    let (state, stored, now) = asked(case)?;
    let client = reference::Client::new(&state, &stored, now);
    Ok(match case.kind.name {
        "beefy/update" => match reference::update_client(&client, &case.bytes("message")?) {
            Ok(done) => outcome(done.result, &done.consensus),
            Err(check) => Verdict::named(check),
        },
        "beefy/misbehaviour" => evidence(reference::misbehaviour(&client, &case.bytes("evidence")?)),
        _ => time(reference::membership(&client, case.number("height")?, &claims(case)?, &case.bytes("proof")?)),
    })
}

fn of_grandpa(case: &Case) -> Result<Verdict> {
    use grandpa::reference;
    if case.kind.name == "grandpa/justification" {
        let justification = Decode::decode(&mut &case.bytes("justification")?[..])?;
        let entries = case.bytes("authorities")?;
        let mut list = Vec::new();
        for entry in entries.chunks(40) {
            let Some((key, weight)) = entry.split_first_chunk::<32>() else { bail!("authorities are cut") };
            list.push((*key, u64::from_le_bytes(weight.try_into()?)));
        }
        let votes = reference::votes(&justification, &list, case.number("set_id")?);
        return Ok(Verdict::of(votes));
    }
    let (state, stored, now) = asked(case)?;
    let client = reference::Client::new(&state, &stored, now);
    Ok(match case.kind.name {
        "grandpa/update" => match reference::update_client(&client, &case.bytes("message")?) {
            Ok(done) => outcome(done.result, &done.consensus),
            Err(check) => Verdict::named(check),
        },
        "grandpa/misbehaviour" => evidence(reference::misbehaviour(&client, &case.bytes("evidence")?)),
        _ => time(reference::membership(&client, case.number("height")?, &claims(case)?, &case.bytes("proof")?)),
    })
}

/// A file of which the form is judged is taken if it is a true bundle of the anchor in it.
fn of_bundles(case: &Case) -> Result<Verdict> {
    if case.kind.name == "bundles/format" {
        let file = bundle_file(case)?;
        let taken = plain::anchor_digest(&file).is_some_and(|anchor| plain::accepts(&file, anchor, None));
        return Ok(or(taken, "refused"));
    }
    let file = case.text("json")?;
    let taken = plain::accepts(file.as_bytes(), case.hash("anchor")?, case.get("now")?);
    Ok(match plain::file_digest(file.as_bytes()) {
        Some(digest) if taken => Verdict::proving("ok", digest),
        _ => or(taken, "refused"),
    })
}

fn of_substrate_state(case: &Case) -> Result<Verdict> {
    if case.kind.name == "substrate-state/header" {
        return Ok(or(grandpa::reference::header(&case.bytes("header")?).is_some(), "MalformedHeader"));
    }
    let keys: Vec<Bytes> = case.get("keys")?;
    let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
    let values = beefy::state_trie::reference::packed(&case.hash("root")?, &keys, &case.bytes("proof")?);
    Ok(or(values.is_ok(), "InvalidProof"))
}
