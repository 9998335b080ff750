//! Where trust begins: what a person vouches for, in a file of its own and in every bundle.
//!
//! An anchor names a chain, its host of IBC, the rules under which headers are trusted, and the
//! validators (authorities) at one height. It says nothing that could be checked by itself: a
//! verifier takes it because its digest is one that the person knows.

use crate::{
    caip,
    codec::{CborWriter, FormatError, JsonWriter, Problem, Read, Write},
    codec::{read_file, read_fixed, read_list, write_list},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, FixedBytes};
use lupu_beefy as beefy;
use lupu_grandpa as grandpa;
use lupu_qbft as qbft;
use lupu_standard::{Height, TimestampSecs};
use sha2::{Digest, Sha256};

/// How an anchor's file names itself.
pub const ANCHOR_FORMAT: &str = "lupu-trust-anchor";
/// The version written and read.
pub const VERSION: u64 = 1;
/// Most bytes of an anchor's file: 1,024 authorities and room.
pub const MAX_ANCHOR_BYTES: usize = 1 << 18;
/// Most bytes of the name that people give a chain.
pub const MAX_NAME: usize = 64;
/// Most validators of a QBFT chain.
const MAX_VALIDATORS: usize = 255;

/// Whether a text can name a chain: 1 to 64 bytes of UTF-8 that read as what they are. No control
/// characters, none that are invisible or turn the direction of writing, no white space but single
/// spaces between words.
pub fn is_name(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || c != ' ' && c.is_whitespace()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    !text.is_empty() && text.len() <= MAX_NAME && !spaced && !text.chars().any(hidden)
}

/// Where trust in one chain begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The name that people give the chain, as [`is_name`] allows it.
    pub name: String,
    /// What is trusted, by client type.
    pub client: AnchorClient,
}

/// What is trusted of a chain, as the light client of its type starts from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorClient {
    /// An EVM chain with QBFT or IBFT 2.0.
    Qbft {
        /// Identity, rules, height and time.
        state: qbft::ClientState,
        /// Root of the router's storage there.
        storage_root: B256,
        /// The validators after that block, ascending.
        validators: Vec<Address>,
    },
    /// A Substrate chain, by BEEFY.
    Beefy {
        /// Identity, rules, height, time and the two authority sets.
        state: beefy::ClientState,
        /// Root of the chain's state there.
        state_root: B256,
    },
    /// A Substrate chain, by GRANDPA.
    Grandpa {
        /// Identity, rules, height and time.
        state: grandpa::ClientState,
        /// Root of the chain's state there.
        state_root: B256,
        /// BLAKE2b-256 of the header there.
        header_hash: B256,
        /// Id of the set that finalizes what follows.
        set_id: u64,
        /// That set.
        authorities: grandpa::AuthoritySet,
    },
}

impl AnchorClient {
    /// The client type's name.
    pub fn client_type(&self) -> &'static str {
        match self {
            Self::Qbft { .. } => qbft::CLIENT_TYPE,
            Self::Beefy { .. } => beefy::CLIENT_TYPE,
            Self::Grandpa { .. } => grandpa::CLIENT_TYPE,
        }
    }

    /// The block that is vouched for.
    pub fn height(&self) -> Height {
        match self {
            Self::Qbft { state, .. } => state.latest_height,
            Self::Beefy { state, .. } => state.latest_height,
            Self::Grandpa { state, .. } => state.latest_height,
        }
    }

    /// Its time.
    pub fn timestamp(&self) -> TimestampSecs {
        match self {
            Self::Qbft { state, .. } => state.latest_timestamp,
            Self::Beefy { state, .. } => state.latest_timestamp,
            Self::Grandpa { state, .. } => state.latest_timestamp,
        }
    }

    /// Seconds for which a state can be built upon.
    pub fn trusting_period(&self) -> u64 {
        match self {
            Self::Qbft { state, .. } => state.rules.trusting_period,
            Self::Beefy { state, .. } => state.rules.trusting_period,
            Self::Grandpa { state, .. } => state.rules.trusting_period,
        }
    }

    /// The chain in CAIP-2 form.
    pub fn chain(&self) -> String {
        match self {
            Self::Qbft { state, .. } => caip::eip155(state.chain_id),
            Self::Beefy { state, .. } => caip::polkadot(&state.genesis),
            Self::Grandpa { state, .. } => caip::polkadot(&state.genesis),
        }
    }

    /// The chain's host of IBC in CAIP-10 form: the router's address, or the storage prefix of
    /// the pallet, which has no account.
    pub fn host(&self) -> String {
        let account = match self {
            Self::Qbft { state, .. } => format!("{:#x}", state.router),
            Self::Beefy { state, .. } => format!("{:#x}", state.pallet_prefix),
            Self::Grandpa { state, .. } => format!("{:#x}", state.pallet_prefix),
        };
        format!("{}:{account}", self.chain())
    }
}

