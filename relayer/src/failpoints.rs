//! Points where a test build kills its own process.
//!
//! With the feature `failpoints` and the environment variable `LUPU_FAILPOINT` set to `name` or
//! `name:n`, the process aborts the n-th time it passes that point (the first time without `n`).
//! The names are derived from the packet state machine and from [`Effect`], so that a state or an
//! effect cannot be without one. Without the feature, passing a point compiles to nothing.

use crate::packet::Transition;

/// A durable write, or something the world outside can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Events of a range of blocks and the cursor are written.
    Scan,
    /// Packets past their timeout are marked.
    Expire,
    /// A signed transaction is written down, its packets move on.
    Journal,
    /// A transaction is sent to a node.
    Broadcast,
    /// That it was sent is written down.
    MarkBroadcast,
    /// A replacement of a stuck transaction is written down.
    JournalReplacement,
    /// A transaction's end in a finalized block is written down.
    Include,
    /// That a transaction's nonce went to another is written down.
    Supersede,
    /// That a node refused a transaction is written down.
    Reject,
    /// Packets are put off or held.
    Defer,
    /// A completeness check is written down.
    Counter,
    /// A consensus state that our own headers confirm is written down.
    Trust,
    /// A client as seen on its host, or the state of its worker, is written down.
    Status,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Self; 13] = [
        Self::Scan,
        Self::Expire,
        Self::Journal,
        Self::Broadcast,
        Self::MarkBroadcast,
        Self::JournalReplacement,
        Self::Include,
        Self::Supersede,
        Self::Reject,
        Self::Defer,
        Self::Counter,
        Self::Trust,
        Self::Status,
    ];

    /// The name of its failpoints, without `.before` and `.after`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "effect.scan",
            Self::Expire => "effect.expire",
            Self::Journal => "effect.journal",
            Self::Broadcast => "effect.broadcast",
            Self::MarkBroadcast => "effect.mark-broadcast",
            Self::JournalReplacement => "effect.journal-replacement",
            Self::Include => "effect.include",
            Self::Supersede => "effect.supersede",
            Self::Reject => "effect.reject",
            Self::Defer => "effect.defer",
            Self::Counter => "effect.counter",
            Self::Trust => "effect.trust",
            Self::Status => "effect.status",
        }
    }
}

/// The names of all failpoints.
pub fn all() -> Vec<String> {
    let effects = Effect::ALL.into_iter().map(|e| e.name().to_owned());
    let transitions = Transition::all().into_iter().map(|t| t.name());
    effects.chain(transitions).flat_map(|name| [format!("{name}.before"), format!("{name}.after")]).collect()
}

/// Passes a failpoint.
macro_rules! failpoint {
    ($name:expr, $side:expr) => {{
        #[cfg(feature = "failpoints")]
        $crate::failpoints::pass(&format!("{}.{}", $name, $side));
        #[cfg(not(feature = "failpoints"))]
        let _ = || ($name, $side);
    }};
}
pub(crate) use failpoint;

/// Aborts the process if this is the point and the pass that `LUPU_FAILPOINT` names.
#[cfg(feature = "failpoints")]
pub fn pass(name: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };
    static TARGET: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let target = TARGET.get_or_init(|| std::env::var("LUPU_FAILPOINT").ok().and_then(|text| parse(&text)));
    if let Some((wanted, nth)) = target
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        eprintln!("failpoint {name} reached: aborting");
        std::process::abort();
    }
}

#[cfg(any(test, feature = "failpoints"))]
fn parse(text: &str) -> Option<(String, u64)> {
    match text.rsplit_once(':') {
        Some((name, nth)) => Some((name.to_owned(), nth.parse().ok().filter(|n| *n > 0)?)),
        None if text.is_empty() => None,
        None => Some((text.to_owned(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::State;
    use std::collections::HashSet;

    #[test]
    fn every_effect_and_every_state_has_its_points() {
        let names: HashSet<_> = all().into_iter().collect();
        assert_eq!(names.len(), 2 * (Effect::ALL.len() + Transition::all().len()), "names collide");
        for effect in Effect::ALL {
            for side in ["before", "after"] {
                assert!(names.contains(&format!("{}.{side}", effect.name())), "{effect:?}");
            }
        }
        for state in State::ALL {
            let entered =
                Transition::all().into_iter().any(|t| t.to == state && names.contains(&format!("{}.before", t.name())));
            assert!(entered, "no failpoint on the way into {state}");
        }
    }

    #[test]
    fn every_effect_is_passed_somewhere_in_the_code() {
        let sources = [
            include_str!("store/events.rs"),
            include_str!("store/transactions.rs"),
            include_str!("store/packets.rs"),
            include_str!("store/clients.rs"),
            include_str!("submit/mod.rs"),
            include_str!("submit/watch.rs"),
        ];
        for effect in Effect::ALL {
            let name = format!("Effect::{effect:?}");
            assert!(sources.iter().any(|s| s.contains(&name)), "{name} is never passed");
        }
    }

    #[test]
    fn the_environment_variable_is_read_strictly() {
        assert_eq!(parse("effect.scan.before"), Some(("effect.scan.before".into(), 1)));
        assert_eq!(parse("effect.scan.before:3"), Some(("effect.scan.before".into(), 3)));
        assert_eq!(parse("effect.scan.before:0"), None);
        assert_eq!(parse("effect.scan.before:x"), None);
        assert_eq!(parse(""), None);
    }
}
