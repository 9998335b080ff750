//! QBFT and IBFT 2.0: headers, messages, updates, evidence, membership. Every verdict is compared
//! with the plain checker's.

use crate::{
    cached::Cached,
    client::{self, Claims, Draw, Family, change, family, name, one_encoding, words},
    edit::{edit, edits},
    input::Input,
    keys::sign,
    proof::Trie,
    references::qbft::{self as plain, reference},
    vectors::{load, load_all},
};
use alloy_primitives::{Address, B256, Bytes};
use lupu_light_client::{LightClient, UpdateResult};
use lupu_qbft::{ClientState, ConsensusState, Header, Kind, MembershipProof, Misbehaviour, QbftClient, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};
use std::sync::LazyLock;

fn kind(input: &mut Input<'_>) -> Kind {
    if input.u8() & 1 == 0 { Kind::Qbft } else { Kind::Ibft2 }
}

/// A header of the kind that the first byte says. What is read is written as the same bytes; its
/// hashes, fields and signers are those of the plain checker.
pub fn qbft_header(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = kind(&mut input);
    let raw = input.rest();
    let ours = Header::decode(kind, raw);
    let plain = reference::header(kind as u64, raw);
    assert_eq!(ours.is_ok(), plain.is_some(), "{ours:?}");
    let (Ok(ours), Some(plain)) = (ours, plain) else { return };
    assert_eq!(ours.encode(), raw);
    assert_eq!((ours.block_hash(), ours.commit_digest()), (plain.hash, plain.digest));
    assert_eq!((ours.number().0, ours.timestamp().0), (plain.number, plain.timestamp));
    assert_eq!((ours.parent_hash(), ours.state_root()), (plain.parent_hash, plain.state_root));
    assert_eq!((ours.coinbase(), u64::from(ours.round())), (plain.coinbase, plain.round));
    assert_eq!(ours.validators(), plain.validators);
    assert_eq!(ours.seals().iter().map(|s| s.to_vec()).collect::<Vec<_>>(), plain.seals);
    // Seals lie outside both hashes.
    let bare = ours.with_seals(Vec::new());
    assert_eq!((bare.block_hash(), bare.commit_digest()), (plain.hash, plain.digest));
    assert_eq!(Header::decode(kind, &bare.encode()).as_ref(), Ok(&bare));
    for (seal, signer) in plain.seals.iter().zip(ours.recover_seals(&Cached)).take(4) {
        assert_eq!(reference::signer(&plain.digest, seal), signer.ok());
    }
}

/// What is sent to a client and what it keeps: one encoding each.
pub fn qbft_messages(data: &[u8]) {
    one_encoding!(data, UpdateMessage, Misbehaviour, MembershipProof, ConsensusState, ClientState)
}

family!(Qbft, QbftClient, with_recover);

type Base = client::Base<Qbft>;

fn plain_client(case: &Base) -> reference::Client {
    reference::Client::new(&case.client.encode(), &case.plain_stored(), case.now)
}

/// Where the updates come from, in the order in which inputs count them.
pub const UPDATE_FILES: [&str; 5] =
    ["qbft/update", "qbft/update_accounts", "qbft/update_headers", "qbft/update_seals", "qbft/update_sets"];

static UPDATES: LazyLock<Vec<Base>> =
    LazyLock::new(|| load_all(&UPDATE_FILES).iter().map(|c| Base::read(c, "message")).collect());

/// An update of a vector: as it is, with its bytes edited, or with its parts edited and what
/// follows from them made again: the account proof's root in the header, the seals, what the
/// client stores.
pub fn qbft_update(data: &[u8]) {
    let mut input = Input::new(data);
    let draw = Draw::new(&mut input, &UPDATES);
    let mut case = draw.base.clone();
    match (draw.mode, UpdateMessage::decode(&draw.base.raw), UpdateMessage::decode(&draw.other.raw)) {
        (2 | 3, Ok(mut message), Ok(other)) => {
            edit_message(&mut input, &mut case, &mut message, &other, draw.mode == 3);
            case.raw = message.encode();
        }
        _ => draw.edit_bytes(&mut input, &mut case),
    }
    draw.expects(check_update(&case));
}

/// The verdict, the same from both.
fn check_update(case: &Base) -> &'static str {
    let mut client = case.client();
    let fast = client.apply(&case.raw, case.now());
    let slow = reference::update_client(&plain_client(case), &case.raw);
    match (fast, slow) {
        (Ok((v, result)), Ok(o)) => {
            let name = name(result);
            assert_eq!((name, v.height.0, v.block_hash), (o.result, o.height, o.block_hash));
            assert_eq!(v.consensus.encode(), o.consensus);
            assert_eq!(client.state().frozen, result == UpdateResult::Misbehaviour);
            if result == UpdateResult::Update {
                assert_eq!(client.consensus_hash(v.height), Some(v.consensus.hash()));
                let again = client.update(&case.raw, case.now()).expect("the same update");
                assert_eq!(again, UpdateResult::NoOp);
            }
            name
        }
        (Err(e), Err(name)) => {
            assert_eq!(e.check, name, "{}", e.detail);
            assert_eq!(client.state().encode(), case.client.encode());
            name
        }
        (fast, slow) => panic!("{fast:?} {slow:?}"),
    }
}

