//! What a transaction would do now.
//!
//! Where the runtime has the API `IbcApi`, its `simulate` runs the messages on the newest state:
//! proofs, clients and callbacks, as `relay` would. Where it has not, a simulation is less: our own
//! light client has verified the proofs before, outcomes are predicted from the commitments and
//! receipts stored at the newest block and from its time, and a callback that would fail, a port
//! without an application or a paused pallet shows only in the block.
//!
//! Either way the transaction is then signed and the runtime asked whether it is valid, as a pool
//! asks: its form, what it pays, and whether its length and declared weight fit a block.

use crate::{
    chain::SubstrateChain,
    endpoints::{Bad, CallError},
    json::{bytes, to_hex},
    keys::{account_bytes, address},
    runtime::Runtime,
    status::next_nonce,
    wire::{Relay, Weight},
};
use lupu_adapter::{AccountId, AdapterError, ErrorKind, Message, Outcome, Simulation};
use lupu_rpc::ErrorObject;
use lupu_standard::{Packet, Path};
use serde_json::{Value, json};
use subxt::ext::{
    scale_decode::DecodeAsType,
    scale_encode::EncodeAsType,
    scale_value::{Value as ScaleValue, ValueDef},
};

/// Picoseconds that an application's callback gets where nothing better is known: 5 ms.
const CALLBACK: u64 = 5_000_000_000;
/// The most that all callbacks of a transaction get: one second.
const MOST: u64 = 1_000_000_000_000;
/// Bytes of storage proof that go with a millisecond of a callback.
const PROOF_PER_MS: u64 = 262_144;
const PS_PER_MS: u64 = 1_000_000_000;

/// The API of the runtime that runs messages without sending them.
const API: &str = "IbcApi";
const METHOD: &str = "simulate";

/// The weight for a limit in picoseconds, with room for the storage that callbacks touch in that time.
pub(crate) fn callback_weight(ref_time: u64) -> Weight {
    Weight { ref_time, proof_size: ref_time.div_ceil(PS_PER_MS).saturating_mul(PROOF_PER_MS) }
}

fn guess(packets: usize) -> u64 {
    CALLBACK.saturating_mul(packets as u64).min(MOST)
}

fn starved(outcomes: &[Vec<Outcome>]) -> bool {
    outcomes.iter().flatten().any(|o| *o == Outcome::InsufficientGas)
}

/// What the runtime's dry run answers.
enum Answer {
    Outcomes(Vec<Vec<Outcome>>),
    Refused(String),
}

impl SubstrateChain {
    pub(crate) async fn dry_run(&self, account: &AccountId, messages: &[Message]) -> Result<Simulation, AdapterError> {
        if messages.is_empty() {
            return Err(self.error(ErrorKind::Rejected, "a transaction without messages"));
        }
        let packets = messages.iter().map(Message::packets).sum();
        let runtime = self.runtime().await?;
        if !runtime.offers(API, METHOD) {
            let mut outcomes = Vec::with_capacity(messages.len());
            for message in messages {
                outcomes.push(self.predict(message).await?);
            }
            self.fits(account, messages, guess(packets)).await?;
            return Ok(Simulation { outcomes, gas_limit: guess(packets) });
        }
        let mut gas_limit = guess(packets);
        loop {
            let weight = callback_weight(gas_limit);
            match self.run(&runtime, account, messages, weight).await? {
                Answer::Refused(reason) => return Err(self.error(ErrorKind::Rejected, reason)),
                Answer::Outcomes(outcomes) if starved(&outcomes) && gas_limit < MOST => {
                    gas_limit = gas_limit.saturating_mul(2).min(MOST);
                }
                Answer::Outcomes(outcomes) => {
                    self.fits(account, messages, gas_limit).await?;
                    return Ok(Simulation { outcomes, gas_limit });
                }
            }
        }
    }

    /// Whether the runtime would take the transaction.
    async fn fits(&self, account: &AccountId, messages: &[Message], gas_limit: u64) -> Result<(), AdapterError> {
        let public = account_bytes(&account.0).map_err(|e| self.error(ErrorKind::Misconfigured, e.to_string()))?;
        let nonce = next_nonce(&self.endpoints, &address(&public)).await?;
        let signed = self.signed(account, nonce, gas_limit, messages).await?;
        match self.validity(&signed.raw).await? {
            Some(invalid) if !invalid.is_nonce() => Err(self.error(ErrorKind::Rejected, invalid.to_string())),
            _ => Ok(()),
        }
    }

