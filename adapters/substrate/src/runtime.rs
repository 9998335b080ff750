//! A chain's runtime as its metadata describes it, per version: upgrades are followed as they come.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::{bytes, number, to_hex},
    requirements::{self, RuntimeMismatch},
};
use alloy_primitives::B256;
use codec::Decode;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use subxt::{
    OfflineClient, OfflineClientAtBlock, SubstrateConfig,
    config::substrate::SpecVersionForRange,
    ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsFields, scale_value::Value as ScaleValue},
    metadata::{ArcMetadata, Metadata},
    tx::{DynamicPayload, dynamic},
    utils::H256,
};

/// Runtime versions kept in memory.
const KEPT: usize = 8;
/// Metadata versions asked for, best first; where none is offered, `state_getMetadata` gives 14.
const METADATA_VERSIONS: [u32; 2] = [16, 15];

/// The numbers of a runtime that transactions are signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeVersion {
    /// Counts upgrades.
    pub spec: u32,
    /// Counts changes of the encoding of calls.
    pub transaction: u32,
}

/// One version of a chain's runtime.
pub struct Runtime {
    /// Its numbers.
    pub version: RuntimeVersion,
    at: OfflineClientAtBlock<SubstrateConfig>,
}

/// Bytes that do not decode as the metadata says, or arguments that do not fit it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct CodecError {
    /// Which item.
    pub what: String,
    /// Why not.
    pub why: String,
}

pub(crate) fn codec_error(what: impl Into<String>, why: impl ToString) -> CodecError {
    CodecError { what: what.into(), why: why.to_string() }
}

impl Runtime {
    /// From the bytes of its metadata, with or without the opaque wrapping.
    pub fn new(version: RuntimeVersion, genesis: B256, metadata: &[u8]) -> Result<Self, CodecError> {
        let metadata = Metadata::decode_from(metadata).map_err(|e| codec_error("metadata", e))?;
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(genesis.0))
            .set_metadata_for_spec_versions([(version.spec, Arc::new(metadata))])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version: version.spec,
                transaction_version: version.transaction,
            }])
            .build();
        let at = OfflineClient::new_with_config(config).at_block(0u64).map_err(|e| codec_error("metadata", e))?;
        Ok(Self { version, at })
    }

    /// subxt's client for this version: transactions, events, storage keys.
    pub(crate) fn subxt(&self) -> &OfflineClientAtBlock<SubstrateConfig> {
        &self.at
    }

    /// The metadata.
    pub fn metadata(&self) -> ArcMetadata {
        self.at.metadata()
    }

    /// Whether it has everything that the relayer needs.
    pub fn check(&self) -> Result<(), RuntimeMismatch> {
        requirements::check(self.at.metadata_ref())
    }

    /// The storage key of an item.
    pub fn storage_key(&self, pallet: &str, item: &str, keys: Vec<ScaleValue>) -> Result<Vec<u8>, CodecError> {
        let what = || format!("{pallet}.{item}");
        let storage = self.at.storage();
        let entry = storage.entry((pallet, item)).map_err(|e| codec_error(what(), e))?;
        entry.fetch_key(keys).map_err(|e| codec_error(what(), e))
    }

    /// The value of a storage item.
    pub fn storage_value<T: DecodeAsType>(&self, pallet: &str, item: &str, value: &[u8]) -> Result<T, CodecError> {
        let what = || format!("{pallet}.{item}");
        let metadata = self.at.metadata_ref();
        let entry = metadata.pallet_by_name(pallet).and_then(|p| p.storage()?.entry_by_name(item));
        let ty = entry.ok_or_else(|| codec_error(what(), "no such storage item"))?.value_ty();
        let cursor = &mut &*value;
        let decoded = T::decode_as_type(cursor, ty, metadata.types()).map_err(|e| codec_error(what(), e))?;
        if cursor.is_empty() { Ok(decoded) } else { Err(codec_error(what(), format!("{} bytes left", cursor.len()))) }
    }

    /// A call, as it stands in an extrinsic.
    pub fn call<D: EncodeAsFields>(&self, pallet: &str, call: &str, arguments: D) -> Result<Vec<u8>, CodecError> {
        let payload: DynamicPayload<D> = dynamic(pallet, call, arguments);
        self.at.tx().call_data(&payload).map_err(|e| codec_error(format!("{pallet}.{call}"), e))
    }

    /// Whether the runtime offers a method of an API. Metadata of version 14 does not tell.
    pub fn offers(&self, api: &str, method: &str) -> bool {
        let found = self.at.metadata_ref().runtime_api_trait_by_name(api);
        found.is_some_and(|api| api.method_by_name(method).is_some())
    }
}

