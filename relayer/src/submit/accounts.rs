//! The accounts that sign on one chain: one transaction at a time each, paused when out of funds.

use crate::engine::lock;
use lupu_adapter::AccountId;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

struct Slot {
    account: AccountId,
    busy: usize,
    paused: Option<(Instant, String)>,
    pauses: u32,
}

/// The accounts of one chain.
pub struct Accounts {
    slots: Mutex<Vec<Slot>>,
    freed: Notify,
}

/// An account that nobody else uses until this is dropped.
pub struct Lease {
    accounts: Arc<Accounts>,
    account: AccountId,
}

impl Accounts {
    /// In order of preference.
    pub fn new(accounts: Vec<AccountId>) -> Self {
        let slots = accounts.into_iter().map(|account| Slot { account, busy: 0, paused: None, pauses: 0 }).collect();
        Self { slots: Mutex::new(slots), freed: Notify::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.slots).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first account that is free and not paused.
    pub fn try_lease(self: &Arc<Self>) -> Option<Lease> {
        let mut slots = lock(&self.slots);
        let now = Instant::now();
        let slot =
            slots.iter_mut().find(|s| s.busy == 0 && s.paused.as_ref().is_none_or(|(until, _)| *until <= now))?;
        slot.busy += 1;
        Some(Lease { accounts: self.clone(), account: slot.account.clone() })
    }

    /// Waits for an account.
    pub async fn lease(self: &Arc<Self>) -> Lease {
        loop {
            let freed = self.freed.notified();
            if let Some(lease) = self.try_lease() {
                return lease;
            }
            tokio::select! { () = freed => {}, () = tokio::time::sleep(Duration::from_millis(500)) => {} }
        }
    }

    /// Takes an account whose transaction is on its way from before a restart, whoever else has it.
    pub fn adopt(self: &Arc<Self>, account: &AccountId) -> Lease {
        let mut slots = lock(&self.slots);
        match slots.iter_mut().find(|s| s.account == *account) {
            Some(slot) => slot.busy += 1,
            None => tracing::warn!(%account, "a journalled transaction is of an account that is no longer configured"),
        }
        Lease { accounts: self.clone(), account: account.clone() }
    }

    /// Rests an account, longer each time in a row. Returns for how long.
    pub fn pause(&self, account: &AccountId, reason: &str) -> Duration {
        let mut slots = lock(&self.slots);
        let Some(slot) = slots.iter_mut().find(|s| s.account == *account) else { return Duration::ZERO };
        let wait = Duration::from_secs(15).saturating_mul(1 << slot.pauses.min(5)).min(Duration::from_secs(300));
        slot.pauses = slot.pauses.saturating_add(1);
        slot.paused = Some((Instant::now() + wait, reason.to_owned()));
        wait
    }

    /// An account's transaction was taken: its pauses start small again.
    pub fn worked(&self, account: &AccountId) {
        if let Some(slot) = lock(&self.slots).iter_mut().find(|s| s.account == *account) {
            slot.pauses = 0;
            slot.paused = None;
        }
    }

    /// The accounts, and why the paused ones are.
    pub fn list(&self) -> Vec<(AccountId, Option<String>)> {
        let now = Instant::now();
        lock(&self.slots)
            .iter()
            .map(|s| {
                let paused = s.paused.as_ref().filter(|(until, _)| *until > now);
                (s.account.clone(), paused.map(|(_, reason)| reason.clone()))
            })
            .collect()
    }
}

impl Lease {
    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = lock(&self.accounts.slots).iter_mut().find(|s| s.account == self.account) {
            slot.busy = slot.busy.saturating_sub(1);
        }
        self.accounts.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(names: &[&str]) -> Arc<Accounts> {
        Arc::new(Accounts::new(names.iter().map(|n| AccountId((*n).into())).collect()))
    }

    #[tokio::test]
    async fn an_account_serves_one_at_a_time_and_comes_back() {
        let two = accounts(&["one", "two"]);
        let first = two.lease().await;
        let second = two.lease().await;
        assert_eq!((first.account().0.as_str(), second.account().0.as_str()), ("one", "two"));
        assert!(two.try_lease().is_none());
        let waiting = tokio::spawn({
            let two = two.clone();
            async move { two.lease().await.account().0.clone() }
        });
        drop(second);
        assert_eq!(waiting.await.unwrap(), "two");
    }

    #[test]
    fn a_paused_account_is_passed_over_and_said_so() {
        let two = accounts(&["poor", "rich"]);
        let lease = two.try_lease().unwrap();
        let wait = two.pause(lease.account(), "insufficient funds");
        drop(lease);
        assert_eq!(two.try_lease().unwrap().account().0, "rich");
        assert_eq!(two.list()[0].1.as_deref(), Some("insufficient funds"));
        assert!(two.pause(&AccountId("poor".into()), "again") > wait);
        two.worked(&AccountId("poor".into()));
        assert_eq!(two.try_lease().unwrap().account().0, "poor");
    }

    #[test]
    fn an_adopted_account_is_busy_until_every_holder_let_go() {
        let one = accounts(&["one"]);
        let (a, b) = (one.adopt(&AccountId("one".into())), one.adopt(&AccountId("one".into())));
        drop(a);
        assert!(one.try_lease().is_none());
        drop(b);
        assert!(one.try_lease().is_some());
        drop(one.adopt(&AccountId("gone".into())));
    }
}
