//! Assets that stand for tokens of other chains, one for each full trace.

use crate::{Config, Error, Event, NextVoucher, Pallet, Supply, Token, Trace, Traces, Vouchers};
use alloc::string::ToString;
use frame_support::{
    ensure,
    traits::{
        Get,
        tokens::{
            Fortitude::Polite,
            Precision::Exact,
            Preservation::Expendable,
            fungibles::{Create as _, Inspect as _, Mutate as _},
        },
    },
};
use lupu_standard::Denom;
use sp_core::H256;
use sp_runtime::{DispatchError, DispatchResult};

/// How many ids in a row may be taken by others before a voucher is not created.
const TAKEN_IDS: u32 = 16;

impl<T: Config> Pallet<T> {
    /// The token of this chain that a denomination names, as this chain writes it.
    pub fn resolve(denom: &Denom) -> Result<Token, Error<T>> {
        if !denom.trace().is_empty() {
            let id = Vouchers::<T>::get(Self::trace_hash(denom)).ok_or(Error::<T>::UnknownVoucher)?;
            return Ok(Token::Asset(id));
        }
        let token = Token::from_base(denom.base()).ok_or(Error::<T>::InvalidDenomination)?;
        if let Token::Asset(id) = token {
            // A voucher has one name, its trace.
            ensure!(id < T::FirstVoucher::get(), Error::<T>::InvalidDenomination);
            ensure!(T::Assets::asset_exists(id), Error::<T>::UnknownAsset);
        }
        Ok(token)
    }

    /// The voucher of a denomination with at least one hop, created when it comes for the first time.
    pub(crate) fn voucher_for(denom: &Denom) -> Result<u32, DispatchError> {
        let hash = Self::trace_hash(denom);
        if let Some(id) = Vouchers::<T>::get(hash) {
            return Ok(id);
        }
        let trace = denom.to_string();
        let stored = Trace::try_from(trace.clone().into_bytes()).map_err(|_| Error::<T>::TraceTooLong)?;
        let first = NextVoucher::<T>::get().max(T::FirstVoucher::get());
        let id = (0..TAKEN_IDS)
            .filter_map(|i| first.checked_add(i))
            .find(|id| !T::Assets::asset_exists(*id))
            .ok_or(Error::<T>::NoVoucherId)?;
        NextVoucher::<T>::put(id.checked_add(1).ok_or(Error::<T>::NoVoucherId)?);
        T::Assets::create(id, Self::account(), true, 1)?;
        Vouchers::<T>::insert(hash, id);
        Traces::<T>::insert(id, stored);
        Self::deposit_event(Event::VoucherCreated { id, trace: trace.into_bytes() });
        Ok(id)
    }

    pub(crate) fn mint(id: u32, to: &T::AccountId, amount: u128) -> DispatchResult {
        let supply = Supply::<T>::get(id).checked_add(amount).ok_or(Error::<T>::AmountTooLarge)?;
        let minted = T::Assets::mint_into(id, to, amount)?;
        ensure!(minted == amount, Error::<T>::NotTheAmount);
        Supply::<T>::insert(id, supply);
        Ok(())
    }

    pub(crate) fn burn(id: u32, from: &T::AccountId, amount: u128) -> DispatchResult {
        let supply = Supply::<T>::get(id).checked_sub(amount).ok_or(Error::<T>::InsufficientBalance)?;
        let burned = T::Assets::burn_from(id, from, amount, Expendable, Exact, Polite)?;
        ensure!(burned == amount, Error::<T>::NotTheAmount);
        Supply::<T>::insert(id, supply);
        Ok(())
    }

    pub(crate) fn trace_hash(denom: &Denom) -> H256 {
        H256(denom.voucher_id().0)
    }
}
