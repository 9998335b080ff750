//! The committed bytecode of the contracts, run by revm under Berlin's rules.

use alloy::{
    json_abi::JsonAbi,
    sol,
    sol_types::{SolCall, SolValue},
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use lupu_qbft::{ClientState, ConsensusState};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{ExecutionResult, Output},
    },
    database::{CacheDB, EmptyDB},
    primitives::{TxKind, hardfork::SpecId},
    state::AccountInfo,
};
use serde::Deserialize;
use std::collections::HashMap;

sol! {
    struct Height { uint64 revisionNumber; uint64 revisionHeight; }
    struct MsgVerifyMembership { bytes proof; Height proofHeight; bytes[] path; bytes value; }
    struct MsgVerifyNonMembership { bytes proof; Height proofHeight; bytes[] path; }
    struct MsgVerifyBatch { bytes proof; Height proofHeight; bytes[] paths; bytes32[] values; }
    function updateClient(bytes updateMsg) returns (uint8);
    function misbehaviour(bytes misbehaviourMsg);
    function verifyMembership(MsgVerifyMembership msg_) returns (uint256);
    function verifyNonMembership(MsgVerifyNonMembership msg_) returns (uint256);
    function verifyBatch(MsgVerifyBatch msg_) returns (uint256);
    function values(bytes32 root, bytes32[] keys, bytes nodes) returns (bytes[] found);
    function words(bytes32 root, bytes32[] keys, bytes nodes) returns (bytes32[] found);
    function account(bytes leaf) returns (bytes32 storageRoot, bytes32 codeHash);
}

const CALLER: Address = Address::repeat_byte(0xca);
const TARGET: Address = Address::repeat_byte(0xc1);
/// Slot of `_latestHeight ‖ _latestTimestamp ‖ _frozen`, and of the mapping of hashes.
const STATE_SLOT: U256 = U256::ZERO;
const HASHES_SLOT: u64 = 1;
/// Deployed light clients that are kept, by their parameters.
const KEPT: usize = 256;

#[derive(Deserialize)]
struct Code {
    object: Bytes,
}

#[derive(Deserialize)]
struct Artifact {
    abi: JsonAbi,
    bytecode: Code,
    #[serde(rename = "libraryHash", default)]
    library_hash: B256,
}

fn read(path: &str) -> Vec<u8> {
    let path = crate::here().join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn artifact(path: &str) -> Artifact {
    serde_json::from_slice(&read(path)).unwrap()
}

/// What a call did.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was returned, or the name of the custom error.
    pub answer: Result<Bytes, String>,
    /// Gas used, intrinsic gas included.
    pub gas: u64,
    db: CacheDB<EmptyDB>,
}

impl Done {
    /// The client's slot of height, time and frozen after the call.
    pub fn state(&self) -> U256 {
        self.slot(STATE_SLOT)
    }

    /// The hash stored at a height after the call.
    pub fn hash(&self, height: u64) -> B256 {
        self.slot(hash_slot(height)).into()
    }

    fn slot(&self, slot: U256) -> U256 {
        self.db.cache.accounts.get(&TARGET).and_then(|a| a.storage.get(&slot)).copied().unwrap_or_default()
    }
}

/// Height, time and frozen as the contract stores them.
pub fn state_word(state: &ClientState) -> U256 {
    U256::from(state.latest_height.0)
        | U256::from(state.latest_timestamp.0) << 64
        | U256::from(u8::from(state.frozen)) << 128
}

fn hash_slot(height: u64) -> U256 {
    U256::from_be_bytes(keccak256((height, HASHES_SLOT).abi_encode()).0)
}

/// Deploys and calls the contracts.
pub struct Solidity {
    client: Artifact,
    reader: Bytecode,
    errors: HashMap<FixedBytes<4>, String>,
    deployed: HashMap<Vec<u8>, Bytecode>,
}

impl Default for Solidity {
    fn default() -> Self {
        Self::new()
    }
}

impl Solidity {
    /// Reads the artifacts. Fails if the packed proofs' library changed since its reader was compiled.
    pub fn new() -> Self {
        let client = artifact("../adapters/evm/contracts/artifacts/QbftLightClient.json");
        let reader = artifact("../tests/contracts/ProofReader.json");
        let library = keccak256(read("../adapters/evm/contracts/src/lib/PackedProof.sol"));
        assert_eq!(reader.library_hash, library, "PackedProof.sol changed: run node tests/contracts/build.mjs");
        let errors = client.abi.errors().map(|e| (e.selector(), e.name.clone())).collect();
        let reader = create(reader.bytecode.object.clone()).expect("the reader deploys").code;
        Self { client, reader, errors, deployed: HashMap::new() }
    }

    /// The code of a client with these parameters, or the name of the constructor's error.
    pub fn client(&mut self, state: &ClientState) -> Result<Bytecode, String> {
        let mut parameters = state.clone();
        parameters.latest_height.0 = u64::MAX;
        parameters.latest_timestamp.0 = 1;
        parameters.frozen = false;
        let encoded = parameters.encode();
        if let Some(code) = self.deployed.get(&encoded) {
            return Ok(code.clone());
        }
        let one = B256::with_last_byte(1);
        let code = self.construct(&parameters, (1u64, one, one).abi_encode())?;
        if self.deployed.len() < KEPT {
            self.deployed.insert(encoded, code.clone());
        }
        Ok(code)
    }

