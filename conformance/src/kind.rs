//! What a case can be: the table that `standard/vectors/README.md` prints.

/// A kind of case: its name, its fields, and where its verdict stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `client type/what`, or the name of a rule of the standard.
    pub name: &'static str,
    /// The fields that are judged.
    pub input: &'static [&'static str],
    /// The field with the right verdict.
    pub verdict: &'static str,
    /// The field that says what an acceptance proves.
    pub answer: Option<&'static str>,
}

const UPDATE: &[&str] = &["client_state", "stored", "now", "message"];
const EVIDENCE: &[&str] = &["client_state", "stored", "now", "evidence"];
const MEMBERSHIP: &[&str] = &["client_state", "stored", "now", "height", "paths", "values", "proof"];
const CREATION: &[&str] = &["client_state", "consensus_state"];
const PACKED: &[&str] = &["root", "keys", "proof"];
const BUNDLE: &[&str] = &["json", "anchor", "now"];
const PACKET: [&str; 6] =
    ["sequence", "source_client", "destination_client", "timeout_timestamp", "payload_sizes", "counterparty"];
const RECEIVE: &[&str] =
    &[PACKET[0], PACKET[1], PACKET[2], PACKET[3], PACKET[4], PACKET[5], "one_payload", "block_time", "receipt"];
const TIMEOUT: &[&str] = &[
    PACKET[0],
    PACKET[1],
    PACKET[2],
    PACKET[3],
    PACKET[4],
    PACKET[5],
    "one_payload",
    "stored_commitment",
    "proof_time",
];
const ACKNOWLEDGE: &[&str] = &[
    PACKET[0],
    PACKET[1],
    PACKET[2],
    PACKET[3],
    PACKET[4],
    PACKET[5],
    "one_payload",
    "stored_commitment",
    "acknowledgements",
];

const fn kind(name: &'static str, input: &'static [&'static str], answer: Option<&'static str>) -> Kind {
    Kind { name, input, verdict: "expect", answer }
}

const fn rule(name: &'static str, input: &'static [&'static str], verdict: &'static str) -> Kind {
    Kind { name, input, verdict, answer: None }
}

/// All kinds.
pub static KINDS: &[Kind] = &[
    kind("qbft/update", UPDATE, Some("consensus_state")),
    kind("qbft/misbehaviour", EVIDENCE, None),
    kind("qbft/membership", MEMBERSHIP, Some("timestamp")),
    kind("qbft/creation", CREATION, None),
    kind("qbft/header", &["kind", "header"], None),
    kind("ethereum-state/packed", PACKED, None),
    kind("ethereum-state/storage", PACKED, None),
    kind("ethereum-state/account", &["account"], None),
    kind("beefy/update", UPDATE, Some("consensus_state")),
    kind("beefy/misbehaviour", EVIDENCE, None),
    kind("beefy/membership", MEMBERSHIP, Some("timestamp")),
    kind("beefy/creation", CREATION, None),
    kind("beefy/commitment", &["commitment"], None),
    kind("beefy/keyset", &["authorities", "len", "root"], None),
    kind("beefy/mmr", &["root", "leaf", "index", "count", "items"], None),
    kind("grandpa/update", UPDATE, Some("consensus_state")),
    kind("grandpa/misbehaviour", EVIDENCE, None),
    kind("grandpa/membership", MEMBERSHIP, Some("timestamp")),
    kind("grandpa/creation", CREATION, None),
    kind("grandpa/justification", &["authorities", "set_id", "justification"], None),
    kind("substrate-state/packed", PACKED, None),
    kind("substrate-state/node_set", &["root", "keys", "nodes"], None),
    kind("substrate-state/header", &["header"], None),
    kind("substrate-state/membership", &["state_root", "pallet_prefix", "paths", "values", "proof"], None),
    kind("substrate-state/anchor", &["state_root", "pallet_prefix", "genesis", "proof"], Some("timestamp")),
    kind("bundles/qbft", BUNDLE, Some("digest")),
    kind("bundles/ibft2", BUNDLE, Some("digest")),
    kind("bundles/beefy", BUNDLE, Some("digest")),
    kind("bundles/grandpa", BUNDLE, Some("digest")),
    kind("bundles/format", &["file", "cbor"], None),
    rule("receive", RECEIVE, "outcome"),
    rule("timeout", TIMEOUT, "outcome"),
    rule("acknowledge", ACKNOWLEDGE, "outcome"),
    rule("identifiers", &["kind", "bytes"], "check"),
];

impl Kind {
    /// The kind of this name.
    pub fn of(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The kind of the cases in a file that does not name it: the file's own name, up to `_` where
    /// there are several of one kind.
    pub fn of_file(path: &str) -> Option<&'static Self> {
        let stem = path.strip_suffix(".json")?;
        Self::of(stem).or_else(|| Self::of(stem.rsplit_once('_')?.0))
    }

    /// The part of the name that comes first: the client type, `bundles` or `rules`.
    pub fn family(&self) -> &'static str {
        self.name.split_once('/').map_or("rules", |(family, _)| family)
    }
}
