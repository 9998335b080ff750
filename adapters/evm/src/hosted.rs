//! The types of light clients that contracts of this project implement.

use crate::artifacts::Contract;
use lupu_beefy::BeefyClient;
use lupu_light_client::LightClient;
use lupu_qbft::QbftClient;

/// A client from its state alone: what it says of itself, without any consensus state. The state
/// tells its type: the encodings have different lengths and each is read strictly.
///
/// # Errors
/// What each type found wrong with it.
pub fn client_from_state(state: &[u8]) -> Result<Box<dyn LightClient>, String> {
    let qbft = match lupu_qbft::ClientState::decode(state) {
        Ok(state) => return Ok(Box::new(QbftClient::from_snapshot(state, []))),
        Err(error) => error,
    };
    match lupu_beefy::ClientState::decode(state) {
        Ok(state) => Ok(Box::new(BeefyClient::from_snapshot(state, []))),
        Err(beefy) => Err(format!("neither of type qbft ({qbft}) nor of type beefy ({beefy})")),
    }
}

/// The contract that is a light client of a type.
pub(crate) fn contract(client_type: &str) -> Option<Contract> {
    match client_type {
        lupu_qbft::CLIENT_TYPE => Some(Contract::QbftLightClient),
        lupu_beefy::CLIENT_TYPE => Some(Contract::BeefyLightClient),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_state_is_of_no_type() {
        for state in [vec![], vec![0; 64], vec![0; 351], vec![0xff; 352], vec![0xff; 448]] {
            if let Ok(client) = client_from_state(&state) {
                panic!("{} bytes are of type {}", state.len(), client.client_type());
            }
        }
        assert_eq!(contract("grandpa"), None);
    }
}
