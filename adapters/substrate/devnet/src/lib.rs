//! An embedded Substrate chain.
