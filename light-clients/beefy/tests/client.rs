//! A client over its life: following a chain through its sessions, expiring, freezing; anchors.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, Bytes, FixedBytes, keccak256};
use common::{Authority, Scenario, T0, authorities, commitment, joined, path, quorum, set_of};
use lupu_beefy::{
    AnchorError, AnchorParameters, BeefyClient, ClientState, ClientStateError, ConsensusState, K256, MembershipProof,
    Misbehaviour, Recover, Rules, UpdateError, UpdateMessage, initial_state,
};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

fn client(s: &Scenario) -> BeefyClient {
    BeefyClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, hash)| (Height(*h), *hash)))
}

fn update(client: &mut BeefyClient, s: &Scenario) -> Result<UpdateResult, &'static str> {
    client.update(&s.message().encode(), TimestampSecs(s.now)).map_err(|e| e.check)
}

/// The scenario goes on to this block, in the client's state as it is.
fn at(s: &Scenario, client: &BeefyClient, number: u32) -> Scenario {
    let mut s = s.clone();
    s.client = client.state().clone();
    s.leaf_next = s.client.next;
    s.committed = number + 1;
    s.set_height(number);
    s.set_time(T0 + u64::from(number));
    s.now = T0 + u64::from(number) + 6;
    s
}

/// Signed by a set with this id, naming the one after it.
fn signed(s: &mut Scenario, id: u64, set: &[Authority], next: &[Authority]) {
    s.set_id = id;
    s.signing = set.to_vec();
    s.signers = (0..quorum(set.len())).collect();
    s.leaf_next = set_of(id + 1, next);
}

#[test]
fn follows_the_chain_through_its_sessions() {
    for sizes in [[4, 4, 4, 4, 4], [1, 2, 3, 4, 5], [7, 4, 1, 10, 3]] {
        let sets: Vec<Vec<Authority>> =
            sizes.iter().enumerate().map(|(i, n)| authorities(&format!("session {i}"), *n)).collect();
        let mut base = Scenario::new(1);
        base.client.current = set_of(0, &sets[0]);
        base.client.next = set_of(1, &sets[1]);
        let mut client = client(&base);
        let mut number = 110;
        for session in 0..3 {
            let (now, next, after) = (&sets[session], &sets[session + 1], &sets[session + 2]);
            let id = session as u64;
            // Within the session; then what must not be: the session after next, an older leaf.
            let mut s = at(&base, &client, number);
            signed(&mut s, id, now, next);
            assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
            let mut s = at(&base, &client, number + 1);
            signed(&mut s, id + 2, after, now);
            assert_eq!(update(&mut client, &s), Err("UnknownAuthoritySet"), "a handover is skipped");
            let mut s = at(&base, &client, number + 2);
            signed(&mut s, id + 1, next, after);
            s.committed += 5;
            assert_eq!(update(&mut client, &s), Err("HandoverLeafNotBound"));
            assert_eq!(client.state().current, set_of(id, now), "nothing moved");
            // The first block of the next session.
            let mut s = at(&base, &client, number + 3);
            signed(&mut s, id + 1, next, after);
            assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
            assert_eq!(client.state().current, set_of(id + 1, next));
            assert_eq!(client.state().next, set_of(id + 2, after));
            assert_eq!(client.latest_height(), Height(u64::from(number) + 3));
            assert_eq!(update(&mut client, &s), Ok(UpdateResult::NoOp), "the same message again");
            assert_eq!(client.state().current, set_of(id + 1, next), "does not hand over twice");
            // The old set is nobody now, whatever it signs.
            let mut s = at(&base, &client, number + 4);
            signed(&mut s, id, now, next);
            assert_eq!(update(&mut client, &s), Err("UnknownAuthoritySet"));
            number += 10;
        }
        assert_eq!(client.consensus_hashes().count(), 1 + 2 * 3);
    }
}

#[test]
fn a_known_block_hands_over_too() {
    let s = Scenario::new(4);
    let mut client = client(&s);
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    let mut next = Scenario::handover(4);
    next.client = client.state().clone();
    assert_eq!(update(&mut client, &next), Ok(UpdateResult::NoOp));
    assert_eq!((client.state().current.id, client.state().next.id), (8, 9));
    assert_eq!(client.latest_height(), Height(120));
}

#[test]
fn one_set_of_keys_for_two_sessions_is_told_apart_by_id() {
    let mut s = Scenario::new(4);
    s.next = s.current.clone();
    s.client.next = set_of(8, &s.next);
    s.leaf_next = s.client.next;
    assert_eq!(s.client.current.root, s.client.next.root);
    let mut client = client(&s);
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    assert_eq!(client.state().current.id, 7);
    let mut s = at(&s, &client, 130);
    s.signed_by_next();
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    assert_eq!((client.state().current.id, client.state().next.id), (8, 9));
}

