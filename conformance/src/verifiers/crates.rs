//! The Rust crates.

use crate::{
    case::Case,
    verifier::{Verdict, Verifier},
};
use alloy_primitives::{B256, Bytes};
use anyhow::{Result, anyhow, bail, ensure};
use lupu_beefy::{BeefyClient, Commitment, keyset_root, mmr, split_addresses};
use lupu_ethereum_state::{Account, packed};
use lupu_grandpa::{AuthoritySet, GrandpaClient, Justification, Zebra, check_votes};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_proof::Bundle;
use lupu_qbft::{Header, Kind, QbftClient};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{self as substrate, NodeSet, check_anchor, check_membership};

/// The crates of `standard/`, `light-clients/` and `proof/`.
pub struct Crates;

impl Verifier for Crates {
    fn name(&self) -> &str {
        "rust"
    }

    fn supports(&self, _: &Case) -> bool {
        true
    }

    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        let stored = || Ok::<_, anyhow::Error>(case.stored()?.into_iter().map(|(h, hash)| (Height(h), hash)));
        let state = case.bytes("client_state").unwrap_or_default();
        let (family, what) = case.kind.name.split_once('/').unwrap_or(("rules", case.kind.name));
        match (family, what) {
            ("qbft", "update" | "misbehaviour" | "membership") => {
                let client = QbftClient::from_snapshot(lupu_qbft::ClientState::decode(&state)?, stored()?);
                asked(client, case)
            }
            ("beefy", "update" | "misbehaviour" | "membership") => {
                let client = BeefyClient::from_snapshot(lupu_beefy::ClientState::decode(&state)?, stored()?);
                asked(client, case)
            }
            ("grandpa", "update" | "misbehaviour" | "membership") => {
                let client = GrandpaClient::from_snapshot(lupu_grandpa::ClientState::decode(&state)?, stored()?);
                asked(client, case)
            }
            (_, "creation") => created(family, &state, &case.bytes("consensus_state")?),
            ("qbft", "header") => {
                let kind = Kind::from_name(&case.text("kind")?).ok_or_else(|| anyhow!("no such kind"))?;
                Ok(Verdict::of(Header::decode(kind, &case.bytes("header")?).map_err(|_| "MalformedHeader")))
            }
            ("ethereum-state", _) => ethereum_state(what, case),
            ("beefy", _) => beefy_part(what, case),
            ("grandpa", "justification") => {
                let set = AuthoritySet::decode(&case.bytes("authorities")?)?;
                let justification = Justification::decode(&case.bytes("justification")?)?;
                let checked = check_votes(&justification, case.number("set_id")?, &set, &Zebra);
                Ok(Verdict::of(checked.map_err(|e| e.name())))
            }
            ("substrate-state", _) => substrate_state(what, case),
            ("bundles", "format") => Ok(Verdict::of(Bundle::decode(&bundle_file(case)?).map_err(|_| "Malformed"))),
            ("bundles", _) => bundle(case),
            _ => super::rules::verdict(case),
        }
    }
}

/// A membership case's claims.
pub fn claims(case: &Case) -> Result<Vec<(Vec<u8>, Claim)>> {
    let (paths, values): (Vec<Bytes>, Vec<B256>) = (case.get("paths")?, case.get("values")?);
    let claim = |value: B256| if value.is_zero() { Claim::Absent } else { Claim::Present(value) };
    Ok(paths.into_iter().map(|p| p.to_vec()).zip(values.into_iter().map(claim)).collect())
}

/// What accepting an update proves: the hash that the client now has at the case's height.
pub fn updated(case: &Case, name: &str, hash: impl Fn(Height) -> Option<B256>) -> Result<Verdict> {
    match name {
        "Update" | "NoOp" => {
            let height = Height(case.number("height")?);
            Ok(Verdict::proving(name, hash(height).unwrap_or_default()))
        }
        _ => Ok(Verdict::named(name)),
    }
}

fn asked(mut client: impl LightClient, case: &Case) -> Result<Verdict> {
    let now = TimestampSecs(case.number("now")?);
    match case.kind.name.rsplit('/').next() {
        Some("update") => {
            let name = match client.update(&case.bytes("message")?, now) {
                Ok(UpdateResult::Update) => "Update",
                Ok(UpdateResult::NoOp) => "NoOp",
                Ok(UpdateResult::Misbehaviour) => "Misbehaviour",
                Err(e) => return Ok(Verdict::named(e.check)),
            };
            updated(case, name, |height| client.consensus_hash(height))
        }
        Some("misbehaviour") => {
            let result = client.misbehaviour(&case.bytes("evidence")?, now);
            Ok(result.map_or_else(|e| Verdict::named(e.check), |()| Verdict::named("Misbehaviour")))
        }
        _ => {
            let height = Height(case.number("height")?);
            let result = client.verify(height, &claims(case)?, &case.bytes("proof")?, now);
            Ok(result.map_or_else(|e| Verdict::named(e.check), |time| at(time.0)))
        }
    }
}

/// A membership that holds at this time.
pub fn at(time: u64) -> Verdict {
    Verdict::proving("ok", B256::left_padding_from(&time.to_be_bytes()))
}

/// A file of which the form is judged: bytes, or else text.
pub fn bundle_file(case: &Case) -> Result<Vec<u8>> {
    let bytes = case.bytes("cbor")?;
    Ok(if bytes.is_empty() { case.text("file")?.into_bytes() } else { bytes.to_vec() })
}

