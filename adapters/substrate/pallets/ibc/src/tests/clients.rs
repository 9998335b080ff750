//! Clients: creating, binding, migrating, sending through them.

use super::{evm::Router, *};
use crate::{Announcements, ConsensusStates, Event, Sequences};
use frame_support::{assert_err, assert_noop};
use lupu_light_client::Status;
use sp_runtime::DispatchError;

const OTHER: &str = "bank.qbft-harbour-2";

fn create_raw(name: &[u8], kind: &[u8], state: &ClientState, consensus: &ConsensusState) -> Result<(), DispatchError> {
    frame_support::storage::with_storage_layer(|| {
        Ibc::create_client(
            RuntimeOrigin::root(),
            bounded(name),
            bounded(kind),
            bounded(&state.encode()),
            bounded(&consensus.encode()),
        )
    })
}

#[test]
fn created() {
    externalities().execute_with(|| {
        let root = Router::new().root();
        create(HERE, root, START);
        let (state, consensus) = qbft(root, START);
        let stored = record(HERE);
        assert_eq!((stored.client_type.to_vec(), stored.state.to_vec()), (b"qbft".to_vec(), state.encode()));
        assert_eq!((stored.counterparty.clone(), stored.states.clone()), (None, id(HERE)));
        assert_eq!(ConsensusStates::<Test>::get(id(HERE), HEIGHT), Some(consensus.hash().0));
        let expected = [
            Event::ClientCreated { client: id(HERE), client_type: b"qbft".to_vec() },
            Event::ClientUpdated { client: id(HERE), height: HEIGHT, consensus_state: consensus.encode() },
        ];
        assert_eq!(events(), expected);
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Active));
        set_now(START + state.rules.trusting_period - 1);
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Active));
        set_now(START + state.rules.trusting_period);
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Expired));
        change_state(HERE, |s| s.frozen = true);
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Frozen));
        assert_eq!(Ibc::client_status(&client(OTHER)), None);
    });
}

#[test]
fn what_is_not_created() {
    externalities().execute_with(|| {
        let (state, consensus) = qbft(Router::new().root(), START);
        let refused = |name: &[u8], kind: &[u8]| create_raw(name, kind, &state, &consensus).unwrap_err();
        for bad in [&b""[..], b"abc", b"client-7", b"channel-1", b"a/bcd", b"caf\xc3\xa9", b"\xff\xff\xff\xff"] {
            assert_eq!(refused(bad, b"qbft"), Error::<Test>::InvalidClientId.into());
        }
        for bad in [&b""[..], b"QBFT", b"beefy", b"qbft "] {
            assert_eq!(refused(HERE.as_bytes(), bad), Error::<Test>::UnknownClientType.into());
        }
        // The state of one type is not that of another.
        assert_eq!(refused(HERE.as_bytes(), b"grandpa"), rejected("MalformedMessage").into());
        let anyone = Ibc::create_client(
            RuntimeOrigin::signed(1),
            id(HERE),
            bounded(b"qbft"),
            bounded(&state.encode()),
            bounded(&consensus.encode()),
        );
        assert_noop!(anyone, DispatchError::BadOrigin);
        let mut kind = state.encode();
        kind[31] = 2;
        let kind = Ibc::create_client(
            RuntimeOrigin::root(),
            id(HERE),
            bounded(b"qbft"),
            bounded(&kind),
            bounded(&consensus.encode()),
        );
        assert_noop!(kind, rejected("InvalidKind"));
        set_now(START + state.rules.trusting_period);
        assert_eq!(refused(HERE.as_bytes(), b"qbft"), Error::<Test>::ClientNotActive.into());
        set_now(START);
        assert_ok!(create_raw(HERE.as_bytes(), b"qbft", &state, &consensus));
        assert_eq!(refused(HERE.as_bytes(), b"qbft"), Error::<Test>::ClientExists.into());
        assert_eq!(Clients::<Test>::iter().count(), 1);
    });
}

#[test]
fn bound_once() {
    externalities().execute_with(|| {
        let bind = |name: &str, other: &[u8], prefix: Vec<Vec<u8>>| {
            Ibc::bind_client(RuntimeOrigin::root(), id(name), bounded(other), prefix)
        };
        let there = THERE.as_bytes();
        assert_noop!(bind(HERE, there, vec![vec![]]), Error::<Test>::UnknownClient);
        create(HERE, Router::new().root(), START);
        assert_noop!(
            Ibc::bind_client(RuntimeOrigin::signed(1), id(HERE), id(THERE), vec![vec![]]),
            DispatchError::BadOrigin
        );
        assert_noop!(bind(HERE, b"x", vec![vec![]]), Error::<Test>::InvalidCounterparty);
        assert_noop!(bind(HERE, b"\xff\xff", vec![vec![]]), Error::<Test>::InvalidCounterparty);
        for prefix in [vec![], vec![vec![0]], vec![vec![], vec![]], vec![b"ibc".to_vec(), vec![]]] {
            assert_noop!(bind(HERE, there, prefix), Error::<Test>::InvalidPrefix);
        }
        change_state(HERE, |s| s.frozen = true);
        assert_noop!(bind(HERE, there, vec![vec![]]), Error::<Test>::ClientNotActive);
        change_state(HERE, |s| s.frozen = false);
        events();
        assert_ok!(bind(HERE, there, vec![vec![]]));
        assert_eq!(events(), [Event::ClientBound { client: id(HERE), counterparty: id(THERE) }]);
        let stored = record(HERE).counterparty.unwrap();
        assert_eq!((stored.client, stored.prefix.to_vec()), (id(THERE), vec![bounded(b"")]));
        assert_noop!(bind(HERE, there, vec![vec![]]), Error::<Test>::AlreadyBound);
        assert_noop!(bind(HERE, b"someone.else", vec![vec![]]), Error::<Test>::AlreadyBound);
    });
}