impl Anchor {
    /// SHA-256 of the anchor's CBOR file: what a person compares, and pins.
    pub fn digest(&self) -> B256 {
        B256::new(Sha256::digest(self.to_cbor()).into())
    }

    /// The canonical JSON file.
    pub fn to_json(&self) -> String {
        let mut w = JsonWriter::default();
        self.write(&mut w);
        w.finish()
    }

    /// The CBOR file with the same content.
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut w = CborWriter::default();
        self.write(&mut w);
        w.finish()
    }

    /// Reads a file in either form.
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        read_file(file, MAX_ANCHOR_BYTES, Self::read, Self::read)
    }

    pub(crate) fn write<W: Write>(&self, w: &mut W) {
        let fields = match &self.client {
            AnchorClient::Qbft { .. } => 16,
            AnchorClient::Beefy { .. } => 16,
            AnchorClient::Grandpa { .. } => 16,
        };
        w.begin_object(fields);
        write_text(w, "format", ANCHOR_FORMAT);
        write_number(w, "version", VERSION);
        write_text(w, "name", &self.name);
        write_text(w, "client_type", self.client.client_type());
        write_text(w, "chain", &self.client.chain());
        write_text(w, "host", &self.client.host());
        match &self.client {
            AnchorClient::Qbft { state, storage_root, validators } => {
                write_text(w, "consensus", state.kind.name());
                write_bytes(w, "router_code_hash", state.router_code_hash.as_slice());
                write_number(w, "trusting_period", state.rules.trusting_period);
                write_number(w, "max_clock_drift", state.rules.max_clock_drift);
                write_number(w, "trust_numerator", state.rules.trust_numerator.into());
                write_number(w, "trust_denominator", state.rules.trust_denominator.into());
                write_number(w, "height", state.latest_height.0);
                write_number(w, "timestamp", state.latest_timestamp.0);
                write_bytes(w, "storage_root", storage_root.as_slice());
                w.field("validators");
                write_list(w, validators, |w, v| w.bytes(v.as_slice()));
            }
            AnchorClient::Beefy { state, state_root } => {
                write_bytes(w, "genesis", state.genesis.as_slice());
                write_bytes(w, "pallet_prefix", state.pallet_prefix.as_slice());
                write_number(w, "first_mmr_block", state.first_mmr_block);
                write_number(w, "trusting_period", state.rules.trusting_period);
                write_number(w, "max_clock_drift", state.rules.max_clock_drift);
                write_number(w, "height", state.latest_height.0);
                write_number(w, "timestamp", state.latest_timestamp.0);
                write_bytes(w, "state_root", state_root.as_slice());
                for (name, set) in [("current", &state.current), ("next", &state.next)] {
                    w.field(name);
                    write_set(w, set);
                }
            }
            AnchorClient::Grandpa { state, state_root, header_hash, set_id, authorities } => {
                write_bytes(w, "genesis", state.genesis.as_slice());
                write_bytes(w, "pallet_prefix", state.pallet_prefix.as_slice());
                write_number(w, "trusting_period", state.rules.trusting_period);
                write_number(w, "max_clock_drift", state.rules.max_clock_drift);
                write_number(w, "height", state.latest_height.0);
                write_number(w, "timestamp", state.latest_timestamp.0);
                write_bytes(w, "state_root", state_root.as_slice());
                write_bytes(w, "header_hash", header_hash.as_slice());
                write_number(w, "set_id", *set_id);
                w.field("authorities");
                write_list(w, authorities.authorities(), |w, a| {
                    w.begin_object(2);
                    write_bytes(w, "key", a.key.as_slice());
                    write_number(w, "weight", a.weight);
                    w.end_object();
                });
            }
        }
        w.end_object();
    }

    pub(crate) fn read<R: Read>(r: &mut R) -> Result<Self, FormatError> {
        r.begin_object(16)?;
        constant(r, "format", ANCHOR_FORMAT)?;
        version(r)?;
        r.field("name")?;
        let name = r.text(MAX_NAME)?;
        if !is_name(&name) {
            return Err(r.problem(Problem::Invalid("a name is 1 to 64 bytes of visible text".into())));
        }
        r.field("client_type")?;
        let client_type = r.text(16)?;
        let client = match client_type.as_str() {
            qbft::CLIENT_TYPE => read_qbft(r)?,
            beefy::CLIENT_TYPE => read_beefy(r)?,
            grandpa::CLIENT_TYPE => read_grandpa(r)?,
            _ => return Err(r.problem(Problem::Invalid("client types are qbft, beefy and grandpa".into()))),
        };
        r.end_object()?;
        Ok(Self { name, client })
    }
}

