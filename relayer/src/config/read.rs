//! From the tree to the checked types: one function for each table of the file.

use super::cursor::{Field, Table};
use super::error::{Report, did_you_mean};
use super::node::{Node, looks_like_a_key};
use super::types::*;
use alloy_primitives::{Address, B256};
use lupu_adapter::ClientParameters;
use lupu_standard::{ChainId, ClientId, Height};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Longest life of a packet; a trusting period must be longer.
pub(super) const MAX_PACKET_LIFE_SECONDS: u64 = 86_400;

/// Reads everything; `None` if a value that the rest needs is missing or wrong (reported).
pub(super) fn config(root: &Node, path: &Path, report: &Report<'_>) -> Option<Config> {
    let mut top = Field { path: String::new(), node: root }.table(report)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let relayer = match top.field("relayer") {
        Some(field) => relayer(&field, base, report),
        None => Some(RelayerConfig::default_in(base)),
    };
    let chains = match top.field("chains") {
        Some(field) => chains(&field, report),
        None => Some(BTreeMap::new()),
    };
    let clients = match top.field("clients") {
        Some(field) => field.tables(report).and_then(|tables| {
            let read: Vec<_> = tables.into_iter().map(|t| client(t, report)).collect();
            read.into_iter().collect::<Option<Vec<_>>>()
        }),
        None => Some(Vec::new()),
    };
    top.finish(report);
    Some(Config { path: path.to_owned(), relayer: relayer?, chains: chains?, clients: clients? })
}

impl RelayerConfig {
    /// What holds where the file has no `[relayer]`.
    pub(super) fn default_in(base: &Path) -> Self {
        Self {
            store: base.join("lupu.sqlite"),
            listen: None,
            keystore: base.join("keys"),
            log: "info".into(),
            batch: BatchConfig::default(),
            retry: RetryConfig::default(),
        }
    }
}

fn relayer(field: &Field<'_>, base: &Path, report: &Report<'_>) -> Option<RelayerConfig> {
    let mut t = field.table(report)?;
    let mut out = RelayerConfig::default_in(base);
    if let Some(f) = t.field("store") {
        out.store = base.join(not_empty(&f, report)?);
    }
    if let Some(f) = t.field("keystore") {
        out.keystore = base.join(not_empty(&f, report)?);
    }
    if let Some(f) = t.field("listen") {
        let read = |s: &str| SocketAddr::from_str(s).map_err(|_| format!("\"{s}\" is not an address with a port"));
        out.listen = Some(f.parse(read, "write for example \"127.0.0.1:9464\"", report)?);
    }
    if let Some(f) = t.field("log") {
        out.log = not_empty(&f, report)?.to_owned();
    }
    if let Some(f) = t.field("batch") {
        out.batch = batch(&f, report)?;
    }
    if let Some(f) = t.field("retry") {
        out.retry = retry(&f, report)?;
    }
    t.finish(report);
    Some(out)
}

fn batch(field: &Field<'_>, report: &Report<'_>) -> Option<BatchConfig> {
    let mut t = field.table(report)?;
    let mut out = BatchConfig::default();
    if let Some(f) = t.field("max_packets") {
        out.max_packets = usize::try_from(f.integer(1, 1_000, report)?).ok()?;
    }
    if let Some(f) = t.field("max_wait_ms") {
        out.max_wait = Duration::from_millis(f.integer(0, 600_000, report)?);
    }
    t.finish(report);
    Some(out)
}

fn retry(field: &Field<'_>, report: &Report<'_>) -> Option<RetryConfig> {
    let mut t = field.table(report)?;
    let mut out = RetryConfig::default();
    if let Some(f) = t.field("initial_ms") {
        out.initial = Duration::from_millis(f.integer(1, 3_600_000, report)?);
    }
    if let Some(f) = t.field("max_ms") {
        out.max = Duration::from_millis(f.integer(1, 86_400_000, report)?);
        if out.max < out.initial {
            f.error("is shorter than relayer.retry.initial_ms", "make it longer, or the first wait shorter", report);
        }
    }
    if let Some(f) = t.field("attempts") {
        out.attempts = Some(u32::try_from(f.integer(1, u64::from(u32::MAX), report)?).ok()?);
    }
    t.finish(report);
    Some(out)
}

fn chains(field: &Field<'_>, report: &Report<'_>) -> Option<BTreeMap<ChainId, ChainConfig>> {
    let t = field.table(report)?;
    let mut out = Some(BTreeMap::new());
    for (entry, field) in t.entries() {
        let name = match ChainId::new(entry.key.as_str()) {
            Ok(name) => name,
            Err(error) => {
                report.add(&entry.origin, &field.path, format!("not a chain name: {error}"), "");
                out = None;
                continue;
            }
        };
        match (chain(name.clone(), &field, report), &mut out) {
            (Some(chain), Some(map)) => {
                map.insert(name, chain);
            }
            _ => out = None,
        }
    }
    out
}

