//! The conservation of value: what is escrowed on one side of a link is what vouchers on the other
//! side stand for, and what is on its way.

use crate::{customs::Customs, report::Conservation, side::Side};
use anyhow::Result;
use lupu_relayer::{
    packet::State,
    store::{PacketFilter, PacketRow, Store},
};
use lupu_standard::{
    ChainId, ClientId,
    ics20::{FungibleTokenPacketData, PORT},
    payload::Encoding,
};

/// One end of a link.
#[derive(Clone, Copy)]
pub enum End<'a> {
    /// A chain with contracts.
    Evm(&'a Side),
    /// A chain with pallets.
    Substrate(&'a Customs),
}

impl End<'_> {
    fn id(&self) -> &ChainId {
        match self {
            Self::Evm(side) => &side.id,
            Self::Substrate(customs) => &customs.id,
        }
    }

    fn client(&self, of: &ChainId) -> Result<&ClientId> {
        match self {
            Self::Evm(side) => side.client(of),
            Self::Substrate(customs) => customs.client(of),
        }
    }
}

/// A denomination that went from its `home` over one link, or over the last of several.
pub struct Link<'a> {
    /// What people call it, and where it is.
    name: String,
    /// How many decimals its whole unit has.
    decimals: u8,
    /// As the home side writes it: a base, or the trace of a voucher there.
    denom: String,
    home: End<'a>,
    away: End<'a>,
}

/// What is on its way over a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    /// Escrowed at home; neither received nor refunded.
    pub outbound: u128,
    /// Burned away from home; neither released nor refunded.
    pub inbound: u128,
}

impl<'a> Link<'a> {
    /// A denomination, as `home` writes it, on a link.
    pub fn new(name: &str, decimals: u8, denom: String, home: End<'a>, away: End<'a>) -> Self {
        Self { name: name.to_owned(), decimals, denom, home, away }
    }

    /// The full trace on the side that is not home.
    pub fn trace(&self) -> Result<String> {
        Ok(format!("{PORT}/{}/{}", self.away.client(self.home.id())?, self.denom))
    }

    /// What is on its way, by the packets in a store.
    pub async fn in_flight(&self, store: &Store) -> Result<InFlight> {
        let (home, away) = (self.home.client(self.away.id())?, self.away.client(self.home.id())?);
        let outbound = on_the_way(store, home, &self.denom).await?;
        let inbound = on_the_way(store, away, &self.trace()?).await?;
        Ok(InFlight { outbound, inbound })
    }

    /// The equation, from the state of both chains.
    pub async fn conservation(&self, on_the_way: InFlight) -> Result<Conservation> {
        let (towards, trace) = (self.away.id(), self.trace()?);
        let (escrow, held) = match self.home {
            End::Evm(side) => (side.escrowed(towards, &self.denom).await?, side.held(&self.denom).await?),
            End::Substrate(customs) => {
                (customs.escrowed(towards, &self.denom).await?, customs.held(towards, &self.denom).await?)
            }
        };
        let vouchers = match self.away {
            End::Evm(side) => side.supply(&trace).await?,
            End::Substrate(customs) => customs.supply(&trace).await?,
        };
        Ok(Conservation {
            what: self.name.clone(),
            trace,
            decimals: self.decimals,
            escrow,
            held,
            vouchers,
            outbound: on_the_way.outbound,
            inbound: on_the_way.inbound,
        })
    }
}

/// Sums what a client has sent of a denomination and what has neither arrived nor come back.
async fn on_the_way(store: &Store, client: &ClientId, denom: &str) -> Result<u128> {
    let filter = PacketFilter { source_client: Some(client.clone()), open: true, limit: 1_000, ..Default::default() };
    let mut sum = 0_u128;
    for row in store.packets(&filter).await? {
        sum = sum.saturating_add(amount(&row, denom)?);
    }
    Ok(sum)
}

fn amount(row: &PacketRow, denom: &str) -> Result<u128> {
    let arrived = row.acknowledgement.as_ref().is_some_and(|a| !a.is_error());
    let over = matches!(row.state, State::Acknowledged | State::Refused | State::TimedOut);
    let Some(payload) = row.packet.payloads.first().filter(|p| p.source_port.as_str() == PORT) else { return Ok(0) };
    let encoding = Encoding::from_media_type(&payload.encoding);
    let Some(data) = encoding.and_then(|e| FungibleTokenPacketData::decode(e, &payload.value).ok()) else {
        return Ok(0);
    };
    if arrived || over || data.denom != denom {
        return Ok(0);
    }
    Ok(u128::try_from(data.amount)?)
}
