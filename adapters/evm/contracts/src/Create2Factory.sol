// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Deploys contracts at addresses that depend on nothing but the salt and the init code
contract Create2Factory {
    event Deployed(address indexed deployed, bytes32 indexed salt);

    /// @notice The constructor reverted, or a contract exists there already.
    error DeploymentFailed(bytes reason);

    /// @notice Deploys `initCode`; the address is `keccak256(0xff ‖ this ‖ salt ‖ keccak256(initCode))[12..]`.
    function deploy(bytes32 salt, bytes calldata initCode) external returns (address deployed) {
        bytes memory code = initCode;
        assembly ("memory-safe") {
            deployed := create2(0, add(code, 0x20), mload(code), salt)
        }
        if (deployed == address(0)) {
            bytes memory reason;
            assembly ("memory-safe") {
                reason := mload(0x40)
                mstore(reason, returndatasize())
                returndatacopy(add(reason, 0x20), 0, returndatasize())
                mstore(0x40, add(add(reason, 0x20), and(add(returndatasize(), 31), not(31))))
            }
            revert DeploymentFailed(reason);
        }
        emit Deployed(deployed, salt);
    }
}
