//! A chain of nothing but the rules that the engine plans by: commitments, receipts, nonces, one
//! block per call. Its proofs are lists of claims, checked against what the chain held at the height.
//! For scheduling only; real proofs and real contracts are met in the end-to-end tests.

use alloy_primitives::{B256, Bytes, keccak256};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use lupu_adapter::{transaction::PacketOutcome, *};
use lupu_light_client::{Claim, LightClient, Rejection, Status, UpdateResult};
use lupu_standard::{commitment::*, *};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

pub struct FakeClient {
    pub tracks: Arc<Fake>,
    pub counterparty: ClientId,
    pub heights: BTreeSet<u64>,
    pub status: Status,
    pub period: u64,
}

#[derive(Default)]
pub struct State {
    pub time: u64,
    stored: BTreeMap<Vec<u8>, B256>,
    history: Vec<(u64, BTreeMap<Vec<u8>, B256>)>,
    pub events: Vec<PacketEvent>,
    pub sent: HashMap<ClientId, u64>,
    pub nonces: HashMap<AccountId, u64>,
    pub pool: Vec<SignedTransaction>,
    messages: HashMap<B256, Vec<Message>>,
    pub included: HashMap<B256, Included>,
    pub order: Vec<(B256, Vec<Message>)>,
    pub clients: HashMap<ClientId, FakeClient>,
    pub received: HashMap<u64, usize>,
    // faults
    pub unknown_port: HashSet<u64>,
    pub reverting: HashSet<u64>,
    pub broke: HashSet<AccountId>,
    pub swallow: u32,
    pub stall_gas_below: u64,
    pub hide_sent: u32,
    pub withhold: bool,
    pub down: bool,
    /// Nothing below this height can be proven.
    pub pruned_below: u64,
    pub clock_stands: bool,
    pub evidence: Option<Vec<u8>>,
    /// Heights at which this chain's clients elsewhere trust something it never had.
    pub forged: HashSet<u64>,
}

pub struct Fake {
    pub id: ChainId,
    accounts: Vec<AccountId>,
    state: Mutex<State>,
    head: watch::Sender<Option<Head>>,
}

fn hash_at(id: &ChainId, height: u64) -> B256 {
    keccak256(format!("{id}/{height}"))
}

