//! Tokens that stay here while their vouchers are abroad.

use crate::{ClientName, Config, Error, EscrowAccounts, Escrowed, Pallet, Token};
use codec::Encode;
use frame_support::{
    PalletId, ensure,
    traits::{
        Get,
        tokens::{
            Preservation::Expendable,
            fungible::{Inspect as _, Mutate as _},
            fungibles::{Inspect as _, Mutate as _},
        },
    },
};
use lupu_standard::ClientId;
use sp_runtime::{DispatchError, DispatchResult, TypeId, traits::AccountIdConversion};

impl<T: Config> Pallet<T> {
    /// The pallet's own account: owner, issuer and admin of every voucher. It holds nothing.
    pub fn account() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    /// The account that holds what was sent out through a client: the pallet's sub-account of the
    /// first 20 bytes of keccak256 of the client's identifier.
    pub fn escrow_account(client: &ClientId) -> T::AccountId {
        let hash = sp_io::hashing::keccak_256(client.as_str().as_bytes());
        let mut seed = [0; 20];
        seed.copy_from_slice(hash.split_at(20).0);
        T::PalletId::get().into_sub_account_truncating(seed)
    }

    /// Whether an account is the pallet's own or one of its escrow accounts. What such an account
    /// were sent would be lost.
    pub(crate) fn is_own_account(account: &[u8; 32]) -> bool {
        account.starts_with(&(PalletId::TYPE_ID, T::PalletId::get()).encode())
    }

    /// Takes `amount` from `from` into the escrow of a client. `Err` if anything but exactly this
    /// amount would move.
    pub(crate) fn escrow(client: &ClientId, token: Token, from: &T::AccountId, amount: u128) -> DispatchResult {
        let name = Self::client_name(client)?;
        let account = Self::escrow_account(client);
        if !EscrowAccounts::<T>::contains_key(&name) {
            // Assets that do not sustain an account need one that something else sustains.
            frame_system::Pallet::<T>::inc_providers(&account);
            EscrowAccounts::<T>::insert(&name, &account);
        }
        Self::move_exactly(token, from, &account, amount)?;
        Escrowed::<T>::try_mutate(&name, token, |accounted| {
            *accounted = accounted.checked_add(amount).ok_or(Error::<T>::AmountTooLarge)?;
            Ok(())
        })
    }

    /// Pays `amount` out of the escrow of a client, from what is accounted for this client only.
    pub(crate) fn release(client: &ClientId, token: Token, to: &T::AccountId, amount: u128) -> DispatchResult {
        let name = Self::client_name(client)?;
        let accounted = Escrowed::<T>::get(&name, token);
        let rest = accounted.checked_sub(amount).ok_or(Error::<T>::InsufficientEscrow)?;
        if rest == 0 {
            Escrowed::<T>::remove(&name, token);
        } else {
            Escrowed::<T>::insert(&name, token, rest);
        }
        Self::move_exactly(token, &Self::escrow_account(client), to, amount)
    }

    /// Moves exactly `amount`, neither more nor less, and leaves no dust behind: a rest below the
    /// token's minimum would be taken from the account without being sent.
    fn move_exactly(token: Token, from: &T::AccountId, to: &T::AccountId, amount: u128) -> DispatchResult {
        let rest = Self::balance(token, from).checked_sub(amount).ok_or(Error::<T>::InsufficientBalance)?;
        let minimum = match token {
            Token::Native => T::Native::minimum_balance(),
            Token::Asset(id) => T::Assets::minimum_balance(id),
        };
        ensure!(rest == 0 || rest >= minimum, Error::<T>::LeavesDust);
        let before = Self::balance(token, to);
        match token {
            Token::Native => T::Native::transfer(from, to, amount, Expendable)?,
            Token::Asset(id) => T::Assets::transfer(id, from, to, amount, Expendable)?,
        };
        let exact = Self::balance(token, from) == rest && Self::balance(token, to).checked_sub(before) == Some(amount);
        ensure!(exact, Error::<T>::NotTheAmount);
        Ok(())
    }

    /// What an account really has of a token, what is held or frozen of a native balance aside.
    pub(crate) fn balance(token: Token, account: &T::AccountId) -> u128 {
        match token {
            Token::Native => T::Native::balance(account),
            Token::Asset(id) => T::Assets::balance(id, account),
        }
    }

    pub(crate) fn client_name(client: &ClientId) -> Result<ClientName, DispatchError> {
        client.as_str().as_bytes().to_vec().try_into().map_err(|_| Error::<T>::InvalidClient.into())
    }
}
