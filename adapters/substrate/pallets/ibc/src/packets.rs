//! Sending packets, and batches of packets that come back or come in.

use crate::{
    Commitments, Config, Error, Event, IbcApps, Outcome, Pallet, Paused, RelayMessage, ScalePacket, ScalePayload,
    Sequences, Settling,
    clients::ClientRecord,
    settlement::Settlement,
    wire::{IdentifierBytes, ScaleAcknowledgements, client_bytes, commit_acknowledgements, raw_path},
};
use alloc::{vec, vec::Vec};
use frame_support::{
    dispatch::{DispatchErrorWithPostInfo, DispatchResultWithPostInfo, PostDispatchInfo},
    ensure,
    storage::{transactional::TRANSACTION_LEVEL_KEY, unhashed},
    weights::Weight,
};
use lupu_light_client::{Claim, Status, UpdateResult};
use lupu_standard::{
    ClientId, Packet, PathKind, Payload, Sequence, TimestampSecs,
    rules::{PayloadRule, PayloadsError, SendError, SendView, check_send},
};
use sp_io::hashing::keccak_256;

/// Storage layers that may be open when packets settle. So many less than the 255 there are would
/// let a relayer make an application fail.
const MAX_LAYERS: u32 = 16;

/// A batch whose proof holds.
struct Proven {
    id: IdentifierBytes,
    counterparty: ClientId,
    time: TimestampSecs,
}

impl<T: Config> Pallet<T> {
    /// Commits to a packet of one payload and returns its sequence. `timeout` is in UNIX seconds.
    ///
    /// For applications of the runtime only: whoever calls it speaks for the payload's source
    /// port.
    pub fn send_packet(client: ClientId, timeout: TimestampSecs, payload: Payload) -> Result<u64, Error<T>> {
        ensure!(!Paused::<T>::get(), Error::HostPaused);
        let id = client_bytes(&client);
        let record = Self::record(&id)?;
        let (counterparty, _) = record.bound::<T>()?;
        ensure!(T::Apps::app(payload.source_port.as_str().as_bytes()).is_some(), Error::UnknownPort);
        let light_client = record.open::<T>()?;
        let key = keccak_256(&id);
        let last = Sequences::<T>::get(key);
        let sequence = last.checked_add(1).ok_or(Error::SequencesUsedUp)?;
        let now = Self::now();
        let packet = Packet {
            sequence: Sequence::new(sequence).map_err(|_| Error::SequencesUsedUp)?,
            source_client: client,
            destination_client: counterparty.clone(),
            timeout_timestamp: timeout,
            payloads: vec![payload],
        };
        let view = SendView {
            now,
            client_active: light_client.status(now) == Status::Active,
            client_latest: light_client.latest_timestamp(),
            counterparty: Some(&counterparty),
            last_sequence: last,
            payload_rule: PayloadRule::One,
        };
        check_send(&packet, &view)?;
        let packet = ScalePacket::try_from(&packet).map_err(|_| Error::MalformedPayload)?;
        Sequences::<T>::insert(key, sequence);
        let path = raw_path(&packet.source_client, PathKind::Commitment, sequence);
        Commitments::<T>::insert(keccak_256(&path), packet.commitment());
        Self::deposit_event(Event::PacketSent { packet });
        Ok(sequence)
    }

    /// The last sequence that a client has sent, 0 before the first.
    pub fn last_sequence(client: &ClientId) -> u64 {
        Sequences::<T>::get(keccak_256(client.as_str().as_bytes()))
    }

    /// Does all messages and says what the call weighed; `base` is its weight without callbacks.
    pub(crate) fn settle_all(
        relayer: &T::AccountId,
        messages: Vec<RelayMessage>,
        callback_weight: Weight,
        base: Weight,
    ) -> DispatchResultWithPostInfo {
        let mut weight_left = callback_weight;
        let result = Self::do_relay(relayer, messages, &mut weight_left);
        // Callbacks that ran are charged, also where a later message undoes them.
        let used = callback_weight.saturating_sub(weight_left);
        let post_info = PostDispatchInfo { actual_weight: Some(base.saturating_add(used)), ..Default::default() };
        match result {
            Ok(_) => Ok(post_info),
            Err(error) => Err(DispatchErrorWithPostInfo { post_info, error: error.into() }),
        }
    }

