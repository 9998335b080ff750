//! What others' software says, where it judges the same thing: sp-trie and trie-db read the items
//! of a packed proof, and finality-grandpa a justification.

use crate::{
    case::Case,
    scenarios::{
        beefy::state_trie,
        grandpa::{self, Voter},
    },
    verifier::{Verdict, Verifier},
};
use alloy_primitives::{B256, Bytes};
use anyhow::{Result, bail};
use codec::Decode;

/// sp-trie and finality-grandpa.
pub struct Upstream;

impl Verifier for Upstream {
    fn name(&self) -> &str {
        "upstream"
    }

    /// trie-db is more lenient than a packed proof may be, and says nothing of one that must be
    /// refused; what it reads of a good one must be the same.
    fn supports(&self, case: &Case) -> bool {
        match case.kind.name {
            "substrate-state/packed" => case.accepts() && case.fields.contains_key("present") && items(case).is_some(),
            "grandpa/justification" => case.fields.contains_key("node"),
            _ => false,
        }
    }

    /// A node of the source chain forgives what the client does not (LUPU-GRA-025). The field
    /// `node` says what it takes; it is right here if it takes just that.
    fn verdict(&mut self, case: &Case) -> Result<Verdict> {
        if case.kind.name == "substrate-state/packed" {
            return read(case);
        }
        let mut set = Vec::new();
        for entry in case.bytes("authorities")?.chunks(40) {
            let Some((key, weight)) = entry.split_first_chunk::<32>() else { bail!("authorities are cut") };
            let weight = u64::from_le_bytes(weight.try_into()?);
            set.push(Voter { key: B256::from(*key), weight, ..Voter::new("nobody", 0) });
        }
        let justification = Decode::decode(&mut &case.bytes("justification")?[..])?;
        let taken = grandpa::native::accepts(&justification, &set, case.number("set_id")?);
        let right = taken == case.flag("node")?;
        Ok(match (right, case.accepts()) {
            (true, _) => Verdict::named(case.expect.clone()),
            (false, true) => Verdict::named("refused by finality-grandpa"),
            (false, false) => Verdict::named("ok"),
        })
    }
}

/// The items of a packed proof; `None` where it has none.
fn items(case: &Case) -> Option<Vec<Vec<u8>>> {
    let keys: Vec<Bytes> = case.get("keys").ok()?;
    let parts = state_trie::parts(&case.bytes("proof").ok()?, keys.len())?;
    let items: Vec<Vec<u8>> = parts.into_iter().flat_map(|part| part.items).collect();
    (!items.is_empty()).then_some(items)
}

/// What trie-db reads under the keys from the items.
fn read(case: &Case) -> Result<Verdict> {
    let (root, items) = (case.hash("root")?, items(case).unwrap_or_default());
    let (keys, present, values): (Vec<Bytes>, Vec<bool>, Vec<Bytes>) =
        (case.get("keys")?, case.get("present")?, case.get("values")?);
    for ((key, present), value) in keys.iter().zip(present).zip(values) {
        match state_trie::lookup(&root, &items, key) {
            Ok(found) if found == present.then(|| value.to_vec()) => {}
            Ok(_) => return Ok(Verdict::named("another value")),
            Err(e) => return Ok(Verdict::named(e)),
        }
    }
    Ok(Verdict::named("ok"))
}