fn read_qbft<R: Read>(r: &mut R) -> Result<AnchorClient, FormatError> {
    r.field("chain")?;
    let chain = r.text(caip::MAX_CHAIN)?;
    let bad = |what: &str| Problem::Invalid(what.to_string());
    let chain_id = caip::chain_id(&chain).ok_or_else(|| r.problem(bad("not eip155: and an EVM chain id")))?;
    r.field("host")?;
    let host = r.text(caip::MAX_ACCOUNT)?;
    let router = caip::router(&chain, &host);
    let router = router.ok_or_else(|| r.problem(bad("not the chain, a colon and an address in lower case")))?;
    r.field("consensus")?;
    let kind = qbft::Kind::from_name(&r.text(16)?);
    let kind = kind.ok_or_else(|| r.problem(bad("consensus is qbft or ibft2")))?;
    r.field("router_code_hash")?;
    let router_code_hash = B256::new(read_fixed(r)?);
    let (trusting_period, max_clock_drift) = read_rules(r)?;
    let rules = qbft::Rules {
        trusting_period,
        max_clock_drift,
        trust_numerator: read_u8(r, "trust_numerator")?,
        trust_denominator: read_u8(r, "trust_denominator")?,
    };
    let (latest_height, latest_timestamp) = read_block(r)?;
    r.field("storage_root")?;
    let storage_root = B256::new(read_fixed(r)?);
    r.field("validators")?;
    let validators = read_list(r, 1, MAX_VALIDATORS, |r| Ok(Address::new(read_fixed(r)?)))?;
    let state = qbft::ClientState {
        kind,
        chain_id,
        router,
        router_code_hash,
        rules,
        latest_height,
        latest_timestamp,
        frozen: false,
    };
    Ok(AnchorClient::Qbft { state, storage_root, validators })
}

/// The identity of a Substrate chain, told twice: in CAIP form and as the light clients pin it.
fn read_identity<R: Read>(r: &mut R) -> Result<(FixedBytes<24>, FixedBytes<16>), FormatError> {
    r.field("chain")?;
    let chain = r.text(caip::MAX_CHAIN)?;
    r.field("host")?;
    let host = r.text(caip::MAX_ACCOUNT)?;
    r.field("genesis")?;
    let genesis = FixedBytes::new(read_fixed(r)?);
    if chain != caip::polkadot(&genesis) {
        return Err(r.problem(Problem::Invalid("not the genesis hash that `chain` begins with".into())));
    }
    r.field("pallet_prefix")?;
    let prefix = FixedBytes::<16>::new(read_fixed(r)?);
    if host != format!("{chain}:{prefix:#x}") {
        return Err(r.problem(Problem::Invalid("not the prefix that `host` names".into())));
    }
    Ok((genesis, prefix))
}

fn read_beefy<R: Read>(r: &mut R) -> Result<AnchorClient, FormatError> {
    let (genesis, pallet_prefix) = read_identity(r)?;
    r.field("first_mmr_block")?;
    let first_mmr_block = r.number()?;
    let (trusting_period, max_clock_drift) = read_rules(r)?;
    let (latest_height, latest_timestamp) = read_block(r)?;
    r.field("state_root")?;
    let state_root = B256::new(read_fixed(r)?);
    r.field("current")?;
    let current = read_set(r)?;
    r.field("next")?;
    let next = read_set(r)?;
    let state = beefy::ClientState {
        genesis,
        pallet_prefix,
        first_mmr_block,
        rules: beefy::Rules { trusting_period, max_clock_drift },
        latest_height,
        latest_timestamp,
        frozen: false,
        current,
        next,
    };
    Ok(AnchorClient::Beefy { state, state_root })
}

