//! What becomes of one packet once its proof holds. The order of the checks is that of
//! `lupu_standard::rules`, then the port, then the weight.

use crate::{
    Commitments, Config, Error, Event, IbcApps, Outcome, Pallet, ScalePacket,
    pallet::App,
    wire::{IdentifierBytes, ScaleAcknowledgements, raw_path},
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, Bytes};
use frame_support::{ensure, storage::with_storage_layer, weights::Weight};
use lupu_standard::{
    Acknowledgement, ClientId, Packet, PathKind, Payload, TimestampSecs,
    ack::UNIVERSAL_ERROR,
    evm::packet_receipt,
    rules::{
        AcknowledgeOutcome, PayloadRule, ReceiveOutcome, ReceiveView, SettleView, TimeoutOutcome, check_acknowledge,
        check_receive, check_timeout,
    },
};
use sp_io::hashing::keccak_256;
use sp_runtime::{DispatchError, DispatchResult};

/// Most bytes of an application's acknowledgement.
const MAX_APP_ACKNOWLEDGEMENT: usize = 4_096;

/// The packets of one batch, and what they are measured against.
pub(crate) struct Settlement<'a, T: Config> {
    /// The client here.
    pub client: IdentifierBytes,
    /// The client there.
    pub counterparty: ClientId,
    /// Who brought them.
    pub relayer: &'a T::AccountId,
    /// What callbacks may still use.
    pub weight_left: &'a mut Weight,
}

fn key(client: &[u8], kind: PathKind, sequence: u64) -> [u8; 32] {
    keccak_256(&raw_path(client, kind, sequence))
}

