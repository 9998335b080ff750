//! What the application does with packets: sends them, takes them, gives back what did not arrive.

use crate::{
    Config, Error, Event, MAX_DENOM, MAX_MEMO, MAX_RECEIVER, MAX_VALUE, Pallet, Token, WeightInfoOf, account,
    weights::WeightInfo,
};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};
use core::marker::PhantomData;
use frame_support::{ensure, weights::Weight};
use lupu_standard::{
    ClientId, Denom, Encoding, Packet, Payload, PortId, TimestampSecs,
    ack::UNIVERSAL_ERROR,
    denom::{Hop, Received},
    ics20::{FungibleTokenPacketData, PORT, SUCCESS_ACKNOWLEDGEMENT, VERSION},
};
use pallet_lupu_ibc::IbcApp;
use sp_runtime::{DispatchError, DispatchResult};

/// A transfer as a user asks for it; the texts are UTF-8.
pub(crate) struct Order<'a> {
    pub client: &'a [u8],
    pub denom: &'a [u8],
    pub amount: u128,
    pub receiver: &'a [u8],
    pub timeout: u64,
    pub memo: &'a [u8],
}

impl<T: Config> Pallet<T> {
    /// Escrows or burns, and sends the packet. Answers with its sequence.
    pub(crate) fn send(sender: &T::AccountId, order: Order<'_>) -> Result<u64, DispatchError> {
        ensure!(order.amount != 0, Error::<T>::ZeroAmount);
        ensure!((1..=MAX_RECEIVER).contains(&order.receiver.len()), Error::<T>::InvalidReceiver);
        ensure!(order.memo.len() <= MAX_MEMO, Error::<T>::InvalidMemo);
        let receiver = text::<T>(order.receiver, Error::InvalidReceiver)?;
        let memo = text::<T>(order.memo, Error::InvalidMemo)?;
        let client =
            ClientId::new(text::<T>(order.client, Error::InvalidClient)?).map_err(|_| Error::<T>::InvalidClient)?;
        let denom = parse_denom::<T>(&text::<T>(order.denom, Error::InvalidDenomination)?)?;
        let token = Self::resolve(&denom)?;

        let port = port::<T>()?;
        let burned = denom.is_returning(&port, &client);
        match token {
            Token::Asset(id) if burned => Self::burn(id, sender, order.amount)?,
            _ => Self::escrow(&client, token, sender, order.amount)?,
        }
        let data = FungibleTokenPacketData {
            denom: denom.to_string(),
            sender: account::to_text(&sender.clone().into()),
            receiver,
            amount: alloy_primitives::U256::from(order.amount),
            memo,
        };
        let payload = Payload {
            source_port: port.clone(),
            destination_port: port,
            version: VERSION.to_owned(),
            encoding: Encoding::SolidityAbi.media_type().to_owned(),
            value: data.encode(Encoding::SolidityAbi).into(),
        };
        let sequence = pallet_lupu_ibc::Pallet::<T>::send_packet(client, TimestampSecs(order.timeout), payload)?;
        Self::deposit_event(Event::TransferSent {
            client: order.client.to_vec(),
            sequence,
            denom: data.denom.into_bytes(),
            token,
            burned,
            amount: order.amount,
            sender: sender.clone(),
            receiver: data.receiver.into_bytes(),
        });
        Ok(sequence)
    }

    /// Releases a token that comes home, or mints the voucher of a foreign one.
    fn receive(packet: &Packet, payload: &Payload) -> DispatchResult {
        check_payload::<T>(payload)?;
        let data = decode::<T>(payload)?;
        ensure!(data.memo.len() <= MAX_MEMO, Error::<T>::InvalidMemo);
        let receiver = account::from_text(&data.receiver).ok_or(Error::<T>::InvalidReceiver)?;
        ensure!(receiver != [0; 32] && !Self::is_own_account(&receiver), Error::<T>::InvalidReceiver);
        let to = T::AccountId::from(receiver);
        let amount = u128::try_from(data.amount).map_err(|_| Error::<T>::AmountTooLarge)?;

        let source = Hop { port: payload.source_port.clone(), client: packet.source_client.clone() };
        let here = Hop { port: payload.destination_port.clone(), client: packet.destination_client.clone() };
        let (denom, token, minted) = match parse_denom::<T>(&data.denom)?.receive(&source, here) {
            Received::Returned(denom) => {
                let token = Self::resolve(&denom)?;
                Self::release(&packet.destination_client, token, &to, amount)?;
                (denom, token, false)
            }
            Received::Voucher(denom) => {
                let id = Self::voucher_for(&denom)?;
                Self::mint(id, &to, amount)?;
                (denom, Token::Asset(id), true)
            }
        };
        Self::deposit_event(Event::TransferReceived {
            client: packet.destination_client.as_str().as_bytes().to_vec(),
            sequence: packet.sequence.get(),
            denom: denom.to_string().into_bytes(),
            token,
            minted,
            amount,
            sender: data.sender.into_bytes(),
            receiver: to,
        });
        Ok(())
    }

