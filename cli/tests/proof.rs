//! `lupu proof`: verdicts and exit codes, without a network, on files of every badness, and in flat memory.

mod common;

use common::{Place, Run};
use lupu_proof::{AnchorClient, Bundle, Update};
use lupu_standard::TimestampSecs;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const TYPES: [&str; 4] = ["qbft", "ibft2", "beefy", "grandpa"];

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    std::fs::read(folder.join("../proof/tests/fixtures").join(name)).unwrap()
}

fn bundle(name: &str) -> Bundle {
    Bundle::decode(&fixture(&format!("{name}.json"))).unwrap()
}

/// A place with a true bundle of each type, a false one, and all anchors.
fn place() -> Place {
    let place = Place::new();
    for name in TYPES {
        place.write(&format!("{name}.json"), fixture(&format!("{name}.json")));
        std::fs::create_dir_all(place.path("anchors")).unwrap();
        place.write(&format!("anchors/{name}.json"), fixture(&format!("{name}-anchor.json")));
    }
    place.write("false.json", too_few_seals().to_json());
    place.write("broken.json", "{}");
    place
}

fn too_few_seals() -> Bundle {
    let mut bundle = bundle("qbft");
    let AnchorClient::Qbft { state, .. } = &bundle.anchor.client else { panic!("qbft") };
    let Update::Qbft { header } = &mut bundle.updates[1] else { panic!("qbft") };
    let decoded = lupu_qbft::Header::decode(state.kind, header).unwrap();
    *header = decoded.with_seals(decoded.seals()[1..].to_vec()).encode().into();
    bundle
}