    /// Runs the constructor with just these arguments.
    fn construct(&self, state: &ClientState, consensus: Vec<u8>) -> Result<Bytecode, String> {
        let init = [self.client.bytecode.object.to_vec(), state.encode(), consensus].concat();
        create(init.into()).map(|created| created.code).map_err(|data| self.name(&data))
    }

    /// Creates a client as it is: what it stores (state, first hash) and the gas, or the name of the error.
    pub fn create_client(&self, state: &ClientState, initial: &ConsensusState) -> Result<(Vec<u8>, u64), String> {
        let init = [self.client.bytecode.object.to_vec(), state.encode(), initial.encode()].concat();
        let created = create(init.into()).map_err(|data| self.name(&data))?;
        let storage = &created.db.cache.accounts[&created.address].storage;
        let slots = [STATE_SLOT, hash_slot(state.latest_height.0)];
        let words = slots.map(|slot| storage.get(&slot).copied().unwrap_or_default().to_be_bytes::<32>());
        Ok((words.concat(), created.gas))
    }

    /// Calls a light client that has this state and these hashes, at a time.
    pub fn call_client(
        &mut self,
        state: &ClientState,
        stored: &[(u64, B256)],
        now: u64,
        input: Vec<u8>,
    ) -> Result<Done, String> {
        let code = self.client(state)?;
        let mut db = CacheDB::new(EmptyDB::default());
        put(&mut db, code);
        db.insert_account_storage(TARGET, STATE_SLOT, state_word(state)).unwrap();
        for (height, hash) in stored {
            db.insert_account_storage(TARGET, hash_slot(*height), (*hash).into()).unwrap();
        }
        Ok(self.run(db, now, input))
    }

    /// Calls the proofs' reader.
    pub fn call_reader(&self, input: Vec<u8>) -> Done {
        let mut db = CacheDB::new(EmptyDB::default());
        put(&mut db, self.reader.clone());
        self.run(db, 1, input)
    }

    fn run(&self, mut db: CacheDB<EmptyDB>, now: u64, input: Vec<u8>) -> Done {
        let result = transact(&mut db, now, TxKind::Call(TARGET), input.into());
        let gas = result.tx_gas_used();
        let answer = match result {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(self.name(&output)),
            ExecutionResult::Halt { reason, .. } => Err(format!("halt: {reason:?}")),
        };
        Done { answer, gas, db }
    }

    fn name(&self, data: &[u8]) -> String {
        let known = data.get(..4).and_then(|s| self.errors.get(s));
        match known {
            Some(name) => name.clone(),
            None => format!("0x{}", hex::encode(data)),
        }
    }
}

/// Whether the calls written here have the selectors of the committed ABI.
pub fn selectors_are_the_contracts(solidity: &Solidity) {
    let abi = &solidity.client.abi;
    let ours = [
        ("updateClient", updateClientCall::SELECTOR),
        ("misbehaviour", misbehaviourCall::SELECTOR),
        ("verifyMembership", verifyMembershipCall::SELECTOR),
        ("verifyNonMembership", verifyNonMembershipCall::SELECTOR),
        ("verifyBatch", verifyBatchCall::SELECTOR),
    ];
    for (name, selector) in ours {
        assert_eq!(abi.function(name).unwrap()[0].selector().0, selector, "{name}");
    }
}

fn put(db: &mut CacheDB<EmptyDB>, code: Bytecode) {
    let info = AccountInfo { nonce: 1, code_hash: code.hash_slow(), code: Some(code), ..AccountInfo::default() };
    db.insert_account_info(TARGET, info);
}

struct Created {
    address: Address,
    code: Bytecode,
    gas: u64,
    db: CacheDB<EmptyDB>,
}

fn create(init: Bytes) -> Result<Created, Bytes> {
    let mut db = CacheDB::new(EmptyDB::default());
    let result = transact(&mut db, 1, TxKind::Create, init);
    let gas = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output: Output::Create(code, Some(address)), .. } => {
            Ok(Created { address, code: Bytecode::new_raw(code), gas, db })
        }
        ExecutionResult::Revert { output, .. } => Err(output),
        other => panic!("creation: {other:?}"),
    }
}

fn transact(db: &mut CacheDB<EmptyDB>, now: u64, kind: TxKind, data: Bytes) -> ExecutionResult {
    let mut cfg = CfgEnv::<SpecId>::new_with_spec(SpecId::BERLIN);
    cfg.disable_nonce_check = true;
    cfg.disable_block_gas_limit = true;
    let block = BlockEnv { number: U256::from(1), timestamp: U256::from(now), ..BlockEnv::default() };
    let tx = TxEnv {
        caller: CALLER,
        gas_limit: 1_000_000_000,
        gas_price: 0,
        kind,
        data,
        chain_id: Some(cfg.chain_id),
        ..TxEnv::default()
    };
    let mut evm = Context::mainnet().with_db(db).with_block(block).with_cfg(cfg).build_mainnet();
    evm.transact_commit(tx).expect("a transaction that starts")
}
