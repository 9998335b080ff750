//! The committed bytecode of the contracts, run by revm under Berlin's rules.

use super::ClientType;
use alloy::{
    json_abi::JsonAbi,
    sol,
    sol_types::{SolCall, SolValue},
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
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
use std::{collections::HashMap, marker::PhantomData};

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
}

const CALLER: Address = Address::repeat_byte(0xca);
const TARGET: Address = Address::repeat_byte(0xc1);
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
    /// What the target holds in a slot after the call.
    pub fn slot(&self, slot: U256) -> U256 {
        self.db.cache.accounts.get(&TARGET).and_then(|a| a.storage.get(&slot)).copied().unwrap_or_default()
    }
}

/// The slots of a client's state.
pub fn state_slots<T: ClientType>() -> impl Iterator<Item = U256> {
    (0..T::SLOTS).map(U256::from)
}

/// The slot of the hash at a height.
pub fn hash_slot<T: ClientType>(height: u64) -> U256 {
    U256::from_be_bytes(keccak256((height, T::SLOTS).abi_encode()).0)
}

/// Deploys and calls the contracts of a client type.
pub struct Solidity<T> {
    client: Artifact,
    reader: Bytecode,
    errors: HashMap<FixedBytes<4>, String>,
    deployed: HashMap<Vec<u8>, Bytecode>,
    of: PhantomData<T>,
}

impl<T: ClientType> Default for Solidity<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ClientType> Solidity<T> {
    /// Reads the artifacts. Fails if a library behind the reader changed since it was compiled.
    pub fn new() -> Self {
        let client = artifact(&format!("../adapters/evm/contracts/artifacts/{}.json", T::CONTRACT));
        let (reader, libraries) = T::READER;
        let reader = artifact(&format!("../tests/contracts/{reader}.json"));
        let source = |name: &&str| read(&format!("../adapters/evm/contracts/src/lib/{name}.sol"));
        let sources: Vec<u8> = libraries.iter().flat_map(source).collect();
        let changed = "a library changed: run node tests/contracts/build.mjs";
        assert_eq!(reader.library_hash, keccak256(sources), "{changed}");
        let errors = client.abi.errors().map(|e| (e.selector(), e.name.clone())).collect();
        let reader = create(reader.bytecode.object.clone()).expect("the reader deploys").code;
        Self { client, reader, errors, deployed: HashMap::new(), of: PhantomData }
    }

    /// The code of a client with these parameters, or the name of the constructor's error.
    fn code(&mut self, state: &T::State) -> Result<Bytecode, String> {
        let (parameters, consensus) = T::parameters(state);
        let encoded = T::encode(&parameters);
        if let Some(code) = self.deployed.get(&encoded) {
            return Ok(code.clone());
        }
        let code = self.construct(&parameters, &consensus)?.code;
        if self.deployed.len() < KEPT {
            self.deployed.insert(encoded, code.clone());
        }
        Ok(code)
    }

    /// Runs the constructor with just these arguments.
    fn construct(&self, state: &T::State, consensus: &T::Consensus) -> Result<Created, String> {
        let code = self.client.bytecode.object.to_vec();
        let init = [code, T::encode(state), T::encode_consensus(consensus)].concat();
        create(init.into()).map_err(|data| self.name(&data))
    }

    /// Creates a client as it is: what it stores (its state, and the hash at this height) and the
    /// gas, or the name of the error.
    pub fn create_client(
        &self,
        state: &T::State,
        initial: &T::Consensus,
        height: u64,
    ) -> Result<(Vec<u8>, u64), String> {
        let created = self.construct(state, initial)?;
        let storage = &created.db.cache.accounts[&created.address].storage;
        let word = |slot| storage.get(&slot).copied().unwrap_or_default().to_be_bytes::<32>();
        Ok((state_slots::<T>().chain([hash_slot::<T>(height)]).flat_map(word).collect(), created.gas))
    }

    /// Calls a light client that has this state and these hashes, at a time.
    pub fn call_client(
        &mut self,
        state: &T::State,
        stored: &[(u64, B256)],
        now: u64,
        input: Vec<u8>,
    ) -> Result<Done, String> {
        let mut db = holding(self.code(state)?);
        let words = state_slots::<T>().zip(T::words(state));
        let hashes = stored.iter().map(|(height, hash)| (hash_slot::<T>(*height), (*hash).into()));
        for (slot, word) in words.chain(hashes) {
            db.insert_account_storage(TARGET, slot, word).unwrap();
        }
        Ok(self.run(db, now, input))
    }

    /// Calls the reader of proofs and headers.
    pub fn call_reader(&self, input: Vec<u8>) -> Done {
        self.run(holding(self.reader.clone()), 1, input)
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

    /// The name of a custom error.
    fn name(&self, data: &[u8]) -> String {
        let known = data.get(..4).and_then(|selector| self.errors.get(selector));
        known.cloned().unwrap_or_else(|| format!("0x{}", hex::encode(data)))
    }
}

/// Whether the calls written here have the selectors of the committed ABI.
pub fn selectors_are_the_contracts<T>(solidity: &Solidity<T>) {
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

fn holding(code: Bytecode) -> CacheDB<EmptyDB> {
    let info = AccountInfo { nonce: 1, code_hash: code.hash_slow(), code: Some(code), ..AccountInfo::default() };
    let mut db = CacheDB::new(EmptyDB::default());
    db.insert_account_info(TARGET, info);
    db
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