impl Fake {
    pub fn new(id: &str, accounts: &[&str]) -> Arc<Self> {
        let fake = Self {
            id: ChainId::new(id).unwrap(),
            accounts: accounts.iter().map(|a| AccountId((*a).into())).collect(),
            state: Mutex::new(State { time: 1_000_000, ..State::default() }),
            head: watch::channel(None).0,
        };
        fake.seal();
        Arc::new(fake)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn error(&self, kind: ErrorKind, message: &str) -> AdapterError {
        AdapterError::new(&self.id, kind, message)
    }

    fn up(&self) -> Result<(), AdapterError> {
        if self.state().down { Err(self.error(ErrorKind::Unavailable, "down")) } else { Ok(()) }
    }

    pub fn send(&self, client: &ClientId, to: &ClientId, timeout_in: u64) -> u64 {
        let mut s = self.state();
        let sequence = *s.sent.entry(client.clone()).and_modify(|n| *n += 1).or_insert(1);
        let port = PortId::new("transfer").unwrap();
        let packet = Packet {
            sequence: Sequence::new(sequence).unwrap(),
            source_client: client.clone(),
            destination_client: to.clone(),
            timeout_timestamp: TimestampSecs(s.time + timeout_in),
            payloads: vec![Payload {
                source_port: port.clone(),
                destination_port: port,
                version: "ics20-1".into(),
                encoding: "application/json".into(),
                value: Bytes::from(sequence.to_be_bytes().to_vec()),
            }],
        };
        s.stored.insert(Path::commitment(&packet).to_bytes(), commit_packet(&packet));
        let height = Height(s.history.len() as u64);
        s.events.push(PacketEvent { kind: PacketEventKind::Sent, packet, height, transaction: B256::ZERO });
        sequence
    }

    /// Makes a block out of the pool.
    pub fn seal(&self) {
        let mut s = self.state();
        if !s.clock_stands {
            s.time += 1;
        }
        let pool = if s.withhold { Vec::new() } else { std::mem::take(&mut s.pool) };
        let mut later = Vec::new();
        let height = Height(s.history.len() as u64);
        for tx in pool {
            let next = *s.nonces.get(&tx.account).unwrap_or(&0);
            let fee = u64::from_be_bytes(tx.raw[..8].try_into().unwrap());
            if tx.nonce > next || fee < s.stall_gas_below {
                later.push(tx);
                continue;
            }
            if tx.nonce < next {
                continue;
            }
            s.nonces.insert(tx.account.clone(), next + 1);
            let messages = s.messages.get(&tx.hash).cloned().unwrap_or_default();
            let result = execute(&self.id, &mut s, &messages, Some((height, tx.hash)));
            let success = result.is_ok();
            let included = Included {
                height,
                success,
                gas_used: 100_000,
                fee_paid: 7,
                outcomes: result.as_ref().map(|o| report(&messages, o)).unwrap_or_default(),
                reason: result.err(),
            };
            s.included.insert(tx.hash, included);
            s.order.push((tx.hash, messages));
        }
        s.pool = later;
        let snapshot = (s.time, s.stored.clone());
        s.history.push(snapshot);
        let head = Head { height, hash: hash_at(&self.id, height.0), timestamp: TimestampSecs(s.time) };
        drop(s);
        self.head.send_replace(Some(head));
    }

    pub fn transactions(&self) -> usize {
        self.state().order.len()
    }
}

fn report(messages: &[Message], outcomes: &[Vec<Outcome>]) -> Vec<PacketOutcome> {
    let mut all = Vec::new();
    for (message, outcomes) in messages.iter().zip(outcomes) {
        let (client, sequences): (&ClientId, Vec<u64>) = match message {
            Message::Receive { client, packets, .. } | Message::Timeout { client, packets, .. } => {
                (client, packets.iter().map(|p| p.sequence.get()).collect())
            }
            Message::Acknowledge { client, packets, .. } => {
                (client, packets.iter().map(|(p, _)| p.sequence.get()).collect())
            }
            _ => continue,
        };
        for (sequence, outcome) in sequences.into_iter().zip(outcomes) {
            all.push(PacketOutcome { client: client.to_string(), sequence, outcome: *outcome });
        }
    }
    all
}

/// Runs messages; with a place, for real.
fn execute(
    id: &ChainId,
    s: &mut State,
    messages: &[Message],
    place: Option<(Height, B256)>,
) -> Result<Vec<Vec<Outcome>>, String> {
    let mut heights: HashMap<ClientId, BTreeSet<u64>> =
        s.clients.iter().map(|(k, c)| (k.clone(), c.heights.clone())).collect();
    let mut all = Vec::new();
    let mut frozen = Vec::new();
    for message in messages {
        match message {
            Message::UpdateClient { client, message } => {
                let height = u64::from_be_bytes(message.as_slice().try_into().map_err(|_| "MalformedMessage")?);
                let known = !heights.get_mut(client).ok_or("no client")?.insert(height);
                if known && s.clients[client].tracks.state().forged.contains(&height) {
                    frozen.push(client.clone());
                }
                all.push(Vec::new());
            }
            Message::Misbehaviour { client, .. } => {
                frozen.push(client.clone());
                all.push(Vec::new());
            }
            Message::Receive { client, packets, height, .. } => {
                if !heights.get(client).is_some_and(|h| h.contains(&height.0)) {
                    return Err(format!("UnknownHeight({height}) on {id}"));
                }
                if packets.iter().any(|p| s.reverting.contains(&p.sequence.get())) {
                    return Err("the whole transaction reverts".into());
                }
                all.push(packets.iter().map(|p| receive(s, p, place)).collect());
            }
            Message::Acknowledge { packets, .. } => {
                all.push(
                    packets
                        .iter()
                        .map(|(p, a)| settle(s, p, PacketEventKind::Acknowledged(a.clone()), place))
                        .collect(),
                );
            }
            Message::Timeout { packets, .. } => {
                all.push(packets.iter().map(|p| settle(s, p, PacketEventKind::TimedOut, place)).collect());
            }
        }
    }
    if place.is_some() {
        for (client, heights) in heights {
            if let Some(c) = s.clients.get_mut(&client) {
                c.heights = heights;
            }
        }
        for client in frozen {
            if let Some(c) = s.clients.get_mut(&client) {
                c.status = Status::Frozen;
            }
        }
    }
    Ok(all)
}

fn receive(s: &mut State, p: &Packet, place: Option<(Height, B256)>) -> Outcome {
    let receipt = Path::receipt(p).to_bytes();
    if s.stored.contains_key(&receipt) {
        return Outcome::Duplicate;
    }
    if s.time >= p.timeout_timestamp.0 {
        return Outcome::Expired;
    }
    if s.unknown_port.contains(&p.sequence.get()) {
        return Outcome::UnknownPort;
    }
    if let Some((height, transaction)) = place {
        let ack = Acknowledgement(vec![Bytes::from_static(b"ok")]);
        s.stored.insert(receipt, B256::repeat_byte(2));
        s.stored.insert(Path::acknowledgement(p).to_bytes(), commit_acknowledgement(&ack));
        *s.received.entry(p.sequence.get()).or_insert(0) += 1;
        s.events.push(PacketEvent { kind: PacketEventKind::Received(ack), packet: p.clone(), height, transaction });
    }
    Outcome::Received
}

fn settle(s: &mut State, p: &Packet, kind: PacketEventKind, place: Option<(Height, B256)>) -> Outcome {
    let commitment = Path::commitment(p).to_bytes();
    if !s.stored.contains_key(&commitment) {
        return Outcome::Duplicate;
    }
    let outcome = if kind == PacketEventKind::TimedOut { Outcome::TimedOut } else { Outcome::Acknowledged };
    if let Some((height, transaction)) = place {
        s.stored.remove(&commitment);
        s.events.push(PacketEvent { kind, packet: p.clone(), height, transaction });
    }
    outcome
}

/// The engine's handle: a `Chain` and a `Prover`.
pub struct Handle(pub Arc<Fake>);

#[async_trait]
impl Chain for Handle {
    fn id(&self) -> &ChainId {
        &self.0.id
    }
    async fn finalized(&self) -> Result<Head, AdapterError> {
        self.0.head.borrow().ok_or_else(|| self.0.error(ErrorKind::Unavailable, "no block"))
    }
    fn heads(&self) -> BoxStream<'static, Result<Head, AdapterError>> {
        let receiver = self.0.head.subscribe();
        futures::stream::unfold((receiver, true), |(mut r, first)| async move {
            if !first && r.changed().await.is_err() {
                return None;
            }
            let head = *r.borrow_and_update();
            Some((head, (r, false)))
        })
        .filter_map(|h| async move { h.map(Ok) })
        .boxed()
    }
    async fn events(&self, from: Height, to: Height) -> Result<Vec<PacketEvent>, AdapterError> {
        self.0.up()?;
        let mut s = self.0.state();
        let mut found: Vec<_> = s.events.iter().filter(|e| e.height >= from && e.height <= to).cloned().collect();
        if s.hide_sent > 0 && found.iter().any(|e| e.kind == PacketEventKind::Sent) {
            s.hide_sent -= 1;
            found.retain(|e| e.kind != PacketEventKind::Sent);
        }
        Ok(found)
    }
    async fn last_sequence_sent(&self, client: &ClientId, _at: Height) -> Result<u64, AdapterError> {
        self.0.up()?;
        let s = self.0.state();
        // Only what is in a block.
        let tip = s.history.len() as u64;
        let of = |e: &&PacketEvent| {
            e.kind == PacketEventKind::Sent && e.packet.source_client == *client && e.height.0 < tip && e.height <= _at
        };
        Ok(s.events.iter().filter(of).count() as u64)
    }
    async fn is_stored(&self, paths: &[Path]) -> Result<Vec<bool>, AdapterError> {
        self.0.up()?;
        let s = self.0.state();
        Ok(paths.iter().map(|p| s.stored.contains_key(&p.to_bytes())).collect())
    }
    async fn client(&self, id: &ClientId) -> Result<Option<BoundClient>, AdapterError> {
        self.0.up()?;
        let s = self.0.state();
        Ok(s.clients.get(id).map(|c| {
            let latest = *c.heights.last().unwrap();
            let time = c.tracks.state().history[latest as usize].0;
            BoundClient {
                id: id.clone(),
                client_type: "fake".into(),
                counterparty: c.counterparty.clone(),
                merkle_prefix: vec![Vec::new()],
                state: c.period.to_be_bytes().to_vec(),
                status: c.status,
                latest_height: Height(latest),
                latest_timestamp: TimestampSecs(time),
                location: "here".into(),
            }
        }))
    }
    async fn consensus_state(&self, _: &ClientId, height: Height) -> Result<Option<Vec<u8>>, AdapterError> {
        Ok(Some(height.0.to_be_bytes().to_vec()))
    }
    fn accounts(&self) -> Vec<AccountId> {
        self.0.accounts.clone()
    }
    async fn balance(&self, _: &AccountId) -> Result<Option<u128>, AdapterError> {
        Ok(Some(5))
    }
    async fn next_nonce(&self, account: &AccountId) -> Result<u64, AdapterError> {
        let s = self.0.state();
        let pending = s.pool.iter().filter(|t| t.account == *account).map(|t| t.nonce + 1).max();
        Ok(pending.unwrap_or(0).max(*s.nonces.get(account).unwrap_or(&0)))
    }
    async fn simulate(&self, _: &AccountId, messages: &[Message]) -> Result<Simulation, AdapterError> {
        self.0.up()?;
        let outcomes = execute(&self.0.id, &mut self.0.state(), messages, None)
            .map_err(|reason| self.0.error(ErrorKind::Rejected, &reason))?;
        Ok(Simulation { outcomes, gas_limit: 1 })
    }
    async fn sign(
        &self,
        account: &AccountId,
        nonce: u64,
        gas: u64,
        messages: &[Message],
    ) -> Result<SignedTransaction, AdapterError> {
        let mut s = self.0.state();
        let hash = keccak256(format!("{}/{account}/{nonce}/{gas}/{}", self.0.id, s.messages.len()));
        s.messages.insert(hash, messages.to_vec());
        Ok(SignedTransaction { hash, account: account.clone(), nonce, raw: 1u64.to_be_bytes().to_vec() })
    }
    async fn broadcast(&self, tx: &SignedTransaction) -> Result<(), AdapterError> {
        self.0.up()?;
        let mut s = self.0.state();
        if s.broke.contains(&tx.account) {
            return Err(self.0.error(ErrorKind::Funds, "insufficient funds"));
        }
        if *s.nonces.get(&tx.account).unwrap_or(&0) > tx.nonce {
            return Err(self.0.error(ErrorKind::NonceTaken, "nonce too low"));
        }
        if s.swallow > 0 {
            s.swallow -= 1;
            return Ok(());
        }
        if !s.pool.contains(tx) {
            s.pool.push(tx.clone());
        }
        Ok(())
    }
    async fn transaction(&self, tx: &SignedTransaction) -> Result<TransactionStatus, AdapterError> {
        self.0.up()?;
        let s = self.0.state();
        Ok(match s.included.get(&tx.hash) {
            Some(included) => TransactionStatus::Included(included.clone()),
            None if *s.nonces.get(&tx.account).unwrap_or(&0) > tx.nonce => TransactionStatus::Superseded,
            None if s.pool.contains(tx) => TransactionStatus::Pending,
            None => TransactionStatus::Unknown,
        })
    }
    async fn replace(&self, tx: &SignedTransaction) -> Result<SignedTransaction, AdapterError> {
        let mut s = self.0.state();
        let fee = u64::from_be_bytes(tx.raw[..8].try_into().unwrap()) + 10;
        let hash = keccak256(format!("{}/{fee}", tx.hash));
        let messages = s.messages.get(&tx.hash).cloned().unwrap_or_default();
        s.messages.insert(hash, messages);
        Ok(SignedTransaction { hash, raw: fee.to_be_bytes().to_vec(), ..tx.clone() })
    }
    fn max_packets_per_transaction(&self) -> usize {
        100
    }
}

