//! GRANDPA: justifications, changes of the authorities, messages, updates, evidence, membership.
//! With the feature `upstream` every verdict is compared with the plain checker's, which stands on
//! the chain's own types.

#[cfg(feature = "upstream")]
use crate::references::grandpa::reference;
use crate::{
    cached::Cached,
    client::{self, Claims, Draw, Family, change, family, name, one_encoding},
    edit::{edit, edits, replace},
    input::Input,
    keys::sign_ed25519,
    proof::Trie,
    vectors::{Case, load, load_all},
};
use alloy_primitives::{B256, Bytes};
use lupu_grandpa::{
    AuthoritySet, ClientState, ConsensusState, GrandpaClient, Justification, MembershipProof, Misbehaviour,
    UpdateMessage, check_votes, relay::trim, scheduled_change, vote_message,
};
use lupu_light_client::{LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::{Header, blake2_256};
use std::sync::LazyLock;

struct Vote {
    expect: String,
    raw: Vec<u8>,
    set_id: u64,
    authorities: Option<AuthoritySet>,
}

static JUSTIFICATIONS: LazyLock<Vec<Vote>> = LazyLock::new(|| {
    let read = |c: &Case| Vote {
        expect: c.text("expect").into(),
        raw: c.bytes("justification"),
        set_id: c.number("set_id"),
        authorities: AuthoritySet::decode(&c.bytes("authorities")).ok(),
    };
    load("grandpa/justification").iter().map(read).collect()
});

/// A justification of a vector with bytes edited or votes signed again, or any bytes, against the
/// vector's set. Read and written as the same bytes; what is accepted has a supermajority of
/// distinct members; what a relayer trims of it is accepted too.
pub fn grandpa_justification(data: &[u8]) {
    let mut input = Input::new(data);
    let case = &JUSTIFICATIONS[input.below(JUSTIFICATIONS.len())];
    let mut raw = case.raw.clone();
    let untouched = input.is_empty();
    match (input.u8() % 3, Justification::decode(&raw)) {
        (0, _) if !untouched => raw = input.rest().to_vec(),
        (1, Ok(mut justification)) => {
            edit_votes(&mut input, &mut justification);
            sign_again(&mut justification, case.set_id);
            raw = justification.encode();
        }
        _ => {
            let other = &JUSTIFICATIONS[input.below(JUSTIFICATIONS.len())];
            edits(&mut input, &mut raw, &other.raw);
        }
    }
    let decoded = Justification::decode(&raw);
    let set = case.authorities.as_ref();
    let verdict = match (&decoded, set) {
        (Ok(justification), Some(set)) => {
            assert_eq!(justification.encode(), raw);
            let verdict = check_votes(justification, case.set_id, set, &Cached);
            if let Ok(finality) = &verdict {
                let weight: u64 = finality.signers.iter().map(|key| set.find(key).expect("a member").1).sum();
                assert_eq!(weight, finality.weight);
                assert!(u128::from(weight) * 3 > u128::from(set.total_weight()) * 2);
                let trimmed = trim(justification, case.set_id, set, &Cached).expect("good already");
                assert!(trimmed.votes.len() <= justification.votes.len());
            }
            if let Ok(trimmed) = trim(justification, case.set_id, set, &Cached) {
                assert!(check_votes(&trimmed, case.set_id, set, &Cached).is_ok());
            }
            verdict.map(drop).map_err(|e| e.name())
        }
        (Ok(justification), None) => {
            assert_eq!(justification.encode(), raw);
            Err("InvalidAuthoritySet")
        }
        (Err(_), _) => Err("MalformedJustification"),
    };
    if untouched && set.is_some() {
        assert_eq!(verdict.err().unwrap_or("ok"), case.expect);
    }
}

fn edit_votes(input: &mut Input<'_>, j: &mut Justification) {
    for _ in 0..1 + input.u8() % 4 {
        let (from, at) = (input.below(j.votes.len()), input.below(j.votes.len()));
        let copy = j.votes.get(from).cloned();
        match (input.u8() % 7, j.votes.get_mut(at)) {
            (0, Some(vote)) => vote.target.number = input.number(u64::from(vote.target.number)) as u32,
            (1, Some(vote)) => vote.target.hash.0[usize::from(input.u8() % 32)] ^= input.u8(),
            (2, Some(vote)) => vote.key = copy.map(|v| v.key).unwrap_or_default(),
            (3, _) => j.votes.extend(copy),
            (4, Some(_)) => drop(j.votes.remove(at)),
            (5, _) => j.round = input.number(j.round),
            (6, Some(vote)) => {
                vote.target =
                    j.ancestry.first().map_or(j.target, |a| lupu_grandpa::Target { hash: a.hash, number: a.number })
            }
            _ => {}
        }
    }
}

fn sign_again(j: &mut Justification, set_id: u64) {
    for vote in &mut j.votes {
        if let Some(signature) = sign_ed25519(&vote.key, &vote_message(&vote.target, j.round, set_id)) {
            vote.signature = signature;
        }
    }
}

/// The set that a header's digest schedules: what is read is a legal set, written as it stands in
/// the header.
pub fn grandpa_change(data: &[u8]) {
    let Ok(header) = Header::decode(data) else { return };
    let Ok(Some(set)) = scheduled_change(&header) else { return };
    let encoded = set.encode();
    assert!(data.windows(encoded.len()).any(|w| w == encoded));
    assert_eq!(AuthoritySet::decode(&encoded).as_ref(), Ok(&set));
    assert!(set.threshold() <= set.total_weight() && set.threshold() > set.total_weight() / 3 * 2);
}

/// What is sent to a client and what it keeps: one encoding each.
pub fn grandpa_messages(data: &[u8]) {
    one_encoding!(data, UpdateMessage, Misbehaviour, MembershipProof, ConsensusState, ClientState)
}

family!(Grandpa, GrandpaClient, with_verifier);

type Base = client::Base<Grandpa>;

#[cfg(feature = "upstream")]
fn plain_client(case: &Base) -> reference::Client {
    reference::Client::new(&case.client.encode(), &case.plain_stored(), case.now)
}

/// Where the updates come from, in the order in which inputs count them.
pub const UPDATE_FILES: [&str; 6] = [
    "grandpa/update",
    "grandpa/update_votes",
    "grandpa/update_ancestry",
    "grandpa/update_changes",
    "grandpa/update_anchors",
    "grandpa/update_headers",
];

static UPDATES: LazyLock<Vec<Base>> =
    LazyLock::new(|| load_all(&UPDATE_FILES).iter().map(|c| Base::read(c, "message")).collect());

/// An update of a vector: as it is, with its bytes edited, or with its parts edited and what
/// follows from them made again: the anchor proof's root in the header, the header's hash in the
/// justification, the votes' signatures, what the client stores.
pub fn grandpa_update(data: &[u8]) {
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

fn check_update(case: &Base) -> &'static str {
    let mut client = case.client();
    let fast = client.apply(&case.raw, case.now());
    #[cfg(feature = "upstream")]
    match (&fast, reference::update_client(&plain_client(case), &case.raw)) {
        (Ok((v, result)), Ok(o)) => {
            assert_eq!((name(*result), v.height.0, v.consensus.header_hash), (o.result, o.height, o.hash));
            assert_eq!(v.consensus.encode(), o.consensus);
        }
        (Err(e), Err(name)) => assert_eq!(e.check, name, "{}", e.detail),
        (fast, slow) => panic!("{fast:?} {slow:?}"),
    }
    let (v, result) = match fast {
        Ok(accepted) => accepted,
        Err(e) => {
            assert_eq!(client.state().encode(), case.client.encode());
            return e.check;
        }
    };
    // What was accepted can be derived again from the message.
    let m = UpdateMessage::decode(&case.raw).expect("it was accepted");
    assert_eq!(v.header.encode(), m.header.as_ref());
    assert_eq!((v.consensus.header_hash, v.consensus.state_root), (blake2_256(&m.header), v.header.state_root));
    assert_eq!(u64::from(v.header.number), v.height.0);
    assert!(case.stored.contains(&(m.trusted_height, m.trusted.hash())) && v.height > m.trusted_height);
    let set = AuthoritySet::decode(&m.authorities).expect("it was accepted");
    assert_eq!(set.hash(), m.trusted.authorities_hash);
    let justification = Justification::decode(&m.justification).expect("it was accepted");
    assert_eq!(justification.encode(), m.justification.as_ref());
    let mut voters = justification.voters();
    voters.sort();
    voters.dedup();
    let weight: u128 = voters.iter().map(|key| u128::from(set.find(key).expect("a member").1)).sum();
    assert!(weight * 3 > u128::from(set.total_weight()) * 2);
    let next = v.next.as_ref().map_or(m.trusted.authorities_hash, AuthoritySet::hash);
    assert_eq!(v.consensus.authorities_hash, next);
    assert_eq!(client.state().frozen, result == UpdateResult::Misbehaviour);
    if result == UpdateResult::Update {
        assert_eq!(client.consensus_hash(v.height), Some(v.consensus.hash()));
    }
    name(result)
}

fn edit_bytes(input: &mut Input<'_>, bytes: &mut Bytes, other: &[u8]) {
    change(bytes, |data| edit(input, data, other));
}

fn edit_message(input: &mut Input<'_>, case: &mut Base, m: &mut UpdateMessage, other: &UpdateMessage, more: bool) {
    let before = m.clone();
    let flags = input.u8();
    for _ in 0..1 + input.u8() % 4 {
        match input.u8() % 13 {
            0..=2 => edit_bytes(input, &mut m.header, &other.header),
            3 => edit_bytes(input, &mut m.justification, &other.justification),
            4 | 5 => {
                if let Ok(mut justification) = Justification::decode(&m.justification) {
                    edit_votes(input, &mut justification);
                    m.justification = justification.encode().into();
                }
            }
            6 => m.trusted_height = Height(input.number(m.trusted_height.0)),
            7 => m.trusted.timestamp = TimestampSecs(input.number(case.now)),
            8 => m.trusted.set_id = input.number(m.trusted.set_id),
            9 => edit_bytes(input, &mut m.authorities, &other.authorities),
            10 => edit_bytes(input, &mut m.anchor_proof, &other.anchor_proof),
            11 => case.now = input.number(case.now),
            _ => case.client.frozen = input.u8() & 1 == 1,
        }
    }
    if more && let Some(mut parts) = Trie::Substrate.split(&m.anchor_proof) {
        let root = Header::decode(&before.header).map(|h| h.state_root).unwrap_or_default();
        let new = Trie::Substrate.edit(input, root, &mut parts);
        m.anchor_proof = Trie::Substrate.join(&parts).into();
        change(&mut m.header, |data| replace(data, root.as_slice(), new.as_slice()));
    }
    if flags & 1 == 0 {
        change(&mut m.justification, |data| {
            replace(data, blake2_256(&before.header).as_slice(), blake2_256(&m.header).as_slice())
        });
    }
    if flags & 2 == 0
        && let Ok(mut justification) = Justification::decode(&m.justification)
    {
        sign_again(&mut justification, m.trusted.set_id);
        m.justification = justification.encode().into();
    }
    if flags & 4 == 4 {
        m.trusted.authorities_hash = alloy_primitives::keccak256(&m.authorities);
    }
    if flags & 8 == 8 {
        case.store(m.trusted_height, m.trusted.hash());
    }
}

static EVIDENCE: LazyLock<Vec<Base>> =
    LazyLock::new(|| load("grandpa/misbehaviour").iter().map(|c| Base::read(c, "evidence")).collect());

/// Evidence of a vector, as [`grandpa_update`]; the headers between are edited too.
pub fn grandpa_misbehaviour(data: &[u8]) {
    let mut input = Input::new(data);
    let draw = Draw::new(&mut input, &EVIDENCE);
    let mut case = draw.base.clone();
    match (draw.mode, Misbehaviour::decode(&draw.base.raw), Misbehaviour::decode(&draw.other.raw)) {
        (2 | 3, Ok(mut evidence), Ok(other)) => {
            match input.u8() % 4 {
                0 => edit_message(&mut input, &mut case, &mut evidence.a, &other.b, draw.mode == 3),
                1 => edit_message(&mut input, &mut case, &mut evidence.b, &other.a, draw.mode == 3),
                2 => std::mem::swap(&mut evidence.a, &mut evidence.b),
                _ => {
                    let at = input.below(evidence.ancestry.len().max(1));
                    match (input.u8() % 3, evidence.ancestry.get_mut(at)) {
                        (0, Some(header)) => edit_bytes(&mut input, header, &evidence.b.header),
                        (1, Some(_)) => drop(evidence.ancestry.remove(at)),
                        _ => evidence.ancestry.extend(other.ancestry.first().cloned()),
                    }
                }
            }
            case.raw = evidence.encode();
        }
        _ => draw.edit_bytes(&mut input, &mut case),
    }
    let mut client = case.client();
    let fast = client.misbehaviour(&case.raw, case.now());
    let verdict = fast.as_ref().map_or_else(|e| e.check, |()| "Misbehaviour");
    #[cfg(feature = "upstream")]
    {
        let slow = reference::misbehaviour(&plain_client(&case), &case.raw);
        assert_eq!(verdict, slow.err().unwrap_or("Misbehaviour"), "{fast:?}");
    }
    assert_eq!(client.state().frozen, fast.is_ok() || case.client.frozen);
    if fast.is_ok() {
        let evidence = Misbehaviour::decode(&case.raw).expect("it was accepted");
        let [a, b] = [&evidence.a, &evidence.b].map(|m| Header::decode(&m.header).expect("it was accepted"));
        let blocks = evidence.ancestry.last().map_or(b.hash(), |last| blake2_256(last));
        assert_eq!(evidence.ancestry.len() as u32, b.number - a.number);
        assert_ne!(a.hash(), blocks, "two blocks of one height");
    }
    draw.expects(verdict);
}

static MEMBERSHIP: LazyLock<Vec<Claims<Grandpa>>> = LazyLock::new(|| Claims::load("grandpa/membership"));

/// A verify call of a vector: claims, height, clock and proof edited, the stored hash made again.
pub fn grandpa_membership(data: &[u8]) {
    let mut input = Input::new(data);
    let from = &MEMBERSHIP[input.below(MEMBERSHIP.len())];
    let untouched = input.is_empty();
    let call = from.edited(&mut input, |input, raw| {
        let mut proof = MembershipProof::decode(raw).ok()?;
        let mut parts = Trie::Substrate.split(&proof.nodes)?;
        proof.consensus.state_root = Trie::Substrate.edit(input, proof.consensus.state_root, &mut parts);
        proof.nodes = Trie::Substrate.join(&parts).into();
        Some((proof.encode(), proof.consensus.hash()))
    });
    let fast = call.verify();
    let (case, height) = (&call.base, call.height);
    if let Ok(time) = fast {
        let proof = MembershipProof::decode(&case.raw).expect("it was accepted");
        assert_eq!(proof.consensus.timestamp, time);
        assert!(case.stored.contains(&(height, proof.consensus.hash())));
        let prefix = case.client.pallet_prefix.0;
        let state =
            lupu_substrate_state::check_membership(&proof.consensus.state_root, &prefix, &call.claims, &proof.nodes);
        assert_eq!(state, Ok(()));
    }
    #[cfg(feature = "upstream")]
    if let Some(words) = client::words(&call.claims) {
        let slow = reference::membership(&plain_client(case), height.0, &words, &case.raw);
        assert_eq!(fast.as_ref().ok().map(|t| t.0), slow.ok(), "{fast:?}");
    }
    if untouched && from.base.expect == "ok" {
        assert!(fast.is_ok());
    }
}
