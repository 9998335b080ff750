// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Customs clearances of the demonstration: which consignment may leave the harbour, on whose word
contract ClearanceRegister {
    struct Clearance {
        bytes32 documentHash;
        address declarant;
        uint64 declaredAt;
    }

    event ConsignmentCleared(address indexed declarant, string consignment, bytes32 documentHash);

    error EmptyConsignment();
    error EmptyDocument();
    error AlreadyCleared(string consignment);

    uint256 public count;
    mapping(bytes32 consignmentHash => Clearance cleared) private _clearances;

    /// @notice Clears a consignment, once. Returns how many are cleared now.
    /// @param documentHash SHA-256 of the clearance document
    function clear(string calldata consignment, bytes32 documentHash) external returns (uint256 cleared) {
        if (bytes(consignment).length == 0) revert EmptyConsignment();
        if (documentHash == 0) revert EmptyDocument();
        Clearance storage entry = _clearances[keccak256(bytes(consignment))];
        if (entry.documentHash != 0) revert AlreadyCleared(consignment);
        entry.documentHash = documentHash;
        entry.declarant = msg.sender;
        entry.declaredAt = uint64(block.timestamp);
        cleared = ++count;
        emit ConsignmentCleared(msg.sender, consignment, documentHash);
    }

    /// @notice The clearance of a consignment; all zero if there is none.
    function clearance(string calldata consignment) external view returns (Clearance memory) {
        return _clearances[keccak256(bytes(consignment))];
    }
}