#[test]
fn older_blocks_by_their_own_leaves() {
    let base = Scenario::new(4);
    let mut client = client(&base);
    let mut s = at(&base, &client, 200);
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    let newest = client.state().clone();
    for number in [150, 101, 99, 1, 0] {
        s = at(&base, &client, number);
        s.committed = 201;
        s.now = T0 + 210;
        assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update), "{number}");
        assert_eq!(*client.state(), newest, "nothing rises");
        assert_eq!(client.consensus_hash(Height(u64::from(number))), Some(s.consensus().hash()));
    }
}

#[test]
fn expires_and_is_refreshed() {
    let s = Scenario::new(4);
    let mut client = client(&s);
    let end = T0 + s.client.rules.trusting_period;
    assert_eq!(client.status(TimestampSecs(end - 1)), Status::Active);
    assert_eq!(client.status(TimestampSecs(end)), Status::Expired);
    let refused = client.update(&s.message().encode(), TimestampSecs(end)).unwrap_err();
    assert!(refused.to_string().starts_with("ClientExpired: "), "{refused}");
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    assert_eq!(client.status(TimestampSecs(end)), Status::Active, "refreshed by the update");
    assert_eq!(client.client_type(), "beefy");
    assert_eq!(client.trusting_period(), s.client.rules.trusting_period);
    assert_eq!(client.latest_timestamp(), TimestampSecs(T0 + 120));
}

#[test]
fn freezes_on_a_fork_and_then_takes_nothing() {
    let a = Scenario::new(4);
    let mut b = a.clone();
    b.history = "fork";
    b.change_state(|state| state.entries.insert(b"forged".to_vec(), vec![1]).map_or((), drop));
    let now = TimestampSecs(a.now);
    let evidence = Misbehaviour { a: a.message(), b: b.message() }.encode();
    let mut by_evidence = client(&a);
    assert_eq!(by_evidence.misbehaviour(&evidence, now), Ok(()));
    // The fork shows in the consensus state: a conflicting update is evidence by itself.
    let mut by_update = client(&a);
    assert_eq!(update(&mut by_update, &a), Ok(UpdateResult::Update));
    assert_eq!(update(&mut by_update, &b), Ok(UpdateResult::Misbehaviour));
    assert_eq!(by_update.consensus_hash(Height(120)), Some(a.consensus().hash()), "what was stored stays");
    for mut frozen in [by_evidence, by_update] {
        assert_eq!(frozen.status(now), Status::Frozen);
        assert!(ClientState::decode(&frozen.state_bytes()).unwrap().frozen);
        assert_eq!(update(&mut frozen, &a), Err("ClientFrozen"));
        assert_eq!(frozen.misbehaviour(&evidence, now).unwrap_err().check, "ClientFrozen");
        assert_eq!(frozen.verify(Height(100), &[], &[], now).unwrap_err().check, "ClientFrozen");
    }
}

#[test]
fn answers_for_what_it_knows() {
    let s = Scenario::new(4);
    let mut client = client(&s);
    assert_eq!(update(&mut client, &s), Ok(UpdateResult::Update));
    let raw = [path("bank.beefy-harbour", 1, 3), path("bank.beefy-harbour", 2, 3)];
    let full = raw.clone().map(|raw| [s.state.merkle_prefix(), raw].concat());
    let proof = MembershipProof { consensus: s.consensus(), nodes: s.state.proof(&raw).into() }.encode();
    let now = TimestampSecs(s.now);
    let claims = [(full[0].clone(), Claim::Present(commitment(3))), (full[1].clone(), Claim::Absent)];
    assert_eq!(client.verify(Height(120), &claims, &proof, now), Ok(TimestampSecs(T0 + 120)));
    let zero = [claims[0].clone(), (full[1].clone(), Claim::Present(B256::ZERO))];
    assert_eq!(client.verify(Height(120), &zero, &proof, now).unwrap_err().check, "InvalidValue");
    let lie = [claims[0].clone(), (full[1].clone(), Claim::Present(commitment(3)))];
    let refused = client.verify(Height(120), &lie, &proof, now).unwrap_err();
    assert!(refused.to_string().starts_with("ValueAbsent: "), "{refused}");
    assert_eq!(client.verify(Height(119), &claims, &proof, now).unwrap_err().check, "UnknownHeight");
}

#[test]
fn unsafe_parameters_are_refused() {
    let s = Scenario::new(4);
    let initial = ConsensusState { timestamp: s.client.latest_timestamp, state_root: B256::repeat_byte(1) };
    let with = |change: &dyn Fn(&mut ClientState)| {
        let mut state = s.client.clone();
        change(&mut state);
        BeefyClient::new(state, initial).map(|_| ()).unwrap_err()
    };
    use ClientStateError as E;
    assert_eq!(with(&|c| c.genesis = FixedBytes::ZERO), E::InvalidIdentity("genesis"));
    assert_eq!(with(&|c| c.pallet_prefix = FixedBytes::ZERO), E::InvalidIdentity("pallet prefix"));
    assert_eq!(with(&|c| c.rules.trusting_period = 86_400), E::InvalidTrustingPeriod(86_400));
    let (first, latest) = (102, Height(100));
    assert_eq!(with(&|c| c.first_mmr_block = first), E::InvalidFirstBlock { first, latest });
    assert!(BeefyClient::new(s.client.clone(), initial).is_ok());
}

