// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The account that acts on this chain for one sender on another
/// @notice Deployed as a minimal proxy per (client, sender, salt); obeys the GMP application alone.
contract GmpAccount {
    error OnlyGmp();
    error NoCode(address target);

    address private immutable GMP;

    constructor() {
        GMP = msg.sender;
    }

    /// @notice Calls `target`, which must be a contract, and returns what it returned. A revert is passed on.
    function execute(address target, bytes calldata payload) external returns (bytes memory result) {
        if (msg.sender != GMP) revert OnlyGmp();
        if (target.code.length == 0) revert NoCode(target);
        bool ok;
        (ok, result) = target.call(payload);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }
}
