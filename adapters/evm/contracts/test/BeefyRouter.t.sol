// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeefyLightClient} from "../src/BeefyLightClient.sol";
import {
    CounterpartyInfo,
    Height,
    MsgAckPacket,
    MsgRecvPacket,
    MsgRecvPackets,
    MsgTimeoutPacket,
    Outcome,
    Packet
} from "../src/interfaces/Types.sol";
import {ClientState, ConsensusState} from "../src/lib/BeefyTypes.sol";
import {StateTrieProof} from "../src/lib/StateTrieProof.sol";
import {BeefyChain} from "./support/BeefyChain.sol";
import {Link} from "./support/Link.sol";
import {TestApp} from "./support/Mocks.sol";
import {StateReader} from "./support/StateReader.sol";

/// @title Packets between the router of bank and a Substrate chain, by a BEEFY client
contract BeefyRouterTest is Link {
    string private constant HERE = "bank.beefy-depot";
    string private constant THERE = "depot.qbft-bank";
    bytes16 private constant COMMITMENTS = 0xca407206ec1ab726b2636c4b145ac287;
    bytes16 private constant ANCHOR = 0x8784f26f5ed58f49cab1d330d9cf2693;

    BeefyChain private chain;
    StateReader private reader;
    TestApp private app;

    function setUp() external {
        _connect();
        chain = new BeefyChain();
        reader = new StateReader();
        app = new TestApp(bank, "test", 200_000);
        bank.addIBCApp("test", address(app));
    }

    /// @dev A state with the anchor and one value under a path, and the packed proof of it, or of the absence of
    /// what stands nowhere: a branch below the pallet's prefix, and the leaf of the path.
    function _state(bytes memory path, bytes32 value)
        private
        view
        returns (bytes32 root, bytes memory proof)
    {
        bytes32 hash = keccak256(path);
        bytes memory anchor =
            abi.encodePacked(hex"5f07", _tail(ANCHOR), hex"80", chain.START(), chain.GENESIS());
        bytes memory leaf = abi.encodePacked(hex"7f200a", _tail(COMMITMENTS), hash, hex"80", value);
        // 32 nibbles; children 8 and 12.
        bytes memory branch = abi.encodePacked(
            hex"a0", chain.PALLET(), hex"001180", reader.blake2(anchor), hex"80", reader.blake2(leaf)
        );
        root = reader.blake2(branch);
        proof = abi.encodePacked(hex"0002", uint16(branch.length), branch, uint16(leaf.length), leaf);
    }

    function _tail(bytes16 name) private pure returns (bytes15) {
        return bytes15(name << 8);
    }

    /// @dev Binds a client that knows this state at height 10, and gives the proof with the preimage.
    function _bind(bytes memory path, bytes32 value) private returns (bytes memory) {
        (bytes32 root, bytes memory nodes) = _state(path, value);
        (ClientState memory s, ConsensusState memory c) = chain.anchor(4);
        c.stateRoot = root;
        CounterpartyInfo memory info = _counterparty(THERE);
        info.merklePrefix[0] = abi.encodePacked(s.palletPrefix, COMMITMENTS);
        bank.addClient(HERE, info, address(new BeefyLightClient(s, c)));
        bytes memory padding = new bytes((32 - nodes.length % 32) % 32);
        return abi.encodePacked(
            uint256(0x20), abi.encode(c), uint256(0x60), abi.encodePacked(nodes.length, nodes, padding)
        );
    }

    function _incoming() private view returns (Packet memory p) {
        p = _packet(7, "test", "cargo");
        (p.sourceClient, p.destClient) = (THERE, HERE);
    }

    function test_receive() external {
        Packet memory p = _incoming();
        bytes memory proof = _bind(abi.encodePacked(THERE, uint8(1), p.sequence), _commitmentOf(p));
        Packet memory other = _incoming();
        other.sequence = 8;
        vm.expectRevert(BeefyLightClient.ValueAbsent.selector);
        bank.recvPacket(MsgRecvPacket(other, proof, Height(0, 10)));
        vm.expectRevert(BeefyLightClient.UnknownHeight.selector);
        bank.recvPacket(MsgRecvPacket(p, proof, Height(0, 11)));
        uint256 snapshot = vm.snapshotState();
        bank.recvPacket(MsgRecvPacket(p, proof, Height(0, 10)));
        eq(app.received(), 1, "alone");
        vm.revertToState(snapshot);
        Outcome[] memory outcomes = bank.recvPackets(MsgRecvPackets(_one(p), proof, Height(0, 10)));
        check(outcomes[0] == Outcome.Received, "in a batch");
        eq(app.received(), 1, "received");
    }

    function test_acknowledge() external {
        Packet memory p = _packet(9, "test", "money");
        (p.sourceClient, p.destClient) = (HERE, THERE);
        _commit(bank, p);
        bytes32 ack = sha256(bytes.concat(hex"02", sha256("done")));
        bytes memory proof = _bind(abi.encodePacked(THERE, uint8(3), p.sequence), ack);
        vm.expectRevert(BeefyLightClient.ValueMismatch.selector);
        bank.ackPacket(MsgAckPacket(p, "not done", proof, Height(0, 10)));
        bank.ackPacket(MsgAckPacket(p, "done", proof, Height(0, 10)));
        eq(app.acknowledged(), 1, "acknowledged");
    }

    /// @dev The receipt's place holds nothing: the path ends at the leaf of another packet.
    function test_time_out() external {
        Packet memory p = _packet(9, "test", "money");
        (p.sourceClient, p.destClient, p.timeoutTimestamp) = (HERE, THERE, uint64(NOW));
        _commit(bank, p);
        bytes memory proof = _bind(abi.encodePacked(THERE, uint8(2), uint64(10)), bytes32(uint256(1)));
        bytes memory broken = bytes.concat(proof);
        broken[broken.length - 40] ^= 0x01;
        vm.expectRevert(StateTrieProof.InvalidProof.selector);
        bank.timeoutPacket(MsgTimeoutPacket(p, broken, Height(0, 10)));
        bank.timeoutPacket(MsgTimeoutPacket(p, proof, Height(0, 10)));
        eq(app.timedOut(), 1, "timed out");
    }

    /// @dev Under another prefix than the client's pallet nothing is proven.
    function test_prefix() external {
        Packet memory p = _incoming();
        bytes memory proof = _bind(abi.encodePacked(THERE, uint8(1), p.sequence), _commitmentOf(p));
        CounterpartyInfo memory info = _counterparty(THERE);
        info.merklePrefix[0] = abi.encodePacked(chain.PALLET(), ANCHOR);
        address client = address(bank.getClient(HERE));
        bank.addClient("bank.beefy-other", info, client);
        p.destClient = "bank.beefy-other";
        vm.expectRevert(BeefyLightClient.InvalidPath.selector);
        bank.recvPacket(MsgRecvPacket(p, proof, Height(0, 10)));
    }
}