/// The runtimes of a chain.
pub struct Runtimes {
    endpoints: Arc<Endpoints>,
    genesis: B256,
    known: Mutex<BTreeMap<u32, Arc<Runtime>>>,
}

fn lied(e: impl ToString) -> Bad {
    Bad::Lied(e.to_string())
}

impl Runtimes {
    /// Those of the chain with this genesis hash.
    pub fn new(endpoints: Arc<Endpoints>, genesis: B256) -> Self {
        Self { endpoints, genesis, known: Mutex::default() }
    }

    /// The version in the state of a block, or in the newest.
    pub async fn version(&self, block: Option<B256>) -> Result<RuntimeVersion, CallError> {
        let params = block.map_or_else(|| json!([]), |b| json!([to_hex(b.as_slice())]));
        let read = |v: Value| {
            let part = |name: &'static str| {
                let n = number(v.get(name).unwrap_or(&Value::Null), name).map_err(lied)?;
                u32::try_from(n).map_err(lied)
            };
            Ok(RuntimeVersion { spec: part("specVersion")?, transaction: part("transactionVersion")? })
        };
        self.endpoints.ask("state_getRuntimeVersion", params, read).await
    }

    /// The runtime in the state of a block, or in the newest.
    pub async fn at(&self, block: Option<B256>) -> Result<Arc<Runtime>, CallError> {
        let version = self.version(block).await?;
        if let Some(known) = self.known(version.spec) {
            return Ok(known);
        }
        let runtime = Arc::new(self.fetch(version, block).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_empty() {
            tracing::info!(chain = self.endpoints.chain(), spec = version.spec, "another runtime version");
        }
        known.insert(version.spec, runtime.clone());
        while known.len() > KEPT {
            known.pop_first();
        }
        Ok(runtime)
    }

    fn known(&self, spec: u32) -> Option<Arc<Runtime>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&spec).cloned()
    }

    async fn fetch(&self, version: RuntimeVersion, block: Option<B256>) -> Result<Runtime, CallError> {
        for number in METADATA_VERSIONS {
            let mut params = vec![json!("Metadata_metadata_at_version"), json!(to_hex(&number.to_le_bytes()))];
            params.extend(block.map(|b| json!(to_hex(b.as_slice()))));
            let read = |v: Value| {
                let answer = bytes(&v, "metadata").map_err(lied)?;
                let metadata = Option::<Vec<u8>>::decode(&mut answer.as_slice()).map_err(lied)?;
                metadata.map(|m| Runtime::new(version, self.genesis, &m).map_err(lied)).transpose()
            };
            match self.endpoints.ask("state_call", Value::Array(params), read).await {
                Ok(Some(runtime)) => return Ok(runtime),
                Ok(None) => {}
                Err(error @ (CallError::Unavailable(_) | CallError::RateLimited(_) | CallError::Pruned(_))) => {
                    return Err(error);
                }
                // An old runtime does not know the call.
                Err(error) => tracing::debug!(chain = self.endpoints.chain(), ?error, number, "no such metadata"),
            }
        }
        let params = block.map_or_else(|| json!([]), |b| json!([to_hex(b.as_slice())]));
        let read = |v: Value| Runtime::new(version, self.genesis, &bytes(&v, "metadata").map_err(lied)?).map_err(lied);
        self.endpoints.ask("state_getMetadata", params, read).await
    }
}
