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
import {BeefyMessages} from "./lib/BeefyMessages.sol";
import {BeefySignatures} from "./lib/BeefySignatures.sol";
import {AuthoritySet, ClientState, ConsensusState} from "./lib/BeefyTypes.sol";
import {Blake2b} from "./lib/Blake2b.sol";
import {Mmr} from "./lib/Mmr.sol";
import {StateAnchor} from "./lib/StateAnchor.sol";
import {StateTrieProof} from "./lib/StateTrieProof.sol";
import {SubstrateHeader} from "./lib/SubstrateHeader.sol";

/// @title Light client of a Substrate chain with BEEFY
/// @notice Accepts a commitment that more than two thirds of the current or the next authorities have signed,
/// the leaf of the MMR that names a block, that block's header, and in its state the anchor that the IBC pallet
/// writes: the block's time and the chain's genesis. Keeps one hash per height. The checks, their order and the
/// messages are section 7 of docs/wire-formats.md. Everything is open to anyone; nothing can be changed by
/// anyone but by proof.
contract BeefyLightClient is ILightClientBatch {
    event ConsensusStateStored(uint64 indexed height, bytes consensusState);
    event Frozen(uint64 indexed height);

    error InvalidIdentity();
    error InvalidTrustingPeriod();
    error InvalidClockDrift();
    error InvalidFirstBlock();
    error InvalidAuthoritySet();
    error InvalidInitialState();

    error ClientFrozen();
    error ClientExpired();
    error UnknownAuthoritySet();
    error LeafOutOfRange();
    error HandoverLeafNotBound();
    error NextSetMismatch();
    error InvalidMmrProof();
    error HeaderMismatch();
    error ZeroStateRoot();
    error HeaderFromFuture();
    error TimeWentBack();
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
    uint256 private constant MAX_AUTHORITIES = 255;
    /// @dev twox128 of the names of the pallet's two items.
    bytes16 private constant COMMITMENTS = 0xca407206ec1ab726b2636c4b145ac287;
    bytes16 private constant ANCHOR = 0x8784f26f5ed58f49cab1d330d9cf2693;
    /// @dev Of a path, in bytes: the Merkle prefix of 32, then up to a client identifier of 128, kind, sequence.
    uint256 private constant MIN_PATH = 33;
    uint256 private constant MAX_PATH = 169;

    bytes24 private immutable GENESIS;
    bytes16 private immutable PALLET_PREFIX;
    /// @dev The Merkle prefix: first half of every commitment's key.
    bytes32 private immutable COMMITMENTS_PREFIX;
    bytes32 private immutable ANCHOR_KEY;
    uint64 private immutable FIRST_MMR_BLOCK;
    uint64 private immutable TRUSTING_PERIOD;
    uint64 private immutable MAX_CLOCK_DRIFT;

    /// @dev One slot. The id of the next set is `currentId + 1`.
    struct Tip {
        uint64 latestHeight;
        uint64 latestTimestamp;
        uint64 currentId;
        uint8 currentLen;
        uint8 nextLen;
        bool frozen;
    }

    Tip private _tip;
    bytes32 private _currentRoot;
    bytes32 private _nextRoot;

    mapping(uint64 height => bytes32 consensusHash) private _consensus;

    /// @dev What checks 3 to 16 leave of an update.
    struct Verified {
        uint64 height;
        uint64 timestamp;
        bytes32 stateRoot;
        uint256 blockNumber; // of the commitment
        bytes32 mmrRoot;
        bool handover; // the next set signed
        uint8 followingLen; // of the leaf's next set
        bytes32 followingRoot;
    }

    /// @param state parameters, with the trusted height, time and sets; `frozen` must be false
    /// @param initial the trust anchor: what is known of `state.latestHeight`
    constructor(ClientState memory state, ConsensusState memory initial) {
        if (state.genesis == 0 || state.palletPrefix == 0) revert InvalidIdentity();
        if (state.trustingPeriod <= MIN_TRUSTING_PERIOD) revert InvalidTrustingPeriod();
        if (state.maxClockDrift >= state.trustingPeriod) revert InvalidClockDrift();
        if (state.firstMmrBlock == 0 || state.firstMmrBlock > uint256(state.latestHeight) + 1) {
            revert InvalidFirstBlock();
        }
        if (!_isSet(state.current) || !_isSet(state.next) || state.next.id != uint256(state.current.id) + 1) {
            revert InvalidAuthoritySet();
        }
        if (
            state.latestHeight == 0 || state.latestTimestamp == 0 || state.frozen
                || initial.timestamp != state.latestTimestamp || initial.stateRoot == 0
                || initial.stateRoot == StateTrieProof.EMPTY_ROOT
        ) revert InvalidInitialState();
        Blake2b.probe();

        GENESIS = state.genesis;
        PALLET_PREFIX = state.palletPrefix;
        COMMITMENTS_PREFIX = bytes32(bytes.concat(state.palletPrefix, COMMITMENTS));
        ANCHOR_KEY = bytes32(bytes.concat(state.palletPrefix, ANCHOR));
        FIRST_MMR_BLOCK = state.firstMmrBlock;
        TRUSTING_PERIOD = state.trustingPeriod;
        MAX_CLOCK_DRIFT = state.maxClockDrift;

        _tip = Tip({
            latestHeight: state.latestHeight,
            latestTimestamp: state.latestTimestamp,
            currentId: state.current.id,
            currentLen: uint8(state.current.len),
            nextLen: uint8(state.next.len),
            frozen: false
        });
        _currentRoot = state.current.root;
        _nextRoot = state.next.root;
        bytes memory encoded = abi.encode(initial);
        _consensus[state.latestHeight] = keccak256(encoded);
        emit ConsensusStateStored(state.latestHeight, encoded);
    }

    function _isSet(AuthoritySet memory set) private pure returns (bool) {
        return set.len != 0 && set.len <= MAX_AUTHORITIES && set.root != 0;
    }

    /// @inheritdoc ILightClientBatch
    function chainIdentity() external view returns (bytes32) {
        return keccak256(abi.encode(GENESIS, PALLET_PREFIX));
    }

    /// @notice `abi.encode(ClientState)`.
    function getClientState() external view returns (bytes memory) {
        Tip memory tip = _tip;
        return abi.encode(
            ClientState({
                genesis: GENESIS,
                palletPrefix: PALLET_PREFIX,
                firstMmrBlock: FIRST_MMR_BLOCK,
                trustingPeriod: TRUSTING_PERIOD,
                maxClockDrift: MAX_CLOCK_DRIFT,
                latestHeight: tip.latestHeight,
                latestTimestamp: tip.latestTimestamp,
                frozen: tip.frozen,
                current: AuthoritySet(tip.currentId, tip.currentLen, _currentRoot),
                next: AuthoritySet(tip.currentId + 1, tip.nextLen, _nextRoot)
            })
        );
    }

    /// @notice keccak256 of the encoded consensus state at a height; 0 if none is stored.
    function getConsensusStateHash(uint64 height) external view returns (bytes32) {
        return _consensus[height];
    }

    /// @inheritdoc ILightClientBatch
    function status() external view returns (ClientStatus, uint64 latestTimestamp) {
        Tip memory tip = _tip;
        latestTimestamp = tip.latestTimestamp;
        if (tip.frozen) return (ClientStatus.Frozen, latestTimestamp);
        return (_expired(tip) ? ClientStatus.Expired : ClientStatus.Active, latestTimestamp);
    }

    /// @notice Verifies `abi.encode(UpdateMessage)` and stores the consensus state it proves. A second, different
    /// state at a stored height freezes the client.
    function updateClient(bytes calldata updateMsg) external returns (UpdateResult) {
        BeefyMessages.Update memory u = BeefyMessages.update(updateMsg);
        Tip memory tip = _activeTip();
        Verified memory v = _verify(u, tip);
        return _store(v, tip);
    }

    /// @notice Freezes the client if `abi.encode(Misbehaviour)` holds two commitments of equal block number and
    /// different MMR root that would each be accepted in an update.
    function misbehaviour(bytes calldata misbehaviourMsg) external {
        (BeefyMessages.Update memory a, BeefyMessages.Update memory b) =
            BeefyMessages.misbehaviour(misbehaviourMsg);
        Tip memory tip = _activeTip();
        Verified memory first = _verify(a, tip);
        Verified memory second = _verify(b, tip);
        if (first.blockNumber != second.blockNumber || first.mmrRoot == second.mmrRoot) {
            revert NotMisbehaviour();
        }
        _freeze(uint64(first.blockNumber));
    }

    /// @inheritdoc ILightClientBatch
    function verifyBatch(MsgVerifyBatch calldata msg_) external view returns (uint256) {
        (uint256 timestamp, bytes32 stateRoot, bytes calldata nodes) =
            _openProof(msg_.proof, msg_.proofHeight);
        bytes32[] calldata values = msg_.values;
        uint256 n = values.length;
        uint256 key = _keys(msg_.paths, n);
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, stateRoot, 64);
        bytes4 fault;
        for (uint256 i = 0; i < n; ++i) {
            bytes4 found = _checkKey(walk, key, values[i]);
            if (fault == 0) fault = found;
            unchecked {
                key += 64;
            }
        }
        _close(walk, fault);
        return timestamp;
    }

    /// @notice The path holds the value (32 bytes, not zero) in the counterparty pallet's commitments.
    function verifyMembership(MsgVerifyMembership calldata msg_) external view returns (uint256) {
        (uint256 timestamp, bytes32 stateRoot, bytes calldata nodes) =
            _openProof(msg_.proof, msg_.proofHeight);
        uint256 key = _keys(msg_.path, 1);
        bytes32 value = bytes32(msg_.value);
        if (msg_.value.length != 32 || value == 0) revert InvalidValue();
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, stateRoot, 64);
        _close(walk, _checkKey(walk, key, value));
        return timestamp;
    }

    /// @notice The path holds nothing in the counterparty pallet's commitments.
    function verifyNonMembership(MsgVerifyNonMembership calldata msg_) external view returns (uint256) {
        (uint256 timestamp, bytes32 stateRoot, bytes calldata nodes) =
            _openProof(msg_.proof, msg_.proofHeight);
        uint256 key = _keys(msg_.path, 1);
        StateTrieProof.Walk memory walk = StateTrieProof.start(nodes, stateRoot, 64);
        _close(walk, _checkKey(walk, key, 0));
        return timestamp;
    }

    function _expired(Tip memory tip) private view returns (bool) {
        return block.timestamp >= uint256(tip.latestTimestamp) + TRUSTING_PERIOD;
    }

    function _activeTip() private view returns (Tip memory tip) {
        tip = _tip;
        if (tip.frozen) revert ClientFrozen();
        if (_expired(tip)) revert ClientExpired();
    }

    /// @dev The client is active, the height is known, and the preimage is its consensus state.
    function _openProof(bytes calldata proof, Height calldata height)
        private
        view
        returns (uint256 timestamp, bytes32 stateRoot, bytes calldata nodes)
    {
        _activeTip();
        bytes32 stored = _consensus[height.revisionHeight];
        if (height.revisionNumber != 0 || stored == 0) revert UnknownHeight();
        bytes32 consensusHash;
        (timestamp, stateRoot, consensusHash, nodes) = BeefyMessages.membershipProof(proof);
        if (stored != consensusHash) revert ConsensusStateMismatch();
    }

    /// @dev The keys of `n` paths, of 64 bytes each: the Merkle prefix and the keccak256 of what follows it.
    function _keys(bytes[] calldata paths, uint256 n) private view returns (uint256 keys) {
        if (n == 0 || n != paths.length) revert InvalidPath();
        assembly ("memory-safe") {
            keys := mload(0x40)
            mstore(0x40, add(keys, shl(6, n)))
        }
        bytes32 prefix = COMMITMENTS_PREFIX;
        uint256 key = keys;
        for (uint256 i = 0; i < n; ++i) {
            bytes calldata path = paths[i];
            if (path.length < MIN_PATH || path.length > MAX_PATH || bytes32(path[:32]) != prefix) {
                revert InvalidPath();
            }
            assembly ("memory-safe") {
                let rest := sub(path.length, 32)
                let scratch := mload(0x40)
                calldatacopy(scratch, add(path.offset, 32), rest)
                mstore(key, prefix)
                mstore(add(key, 0x20), keccak256(scratch, rest))
                key := add(key, 0x40)
            }
        }
    }

    /// @dev One key of a proof: present with `expected`, or absent if that is zero. A wrong claim is returned
    /// as the error's selector, because the proof as a whole is judged first.
    function _checkKey(StateTrieProof.Walk memory walk, uint256 key, bytes32 expected)
        private
        view
        returns (bytes4 fault)
    {
        (bool present, uint256 position, uint256 length) = StateTrieProof.next(walk, key, 64);
        if (!present) return expected == 0 ? bytes4(0) : ValueAbsent.selector;
        if (expected == 0) return ValuePresent.selector;
        bytes32 value;
        assembly ("memory-safe") {
            value := calldataload(position)
        }
        if (length != 32 || value != expected) return ValueMismatch.selector;
    }

    /// @dev Nothing may be left of the proof, and no claim may have been wrong.
    function _close(StateTrieProof.Walk memory walk, bytes4 fault) private pure {
        StateTrieProof.finish(walk);
        if (fault == ValueAbsent.selector) revert ValueAbsent();
        if (fault == ValuePresent.selector) revert ValuePresent();
        if (fault == ValueMismatch.selector) revert ValueMismatch();
    }

    /// @dev Checks 3 to 16.
    function _verify(BeefyMessages.Update memory u, Tip memory tip) private view returns (Verified memory v) {
        BeefyMessages.Commitment memory c = BeefyMessages.commitment(u.commitment, u.commitmentLength);
        v.blockNumber = c.blockNumber;
        v.mmrRoot = c.mmrRoot;
        if (c.setId == tip.currentId) {
            BeefySignatures.check(u, tip.currentLen, _currentRoot);
        } else {
            if (c.setId != uint256(tip.currentId) + 1) revert UnknownAuthoritySet();
            v.handover = true;
            BeefySignatures.check(u, tip.nextLen, _nextRoot);
        }
        bytes32 parentHash = _checkLeaf(u, c, v, tip);
        _checkHeader(u.header, u.headerLength, parentHash, v);
        v.timestamp = StateAnchor.read(v.stateRoot, ANCHOR_KEY, GENESIS, u.anchorProof, u.anchorProofLength);
        if (v.timestamp > block.timestamp + MAX_CLOCK_DRIFT) revert HeaderFromFuture();
        if (
            (v.height > tip.latestHeight && v.timestamp < tip.latestTimestamp)
                || (v.height < tip.latestHeight && v.timestamp > tip.latestTimestamp)
        ) revert TimeWentBack();
    }

    /// @dev Checks 8 to 11: the leaf, the sets it names, its place in the MMR. Sets the height proven.
    function _checkLeaf(
        BeefyMessages.Update memory u,
        BeefyMessages.Commitment memory c,
        Verified memory v,
        Tip memory tip
    ) private view returns (bytes32 parentHash) {
        BeefyMessages.Leaf memory l = BeefyMessages.mmrLeaf(u.leaf, u.leafLength);
        uint256 number = l.parentNumber + 1;
        if (number < FIRST_MMR_BLOCK || number > c.blockNumber) revert LeafOutOfRange();
        if (v.handover) {
            if (number != c.blockNumber) revert HandoverLeafNotBound();
            if (
                l.nextId != uint256(tip.currentId) + 2 || l.nextLen == 0 || l.nextLen > MAX_AUTHORITIES
                    || l.nextRoot == 0
            ) revert NextSetMismatch();
            v.followingLen = uint8(l.nextLen);
            v.followingRoot = l.nextRoot;
        } else if (number == c.blockNumber) {
            if (l.nextId != uint256(tip.currentId) + 1 || l.nextLen != tip.nextLen || l.nextRoot != _nextRoot)
            {
                revert NextSetMismatch();
            }
        }
        bytes32 leafHash;
        uint256 position = u.leaf;
        uint256 length = u.leafLength;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, position, length)
            leafHash := keccak256(scratch, length)
        }
        (bool proven, bytes32 root) = Mmr.root(
            number - FIRST_MMR_BLOCK,
            c.blockNumber - FIRST_MMR_BLOCK + 1,
            leafHash,
            u.mmrItems,
            u.mmrItemsLength
        );
        if (!proven || root != c.mmrRoot || root == 0) revert InvalidMmrProof();
        v.height = uint64(l.parentNumber);
        parentHash = l.parentHash;
    }

    /// @dev Checks 12 to 14.
    function _checkHeader(uint256 position, uint256 length, bytes32 hash, Verified memory v) private view {
        (uint256 number, bytes32 stateRoot) = SubstrateHeader.parse(position, length);
        if (number != v.height || Blake2b.hash(Blake2b.buffer(), position, length) != hash) {
            revert HeaderMismatch();
        }
        if (stateRoot == 0 || stateRoot == StateTrieProof.EMPTY_ROOT) revert ZeroStateRoot();
        v.stateRoot = stateRoot;
    }

    function _store(Verified memory v, Tip memory tip) private returns (UpdateResult result) {
        bytes memory encoded = abi.encode(v.timestamp, v.stateRoot);
        bytes32 hash = keccak256(encoded);
        bytes32 stored = _consensus[v.height];
        if (stored != 0 && stored != hash) {
            _freeze(v.height);
            return UpdateResult.Misbehaviour;
        }
        bool newer;
        if (stored == 0) {
            _consensus[v.height] = hash;
            if (v.height > tip.latestHeight) {
                (tip.latestHeight, tip.latestTimestamp) = (v.height, v.timestamp);
                newer = true;
            }
            emit ConsensusStateStored(v.height, encoded);
        } else {
            result = UpdateResult.NoOp;
        }
        if (v.handover) {
            tip.currentId += 1;
            (tip.currentLen, tip.nextLen) = (tip.nextLen, v.followingLen);
            (_currentRoot, _nextRoot) = (_nextRoot, v.followingRoot);
        }
        if (newer || v.handover) _tip = tip;
    }

    function _freeze(uint64 height) private {
        _tip.frozen = true;
        emit Frozen(height);
    }
}
