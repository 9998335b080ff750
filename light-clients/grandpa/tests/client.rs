//! A client over its life: following a chain through changes of its authorities, expiring,
//! freezing; anchors and what a relayer does to justifications.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes, FixedBytes, keccak256};
use codec::Encode;
use common::{
    Scenario, T0, TRUSTED_HEIGHT, Voter, anchor, cached::Cached, change, child, commitment, header_hash, joined, log,
    path, voters, weigh,
};
use lupu_grandpa::{
    AnchorError, AnchorParameters, Authority, AuthoritySet, AuthoritySetError, ClientState, ClientStateError,
    ConsensusState, Finalized, GrandpaClient, Justification, MalformedJustification, MembershipProof, Misbehaviour,
    Rules, UpdateError, UpdateMessage, UpdateParts, check_justification, check_votes, initial_state, scheduled_change,
    trim, update_message,
};
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::Header;

fn client(s: &Scenario) -> GrandpaClient<Cached> {
    GrandpaClient::new(s.client.clone(), s.trusted).unwrap().with_verifier(Cached)
}

fn set_of(voters: &[Voter]) -> AuthoritySet {
    AuthoritySet::decode(&joined(voters)).unwrap()
}

fn decode(s: &Scenario) -> Header {
    Header::decode(&s.header().encode()).unwrap()
}

/// The scenario, moved on: what it proved is trusted now.
fn advance(s: &mut Scenario, next: Option<Vec<Voter>>) {
    s.trusted = s.consensus_with(next.as_deref());
    s.trusted_height = u64::from(s.number);
    (s.parent, s.signed_set) = (s.trusted.header_hash, s.trusted.set_id);
    s.trust(next.unwrap_or(s.set.clone()));
    s.digest.truncate(1);
    s.number += 7;
    s.now += 30;
    s.set_time(s.time() + 30);
}

#[test]
fn follows_a_chain_whose_authorities_come_and_go() {
    let mut s = Scenario::new(4);
    let mut client = client(&s);
    let all = voters("authority", 9);
    for step in 0..8u64 {
        // Every other block changes the set: larger, smaller, other weights.
        let next = (step % 2 == 0).then(|| {
            let size = 2 + step as usize % 5;
            weigh(&all[step as usize % 4..][..size], &[1, 2, 3, 1, 5, 1])
        });
        s.digest.extend(next.as_ref().map(|set| change(set, 0)));
        s.state.commitments.insert(path("x.y", 1, step), commitment(step).to_vec());
        let message = s.message().encode();
        let now = TimestampSecs(s.now);
        let (verified, result) = client.check(&message, now).unwrap();
        assert_eq!(result, UpdateResult::Update);
        assert_eq!(verified.next.is_some(), next.is_some());
        assert_eq!(scheduled_change(&verified.header).unwrap(), verified.next);
        assert_eq!(verified.consensus, s.consensus_with(next.as_deref()));
        assert_eq!(client.update(&message, now), Ok(UpdateResult::Update));
        assert_eq!(client.update(&message, now), Ok(UpdateResult::NoOp));
        assert_eq!(client.latest_height(), Height(u64::from(s.number)));
        assert_eq!(client.latest_timestamp(), TimestampSecs(s.time()));

        let asked = [path("x.y", 1, step), path("x.y", 2, step)];
        let keys: Vec<Vec<u8>> = asked.iter().map(|p| s.state.path_key(p)).collect();
        let nodes = s.state.proof(&keys);
        let proof = MembershipProof { consensus: verified.consensus, nodes: nodes.into() }.encode();
        let with_prefix = |p: &Vec<u8>| [&s.state.prefix()[..], p].concat();
        let claims =
            [(with_prefix(&asked[0]), Claim::Present(commitment(step))), (with_prefix(&asked[1]), Claim::Absent)];
        let time = client.verify(Height(u64::from(s.number)), &claims, &proof, now);
        assert_eq!(time, Ok(TimestampSecs(s.time())));
        let lie = [(claims[0].0.clone(), Claim::Present(B256::ZERO)), claims[1].clone()];
        let refused = client.verify(Height(u64::from(s.number)), &lie, &proof, now);
        assert_eq!(refused.unwrap_err().check, "InvalidValue");
        advance(&mut s, next);
    }
    assert_eq!(client.consensus_hashes().count(), 9);
    let state = ClientState::decode(&client.state_bytes()).unwrap();
    let snapshot = GrandpaClient::from_snapshot(state, client.consensus_hashes());
    assert_eq!(snapshot.state(), client.state());
    assert_eq!(snapshot.consensus_hash(Height(120)), client.consensus_hash(Height(120)));
    assert_eq!((client.client_type(), client.trusting_period()), ("grandpa", 604_800));
}

