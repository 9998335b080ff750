//! What must hold of the host's storage between blocks.

use crate::{
    Announcements, ClientRecord, Clients, Commitments, Config, ConsensusStates, GenesisHash, Pallet, Sequences,
    Settling,
    wire::{IdentifierBytes, client_id},
};
use alloc::collections::BTreeSet;
use frame_support::ensure;
use sp_io::hashing::keccak_256;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn check_state() -> Result<(), TryRuntimeError> {
        ensure!(!Settling::<T>::exists(), "packets are settling between calls");
        let mut states = BTreeSet::new();
        let mut bound = BTreeSet::new();
        for (id, record) in Clients::<T>::iter() {
            Self::check_client(&id, &record)?;
            ensure!(states.insert(record.states.clone()), "two clients share their consensus states");
            if record.counterparty.is_some() {
                bound.insert(keccak_256(&id));
            }
        }
        for (client, sequence) in Sequences::<T>::iter() {
            ensure!(bound.contains(&client), "a client that is not bound has sent");
            ensure!(sequence > 0, "a sequence of zero is stored");
        }
        for (id, announced) in Announcements::<T>::iter() {
            ensure!(Clients::<T>::contains_key(&id), "a migration of no client is announced");
            ensure!(announced.substitute != id, "a client is its own substitute");
        }
        ensure!(Commitments::<T>::iter_values().all(|c| c != [0; 32]), "a commitment is zero");
        let genesis = (GenesisHash::<T>::get(), Self::system_genesis_hash());
        ensure!(!matches!(genesis, (Some(kept), Some(known)) if kept != known), "another genesis hash is kept");
        Ok(())
    }

    fn check_client(id: &IdentifierBytes, record: &ClientRecord) -> Result<(), TryRuntimeError> {
        let name = client_id(id).map_err(|_| "a client's id is no identifier")?;
        ensure!(name.check_custom().is_ok(), "a client has a reserved id");
        let client = record.open::<T>().map_err(|_| "a client does not decode")?;
        ensure!(
            ConsensusStates::<T>::contains_key(&record.states, client.latest_height()),
            "a client has no consensus state at its latest height"
        );
        ensure!(
            record.states == *id || !Clients::<T>::contains_key(&record.states),
            "the consensus states of a migrated client are another's"
        );
        if let Some(counterparty) = &record.counterparty {
            ensure!(client_id(&counterparty.client).is_ok(), "a counterparty is no identifier");
            let prefix = counterparty.prefix.first().ok_or("a bound client has no prefix")?;
            ensure!(prefix[..] == client.merkle_prefix()[..], "a bound client has the prefix of another host");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Announcement, GenesisHash, mock::*, tests::*};
    use alloy_primitives::B256;
    use frame_support::assert_ok;

    /// A sound state, changed; what the check says.
    fn after(change: impl FnOnce()) -> Result<(), TryRuntimeError> {
        externalities().execute_with(|| {
            bound(B256::repeat_byte(5));
            create("bank.qbft-other", B256::repeat_byte(6), START);
            assert_ok!(
                Ibc::send_packet(client(HERE), lupu_standard::TimestampSecs(START + 9), payload(b"x"))
                    .map_err(|e| e.describe())
            );
            assert_ok!(Ibc::announce_migration(RuntimeOrigin::root(), id(HERE), id("bank.qbft-other")));
            assert_ok!(Ibc::check_state());
            change();
            Ibc::check_state()
        })
    }

    fn change_record(name: &str, change: impl FnOnce(&mut ClientRecord)) {
        let mut stored = record(name);
        change(&mut stored);
        Clients::<Test>::insert(id(name), stored);
    }

    #[test]
    fn every_invariant_is_checked() {
        let key = || keccak_256(HERE.as_bytes());
        let broken: [(&str, &dyn Fn()); 13] = [
            ("packets are settling between calls", &|| Settling::<Test>::put(true)),
            ("a client does not decode", &|| change_record(HERE, |r| r.state = bounded(b"?"))),
            ("a client does not decode", &|| change_record(HERE, |r| r.client_type = bounded(b"beefy"))),
            ("a client has no consensus state at its latest height", &|| {
                ConsensusStates::<Test>::remove(id(HERE), HEIGHT);
            }),
            ("a client has a reserved id", &|| {
                Clients::<Test>::insert(id("client-1"), record(HERE));
            }),
            ("a counterparty is no identifier", &|| {
                change_record(HERE, |r| r.counterparty.as_mut().unwrap().client = bounded(b"/"));
            }),
            ("a bound client has no prefix", &|| {
                change_record(HERE, |r| r.counterparty.as_mut().unwrap().prefix = Default::default());
            }),
            ("a bound client has the prefix of another host", &|| {
                change_record(HERE, |r| r.counterparty.as_mut().unwrap().prefix = batch(&[bounded(b"ibc")]));
            }),
            ("a client that is not bound has sent", &|| Sequences::<Test>::insert([1; 32], 1)),
            ("a sequence of zero is stored", &|| Sequences::<Test>::insert(key(), 0)),
            ("a migration of no client is announced", &|| {
                let announcement = Announcement { substitute: id(HERE), not_before: 0 };
                Announcements::<Test>::insert(id("bank.nobody"), announcement);
            }),
            ("a commitment is zero", &|| crate::Commitments::<Test>::insert([1; 32], [0; 32])),
            ("another genesis hash is kept", &|| GenesisHash::<Test>::put([1; 32])),
        ];
        for (message, change) in broken {
            assert_eq!(after(change), Err(TryRuntimeError::Other(message)), "{message}");
        }
        assert_eq!(after(|| ()), Ok(()));
        let shared = after(|| change_record("bank.qbft-other", |r| r.states = id(HERE)));
        assert!(shared.is_err());
    }
}