#[test]
fn true_bundles_of_every_type_in_both_forms() {
    let place = place();
    for name in TYPES {
        let (file, anchor) = (format!("{name}.json"), format!("anchors/{name}.json"));
        let run = place.run(&["proof", "verify", &file, "--anchor", &anchor, "--json"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let report = run.json();
        assert_eq!(report["verdict"], "true");
        assert_eq!(report["statements"].as_array().unwrap().len(), 7);
        assert_eq!(report["digest"], bundle(name).digest().to_string());
        assert!(report["trust"].as_str().unwrap().starts_with("3 of the 4 "), "{report}");

        // By the digest instead of the file, in the other form, where a person reads.
        let twin = format!("{name}.cbor");
        assert_eq!(place.run(&["proof", "convert", &file, "--output", &twin]).code, 0);
        let digest = report["anchor"].as_str().unwrap();
        let text = place.run(&["proof", "verify", &twin, "--anchor", digest]);
        assert_eq!(text.code, 0, "{}", text.stderr);
        for part in ["true", "minted 700", "it never can", "3 of the 4 ", "fresh until", digest] {
            assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
        }
        assert!(!text.stdout.contains('\u{1b}'), "no colour outside a terminal");
        assert_eq!(place.run(&["proof", "diff", &file, &twin]).code, 0);
        // Back again, the same bytes; and never over a file that is there.
        assert_eq!(place.run(&["proof", "convert", &twin, "--output", "back.json"]).code, 0);
        assert_eq!(place.read("back.json"), place.read(&file));
        assert_eq!(place.run(&["proof", "convert", &twin, "--output", "back.json"]).code, 1);
        std::fs::remove_file(place.path("back.json")).unwrap();
    }
}

#[test]
fn exit_codes_say_what_is_wrong() {
    let place = place();
    let verify = |files: &[&str]| {
        let mut args = vec!["proof", "verify"];
        args.extend(files);
        args.extend(["--anchor", "anchors/qbft.json"]);
        place.run(&args)
    };
    assert_eq!(verify(&["qbft.json"]).code, 0);
    let run = verify(&["false.json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for part in ["false", "updates[1]", "TooFewSeals", "3 seals of 4", "2 of 4 validators sealed"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let report = place.run(&["proof", "verify", "false.json", "--anchor", "anchors/qbft.json", "--json"]).json();
    assert_eq!(report["failure"]["check"], "TooFewSeals");
    assert_eq!((&report["failure"]["expected"], &report["failure"]["found"]), (&"3 seals of 4".into(), &"2".into()));
    assert_eq!(verify(&["broken.json"]).code, 2);
    assert_eq!(verify(&["nowhere.json"]).code, 2);
    assert_eq!(verify(&["beefy.json"]).code, 3);
    assert_eq!(place.run(&["proof", "verify", "qbft.json"]).code, 3, "no anchor is trusted by default");
    // Of several: false, then malformed, then unknown.
    assert_eq!(verify(&["qbft.json", "qbft.json"]).code, 0);
    assert_eq!(verify(&["qbft.json", "beefy.json"]).code, 3);
    assert_eq!(verify(&["beefy.json", "broken.json", "qbft.json"]).code, 2);
    let all = verify(&["beefy.json", "broken.json", "false.json", "qbft.json"]);
    assert_eq!(all.code, 1);
    assert!(all.stdout.contains("4 bundles: 1 true, 1 false, 1 malformed, 1 of an anchor unknown"), "{}", all.stdout);
    // What is no anchor, and what is no time.
    for anchor in ["0x12", "qbft.json", "broken.json", "nowhere.json", "0xzz"] {
        let run = place.run(&["proof", "verify", "qbft.json", "--anchor", anchor]);
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{anchor}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("--anchor {anchor}")), "{}", run.stderr);
    }
    assert_eq!(place.run(&["proof", "verify", "qbft.json", "--now", "soon"]).code, 2);
    assert_eq!(place.run(&["proof", "verify"]).code, 2);
}

#[test]
fn a_clock_is_used_only_where_one_is_given() {
    let place = place();
    let at = |now: &str| place.run(&["proof", "verify", "qbft.json", "--anchor", "anchors/qbft.json", "--now", now]);
    assert_eq!(at("1700000060").code, 0);
    assert_eq!(at("2023-11-20").code, 0);
    let late = at("now");
    assert_eq!(late.code, 1);
    assert!(late.stdout.contains("ClientExpired") && late.stdout.contains("clock"), "{}", late.stdout);
    assert!(at("2023-11-14T00:00:00Z").stdout.contains("HeaderFromFuture"));
}

/// Nothing of it needs a network, a configuration or a store.
#[test]
fn without_a_network() {
    let place = place();
    let isolated = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user"]).args(args).current_dir(place.folder.path()).stdin(Stdio::null());
        command.output()
    };
    match isolated(&["cat", "/proc/self/net/dev"]) {
        Ok(output) if output.status.success() => {
            let devices = String::from_utf8(output.stdout).unwrap();
            let names: Vec<&str> = devices.lines().filter_map(|l| Some(l.split_once(':')?.0.trim())).collect();
            assert!(names.iter().all(|name| *name == "lo"), "there is a network still: {names:?}");
        }
        other => {
            eprintln!("SKIPPED: this system does not let a test take the network away: {other:?}");
            return;
        }
    }
    place.write("lupu.toml", "this is no configuration");
    for name in TYPES {
        let (file, anchor) = (format!("{name}.json"), format!("anchors/{name}.json"));
        let lupu = env!("CARGO_BIN_EXE_lupu");
        let output = isolated(&[lupu, "proof", "verify", &file, "--anchor", &anchor]).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let output = isolated(&[lupu, "proof", "inspect", &file]).unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 8, "nothing is written");
}

/// Runs it and returns the most memory that it had, in KiB, as the kernel counts it.
fn measured(place: &Place, args: &[&str]) -> (Run, u64) {
    let files = ["stdout", "stderr"].map(|name| std::fs::File::create(place.path(name)).unwrap());
    let [stdout, stderr] = files;
    let mut child = place.command(args).stdout(stdout).stderr(stderr).spawn().unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    let code = loop {
        if let Ok(text) = std::fs::read_to_string(&status)
            && let Some(line) = text.lines().find(|l| l.starts_with("VmHWM:"))
        {
            peak = peak.max(line.split_whitespace().nth(1).unwrap().parse().unwrap());
        }
        match child.try_wait().unwrap() {
            Some(status) => break status.code().unwrap_or(-1),
            None => std::thread::sleep(std::time::Duration::from_micros(200)),
        }
    };
    let run = Run { code, stdout: place.read("stdout"), stderr: place.read("stderr") };
    (run, peak)
}

#[test]
fn many_files_in_order_and_in_flat_memory() {
    let place = place();
    std::fs::create_dir(place.path("many")).unwrap();
    let (good, bad) = (place.read("qbft.json"), place.read("false.json"));
    for at in 0..2_000 {
        let content = if at % 100 == 7 { &bad } else { &good };
        place.write(&format!("many/{at:04}.json"), content);
    }
    place.write("many/notes.txt", "not a bundle, and not looked at");
    std::fs::create_dir(place.path("few")).unwrap();
    for at in 0..20 {
        place.write(&format!("few/{at:02}.json"), &good);
    }
    let (run, few) = measured(&place, &["proof", "verify", "few", "--anchor", "anchors/qbft.json"]);
    assert_eq!(run.code, 0);
    let (run, many) = measured(&place, &["proof", "verify", "many", "--anchor", "anchors/qbft.json", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2_000);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["file"], format!("many/{at:04}.json"));
        assert_eq!(line["verdict"], if at % 100 == 7 { "false" } else { "true" });
    }
    assert!(few > 1_000 && many < few + 16 * 1024, "{few} KiB for 20 files, {many} KiB for 2,000");
    let quiet = place.run(&["proof", "verify", "many", "--anchor", "anchors/qbft.json", "--quiet"]);
    assert_eq!(quiet.stdout.lines().count(), 21, "{}", quiet.stdout);
    assert!(quiet.stdout.ends_with("2,000 bundles: 1,980 true, 20 false\n"), "{}", quiet.stdout);
}