#[test]
fn a_skipped_change_strands_nothing_but_the_update() {
    // Block 120 changes the set, block 127 is finalized by the new one.
    let next = voters("newcomer", 4);
    let mut s = Scenario::new(4);
    s.digest.push(change(&next, 0));
    let handover = s.message().encode();
    let mut client = client(&s);
    let mut later = s.clone();
    advance(&mut later, Some(next));
    let from_the_change = later.message();
    // Built upon block 100, as if nothing had changed.
    let skipped = UpdateMessage {
        trusted_height: Height(TRUSTED_HEIGHT),
        trusted: s.trusted,
        authorities: joined(&s.set).into(),
        ..from_the_change.clone()
    };
    let now = TimestampSecs(later.now);
    assert_eq!(client.update(&skipped.encode(), now).unwrap_err().check, "ForeignVoter");
    assert_eq!(client.update(&from_the_change.encode(), now).unwrap_err().check, "UnknownTrustedHeight");
    assert_eq!(client.update(&handover, now), Ok(UpdateResult::Update));
    assert_eq!(client.update(&skipped.encode(), now).unwrap_err().check, "ForeignVoter");
    assert_eq!(client.update(&from_the_change.encode(), now), Ok(UpdateResult::Update));
}

#[test]
fn expires_and_then_takes_nothing() {
    let s = Scenario::new(4);
    let mut client = client(&s);
    let end = T0 + s.client.rules.trusting_period;
    assert_eq!(client.status(TimestampSecs(end - 1)), Status::Active);
    assert_eq!(client.status(TimestampSecs(end)), Status::Expired);
    let refused = client.update(&s.message().encode(), TimestampSecs(end)).unwrap_err();
    assert_eq!(refused.check, "TrustedStateExpired");
    assert!(refused.to_string().starts_with("TrustedStateExpired: "), "{refused}");
    client.update(&s.message().encode(), TimestampSecs(s.now)).unwrap();
    assert_eq!(client.status(TimestampSecs(end)), Status::Active, "refreshed by the update");
}

#[test]
fn freezes_on_a_fork_and_then_takes_nothing() {
    let a = Scenario::new(4);
    let mut b = a.clone();
    b.parent = B256::repeat_byte(9);
    let now = TimestampSecs(a.now);
    let evidence = Misbehaviour { a: a.message(), b: b.message(), ancestry: Vec::new() }.encode();
    let mut by_evidence = client(&a);
    assert_eq!(by_evidence.misbehaviour(&evidence, now), Ok(()));
    // A conflicting update is evidence by itself, whatever the state says.
    let mut by_update = client(&a);
    assert_eq!(by_update.update(&a.message().encode(), now), Ok(UpdateResult::Update));
    assert_eq!(by_update.update(&b.message().encode(), now), Ok(UpdateResult::Misbehaviour));
    assert_eq!(by_update.consensus_hash(Height(120)), Some(a.consensus().hash()), "what was stored stays");
    // Two heights: b stands upon the fork.
    let below = [child(&b.header(), 1), b.header()];
    let mut higher = a.clone();
    (higher.parent, higher.number) = (header_hash(&below[0]), 122);
    let ancestry: Vec<Bytes> = below.iter().map(|h| h.encode().into()).collect();
    let far = Misbehaviour { a: a.message(), b: higher.message(), ancestry }.encode();
    let mut by_descent = client(&a);
    assert_eq!(by_descent.misbehaviour(&far, now), Ok(()));
    for mut frozen in [by_evidence, by_update, by_descent] {
        assert_eq!(frozen.status(now), Status::Frozen);
        assert!(ClientState::decode(&frozen.state_bytes()).unwrap().frozen);
        assert_eq!(frozen.update(&a.message().encode(), now).unwrap_err().check, "ClientFrozen");
        assert_eq!(frozen.misbehaviour(&evidence, now).unwrap_err().check, "ClientFrozen");
        let refused = frozen.verify(Height(TRUSTED_HEIGHT), &[], &[], now);
        assert_eq!(refused.unwrap_err().check, "ClientFrozen");
    }
}

