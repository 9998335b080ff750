//! Light clients by type: which chain is proven how, and where.

use crate::config::{ChainConfig, Family};
use lupu_light_client::LightClient;

/// The type of client by which a chain is proven to another: contracts and runtimes have different
/// light clients of a Substrate chain.
pub fn client_type(of: &ChainConfig, on: &ChainConfig) -> &'static str {
    match (&of.family, &on.family) {
        (Family::Evm(_), _) => lupu_qbft::CLIENT_TYPE,
        (Family::Substrate(_), Family::Evm(_)) => lupu_beefy::CLIENT_TYPE,
        (Family::Substrate(_), Family::Substrate(_)) => lupu_grandpa::CLIENT_TYPE,
    }
}

/// The merkle prefix under which other chains ask for a chain's commitments.
pub fn merkle_prefix(of: &ChainConfig) -> Vec<Vec<u8>> {
    match of.family {
        Family::Evm(_) => vec![Vec::new()],
        Family::Substrate(_) => lupu_substrate::merkle_prefix(),
    }
}

/// A client from its state alone, whatever its type: what it says of itself. The types' encodings
/// have different lengths, and each is read strictly.
///
/// # Errors
/// What is wrong with it.
pub fn client_from_state(state: &[u8]) -> Result<Box<dyn LightClient>, String> {
    match lupu_grandpa::ClientState::decode(state) {
        Ok(state) => Ok(Box::new(lupu_grandpa::GrandpaClient::from_snapshot(state, []))),
        Err(error) => lupu_evm::client_from_state(state).map_err(|e| format!("{e} nor of type grandpa ({error})")),
    }
}
