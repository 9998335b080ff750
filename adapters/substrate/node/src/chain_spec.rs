//! Raw chain specifications: what the runtime itself says block 0 holds.

use crate::cli::ChainSpecOptions;
use sc_service::{ChainType, GenericChainSpec, NoExtension};
use serde_json::{Value, json};

/// The specification of a consortium chain.
pub type Spec = GenericChainSpec;

/// Asks the runtime for a preset, changes in it what the options say, and lets the runtime make
/// block 0 of it.
pub fn build(options: &ChainSpecOptions) -> Result<String, String> {
    let wasm = std::fs::read(&options.wasm).map_err(|e| format!("{}: {e}", options.wasm.display()))?;
    let caller = sc_chain_spec::GenesisConfigBuilderRuntimeCaller::<()>::new(&wasm);
    let mut genesis = caller.get_named_preset(Some(&options.preset))?;
    let validators = genesis.get_mut("validators").and_then(Value::as_object_mut);
    let validators = validators.ok_or("the preset says nothing of validators")?;
    validators.insert("name".into(), json!(options.name));
    validators.insert("sessionLength".into(), json!(options.session_length));
    validators.insert("slotMillis".into(), json!(options.slot_millis));
    Spec::builder(&wasm, NoExtension::None)
        .with_name(&options.name)
        .with_id(&options.name)
        .with_protocol_id(&options.name)
        .with_chain_type(ChainType::Local)
        .with_genesis_config_patch(genesis)
        .build()
        .as_json(true)
}
