//! `standard/vectors/{commitments,acknowledgements,send,receive,acknowledge,timeout}.json` through
//! the host.

use super::*;
use crate::{Commitments, Outcome, Sequences, settlement::Settlement, wire::commit_acknowledgements};
use frame_support::weights::Weight;
use lupu_standard::Path;
use serde_json::Value;
use sp_io::hashing::keccak_256;
use std::{fs, path::PathBuf};

/// The cases of a file, counted.
fn cases(file: &str) -> Vec<Value> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../../../standard/vectors");
    let file: Value = serde_json::from_str(&fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap().clone();
    assert_eq!(file["count"].as_u64(), Some(cases.len() as u64));
    assert!(!cases.is_empty());
    cases
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{field} of {case}"))
}

fn number(case: &Value, field: &str) -> u64 {
    case[field].as_u64().unwrap_or_else(|| panic!("{field} of {case}"))
}

fn flag(case: &Value, field: &str) -> bool {
    case[field].as_bool().unwrap_or_else(|| panic!("{field} of {case}"))
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap()
}

/// The packet of a case: every payload is an ABI transfer of that many zero bytes.
fn packet(case: &Value) -> Packet {
    let payload = |size: &Value| Payload {
        source_port: "transfer".parse().unwrap(),
        destination_port: "transfer".parse().unwrap(),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: vec![0; size.as_u64().unwrap() as usize].into(),
    };
    Packet {
        sequence: Sequence::new(number(case, "sequence")).unwrap(),
        source_client: client(text(case, "source_client")),
        destination_client: client(text(case, "destination_client")),
        timeout_timestamp: TimestampSecs(number(case, "timeout_timestamp")),
        payloads: case["payload_sizes"].as_array().unwrap().iter().map(payload).collect(),
    }
}