/// A bundle in the form that the case has and in the other one.
fn bundle(case: &Case) -> Result<Verdict> {
    let file = case.text("json")?;
    let (anchor, now): (B256, Option<u64>) = (case.hash("anchor")?, case.get("now")?);
    let Ok(bundle) = Bundle::decode(file.as_bytes()) else { return Ok(Verdict::named("Malformed")) };
    let other = bundle.to_cbor();
    ensure!(Bundle::decode(&other) == Ok(bundle.clone()) && bundle.to_json() == file, "the two forms differ");
    if case.accepts() {
        ensure!(other == case.bytes("cbor")?, "another CBOR form");
    }
    let verified = lupu_proof::verify(&bundle, &[anchor], now.map(TimestampSecs));
    Ok(verified.map_or_else(|e| Verdict::refused(e.check()), |report| Verdict::proving("ok", report.digest)))
}

fn created(family: &str, state: &[u8], consensus: &[u8]) -> Result<Verdict> {
    Ok(match family {
        "qbft" => {
            let (state, initial) =
                (lupu_qbft::ClientState::decode(state)?, lupu_qbft::ConsensusState::decode(consensus)?);
            Verdict::of(QbftClient::new(state, initial).map_err(|e| e.name()))
        }
        "beefy" => {
            let (state, initial) =
                (lupu_beefy::ClientState::decode(state)?, lupu_beefy::ConsensusState::decode(consensus)?);
            Verdict::of(BeefyClient::new(state, initial).map_err(|e| e.name()))
        }
        _ => {
            let (state, initial) =
                (lupu_grandpa::ClientState::decode(state)?, lupu_grandpa::ConsensusState::decode(consensus)?);
            Verdict::of(GrandpaClient::new(state, initial).map_err(|e| e.name()))
        }
    })
}

fn ethereum_state(what: &str, case: &Case) -> Result<Verdict> {
    if what == "account" {
        return Ok(Verdict::of(Account::decode(&case.bytes("account")?).map_err(|_| "InvalidProof")));
    }
    let (root, keys, proof): (B256, Vec<B256>, Bytes) = (case.hash("root")?, case.get("keys")?, case.bytes("proof")?);
    Ok(match what {
        "storage" => Verdict::of(packed::verify_storage(&root, &keys, &proof).map_err(|_| "InvalidProof")),
        _ => Verdict::of(packed::verify(&root, &keys, &proof).map_err(|_| "InvalidProof")),
    })
}

fn beefy_part(what: &str, case: &Case) -> Result<Verdict> {
    Ok(match what {
        "commitment" => {
            let read = Commitment::decode(&case.bytes("commitment")?).and_then(|c| c.mmr_root());
            Verdict::of(read.map_err(|_| "MalformedCommitment"))
        }
        "keyset" => {
            let list = split_addresses(&case.bytes("authorities")?).unwrap_or_default();
            let same = list.len() as u64 == case.number("len")? && keyset_root(&list) == case.hash("root")?;
            Verdict::named(if same { "ok" } else { "AuthoritySetMismatch" })
        }
        "mmr" => {
            let (root, leaf) = (case.hash("root")?, case.hash("leaf")?);
            let (index, count) = (case.number("index")?, case.number("count")?);
            let proven = mmr::split_items(&case.bytes("items")?)
                .and_then(|items| mmr::verify(&root, &leaf, index, count, &items));
            Verdict::of(proven.map_err(|_| "InvalidMmrProof"))
        }
        _ => bail!("no such kind"),
    })
}

fn substrate_state(what: &str, case: &Case) -> Result<Verdict> {
    let keys = || case.get::<Vec<Bytes>>("keys");
    let prefix = || -> Result<[u8; 16]> { Ok(case.bytes("pallet_prefix")?[..].try_into()?) };
    Ok(match what {
        "packed" => {
            let keys = keys()?;
            let keys: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
            let proof = case.bytes("proof")?;
            Verdict::of(substrate::verify(&case.hash("root")?, &keys, &proof).map_err(|_| "InvalidProof"))
        }
        "node_set" => {
            let set: NodeSet = case.get::<Vec<Bytes>>("nodes")?.into_iter().collect();
            let root = case.hash("root")?;
            let found: Result<Vec<_>, _> =
                keys()?.iter().map(|key| set.get(&root, key).map(|v| v.map(<[u8]>::to_vec))).collect();
            Verdict::of(found.map_err(|_| "InvalidProof"))
        }
        "header" => Verdict::of(substrate::Header::decode(&case.bytes("header")?).map_err(|_| "MalformedHeader")),
        "membership" => {
            let root = case.hash("state_root")?;
            let checked = check_membership(&root, &prefix()?, &claims(case)?, &case.bytes("proof")?);
            Verdict::of(checked.map_err(|e| e.name()))
        }
        "anchor" => {
            let genesis: [u8; 24] = case.bytes("genesis")?[..].try_into()?;
            let checked = check_anchor(&case.hash("state_root")?, &prefix()?, &genesis, &case.bytes("proof")?);
            checked.map_or_else(|e| Verdict::named(e.name()), |anchor| at(anchor.timestamp.0))
        }
        _ => bail!("no such kind"),
    })
}
