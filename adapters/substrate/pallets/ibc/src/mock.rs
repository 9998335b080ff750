//! A runtime with the host, a clock, and an application that does as it is told.

use crate::{self as pallet_lupu_ibc, Config, IbcApp, IbcApps, RelayMessage};
use alloc::{boxed::Box, vec::Vec};
use frame_support::{derive_impl, parameter_types, storage::unhashed, traits::ConstU64, weights::Weight};
use lupu_standard::{ClientId, Packet, Payload, TimestampSecs};
use sp_io::TestExternalities;
use sp_runtime::{BuildStorage, DispatchError, DispatchResult};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Timestamp: pallet_timestamp,
        Ibc: pallet_lupu_ibc,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
}

impl pallet_timestamp::Config for Test {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

/// Seconds of the migration delay.
pub const DELAY: u64 = 3_600;

impl Config for Test {
    type GovernanceOrigin = frame_system::EnsureRoot<u64>;
    type Apps = Apps;
    type MigrationDelay = ConstU64<DELAY>;
    type WeightInfo = crate::weights::ByHand;
}

/// What the application does when it is called back, after it has left a trace in state.
#[derive(Clone, Debug)]
pub enum Does {
    /// Takes it; to a packet it answers with these bytes.
    Answer(Vec<u8>),
    /// Fails.
    Fail,
    /// Tries to settle packets itself.
    Reenter(Vec<RelayMessage>),
    /// Sends a packet through a client.
    Send(ClientId, TimestampSecs, Payload),
}

parameter_types! {
    pub static Behaviour: Does = Does::Answer(b"taken".to_vec());
    pub static Told: Vec<(&'static str, u64, Vec<u8>, u64)> = Vec::new();
}

/// The weight limit of the application at port `mock`.
pub const LIMIT: Weight = Weight::from_parts(1_000_000, 1_000);
/// Where it counts its callbacks in state.
pub const TRACE: &[u8] = b"mock-trace";

/// How many callbacks have left their trace.
pub fn traces() -> u32 {
    unhashed::get_or_default(TRACE)
}

pub struct MockApp;

impl MockApp {
    fn act(&self) -> Result<Vec<u8>, DispatchError> {
        unhashed::put(TRACE, &(traces() + 1));
        match Behaviour::get() {
            Does::Answer(bytes) => Ok(bytes),
            Does::Fail => Err(DispatchError::Other("told to fail")),
            Does::Reenter(messages) => {
                let messages = messages.try_into().unwrap();
                Ibc::relay(RuntimeOrigin::signed(9), messages, Weight::MAX).map_err(|e| e.error)?;
                Ok(b"reentered".to_vec())
            }
            Does::Send(client, timeout, payload) => {
                let sequence = Ibc::send_packet(client, timeout, payload)?;
                Ok(sequence.to_be_bytes().to_vec())
            }
        }
    }

    fn tell(&self, what: &'static str, packet: &Packet, bytes: &[u8], relayer: u64) {
        Told::mutate(|told| told.push((what, packet.sequence.get(), bytes.to_vec(), relayer)));
    }
}

impl IbcApp<u64> for MockApp {
    fn callback_weight(&self) -> Weight {
        LIMIT
    }
    fn on_recv(&self, packet: &Packet, payload: &Payload, relayer: &u64) -> Result<Vec<u8>, DispatchError> {
        self.tell("recv", packet, &payload.value, *relayer);
        self.act()
    }
    fn on_acknowledge(&self, packet: &Packet, _: &Payload, acknowledgement: &[u8], relayer: &u64) -> DispatchResult {
        self.tell("ack", packet, acknowledgement, *relayer);
        self.act().map(|_| ())
    }
    fn on_timeout(&self, packet: &Packet, payload: &Payload, relayer: &u64) -> DispatchResult {
        self.tell("timeout", packet, &payload.value, *relayer);
        self.act().map(|_| ())
    }
}

pub struct Apps;

impl IbcApps<u64> for Apps {
    fn app(port: &[u8]) -> Option<Box<dyn IbcApp<u64>>> {
        // The rules' vectors send to `transfer`.
        let known: [&[u8]; 2] = [b"mock", b"transfer"];
        known.contains(&port).then(|| Box::new(MockApp) as _)
    }
}

/// The first second of the mock's time.
pub const START: u64 = 1_700_000_000;

/// Sets the clock, in seconds.
pub fn set_now(seconds: u64) {
    pallet_timestamp::Now::<Test>::put(seconds * 1_000 + 999);
}

/// The state of block 0.
pub fn genesis() -> TestExternalities {
    RuntimeGenesisConfig::default().build_storage().unwrap().into()
}

/// Genesis, and block 1 begun at [`START`].
pub fn externalities() -> TestExternalities {
    let mut ext = genesis();
    ext.execute_with(|| {
        System::set_block_number(1);
        set_now(START);
        Behaviour::set(Does::Answer(b"taken".to_vec()));
        Told::set(Vec::new());
    });
    ext
}

/// What the host has told since the last time it was asked.
pub fn events() -> Vec<crate::Event<Test>> {
    let all = System::events().into_iter().filter_map(|r| match r.event {
        RuntimeEvent::Ibc(event) => Some(event),
        _ => None,
    });
    let all = all.collect();
    System::reset_events();
    all
}

/// Block 1 with a keystore for validators.
#[cfg(feature = "runtime-benchmarks")]
pub fn with_keystore() -> TestExternalities {
    let mut ext = externalities();
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext
}
