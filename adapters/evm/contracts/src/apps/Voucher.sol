// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Hex} from "../lib/Hex.sol";
import {IICS20Transfer} from "../interfaces/IICS20Transfer.sol";

/// @title A token that stands for another chain's token
/// @notice Minted and burned by the transfer application alone. Amounts are the origin's base units: the wire
/// does not carry decimals, so `decimals()` is 0. Deployed as a minimal proxy per denomination trace.
contract Voucher is ERC20 {
    error OnlyTransfer();

    IICS20Transfer private immutable TRANSFER;

    modifier onlyTransfer() {
        if (msg.sender != address(TRANSFER)) revert OnlyTransfer();
        _;
    }

    constructor() ERC20("", "") {
        TRANSFER = IICS20Transfer(msg.sender);
    }

    /// @notice The full denomination trace, for example `transfer/harbour.qbft-bank/0x…`.
    function trace() public view returns (string memory) {
        return TRANSFER.trace(address(this));
    }

    /// @notice `IBC ` and the trace.
    function name() public view override returns (string memory) {
        return string.concat("IBC ", trace());
    }

    /// @notice `ibc-` and the first 8 hexadecimal digits of the trace's keccak256.
    function symbol() public view override returns (string memory) {
        bytes memory digits = Hex.encode(abi.encodePacked(bytes4(keccak256(bytes(trace())))));
        assembly ("memory-safe") {
            // `0x12345678` becomes `ibc-12345678`: two characters more in front, eight kept.
            let tail := shl(16, mload(add(digits, 0x20)))
            digits := mload(0x40)
            mstore(0x40, add(digits, 0x40))
            mstore(digits, 12)
            mstore(add(digits, 0x20), or(shl(224, 0x6962632d), shr(32, tail)))
        }
        return string(digits);
    }

    /// @notice 0: see above.
    function decimals() public pure override returns (uint8) {
        return 0;
    }

    function mint(address account, uint256 amount) external onlyTransfer {
        _mint(account, amount);
    }

    function burn(address account, uint256 amount) external onlyTransfer {
        _burn(account, amount);
    }
}
