//! Every input of every corpus, once, on stable Rust. What a run of the fuzzer has found is thereby
//! a regression test. The seeds among them hold each vector's own verdict.

use lupu_fuzz::{TARGETS, Target};
use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// The inputs on which the target panics, and how many there are in all.
fn replay(target: &Target, folder: &Path) -> (Vec<PathBuf>, usize) {
    // Reads the vectors before anything is counted.
    target.check(&[]);
    let files = files(folder);
    let count = files.len();
    let fails = |file: &PathBuf| {
        let data = fs::read(file).expect("a readable input");
        catch_unwind(AssertUnwindSafe(|| target.check(&data))).is_err()
    };
    (files.into_iter().filter(fails).collect(), count)
}

#[test]
fn every_input_of_every_corpus_holds() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let (failed, count) = replay(target, &root().join("corpus").join(target.name));
        println!("{:24} {count:5} inputs", target.name);
        assert!(count >= 5, "{}: a corpus of {count}", target.name);
        broken.extend(failed);
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The replay finds an input that a target does not bear.
#[test]
fn a_broken_target_is_found() {
    let broken = Target { name: "broken", run: |data| assert!(data.first() != Some(&0xf8)) };
    let folder = root().join("corpus/eth_rlp");
    let starts = |file: &PathBuf| fs::read(file).expect("a readable input").first() == Some(&0xf8);
    let expected: Vec<PathBuf> = files(&folder).into_iter().filter(starts).collect();
    assert!(!expected.is_empty());
    assert_eq!(replay(&broken, &folder).0, expected);
}

/// A target is a function, a binary and a corpus.
#[test]
fn nothing_is_left_out() {
    let names: BTreeSet<String> = TARGETS.iter().map(|t| t.name.to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        files(&root().join(folder)).iter().filter_map(|f| Some(f.file_stem()?.to_str()?.to_owned())).collect()
    };
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

/// The whole of it stays small enough for a repository.
#[test]
fn the_corpora_are_small() {
    let size: u64 = files(&root().join("corpus"))
        .iter()
        .flat_map(|folder| files(folder))
        .map(|file| fs::metadata(file).expect("a file").len())
        .sum();
    assert!(size < 3_000_000, "{size} bytes");
}