#[test]
fn unsafe_parameters_are_refused() {
    let s = Scenario::new(4);
    let with = |change: &dyn Fn(&mut ClientState)| {
        let mut state = s.client.clone();
        change(&mut state);
        GrandpaClient::new(state, s.trusted).map(|_| ()).unwrap_err()
    };
    use ClientStateError as E;
    assert_eq!(with(&|c| c.genesis = FixedBytes::ZERO), E::InvalidIdentity("genesis hash"));
    assert_eq!(with(&|c| c.pallet_prefix = FixedBytes::ZERO), E::InvalidIdentity("pallet prefix"));
    assert_eq!(with(&|c| c.rules.trusting_period = 86_400), E::InvalidTrustingPeriod(86_400));
    let period = s.client.rules.trusting_period;
    let drift = with(&|c| c.rules.max_clock_drift = period);
    assert_eq!(drift, E::InvalidClockDrift { drift: period, period });
}

#[test]
fn encodings_are_canonical() {
    let s = Scenario::new(4);
    let state = s.client.encode();
    assert_eq!(state.len(), 7 * 32);
    assert_eq!(ClientState::decode(&state).unwrap(), s.client);
    for (at, byte) in [(24, 1), (31, 1), (32 + 16, 1), (2 * 32, 1), (6 * 32 + 31, 2), (6 * 32, 1)] {
        let mut bad = state.clone();
        bad[at] = byte;
        assert!(ClientState::decode(&bad).is_err(), "byte {at}");
    }
    assert!(ClientState::decode(&state[..state.len() - 1]).is_err());
    assert!(ClientState::decode(&[&state[..], &[0]].concat()).is_err());
    let identity = [&state[..64]].concat();
    assert_eq!(s.client.chain_identity(), keccak256(identity));
    let consensus = s.trusted.encode();
    assert_eq!(consensus.len(), 160);
    assert_eq!(ConsensusState::decode(&consensus).unwrap(), s.trusted);
    assert_eq!(s.trusted.hash(), keccak256(&consensus));
    assert!(ConsensusState::decode(&consensus[..128]).is_err());
    let message = s.message();
    assert_eq!(UpdateMessage::decode(&message.encode()).unwrap(), message);
    for ancestry in [vec![], vec![Bytes::new()], vec![Bytes::from_static(b"a header"), Bytes::from_static(&[1; 40])]] {
        let both = Misbehaviour { a: message.clone(), b: message.clone(), ancestry };
        assert_eq!(Misbehaviour::decode(&both.encode()).unwrap(), both);
    }
}