fn edit_message(input: &mut Input<'_>, case: &mut Base, m: &mut UpdateMessage, other: &UpdateMessage, more: bool) {
    let mut header = HeaderParts::read(&m.header);
    let signers = header.as_ref().map(|h| h.signers(case.client.kind)).unwrap_or_default();
    let flags = input.u8();
    for _ in 0..1 + input.u8() % 4 {
        match input.u8() % 12 {
            0..=4 => {
                if let Some(header) = &mut header {
                    header.edit(input);
                }
            }
            5 => m.trusted_height = Height(input.number(m.trusted_height.0)),
            6 => m.trusted.timestamp = TimestampSecs(input.number(case.now)),
            7 => edit_bytes(input, &mut m.trusted_validators, &other.trusted_validators),
            8 => edit_bytes(input, &mut m.account_proof, &other.account_proof),
            9 => case.now = input.number(case.now),
            10 => case.client.frozen = input.u8() & 1 == 1,
            _ => case.client.rules.trust_numerator = input.u8(),
        }
    }
    if more && let Some(mut parts) = Trie::Ethereum.split(&m.account_proof) {
        let root = header.as_ref().and_then(HeaderParts::state_root).unwrap_or_default();
        let new = Trie::Ethereum.edit(input, root, &mut parts);
        m.account_proof = Trie::Ethereum.join(&parts).into();
        if let Some(header) = &mut header {
            header.set_state_root(new);
        }
    }
    if let Some(header) = header {
        m.header = match flags & 1 {
            0 => header.sealed(case.client.kind, &signers).into(),
            _ => header.raw().into(),
        };
    }
    if flags & 2 == 2 {
        // What is stored follows what the message says is trusted.
        case.store(m.trusted_height, m.trusted.hash());
    }
}

fn edit_bytes(input: &mut Input<'_>, bytes: &mut Bytes, other: &[u8]) {
    change(bytes, |data| edits(input, data, other));
}

/// A header as its encoded items, and extraData as its own.
struct HeaderParts {
    items: Vec<Vec<u8>>,
    extra: Vec<Vec<u8>>,
    seals: Vec<Vec<u8>>,
}

impl HeaderParts {
    fn read(raw: &[u8]) -> Option<Self> {
        let list = |raw: &[u8]| reference_items(raw);
        let items = list(raw)?;
        let (_, _, extra) = plain::state_trie::reference::only(items.get(12)?)?;
        let mut extra = list(&extra)?;
        let seals = plain::state_trie::reference::only(extra.get(4)?)?;
        let seals = plain::state_trie::reference::items(&seals.2)?.into_iter().map(|s| s.2).collect();
        extra.truncate(4);
        Some(Self { items, extra, seals })
    }

    fn with(&self, extra: &[Vec<u8>]) -> Vec<u8> {
        let mut items = self.items.clone();
        if let Some(item) = items.get_mut(12) {
            *item = plain::string(&plain::list(extra));
        }
        plain::list(&items)
    }

    fn raw(&self) -> Vec<u8> {
        let seals: Vec<Vec<u8>> = self.seals.iter().map(|s| plain::string(s)).collect();
        self.with(&[self.extra.clone(), vec![plain::list(&seals)]].concat())
    }

    fn digest(&self, kind: Kind) -> B256 {
        let end = if kind == Kind::Qbft { vec![vec![0xc0]] } else { Vec::new() };
        alloy_primitives::keccak256(self.with(&[self.extra.clone(), end].concat()))
    }

    fn signers(&self, kind: Kind) -> Vec<Option<Address>> {
        let digest = self.digest(kind);
        self.seals.iter().map(|seal| reference::signer(&digest, seal)).collect()
    }

    /// Sealed again by those who had sealed it.
    fn sealed(mut self, kind: Kind, signers: &[Option<Address>]) -> Vec<u8> {
        let digest = self.digest(kind);
        for (seal, who) in self.seals.iter_mut().zip(signers) {
            if let Some(new) = who.and_then(|who| sign(&who, &digest)) {
                *seal = new.to_vec();
            }
        }
        self.raw()
    }

    fn state_root(&self) -> Option<B256> {
        self.items.get(3)?.get(1..).and_then(|root| B256::try_from(root).ok())
    }

