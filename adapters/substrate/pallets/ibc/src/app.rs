//! What an application is to the host: a port, callbacks, and the weight they may use.

use alloc::{boxed::Box, vec::Vec};
use frame_support::weights::Weight;
use lupu_standard::{Packet, Payload};
use sp_runtime::{DispatchError, DispatchResult};

/// An application behind a port.
///
/// Every callback runs in a storage layer of its own: what it did is undone when it answers with
/// an error. The packet is proven, it has exactly this one payload, and its effects on the host
/// (receipt, deleted commitment) are already stored. A callback may send packets; it cannot
/// receive, acknowledge or time out others.
pub trait IbcApp<AccountId> {
    /// The most that any one callback of this application uses. A callback runs only where this
    /// much is left of what the relayer declared, and is charged in full.
    fn callback_weight(&self) -> Weight;

    /// Takes a received packet and answers with its acknowledgement, 1 to 4,096 bytes and not the
    /// universal error. An error, or another acknowledgement, becomes the universal error.
    fn on_recv(&self, packet: &Packet, payload: &Payload, relayer: &AccountId) -> Result<Vec<u8>, DispatchError>;

    /// Learns what the counterparty answered to a packet of this application: its acknowledgement,
    /// or the universal error (`lupu_standard::ack::UNIVERSAL_ERROR`). An error leaves the packet
    /// as it was; anyone can try again.
    fn on_acknowledge(
        &self,
        packet: &Packet,
        payload: &Payload,
        acknowledgement: &[u8],
        relayer: &AccountId,
    ) -> DispatchResult;

    /// Learns that a packet of this application was not and will not be received. An error leaves
    /// the packet as it was; anyone can try again.
    fn on_timeout(&self, packet: &Packet, payload: &Payload, relayer: &AccountId) -> DispatchResult;
}

/// The applications of a runtime, by port. Which there are is part of the runtime: a port is
/// added or taken away by a runtime upgrade only.
pub trait IbcApps<AccountId> {
    /// The application at a port, compared byte for byte.
    fn app(port: &[u8]) -> Option<Box<dyn IbcApp<AccountId>>>;
}

/// No applications.
impl<AccountId> IbcApps<AccountId> for () {
    fn app(_: &[u8]) -> Option<Box<dyn IbcApp<AccountId>>> {
        None
    }
}
