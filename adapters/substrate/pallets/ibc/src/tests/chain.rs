//! The state that counterparties prove: its keys, the anchor, and a packet's whole way between
//! two hosts of this pallet, each proven to the other by its real state.

use super::*;
use crate::{Anchor, Commitments, Event, GenesisHash, Sequences, wire::raw_path};
use frame_support::{
    storage::unhashed,
    traits::{Hooks, OnFinalize, OnInitialize},
};
use lupu_grandpa::{ClientState as GrandpaState, ConsensusState as GrandpaConsensus, MembershipProof};
use lupu_standard::PathKind;
use lupu_substrate_state::{NodeSet, anchor_key, commitment_key, commitment_prefix, pallet_prefix};
use sp_core::H256;
use sp_io::{TestExternalities, hashing::keccak_256};

#[test]
fn keys_are_those_of_the_page() {
    externalities().execute_with(|| {
        let prefix = pallet_prefix("Ibc");
        let path = raw_path(HERE.as_bytes(), PathKind::Receipt, 5);
        Commitments::<Test>::insert(keccak_256(&path), [9; 32]);
        let key = commitment_key(&commitment_prefix(&prefix), &path);
        assert_eq!(unhashed::get_raw(&key), Some(vec![9; 32]));
        Anchor::<Test>::put([8; 32]);
        assert_eq!(unhashed::get_raw(&anchor_key(&prefix)), Some(vec![8; 32]));
        let sequences = [prefix, sp_io::hashing::twox_128(b"Sequences")].concat();
        Sequences::<Test>::insert(keccak_256(HERE.as_bytes()), 0x0102);
        let key = [&sequences[..], &keccak_256(HERE.as_bytes())].concat();
        assert_eq!(unhashed::get_raw(&key), Some(vec![2, 1, 0, 0, 0, 0, 0, 0]));
    });
}

#[test]
fn every_block_has_its_anchor() {
    let mut ext = genesis();
    ext.execute_with(|| {
        let genesis = H256::repeat_byte(0x5a);
        let mut parent = genesis;
        for (block, milliseconds) in [(1, START * 1_000), (2, START * 1_000 + 2_000), (3, START * 1_000 + 2_999)] {
            System::reset_events();
            System::initialize(&block, &parent, &Default::default());
            <AllPalletsWithSystem as OnInitialize<u64>>::on_initialize(block);
            assert_ok!(Timestamp::set(RuntimeOrigin::none(), milliseconds));
            <AllPalletsWithSystem as OnFinalize<u64>>::on_finalize(block);
            assert_eq!(GenesisHash::<Test>::get(), Some(genesis.0));
            let anchor = lupu_substrate_state::Anchor::decode(&Anchor::<Test>::get().unwrap()).unwrap();
            assert_eq!(anchor.timestamp, TimestampSecs(milliseconds / 1_000));
            assert_eq!(anchor.genesis.as_slice(), &genesis.0[..24]);
            parent = H256::repeat_byte(block as u8);
        }
    });
}

#[test]
fn without_a_genesis_hash_there_is_no_anchor() {
    externalities().execute_with(|| {
        frame_system::BlockHash::<Test>::remove(0);
        <Ibc as Hooks<u64>>::on_finalize(1);
        assert_eq!(Anchor::<Test>::get(), None);
    });
}

/// One of two chains.
pub struct Chain {
    pub ext: TestExternalities,
    pub own: &'static str,
    other: &'static str,
    height: u64,
}

impl Chain {
    pub fn new(own: &'static str, other: &'static str) -> Self {
        let mut ext = externalities();
        ext.execute_with(|| {
            create_grandpa(own);
            let prefix = commitment_prefix(&pallet_prefix("Ibc")).to_vec();
            assert_ok!(Ibc::bind_client(RuntimeOrigin::root(), id(own), id(other), vec![prefix]));
            events();
        });
        Self { ext, own, other, height: HEIGHT }
    }

    /// This chain's state as a consensus state of time `time`, and the packed proof of paths in it.
    pub fn prove(&mut self, paths: &[Vec<u8>], time: u64) -> (GrandpaConsensus, Vec<u8>) {
        self.ext.commit_all().unwrap();
        let prefix = pallet_prefix("Ibc");
        let keys: Vec<Vec<u8>> =
            paths.iter().map(|p| commitment_key(&commitment_prefix(&prefix), p).to_vec()).collect();
        let keys: Vec<&[u8]> = keys.iter().map(|k| k.as_slice()).collect();
        let (root, nodes) = {
            let backend = self.ext.as_backend();
            let root = *backend.root();
            let proof = sp_state_machine::prove_read(backend, keys.iter()).unwrap();
            (B256::new(root.0), proof.into_iter_nodes().collect::<Vec<_>>())
        };
        let mut set = NodeSet::new();
        for node in nodes {
            set.insert(node);
        }
        let consensus = grandpa_consensus(root, time);
        let nodes = set.pack(&root, &keys).unwrap().into();
        (consensus, MembershipProof { consensus, nodes }.encode())
    }

