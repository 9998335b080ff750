// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title eCNY of the demonstration: issued by a bank, two decimals, accounts can be frozen
contract DemoToken is ERC20, Ownable {
    event AccountFrozen(address indexed account, bool frozen);

    /// @notice The account neither sends nor receives.
    error AccountIsFrozen(address account);

    mapping(address account => bool) public frozen;

    constructor(address bank) ERC20("Demonstration e-CNY", "eCNY") Ownable(bank) {}

    function decimals() public pure override returns (uint8) {
        return 2;
    }

    /// @notice Issues money. The bank only.
    function mint(address account, uint256 amount) external onlyOwner {
        _mint(account, amount);
    }

    /// @notice Freezes an account. The bank only.
    function freeze(address account) external onlyOwner {
        frozen[account] = true;
        emit AccountFrozen(account, true);
    }

    /// @notice Ends a freeze. The bank only.
    function unfreeze(address account) external onlyOwner {
        frozen[account] = false;
        emit AccountFrozen(account, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (frozen[from]) revert AccountIsFrozen(from);
        if (frozen[to]) revert AccountIsFrozen(to);
        super._update(from, to, value);
    }
}
