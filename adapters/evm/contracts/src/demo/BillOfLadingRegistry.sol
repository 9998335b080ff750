// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bills of lading of the demonstration: who registered which document, under which number
contract BillOfLadingRegistry {
    struct Entry {
        string number;
        bytes32 documentHash;
        string carrier;
        address registrar;
        uint64 registeredAt;
    }

    event BillOfLadingRegistered(
        uint256 indexed index,
        address indexed registrar,
        string blNumber,
        bytes32 documentHash,
        string carrier
    );

    error EmptyNumber();
    error EmptyDocument();
    error AlreadyRegistered(string blNumber);

    Entry[] private _entries;
    mapping(bytes32 numberHash => uint256 position) private _positions;

    /// @notice Registers a document; a number can be used once. Returns its index, counted from 0.
    /// @param documentHash SHA-256 of the canonical transport document
    function register(string calldata blNumber, bytes32 documentHash, string calldata carrier)
        external
        returns (uint256 index)
    {
        if (bytes(blNumber).length == 0) revert EmptyNumber();
        if (documentHash == 0) revert EmptyDocument();
        bytes32 numberHash = keccak256(bytes(blNumber));
        if (_positions[numberHash] != 0) revert AlreadyRegistered(blNumber);
        index = _entries.length;
        _entries.push(Entry(blNumber, documentHash, carrier, msg.sender, uint64(block.timestamp)));
        _positions[numberHash] = index + 1;
        emit BillOfLadingRegistered(index, msg.sender, blNumber, documentHash, carrier);
    }

    /// @notice How many are registered.
    function count() external view returns (uint256) {
        return _entries.length;
    }

    function entry(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    /// @notice The entry under a number; reverts if there is none.
    function find(string calldata blNumber) external view returns (uint256 index, Entry memory found) {
        uint256 position = _positions[keccak256(bytes(blNumber))];
        require(position != 0, EmptyNumber());
        return (position - 1, _entries[position - 1]);
    }
}
