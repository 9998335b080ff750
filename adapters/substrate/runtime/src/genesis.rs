//! What block 0 holds.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sp_genesis_builder::PresetId;

use crate::{
    keys, AccountId, Balance, BalancesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig,
    ValidatorsConfig, UNIT,
};

/// What each development account owns in block 0: a million tokens.
pub const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// A development chain's settings.
#[derive(Debug, Clone)]
pub struct Development {
    /// The consortium's name: chains with other names have other genesis hashes.
    pub name: String,
    /// The first authorities.
    pub authorities: Vec<(AccountId, SessionKeys)>,
    /// Accounts that have registered session keys without being authorities yet.
    pub candidates: Vec<(AccountId, SessionKeys)>,
    /// Accounts and what they own. Authorities and candidates not named here own [`ENDOWMENT`].
    pub balances: Vec<(AccountId, Balance)>,
    /// Who governs, through `Sudo`.
    pub sudo: AccountId,
    /// Blocks in a session.
    pub session_length: u32,
    /// Milliseconds in an Aura slot.
    pub slot_millis: u64,
}

impl Development {
    /// `count` authorities with well-known keys, Alice governing, and Alice to Ferdie endowed. Those
    /// of the six that are not authorities are candidates.
    pub fn new(count: usize) -> Self {
        let dev = keys::DevKeys::default();
        let with_keys = |name: String| (dev.account(&name), dev.session_keys(&name));
        let known = count.max(keys::NAMES.len());
        let mut authorities: Vec<_> = (0..known).map(keys::name).map(with_keys).collect();
        let candidates = authorities.split_off(count.min(authorities.len()));
        Self {
            name: "development".to_string(),
            authorities,
            candidates,
            balances: Vec::new(),
            sudo: dev.account("Alice"),
            session_length: 10,
            slot_millis: 1000,
        }
    }

    /// The genesis of the runtime.
    pub fn config(&self) -> RuntimeGenesisConfig {
        let mut balances = self.balances.clone();
        for (account, _) in self.authorities.iter().chain(&self.candidates) {
            if balances.iter().all(|(named, _)| named != account) {
                balances.push((account.clone(), ENDOWMENT));
            }
        }
        let with_keys = |(account, keys): &(AccountId, SessionKeys)| (account.clone(), account.clone(), keys.clone());
        RuntimeGenesisConfig {
            balances: BalancesConfig { balances, ..Default::default() },
            validators: ValidatorsConfig {
                name: self.name.clone(),
                members: self.authorities.iter().map(|(account, _)| account.clone()).collect(),
                session_length: self.session_length,
                slot_millis: self.slot_millis,
            },
            session: SessionConfig {
                keys: self.authorities.iter().map(with_keys).collect(),
                non_authority_keys: self.candidates.iter().map(with_keys).collect(),
            },
            sudo: SudoConfig { key: Some(self.sudo.clone()) },
            ..Default::default()
        }
    }
}

/// The presets by name: `devN` has N authorities and one-second slots; `development` and
/// `local_testnet`, which tools ask for, are `dev1` and `dev4`.
const PRESETS: [(&str, usize); 5] = [("dev1", 1), ("dev3", 3), ("dev4", 4), ("development", 1), ("local_testnet", 4)];

/// A preset as JSON; `None` for a name that is not known.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
    let name: &str = id.as_ref();
    let (_, count) = PRESETS.iter().find(|(known, _)| *known == name)?;
    serde_json::to_vec(&Development::new(*count).config()).ok()
}

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    PRESETS.iter().map(|(name, _)| PresetId::from(*name)).collect()
}

#[cfg(test)]
mod tests {
    use frame_support::genesis_builder_helper::build_state;

    use super::*;
    use crate::{validators, Runtime};

    #[test]
    fn every_preset_builds_a_state() {
        for (name, count) in PRESETS {
            sp_io::TestExternalities::default().execute_with(|| {
                let json = preset(&PresetId::from(name)).unwrap();
                build_state::<RuntimeGenesisConfig>(json).unwrap();
                assert_eq!(validators::Members::<Runtime>::get().len(), count);
                assert_eq!(pallet_grandpa::Pallet::<Runtime>::grandpa_authorities().len(), count);
                let beefy = pallet_beefy::Pallet::<Runtime>::validator_set().unwrap();
                assert_eq!((beefy.len(), beefy.id()), (count, 0));
            });
        }
        assert!(preset(&PresetId::from("dev2")).is_none());
    }
}
