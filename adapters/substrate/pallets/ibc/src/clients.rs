//! Clients: governance creates, binds and migrates them; anyone updates them or proves misbehaviour.

use crate::{
    Announcements, Check, Clients, Config, ConsensusStates, Error, Event, HostError, HostedClient, Pallet,
    wire::{IdentifierBytes, client_id},
};
use alloc::vec::Vec;
use alloy_primitives::B256;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, ensure, pallet_prelude::ConstU32, traits::Get};
use lupu_light_client::{Status, UpdateResult};
use lupu_standard::{ClientId, Height};
use scale_info::TypeInfo;

/// Where the other side of a client is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, MaxEncodedLen)]
pub struct Counterparty {
    /// The client on the other chain that stands for this one.
    pub client: IdentifierBytes,
    /// The merkle prefix of its host, of one element.
    pub prefix: BoundedVec<BoundedVec<u8, ConstU32<64>>, ConstU32<1>>,
}

/// What is stored of a client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, MaxEncodedLen)]
pub struct ClientRecord {
    /// The type's name, for example `qbft`.
    pub client_type: BoundedVec<u8, ConstU32<16>>,
    /// The client state in its type's encoding.
    pub state: BoundedVec<u8, ConstU32<1024>>,
    /// The counterparty, once bound.
    pub counterparty: Option<Counterparty>,
    /// The id under which [`ConsensusStates`] has this client's: its own, or after a migration
    /// the substitute's.
    pub states: IdentifierBytes,
}

/// A migration that governance has announced.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, MaxEncodedLen)]
pub struct Announcement {
    /// The client that takes the place.
    pub substitute: IdentifierBytes,
    /// UNIX seconds from which on it may.
    pub not_before: u64,
}

impl ClientRecord {
    /// The light client.
    pub fn open<T: Config>(&self) -> Result<HostedClient, Error<T>> {
        HostedClient::decode(&self.client_type, &self.state).map_err(|_| Error::CorruptClient)
    }

    fn store<T: Config>(mut self, id: &IdentifierBytes, client: &HostedClient) -> Result<(), Error<T>> {
        self.state = BoundedVec::try_from(client.encode()).map_err(|_| Error::CorruptClient)?;
        Clients::<T>::insert(id, self);
        Ok(())
    }

    /// The hash of the consensus state at a height.
    pub fn consensus_hash<T: Config>(&self, height: Height) -> Option<B256> {
        ConsensusStates::<T>::get(&self.states, height.0).map(B256::new)
    }

    /// The counterparty's id and the one element of its prefix.
    pub fn bound<T: Config>(&self) -> Result<(ClientId, &[u8]), Error<T>> {
        let counterparty = self.counterparty.as_ref().ok_or(Error::NotBound)?;
        let id = client_id(&counterparty.client).map_err(|_| Error::CorruptClient)?;
        let prefix = counterparty.prefix.first().ok_or(Error::CorruptClient)?;
        Ok((id, prefix))
    }
}

impl<T: Config> From<HostError> for Error<T> {
    fn from(e: HostError) -> Self {
        match e {
            HostError::UnknownType => Self::UnknownClientType,
            HostError::Rejected(check) => Self::ClientRejected(check),
        }
    }
}