#[test]
fn lists_of_authorities() {
    let set = weigh(&voters("authority", 3), &[1, 2, 300]);
    let good = set_of(&set);
    assert_eq!(good.encode(), joined(&set));
    assert_eq!(good.hash(), keccak256(joined(&set)));
    for (i, voter) in set.iter().enumerate() {
        assert_eq!(good.find(&voter.key), Some((i, voter.weight)));
        assert_eq!(good.authorities()[i], Authority { key: voter.key, weight: voter.weight });
    }
    assert_eq!(good.find(&B256::ZERO), None);
    assert_eq!((good.total_weight(), good.threshold()), (303, 203));
    let one = |key: u8, weight| Authority { key: B256::repeat_byte(key), weight };
    use AuthoritySetError as E;
    assert_eq!(AuthoritySet::new(vec![]), Err(E::Count(0)));
    assert_eq!(AuthoritySet::new(vec![one(1, 1), one(2, 1), one(1, 1)]), Err(E::Duplicate(2)));
    assert_eq!(AuthoritySet::new(vec![one(1, 1), one(2, 0)]), Err(E::NoWeight(1)));
    assert_eq!(AuthoritySet::new(vec![one(1, u64::MAX), one(2, 1)]), Err(E::TotalWeight));
    assert_eq!(AuthoritySet::new(vec![one(1, u64::MAX)]).unwrap().threshold(), u64::MAX - (u64::MAX - 1) / 3);
    assert_eq!(AuthoritySet::decode(&[0; 41]), Err(E::Length(41)));
}

#[test]
fn an_anchor_is_a_finalized_header_of_the_chain() {
    let next = voters("newcomer", 3);
    for changes in [false, true] {
        let mut s = Scenario::new(4);
        if changes {
            s.digest.push(change(&next, 0));
        }
        let parameters = AnchorParameters {
            genesis: s.client.genesis,
            pallet_prefix: s.client.pallet_prefix,
            rules: Rules::default(),
        };
        let (header, justification, proof) = (s.header().encode(), s.just().encode(), s.state.anchor_proof());
        let authorities = set_of(&s.set);
        let finalized = Finalized {
            header: &header,
            justification: &justification,
            set_id: s.signed_set,
            authorities: &authorities,
            anchor_proof: &proof,
        };
        let (state, consensus) = initial_state(&parameters, &finalized, &Cached).unwrap();
        assert_eq!(consensus, s.consensus_with(changes.then_some(&next)));
        assert_eq!((state.latest_height, state.latest_timestamp), (Height(120), TimestampSecs(s.time())));
        assert!(GrandpaClient::new(state, consensus).is_ok());

        let refused = |parameters: &AnchorParameters, finalized: &Finalized<'_>| {
            initial_state(parameters, finalized, &Cached).unwrap_err()
        };
        let wrong_set = refused(&parameters, &Finalized { set_id: 1, ..finalized });
        assert!(wrong_set.to_string().starts_with("InvalidSignature: "), "{wrong_set}");
        let wrong_chain = refused(&AnchorParameters { genesis: FixedBytes::repeat_byte(1), ..parameters }, &finalized);
        assert!(matches!(&wrong_chain, AnchorError::Header(e) if e.name() == "WrongChain"));
        let short = Rules { trusting_period: 1, ..Rules::default() };
        assert!(matches!(
            refused(&AnchorParameters { rules: short, ..parameters }, &finalized),
            AnchorError::Parameters(_)
        ));
        let mut old = s.clone();
        old.set_time(0);
        let (header, justification, proof) = (old.header().encode(), old.just().encode(), old.state.anchor_proof());
        let at_zero = Finalized { header: &header, justification: &justification, anchor_proof: &proof, ..finalized };
        let refused = refused(&parameters, &at_zero);
        assert!(matches!(refused, AnchorError::Parameters(ClientStateError::InvalidInitialState(_))), "{refused}");
    }
}