#[test]
fn a_grandpa_client_is_bound_to_its_pallet() {
    externalities().execute_with(|| {
        let state = lupu_grandpa::ClientState {
            genesis: [7; 24].into(),
            pallet_prefix: sp_io::hashing::twox_128(b"Ibc").into(),
            rules: Default::default(),
            latest_height: Height(HEIGHT),
            latest_timestamp: TimestampSecs(START),
            frozen: false,
        };
        let consensus = lupu_grandpa::ConsensusState {
            timestamp: TimestampSecs(START),
            state_root: B256::repeat_byte(1),
            header_hash: B256::repeat_byte(2),
            set_id: 0,
            authorities_hash: B256::repeat_byte(3),
        };
        assert_ok!(Ibc::create_client(
            RuntimeOrigin::root(),
            id(HERE),
            bounded(b"grandpa"),
            bounded(&state.encode()),
            bounded(&consensus.encode()),
        ));
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Active));
        let prefix = [sp_io::hashing::twox_128(b"Ibc"), sp_io::hashing::twox_128(b"Commitments")].concat();
        let bind = |prefix: Vec<u8>| Ibc::bind_client(RuntimeOrigin::root(), id(HERE), id(THERE), vec![prefix]);
        assert_noop!(bind(vec![]), Error::<Test>::InvalidPrefix);
        assert_noop!(bind([&prefix[..], &[0]].concat()), Error::<Test>::InvalidPrefix);
        assert_ok!(bind(prefix));
    });
}

/// A bound client and a substitute for it, of another height.
fn substitute() {
    bound(Router::new().root());
    let (mut state, consensus) = qbft(B256::repeat_byte(9), START);
    state.latest_height = Height(HEIGHT + 50);
    create_raw(OTHER.as_bytes(), b"qbft", &state, &consensus).unwrap();
    events();
}

#[test]
fn migrated() {
    externalities().execute_with(|| {
        substitute();
        // The client may be broken: that is what migrations are for.
        change_state(HERE, |s| s.frozen = true);
        let migrate = || Ibc::migrate_client(RuntimeOrigin::root(), id(HERE), id(OTHER));
        assert_noop!(migrate(), Error::<Test>::MigrationNotAnnounced);
        assert_noop!(Ibc::announce_migration(RuntimeOrigin::signed(1), id(HERE), id(OTHER)), DispatchError::BadOrigin);
        assert_ok!(Ibc::announce_migration(RuntimeOrigin::root(), id(HERE), id(OTHER)));
        let not_before = START + DELAY;
        let announced = Event::MigrationAnnounced { client: id(HERE), substitute: id(OTHER), not_before };
        assert_eq!(events(), [announced]);
        set_now(not_before - 1);
        assert_noop!(migrate(), Error::<Test>::MigrationTooEarly);
        set_now(not_before);
        assert_noop!(Ibc::migrate_client(RuntimeOrigin::signed(1), id(HERE), id(OTHER)), DispatchError::BadOrigin);
        assert_ok!(migrate());
        assert_eq!(events(), [Event::ClientMigrated { client: id(HERE), substitute: id(OTHER) }]);
        let stored = record(HERE);
        assert_eq!(stored.states, id(OTHER));
        assert_eq!(stored.counterparty.unwrap().client, id(THERE));
        assert_eq!(Ibc::client_status(&client(HERE)), Some(Status::Active));
        assert_eq!(Ibc::client_status(&client(OTHER)), None);
        assert_eq!(Announcements::<Test>::iter().count(), 0);
        // What the old light client believed is not believed any more; the new one is.
        let stored = record(HERE);
        assert_eq!(stored.consensus_hash::<Test>(Height(HEIGHT)), None);
        assert!(stored.consensus_hash::<Test>(Height(HEIGHT + 50)).is_some());
        // The id of the substitute is used up.
        let (state, consensus) = qbft(B256::repeat_byte(9), START);
        assert_err!(create_raw(OTHER.as_bytes(), b"qbft", &state, &consensus), Error::<Test>::ClientExists);
        assert_noop!(migrate(), Error::<Test>::MigrationNotAnnounced);
    });
}

