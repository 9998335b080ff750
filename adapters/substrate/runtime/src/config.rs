//! How each pallet is set up.

use frame_support::dispatch::DispatchClass;
use frame_support::traits::{AsEnsureOriginWithArg, ConstBool, ConstU128, ConstU32, ConstU64, Contains};
use frame_support::weights::constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND};
use frame_support::weights::Weight;
use frame_support::{derive_impl, parameter_types};
use frame_system::limits::{BlockLength, BlockWeights};
use frame_system::{EnsureRoot, EnsureSigned};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_consensus_beefy::mmr::MmrLeafVersion;
use sp_runtime::traits::{ConvertInto, Keccak256, OpaqueKeys};
use sp_runtime::Perbill;

use crate::validators::{self, MAX_VALIDATORS};
use crate::*;

/// One native token, in its smallest unit.
pub const UNIT: Balance = 1_000_000_000_000;
/// The least an account can hold: a thousandth of a token.
pub const EXISTENTIAL_DEPOSIT: Balance = UNIT / 1000;

/// The longest block, in bytes.
const MAX_BLOCK_BYTES: u32 = 5 * 1024 * 1024;

parameter_types! {
    pub const BlockHashCount: BlockNumber = 4096;
    /// Two seconds of work a block, three quarters of it for transactions.
    pub Weights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(2 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
        Perbill::from_percent(75),
    );
    /// Three quarters of a block's bytes for transactions.
    pub Length: BlockLength = BlockLength::builder()
        .max_length(MAX_BLOCK_BYTES)
        .modify_max_length_for_class(DispatchClass::Normal, |max| {
            *max = Perbill::from_percent(75) * MAX_BLOCK_BYTES;
        })
        .build();
    pub const Ss58Prefix: u16 = 42;
    pub LeafVersion: MmrLeafVersion = MmrLeafVersion::new(0, 0);
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type BlockWeights = Weights;
    type BlockLength = Length;
    type AccountId = AccountId;
    type Nonce = Nonce;
    type Hash = Hash;
    type BlockHashCount = BlockHashCount;
    type DbWeight = RocksDbWeight;
    type Version = version::Version;
    type AccountData = pallet_balances::AccountData<Balance>;
    type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
    type SS58Prefix = Ss58Prefix;
    type MaxConsumers = ConstU32<16>;
}

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = Aura;
    type MinimumPeriod = validators::MinimumPeriod<Runtime>;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_aura::Config for Runtime {
    type AuthorityId = AuraId;
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type DisabledValidators = ();
    type AllowMultipleBlocksPerSlot = ConstBool<false>;
    type SlotDuration = validators::SlotDuration<Runtime>;
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type MaxFreezes = ConstU32<50>;
    type DoneSlashHandler = ();
}

impl pallet_assets::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Balance = Balance;
    type RemoveItemsLimit = ConstU32<1000>;
    type AssetId = u32;
    type AssetIdParameter = codec::Compact<u32>;
    type ReserveData = ();
    type Currency = Balances;
    type CreateOrigin = pallet_lupu_transfer::BelowVouchers<Runtime, AsEnsureOriginWithArg<EnsureSigned<AccountId>>>;
    type ForceOrigin = EnsureRoot<AccountId>;
    type AssetDeposit = ConstU128<UNIT>;
    type AssetAccountDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type MetadataDepositBase = ConstU128<EXISTENTIAL_DEPOSIT>;
    type MetadataDepositPerByte = ConstU128<{ EXISTENTIAL_DEPOSIT / 1000 }>;
    type ApprovalDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type StringLimit = ConstU32<256>;
    type Freezer = ();
    type Holder = ();
    type Extra = ();
    type CallbackHandle = ();
    type AssetIdAllocator = ();
    type WeightInfo = pallet_assets::weights::SubstrateWeight<Runtime>;
}

/// Accounts that have registered session keys.
pub struct WithSessionKeys;
impl Contains<AccountId> for WithSessionKeys {
    fn contains(account: &AccountId) -> bool {
        pallet_session::NextKeys::<Runtime>::contains_key(account)
    }
}

impl validators::Config for Runtime {
    type Governance = EnsureRoot<AccountId>;
    type HasKeys = WithSessionKeys;
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Validators;
    type NextSessionRotation = Validators;
    type SessionManager = Validators;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = ConstU128<0>;
}

// Validators of a consortium have no stake to lose: a double vote is evidence for light clients and
// for the members, not an offence on the chain. So neither protocol takes reports.
impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<0>;
    type KeyOwnerProof = sp_core::Void;
    type EquivocationReportSystem = ();
}

impl pallet_beefy::Config for Runtime {
    type BeefyId = BeefyId;
    type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<0>;
    type OnNewValidatorSet = BeefyMmr;
    type AncestryHelper = BeefyMmr;
    type WeightInfo = ();
    type KeyOwnerProof = sp_core::Void;
    type EquivocationReportSystem = ();
}

impl pallet_mmr::Config for Runtime {
    const INDEXING_PREFIX: &'static [u8] = sp_mmr_primitives::INDEXING_PREFIX;
    type Hashing = Keccak256;
    type LeafData = BeefyMmr;
    type OnNewRoot = pallet_beefy_mmr::DepositBeefyDigest<Runtime>;
    type BlockHashProvider = pallet_mmr::DefaultBlockHashProvider<Runtime>;
    type WeightInfo = ();
}

/// Nothing is added to the MMR leaf: what others prove about this chain, they prove from its state.
pub struct NoExtra;
impl sp_consensus_beefy::mmr::BeefyDataProvider<Hash> for NoExtra {
    fn extra_data() -> Hash {
        Hash::zero()
    }
}

impl pallet_beefy_mmr::Config for Runtime {
    type LeafVersion = LeafVersion;
    type BeefyAuthorityToMerkleLeaf = pallet_beefy_mmr::BeefyEcdsaToEthereum;
    type LeafExtra = Hash;
    type BeefyDataProvider = NoExtra;
    type WeightInfo = ();
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

impl customs::Config for Runtime {}
