//! Several chains, packets between them, and what all chains together know of conservation.
//!
//! Packets are settled as the host settles them, proofs left out: a callback that fails is undone,
//! and a failed receipt is the universal error.

use crate::{Escrowed, Pallet, Supply, Traces, TransferApp, mock::*};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use frame_support::storage::with_storage_layer;
use lupu_standard::{
    Denom, Encoding, Packet, Payload,
    ack::UNIVERSAL_ERROR,
    denom::Hop,
    ics20::{FungibleTokenPacketData, PORT},
};
use pallet_lupu_ibc::IbcApp;
use sp_io::TestExternalities;
use sp_runtime::{AccountId32, DispatchError, DispatchResult};

pub const NAMES: [&str; 3] = ["AA", "BB", "CC"];

/// How far a packet has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Sent,
    Received(Vec<u8>),
    Settled,
}

pub struct Network {
    chains: Vec<TestExternalities>,
    pub packets: Vec<(Packet, Stage)>,
}

pub fn client(here: usize, there: usize) -> String {
    format!("{}.{}", NAMES[here], NAMES[there])
}

pub fn decode(packet: &Packet) -> FungibleTokenPacketData {
    FungibleTokenPacketData::decode(Encoding::SolidityAbi, &payload(packet).value).unwrap()
}

pub fn payload(packet: &Packet) -> &Payload {
    &packet.payloads[0]
}

/// The chain that a client is on.
fn place(client: &lupu_standard::ClientId) -> usize {
    NAMES.iter().position(|name| client.as_str().starts_with(name)).unwrap()
}

impl Network {
    pub fn new() -> Self {
        let chains = (0..3).map(|here| {
            let pairs: Vec<_> =
                (0..3).filter(|there| *there != here).map(|t| (client(here, t), client(t, here))).collect();
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            chain(&pairs)
        });
        Self { chains: chains.collect(), packets: Vec::new() }
    }

    pub fn on<R>(&mut self, chain: usize, what: impl FnOnce() -> R) -> R {
        self.chains[chain].execute_with(what)
    }

    /// A transfer as an extrinsic: all of it or nothing. The packet waits in `packets`.
    pub fn send(
        &mut self,
        from: usize,
        to: usize,
        who: AccountId32,
        denom: &str,
        amount: u128,
        receiver: &AccountId32,
    ) -> Result<usize, DispatchError> {
        let receiver = text(receiver);
        let packet = self.on(from, || {
            System::reset_events();
            with_storage_layer(|| {
                IbcTransfer::transfer(
                    RuntimeOrigin::signed(who),
                    client(from, to).into(),
                    denom.into(),
                    amount,
                    receiver.into(),
                    TIMEOUT,
                    b"memo".to_vec(),
                )
            })?;
            let sent = System::events().into_iter().find_map(|r| match r.event {
                RuntimeEvent::Ibc(pallet_lupu_ibc::Event::PacketSent { packet }) => Some(packet),
                _ => None,
            });
            Ok::<_, DispatchError>(Packet::try_from(&sent.unwrap()).unwrap())
        })?;
        self.packets.push((packet, Stage::Sent));
        Ok(self.packets.len() - 1)
    }

    /// Delivers a packet; answers with what the application said.
    pub fn receive(&mut self, packet: usize) -> DispatchResult {
        let (packet, stage) = &mut self.packets[packet];
        assert_eq!(*stage, Stage::Sent);
        let answer = self.chains[place(&packet.destination_client)].execute_with(|| deliver(packet));
        *stage = Stage::Received(answer.clone().unwrap_or(UNIVERSAL_ERROR.to_vec()));
        answer.map(|_| ())
    }

    /// Brings the acknowledgement back.
    pub fn acknowledge(&mut self, packet: usize) -> DispatchResult {
        let (packet, stage) = &mut self.packets[packet];
        let Stage::Received(ack) = stage.clone() else { panic!("not received") };
        self.chains[place(&packet.source_client)]
            .execute_with(|| with_storage_layer(|| app().on_acknowledge(packet, payload(packet), &ack, &BOB)))?;
        *stage = Stage::Settled;
        Ok(())
    }

    pub fn time_out(&mut self, packet: usize) -> DispatchResult {
        let (packet, stage) = &mut self.packets[packet];
        assert_eq!(*stage, Stage::Sent);
        self.chains[place(&packet.source_client)]
            .execute_with(|| with_storage_layer(|| app().on_timeout(packet, payload(packet), &BOB)))?;
        *stage = Stage::Settled;
        Ok(())
    }