fn chain(name: ChainId, field: &Field<'_>, report: &Report<'_>) -> Option<ChainConfig> {
    let mut t = field.table(report)?;
    let family = t
        .required("family", "write family = \"evm\" or \"substrate\"", report)
        .and_then(|f| one_of(&f, &["evm", "substrate"], report));
    let keys = t.field("keys").map_or(Some(Vec::new()), |f| keys(&f, report));
    let anchor = t.field("anchor").map(|f| anchor(&f, report));
    // Of an unknown family nothing is known that could be checked.
    let family = match family? {
        "substrate" => substrate(&mut t, report).map(Family::Substrate),
        _ => evm(&mut t, report).map(Family::Evm),
    };
    t.finish(report);
    Some(ChainConfig { name, keys: keys?, anchor: flatten(anchor)?, family: family? })
}

fn substrate(t: &mut Table<'_>, report: &Report<'_>) -> Option<SubstrateSettings> {
    let help = "the hash of block 0, as chain_getBlockHash [0] answers";
    let genesis = t.required("genesis", help, report).and_then(|f| hash(&f, report));
    let ws = t.required("ws", "write ws = [\"ws://HOST:PORT\"]", report).and_then(|f| {
        let urls = urls(&f, &["ws", "wss"], report)?;
        if urls.is_empty() {
            f.error("needs at least one endpoint", "write ws = [\"ws://HOST:PORT\"]", report);
            return None;
        }
        Some(urls)
    });
    let tip = t.field("tip").map_or(Some(0), |f| f.integer(0, u64::MAX, report));
    let first = t.field("first_mmr_block").map_or(Some(1), |f| f.integer(1, u64::from(u32::MAX), report));
    let voters = t.field("voters").map(|f| voters(&f, report));
    Some(SubstrateSettings {
        genesis: genesis?,
        ws: ws?,
        tip: u128::from(tip?),
        first_mmr_block: first?,
        voters: flatten(voters)?,
    })
}

fn voters(field: &Field<'_>, report: &Report<'_>) -> Option<Voters> {
    let mut t = field.table(report)?;
    let help = "`lupu client create` writes this table";
    let set_id = t.required("set_id", help, report).and_then(|f| f.integer(0, u64::MAX, report));
    let authorities = t.required("authorities", help, report).and_then(|f| {
        let mut out = Vec::new();
        for (f, text) in f.strings(report)? {
            let (key, weight) = text.split_once(':').unwrap_or((&text, "1"));
            let digits = key.strip_prefix("0x").filter(|d| d.len() == 64);
            match (digits.and_then(|d| B256::from_str(d).ok()), weight.parse::<u64>()) {
                (Some(key), Ok(weight)) if weight > 0 => out.push((key, weight)),
                _ => {
                    f.error("is no authority", "write \"0xKEY\" with 64 hex digits, or \"0xKEY:WEIGHT\"", report);
                    return None;
                }
            }
        }
        Some(out)
    });
    t.finish(report);
    Some(Voters { set_id: set_id?, authorities: authorities? })
}

fn evm(t: &mut Table<'_>, report: &Report<'_>) -> Option<EvmSettings> {
    let chain_id = t
        .required("chain_id", "the number that eth_chainId answers", report)
        .and_then(|f| f.integer(1, u64::MAX, report));
    let consensus = t
        .required("consensus", "write \"qbft\" or \"ibft2\"", report)
        .and_then(|f| one_of(&f, &["qbft", "ibft2"], report))
        .map(|s| if s == "qbft" { Consensus::Qbft } else { Consensus::Ibft2 });
    let rpc = t.required("rpc", "write rpc = [\"http://HOST:PORT\"]", report).and_then(|f| {
        let urls = urls(&f, &["http", "https"], report)?;
        if urls.is_empty() {
            f.error("needs at least one endpoint", "write rpc = [\"http://HOST:PORT\"]", report);
        }
        Some(urls)
    });
    let ws = t.field("ws").map_or(Some(Vec::new()), |f| urls(&f, &["ws", "wss"], report));
    let gas_price = t.field("gas_price").map(|f| f.integer(0, u64::MAX, report));
    let contracts = t.field("contracts").map(|f| contracts(&f, report));
    Some(EvmSettings {
        chain_id: chain_id?,
        consensus: consensus?,
        rpc: rpc?,
        ws: ws?,
        gas_price: flatten(gas_price)?.map(u128::from),
        contracts: flatten(contracts)?,
    })
}

