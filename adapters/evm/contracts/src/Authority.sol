// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The router's authority is OpenZeppelin's AccessManager as it is; named here so that it is compiled.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
