//! Benchmarks. The worst case of a call is its longest success: an update sealed by all
//! validators, a batch of which every packet settles.
//!
//! Packets are for the port `transfer`; their payloads are for no application, so what an
//! application does on top is in its own callback weight.

mod evm;

use crate::*;
use alloc::{vec, vec::Vec};
use alloy_primitives::B256;
use evm::HEIGHT;
use frame_benchmarking::v2::*;
use frame_support::{BoundedVec, traits::EnsureOrigin, traits::Get, weights::Weight};
use frame_system::RawOrigin;
use lupu_light_client::Status;
use lupu_qbft::MembershipProof;
use lupu_standard::PathKind;
use sp_io::hashing::keccak_256;
use wire::{IdentifierBytes, MessageBytes, ScaleAcknowledgements, ScalePackets, raw_path};

const HERE: &[u8] = b"bench.client-here";
const THERE: &[u8] = b"bench.client-there";
const OTHER: &[u8] = b"bench.client-other";
const NOW: u64 = 1_700_000_000;
/// Callbacks of the benchmarked packets may use anything.
const CALLBACKS: Weight = Weight::from_parts(u64::MAX / 4, u64::MAX / 4);

fn bytes<S: Get<u32>>(b: &[u8]) -> BoundedVec<u8, S> {
    BoundedVec::truncate_from(b.to_vec())
}

fn governance<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

fn set_now<T: Config>(seconds: u64) {
    pallet_timestamp::Now::<T>::put(seconds.saturating_mul(1_000));
}

/// A client over this storage root and these validators.
fn create<T: Config>(id: &[u8], storage_root: B256, validators: &[u8]) -> Result<(), BenchmarkError> {
    set_now::<T>(NOW);
    let (state, consensus) = evm::client(storage_root, NOW, validators);
    Pallet::<T>::do_create_client(bytes(id), b"qbft", &state.encode(), &consensus.encode())
        .map_err(|_| BenchmarkError::Stop("client not created"))
}

fn bind<T: Config>(id: &[u8]) -> Result<(), BenchmarkError> {
    Pallet::<T>::do_bind_client(bytes(id), bytes(THERE), &[vec![]])
        .map_err(|_| BenchmarkError::Stop("client not bound"))
}

/// Packets whose payloads have `b` bytes together, or at least what is usual.
fn packets(n: u32, b: u32, incoming: bool) -> Vec<ScalePacket> {
    let (source, dest) = if incoming { (THERE, HERE) } else { (HERE, THERE) };
    let size = b.checked_div(n).unwrap_or_default().max(448) as usize;
    let payload = ScalePayload {
        source_port: bytes(b"transfer"),
        dest_port: bytes(b"transfer"),
        version: bytes(b"ics20-1"),
        encoding: bytes(b"application/x-solidity-abi"),
        value: bytes(&vec![0; size]),
    };
    let one = |sequence| ScalePacket {
        sequence: u64::from(sequence),
        source_client: bytes(source),
        dest_client: bytes(dest),
        timeout: NOW.saturating_add(600),
        payloads: BoundedVec::truncate_from(vec![payload.clone()]),
    };
    (1..=n).map(one).collect()
}

/// A bound client, and the proof of these values at its height.
fn proven<T: Config>(values: &[(Vec<u8>, Option<[u8; 32]>)], time: u64) -> Result<MessageBytes, BenchmarkError> {
    let keys: Vec<B256> = values.iter().map(|(path, _)| lupu_qbft::commitment_key(path)).collect();
    let slots: Vec<_> = keys.iter().zip(values).filter_map(|(k, (_, v))| Some((*k, B256::new((*v)?)))).collect();
    let (root, nodes) = evm::storage(&slots);
    create::<T>(HERE, root, &[1])?;
    bind::<T>(HERE)?;
    let (_, consensus) = evm::client(root, time, &[1]);
    ConsensusStates::<T>::insert(IdentifierBytes::truncate_from(HERE.to_vec()), HEIGHT, consensus.hash().0);
    let nodes = nodes.pack(&root, &keys).map_err(|_| BenchmarkError::Stop("no proof"))?;
    Ok(bytes(&MembershipProof { consensus, nodes: nodes.into() }.encode()))
}

/// Commits to packets as if they had been sent.
fn commit<T: Config>(packets: &[ScalePacket]) {
    for p in packets {
        let path = raw_path(&p.source_client, PathKind::Commitment, p.sequence);
        Commitments::<T>::insert(keccak_256(&path), p.commitment());
    }
}