#[test]
fn what_is_not_migrated() {
    externalities().execute_with(|| {
        let announce = |from: &str, to: &str| Ibc::announce_migration(RuntimeOrigin::root(), id(from), id(to));
        assert_noop!(announce(HERE, OTHER), Error::<Test>::UnknownClient);
        substitute();
        assert_noop!(announce(HERE, "bank.nobody"), Error::<Test>::UnknownClient);
        assert_noop!(announce(HERE, HERE), Error::<Test>::InvalidSubstitute);
        assert_noop!(announce(OTHER, HERE), Error::<Test>::NotBound);
        for change in [
            (|s| s.chain_id += 1) as fn(&mut ClientState),
            |s| s.router = Address::repeat_byte(1),
            |s| s.router_code_hash = B256::repeat_byte(1),
        ] {
            let before = record(OTHER);
            change_state(OTHER, change);
            assert_noop!(announce(HERE, OTHER), Error::<Test>::MigrationChangesIdentity);
            Clients::<Test>::insert(id(OTHER), before);
        }
        // Another trust, the same chain: that is no change of identity.
        change_state(OTHER, |s| s.rules.trust_numerator = 1);
        change_state(OTHER, |s| s.rules.trust_denominator = 2);
        assert_ok!(announce(HERE, OTHER));
        set_now(START + DELAY);
        let migrate = || Ibc::migrate_client(RuntimeOrigin::root(), id(HERE), id(OTHER));
        change_state(OTHER, |s| s.frozen = true);
        assert_noop!(migrate(), Error::<Test>::ClientNotActive);
        change_state(OTHER, |s| s.frozen = false);
        assert_noop!(
            Ibc::migrate_client(RuntimeOrigin::root(), id(HERE), id(HERE)),
            Error::<Test>::MigrationNotAnnounced
        );
        // Bound in the meantime: it carries packets of its own.
        assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(OTHER), id("someone.else"), vec![vec![]]));
        assert_noop!(migrate(), Error::<Test>::InvalidSubstitute);
    });
}

#[test]
fn a_new_announcement_starts_the_delay_again() {
    externalities().execute_with(|| {
        substitute();
        assert_ok!(Ibc::announce_migration(RuntimeOrigin::root(), id(HERE), id(OTHER)));
        set_now(START + DELAY);
        assert_ok!(Ibc::announce_migration(RuntimeOrigin::root(), id(HERE), id(OTHER)));
        let migrate = || Ibc::migrate_client(RuntimeOrigin::root(), id(HERE), id(OTHER));
        assert_noop!(migrate(), Error::<Test>::MigrationTooEarly);
        set_now(START + 2 * DELAY);
        assert_ok!(migrate());
    });
}

#[test]
fn sent() {
    externalities().execute_with(|| {
        let send = |timeout: u64, payload: Payload| {
            let result = Ibc::send_packet(client(HERE), TimestampSecs(timeout), payload);
            result.map_err(|e| e.describe())
        };
        let refused = |timeout: u64, payload: Payload, name: &str| assert_eq!(send(timeout, payload), Err(name.into()));
        refused(START + 1, payload(b""), "UnknownClient");
        create(HERE, Router::new().root(), START - 1);
        refused(START + 1, payload(b""), "NotBound");
        assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(HERE), id(THERE), vec![vec![]]));
        refused(START, payload(b""), "TimeoutElapsed");
        refused(START + 86_401, payload(b""), "TimeoutTooFar");
        let mut unknown = payload(b"");
        unknown.source_port = "nobody".parse().unwrap();
        refused(START + 1, unknown, "UnknownPort");
        refused(START + 1, payload(&vec![0; 262_145]), "PayloadTooLarge");
        let mut wordy = payload(b"");
        wordy.version = "v".repeat(1_025);
        refused(START + 1, wordy, "MalformedPayload");
        change_state(HERE, |s| s.latest_timestamp = TimestampSecs(START + 5));
        refused(START + 5, payload(b""), "TimeoutBeforeClient");
        change_state(HERE, |s| s.frozen = true);
        refused(START + 6, payload(b""), "ClientNotActive");
        change_state(HERE, |s| s.frozen = false);
        assert_eq!(Ibc::last_sequence(&client(HERE)), 0);
        events();
        assert_eq!(send(START + 6, payload(b"one")), Ok(1));
        assert_eq!(send(START + 86_400, payload(&vec![7; 262_144])), Ok(2));
        assert_eq!(Ibc::last_sequence(&client(HERE)), 2);
        let told = events();
        let [Event::PacketSent { packet }, Event::PacketSent { .. }] = told.as_slice() else { panic!("{told:?}") };
        let packet = Packet::try_from(packet).unwrap();
        assert_eq!((packet.source_client.as_str(), packet.destination_client.as_str()), (HERE, THERE));
        let path = lupu_standard::Path::commitment(&packet).keccak();
        let stored = crate::Commitments::<Test>::get(path.0);
        assert_eq!(stored, Some(lupu_standard::commitment::commit_packet(&packet).0));
        // Nothing of a refused packet stays.
        Sequences::<Test>::insert(sp_io::hashing::keccak_256(HERE.as_bytes()), u64::MAX);
        refused(START + 6, payload(b""), "SequencesUsedUp");
        assert_eq!(crate::Commitments::<Test>::iter().count(), 2);
    });
}
