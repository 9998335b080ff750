//! The statements, as items: the packet, where the chain keeps what decides it, and what is there.

use super::{
    Item, Status, claim, payload,
    tree::{counted, hex},
    trie::Nodes,
    update::{MAX_TRIES, not_shown},
    utc,
};
use crate::{
    anchor::AnchorClient,
    bundle::Bundle,
    failure::{Failure, Place},
    statement::{Kind, Statement},
    verify::Trace,
};
use alloc::{collections::BTreeMap, format, vec::Vec};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_ethereum_state as ethereum;
use lupu_light_client::Claim;
use lupu_qbft::membership::commitment_slot;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{commitment_key, commitment_prefix};

/// Checks that need no state: whether the parts of a statement fit each other.
const FIT: [&str; 8] = [
    "UnknownHeight",
    "PathMismatch",
    "ValueMismatch",
    "MalformedPacket",
    "MalformedAcknowledgement",
    "NotATransfer",
    "Refused",
    "OtherDirection",
];
/// Checks of the state.
const STATE: [&str; 6] =
    ["InvalidProof", "ValueAbsent", "ValuePresent", "ValueMismatch", "InvalidValue", "InvalidPath"];

/// The step from the headers to what is said.
pub(super) fn statements(bundle: &Bundle, trace: &Trace, failure: Option<&Failure>, nodes: &Nodes) -> Item {
    let count = bundle.statements.len();
    let words = "What the bundle says about packets. Where the chain keeps what decides a statement, and what must be there, \
                 follows from the packet itself and is computed here; the state is then asked.";
    let mut item = Item::new(format!("What is said: {}", counted(count, "statement", "statements")), words);
    let mut times = BTreeMap::from([(bundle.anchor.client.height(), bundle.anchor.client.timestamp())]);
    let mut roots = BTreeMap::from([(bundle.anchor.client.height(), first_root(&bundle.anchor.client))]);
    times.extend(trace.steps.iter().map(|step| (step.height, step.timestamp)));
    roots.extend(trace.steps.iter().map(|step| (step.height, step.root)));
    let fit = fit_until(bundle, failure, |height| roots.contains_key(&height));
    for (index, statement) in bundle.statements.iter().enumerate() {
        let root = roots.get(&statement.height).copied();
        let mut child = Item::new(claim(&bundle.anchor, statement), sentence(statement.kind))
            .fact("kind", statement.kind.name())
            .fact("height", statement.height)
            .child(packet(statement))
            .child(fits(statement))
            .child(state(bundle, statement, root, nodes, index < MAX_TRIES));
        if statement.kind == Kind::NeverReceived {
            child.children.push(timeout(statement, times.get(&statement.height).copied()));
        }
        match failure.filter(|f| f.place == Place::Statement(index)) {
            Some(failure) if fit == index => child.settle_at(1, failure),
            Some(failure) => child.settle_at(if failure.check == "NotExpired" { 3 } else { 2 }, failure),
            None if trace.proven.get(index).is_some() => {}
            None if index < fit => {
                child.status = Status::NotReached;
                child.children.iter_mut().skip(2).for_each(|part| part.mark(Status::NotReached));
            }
            None => child.mark(Status::NotReached),
        }
        item.children.push(child);
    }
    item
}

/// How many statements were found to fit their packets, which is checked of all before the state is asked about any.
fn fit_until(bundle: &Bundle, failure: Option<&Failure>, known: impl Fn(Height) -> bool) -> usize {
    let all = bundle.statements.len();
    match failure.map(|f| f.place) {
        None | Some(Place::Nodes | Place::Clock) => all,
        Some(Place::Anchor | Place::Update(_)) => 0,
        Some(Place::Statement(index)) => match bundle.statements.get(index) {
            Some(s) if known(s.height) && s.check().is_ok() => all,
            _ => index,
        },
    }
}

fn first_root(client: &AnchorClient) -> B256 {
    match client {
        AnchorClient::Qbft { storage_root, .. } => *storage_root,
        AnchorClient::Beefy { state_root, .. } | AnchorClient::Grandpa { state_root, .. } => *state_root,
    }
}

/// What a statement of a kind means, and what it does not.
fn sentence(kind: Kind) -> &'static str {
    match kind {
        Kind::Sent => {
            "The chain's commitment to the packet is in its state. It says nothing of whether the packet arrived."
        }
        Kind::Locked => {
            "The chain's commitment to the packet is in its state, and the packet is a transfer of tokens of this chain: they \
             are in escrow until the transfer settles, or is refunded."
        }
        Kind::Received => {
            "The chain's receipt for the packet is in its state. It says nothing of what the application did."
        }
        Kind::Acknowledged => "The chain's commitment to these acknowledgements is in its state.",
        Kind::Minted => {
            "The chain acknowledged the transfer as taken, and the tokens are foreign to it: it minted vouchers for them."
        }
        Kind::Released => {
            "The chain acknowledged the transfer as taken, and the tokens are its own, come home: it released them from escrow."
        }
        Kind::NeverReceived => {
            "There is no receipt in the chain's state at a time at which the packet could no longer be received."
        }
    }
}

