//! The rules of send, receive, acknowledge and timeout.

use crate::Case;
use lupu_standard::{
    Acknowledgement, B256, ClientId, Packet, Payload, Sequence, TimestampSecs,
    ack::Verdict,
    rules::{
        AcknowledgeOutcome, PayloadRule, PayloadsError, ReceiveOutcome, ReceiveView, SendError, SendView, SettleView,
        TimeoutOutcome, check_acknowledge, check_receive, check_send, check_timeout,
    },
};

/// The packet of a case: every payload is an ABI transfer of that many zero bytes.
fn packet(case: &Case<'_>) -> Packet {
    let sizes = case.get("payload_sizes").as_array().unwrap();
    let payload = |size: usize| Payload {
        source_port: "transfer".parse().unwrap(),
        destination_port: "transfer".parse().unwrap(),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: vec![0; size].into(),
    };
    Packet {
        sequence: Sequence::new(case.number("sequence")).unwrap(),
        source_client: case.text("source_client").parse().unwrap(),
        destination_client: case.text("destination_client").parse().unwrap(),
        timeout_timestamp: TimestampSecs(case.number("timeout_timestamp")),
        payloads: sizes.iter().map(|n| payload(n.as_u64().unwrap() as usize)).collect(),
    }
}

fn counterparty(case: &Case<'_>) -> Option<ClientId> {
    let text = case.text("counterparty");
    (!text.is_empty()).then(|| text.parse().unwrap())
}

fn payload_rule(case: &Case<'_>) -> PayloadRule {
    if case.flag("one_payload") { PayloadRule::One } else { PayloadRule::AtLeastOne }
}

pub fn send(case: &Case<'_>) {
    let counterparty = counterparty(case);
    let view = SendView {
        now: TimestampSecs(case.number("now")),
        client_active: case.flag("client_active"),
        client_latest: TimestampSecs(case.number("client_latest")),
        counterparty: counterparty.as_ref(),
        last_sequence: case.number("last_sequence"),
        payload_rule: payload_rule(case),
    };
    let found = match check_send(&packet(case), &view) {
        Ok(()) => "Ok",
        Err(SendError::Payloads(PayloadsError::None)) => "NoPayload",
        Err(SendError::Payloads(PayloadsError::TooMany { .. })) => "TooManyPayloads",
        Err(SendError::Payloads(PayloadsError::TooLarge { .. })) => "PayloadsTooLarge",
        Err(SendError::NotOurs(_)) => "NotOurs",
        Err(SendError::TimeoutElapsed { .. }) => "TimeoutElapsed",
        Err(SendError::TimeoutTooFar { .. }) => "TimeoutTooFar",
        Err(SendError::ClientNotActive) => "ClientNotActive",
        Err(SendError::TimeoutBeforeClient { .. }) => "TimeoutBeforeClient",
        Err(SendError::Sequence { .. }) => "Sequence",
    };
    assert_eq!(found, case.text("outcome"));
}

pub fn receive(case: &Case<'_>) {
    let counterparty = counterparty(case);
    let view = ReceiveView {
        counterparty: counterparty.as_ref(),
        block_time: TimestampSecs(case.number("block_time")),
        receipt: case.flag("receipt"),
        payload_rule: payload_rule(case),
    };
    let found = match check_receive(&packet(case), &view) {
        ReceiveOutcome::Receive => "Receive",
        ReceiveOutcome::Duplicate => "Duplicate",
        ReceiveOutcome::Expired => "Expired",
        ReceiveOutcome::NotOurs(_) => "NotOurs",
        ReceiveOutcome::Malformed(_) => "Malformed",
    };
    assert_eq!(found, case.text("outcome"));
}

/// The stored commitment both as a chain without the entry answers (`None`) and as EVM storage
/// does (zero): the rules must not tell them apart.
fn stored(case: &Case<'_>) -> Vec<Option<B256>> {
    let stored = B256::from_slice(&case.bytes("stored_commitment"));
    if stored.is_zero() { vec![Some(stored), None] } else { vec![Some(stored)] }
}

pub fn acknowledge(case: &Case<'_>) {
    let ack = Acknowledgement(case.list("acknowledgements").iter().map(|a| a.own_bytes().into()).collect());
    for commitment in stored(case) {
        let counterparty = counterparty(case);
        let view = SettleView { counterparty: counterparty.as_ref(), commitment, payload_rule: payload_rule(case) };
        let found = match check_acknowledge(&packet(case), &ack, &view) {
            AcknowledgeOutcome::Acknowledge(Verdict::Success) => "Success",
            AcknowledgeOutcome::Acknowledge(Verdict::Failure) => "Failure",
            AcknowledgeOutcome::Duplicate => "Duplicate",
            AcknowledgeOutcome::NotOurs(_) => "NotOurs",
            AcknowledgeOutcome::Malformed(_) => "Malformed",
            AcknowledgeOutcome::BadAcknowledgement(_) => "BadAcknowledgement",
        };
        assert_eq!(found, case.text("outcome"));
    }
}

pub fn timeout(case: &Case<'_>) {
    for commitment in stored(case) {
        let counterparty = counterparty(case);
        let view = SettleView { counterparty: counterparty.as_ref(), commitment, payload_rule: payload_rule(case) };
        let found = match check_timeout(&packet(case), TimestampSecs(case.number("proof_time")), &view) {
            TimeoutOutcome::TimeOut => "TimeOut",
            TimeoutOutcome::Duplicate => "Duplicate",
            TimeoutOutcome::NotExpired => "NotExpired",
            TimeoutOutcome::NotOurs(_) => "NotOurs",
            TimeoutOutcome::Malformed(_) => "Malformed",
        };
        assert_eq!(found, case.text("outcome"));
    }
}