#[test]
fn encodings_are_canonical() {
    let s = Scenario::new(4);
    let state = s.client.encode();
    assert_eq!(state.len(), 14 * 32);
    assert_eq!(ClientState::decode(&state).unwrap(), s.client);
    // bytes24 and bytes16 stand at the left, numbers at the right.
    assert_eq!(state[..24], s.client.genesis[..]);
    assert_eq!(state[32..48], s.client.pallet_prefix[..]);
    for (at, byte) in [(24, 1), (31, 1), (48, 1), (2 * 32, 1), (7 * 32 + 31, 2), (9 * 32 + 27, 1)] {
        let mut bad = state.clone();
        bad[at] = byte;
        assert!(ClientState::decode(&bad).is_err(), "byte {at}");
    }
    assert!(ClientState::decode(&state[..state.len() - 1]).is_err());
    assert!(ClientState::decode(&[&state[..], &[0]].concat()).is_err());
    let consensus = s.consensus();
    let raw = consensus.encode();
    assert_eq!(raw.len(), 64);
    assert_eq!(ConsensusState::decode(&raw).unwrap(), consensus);
    assert_eq!(consensus.hash(), keccak256(&raw));
    assert!(ConsensusState::decode(&raw[..32]).is_err());
    let message = s.message();
    assert_eq!(UpdateMessage::decode(&message.encode()).unwrap(), message);
    let both = Misbehaviour { a: message.clone(), b: message };
    assert_eq!(Misbehaviour::decode(&both.encode()).unwrap(), both);
    let mut identity = [0u8; 64];
    identity[..24].copy_from_slice(s.client.genesis.as_slice());
    identity[32..48].copy_from_slice(s.client.pallet_prefix.as_slice());
    assert_eq!(s.client.chain_identity(), keccak256(identity));
}

#[test]
fn an_anchor_is_a_signed_block_with_the_pallet_in_it() {
    let s = Scenario::new(4);
    let parameters = AnchorParameters {
        genesis: s.client.genesis,
        pallet_prefix: s.client.pallet_prefix,
        first_mmr_block: 1,
        rules: Rules::default(),
    };
    let (state, consensus) = initial_state(&parameters, &s.message(), &K256).unwrap();
    assert_eq!(consensus, s.consensus());
    assert_eq!((state.latest_height, state.latest_timestamp), (Height(120), consensus.timestamp));
    assert_eq!((state.current, state.next), (s.client.current, s.client.next));
    assert!(BeefyClient::new(state, consensus).is_ok());

    let check =
        |s: &Scenario, parameters: AnchorParameters| initial_state(&parameters, &s.message(), &K256).unwrap_err();
    let mut few = s.clone();
    few.signers.pop();
    let refused = check(&few, parameters);
    assert!(refused.to_string().starts_with("TooFewSignatures: "), "{refused}");
    let mut older = s.clone();
    older.committed = 150;
    let refused = check(&older, parameters);
    assert!(matches!(refused, AnchorError::Update(UpdateError::HandoverLeafNotBound { .. })));
    let other = AnchorParameters { genesis: FixedBytes([1; 24]), ..parameters };
    assert!(check(&s, other).to_string().starts_with("WrongChain: "));
    let short = AnchorParameters { rules: Rules { trusting_period: 1, ..Rules::default() }, ..parameters };
    assert!(matches!(check(&s, short), AnchorError::Parameters(_)));
    let mut unusable = s.clone();
    unusable.leaf_next.id = 9;
    assert!(check(&unusable, parameters).to_string().starts_with("InvalidAuthoritySet: "));
    let mut nobody = s.message();
    nobody.authorities = Bytes::new();
    nobody.signatures = Bytes::new();
    assert!(initial_state(&parameters, &nobody, &K256).is_err());
}

/// Recovery that is somebody else's: it is asked only for signatures that are in form.
struct Host;

impl Recover for Host {
    fn recover(&self, digest: &B256, signature: &[u8; 65]) -> Option<Address> {
        assert!(signature[64] < 2);
        K256.recover(digest, signature)
    }
}

#[test]
fn recovery_can_be_a_host_function() {
    let s = Scenario::new(4);
    let mut client = client(&s).with_recover(Host);
    let mut message = s.message();
    let mut signatures = message.signatures.to_vec();
    signatures[65] = 27;
    let good = std::mem::replace(&mut message.signatures, signatures.into());
    let refused = client.update(&message.encode(), TimestampSecs(s.now)).unwrap_err();
    assert_eq!(refused.to_string(), "InvalidSignature: signature 0: v is 27, not 0 or 1");
    message.signatures = good;
    assert_eq!(client.update(&message.encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));
    assert_eq!(message.authorities, joined(&s.current));
}
