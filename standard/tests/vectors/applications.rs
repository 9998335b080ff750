//! Denominations, token transfers and general messages.

use crate::{Case, hexed};
use lupu_standard::{
    Denom, Encoding, Payload,
    denom::{DenomError, Hop, Received, voucher_id},
    ics20::{self, FungibleTokenPacketData, Ics20Error},
    ics27::{self, GmpAcknowledgement, GmpError, GmpPacketData},
    payload::{AppData, decode},
};

pub fn denom_hop(case: &Case<'_>) {
    let hop = |port: &str, client: &str| Hop {
        port: case.text(port).parse().unwrap(),
        client: case.text(client).parse().unwrap(),
    };
    let denom: Denom = case.text("denom").parse().unwrap();
    let source = hop("source_port", "source_client");
    let returning = denom.is_returning(&source.port, &source.client);
    let (outcome, result) = match denom.receive(&source, hop("destination_port", "destination_client")) {
        Received::Returned(d) => ("Returned", d),
        Received::Voucher(d) => ("Voucher", d),
    };
    assert_eq!(returning, outcome == "Returned");
    assert_eq!((outcome, result.to_string().as_str()), (case.text("outcome"), case.text("result")));
    assert_eq!(hexed(result.voucher_id()), case.text("voucher_id"));
}

pub fn denom(case: &Case<'_>) {
    let text = case.text("text");
    let parsed = text.parse::<Denom>();
    let found = match &parsed {
        Ok(_) => "Ok",
        Err(DenomError::EmptyBase) => "EmptyBase",
        Err(DenomError::NotPairs) => "NotPairs",
        Err(DenomError::Identifier { .. }) => "Identifier",
    };
    assert_eq!(found, case.text("check"));
    assert_eq!(found == "Ok", case.flag("valid"));
    assert_eq!(hexed(voucher_id(text)), case.text("voucher_id"));
    if let Ok(denom) = parsed {
        assert_eq!((denom.trace().len() as u64, denom.base()), (case.number("hops"), case.text("base")));
        assert_eq!(denom.to_string(), text);
        assert_eq!(hexed(denom.voucher_id()), case.text("voucher_id"));
    }
}

fn encoding(case: &Case<'_>) -> Encoding {
    Encoding::from_media_type(case.text("encoding")).unwrap()
}

/// The payload that would carry the case's value.
fn payload(case: &Case<'_>, port: &str, version: &str) -> Payload {
    Payload {
        source_port: port.parse().unwrap(),
        destination_port: port.parse().unwrap(),
        version: version.into(),
        encoding: case.text("encoding").into(),
        value: case.bytes("value").into(),
    }
}

pub fn ics20(case: &Case<'_>) {
    let value = case.bytes("value");
    match FungibleTokenPacketData::decode(encoding(case), &value) {
        Ok(data) => {
            assert!(case.flag("valid"));
            let FungibleTokenPacketData { denom, sender, receiver, amount, memo } = &data;
            for (key, found) in [("denom", denom), ("sender", sender), ("receiver", receiver), ("memo", memo)] {
                assert_eq!(found, case.text(key), "{key}");
            }
            assert_eq!(amount.to_string(), case.text("amount"));
            assert_eq!(data.encode(encoding(case)) == value, case.flag("canonical"));
            for other in Encoding::ALL {
                assert_eq!(FungibleTokenPacketData::decode(other, &data.encode(other)).as_ref(), Ok(&data));
            }
            assert_eq!(decode(&payload(case, ics20::PORT, ics20::VERSION)), Ok(AppData::Ics20(data)));
        }
        Err(e) => {
            assert!(!case.flag("valid"), "{e}");
            let found: &[&str] = match &e {
                Ics20Error::Abi(_) => &["Abi", "Utf8"],
                Ics20Error::Json(_) => &["Json"],
                Ics20Error::Protobuf(_) => &["Protobuf"],
                Ics20Error::Amount => &["Amount"],
                Ics20Error::ZeroAmount => &["ZeroAmount"],
                Ics20Error::Empty { .. } => &["Empty"],
            };
            assert!(found.contains(&case.text("check")), "{e}");
            assert!(decode(&payload(case, ics20::PORT, ics20::VERSION)).is_err());
        }
    }
}

pub fn ics27(case: &Case<'_>) {
    let value = case.bytes("value");
    let result = match case.text("kind") {
        "packet" => GmpPacketData::decode(encoding(case), &value).map(|data| {
            for (key, found) in [("sender", &data.sender), ("receiver", &data.receiver), ("memo", &data.memo)] {
                assert_eq!(found, case.text(key), "{key}");
            }
            for (key, found) in [("salt", &data.salt), ("payload", &data.payload)] {
                assert_eq!(hexed(found), case.text(key), "{key}");
            }
            let again = data.encode(encoding(case));
            assert_eq!(decode(&payload(case, ics27::PORT, ics27::VERSION)), Ok(AppData::Gmp(data)));
            again
        }),
        "acknowledgement" => GmpAcknowledgement::decode(encoding(case), &value).map(|ack| {
            assert_eq!(hexed(&ack.result), case.text("result"));
            ack.encode(encoding(case))
        }),
        other => panic!("kind {other}"),
    };
    match result {
        Ok(again) => {
            assert!(case.flag("valid"));
            assert_eq!(hexed(again), case.text("value"));
        }
        Err(e) => {
            assert!(!case.flag("valid"), "{e}");
            let found: &[&str] = match &e {
                GmpError::Abi(_) => &["Abi", "Utf8"],
                GmpError::Json(_) => &["Json"],
                GmpError::JsonNotCanonical => &["JsonNotCanonical"],
                GmpError::Protobuf(_) => &["Protobuf"],
                GmpError::EmptySender => &["EmptySender"],
            };
            assert!(found.contains(&case.text("check")), "{e}");
        }
    }
}
