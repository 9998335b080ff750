//! `lupu inspect`: the JSON forms that scripts depend on, and refusals that name field and byte.

mod common;

use common::{Place, vectors};
use serde_json::{Value, json};

const PACKET: &str = r#"{"sequence":1,"source_client":"client-0","destination_client":"07-tendermint-1","timeout_timestamp":100,"payloads":[{"source_port":"transfer","destination_port":"transfer","version":"ics20-1","encoding":"application/json","value":"0x7b2264656e6f6d223a227561746f6d222c22616d6f756e74223a2231303030303030222c2273656e646572223a2273656e646572222c227265636569766572223a227265636569766572222c226d656d6f223a226d656d6f227d"}]}"#;

/// ibc-go's published commitment, and the slots of `client-0` sequence 1.
#[test]
fn a_packet_in_the_agreed_form() {
    let place = Place::new();
    place.write("packet.json", PACKET);
    let run = place.run(&["inspect", "packet", "packet.json", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["commitment"], "0xa096722aa6534040a0efbdae05765132a7b223ad306d6512f3734821bd046505");
    assert_eq!(report["payload_hashes"].as_array().unwrap().len(), 1);
    let seventh = hex("07-tendermint-1");
    assert_eq!(
        report["paths"],
        json!({
            "commitment": "0x636c69656e742d30010000000000000001",
            "receipt": format!("0x{seventh}020000000000000001"),
            "acknowledgement": format!("0x{seventh}030000000000000001"),
        })
    );
    assert_eq!(report["evm_slots"]["commitment"], "0x79a5307f4993e7eb3894d3aafa592f86bb1b605ca1a506e595f1874343b9a987");
    assert_eq!(keys(&report), ["commitment", "evm_slots", "paths", "payload_hashes"]);
    assert_eq!(keys(&report["evm_slots"]), ["acknowledgement", "commitment", "receipt"]);

    let piped = place.run_with(&["--json", "inspect", "packet", "-"], &[], PACKET.as_bytes());
    assert_eq!(piped.json(), report);

    let text = place.run(&["inspect", "packet", "packet.json"]);
    assert!(text.stdout.contains("0xa096722a") && text.stdout.contains("transfer → transfer"), "{}", text.stdout);
    assert!(!text.stdout.contains('\u{1b}'), "no colour outside a terminal");
}

#[test]
fn several_payloads_are_legal() {
    let place = Place::new();
    let payload = &PACKET[PACKET.find("[{").unwrap() + 1..PACKET.len() - 2];
    place.write("packet.json", PACKET.replace(payload, &format!("{payload},{payload}")));
    let run = place.run(&["inspect", "packet", "packet.json", "--json"]);
    assert_eq!((run.code, run.json()["payload_hashes"].as_array().unwrap().len()), (0, 2));
}

#[test]
fn a_malformed_packet_names_field_and_byte() {
    let place = Place::new();
    place.write("packet.json", PACKET.replacen("\"sequence\":1", "\"sequence\":0", 1));
    place
        .run(&["inspect", "packet", "packet.json"])
        .refused_with("packet.json: field `sequence`, byte 12: sequence must be at least 1");
    place.write("packet.json", PACKET.replacen("0x7b", "0x7g", 1));
    let at = PACKET.find("0x7b").unwrap() + 3;
    place.run(&["inspect", "packet", "packet.json", "--json"]).refused_with(&format!(
        "packet.json: field `payloads[0].value`, byte {at}: expected hex bytes: 0x and an even number of hex digits"
    ));
    let missing = place.run(&["inspect", "packet", "nowhere.json"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.starts_with("error: nowhere.json: cannot be read"), "{}", missing.stderr);
}

#[test]
fn every_packet_vector_has_its_verdict() {
    let place = Place::new();
    for case in vectors("packet_json.json") {
        let document = ::hex::decode(&case["document"].as_str().unwrap()[2..]).unwrap();
        let run = place.run_with(&["inspect", "packet", "-", "--json"], &[], &document);
        if case["valid"].as_bool().unwrap() {
            assert_eq!(run.json()["commitment"], case["commitment"], "{}", case["name"]);
            assert_eq!(run.code, 0);
        } else {
            assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{}: {}", case["name"], run.stderr);
            assert!(run.stderr.contains(&format!("byte {}", case["offset"])), "{}: {}", case["name"], run.stderr);
            assert!(run.stderr.contains(case["field"].as_str().unwrap()), "{}: {}", case["name"], run.stderr);
        }
    }
}

#[test]
fn an_acknowledgement() {
    let place = Place::new();
    let some_bytes = format!("0x{}", hex("some bytes"));
    let run = place.run(&["inspect", "acknowledgement", &some_bytes, "--json"]);
    assert_eq!(run.json(), json!({"commitment": "0xf03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b"}));
    let error = place.run(&["inspect", "ack", "0x4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab"]);
    assert!(
        error.stdout.contains("0xe2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7"),
        "{}",
        error.stdout
    );
    assert!(error.stdout.contains("universal error"), "{}", error.stdout);
    let two = place.run(&["inspect", "acknowledgement", "0xaa", "0xbb", "--json"]);
    assert_ne!(two.json(), place.run(&["inspect", "acknowledgement", "0xbb", "0xaa", "--json"]).json());

    place
        .run(&["inspect", "acknowledgement", "0xaa", "0xzz"])
        .refused_with("acknowledgements[1]: byte 2: not a hex digit");
    place
        .run(&["inspect", "acknowledgement", "0x"])
        .refused_with("acknowledgements[0]: byte 2: an acknowledgement is not empty");
    assert_eq!(place.run(&["inspect", "acknowledgement"]).code, 2);
}

#[test]
fn every_header_vector_has_its_verdict() {
    let place = Place::new();
    let (mut good, mut too_few, mut malformed) = (0, 0, 0);
    for case in vectors("qbft/header.json") {
        let name = case["name"].as_str().unwrap();
        place.write("header", case["header"].as_str().unwrap());
        let run = place.run(&["inspect", "header", "--kind", case["kind"].as_str().unwrap(), "header", "--json"]);
        if case["expect"] != "ok" {
            malformed += 1;
            assert_eq!(
                (run.code, run.stderr.lines().count(), run.stdout.as_str()),
                (2, 1, ""),
                "{name}: {}",
                run.stderr
            );
            let place = format!("field {} at byte {}", case["field"].as_str().unwrap(), case["at"]);
            assert!(run.stderr.contains(&place), "{name}: {}", run.stderr);
            continue;
        }
        let report = run.json();
        for field in ["number", "hash", "commit_digest", "round", "timestamp", "state_root", "validators"] {
            assert_eq!(report[field], case[field], "{name}: {field}");
        }
        assert_eq!(
            keys(&report),
            ["commit_digest", "hash", "number", "quorum", "round", "signers", "state_root", "timestamp", "validators"]
        );
        let validators = case["validators"].as_array().unwrap();
        let mut signers: Vec<Value> = Vec::new();
        for signer in case["signers"].as_array().unwrap() {
            if validators.contains(signer) && !signers.contains(signer) {
                signers.push(signer.clone());
            }
        }
        assert_eq!(report["signers"], Value::from(signers.clone()), "{name}");
        let required = (2 * validators.len()).div_ceil(3);
        assert_eq!(report["quorum"], json!({"required": required, "present": signers.len()}), "{name}");
        if signers.len() < required {
            too_few += 1;
            assert_eq!(run.code, 1, "{name}: too few seals is a finding");
        } else if run.code == 0 {
            good += 1;
        }
    }
    assert!(good > 5 && too_few > 3 && malformed > 50, "{good} {too_few} {malformed}");
}

#[test]
fn a_header_from_hex_from_bytes_and_from_standard_input() {
    let place = Place::new();
    let cases = vectors("qbft/header.json");
    let case = cases.iter().find(|c| c["name"] == "made_qbft_4").unwrap();
    let text = case["header"].as_str().unwrap();
    let raw = ::hex::decode(&text[2..]).unwrap();
    place.write("raw", &raw);
    let from_hex = place.run(&["inspect", "header", "--kind", "qbft", text, "--json"]);
    let from_raw = place.run(&["inspect", "header", "--kind", "qbft", "raw", "--json"]);
    let from_input = place.run_with(&["inspect", "header", "--kind", "qbft", "-", "--json"], &[], text.as_bytes());
    assert_eq!(from_hex.json()["hash"], case["hash"]);
    assert_eq!((from_raw.json(), from_input.json()), (from_hex.json(), from_hex.json()));
    let shown = place.run(&["inspect", "header", "--kind", "qbft", text]);
    assert!(shown.stdout.contains("of 4 validators sealed, 3 needed"), "{}", shown.stdout);
    assert_eq!(place.run(&["inspect", "header", "--kind", "clique", text]).code, 2);
    place
        .run(&["inspect", "header", "--kind", "qbft", "0xf9"])
        .refused_with("header: field header at byte 0: needs 3 bytes, 1 are left");
}

fn hex(text: &str) -> String {
    ::hex::encode(text)
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