impl<T: Config> Settlement<'_, T> {
    /// Receives a packet whose commitment is proven.
    pub fn receive(&mut self, wire: &ScalePacket) -> Outcome {
        let outcome = self.try_receive(wire).unwrap_or_else(|refused| refused);
        self.report(wire, outcome)
    }

    /// Acknowledges a packet; the commitment of these acknowledgements is proven.
    pub fn acknowledge(&mut self, wire: &ScalePacket, acknowledgements: &ScaleAcknowledgements) -> Outcome {
        let outcome = self.try_acknowledge(wire, acknowledgements).unwrap_or_else(|refused| refused);
        self.report(wire, outcome)
    }

    /// Times a packet out; at `proof_time` it had no receipt.
    pub fn time_out(&mut self, wire: &ScalePacket, proof_time: TimestampSecs) -> Outcome {
        let outcome = self.try_time_out(wire, proof_time).unwrap_or_else(|refused| refused);
        self.report(wire, outcome)
    }

    fn report(&self, wire: &ScalePacket, outcome: Outcome) -> Outcome {
        if !outcome.settled() {
            Pallet::<T>::deposit_event(Event::PacketOutcome {
                client: self.client.clone(),
                sequence: wire.sequence,
                outcome: outcome as u8,
            });
        }
        outcome
    }

    fn try_receive(&mut self, wire: &ScalePacket) -> Result<Outcome, Outcome> {
        let packet = self.open(wire, &wire.source_client)?;
        let receipt_key = key(&wire.dest_client, PathKind::Receipt, wire.sequence);
        let view = ReceiveView {
            counterparty: Some(&self.counterparty),
            block_time: Pallet::<T>::now(),
            receipt: Commitments::<T>::contains_key(receipt_key),
            payload_rule: PayloadRule::One,
        };
        match check_receive(&packet, &view) {
            ReceiveOutcome::Receive => {}
            ReceiveOutcome::Duplicate => return Err(Outcome::Duplicate),
            ReceiveOutcome::Expired => return Err(Outcome::Expired),
            ReceiveOutcome::NotOurs(_) => return Err(Outcome::NotOurs),
            ReceiveOutcome::Malformed(_) => return Err(Outcome::Malformed),
        }
        let payload = packet.payloads.first().ok_or(Outcome::Malformed)?;
        let app = self.app(payload.destination_port.as_str())?;

        Commitments::<T>::insert(receipt_key, packet_receipt(&packet).0);
        let answer = with_storage_layer(|| {
            let answer = app.on_recv(&packet, payload, self.relayer)?;
            ensure!(acceptable(&answer), Error::<T>::InvalidAcknowledgement);
            Ok(answer)
        });
        let acknowledgement = answer.unwrap_or_else(|error: DispatchError| {
            Pallet::<T>::deposit_event(Event::ReceiveFailed {
                client: self.client.clone(),
                sequence: wire.sequence,
                error,
            });
            UNIVERSAL_ERROR.to_vec()
        });
        let acknowledgements = vec![acknowledgement];
        let commitment = crate::wire::commit_acknowledgements(&acknowledgements);
        Commitments::<T>::insert(key(&wire.dest_client, PathKind::Acknowledgement, wire.sequence), commitment);
        Pallet::<T>::deposit_event(Event::PacketReceived { packet: wire.clone(), acknowledgements });
        Ok(Outcome::Received)
    }

    fn try_acknowledge(&mut self, wire: &ScalePacket, acks: &ScaleAcknowledgements) -> Result<Outcome, Outcome> {
        let packet = self.open(wire, &wire.dest_client)?;
        let acks: Vec<Bytes> = acks.iter().map(|a| a.to_vec().into()).collect();
        let acks = Acknowledgement(acks);
        let (commitment_key, view) = self.stored(wire);
        match check_acknowledge(&packet, &acks, &view) {
            AcknowledgeOutcome::Acknowledge(_) => {}
            AcknowledgeOutcome::Duplicate => return Err(Outcome::Duplicate),
            AcknowledgeOutcome::NotOurs(_) => return Err(Outcome::NotOurs),
            AcknowledgeOutcome::Malformed(_) | AcknowledgeOutcome::BadAcknowledgement(_) => {
                return Err(Outcome::Malformed);
            }
        }
        let payload = packet.payloads.first().ok_or(Outcome::Malformed)?;
        let answer = acks.0.first().ok_or(Outcome::Malformed)?;
        let app = self.app(payload.source_port.as_str())?;
        self.finish(commitment_key, || app.on_acknowledge(&packet, payload, answer, self.relayer))?;
        let acknowledgements = acks.0.iter().map(|a| a.to_vec()).collect();
        Pallet::<T>::deposit_event(Event::PacketAcknowledged { packet: wire.clone(), acknowledgements });
        Ok(Outcome::Acknowledged)
    }

    fn try_time_out(&mut self, wire: &ScalePacket, proof_time: TimestampSecs) -> Result<Outcome, Outcome> {
        let packet = self.open(wire, &wire.dest_client)?;
        let (commitment_key, view) = self.stored(wire);
        match check_timeout(&packet, proof_time, &view) {
            TimeoutOutcome::TimeOut => {}
            TimeoutOutcome::Duplicate => return Err(Outcome::Duplicate),
            TimeoutOutcome::NotExpired => return Err(Outcome::NotExpired),
            TimeoutOutcome::NotOurs(_) => return Err(Outcome::NotOurs),
            TimeoutOutcome::Malformed(_) => return Err(Outcome::Malformed),
        }
        let payload: &Payload = packet.payloads.first().ok_or(Outcome::Malformed)?;
        let app = self.app(payload.source_port.as_str())?;
        self.finish(commitment_key, || app.on_timeout(&packet, payload, self.relayer))?;
        Pallet::<T>::deposit_event(Event::PacketTimedOut { packet: wire.clone() });
        Ok(Outcome::TimedOut)
    }

    /// The packet with its identifiers checked. `other` is its client on the other chain, which
    /// the rules ask for before its form.
    fn open(&self, wire: &ScalePacket, other: &[u8]) -> Result<Packet, Outcome> {
        Packet::try_from(wire).map_err(|_| {
            if other == self.counterparty.as_str().as_bytes() { Outcome::Malformed } else { Outcome::NotOurs }
        })
    }

    /// The key of a sent packet's commitment, and what is there.
    fn stored(&self, wire: &ScalePacket) -> ([u8; 32], SettleView<'_>) {
        let key = key(&wire.source_client, PathKind::Commitment, wire.sequence);
        let view = SettleView {
            counterparty: Some(&self.counterparty),
            commitment: Commitments::<T>::get(key).map(B256::new),
            payload_rule: PayloadRule::One,
        };
        (key, view)
    }

    /// The application at a port, its callback's weight taken from what is left.
    fn app(&mut self, port: &str) -> Result<App<T>, Outcome> {
        let app = T::Apps::app(port.as_bytes()).ok_or(Outcome::UnknownPort)?;
        *self.weight_left = self.weight_left.checked_sub(&app.callback_weight()).ok_or(Outcome::InsufficientGas)?;
        Ok(app)
    }

    /// Deletes the commitment and calls the application; undoes both if that fails.
    fn finish(&self, commitment: [u8; 32], callback: impl FnOnce() -> DispatchResult) -> Result<(), Outcome> {
        with_storage_layer(|| {
            Commitments::<T>::remove(commitment);
            callback()
        })
        .map_err(|_| Outcome::AppFailed)
    }
}

/// Whether an application may answer so: 1 to 4,096 bytes that are not the universal error.
fn acceptable(answer: &[u8]) -> bool {
    !answer.is_empty() && answer.len() <= MAX_APP_ACKNOWLEDGEMENT && answer != UNIVERSAL_ERROR.as_slice()
}
