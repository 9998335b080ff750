//! The C library, called from C: `tests/c/verify.c`, compiled against the header, linked with the static library.
#![allow(missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The static library that cargo built beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let folders = [deps, deps.parent().unwrap()];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("liblupu_proof_ffi") && name.ends_with(".a")
    };
    let newest = files.filter(is_library).max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    newest.unwrap_or_else(|| panic!("no liblupu_proof_ffi*.a in {}", deps.display()))
}

fn compile() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
    let mut c = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    c.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"]).arg(here.join("include"));
    c.arg(here.join("tests/c/verify.c")).arg(library()).arg("-o").arg(&program);
    c.args(["-lpthread", "-ldl", "-lm"]);
    assert!(c.status().expect("a C compiler").success(), "{c:?}");
    program
}

#[test]
fn verdicts_reach_c() {
    let program = compile();
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let verify = |bundle: &str, anchor: Option<&str>, now: &str| {
        let anchor = anchor.map_or(PathBuf::from("-"), file);
        let out = Command::new(&program).arg(file(bundle)).arg(anchor).arg(now).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| {
            panic!("{bundle}: code {:?}, {e}: {}", out.status, String::from_utf8_lossy(&out.stdout))
        });
        (out.status.code().unwrap(), json)
    };
    let anchor = Some("anchor.json");
    let (code, json) = verify("true.json", anchor, "0");
    assert_eq!((code, &json["verdict"]), (0, &"true".into()));
    assert_eq!(json["claims"][0]["kind"], "locked");
    assert_eq!(json["trust"], "4 of the 5 validators of bank as of block 100 sealed block 120, which holds this.");
    assert_eq!(json, verify("true.cbor", anchor, "0").1);
    let (code, late) = verify("true.json", anchor, "9999999999");
    assert_eq!((code, &late["check"], &late["place"]), (1, &"ClientExpired".into(), &"clock".into()));
    let (code, json) = verify("tampered.json", anchor, "0");
    assert_eq!((code, &json["verdict"], &json["place"]), (1, &"false".into(), &"updates[0]".into()));
    let (code, json) = verify("malformed.json", anchor, "0");
    assert_eq!((code, &json["verdict"]), (2, &"malformed".into()));
    assert!(json["byte"].as_u64().unwrap() > 0);
    for (bundle, anchor) in [("hostile.json", anchor), ("true.json", None)] {
        let (code, json) = verify(bundle, anchor, "0");
        assert_eq!((code, &json["verdict"]), (3, &"anchor-unknown".into()));
    }
}
