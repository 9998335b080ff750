// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Router} from "../../src/Router.sol";
import {IIBCApp, ICallbackGasLimit} from "../../src/interfaces/IIBCApp.sol";
import {ILightClientBatch} from "../../src/interfaces/ILightClient.sol";
import {
    ClientStatus,
    MsgSendPacket,
    MsgVerifyBatch,
    MsgVerifyMembership,
    MsgVerifyNonMembership,
    OnAcknowledgementPacketCallback,
    OnRecvPacketCallback,
    OnTimeoutPacketCallback,
    UpdateResult
} from "../../src/interfaces/Types.sol";

/// @dev A light client that looks at the other router itself: present is what is stored there, now.
contract TrueClient is ILightClientBatch {
    error WrongValue(bytes path);

    Router public other;
    ClientStatus private _status;
    uint64 public time;
    bytes32 public identity = bytes32(uint256(1));
    uint256 public calls;

    function watch(Router router) external {
        other = router;
    }

    function setTime(uint64 time_) external {
        time = time_;
    }

    function setStatus(ClientStatus status_) external {
        _status = status_;
    }

    function setIdentity(bytes32 identity_) external {
        identity = identity_;
    }

    function _check(bytes memory path, bytes32 value) private view {
        if (other.getCommitment(keccak256(path)) != value) revert WrongValue(path);
    }

    function verifyMembership(MsgVerifyMembership calldata m) external view returns (uint256) {
        _check(m.path[m.path.length - 1], bytes32(m.value));
        return time;
    }

    function verifyNonMembership(MsgVerifyNonMembership calldata m) external view returns (uint256) {
        _check(m.path[m.path.length - 1], 0);
        return time;
    }

    function verifyBatch(MsgVerifyBatch calldata m) external view returns (uint256) {
        for (uint256 i = 0; i < m.paths.length; ++i) {
            _check(m.paths[i], m.values[i]);
        }
        return time;
    }

    function updateClient(bytes calldata message) external returns (UpdateResult) {
        ++calls;
        return UpdateResult(uint8(message[0]));
    }

    function misbehaviour(bytes calldata) external {
        _status = ClientStatus.Frozen;
    }

    function getClientState() external pure returns (bytes memory) {
        return "";
    }

    function status() external view returns (ClientStatus, uint64) {
        return (_status, time);
    }

    function chainIdentity() external view returns (bytes32) {
        return identity;
    }
}

/// @dev An application that does as it is told, and notes what reached it.
contract TestApp is IIBCApp, ICallbackGasLimit {
    enum Mode {
        Accept,
        Refuse,
        Silent,
        ErrorAck,
        LongAck,
        LongestAck,
        Burn,
        Bomb,
        RevertBomb,
        Reenter,
        Garbage,
        SendBack
    }

    Router public router;
    string public port;
    uint64 private _limit;
    mapping(uint64 sequence => Mode) public modes;
    Mode public ackMode;

    uint256 public received;
    uint256 public acknowledged;
    uint256 public timedOut;
    uint256 public gasSeen;
    bytes public lastAck;
    bytes public reentry;
    bool public reentered;
    mapping(uint64 => uint256) public receivedOf;

    constructor(Router router_, string memory port_, uint64 limit) {
        router = router_;
        port = port_;
        _limit = limit;
    }

    function callbackGasLimit() external view returns (uint64) {
        return _limit;
    }

    function set(uint64 sequence, Mode mode) external {
        modes[sequence] = mode;
    }

    function setAckMode(Mode mode) external {
        ackMode = mode;
    }

    function setReentry(bytes calldata call_) external {
        reentry = call_;
    }

    function send(MsgSendPacket calldata m) external returns (uint64) {
        return router.sendPacket(m);
    }

    function onRecvPacket(OnRecvPacketCallback calldata m) external returns (bytes memory) {
        require(msg.sender == address(router), "router only");
        gasSeen = gasleft();
        ++received;
        ++receivedOf[m.sequence];
        return _act(modes[m.sequence], m.destinationClient);
    }

    function _act(Mode mode, string calldata client) private returns (bytes memory) {
        if (mode == Mode.Refuse) revert("refused");
        if (mode == Mode.Silent) return "";
        if (mode == Mode.ErrorAck) {
            return abi.encode(bytes32(0x4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab));
        }
        if (mode == Mode.LongAck) return new bytes(4097);
        if (mode == Mode.LongestAck) {
            bytes memory ack = new bytes(4096);
            ack[4095] = 0x01;
            return ack;
        }
        if (mode == Mode.Burn) while (true) {}
        if (mode == Mode.Bomb) {
            assembly {
                return(0, 500000)
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly {
                mstore(0, not(0))
                revert(0, 500000)
            }
        }
        if (mode == Mode.Garbage) {
            assembly {
                mstore(0, 0x20)
                mstore(0x20, not(0))
                return(0, 0x40)
            }
        }
        if (mode == Mode.Reenter) {
            (reentered,) = address(router).call(reentry);
        }
        if (mode == Mode.SendBack) {
            MsgSendPacket memory m;
            m.sourceClient = client;
            m.timeoutTimestamp = uint64(block.timestamp + 100);
            m.payload.sourcePort = port;
            m.payload.destPort = port;
            router.sendPacket(m);
        }
        return "ok";
    }

    function onAcknowledgementPacket(OnAcknowledgementPacketCallback calldata m) external {
        require(msg.sender == address(router), "router only");
        ++acknowledged;
        lastAck = m.acknowledgement;
        _act(ackMode, m.sourceClient);
    }

    function onTimeoutPacket(OnTimeoutPacketCallback calldata m) external {
        require(msg.sender == address(router), "router only");
        ++timedOut;
        _act(ackMode, m.sourceClient);
    }
}

/// @dev An application that states no limit.
contract PlainApp {
    uint256 public gasSeen;

    function onRecvPacket(OnRecvPacketCallback calldata) external returns (bytes memory) {
        gasSeen = gasleft();
        return "ok";
    }
}