    /// Gives back what a packet of ours took; the value is what [`Self::send`] wrote.
    fn refund(packet: &Packet, payload: &Payload) -> DispatchResult {
        let data = decode::<T>(payload)?;
        let sender = account::from_text(&data.sender).ok_or(Error::<T>::MalformedPayload)?;
        let to = T::AccountId::from(sender);
        let amount = u128::try_from(data.amount).map_err(|_| Error::<T>::AmountTooLarge)?;
        let denom = parse_denom::<T>(&data.denom)?;
        let token = Self::resolve(&denom)?;
        let minted = denom.is_returning(&payload.source_port, &packet.source_client);
        match token {
            Token::Asset(id) if minted => Self::mint(id, &to, amount)?,
            _ => Self::release(&packet.source_client, token, &to, amount)?,
        }
        Self::deposit_event(Event::TransferRefunded {
            client: packet.source_client.as_str().as_bytes().to_vec(),
            sequence: packet.sequence.get(),
            denom: data.denom.into_bytes(),
            token,
            minted,
            amount,
            sender: to,
        });
        Ok(())
    }
}

/// The application at port `transfer`, as the runtime hands it to the host.
pub struct TransferApp<T>(PhantomData<T>);

impl<T> Default for TransferApp<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Config> IbcApp<T::AccountId> for TransferApp<T> {
    fn callback_weight(&self) -> Weight {
        WeightInfoOf::<T>::receive().max(WeightInfoOf::<T>::refund())
    }

    fn on_recv(&self, packet: &Packet, payload: &Payload, _: &T::AccountId) -> Result<Vec<u8>, DispatchError> {
        Pallet::<T>::receive(packet, payload)?;
        Ok(SUCCESS_ACKNOWLEDGEMENT.to_vec())
    }

    fn on_acknowledge(&self, packet: &Packet, payload: &Payload, ack: &[u8], _: &T::AccountId) -> DispatchResult {
        if ack == SUCCESS_ACKNOWLEDGEMENT {
            return Ok(());
        }
        ensure!(ack == UNIVERSAL_ERROR.as_slice(), Error::<T>::UnexpectedAcknowledgement);
        Pallet::<T>::refund(packet, payload)
    }

    fn on_timeout(&self, packet: &Packet, payload: &Payload, _: &T::AccountId) -> DispatchResult {
        Pallet::<T>::refund(packet, payload)
    }
}

/// A payload counts only between the ports of this name, in this version and encoding.
fn check_payload<T: Config>(payload: &Payload) -> Result<(), Error<T>> {
    ensure!(payload.source_port.as_str() == PORT && payload.destination_port.as_str() == PORT, Error::<T>::WrongPort);
    ensure!(payload.version == VERSION, Error::<T>::WrongVersion);
    ensure!(payload.encoding == Encoding::SolidityAbi.media_type(), Error::<T>::WrongEncoding);
    Ok(())
}

/// The length is bounded before anything is decoded.
fn decode<T: Config>(payload: &Payload) -> Result<FungibleTokenPacketData, Error<T>> {
    ensure!(payload.value.len() <= MAX_VALUE, Error::<T>::PayloadTooLong);
    FungibleTokenPacketData::decode(Encoding::SolidityAbi, &payload.value).map_err(|_| Error::MalformedPayload)
}

/// The length is bounded before anything is taken apart.
fn parse_denom<T: Config>(text: &str) -> Result<Denom, Error<T>> {
    ensure!(text.len() <= MAX_DENOM, Error::<T>::TraceTooLong);
    text.parse().map_err(|_| Error::InvalidDenomination)
}

fn text<T: Config>(bytes: &[u8], error: Error<T>) -> Result<String, Error<T>> {
    core::str::from_utf8(bytes).map(ToOwned::to_owned).map_err(|_| error)
}

fn port<T: Config>() -> Result<PortId, Error<T>> {
    PortId::new(PORT).map_err(|_| Error::WrongPort)
}
