//! The adapter for Substrate chains, on subxt.
