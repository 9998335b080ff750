// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClientBatch} from "./interfaces/ILightClient.sol";
import {
    ClientStatus,
    Height,
    MsgVerifyBatch,
    MsgVerifyMembership,
    MsgVerifyNonMembership,
    UpdateResult
} from "./interfaces/Types.sol";
import {Ics24} from "./lib/Ics24.sol";
import {PackedProof} from "./lib/PackedProof.sol";
import {QbftHeader} from "./lib/QbftHeader.sol";
import {QbftMessages} from "./lib/QbftMessages.sol";
import {ClientState, ConsensusState} from "./lib/QbftTypes.sol";

/// @title Light client of a Besu or GoQuorum chain with QBFT, or a Besu chain with IBFT 2.0
/// @notice Accepts a header that at least ⌈2n/3⌉ of its validators and a share of the trusted set have sealed,
/// and that proves the counterparty's router (address and code) in its state. Keeps one hash per height.
/// The checks, their order and the messages are section 2 of docs/wire-formats.md. Everything is open to
/// anyone; nothing can be changed by anyone but by proof.
contract QbftLightClient is ILightClientBatch {
    event ConsensusStateStored(uint64 indexed height, bytes consensusState);
    event Frozen(uint64 indexed height);

    error InvalidKind();
    error InvalidChainId();
    error InvalidRouter();
    error InvalidTrustingPeriod();
    error InvalidClockDrift();
    error InvalidTrustLevel();
    error InvalidInitialState();

    error ClientFrozen();
    error ClientExpired();
    error UnknownTrustedHeight();
    error TrustedStateMismatch();
    error HeightNotNewer();
    error ZeroStateRoot();
    error TrustedStateExpired();
    error HeaderFromFuture();
    error TimeWentBack();
    error InvalidValidatorSet();
    error TrustedValidatorsMismatch();
    error InvalidSeal();
    error SealsNotSorted();
    error ForeignSeal();
    error TooFewSeals();
    error TooLittleOverlap();
    error RouterAbsent();
    error RouterCodeMismatch();
    error ZeroStorageRoot();
    error NotMisbehaviour();
    error UnknownHeight();
    error ConsensusStateMismatch();
    error InvalidPath();
    error InvalidValue();
    error ValueAbsent();
    error ValuePresent();
    error ValueMismatch();

    /// @dev Longest life of a packet, in seconds: keys older than that must not speak for a client.
    uint64 private constant MIN_TRUSTING_PERIOD = 86_400;
    uint256 private constant MAX_VALIDATORS = 255;
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    uint8 private immutable KIND;
    uint64 private immutable CHAIN_ID;
    address private immutable ROUTER;
    bytes32 private immutable ROUTER_KEY;
    bytes32 private immutable ROUTER_CODE_HASH;
    uint64 private immutable TRUSTING_PERIOD;
    uint64 private immutable MAX_CLOCK_DRIFT;
    uint8 private immutable TRUST_NUMERATOR;
    uint8 private immutable TRUST_DENOMINATOR;

    /// @dev One slot.
    uint64 private _latestHeight;
    uint64 private _latestTimestamp;
    bool private _frozen;

    mapping(uint64 height => bytes32 consensusHash) private _consensus;

    /// @dev What checks 1 to 19 leave of a header.
    struct Verified {
        uint64 number;
        uint64 timestamp;
        bytes32 storageRoot;
        bytes32 validatorsHash;
        QbftHeader.Header header;
    }

    /// @param state parameters, with the trusted height and time; `frozen` must be false
    /// @param initial the trust anchor: what is known of `state.latestHeight`
    constructor(ClientState memory state, ConsensusState memory initial) {
        if (state.kind > QbftHeader.IBFT2) revert InvalidKind();
        if (state.chainId == 0) revert InvalidChainId();
        if (state.router == address(0) || state.routerCodeHash == 0) revert InvalidRouter();
        if (state.trustingPeriod <= MIN_TRUSTING_PERIOD) revert InvalidTrustingPeriod();
        if (state.maxClockDrift >= state.trustingPeriod) revert InvalidClockDrift();
        uint256 numerator = state.trustNumerator;
        uint256 denominator = state.trustDenominator;
        if (3 * numerator <= denominator || numerator > denominator) revert InvalidTrustLevel();
        if (
            state.latestHeight == 0 || state.latestTimestamp == 0 || state.frozen
                || initial.timestamp != state.latestTimestamp || initial.storageRoot == 0
                || initial.validatorsHash == 0 || initial.validatorsHash == keccak256("")
        ) revert InvalidInitialState();

        KIND = state.kind;
        CHAIN_ID = state.chainId;
        ROUTER = state.router;
        ROUTER_KEY = keccak256(abi.encodePacked(state.router));
        ROUTER_CODE_HASH = state.routerCodeHash;
        TRUSTING_PERIOD = state.trustingPeriod;
        MAX_CLOCK_DRIFT = state.maxClockDrift;
        TRUST_NUMERATOR = state.trustNumerator;
        TRUST_DENOMINATOR = state.trustDenominator;

        _latestHeight = state.latestHeight;
        _latestTimestamp = state.latestTimestamp;
        bytes memory encoded = abi.encode(initial);
        _consensus[state.latestHeight] = keccak256(encoded);
        emit ConsensusStateStored(state.latestHeight, encoded);
    }

    /// @inheritdoc ILightClientBatch
    function chainIdentity() external view returns (bytes32) {
        return keccak256(abi.encode(CHAIN_ID, ROUTER, ROUTER_CODE_HASH));
    }

    /// @notice `abi.encode(ClientState)`.
    function getClientState() external view returns (bytes memory) {
        return abi.encode(
            ClientState({
                kind: KIND,
                chainId: CHAIN_ID,
                router: ROUTER,
                routerCodeHash: ROUTER_CODE_HASH,
                trustingPeriod: TRUSTING_PERIOD,
                maxClockDrift: MAX_CLOCK_DRIFT,
                trustNumerator: TRUST_NUMERATOR,
                trustDenominator: TRUST_DENOMINATOR,
                latestHeight: _latestHeight,
                latestTimestamp: _latestTimestamp,
                frozen: _frozen
            })
        );
    }

    /// @notice keccak256 of the encoded consensus state at a height; 0 if none is stored.
    function getConsensusStateHash(uint64 height) external view returns (bytes32) {
        return _consensus[height];
    }

    /// @inheritdoc ILightClientBatch
    function status() external view returns (ClientStatus, uint64 latestTimestamp) {
        latestTimestamp = _latestTimestamp;
        if (_frozen) return (ClientStatus.Frozen, latestTimestamp);
        bool active = block.timestamp < uint256(latestTimestamp) + TRUSTING_PERIOD;
        return (active ? ClientStatus.Active : ClientStatus.Expired, latestTimestamp);
    }

    /// @notice Verifies `abi.encode(UpdateMessage)` and stores the consensus state it proves. A second, different
    /// state at a stored height freezes the client.
    function updateClient(bytes calldata updateMsg) external returns (UpdateResult) {
        QbftMessages.Update memory u = QbftMessages.update(updateMsg);
        if (_frozen) revert ClientFrozen();
        Verified memory v = _verify(u);
        return _store(v);
    }

    /// @notice Freezes the client if `abi.encode(Misbehaviour)` holds two headers of equal number and different
    /// block hash that would each be accepted as an update.
    function misbehaviour(bytes calldata misbehaviourMsg) external {
        (QbftMessages.Update memory a, QbftMessages.Update memory b) =
            QbftMessages.misbehaviour(misbehaviourMsg);
        if (_frozen) revert ClientFrozen();
        Verified memory first = _verify(a);
        Verified memory second = _verify(b);
        if (
            first.number != second.number
                || QbftHeader.blockHash(first.header, KIND) == QbftHeader.blockHash(second.header, KIND)
        ) revert NotMisbehaviour();
        _freeze(first.number);
    }

    /// @inheritdoc ILightClientBatch
    function verifyBatch(MsgVerifyBatch calldata msg_) external view returns (uint256) {
        (uint256 timestamp, PackedProof.Walk memory walk) = _openProof(msg_.proof, msg_.proofHeight);
        uint256 n = msg_.paths.length;
        if (n == 0 || n != msg_.values.length) revert InvalidPath();
        bytes4 fault;
        for (uint256 i = 0; i < n; ++i) {
            bytes4 found = _checkKey(walk, msg_.paths[i], msg_.values[i]);
            if (fault == 0) fault = found;
        }
        _close(walk, fault);
        return timestamp;
    }

    /// @notice The path holds the value (32 bytes, not zero) in the counterparty router's commitments.
    function verifyMembership(MsgVerifyMembership calldata msg_) external view returns (uint256) {
        (uint256 timestamp, PackedProof.Walk memory walk) = _openProof(msg_.proof, msg_.proofHeight);
        if (msg_.path.length != 1) revert InvalidPath();
        bytes32 value = bytes32(msg_.value);
        if (msg_.value.length != 32 || value == 0) revert InvalidValue();
        _close(walk, _checkKey(walk, msg_.path[0], value));
        return timestamp;
    }

    /// @notice The path holds nothing in the counterparty router's commitments.
    function verifyNonMembership(MsgVerifyNonMembership calldata msg_) external view returns (uint256) {
        (uint256 timestamp, PackedProof.Walk memory walk) = _openProof(msg_.proof, msg_.proofHeight);
        if (msg_.path.length != 1) revert InvalidPath();
        _close(walk, _checkKey(walk, msg_.path[0], 0));
        return timestamp;
    }

    /// @dev The client is active, the height is known, and the preimage is its consensus state.
    function _openProof(bytes calldata proof, Height calldata height)
        private
        view
        returns (uint256 timestamp, PackedProof.Walk memory walk)
    {
        if (_frozen) revert ClientFrozen();
        if (block.timestamp >= uint256(_latestTimestamp) + TRUSTING_PERIOD) revert ClientExpired();
        bytes32 stored = _consensus[height.revisionHeight];
        if (height.revisionNumber != 0 || stored == 0) revert UnknownHeight();
        bytes32 storageRoot;
        bytes32 consensusHash;
        bytes calldata nodes;
        (timestamp, storageRoot, consensusHash, nodes) = QbftMessages.membershipProof(proof);
        if (stored != consensusHash) revert ConsensusStateMismatch();
        walk = PackedProof.start(nodes, storageRoot);
    }

    /// @dev One key of a proof: present with `expected`, or absent if that is zero. A wrong claim is returned
    /// as the error's selector, because the proof as a whole is judged first.
    function _checkKey(PackedProof.Walk memory walk, bytes calldata path, bytes32 expected)
        private
        pure
        returns (bytes4 fault)
    {
        bytes32 slot = Ics24.slot(keccak256(path));
        bytes32 key;
        assembly ("memory-safe") {
            mstore(0x00, slot)
            key := keccak256(0x00, 0x20)
        }
        (uint256 pos, uint256 length) = PackedProof.next(walk, key);
        if (length == 0) return expected == 0 ? bytes4(0) : ValueAbsent.selector;
        bytes32 value = PackedProof.storageValue(pos, length);
        if (expected == 0) return ValuePresent.selector;
        if (value != expected) return ValueMismatch.selector;
    }

    /// @dev Nothing may be left of the proof, and no claim may have been wrong.
    function _close(PackedProof.Walk memory walk, bytes4 fault) private pure {
        PackedProof.finish(walk);
        if (fault == ValueAbsent.selector) revert ValueAbsent();
        if (fault == ValuePresent.selector) revert ValuePresent();
        if (fault == ValueMismatch.selector) revert ValueMismatch();
    }

    /// @dev Checks 3 to 19.
    function _verify(QbftMessages.Update memory u) private view returns (Verified memory v) {
        bytes32 stored = _consensus[uint64(u.trustedHeight)];
        if (stored == 0) revert UnknownTrustedHeight();
        if (
            stored != keccak256(abi.encode(u.trustedTimestamp, u.trustedStorageRoot, u.trustedValidatorsHash))
        ) {
            revert TrustedStateMismatch();
        }
        QbftHeader.Header memory h = QbftHeader.parse(u.header, u.headerLength, KIND);
        if (h.number <= u.trustedHeight) revert HeightNotNewer();
        if (h.stateRoot == 0 || h.stateRoot == PackedProof.EMPTY_ROOT) revert ZeroStateRoot();
        if (block.timestamp >= u.trustedTimestamp + TRUSTING_PERIOD) revert TrustedStateExpired();
        if (h.timestamp > block.timestamp + MAX_CLOCK_DRIFT) revert HeaderFromFuture();
        if (h.timestamp < u.trustedTimestamp) revert TimeWentBack();
        v.number = uint64(h.number);
        v.timestamp = uint64(h.timestamp);
        v.header = h;
        v.validatorsHash = _checkSeals(h, u);
        v.storageRoot = _checkAccount(h.stateRoot, u);
    }

    /// @dev Checks 10 to 16: both sets, and the seals against them.
    function _checkSeals(QbftHeader.Header memory h, QbftMessages.Update memory u)
        private
        view
        returns (bytes32 validatorsHash)
    {
        uint256 n = h.validatorCount;
        if (n == 0 || n > MAX_VALIDATORS) revert InvalidValidatorSet();
        bool ascending;
        (validatorsHash, ascending) = _hashAddresses(h.validators + 1, n, 21);
        if (!ascending) revert InvalidValidatorSet();

        uint256 trusted = u.trustedValidatorsLength / 20;
        if (u.trustedValidatorsLength == 0) {
            if (validatorsHash != u.trustedValidatorsHash) revert TrustedValidatorsMismatch();
        } else {
            if (trusted * 20 != u.trustedValidatorsLength || validatorsHash == u.trustedValidatorsHash) {
                revert TrustedValidatorsMismatch();
            }
            bytes32 trustedHash;
            (trustedHash, ascending) = _hashAddresses(u.trustedValidators, trusted, 20);
            if (!ascending || trustedHash != u.trustedValidatorsHash) revert TrustedValidatorsMismatch();
        }

        uint256 count = h.sealCount;
        (uint256 signers, bool sorted) = _recover(h);
        if (!sorted) revert SealsNotSorted();
        if (_countListed(signers, count, h.validators + 1, n, 21) != count) revert ForeignSeal();
        if (3 * count < 2 * n) revert TooFewSeals();
        uint256 overlap = count;
        if (trusted != 0) overlap = _countListed(signers, count, u.trustedValidators, trusted, 20);
        else trusted = n;
        if (overlap * TRUST_DENOMINATOR < trusted * TRUST_NUMERATOR || overlap < trusted / 3 + 1) {
            revert TooLittleOverlap();
        }
    }

    /// @dev Recovers every seal's signer, in their order, to memory words at `signers`.
    function _recover(QbftHeader.Header memory h) private view returns (uint256 signers, bool sorted) {
        uint256 count = h.sealCount;
        if (!h.sealsWellSized || count > h.validatorCount) revert InvalidSeal();
        bytes32 digest = QbftHeader.digest(h, KIND);
        uint256 pos = h.sealPayload;
        bool valid = true;
        assembly ("memory-safe") {
            let input := mload(0x40)
            signers := add(input, 0x80)
            mstore(0x40, add(signers, shl(5, count)))
            mstore(input, digest)
            sorted := 1
            let previous := 0
            for { let out := signers } lt(out, mload(0x40)) { out := add(out, 0x20) } {
                // b8 41 r s v
                let r := calldataload(add(pos, 2))
                let s := calldataload(add(pos, 34))
                let parity := byte(0, calldataload(add(pos, 66)))
                valid := and(valid, and(lt(parity, 2), lt(sub(s, 1), HALF_ORDER)))
                valid := and(valid, lt(sub(r, 1), sub(ORDER, 1)))
                mstore(add(input, 0x20), add(parity, 27))
                mstore(add(input, 0x40), r)
                mstore(add(input, 0x60), s)
                mstore(0x00, 0)
                let ok := staticcall(gas(), 1, input, 0x80, 0x00, 0x20)
                let signer := mload(0x00)
                valid := and(valid, and(ok, iszero(iszero(signer))))
                sorted := and(sorted, gt(signer, previous))
                previous := signer
                mstore(out, signer)
                pos := add(pos, 67)
            }
        }
        if (!valid) revert InvalidSeal();
    }

    /// @dev How many of the ascending words at `signers` are in the ascending list in calldata.
    function _countListed(uint256 signers, uint256 count, uint256 list, uint256 length, uint256 stride)
        private
        pure
        returns (uint256 found)
    {
        assembly ("memory-safe") {
            let signersEnd := add(signers, shl(5, count))
            let listEnd := add(list, mul(length, stride))
            for {} and(lt(signers, signersEnd), lt(list, listEnd)) { list := add(list, stride) } {
                let member := shr(96, calldataload(list))
                // Signers below the member are in no later place of the list either.
                for {} and(lt(signers, signersEnd), lt(mload(signers), member)) { signers := add(
                    signers,
                    32
                ) } {}
                if lt(signers, signersEnd) {
                    if eq(mload(signers), member) {
                        found := add(found, 1)
                        signers := add(signers, 32)
                    }
                }
            }
        }
    }

    /// @dev keccak256 of addresses joined, and whether they ascend strictly from above zero.
    function _hashAddresses(uint256 list, uint256 length, uint256 stride)
        private
        pure
        returns (bytes32 hash, bool ascending)
    {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let previous := 0
            ascending := 1
            let out := scratch
            for { let end := add(scratch, mul(length, 20)) } lt(out, end) { out := add(out, 20) } {
                let word := calldataload(list)
                mstore(out, word)
                let member := shr(96, word)
                ascending := and(ascending, gt(member, previous))
                previous := member
                list := add(list, stride)
            }
            hash := keccak256(scratch, sub(out, scratch))
        }
    }

    /// @dev Checks 17 to 19: the router's account.
    function _checkAccount(bytes32 stateRoot, QbftMessages.Update memory u)
        private
        view
        returns (bytes32 storageRoot)
    {
        bytes calldata nodes;
        uint256 start = u.accountProof;
        uint256 length = u.accountProofLength;
        assembly ("memory-safe") {
            nodes.offset := start
            nodes.length := length
        }
        PackedProof.Walk memory walk = PackedProof.start(nodes, stateRoot);
        (uint256 pos, uint256 valueLength) = PackedProof.next(walk, ROUTER_KEY);
        PackedProof.finish(walk);
        if (valueLength == 0) revert RouterAbsent();
        bytes32 codeHash;
        (storageRoot, codeHash) = PackedProof.account(pos, valueLength);
        if (codeHash != ROUTER_CODE_HASH) revert RouterCodeMismatch();
        if (storageRoot == 0) revert ZeroStorageRoot();
    }

    function _store(Verified memory v) private returns (UpdateResult) {
        bytes memory encoded = abi.encode(v.timestamp, v.storageRoot, v.validatorsHash);
        bytes32 hash = keccak256(encoded);
        bytes32 stored = _consensus[v.number];
        if (stored == hash) return UpdateResult.NoOp;
        if (stored != 0) {
            _freeze(v.number);
            return UpdateResult.Misbehaviour;
        }
        _consensus[v.number] = hash;
        if (v.number > _latestHeight) {
            _latestHeight = v.number;
            _latestTimestamp = v.timestamp;
        }
        emit ConsensusStateStored(v.number, encoded);
        return UpdateResult.Update;
    }

    function _freeze(uint64 height) private {
        _frozen = true;
        emit Frozen(height);
    }
}