/// What stands in a file that is refused: its name, its bytes, and the field that must be named.
fn bad_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = String::from_utf8(fixture("qbft.json")).unwrap();
    let cbor = bundle("qbft").to_cbor();
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1).into_bytes()
    };
    let format = r#"{"format":"lupu-proof-bundle","#;
    let mut wrong_cbor = cbor.clone();
    let at = wrong_cbor.windows(17).position(|w| w == b"lupu-proof-bundle").unwrap() + 17;
    wrong_cbor[at] = 2;
    vec![
        ("empty", Vec::new(), ""),
        ("ten-megabytes-of-spaces", vec![b' '; 10 << 20], ""),
        ("ten-megabytes-in-a-text", [format!("{format}\"").as_bytes(), &vec![b'a'; 10 << 20]].concat(), ""),
        ("seven-megabytes-in-a-text", [&b"{\"format\":\""[..], &vec![b'a'; 7 << 20]].concat(), "format"),
        ("deep-arrays", vec![b'['; 4 << 20], ""),
        ("deep-objects", b"{\"format\":".repeat(1 << 18), "format"),
        ("deep-in-a-list", replaced("\"nodes\":[", &format!("\"nodes\":[{}", "[".repeat(1 << 20))), "nodes[0]"),
        ("deep-cbor", [&cbor[..3], &vec![0x81; 4 << 20]].concat(), ""),
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec(), "statements"),
        ("truncated-cbor", cbor[..cbor.len() - 3].to_vec(), "nodes"),
        ("duplicated-key", replaced("\"version\":1,", "\"version\":1,\"version\":1,"), "anchor"),
        ("duplicated-format", replaced(format, &format!("{format}\"format\":\"lupu-proof-bundle\",")), "version"),
        ("unknown-key", replaced("\"version\":1,", "\"version\":1,\"more\":0,"), "anchor"),
        ("wrong-type", replaced("\"updates\":[", "\"updates\":{"), "updates"),
        ("text-for-a-number", replaced("\"sequence\":1,", "\"sequence\":\"1\","), "sequence"),
        ("number-for-a-text", replaced("\"kind\":\"sent\"", "\"kind\":7"), "kind"),
        ("a-fraction", replaced("\"height\":120,", "\"height\":120.0,"), "height"),
        ("too-large-a-number", replaced("\"height\":120,", "\"height\":99999999999999999999,"), "height"),
        ("wrong-version", replaced("\"version\":1,", "\"version\":2,"), "version"),
        ("wrong-version-cbor", wrong_cbor, "version"),
        ("wrong-format", replaced("lupu-proof-bundle", "lupu-proof-bundel"), "format"),
        (
            "not-utf-8",
            replaced("bank-qbft", "bank-qbft").iter().map(|b| if *b == b'-' { 0xff } else { *b }).collect(),
            "",
        ),
        ("upper-case-hex", replaced("\"nodes\":[\"0x", "\"nodes\":[\"0X"), "nodes[0]"),
        ("white-space", replaced("\"version\":1,", "\"version\": 1,"), "version"),
        ("trailing", [good.as_bytes(), b"{}"].concat(), ""),
        ("trailing-cbor", [&cbor[..], &[0]].concat(), ""),
        ("an-anchor", fixture("qbft-anchor.json"), "format"),
    ]
}

