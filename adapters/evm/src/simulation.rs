//! What a transaction would do now, and how much gas it needs.

use crate::{
    chain::EvmChain,
    endpoints::{Bad, CallError},
    json::{data, hex_number},
    messages::{multicall, outcomes},
};
use alloy::primitives::{Address, Bytes};
use lupu_adapter::{AccountId, AdapterError, ErrorKind, Message, Outcome, Simulation};
use serde_json::{Value, json};

/// The most gas that is ever asked for.
const MOST: u64 = 100_000_000;
/// An application's callback limit where none is stated, with what the router keeps for itself.
const CALLBACK: u64 = 1_100_000;

/// Gas that a transaction probably needs: a first guess, checked by running it.
///
/// `eth_estimateGas` is no help for packets: with too little gas the router leaves a packet
/// untouched and reports `InsufficientGas`, which is no failure of the transaction, so that the
/// estimate would be the gas to do nothing.
fn guess(messages: &[Message], calldata: &[u8]) -> u64 {
    let nonzero = calldata.iter().filter(|b| **b != 0).count() as u64;
    let tokens = nonzero * 4 + (calldata.len() as u64 - nonzero);
    // Prague's floor is 10 per token; before, calldata costs 4 per token and execution is on top.
    let intrinsic = 21_000 + tokens * 4;
    let floor = 21_000 + tokens * 10;
    let execution: u64 = messages
        .iter()
        .map(|m| match m {
            Message::UpdateClient { message, .. } => 120_000 + 60 * message.len() as u64,
            Message::Misbehaviour { evidence, .. } => 200_000 + 60 * evidence.len() as u64,
            Message::Receive { packets, .. } => 60_000 + 220_000 * packets.len() as u64,
            Message::Acknowledge { packets, .. } => 60_000 + 130_000 * packets.len() as u64,
            Message::Timeout { packets, .. } => 60_000 + 160_000 * packets.len() as u64,
        })
        .sum();
    let callback = if messages.iter().any(|m| m.packets() > 0) { CALLBACK } else { 0 };
    (intrinsic + execution + callback).max(floor + execution / 2)
}

fn starved(outcomes: &[Vec<Outcome>]) -> bool {
    outcomes.iter().flatten().any(|o| *o == Outcome::InsufficientGas)
}

impl EvmChain {
    async fn run(
        &self,
        from: Address,
        input: &Bytes,
        gas: u64,
        messages: &[Message],
    ) -> Result<Vec<Vec<Outcome>>, CallError> {
        let call = json!({
            "from": from, "to": self.config.contracts.router, "data": input, "gas": hex_number(gas),
        });
        let read = |v: Value| {
            let returned = data(&v, "result").map_err(|e| Bad::Lied(e.to_string()))?;
            outcomes(messages, &returned).map_err(Bad::Lied)
        };
        self.endpoints.ask("eth_call", json!([call, "latest"]), read).await
    }

    pub(crate) async fn dry_run(&self, account: &AccountId, messages: &[Message]) -> Result<Simulation, AdapterError> {
        if messages.is_empty() {
            return Err(self.error(ErrorKind::Rejected, "a transaction without messages"));
        }
        let from = self.signer(account)?.address();
        let input = multicall(messages);
        let most = (self.limits().await?.block_gas / 10 * 9).clamp(21_000, MOST);
        let mut gas = guess(messages, &input).min(most);
        if let Ok(outcomes) = self.run(from, &input, gas, messages).await
            && !starved(&outcomes)
        {
            return Ok(Simulation { outcomes, gas_limit: gas });
        }
        // Too little gas, or a true refusal: with all the gas there is, only the latter is left.
        let outcomes = self.run(from, &input, most, messages).await.map_err(|e| self.fail(e))?;
        while gas < most {
            gas = gas.saturating_add(gas / 2).min(most);
            if gas == most || self.run(from, &input, gas, messages).await.as_ref() == Ok(&outcomes) {
                break;
            }
        }
        Ok(Simulation { outcomes, gas_limit: gas })
    }

    /// Why a call fails at a block; `None` if it does not.
    pub(crate) async fn failure_reason(
        &self,
        from: Address,
        to: Option<Address>,
        input: &Bytes,
        gas: u64,
        block: u64,
    ) -> Option<String> {
        let call = json!({"from": from, "to": to, "data": input, "gas": hex_number(gas)});
        let answer = self.endpoints.ask("eth_call", json!([call, hex_number(block)]), |_| Ok(())).await;
        match answer {
            Err(CallError::Node(error)) => Some(crate::errors::explain(&error)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_standard::ClientId;

    #[test]
    fn the_guess_grows_with_the_batch() {
        let client = ClientId::new("harbour.qbft-bank").unwrap();
        let update = Message::UpdateClient { client, message: vec![1; 2_300] };
        let alone = guess(std::slice::from_ref(&update), &[1; 2_500]);
        assert!((250_000..600_000).contains(&alone), "{alone}");
        let twice = guess(&[update.clone(), update], &[1; 5_000]);
        assert!(twice > alone + 200_000);
    }
}