    /// Sends and settles; fails where the sender or the receiver refuses.
    pub fn pass(&mut self, from: usize, to: usize, denom: &str, amount: u128) -> DispatchResult {
        let packet = self.send(from, to, ALICE, denom, amount, &ALICE)?;
        let answer = self.receive(packet);
        self.acknowledge(packet)?;
        self.check();
        answer
    }

    pub fn balance(&mut self, chain: usize, who: &AccountId32, denom: &str) -> u128 {
        self.on(chain, || {
            Pallet::<Test>::resolve(&denom.parse().unwrap()).map_or(0, |t| Pallet::<Test>::balance(t, who))
        })
    }

    /// Conservation, on every chain and between each two.
    pub fn check(&mut self) {
        self.try_check().unwrap();
    }

    pub fn try_check(&mut self) -> Result<(), String> {
        for (chain, name) in NAMES.iter().enumerate() {
            let known = self.on(chain, Pallet::<Test>::check_conservation);
            known.map_err(|e| format!("{name}: {}", <&str>::from(e)))?;
        }
        for (x, y) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            let escrowed = self.escrowed(x, y);
            let abroad = self.abroad(x, y);
            if escrowed != abroad {
                return Err(format!("{}: {escrowed:?} in escrow, {abroad:?} abroad", client(x, y)));
            }
        }
        Ok(())
    }

    /// What X accounts as escrowed for Y, by denomination on X.
    fn escrowed(&mut self, x: usize, y: usize) -> BTreeMap<String, u128> {
        self.on(x, || {
            Escrowed::<Test>::iter()
                .filter(|(name, ..)| name.as_slice() == client(x, y).as_bytes())
                .map(|(_, token, amount)| (denomination(token), amount))
                .collect()
        })
    }

    /// Vouchers of X's tokens on Y, what is on its way there, and what is on its way back.
    fn abroad(&mut self, x: usize, y: usize) -> BTreeMap<String, u128> {
        let hop = |client: String| Hop { port: PORT.parse().unwrap(), client: client.parse().unwrap() };
        let there = hop(client(y, x));
        let mut abroad = BTreeMap::<String, u128>::new();
        let vouchers: Vec<(Denom, u128)> = self.on(y, || {
            let all =
                Traces::<Test>::iter().map(|(id, t)| (String::from_utf8(t.into()).unwrap(), Supply::<Test>::get(id)));
            all.map(|(trace, supply)| (trace.parse().unwrap(), supply)).collect()
        });
        for (denom, supply) in vouchers {
            if denom.is_returning(&there.port, &there.client) {
                *abroad.entry(without_hop(&denom.to_string(), &client(y, x))).or_default() += supply;
            }
        }
        for (packet, stage) in &self.packets {
            let open = *stage == Stage::Sent || *stage == Stage::Received(UNIVERSAL_ERROR.to_vec());
            if !open {
                continue;
            }
            let data = decode(packet);
            let denom: Denom = data.denom.parse().unwrap();
            let amount = u128::try_from(data.amount).unwrap();
            let (from, to) = (place(&packet.source_client), place(&packet.destination_client));
            let burned = denom.is_returning(&payload(packet).source_port, &packet.source_client);
            if (from, to) == (x, y) && !burned {
                *abroad.entry(data.denom).or_default() += amount;
            } else if (from, to) == (y, x) && burned {
                *abroad.entry(without_hop(&data.denom, &client(y, x))).or_default() += amount;
            }
        }
        abroad.retain(|_, amount| *amount != 0);
        abroad
    }
}

/// A denomination as the other end of its newest hop writes it.
fn without_hop(denom: &str, client: &str) -> String {
    denom.strip_prefix(&format!("{PORT}/{client}/")).unwrap().into()
}

fn denomination(token: crate::Token) -> String {
    match token {
        crate::Token::Native => "native".into(),
        crate::Token::Asset(id) => match Traces::<Test>::get(id) {
            Some(trace) => String::from_utf8(trace.into()).unwrap(),
            None => format!("asset:{id}"),
        },
    }
}

pub fn app() -> TransferApp<Test> {
    TransferApp::default()
}

/// What the host does with a received packet, in a chain's state.
pub fn deliver(packet: &Packet) -> Result<Vec<u8>, DispatchError> {
    with_storage_layer(|| app().on_recv(packet, payload(packet), &BOB))
}
