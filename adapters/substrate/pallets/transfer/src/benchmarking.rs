//! Benchmarks. Each is the longest success: first escrow, new voucher, refund of an asset.

use crate::*;
use alloc::{borrow::ToOwned, format, vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use app::TransferApp;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    EnsureOrigin, Get,
    tokens::{
        fungible::{Inspect as _, Mutate as _},
        fungibles::{Create as _, Inspect as _, Mutate as _},
    },
};
use frame_system::RawOrigin;
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules};
use lupu_standard::{
    ClientId, Encoding, Height, Packet, Payload, PortId, Sequence, TimestampSecs,
    ics20::{FungibleTokenPacketData, PORT, VERSION},
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
fn bind<T: Config>() -> Result<ClientId, BenchmarkError> {
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
    pallet_lupu_ibc::Pallet::<T>::bind_client(origin()?, id(), there, vec![vec![]])
        .map_err(stop("client not bound"))?;
    client(HERE)
}

fn client(name: &str) -> Result<ClientId, BenchmarkError> {
    ClientId::new(name).map_err(stop("no client"))
}

/// An asset that does not sustain accounts, of which `who` has some, and the native balance for it.
fn asset<T: Config>(who: &T::AccountId) -> Result<u32, BenchmarkError> {
    let id = T::FirstVoucher::get().saturating_sub(1);
    let native = T::Native::minimum_balance().max(1).saturating_mul(1_000);
    T::Native::mint_into(who, native).map_err(stop("no native balance"))?;
    T::Assets::create(id, who.clone(), false, 1).map_err(stop("no asset"))?;
    T::Assets::mint_into(id, who, 1_000).map_err(stop("no balance"))?;
    Ok(id)
}

fn packet(data: &FungibleTokenPacketData, source: &str, destination: &str) -> Result<Packet, BenchmarkError> {
    let port = PortId::new(PORT).map_err(stop("no port"))?;
    let payload = Payload {
        source_port: port.clone(),
        destination_port: port,
        version: VERSION.to_owned(),
        encoding: Encoding::SolidityAbi.media_type().to_owned(),
        value: data.encode(Encoding::SolidityAbi).into(),
    };
    Ok(Packet {
        sequence: Sequence::new(1).map_err(stop("no sequence"))?,
        source_client: client(source)?,
        destination_client: client(destination)?,
        timeout_timestamp: TimestampSecs(TIMEOUT),
        payloads: vec![payload],
    })
}

fn first(packet: &Packet) -> Result<&Payload, BenchmarkError> {
    packet.payloads.first().ok_or(BenchmarkError::Stop("no payload"))
}

fn data(denom: &str, sender: &[u8; 32], receiver: &[u8; 32]) -> FungibleTokenPacketData {
    FungibleTokenPacketData {
        denom: denom.to_owned(),
        sender: account::to_text(sender),
        receiver: account::to_text(receiver),
        amount: U256::from(100),
        memo: "m".repeat(MAX_MEMO),
    }
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// `b` bytes of receiver and memo.
    #[benchmark]
    fn transfer(b: Linear<1, 34_816>) -> Result<(), BenchmarkError> {
        bind::<T>()?;
        let caller: T::AccountId = whitelisted_caller();
        let denom = format!("asset:{}", asset::<T>(&caller)?).into_bytes();
        let receiver = vec![b'a'; (b as usize).min(MAX_RECEIVER)];
        let memo = vec![b'm'; (b as usize).saturating_sub(MAX_RECEIVER)];
        #[extrinsic_call]
        _(RawOrigin::Signed(caller), HERE.as_bytes().to_vec(), denom, 100, receiver, TIMEOUT, memo);
        assert_eq!(Escrowed::<T>::iter().count(), 1);
        Ok(())
    }

    /// Fifteen ids are taken, the trace is the longest, the receiver is new.
    #[benchmark]
    fn receive() -> Result<(), BenchmarkError> {
        let relayer: T::AccountId = whitelisted_caller();
        for i in 0..15 {
            let id = T::FirstVoucher::get().saturating_add(i);
            T::Assets::create(id, relayer.clone(), true, 1).map_err(stop("no asset"))?;
        }
        let base = "x".repeat(MAX_TRACE as usize - "transfer//".len() - HERE.len());
        let packet = packet(&data(&base, &[1; 32], &[7; 32]), THERE, HERE)?;
        let payload = first(&packet)?;
        let answer;
        #[block]
        {
            answer = TransferApp::<T>::default().on_recv(&packet, payload, &relayer);
        }
        answer.map_err(stop("not received"))?;
        assert_eq!(Supply::<T>::iter_values().next(), Some(100));
        Ok(())
    }

    /// An asset comes out of escrow.
    #[benchmark]
    fn refund() -> Result<(), BenchmarkError> {
        let caller: T::AccountId = whitelisted_caller();
        let id = asset::<T>(&caller)?;
        Pallet::<T>::escrow(&client(HERE)?, Token::Asset(id), &caller, 100).map_err(stop("no escrow"))?;
        let packet = packet(&data(&format!("asset:{id}"), &caller.clone().into(), &[7; 32]), HERE, THERE)?;
        let payload = first(&packet)?;
        let answer;
        #[block]
        {
            answer = TransferApp::<T>::default().on_timeout(&packet, payload, &caller);
        }
        answer.map_err(stop("not refunded"))?;
        assert_eq!(T::Assets::balance(id, &caller), 1_000);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::chain(&[]), crate::mock::Test);
}
