//! Writes the seeds: for each target the inputs that come out of `standard/vectors`. What runs have
//! found stays beside them. Give a folder, or `fuzz/corpus` is written.

use lupu_fuzz::{
    input::Input,
    vectors::{Case, load, load_all},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Seeds longer than this are left out: there is always a shorter one that shows the same.
const MAX_SEED: usize = 6_000;

struct Corpus {
    root: PathBuf,
    written: BTreeMap<&'static str, (usize, usize)>,
}

impl Corpus {
    fn put(&mut self, target: &'static str, name: &str, bytes: &[u8]) {
        if bytes.len() > MAX_SEED {
            return;
        }
        let folder = self.root.join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("vector-{name}")), bytes).expect("a file");
        let (count, size) = self.written.entry(target).or_default();
        (*count, *size) = (*count + 1, *size + bytes.len());
    }
}

fn encoding(case: &Case) -> u8 {
    match case.text("encoding") {
        "application/x-solidity-abi" => 0,
        "application/json" => 1,
        _ => 2,
    }
}

/// The first case of each verdict, and every case that is good.
fn one_of_each<'a>(cases: &'a [Case], field: &str, good: &[&str], most: usize) -> Vec<(usize, &'a Case)> {
    let mut seen = BTreeMap::<&str, usize>::new();
    let chosen = cases.iter().enumerate().filter(|(_, c)| {
        let count = seen.entry(c.text(field)).or_default();
        *count += 1;
        *count <= if good.contains(&c.text(field)) { most } else { 2 }
    });
    chosen.collect()
}

fn standard(corpus: &mut Corpus) {
    for c in load("packet_json").iter().filter(|c| c.bytes("document").len() < 1500) {
        corpus.put("packet_json", c.name(), &c.bytes("document"));
    }
    for c in load("ics20") {
        corpus.put("ics20", c.name(), &[&[encoding(&c)], &c.bytes("value")[..]].concat());
    }
    for c in load("ics27") {
        let kind = u8::from(c.text("kind") != "packet");
        corpus.put("ics27", c.name(), &[&[encoding(&c), kind], &c.bytes("value")[..]].concat());
    }
    for c in load("acknowledgements") {
        let mut seed = vec![c.number("payloads") as u8];
        for one in c.list("acknowledgements") {
            seed.push(one.len() as u8);
            seed.extend(one);
        }
        corpus.put("acknowledgement", c.name(), &seed);
    }
    for file in ["denoms", "denom_hops"] {
        for c in load(file) {
            corpus.put("denom", c.name(), c.text(if file == "denoms" { "text" } else { "denom" }).as_bytes());
        }
    }
    for c in load("identifiers") {
        corpus.put("identifier", c.name(), &[&[2], &c.bytes("bytes")[..]].concat());
    }
}

fn states(corpus: &mut Corpus) {
    for c in load("ethereum-state/account") {
        corpus.put("eth_account", c.name(), &c.bytes("account"));
        corpus.put("eth_rlp", &format!("account-{}", c.name()), &c.bytes("account"));
    }
    let packed = load("ethereum-state/packed");
    for (_, c) in one_of_each(&packed, "reason", &[""], 12) {
        let proof = c.bytes("proof");
        let keys = c.list("keys");
        if (1..=3).contains(&keys.len()) {
            corpus.put("eth_packed", c.name(), &[&[0, keys.len() as u8 - 1][..], &keys.concat(), &proof].concat());
        }
        for (i, node) in lupu_ethereum_state::packed::items(&proof).unwrap_or_default().iter().take(3).enumerate() {
            let key = keys.first().cloned().unwrap_or_default();
            corpus.put("eth_node", &format!("{}-{i}", c.name()), &[&key, *node].concat());
            corpus.put("eth_rlp", &format!("{}-{i}", c.name()), node);
        }
    }
    cases(corpus, "eth_packed", packed.len(), 1);
    for c in load("substrate-state/header") {
        corpus.put("sub_header", c.name(), &c.bytes("header"));
    }
    let packed = load("substrate-state/packed");
    for (_, c) in one_of_each(&packed, "reason", &[""], 20) {
        let (proof, keys) = (c.bytes("proof"), c.list("keys"));
        if (1..=3).contains(&keys.len()) && keys.iter().all(|k| k.len() < 256) {
            let keys: Vec<u8> = keys.iter().flat_map(|k| [&[k.len() as u8], &k[..]].concat()).collect();
            let count = c.list("keys").len() as u8 - 1;
            corpus.put("sub_packed", c.name(), &[&[0, count][..], &keys, &proof].concat());
        }
        let key = keys.first().filter(|k| k.len() < 256).cloned().unwrap_or_default();
        for (i, node) in lupu_substrate_state::packed::items(&proof).unwrap_or_default().iter().take(3).enumerate() {
            corpus.put("sub_node", &format!("{}-{i}", c.name()), &[&[key.len() as u8], &key[..], node].concat());
        }
    }
    cases(corpus, "sub_packed", packed.len(), 1);
    for (target, file) in [("sub_anchor", "anchor"), ("sub_membership", "membership")] {
        cases(corpus, target, load(&format!("substrate-state/{file}")).len(), 0);
    }
}

