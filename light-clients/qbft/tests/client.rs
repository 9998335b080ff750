//! A client over its life: following a chain, expiring, freezing; anchors and what a relayer does
//! to headers.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use common::{
    Scenario, T0, TRUSTED_HEIGHT, Validator, addresses, commitment, joined, no_vote, path, path_slot, sorted,
    validators, validators_hash,
};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_qbft::{
    AnchorError, AnchorParameters, ClientState, ClientStateError, ConsensusState, Header, K256, Kind, MembershipProof,
    Misbehaviour, QbftClient, Recover, Rules, SealError, SealsError, Trusted, UpdateError, UpdateMessage, check_header,
    initial_state, join_seals, trim, update_message,
};
use lupu_standard::{Height, TimestampSecs};

const KINDS: [Kind; 2] = [Kind::Qbft, Kind::Ibft2];

fn client(s: &Scenario) -> QbftClient {
    QbftClient::new(s.client.clone(), s.trusted).unwrap()
}

fn decode(s: &Scenario, raw: &[u8]) -> Header {
    Header::decode(s.client.kind, raw).unwrap()
}

/// The scenario, moved on: what it proved is trusted now.
fn advance(s: &mut Scenario) {
    s.trusted = s.consensus();
    s.trusted_height = s.block.number;
    s.trusted_set = s.header_set.clone();
    s.block.number += 7;
    s.block.timestamp += 30;
    s.now += 30;
}

#[test]
fn follows_a_chain_whose_validators_come_and_go() {
    for kind in KINDS {
        let mut s = Scenario::new(kind, 4);
        let mut client = client(&s);
        let all = validators("validator", 7);
        let sizes = [4usize, 5, 6, 7, 7, 6, 5, 4];
        for (step, size) in sizes.into_iter().enumerate() {
            let set = sorted(all[..size].to_vec());
            s.header_lists(set.clone());
            s.signers = set;
            s.change_state(|state| {
                state.storage.insert(path_slot(&path("x.y", 1, step as u64)), commitment(step as u64));
            });
            let message = s.message().encode();
            let now = TimestampSecs(s.now);
            assert_eq!(client.update(&message, now), Ok(UpdateResult::Update), "{kind:?} {size}");
            assert_eq!(client.update(&message, now), Ok(UpdateResult::NoOp));
            assert_eq!(client.latest_height(), Height(s.block.number));
            assert_eq!(client.latest_timestamp(), TimestampSecs(s.block.timestamp));
            assert_eq!(client.consensus_hash(Height(s.block.number)), Some(s.consensus().hash()));

            let asked = path("x.y", 1, step as u64);
            let missing = path("x.y", 2, step as u64);
            let nodes = s.state.storage_proof(&[asked.clone(), missing.clone()]);
            let proof = MembershipProof { consensus: s.consensus(), nodes: nodes.into() }.encode();
            let claims = [(asked, Claim::Present(commitment(step as u64))), (missing, Claim::Absent)];
            let time = client.verify(Height(s.block.number), &claims, &proof, now);
            assert_eq!(time, Ok(TimestampSecs(s.block.timestamp)));
            let lie = [(claims[0].0.clone(), Claim::Present(B256::ZERO)), claims[1].clone()];
            let refused = client.verify(Height(s.block.number), &lie, &proof, now);
            assert_eq!(refused.unwrap_err().check, "InvalidValue");
            advance(&mut s);
        }
        assert_eq!(client.consensus_hashes().count(), sizes.len() + 1);
        let snapshot =
            QbftClient::from_snapshot(ClientState::decode(&client.state_bytes()).unwrap(), client.consensus_hashes());
        assert_eq!(snapshot.state(), client.state());
        assert_eq!(snapshot.consensus_hash(Height(120)), client.consensus_hash(Height(120)));
    }
}

#[test]
fn expires_and_then_takes_nothing() {
    let s = Scenario::new(Kind::Qbft, 4);
    let mut client = client(&s);
    let end = T0 + s.client.rules.trusting_period;
    assert_eq!(client.status(TimestampSecs(end - 1)), Status::Active);
    assert_eq!(client.status(TimestampSecs(end)), Status::Expired);
    assert_eq!(client.trusting_period(), s.client.rules.trusting_period);
    let refused = client.update(&s.message().encode(), TimestampSecs(end)).unwrap_err();
    assert_eq!(refused.check, "TrustedStateExpired");
    assert!(refused.to_string().starts_with("TrustedStateExpired: "), "{refused}");
    client.update(&s.message().encode(), TimestampSecs(s.now)).unwrap();
    assert_eq!(client.status(TimestampSecs(end)), Status::Active, "refreshed by the update");
}

