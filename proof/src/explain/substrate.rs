//! What updates of Substrate chains share: a header, and the anchor value in its state.

use super::{Item, tree::hex, update::With, utc};
use alloc::format;
use alloy_primitives::FixedBytes;
use lupu_standard::TimestampSecs;
use lupu_substrate_state::{Anchor, Header, anchor_key};

/// Facts of a header.
pub(super) fn header_facts(item: Item, header: &Header) -> Item {
    item.fact("number", header.number)
        .code("hash", header.hash())
        .code("parent", header.parent_hash)
        .code("state root", header.state_root)
}

/// The pallet's anchor value in a header's state, and the time that it says.
pub(super) fn anchor_value(
    header: &Header,
    genesis: &FixedBytes<24>,
    prefix: &FixedBytes<16>,
    with: &With<'_>,
) -> (Item, Option<TimestampSecs>) {
    let key = anchor_key(&prefix.0);
    let way = with.way(&header.state_root, &key);
    let words = "The pallet writes the block's time and the beginning of the chain's genesis hash into the state of every \
                 block. That value proves which chain this is, and when the block was.";
    let item = Item::new("The pallet's anchor value in the state", words)
        .checks(&["InvalidProof", "AnchorAbsent", "MalformedAnchor", "WrongChain"])
        .code("state root", header.state_root)
        .code("storage key", hex(&key));
    let found = way.value.as_deref().and_then(Anchor::decode);
    let item = match (&found, &way.value) {
        (Some(anchor), _) => item
            .fact("time", format!("{} ({})", utc(anchor.timestamp), anchor.timestamp))
            .code("genesis", hex(&anchor.genesis))
            .code("genesis pinned", genesis),
        (None, Some(value)) => item.code("not an anchor value", hex(value)),
        (None, None) => item.fact("value", "not found"),
    };
    (item.children(way.items), found.map(|anchor| anchor.timestamp))
}