impl<T: Config> From<Check> for Error<T> {
    fn from(check: Check) -> Self {
        Self::ClientRejected(check)
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn record(id: &IdentifierBytes) -> Result<ClientRecord, Error<T>> {
        Clients::<T>::get(id).ok_or(Error::UnknownClient)
    }

    /// Whether a client is Active, Expired or Frozen now; `None` if there is none.
    pub fn client_status(id: &ClientId) -> Option<Status> {
        let record = Clients::<T>::get(crate::wire::client_bytes(id))?;
        Some(record.open::<T>().ok()?.status(Self::now()))
    }

    pub(crate) fn do_create_client(
        id: IdentifierBytes,
        client_type: &[u8],
        state: &[u8],
        consensus: &[u8],
    ) -> Result<(), Error<T>> {
        let checked = client_id(&id).map_err(|_| Error::InvalidClientId)?;
        checked.check_custom().map_err(|_| Error::InvalidClientId)?;
        // Consensus states stay for good, so they tell which ids were ever in use.
        let used = Clients::<T>::contains_key(&id) || ConsensusStates::<T>::iter_key_prefix(&id).next().is_some();
        ensure!(!used, Error::ClientExists);
        let (client, entry) = HostedClient::create(client_type, state, consensus)?;
        ensure!(client.status(Self::now()) == Status::Active, Error::ClientNotActive);
        ConsensusStates::<T>::insert(&id, entry.height, entry.hash.0);
        let record = ClientRecord {
            client_type: BoundedVec::try_from(client_type.to_vec()).map_err(|_| Error::UnknownClientType)?,
            state: BoundedVec::new(),
            counterparty: None,
            states: id.clone(),
        };
        record.store(&id, &client)?;
        Self::deposit_event(Event::ClientCreated { client: id.clone(), client_type: client_type.to_vec() });
        Self::deposit_event(Event::ClientUpdated { client: id, height: entry.height, consensus_state: entry.preimage });
        Ok(())
    }

    pub(crate) fn do_bind_client(
        id: IdentifierBytes,
        counterparty: IdentifierBytes,
        prefix: &[Vec<u8>],
    ) -> Result<(), Error<T>> {
        let mut record = Self::record(&id)?;
        ensure!(record.counterparty.is_none(), Error::AlreadyBound);
        client_id(&counterparty).map_err(|_| Error::InvalidCounterparty)?;
        let client = record.open::<T>()?;
        let [element] = prefix else {
            return Err(Error::InvalidPrefix);
        };
        ensure!(*element == client.merkle_prefix(), Error::InvalidPrefix);
        ensure!(client.status(Self::now()) == Status::Active, Error::ClientNotActive);
        let element = BoundedVec::try_from(element.clone()).map_err(|_| Error::InvalidPrefix)?;
        record.counterparty =
            Some(Counterparty { client: counterparty.clone(), prefix: BoundedVec::truncate_from([element].to_vec()) });
        Clients::<T>::insert(&id, record);
        Self::deposit_event(Event::ClientBound { client: id, counterparty });
        Ok(())
    }

    /// A migration keeps the chain, its host and the counterparty: packets on their way stay
    /// valid.
    fn check_migration(
        id: &IdentifierBytes,
        substitute: &IdentifierBytes,
    ) -> Result<(ClientRecord, ClientRecord), Error<T>> {
        let current = Self::record(id)?;
        current.bound::<T>()?;
        let next = Self::record(substitute)?;
        ensure!(id != substitute && next.counterparty.is_none(), Error::InvalidSubstitute);
        let (old, new) = (current.open::<T>()?, next.open::<T>()?);
        ensure!(new.status(Self::now()) == Status::Active, Error::ClientNotActive);
        ensure!(old.chain_identity() == new.chain_identity(), Error::MigrationChangesIdentity);
        Ok((current, next))
    }

    pub(crate) fn do_announce_migration(id: IdentifierBytes, substitute: IdentifierBytes) -> Result<(), Error<T>> {
        Self::check_migration(&id, &substitute)?;
        let not_before = Self::now().0.saturating_add(T::MigrationDelay::get());
        Announcements::<T>::insert(&id, Announcement { substitute: substitute.clone(), not_before });
        Self::deposit_event(Event::MigrationAnnounced { client: id, substitute, not_before });
        Ok(())
    }

    pub(crate) fn do_migrate_client(id: IdentifierBytes, substitute: IdentifierBytes) -> Result<(), Error<T>> {
        let announced = Announcements::<T>::get(&id).filter(|a| a.substitute == substitute);
        let announced = announced.ok_or(Error::MigrationNotAnnounced)?;
        ensure!(Self::now().0 >= announced.not_before, Error::MigrationTooEarly);
        let (current, next) = Self::check_migration(&id, &substitute)?;
        Announcements::<T>::remove(&id);
        Announcements::<T>::remove(&substitute);
        Clients::<T>::remove(&substitute);
        Clients::<T>::insert(&id, ClientRecord { counterparty: current.counterparty, ..next });
        Self::deposit_event(Event::ClientMigrated { client: id, substitute });
        Ok(())
    }

    pub(crate) fn do_update_client(id: &IdentifierBytes, message: &[u8]) -> Result<UpdateResult, Error<T>> {
        let record = Self::record(id)?;
        let mut client = record.open::<T>()?;
        let stored = |height| record.consensus_hash::<T>(height);
        let (result, entry) = client.update(stored, message, Self::now())?;
        match result {
            UpdateResult::NoOp => {}
            UpdateResult::Update => {
                ConsensusStates::<T>::insert(&record.states, entry.height, entry.hash.0);
                record.store(id, &client)?;
                Self::deposit_event(Event::ClientUpdated {
                    client: id.clone(),
                    height: entry.height,
                    consensus_state: entry.preimage,
                });
            }
            UpdateResult::Misbehaviour => {
                record.store(id, &client)?;
                Self::deposit_event(Event::ClientFrozen { client: id.clone() });
            }
        }
        Ok(result)
    }

    pub(crate) fn do_submit_misbehaviour(id: &IdentifierBytes, evidence: &[u8]) -> Result<(), Error<T>> {
        let record = Self::record(id)?;
        let mut client = record.open::<T>()?;
        client.misbehaviour(|height| record.consensus_hash::<T>(height), evidence, Self::now())?;
        record.store(id, &client)?;
        Self::deposit_event(Event::ClientFrozen { client: id.clone() });
        Ok(())
    }
}
