//! What both sides are asked of a light client, and what they say.

use super::{
    ClientType,
    contract::{self as sol, Done, Solidity, hash_slot, state_slots},
};
use alloy::sol_types::SolCall;
use alloy_primitives::{B256, Bytes, U256};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use serde_json::{Value, json};

/// A light client's state and the time at which it is asked.
#[derive(Clone, Debug)]
pub struct Client<T: ClientType> {
    /// The client state.
    pub state: T::State,
    /// Heights and the hashes stored there.
    pub stored: Vec<(u64, B256)>,
    /// Seconds.
    pub now: u64,
}

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The result's name, or that of the check that fails.
    pub name: String,
    /// What an accepting verdict leads to: state stored, time or values returned.
    pub result: Vec<u8>,
}

impl Verdict {
    /// An acceptance, and what it leads to.
    pub fn accepted(name: &str, result: Vec<u8>) -> Self {
        Self { name: name.into(), result }
    }

    /// A refusal by this check.
    pub fn rejected(name: impl Into<String>) -> Self {
        Self { name: name.into(), result: Vec::new() }
    }

    /// `ok` with what is returned, or the name of an error.
    pub fn answered(answer: Result<impl AsRef<[u8]>, impl Into<String>>) -> Self {
        answer.map_or_else(Self::rejected, |data| Self::accepted("ok", data.as_ref().to_vec()))
    }

    /// Whether the bytes were taken for true.
    pub fn accepts(&self) -> bool {
        matches!(self.name.as_str(), "Update" | "NoOp" | "Misbehaviour" | "ok")
    }

    /// Whether the bytes got past the decoding of the message and of what is signed in it.
    pub fn is_parsed(&self) -> bool {
        !matches!(self.name.as_str(), "MalformedMessage" | "MalformedHeader" | "MalformedCommitment")
    }
}

/// What is claimed under each of some paths; zero for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The height that is asked about.
    pub height: u64,
    /// The paths.
    pub paths: &'a [Bytes],
    /// What is claimed there.
    pub values: &'a [B256],
    /// The proof.
    pub proof: &'a [u8],
    /// Whether the contract's call is the one for one path.
    pub single: bool,
}

/// Words of a client's state, and hashes.
fn stored(words: impl IntoIterator<Item = U256>, hashes: impl IntoIterator<Item = B256>) -> Vec<u8> {
    words.into_iter().map(B256::from).chain(hashes).flat_map(|word| word.0).collect()
}

impl<T: ClientType> Client<T> {
    /// The crate's client in this state.
    pub fn rust(&self) -> T::Client {
        T::open(&self.state, &self.stored)
    }

    fn time(&self) -> TimestampSecs {
        TimestampSecs(self.now)
    }

    /// The hash stored at a height becomes this.
    pub fn store(&mut self, height: u64, hash: B256) {
        self.stored.retain(|(h, _)| *h != height);
        self.stored.push((height, hash));
    }

    /// What is stored after an update.
    pub fn after(&self, message: &[u8]) -> Vec<(u64, B256)> {
        let mut rust = self.rust();
        let _ = rust.update(message, self.time());
        T::hashes(&rust)
    }

    /// The crate's verdict on an update. `heights` receives those at which it stores something then.
    pub fn update(&self, message: &[u8], heights: &mut Vec<u64>) -> Verdict {
        let mut rust = self.rust();
        let result = rust.update(message, self.time());
        let (at, hashes): (Vec<u64>, Vec<B256>) = T::hashes(&rust).into_iter().unzip();
        heights.extend(at);
        let name = match result {
            Ok(UpdateResult::Update) => "Update",
            Ok(UpdateResult::NoOp) => "NoOp",
            Ok(UpdateResult::Misbehaviour) => "Misbehaviour",
            Err(e) => return Verdict::rejected(e.check),
        };
        Verdict::accepted(name, stored(T::words(T::state(&rust)), hashes))
    }

    /// The crate's verdict on evidence.
    pub fn misbehaviour(&self, evidence: &[u8]) -> Verdict {
        let mut rust = self.rust();
        match rust.misbehaviour(evidence, self.time()) {
            Ok(()) => Verdict::accepted("Misbehaviour", stored(T::words(T::state(&rust)), [])),
            Err(e) => Verdict::rejected(e.check),
        }
    }

    /// The crate's verdict on claims.
    pub fn membership(&self, asked: Asked<'_>) -> Verdict {
        let claim = |value: &B256| if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
        let claims = asked.paths.iter().zip(asked.values).map(|(path, value)| (path.to_vec(), claim(value)));
        let claims: Vec<_> = claims.collect();
        let time = self.rust().verify(Height(asked.height), &claims, asked.proof, self.time());
        Verdict::answered(time.map(|time| U256::from(time.0).to_be_bytes_vec()).map_err(|e| e.check))
    }

