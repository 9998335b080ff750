//! Ways in which a node can be bad, switched on and off while it runs.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

pub use lupu_devnet::{Edit, Fault, FaultId};

/// The rate limit of public endpoints.
pub fn rate_limit() -> Fault {
    Fault::Error { code: -32_005, message: "rate limit exceeded".into() }
}

/// Which seals a node shows in its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seals {
    /// Exactly a quorum; each node another one.
    #[default]
    Quorum,
    /// This many, from the same place on.
    Count(usize),
    /// A quorum, but signed over the digest of the next round.
    WrongRound,
    /// A quorum in number, all the same seal.
    Repeated,
}

/// The faults of one node: those that strike requests, and the seals it shows.
#[derive(Default)]
pub struct NodeFaults {
    of_requests: Arc<lupu_devnet::NodeFaults>,
    seals: Mutex<Seals>,
}

impl NodeFaults {
    /// Makes the node honest, quick and up to date again.
    pub fn clear(&self) {
        self.of_requests.clear();
        self.show_seals(Seals::Quorum);
    }

    /// Chooses which seals the node shows.
    pub fn show_seals(&self, seals: Seals) {
        *self.seals.lock().unwrap_or_else(PoisonError::into_inner) = seals;
    }

    pub(crate) fn seals(&self) -> Seals {
        *self.seals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of_requests(&self) -> Arc<lupu_devnet::NodeFaults> {
        self.of_requests.clone()
    }
}

impl Deref for NodeFaults {
    type Target = lupu_devnet::NodeFaults;

    fn deref(&self) -> &Self::Target {
        &self.of_requests
    }
}