#[test]
fn a_header_is_final_when_its_justification_passes_alone() {
    let s = Scenario::new(4);
    let set = set_of(&s.set);
    let justification = Justification::decode(&s.just().encode()).unwrap();
    let finality = check_justification(&decode(&s), &justification, s.signed_set, &set, &Cached).unwrap();
    assert_eq!((finality.round, finality.target.hash, finality.target.number), (3, s.hash(), 120));
    assert_eq!(finality.signers, s.ballots.iter().map(|(v, _)| v.key).collect::<Vec<_>>());
    assert_eq!(finality.weight, 3);
    let mut other = s.clone();
    other.number = 121;
    let refused = check_justification(&decode(&other), &justification, s.signed_set, &set, &Cached).unwrap_err();
    assert_eq!(refused.name(), "TargetMismatch");
    let refused = check_votes(&justification, s.signed_set + 1, &set, &Cached).unwrap_err();
    assert_eq!(refused.name(), "InvalidSignature");
    assert_eq!(justification.voters(), finality.signers, "known whatever the verdict");
}

/// What a node of a chain with an unruly authority serves.
fn unruly() -> (Scenario, Vec<u8>) {
    let mut s = Scenario::new(7);
    let parent = child(&s.header(), 9);
    (s.parent, s.number) = (header_hash(&parent), parent.number + 1);
    s.trust(weigh(&s.set.clone(), &[1, 2, 1, 1, 1, 1, 1]));
    s.ballots = s.set.iter().cloned().zip([2, 0, 0, 1, 0, 0]).collect();
    let mut j = s.just();
    let chain = s.chain(2);
    let vote = |voter: &Voter, header: &common::SpHeader| {
        voter.sign(&header_hash(header), header.number, s.round, s.signed_set)
    };
    // A vote below the target, a double vote, a stranger's, a bad one; headers nobody needs.
    j.ballots.push(vote(&s.set[6], &parent));
    j.ballots.push(vote(&s.set[0], &chain[1]));
    j.ballots.push(vote(&voters("newcomer", 1)[0], &chain[0]));
    let mut bad = j.ballots[4].clone();
    bad.signature[3] ^= 1;
    j.ballots.insert(0, bad);
    j.ancestry.push(chain[0].encode());
    j.ancestry.insert(0, j.ancestry[0].clone());
    let raw = j.encode();
    (s, raw)
}

#[test]
fn a_relayer_leaves_out_what_nobody_needs() {
    let (s, raw) = unruly();
    let set = set_of(&s.set);
    let served = Justification::decode(&raw).unwrap();
    assert!(check_votes(&served, s.signed_set, &set, &Cached).is_err());
    let trimmed = trim(&served, s.signed_set, &set, &Cached).unwrap();
    let finality = check_votes(&trimmed, s.signed_set, &set, &Cached).unwrap();
    // 8 together: 6 is needed, and the votes for the target itself are 2 + 1 + 1 + 1.
    assert_eq!((finality.weight, trimmed.votes.len(), trimmed.ancestry.len()), (6, 5, 1));
    assert_eq!(trimmed.votes[0].key, s.set[1].key, "nearest and heaviest first");

    let (header, proof) = (s.header().encode(), s.state.anchor_proof());
    let parts = UpdateParts {
        header: &header,
        justification: &raw,
        anchor_proof: &proof,
        trusted_height: Height(s.trusted_height),
        trusted: s.trusted,
        authorities: &set,
    };
    let (message, verified) = update_message(&s.client, &parts, &Cached).unwrap();
    assert_eq!(verified.consensus, s.consensus());
    let mut client = client(&s);
    assert_eq!(client.update(&message.encode(), TimestampSecs(s.now)), Ok(UpdateResult::Update));

    let refused = |parts: UpdateParts<'_>| update_message(&s.client, &parts, &Cached).unwrap_err().name();
    assert_eq!(refused(UpdateParts { header: &[], ..parts }), "MalformedHeader");
    assert_eq!(refused(UpdateParts { justification: &[], ..parts }), "MalformedJustification");
    assert_eq!(refused(UpdateParts { anchor_proof: &[], ..parts }), "InvalidProof");
    assert_eq!(refused(UpdateParts { trusted_height: Height(122), ..parts }), "HeightNotNewer");
    let other = set_of(&voters("authority", 7));
    assert_eq!(refused(UpdateParts { authorities: &other, ..parts }), "AuthoritySetMismatch");
    let strangers = set_of(&voters("newcomer", 7));
    assert_eq!(refused(UpdateParts { authorities: &strangers, ..parts }), "TooLittleWeight");
    let trusted = ConsensusState { set_id: 1, ..s.trusted };
    assert_eq!(refused(UpdateParts { trusted, ..parts }), "TooLittleWeight", "no vote is good in another set");
    let mut forced = s.clone();
    forced.digest.push(log(vec![2]));
    let (header, raw) = (forced.header().encode(), forced.just().encode());
    assert_eq!(refused(UpdateParts { header: &header, justification: &raw, ..parts }), "ForcedChange");
    let mut sister = s.clone();
    sister.state.anchor = Some(anchor(sister.time(), FixedBytes::repeat_byte(4)));
    let (header, raw, proof) = (sister.header().encode(), sister.just().encode(), sister.state.anchor_proof());
    let parts = UpdateParts { header: &header, justification: &raw, anchor_proof: &proof, ..parts };
    assert_eq!(refused(parts), "WrongChain");
}