#[test]
fn freezes_on_a_fork_and_then_takes_nothing() {
    for kind in KINDS {
        let a = Scenario::new(kind, 4);
        let mut b = a.clone();
        b.block.parent_hash = B256::repeat_byte(9);
        let now = TimestampSecs(a.now);
        let evidence = Misbehaviour { a: a.message(), b: b.message() }.encode();
        let mut by_evidence = client(&a);
        assert_eq!(by_evidence.misbehaviour(&evidence, now), Ok(()));

        // The fork shows in the consensus state: a conflicting update is evidence by itself.
        b.block.timestamp += 1;
        let mut by_update = client(&a);
        assert_eq!(by_update.update(&a.message().encode(), now), Ok(UpdateResult::Update));
        assert_eq!(by_update.update(&b.message().encode(), now), Ok(UpdateResult::Misbehaviour));
        assert_eq!(by_update.consensus_hash(Height(120)), Some(a.consensus().hash()), "what was stored stays");
        for mut frozen in [by_evidence, by_update] {
            assert_eq!(frozen.status(now), Status::Frozen);
            assert!(ClientState::decode(&frozen.state_bytes()).unwrap().frozen);
            assert_eq!(frozen.update(&a.message().encode(), now).unwrap_err().check, "ClientFrozen");
            assert_eq!(frozen.misbehaviour(&evidence, now).unwrap_err().check, "ClientFrozen");
            let refused = frozen.verify(Height(TRUSTED_HEIGHT), &[], &[], now);
            assert_eq!(refused.unwrap_err().check, "ClientFrozen");
        }
    }
}

#[test]
fn unsafe_parameters_are_refused() {
    let s = Scenario::new(Kind::Qbft, 4);
    let with = |change: &dyn Fn(&mut ClientState)| {
        let mut state = s.client.clone();
        change(&mut state);
        QbftClient::new(state, s.trusted).map(|_| ()).unwrap_err()
    };
    use ClientStateError as E;
    assert_eq!(with(&|c| c.chain_id = 0), E::InvalidChainId);
    assert_eq!(with(&|c| c.router = Address::ZERO), E::InvalidRouter("router"));
    assert_eq!(with(&|c| c.router_code_hash = B256::ZERO), E::InvalidRouter("router code hash"));
    assert_eq!(with(&|c| c.rules.trusting_period = 86_400), E::InvalidTrustingPeriod(86_400));
    let period = s.client.rules.trusting_period;
    let drift = with(&|c| c.rules.max_clock_drift = period);
    assert_eq!(drift, E::InvalidClockDrift { drift: period, period });
    for (n, d) in [(0, 0), (0, 1), (1, 3), (33, 99), (85, 255), (2, 1), (1, 0)] {
        let refused = with(&|c| (c.rules.trust_numerator, c.rules.trust_denominator) = (n, d));
        assert_eq!(refused, E::InvalidTrustLevel(n, d));
    }
    for (n, d) in [(34, 99), (1, 2), (2, 3), (1, 1), (255, 255), (86, 255)] {
        let mut state = s.client.clone();
        (state.rules.trust_numerator, state.rules.trust_denominator) = (n, d);
        assert_eq!(state.validate(), Ok(()));
    }
}

#[test]
fn encodings_are_canonical() {
    let s = Scenario::new(Kind::Ibft2, 4);
    let state = s.client.encode();
    assert_eq!(state.len(), 11 * 32);
    assert_eq!(ClientState::decode(&state).unwrap(), s.client);
    for (at, byte) in [(31, 2), (0, 1), (2 * 32, 1), (10 * 32 + 31, 2), (6 * 32, 1)] {
        let mut bad = state.clone();
        bad[at] = byte;
        assert!(ClientState::decode(&bad).is_err(), "byte {at}");
    }
    assert!(ClientState::decode(&state[..state.len() - 1]).is_err());
    assert!(ClientState::decode(&[&state[..], &[0]].concat()).is_err());
    let consensus = s.trusted.encode();
    assert_eq!(consensus.len(), 96);
    assert_eq!(ConsensusState::decode(&consensus).unwrap(), s.trusted);
    assert_eq!(s.trusted.hash(), keccak256(&consensus));
    assert!(ConsensusState::decode(&consensus[..64]).is_err());
    let message = s.message();
    assert_eq!(UpdateMessage::decode(&message.encode()).unwrap(), message);
    let both = Misbehaviour { a: message.clone(), b: message };
    assert_eq!(Misbehaviour::decode(&both.encode()).unwrap(), both);
}