    /// Does messages in order, up to one that freezes its client, and answers with an outcome for
    /// each packet of each. Takes from `weight_left` what callbacks use. The caller undoes
    /// everything where this answers with an error.
    pub(crate) fn do_relay(
        relayer: &T::AccountId,
        messages: Vec<RelayMessage>,
        weight_left: &mut Weight,
    ) -> Result<Vec<Vec<Outcome>>, Error<T>> {
        ensure!(!Settling::<T>::get(), Error::Reentrant);
        let layers = unhashed::get_or_default::<u32>(TRANSACTION_LEVEL_KEY);
        ensure!(layers <= MAX_LAYERS, Error::TooDeeplyNested);
        ensure!(!messages.is_empty(), Error::EmptyBatch);
        Settling::<T>::put(true);
        let mut done = Vec::with_capacity(messages.len());
        for message in messages {
            let (outcomes, go_on) = Self::do_message(relayer, message, weight_left)?;
            done.push(outcomes);
            if !go_on {
                break;
            }
        }
        Settling::<T>::kill();
        Ok(done)
    }

    fn do_message(
        relayer: &T::AccountId,
        message: RelayMessage,
        weight_left: &mut Weight,
    ) -> Result<(Vec<Outcome>, bool), Error<T>> {
        let outcomes = match message {
            RelayMessage::UpdateClient { client, message } => {
                let result = Self::do_update_client(&client, &message)?;
                return Ok((Vec::new(), result != UpdateResult::Misbehaviour));
            }
            RelayMessage::Misbehaviour { client, evidence } => {
                Self::do_submit_misbehaviour(&client, &evidence)?;
                Vec::new()
            }
            RelayMessage::Receive { packets, proof, height } => {
                ensure!(!Paused::<T>::get(), Error::HostPaused);
                let claims = packets.iter().map(|p| Claim::Present(p.commitment().into())).collect();
                let proven = Self::prove(&packets, Side::Received, claims, &proof, height)?;
                let mut settlement = proven.settlement::<T>(relayer, weight_left);
                packets.iter().map(|p| settlement.receive(p)).collect()
            }
            RelayMessage::Acknowledge { packets, acknowledgements, proof, height } => {
                let claim = |list| Claim::Present(commit_acknowledgements(list).into());
                let claims = acknowledgements.iter().map(|list: &ScaleAcknowledgements| claim(list)).collect();
                let proven = Self::prove(&packets, Side::Acknowledged, claims, &proof, height)?;
                let mut settlement = proven.settlement::<T>(relayer, weight_left);
                packets.iter().zip(&acknowledgements).map(|(p, a)| settlement.acknowledge(p, a)).collect()
            }
            RelayMessage::Timeout { packets, proof, height } => {
                let claims = vec![Claim::Absent; packets.len()];
                let proven = Self::prove(&packets, Side::TimedOut, claims, &proof, height)?;
                let time = proven.time;
                let mut settlement = proven.settlement::<T>(relayer, weight_left);
                packets.iter().map(|p| settlement.time_out(p, time)).collect()
            }
        };
        Ok((outcomes, true))
    }

    /// Verifies one proof over all packets of a batch, which are of one client: a claim for each.
    fn prove(
        packets: &[ScalePacket],
        side: Side,
        claims: Vec<Claim>,
        proof: &[u8],
        height: u64,
    ) -> Result<Proven, Error<T>> {
        let first = packets.first().ok_or(Error::EmptyBatch)?;
        let id = side.here(first).clone();
        ensure!(packets.iter().all(|p| *side.here(p) == id), Error::MixedBatch);
        ensure!(packets.len() == claims.len(), Error::LengthMismatch);
        let record: ClientRecord = Self::record(&id)?;
        let (counterparty, prefix) = record.bound::<T>()?;
        let with_path = |(p, claim): (&ScalePacket, Claim)| {
            let mut path = prefix.to_vec();
            path.extend(raw_path(side.there(p), side.kind(), p.sequence));
            (path, claim)
        };
        let claims: Vec<_> = packets.iter().zip(claims).map(with_path).collect();
        let stored = record.consensus_hash::<T>(lupu_standard::Height(height));
        let time = record.open::<T>()?.verify(stored, height, &claims, proof, Self::now())?;
        Ok(Proven { id, counterparty, time })
    }

