// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Names of the errors without arguments, by selector.
contract Selectors {
    mapping(bytes4 => string) private _names;

    constructor() {
        _add("MalformedMessage");
        _add("ClientFrozen");
        _add("ClientExpired");
        _add("UnknownTrustedHeight");
        _add("TrustedStateMismatch");
        _add("MalformedHeader");
        _add("HeightNotNewer");
        _add("ZeroStateRoot");
        _add("TrustedStateExpired");
        _add("HeaderFromFuture");
        _add("TimeWentBack");
        _add("InvalidValidatorSet");
        _add("TrustedValidatorsMismatch");
        _add("InvalidSeal");
        _add("SealsNotSorted");
        _add("ForeignSeal");
        _add("TooFewSeals");
        _add("TooLittleOverlap");
        _add("InvalidProof");
        _add("RouterAbsent");
        _add("RouterCodeMismatch");
        _add("ZeroStorageRoot");
        _add("NotMisbehaviour");
        _add("UnknownHeight");
        _add("ConsensusStateMismatch");
        _add("InvalidPath");
        _add("InvalidValue");
        _add("ValueAbsent");
        _add("ValuePresent");
        _add("ValueMismatch");
        _add("MalformedCommitment");
        _add("UnknownAuthoritySet");
        _add("AuthoritySetMismatch");
        _add("InvalidSignature");
        _add("TooFewSignatures");
        _add("SignaturesNotSorted");
        _add("WrongSigner");
        _add("MalformedLeaf");
        _add("LeafOutOfRange");
        _add("HandoverLeafNotBound");
        _add("NextSetMismatch");
        _add("InvalidMmrProof");
        _add("HeaderMismatch");
        _add("AnchorAbsent");
        _add("MalformedAnchor");
        _add("WrongChain");
        _add("InvalidIdentity");
        _add("InvalidTrustingPeriod");
        _add("InvalidClockDrift");
        _add("InvalidFirstBlock");
        _add("InvalidAuthoritySet");
        _add("InvalidInitialState");
        _add("Expired");
        _add("AppFailed");
        _add("InsufficientGas");
        _add("UnknownPort");
        _add("NotOurs");
        _add("Malformed");
        _add("NotExpired");
    }

    function _add(string memory name_) private {
        _names[bytes4(keccak256(bytes(string.concat(name_, "()"))))] = name_;
    }

    /// @dev The error's name; what a revert without one is called otherwise.
    function name(bytes memory answer) external view returns (string memory found) {
        if (answer.length < 4) return "(empty)";
        found = _names[bytes4(answer)];
        if (bytes(found).length == 0) return "(unknown)";
    }
}