#[test]
fn bad_files_are_refused_by_field_in_flat_memory() {
    let place = place();
    let (_, base) = measured(&place, &["proof", "verify", "qbft.json", "--anchor", "anchors/qbft.json"]);
    let mut others = Vec::new();
    for (name, content, field) in bad_files() {
        place.write("bad.json", &content);
        let (run, peak) = measured(&place, &["proof", "verify", "bad.json", "--anchor", "anchors/qbft.json", "--json"]);
        assert_eq!((run.code, run.stderr.as_str()), (2, ""), "{name}: {}", run.stdout);
        let report = run.json();
        assert_eq!(report["verdict"], "malformed", "{name}");
        let found = report["field"].as_str().unwrap();
        if !found.contains(field) {
            others.push(format!("{name}: not {field}: {report}"));
        }
        assert!(report["byte"].as_u64().is_some() && report["error"].as_str().unwrap().len() < 400, "{name}: {report}");
        // The file is held once, and at most 8 MiB of it.
        assert!(peak < base + 20 * 1024, "{name}: {peak} KiB, {base} KiB for a good file");
        for command in [&["proof", "inspect", "bad.json"][..], &["proof", "explain", "bad.json"]] {
            let run = place.run(command);
            assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{name}: {}", run.stderr);
            assert!(run.stderr.starts_with("error: bad.json: ") && run.stdout.is_empty(), "{name}: {}", run.stderr);
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn a_proof_is_read_step_by_step() {
    let place = place();
    let run = place.run(&["proof", "inspect", "qbft.json"]);
    assert_eq!(run.code, 0);
    for part in ["3 of 4 sealed, ceil(2·4/3) = 3 needed", "What is not proven", "Root: branch", "token transfer"] {
        assert!(run.stdout.contains(part), "{part}");
    }
    let tree = place.run(&["proof", "inspect", "qbft.json", "--json"]).json();
    assert_eq!((&tree["is_true"], tree["steps"].as_array().unwrap().len()), (&true.into(), 5));
    assert_eq!(tree["steps"][1]["children"][1]["number"], "2.2");

    let run = place.run(&["proof", "inspect", "false.json"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("2.2.4") && run.stdout.contains("FAILED") && run.stdout.contains("not reached"));
    assert_eq!(place.run(&["proof", "inspect", "qbft.json", "--anchor", "anchors/beefy.json"]).code, 3);
    assert_eq!(place.run(&["proof", "inspect", "qbft.json", "--anchor", "anchors/qbft.json"]).code, 0);

    let step = place.run(&["proof", "explain", "qbft.json", "--step", "2.1.4", "--json"]);
    assert_eq!((step.code, step.json()["number"].as_str()), (0, Some("2.1.4")));
    // Without a number: what fails.
    let failed = place.run(&["proof", "explain", "false.json", "--json"]);
    assert_eq!(failed.code, 1);
    assert_eq!((&failed.json()["number"], &failed.json()["status"]), (&"2.2.4".into(), &"failed".into()));
    for number in ["9", "2.9", "0", "x", "", "2..1", "99999999999999999999"] {
        let run = place.run(&["proof", "explain", "qbft.json", "--step", number]);
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{number}: {}", run.stderr);
    }
}

#[test]
fn a_proof_is_a_page() {
    let place = place();
    let verdicts = [
        ("qbft", "Every check passed"),
        ("beefy", "Every check passed"),
        ("grandpa", "Every check passed"),
        ("false", "False"),
    ];
    for (name, verdict) in verdicts {
        let (file, html) = (format!("{name}.json"), format!("{name}.html"));
        let run = place.run(&["proof", "inspect", &file, "--html", &html]);
        assert_eq!(run.code, i32::from(name == "false"), "{}", run.stderr);
        let page = place.read(&html);
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{name}");
        assert!(page.contains(&format!("<h1>{verdict}</h1>")), "{name}");
        // Self-contained: nothing is loaded, nothing runs.
        for outside in ["<script", "<link", "<img", "src=", "url(", "http://", "https://"] {
            assert!(!page.contains(outside), "{name}: {outside}");
        }
    }
    let anchored = ["proof", "inspect", "qbft.json", "--anchor", "anchors/qbft.json", "--html", "qbft.html"];
    assert_eq!(place.run(&anchored).code, 0, "a page is written anew");
    assert!(place.read("qbft.html").contains("<h1>True</h1>"));
    // Nothing else is written over.
    for there in ["qbft.json", "broken.json"] {
        let before = place.read(there);
        let run = place.run(&["proof", "inspect", "qbft.json", "--html", there]);
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{}", run.stderr);
        assert!(run.stderr.contains("is no page"), "{}", run.stderr);
        assert_eq!(place.read(there), before);
    }
}

#[test]
fn what_others_wrote_does_nothing_to_the_screen() {
    let place = place();
    let mut bundle = bundle("qbft");
    bundle.statements[0].packet.payloads[0].version = "v\u{1b}[2J\u{202e}\u{7}".into();
    place.write("escape.json", bundle.to_json());
    for args in [
        &["verify", "escape.json", "--anchor", "anchors/qbft.json"][..],
        &["inspect", "escape.json"],
        &["diff", "escape.json", "qbft.json"],
    ] {
        let run = place.run(&[&["proof"], args].concat());
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{}", run.stdout);
    }
}

#[test]
fn differences_in_words() {
    let place = place();
    let diff = |a: &str, b: &str| place.run(&["proof", "diff", a, b, "--json"]);
    let whats = |run: &Run| {
        let report = run.json();
        report["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["what"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let run = diff("qbft.json", "false.json");
    assert_eq!((run.code, whats(&run)), (1, vec!["update to Block 120".to_owned()]));
    let mut other = bundle("qbft");
    other.statements[0].packet.timeout_timestamp = TimestampSecs(5);
    other.statements.remove(3);
    other.nodes.pop();
    place.write("other.json", other.to_json());
    let run = diff("qbft.json", "other.json");
    assert_eq!(run.code, 1);
    let found = whats(&run);
    for what in ["sent packet 1 of bank.here-harbour: timeout", "statement", "trie nodes"] {
        assert!(found.iter().any(|f| f == what), "{what}: {found:?}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(diff("qbft.json", "anchors/qbft.json").code, 2);

    let compare = |a: &str, b: &str| place.run(&["proof", "anchor", "compare", a, b, "--json"]);
    assert_eq!(compare("qbft.json", "anchors/qbft.json").code, 0);
    let mut anchor = bundle("qbft").anchor;
    let AnchorClient::Qbft { state, validators, .. } = &mut anchor.client else { panic!("qbft") };
    state.rules.trusting_period += 1;
    let gone = format!("{:#x}", validators.remove(0));
    place.write("next.cbor", anchor.to_cbor());
    let run = compare("anchors/qbft.json", "next.cbor");
    assert_eq!(run.code, 1);
    assert!(whats(&run).iter().any(|w| w == "anchor: trusting period"));
    let report = run.json();
    let removed = report["differences"].as_array().unwrap().iter().find(|d| d["what"] == "anchor: validator removed");
    assert_eq!(removed.unwrap()["first"], gone);
    let shown = place.run(&["proof", "anchor", "show", "next.cbor"]);
    assert_eq!(shown.code, 0);
    assert!(
        shown.stdout.contains(&anchor.digest().to_string()) && shown.stdout.contains("2 of 3 validators"),
        "{}",
        shown.stdout
    );
}

#[test]
fn help_teaches() {
    let place = Place::new();
    for command in ["verify", "inspect", "explain", "diff", "convert", "anchor show", "anchor compare"] {
        let mut args = vec!["proof"];
        args.extend(command.split(' '));
        args.push("--help");
        let help = place.run(&args);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("Examples:") && help.stdout.contains("Exit codes:"), "{command}");
    }
}