    /// What `relay` would do now, without doing it: an outcome for each packet of each message and
    /// the weight that callbacks used; or the name of the error, and of the check behind it.
    #[allow(clippy::type_complexity, reason = "the shape of the runtime API")]
    pub fn simulate(
        who: T::AccountId,
        messages: Vec<RelayMessage>,
        callback_weight: Weight,
    ) -> Result<(Vec<Vec<u8>>, Weight), Vec<u8>> {
        use sp_runtime::{DispatchError, TransactionOutcome};
        let mut weight_left = callback_weight;
        let done = frame_support::storage::with_transaction(|| {
            TransactionOutcome::Rollback(Ok::<_, DispatchError>(Self::do_relay(&who, messages, &mut weight_left)))
        });
        let done = done.map_err(|_| b"TooDeeplyNested".to_vec())?;
        let done = done.map_err(|e| e.describe().into_bytes())?;
        let outcomes = done.iter().map(|batch| batch.iter().map(|o| *o as u8).collect()).collect();
        Ok((outcomes, callback_weight.saturating_sub(weight_left)))
    }
}

impl Proven {
    fn settlement<'a, T: Config>(self, relayer: &'a T::AccountId, weight_left: &'a mut Weight) -> Settlement<'a, T> {
        Settlement { client: self.id, counterparty: self.counterparty, relayer, weight_left }
    }
}

impl<T: Config> Error<T> {
    /// The error's name; for a refusal of the light client also the check's.
    pub fn describe(self) -> alloc::string::String {
        let check = if let Self::ClientRejected(check) = &self { Some(check.name()) } else { None };
        let name: &'static str = self.into();
        check.map_or_else(|| name.into(), |check| alloc::format!("{name}: {check}"))
    }
}

impl<T: Config> From<SendError> for Error<T> {
    fn from(e: SendError) -> Self {
        match e {
            SendError::Payloads(PayloadsError::TooLarge { .. }) => Self::PayloadTooLarge,
            SendError::Payloads(_) => Self::MalformedPayload,
            SendError::NotOurs(_) => Self::NotBound,
            SendError::TimeoutElapsed { .. } => Self::TimeoutElapsed,
            SendError::TimeoutTooFar { .. } => Self::TimeoutTooFar,
            SendError::ClientNotActive => Self::ClientNotActive,
            SendError::TimeoutBeforeClient { .. } => Self::TimeoutBeforeClient,
            SendError::Sequence { .. } => Self::SequencesUsedUp,
        }
    }
}

/// Which end of its packets a batch is about.
#[derive(Clone, Copy)]
enum Side {
    Received,
    Acknowledged,
    TimedOut,
}

impl Side {
    /// The packet's client on this chain.
    fn here(self, packet: &ScalePacket) -> &IdentifierBytes {
        match self {
            Self::Received => &packet.dest_client,
            Self::Acknowledged | Self::TimedOut => &packet.source_client,
        }
    }

    /// The packet's client on the other chain.
    fn there(self, packet: &ScalePacket) -> &IdentifierBytes {
        match self {
            Self::Received => &packet.source_client,
            Self::Acknowledged | Self::TimedOut => &packet.dest_client,
        }
    }

    /// What is proven on the other chain.
    fn kind(self) -> PathKind {
        match self {
            Self::Received => PathKind::Commitment,
            Self::Acknowledged => PathKind::Acknowledgement,
            Self::TimedOut => PathKind::Receipt,
        }
    }
}

/// Bytes of the payload fields of a packet.
pub(crate) fn packet_len(packet: &ScalePacket) -> u32 {
    let one =
        |p: &ScalePayload| p.source_port.len() + p.dest_port.len() + p.version.len() + p.encoding.len() + p.value.len();
    packet.payloads.iter().map(one).fold(0u32, |n, m| n.saturating_add(m as u32))
}
