//! Chain identity: the router's address commits to the chain id (`docs/wire-formats.md` §4).

use crate::artifacts::{Contract, init_code};
use alloy::{
    primitives::{Address, B256, Bytes, b256, keccak256},
    sol_types::SolValue,
};

/// The salt of every router: `lupu/router`, padded with zeros.
pub const ROUTER_SALT: B256 = b256!("6c7570752f726f75746572000000000000000000000000000000000000000000");

/// The router's init code: committed creation code and `abi.encode(chainId, authority, migrationDelay)`.
pub fn router_init_code(chain_id: u64, authority: Address, migration_delay: u64) -> Bytes {
    init_code(Contract::Router, &(chain_id, authority, migration_delay).abi_encode_params())
}

/// Where the factory puts a router: its address exists on the chain with this id only.
pub fn router_address(factory: Address, chain_id: u64, authority: Address, migration_delay: u64) -> Address {
    let init_code = router_init_code(chain_id, authority, migration_delay);
    factory.create2(ROUTER_SALT, keccak256(init_code))
}
