//! What the application does with packets: sends calls, makes calls, tells what became of them.

use crate::{
    Config, Error, Event, MAX_AROUND_CALL, MAX_DEPTH, MAX_MEMO, MAX_RECEIVER, Pallet, RECEIVER, WeightInfoOf, account,
    filter, weights::WeightInfo,
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use alloy_primitives::Bytes;
use codec::DecodeLimit;
use core::marker::PhantomData;
use frame_support::{
    dispatch::GetDispatchInfo,
    ensure,
    storage::with_storage_layer,
    traits::{Get, OriginTrait},
    weights::Weight,
};
use frame_system::RawOrigin;
use lupu_standard::{
    ClientId, Encoding, Packet, Payload, PortId, TimestampSecs,
    ack::UNIVERSAL_ERROR,
    ics27::{GmpAcknowledgement, GmpPacketData, PORT, VERSION},
};
use pallet_lupu_ibc::IbcApp;
use sp_runtime::{DispatchError, DispatchResult, traits::Dispatchable};

/// A message as a user asks for it; the texts are UTF-8.
pub(crate) struct Message<'a> {
    pub client: &'a [u8],
    pub receiver: Vec<u8>,
    pub salt: Vec<u8>,
    pub payload: Vec<u8>,
    pub memo: Vec<u8>,
    pub timeout: u64,
}

impl<T: Config> Pallet<T> {
    /// The account that acts on this chain for `sender` on the chain of `client`, whether it was ever used or not.
    pub fn account(client: &[u8], sender: &[u8], salt: &[u8]) -> T::AccountId {
        account::derive(client, sender, salt).into()
    }

    /// Sends a message. Answers with the packet's sequence.
    pub(crate) fn send(sender: &T::AccountId, message: Message<'_>) -> Result<u64, DispatchError> {
        ensure!((1..=MAX_RECEIVER).contains(&message.receiver.len()), Error::<T>::InvalidReceiver);
        ensure!(message.memo.len() <= MAX_MEMO, Error::<T>::InvalidMemo);
        let client = core::str::from_utf8(message.client).ok().and_then(|text| ClientId::new(text).ok());
        let client = client.ok_or(Error::<T>::InvalidClient)?;
        let port = PortId::new(PORT).map_err(|_| Error::<T>::WrongPort)?;
        let data = GmpPacketData {
            sender: account::to_text(&sender.clone().into()),
            receiver: String::from_utf8(message.receiver).map_err(|_| Error::<T>::InvalidReceiver)?,
            salt: message.salt.into(),
            payload: message.payload.into(),
            memo: String::from_utf8(message.memo).map_err(|_| Error::<T>::InvalidMemo)?,
        };
        let payload = Payload {
            source_port: port.clone(),
            destination_port: port,
            version: VERSION.to_owned(),
            encoding: Encoding::SolidityAbi.media_type().to_owned(),
            value: data.encode(Encoding::SolidityAbi).into(),
        };
        let sequence = pallet_lupu_ibc::Pallet::<T>::send_packet(client, TimestampSecs(message.timeout), payload)?;
        Self::deposit_event(Event::CallSent {
            client: message.client.to_vec(),
            sequence,
            sender: sender.clone(),
            receiver: data.receiver.into_bytes(),
            payload: data.payload.to_vec(),
        });
        Ok(sequence)
    }

    /// Makes the call of a message, all of it or nothing. Answers with its result: no bytes.
    fn receive(packet: &Packet, payload: &Payload) -> Result<Bytes, DispatchError> {
        check_payload::<T>(payload)?;
        let longest = MAX_AROUND_CALL.saturating_add(T::MaxCallLength::get() as usize);
        ensure!(payload.value.len() <= longest, Error::<T>::PayloadTooLong);
        let data = decode::<T>(payload)?;
        ensure!(data.receiver.is_empty() || data.receiver == RECEIVER, Error::<T>::InvalidReceiver);
        ensure!(data.memo.len() <= MAX_MEMO, Error::<T>::InvalidMemo);
        let call = decode_call::<T>(&data.payload)?;
        filter::check::<T>(&call)?;
        ensure!(call.get_dispatch_info().call_weight.all_lte(T::MaxCallWeight::get()), Error::<T>::CallTooHeavy);

        let client = packet.destination_client.as_str().as_bytes();
        let account = Self::account(client, data.sender.as_bytes(), &data.salt);
        let mut origin = T::RuntimeOrigin::from(RawOrigin::Signed(account.clone()));
        origin.add_filter(filter::permitted::<T>);
        with_storage_layer(|| call.dispatch(origin).map_err(|failed| failed.error))?;
        let result = Bytes::new();
        Self::deposit_event(Event::CallExecuted {
            client: client.to_vec(),
            sequence: packet.sequence.get(),
            sender: data.sender.into_bytes(),
            account,
            result: result.to_vec(),
        });
        Ok(result)
    }