fn packet(s: &Statement) -> Item {
    let p = &s.packet;
    let words = "The packet in full. A commitment or a receipt covers every byte of it; its absence says nothing of what is in it.";
    let item = Item::new("The packet", words)
        .fact("sequence", p.sequence)
        .fact("from client", &p.source_client)
        .fact("to client", &p.destination_client)
        .fact("timeout", format!("{} ({})", utc(p.timeout_timestamp), p.timeout_timestamp));
    let payloads = p.payloads.iter().enumerate().map(|(index, one)| payload::payload(index, one));
    let item = item.children(payloads);
    let answers = s.acknowledgement.0.iter().enumerate();
    item.children(answers.map(|(index, ack)| payload::acknowledgement(index, ack, p.payloads.get(index))))
}

fn fits(s: &Statement) -> Item {
    let words = "The place in the store and the value are computed from the packet, and must be those in the file.";
    let expected: Bytes = s.kind.path(&s.packet).to_bytes().into();
    let value = if s.value.is_empty() { "nothing".into() } else { hex(&s.value) };
    Item::new("The statement fits the packet", words)
        .checks(&FIT)
        .code("path", hex(&s.path))
        .code("path computed", hex(&expected))
        .code("hash of the path", keccak256(&s.path))
        .code("value", value)
}

fn state(bundle: &Bundle, s: &Statement, root: Option<B256>, nodes: &Nodes, shown: bool) -> Item {
    let words = match s.kind.has_acknowledgement() {
        true => {
            "From the root that the headers prove, along the nibbles of the key, node by node, to what is stored there: \
             first the receipt, which is the hash of this very packet, then the answer to it."
        }
        false => {
            "From the root that the headers prove, along the nibbles of the key, node by node, to what is stored there."
        }
    };
    let item = Item::new("The state holds it", words).checks(&STATE);
    let Some(root) = root else { return item.fact("root", format!("none is proven at height {}", s.height)) };
    let item = item.code("root", root);
    let mut claims = s.claims();
    match (claims.pop(), claims.is_empty()) {
        (Some((path, claim)), true) => place(item, bundle, nodes, &root, (&path, &claim), shown),
        (last, _) => {
            let mut parts: Vec<Item> = Vec::new();
            for (at, (path, claim)) in claims.into_iter().chain(last).enumerate() {
                let title = if at == 0 { "The receipt of the packet" } else { "The acknowledgement" };
                let mut part = place(Item::new(title, ""), bundle, nodes, &root, (&path, &claim), shown);
                if parts.iter().any(|before| before.status == Status::Failed) {
                    part.mark(Status::NotReached);
                }
                parts.push(part);
            }
            item.children(parts)
        }
    }
}

/// What is stored under a path, and the way there.
fn place(item: Item, bundle: &Bundle, nodes: &Nodes, root: &B256, (path, claim): (&[u8], &Claim), shown: bool) -> Item {
    let (item, key) = match &bundle.anchor.client {
        AnchorClient::Qbft { .. } => {
            let slot = commitment_slot(path);
            let key = ethereum::slot_key(&slot);
            let item = item.code("storage slot", slot).code("trie key", format!("{key} (keccak256 of the slot)"));
            (item, key.to_vec())
        }
        AnchorClient::Beefy { state, .. } => substrate(item, &state.pallet_prefix.0, path),
        AnchorClient::Grandpa { state, .. } => substrate(item, &state.pallet_prefix.0, path),
    };
    let item = match claim {
        Claim::Present(value) => item.code("to be there", value),
        Claim::Absent => item.fact("to be there", "nothing"),
    };
    let way = nodes.way(root, &key);
    let value = way.value.as_deref().map(|value| match (nodes, ethereum::storage_value(value)) {
        (Nodes::Ethereum(_), Ok(word)) => word.to_vec(),
        _ => value.to_vec(),
    });
    let mut item = match &value {
        Some(value) => item.code("stored there", hex(value)),
        None if way.is_broken => item.fact("stored there", "not known"),
        None => item.fact("stored there", "nothing"),
    };
    let is_so = match claim {
        Claim::Present(claimed) => value.as_deref() == Some(claimed.as_slice()),
        Claim::Absent => value.is_none() && !way.is_broken,
    };
    if !is_so {
        item.status = Status::Failed;
    }
    item.children(if shown { way.items } else { Vec::from([not_shown()]) })
}

fn substrate(item: Item, prefix: &[u8; 16], path: &[u8]) -> (Item, Vec<u8>) {
    let key = commitment_key(&commitment_prefix(prefix), path);
    (item.code("storage key", hex(&key)), key.to_vec())
}

fn timeout(s: &Statement, proven: Option<TimestampSecs>) -> Item {
    let words = "Before its timeout the packet could still come. From then on every chain refuses it.";
    let item = Item::new("The timeout had passed", words)
        .checks(&["NotExpired"])
        .fact("timeout", utc(s.packet.timeout_timestamp));
    match proven {
        Some(time) => item.fact("time of the block", utc(time)),
        None => item.fact("time of the block", "not proven"),
    }
}
