//! A runtime with the host, the message pallet, sudo, and calls to attack it with.

pub mod probe;

use crate::{self as pallet_lupu_gmp, Config, GmpApp, NestedCalls};
use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::{Address, B256};
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{ConstU32, ConstU64, ConstU128, Contains},
    weights::Weight,
};
use frame_system::EnsureRoot;
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules};
use lupu_standard::{Height, TimestampSecs, ics27::PORT};
use pallet_lupu_ibc::{IbcApp, IbcApps};
use sp_io::TestExternalities;
use sp_runtime::{AccountId32, BuildStorage, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Timestamp: pallet_timestamp,
        Balances: pallet_balances,
        Sudo: pallet_sudo,
        Ibc: pallet_lupu_ibc,
        IbcGmp: pallet_lupu_gmp,
        Probe: probe,
    }
);

/// The transaction version of the runtime.
pub const TRANSACTION_VERSION: u32 = 3;

parameter_types! {
    pub Version: sp_version::RuntimeVersion = sp_version::RuntimeVersion {
        transaction_version: TRANSACTION_VERSION,
        ..Default::default()
    };
    pub const MaxCallWeight: Weight = Weight::from_parts(10_000_000_000, 100_000);
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<u128>;
    type Version = Version;
}

impl pallet_timestamp::Config for Test {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = u128;
    type ExistentialDeposit = ConstU128<1>;
}

impl pallet_sudo::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = ();
}

impl probe::Config for Test {
    type Call = RuntimeCall;
}

impl pallet_lupu_ibc::Config for Test {
    type GovernanceOrigin = EnsureRoot<AccountId32>;
    type Apps = Apps;
    type MigrationDelay = ConstU64<3_600>;
    type WeightInfo = pallet_lupu_ibc::weights::ByHand;
}

/// Everything but remarks.
pub struct Calls;

impl Contains<RuntimeCall> for Calls {
    fn contains(call: &RuntimeCall) -> bool {
        !matches!(call, RuntimeCall::System(frame_system::Call::remark { .. }))
    }
}

/// All but `hidden`, which this runtime has forgotten.
pub struct Carriers;

impl NestedCalls<RuntimeCall> for Carriers {
    fn is_carrier(call: &RuntimeCall) -> bool {
        matches!(
            call,
            RuntimeCall::Sudo(_) | RuntimeCall::Probe(probe::Call::batch { .. } | probe::Call::opaque { .. })
        )
    }
}

/// The longest call.
pub const MAX_LENGTH: u32 = 1_024;

impl Config for Test {
    type CallFilter = Calls;
    type Nested = Carriers;
    type MaxCallWeight = MaxCallWeight;
    type MaxCallLength = ConstU32<MAX_LENGTH>;
    type WeightInfo = crate::weights::StorageWeight<frame_support::weights::constants::RocksDbWeight>;
}

pub struct Apps;

impl IbcApps<AccountId32> for Apps {
    fn app(port: &[u8]) -> Option<Box<dyn IbcApp<AccountId32>>> {
        (port == PORT.as_bytes()).then(|| Box::new(GmpApp::<Test>::default()) as _)
    }
}

/// The first second of the mock's time.
pub const START: u64 = 1_700_000_000;
/// When packets time out.
pub const TIMEOUT: u64 = START + 3_600;
/// The client on this chain.
pub const HERE: &str = "AA.BB";
/// Its counterparty.
pub const THERE: &str = "BB.AA";

pub const ALICE: AccountId32 = AccountId32::new([0xa1; 32]);
/// Brings packets, and holds the sudo key.
pub const RELAYER: AccountId32 = AccountId32::new([0x4e; 32]);

fn bounded<const N: u32>(bytes: &[u8]) -> frame_support::BoundedVec<u8, ConstU32<N>> {
    bytes.to_vec().try_into().unwrap()
}

/// A chain with one client, bound.
pub fn chain() -> TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_sudo::GenesisConfig::<Test> { key: Some(RELAYER) }.assimilate_storage(&mut storage).unwrap();
    let mut ext: TestExternalities = storage.into();
    ext.execute_with(|| {
        System::set_block_number(1);
        pallet_timestamp::Now::<Test>::put(START * 1_000);
        bind();
        System::reset_events();
    });
    ext
}

fn bind() {
    let time = TimestampSecs(START - 10);
    let state = ClientState {
        kind: Kind::Qbft,
        chain_id: 1981,
        router: Address::repeat_byte(0x11),
        router_code_hash: B256::repeat_byte(0x22),
        rules: Rules::default(),
        latest_height: Height(5),
        latest_timestamp: time,
        frozen: false,
    };
    let consensus = ConsensusState {
        timestamp: time,
        storage_root: B256::repeat_byte(0x44),
        validators_hash: B256::repeat_byte(0x33),
    };
    let root = RuntimeOrigin::root;
    let (state, consensus) = (bounded(&state.encode()), bounded(&consensus.encode()));
    assert_ok!(Ibc::create_client(root(), bounded(HERE.as_bytes()), bounded(b"qbft"), state, consensus));
    assert_ok!(Ibc::bind_client(root(), bounded(HERE.as_bytes()), bounded(THERE.as_bytes()), vec![vec![]]));
}

/// What the pallet has told since the last time it was asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let all = System::events().into_iter().filter_map(|r| match r.event {
        RuntimeEvent::IbcGmp(event) => Some(event),
        _ => None,
    });
    let all = all.collect();
    System::reset_events();
    all
}
