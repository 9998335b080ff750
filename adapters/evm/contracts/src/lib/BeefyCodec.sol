// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ClientState, ConsensusState, MembershipProof, Misbehaviour, UpdateMessage} from "./BeefyTypes.sol";

/// @title The messages of the BEEFY client, for tools that generate bindings from an ABI
/// @notice Never deployed: each function names one structure that travels as `bytes`.
interface BeefyCodec {
    function clientState(ClientState calldata) external;
    function consensusState(ConsensusState calldata) external;
    function updateMessage(UpdateMessage calldata) external;
    function misbehaviour(Misbehaviour calldata) external;
    function membershipProof(MembershipProof calldata) external;
}