fn height_of(bytes: &[u8]) -> Result<u64, Rejection> {
    let bytes = bytes.try_into().map_err(|_| Rejection { check: "MalformedMessage", detail: "eight bytes".into() })?;
    Ok(u64::from_be_bytes(bytes))
}

#[async_trait]
impl Prover for Handle {
    fn client_type(&self) -> &'static str {
        "fake"
    }
    async fn provable_height(&self) -> Result<Height, AdapterError> {
        self.0.up()?;
        Ok(Height(self.0.state().history.len() as u64 - 1))
    }
    async fn initial_client(&self, _: Height, _: ClientParameters) -> Result<InitialClient, AdapterError> {
        Err(self.0.error(ErrorKind::NotFound, "clients are made by the test"))
    }
    fn light_client(&self, state: &[u8], trusted: &[TrustedState]) -> Result<Box<dyn LightClient>, AdapterError> {
        let known = trusted.iter().map(|t| t.height.0).collect();
        let period = height_of(state).map_err(|e| self.0.error(ErrorKind::Misconfigured, &e.to_string()))?;
        Ok(Box::new(Copy { tracks: self.0.clone(), known, period }))
    }
    async fn check_trusted(&self, trusted: &TrustedState) -> Result<(), AdapterError> {
        if self.0.state().forged.contains(&trusted.height.0) {
            return Err(self.0.error(ErrorKind::Unproven, "not this chain's state"));
        }
        if self.0.state().pruned_below > trusted.height.0 {
            return Err(self.0.error(ErrorKind::Pruned, "gone"));
        }
        Ok(())
    }
    async fn validators(&self, _: &TrustedState) -> Result<Vec<u8>, AdapterError> {
        Ok(b"validators".to_vec())
    }
    async fn updates(&self, _: &[u8], _: &TrustedState, target: Height) -> Result<Vec<ClientUpdate>, AdapterError> {
        let message = target.0.to_be_bytes().to_vec();
        let raw = Bytes::from(message.clone());
        Ok(vec![ClientUpdate {
            height: target,
            message: message.clone(),
            consensus_state: message,
            material: vec![Material::Header { height: target, raw }],
        }])
    }
    async fn prove(
        &self,
        at: &TrustedState,
        _: &[Vec<u8>],
        claims: &[(Path, Claim)],
    ) -> Result<StateProof, AdapterError> {
        if self.0.state().pruned_below > at.height.0 {
            return Err(self.0.error(ErrorKind::Pruned, "gone"));
        }
        let mut proof = at.height.0.to_be_bytes().to_vec();
        for (path, _) in claims {
            proof.extend_from_slice(path.keccak().as_slice());
        }
        Ok(StateProof { material: vec![Material::Node(Bytes::from(proof.clone()))], proof })
    }
    fn proof_order(&self, paths: &[Path]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..paths.len()).collect();
        order.sort_by_key(|i| paths[*i].keccak());
        order
    }
    async fn evidence(&self, _: &[u8], _: &TrustedState) -> Result<Option<Vec<u8>>, AdapterError> {
        Ok(self.0.state().evidence.clone())
    }
}