    /// Runs the messages by the runtime's own API.
    async fn run(
        &self,
        runtime: &Runtime,
        account: &AccountId,
        messages: &[Message],
        weight: Weight,
    ) -> Result<Answer, AdapterError> {
        let input = self.input(runtime, account, messages, weight)?;
        let params = json!([format!("{API}_{METHOD}"), to_hex(&input)]);
        let read = |v: Value| {
            let answer = bytes(&v, "simulation").map_err(|e| Bad::Lied(e.to_string()))?;
            answer_of(runtime, &answer, messages).map_err(Bad::Lied)
        };
        match self.endpoints.ask("state_call", params, read).await {
            Ok(answer) => Ok(answer),
            Err(CallError::Node(error)) => Ok(Answer::Refused(format!("the runtime gave up: {}", error.text()))),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn input(
        &self,
        runtime: &Runtime,
        account: &AccountId,
        messages: &[Message],
        weight: Weight,
    ) -> Result<Vec<u8>, AdapterError> {
        let wrong = |why: String| self.error(ErrorKind::Misconfigured, format!("{API}.{METHOD}: {why}"));
        let who = account_bytes(&account.0).map_err(|e| wrong(e.to_string()))?;
        let relay = Relay::new(messages, weight);
        let metadata = runtime.metadata();
        let api = metadata.runtime_api_trait_by_name(API);
        let method = api.as_ref().and_then(|api| api.method_by_name(METHOD));
        let inputs: Vec<u32> = method.iter().flat_map(|m| m.inputs()).map(|i| i.id).collect();
        let [who_ty, messages_ty, weight_ty] = inputs.as_slice() else {
            return Err(wrong(format!("takes {} arguments, not 3", inputs.len())));
        };
        let mut out = Vec::new();
        let types = metadata.types();
        who.encode_as_type_to(*who_ty, types, &mut out).map_err(|e| wrong(e.to_string()))?;
        relay.messages.encode_as_type_to(*messages_ty, types, &mut out).map_err(|e| wrong(e.to_string()))?;
        relay.callback_weight.encode_as_type_to(*weight_ty, types, &mut out).map_err(|e| wrong(e.to_string()))?;
        Ok(out)
    }

    /// What a message would do, by what is stored and by the clock.
    async fn predict(&self, message: &Message) -> Result<Vec<Outcome>, AdapterError> {
        match message {
            Message::UpdateClient { .. } | Message::Misbehaviour { .. } => Ok(Vec::new()),
            Message::Receive { packets, .. } => {
                let now = self.follower.head().await?.timestamp;
                let done = self.stored(&packets.iter().map(Path::receipt).collect::<Vec<_>>()).await?;
                let one = |(packet, done): (&Packet, bool)| match done {
                    true => Outcome::Duplicate,
                    false if packet.timeout_timestamp <= now => Outcome::Expired,
                    false => Outcome::Received,
                };
                Ok(packets.iter().zip(done).map(one).collect())
            }
            Message::Acknowledge { packets, .. } => {
                let paths: Vec<Path> = packets.iter().map(|(packet, _)| Path::commitment(packet)).collect();
                self.while_committed(&paths, Outcome::Acknowledged).await
            }
            Message::Timeout { packets, .. } => {
                let paths: Vec<Path> = packets.iter().map(Path::commitment).collect();
                self.while_committed(&paths, Outcome::TimedOut).await
            }
        }
    }

    async fn while_committed(&self, paths: &[Path], then: Outcome) -> Result<Vec<Outcome>, AdapterError> {
        let open = self.stored(paths).await?;
        Ok(open.into_iter().map(|open| if open { then } else { Outcome::Duplicate }).collect())
    }
}

/// Decodes `Result<(Vec<Vec<Outcome>>, Weight), error>`.
fn answer_of(runtime: &Runtime, answer: &[u8], messages: &[Message]) -> Result<Answer, String> {
    let metadata = runtime.metadata();
    let api = metadata.runtime_api_trait_by_name(API).ok_or("no such API")?;
    let method = api.method_by_name(METHOD).ok_or("no such method")?;
    let value = ScaleValue::<()>::decode_as_type(&mut &*answer, method.output_ty(), metadata.types());
    let value = value.map_err(|e| e.to_string())?;
    let ValueDef::Variant(result) = value.value else { return Err("not a result".into()) };
    let inner = result.values.into_values().next().ok_or("an empty result")?;
    if result.name != "Ok" {
        return Ok(Answer::Refused(text_of(&inner)));
    }
    let ValueDef::Composite(pair) = inner.value else { return Err("not a pair".into()) };
    let lists = pair.into_values().next().ok_or("an empty pair")?;
    let mut outcomes = Vec::with_capacity(messages.len());
    for (list, message) in children(&lists).into_iter().zip(messages) {
        let list: Option<Vec<Outcome>> = children(list).into_iter().map(outcome_of).collect();
        let list = list.ok_or("an unknown outcome")?;
        if list.len() != message.packets() {
            return Err(format!("{} outcomes for {} packets", list.len(), message.packets()));
        }
        outcomes.push(list);
    }
    if outcomes.len() != messages.len() {
        return Err(format!("outcomes of {} messages, not {}", outcomes.len(), messages.len()));
    }
    Ok(Answer::Outcomes(outcomes))
}

fn children(value: &ScaleValue<()>) -> Vec<&ScaleValue<()>> {
    match &value.value {
        ValueDef::Composite(all) => all.values().collect(),
        _ => Vec::new(),
    }
}

fn outcome_of(value: &ScaleValue<()>) -> Option<Outcome> {
    Outcome::from_u8(u8::try_from(value.as_u128()?).ok()?)
}

/// The words of an error: bytes that are text, or whatever it is.
fn text_of(value: &ScaleValue<()>) -> String {
    let byte = |v: &&ScaleValue<()>| v.as_u128().and_then(|n| u8::try_from(n).ok());
    let list = children(value);
    let bytes: Option<Vec<u8>> = list.iter().map(byte).collect();
    match bytes.map(String::from_utf8) {
        Some(Ok(text)) if !text.is_empty() => text,
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_refusal() {
        assert_eq!(text_of(&ScaleValue::from_bytes("UnknownClient: x")), "UnknownClient: x");
        assert!(!text_of(&ScaleValue::u128(7)).is_empty());
    }

    #[test]
    fn limits_grow_with_the_batch() {
        assert_eq!(guess(0), 0);
        assert_eq!(guess(10), 10 * CALLBACK);
        assert_eq!(guess(10_000), MOST);
        assert_eq!(callback_weight(0).proof_size, 0);
        assert_eq!(callback_weight(CALLBACK).proof_size, 5 * PROOF_PER_MS);
    }
}