/// A client that trusts `n` validators, and an update for it sealed by all of them.
fn updatable<T: Config>(n: u32, salts: &[u8]) -> Result<Vec<lupu_qbft::UpdateMessage>, BenchmarkError> {
    let set = evm::validators(n);
    let joined: Vec<u8> = set.iter().flat_map(|(a, _)| a.into_array()).collect();
    let root = B256::repeat_byte(5);
    create::<T>(HERE, root, &joined)?;
    let (_, trusted) = evm::client(root, NOW, &joined);
    Ok(salts.iter().map(|salt| evm::update(&set, trusted, root, *salt)).collect())
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn create_client() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        set_now::<T>(NOW);
        let (state, consensus) = evm::client(B256::repeat_byte(5), NOW, &[1]);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, bytes(HERE), bytes(b"qbft"), bytes(&state.encode()), bytes(&consensus.encode()));
        assert!(Clients::<T>::contains_key(IdentifierBytes::truncate_from(HERE.to_vec())));
        Ok(())
    }

    #[benchmark]
    fn bind_client() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        create::<T>(HERE, B256::repeat_byte(5), &[1])?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, bytes(HERE), bytes(THERE), vec![vec![]]);
        assert!(Pallet::<T>::record(&bytes(HERE)).is_ok_and(|r| r.counterparty.is_some()));
        Ok(())
    }

    #[benchmark]
    fn announce_migration() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        create::<T>(HERE, B256::repeat_byte(5), &[1])?;
        bind::<T>(HERE)?;
        create::<T>(OTHER, B256::repeat_byte(6), &[1])?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, bytes(HERE), bytes(OTHER));
        assert_eq!(Announcements::<T>::iter().count(), 1);
        Ok(())
    }

    #[benchmark]
    fn migrate_client() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        create::<T>(HERE, B256::repeat_byte(5), &[1])?;
        bind::<T>(HERE)?;
        create::<T>(OTHER, B256::repeat_byte(6), &[1])?;
        let announcement = Announcement { substitute: bytes(OTHER), not_before: NOW };
        Announcements::<T>::insert(IdentifierBytes::truncate_from(HERE.to_vec()), announcement);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, bytes(HERE), bytes(OTHER));
        assert!(Pallet::<T>::record(&bytes(OTHER)).is_err());
        Ok(())
    }

    #[benchmark]
    fn pause() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin);
        assert!(Paused::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn unpause() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        Paused::<T>::put(true);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin);
        assert!(!Paused::<T>::get());
        Ok(())
    }

    /// A message of `b` bytes or more: each validator has an address of 21 and a seal of 67.
    #[benchmark]
    fn update_client(b: Linear<1_000, 10_000>) -> Result<(), BenchmarkError> {
        let message = updatable::<T>(b / 88, &[1])?.pop().ok_or(BenchmarkError::Stop("no update"))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), bytes(HERE), bytes(&message.encode()));
        let record = Pallet::<T>::record(&bytes(HERE)).map_err(|_| BenchmarkError::Stop("no client"))?;
        assert!(record.open::<T>().is_ok_and(|c| c.latest_height() == HEIGHT + 1));
        Ok(())
    }

    /// Two updates of half the bytes each.
    #[benchmark]
    fn submit_misbehaviour(b: Linear<2_000, 20_000>) -> Result<(), BenchmarkError> {
        let messages = updatable::<T>(b / 176, &[1, 3])?;
        let [a, b] = <[_; 2]>::try_from(messages).map_err(|_| BenchmarkError::Stop("no updates"))?;
        let evidence = lupu_qbft::Misbehaviour { a, b }.encode();
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), bytes(HERE), bytes(&evidence));
        let id = wire::client_id(HERE).map_err(|_| BenchmarkError::Stop("no id"))?;
        assert_eq!(Pallet::<T>::client_status(&id), Some(Status::Frozen));
        Ok(())
    }

    #[benchmark]
    fn recv_packets(n: Linear<1, 64>, b: Linear<0, 262_144>) -> Result<(), BenchmarkError> {
        let packets = packets(n, b, true);
        let values: Vec<_> =
            packets.iter().map(|p| (raw_path(THERE, PathKind::Commitment, p.sequence), Some(p.commitment()))).collect();
        let proof = proven::<T>(&values, NOW)?;
        let packets = ScalePackets::truncate_from(packets);
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), packets, proof, HEIGHT, CALLBACKS);
        assert_eq!(Commitments::<T>::iter().count() as u32, n * 2);
        Ok(())
    }

    #[benchmark]
    fn ack_packets(n: Linear<1, 64>, b: Linear<0, 262_144>) -> Result<(), BenchmarkError> {
        let packets = packets(n, b, false);
        let acks: ScaleAcknowledgements = BoundedVec::truncate_from(vec![bytes(&[1; 32])]);
        let value = wire::commit_acknowledgements(&acks);
        let path = |p: &ScalePacket| raw_path(THERE, PathKind::Acknowledgement, p.sequence);
        let values: Vec<_> = packets.iter().map(|p| (path(p), Some(value))).collect();
        let proof = proven::<T>(&values, NOW)?;
        commit::<T>(&packets);
        let acks = BoundedVec::truncate_from(vec![acks; n as usize]);
        let packets = ScalePackets::truncate_from(packets);
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), packets, acks, proof, HEIGHT, CALLBACKS);
        assert!(!Settling::<T>::exists());
        Ok(())
    }

    #[benchmark]
    fn timeout_packets(n: Linear<1, 64>, b: Linear<0, 262_144>) -> Result<(), BenchmarkError> {
        let packets = packets(n, b, false);
        let path = |p: &ScalePacket| raw_path(THERE, PathKind::Receipt, p.sequence);
        let values: Vec<_> = packets.iter().map(|p| (path(p), None)).collect();
        let proof = proven::<T>(&values, NOW.saturating_add(600))?;
        commit::<T>(&packets);
        let packets = ScalePackets::truncate_from(packets);
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), packets, proof, HEIGHT, CALLBACKS);
        assert!(!Settling::<T>::exists());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::with_keystore(), crate::mock::Test);
}
