//! `lupu inspect` of Substrate's proofs: the JSON forms that scripts depend on, and every vector.

mod common;

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use common::{Place, vectors};
use lupu_beefy::{Commitment, SignedCommitment};
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn text<'v>(case: &'v Value, field: &str) -> &'v str {
    case[field].as_str().unwrap_or_else(|| panic!("{field} of {}", case["name"]))
}

fn authorities(count: u8) -> Vec<PrivateKeySigner> {
    (1..=count).map(|i| PrivateKeySigner::from_slice(&[i; 32]).unwrap()).collect()
}

/// A finality proof that these authorities signed, by index.
fn signed(set: &[PrivateKeySigner], who: &[usize]) -> SignedCommitment {
    let commitment = Commitment::new([7; 32].into(), 19, 3);
    let digest = commitment.hash();
    let sign = |(i, key): (usize, &PrivateKeySigner)| {
        let signature = key.sign_hash_sync(&digest).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.as_bytes()[..64]);
        bytes[64] = u8::from(signature.v());
        who.contains(&i).then_some(bytes)
    };
    let signatures = set.iter().enumerate().map(sign).collect();
    SignedCommitment { commitment, signatures }
}

#[test]
fn a_finality_proof_with_and_without_its_authorities() {
    let place = Place::new();
    let set = authorities(4);
    let proof = signed(&set, &[0, 2, 3]);
    let hex = format!("0x{}", hex::encode(proof.encode()));
    let run = place.run(&["inspect", "beefy", &hex, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let address = |i: usize| format!("{:#x}", set[i].address());
    let expected = json!({
        "block_number": 19,
        "validator_set_id": 3,
        "mmr_root": format!("0x{}", "07".repeat(32)),
        "commitment_hash": proof.commitment.hash(),
        "signatures": {"present": 3, "of": 4},
        "signers": [address(0), address(2), address(3)],
    });
    assert_eq!(run.json(), expected);

    place.write("proof", proof.encode());
    let list: Vec<_> = (0..4).map(address).collect();
    place.write("set.json", serde_json::to_string(&list).unwrap());
    let run = place.run(&["inspect", "beefy", "proof", "--authorities", "set.json", "--json"]);
    assert_eq!((run.code, run.json()), (0, expected.clone()));

    // Public keys as the chain keeps them do as well.
    let public: Vec<_> = set
        .iter()
        .map(|key| {
            let point = key.credential().verifying_key().to_encoded_point(true);
            format!("0x{}", hex::encode(point.as_bytes()))
        })
        .collect();
    place.write("set.json", serde_json::to_string(&public).unwrap());
    let run = place.run(&["inspect", "beefy", "proof", "--authorities", "set.json", "--json"]);
    assert_eq!((run.code, run.json()), (0, expected));

    let shown = place.run(&["inspect", "beefy", "proof", "--authorities", "set.json"]);
    assert!(shown.stdout.contains("3 good of 3, 3 needed of 4"), "{}", shown.stdout);
}

#[test]
fn what_is_wrong_with_a_finality_proof_is_said() {
    let place = Place::new();
    let set = authorities(4);
    place.write("few", signed(&set, &[0, 2]).encode());
    let run = place.run(&["inspect", "beefy", "few", "--json"]);
    assert_eq!((run.code, run.json()["signatures"]["present"].as_u64()), (1, Some(2)));
    assert!(run.stderr.contains("2 good signatures, 3 of 4 are needed"), "{}", run.stderr);

    place.write("proof", signed(&set, &[0, 2, 3]).encode());
    let others: Vec<_> = authorities(5)[1..].iter().map(|k| format!("{:#x}", k.address())).collect();
    place.write("others.json", serde_json::to_string(&others).unwrap());
    let run = place.run(&["inspect", "beefy", "proof", "--authorities", "others.json", "--json"]);
    assert_eq!((run.code, run.json()["signers"].as_array().unwrap().len()), (1, 0));
    assert!(run.stderr.contains("which is not authority 0"), "{}", run.stderr);

    place.write("short.json", serde_json::to_string(&others[..3]).unwrap());
    place
        .run(&["inspect", "beefy", "proof", "--authorities", "short.json"])
        .refused_with("short.json: lists 3 authorities, the proof is of a set of 4");
    place.run(&["inspect", "beefy", "0x02"]).refused_with("proof: finality proof of version 2, not 1");
    place.write("trailing", [signed(&set, &[0, 2, 3]).encode(), vec![0]].concat());
    assert_eq!(place.run(&["inspect", "beefy", "trailing"]).code, 2);
}

#[test]
fn every_justification_vector_has_its_verdict() {
    let place = Place::new();
    let (mut valid, mut invalid) = (0, 0);
    for case in vectors("grandpa/justification.json") {
        let name = text(&case, "name");
        let joined = hex::decode(&text(&case, "authorities")[2..]).unwrap();
        let list: Vec<Value> = joined
            .chunks(40)
            .map(|entry| {
                let weight = u64::from_le_bytes(entry[32..].try_into().unwrap());
                json!({"key": format!("0x{}", hex::encode(&entry[..32])), "weight": weight})
            })
            .collect();
        place.write("set.json", serde_json::to_string(&list).unwrap());
        place.write("justification", text(&case, "justification"));
        let set_id = case["set_id"].to_string();
        let run = place.run(&[
            "inspect",
            "grandpa",
            "justification",
            "--set-id",
            &set_id,
            "--authorities",
            "set.json",
            "--json",
        ]);
        let report = run.json();
        assert_eq!(keys(&report), ["reason", "round", "signers", "target", "valid"], "{name}");
        if case["expect"] == "ok" {
            valid += 1;
            let target = json!({"hash": case["target_hash"], "number": case["target_number"]});
            assert_eq!(report["target"], target, "{name}");
            assert_eq!((&report["round"], &report["signers"]), (&case["round"], &case["signers"]), "{name}");
            assert_eq!((run.code, &report["valid"], &report["reason"]), (0, &json!(true), &Value::Null), "{name}");
        } else {
            invalid += 1;
            assert_eq!((run.code, &report["valid"]), (1, &json!(false)), "{name}");
            assert!(text(&report, "reason").starts_with(text(&case, "expect")), "{name}: {}", report["reason"]);
        }
    }
    assert!(valid > 10 && invalid > 10, "{valid} valid, {invalid} invalid");
    place.write("set.json", "[]");
    let run = place.run(&["inspect", "grandpa", "0x00", "--set-id", "0", "--authorities", "set.json"]);
    assert!(run.code == 2 && run.stderr.starts_with("error: justification: "), "{}", run.stderr);
}

#[test]
fn every_substrate_header_vector_has_its_verdict() {
    let place = Place::new();
    let (mut good, mut malformed) = (0, 0);
    for case in vectors("substrate-state/header.json") {
        let name = text(&case, "name");
        place.write("header", text(&case, "header"));
        let run = place.run(&["inspect", "substrate-header", "header", "--json"]);
        if case["expect"] != "ok" {
            malformed += 1;
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
            assert!(run.stderr.contains("header: "), "{name}: {}", run.stderr);
            continue;
        }
        good += 1;
        let report = run.json();
        assert_eq!(
            keys(&report),
            ["digest", "extrinsics_root", "hash", "number", "parent_hash", "state_root"],
            "{name}"
        );
        for field in ["hash", "number", "parent_hash", "state_root", "extrinsics_root"] {
            assert_eq!(report[field], case[field], "{name}: {field}");
        }
        let items = |v: &Value| v["digest"].as_array().unwrap().len();
        assert_eq!(items(&report), items(&case), "{name}");
    }
    assert!(good > 5 && malformed > 10, "{good} good, {malformed} malformed");
}

#[test]
fn every_node_set_vector_has_its_verdict() {
    let place = Place::new();
    let (mut good, mut bad) = (0, 0);
    for case in vectors("substrate-state/node_set.json") {
        let name = text(&case, "name");
        place.write("proof.json", case["nodes"].to_string());
        let mut words = vec!["inspect", "state-proof", "proof.json", "--root", text(&case, "root"), "--json"];
        let wanted = case["keys"].as_array().unwrap();
        for key in wanted {
            words.extend(["--key", key.as_str().unwrap()]);
        }
        let run = place.run(&words);
        if case["expect"] != "ok" {
            bad += 1;
            assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{name}: {}", run.stderr);
            assert!(run.stderr.contains(text(&case, "reason")), "{name}: {}", run.stderr);
            continue;
        }
        good += 1;
        let report = run.json();
        assert_eq!(run.code, 0, "{name}");
        assert_eq!(report["unused_nodes"], case["unused_nodes"], "{name}");
        let entries = match report["keys"].as_array() {
            Some(entries) => entries.clone(),
            None => vec![report.clone()],
        };
        assert_eq!(entries.len(), wanted.len(), "{name}");
        for (i, entry) in entries.iter().enumerate() {
            assert_eq!(entry["present"], case["present"][i], "{name}: key {i}");
            if case["present"][i] == json!(true) {
                assert_eq!(entry["value"], case["values"][i], "{name}: key {i}");
            } else {
                assert!(entry.get("value").is_none(), "{name}: key {i}");
            }
        }
    }
    assert!(good > 5 && bad > 5, "{good} good, {bad} bad");
    place.write("proof.json", "[\"0xzz\"]");
    place
        .run(&["inspect", "state-proof", "proof.json", "--root", &format!("0x{}", "00".repeat(32)), "--key", "0x00"])
        .refused_with("proof.json: node 0: byte 2: not a hex digit");
}