    /// Who sent a packet of ours; the value is what [`Self::send`] wrote.
    fn sender(payload: &Payload) -> Result<T::AccountId, Error<T>> {
        let data = decode::<T>(payload)?;
        account::from_text(&data.sender).map(Into::into).ok_or(Error::MalformedPayload)
    }
}

/// `transaction_version u32 LE ‖ SCALE RuntimeCall`, nothing after.
fn decode_call<T: Config>(bytes: &[u8]) -> Result<T::RuntimeCall, Error<T>> {
    let (version, mut call) = bytes.split_first_chunk::<4>().ok_or(Error::MalformedCall)?;
    let own = <T as frame_system::Config>::Version::get().transaction_version;
    ensure!(u32::from_le_bytes(*version) == own, Error::<T>::WrongTransactionVersion);
    ensure!(call.len() <= T::MaxCallLength::get() as usize, Error::<T>::CallTooLong);
    T::RuntimeCall::decode_all_with_depth_limit(MAX_DEPTH, &mut call).map_err(|_| Error::MalformedCall)
}

/// The application at port `gmpport`, as the runtime hands it to the host.
pub struct GmpApp<T>(PhantomData<T>);

impl<T> Default for GmpApp<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Config> IbcApp<T::AccountId> for GmpApp<T> {
    fn callback_weight(&self) -> Weight {
        WeightInfoOf::<T>::receive().saturating_add(T::MaxCallWeight::get()).max(WeightInfoOf::<T>::settle())
    }

    fn on_recv(&self, packet: &Packet, payload: &Payload, _: &T::AccountId) -> Result<Vec<u8>, DispatchError> {
        let result = Pallet::<T>::receive(packet, payload)?;
        Ok(GmpAcknowledgement { result }.encode(Encoding::SolidityAbi))
    }

    fn on_acknowledge(&self, packet: &Packet, payload: &Payload, ack: &[u8], _: &T::AccountId) -> DispatchResult {
        let success = ack != UNIVERSAL_ERROR.as_slice();
        let result = if success {
            let ack = GmpAcknowledgement::decode(Encoding::SolidityAbi, ack);
            ack.map_err(|_| Error::<T>::UnexpectedAcknowledgement)?.result.to_vec()
        } else {
            Vec::new()
        };
        Pallet::<T>::deposit_event(Event::CallAcknowledged {
            client: packet.source_client.as_str().as_bytes().to_vec(),
            sequence: packet.sequence.get(),
            sender: Pallet::<T>::sender(payload)?,
            success,
            result,
        });
        Ok(())
    }

    fn on_timeout(&self, packet: &Packet, payload: &Payload, _: &T::AccountId) -> DispatchResult {
        Pallet::<T>::deposit_event(Event::CallTimedOut {
            client: packet.source_client.as_str().as_bytes().to_vec(),
            sequence: packet.sequence.get(),
            sender: Pallet::<T>::sender(payload)?,
        });
        Ok(())
    }
}

/// A payload counts only between the ports of this name, in this version and encoding.
fn check_payload<T: Config>(payload: &Payload) -> Result<(), Error<T>> {
    ensure!(payload.source_port.as_str() == PORT && payload.destination_port.as_str() == PORT, Error::<T>::WrongPort);
    ensure!(payload.version == VERSION, Error::<T>::WrongVersion);
    ensure!(payload.encoding == Encoding::SolidityAbi.media_type(), Error::<T>::WrongEncoding);
    Ok(())
}

fn decode<T: Config>(payload: &Payload) -> Result<GmpPacketData, Error<T>> {
    GmpPacketData::decode(Encoding::SolidityAbi, &payload.value).map_err(|_| Error::MalformedPayload)
}
