// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "./support/Test.sol";
import {ClearanceRegister} from "../src/demo/ClearanceRegister.sol";

contract ClearancesTest is Test {
    ClearanceRegister private register = new ClearanceRegister();

    function test_clears_once_on_the_callers_word() public {
        vm.warp(1_700_000_000);
        vm.prank(address(0xC0DE));
        eq(register.clear("SHPU-1", bytes32(uint256(7))), 1, "the first");
        ClearanceRegister.Clearance memory found = register.clearance("SHPU-1");
        check(found.documentHash == bytes32(uint256(7)), "the document");
        check(found.declarant == address(0xC0DE), "the caller");
        eq(found.declaredAt, 1_700_000_000, "when");
        vm.expectRevert(abi.encodeWithSelector(ClearanceRegister.AlreadyCleared.selector, "SHPU-1"));
        register.clear("SHPU-1", bytes32(uint256(8)));
        eq(register.clear("SHPU-2", bytes32(uint256(8))), 2, "the second");
        eq(register.clearance("SHPU-3").declaredAt, 0, "never cleared");
    }

    function test_what_says_nothing_is_refused() public {
        vm.expectRevert(ClearanceRegister.EmptyConsignment.selector);
        register.clear("", bytes32(uint256(7)));
        vm.expectRevert(ClearanceRegister.EmptyDocument.selector);
        register.clear("SHPU-1", 0);
        eq(register.count(), 0, "nothing");
    }
}