/// Settles a packet of a case, whose proof is taken to hold.
fn settle(
    case: &Value,
    here: &ClientId,
    act: impl FnOnce(&mut Settlement<'_, Test>, &ScalePacket) -> Outcome,
) -> Outcome {
    let mut weight_left = Weight::MAX;
    let mut settlement = Settlement::<Test> {
        client: wire::client_bytes(here),
        counterparty: client(text(case, "counterparty")),
        relayer: &7,
        weight_left: &mut weight_left,
    };
    act(&mut settlement, &scale(&packet(case)))
}

/// Whether a case is of this host: a bound client (calls for others are refused whole, see
/// `outcomes.rs`) and exactly one payload in a packet.
fn ours(case: &Value) -> bool {
    !text(case, "counterparty").is_empty() && flag(case, "one_payload")
}

fn commit(case: &Value, packet: &Packet) {
    let stored: [u8; 32] = unhex(text(case, "stored_commitment")).try_into().unwrap();
    if stored != [0; 32] {
        Commitments::<Test>::insert(Path::commitment(packet).keccak().0, stored);
    }
}

#[test]
fn receive() {
    let mut seen = 0;
    for case in cases("receive.json").iter().filter(|c| ours(c)) {
        externalities().execute_with(|| {
            let packet = packet(case);
            let receipt = Path::receipt(&packet).keccak().0;
            if flag(case, "receipt") {
                Commitments::<Test>::insert(receipt, [1; 32]);
            }
            set_now(number(case, "block_time"));
            let found = settle(case, &packet.destination_client, |s, p| s.receive(p));
            let expected = match text(case, "outcome") {
                "Receive" => Outcome::Received,
                "Duplicate" => Outcome::Duplicate,
                "Expired" => Outcome::Expired,
                "NotOurs" => Outcome::NotOurs,
                "Malformed" => Outcome::Malformed,
                other => panic!("{other}"),
            };
            assert_eq!(found, expected, "{}", text(case, "name"));
            let stored = Commitments::<Test>::contains_key(receipt);
            assert_eq!(stored, flag(case, "receipt") || found == Outcome::Received);
            assert_eq!(traces(), u32::from(found == Outcome::Received));
        });
        seen += 1;
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn acknowledge() {
    let mut seen = 0;
    for case in cases("acknowledge.json").iter().filter(|c| ours(c)) {
        externalities().execute_with(|| {
            let packet = packet(case);
            commit(case, &packet);
            let acks: Vec<Vec<u8>> =
                case["acknowledgements"].as_array().unwrap().iter().map(|a| unhex(a.as_str().unwrap())).collect();
            let list = batch(&acks.iter().map(|a| bounded(a)).collect::<Vec<_>>());
            let found = settle(case, &packet.source_client, |s, p| s.acknowledge(p, &list));
            let expected = match text(case, "outcome") {
                "Success" | "Failure" => Outcome::Acknowledged,
                "Duplicate" => Outcome::Duplicate,
                "NotOurs" => Outcome::NotOurs,
                "Malformed" | "BadAcknowledgement" => Outcome::Malformed,
                other => panic!("{other}"),
            };
            assert_eq!(found, expected, "{}", text(case, "name"));
            assert_eq!(traces(), u32::from(found == Outcome::Acknowledged));
            if found == Outcome::Acknowledged {
                assert_eq!(Told::get().pop().unwrap().2, acks[0]);
                assert!(!Commitments::<Test>::contains_key(Path::commitment(&packet).keccak().0));
            }
        });
        seen += 1;
    }
    assert!(seen >= 13, "{seen}");
}

#[test]
fn timeout() {
    let mut seen = 0;
    for case in cases("timeout.json").iter().filter(|c| ours(c)) {
        externalities().execute_with(|| {
            let packet = packet(case);
            commit(case, &packet);
            let time = TimestampSecs(number(case, "proof_time"));
            let found = settle(case, &packet.source_client, |s, p| s.time_out(p, time));
            let expected = match text(case, "outcome") {
                "TimeOut" => Outcome::TimedOut,
                "Duplicate" => Outcome::Duplicate,
                "NotExpired" => Outcome::NotExpired,
                "NotOurs" => Outcome::NotOurs,
                "Malformed" => Outcome::Malformed,
                other => panic!("{other}"),
            };
            assert_eq!(found, expected, "{}", text(case, "name"));
            assert_eq!(traces(), u32::from(found == Outcome::TimedOut));
        });
        seen += 1;
    }
    assert!(seen >= 13, "{seen}");
}

#[test]
fn send() {
    let mut seen = 0;
    for case in cases("send.json") {
        let packet = packet(&case);
        let last = number(&case, "last_sequence");
        let counterparty = text(&case, "counterparty");
        // The host itself chooses destination, number of payloads and sequence.
        let chosen = packet.payloads.len() == 1
            && (counterparty.is_empty() || packet.destination_client.as_str() == counterparty)
            && (text(&case, "outcome") != "Sequence" || last == u64::MAX)
            // The clock counts milliseconds.
            && number(&case, "now") < u64::MAX / 1_000;
        if !chosen {
            continue;
        }
        externalities().execute_with(|| {
            let here = packet.source_client.as_str();
            let latest = number(&case, "client_latest");
            set_now(latest.max(1));
            create(here, B256::repeat_byte(5), latest.max(1));
            if !counterparty.is_empty() {
                assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(here), id(counterparty), vec![vec![]]));
            }
            change_state(here, |s| {
                s.latest_timestamp = TimestampSecs(latest);
                s.frozen = !flag(&case, "client_active");
                s.rules.trusting_period = u64::MAX;
            });
            set_now(number(&case, "now"));
            Sequences::<Test>::insert(keccak_256(here.as_bytes()), last);
            let result =
                Ibc::send_packet(packet.source_client.clone(), packet.timeout_timestamp, packet.payloads[0].clone());
            let expected = match text(&case, "outcome") {
                "Ok" => Ok(last + 1),
                "NotOurs" => Err("NotBound"),
                "PayloadsTooLarge" => Err("PayloadTooLarge"),
                "Sequence" => Err("SequencesUsedUp"),
                same @ ("TimeoutElapsed" | "TimeoutTooFar" | "ClientNotActive" | "TimeoutBeforeClient") => Err(same),
                other => panic!("{other} in {}", text(&case, "name")),
            };
            let result = result.map_err(|e| e.describe());
            assert_eq!(result, expected.map_err(String::from), "{}", text(&case, "name"));
        });
        seen += 1;
    }
    assert!(seen >= 18, "{seen}");
}

#[test]
fn commitments() {
    let mut seen = 0;
    for case in cases("commitments.json") {
        let fields = ["sequence", "source_client", "destination_client", "timeout_timestamp", "payloads"];
        let object: serde_json::Map<_, _> = fields.iter().map(|f| (f.to_string(), case[f].clone())).collect();
        let packet: Packet = serde_json::from_value(object.into()).unwrap();
        let expected = unhex(text(&case, "commitment"));
        // More payloads than the host decodes have no wire form.
        let Ok(wire) = ScalePacket::try_from(&packet) else {
            assert!(packet.payloads.len() > wire::MAX_PAYLOADS as usize);
            continue;
        };
        assert_eq!(wire.commitment().to_vec(), expected, "{}", text(&case, "name"));
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
    for case in cases("acknowledgements.json") {
        let acks: Vec<Vec<u8>> =
            case["acknowledgements"].as_array().unwrap().iter().map(|a| unhex(a.as_str().unwrap())).collect();
        let expected = unhex(text(&case, "commitment"));
        assert_eq!(commit_acknowledgements(&acks).to_vec(), expected, "{}", text(&case, "name"));
    }
}