    /// The contract's verdict on an update, and the gas.
    pub fn update_there(&self, contracts: &mut Solidity<T>, message: &[u8], heights: &[u64]) -> (Verdict, u64) {
        let input = sol::updateClientCall { updateMsg: Bytes::copy_from_slice(message) }.abi_encode();
        self.called(contracts, input, |done, data| {
            let name = match sol::updateClientCall::abi_decode_returns(data) {
                Ok(0) => "Update",
                Ok(1) => "Misbehaviour",
                Ok(2) => "NoOp",
                _ => "undecodable",
            };
            let hashes = heights.iter().map(|height| done.slot(hash_slot::<T>(*height)).into());
            Verdict::accepted(name, stored(state_slots::<T>().map(|slot| done.slot(slot)), hashes))
        })
    }

    /// The contract's verdict on evidence, and the gas.
    pub fn misbehaviour_there(&self, contracts: &mut Solidity<T>, evidence: &[u8]) -> (Verdict, u64) {
        let input = sol::misbehaviourCall { misbehaviourMsg: Bytes::copy_from_slice(evidence) }.abi_encode();
        self.called(contracts, input, |done, _| {
            Verdict::accepted("Misbehaviour", stored(state_slots::<T>().map(|slot| done.slot(slot)), []))
        })
    }

    /// The contract's verdict on claims, and the gas.
    pub fn membership_there(&self, contracts: &mut Solidity<T>, asked: Asked<'_>) -> (Verdict, u64) {
        self.called(contracts, verify_call(asked), |_, data| Verdict::accepted("ok", data.to_vec()))
    }

    /// What a call comes to, by what an answer means.
    fn called(
        &self,
        contracts: &mut Solidity<T>,
        input: Vec<u8>,
        accepted: impl Fn(&Done, &[u8]) -> Verdict,
    ) -> (Verdict, u64) {
        match contracts.call_client(&self.state, &self.stored, self.now, input) {
            Err(e) => (Verdict::rejected(format!("constructor: {e}")), 0),
            Ok(done) => match &done.answer {
                Ok(data) => (accepted(&done, data), done.gas),
                Err(name) => (Verdict::rejected(name.clone()), done.gas),
            },
        }
    }

    /// In the form of the vectors, with the other fields of a case.
    pub fn json(&self, more: Value) -> Value {
        let stored: Vec<Value> = self.stored.iter().map(|(h, hash)| json!({"height": h, "hash": hash})).collect();
        let state = Bytes::from(T::encode(&self.state));
        let mut all = json!({"client_state": state, "stored": stored, "now": self.now});
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        all
    }
}

/// The crate's verdict on a new client: what it stores.
pub fn created<T: ClientType>(state: &T::State, initial: &T::Consensus) -> Verdict {
    let words =
        |client: T::Client| stored(T::words(T::state(&client)), T::hashes(&client).into_iter().map(|(_, hash)| hash));
    Verdict::answered(T::create(state, initial).map(words))
}

/// The contract's verdict on a new client whose newest height this is, and the gas.
pub fn created_there<T: ClientType>(
    contracts: &Solidity<T>,
    state: &T::State,
    initial: &T::Consensus,
    height: u64,
) -> (Verdict, u64) {
    match contracts.create_client(state, initial, height) {
        Ok((words, gas)) => (Verdict::accepted("ok", words), gas),
        Err(name) => (Verdict::rejected(name), 0),
    }
}

fn verify_call(asked: Asked<'_>) -> Vec<u8> {
    let proof = Bytes::copy_from_slice(asked.proof);
    let height = sol::Height { revisionNumber: 0, revisionHeight: asked.height };
    let paths = asked.paths.to_vec();
    match asked.values.first() {
        Some(value) if asked.single && value.is_zero() => {
            let msg_ = sol::MsgVerifyNonMembership { proof, proofHeight: height, path: paths };
            sol::verifyNonMembershipCall { msg_ }.abi_encode()
        }
        Some(value) if asked.single => {
            let value = Bytes::copy_from_slice(value.as_slice());
            let msg_ = sol::MsgVerifyMembership { proof, proofHeight: height, path: paths, value };
            sol::verifyMembershipCall { msg_ }.abi_encode()
        }
        _ => {
            let values = asked.values.to_vec();
            sol::verifyBatchCall { msg_: sol::MsgVerifyBatch { proof, proofHeight: height, paths, values } }
                .abi_encode()
        }
    }
}