struct Copy {
    tracks: Arc<Fake>,
    known: BTreeSet<u64>,
    period: u64,
}

impl LightClient for Copy {
    fn client_type(&self) -> &'static str {
        "fake"
    }
    fn latest_height(&self) -> Height {
        Height(*self.known.last().unwrap())
    }
    fn latest_timestamp(&self) -> TimestampSecs {
        TimestampSecs(self.tracks.state().history[self.latest_height().0 as usize].0)
    }
    fn trusting_period(&self) -> u64 {
        self.period
    }
    fn status(&self, now: TimestampSecs) -> Status {
        if now.0 >= self.latest_timestamp().0 + self.period { Status::Expired } else { Status::Active }
    }
    fn state_bytes(&self) -> Vec<u8> {
        self.period.to_be_bytes().to_vec()
    }
    fn consensus_hash(&self, height: Height) -> Option<B256> {
        self.known.contains(&height.0).then(|| hash_at(&self.tracks.id, height.0))
    }
    fn update(&mut self, message: &[u8], _: TimestampSecs) -> Result<UpdateResult, Rejection> {
        self.known.insert(height_of(message)?);
        Ok(UpdateResult::Update)
    }
    fn misbehaviour(&mut self, evidence: &[u8], _: TimestampSecs) -> Result<(), Rejection> {
        if evidence == b"fork" { Ok(()) } else { Err(Rejection { check: "NotMisbehaviour", detail: String::new() }) }
    }
    fn verify(
        &self,
        height: Height,
        claims: &[(Vec<u8>, Claim)],
        _: &[u8],
        _: TimestampSecs,
    ) -> Result<TimestampSecs, Rejection> {
        let refuse = |check, detail: String| Err(Rejection { check, detail });
        if !self.known.contains(&height.0) {
            return refuse("UnknownHeight", height.to_string());
        }
        let s = self.tracks.state();
        let (time, stored) = &s.history[height.0 as usize];
        for (path, claim) in claims {
            match (claim, stored.get(path)) {
                (Claim::Present(wanted), Some(found)) if wanted == found => {}
                (Claim::Absent, None) => {}
                _ => return refuse("ValueMismatch", hex::encode(path)),
            }
        }
        Ok(TimestampSecs(*time))
    }
}
