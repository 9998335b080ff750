//! A runtime with the host, balances, assets and the transfer pallet.

use crate::{self as pallet_lupu_transfer, BelowVouchers, Config, Token, TransferApp};
use alloc::{boxed::Box, string::ToString, vec, vec::Vec};
use alloy_primitives::{Address, B256};
use frame_support::{
    PalletId, assert_ok, derive_impl, parameter_types,
    traits::{AsEnsureOriginWithArg, ConstU32, ConstU64, ConstU128},
};
use frame_system::{EnsureRoot, EnsureSigned};
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules};
use lupu_standard::{Height, TimestampSecs, ics20::PORT};
use pallet_lupu_ibc::{IbcApp, IbcApps};
use sp_io::TestExternalities;
use sp_runtime::{AccountId32, BuildStorage, traits::IdentityLookup};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Timestamp: pallet_timestamp,
        Balances: pallet_balances,
        Assets: pallet_assets,
        Ibc: pallet_lupu_ibc,
        IbcTransfer: pallet_lupu_transfer,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<u128>;
}

impl pallet_timestamp::Config for Test {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

/// The existential deposit.
pub const DEPOSIT: u128 = 500;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = u128;
    type ExistentialDeposit = ConstU128<DEPOSIT>;
}

#[derive_impl(pallet_assets::config_preludes::TestDefaultConfig)]
impl pallet_assets::Config for Test {
    type Balance = u128;
    type AssetId = u32;
    type AssetIdParameter = u32;
    type Currency = Balances;
    type CreateOrigin = BelowVouchers<Test, AsEnsureOriginWithArg<EnsureSigned<AccountId32>>>;
    type ForceOrigin = EnsureRoot<AccountId32>;
    type AssetDeposit = ConstU128<1>;
    type AssetAccountDeposit = ConstU128<1>;
    type MetadataDepositBase = ConstU128<1>;
    type MetadataDepositPerByte = ConstU128<1>;
    type ApprovalDeposit = ConstU128<1>;
    type Freezer = ();
    type Holder = ();
}

impl pallet_lupu_ibc::Config for Test {
    type GovernanceOrigin = EnsureRoot<AccountId32>;
    type Apps = Apps;
    type MigrationDelay = ConstU64<3_600>;
    type WeightInfo = pallet_lupu_ibc::weights::ByHand;
}

/// The id of the first voucher.
pub const FIRST_VOUCHER: u32 = 1_000_000;

parameter_types! {
    pub const TransferPalletId: PalletId = PalletId(*b"lupu/tok");
}

impl Config for Test {
    type Native = Balances;
    type Assets = Assets;
    type PalletId = TransferPalletId;
    type FirstVoucher = ConstU32<FIRST_VOUCHER>;
    type WeightInfo = crate::weights::StorageWeight<frame_support::weights::constants::RocksDbWeight>;
}

pub struct Apps;

impl IbcApps<AccountId32> for Apps {
    fn app(port: &[u8]) -> Option<Box<dyn IbcApp<AccountId32>>> {
        (port == PORT.as_bytes()).then(|| Box::new(TransferApp::<Test>::default()) as _)
    }
}

/// The first second of the mock's time.
pub const START: u64 = 1_700_000_000;
/// When packets time out.
pub const TIMEOUT: u64 = START + 3_600;
/// What everybody has of the native balance and of each asset at first.
pub const WEALTH: u128 = 1_000_000;
/// An asset that everybody has, of which an account may have any amount.
pub const GOLD: u32 = 7;
/// An asset of which an account has at least ten, and which does not sustain an account.
pub const COAL: u32 = 8;

pub const ALICE: AccountId32 = AccountId32::new([0xa1; 32]);
pub const BOB: AccountId32 = AccountId32::new([0xb0; 32]);
/// Has nothing.
pub const NOBODY: AccountId32 = AccountId32::new([0x0c; 32]);

pub fn gold() -> Token {
    Token::Asset(GOLD)
}

pub fn text(account: &AccountId32) -> String {
    crate::account::to_text(account.as_ref())
}

/// A chain with clients of the given names, each bound to the counterparty beside it.
pub fn chain(clients: &[(&str, &str)]) -> TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    let balances = vec![(ALICE, WEALTH), (BOB, WEALTH)];
    pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }.assimilate_storage(&mut storage).unwrap();
    pallet_assets::GenesisConfig::<Test> {
        assets: vec![(GOLD, ALICE, true, 1), (COAL, ALICE, false, 10)],
        accounts: [GOLD, COAL].iter().flat_map(|id| [(*id, ALICE, WEALTH), (*id, BOB, WEALTH)]).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext: TestExternalities = storage.into();
    ext.execute_with(|| {
        System::set_block_number(1);
        pallet_timestamp::Now::<Test>::put(START * 1_000);
        for (client, counterparty) in clients {
            bind(client, counterparty);
        }
        System::reset_events();
    });
    ext
}

fn bounded<const N: u32>(bytes: &[u8]) -> frame_support::BoundedVec<u8, ConstU32<N>> {
    bytes.to_vec().try_into().unwrap()
}

fn bind(client: &str, counterparty: &str) {
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
    assert_ok!(Ibc::create_client(root(), bounded(client.as_bytes()), bounded(b"qbft"), state, consensus));
    assert_ok!(Ibc::bind_client(root(), bounded(client.as_bytes()), bounded(counterparty.as_bytes()), vec![vec![]]));
}

/// What the pallet has told since the last time it was asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let all = System::events().into_iter().filter_map(|r| match r.event {
        RuntimeEvent::IbcTransfer(event) => Some(event),
        _ => None,
    });
    let all = all.collect();
    System::reset_events();
    all
}

/// The name of a module error.
pub fn name(error: sp_runtime::DispatchError) -> String {
    match error {
        sp_runtime::DispatchError::Module(module) => module.message.unwrap_or_default().to_string(),
        other => alloc::format!("{other:?}"),
    }
}
