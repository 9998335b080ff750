//! Ways in which a node can be bad, switched on and off while it runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;

use crate::rpc::server::Connection;

/// Changes a result before it goes out; gets the method's name and the result.
pub type Edit = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// Never answered, until the node stops.
    Hang,
    /// The connection is cut.
    Drop,
    /// Answered this much later.
    Delay(Duration),
    /// Answered with this HTTP status (over WebSocket: with an error).
    Http(u16),
    /// Answered with this JSON-RPC error.
    Error {
        /// JSON-RPC code.
        code: i32,
        /// In words.
        message: String,
    },
    /// Answered, and then changed: a lie. [`crate::lies`] has the usual ones.
    Edit(Edit),
}

impl Fault {
    /// The rate limit of public endpoints.
    pub fn rate_limit() -> Self {
        Self::Error { code: -32_005, message: "rate limit exceeded".into() }
    }
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

/// Names a fault that was switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

struct Rule {
    methods: Vec<String>,
    fault: Fault,
    left: Option<u64>,
}

/// The faults of one node.
pub struct NodeFaults {
    rules: Mutex<HashMap<u64, Rule>>,
    next_id: AtomicU64,
    /// The height at which the node's head stands still; `u64::MAX` for none.
    frozen: AtomicU64,
    seals: Mutex<Seals>,
    connections: Mutex<Vec<Weak<Connection>>>,
}

impl Default for NodeFaults {
    fn default() -> Self {
        Self {
            rules: Mutex::default(),
            next_id: AtomicU64::new(0),
            frozen: AtomicU64::new(u64::MAX),
            seals: Mutex::default(),
            connections: Mutex::default(),
        }
    }
}

impl NodeFaults {
    /// Switches a fault on for every method.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.add(&[], fault, None)
    }

    /// Switches a fault on for some methods.
    pub fn inject_for(&self, methods: &[&str], fault: Fault) -> FaultId {
        self.add(methods, fault, None)
    }

    /// Switches a fault on for the next `times` requests of some methods (of all, if none is
    /// named).
    pub fn inject_times(&self, methods: &[&str], fault: Fault, times: u64) -> FaultId {
        self.add(methods, fault, Some(times))
    }

    /// Switches a fault off; says whether it was on.
    pub fn remove(&self, id: FaultId) -> bool {
        lock(&self.rules).remove(&id.0).is_some()
    }

    /// Makes the node honest, quick and up to date again.
    pub fn clear(&self) {
        lock(&self.rules).clear();
        self.unfreeze_head();
        self.show_seals(Seals::Quorum);
    }

    /// Lets the node's head stand still at a height; it still answers about what is below.
    pub fn freeze_head(&self, height: u64) {
        self.frozen.store(height, Ordering::SeqCst);
    }

    /// Lets the head follow the chain again.
    pub fn unfreeze_head(&self) {
        self.frozen.store(u64::MAX, Ordering::SeqCst);
    }

    /// Chooses which seals the node shows.
    pub fn show_seals(&self, seals: Seals) {
        *lock(&self.seals) = seals;
    }

    /// Cuts every connection that is open now.
    pub fn drop_connections(&self) {
        for connection in lock(&self.connections).drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.cut();
            }
        }
    }

    pub(crate) fn head(&self, real: u64) -> u64 {
        real.min(self.frozen.load(Ordering::SeqCst))
    }

    pub(crate) fn seals(&self) -> Seals {
        *lock(&self.seals)
    }

    pub(crate) fn track(&self, connection: &Arc<Connection>) {
        let mut connections = lock(&self.connections);
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(connection));
    }

    /// The faults that strike a request now, oldest first; counted ones are used up.
    pub(crate) fn strike(&self, method: &str) -> Vec<Fault> {
        let mut rules = lock(&self.rules);
        if rules.is_empty() {
            return Vec::new();
        }
        let mut struck: Vec<_> = rules
            .iter_mut()
            .filter(|(_, rule)| rule.methods.is_empty() || rule.methods.iter().any(|name| name == method))
            .map(|(id, rule)| {
                rule.left = rule.left.map(|left| left.saturating_sub(1));
                (*id, rule.fault.clone())
            })
            .collect();
        rules.retain(|_, rule| rule.left != Some(0));
        struck.sort_by_key(|(id, _)| *id);
        struck.into_iter().map(|(_, fault)| fault).collect()
    }

    fn add(&self, methods: &[&str], fault: Fault, left: Option<u64>) -> FaultId {
        let id = self.next_id.fetch_add(1, Ordering::SeqCst);
        if left != Some(0) {
            let methods = methods.iter().map(|name| (*name).to_owned()).collect();
            lock(&self.rules).insert(id, Rule { methods, fault, left });
        }
        FaultId(id)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