/// Seeds that choose a case by its number, behind `lead` bytes of 1.
fn cases(corpus: &mut Corpus, target: &'static str, count: usize, lead: usize) {
    for i in 0..count {
        corpus.put(target, &format!("case-{i}"), &[&vec![1; lead][..], &(i as u16).to_be_bytes()].concat());
    }
}

/// Seeds of an update or of evidence: each case as it is, its bytes, and its parts with one edit.
fn verifier(corpus: &mut Corpus, target: &'static str, cases: &[Case], good: &str) {
    for (i, c) in one_of_each(cases, "expect", &[good], 24) {
        let at = (i as u16).to_be_bytes();
        corpus.put(target, c.name(), &[at[0], at[1], 0, 0, 0]);
        if c.text("expect") == good {
            for (kind, op) in [(2u8, 0u8), (2, 4), (3, 8)] {
                let seed = [at[0], at[1], 0, 1, kind, 0, 0, op, 1, 0, 8, 0, 0, 1, 1];
                corpus.put(target, &format!("{}-edit-{kind}{op}", c.name()), &seed);
            }
        }
    }
}

fn clients(corpus: &mut Corpus) {
    for (i, c) in one_of_each(&load("qbft/header"), "expect", &["ok"], 30) {
        let kind = u8::from(c.text("kind") != "qbft");
        corpus.put("qbft_header", &format!("{i}-{}", c.name()), &[&[kind], &c.bytes("header")[..]].concat());
    }
    let fields = load("qbft/header");
    let mut seen = BTreeSet::new();
    for c in fields.iter().filter(|c| seen.insert(c.text("field").to_owned())) {
        let kind = u8::from(c.text("kind") != "qbft");
        corpus.put("qbft_header", c.name(), &[&[kind], &c.bytes("header")[..]].concat());
    }
    for c in load("beefy/commitment") {
        corpus.put("beefy_commitment", c.name(), &c.bytes("commitment"));
        let mut proof = vec![1];
        proof.extend(c.bytes("commitment"));
        proof.extend([4, 0x80, 1, 0, 0, 0, 4]);
        proof.extend([7; 65]);
        corpus.put("beefy_finality_proof", c.name(), &proof);
    }
    for (i, c) in load("beefy/mmr").iter().enumerate().step_by(3) {
        let seed = [c.number("count").saturating_sub(1) as u8, 0, c.number("index") as u8, 0];
        corpus.put("beefy_mmr", &format!("{i}"), &seed);
    }
    for (client, targets) in [
        ("qbft", ["qbft_messages", "qbft_update", "qbft_misbehaviour", "qbft_membership"]),
        ("beefy", ["beefy_messages", "beefy_update", "beefy_misbehaviour", "beefy_membership"]),
        ("grandpa", ["grandpa_messages", "grandpa_update", "grandpa_misbehaviour", "grandpa_membership"]),
    ] {
        messages(corpus, client, targets[0]);
        let updates = load_all(update_files(client).as_slice());
        verifier(corpus, targets[1], &updates, "Update");
        verifier(corpus, targets[2], &load(&format!("{client}/misbehaviour")), "Misbehaviour");
        cases(corpus, targets[3], load(&format!("{client}/membership")).len(), 0);
        if client == "beefy" {
            cases(corpus, "beefy_relay", updates.len().min(40), 0);
            for c in updates.iter().filter(|c| c.text("expect") == "Update").take(8) {
                let m = lupu_beefy::UpdateMessage::decode(&c.bytes("message")).expect("a good message");
                corpus.put("beefy_leaf", c.name(), &[&[0], &m.leaf[..]].concat());
                let leaves = lupu_beefy::wrap_leaves(&[&m.leaf]);
                corpus.put("beefy_leaf", &format!("{}-wrapped", c.name()), &[&[1], &leaves[..]].concat());
                let proof = [&[4][..], &7u64.to_le_bytes(), &9u64.to_le_bytes(), &[4], &[5; 32]].concat();
                corpus.put("beefy_leaf", &format!("{}-proof", c.name()), &[&[1], &proof[..]].concat());
                let length = (leaves.len() as u16).to_be_bytes();
                let both = [&[2][..], &length, &leaves, &proof].concat();
                corpus.put("beefy_leaf", &format!("{}-both", c.name()), &both);
            }
        }
        if client == "grandpa" {
            grandpa(corpus, &updates);
        }
    }
}

