//! Packet events of ranges of final blocks.

use crate::{
    chain::SubstrateChain,
    events::{Event, Happened},
    extrinsics_root::has_root,
    runtime::Runtime,
    source::RawHeader,
};
use alloy_primitives::B256;
use futures::{FutureExt, StreamExt, stream};
use lupu_adapter::{AdapterError, ErrorKind, PacketEvent};
use lupu_standard::Height;
use lupu_substrate_state::{DigestItem, blake2_256};
use std::sync::Arc;

/// Blocks read at once.
const AT_ONCE: usize = 16;

impl SubstrateChain {
    /// The packet events of `from..=to`. Each block's `System.Events` is proven in its state, so
    /// nothing can be left out or made up; what the bytes mean is told by the runtime's metadata,
    /// which no node proves. A false meaning shows when a packet is proven, or when the sequence
    /// counter in state is not reached.
    pub(crate) async fn packet_events(&self, from: u64, to: u64) -> Result<Vec<PacketEvent>, AdapterError> {
        if from > to {
            return Ok(Vec::new());
        }
        // Block 0 has no transactions, and nobody makes it.
        let from = from.max(1);
        let headers = self.headers.headers(from, to).await?;
        let runtimes = self.runtimes_of(&headers).await?;
        let read: Vec<_> = headers.iter().zip(&runtimes).map(|(h, r)| self.packets_of(h, r).boxed()).collect();
        let mut blocks = stream::iter(read).buffered(AT_ONCE);
        let mut out = Vec::new();
        while let Some(events) = blocks.next().await {
            out.extend(events?);
        }
        Ok(out)
    }

    /// The runtime that made each of these blocks, which follow each other.
    async fn runtimes_of(&self, headers: &[Arc<RawHeader>]) -> Result<Vec<Arc<Runtime>>, AdapterError> {
        let mut out: Vec<Arc<Runtime>> = Vec::with_capacity(headers.len());
        let mut current: Option<Arc<Runtime>> = None;
        for header in headers {
            let runtime = match current.take() {
                Some(runtime) => runtime,
                None => self.runtime_after(header.header.parent_hash).await?,
            };
            // A block that changes the code is still made by the old one; it says so in its digest.
            let changes = header.header.digest.contains(&DigestItem::RuntimeEnvironmentUpdated);
            current = (!changes).then(|| runtime.clone());
            out.push(runtime);
        }
        Ok(out)
    }

    async fn packets_of(&self, header: &RawHeader, runtime: &Runtime) -> Result<Vec<PacketEvent>, AdapterError> {
        let events = self.block_events(header, runtime).await?;
        let packets: Vec<&Event> = events
            .iter()
            .filter(|e| matches!(e.happened, Happened::Packet(..) | Happened::UnusablePacket(_)))
            .collect();
        if packets.is_empty() {
            return Ok(Vec::new());
        }
        let extrinsics = self.extrinsics(header).await?;
        let mut out = Vec::with_capacity(packets.len());
        for event in packets {
            match &event.happened {
                Happened::Packet(kind, packet) => {
                    let index = event.extrinsic.and_then(|i| usize::try_from(i).ok());
                    let extrinsic = index.and_then(|i| extrinsics.get(i));
                    out.push(PacketEvent {
                        kind: kind.clone(),
                        packet: (**packet).clone(),
                        height: Height(header.height()),
                        // What a block does by itself has no transaction.
                        transaction: extrinsic.map_or(B256::ZERO, |e| blake2_256(e)),
                    });
                }
                Happened::UnusablePacket(error) => {
                    tracing::warn!(chain = %self.config.id, block = header.height(), "packet left out: {error}");
                }
                _ => {}
            }
        }
        Ok(out)
    }

    /// The extrinsics of a block: those whose root is in its header.
    pub(crate) async fn extrinsics(&self, header: &RawHeader) -> Result<Vec<Vec<u8>>, AdapterError> {
        use crate::{
            endpoints::Bad,
            json::{at, bytes_list, to_hex},
        };
        let root = header.header.extrinsics_root;
        let read = |v: serde_json::Value| {
            if v.is_null() {
                return Err(Bad::Pruned(format!("block {} is not there", header.height())));
            }
            let list = at(&v, "block").and_then(|b| bytes_list(at(b, "extrinsics")?, "extrinsics"));
            let list = list.map_err(|e| Bad::Lied(e.to_string()))?;
            match has_root(&list, &root) {
                true => Ok(list),
                false => Err(Bad::Lied(format!("the extrinsics of block {} have another root", header.height()))),
            }
        };
        let params = serde_json::json!([to_hex(header.hash.as_slice())]);
        self.endpoints.ask("chain_getBlock", params, read).await.map_err(|e| self.fail(e))
    }

    /// An error for something that ought to be in a block.
    pub(crate) fn missing_in(&self, header: &RawHeader, what: &str) -> AdapterError {
        self.error(ErrorKind::Lied, format!("block {} has no {what}", header.height()))
    }
}