/// Absent is fine, wrong is not.
fn flatten<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(v)) => Some(Some(v)),
    }
}

fn not_empty<'n>(field: &Field<'n>, report: &Report<'_>) -> Option<&'n str> {
    let s = field.string(report)?;
    if s.trim().is_empty() {
        field.error("is empty", "", report);
        return None;
    }
    Some(s)
}

fn one_of<'n>(field: &Field<'n>, allowed: &[&'static str], report: &Report<'_>) -> Option<&'n str> {
    let s = field.string(report)?;
    if allowed.contains(&s) {
        return Some(s);
    }
    let help = match did_you_mean(s, allowed.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("allowed: {}", allowed.iter().map(|a| format!("\"{a}\"")).collect::<Vec<_>>().join(", ")),
    };
    field.error(format!("\"{}\" is not known", shorten(s)), help, report);
    None
}

fn urls(field: &Field<'_>, schemes: &[&str], report: &Report<'_>) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    let mut good = true;
    for (f, url) in field.strings(report)? {
        let expected = schemes.iter().map(|s| format!("{s}://")).collect::<Vec<_>>().join(" or ");
        let rest = schemes.iter().find_map(|s| url.strip_prefix(&format!("{s}://")));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.starts_with(['/', ':']) && !url.contains(char::is_whitespace) => {
                if out.contains(&url) {
                    f.error("is listed twice", "name each endpoint once", report);
                    good = false;
                }
                out.push(url);
            }
            _ => {
                f.error(format!("is not a URL that starts with {expected}"), "", report);
                good = false;
            }
        }
    }
    good.then_some(out)
}

fn keys(field: &Field<'_>, report: &Report<'_>) -> Option<Vec<KeyRef>> {
    let mut out: Vec<KeyRef> = Vec::new();
    let mut good = true;
    for (f, text) in field.strings(report)? {
        if looks_like_a_key(&text) {
            good = false; // reported already, without its text
            continue;
        }
        match KeyRef::from_str(&text) {
            Ok(key) if out.contains(&key) => {
                f.error(format!("\"{key}\" is listed twice"), "name each key once", report);
                good = false;
            }
            Ok(key) => out.push(key),
            Err(error) => {
                f.error(error, "write a keystore name (letters, digits, . _ -) or env:NAME", report);
                good = false;
            }
        }
    }
    good.then_some(out)
}

impl FromStr for KeyRef {
    type Err = String;
    /// Never repeats the text: it may be a secret.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (name, environment) = match s.strip_prefix("env:") {
            Some(name) => (name, true),
            None => (s, false),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (!environment && (b == b'-' || b == b'.'));
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(allowed) {
            return Err("is neither a keystore name nor env:NAME".into());
        }
        let name = name.to_owned();
        Ok(if environment { Self::Environment(name) } else { Self::Keystore(name) })
    }
}

fn contracts(field: &Field<'_>, report: &Report<'_>) -> Option<Contracts> {
    let mut t = field.table(report)?;
    let help = "`lupu deploy` writes this table";
    let mut get = |key| t.required(key, help, report).and_then(|f| address(&f, report));
    let (factory, authority, router, transfer, gmp) =
        (get("factory"), get("authority"), get("router"), get("transfer"), get("gmp"));
    let deployed_at = t.required("deployed_at", help, report).and_then(|f| f.integer(0, u64::MAX, report));
    let migration_delay = t.required("migration_delay", help, report).and_then(|f| f.integer(0, u64::MAX, report));
    t.finish(report);
    Some(Contracts {
        factory: factory?,
        authority: authority?,
        router: router?,
        transfer: transfer?,
        gmp: gmp?,
        deployed_at: Height(deployed_at?),
        migration_delay: migration_delay?,
    })
}

fn anchor(field: &Field<'_>, report: &Report<'_>) -> Option<Anchor> {
    let mut t = field.table(report)?;
    let help = "`lupu client create` writes this table";
    let height = t.required("height", help, report).and_then(|f| f.integer(0, u64::MAX, report));
    let hash = t.required("hash", help, report).and_then(|f| hash(&f, report));
    t.finish(report);
    Some(Anchor { height: Height(height?), hash: hash? })
}

fn hash(field: &Field<'_>, report: &Report<'_>) -> Option<B256> {
    let read = |s: &str| match s.strip_prefix("0x") {
        Some(_) => B256::from_str(s).map_err(|e| format!("is not a 32-byte hash: {e}")),
        None => Err("is not a 32-byte hash: must start with 0x".into()),
    };
    field.parse(read, "write 0x and 64 hex digits", report)
}

