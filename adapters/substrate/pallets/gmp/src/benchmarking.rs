//! Benchmarks: the longest messages, each of a call that does nothing.

use crate::*;
use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use alloy_primitives::{Address, B256, Bytes};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
    BoundedVec,
    traits::{EnsureOrigin, Get},
};
use frame_system::RawOrigin;
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules};
use lupu_standard::{
    ClientId, Encoding, Height, Packet, Payload, PortId, Sequence, TimestampSecs,
    ics27::{GmpAcknowledgement, GmpPacketData, PORT, VERSION},
    rules::MAX_PAYLOAD_BYTES,
};
use pallet_lupu_ibc::IbcApp;

const HERE: &str = "bench.client-here";
const THERE: &str = "bench.client-there";
const NOW: u64 = 1_700_000_000;
const TIMEOUT: u64 = NOW + 600;

fn stop<E>(why: &'static str) -> impl Fn(E) -> BenchmarkError {
    move |_| BenchmarkError::Stop(why)
}

/// A client, Active and bound.
fn bind<T: Config>() -> Result<(), BenchmarkError> {
    pallet_timestamp::Now::<T>::put(NOW * 1_000);
    let (latest_timestamp, storage_root) = (TimestampSecs(NOW), B256::repeat_byte(4));
    let state = ClientState {
        kind: Kind::Qbft,
        chain_id: 1981,
        router: Address::repeat_byte(1),
        router_code_hash: B256::repeat_byte(2),
        rules: Rules::default(),
        latest_height: Height(5),
        latest_timestamp,
        frozen: false,
    };
    let validators_hash = B256::repeat_byte(3);
    let consensus = ConsensusState { timestamp: latest_timestamp, storage_root, validators_hash };
    let bytes = |b: &[u8]| b.to_vec();
    let origin = || T::GovernanceOrigin::try_successful_origin().map_err(stop("no governance"));
    let id = || BoundedVec::truncate_from(bytes(HERE.as_bytes()));
    pallet_lupu_ibc::Pallet::<T>::create_client(
        origin()?,
        id(),
        BoundedVec::truncate_from(bytes(b"qbft")),
        BoundedVec::truncate_from(state.encode()),
        BoundedVec::truncate_from(consensus.encode()),
    )
    .map_err(stop("client not created"))?;
    let there = BoundedVec::truncate_from(bytes(THERE.as_bytes()));
    pallet_lupu_ibc::Pallet::<T>::bind_client(origin()?, id(), there, vec![vec![]]).map_err(stop("client not bound"))
}

fn packet(payload: Vec<u8>, sender: &[u8; 32], source: &str, destination: &str) -> Result<Packet, BenchmarkError> {
    let port = PortId::new(PORT).map_err(stop("no port"))?;
    let data = GmpPacketData {
        sender: account::to_text(sender),
        receiver: RECEIVER.to_owned(),
        salt: Bytes::new(),
        payload: payload.into(),
        memo: String::new(),
    };
    let payload = Payload {
        source_port: port.clone(),
        destination_port: port,
        version: VERSION.to_owned(),
        encoding: Encoding::SolidityAbi.media_type().to_owned(),
        value: data.encode(Encoding::SolidityAbi).into(),
    };
    Ok(Packet {
        sequence: Sequence::new(1).map_err(stop("no sequence"))?,
        source_client: ClientId::new(source).map_err(stop("no client"))?,
        destination_client: ClientId::new(destination).map_err(stop("no client"))?,
        timeout_timestamp: TimestampSecs(TIMEOUT),
        payloads: vec![payload],
    })
}

fn first(packet: &Packet) -> Result<&Payload, BenchmarkError> {
    packet.payloads.first().ok_or(BenchmarkError::Stop("no payload"))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// `b` bytes of payload.
    #[benchmark]
    fn send_call(b: Linear<1, 250_000>) -> Result<(), BenchmarkError> {
        bind::<T>()?;
        let caller: T::AccountId = whitelisted_caller();
        let (client, receiver) = (HERE.as_bytes().to_vec(), b"a".to_vec());
        #[extrinsic_call]
        _(RawOrigin::Signed(caller), client.clone(), receiver, vec![], vec![7; b as usize], vec![], TIMEOUT);
        let client = core::str::from_utf8(&client).ok().and_then(|c| ClientId::new(c).ok());
        assert!(client.is_some_and(|c| pallet_lupu_ibc::Pallet::<T>::last_sequence(&c) == 1));
        Ok(())
    }

    /// The longest call, whether the runtime's filter takes it or not.
    #[benchmark]
    fn receive() -> Result<(), BenchmarkError> {
        let relayer: T::AccountId = whitelisted_caller();
        let remark = vec![7; (T::MaxCallLength::get() as usize).saturating_sub(8)];
        let call: T::RuntimeCall = frame_system::Call::<T>::remark { remark }.into();
        let version = <T as frame_system::Config>::Version::get().transaction_version;
        let packet = packet((version, call).encode(), &[1; 32], THERE, HERE)?;
        let payload = first(&packet)?;
        let answer;
        #[block]
        {
            answer = GmpApp::<T>::default().on_recv(&packet, payload, &relayer);
        }
        let filtered = Error::<T>::FilteredCall.into();
        assert!(answer.is_ok() || answer == Err(filtered));
        Ok(())
    }

    /// The longest message, and a long result.
    #[benchmark]
    fn settle() -> Result<(), BenchmarkError> {
        let relayer: T::AccountId = whitelisted_caller();
        let packet = packet(vec![7; MAX_PAYLOAD_BYTES - 1_000], &[1; 32], HERE, THERE)?;
        let payload = first(&packet)?;
        let ack = GmpAcknowledgement { result: vec![7; 60_000].into() }.encode(Encoding::SolidityAbi);
        let answer;
        #[block]
        {
            answer = GmpApp::<T>::default().on_acknowledge(&packet, payload, &ack, &relayer);
        }
        answer.map_err(stop("not acknowledged"))
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::chain(), crate::mock::Test);
}