    /// Learns a state of the other chain, as an update would tell it.
    pub fn learn(&mut self, consensus: &GrandpaConsensus) -> u64 {
        self.height += 1;
        let (own, height) = (self.own, self.height);
        let hash = consensus.hash();
        self.ext.execute_with(|| crate::ConsensusStates::<Test>::insert(id(own), height, hash.0));
        height
    }
}

fn grandpa_consensus(state_root: B256, time: u64) -> GrandpaConsensus {
    GrandpaConsensus {
        timestamp: TimestampSecs(time),
        state_root,
        header_hash: B256::repeat_byte(2),
        set_id: 0,
        authorities_hash: B256::repeat_byte(3),
    }
}

fn create_grandpa(name: &str) {
    let state = GrandpaState {
        genesis: [7; 24].into(),
        pallet_prefix: pallet_prefix("Ibc").into(),
        rules: Default::default(),
        latest_height: Height(HEIGHT),
        latest_timestamp: TimestampSecs(START),
        frozen: false,
    };
    let consensus = grandpa_consensus(B256::repeat_byte(1), START);
    assert_ok!(Ibc::create_client(
        RuntimeOrigin::root(),
        id(name),
        bounded(b"grandpa"),
        bounded(&state.encode()),
        bounded(&consensus.encode()),
    ));
}

fn send(chain: &mut Chain, value: &[u8]) -> ScalePacket {
    let own = chain.own;
    chain.ext.execute_with(|| {
        assert_ok!(Ibc::send_packet(client(own), TimestampSecs(START + 60), payload(value)).map_err(|e| e.describe()));
        let Some(Event::PacketSent { packet }) = events().pop() else { panic!() };
        packet
    })
}

#[test]
fn there_and_back() {
    let mut a = Chain::new("north.grandpa-south", "south.grandpa-north");
    let mut b = Chain::new("south.grandpa-north", "north.grandpa-south");
    assert_eq!((a.own, b.own), (b.other, a.other));
    let packets = [send(&mut a, b"one"), send(&mut a, b"two"), send(&mut a, b"three")];
    assert_eq!(packets[2].sequence, 3);

    // The first two are received.
    let paths: Vec<_> = packets.iter().map(|p| raw_path(&p.source_client, PathKind::Commitment, p.sequence)).collect();
    let (consensus, proof) = a.prove(&paths[..2], START);
    let height = b.learn(&consensus);
    let acks = b.ext.execute_with(|| {
        assert_ok!(Ibc::recv_packets(
            RuntimeOrigin::signed(1),
            batch(&packets[..2]),
            bounded(&proof),
            height,
            LIMIT * 2
        ));
        events().into_iter().map(|e| match e {
            Event::PacketReceived { acknowledgements, .. } => acknowledgements,
            other => panic!("{other:?}"),
        })
    });
    let acks: Vec<wire::ScaleAcknowledgements> =
        acks.map(|list| batch(&list.iter().map(|a| bounded(a)).collect::<Vec<_>>())).collect();

    // They are acknowledged, the third times out.
    let ack_paths: Vec<_> =
        packets[..2].iter().map(|p| raw_path(&p.dest_client, PathKind::Acknowledgement, p.sequence)).collect();
    let (consensus, proof) = b.prove(&ack_paths, START + 60);
    let height = a.learn(&consensus);
    a.ext.execute_with(|| {
        let call = Ibc::ack_packets(
            RuntimeOrigin::signed(1),
            batch(&packets[..2]),
            batch(&acks),
            bounded(&proof),
            height,
            LIMIT * 2,
        );
        assert_ok!(call);
        let told = events();
        assert!(matches!(told.as_slice(), [Event::PacketAcknowledged { .. }, Event::PacketAcknowledged { .. }]));
    });
    let receipt = |p: &ScalePacket| raw_path(&p.dest_client, PathKind::Receipt, p.sequence);
    let time_out = |a: &mut Chain, b: &mut Chain, packet: &ScalePacket| {
        let (consensus, proof) = b.prove(&[receipt(packet)], START + 60);
        let height = a.learn(&consensus);
        a.ext.execute_with(|| {
            let packets = batch(std::slice::from_ref(packet));
            Ibc::timeout_packets(RuntimeOrigin::signed(1), packets, bounded(&proof), height, LIMIT)
        })
    };
    let refused = time_out(&mut a, &mut b, &packets[0]).unwrap_err();
    assert_eq!(refused.error, rejected("ValuePresent").into());
    assert_ok!(time_out(&mut a, &mut b, &packets[2]));
    a.ext.execute_with(|| {
        assert!(matches!(events().as_slice(), [Event::PacketTimedOut { .. }]));
        assert_eq!(Commitments::<Test>::iter().count(), 0);
        assert_eq!(Ibc::last_sequence(&client(a.own)), 3);
    });
    b.ext.execute_with(|| assert_eq!(Commitments::<Test>::iter().count(), 4));
}