fn address(field: &Field<'_>, report: &Report<'_>) -> Option<Address> {
    let read = |s: &str| {
        let Some(digits) = s.strip_prefix("0x") else {
            return Err(format!("\"{}\" is not an address: must start with 0x", shorten(s)));
        };
        if digits.len() != 40 {
            return Err(format!("is not an address: has {} hex digits, needs 40", digits.len()));
        }
        let mixed = digits.bytes().any(|b| b.is_ascii_uppercase()) && digits.bytes().any(|b| b.is_ascii_lowercase());
        let address = Address::from_str(s).map_err(|e| format!("is not an address: {e}"))?;
        if mixed && Address::parse_checksummed(s, None).is_err() {
            return Err("has a wrong checksum: a letter's case or a digit was mistyped".into());
        }
        if address.is_zero() {
            return Err("is the zero address".into());
        }
        Ok(address)
    };
    field.parse(read, "write 0x and 40 hex digits", report)
}

fn client(mut t: Table<'_>, report: &Report<'_>) -> Option<ClientConfig> {
    let help = "`lupu client create` writes this table";
    let id = t.required("id", help, report).and_then(|f| client_id(&f, report));
    let chain_name = |f: Field<'_>| f.parse(ChainId::from_str, "write the name of a chain of this file", report);
    let on = t.required("on", help, report).and_then(chain_name);
    let of = t.required("of", help, report).and_then(chain_name);
    let counterparty = t.required("counterparty", help, report).and_then(|f| client_id(&f, report));
    let light_client = t.field("light_client").map(|f| address(&f, report));
    let bound = t.field("bound").map_or(Some(false), |f| f.boolean(report));
    let parameters = t.field("parameters").map_or(Some(ClientParameters::default()), |f| parameters(&f, report));
    t.finish(report);
    Some(ClientConfig {
        id: id?,
        on: on?,
        of: of?,
        counterparty: counterparty?,
        light_client: flatten(light_client)?,
        bound: bound?,
        parameters: parameters?,
    })
}

fn client_id(field: &Field<'_>, report: &Report<'_>) -> Option<ClientId> {
    let read = |s: &str| {
        let id = ClientId::from_str(s).map_err(|e| e.to_string())?;
        if s.len() < 4 {
            return Err(format!("client identifier has {} bytes, allowed are 4 to 128", s.len()));
        }
        if s.starts_with("client-") || s.starts_with("channel-") {
            return Err("client identifier must not start with client- or channel-".into());
        }
        Ok(id)
    };
    field.parse(read, "write for example \"harbour.qbft-bank\"", report)
}

fn parameters(field: &Field<'_>, report: &Report<'_>) -> Option<ClientParameters> {
    let mut t = field.table(report)?;
    let mut out = ClientParameters::default();
    if let Some(f) = t.field("trusting_period") {
        let seconds = f.integer(0, u64::MAX, report)?;
        if seconds <= MAX_PACKET_LIFE_SECONDS {
            f.error(
                format!(
                    "must be longer than {MAX_PACKET_LIFE_SECONDS} seconds, the longest life of a packet; is {seconds}"
                ),
                "the default is 604800, seven days",
                report,
            );
            return None;
        }
        out.trusting_period = seconds;
    }
    if let Some(f) = t.field("max_clock_drift") {
        out.max_clock_drift = f.integer(0, 3_600, report)?;
    }
    if let Some(f) = t.field("trust") {
        (out.trust_numerator, out.trust_denominator) =
            f.parse(trust_fraction, "write for example \"2/3\"; it must be more than 1/3 and at most 1", report)?;
    }
    t.finish(report);
    Some(out)
}

/// `a/b` with 1/3 < a/b ≤ 1, both below 256.
///
/// # Errors
/// One line that says what is wrong.
pub fn trust_fraction(s: &str) -> Result<(u8, u8), String> {
    let parsed =
        s.split_once('/').and_then(|(a, b)| Some((a.trim().parse::<u8>().ok()?, b.trim().parse::<u8>().ok()?)));
    match parsed {
        None | Some((_, 0)) => Err(format!("\"{}\" is not a fraction of two numbers below 256", shorten(s))),
        Some((a, b)) if u16::from(a) * 3 <= u16::from(b) => Err(format!("{a}/{b} is not more than 1/3")),
        Some((a, b)) if a > b => Err(format!("{a}/{b} is more than 1")),
        Some(fraction) => Ok(fraction),
    }
}

/// Long texts are cut before they are shown.
fn shorten(s: &str) -> String {
    if s.chars().count() <= 40 { s.to_owned() } else { s.chars().take(37).chain("…".chars()).collect() }
}
