//! `system_*` and `chainSpec_v1_*`.

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use lupu_substrate_runtime::AccountId;
use serde_json::{Value, json};
use sp_core::H256;
use sp_core::crypto::Ss58Codec;

use super::{Node, answer, error, hex, method, one};

/// Decimals and symbol of the native token, and the prefix of SS58 addresses.
fn properties() -> Value {
    json!({ "ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT" })
}

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "system_chain", |node, _| Ok(json!(node.chain.config().name)))?;
    method(module, "system_name", |_, _| Ok(json!("lupu-substrate-devnet")))?;
    method(module, "system_version", |_, _| Ok(json!(env!("CARGO_PKG_VERSION"))))?;
    method(module, "system_chainType", |_, _| Ok(json!("Development")))?;
    method(module, "system_properties", |_, _| Ok(properties()))?;
    method(module, "system_health", |node, _| {
        let peers = node.chain.authorities().len().saturating_sub(1);
        Ok(json!({ "peers": peers, "isSyncing": false, "shouldHavePeers": false }))
    })?;
    method(module, "system_peers", |_, _| Ok(json!([])))?;
    method(module, "system_nodeRoles", |_, _| Ok(json!(["Full"])))?;
    method(module, "system_localPeerId", |node, _| {
        Ok(json!(format!("node{}.{}", node.index, node.chain.config().name)))
    })?;
    method(module, "system_localListenAddresses", |_, _| Ok(json!([])))?;
    method(module, "system_syncState", |node, _| {
        let head = node.head().number();
        Ok(json!({ "startingBlock": 0, "currentBlock": head, "highestBlock": head }))
    })?;
    for name in ["system_accountNextIndex", "account_nextIndex"] {
        method(module, name, |node, params| {
            let text: String = one(&params)?;
            let account =
                AccountId::from_ss58check(&text).map_err(|e| error::params(format!("not an SS58 address: {e:?}")))?;
            answer(node.chain.next_nonce(&account).map_err(|e| error::call(&e))?)
        })?;
    }
    method(module, "chainSpec_v1_chainName", |node, _| Ok(json!(node.chain.config().name)))?;
    method(module, "chainSpec_v1_properties", |_, _| Ok(properties()))?;
    for name in ["chainSpec_v1_genesisHash", "archive_v1_genesisHash"] {
        method(module, name, |node, _| Ok(json!(hex(H256::as_bytes(&node.chain.genesis_hash())))))?;
    }
    Ok(())
}
