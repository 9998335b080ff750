// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Router} from "../src/Router.sol";
import {ClientStatus, CounterpartyInfo, MsgSendPacket, Packet} from "../src/interfaces/Types.sol";
import {PacketSettlement} from "../src/router/PacketSettlement.sol";
import {RouterClients} from "../src/router/RouterClients.sol";
import {Link} from "./support/Link.sol";
import {TestApp, TrueClient} from "./support/Mocks.sol";

/// @title Clients are bound by governance, under names of its choice, and migrate only as announced
contract ClientsTest is Link {
    function setUp() external {
        _connect();
    }

    function test_governance_binds() external {
        vm.prank(address(7));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(7)));
        harbour.addClient("harbour.other", _counterparty("other.harbour"), address(harbourClient));
        vm.expectRevert(RouterClients.AutomaticClientIdsDisabled.selector);
        harbour.addClient(_counterparty("other.harbour"), address(harbourClient));
        eq(harbour.getNextClientSeq(), 0, "no automatic ids");
    }

    function test_client_ids() external {
        string[6] memory bad = ["abc", "client-7", "channel-7", "has space", unicode"café", "transfer/x"];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClientId.selector, bad[i]));
            harbour.addClient(bad[i], _counterparty("other.harbour"), address(harbourClient));
        }
        string memory long = string(new bytes(129));
        vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClientId.selector, long));
        harbour.addClient(long, _counterparty("other.harbour"), address(harbourClient));
        harbour.addClient("abcd", _counterparty("07-tendermint-0"), address(harbourClient));
        harbour.addClient("A-z0.9_+-#[]<>", _counterparty("client-0"), address(harbourClient));
        vm.expectRevert(abi.encodeWithSelector(RouterClients.ClientAlreadyExists.selector, "abcd"));
        harbour.addClient("abcd", _counterparty("other.harbour"), address(harbourClient));
    }

    function test_counterparty_and_client_are_checked() external {
        vm.expectRevert(RouterClients.InvalidCounterparty.selector);
        harbour.addClient("abcd", _counterparty("x"), address(harbourClient));
        CounterpartyInfo memory info = _counterparty("other.harbour");
        info.merklePrefix = new bytes[](0);
        vm.expectRevert(RouterClients.InvalidCounterparty.selector);
        harbour.addClient("abcd", info, address(harbourClient));
        info = _counterparty("other.harbour");
        vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClient.selector, address(9)));
        harbour.addClient("abcd", info, address(9));
        TrueClient client = new TrueClient();
        client.setStatus(ClientStatus.Frozen);
        vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClient.selector, address(client)));
        harbour.addClient("abcd", info, address(client));
        client.setStatus(ClientStatus.Expired);
        vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClient.selector, address(client)));
        harbour.addClient("abcd", info, address(client));
    }

    /// @dev Bound on one side only: the other side knows no such client and carries nothing.
    function test_one_sided_binding_carries_nothing() external {
        TrueClient client = new TrueClient();
        client.watch(bank);
        client.setTime(uint64(NOW - 1));
        harbour.addClient("harbour.onesided", _counterparty("bank.missing"), address(client));
        TestApp app = new TestApp(harbour, "test", 100_000);
        harbour.addIBCApp("test", address(app));
        bank.addIBCApp("test", address(new TestApp(bank, "test", 100_000)));
        Packet memory p = _packet(1, "test", "");
        p.sourceClient = "harbour.onesided";
        p.destClient = "bank.missing";
        app.send(MsgSendPacket(p.sourceClient, p.timeoutTimestamp, p.payloads[0]));
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "bank.missing"));
        bank.recvPacket(_recv(p));
        // Another client of bank that names harbour.qbft-bank does not take it either.
        p.destClient = ON_BANK;
        _commit(harbour, p);
        vm.expectRevert(PacketSettlement.NotOurs.selector);
        bank.recvPacket(_recv(p));
        client.setTime(p.timeoutTimestamp);
        p.destClient = "bank.missing";
        _commit(harbour, p);
        harbour.timeoutPacket(_timeout(p));
    }

    function test_update_and_evidence_are_anyones() external {
        vm.prank(address(7));
        harbour.updateClient(ON_HARBOUR, hex"02");
        eq(harbourClient.calls(), 1, "updated");
        vm.prank(address(7));
        harbour.submitMisbehaviour(ON_HARBOUR, "");
        (ClientStatus status,) = harbourClient.status();
        check(status == ClientStatus.Frozen, "frozen");
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "nope"));
        harbour.updateClient("nope", "");
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "nope"));
        harbour.submitMisbehaviour("nope", "");
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "nope"));
        harbour.getClient("nope");
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "nope"));
        harbour.getCounterparty("nope");
        eq(bytes(harbour.getCounterparty(ON_HARBOUR).clientId), bytes(ON_BANK), "counterparty");
        eq(address(harbour.getClient(ON_HARBOUR)), address(harbourClient), "client");
    }

    function test_migration_is_announced_and_waits() external {
        TrueClient next = new TrueClient();
        CounterpartyInfo memory info = _counterparty(ON_BANK);
        vm.expectRevert(RouterClients.MigrationNotAnnounced.selector);
        harbour.migrateClient(ON_HARBOUR, info, address(next));
        harbour.announceMigration(ON_HARBOUR, info, address(next));
        vm.warp(NOW + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(RouterClients.MigrationTooEarly.selector, NOW + 1 days));
        harbour.migrateClient(ON_HARBOUR, info, address(next));
        vm.warp(NOW + 1 days);
        vm.expectRevert(RouterClients.MigrationNotAnnounced.selector);
        harbour.migrateClient(ON_HARBOUR, info, address(bankClient));
        vm.prank(address(7));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(7)));
        harbour.migrateClient(ON_HARBOUR, info, address(next));
        harbour.migrateClient(ON_HARBOUR, info, address(next));
        eq(address(harbour.getClient(ON_HARBOUR)), address(next), "migrated");
        vm.expectRevert(RouterClients.MigrationNotAnnounced.selector);
        harbour.migrateClient(ON_HARBOUR, info, address(next));
    }

    function test_migration_keeps_chain_and_counterparty() external {
        TrueClient next = new TrueClient();
        next.setIdentity(bytes32(uint256(2)));
        vm.expectRevert(RouterClients.MigrationChangesIdentity.selector);
        harbour.announceMigration(ON_HARBOUR, _counterparty(ON_BANK), address(next));
        next.setIdentity(bytes32(uint256(1)));
        vm.expectRevert(RouterClients.MigrationChangesCounterparty.selector);
        harbour.announceMigration(ON_HARBOUR, _counterparty("bank.other"), address(next));
        CounterpartyInfo memory info = _counterparty(ON_BANK);
        info.merklePrefix[0] = "x";
        vm.expectRevert(RouterClients.MigrationChangesCounterparty.selector);
        harbour.announceMigration(ON_HARBOUR, info, address(next));
        vm.expectRevert(abi.encodeWithSelector(RouterClients.UnknownClient.selector, "nope"));
        harbour.announceMigration("nope", info, address(next));
        // What was announced must still hold when it is done.
        info = _counterparty(ON_BANK);
        harbour.announceMigration(ON_HARBOUR, info, address(next));
        vm.warp(NOW + 1 days);
        next.setIdentity(bytes32(uint256(3)));
        vm.expectRevert(RouterClients.MigrationChangesIdentity.selector);
        harbour.migrateClient(ON_HARBOUR, info, address(next));
        next.setIdentity(bytes32(uint256(1)));
        next.setStatus(ClientStatus.Expired);
        vm.expectRevert(abi.encodeWithSelector(RouterClients.InvalidClient.selector, address(next)));
        harbour.migrateClient(ON_HARBOUR, info, address(next));
    }
}
