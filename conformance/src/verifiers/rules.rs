//! The standard's rules of receive, acknowledge and timeout, and of identifiers.

use crate::{case::Case, verifier::Verdict};
use alloy_primitives::{B256, Bytes};
use anyhow::{Result, anyhow, bail};
use lupu_standard::{
    Acknowledgement, ChainId, ClientId, IdentifierError, Packet, Payload, PortId, Sequence, TimestampSecs,
    ack::Verdict as Acknowledged,
    rules::{
        AcknowledgeOutcome, PayloadRule, ReceiveOutcome, ReceiveView, SettleView, TimeoutOutcome, check_acknowledge,
        check_receive, check_timeout,
    },
};

/// The packet of a case: every payload is an ABI transfer of that many zero bytes.
fn packet(case: &Case) -> Result<Packet> {
    let payload = |size: usize| -> Result<Payload> {
        Ok(Payload {
            source_port: "transfer".parse()?,
            destination_port: "transfer".parse()?,
            version: "ics20-1".into(),
            encoding: "application/x-solidity-abi".into(),
            value: vec![0; size].into(),
        })
    };
    let sizes: Vec<usize> = case.get("payload_sizes")?;
    Ok(Packet {
        sequence: Sequence::new(case.number("sequence")?).map_err(|e| anyhow!("{e}"))?,
        source_client: case.text("source_client")?.parse()?,
        destination_client: case.text("destination_client")?.parse()?,
        timeout_timestamp: TimestampSecs(case.number("timeout_timestamp")?),
        payloads: sizes.into_iter().map(payload).collect::<Result<_>>()?,
    })
}

/// The verdict of the pure rules.
///
/// # Errors
/// If a field is missing or is not what its kind says.
pub fn verdict(case: &Case) -> Result<Verdict> {
    if case.kind.name == "identifiers" {
        return identifier(case);
    }
    let packet = packet(case)?;
    let text = case.text("counterparty")?;
    let counterparty: Option<ClientId> = if text.is_empty() { None } else { Some(text.parse()?) };
    let payload_rule = if case.flag("one_payload")? { PayloadRule::One } else { PayloadRule::AtLeastOne };
    let settle = || -> Result<SettleView<'_>> {
        let stored: B256 = case.hash("stored_commitment")?;
        Ok(SettleView { counterparty: counterparty.as_ref(), commitment: Some(stored), payload_rule })
    };
    Ok(Verdict::named(match case.kind.name {
        "receive" => {
            let view = ReceiveView {
                counterparty: counterparty.as_ref(),
                block_time: TimestampSecs(case.number("block_time")?),
                receipt: case.flag("receipt")?,
                payload_rule,
            };
            match check_receive(&packet, &view) {
                ReceiveOutcome::Receive => "Receive",
                ReceiveOutcome::Duplicate => "Duplicate",
                ReceiveOutcome::Expired => "Expired",
                ReceiveOutcome::NotOurs(_) => "NotOurs",
                ReceiveOutcome::Malformed(_) => "Malformed",
            }
        }
        "timeout" => match check_timeout(&packet, TimestampSecs(case.number("proof_time")?), &settle()?) {
            TimeoutOutcome::TimeOut => "TimeOut",
            TimeoutOutcome::Duplicate => "Duplicate",
            TimeoutOutcome::NotExpired => "NotExpired",
            TimeoutOutcome::NotOurs(_) => "NotOurs",
            TimeoutOutcome::Malformed(_) => "Malformed",
        },
        "acknowledge" => {
            let ack = Acknowledgement(case.get::<Vec<Bytes>>("acknowledgements")?);
            match check_acknowledge(&packet, &ack, &settle()?) {
                AcknowledgeOutcome::Acknowledge(Acknowledged::Success) => "Success",
                AcknowledgeOutcome::Acknowledge(Acknowledged::Failure) => "Failure",
                AcknowledgeOutcome::Duplicate => "Duplicate",
                AcknowledgeOutcome::NotOurs(_) => "NotOurs",
                AcknowledgeOutcome::Malformed(_) => "Malformed",
                AcknowledgeOutcome::BadAcknowledgement(_) => "BadAcknowledgement",
            }
        }
        other => bail!("no verifier for {other}"),
    }))
}

fn identifier(case: &Case) -> Result<Verdict> {
    let kind = case.text("kind")?;
    let result = String::from_utf8(case.bytes("bytes")?.to_vec()).map(|text| match kind.as_str() {
        "client" => ClientId::new(text).map(drop),
        "port" => PortId::new(text).map(drop),
        "chain" => ChainId::new(text).map(drop),
        _ => ClientId::new(text).and_then(|c| c.check_custom()),
    });
    Ok(Verdict::named(match result {
        Ok(Ok(())) => "Ok",
        Ok(Err(IdentifierError::Length { .. })) => "Length",
        // Text that is not UTF-8 has a character that is not allowed.
        Err(_) | Ok(Err(IdentifierError::Character { .. })) => "Character",
        Ok(Err(IdentifierError::Reserved { .. })) => "Reserved",
        Ok(Err(IdentifierError::ZeroSequence)) => "ZeroSequence",
    }))
}