#[test]
fn an_anchor_is_a_sealed_header_with_the_router_in_it() {
    for kind in KINDS {
        let s = Scenario::new(kind, 4);
        let parameters = AnchorParameters {
            kind,
            chain_id: s.client.chain_id,
            router: s.state.router,
            router_code_hash: s.state.code_hash,
            rules: Rules::default(),
        };
        let proof = s.state.account_proof();
        let header = decode(&s, &s.raw_header());
        let (state, consensus) = initial_state(&parameters, &header, &proof, &K256).unwrap();
        assert_eq!(consensus, s.consensus());
        assert_eq!((state.latest_height, state.latest_timestamp), (header.number(), header.timestamp()));
        assert!(QbftClient::new(state, consensus).is_ok());

        let few = header.with_seals(header.seals()[..2].to_vec());
        let refused = initial_state(&parameters, &few, &proof, &K256).unwrap_err();
        assert!(matches!(refused, AnchorError::Header(UpdateError::TooFewSeals { .. })));
        assert!(refused.to_string().starts_with("TooFewSeals: "), "{refused}");
        let other = AnchorParameters { router_code_hash: B256::repeat_byte(1), ..parameters };
        let refused = initial_state(&other, &header, &proof, &K256).unwrap_err();
        assert!(matches!(refused, AnchorError::Header(UpdateError::RouterCodeMismatch { .. })));
        let short = Rules { trusting_period: 1, ..Rules::default() };
        let refused = initial_state(&AnchorParameters { rules: short, ..parameters }, &header, &proof, &K256);
        assert!(matches!(refused, Err(AnchorError::Parameters(_))));
        let kind = if kind == Kind::Qbft { Kind::Ibft2 } else { Kind::Qbft };
        let refused = initial_state(&AnchorParameters { kind, ..parameters }, &header, &proof, &K256);
        assert!(matches!(refused, Err(AnchorError::Kind { .. })));
    }
}

#[test]
fn a_header_is_final_when_it_passes_alone() {
    let s = Scenario::new(Kind::Qbft, 4);
    let set = addresses(&s.trusted_set);
    let header = decode(&s, &s.raw_header());
    let trusted = Trusted { height: Height(TRUSTED_HEIGHT), timestamp: TimestampSecs(T0), validators: &set };
    let now = TimestampSecs(s.now);
    let check = |trusted, now| check_header(&header, trusted, &Rules::default(), now, &K256);
    assert_eq!(check(trusted, now), Ok(addresses(&s.signers)));
    assert_eq!(check(Trusted { height: Height(120), ..trusted }, now).unwrap_err().name(), "HeightNotNewer");
    let later = Trusted { timestamp: TimestampSecs(s.now), ..trusted };
    assert_eq!(check(later, now).unwrap_err().name(), "TimeWentBack");
    let strangers = addresses(&validators("newcomer", 4));
    let refused = check(Trusted { validators: &strangers, ..trusted }, now);
    assert_eq!(refused.unwrap_err().name(), "TooLittleOverlap");
    // Nobody counts twice, however the caller came by the list.
    let twice = [set[0], set[0], set[0]];
    let refused = check(Trusted { validators: &twice, ..trusted }, now);
    assert_eq!(refused.unwrap_err().name(), "TrustedValidatorsMismatch");
    assert_eq!(check(Trusted { validators: &[], ..trusted }, now).unwrap_err().name(), "TooLittleOverlap");
}

/// What one node shows: these validators' seals, in this order.
fn shown(s: &Scenario, signers: &[&Validator]) -> Header {
    let signers: Vec<Validator> = signers.iter().map(|v| (*v).clone()).collect();
    decode(s, &s.block.sealed(&signers))
}

#[test]
fn seals_of_several_nodes_are_joined_sorted_and_trimmed() {
    for kind in KINDS {
        // 7 → 6: a quorum of six is four, two thirds of the trusted seven are five.
        let old = validators("validator", 7);
        let mut s = Scenario::new(kind, 4);
        s.trust(old.clone());
        s.header_lists(old[..6].to_vec());
        let v = &s.header_set;
        let first = shown(&s, &[&v[3], &v[0], &v[2], &v[1]]);
        let second = shown(&s, &[&v[5], &v[4], &v[0], &v[1]]);
        let trusted = addresses(&old);
        let rules = Rules::default();
        assert_eq!(trim(&first, &trusted, &rules, &K256), Err(SealsError::TooLittleOverlap { found: 4, required: 5 }));
        let all = join_seals(&[first.clone(), second.clone()], &K256).unwrap();
        let signers: Vec<Address> = all.recover_seals(&K256).into_iter().map(Result::unwrap).collect();
        assert_eq!(signers, addresses(v), "joined, once each, ascending");
        assert_eq!(all.block_hash(), first.block_hash());
        let trimmed = trim(&all, &trusted, &rules, &K256).unwrap();
        assert_eq!(trimmed.seals().len(), 5);

        let message = update_message(
            &trimmed,
            Height(s.trusted_height),
            s.trusted,
            &trusted,
            &s.state.account_nodes(),
            &s.state.router,
        )
        .unwrap();
        assert_eq!(message.trusted_validators, joined(&old));
        let mut client = QbftClient::from_snapshot(s.client.clone(), [(Height(100), s.trusted.hash())]);
        assert_eq!(client.update(&message.encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));

        // A lying node's seals are left out; another block's header is refused.
        let mut lies: Vec<Bytes> = second.seals().to_vec();
        lies.push(Bytes::from_static(&[1; 65]));
        lies.push(Bytes::from_static(b"short"));
        lies.push(validators("stranger", 1)[0].seal(&s.block.digest()).into());
        let lying = second.with_seals(lies);
        assert_eq!(join_seals(&[first.clone(), lying], &K256), Ok(all));
        let mut other = s.block.clone();
        other.round += 1;
        let other = decode(&s, &other.sealed(&s.signers));
        assert!(matches!(join_seals(&[first, other], &K256), Err(SealsError::DifferentDigests(..))));
        assert_eq!(join_seals(&[], &K256), Err(SealsError::NoHeader));
    }
}

