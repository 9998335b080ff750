// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ics24} from "../lib/Ics24.sol";

/// @title Calls of applications whose outcome no relayer can choose
/// @notice An application gets exactly the gas it stated. If that much cannot be given, the packet is left as
/// it was. Return data is capped. A receive callback runs in a frame of its own (a call of the router to
/// itself), so that everything it did is undone if its acknowledgement is not acceptable.
abstract contract AppCalls {
    /// @notice Only for the router itself.
    error OnlySelf();

    enum CallResult {
        Success,
        Failed,
        Starved
    }

    /// @dev Most bytes of an acknowledgement, and of a failure's reason that is kept.
    uint256 private constant MAX_ACK = 4096;
    uint256 private constant MAX_REASON = 256;

    /// @dev Gas that stays in the frame beside the application's: a cold account, reading its answer.
    uint256 private constant FRAME_GAS = 15_000;

    /// @dev A failure counts only if this many more nested calls were possible.
    uint256 private constant DEPTH = 64;

    /// @dev First byte of what a failed frame returns.
    uint256 private constant FAILED = 1;
    uint256 private constant STARVED = 2;

    /// @notice Runs a receive callback: calls `app` with `data` and `limit` gas and returns the acknowledgement
    /// as raw bytes. Reverts with `01 ‖ reason` if the application failed and with `02` if gas is short.
    function appFrame(address app, uint256 limit, bytes calldata data) external {
        if (msg.sender != address(this)) revert OnlySelf();
        bytes32 errorAck = Ics24.ERROR_ACK;
        assembly ("memory-safe") {
            function fail(pos, reason, length) {
                if gt(length, MAX_REASON) { length := MAX_REASON }
                mstore8(pos, FAILED)
                returndatacopy(add(pos, 1), reason, length)
                revert(pos, add(length, 1))
            }
            let pos := mload(0x40)
            calldatacopy(pos, data.offset, data.length)
            if lt(gas(), add(div(mul(limit, 64), 63), FRAME_GAS)) {
                mstore8(pos, STARVED)
                revert(pos, 1)
            }
            if iszero(call(limit, app, 0, pos, data.length, 0, 0)) {
                fail(pos, 0, returndatasize())
            }
            if lt(returndatasize(), 0x40) { fail(pos, 0, 0) }
            returndatacopy(pos, 0, 0x40)
            let length := mload(add(pos, 0x20))
            let bad := or(iszero(eq(mload(pos), 0x20)), or(iszero(length), gt(length, MAX_ACK)))
            if or(bad, lt(sub(returndatasize(), 0x40), length)) { fail(pos, 0, 0) }
            returndatacopy(pos, 0x40, length)
            if and(eq(length, 0x20), eq(mload(pos), errorAck)) { fail(pos, 0, 0) }
            return(pos, length)
        }
    }

    /// @notice Succeeds if `depth` more nested calls are possible. Changes nothing.
    function probeDepth(uint256 depth) external view {
        if (depth != 0) this.probeDepth(depth - 1);
    }

    /// @dev Calls `app` through the frame. `data` (memory) is the callback's calldata; the answer is copied to
    /// `out`: the acknowledgement, or the reason of a failure.
    function _callInFrame(uint256 out, address app, uint256 limit, uint256 data, uint256 length)
        internal
        returns (CallResult result, uint256 outLength)
    {
        bytes4 selector = this.appFrame.selector;
        uint256 head = data - 0x84;
        bool ok;
        assembly ("memory-safe") {
            // selector, app, limit, offset, length stand right in front of the data
            mstore(head, selector)
            mstore(add(head, 0x04), app)
            mstore(add(head, 0x24), limit)
            mstore(add(head, 0x44), 0x60)
            mstore(add(head, 0x64), length)
        }
        if (!_enoughGas(limit, length)) return (CallResult.Starved, 0);
        uint256 first;
        assembly ("memory-safe") {
            ok := call(gas(), address(), 0, head, add(length, 0x84), 0, 0)
            outLength := returndatasize()
            returndatacopy(out, 0, outLength)
            first := byte(0, mload(out))
        }
        if (ok) return (CallResult.Success, outLength);
        // A frame without an answer ran out of gas itself.
        if (outLength == 0 || first != FAILED) return (CallResult.Starved, 0);
        assembly ("memory-safe") {
            outLength := sub(outLength, 1)
            returndatacopy(out, 1, outLength)
        }
        return _deepEnough() ? (CallResult.Failed, outLength) : (CallResult.Starved, 0);
    }

    /// @dev Calls an acknowledgement or timeout callback; what it returns is ignored.
    function _call(address app, uint256 limit, uint256 data, uint256 length) internal returns (CallResult) {
        bool enough;
        bool ok;
        assembly ("memory-safe") {
            enough := iszero(lt(gas(), add(div(mul(limit, 64), 63), FRAME_GAS)))
            if enough { ok := call(limit, app, 0, data, length, 0, 0) }
        }
        if (!enough) return CallResult.Starved;
        return ok ? CallResult.Success : CallResult.Failed;
    }

    /// @dev Whether the frame will have the limit and its own needs, after the 1/64 that each call keeps back.
    /// The frame checks again; this spares the effort.
    function _enoughGas(uint256 limit, uint256 length) private view returns (bool) {
        uint256 words = length / 32 + 8;
        uint256 needed = (limit * 64) / 63 + 2 * FRAME_GAS + 9 * words + words * words / 256;
        return gasleft() >= (needed * 64) / 63;
    }

    function _deepEnough() private view returns (bool ok) {
        bytes4 selector = this.probeDepth.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, DEPTH)
            ok := staticcall(gas(), address(), 0x00, 0x24, 0x00, 0x00)
        }
    }
}