#[test]
fn a_justification_has_its_limits() {
    let s = Scenario::new(1);
    let mut j = s.just();
    let big = |len: usize| {
        let mut header = s.chain(1)[1].clone();
        header.digest.logs = vec![log(vec![0; len])];
        header.encode()
    };
    // Headers below their own limit, together just at the whole's.
    j.ancestry = vec![big(60_000); 17];
    let rest = (1 << 20) - j.encode().len() - (big(60_000).len() - 60_000);
    j.ancestry.push(big(rest));
    assert_eq!(j.encode().len(), 1 << 20);
    assert!(Justification::decode(&j.encode()).is_ok());
    *j.ancestry.last_mut().unwrap() = big(rest + 1);
    let refused = Justification::decode(&j.encode()).unwrap_err();
    assert_eq!(refused, MalformedJustification::TooLong((1 << 20) + 1));
    let message = s.message_with(j.encode()).encode();
    let refused = client(&s).update(&message, TimestampSecs(s.now)).unwrap_err();
    assert_eq!(refused.check, "MalformedJustification");

    // The longest chain of headers, and every vote at its end: each header is walked once.
    let mut s = Scenario::new(1);
    s.trust(voters("authority", 12));
    s.ballots = s.set.iter().cloned().map(|v| (v, 1_024)).collect();
    let set = set_of(&s.set);
    let longest = Justification::decode(&s.just().encode()).unwrap();
    assert_eq!(longest.ancestry.len(), 1_024);
    assert_eq!(check_votes(&longest, s.signed_set, &set, &Cached).unwrap().weight, 12);
    s.ballots[0].1 = 1_025;
    let refused = Justification::decode(&s.just().encode()).unwrap_err();
    assert_eq!(refused, MalformedJustification::TooMany { field: "ancestry headers", count: 1_025 });
}

#[test]
fn errors_say_what_failed_and_with_which_values() {
    let s = Scenario::new(4);
    let now = TimestampSecs(s.now);
    let said = |m: &UpdateMessage| client(&s).update(&m.encode(), now).unwrap_err().detail;
    let mut few = s.clone();
    few.ballots.truncate(2);
    assert_eq!(said(&few.message()), "votes of weight 2 of 4, 3 is required");
    let mut m = s.message();
    m.trusted_height = Height(7);
    assert_eq!(said(&m), "no consensus state is stored at height 7");
    let mut late = s.clone();
    late.set_time(T0 - 5);
    assert_eq!(
        said(&late.message()),
        format!("header of time {} is older than the trusted state of time {T0}", T0 - 5)
    );
    let other = UpdateError::HeaderTooLong(70_000);
    assert_eq!(
        (other.name(), other.to_string().as_str()),
        ("MalformedHeader", "header of 70000 bytes, more than 65535")
    );
}