/// The files of updates, in the order in which the targets count them.
fn update_files(client: &str) -> Vec<&'static str> {
    match client {
        "qbft" => lupu_fuzz::qbft::UPDATE_FILES.to_vec(),
        "beefy" => lupu_fuzz::beefy::UPDATE_FILES.to_vec(),
        _ => lupu_fuzz::grandpa::UPDATE_FILES.to_vec(),
    }
}

fn messages(corpus: &mut Corpus, client: &str, target: &'static str) {
    let good = |file: &str, expect: &str, most: usize| -> Vec<Case> {
        let cases = load(&format!("{client}/{file}"));
        let good = cases.into_iter().filter(|c| c.text("expect") == expect);
        good.take(most).collect()
    };
    for c in good("update", "Update", 4) {
        corpus.put(target, c.name(), &[&[0], &c.bytes("message")[..]].concat());
    }
    for c in good("misbehaviour", "Misbehaviour", 3) {
        corpus.put(target, c.name(), &[&[1], &c.bytes("evidence")[..]].concat());
    }
    for c in good("membership", "ok", 3) {
        corpus.put(target, c.name(), &[&[2], &c.bytes("proof")[..]].concat());
    }
    for c in good("creation", "ok", 3) {
        corpus.put(target, &format!("consensus-{}", c.name()), &[&[3], &c.bytes("consensus_state")[..]].concat());
        corpus.put(target, &format!("client-{}", c.name()), &[&[4], &c.bytes("client_state")[..]].concat());
    }
}

fn grandpa(corpus: &mut Corpus, updates: &[Case]) {
    let justifications = load("grandpa/justification");
    for (i, c) in one_of_each(&justifications, "expect", &["ok"], 12) {
        let raw = c.bytes("justification");
        if raw.len() < 3_000 {
            corpus.put("grandpa_justification", &format!("{i}"), &[&(i as u16).to_be_bytes()[..], &[0], &raw].concat());
        }
    }
    cases(corpus, "grandpa_justification", justifications.len(), 0);
    for c in updates.iter().filter(|c| c.name().contains("change")).take(30) {
        if let Ok(m) = lupu_grandpa::UpdateMessage::decode(&c.bytes("message")) {
            corpus.put("grandpa_change", c.name(), &m.header);
        }
    }
}

/// Good bundles in their shorter form, and of each client type's attacks one for each check.
fn bundles(corpus: &mut Corpus) {
    for chain in ["qbft", "ibft2", "beefy", "grandpa"] {
        let cases = load(&format!("bundles/{chain}"));
        for (_, c) in one_of_each(&cases, "expect", &["ok"], 4) {
            let name = format!("{chain}-{}", c.name());
            if c.text("expect") == "ok" {
                corpus.put("bundle_decode", &name, &c.bytes("cbor"));
                corpus.put("bundle_verify", &name, &c.bytes("cbor"));
            } else {
                corpus.put("bundle_verify", &name, c.text("json").as_bytes());
            }
        }
    }
}

fn main() {
    let root = std::env::args().nth(1).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), Into::into);
    let mut corpus = Corpus { root, written: BTreeMap::new() };
    // The first bytes of an input choose; that they do is what the seeds rely on.
    assert_eq!(Input::new(&[0, 5]).below(9), 5);
    standard(&mut corpus);
    states(&mut corpus);
    clients(&mut corpus);
    bundles(&mut corpus);
    for (target, (count, size)) in &corpus.written {
        println!("{target:24} {count:4} seeds {size:8} bytes");
    }
}
