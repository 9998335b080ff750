//! What the story calls on the chains.

#![allow(missing_docs, reason = "named and described in the contracts themselves")]

use alloy::sol;

sol! {
    #![sol(all_derives)]

    interface Token {
        function mint(address account, uint256 amount) external;
        function freeze(address account) external;
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function totalSupply() external view returns (uint256);
    }

    interface Registry {
        function register(string blNumber, bytes32 documentHash, string carrier) external returns (uint256 index);
        function count() external view returns (uint256);
    }

    struct Cleared {
        bytes32 documentHash;
        address declarant;
        uint64 declaredAt;
    }

    interface Clearances {
        function clear(string consignment, bytes32 documentHash) external returns (uint256 cleared);
        function clearance(string consignment) external view returns (Cleared memory);
    }

    struct SendTransferMsg {
        address denom;
        uint256 amount;
        string receiver;
        string sourceClient;
        string destPort;
        uint64 timeoutTimestamp;
        string memo;
    }

    interface Transfer {
        function sendTransfer(SendTransferMsg msg_) external returns (uint64 sequence);
        function voucher(string denomTrace) external view returns (address);
        function escrowed(string clientId, address token) external view returns (uint256);
    }

    struct SendCallMsg {
        string sourceClient;
        string receiver;
        bytes salt;
        bytes payload;
        uint64 timeoutTimestamp;
        string memo;
    }

    interface Gmp {
        function sendCall(SendCallMsg msg_) external returns (uint64 sequence);
    }

    interface Router {
        function getCommitment(bytes32 hashedPath) external view returns (bytes32);
    }

    interface RouterEvents {
        struct Payload { string sourcePort; string destPort; string version; string encoding; bytes value; }
        struct Packet { uint64 sequence; string sourceClient; string destClient; uint64 timeoutTimestamp; Payload[] payloads; }
        event SendPacket(string indexed clientId, uint256 indexed sequence, Packet packet);
    }
}
