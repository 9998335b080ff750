//! Ways in which a node can be bad, switched on and off while it runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;

use crate::server::Connection;

/// Changes a result before it goes out; gets the method's name, its parameters and the result. Where
/// notifications are changed too, the name is that of the subscribing method, each notification is a
/// result, and there are no parameters.
pub type Edit = Arc<dyn Fn(&str, &Value, &mut Value) + Send + Sync>;

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
    /// Answered, and then changed: a lie.
    Edit(Edit),
}

/// Names a fault that was switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

struct Rule {
    methods: Vec<String>,
    fault: Fault,
    left: Option<u64>,
}

impl Rule {
    fn names(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|name| name == method)
    }
}

/// The faults of one node.
pub struct NodeFaults {
    rules: Mutex<HashMap<u64, Rule>>,
    next_id: AtomicU64,
    /// The height at which the node's head stands still; `u64::MAX` for none.
    frozen: AtomicU64,
    connections: Mutex<Vec<Weak<Connection>>>,
}

impl Default for NodeFaults {
    fn default() -> Self {
        Self {
            rules: Mutex::default(),
            next_id: AtomicU64::new(0),
            frozen: AtomicU64::new(u64::MAX),
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
    }

    /// Lets the node's head stand still at a height; it still answers about what is below.
    pub fn freeze_head(&self, height: u64) {
        self.frozen.store(height, Ordering::SeqCst);
    }

    /// Lets the head follow the chain again.
    pub fn unfreeze_head(&self) {
        self.frozen.store(u64::MAX, Ordering::SeqCst);
    }

    /// Cuts every connection that is open now.
    pub fn drop_connections(&self) {
        for connection in lock(&self.connections).drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.cut();
            }
        }
    }

    /// The height that the node shows as its head when the chain is at `real`.
    pub fn head<H: Copy + Into<u64> + TryFrom<u64>>(&self, real: H) -> H {
        H::try_from(real.into().min(self.frozen.load(Ordering::SeqCst))).unwrap_or(real)
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
            .filter(|(_, rule)| rule.names(method))
            .map(|(id, rule)| {
                rule.left = rule.left.map(|left| left.saturating_sub(1));
                (*id, rule.fault.clone())
            })
            .collect();
        rules.retain(|_, rule| rule.left != Some(0));
        struck.sort_by_key(|(id, _)| *id);
        struck.into_iter().map(|(_, fault)| fault).collect()
    }

    /// Applies the lies about a subscription to one of its notifications. They are not used up.
    pub fn edit(&self, method: &str, notification: &mut Value) {
        let mut edits: Vec<_> = lock(&self.rules)
            .iter()
            .filter(|(_, rule)| rule.names(method))
            .filter_map(|(id, rule)| match &rule.fault {
                Fault::Edit(edit) => Some((*id, edit.clone())),
                _ => None,
            })
            .collect();
        edits.sort_by_key(|(id, _)| *id);
        edits.into_iter().for_each(|(_, edit)| edit(method, &Value::Null, notification));
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