#[test]
fn trimming_keeps_what_both_thresholds_need() {
    let old = validators("validator", 4);
    let newcomers = validators("newcomer", 2);
    let mut s = Scenario::new(Kind::Qbft, 4);
    s.trust(old.clone());
    s.header_lists(sorted([old.clone(), newcomers].concat()));
    s.signers = s.header_set.clone();
    let header = decode(&s, &s.raw_header());
    let trimmed = trim(&header, &addresses(&old), &Rules::default(), &K256).unwrap();
    assert_eq!(trimmed.seals().len(), 4, "quorum of six, three of them trusted at least");
    let signers: Vec<Address> = trimmed.recover_seals(&K256).into_iter().map(Result::unwrap).collect();
    assert!(signers.is_sorted());
    assert!(signers.iter().filter(|a| addresses(&old).contains(a)).count() >= 3);
    let few = header.with_seals(header.seals()[..3].to_vec());
    let refused = trim(&few, &addresses(&old), &Rules::default(), &K256);
    assert_eq!(refused, Err(SealsError::TooFewSeals { found: 3, required: 4 }));
    assert_eq!(validators_hash(&s.header_set), header.validators_hash());
}

#[test]
fn the_same_set_is_not_sent_twice() {
    let s = Scenario::new(Kind::Qbft, 4);
    let header = decode(&s, &s.raw_header());
    let set = addresses(&s.trusted_set);
    let nodes = s.state.account_nodes();
    let message = update_message(&header, Height(100), s.trusted, &set, &nodes, &s.state.router).unwrap();
    assert!(message.trusted_validators.is_empty());
    assert_eq!(message, s.message());
    let missing = lupu_ethereum_state::NodeSet::new();
    assert!(update_message(&header, Height(100), s.trusted, &set, &missing, &s.state.router).is_err());
}

/// Recovery that is somebody else's: it is asked only for seals that are in form.
struct Host;

impl Recover for Host {
    fn recover(&self, digest: &B256, seal: &[u8; 65]) -> Option<Address> {
        assert!(seal[64] < 2);
        K256.recover(digest, seal)
    }
}

#[test]
fn recovery_can_be_a_host_function() {
    let s = Scenario::new(Kind::Qbft, 4);
    let mut client = client(&s).with_recover(Host);
    assert_eq!(client.update(&s.message().encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));
    let mut bad = s.block.seals(&s.signers);
    bad[0][64] = 27;
    let header = decode(&s, &s.block.raw(&bad));
    assert_eq!(header.recover_seals(&Host)[0], Err(SealError::V(27)));
}

#[test]
fn votes_and_rounds_are_read() {
    for kind in KINDS {
        let mut s = Scenario::new(kind, 4);
        let recipient = Address::repeat_byte(0x44);
        assert_eq!(decode(&s, &s.raw_header()).vote(), None);
        s.block.vote = common::vote(recipient, &[0xff]);
        let vote = decode(&s, &s.raw_header()).vote().unwrap();
        assert_eq!((vote.recipient, vote.add), (recipient, true));
        s.block.vote = common::vote(recipient, &[0x00]);
        assert!(!decode(&s, &s.raw_header()).vote().unwrap().add);
        s.block.vote = no_vote(kind);
        s.block.round = 9;
        let header = decode(&s, &s.raw_header());
        assert_eq!((header.round(), header.fields()), (9, 15));
        assert_eq!(header.vanity(), B256::ZERO);
        assert_ne!(header.commit_digest(), header.block_hash());
    }
    let s = Scenario::new(Kind::Qbft, 4);
    let header = decode(&s, &s.raw_header());
    assert_eq!(header.commit_digest(), header.block_hash(), "QBFT in round 0");
}
