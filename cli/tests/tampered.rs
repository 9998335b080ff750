//! A thousand tamperings of bundles, judged by `lupu proof verify`: each is refused by the name of
//! what fails, or breaks nothing, which a plain checker that shares no code with it confirms.
//!
//! `LUPU_BUNDLES` names a folder with other bundles, for example what `lupu proof export --all -o`
//! wrote; `LUPU_SEED` makes other tamperings; `--nocapture` shows what stopped how many.

mod common;

use common::Place;
use lupu_conformance::scenarios::{
    plain,
    rng::Rng,
    tamper::{Stock, tamper},
};
use lupu_proof::Bundle;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

const COUNT: usize = 1_000;

fn bundles() -> Vec<Bundle> {
    let fixtures = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../proof/tests/fixtures");
    let folder = std::env::var_os("LUPU_BUNDLES").map_or(fixtures, PathBuf::from);
    let files = fs::read_dir(&folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let bundles: Vec<Bundle> = files.filter_map(|file| Bundle::decode(&file).ok()).collect();
    assert!(!bundles.is_empty(), "no bundle in {}", folder.display());
    bundles
}

#[test]
fn a_thousand_tamperings_are_refused_by_name() {
    let seed: u64 = std::env::var("LUPU_SEED").map_or(29, |n| n.parse().unwrap());
    let (bundles, mut rng, place) = (bundles(), Rng::new(seed), Place::new());
    let trusted: BTreeSet<String> = bundles.iter().map(|b| b.anchor.digest().to_string()).collect();
    let stock = Stock::of(&bundles);
    fs::create_dir(place.path("tampered")).unwrap();
    let mut made = Vec::new();
    while made.len() < COUNT {
        let Some(tampered) = tamper(&mut rng, &stock) else { continue };
        let extension = if tampered.file.starts_with(b"{") { "json" } else { "cbor" };
        let name = format!("tampered/{:04}.{extension}", made.len());
        place.write(&name, &tampered.file);
        made.push((name, tampered));
    }

    let mut args = vec!["proof", "verify", "tampered", "--json"];
    for digest in &trusted {
        args.extend(["--anchor", digest]);
    }
    let run = place.run(&args);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let reports: BTreeMap<String, serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|report| (report["file"].as_str().unwrap().to_owned(), report))
        .collect();
    assert_eq!(reports.len(), COUNT);

    let mut stopped: BTreeMap<String, usize> = BTreeMap::new();
    let mut harmless: BTreeMap<String, usize> = BTreeMap::new();
    for (name, tampered) in &made {
        let report = &reports[name];
        let accepted = trusted.iter().any(|t| plain::accepts(&tampered.file, t.parse().unwrap(), None));
        match report["verdict"].as_str().unwrap() {
            "true" => {
                assert!(accepted, "{name}: {:?} is accepted against the plain checker", tampered.what);
                *harmless.entry(tampered.what.join(", ")).or_default() += 1;
            }
            verdict => {
                assert!(!accepted, "{name}: {:?} is {verdict}: {report}", tampered.what);
                // What fails: a check, or the field that cannot be read.
                let check = match verdict {
                    "false" => report["failure"]["check"].as_str().unwrap(),
                    "malformed" => {
                        assert!(report["field"].is_string() && report["error"].is_string(), "{report}");
                        verdict
                    }
                    other => other,
                };
                assert!(["false", "malformed", "anchor-unknown"].contains(&verdict) && !check.is_empty(), "{report}");
                *stopped.entry(check.to_owned()).or_default() += 1;
            }
        }
    }
    let (broken, kept): (usize, usize) = (stopped.values().sum(), harmless.values().sum());
    println!("seed {seed}, {} bundles: {COUNT} tamperings, {broken} refused, {kept} broke nothing", bundles.len());
    println!("refused by {stopped:?}");
    println!("broke nothing: {harmless:?}");
    assert!(broken > COUNT / 2 && stopped.len() > 8, "{stopped:?}");
}