fn read_grandpa<R: Read>(r: &mut R) -> Result<AnchorClient, FormatError> {
    let (genesis, pallet_prefix) = read_identity(r)?;
    let (trusting_period, max_clock_drift) = read_rules(r)?;
    let (latest_height, latest_timestamp) = read_block(r)?;
    r.field("state_root")?;
    let state_root = B256::new(read_fixed(r)?);
    r.field("header_hash")?;
    let header_hash = B256::new(read_fixed(r)?);
    r.field("set_id")?;
    let set_id = r.number()?;
    r.field("authorities")?;
    let list = read_list(r, 1, grandpa::authorities::MAX_AUTHORITIES, |r| {
        r.begin_object(2)?;
        r.field("key")?;
        let key = B256::new(read_fixed(r)?);
        r.field("weight")?;
        let weight = r.number()?;
        r.end_object()?;
        Ok(grandpa::Authority { key, weight })
    })?;
    let authorities = grandpa::AuthoritySet::new(list).map_err(|e| r.problem(Problem::Invalid(e.to_string())))?;
    let state = grandpa::ClientState {
        genesis,
        pallet_prefix,
        rules: grandpa::Rules { trusting_period, max_clock_drift },
        latest_height,
        latest_timestamp,
        frozen: false,
    };
    Ok(AnchorClient::Grandpa { state, state_root, header_hash, set_id, authorities })
}

fn write_set<W: Write>(w: &mut W, set: &beefy::AuthoritySet) {
    w.begin_object(3);
    write_number(w, "id", set.id);
    write_number(w, "len", set.len.into());
    write_bytes(w, "root", set.root.as_slice());
    w.end_object();
}

fn read_set<R: Read>(r: &mut R) -> Result<beefy::AuthoritySet, FormatError> {
    r.begin_object(3)?;
    r.field("id")?;
    let id = r.number()?;
    r.field("len")?;
    let len = u32::try_from(r.number()?).map_err(|_| r.problem(Problem::TooLarge(u32::MAX.into())))?;
    r.field("root")?;
    let root = B256::new(read_fixed(r)?);
    r.end_object()?;
    Ok(beefy::AuthoritySet { id, len, root })
}

fn read_rules<R: Read>(r: &mut R) -> Result<(u64, u64), FormatError> {
    r.field("trusting_period")?;
    let period = r.number()?;
    r.field("max_clock_drift")?;
    Ok((period, r.number()?))
}

fn read_block<R: Read>(r: &mut R) -> Result<(Height, TimestampSecs), FormatError> {
    r.field("height")?;
    let height = Height(r.number()?);
    r.field("timestamp")?;
    Ok((height, TimestampSecs(r.number()?)))
}

fn read_u8<R: Read>(r: &mut R, name: &'static str) -> Result<u8, FormatError> {
    r.field(name)?;
    u8::try_from(r.number()?).map_err(|_| r.problem(Problem::TooLarge(u8::MAX.into())))
}

/// A field that has one value only.
pub(crate) fn constant<R: Read>(r: &mut R, name: &'static str, value: &str) -> Result<(), FormatError> {
    r.field(name)?;
    if r.text(64)? == value { Ok(()) } else { Err(r.problem(Problem::Invalid(format!("must be {value}")))) }
}

/// The one version there is.
pub(crate) fn version<R: Read>(r: &mut R) -> Result<(), FormatError> {
    r.field("version")?;
    match r.number()? {
        VERSION => Ok(()),
        other => Err(r.problem(Problem::Invalid(format!("version {other} is not known, only {VERSION}")))),
    }
}

pub(crate) fn write_text<W: Write>(w: &mut W, name: &'static str, text: &str) {
    w.field(name);
    w.text(text);
}

pub(crate) fn write_number<W: Write>(w: &mut W, name: &'static str, n: u64) {
    w.field(name);
    w.number(n);
}

pub(crate) fn write_bytes<W: Write>(w: &mut W, name: &'static str, bytes: &[u8]) {
    w.field(name);
    w.bytes(bytes);
}
