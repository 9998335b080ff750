//! What one chain can know of the conservation of value.

use crate::{Config, EscrowAccounts, Escrowed, NextVoucher, Pallet, Supply, Traces, Vouchers};
use alloc::collections::BTreeSet;
use frame_support::{
    ensure,
    traits::{Get, tokens::fungibles::Inspect as _},
};
use lupu_standard::{ClientId, Denom, ics20::PORT};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every entry of the pallet's storage against the balances:
    ///
    /// - an escrow account has at least what is accounted for its client;
    /// - of each voucher there is as much as this pallet minted and did not burn;
    /// - vouchers, traces and ids belong to each other, one to one.
    pub fn check_conservation() -> Result<(), TryRuntimeError> {
        Self::check_escrow()?;
        Self::check_vouchers()
    }

    fn check_escrow() -> Result<(), TryRuntimeError> {
        for (name, token, accounted) in Escrowed::<T>::iter() {
            ensure!(accounted != 0, "an escrow of zero is stored");
            let client = parse_client(&name)?;
            let account = Self::escrow_account(&client);
            ensure!(EscrowAccounts::<T>::get(&name) == Some(account.clone()), "an escrow account is not kept alive");
            ensure!(Self::balance(token, &account) >= accounted, "less is escrowed than accounted");
            Self::check_not_at_home(&client, token)?;
        }
        Ok(())
    }

    /// A voucher goes home by burning, so its own client has none of it in escrow.
    fn check_not_at_home(client: &ClientId, token: crate::Token) -> Result<(), TryRuntimeError> {
        let crate::Token::Asset(id) = token else {
            return Ok(());
        };
        let Some(trace) = Traces::<T>::get(id) else {
            ensure!(id < T::FirstVoucher::get(), "an escrowed voucher has no trace");
            return Ok(());
        };
        let home = parse_trace(&trace)?.trace().first().is_some_and(|hop| hop.client == *client);
        ensure!(!home, "a voucher is escrowed for the client it came from");
        Ok(())
    }

    fn check_vouchers() -> Result<(), TryRuntimeError> {
        let mut ids = BTreeSet::new();
        for (hash, id) in Vouchers::<T>::iter() {
            ensure!(ids.insert(id), "two traces have one voucher");
            ensure!(id >= T::FirstVoucher::get() && id < NextVoucher::<T>::get(), "a voucher's id is out of range");
            let trace = Traces::<T>::get(id).ok_or("a voucher has no trace")?;
            let denom = parse_trace(&trace)?;
            ensure!(Self::trace_hash(&denom) == hash, "a voucher is stored under another hash");
            ensure!(denom.trace().first().is_some_and(|hop| hop.port.as_str() == PORT), "a voucher has no hop");
            ensure!(T::Assets::asset_exists(id), "a voucher is no asset");
            ensure!(T::Assets::total_issuance(id) == Supply::<T>::get(id), "a voucher's issuance is not its supply");
        }
        ensure!(Traces::<T>::iter_keys().all(|id| ids.contains(&id)), "a trace has no voucher");
        ensure!(Supply::<T>::iter_keys().all(|id| ids.contains(&id)), "a supply has no voucher");
        Ok(())
    }
}

fn parse_client(name: &[u8]) -> Result<ClientId, TryRuntimeError> {
    let text = core::str::from_utf8(name).map_err(|_| "a client's identifier is not text")?;
    ClientId::new(text).map_err(|_| "a client's identifier is not one".into())
}

fn parse_trace(trace: &[u8]) -> Result<Denom, TryRuntimeError> {
    let text = core::str::from_utf8(trace).map_err(|_| "a trace is not text")?;
    text.parse().map_err(|_| "a trace is not one".into())
}
