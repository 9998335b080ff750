//! The committed build of the contracts: creation code and errors.

use alloy::{json_abi, primitives::Bytes};
use serde::Deserialize;
use std::sync::LazyLock;

/// A contract of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// OpenZeppelin's AccessManager: the governance of a router.
    AccessManager,
    /// Deploys by CREATE2.
    Create2Factory,
    /// The router.
    Router,
    /// The QBFT and IBFT 2.0 light client.
    QbftLightClient,
    /// The BEEFY light client.
    BeefyLightClient,
    /// ICS-20.
    Transfer,
    /// ICS-27 GMP.
    Gmp,
    /// A token for demonstrations.
    DemoToken,
    /// A message receiver for demonstrations: bills of lading.
    BillOfLadingRegistry,
    /// Another: customs clearances.
    ClearanceRegister,
}

#[derive(Deserialize)]
struct Artifact {
    abi: json_abi::JsonAbi,
    bytecode: Code,
}

#[derive(Deserialize)]
struct Code {
    object: Bytes,
}

macro_rules! artifact {
    ($name:literal) => {{
        static PARSED: LazyLock<Option<Artifact>> = LazyLock::new(|| {
            serde_json::from_str(include_str!(concat!("../contracts/artifacts/", $name, ".json"))).ok()
        });
        &PARSED
    }};
}

fn artifact(contract: Contract) -> Option<&'static Artifact> {
    let parsed: &'static LazyLock<Option<Artifact>> = match contract {
        Contract::AccessManager => artifact!("AccessManager"),
        Contract::Create2Factory => artifact!("Create2Factory"),
        Contract::Router => artifact!("Router"),
        Contract::QbftLightClient => artifact!("QbftLightClient"),
        Contract::BeefyLightClient => artifact!("BeefyLightClient"),
        Contract::Transfer => artifact!("ICS20Transfer"),
        Contract::Gmp => artifact!("ICS27Gmp"),
        Contract::DemoToken => artifact!("DemoToken"),
        Contract::BillOfLadingRegistry => artifact!("BillOfLadingRegistry"),
        Contract::ClearanceRegister => artifact!("ClearanceRegister"),
    };
    parsed.as_ref()
}

const ALL: [Contract; 10] = [
    Contract::AccessManager,
    Contract::Create2Factory,
    Contract::Router,
    Contract::QbftLightClient,
    Contract::BeefyLightClient,
    Contract::Transfer,
    Contract::Gmp,
    Contract::DemoToken,
    Contract::BillOfLadingRegistry,
    Contract::ClearanceRegister,
];

/// A contract's creation code, without constructor arguments.
pub fn creation_code(contract: Contract) -> Bytes {
    artifact(contract).map(|a| a.bytecode.object.clone()).unwrap_or_default()
}

/// The creation code followed by the ABI-encoded constructor arguments.
pub fn init_code(contract: Contract, arguments: &[u8]) -> Bytes {
    [creation_code(contract).as_ref(), arguments].concat().into()
}

/// The custom errors of all contracts.
pub(crate) fn errors() -> Vec<json_abi::Error> {
    ALL.iter().filter_map(|c| artifact(*c)).flat_map(|a| a.abi.errors().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_artifact_is_usable() {
        for contract in ALL {
            assert!(creation_code(contract).len() > 100, "{contract:?} has no code");
        }
        assert!(errors().len() > 50);
    }

    #[test]
    fn bindings_are_of_the_contracts() {
        use crate::abi::{IERC20, IFactory, IGmp, ILightClient, IRouter, ITransfer};
        use alloy::sol_types::{SolEvent, SolInterface};
        let selectors = |contract| -> Vec<[u8; 4]> {
            artifact(contract).unwrap().abi.functions().map(|f| f.selector().0).collect()
        };
        let check = |contract, wanted: Vec<[u8; 4]>| {
            let has = selectors(contract);
            for selector in wanted {
                assert!(has.contains(&selector), "{contract:?} lacks {}", hex::encode(selector));
            }
        };
        check(Contract::Router, IRouter::IRouterCalls::selectors().collect());
        check(Contract::QbftLightClient, ILightClient::ILightClientCalls::selectors().collect());
        check(Contract::Transfer, ITransfer::ITransferCalls::selectors().collect());
        check(Contract::Gmp, IGmp::IGmpCalls::selectors().collect());
        check(Contract::Create2Factory, IFactory::IFactoryCalls::selectors().collect());
        check(Contract::DemoToken, IERC20::IERC20Calls::selectors().collect());
        let topics = |contract| -> Vec<_> { artifact(contract).unwrap().abi.events().map(|e| e.selector()).collect() };
        let router = topics(Contract::Router);
        for topic in crate::logs::PACKET_TOPICS.into_iter().chain([IRouter::PacketOutcome::SIGNATURE_HASH]) {
            assert!(router.contains(&topic), "{topic}");
        }
        let client = topics(Contract::QbftLightClient);
        assert!(client.contains(&ILightClient::ConsensusStateStored::SIGNATURE_HASH));
        assert!(client.contains(&ILightClient::Frozen::SIGNATURE_HASH));
    }
}
