//! A packet's life in the relayer.

pub mod state;

pub use state::{Event, IllegalTransition, State, Step, Transition, next};
