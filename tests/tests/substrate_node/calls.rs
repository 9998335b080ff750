//! Calls of the runtime that only these tests make.

use crate::process::Node;
use lupu_substrate::{Wallet, governance};
use serde_json::json;
use subxt::ext::scale_encode::{self, EncodeAsType};

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "scale_encode")]
struct SetCode {
    code: Vec<u8>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "scale_encode")]
struct SetValidators {
    validators: Vec<[u8; 32]>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "scale_encode")]
struct Keys {
    aura: [u8; 32],
    grandpa: [u8; 32],
    beefy: [u8; 33],
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "scale_encode")]
struct SetKeys {
    keys: Keys,
    proof: Vec<u8>,
}

/// Upgrades the runtime.
pub async fn set_code(governor: &Wallet, code: Vec<u8>) {
    let runtime = governor.chain().runtime().await.unwrap();
    let call = runtime.call("System", "set_code", SetCode { code }).unwrap();
    governance::sudo(governor, call).await.unwrap();
}

/// Chooses other validators, from the next session but one.
pub async fn set_validators(governor: &Wallet, validators: &[[u8; 32]]) {
    let runtime = governor.chain().runtime().await.unwrap();
    let validators = SetValidators { validators: validators.to_vec() };
    let call = runtime.call("Validators", "set_validators", validators).unwrap();
    governance::sudo(governor, call).await.unwrap();
}

/// Lets a node make new session keys for its validator, and registers them.
pub async fn rotate_keys(validator: &Wallet, node: &Node) {
    let owner = format!("0x{}", hex::encode(validator.account()));
    let made = node.rpc("author_rotateKeysWithOwner", json!([owner])).await;
    let field = |name: &str| {
        let text = made[name].as_str().unwrap_or_else(|| panic!("no {name}: {made}"));
        hex::decode(text.trim_start_matches("0x")).unwrap()
    };
    let (keys, proof) = (field("keys"), field("proof"));
    assert_eq!(keys.len(), 97, "aura, grandpa, beefy");
    let keys = Keys {
        aura: keys[..32].try_into().unwrap(),
        grandpa: keys[32..64].try_into().unwrap(),
        beefy: keys[64..].try_into().unwrap(),
    };
    validator.call("Session", "set_keys", SetKeys { keys, proof }).await.unwrap();
}
