//! What the targets of every client type share: a vector's client, its claims, and the words for
//! what came of an update.

use crate::{
    edit::edits,
    input::Input,
    substrate_state::{claim, edit_claims},
    vectors::{Case, load},
};
use alloy_primitives::{B256, Bytes};
use lupu_light_client::{Claim, LightClient, Rejection, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

/// A client type.
pub trait Family: Sized {
    /// Its client state.
    type State: Clone;
    /// Its light client, with signatures kept from one execution to the next.
    type Client: LightClient;

    /// Reads a vector's client state.
    fn state(raw: &[u8]) -> Self::State;
    /// The client of this state, with these hashes stored.
    fn client(state: Self::State, stored: Vec<(Height, B256)>) -> Self::Client;
}

/// Declares a client type by its name, its client, and how that is given the kept signatures.
macro_rules! family {
    ($name:ident, $client:ident, $with:ident) => {
        /// The client type.
        pub enum $name {}

        impl Family for $name {
            type State = ClientState;
            type Client = $client<Cached>;

            fn state(raw: &[u8]) -> ClientState {
                ClientState::decode(raw).expect("a client state")
            }

            fn client(state: ClientState, stored: Vec<(Height, B256)>) -> Self::Client {
                $client::from_snapshot(state, stored).$with(Cached)
            }
        }
    };
}
pub(crate) use family;

/// A client as a vector has it, and what is sent to it.
pub struct Base<F: Family> {
    pub expect: String,
    pub client: F::State,
    pub stored: Vec<(Height, B256)>,
    pub now: u64,
    /// The message, the evidence or the proof.
    pub raw: Vec<u8>,
}

impl<F: Family> Clone for Base<F> {
    fn clone(&self) -> Self {
        Self {
            expect: self.expect.clone(),
            client: self.client.clone(),
            stored: self.stored.clone(),
            now: self.now,
            raw: self.raw.clone(),
        }
    }
}

impl<F: Family> Base<F> {
    /// What is sent stands in `field`.
    pub fn read(case: &Case, field: &str) -> Self {
        Self {
            expect: case.text("expect").into(),
            client: F::state(&case.bytes("client_state")),
            stored: case.stored(),
            now: case.number("now"),
            raw: case.bytes(field),
        }
    }

    pub fn client(&self) -> F::Client {
        F::client(self.client.clone(), self.stored.clone())
    }

    pub fn now(&self) -> TimestampSecs {
        TimestampSecs(self.now)
    }

    /// Heights and hashes as the plain checkers take them.
    pub fn plain_stored(&self) -> Vec<(u64, B256)> {
        self.stored.iter().map(|(height, hash)| (height.0, *hash)).collect()
    }

    /// Stores a hash, instead of what was stored at its height.
    pub fn store(&mut self, height: Height, hash: B256) {
        self.stored.retain(|(h, _)| *h != height);
        self.stored.push((height, hash));
    }
}

/// Two messages of vectors: one to be changed, and one to take parts from.
pub struct Draw<F: Family + 'static> {
    pub base: &'static Base<F>,
    pub other: &'static Base<F>,
    /// 0: any bytes; 1: bytes edited; 2 and 3: parts edited.
    pub mode: u8,
    /// Nothing is left to edit with.
    pub untouched: bool,
}

impl<F: Family> Draw<F> {
    pub fn new(input: &mut Input<'_>, from: &'static [Base<F>]) -> Self {
        let (base, other) = (&from[input.below(from.len())], &from[input.below(from.len())]);
        let mode = input.u8() % 4;
        Self { base, other, mode, untouched: input.is_empty() }
    }

    /// The vector's own verdict, where nothing was edited.
    pub fn expects(&self, verdict: &str) {
        if self.untouched && self.mode == 0 {
            assert_eq!(verdict, self.base.expect);
        }
    }

    /// The case with its bytes replaced or edited, where parts are not.
    pub fn edit_bytes(&self, input: &mut Input<'_>, case: &mut Base<F>) {
        match self.mode {
            0 if !self.untouched => case.raw = input.rest().to_vec(),
            _ => edits(input, &mut case.raw, &self.other.raw),
        }
    }
}

/// A verify call of a vector.
pub struct Claims<F: Family> {
    pub base: Base<F>,
    pub height: Height,
    pub claims: Vec<(Vec<u8>, Claim)>,
}

impl<F: Family> Claims<F> {
    /// Those of a file.
    pub fn load(file: &str) -> Vec<Self> {
        let read = |c: &Case| {
            let claims = c.list("paths").into_iter().zip(c.list("values")).map(claim).collect();
            Self { base: Base::read(c, "proof"), height: Height(c.number("height")), claims }
        };
        load(file).iter().map(read).collect()
    }

    /// The call with claims, height, clock or proof edited. `edit_proof` edits a proof's nodes, and
    /// returns the proof with the root that follows and the hash that the client then stores.
    pub fn edited(
        &self,
        input: &mut Input<'_>,
        edit_proof: impl FnOnce(&mut Input<'_>, &[u8]) -> Option<(Vec<u8>, B256)>,
    ) -> Self {
        let mut call = Self { base: self.base.clone(), height: self.height, claims: self.claims.clone() };
        edit_claims(input, &mut call.claims);
        match input.u8() % 8 {
            0 => {}
            1 => call.height = Height(input.number(call.height.0)),
            2 => call.base.now = input.number(call.base.now),
            3 => edits(input, &mut call.base.raw, &[]),
            _ => {
                if let Some((raw, hash)) = edit_proof(input, &call.base.raw) {
                    call.base.store(call.height, hash);
                    call.base.raw = raw;
                }
            }
        }
        call
    }

    /// What the client says.
    pub fn verify(&self) -> Result<TimestampSecs, Rejection> {
        self.base.client().verify(self.height, &self.claims, &self.base.raw, self.base.now())
    }
}

/// Claims as the plain checkers take them: absence is written as zero, so that they cannot be asked
/// about a zero that is present.
pub fn words(claims: &[(Vec<u8>, Claim)]) -> Option<Vec<(Vec<u8>, B256)>> {
    let word = |claim: &Claim| match claim {
        Claim::Present(value) => (!value.is_zero()).then_some(*value),
        Claim::Absent => Some(B256::ZERO),
    };
    claims.iter().map(|(path, claim)| Some((path.clone(), word(claim)?))).collect()
}

/// The name of a result.
pub fn name(result: UpdateResult) -> &'static str {
    match result {
        UpdateResult::Update => "Update",
        UpdateResult::NoOp => "NoOp",
        UpdateResult::Misbehaviour => "Misbehaviour",
    }
}

/// What is sent to a client and what it keeps has one encoding each: what is read is written so. The
/// first byte says which of these types the rest is.
macro_rules! one_encoding {
    ($data:expr, $($message:ident),+) => {{
        let again: &[fn(&[u8]) -> Option<Vec<u8>>] = &[$(|raw| Some($message::decode(raw).ok()?.encode())),+];
        let mut input = Input::new($data);
        let kind = usize::from(input.u8()) % again.len();
        let raw = input.rest();
        if let Some(written) = again[kind](raw) {
            assert_eq!(written, raw);
        }
    }};
}
pub(crate) use one_encoding;

/// Edits bytes in place, by one of the ways of [`crate::edit`].
pub fn change(bytes: &mut Bytes, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut data = bytes.to_vec();
    edit(&mut data);
    *bytes = data.into();
}