    fn set_state_root(&mut self, root: B256) {
        if let Some(item) = self.items.get_mut(3) {
            *item = plain::string(root.as_slice());
        }
    }

    fn edit(&mut self, input: &mut Input<'_>) {
        match input.u8() % 8 {
            0 => {
                let at = input.below(self.items.len());
                if let Some(item) = self.items.get_mut(at) {
                    edit(input, item, &[0x80]);
                }
            }
            1 => self.number(input, 8, 100),
            2 => self.number(input, 11, 1_700_000_060),
            3 => self.items.push(plain::string(input.short())),
            4 => {
                let at = input.below(self.extra.len());
                if let Some(item) = self.extra.get_mut(at) {
                    edit(input, item, &[0xc0]);
                }
            }
            5 => {
                let at = input.below(self.seals.len());
                if let Some(seal) = self.seals.get_mut(at) {
                    edit(input, seal, &[0; 65]);
                }
            }
            6 => {
                let (from, to) = (input.below(self.seals.len()), input.below(self.seals.len()));
                if let Some(seal) = self.seals.get(from).cloned() {
                    self.seals.insert(to, seal);
                }
            }
            _ => {
                let at = input.below(self.seals.len());
                if at < self.seals.len() {
                    self.seals.remove(at);
                }
            }
        }
    }

    fn number(&mut self, input: &mut Input<'_>, item: usize, near: u64) {
        let number = plain::number(input.number(near));
        if let Some(item) = self.items.get_mut(item) {
            *item = number;
        }
    }
}

fn reference_items(raw: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (_, _, payload) = plain::state_trie::reference::only(raw)?;
    Some(plain::state_trie::reference::items(&payload)?.into_iter().map(|i| i.1).collect())
}

static EVIDENCE: LazyLock<Vec<Base>> =
    LazyLock::new(|| load("qbft/misbehaviour").iter().map(|c| Base::read(c, "evidence")).collect());

/// Evidence of a vector, as [`qbft_update`].
pub fn qbft_misbehaviour(data: &[u8]) {
    let mut input = Input::new(data);
    let draw = Draw::new(&mut input, &EVIDENCE);
    let mut case = draw.base.clone();
    match (draw.mode, Misbehaviour::decode(&draw.base.raw), Misbehaviour::decode(&draw.other.raw)) {
        (2 | 3, Ok(mut evidence), Ok(other)) => {
            if input.u8() & 1 == 0 {
                edit_message(&mut input, &mut case, &mut evidence.a, &other.b, draw.mode == 3);
            }
            edit_message(&mut input, &mut case, &mut evidence.b, &other.a, draw.mode == 3);
            case.raw = evidence.encode();
        }
        _ => draw.edit_bytes(&mut input, &mut case),
    }
    let mut client = case.client();
    let fast = client.misbehaviour(&case.raw, case.now());
    let slow = reference::misbehaviour(&plain_client(&case), &case.raw);
    assert_eq!(fast.as_ref().map_err(|e| e.check).err(), slow.err(), "{fast:?}");
    assert_eq!(client.state().frozen, fast.is_ok() || case.client.frozen);
    draw.expects(slow.err().unwrap_or("Misbehaviour"));
}

static MEMBERSHIP: LazyLock<Vec<Claims<Qbft>>> = LazyLock::new(|| Claims::load("qbft/membership"));

/// A verify call of a vector: claims, height, clock and proof edited, the stored hash made again.
pub fn qbft_membership(data: &[u8]) {
    let mut input = Input::new(data);
    let from = &MEMBERSHIP[input.below(MEMBERSHIP.len())];
    let untouched = input.is_empty();
    let call = from.edited(&mut input, |input, raw| {
        let mut proof = MembershipProof::decode(raw).ok()?;
        let mut parts = Trie::Ethereum.split(&proof.nodes)?;
        proof.consensus.storage_root = Trie::Ethereum.edit(input, proof.consensus.storage_root, &mut parts);
        proof.nodes = Trie::Ethereum.join(&parts).into();
        Some((proof.encode(), proof.consensus.hash()))
    });
    let fast = call.verify();
    let (case, height) = (&call.base, call.height);
    // A zero that is present is never true.
    let Some(words) = words(&call.claims) else { return assert!(fast.is_err()) };
    let slow = reference::membership(&plain_client(case), height.0, &words, &case.raw);
    match (&fast, &slow) {
        (Ok(time), Ok(plain)) => assert_eq!(time.0, *plain),
        // Where both the proof and a value are wrong, either may be the error.
        (Err(e), Err(name)) => assert!(e.check == *name || [e.check, *name].iter().any(|n| n.starts_with("Value"))),
        _ => panic!("{fast:?} {slow:?}"),
    }
    if untouched && from.base.expect == "ok" {
        assert!(fast.is_ok());
    }
}
